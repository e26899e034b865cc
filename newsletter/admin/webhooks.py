"""Webhooks: who is told of what, tests, secrets, and the log of what was sent."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from newsletter.admin.base import ReadOnly
from newsletter.delivery import in_bulk
from newsletter.models import Webhook, WebhookMessage
from newsletter.models.webhook import KINDS
from newsletter.webhooks import recording, secrets, sending
from papers.admin.base import ModelAdmin
from papers.admin.bulk import bulk_action
from papers.admin.large import CountsWhatGoes, ForAnySize, one_of

MAY_SEE_ADDRESSES = "subscriptions.view_subscriber"


class WebhookForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter at run time
    """Where to, and what of."""

    kinds = forms.MultipleChoiceField(
        label="Events",
        choices=[(kind, f"{kind}: {when}") for kind, when in KINDS.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )

    class Meta:
        """What is typed."""

        model = Webhook
        fields = ("name", "url", "kinds", "with_addresses", "is_active")

    def clean_url(self) -> str:
        """An address that may be posted to."""
        url: str = self.cleaned_data["url"].strip()
        if "url" in self.changed_data and (fault := sending.url_fault(url)):
            raise ValidationError(fault)
        return url


@admin.register(Webhook)
class WebhookAdmin(CountsWhatGoes, ModelAdmin):
    """Receivers of events."""

    list_display = ("name", "shown_url", "shown_state", "last_success_at", "last_error")
    search_fields = ("name", "url")
    form = WebhookForm
    actions_detail: ClassVar = ["send_test", "show_secret", "rotate_secret"]
    history = (
        "shown_state",
        "disabled_because",
        "failing_since",
        "last_error",
        "last_success_at",
        "created_at",
        "created_by",
    )

    def get_fields(self, request: HttpRequest, obj: Webhook | None = None) -> tuple[str, ...]:
        """What is typed; of one that is there, how it does."""
        typed = ("name", "url", "kinds", "with_addresses", "is_active")
        return typed if obj is None else (*typed, *self.history)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Webhook | None = None
    ) -> tuple[str, ...]:
        """How it does, and for whom may not see subscribers whether it gets addresses."""
        fixed = () if obj is None else self.history
        if request.user.has_perm(MAY_SEE_ADDRESSES):
            return fixed
        # A new address for one that gets them would be a way to see them.
        is_told = obj is not None and obj.with_addresses
        return (*fixed, "with_addresses", *(("url",) if is_told else ()))

    @display(description="address")
    def shown_url(self, webhook: Webhook) -> str:
        """The address, cut."""
        return webhook.url[:60]

    @display(
        description="state", label={"active": "success", "off": "warning", "failing": "danger"}
    )
    def shown_state(self, webhook: Webhook) -> str:
        """Whether it is told anything, and takes it, as a label."""
        if not webhook.is_active:
            return "off"
        return "failing" if webhook.failing_since else "active"

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        """Save; switched on again, it begins anew."""
        if not change:
            obj.created_at, obj.created_by = timezone.now(), request.user.get_username()
            obj.save()
            return
        obj.save(update_fields=form.changed_data)
        if obj.is_active and "is_active" in form.changed_data:
            sending.enable(obj)

    def response_add(
        self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret that the receiver needs."""
        return self._secret(request, obj, secrets.secret_of(obj))

    @action(description="Send a test", url_path="send-test", permissions=["change"])
    def send_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Queue a test, and lead to what becomes of it."""
        webhook = self._webhook(request, object_id)
        page = reverse("admin:newsletter_webhook_change", args=[webhook.pk])
        if request.method != "POST":
            said = f"This sends a webhook.test message to {webhook.url[:100]}."
            return self._ask(request, f"Send a test to {webhook}?", said, "Send it")
        if not webhook.is_active:
            self.message_user(request, "This webhook is off. Switch it on first.", messages.ERROR)
            return HttpResponseRedirect(page)
        recording.test(webhook, timezone.now())
        self.log_change(request, webhook, "sent a test")
        said = "The test is on its way. See the result in its line below."
        self.message_user(request, said, messages.SUCCESS)
        messages_of = reverse("admin:newsletter_webhookmessage_changelist")
        return HttpResponseRedirect(f"{messages_of}?webhook__id__exact={webhook.pk}")

    @action(description="Show the secret", url_path="secret", permissions=["change"])
    def show_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the secret, on record."""
        webhook = self._webhook(request, object_id)
        if request.method != "POST":
            said = "Anyone who knows it can send its receiver messages in your name."
            return self._ask(request, f"Show the secret of {webhook}?", said, "Show it")
        self.log_change(request, webhook, "showed the secret")
        return self._secret(request, webhook, secrets.secret_of(webhook))

    @action(description="New secret", url_path="rotate", permissions=["change"])
    def rotate_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then make a new secret and show it."""
        webhook = self._webhook(request, object_id)
        if request.method != "POST":
            said = "For one day, messages are also signed with the current secret."
            return self._ask(request, f"Create a new secret for {webhook}?", said, "Make it")
        secret = secrets.rotate(webhook, timezone.now())
        self.log_change(request, webhook, "made a new secret")
        return self._secret(request, webhook, secret)

    def _webhook(self, request: HttpRequest, object_id: str) -> Webhook:
        webhook: Webhook | None = self.get_object(request, unquote(object_id))
        if webhook is None:
            raise Http404("no such webhook")
        if not self.has_change_permission(request, webhook):
            raise PermissionDenied
        return webhook

    def _ask(self, request: HttpRequest, title: str, said: str, button: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "question": said,
            "button": button,
            "opts": self.opts,
        }
        return TemplateResponse(request, "newsletter/admin/ask.html", context)

    def _secret(self, request: HttpRequest, webhook: Webhook, secret: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"The secret of {webhook}",
            "secret": secret,
            "use": "Signing secret (Standard Webhooks)",
            "can_be_seen_again": True,
            "back": reverse("admin:newsletter_webhook_change", args=[webhook.pk]),
            "opts": self.opts,
        }
        answer = TemplateResponse(request, "newsletter/admin/secret.html", context)
        answer["Cache-Control"] = "no-store"
        return answer


EventFilter = one_of("event__kind", KINDS, "event")


@admin.register(WebhookMessage)
class WebhookMessageAdmin(ReadOnly, ForAnySize, ModelAdmin):
    """What was sent to whom, and what came of it."""

    list_display = ("pk", "kind", "webhook", "shown_state", "attempts", "status", "error", "at")
    list_filter = ("state", "webhook", EventFilter)
    filtered_when_few = (EventFilter,)
    list_select_related = ("webhook", "event")
    list_per_page = 50
    show_full_result_count = False
    actions = ("resend",)
    resend = bulk_action(in_bulk.RESEND_MESSAGES, "resend")
    fields = (
        "webhook",
        "message_id",
        "kind",
        "at",
        "shown_state",
        "attempts",
        "status",
        "error",
        "not_before",
        "settled_at",
        "data",
    )

    @display(description="event", ordering="event__kind")
    def kind(self, message: WebhookMessage) -> str:
        """What is told."""
        return message.event.kind

    @display(description="happened at", ordering="event__at")
    def at(self, message: WebhookMessage) -> Any:
        """When it happened."""
        return message.event.at

    @display(description="webhook-id")
    def message_id(self, message: WebhookMessage) -> str:
        """What the receiver tells repeated messages by."""
        return f"msg_{message.event_id.hex}"

    @display(description="data")
    def data(self, message: WebhookMessage) -> str:
        """What is told, without an address."""
        return str(message.event.data)

    @display(description="state", label={"sent": "success", "pending": "info", "failed": "danger"})
    def shown_state(self, message: WebhookMessage) -> str:
        """The state as a label."""
        return message.state

    def has_resend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may change webhook messages; nothing else of them can be changed."""
        return request.user.has_perm("newsletter.change_webhookmessage")
