"""Emails that are not digests: what was due to whom, and what became of it."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from newsletter.admin.base import ReadOnly, reader_link
from newsletter.admin.events import EventInline
from newsletter.delivery import in_bulk
from newsletter.models import Delivery
from papers.admin.base import ModelAdmin
from papers.admin.bulk import bulk_action
from papers.admin.large import ForAnySize, one_of
from subscriptions.admin import addresses
from subscriptions.models import Notice

LABELS = {
    "sent": "success",
    "pending": "info",
    "claimed": "info",
    "failed": "danger",
    "unknown": "warning",
    "expired": "warning",
}


class NoticeEventInline(EventInline):
    """What was reported about a notice."""

    fk_name = "notice"


@admin.register(Notice)
class NoticeAdmin(ReadOnly, addresses.NamesReaders, ForAnySize, ModelAdmin):
    """Confirmations, links, changes of address, goodbyes, notes to the operator."""

    list_display = (
        "pk", "kind", "shown_reader", "show_state", "shown_reason", "due_at", "sent_at"
    )  # fmt: skip
    list_filter = ("state", "kind", one_of("bounce", dict(Delivery.Bounce.choices)), "due_at")
    filtered_when_few = ("due_at",)
    list_select_related = ("subscriber",)
    list_per_page = 50
    reader = "subscriber"
    readonly_fields = ("address", "shown_reason")
    show_full_result_count = False
    actions = ("resend",)
    resend = bulk_action(in_bulk.RESEND_NOTICES, "resend")
    inlines = (NoticeEventInline,)
    fields = (
        "kind",
        "subscriber",
        "address",
        "day",
        "state",
        "shown_reason",
        "due_at",
        "not_before",
        "deadline",
        "attempts",
        "was_in_doubt",
        "sent_at",
        "provider_id",
        "delivered_at",
        "bounced_at",
        "bounce",
        "complained_at",
    )
    actions_detail: ClassVar = ["resend_one"]

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        """The newest first; what waits or is sent in the order of the index that finds it."""
        state = request.GET.get("state__exact", "")
        if state == Notice.State.PENDING:
            return ("not_before", "id")
        if state == Notice.State.CLAIMED:
            return ("lease_until", "id")
        return ("-id",)

    @display(description="state", label=LABELS)
    def show_state(self, notice: Notice) -> str:
        """The state as a label."""
        return notice.state

    @display(description="subscriber", ordering="subscriber")
    def shown_reader(self, notice: Notice) -> SafeString | str:
        """The reader's address as far as it is shown, and the way to the reader."""
        return reader_link(notice, notice.subscriber)

    @display(description="address")
    def address(self, notice: Notice) -> str:
        """The reader's address, or its mask."""
        return addresses.address_in(notice, notice.subscriber)

    @display(description="reason", ordering="reason")
    def shown_reason(self, notice: Notice) -> str:
        """Why. A mail server may name the address in its answer."""
        return addresses.text_in(notice, notice.reason) or "–"

    @action(description="Send again", url_path="resend", permissions=["resend"])
    def resend_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then put it back in the queue."""
        notice = self.get_object(request, unquote(object_id))
        if notice is None:
            raise Http404("no such email")
        if request.method == "POST":
            if notice.resend(timezone.now()):
                self.message_user(request, "It will be sent again.", messages.SUCCESS)
            else:
                text = f"It is {notice.get_state_display()}, or another of its kind is waiting."
                self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(
                reverse("admin:subscriptions_notice_change", args=[notice.pk])
            )
        context = {
            **self.admin_site.each_context(request),
            "title": "Send again?",
            "notice": notice,
            "address": addresses.address_in(notice, notice.subscriber) if notice.subscriber else "",
            "reason": addresses.text_in(notice, notice.reason),
            "opts": self.opts,
        }
        return render(request, "newsletter/admin/resend_notice.html", context)

    def has_resend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may change these emails; nothing else of them can be changed."""
        return request.user.has_perm("subscriptions.change_notice")
