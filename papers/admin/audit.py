"""Who changed what: all that people did by hand, to look at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from papers.admin.base import ModelAdmin, changes_in_html, shown
from papers.admin.large import ForAnySize
from papers.audit import MOST_NAMED
from papers.models import AuditedObject, AuditEntry


class PersonFilter(admin.SimpleListFilter):
    """Whose actions. Accounts are few."""

    title = "person"
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those who may log in to the admin."""
        users = AuditEntry._meta.get_field("user").related_model._default_manager
        names = users.filter(is_staff=True).order_by("username").values_list("username", flat=True)
        return [(name, name) for name in names[:50]]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Only that person's."""
        return queryset.filter(by=self.value()) if self.value() else queryset


class ModelFilter(admin.SimpleListFilter):
    """What kind of thing."""

    title = "kind of thing"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The models of the admin."""
        models = sorted(admin.site._registry, key=lambda model: str(model._meta.verbose_name))
        return [(model._meta.label_lower, str(model._meta.verbose_name)) for model in models]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Only what was done to these."""
        return queryset.filter(model=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ForAnySize, ModelAdmin):
    """The record of actions. Nobody adds, changes or deletes an entry."""

    list_display = ("at", "by", "what", "kind", "name", "number", "reason")
    list_display_links = ("at", "what")
    list_filter = (PersonFilter, ModelFilter)
    list_per_page = 50
    ordering = ("-id",)
    show_full_result_count = False
    fields = readonly_fields = (
        "at",
        "by",
        "what",
        "kind",
        "objects",
        "number",
        "filter",
        "reason",
        "changed",
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Entries are written by what people do."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was written stays."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was written stays."""
        return False

    @display(description="kind of thing", ordering="model")
    def kind(self, entry: AuditEntry) -> str:
        """The model's name."""
        return _names().get(entry.model, entry.model)

    @display(description="which")
    def objects(self, entry: AuditEntry) -> SafeString | str:
        """The objects, each with the way to its history."""
        named = AuditedObject.objects.filter(entry=entry).values_list("model", "object_id")
        page = f"admin:{entry.model.replace('.', '_')}_history"
        links = []
        for _, key in named[:MOST_NAMED]:
            try:
                links.append((reverse(page, args=[key]), key))
            except NoReverseMatch:
                return entry.name or ", ".join(key for _, key in named[:MOST_NAMED])
        if not links:
            return "too many to list; see the filter"
        said = format_html_join(", ", '<a href="{}">{}</a>', links)
        return format_html("{} {}", entry.name, said)

    @display(description="before and after")
    def changed(self, entry: AuditEntry) -> SafeString | str:
        """Each changed field of each object."""
        rows = [
            (f"{key}: {name}" if len(entry.changes) > 1 else name, shown(before), shown(after))
            for key, fields in entry.changes.items()
            for name, (before, after) in fields.items()
        ]
        return changes_in_html(rows) if rows else "–"


def _names() -> dict[str, str]:
    return {
        model._meta.label_lower: str(model._meta.verbose_name) for model in admin.site._registry
    }
