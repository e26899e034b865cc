"""What an editor decided about papers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from papers import in_bulk
from papers.admin.base import TITLE_SHOWN, ModelAdmin
from papers.admin.bulk import bulk_deletion
from papers.admin.large import FoundByPaper
from papers.models import Pick
from papers.picking import check_day
from papers.text.cleaning import shorten


class PickForm(forms.ModelForm[Pick]):
    """A pick whose day can still carry it."""

    class Meta:
        """What an editor fills in."""

        model = Pick
        fields = ("day", "paper", "kind", "note", "position")

    def clean(self) -> dict[str, Any] | None:
        """Refuse pins and notes that no issue can carry. A hide works from any day on."""
        cleaned = super().clean() or {}
        day, kind = cleaned.get("day"), cleaned.get("kind")
        is_new = not self.instance.pk or {"day", "kind"} & set(self.changed_data)
        if day is not None and kind in (Pick.Kind.PIN, Pick.Kind.NOTE) and is_new:
            try:
                check_day(day)
            except ValidationError as error:
                self.add_error("day", error)
        return cleaned


@admin.register(Pick)
class PickAdmin(FoundByPaper, ModelAdmin):
    """An editor's hand on a paper for a day."""

    form = PickForm
    list_display = ("day", "kind", "short_title", "position", "note", "created_by")
    list_display_links = ("day", "short_title")
    list_filter = ("kind",)
    list_select_related = ("paper", "created_by")
    list_per_page = 50
    date_hierarchy = "day"
    search_fields = ("paper__title", "paper__identifier", "note")
    autocomplete_fields = ("paper",)
    fields = ("day", "paper", "kind", "note", "position")
    actions = ("delete_selected",)
    delete_selected = bulk_deletion(in_bulk.DELETE_PICKS)
    restorable = ("kind", "note", "position")

    @admin.display(description="paper", ordering="paper__title")
    def short_title(self, pick: Pick) -> str:
        """The paper's title, shortened."""
        return shorten(pick.paper.title, TITLE_SHOWN)

    def save_model(
        self, request: HttpRequest, obj: Pick, form: forms.ModelForm[Pick], change: bool
    ) -> None:
        """Remember whose hand it was."""
        if not change and request.user.is_authenticated:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)
