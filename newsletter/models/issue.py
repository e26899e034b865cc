"""Issues: the papers of a day, ranked and frozen."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.urls import reverse

from papers.models import Paper, Source
from papers.models.pick import is_hidden

if TYPE_CHECKING:
    from newsletter.models.correction import Correction

SUBJECT_LENGTH = 100
"""Characters of an editor's subject: inboxes show some 50 to 70."""

PREVIEW_LENGTH = 150
"""Characters of an editor's preview line: inboxes show some 40 to 130."""


class IssueQuerySet(models.QuerySet["Issue"]):
    """Issues, narrowed down by what callers ask for."""

    def running(self) -> Self:
        """Issues that may be sent."""
        return self.filter(state=Issue.State.RUNNING)

    def published(self) -> Self:
        """Issues that readers, pages and other programs may know of: neither waiting for approval
        nor dropped without it.
        """
        return self.exclude(state__in=(Issue.State.WAITING, Issue.State.DROPPED))

    def not_dropped(self) -> Self:
        """Issues that are published or may still be."""
        return self.exclude(state=Issue.State.DROPPED)

    def up_to(self, day: dt.date) -> Self:
        """Issues of `day` and before, newest first."""
        return self.filter(day__lte=day).order_by("-day")


@dataclass(frozen=True, slots=True)
class MissingSource:
    """A source that an issue had to do without, as it was then."""

    name: str
    slug: str
    last_answered_at: dt.datetime | None = None
    """When it had last answered for any day; None where it never had."""

    @classmethod
    def of(cls, source: Source) -> Self:
        """The source as it is now."""
        return cls(source.name, source.slug, source.last_answered_at)

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Self:
        """What `as_dict` made."""
        at = kept["last_answered_at"]
        return cls(kept["name"], kept["slug"], dt.datetime.fromisoformat(at) if at else None)

    def as_dict(self) -> dict[str, str | None]:
        """In JSON's types."""
        at = self.last_answered_at
        return {
            "name": self.name,
            "slug": self.slug,
            "last_answered_at": at.isoformat() if at else None,
        }

    def __str__(self) -> str:
        at = self.last_answered_at
        when = f"last answered {at:%-d %b %H:%M} UTC" if at else "never answered"
        return f"{self.name} ({when})"


class Issue(models.Model):
    """One day's papers, ranked and frozen."""

    class State(models.TextChoices):
        """Whether readers know of it, and whether its digests may go out."""

        WAITING = "waiting", "waiting for approval"
        DROPPED = "dropped", "dropped"
        RUNNING = "running", "running"
        PAUSED = "paused", "paused"
        STOPPED = "stopped", "stopped"

    day = models.DateField(unique=True, help_text="The day whose papers these are.")
    state = models.CharField(max_length=7, choices=State, default=State.RUNNING)
    state_reason = models.CharField(
        max_length=200, blank=True, help_text="Why it is in this state."
    )
    note = models.TextField(
        blank=True, help_text="The editor's note, shown at the top of the digest."
    )
    warning = models.CharField(
        max_length=300,
        blank=True,
        db_default="",
        help_text="What there was too much of, so that sending was paused, such as complaints.",
    )
    subject = models.CharField(
        max_length=SUBJECT_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="The digest's subject, in place of the first paper's title. The date follows.",
    )
    preview_line = models.CharField(
        max_length=PREVIEW_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="What inboxes show after the subject, in place of the next titles.",
    )
    frozen_at = models.DateTimeField(help_text="When the papers and their order were fixed.")
    sent_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When the last of its digests was settled; empty while any waits.",
    )
    published_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When it was published; empty if that was as soon as it was frozen.",
    )

    missing_sources = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="Sources that hadn't answered when it was frozen; empty if this wasn't checked.",
    )
    site = models.JSONField(
        null=True,
        editable=False,
        help_text="What the site was called and said of itself when the issue was frozen: its "
        "digests keep that. Empty for issues of before that was kept.",
    )

    objects = IssueQuerySet.as_manager()
    tally: Any  # of its deliveries, where a list counted them

    class Meta:
        """Newest first."""

        ordering = ("-day",)

    def __str__(self) -> str:
        return f"{self.day:%A, %-d %B %Y}"

    def get_absolute_url(self) -> str:
        """The issue's page on this site."""
        return reverse("newsletter:issue", args=[self.day.isoformat()])

    @property
    def missing(self) -> list[MissingSource]:
        """The sources that had not answered for the whole day when the issue was frozen."""
        return [MissingSource.from_dict(each) for each in self.missing_sources or ()]

    @property
    def out_since(self) -> dt.datetime:
        """Since when readers may get it: from then on deadlines count."""
        return self.published_at or self.frozen_at

    @property
    def is_published(self) -> bool:
        """Whether readers may know of it."""
        return self.state not in (self.State.WAITING, self.State.DROPPED)

    @property
    def approve_by(self) -> dt.datetime:
        """Until when it waits for somebody to approve it."""
        return self.frozen_at + settings.APPROVE_WITHIN

    def publish(self, now: dt.datetime, reason: str = "") -> bool:
        """Let it out, which `newsletter.issues.publishing.publish` also tells others; whether that
        changed anything. `reason` where nobody approved it.
        """
        return self._move(self.State.RUNNING, reason, (self.State.WAITING,), published_at=now)

    def drop(self, reason: str) -> bool:
        """Never let it out; whether that changed anything. Only one that waits can be dropped."""
        return self._move(self.State.DROPPED, reason, (self.State.WAITING,))

    def pause(self, reason: str) -> bool:
        """Send no further digest until `resume`; whether that changed anything."""
        return self._move(self.State.PAUSED, reason, (self.State.RUNNING,))

    def resume(self) -> bool:
        """Go on sending; whether that changed anything. A stopped issue stays stopped."""
        return self._move(self.State.RUNNING, "", (self.State.PAUSED,))

    def stop(self, reason: str) -> bool:
        """Never send a further digest of this issue; whether that changed anything."""
        return self._move(self.State.STOPPED, reason, (self.State.RUNNING, self.State.PAUSED))

    def _move(self, state: State, reason: str, before: tuple[State, ...], **also: Any) -> bool:
        changed = Issue.objects.filter(pk=self.pk, state__in=before).update(
            state=state, state_reason=reason[:200], **also
        )
        self.refresh_from_db()
        return bool(changed)


class IssuePaperQuerySet(models.QuerySet["IssuePaper"]):
    """Places in issues, narrowed down by what callers ask for."""

    def shown(self) -> Self:
        """Places of papers that no editor hid and nobody withdrew or retracted, with their
        corrections. What was frozen never changes: a hide is applied when it is read, and lifting
        it brings the paper back to its place.
        """
        fallen = Paper.objects.fallen().values("pk")
        works = Q(now__in=fallen) | Q(now__in=Paper.objects.filter(merged_into__in=fallen))
        there = self.alias(now=Coalesce("correction__paper_id", "paper_id"))
        return there.exclude(is_hidden("now")).exclude(works).select_related("correction")


class IssuePaper(models.Model):
    """A paper's place in an issue, with everything a digest shows of it, as it was then."""

    issue = models.ForeignKey(
        Issue, on_delete=models.CASCADE, related_name="places", db_index=False
    )
    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="places")
    rank = models.PositiveSmallIntegerField(help_text="1 is the most trending.")
    score = models.FloatField(help_text="Trending score when the issue was frozen.")
    is_noticed = models.BooleanField(
        default=False,
        db_default=False,
        help_text="It was in an earlier issue and got its attention since.",
    )
    card = models.JSONField(
        help_text="What a digest shows of the paper, as of when the issue was frozen."
    )
    topics = models.JSONField(
        default=dict, help_text="Topic id to {score, why} for every sendable match."
    )

    objects = IssuePaperQuerySet.as_manager()

    class Meta:
        """In the issue's order."""

        ordering = ("issue", "rank")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("issue", "paper"), name="issue_paper_once"),
            models.UniqueConstraint(fields=("issue", "rank"), name="issue_rank_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=("paper",), condition=models.Q(is_noticed=True), name="issue_paper_noticed"
            )
        ]

    @property
    def corrected(self) -> "Correction | None":
        """What is read instead; a query unless it came along, as with `shown`."""
        return getattr(self, "correction", None)

    @property
    def paper_now(self) -> int:
        """The id of the paper that stands here now."""
        found = self.corrected
        return self.paper_id if found is None else found.paper_id or self.paper_id

    @property
    def topics_now(self) -> dict[str, Any]:
        """The topics of the paper that stands here now."""
        found = self.corrected
        own: dict[str, Any] = self.topics
        of_another: dict[str, Any] | None = found.topics if found is not None else None
        return own if of_another is None else of_another

    @property
    def card_now(self) -> dict[str, Any]:
        """What a digest shows now."""
        found = self.corrected
        own: dict[str, Any] = self.card
        return own if found is None else own | found.card

    def card_had(self, paper_id: int) -> dict[str, Any]:
        """What a digest shows that has the paper here; one from before it was replaced shows what
        it had.
        """
        own: dict[str, Any] = self.card
        return self.card_now if paper_id == self.paper_now else own

    def __str__(self) -> str:
        return f"{self.rank}. {self.card.get('title', self.paper_id)}"
