"""The admin's view of issues and the ledger."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display

from newsletter.channels import registry
from newsletter.channels.email import EmailChannel
from newsletter.delivery.worker import compose_for
from newsletter.digests.choices import chosen_papers
from newsletter.digests.readers import readers_of
from newsletter.events import reputation
from newsletter.models import Delivery, Event, Issue, IssuePaper
from papers.models import Topic
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


class PlaceInline(ReadOnly, TabularInline):
    """An issue's papers, as they were frozen."""

    model = IssuePaper
    fields = ("rank", "title", "score", "chips")
    readonly_fields = fields
    ordering = ("rank",)
    extra = 0

    @display(description="paper")
    def title(self, place: IssuePaper) -> str:
        """The title on the card."""
        return str(place.card.get("title", ""))

    @display(description="topics")
    def chips(self, place: IssuePaper) -> str:
        """The topics whose readers may get it."""
        return ", ".join(place.card.get("topics", ()))


@admin.register(Issue)
class IssueAdmin(ModelAdmin):
    """Issues: how far each is sent; pause, resume, stop; preview as any subscriber gets it."""

    list_display = (
        "day", "show_state", "papers", "sent", "not_mailed", "waiting", "skipped", "trouble",
        "warning",
    )  # fmt: skip
    list_filter = ("state",)
    date_hierarchy = "day"
    fields = ("day", "state", "state_reason", "warning", "note", "frozen_at", "came_back", "ledger")
    readonly_fields = (
        "day", "state", "state_reason", "warning", "frozen_at", "came_back", "ledger"
    )  # fmt: skip
    inlines = (PlaceInline,)
    actions = ("pause", "resume", "stop")
    actions_detail: ClassVar = ["preview"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Issues are frozen by the freeze task or `manage.py build_issue`."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Their deliveries would lose what they say."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Issue]:
        """Issues with their numbers; the numbers come with the page's own issues only."""
        return super().get_queryset(request).annotate(paper_count=Count("places"))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Forget the numbers of the page before."""
        self._numbers: dict[int, dict[str, int]] = {}
        return super().changelist_view(request, extra_context)

    def _states(self, issue: Issue) -> dict[str, int]:
        """Deliveries of an issue by state, and those that went by channel. One query for all issues
        of the last hundred days.
        """
        if not getattr(self, "_numbers", None):
            self._numbers = {}
            recent = Issue.objects.order_by("-day").values("pk")[:100]
            counted = (
                Delivery.objects.filter(issue__in=list(recent.values_list("pk", flat=True)))
                .order_by()
                .values_list("issue_id", "state", "channel")
                .annotate(Count("pk"))
            )
            for issue_id, state, channel, count in counted:
                key = Delivery.channel_of(state, channel) or state
                numbers = self._numbers.setdefault(issue_id, {})
                numbers[key] = numbers.get(key, 0) + count
        return self._numbers.get(issue.pk, {})

    @display(
        description="state",
        label={"running": "success", "paused": "warning", "stopped": "danger"},
    )
    def show_state(self, issue: Issue) -> str:
        """The state as a label."""
        return issue.state

    @display(description="papers")
    def papers(self, issue: Issue) -> int:
        """How many papers it holds."""
        return int(getattr(issue, "paper_count", 0))

    @display(description="sent")
    def sent(self, issue: Issue) -> int:
        """Digests sent by mail."""
        return self._states(issue).get(EmailChannel.name, 0)

    @display(description="not by mail")
    def not_mailed(self, issue: Issue) -> str:
        """Digests of readers who take them another way, by channel, such as "12 feed"."""
        numbers = self._states(issue)
        names = [channel.name for channel in registry.CHANNELS if not channel.is_mail]
        return ", ".join(f"{numbers[name]} {name}" for name in names if numbers.get(name))

    @display(description="waiting")
    def waiting(self, issue: Issue) -> int:
        """Digests still to be sent."""
        states = self._states(issue)
        return states.get(Delivery.State.PENDING, 0) + states.get(Delivery.State.CLAIMED, 0)

    @display(description="nothing new")
    def skipped(self, issue: Issue) -> int:
        """Readers for whom there was nothing."""
        return self._states(issue).get(Delivery.State.SKIPPED, 0)

    @display(description="failed / in doubt / too late")
    def trouble(self, issue: Issue) -> str:
        """What went wrong."""
        states = self._states(issue)
        order = (Delivery.State.FAILED, Delivery.State.UNKNOWN, Delivery.State.EXPIRED)
        return " / ".join(str(states.get(state, 0)) for state in order)

    @display(description="what became of it")
    def came_back(self, issue: Issue) -> SafeString:
        """Delivered, bounced, complained: counts, and shares of what was sent."""
        rates = reputation.rates_of(issue)
        rows = (
            ("Delivered", rates.delivered),
            ("Hard bounces", rates.hard_bounces),
            ("Soft bounces", rates.soft_bounces),
            ("Blocked", rates.blocked),
            ("Complaints", rates.complaints),
        )
        return format_html(
            "<p>{} sent</p>{}",
            f"{rates.sent:,}",
            format_html_join(
                "",
                "<p>{}: {} ({})</p>",
                ((name, f"{count:,}", f"{rates.share(count):.2%}") for name, count in rows),
            ),
        )

    @display(description="deliveries")
    def ledger(self, issue: Issue) -> SafeString:
        """A link to the issue's deliveries."""
        url = reverse("admin:newsletter_delivery_changelist")
        return format_html(
            '<a href="{}?issue__id__exact={}">Show its deliveries</a>', url, issue.pk
        )

    @admin.action(description="Pause sending")
    def pause(self, request: HttpRequest, queryset: QuerySet[Issue]) -> None:
        """Takes effect within one batch."""
        done = sum(issue.pause(f"paused by {request.user}") for issue in queryset)
        self.message_user(request, f"{done} paused.", messages.SUCCESS)

    @admin.action(description="Resume sending")
    def resume(self, request: HttpRequest, queryset: QuerySet[Issue]) -> None:
        """Goes on with what is waiting."""
        done = sum(issue.resume() for issue in queryset)
        self.message_user(request, f"{done} resumed.", messages.SUCCESS)

    @admin.action(description="Stop for good")
    def stop(self, request: HttpRequest, queryset: QuerySet[Issue]) -> None:
        """What was not sent never will be."""
        done = sum(issue.stop(f"stopped by {request.user}") for issue in queryset)
        self.message_user(request, f"{done} stopped.", messages.WARNING)

    @action(description="Preview a digest", url_path="preview")
    def preview(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The issue's digest as a subscriber would get it now; nothing is sent."""
        issue = get_object_or_404(Issue, pk=object_id)
        wanted = request.GET.get("subscriber", "").strip()
        found = Subscriber.objects.mailable()
        subscriber = (
            found.with_email(wanted).first() if wanted else found.order_by("-confirmed_at").first()
        )
        mail = None
        choices: list[Any] = []
        problem = "" if subscriber else "No active subscriber has this address."
        if subscriber is not None:
            readers, refused = readers_of([subscriber.pk])
            if subscriber.pk in readers:
                mail, choices = compose_for(issue, readers[subscriber.pk])
            problem = refused.get(subscriber.pk, "")
            if mail is None and not problem:
                problem = "Nothing new in this reader's topics: no mail would be sent."
        if request.GET.get("part") == "html":
            if mail is None:
                raise Http404
            response = HttpResponse("".join(piece.text for piece in mail.html))
            response._csp_replace = {  # type: ignore[attr-defined]
                "default-src": ["'none'"],
                "style-src": ["'unsafe-inline'"],
                "img-src": ["data:"],
                "frame-ancestors": ["'self'"],
                "sandbox": True,
            }
            return response
        context = {
            **self.admin_site.each_context(request),
            "title": f"Digest of {issue}",
            "issue": issue,
            "subscriber": subscriber,
            "wanted": wanted or (subscriber.email if subscriber else ""),
            "mail": mail,
            "text": "".join(piece.text for piece in mail.text) if mail else "",
            "choices": choices,
            "problem": problem,
            "opts": self.opts,
        }
        return render(request, "newsletter/admin/preview.html", context)


class EventInline(ReadOnly, TabularInline):
    """What the provider reported, in the order in which it happened."""

    model = Event
    fields = ("at", "provider", "kind", "severity", "reject_reason", "description", "by_machine")
    readonly_fields = fields
    ordering = ("at", "id")
    extra = 0


@admin.register(Event)
class EventAdmin(ReadOnly, ModelAdmin):
    """All that was reported, also what belongs to no delivery; the newest first."""

    list_display = ("received_at", "provider", "kind", "severity", "reject_reason", "show_delivery")
    list_filter = ("kind", "severity", "provider")
    list_per_page = 50
    list_select_related = ("delivery",)
    ordering = ("-id",)
    show_full_result_count = False
    raw_id_fields = ("delivery",)

    @display(description="delivery")
    def show_delivery(self, event: Event) -> SafeString | str:
        """A link to the delivery, where there is one."""
        if event.delivery_id is None:
            return "none of ours"
        url = reverse("admin:newsletter_delivery_change", args=[event.delivery_id])
        return format_html('<a href="{}">{}</a>', url, event.delivery_id)


class DayFilter(admin.SimpleListFilter):
    """Deliveries of the last issues."""

    title = "issue"
    parameter_name = "issue__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The last 14 issues, and the chosen one where it is older."""
        days = list(Issue.objects.order_by("-day").values_list("pk", "day")[:14])
        chosen = self.value()
        if chosen and chosen.isdecimal() and int(chosen) not in {pk for pk, _ in days}:
            days += list(Issue.objects.filter(pk=int(chosen)).values_list("pk", "day"))
        return [(str(pk), f"{day:%a %-d %b %Y}") for pk, day in days]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """Only the chosen issue's."""
        chosen = self.value()
        return queryset.filter(issue_id=int(chosen)) if chosen and chosen.isdecimal() else queryset


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, ModelAdmin):
    """The ledger: for any subscriber and day what was sent, why each paper, or why nothing."""

    list_display = ("pk", "subscriber", "issue", "show_state", "reason", "sent_at", "papers")
    list_filter = ("state", DayFilter)
    list_select_related = ("subscriber", "issue")
    search_fields = ("subscriber__email",)
    search_help_text = "A subscriber's address"
    show_full_result_count = False
    actions = ("resend",)
    inlines = (EventInline,)
    readonly_fields = ("explanation",)
    fields = (
        "subscriber",
        "issue",
        "state",
        "channel",
        "reason",
        "explanation",
        "due_at",
        "not_before",
        "deadline",
        "attempts",
        "sent_at",
        "provider_id",
        "delivered_at",
        "bounced_at",
        "complained_at",
    )
    actions_detail: ClassVar = ["resend_one"]

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

    @display(description="papers")
    def papers(self, delivery: Delivery) -> int:
        """How many papers the digest holds."""
        return len(delivery.choices)

    @display(description="papers, and why each")
    def explanation(self, delivery: Delivery) -> SafeString | str:
        """Every paper of the digest with its topics and the reason, or why there is none."""
        if not delivery.choices:
            return delivery.reason or "not chosen yet"
        papers = chosen_papers(delivery.choices)
        titles = {
            place.pk: place.card.get("title", "")
            for place in IssuePaper.objects.filter(pk__in=[one.place_id for one in papers])
        }
        names = dict(Topic.objects.values_list("pk", "name"))
        return format_html_join(
            "",
            "<p>{}. <b>{}</b><br>{}: {}</p>",
            (
                (
                    at,
                    titles.get(one.place_id, f"paper {one.paper_id}"),
                    ", ".join(names.get(topic, "a topic since deleted") for topic in one.topic_ids),
                    one.why,
                )
                for at, one in enumerate(papers, 1)
            ),
        )

    @admin.action(description="Send again (in doubt, failed or too late)", permissions=["view"])
    def resend(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Put them back in the queue. One in doubt may reach its reader twice."""
        now = timezone.now()
        done = sum(delivery.resend(now, now + settings.DIGEST_DEADLINE) for delivery in queryset)
        self.message_user(request, f"{done} will be sent again.", messages.SUCCESS)

    @action(description="Send again", url_path="resend", permissions=["resend_one"])
    def resend_one(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask, then put it back in the queue."""
        delivery = get_object_or_404(Delivery.objects.select_related("subscriber"), pk=object_id)
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
            "opts": self.opts,
        }
        return render(request, "newsletter/admin/resend.html", context)

    def has_resend_one_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may see the ledger and change issues."""
        return request.user.has_perm("newsletter.change_issue")
