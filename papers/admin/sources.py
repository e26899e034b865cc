"""Sources, and what they listed."""

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from papers.admin.base import TITLE_SHOWN, ModelAdmin
from papers.admin.topics import LinesField
from papers.models import Feature, Source
from papers.sources import registry
from papers.sources.settings import BadSetting, Setting, declared
from papers.text.cleaning import shorten

PREFIX = "setting_"
"""Of the names of a source form's fields that are settings."""


MOST_BOXES = 60
"""Choices that are shown as boxes to tick; more are searched in as one types."""


class AddSourceForm(forms.ModelForm[Source]):
    """What a source is; its settings, which depend on its kind, come on the next page."""

    kind = forms.ChoiceField(widget=UnfoldAdminSelectWidget)

    class Meta:
        """Name, slug and kind."""

        model = Source
        fields = ("name", "slug", "kind")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(kind, one.label) for kind, one in registry.KINDS.items()]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]
        self.instance.is_active = False  # nothing is fetched before somebody saw its settings


class SourceForm(forms.ModelForm[Source]):
    """A source with a field for each setting that its kind declares; see `form_for`."""

    declared: ClassVar[tuple[Setting, ...]] = ()

    class Meta:
        """All that an editor decides about a source."""

        model = Source
        fields = ("name", "is_active", "wait_minutes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance.settings or {}
        for one in self.declared:
            value = stored.get(one.name, one.default)
            self.initial[PREFIX + one.name] = list(value) if one.value_type is tuple else value

    def clean(self) -> dict[str, Any] | None:
        """Hold each setting against its declaration, as each fetch does again."""
        cleaned = super().clean()
        values = dict(self.instance.settings or {})
        for one in self.declared:
            name = PREFIX + one.name
            if name not in self.cleaned_data:
                continue  # it has an error already
            value = self.cleaned_data[name]
            try:
                value = one.clean(one.default if value is None else value)
            except BadSetting as error:
                self.add_error(name, str(error))
            else:
                values[one.name] = list(value) if isinstance(value, tuple) else value
        self.instance.settings = values
        return cleaned


def form_for(kind: str) -> type[SourceForm]:
    """The form of a source of this kind."""
    settings = declared(registry.KINDS[kind].Settings) if kind in registry.KINDS else ()
    fields = {PREFIX + one.name: _field_of(one) for one in settings}
    return type("SourceForm", (SourceForm,), {**fields, "declared": settings})


def _field_of(one: Setting) -> forms.Field:
    """How a setting is edited. What it takes is decided by its declaration alone."""
    about: dict[str, Any] = {"label": one.label, "help_text": one.help_text, "required": False}
    if one.value_type is bool:
        return forms.BooleanField(widget=UnfoldBooleanSwitchWidget, **about)
    if one.value_type is int:
        return forms.IntegerField(widget=UnfoldAdminIntegerFieldWidget, **about)
    if one.choices and one.value_type is tuple:
        is_long = len(one.choices) > MOST_BOXES
        return forms.MultipleChoiceField(
            choices=list(one.choices.items()),
            widget=UnfoldAdminSelect2MultipleWidget
            if is_long
            else UnfoldAdminCheckboxSelectMultipleWidget,
            **about,
        )
    if one.choices:
        labels = [] if one.default in one.choices else [(one.default, "—")]
        return forms.ChoiceField(
            choices=[*labels, *one.choices.items()], widget=UnfoldAdminSelectWidget, **about
        )
    if one.value_type is tuple:
        return LinesField(rows=4, **about)
    return forms.CharField(widget=UnfoldAdminTextInputWidget, **about)


@admin.register(Source)
class SourceAdmin(ModelAdmin):
    """Sources: what they are asked for, how the last fetch went, and whether there is a next."""

    list_display = ("name", "slug", "shown_kind", "is_active", "shown_run", "last_error")
    list_filter = ("is_active", "kind")
    search_fields = ("name", "slug")
    readonly_fields = (
        "slug", "shown_kind", "shown_settings", "shown_run", "last_fetched_at", "last_error"
    )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: Source | None = None) -> Any:
        """The kind first; once it is chosen, what may be set."""
        if obj is None:
            return ((None, {"fields": ("name", "slug", "kind")}),)
        settings = form_for(obj.kind).base_fields
        names = [name for name in settings if name.startswith(PREFIX)]
        if not self.has_change_permission(request, obj):
            names = ["shown_settings"]
        about = ["name", "slug", "shown_kind", "is_active"]
        run = ["shown_run", "last_fetched_at", "last_error"]
        if obj.kind not in registry.KINDS:
            return ((None, {"fields": about}),)
        return (
            (None, {"fields": [*about, "wait_minutes"]}),
            ("Settings", {"fields": names}),
            ("The last fetch", {"fields": run}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> Any:
        """Nothing while it is being added."""
        return () if obj is None else self.readonly_fields

    def get_prepopulated_fields(self, request: HttpRequest, obj: Source | None = None) -> Any:
        """The slug is made of the name, once."""
        return {"slug": ("name",)} if obj is None else {}

    def get_form(
        self, request: HttpRequest, obj: Source | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form of the source's kind."""
        kwargs["form"] = AddSourceForm if obj is None else form_for(obj.kind)
        return super().get_form(request, obj, change, **kwargs)

    def response_add(
        self, request: HttpRequest, obj: Source, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on to its settings, as it is not fetched before."""
        self.message_user(request, "Look at its settings, then make it active.", messages.INFO)
        return HttpResponseRedirect(reverse("admin:papers_source_change", args=[obj.pk]))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What it gave refers to it; deactivate it."""
        return False

    @admin.display(description="kind", ordering="kind")
    def shown_kind(self, source: Source) -> str:
        """What the kind is called."""
        return registry.label_of(source.kind)

    @admin.display(description="settings")
    def shown_settings(self, source: Source) -> SafeString | str:
        """The settings, for those who may not change them."""
        stored = source.settings or {}
        settings = declared(registry.KINDS[source.kind].Settings)
        rows = ((one.label, stored.get(one.name, one.default)) for one in settings)
        return format_html_join("", "<p>{}: {}</p>", rows)

    @admin.display(description="last fetch")
    def shown_run(self, source: Source) -> str:
        """When, of which day, and what came of it."""
        run = source.last_run
        if not run:
            return "never"
        at = dt.datetime.fromisoformat(run["at"])
        when = f"{at:%-d %b %Y %H:%M} UTC, of {run['day']}"
        if run["outcome"] != "ok":
            return f"{when}: failed"
        return f"{when}: {run['papers']} papers, {run['new']} new, {run['problems']} problems"


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
