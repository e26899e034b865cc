"""Ending topics and moving their readers: a preview, then the change, then perhaps a letter."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from papers import audit
from papers.admin.base import ModelAdmin, RowsField
from papers.models import Topic
from subscriptions.models import TopicChange
from subscriptions.notices.due import wake
from subscriptions.readers import topic_changes


class ChangeForm(forms.Form):
    """Which topics end, and which go on for their readers."""

    ended = RowsField(
        Topic.objects.none(),
        label="End these topics",
        widget=forms.SelectMultiple({"size": 10, "class": "desk-wide"}),
    )
    successors = RowsField(
        Topic.objects.none(),
        required=False,
        label="Their readers follow these instead",
        widget=forms.SelectMultiple({"size": 10, "class": "desk-wide"}),
        help_text="One for a merge or a new name, several for a split, none to retire the topic.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("ended", "successors"):
            field = self.fields[name]
            assert isinstance(field, RowsField)
            field.queryset = Topic.objects.order_by("name")

    def clean(self) -> dict[str, Any]:
        """Refuse what makes no sense, with the reason."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                topic_changes.check(list(cleaned["ended"]), list(cleaned["successors"]))
            except topic_changes.NotPossible as error:
                raise forms.ValidationError(str(error)) from None
        return cleaned


@admin.register(TopicChange)
class TopicChangeAdmin(ModelAdmin):
    """Merges, splits, successors and ends of topics."""

    list_display = ("words", "made_at", "made_by", "moved", "left")
    list_select_related = ("made_by",)
    fields = readonly_fields = ("words", "made_at", "made_by", "moved", "left")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who may change topics, too: both are changed."""
        user: Any = request.user
        may_add: bool = super().has_add_permission(request)
        return may_add and bool(user.has_perm("papers.change_topic"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was done stays on record as it was."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As above."""
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Choose topics, see who gets more or less, then do it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        now = timezone.now()
        chosen = {"ended": request.GET.getlist("topic")}
        form = ChangeForm(request.POST or None, initial=chosen)
        found = None
        if request.method == "POST" and form.is_valid():
            ended = list(form.cleaned_data["ended"])
            successors = list(form.cleaned_data["successors"])
            if "_change" in request.POST:
                return self._change(request, ended, successors)
            found = topic_changes.preview(ended, successors, now)
        context = {
            **self.admin_site.each_context(request),
            "title": "Merge, split or retire topics",
            "opts": self.opts,
            "form": form,
            "found": found,
            "most": topic_changes.MOST_COUNTED,
        }
        return TemplateResponse(request, "subscriptions/admin/topic_change.html", context)

    def _change(
        self, request: HttpRequest, ended: list[Topic], successors: list[Topic]
    ) -> HttpResponse:
        now = timezone.now()
        before = audit.snapshot(Topic, [topic.pk for topic in ended])
        made = topic_changes.change(ended, successors, now, request.user)
        changes = audit.differences(before, audit.snapshot(Topic, made.ended))
        audit.record(request, str(made), ended, changes=changes)
        self.log_addition(request, made, [{"added": {}}])
        if topic_changes.tell_the_stranded(now):
            wake()
        self.message_user(
            request,
            f"{made}. {made.moved:,} readers follow something new, {made.left:,} who are left "
            "with nothing are told so by email.",
            messages.SUCCESS,
        )
        user: Any = request.user
        if "_letter" in request.POST and successors and user.has_perm("newsletter.add_letter"):
            # By name: letters are written in the app above.
            return redirect(f"{reverse('admin:newsletter_letter_add')}?change={made.pk}")
        return redirect("admin:subscriptions_topicchange_changelist")
