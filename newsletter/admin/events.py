"""What mail providers reported."""

from anymail.signals import EventType
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from newsletter.admin.base import ReadOnly
from newsletter.models import Event
from papers.admin.base import ModelAdmin, TabularInline
from papers.admin.large import ForAnySize, one_of
from subscriptions.admin import addresses

KINDS = {
    kind: kind for name, kind in vars(EventType).items() if name.isupper() and isinstance(kind, str)
}
"""What may be reported, in Anymail's words."""


class EventInline(ReadOnly, TabularInline):
    """What the provider reported, in the order in which it happened."""

    model = Event
    fields = ("at", "provider", "kind", "severity", "reject_reason", "said", "by_machine")
    readonly_fields = fields
    ordering = ("at", "id")
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """Marked with whether addresses in them may be shown."""
        return addresses.marked(request, super().get_queryset(request), "delivery__subscriber")

    @display(description="description")
    def said(self, event: Event) -> str:
        """What the provider said, which may name an address."""
        return addresses.text_in(event, event.description) or "–"


@admin.register(Event)
class EventAdmin(ReadOnly, ForAnySize, ModelAdmin):
    """All that was reported, also what belongs to no email of ours; the newest first."""

    list_display = ("received_at", "provider", "kind", "severity", "reject_reason", "show_email")
    list_filter = (one_of("kind", KINDS), "severity", "provider")
    filtered_when_few = ("provider",)
    list_per_page = 50
    list_select_related = ("delivery", "notice")
    ordering = ("-id",)
    show_full_result_count = False
    fields = readonly_fields = (
        "delivery",
        "notice",
        "provider",
        "event_id",
        "kind",
        "reject_reason",
        "severity",
        "by_machine",
        "said",
        "at",
        "received_at",
        "processed_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """Marked with whether addresses in them may be shown."""
        return addresses.marked(request, super().get_queryset(request), "delivery__subscriber")

    @display(description="description")
    def said(self, event: Event) -> str:
        """What the provider said, which may name an address."""
        return addresses.text_in(event, event.description) or "–"

    @display(description="email")
    def show_email(self, event: Event) -> SafeString | str:
        """A link to the digest's delivery or the notice, where there is one."""
        if event.delivery_id is not None:
            url = reverse("admin:newsletter_delivery_change", args=[event.delivery_id])
            return format_html('<a href="{}">digest {}</a>', url, event.delivery_id)
        if event.notice_id is not None:
            url = reverse("admin:subscriptions_notice_change", args=[event.notice_id])
            return format_html('<a href="{}">other email {}</a>', url, event.notice_id)
        return "none of ours"
