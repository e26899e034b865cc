"""Lists of very many rows: what of them is sorted, filtered and searched, so that each page reads
few rows however many there are. Short lists are sorted and filtered by everything.
"""

from typing import Any

from django.contrib import admin
from django.db.models import CASCADE, PROTECT, RESTRICT, Model, QuerySet, Subquery
from django.http import HttpRequest

from papers.identifiers import UnknownIdentifier, identifier
from papers.models import Paper
from papers.search import find

LARGE = 10_000
"""Rows, by their numbers: the newest and the oldest tell how many there can be at most."""

MOST_FOUND = 200
"""Papers that a search for words is for."""


MOST_ROWS = 2_000
"""Rows of such papers."""


def is_large(model: type[Model]) -> bool:
    """Whether there may be more than `LARGE` rows. Reads two, by one statement."""
    return spans_more_than(model, LARGE)


def spans_more_than(model: type[Model], number: int) -> bool:
    """Whether there may be more than this number of rows, by their keys. Reads two, by one
    statement however high the keys are.
    """
    keys = model._base_manager.order_by("pk").values("pk")
    oldest = Subquery(keys[:1])  # SQLite reads all rows for both ends of one aggregate
    ends = keys.reverse().values_list("pk", oldest).first()
    if ends is None or not isinstance(ends[0], int):
        return False
    return ends[0] - ends[1] >= number


def is_large_for(request: HttpRequest, model: type[Model]) -> bool:
    """The same, asked once a request."""
    kept: dict[type[Model], bool] = vars(request).setdefault("large_tables", {})
    if model not in kept:
        kept[model] = is_large(model)
    return kept[model]


class ForAnySize:
    """A list that stays quick: where it is long, only what an index helps with is offered."""

    sorted_when_large: tuple[str, ...] = ()
    """Columns by which a long list is sorted."""

    filtered_when_few: tuple[Any, ...] = ()
    """Filters of short lists alone."""

    def is_long(self, request: HttpRequest) -> bool:
        """Whether the list may be long."""
        return is_large_for(request, self.model)  # type: ignore[attr-defined]

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """The columns that the list may be sorted by."""
        columns = super().get_sortable_by(request)  # type: ignore[misc]
        if not self.is_long(request):
            return columns
        return [name for name in columns if name in self.sorted_when_large]

    def get_list_filter(self, request: HttpRequest) -> Any:
        """The filters that the list has."""
        filters = super().get_list_filter(request)  # type: ignore[misc]
        if not self.filtered_when_few or not self.is_long(request):
            return filters
        return [one for one in filters if one not in self.filtered_when_few]


MOST_COUNTED = 10_000
"""Rows that are counted of each kind that would be deleted along."""


class CountsWhatGoes:
    """A page that asks before a deletion with numbers: of each kind of rows that go along, how
    many, instead of a line for each.
    """

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What goes, how many of each kind, for which of them a permission is missing, and what
        keeps the rows from being deleted.
        """
        rows = list(objs)
        meta = self.opts  # type: ignore[attr-defined]
        counts = {str(meta.verbose_name_plural): len(rows)}
        gone = [str(row) for row in rows]
        needed: set[str] = set()
        kept: list[str] = []
        for relation in meta.related_objects:
            model, name = relation.related_model, relation.field.name
            theirs = model._base_manager.filter(**{f"{name}__in": rows}).order_by()
            if relation.on_delete not in (CASCADE, PROTECT, RESTRICT):
                continue
            number = len(theirs.values_list("pk")[: MOST_COUNTED + 1])
            if not number:
                continue
            names = str(model._meta.verbose_name_plural)
            said = f"{number:,} {names}"
            if number > MOST_COUNTED:
                said = f"more than {MOST_COUNTED:,} {names}"
            if relation.on_delete is not CASCADE:
                kept.append(said)
                continue
            counts[names] = number
            gone.append(said)
            theirs_admin = self.admin_site._registry.get(model)  # type: ignore[attr-defined]
            if theirs_admin and not theirs_admin.has_delete_permission(request):
                needed.add(str(model._meta.verbose_name))
        return gone, counts, needed, kept


def one_of(field: str, values: dict[str, str], title: str = "") -> type[admin.SimpleListFilter]:
    """A filter by values that are known. Django reads all rows to see which there are."""

    class OneOf(admin.SimpleListFilter):
        parameter_name = f"{field.rpartition('__')[2]}__exact"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return list(values.items())

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            chosen = self.value()
            return queryset.filter(**{field: chosen}) if chosen in values else queryset

    OneOf.title = title or field.replace("_", " ")
    return OneOf


def with_papers(rows: QuerySet[Any], typed: str, *paths: str) -> QuerySet[Any]:
    """The rows of papers that are searched for by an identifier or by words, found through the
    index of the papers' words. `paths` lead from a row to its papers; without any it is one.
    """
    typed = typed.strip()
    if not typed:
        return rows
    try:
        named = Paper.objects.filter(identifier=identifier(typed))
        keys = list(named.values_list("pk", flat=True))
    except UnknownIdentifier:
        keys = []
    if not keys:
        keys = list(find(typed).papers[:MOST_FOUND])
    if not paths:
        return rows.filter(pk__in=keys)
    # First the rows' own keys: asked for both at once, the database may walk the list's order.
    found: set[Any] = set()
    for path in paths:
        theirs = rows.model._base_manager.filter(**{f"{path}__in": keys}).order_by()
        found |= set(theirs.values_list("pk", flat=True)[:MOST_ROWS])
    return rows.filter(pk__in=found)


class FoundByPaper(ForAnySize):
    """A list of papers, or of rows that each belong to some, searched through the index of words
    where there are many papers.
    """

    paper: tuple[str, ...] = ("paper",)
    """The paths from a row to its papers; none where the row is one."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By identifier or words; where there are few papers, by any part of either."""
        if not is_large_for(request, Paper):
            parts: tuple[QuerySet[Any], bool] = super().get_search_results(  # type: ignore[misc]
                request, queryset, search_term
            )
            return parts
        found = with_papers(queryset, search_term, *self.paper)
        # Few rows: in another order the database may walk that until it has found them.
        return (found.order_by("-pk") if search_term.strip() else found), False
