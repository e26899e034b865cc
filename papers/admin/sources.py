"""Sources, and what they listed."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from papers.admin.base import TITLE_SHOWN
from papers.models import Feature, Source
from papers.text.cleaning import shorten


@admin.register(Source)
class SourceAdmin(ModelAdmin):
    """Sources: how the last fetch went, and whether there is a next one."""

    list_display = ("name", "slug", "kind", "is_active", "last_fetched_at", "last_error")
    list_filter = ("is_active", "kind")
    search_fields = ("name", "slug")
    fields = ("name", "slug", "kind", "is_active", "last_fetched_at", "last_error")
    readonly_fields = ("slug", "kind", "last_fetched_at", "last_error")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one source of each kind, and it is there from the start."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What it gave refers to it; deactivate it."""
        return False


@admin.register(Feature)
class FeatureAdmin(ModelAdmin):
    """What sources listed, day by day."""

    list_display = ("day", "short_title", "source", "submitted_by", "submitted_at")
    list_filter = ("source",)
    list_select_related = ("paper", "source")
    date_hierarchy = "day"
    search_fields = ("paper__title", "paper__identifier", "submitted_by")
    ordering = ("-day", "-id")
    list_per_page = 50
    show_full_result_count = False
    fields: ClassVar = ["paper", "source", "day", "submitted_by", "submitted_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Features are what sources say."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """And stay what they said."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """And that they said it."""
        return False

    @admin.display(description="paper", ordering="paper__title")
    def short_title(self, feature: Feature) -> str:
        """The paper's title, shortened."""
        return shorten(feature.paper.title, TITLE_SHOWN)
