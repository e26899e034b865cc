"""Who sees readers' addresses in the admin, and how others find and name a reader.

Whoever may see addresses sees and searches them all. Who may find readers types a whole address,
in any spelling, and then sees the address of that reader and no other. Everybody else sees a mask
and finds readers by their number.
"""

from typing import Any

from django.db.models import BooleanField, Case, QuerySet, Value, When
from django.http import HttpRequest

from papers.admin.large import spans_more_than
from papers.audit import without_addresses
from subscriptions.addresses import masked
from subscriptions.models import Subscriber

SEE = "subscriptions.see_addresses"
FIND = "subscriptions.find_addresses"

_FOUND = "found_readers"
"""Of the session: the readers whose addresses were typed in full, the last ones."""

MOST_FOUND = 50

LARGE = 10_000
"""Readers. Among more than so many, by their numbers, only the beginning of an address is looked
for, which an index finds.
"""

MOST_BEGUN = 4_000
"""Rows that are found by the beginning of an address."""

MOST_READERS = 100
"""Readers whose emails are looked for by the beginning of an address."""


def may_see_all(request: HttpRequest) -> bool:
    """Whether the person may see all addresses."""
    return request.user.has_perm(SEE)


def may_find(request: HttpRequest) -> bool:
    """Whether the person may look a reader up by an address."""
    return may_see_all(request) or request.user.has_perm(FIND)


def may_see(request: HttpRequest, subscriber: Subscriber) -> bool:
    """Whether the person may see this reader's address."""
    return may_see_all(request) or (may_find(request) and subscriber.pk in _found(request))


def shown_address(request: HttpRequest, subscriber: Subscriber) -> str:
    """The address, or its mask."""
    return subscriber.address if may_see(request, subscriber) else masked(subscriber.email)


def marked(request: HttpRequest, rows: QuerySet[Any], reader: str = "pk") -> QuerySet[Any]:
    """The rows, each of which says as `is_address_shown` whether the person may see the address of
    the reader that `reader` names.
    """
    if may_see_all(request):
        return rows.annotate(is_address_shown=Value(True))
    found = _found(request) if may_find(request) else []
    shown = Case(
        *([When(**{f"{reader}__in": found}, then=Value(True))] if found else ()),
        default=Value(False),
        output_field=BooleanField(),
    )
    return rows.annotate(is_address_shown=shown)


def address_in(row: Any, subscriber: Subscriber | None) -> str:
    """What a marked row shows of its reader."""
    if subscriber is None:
        return "–"
    is_shown = getattr(row, "is_address_shown", False)
    return subscriber.address if is_shown else masked(subscriber.email)


def text_in(row: Any, text: str) -> str:
    """A text that may name an address, such as a mail server's answer, as a marked row shows it."""
    return text if getattr(row, "is_address_shown", False) else without_addresses(text)


def find(request: HttpRequest, typed: str) -> Subscriber | None:
    """The reader with this number, or with this address where the person may look for one."""
    number = _number(typed)
    if number is not None:
        return Subscriber.objects.filter(pk=number).first()
    if "@" not in typed or not may_find(request):
        return None
    found: Subscriber | None = Subscriber.objects.with_email(typed).first()
    if found is not None:
        _remember(request, [found.pk])
    return found


def search(
    request: HttpRequest, rows: QuerySet[Any], typed: str, reader: str = ""
) -> QuerySet[Any]:
    """The rows of readers who are searched for: by number, by a whole address, or by a part of it,
    as far as the person may. `reader` is the path from a row to its reader.
    """
    path = f"{reader}__" if reader else ""
    typed = typed.strip()
    if not typed:
        return rows
    number = _number(typed)
    if number is not None:
        return rows.filter(**{f"{path}pk": number})
    if "\0" in typed or not may_find(request):
        return rows.none()
    if "@" in typed:
        keys = list(
            Subscriber.objects.with_email(typed).order_by().values_list("pk", flat=True)[:9]
        )
        if keys or not may_see_all(request):
            _remember(request, keys)
            return rows.filter(**{f"{path}pk__in": keys})
    if not may_see_all(request):
        return rows.none()
    if not is_large():
        return rows.filter(**{f"{path}email__icontains": typed})
    begun = Subscriber.objects.beginning_with(typed).order_by("email")
    # First the keys: asked for all at once, the database may walk the list's own order.
    most = MOST_READERS if path else MOST_BEGUN
    keys = list(begun.values_list("pk", flat=True)[:most])
    if path:
        theirs = rows.model._base_manager.filter(**{f"{path}pk__in": keys}).order_by()
        keys = list(theirs.values_list("pk", flat=True)[:MOST_BEGUN])
    return rows.filter(pk__in=keys).order_by("-pk")


def is_large() -> bool:
    """Whether there are so many readers that no search looks through all addresses."""
    return spans_more_than(Subscriber, LARGE)


class NamesReaders:
    """Pages of rows that each belong to a reader: named and searched for as the person may."""

    reader = ""
    """The path from a row to its reader; nothing where the row is one."""

    hides_search = True
    """The record does not tell what was searched for: it may be a part of an address."""

    search_fields = ("pk",)  # what is searched for is decided in `search`

    def get_queryset(self, request: HttpRequest) -> Any:
        """The rows, marked with what may be shown of each."""
        rows = super().get_queryset(request)  # type: ignore[misc]
        return marked(request, rows, self.reader or "pk")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By number, or by address as far as the person may."""
        found = search(request, queryset, search_term, self.reader)
        # Marked once more: the search may have been for a whole address.
        return marked(request, found, self.reader or "pk"), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, which says what may be searched for."""
        changelist = super().get_changelist_instance(request)  # type: ignore[misc]
        changelist.search_help_text = help_text(request)
        return changelist

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Not by parts of an address, which only the search decides about."""
        if "email" in lookup:
            return False
        allowed: bool = super().lookup_allowed(lookup, value, request)  # type: ignore[misc]
        return allowed


def help_text(request: HttpRequest) -> str:
    """What may be typed to search."""
    if may_see_all(request):
        part = "The beginning" if is_large() else "Part"
        return f"{part} of an address, a full one in any spelling, or a reader's number."
    if may_find(request):
        return "A full address, in any spelling, or a reader's number."
    return "A reader's number, such as 12."


def _number(typed: str) -> int | None:
    digits = typed.strip().lower().removeprefix("reader").strip()
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 19 else None


def _found(request: HttpRequest) -> list[int]:
    kept: list[int] = request.session.get(_FOUND, [])
    return kept


def _remember(request: HttpRequest, keys: list[int]) -> None:
    if may_see_all(request):
        return
    now = [*keys, *(key for key in _found(request) if key not in keys)][:MOST_FOUND]
    if now != _found(request):
        request.session[_FOUND] = now
