"""Correcting an issue that is out: hide a paper, put another in its place, mend its card."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import action

from newsletter.issues import corrections
from newsletter.models import Issue, IssuePaper
from papers.identifiers import UnknownIdentifier, identifier
from papers.models import Paper, Pick
from papers.picking import decide

ON_A_PAGE = 100
LONGEST = {"title": 500, "note": 300, "excerpt": 1_000}


class CorrectionForm(forms.Form):
    """What a card says from now on, or which paper stands there."""

    title = forms.CharField(max_length=LONGEST["title"])
    note = forms.CharField(required=False, max_length=LONGEST["note"], label="Editor’s note")
    excerpt = forms.CharField(
        required=False, max_length=LONGEST["excerpt"], widget=forms.Textarea({"rows": 4})
    )
    abstract_url = forms.URLField(
        required=False, max_length=500, label="Abstract", assume_scheme="https"
    )
    pdf_url = forms.URLField(required=False, max_length=500, label="PDF", assume_scheme="https")
    code_url = forms.URLField(required=False, max_length=500, label="Code", assume_scheme="https")
    project_url = forms.URLField(
        required=False, max_length=500, label="Project", assume_scheme="https"
    )
    free_url = forms.URLField(
        required=False, max_length=500, label="Free copy", assume_scheme="https"
    )
    replacement = forms.CharField(
        required=False,
        max_length=300,
        label="Another paper instead",
        help_text="Its identifier or link, such as arxiv:2606.01234. The other fields then "
        "come from that paper.",
    )
    reason = forms.CharField(required=False, max_length=200, label="Why, for other editors")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "desk-wide"

    def clean_replacement(self) -> Paper | None:
        """The paper that is meant."""
        said = self.cleaned_data["replacement"].strip()
        if not said:
            return None
        try:
            name = identifier(said)
        except UnknownIdentifier as error:
            raise ValidationError(str(error)) from None
        found = Paper.objects.called(name)
        if found is None:
            raise ValidationError("This paper isn’t on the site. Add it under Papers first.")
        return found


class Corrections:
    """For the pages of an issue."""

    # Of the admin that this is part of.
    admin_site: Any
    opts: Any
    get_object: Any
    message_user: Any
    log_change: Any
    has_change_permission: Any

    def correction_urls(self) -> list[URLPattern]:
        """Where one place of an issue is corrected."""
        return [
            path(
                "<path:object_id>/correct/<int:place>/",
                self.admin_site.admin_view(self.correct_place),
                name="newsletter_issue_correct_place",
            )
        ]

    @action(description="Correct", url_path="correct", permissions=["change"])
    def correct(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The issue's papers, each to be hidden, replaced or mended."""
        issue = self._issue(request, object_id)
        places = IssuePaper.objects.filter(issue=issue).order_by("rank")
        page = Paginator(
            places.select_related("paper", "correction", "correction__made_by"), ON_A_PAGE
        ).get_page(request.GET.get("page"))
        hidden = set(
            Pick.objects.hides()
            .filter(paper__in=[place.paper_now for place in page])
            .values_list("paper_id", flat=True)
        )
        context = {
            **self.admin_site.each_context(request),
            "title": f"Correct: {issue}",
            "original": issue,
            "page": page,
            "rows": [(place, place.card_now, place.paper_now in hidden) for place in page],
            "opts": self.opts,
        }
        return render(request, "newsletter/admin/correct.html", context)

    def correct_place(self, request: HttpRequest, object_id: str, place: int) -> HttpResponse:
        """Mend, replace or hide one paper of an issue, or take that back."""
        issue = self._issue(request, object_id)
        if not self.has_change_permission(request, issue):
            raise PermissionDenied
        rows = IssuePaper.objects.select_related("paper", "correction__paper", "issue")
        found = rows.filter(issue=issue, pk=place).first()
        if found is None:
            raise Http404
        card = found.card_now
        initial = {name: card.get(name) or "" for name in corrections.MENDED}
        form = CorrectionForm(request.POST or None, initial=initial)
        what = request.POST.get("what", "")
        if request.method == "POST" and what in ("hide", "show"):
            return self._hide(request, issue, found, is_hidden=what == "hide")
        if request.method == "POST" and what == "take_back":
            if corrections.take_back(found):
                self.log_change(request, issue, f"Undid the correction of rank {found.rank}.")
                self.message_user(request, "The issue shows the original again.", messages.SUCCESS)
            return redirect("admin:newsletter_issue_correct", issue.pk)
        if request.method == "POST" and form.is_valid():
            try:
                self._correct(request, found, form)
            except corrections.NotReplaceable as error:
                form.add_error("replacement", str(error))
            else:
                self.log_change(request, issue, f"Corrected rank {found.rank}: {card['title']}")
                said = "Corrected. Pages, feeds and digests that haven’t gone out show it."
                self.message_user(request, said, messages.SUCCESS)
                return redirect("admin:newsletter_issue_correct", issue.pk)
        hides = Pick.objects.hides().filter(paper=found.paper_now)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Correct “{card['title']}”",
            "original": issue,
            "place": found,
            "form": form,
            "is_hidden": hides.exists(),
            "opts": self.opts,
        }
        return render(request, "newsletter/admin/correct_place.html", context)

    def _correct(self, request: HttpRequest, place: IssuePaper, form: CorrectionForm) -> None:
        said = form.cleaned_data
        more = {"by": request.user, "reason": said["reason"]}
        if said["replacement"] is not None:
            corrections.replace(place, said["replacement"], timezone.now(), **more)
            return
        wanted = {name: said[name] for name in corrections.MENDED if name in form.changed_data}
        if wanted:
            corrections.mend(place, wanted, timezone.now(), **more)

    def _hide(
        self, request: HttpRequest, issue: Issue, place: IssuePaper, *, is_hidden: bool
    ) -> HttpResponse:
        user: Any = request.user
        if not user.has_perms(("papers.add_pick", "papers.delete_pick")):
            raise PermissionDenied
        if is_hidden:
            paper = Paper.objects.get(pk=place.paper_now)
            decide(issue.day, paper, is_hidden=True, by=request.user)
            said = "Hidden everywhere. Digests that haven’t gone out won’t include it."
        else:
            Pick.objects.hides().filter(paper=place.paper_now).delete()
            said = "Shown again. Digests that haven’t gone out may include it."
        self.log_change(request, issue, f"{said} Rank {place.rank}.")
        self.message_user(request, said, messages.SUCCESS)
        return redirect(reverse("admin:newsletter_issue_correct", args=[issue.pk]))

    def _issue(self, request: HttpRequest, object_id: str) -> Issue:
        issue: Issue | None = self.get_object(request, unquote(str(object_id)))
        if issue is None:
            raise Http404("no such issue")
        return issue
