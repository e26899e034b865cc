"""The ledger: what was sent to whom, why each paper, or why nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from newsletter.admin.base import ReadOnly, reader_link
from newsletter.admin.events import EventInline
from newsletter.delivery import in_bulk
from newsletter.delivery.explanations import explain_paper
from newsletter.digests.choices import chosen_papers
from newsletter.models import Delivery, Issue, IssuePaper
from newsletter.models.delivery import ODD_STATES
from papers.admin.base import ModelAdmin, once
from papers.admin.bulk import bulk_action
from papers.admin.large import ForAnySize
from papers.audit import without_addresses
from papers.identifiers import UnknownIdentifier, identifier
from papers.models import Paper, Topic
from subscriptions.admin import addresses


class DayFilter(admin.SimpleListFilter):
    """Deliveries of the last issues."""

    title = "issue"
    parameter_name = "issue__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The last 14 issues, and the chosen one where it is older."""
        days = list(Issue.objects.order_by("-day").values_list("pk", "day")[:14])
        chosen = self._chosen()
        if chosen is not None and chosen not in {pk for pk, _ in days}:
            days += list(Issue.objects.filter(pk=chosen).values_list("pk", "day"))
        return [(str(pk), f"{day:%a %-d %b %Y}") for pk, day in days]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """Only the chosen issue's."""
        chosen = self._chosen()
        return queryset if chosen is None else queryset.filter(issue_id=chosen)

    def _chosen(self) -> int | None:
        """The key of the chosen issue; None for what no database takes for a key."""
        value = self.value() or ""
        return int(value) if value.isdecimal() and len(value) < 19 else None


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, addresses.NamesReaders, ForAnySize, ModelAdmin):
    """The ledger: for any subscriber and day what was sent, why each paper, or why nothing."""

    list_display = (
        "pk",
        "shown_reader",
        "shown_issue",
        "show_state",
        "shown_reason",
        "sent_at",
        "papers",
    )
    list_display_links = ("pk",)
    list_per_page = 50
    list_filter = ("state", DayFilter)
    list_select_related = ("subscriber", "issue")
    reader = "subscriber"
    show_full_result_count = False
    actions = ("resend",)
    resend = bulk_action(in_bulk.RESEND, "resend")
    inlines = (EventInline,)
    readonly_fields = (
        "address",
        "shown_reason",
        "explanation",
        "since",
        "asked_in_vain",
        "others",
    )
    fields = (
        "subscriber",
        "address",
        "issue",
        "letter",
        "state",
        "channel",
        "shown_reason",
        "explanation",
        "since",
        "due_at",
        "asked_in_vain",
        "not_before",
        "deadline",
        "attempts",
        "sent_at",
        "provider_id",
        "delivered_at",
        "bounced_at",
        "complained_at",
        "others",
    )
    actions_detail: ClassVar = ["resend_one"]

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        """The newest first, in the order of the index that finds what the list is narrowed to."""
        state = request.GET.get("state__exact", "")
        if state == Delivery.State.PENDING:
            return ("not_before", "id")
        if state == Delivery.State.CLAIMED:
            return ("lease_until", "id")
        if state in ODD_STATES:
            return ("-issue_id", "-id")
        if request.GET.get(DayFilter.parameter_name):
            return ("-subscriber_id", "-id")
        return ("-id",)

    @display(
        description="state",
        label={
            "sent": "success",
            "feed": "success",
            "pending": "info",
            "claimed": "info",
            "failed": "danger",
            "unknown": "warning",
            "expired": "warning",
        },
    )
    def show_state(self, delivery: Delivery) -> str:
        """The state as a label."""
        return delivery.state

    @display(description="subscriber", ordering="subscriber")
    def shown_reader(self, delivery: Delivery) -> SafeString | str:
        """The reader's address as far as it is shown, and the way to the reader."""
        return reader_link(delivery, delivery.subscriber)

    @display(description="issue")
    def shown_issue(self, delivery: Delivery) -> str:
        """The issue. The list isn't sorted by it, which would read a whole issue's rows: the newest
        stand on top, and the filter shows one issue's alone.
        """
        return str(delivery.issue or "–")

    @display(description="address")
    def address(self, delivery: Delivery) -> str:
        """The reader's address, or its mask."""
        return addresses.address_in(delivery, delivery.subscriber)

    @display(description="reason", ordering="reason")
    def shown_reason(self, delivery: Delivery) -> str:
        """Why. A mail server may name the address in its answer."""
        return addresses.text_in(delivery, delivery.reason) or "–"

    @display(description="papers")
    def papers(self, delivery: Delivery) -> int:
        """How many papers the digest holds."""
        return len(delivery.choices)

    @display(description="papers and why each was chosen")
    @once
    def explanation(self, delivery: Delivery) -> SafeString | str:
        """Every paper of the digest with its topics and the reason, or why there is none."""
        if not delivery.choices:
            return addresses.text_in(delivery, delivery.reason) or "not chosen yet"
        papers = chosen_papers(delivery.choices)
        ids = [one.place_id for one in papers]
        places = IssuePaper.objects.select_related("correction").in_bulk(ids)
        titles = {
            one.place_id: places[one.place_id].card_had(one.paper_id).get("title", "")
            for one in papers
            if one.place_id in places
        }
        names = dict(Topic.objects.values_list("pk", "name"))
        return format_html_join(
            "",
            "<p>{}. <b>{}</b><br>{}: {}</p>",
            (
                (
                    at,
                    titles.get(one.place_id, f"paper {one.paper_id}"),
                    ", ".join(names.get(topic, "a deleted topic") for topic in one.topic_ids),
                    one.why,
                )
                for at, one in enumerate(papers, 1)
            ),
        )

    @display(description="more")
    def others(self, delivery: Delivery) -> SafeString | str:
        """To the reader, and to why a paper is not in it."""
        if delivery.subscriber_id is None:
            return "–"
        return format_html(
            '<a href="{}">The reader</a> · <a href="{}?reader={}">Why not another paper?</a>',
            reverse("admin:subscriptions_subscriber_change", args=[delivery.subscriber_id]),
            reverse("admin:newsletter_delivery_why_not"),
            delivery.subscriber_id,
        )

    @display(description="no new issue")
    def asked_in_vain(self, delivery: Delivery) -> str:
        """When the reader's rhythm asked again, and there was no newer issue."""
        return ", ".join(f"{at:%a %-d %b %H:%M} UTC" for at in delivery.asked_in_vain) or "–"

    @action(description="Send again", url_path="resend", permissions=["resend"])
    def resend_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then put it back in the queue."""
        delivery = self.get_object(request, unquote(object_id))
        if delivery is None:
            raise Http404("no such delivery")
        if request.method == "POST":
            now = timezone.now()
            if delivery.resend(now, now + settings.DIGEST_DEADLINE):
                self.message_user(request, "It will be sent again.", messages.SUCCESS)
            else:
                self.message_user(request, f"It is {delivery.get_state_display()}.", messages.ERROR)
            return HttpResponseRedirect(
                reverse("admin:newsletter_delivery_change", args=[delivery.pk])
            )
        context = {
            **self.admin_site.each_context(request),
            "title": "Send again?",
            "delivery": delivery,
            "address": addresses.address_in(delivery, delivery.subscriber),
            "reason": addresses.text_in(delivery, delivery.reason),
            "opts": self.opts,
        }
        return render(request, "newsletter/admin/resend.html", context)

    def get_urls(self) -> list[URLPattern]:
        """The list's, and why a reader did not get a paper."""
        mine = path(
            "why-not/",
            self.admin_site.admin_view(self.why_not),
            name="newsletter_delivery_why_not",
        )
        return [mine, *super().get_urls()]

    def why_not(self, request: HttpRequest) -> HttpResponse:
        """For any reader and paper, each step on the paper's way to the reader."""
        user: Any = request.user
        if not self.has_view_permission(request) or not user.has_perm(
            "subscriptions.view_subscriber"
        ):
            raise PermissionDenied
        wanted = request.GET.get("reader", "").strip()
        named = request.GET.get("paper", "").strip()
        reader, paper, problems = addresses.find(request, wanted), None, []
        if wanted and reader is None:
            problems.append("No reader has this address or number. Check the spelling.")
        if named:
            try:
                paper = Paper.objects.called(identifier(named))
                if paper is None:
                    problems.append("This paper isn’t on the site: no source has listed it.")
            except UnknownIdentifier as error:
                problems.append(str(error))
        steps = explain_paper(reader, paper) if reader and paper else []
        if reader is not None and not addresses.may_see(request, reader):
            steps = [replace(step, said=without_addresses(step.said)) for step in steps]
        context = {
            **self.admin_site.each_context(request),
            "title": "Why not?",
            "wanted": wanted,
            "named": named,
            "reader": reader,
            "paper": paper,
            "problems": problems,
            "steps": steps,
            "opts": self.opts,
        }
        return render(request, "newsletter/admin/why_not_paper.html", context)

    def has_resend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may see the ledger and change issues."""
        may_see: bool = self.has_view_permission(request)
        return may_see and request.user.has_perm("newsletter.change_issue")
