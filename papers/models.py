"""What Broadsheet knows of research papers: works, where they were listed, what attention they
got, which topics they match, and what an editor decided about them.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Cast, Concat, StrIndex
from django.urls import reverse

from papers.evidence import why_of
from papers.pictures import Thumbnail as Thumbnail  # Django looks for models here
from papers.stamps import Stamp as Stamp
from papers.stamps import WatchedQuerySet


class Source(models.Model):
    """A place papers come from, as configured by an editor."""

    class Kind(models.TextChoices):
        """The kinds of source there is a module for in `papers.sources`, and our own readers, who
        are not fetched from anywhere: see `papers.ingest.community`.
        """

        HUGGINGFACE = "huggingface", "Hugging Face Daily Papers"
        SAMPLE = "sample", "Sample that ships with Broadsheet"
        COMMUNITY = "community", "Readers of this site"

    kind = models.CharField(max_length=20, choices=Kind)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    is_active = models.BooleanField(
        default=True, help_text="Inactive sources are not fetched; what they gave stays."
    )
    last_fetched_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(
        max_length=300,
        blank=True,
        editable=False,
        help_text="Why the last fetch failed; empty after a fetch that worked.",
    )

    class Meta:
        """Sources by name."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class PaperQuerySet(WatchedQuerySet["Paper"]):
    """Papers, narrowed down by what callers ask for."""

    def featured_on(self, day: dt.date) -> Self:
        """Papers that some source listed on `day`."""
        return self.filter(
            pk__in=Feature.objects.filter(day=day).values("paper_id")  # a paper may be listed twice
        )

    def listed_between(self, first: dt.date, last: dt.date) -> Self:
        """Papers that some source listed on one of these days."""
        return self.filter(
            pk__in=Feature.objects.filter(day__range=(first, last)).values("paper_id")
        )

    def by_upvotes(self) -> Self:
        """Most upvoted first, those that nobody counted last; never in an order of chance."""
        return self.order_by(
            models.F("upvotes").desc(nulls_last=True), "-trending_score", "identifier"
        )

    def shown(self) -> Self:
        """Papers that no editor hid."""
        return self.exclude(picks__kind=Pick.Kind.HIDE)

    def by_trend(self) -> Self:
        """Highest trending score first, in an order that never depends on chance."""
        return self.order_by("-trending_score", "-upvotes", "identifier")

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
        last = Feature.objects.filter(paper=models.OuterRef("pk")).order_by("-day").values("day")
        return self.order_by(models.Subquery(last[:1]).desc(), "-trending_score", "identifier")

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

    def with_topics(self) -> Self:
        """Each paper with its sendable matches and their topics, in two more queries at most."""
        matches = Match.objects.sendable().select_related("topic").order_by("-score")
        return self.prefetch_related(models.Prefetch("matches", matches, to_attr="shown_matches"))


class Paper(models.Model):
    """One work, keyed by a scheme-qualified identifier and never by its version."""

    TITLE_LENGTH = 500
    ABSTRACT_LENGTH = 20_000

    identifier = models.CharField(
        max_length=80, unique=True, help_text="Scheme and identifier, such as arxiv:2605.13779."
    )
    title = models.CharField(max_length=TITLE_LENGTH, help_text="Plain text; LaTeX made readable.")
    abstract = models.TextField(blank=True, help_text="Plain text; LaTeX made readable.")
    summary = models.TextField(
        blank=True, help_text="A short summary as the source gives it, often made by a machine."
    )
    authors = models.JSONField(default=list, blank=True, help_text="Names, in the paper's order.")
    organization = models.CharField(max_length=200, blank=True)
    categories = models.JSONField(
        default=list, blank=True, help_text="arXiv categories, the primary one first."
    )
    keywords = models.JSONField(default=list, blank=True, help_text="Keywords from the source.")
    published_on = models.DateField(null=True, blank=True)
    code_url = models.URLField(max_length=500, blank=True)
    project_url = models.URLField(max_length=500, blank=True)
    thumbnail_url = models.URLField(max_length=500, blank=True)
    upvotes = models.PositiveIntegerField(
        null=True, blank=True, help_text="As last observed; empty means nobody counted."
    )
    comments = models.PositiveIntegerField(null=True, blank=True, help_text="As last observed.")
    stars = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of the code repository, as last observed."
    )
    reader_upvotes = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="Of this site's own readers, as last counted every few minutes.",
    )
    trending_score = models.FloatField(
        default=0.0,
        db_index=True,
        help_text="Higher is more trending; docs/choosing.md has the formula.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PaperQuerySet.as_manager()
    shown_matches: list["Match"]
    thumbnail_digest: str | None

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(
                fields=("id",),
                condition=models.Q(reader_upvotes__gt=0),
                name="paper_with_reader_upvotes",
            )
        ]

    def __str__(self) -> str:
        return self.title

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
    def abstract_url(self) -> str:
        """Where the paper itself is read."""
        return f"https://arxiv.org/abs/{self.local_id}"

    @property
    def pdf_url(self) -> str:
        """Where the paper's PDF is; we link to it and never serve it."""
        return f"https://arxiv.org/pdf/{self.local_id}"


class Feature(models.Model):
    """A source listed a paper on a day."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="features")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="features")
    day = models.DateField(db_index=True)
    submitted_by = models.CharField(
        max_length=120, blank=True, help_text="Who put the paper on the source's list."
    )
    submitted_at = models.DateTimeField(null=True, blank=True)

    objects = WatchedQuerySet["Feature"].as_manager()

    class Meta:
        """One row however often the day is fetched."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=("source", "paper", "day"), name="feature_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} on {self.day}"


class ObservationQuerySet(WatchedQuerySet["Observation"]):
    """Observations, narrowed down by what callers ask for."""

    def elsewhere(self) -> Self:
        """Counts that sources gave, without those of this site's own readers: only the former can
        be compared with one another.
        """
        return self.exclude(source__kind=Source.Kind.COMMUNITY)


class Observation(models.Model):
    """A paper's counts at one source at one time. Rows are only ever added."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="observations")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="observations")
    observed_at = models.DateTimeField()
    upvotes = models.PositiveIntegerField(
        null=True, help_text="Empty when the source said nothing."
    )
    comments = models.PositiveIntegerField(
        null=True, help_text="Empty when the source said nothing."
    )
    stars = models.PositiveIntegerField(null=True, help_text="Empty when the source said nothing.")

    objects = ObservationQuerySet.as_manager()

    class Meta:
        """Two observations of one moment are one observation."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("paper", "source", "observed_at"), name="observation_once_a_moment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} at {self.observed_at:%Y-%m-%d %H:%M}"


def list_of_strings(value: Any) -> None:
    """Raise `ValidationError` unless `value` is a list of strings of 1 to 120 characters."""
    if not isinstance(value, list) or not all(
        isinstance(item, str) and 0 < len(item.strip()) <= 120 for item in value
    ):
        raise ValidationError("Give a list of phrases, each of 1 to 120 characters.")


class TopicQuerySet(WatchedQuerySet["Topic"]):
    """Topics, narrowed down by what callers ask for."""

    def active(self) -> Self:
        """Topics that readers can follow."""
        return self.filter(is_active=True)


class Topic(models.Model):
    """A subject that a reader can follow."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80, unique=True)
    group = models.CharField(max_length=60, help_text="The heading it stands under on forms.")
    description = models.TextField(
        help_text="One or two sentences for readers; matching reads them too."
    )
    keywords = models.JSONField(
        default=list,
        validators=[list_of_strings],
        help_text="Phrases, one a line. Found as whole words, in any inflection.",
    )
    categories = models.JSONField(
        default=list,
        blank=True,
        validators=[list_of_strings],
        help_text="arXiv categories that support a match, one a line, such as cs.CL.",
    )
    position = models.PositiveIntegerField(default=0, help_text="Lower comes first.")
    is_active = models.BooleanField(
        default=True,
        help_text="Inactive topics are offered to nobody and match nothing; readers keep them.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    objects = TopicQuerySet.as_manager()

    class Meta:
        """In the editor's order."""

        ordering = ("position", "name")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The topic's page on this site."""
        return reverse("papers:topic", args=[self.slug])


class MatchQuerySet(WatchedQuerySet["Match"]):
    """Matches, narrowed down by what callers ask for."""

    def sendable(self) -> Self:
        """Matches that readers see: sure enough, or an editor's word, of active topics."""
        return self.filter(topic__is_active=True).filter(
            models.Q(verdict=Match.Verdict.PINNED)
            | models.Q(verdict=Match.Verdict.NONE, is_sendable=True)
        )


class Match(models.Model):
    """A paper has to do with a topic, for reasons that are kept with it."""

    class Verdict(models.TextChoices):
        """An editor's word, which no later matching overrules."""

        NONE = "", "as matched"
        PINNED = "pinned", "pinned by an editor"
        VETOED = "vetoed", "vetoed by an editor"

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="matches")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="matches")
    score = models.FloatField(help_text="Ranks the papers of one topic; higher is closer.")
    is_sendable = models.BooleanField(help_text="Whether the match is sure enough for a digest.")
    evidence = models.JSONField(
        default=list,
        help_text="Why: where each keyword stands, the category, how close in meaning.",
    )
    verdict = models.CharField(max_length=6, choices=Verdict, default=Verdict.NONE, blank=True)

    objects = MatchQuerySet.as_manager()

    class Meta:
        """One row for a paper and a topic."""

        verbose_name_plural = "matches"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("paper", "topic"), name="match_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=("topic", "is_sendable", "-score"), name="match_rank")
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} in {self.topic_id}"

    @property
    def why(self) -> str:
        """The evidence as a reader understands it, strongest first; empty where there is none."""
        return why_of(self.evidence) if self.evidence else ""


class Pick(models.Model):
    """An editor's hand on a paper for a day."""

    class Kind(models.TextChoices):
        """What the editor did."""

        PIN = "pin", "Pin to the top"
        HIDE = "hide", "Hide"
        NOTE = "note", "Only a note"

    day = models.DateField(help_text="The day of the issue that the pick is for.")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="picks")
    kind = models.CharField(max_length=4, choices=Kind)
    note = models.CharField(
        max_length=300, blank=True, help_text="Shown to readers beside the paper."
    )
    position = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text="Order among the day's pins.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL
    )

    objects = WatchedQuerySet["Pick"].as_manager()

    class Meta:
        """One hand on a paper for a day."""

        ordering = ("-day", "position")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("day", "paper"), name="pick_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.paper_id} on {self.day}"


class FittedModelQuerySet(models.QuerySet["FittedModel"]):
    """Fitted models, narrowed down by what callers ask for."""

    def ready(self) -> Self:
        """Models with which every paper of their time has been embedded, newest first."""
        return self.filter(ready_at__isnull=False).order_by("-ready_at", "-pk")


class FittedModel(models.Model):
    """A semantic model as it was fitted once; the newest that is ready is the one in use."""

    version = models.CharField(
        max_length=40, unique=True, help_text="When its fitting began: year, month, day and hour."
    )
    started_at = models.DateTimeField(help_text="When a machine set out to fit it.")
    ready_at = models.DateTimeField(
        null=True, help_text="When all papers had their vectors; empty until then."
    )
    fitted_on = models.PositiveIntegerField(default=0, help_text="Papers of its background.")
    dimensions = models.PositiveSmallIntegerField(default=0, help_text="Length of its vectors.")
    data = models.BinaryField(help_text="The fitted model, as its to_bytes makes it.")
    encoder = models.CharField(
        max_length=16,
        blank=True,
        default="",
        db_default="",
        help_text="Digest of the encoder joined to it, if any.",
    )
    view = models.BinaryField(
        null=True,
        help_text="How it sees the encoder, as EncoderView.to_bytes makes it.",
    )

    objects = FittedModelQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ("-started_at",)

    def __str__(self) -> str:
        return self.version


class PaperVector(models.Model):
    """What a paper is about, as a fitted model's unit vector.

    A paper whose text changed gets a new row rather than a changed one: whoever keeps vectors in
    memory finds it by its number.
    """

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="vectors")
    fitted = models.ForeignKey(
        FittedModel, on_delete=models.CASCADE, related_name="vectors", db_index=False
    )
    text_hash = models.CharField(
        max_length=16, help_text="Of the text that was embedded, to see that it changed."
    )
    vector = models.BinaryField(help_text="Little-endian half-precision numbers.")

    class Meta:
        """One vector for a paper and a model, found by paper or, in their order, by model."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=("fitted", "paper"), name="paper_vector_once")
        ]
        indexes: ClassVar = [models.Index(fields=("fitted", "id"), name="paper_vector_order")]

    def __str__(self) -> str:
        return f"{self.paper_id} by {self.fitted_id}"
