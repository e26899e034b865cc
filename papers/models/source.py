"""Where papers come from."""

import datetime as dt
from typing import Any, ClassVar, Self

from django.core.validators import MaxValueValidator
from django.db import models, transaction

from papers import days

LISTS_KEPT = 40
"""Days with papers that a source remembers, from which its usual pauses are told."""

DAYS_KEPT = 14
"""Days of which a source remembers when it answered for them; two are ever looked at."""

LONGEST_WAIT_MINUTES = int(days.LONGEST_WAIT.total_seconds() // 60)


class SourceQuerySet(models.QuerySet["Source"]):
    """Sources, narrowed down by what callers ask for."""

    def listing(self) -> Self:
        """Those that listed any paper. A subquery with an order and a limit asks the index once for
        each source; of a plain "exists" the database makes a join that reads all listings, and
        without the order it looks through all for a source that has none.
        """
        features = self.model._meta.apps.get_model("papers", "Feature")
        listings = features.objects.order_by("paper_id", "day")
        mine = listings.filter(source=models.OuterRef("pk")).values("pk")[:1]
        return self.alias(listing=models.Subquery(mine)).exclude(listing=None)


class Source(models.Model):
    """A place papers come from, as configured by an editor. There may be several of one kind."""

    COMMUNITY: ClassVar = "community"
    """The kind of our own readers, who are not fetched from anywhere: `papers.ingest.community`.
    All other kinds but this and the next are those of the modules in `papers.sources`."""

    BY_HAND: ClassVar = "byhand"
    """The kind of what editors add themselves: `papers.ingest.by_hand`."""

    OBSERVING: ClassVar = ("hackernews",)
    """Kinds whose points are no upvotes of a paper's own list: they stay out of the counts that
    cards show."""

    kind = models.CharField(
        max_length=20, help_text="Which module in papers.sources reads it; never changes."
    )
    slug = models.SlugField(unique=True, help_text="Its name in commands.")
    name = models.CharField(max_length=80, unique=True)
    is_active = models.BooleanField(
        default=True, help_text="Inactive sources aren't fetched; their papers stay."
    )
    settings = models.JSONField(
        null=True,
        blank=True,
        default=dict,
        help_text="As declared by the kind. Anything missing takes its default.",
    )
    abstract_share = models.CharField(
        "abstracts shown",
        max_length=8,
        blank=True,
        default="",
        db_default="",
        choices=(
            ("", "by their license"),
            ("all", "all of them"),
            ("excerpt", "at most 60 words of each"),
            ("none", "none"),
        ),
        help_text=(
            "How much of each abstract this site may show. By license: arXiv's and those under "
            "CC0 or CC BY in full, others up to 60 words with a link. Matching and search "
            "always read all of it."
        ),
    )
    wait_minutes = models.PositiveSmallIntegerField(
        "wait, in minutes",
        default=180,
        db_default=180,
        validators=[MaxValueValidator(LONGEST_WAIT_MINUTES)],
        help_text=(
            "How long after the end of a day its issue waits for this source to answer once "
            f"more. At most {LONGEST_WAIT_MINUTES}, so that readers get the issue on time. "
            "Sources that can't be asked for past days aren't waited for."
        ),
    )
    last_fetched_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When it last answered for the day in the digests at that time.",
    )
    last_error = models.CharField(
        max_length=300,
        blank=True,
        editable=False,
        help_text="Why the last fetch failed; empty after a successful fetch.",
    )
    last_run = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="The last fetch of any day: when, for which day, and the result.",
    )
    answered = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="For each recent day, when it last answered for it.",
    )
    gave = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="The most recent days for which it listed papers, oldest first.",
    )
    state = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="What's kept between fetches, such as an ETag.",
    )

    objects = SourceQuerySet.as_manager()

    class Meta:
        """Sources by name."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def wait(self) -> dt.timedelta:
        """How long after a day's end its issue waits for the source."""
        return min(dt.timedelta(minutes=self.wait_minutes), days.LONGEST_WAIT)

    def answered_at(self, day: dt.date) -> dt.datetime | None:
        """When it last answered for `day`; None where it did not, or too long ago to be kept."""
        said = (self.answered or {}).get(day.isoformat())
        found = [dt.datetime.fromisoformat(said)] if said else []
        at = self.last_fetched_at  # the version before this one kept nothing else
        if at is not None and days.feature_day(at) == day:
            found.append(at)
        return max(found, default=None)

    @property
    def last_answered_at(self) -> dt.datetime | None:
        """When it last answered for any of the latest days; None where it never did."""
        found = [dt.datetime.fromisoformat(said) for said in (self.answered or {}).values()]
        return max([*found, *filter(None, [self.last_fetched_at])], default=None)

    @property
    def retry_at(self) -> dt.datetime | None:
        """Until when it is to be left alone, as the service said when it was asked last."""
        said = (self.last_run or {}).get("retry_at")
        return dt.datetime.fromisoformat(said) if said else None

    @property
    def last_pause(self) -> dt.timedelta:
        """How long it was to be left alone after the last fetch; zero as a rule."""
        until = self.retry_at
        if until is None:
            return dt.timedelta()
        return until - dt.datetime.fromisoformat((self.last_run or {})["at"])

    def answered_days(self) -> list[dt.date]:
        """The latest days that it answered for, earlier first."""
        return sorted(map(dt.date.fromisoformat, self.answered or {}))

    @transaction.atomic
    def record_answer(
        self,
        day: dt.date,
        now: dt.datetime,
        counts: dict[str, int],
        state: dict[str, Any] | None = None,
    ) -> None:
        """Keep that it answered for `day` at `now`, what that brought, and its new `state`."""
        row = Source.objects.select_for_update(no_key=True).get(pk=self.pk)
        row.last_run = {"at": now.isoformat(), "day": day.isoformat(), "outcome": "ok", **counts}
        row.last_error = ""
        if counts.get("papers") and day <= days.listing_day(now):
            row.gave = sorted({*(row.gave or []), day.isoformat()})[-LISTS_KEPT:]
        if state is not None:
            row.state = state
        if day <= days.listing_day(now):  # a day yet to come would push out one that matters
            answered = (row.answered or {}) | {day.isoformat(): now.isoformat()}
            row.answered = dict(sorted(answered.items(), reverse=True)[:DAYS_KEPT])
        if day == days.feature_day(now):
            row.last_fetched_at = now
        self._keep(row)

    @transaction.atomic
    def record_failure(
        self, day: dt.date, now: dt.datetime, why: str, *, retry_at: dt.datetime | None = None
    ) -> None:
        """Keep that it could not be read for `day` at `now`, why, and until when it is not to be
        asked again.
        """
        row = Source.objects.select_for_update(no_key=True).get(pk=self.pk)
        row.last_run = {"at": now.isoformat(), "day": day.isoformat(), "outcome": "failed"}
        if retry_at is not None:
            row.last_run["retry_at"] = retry_at.isoformat()
        row.last_error = why[: Source._meta.get_field("last_error").max_length]
        self._keep(row)

    def _keep(self, row: "Source") -> None:
        names = ("last_run", "last_error", "answered", "last_fetched_at", "state", "gave")
        row.save(update_fields=names)
        for name in names:
            setattr(self, name, getattr(row, name))
