"""What an editor decided about papers."""

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from papers.admin.base import TITLE_SHOWN, ModelAdmin
from papers.models import Pick
from papers.text.cleaning import shorten


@admin.register(Pick)
class PickAdmin(ModelAdmin):
    """An editor's hand on a paper for a day."""

    list_display = ("day", "kind", "short_title", "position", "note", "created_by")
    list_display_links = ("day", "short_title")
    list_filter = ("kind",)
    list_select_related = ("paper", "created_by")
    date_hierarchy = "day"
    search_fields = ("paper__title", "paper__identifier", "note")
    autocomplete_fields = ("paper",)
    fields = ("day", "paper", "kind", "note", "position")

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
