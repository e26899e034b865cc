"""Files of readers: given, checked, declared for, started, followed to the end and reported.

Who may do that has a permission of its own. Addresses are shown only to those who may see readers.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from papers import audit
from papers.admin.base import ModelAdmin
from papers.models import Topic
from subscriptions.exports.tables import TABLES, lines
from subscriptions.imports import runs
from subscriptions.imports.files import Records, UnreadableFile, text_of
from subscriptions.imports.options import DECLARATION, BadOption, Options, mapped_lines
from subscriptions.imports.planning import Planner
from subscriptions.imports.profiles import PROFILES
from subscriptions.imports.storing import MEANING
from subscriptions.models import ImportReport, ImportRun, ReaderExport, Subscriber
from subscriptions.notices.due import wake

MAY_IMPORT = "subscriptions.import_readers"
MAY_SEE_ADDRESSES = "subscriptions.see_addresses"

TASK = "subscriptions.tasks.run_imports"


class FileForm(forms.Form):
    """The file and how it is to be read."""

    file = forms.FileField(
        label="CSV file",
        widget=UnfoldAdminFileFieldWidget(),
        help_text="Any encoding and separator. The file is deleted when the import is over, or "
        "after "
        "a week if nobody starts it.",
    )
    profile = forms.ChoiceField(
        label="Written by",
        required=False,
        choices=[
            ("", "Detect automatically"),
            *((key, one.label) for key, one in PROFILES.items()),
        ],
        widget=UnfoldAdminSelectWidget(),
    )
    columns = forms.CharField(
        label="Columns",
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text="Only if they aren’t found automatically: lines such as “email = Contact”. The "
        "fields "
        "are email, state, given_at (the date of consent) and topics.",
    )
    topics = forms.CharField(
        label="Topics",
        required=False,
        max_length=20_000,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text="Lines such as “Robots and more = robotics”: a tag, and the slug of a topic. "
        "Tags with the name of a topic are matched automatically.",
    )
    default_topics = forms.ModelMultipleChoiceField(
        label="Topics of everyone else",
        required=False,
        queryset=Topic.objects.filter(is_active=True),
        widget=forms.CheckboxSelectMultiple(),
        help_text="For readers whose tags match no topic. If you choose none, they get the top "
        "papers.",
    )
    rhythm = forms.ChoiceField(choices=Subscriber.Rhythm.choices, widget=UnfoldAdminSelectWidget())
    hour = forms.IntegerField(
        min_value=0, max_value=23, initial=7, widget=UnfoldAdminIntegerFieldWidget()
    )
    timezone = forms.CharField(
        max_length=64,
        initial="UTC",
        widget=UnfoldAdminTextInputWidget(),
        help_text="For that hour, such as Europe/Berlin.",
    )
    language = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    date_zone = forms.CharField(
        label="Time zone of dates",
        max_length=64,
        initial="UTC",
        widget=UnfoldAdminTextInputWidget(),
        help_text="For dates in the file without a time zone. Mailchimp uses the account’s.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The languages are the settings'.
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = settings.LANGUAGES  # type: ignore[attr-defined]

    def options(self) -> Options:
        """What was chosen. Raises `BadOption`."""
        data = self.cleaned_data
        return Options(
            columns=mapped_lines(_lines(data["columns"]), "email = Heading, a line for each"),
            topics=mapped_lines(_lines(data["topics"]), "tag = slug, a line for each"),
            default_topics=[topic.slug for topic in data["default_topics"]],
            date_zone=data["date_zone"],
            rhythm=data["rhythm"],
            hour=data["hour"],
            timezone=data["timezone"],
            language=data["language"],
        )


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


class StartForm(forms.Form):
    """Whether readers start at once, on a declaration, or are asked."""

    way = forms.ChoiceField(
        label="How they start",
        choices=[
            ("ask", "Ask each one by email; those who confirm start"),
            ("confirmed", "As confirmed: I declare that they agreed"),
        ],
        widget=forms.RadioSelect(),
        initial="ask",
    )
    declares = forms.BooleanField(label=DECLARATION, required=False)

    def clean(self) -> dict[str, Any]:
        """Nobody starts as confirmed without the declaration."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("way") == "confirmed" and not data.get("declares"):
            self.add_error("declares", "Tick this, or choose to ask them by email.")
        return data


@admin.register(ImportRun)
class ImportRunAdmin(ModelAdmin):
    """Imports, newest first; one page for each from the file to its report."""

    list_display = (
        "file_name",
        "shown_profile",
        "shown_state",
        "total",
        "created_by",
        "created_at",
    )
    list_filter = ("state", "profile")
    list_per_page = 50
    list_select_related = ("created_by",)
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Those who may import."""
        return request.user.has_perm(MAY_IMPORT)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Those who may import, or look at imports."""
        return request.user.has_perm(MAY_IMPORT) or super().has_view_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """The record is not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nor deleted: it says on whose word readers were brought in."""
        return False

    @display(description="written by", ordering="profile")
    def shown_profile(self, run: ImportRun) -> str:
        """The program's name."""
        return PROFILES[run.profile].label if run.profile in PROFILES else run.profile

    @display(
        description="state",
        ordering="state",
        label={"done": "success", "running": "info", "checking": "info", "failed": "danger"},
    )
    def shown_state(self, run: ImportRun) -> tuple[str, str]:
        """The state and its words, in its color."""
        return run.state, run.get_state_display()

    def get_urls(self) -> list[URLPattern]:
        """Starting, stopping and the report, beside the usual pages."""
        wrap = self.admin_site.admin_view
        name = "subscriptions_importrun"
        return [
            path("<int:pk>/start/", wrap(self.start_view), name=f"{name}_start"),
            path("<int:pk>/stop/", wrap(self.stop_view), name=f"{name}_stop"),
            path("<int:pk>/report/", wrap(self.report_view), name=f"{name}_report"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Take a file to be checked."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = FileForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                run = runs.make(
                    file.chunks(1 << 20),
                    file.name or "",
                    form.cleaned_data["profile"],
                    form.options(),
                    timezone.now(),
                    request.user,
                )
            except (UnreadableFile, BadOption) as error:
                form.add_error(None, str(error))
            else:
                self.log_addition(request, run, [{"added": {}}])
                wake(TASK)
                return HttpResponseRedirect(_page(run))
        context = {
            **self.admin_site.each_context(request),
            "title": "Import readers",
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "subscriptions/admin/import_file.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """What the check found, how far it is, and what may be done now."""
        run = self.get_object(request, unquote(object_id))
        if run is None:
            redirect: HttpResponse = self._get_obj_does_not_exist_redirect(
                request, self.opts, object_id
            )
            return redirect
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        return self._shown(request, run, StartForm())

    def start_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Start, on what the form declares."""
        run = self._run_to_act_on(request, pk)
        if request.method != "POST" or run is None:
            return HttpResponseRedirect(reverse("admin:subscriptions_importrun_changelist"))
        form = StartForm(request.POST)
        if not form.is_valid():
            return self._shown(request, run, form)
        is_confirmed = form.cleaned_data["way"] == "confirmed"
        caution = PROFILES[run.profile].caution
        declaration = f"{DECLARATION} {caution}".strip() if is_confirmed else ""
        try:
            runs.start(run, request.user.get_username(), timezone.now(), declaration)
        except runs.NotNow as error:
            self.message_user(request, str(error), messages.WARNING)
        else:
            how = "as confirmed" if is_confirmed else "with an email to each"
            self.log_change(request, run, f"Started, {how}.")
            wake(TASK)
            self.message_user(request, "The import is running. You can leave this page.")
        return HttpResponseRedirect(_page(run))

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop; what is in stays in."""
        run = self._run_to_act_on(request, pk)
        if request.method != "POST" or run is None:
            return HttpResponseRedirect(reverse("admin:subscriptions_importrun_changelist"))
        try:
            runs.stop(run, timezone.now())
        except runs.NotNow as error:
            self.message_user(request, str(error), messages.WARNING)
        else:
            self.log_change(request, run, "Stopped.")
            self.message_user(request, "The import was stopped and its file deleted.")
        return HttpResponseRedirect(_page(run))

    def report_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """What became of each line, as CSV. Lines are named by number; no address is in it."""
        run = self.get_object(request, str(pk))
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        if run is None:
            return HttpResponseRedirect(reverse("admin:subscriptions_importrun_changelist"))
        response = StreamingHttpResponse(_report(run), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="import-{run.pk}.csv"'
        response["Cache-Control"] = "no-store"
        return response

    def _run_to_act_on(self, request: HttpRequest, pk: int) -> ImportRun | None:
        if not request.user.has_perm(MAY_IMPORT):
            raise PermissionDenied
        run: ImportRun | None = self.get_object(request, str(pk))
        return run

    def _shown(self, request: HttpRequest, run: ImportRun, form: StartForm) -> HttpResponse:
        may_see = request.user.has_perm(MAY_SEE_ADDRESSES)
        profile = PROFILES.get(run.profile, PROFILES["other"])
        outcomes = [
            {
                "meaning": meaning,
                "count": run.counts[outcome],
                "examples": [
                    (one["line"], one["email"] if may_see else "", one["why"])
                    for one in run.examples.get(outcome, ())
                ],
            }
            for outcome, meaning in MEANING.items()
            if run.counts.get(outcome)
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": str(run),
            "opts": self.opts,
            "run": run,
            "profile": profile,
            "outcomes": outcomes,
            "columns": _columns(run),
            "form": form,
            "may_act": request.user.has_perm(MAY_IMPORT),
            "is_over": run.state in ImportRun.OVER,
            "is_checked": run.state == ImportRun.State.CHECKED,
            "declaration": DECLARATION,
        }
        response = TemplateResponse(request, "subscriptions/admin/import_run.html", context)
        response["Cache-Control"] = "no-store"
        return response


def _page(run: ImportRun) -> str:
    return reverse("admin:subscriptions_importrun_change", args=[run.pk])


def _columns(run: ImportRun) -> dict[str, str]:
    """Which columns are read, while the file is there."""
    if run.state in ImportRun.OVER:
        return {}
    try:
        heading = Records(text_of(run)).heading
        options = Options.of(run.options)
        return Planner(heading, PROFILES[run.profile], options, timezone.now()).columns()
    except (UnreadableFile, KeyError):
        return {}


def _report(run: ImportRun) -> Iterator[str]:
    yield "line,outcome,why\r\n"
    for part in ImportReport.objects.filter(run=run).order_by("position").iterator(chunk_size=10):
        buffer = io.StringIO()
        csv.writer(buffer).writerows(part.lines)
        yield buffer.getvalue()


def _may_export(request: HttpRequest) -> list[str]:
    """The tables that whoever asks may take along."""
    return [name for name, one in TABLES.items() if request.user.has_perm(one.permission)]


@admin.register(ReaderExport)
class ReaderExportAdmin(ModelAdmin):
    """Who took what along; whoever may does so here."""

    list_display = ("what", "rows", "by", "at")
    list_filter = ("what", "at")
    list_display_links = None
    list_per_page = 50
    ordering = ("-id",)
    list_before_template = "subscriptions/admin/exports.html"

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Those who may export, or look at exports."""
        return bool(_may_export(request)) or super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A row is made by an export alone."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """And stays as it is."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """And stays."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """The download of a table, beside the list."""
        wrap = self.admin_site.admin_view
        name = "subscriptions_readerexport_download"
        return [path("download/", wrap(self.download_view), name=name), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with a button for each table."""
        more = {"tables": _may_export(request)}
        shown: HttpResponse = super().changelist_view(request, more | (extra_context or {}))
        return shown

    def download_view(self, request: HttpRequest) -> HttpResponseBase:
        """A table as CSV, streamed; on record before its first line."""
        table = request.POST.get("table", "")
        if table in TABLES and table not in _may_export(request):
            raise PermissionDenied
        if not _may_export(request):
            raise PermissionDenied
        if request.method != "POST" or table not in TABLES:
            return HttpResponseRedirect(reverse("admin:subscriptions_readerexport_changelist"))
        text = lines(table, request.user.get_username())
        audit.record(request, f"exported {table}", model=ReaderExport, number=0)
        response = StreamingHttpResponse(text, content_type="text/csv; charset=utf-8")
        day = timezone.now().date()
        response["Content-Disposition"] = f'attachment; filename="{table}-{day}.csv"'
        response["Cache-Control"] = "no-store"
        return response
