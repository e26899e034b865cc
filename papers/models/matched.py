"""What papers were last matched as, so that nobody matches them again for nothing."""

from django.db import models


class MatchedTopics(models.Model):
    """The topics that papers were matched with at some time, each as it was then."""

    key = models.CharField(max_length=32, primary_key=True, help_text="Hash of all of them.")
    hashes = models.JSONField(help_text="By topic id, a hash of what matching reads of it.")

    class Meta:
        """Named for the admin."""

        verbose_name_plural = "matched topics"

    def __str__(self) -> str:
        return f"{len(self.hashes)} topics"


class MatchedPaper(models.Model):
    """A paper's matches are those of this text with these topics, by this model and these rules.

    A row of its own rather than fields of the paper: it is written for thousands of papers at a
    time, and nothing that pages show changes with it.
    """

    paper = models.OneToOneField(
        "papers.Paper", on_delete=models.CASCADE, primary_key=True, related_name="matched"
    )
    text_hash = models.CharField(
        max_length=32, help_text="Hash of what matching reads of the paper."
    )
    rules = models.CharField(max_length=32, help_text="Hash of the model and the rules.")
    topics = models.CharField(max_length=32, help_text="Hash of the topics.")

    def __str__(self) -> str:
        return f"{self.paper_id} matched"
