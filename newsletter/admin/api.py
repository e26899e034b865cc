"""Tokens of the API: made, shown once, and revoked; and what programs changed with them."""

import datetime as dt
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
from newsletter.api.tokens import make_token
from newsletter.models import ApiToken, ApiWrite
from newsletter.models.api import SCOPES
from papers.admin.base import ModelAdmin
from papers.admin.large import ForAnySize

USUAL_LIFE = dt.timedelta(days=365)

MAY_SEE_ADDRESSES = "subscriptions.view_subscriber"


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter at run time
    """A new token. Scopes cannot be changed afterwards: make another."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {covers}") for scope, covers in SCOPES.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        required=False,
    )
    may_see_addresses: ClassVar = False

    class Meta:
        """What is typed."""

        model = ApiToken
        fields = ("name", "scopes", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "expires_at" in self.fields and not self.instance.pk:
            self.fields["expires_at"].initial = timezone.now() + USUAL_LIFE

    def clean_scopes(self) -> list[str]:
        """At least one, and no more than its maker may see."""
        chosen: list[str] = self.cleaned_data["scopes"]
        if not chosen:
            raise ValidationError("Choose at least one scope.")
        if "addresses:read" in chosen and not self.may_see_addresses:
            raise ValidationError("Only those who can see subscribers can give this scope.")
        return chosen

    def clean_expires_at(self) -> dt.datetime | None:
        """A time to come, or none."""
        until: dt.datetime | None = self.cleaned_data["expires_at"]
        if until and until <= timezone.now() and "expires_at" in self.changed_data:
            raise ValidationError("This is in the past. To end a token, revoke it.")
        return until


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):
    """Tokens, by what they were made for."""

    list_display = (
        "name",
        "hint",
        "shown_state",
        "shown_scopes",
        "last_used_at",
        "expires_at",
        "created_by",
    )
    search_fields = ("name", "hint")
    form = TokenForm
    actions_detail: ClassVar = ["revoke"]
    history = (
        "hint",
        "shown_state",
        "shown_scopes",
        "created_at",
        "created_by",
        "last_used_at",
        "revoked_at",
        "revoked_by",
    )

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> tuple[str, ...]:
        """Adding takes scopes; afterwards they are shown."""
        if obj is None:
            return ("name", "scopes", "expires_at")
        return ("name", "expires_at", *self.history)

    def get_readonly_fields(
        self, request: HttpRequest, obj: ApiToken | None = None
    ) -> tuple[str, ...]:
        """What is known of a token that is there."""
        return () if obj is None else self.history

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The form, which knows what its maker may see."""
        form = super().get_form(request, obj, **kwargs)
        form.may_see_addresses = request.user.has_perm(MAY_SEE_ADDRESSES)
        return form

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tokens are revoked: what was changed with them stays on record."""
        return False

    @display(
        description="state", label={"valid": "success", "expired": "warning", "revoked": "danger"}
    )
    def shown_state(self, token: ApiToken) -> str:
        """Whether it lets a program in, as a label."""
        if token.revoked_at:
            return "revoked"
        return "valid" if token.is_valid(timezone.now()) else "expired"

    @display(description="scopes")
    def shown_scopes(self, token: ApiToken) -> str:
        """What it may be used for."""
        return ", ".join(token.scopes)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Make the token, or save its name and its end."""
        if change:
            obj.save(update_fields=["name", "expires_at"])
            return
        row, text = make_token(
            obj.name,
            form.cleaned_data["scopes"],
            request.user.get_username(),
            timezone.now(),
            obj.expires_at,
        )
        for field in ApiToken._meta.concrete_fields:
            setattr(obj, field.attname, getattr(row, field.attname))
        obj._state.adding = False
        request.new_token = text  # type: ignore[attr-defined]  # for `response_add`

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the token, this once."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"The token of {obj.name}",
            "secret": request.new_token,  # type: ignore[attr-defined]  # from `save_model`
            "use": "Authorization: Bearer",
            "back": reverse("admin:newsletter_apitoken_changelist"),
            "opts": self.opts,
        }
        answer = TemplateResponse(request, "newsletter/admin/secret.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    @action(description="Revoke", url_path="revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then end the token for good."""
        token = self.get_object(request, unquote(object_id))
        if token is None:
            raise Http404("no such token")
        if not self.has_change_permission(request, token):
            raise PermissionDenied
        page = reverse("admin:newsletter_apitoken_change", args=[token.pk])
        if request.method == "POST":
            if token.revoke(timezone.now(), request.user.get_username()):
                self.log_change(request, token, "revoked")
                self.message_user(request, "The token was revoked. Requests with it are refused.")
            else:
                self.message_user(request, "It had already been revoked.", messages.WARNING)
            return HttpResponseRedirect(page)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Revoke the token of {token.name}?",
            "question": "Programs that use it will be refused. This can’t be undone.",
            "button": "Revoke it",
            "opts": self.opts,
        }
        return TemplateResponse(request, "newsletter/admin/ask.html", context)


@admin.register(ApiWrite)
class ApiWriteAdmin(ReadOnly, ForAnySize, ModelAdmin):
    """What programs changed, with which token, and who had made that."""

    list_display = ("at", "action", "target", "token", "made_by")
    list_filter = ("action", "at")
    filtered_when_few = ("action", "at")
    list_select_related = ("token",)
    search_fields = ("target__exact",)
    search_help_text = "What was changed, such as topic:robots or subscriber:12."
    fields = ("at", "action", "target", "token", "made_by", "before", "after", "request_id")
    show_full_result_count = False
