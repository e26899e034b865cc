"""By which names and ids papers' authors are found: an index, and nothing that is not elsewhere."""

from typing import ClassVar

from django.db import models


class PaperAuthor(models.Model):
    """A paper has an author of this id or family name. Worked out from `Paper.author_records` with
    the paper's row, so it is never edited and holds an alias's authors under the alias.
    """

    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="author_keys")
    key = models.CharField(
        max_length=160,
        help_text="Scheme and value: orcid:0000-0002-1825-0097, or family: and the folded name.",
    )
    given = models.CharField(
        max_length=80,
        blank=True,
        help_text="The given names, folded, beside a family name; empty beside an id.",
    )

    class Meta:
        """Found by key, and with a family name by the beginning of the given one."""

        verbose_name = "author of a paper"
        verbose_name_plural = "authors of papers"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("paper", "key", "given"), name="paper_author_once")
        ]
        indexes: ClassVar = [models.Index(fields=("key", "given"), name="paper_author_key")]

    def __str__(self) -> str:
        return f"{self.key} {self.given}".strip()
