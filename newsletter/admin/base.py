"""What the pages of the ledger have in common."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from subscriptions.admin import addresses
from subscriptions.models import Subscriber


class ReadOnly:
    """Nothing is added, changed or deleted by hand: the ledger is history."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are made by the system."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are changed by the system."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows stay."""
        return False


def reader_link(row: Any, subscriber: Subscriber | None) -> SafeString | str:
    """What a list shows of the reader of a marked row, and the way to the reader."""
    if subscriber is None:
        return "–"
    url = reverse("admin:subscriptions_subscriber_change", args=[subscriber.pk])
    shown = addresses.address_in(row, subscriber)
    return format_html('<a href="{}">{}</a> ({})', url, shown, subscriber.pk)
