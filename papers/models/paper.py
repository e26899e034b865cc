"""Works, keyed by an identifier and never by a version."""

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import connection, models
from django.db.models.functions import Cast, Coalesce, Concat, StrIndex
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from papers.fields import OTHER
from papers.identifiers import MAX_LENGTH, label_of, page_of, pdf_of
from papers.models.by_ids import rows_by_ids
from papers.models.feature import Feature
from papers.models.match import Match
from papers.models.observation import Observation
from papers.models.page_version import WatchedQuerySet, renew_on_commit
from papers.models.pick import STANDING, Pick, hidden_papers, is_hidden
from papers.models.summary import MachineSummary, hash_of

BY_TREND = ("-trending_score", "-upvotes", "identifier")
"""Highest trending score first, in an order that never depends on chance."""

GROWTH_AGES = (dt.timedelta(days=1), dt.timedelta(days=4))
"""Growth is what was gained since the last count that is at least and at most this old."""


def last_day(of: str) -> "models.QuerySet[Feature, Any]":
    """For a subquery of papers: the last day on which the paper was listed, or, `of` its aliases,
    on which these were.
    """
    path = "paper" if of == "paper" else "paper__merged_into"
    rows = Feature.objects.once().filter(**{path: models.OuterRef("pk")})
    return rows.order_by("-day").values("day")[:1]


class PaperQuerySet(WatchedQuerySet["Paper"]):
    """Papers, narrowed down by what callers ask for."""

    def featured_on(self, day: dt.date) -> Self:
        """Papers that some source listed on `day`, hidden ones too: what is fetched and ranked.
        What readers see of a day is `of_day`.
        """
        # A paper may be listed twice, and under several names.
        return self.standing().filter(pk__in=Feature.objects.once().filter(day=day).works())

    def of_day(self, day: dt.date) -> Self:
        """The papers of `day`, in order: those that some source listed then and those pinned to it,
        without hidden ones; pins first, by their positions, then by trending score.

        The issue, the day's page and whatever else shows a day ask here, so that they agree.
        """
        pins = Pick.objects.pins().filter(day=day)
        work = Coalesce("paper__merged_into_id", "paper_id")
        # Asked for first: of two subqueries joined by OR the database makes a scan of all papers.
        ids = {*Feature.objects.listed_on([day]), *pins.order_by().values_list(work, flat=True)}
        mine = pins.alias(main=work).filter(main=models.OuterRef("pk")).values("position")[:1]
        return (
            self.shown()
            .filter(pk__in=ids)
            .annotate(pinned_at=models.Subquery(mine))
            .order_by(models.F("pinned_at").asc(nulls_last=True), *BY_TREND)
        )

    def listed_between(self, first: dt.date, last: dt.date) -> Self:
        """Papers that some source listed on one of these days, without hidden ones."""
        return self.shown().filter(
            pk__in=Feature.objects.once().filter(day__range=(first, last)).works()
        )

    def by_upvotes(self) -> Self:
        """Most upvoted first, those that nobody counted last; never in an order of chance."""
        return self.order_by(
            models.F("upvotes").desc(nulls_last=True), "-trending_score", "identifier"
        )

    def shown(self) -> Self:
        """Papers that stand in lists: each work once, none that an editor hid on whatever day, none
        that was withdrawn or retracted.
        """
        return self.standing().unhidden()

    def unhidden(self) -> Self:
        """Papers that no editor hid: these have a page, which says if one was withdrawn."""
        return self.exclude(is_hidden("pk"))

    def standing(self) -> Self:
        """Papers that stand for a work which was neither withdrawn nor retracted."""
        return self.filter(merged_into=None, status__in=STANDING)

    def kept_back(self) -> frozenset[int]:
        """The ids of the papers that are to be left out of whatever is shown or sent from now on:
        hidden, withdrawn or retracted. One query.
        """
        # Not one filter with an "or", which no index serves.
        fallen = self.fallen().order_by().values_list("pk", flat=True)
        return frozenset(fallen.union(*hidden_papers()))

    def fallen(self) -> Self:
        """Papers that were withdrawn or retracted."""
        return self.filter(status__in=(Paper.Status.WITHDRAWN, Paper.Status.RETRACTED))

    def called(self, name: str) -> "Paper | None":
        """The paper that stands for the work of this identifier: its own, or else one that alone
        claims it. None where there is none.
        """
        found = self.filter(identifier=name).select_related("merged_into").first()
        if found is None:
            claimed = self.filter(names__identifier=name, names__kind="same")
            works = {paper.merged_into or paper for paper in claimed.select_related("merged_into")}
            found = works.pop() if len(works) == 1 else None
        return (found.merged_into or found) if found else None

    def works_of(self, ids: Iterable[int]) -> dict[int, int]:
        """By the id of each paper that is one work with one of `ids`, that one included, the id of
        the paper that stands for the work. Two queries, by numbers, since with subqueries in place
        of them the database reads all papers.
        """
        work = Coalesce("merged_into_id", "pk")
        mine = self.filter(pk__in=list(ids)).order_by()
        mains = set(mine.values_list(work, flat=True))
        found = self.filter(models.Q(pk__in=mains) | models.Q(merged_into__in=mains))
        return dict(found.order_by().values_list("pk", work))

    def places_of(
        self, ids: Collection[int]
    ) -> list[tuple[int, int | None, str, float, int | None, str]]:
        """Of the papers with these ids, however many: id, the paper that stands for it, status,
        trending score, upvotes and identifier. One query.
        """
        columns = ("id", "merged_into_id", "status", "trending_score", "upvotes", "identifier")
        return rows_by_ids(self.model, "id", ids, columns)

    def by_trend(self) -> Self:
        """Highest trending score first, in an order that never depends on chance."""
        return self.order_by(*BY_TREND)

    def in_order(self, ids: Sequence[int]) -> Self:
        """The papers with these ids, in the order of `ids`."""
        # One string to look in costs the same for any number of them; a CASE does not.
        place = StrIndex(
            models.Value("".join(f",{pk}" for pk in ids) + ","),
            Concat(models.Value(","), Cast("pk", models.CharField()), models.Value(",")),
        )
        return self.filter(pk__in=ids).order_by(place)

    def newest_first(self) -> Self:
        """Last listed first, of one day the most trending."""
        return self.last_listed().order_by("-listed", "-trending_score", "identifier")

    def last_listed(self) -> Self:
        """Each with the last day on which it was listed, under whichever name, as `listed`."""
        return self.annotate(
            listed=Coalesce(
                models.Subquery(last_day("paper")), models.Subquery(last_day("aliases"))
            )
        )

    def awaiting_thumbnail(self, now: dt.datetime) -> Self:
        """Papers whose source has a picture that we have not, and that may be asked for at `now`:
        for the first time, again, or at another address than the one that failed.
        """
        return self.filter(thumbnail_url__startswith="https://").filter(
            models.Q(thumbnail=None)
            | models.Q(thumbnail__digest="")
            & (
                models.Q(thumbnail__next_try_at__lte=now)
                | ~models.Q(thumbnail__source_url=models.F("thumbnail_url"))
            )
        )

    def with_thumbnails(self) -> Self:
        """Each paper with what the address of its thumbnail takes, and without its bytes."""
        return self.annotate(thumbnail_digest=models.F("thumbnail__digest"))

    def with_machine_summaries(self) -> Self:
        """Each paper with the latest summary that the model of the settings made of one of its
        texts; as it came where no model is asked.
        """
        if not (settings.SUMMARY_URL and settings.SUMMARY_MODEL):
            return self
        made = (
            MachineSummary.objects.filter(
                paper=models.OuterRef("pk"), model=settings.SUMMARY_MODEL, made_at__isnull=False
            )
            .exclude(text="")
            .order_by("-made_at", "-pk")
        )
        return self.annotate(
            machine_summary=models.Subquery(made.values("text")[:1]),
            summarized_hash=models.Subquery(made.values("text_hash")[:1]),
        )

    def with_earlier_counts(self, now: dt.datetime) -> Self:
        """Each paper with the counts that its growth is measured from: the last ones that a source
        gave at least a day and at most four days before `now`.
        """
        youngest, oldest = GROWTH_AGES
        seen = (
            Observation.objects.elsewhere()
            .filter(paper=models.OuterRef("pk"), observed_at__range=(now - oldest, now - youngest))
            .order_by("-observed_at")
        )
        return self.annotate(
            upvotes_before=models.Subquery(seen.exclude(upvotes=None).values("upvotes")[:1]),
            comments_before=models.Subquery(seen.exclude(comments=None).values("comments")[:1]),
            stars_before=models.Subquery(seen.exclude(stars=None).values("stars")[:1]),
        )

    def write_scores(self, scores: Mapping[int, float]) -> None:
        """Give papers, by their ids, these trending scores: as a table that is joined, for a CASE
        of thousands of branches takes the database longer than all the rest.
        """
        table = connection.ops.quote_name(self.model._meta.db_table)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    f"UPDATE {table} SET trending_score = (r.value ->> 1)::double precision "  # noqa: S608
                    "FROM jsonb_array_elements(%s::jsonb) AS r(value) "
                    f"WHERE {table}.id = (r.value ->> 0)::bigint",
                    [json.dumps(list(scores.items()))],
                )
            else:  # reads numbers in JSON less exactly, and repeats a statement at no cost
                cursor.executemany(
                    f"UPDATE {table} SET trending_score = %s WHERE id = %s",  # noqa: S608
                    [(score, pk) for pk, score in scores.items()],
                )
        renew_on_commit()

    def with_topics(self) -> Self:
        """Each paper with its sendable matches and their topics, in two more queries at most."""
        matches = Match.objects.sendable().select_related("topic").order_by("-score")
        return self.prefetch_related(models.Prefetch("matches", matches, to_attr="shown_matches"))


class Paper(models.Model):
    """One work, keyed by a scheme-qualified identifier and never by its version."""

    class Status(models.TextChoices):
        """What became of the work since it came out."""

        WITHDRAWN = "withdrawn", _("withdrawn")
        RETRACTED = "retracted", _("retracted")
        CORRECTED = "corrected", _("corrected")

    class AbstractShare(models.TextChoices):
        """How much of an abstract may be shown. Empty: all, as for papers of earlier versions."""

        ALL = "all", "all of it"
        EXCERPT = "excerpt", "at most 60 words"
        NONE = "none", "nothing"

    TITLE_LENGTH = 500
    ABSTRACT_LENGTH = 20_000

    EXCERPT_WORDS = 60
    """Words of an abstract that are shown where not all of it may be."""

    identifier = models.CharField(
        max_length=MAX_LENGTH,
        unique=True,
        help_text="Scheme and identifier, such as arxiv:2605.13779.",
    )
    title = models.CharField(max_length=TITLE_LENGTH, help_text="Plain text; LaTeX made readable.")
    abstract = models.TextField(blank=True, help_text="Plain text; LaTeX made readable.")
    summary = models.TextField(
        blank=True, help_text="A short summary from the source, often AI-generated."
    )
    authors = models.JSONField(default=list, blank=True, help_text="Names, in the paper's order.")
    organization = models.CharField(max_length=200, blank=True)
    categories = models.JSONField(
        default=list, blank=True, help_text="arXiv categories, the primary one first."
    )
    field = models.CharField(
        max_length=24,
        default=OTHER,
        db_default=OTHER,
        editable=False,
        help_text="The broad subject, as its categories tell; one of those of papers.fields.",
    )
    keywords = models.JSONField(default=list, blank=True, help_text="Keywords from the source.")
    published_on = models.DateField(null=True, blank=True)
    code_url = models.URLField(max_length=500, blank=True)
    project_url = models.URLField(max_length=500, blank=True)
    thumbnail_url = models.URLField(max_length=500, blank=True)
    upvotes = models.PositiveIntegerField(
        null=True, blank=True, help_text="As last observed; empty if nobody counted."
    )
    comments = models.PositiveIntegerField(null=True, blank=True, help_text="As last observed.")
    stars = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of the code repository, as last observed."
    )
    reader_upvotes = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="By this site's own readers; counted every few minutes.",
    )
    trending_score = models.FloatField(
        default=0.0,
        db_index=True,
        help_text="Higher is more trending; docs/choosing.md has the formula.",
    )
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="aliases",
        help_text="The paper that stands for the same work; this one is an alias of it.",
    )
    author_records = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="Everything known about each author, in the order of their names.",
    )
    kind = models.CharField(
        max_length=12,
        blank=True,
        default="",
        db_default="",
        help_text="Such as article or preprint.",
    )
    venue = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="The journal, as printed."
    )
    published_as = models.CharField(
        max_length=MAX_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="The article's identifier in that journal.",
    )
    license = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="License of the version whose abstract is shown, such as cc-by.",
    )
    abstract_share = models.CharField(
        max_length=8,
        choices=AbstractShare,
        blank=True,
        default="",
        db_default="",
        help_text="How much of the abstract may be shown; matching reads all of it.",
    )
    free_url = models.URLField(
        max_length=500, blank=True, default="", db_default="", help_text="Address of a free copy."
    )
    citations = models.PositiveIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="How often it is cited: the highest count that a service gives.",
    )
    status = models.CharField(
        max_length=10,
        choices=Status,
        blank=True,
        default="",
        db_default="",
        help_text="Whether the work was withdrawn, retracted or corrected.",
    )
    edited = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="What editors entered, by field; takes precedence over what sources say.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PaperQuerySet.as_manager()
    shown_matches: list["Match"]
    # What the methods of the query set add; None where they did not.
    thumbnail_digest: str | None = None
    machine_summary: str | None = None
    summarized_hash: str | None = None
    upvotes_before: int | None = None
    comments_before: int | None = None
    stars_before: int | None = None

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(
                fields=("id",),
                condition=models.Q(reader_upvotes__gt=0),
                name="paper_with_reader_upvotes",
            ),
            models.Index(
                fields=("id",),
                condition=models.Q(status__in=("withdrawn", "retracted")),
                name="paper_withdrawn",
            ),
            models.Index(fields=("field", "id"), name="paper_of_field"),
            # Few are aliases. Of the foreign key's own index SQLite knows only that most of it is
            # one value, and reads all papers instead.
            models.Index(
                fields=("merged_into",),
                condition=models.Q(merged_into__isnull=False),
                name="paper_alias",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def summary_by_machine(self) -> str:
        """What the model of the settings made of this abstract, where the paper came
        `with_machine_summaries`; empty where there is none, or one of an earlier abstract.
        """
        if not self.machine_summary or self.summarized_hash != hash_of(self.abstract):
            return ""
        return self.machine_summary

    @property
    def is_counted(self) -> bool:
        """Whether anybody counted anything of it."""
        return any(count is not None for count in (self.upvotes, self.comments, self.stars))

    def get_absolute_url(self) -> str:
        """The paper's page on this site."""
        return reverse("papers:paper", args=[self.scheme, self.local_id])

    @property
    def scheme(self) -> str:
        """The identifier's scheme, such as `arxiv`."""
        return self.identifier.partition(":")[0]

    @property
    def local_id(self) -> str:
        """The identifier within its scheme, such as `2605.13779`."""
        return self.identifier.partition(":")[2]

    @property
    def shown_abstract(self) -> str:
        """As much of the abstract as its license lets us show, see `AbstractShare`. Whatever prints
        an abstract, or a part of it, takes it from here; what matches and searches reads all.
        """
        if self.abstract_share == self.AbstractShare.NONE:
            return ""
        words = self.abstract.split()
        if self.abstract_share != self.AbstractShare.EXCERPT or len(words) <= self.EXCERPT_WORDS:
            return self.abstract
        return f"{' '.join(words[: self.EXCERPT_WORDS])} …"

    @property
    def is_abstract_cut(self) -> bool:
        """Whether less of the abstract is shown than we know."""
        return self.shown_abstract != self.abstract

    @property
    def free_copy(self) -> str:
        """Where a free copy is read of what is not free by itself: one that a source names, or the
        preprint of an article; else empty.
        """
        return self.free_url or ((self.pdf_url or self.abstract_url) if self.published_as else "")

    @property
    def is_fallen(self) -> bool:
        """Whether it was withdrawn or retracted."""
        return self.status not in STANDING

    @property
    def journal(self) -> str:
        """Where the work came out since it was listed under a preprint's name; else empty."""
        return self.venue if self.published_as else ""

    @property
    def scheme_label(self) -> str:
        """What readers call the identifier's scheme, such as "arXiv"."""
        return label_of(self.identifier)

    @property
    def abstract_url(self) -> str:
        """Where the paper itself is read; empty where its identifier does not tell."""
        return page_of(self.identifier)

    @property
    def pdf_url(self) -> str:
        """Where the paper's PDF is, as far as its identifier tells; we link to it and never serve
        it.
        """
        return pdf_of(self.identifier)
