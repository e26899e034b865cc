"""The admin's view of papers: what sources gave, what matched, and where an editor has a say."""

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline

from papers.matching import ranking
from papers.model_admin import FittedModelAdmin
from papers.models import Feature, Match, Paper, Pick, Source
from papers.text.cleaning import shorten
from papers.topic_admin import TopicAdmin

__all__ = [
    "FeatureAdmin",
    "FittedModelAdmin",
    "MatchAdmin",
    "PaperAdmin",
    "PickAdmin",
    "SourceAdmin",
    "TopicAdmin",
]

TITLE_SHOWN = 100
"""Characters of a title in lists."""


class MatchForm(forms.ModelForm[Match]):
    """An editor's word on a paper and a topic, also where no match was found."""

    class Meta:
        """Matching fills in the rest."""

        model = Match
        fields = ("paper", "topic", "verdict")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in {"paper", "topic"} & set(self.fields):
                self.fields[name].disabled = True  # what a match is about never changes
        else:
            self.instance.score = 0.0
            self.instance.is_sendable = False

    def clean(self) -> dict[str, Any] | None:
        """Refuse a second word on a topic; within a paper's page Django does not look for it."""
        cleaned = super().clean()
        topic = self.cleaned_data.get("topic")
        paper = self.cleaned_data.get("paper")
        known = Match.objects.filter(paper=paper, topic=topic).exclude(pk=self.instance.pk)
        if paper and topic and known.exists():
            self.add_error("topic", "The paper has that topic already; change its verdict there.")
        return cleaned


class MatchInline(TabularInline):  # type: ignore[misc]  # unfold is untyped
    """A paper's topics, with the evidence; pin or veto."""

    model = Match
    fields = ("topic", "verdict", "score", "is_sendable", "why")
    readonly_fields = ("topic", "score", "is_sendable", "why")
    extra = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """See `OwnMatchInline`, which asks for a topic without a query for each row here."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Match]:
        """With topics, closest first."""
        rows: QuerySet[Match] = super().get_queryset(request)
        return rows.select_related("topic").order_by("-score")

    @admin.display(description="evidence")
    def why(self, match: Match) -> str:
        """The evidence as readers see it."""
        return match.why or "–"


class OwnMatchInline(TabularInline):  # type: ignore[misc]  # unfold is untyped
    """A topic that matching did not find for a paper, added by an editor."""

    model = Match
    form = MatchForm
    verbose_name = "topic of your own"
    verbose_name_plural = "topics of your own"
    fields = ("topic", "verdict")
    autocomplete_fields = ("topic",)
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Match]:
        """Nothing: what is there is shown above."""
        rows: QuerySet[Match] = super().get_queryset(request)
        return rows.none()


class FeatureInline(TabularInline):  # type: ignore[misc]  # unfold is untyped
    """Where and when a paper was listed."""

    model = Feature
    fields = readonly_fields = ("day", "source", "submitted_by", "submitted_at")
    ordering = ("-day",)
    extra = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Features are what sources say."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feature]:
        """With sources."""
        rows: QuerySet[Feature] = super().get_queryset(request)
        return rows.select_related("source")


class ListedFilter(admin.SimpleListFilter):
    """Narrow papers down to those listed lately."""

    title = "listed"
    parameter_name = "listed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Spans in days."""
        return [("2", "in the last 2 days"), ("7", "in the last week"), ("14", "in 2 weeks")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Paper]) -> QuerySet[Paper]:
        """Papers with a feature in the span."""
        if self.value() not in {"2", "7", "14"}:
            return queryset
        before = timezone.now().date() - dt.timedelta(days=int(str(self.value())))
        return queryset.filter(pk__in=Feature.objects.filter(day__gt=before).values("paper_id"))


@admin.register(Paper)
class PaperAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Papers as sources gave them; an editor pins and vetoes their topics."""

    list_display = (
        "short_title",
        "identifier",
        "listed",
        "upvotes",
        "comments",
        "stars",
        "trending",
    )
    list_filter = (ListedFilter, "features__source")
    search_fields = ("title", "identifier", "authors")
    ordering = ("-trending_score", "-id")
    list_per_page = 50
    show_full_result_count = False
    inlines = (MatchInline, OwnMatchInline, FeatureInline)
    fields = (
        "title",
        "identifier",
        "links",
        "authors_shown",
        "organization",
        "abstract",
        "summary",
        "categories_shown",
        "keywords_shown",
        "published_on",
        "counts",
        "score_explained",
    )
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Papers come from sources."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Issues refer to them; an editor hides a paper with a pick."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Paper]:
        """With the day of the last listing."""
        papers: QuerySet[Paper] = super().get_queryset(request)
        return papers.annotate(last_listed=Max("features__day"))

    @admin.display(description="title", ordering="title")
    def short_title(self, paper: Paper) -> str:
        """The title's beginning."""
        return shorten(paper.title, TITLE_SHOWN)

    @admin.display(description="last listed", ordering="last_listed")
    def listed(self, paper: Paper) -> dt.date | None:
        """The last day on which a source listed it."""
        return getattr(paper, "last_listed", None)

    @admin.display(description="trending", ordering="trending_score")
    def trending(self, paper: Paper) -> str:
        """The trending score."""
        return f"{paper.trending_score:.2f}"

    @admin.display(description="links")
    def links(self, paper: Paper) -> SafeString:
        """Where it can be read."""
        return format_html(
            '<a href="{0}" rel="noopener noreferrer" target="_blank">{0}</a>', paper.abstract_url
        )

    @admin.display(description="authors")
    def authors_shown(self, paper: Paper) -> str:
        """Names, in the paper's order."""
        return shorten(", ".join(map(str, paper.authors)), 2_000) or "–"

    @admin.display(description="categories")
    def categories_shown(self, paper: Paper) -> str:
        """Categories, the primary one first."""
        return ", ".join(map(str, paper.categories)) or "–"

    @admin.display(description="keywords")
    def keywords_shown(self, paper: Paper) -> str:
        """Keywords from the source."""
        return ", ".join(map(str, paper.keywords)) or "–"

    @admin.display(description="counts")
    def counts(self, paper: Paper) -> str:
        """What was last counted."""
        counted = (
            (paper.upvotes, "upvotes"),
            (paper.comments, "comments"),
            (paper.stars, "stars"),
        )
        return ", ".join(f"{'?' if number is None else number} {what}" for number, what in counted)

    @admin.display(description="trending score now")
    def score_explained(self, paper: Paper) -> str:
        """The score as a sum that can be followed by hand."""
        return str(ranking.explain_score(paper, timezone.now()))


@admin.register(Match)
class MatchAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Matches with their evidence; an editor's word is never overruled."""

    form = MatchForm
    list_display = ("short_title", "topic", "shown_score", "is_sendable", "verdict", "why")
    list_filter = ("verdict", "is_sendable", "topic")
    list_select_related = ("paper", "topic")
    search_fields = ("paper__title", "paper__identifier", "topic__name")
    ordering = ("-paper_id", "-score")
    list_per_page = 50
    show_full_result_count = False
    autocomplete_fields = ("paper", "topic")
    actions = ("pin", "veto", "leave_to_matching")

    @admin.display(description="paper", ordering="paper__title")
    def short_title(self, match: Match) -> str:
        """The paper's title, shortened."""
        return shorten(match.paper.title, TITLE_SHOWN)

    @admin.display(description="score", ordering="score")
    def shown_score(self, match: Match) -> str:
        """The score, to two decimals."""
        return f"{match.score:.2f}"

    @admin.display(description="evidence")
    def why(self, match: Match) -> str:
        """The evidence as readers see it."""
        return match.why or "–"

    @admin.action(description="Pin: readers of the topic get the paper", permissions=["change"])
    def pin(self, request: HttpRequest, matches: QuerySet[Match]) -> None:
        """Send whatever matching says."""
        self._decide(request, matches, Match.Verdict.PINNED)

    @admin.action(
        description="Veto: readers of the topic never get the paper", permissions=["change"]
    )
    def veto(self, request: HttpRequest, matches: QuerySet[Match]) -> None:
        """Do not send whatever matching says."""
        self._decide(request, matches, Match.Verdict.VETOED)

    @admin.action(description="Leave to matching again", permissions=["change"])
    def leave_to_matching(self, request: HttpRequest, matches: QuerySet[Match]) -> None:
        """Take an editor's word back."""
        self._decide(request, matches, Match.Verdict.NONE)

    def _decide(
        self, request: HttpRequest, matches: QuerySet[Match], verdict: Match.Verdict
    ) -> None:
        chosen = Match.objects.filter(pk__in=matches.order_by().values("pk"))
        changed = chosen.exclude(verdict=verdict).update(verdict=verdict)
        self.message_user(request, f"{changed} matches are now {verdict.label}.")


@admin.register(Source)
class SourceAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Sources: how the last fetch went, and whether there is a next one."""

    list_display = ("name", "slug", "kind", "is_active", "last_fetched_at", "last_error")
    list_filter = ("is_active", "kind")
    search_fields = ("name", "slug")
    fields = ("name", "slug", "kind", "is_active", "last_fetched_at", "last_error")
    readonly_fields = ("slug", "kind", "last_fetched_at", "last_error")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one source of each kind, and it is there from the start."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What it gave refers to it; deactivate it."""
        return False


@admin.register(Pick)
class PickAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """An editor's hand on a paper for a day."""

    list_display = ("day", "kind", "short_title", "position", "note", "created_by")
    list_display_links = ("day", "short_title")
    list_filter = ("kind",)
    list_select_related = ("paper", "created_by")
    date_hierarchy = "day"
    search_fields = ("paper__title", "paper__identifier", "note")
    autocomplete_fields = ("paper",)
    fields = ("day", "paper", "kind", "note", "position")

    @admin.display(description="paper", ordering="paper__title")
    def short_title(self, pick: Pick) -> str:
        """The paper's title, shortened."""
        return shorten(pick.paper.title, TITLE_SHOWN)

    def save_model(
        self, request: HttpRequest, obj: Pick, form: forms.ModelForm[Pick], change: bool
    ) -> None:
        """Remember whose hand it was."""
        if not change and request.user.is_authenticated:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)


@admin.register(Feature)
class FeatureAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """What sources listed, day by day."""

    list_display = ("day", "short_title", "source", "submitted_by", "submitted_at")
    list_filter = ("source",)
    list_select_related = ("paper", "source")
    date_hierarchy = "day"
    search_fields = ("paper__title", "paper__identifier", "submitted_by")
    ordering = ("-day", "-id")
    list_per_page = 50
    show_full_result_count = False
    fields: ClassVar = ["paper", "source", "day", "submitted_by", "submitted_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Features are what sources say."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """And stay what they said."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """And that they said it."""
        return False

    @admin.display(description="paper", ordering="paper__title")
    def short_title(self, feature: Feature) -> str:
        """The paper's title, shortened."""
        return shorten(feature.paper.title, TITLE_SHOWN)
