"""What readers submit: accept a paper, or decline it for a reason."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminTextInputWidget

from papers.admin.base import ModelAdmin
from papers.admin.bulk import bulk_action, bulk_deletion
from papers.admin.large import ForAnySize
from papers.identifiers import page_of
from papers.sources.record import Author
from papers.text.cleaning import shorten
from subscriptions.models import Submission
from subscriptions.readers import in_bulk

TITLE_SHOWN = 100
"""Characters of a title in the list."""


class ReasonForm(ActionForm):
    """The reason for declining, beside the choice of what to do."""

    reason = forms.CharField(
        label="",
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget(
            attrs={"placeholder": "Reason for declining (the reader sees it)"}
        ),
    )


@admin.register(Submission)
class SubmissionAdmin(ForAnySize, ModelAdmin):
    """Papers that readers want on the list. What was said of them is only read."""

    list_display = ("shown_title", "shown_state", "submitted_at", "subscriber", "name", "reason")
    list_filter = ("state",)
    list_select_related = ("subscriber",)
    list_per_page = 50
    sorted_when_large = ("submitted_at",)
    search_fields = ("identifier", "title")
    search_help_text = "Part of a title or an identifier."
    actions = ("accept", "decline", "delete_selected")
    accept = bulk_action(in_bulk.ACCEPT)
    decline = bulk_action(in_bulk.DECLINE)
    delete_selected = bulk_deletion(in_bulk.DELETE_SUBMISSIONS)
    action_form = ReasonForm
    fields = readonly_fields = (
        "identifier",
        "title",
        "abstract",
        "authors",
        "page",
        "state",
        "reason",
        "name",
        "subscriber",
        "submitted_at",
        "decided_at",
        "paper",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Readers submit; an editor picks."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was submitted stays as it was; the actions decide. Asked about the whole list, this
        says whether somebody may decide.
        """
        return obj is None and bool(super().has_change_permission(request, obj))

    @display(description="paper", ordering="title")
    def shown_title(self, submission: Submission) -> str:
        """The title, or the identifier while there is none."""
        return shorten(submission.title, TITLE_SHOWN) or submission.identifier

    @display(
        description="state",
        ordering="state",
        label={
            Submission.State.WAITING: "warning",
            Submission.State.ACCEPTED: "success",
            Submission.State.DECLINED: "danger",
            Submission.State.CHECKING: "info",
        },
    )
    def shown_state(self, submission: Submission) -> tuple[str, str]:
        """The state and its words, in its color."""
        return submission.state, submission.get_state_display()

    @admin.display(description="abstract")
    def abstract(self, submission: Submission) -> str:
        """As it was found."""
        return submission.facts.get("abstract") or "–"

    @admin.display(description="authors")
    def authors(self, submission: Submission) -> str:
        """As they were found."""
        authors = map(Author.from_json, submission.facts.get("authors", ()))
        return ", ".join(author.name for author in authors) or "–"

    @admin.display(description="page")
    def page(self, submission: Submission) -> SafeString:
        """Where the paper is read."""
        address = page_of(submission.identifier)
        return format_html('<a href="{}" rel="noreferrer">{}</a>', address, address)
