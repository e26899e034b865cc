"""Coming issues: what an editor prepares before a day is frozen."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from newsletter.admin import examples, today
from newsletter.delivery.examples import Example
from newsletter.models import IssueDraft
from papers.admin.base import ModelAdmin
from papers.days import feature_day, next_weekday
from papers.ingest import issue_days
from papers.models import Paper, Pick
from papers.picking import check_day


class IssueDraftForm(forms.ModelForm[IssueDraft]):
    """A draft of a day that can still have one."""

    class Meta:
        """What an editor fills in."""

        model = IssueDraft
        fields = ("day", "publishing", "note", "subject", "preview_line")

    def clean(self) -> dict[str, Any] | None:
        """Refuse a day that can never carry what is prepared here."""
        cleaned = super().clean()
        day = (cleaned or {}).get("day")
        if day is not None:
            try:
                check_day(day)
            except ValidationError as error:
                self.add_error("day", error)
        return cleaned


@admin.register(IssueDraft)
class IssueDraftAdmin(ModelAdmin):
    """Coming issues: note, subject, preview line, and whether they wait for approval."""

    form = IssueDraftForm
    list_display = ("day", "publishing", "subject", "papers", "picks", "changed_by")
    list_display_links = ("day",)
    list_select_related = ("changed_by",)
    fields = ("day", "publishing", "subject", "preview_line", "note", "papers", "picks")
    readonly_fields = ("papers", "picks")
    restorable = ("publishing", "subject", "preview_line", "note")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The next day that is still open, unless the address names another."""
        day = feature_day(timezone.now())
        while issue_days.is_closed(day) or IssueDraft.objects.filter(day=day).exists():
            day = next_weekday(day)
        return {"day": day} | super().get_changeform_initial_data(request)

    def get_urls(self) -> list[URLPattern]:
        """The list's, and where the start page's form about a day's papers goes."""
        mine = [
            path(
                "day/<str:day>/",
                self.admin_site.admin_view(self.arrange),
                name="newsletter_issuedraft_arrange",
            ),
            path(
                "day/<str:day>/example/",
                self.admin_site.admin_view(self.example),
                name="newsletter_issuedraft_example",
            ),
        ]
        return [*mine, *super().get_urls()]

    def example(self, request: HttpRequest, day: str) -> HttpResponse:
        """The digest of an example reader, were the day frozen now; sent to oneself on request."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            wanted = dt.date.fromisoformat(day)
        except ValueError:
            raise Http404("no such day") from None
        context = {
            **self.admin_site.each_context(request),
            "title": f"Preview: {wanted:%A, %-d %B %Y}, as it is now",
            "opts": self.opts,
        }
        return examples.page(
            request,
            Example(day=wanted),
            context,
            may_test=self.has_change_permission(request),
            log=lambda said: _log_of_day(self, request, wanted, said),
        )

    def arrange(self, request: HttpRequest, day: str) -> HttpResponse:
        """Pin, order, hide and annotate the papers of a day."""
        try:
            return today.arrange(request, dt.date.fromisoformat(day), self.admin_site)
        except ValueError:
            raise Http404("no such day") from None

    @display(description="papers so far")
    def papers(self, draft: IssueDraft) -> SafeString | str:
        """How many papers the day has by now, and where to see them."""
        if not draft.pk:
            return "–"
        count = Paper.objects.of_day(draft.day).count()
        return format_html(
            '<a href="{}">{}</a>', reverse("newsletter:day", args=[draft.day]), count
        )

    @display(description="pins, hides and notes")
    def picks(self, draft: IssueDraft) -> str:
        """How many picks the day has."""
        return str(Pick.objects.filter(day=draft.day).count()) if draft.pk else "–"

    def save_model(
        self,
        request: HttpRequest,
        obj: IssueDraft,
        form: forms.ModelForm[IssueDraft],
        change: bool,
    ) -> None:
        """Remember whose hand it was."""
        if request.user.is_authenticated:
            obj.changed_by = request.user
        super().save_model(request, obj, form, change)


def _log_of_day(drafts: IssueDraftAdmin, request: HttpRequest, day: dt.date, said: str) -> None:
    """Record it with the day's draft, where there is one."""
    draft = IssueDraft.objects.filter(day=day).first()
    if draft is not None:
        drafts.log_change(request, draft, said)
