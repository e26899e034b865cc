"""Matches with their evidence, and an editor's word on them."""

from typing import Any

from django import forms
from django.contrib import admin

from papers import in_bulk
from papers.admin.base import TITLE_SHOWN, ModelAdmin
from papers.admin.bulk import bulk_action, bulk_deletion
from papers.admin.large import FoundByPaper
from papers.models import Match
from papers.text.cleaning import shorten


class MatchForm(forms.ModelForm[Match]):
    """An editor's word on a paper and a topic, also where no match was found."""

    class Meta:
        """Matching fills in the rest."""

        model = Match
        fields = ("paper", "topic", "verdict")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in {"paper", "topic"} & set(self.fields):
                self.fields[name].disabled = True  # what a match is about never changes
        else:
            self.instance.score = 0.0
            self.instance.is_sendable = False

    def clean(self) -> dict[str, Any] | None:
        """Refuse a second word on a topic; within a paper's page Django does not look for it."""
        cleaned = super().clean()
        topic = self.cleaned_data.get("topic")
        paper = self.cleaned_data.get("paper")
        known = Match.objects.filter(paper=paper, topic=topic).exclude(pk=self.instance.pk)
        if paper and topic and known.exists():
            self.add_error(
                "topic", ("The paper already has this topic. Change the verdict there instead.")
            )
        return cleaned


@admin.register(Match)
class MatchAdmin(FoundByPaper, ModelAdmin):
    """Matches with their evidence; an editor's word is never overruled."""

    form = MatchForm
    list_display = ("short_title", "topic", "shown_score", "is_sendable", "verdict", "why")
    list_filter = ("verdict", "is_sendable", "second_look", "topic")
    filtered_when_few = ("is_sendable",)
    list_select_related = ("paper", "topic")
    search_fields = ("paper__title", "paper__identifier", "topic__name")
    ordering = ("-paper_id", "-score")
    list_per_page = 50
    show_full_result_count = False
    autocomplete_fields = ("paper", "topic")
    actions = ("pin", "veto", "leave_to_matching", "delete_selected")
    pin = bulk_action(in_bulk.PIN)
    veto = bulk_action(in_bulk.VETO)
    leave_to_matching = bulk_action(in_bulk.LEAVE_TO_MATCHING)
    delete_selected = bulk_deletion(in_bulk.DELETE_MATCHES)
    restorable = ("verdict",)

    @admin.display(description="paper", ordering="paper__title")
    def short_title(self, match: Match) -> str:
        """The paper's title, shortened."""
        return shorten(match.paper.title, TITLE_SHOWN)

    @admin.display(description="score", ordering="score")
    def shown_score(self, match: Match) -> str:
        """The score, to two decimals."""
        return f"{match.score:.2f}"

    @admin.display(description="evidence")
    def why(self, match: Match) -> str:
        """The evidence as readers see it."""
        return match.why or "–"
