"""Papers' thumbnails as our own host serves them.

A reader's browser or email app must not have to ask another host, so the picture that a source
has of a paper is fetched once, made small, and kept in the database: any number of web machines
share it, and one is about ten kilobytes. What is shown never changes, since emails that show it are
opened years later.
"""

from django.db import models
from django.urls import reverse

from papers.models.page_version import WatchedQuerySet


class Thumbnail(models.Model):
    """The picture of a paper, or how the attempts to get one went."""

    paper = models.OneToOneField("papers.Paper", on_delete=models.CASCADE, related_name="thumbnail")
    source_url = models.URLField(max_length=500, help_text="Address it was last fetched from.")
    image = models.BinaryField(null=True, help_text="A JPEG; empty if there's none yet.")
    small = models.BinaryField(
        null=True, help_text="The same in small, for lists; empty if there's none yet."
    )
    digest = models.CharField(
        max_length=8,
        blank=True,
        help_text="Digest of the image, used in its address; empty without one.",
    )
    width = models.PositiveSmallIntegerField(null=True, help_text="In pixels.")
    height = models.PositiveSmallIntegerField(null=True, help_text="In pixels.")
    fetched_at = models.DateTimeField(null=True, help_text="When the image was fetched.")
    failed = models.PositiveSmallIntegerField(
        default=0, help_text="Failed attempts, including one in progress."
    )
    next_try_at = models.DateTimeField(
        null=True, help_text="When to try again; empty if there's an image or no point in trying."
    )
    reason = models.CharField(max_length=300, blank=True, help_text="Why the last attempt failed.")

    objects = WatchedQuerySet["Thumbnail"].as_manager()
    #: For attempts: no page shows them, so they need not outdate the pages that are kept.
    unwatched = models.Manager["Thumbnail"]()

    def __str__(self) -> str:
        return f"thumbnail of {self.paper_id}"


def path_of(paper_id: int, digest: str | None) -> str:
    """The address of the paper's thumbnail on this site; empty where there is none."""
    return reverse("papers:thumbnail", args=[paper_id, digest]) if digest else ""


def small_of(path: str) -> str:
    """The address of the small form of the thumbnail at `path`; empty where that is."""
    return f"{path.removesuffix('.jpg')}-small.jpg" if path else ""
