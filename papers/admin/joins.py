"""Papers that are one work, or may be: the evidence, the questions, and the way back."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from papers import in_bulk
from papers.admin.base import TITLE_SHOWN, ModelAdmin
from papers.admin.bulk import bulk_action
from papers.admin.large import FoundByPaper
from papers.models import Join, Paper
from papers.text.cleaning import shorten

ABSTRACT_SHOWN = 1_500


@admin.register(Join)
class JoinAdmin(FoundByPaper, ModelAdmin):
    """Pairs of papers that the rules joined or ask about. An editor joins, or keeps apart."""

    list_display = ("pair", "shown_state", "evidence_in_short", "created_at", "decided_by")
    list_filter = ("state",)
    list_select_related = ("first", "second", "decided_by")
    list_per_page = 50
    ordering = ("-id",)
    paper = ("first", "second")
    search_fields = (
        "first__title",
        "first__identifier",
        "second__title",
        "second__identifier",
    )
    search_help_text = "Part of a title or an identifier."
    actions = ("join", "keep_apart")
    join = bulk_action(in_bulk.JOIN)
    keep_apart = bulk_action(in_bulk.KEEP_APART)
    fields = readonly_fields = (
        "shown_state",
        "first_paper",
        "second_paper",
        "evidence_in_words",
        "created_at",
        "decided_at",
        "decided_by",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The rules find pairs."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Without the row, the rules would join the two again: keep them apart instead."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The actions decide. Asked about the whole list, this says whether somebody may."""
        return obj is None and bool(super().has_change_permission(request, obj))

    @display(description="papers")
    def pair(self, join: Join) -> SafeString:
        """Both titles, with what each is called."""
        rows = [
            (shorten(paper.title, TITLE_SHOWN), paper.identifier)
            for paper in (join.first, join.second)
        ]
        return format_html("{}<br>{}<br>{}<br>{}", *rows[0], *rows[1])

    @display(
        description="state",
        ordering="state",
        label={
            Join.State.JOINED: "success",
            Join.State.CONFIRMED: "success",
            Join.State.QUESTION: "warning",
            Join.State.REFUSED: "danger",
        },
    )
    def shown_state(self, join: Join) -> tuple[str, str]:
        """The state and its words, in its color."""
        return join.state, join.get_state_display()

    @admin.display(description="evidence")
    def evidence_in_short(self, join: Join) -> str:
        """What the rules saw, in a line."""
        return "; ".join(in_words(join.evidence))

    @admin.display(description="evidence")
    def evidence_in_words(self, join: Join) -> SafeString:
        """What the rules saw, a line each."""
        return format_html("{}", "\n".join(in_words(join.evidence)))

    @admin.display(description="first")
    def first_paper(self, join: Join) -> SafeString:
        """The one paper, as far as it helps to compare."""
        return self._paper(join.first)

    @admin.display(description="second")
    def second_paper(self, join: Join) -> SafeString:
        """The other."""
        return self._paper(join.second)

    @staticmethod
    def _paper(paper: Paper) -> SafeString:
        return format_html(
            '<a href="{}">{}</a> ({}, {})<br>{}<br>{}',
            reverse("admin:papers_paper_change", args=[paper.pk]),
            paper.title,
            paper.identifier,
            paper.published_on or "no date",
            shorten(", ".join(map(str, paper.authors)), 500) or "no authors",
            shorten(paper.abstract, ABSTRACT_SHOWN) or "no abstract",
        )


def in_words(evidence: dict[str, Any]) -> list[str]:
    """What the rules saw, as sentences for an editor."""
    common, fewer = evidence.get("authors_in_common", 0), evidence.get("authors_of_fewer", 0)
    said = [*evidence.get("claims", ()), *evidence.get("relations", ())]
    return [
        ", ".join(said) or "no facts",
        "same title" if evidence.get("titles_equal") else "different titles",
        f"{common} last names in common, of {fewer} in the shorter list",
        f"abstracts overlap by {evidence.get('abstracts_alike', 0)} of 100",
    ]
