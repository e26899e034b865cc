"""Sources, and what they listed."""

import base64
import datetime as dt
from typing import Any, ClassVar

from celery import signature
from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import unquote
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from kombu.exceptions import OperationalError
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from papers.admin.base import TITLE_SHOWN, ModelAdmin
from papers.admin.large import FoundByPaper
from papers.admin.push_tokens import PushTokens, takes_papers
from papers.admin.source_trial import try_out
from papers.admin.topics import LinesField
from papers.ingest import pushing
from papers.ingest.feed_lists import bring_in
from papers.models import Feature, ListedDay, Source
from papers.sources import registry
from papers.sources.opml import BadOpml
from papers.sources.settings import BadSetting, Setting, declared
from papers.sources.silence import silence
from papers.text.cleaning import shorten

PREFIX = "setting_"
"""Of the names of a source form's fields that are settings."""

SAVES = ("_save", "_continue", "_addanother", "_saveasnew")

RUNS_SHOWN = 20

MOST_UPLOADED = 1_000_000
"""Bytes of an OPML file in the browser, which sends it twice."""

ASKED_FOR = 60
"""Seconds for which one wish to fetch a source now stands."""


MOST_BOXES = 60
"""Choices that are shown as boxes to tick; more are searched in as one types."""


class AddSourceForm(forms.ModelForm[Source]):
    """What a source is; its settings, which depend on its kind, come on the next page."""

    kind = forms.ChoiceField(
        widget=UnfoldAdminSelectWidget,
        help_text="Save to see the settings and try them out. Nothing is fetched until you "
        "activate the source.",
    )

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
        fields = ("name", "is_active", "wait_minutes", "abstract_share")

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


class OpmlForm(forms.Form):
    """A file, or the one that was shown before, which comes back with the form."""

    file = forms.FileField(
        required=False,
        label="OPML file",
        help_text=f"As exported by feed readers, up to {MOST_UPLOADED:,} bytes. For larger "
        "files, use manage.py import_opml.",
        widget=forms.ClearableFileInput(attrs={"accept": ".opml,.xml,text/xml,text/x-opml"}),
    )
    kept = forms.CharField(required=False, widget=forms.HiddenInput)
    is_active = forms.BooleanField(
        required=False,
        label="Start fetching them now",
        help_text="Otherwise, they stay inactive until someone has reviewed each one.",
    )

    def clean(self) -> dict[str, Any]:
        """Put the file's bytes into `body`."""
        cleaned = super().clean() or self.cleaned_data
        file, kept = cleaned.get("file"), cleaned.get("kept", "")
        if file is not None:
            body = file.read(MOST_UPLOADED + 1)
        else:
            try:
                body = base64.b64decode(kept, validate=True)
            except ValueError:
                body = b""
        if not body:
            self.add_error("file", "Choose a file.")
        elif len(body) > MOST_UPLOADED:
            self.add_error(
                "file",
                (
                    f"The file is larger than {MOST_UPLOADED:,} bytes. Use manage.py import_opml "
                    "instead."
                ),
            )
        return cleaned | {"body": body}

    @property
    def as_text(self) -> str:
        """The file as it goes into the page that asks whether to add its feeds."""
        return base64.b64encode(self.cleaned_data["body"]).decode("ascii")


def ask_for_fetch(source: Source, now: dt.datetime) -> tuple[str, int]:
    """Have a worker fetch the source; a sentence about that, and its level."""
    if source.retry_at is not None and now < source.retry_at:
        said = f"{source} asked us to wait until {source.retry_at:%-d %b, %H:%M} UTC."
        return said, messages.WARNING
    if not cache.add(f"papers.fetch-now.{source.pk}", 1, timeout=ASKED_FOR):
        return f"{source} is already being fetched. Reload this page in a minute.", messages.INFO
    try:
        signature("papers.tasks.fetch_source", args=(source.pk,)).apply_async(expires=600)
    except Exception:  # brokers have errors of their own
        cache.delete(f"papers.fetch-now.{source.pk}")
        command = f"manage.py fetch_papers --source {source.slug}"
        return f"Couldn’t reach a worker. Run this on the server: {command}", messages.ERROR
    said = f"A worker is fetching {source}. Reload this page in a minute to see the result."
    return said, messages.SUCCESS


@admin.register(Source)
class SourceAdmin(PushTokens):
    """Sources: what they are asked for, how the last fetch went, and whether there is a next."""

    list_display = ("name", "slug", "shown_kind", "is_active", "shown_run", "last_error")
    list_filter = ("is_active", "kind")
    search_fields = ("name", "slug")
    readonly_fields = (
        "slug", "shown_kind", "shown_settings", "shown_run", "last_fetched_at", "last_error"
    )  # fmt: skip
    change_form_after_template = "papers/admin/source_after.html"
    change_list_template = "papers/admin/source_list.html"
    warn_unsaved_form = True
    restorable = ("name", "is_active", "wait_minutes", "abstract_share", "settings")

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
            (None, {"fields": [*about, "wait_minutes", "abstract_share"]}),
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

    def get_urls(self) -> list[URLPattern]:
        """Trying a source, fetching it now and bringing in feeds, beside the usual pages."""
        wrap = self.admin_site.admin_view
        return [
            path("opml/", wrap(self.opml_view), name="papers_source_opml"),
            path("<int:pk>/try/", wrap(self.try_view), name="papers_source_try"),
            path("<int:pk>/fetch/", wrap(self.fetch_view), name="papers_source_fetch"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form, with the log of fetches below."""
        source = self.get_object(request, unquote(object_id))
        more = self._about(request, source) if source else {}
        shown: HttpResponse = super().change_view(
            request, object_id, form_url, more | (extra_context or {})
        )
        return shown

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with the way to bring in feeds for who may add sources."""
        more = {"may_import": self.has_add_permission(request)}
        shown: HttpResponse = super().changelist_view(request, more | (extra_context or {}))
        return shown

    def _about(self, request: HttpRequest, source: Source) -> dict[str, Any]:
        """What stands below the form of a source that is fetched from somewhere."""
        if source.kind not in registry.KINDS:
            return {}
        now = timezone.now()
        state = source.state or {}
        return {
            "source": source,
            "runs": source.runs.all()[:RUNS_SHOWN],
            "next_fetch": registry.next_fetch(source, now),
            "is_due": registry.next_fetch(source, now) == now,
            "silence": silence(source, now),
            "moved_to": state.get("moved_to", ""),
            "acknowledgment": registry.KINDS[source.kind].acknowledgment,
            "answers_for_past": registry.answers_for_past(source),
            "may_act": self.has_change_permission(request, source),
            "takes_papers": takes_papers(source),
            "has_token": pushing.has_token(source),
        }

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The form as it was filled in, with what the source would list; saves nothing, unless it
        was one of the saving buttons that was pressed on this page.
        """
        source = self.get_object(request, str(pk))
        if not self.has_change_permission(request, source):
            raise PermissionDenied
        plain = reverse("admin:papers_source_change", args=[pk])
        if any(name in request.POST for name in SAVES):
            saved: HttpResponse = self.changeform_view(
                request, str(pk), extra_context=self._about(request, source) if source else None
            )
            return saved
        if request.method != "POST" or source is None or source.kind not in registry.KINDS:
            return HttpResponseRedirect(plain)  # which answers for a source that is not there
        form = self.get_form(request, source, change=True)(request.POST, instance=source)
        found = None
        if form.is_valid():
            found = try_out(form.instance, timezone.now())
        context = {
            **self.admin_site.each_context(request),
            **self._about(request, source),
            "title": f"Trying {source}",
            "adminform": helpers.AdminForm(
                form,
                list(self.get_fieldsets(request, source)),
                {},
                self.get_readonly_fields(request, source),
                model_admin=self,
            ),
            "object_id": str(pk),
            "original": source,
            "is_popup": False,
            "to_field": None,
            "media": self.media + form.media,
            "inline_admin_formsets": [],
            "errors": helpers.AdminErrorList(form, []),
            "preserved_filters": self.get_preserved_filters(request),
            "found": found,
            "was_tried": True,
        }
        rendered: HttpResponse = self.render_change_form(
            request, context, add=False, change=True, obj=source, form_url=plain
        )
        return rendered

    def fetch_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have a worker fetch the source now."""
        source = self.get_object(request, str(pk))
        if not self.has_change_permission(request, source):
            raise PermissionDenied
        plain = reverse("admin:papers_source_change", args=[pk])
        if request.method != "POST" or source is None or source.kind not in registry.KINDS:
            return HttpResponseRedirect(plain)
        said, level = ask_for_fetch(source, timezone.now())
        self.message_user(request, said, level)
        self.log_change(request, source, [{"changed": {"name": "fetch", "object": "now"}}])
        return HttpResponseRedirect(plain)

    def opml_view(self, request: HttpRequest) -> HttpResponse:
        """Bring in the feeds of an OPML file: shown first, added when that is confirmed."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = OpmlForm(request.POST or None, request.FILES or None)
        brought = None
        if request.method == "POST" and form.is_valid():
            is_sure = "_add" in request.POST
            try:
                brought = bring_in(
                    form.cleaned_data["body"],
                    is_active=form.cleaned_data["is_active"],
                    dry_run=not is_sure,
                )
            except BadOpml as error:
                form.add_error("file", str(error))
            else:
                if is_sure:
                    for source in brought.added:
                        self.log_addition(request, source, [{"added": {}}])
                    self.message_user(
                        request,
                        f"{len(brought.added)} feeds added, {len(brought.known)} already "
                        f"existed, {len(brought.problems)} left out.",
                    )
                    return HttpResponseRedirect(reverse("admin:papers_source_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Import feeds from an OPML file",
            "opts": self.opts,
            "form": form,
            "brought": brought,
            "kept": form.as_text if brought else "",
        }
        return TemplateResponse(request, "papers/admin/opml.html", context)

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        """Have the papers of the source show as much of their abstracts as it says now."""
        super().save_model(request, obj, form, change)
        if change and "abstract_share" in form.changed_data:
            try:
                signature("papers.tasks.work_out_source").delay(obj.pk)
            except OperationalError:
                self.message_user(
                    request,
                    "Couldn’t reach a worker, so papers already stored still show as much of "
                    "their abstracts as before. Save this again once workers are running.",
                    messages.WARNING,
                )

    def response_add(
        self, request: HttpRequest, obj: Source, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on to its settings, as it is not fetched before."""
        self.message_user(request, "Check its settings, then activate it.", messages.INFO)
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


class ListedDayFilter(admin.SimpleListFilter):
    """Listings of one of the last days."""

    title = "day"
    parameter_name = "day__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The last 14 days that have any, and the chosen one where it is older."""
        days = ListedDay.objects.order_by("-day").values_list("day", flat=True)
        shown = list(days[:14])
        if (chosen := self._chosen()) and chosen not in shown:
            shown.append(chosen)
        return [(day.isoformat(), f"{day:%a %-d %b %Y}") for day in shown]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Feature]) -> QuerySet[Feature]:
        """Only the chosen day's."""
        chosen = self._chosen()
        return queryset.filter(day=chosen) if chosen else queryset

    def _chosen(self) -> dt.date | None:
        try:
            return dt.date.fromisoformat(self.value() or "")
        except ValueError:
            return None


@admin.register(Feature)
class FeatureAdmin(FoundByPaper, ModelAdmin):
    """What sources listed, day by day."""

    list_display = ("day", "short_title", "source", "submitted_by", "submitted_at")
    list_filter = ("source", ListedDayFilter)
    list_select_related = ("paper", "source")
    sorted_when_large = ("day",)
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
