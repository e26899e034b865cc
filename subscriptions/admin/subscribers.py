"""Readers: find one, see what was agreed and said, help or suppress.

Consent is the reader's to give. So nobody is added or subscribed here, an address cannot be
changed, and the record of consent is only read.
"""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from unfold.decorators import display
from unfold.views import ChangeList

from papers.admin.base import KeysFirst, ModelAdmin, TabularInline, once
from papers.admin.bulk import bulk_action
from papers.admin.large import ForAnySize
from subscriptions.admin import addresses
from subscriptions.models import (
    Consent,
    Feedback,
    Subscriber,
    Subscription,
)
from subscriptions.pages.embedding import form_snippet, frame_snippet
from subscriptions.readers import in_bulk, personal_data
from subscriptions.readers.preferences import move_digest

RHYTHM = ("rhythm", "weekday", "hour", "timezone", "paused_until")
DIGEST = (
    "top_papers",
    "papers_wanted",
    "receives_by",
    "groups_by_topic",
    "in_full",
    "machine_summaries",
    "text_only",
    "learns",
)

EMAILS_SHOWN = 50
"""So many of a reader's emails are shown; the ledger's own pages have them all."""


class ReadOnlyInline(TabularInline):
    """Rows to look at, in pages, each page in one query."""

    extra = 0
    per_page = 20
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is added here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is changed here."""
        return False


class SubscriptionInline(ReadOnlyInline):
    """The topics a subscriber follows."""

    model = Subscription
    fields = ("topic",)
    verbose_name_plural = "topics"
    per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscription]:
        """With their topics."""
        subscriptions: QuerySet[Subscription] = super().get_queryset(request)
        return subscriptions.select_related("topic", "subscriber").order_by("topic__position")


class ConsentInline(ReadOnlyInline):
    """What a subscriber agreed to or took back."""

    model = Consent
    fields = ("at", "action", "wording", "came_from", "source", "reason")
    verbose_name_plural = "consent"


class FeedbackInline(ReadOnlyInline):
    """What a subscriber said about papers."""

    model = Feedback
    fields = ("at", "value", "paper")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feedback]:
        """With their papers, newest first."""
        feedback: QuerySet[Feedback] = super().get_queryset(request)
        return feedback.select_related("paper", "subscriber").order_by("-at")


class PausedFilter(admin.SimpleListFilter):
    """Readers whose digests rest because mail to them came back."""

    title = "pause"
    parameter_name = "paused"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One choice."""
        return [("bounces", "paused because emails bounced")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Subscriber]
    ) -> QuerySet[Subscriber]:
        """Those paused, or all."""
        if not self.value():
            return queryset
        paused = Subscriber.objects.paused_for_bounces(timezone.now().date())
        return queryset.filter(pk__in=paused.order_by().values("pk"))


class SubscriberChangeList(KeysFirst):
    """A page of readers, each with the number of topics."""

    def get_results(self, request: HttpRequest) -> None:
        """Count for the rows of this page alone, where they did not come with it."""
        super().get_results(request)
        found: Any = self.result_list
        rows: list[Subscriber] = list(found)
        if not rows or hasattr(rows[0], "topic_count"):
            return
        follow = Subscription.objects.filter(subscriber__in=[row.pk for row in rows]).order_by()
        counts = dict(follow.values_list("subscriber").annotate(n=Count("pk")))
        for row in rows:
            row.topic_count = counts.get(row.pk, 0)  # type: ignore[attr-defined]
        self.result_list = rows


@admin.register(Subscriber)
class SubscriberAdmin(addresses.NamesReaders, ForAnySize, ModelAdmin):
    """Readers."""

    list_display = (
        "shown_address",
        "shown_status",
        "rhythm",
        "hour",
        "timezone",
        "topic_count",
        "next_digest_at",
        "created_at",
    )
    list_filter = ("status", PausedFilter, "rhythm", "receives_by", "topics", "created_at")
    filtered_when_few = ("topics", "created_at")
    list_per_page = 50
    ordering = ("-id",)
    actions = ("send_preferences_link", "unsubscribe", "suppress", "delete_selected")
    send_preferences_link = bulk_action(in_bulk.SEND_LINKS)
    unsubscribe = bulk_action(in_bulk.UNSUBSCRIBE)
    suppress = bulk_action(in_bulk.SUPPRESS)
    delete_selected = bulk_action(in_bulk.ERASE, "delete")
    inlines = (SubscriptionInline, ConsentInline, FeedbackInline)
    readonly_fields = (
        "shown_address",
        "status",
        "next_digest_at",
        "created_at",
        "confirmed_at",
        "left_at",
        "asked_to_confirm_at",
        "pause_reason",
        "emails",
    )
    restorable = ("language", *RHYTHM, *DIGEST)
    fieldsets = (
        (None, {"fields": ("shown_address", "status", "language")}),
        ("Rhythm", {"fields": (*RHYTHM, "pause_reason")}),
        ("Digest", {"fields": DIGEST}),
        (
            "Times",
            {
                "fields": (
                    "next_digest_at",
                    "created_at",
                    "asked_to_confirm_at",
                    "confirmed_at",
                    "left_at",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscriber]:
        """With the number of topics, by which a short list may be sorted."""
        subscribers: QuerySet[Subscriber] = super().get_queryset(request)
        if self.is_long(request):
            return subscribers
        counted = (
            Subscription.objects.filter(subscriber=OuterRef("pk"))
            .order_by()
            .values("subscriber")
            .annotate(count=Count("pk"))
            .values("count")
        )
        return subscribers.annotate(topic_count=Coalesce(Subquery(counted), 0))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that counts topics."""
        return SubscriberChangeList

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """An order by address would tell addresses."""
        sortable = [*super().get_sortable_by(request)]
        if not addresses.may_see_all(request):
            sortable = [name for name in sortable if name != "shown_address"]
        return sortable

    @display(description="address", ordering="email")
    def shown_address(self, subscriber: Subscriber) -> str:
        """The address, or its mask."""
        return addresses.address_in(subscriber, subscriber)

    def get_urls(self) -> list[URLPattern]:
        """The list's, and what to put on other sites."""
        name = "subscriptions_subscriber_forms"
        own = path("forms/", self.admin_site.admin_view(self.forms_view), name=name)
        return [own, *super().get_urls()]

    def forms_view(self, request: HttpRequest) -> HttpResponse:
        """HTML for forms on other sites. For those who may see readers."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Forms on other sites",
            "opts": self.opts,
            "hosts": settings.EMBED_HOSTS,
            "frame": frame_snippet(),
            "snippet": form_snippet(),
        }
        return TemplateResponse(request, "subscriptions/admin/forms.html", context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody is subscribed but by themselves."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Subscriber | None = None) -> Any:
        """With every email that the reader got, for staff who may see those."""
        fieldsets = super().get_fieldsets(request, obj)
        needed = ("newsletter.view_delivery", "subscriptions.view_notice")
        if request.user.has_perms(needed):
            fieldsets = (*fieldsets, ("Emails", {"fields": ("emails",)}))
        return fieldsets

    @display(description="digests and other emails")
    @once
    def emails(self, subscriber: Subscriber) -> SafeString | str:
        """The newest `EMAILS_SHOWN` that were due to the reader, and what became of each."""
        deliveries = subscriber.deliveries.select_related("issue", "interests_of", "letter")
        deliveries = deliveries.order_by("-due_at")
        notices = subscriber.notices.order_by("-due_at")
        rows: list[tuple[Any, str, str]] = []  # of both kinds, which are alike in what is shown
        for delivery in deliveries[:EMAILS_SHOWN]:
            rows.append((delivery, delivery.what, "newsletter_delivery"))
        for notice in notices[:EMAILS_SHOWN]:
            rows.append((notice, notice.get_kind_display(), "subscriptions_notice"))
        rows.sort(key=lambda row: row[0].due_at, reverse=True)
        shown = format_html_join(
            "",
            '<tr><td>{}</td><td><a href="{}">{}</a></td><td>{}</td><td>{}</td></tr>',
            (
                (
                    f"{one.due_at:%Y-%m-%d %H:%M}",
                    reverse(f"admin:{page}_change", args=[one.pk]),
                    what,
                    one.get_state_display(),
                    addresses.text_in(
                        subscriber,
                        " · ".join(
                            filter(None, (one.bounce and f"bounced ({one.bounce})", one.reason))
                        ),
                    ),
                )
                for one, what, page in rows[:EMAILS_SHOWN]
            ),
        )
        if not rows:
            return "none so far"
        # By name: this app knows nothing of deliveries.
        why = format_html(
            '<p><a href="{}?reader={}">Why didn’t they get a paper?</a></p>',
            reverse("admin:newsletter_delivery_why_not"),
            subscriber.pk,
        )
        head = "<tr><th>Due (UTC)</th><th>Email</th><th>State</th><th>Why</th></tr>"
        table = '{}<table class="w-full text-left">{}{}</table>'
        return format_html(table, why, mark_safe(head), shown)  # noqa: S308 - our own words

    @display(
        description="status",
        ordering="status",
        label={
            Subscriber.Status.ACTIVE: "success",
            Subscriber.Status.PENDING: "info",
            Subscriber.Status.LEFT: "warning",
            Subscriber.Status.SUPPRESSED: "danger",
        },
    )
    def shown_status(self, subscriber: Subscriber) -> tuple[str, str]:
        """The status and its words, in its color."""
        return subscriber.status, subscriber.get_status_display()

    @display(description="topics", ordering="topic_count")
    def topic_count(self, subscriber: Subscriber) -> int:
        """How many topics the subscriber follows."""
        count: int = getattr(subscriber, "topic_count", 0)
        return count

    @transaction.atomic
    def save_model(
        self,
        request: HttpRequest,
        obj: Subscriber,
        form: "forms.ModelForm[Subscriber]",
        change: bool,
    ) -> None:
        """Save what an editor changed, on the record, with the next digest it leads to."""
        changed = form.changed_data
        if changed:
            self._keep(obj, changed, f"an editor changed {', '.join(changed)}")

    def after_restore(self, request: HttpRequest, obj: Subscriber, changed: set[str]) -> None:
        """On the record, with the next digest that earlier settings lead to."""
        names = sorted(changed)
        self._keep(obj, names, f"an editor took back a change of {', '.join(names)}")

    def _keep(self, obj: Subscriber, changed: Sequence[str], said: str) -> None:
        now = timezone.now()
        # What the sending did meanwhile is read again, so that saving does not undo it.
        current = Subscriber.objects.select_for_update().get(pk=obj.pk)
        obj.next_digest_at = current.next_digest_at
        obj.next_interests_at = current.next_interests_at
        move_digest(obj, changed, now)
        fields = [*changed, "next_digest_at", "next_interests_at"]
        if "paused_until" in changed:
            obj.pause_reason, obj.bounces_count_after = "", now
            fields += ["pause_reason", "bounces_count_after"]
        obj.save(update_fields=fields)
        obj.record(Consent.Action.CHANGED, now, said)

    def delete_model(self, request: HttpRequest, obj: Subscriber) -> None:
        """Erase the subscriber, from the admin's history as well."""
        personal_data.erase(obj)
