"""Papers as sources gave them, with what matched."""

import datetime as dt
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from papers import in_bulk
from papers.admin.base import TITLE_SHOWN, TabularInline, once
from papers.admin.bulk import bulk_action
from papers.admin.large import FoundByPaper, is_large_for
from papers.admin.matches import MatchForm
from papers.admin.paper_desk import PaperDesk
from papers.admin.papers_by_hand import AddByHand
from papers.ingest import identity
from papers.matching import standings
from papers.models import Feature, Match, Paper
from papers.text.cleaning import shorten


class MatchInline(TabularInline):
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


class OwnMatchInline(TabularInline):
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


class FeatureInline(TabularInline):
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


MOST_LISTED = 4_000
"""Listings that are narrowed down to, where there are many; the newest."""


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
        listed = Feature.objects.filter(day__gt=before)
        if not is_large_for(request, Feature):
            return queryset.filter(pk__in=listed.values("paper_id"))
        newest = listed.order_by("-day", "-pk").values("paper_id")[:MOST_LISTED]
        if connection.vendor == "sqlite":
            # Given many keys, it walks all papers in the list's order instead.
            return queryset.filter(pk__in=newest)
        # By their keys: asked to join, PostgreSQL reads all papers there are.
        return queryset.filter(pk__in=set(newest.values_list("paper_id", flat=True)))


EDITABLE = (
    "title",
    "organization",
    "abstract",
    "summary",
    "published_on",
    "venue",
    "status",
    "license",
    "abstract_share",
    "free_url",
)
"""What an editor may write over what sources say. It stands until the edits are forgotten."""


@admin.register(Paper)
class PaperAdmin(FoundByPaper, PaperDesk, AddByHand):
    """Papers as sources gave them; an editor mends facts, and pins and vetoes their topics."""

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
    paper = ()
    sorted_when_large = ("trending",)
    filtered_when_few = ("features__source",)
    ordering = ("-trending_score", "-id")
    list_per_page = 50
    show_full_result_count = False
    inlines = (MatchInline, OwnMatchInline, FeatureInline)
    fields = (
        "title",
        "identifier",
        "merged_into",
        "names_shown",
        "links",
        "authors_shown",
        "organization",
        "abstract",
        "summary",
        "categories_shown",
        "keywords_shown",
        "published_on",
        "venue",
        "status",
        "license",
        "abstract_share",
        "free_url",
        "edited_shown",
        "counts",
        "score_explained",
    )
    readonly_fields = tuple(name for name in fields if name not in EDITABLE)
    actions = ("forget_edits",)
    forget_edits = bulk_action(in_bulk.FORGET_EDITS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Issues refer to them; an editor hides a paper with a pick."""
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Django's, but for "save as new", which it does unasked: a paper is one work."""
        if "_saveasnew" in request.POST:
            raise PermissionDenied("A paper can’t be copied.")
        return super().change_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Paper, form: Any, change: bool) -> None:
        """Keep what was written as the editor's, above all sources."""
        identity.edit(obj.pk, {name: form.cleaned_data[name] for name in form.changed_data})

    @admin.display(description="edited")
    def edited_shown(self, paper: Paper) -> str:
        """Which facts are an editor's."""
        return ", ".join(sorted(paper.edited or {})) or "–"

    @admin.display(description="names")
    @once
    def names_shown(self, paper: Paper) -> str:
        """All that sources call it, and its aliases."""
        names = [*paper.names.exclude(kind="own").values_list("identifier", flat=True)]
        names += paper.aliases.values_list("identifier", flat=True)
        return ", ".join(sorted(set(names))) or "–"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Paper]:
        """With the day of the last listing."""
        # Asked for the rows shown alone; an aggregate would group all papers first.
        last = Feature.objects.filter(paper=OuterRef("pk")).order_by("-day").values("day")
        papers: QuerySet[Paper] = super().get_queryset(request)
        return papers.annotate(last_listed=Subquery(last[:1]))

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
    @once
    def score_explained(self, paper: Paper) -> str:
        """The score as a sum that can be followed by hand."""
        return str(standings.explain_score(paper, timezone.now()))
