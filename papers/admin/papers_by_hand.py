"""The page on which an editor adds a paper: looked up by what names it, or typed whole."""

import datetime as dt
import hashlib
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from papers.admin.base import ModelAdmin
from papers.admin.topics import LinesField
from papers.identifiers import MAX_LENGTH, UnknownIdentifier
from papers.ingest import by_hand
from papers.models import Feature, Paper
from papers.sources.base import FetchFailed
from papers.sources.record import LISTED, BadRecord, Draft, PaperRecord
from papers.sources.time_limit import time_limit

SECONDS = 20.0
"""An editor waits for a look-up."""

KEPT = 3600
"""Seconds for which what was found is kept, so that saving keeps ORCID iDs, too."""

LOOK_UP = "_lookup"
"""The name of the button that looks a paper up and saves nothing."""

KINDS = (
    ("article", "article in a journal"),
    ("preprint", "preprint"),
    ("proceedings", "paper in proceedings"),
    ("other", "something else"),
)


class PaperForm(forms.Form):
    """What an editor may say of a paper."""

    paper_id = forms.CharField(
        label="DOI, arXiv number or link",
        max_length=MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text="A DOI, an arXiv number or a link, such as 10.1038/s41586-021-03819-2 or "
        "2605.13779. "
        "With a DOI or an arXiv number, “Look it up” fills in the rest.",
    )
    day = forms.TypedChoiceField(
        label="List it on",
        coerce=dt.date.fromisoformat,
        widget=UnfoldAdminSelectWidget,
        help_text="Days whose issues are still open.",
    )
    title = forms.CharField(
        max_length=Paper.TITLE_LENGTH, required=False, widget=UnfoldAdminTextInputWidget
    )
    authors = LinesField(required=False, rows=4, help_text="Names, one per line.")
    abstract = forms.CharField(
        max_length=Paper.ABSTRACT_LENGTH,
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 8}),
    )
    kind = forms.ChoiceField(choices=KINDS, widget=UnfoldAdminSelectWidget)
    venue = forms.CharField(
        label="Journal or conference",
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    published_on = forms.DateField(
        required=False, widget=UnfoldAdminDateWidget, help_text="Such as 2026-05-01."
    )
    categories = LinesField(required=False, rows=2, help_text="Such as cs.CL, one per line.")
    license = forms.CharField(
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Such as cc-by. Without a free one, at most 60 words of the abstract are shown.",
    )
    free_url = forms.URLField(
        label="Free copy",
        max_length=500,
        required=False,
        assume_scheme="https",
        widget=UnfoldAdminTextInputWidget,
    )

    def __init__(self, *args: Any, now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = by_hand.open_days(now)
        self.fields["day"].choices = [  # type: ignore[attr-defined]
            (day.isoformat(), f"{day:%A, %-d %B %Y}") for day in days
        ]

    def clean_paper_id(self) -> str:
        """The identifier in its one spelling."""
        try:
            return by_hand.named(self.cleaned_data["paper_id"])
        except UnknownIdentifier as error:
            raise forms.ValidationError(str(error)) from None

    def record(self) -> PaperRecord:
        """The paper as it was typed; where it was looked up before, with all else that was found.
        Raises `BadRecord`.
        """
        said = self.cleaned_data
        draft = Draft(id=said["paper_id"], **{name: said[name] for name in TYPED})
        record = draft.clean()
        if draft.problems:
            raise BadRecord("; ".join(draft.problems))
        known: PaperRecord | None = cache.get(_key(record.identifier))
        if known is None:
            return record
        before, now = _typed_in(known), _typed_in(record)
        changed = {name: getattr(record, name) for name in TYPED if before[name] != now[name]}
        return replace(known, listing=LISTED, **changed)


TYPED = (
    *("title", "authors", "abstract", "kind", "venue"),
    *("published_on", "categories", "license", "free_url"),
)
"""The fields of a record that the form has."""


def _key(known_as: str) -> str:
    """Of the cache, for what was found of a paper."""
    return f"papers.by-hand.{hashlib.blake2b(known_as.encode(), digest_size=16).hexdigest()}"


def _typed_in(record: PaperRecord) -> dict[str, Any]:
    """What the form shows of a record."""
    found = {name: getattr(record, name) for name in TYPED}
    found["authors"] = "\n".join(author.name for author in record.authors)
    found["categories"] = "\n".join(record.categories)
    found["published_on"] = record.published_on.isoformat() if record.published_on else ""
    return found


class AddByHand(ModelAdmin):
    """The admin of papers, as far as adding one goes."""

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Look a paper up, which saves nothing, or list it on the chosen day."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        now = timezone.now()
        typed = request.POST.copy() if request.method == "POST" else None
        form = PaperForm(typed, now=now, initial={"kind": "article"})
        found = ""
        if typed is not None and LOOK_UP in typed:
            found, form = self._look_up(form, typed, now)
        elif typed is not None and form.is_valid():
            added = self._add(request, form, now)
            if added is not None:
                return added
        context = {
            **self.admin_site.each_context(request),
            "title": "Add a paper",
            "opts": self.opts,
            "form": form,
            "found": found,
            "is_popup": IS_POPUP_VAR in (request.POST or request.GET),
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "papers/admin/paper_by_hand.html", context)

    def _look_up(self, form: PaperForm, typed: Any, now: dt.datetime) -> tuple[str, PaperForm]:
        """What came of looking up, in a sentence, and the form with what was found."""
        form.full_clean()
        known_as = form.cleaned_data.get("paper_id")
        if not known_as:
            return "", form
        plain = PaperForm(now=now, initial={name: typed.get(name, "") for name in form.fields})
        if not by_hand.can_look_up(known_as):
            return "Only DOIs and arXiv numbers are looked up. Type the rest yourself.", plain
        try:
            with time_limit(SECONDS):
                record = by_hand.look_up(known_as)
        except FetchFailed as error:
            return f"{error} Try again later, or type the rest yourself.", plain
        if record is None:
            return f"No service knows {known_as}. Check it, or type the rest yourself.", plain
        cache.set(_key(record.identifier), record, KEPT)
        kept = {"paper_id": typed.get("paper_id", ""), "day": typed.get("day", "")}
        plain = PaperForm(now=now, initial=_typed_in(record) | kept)
        stored = Paper.objects.called(record.identifier)
        there = " It’s already on the site. Adding it lists it again." if stored else ""
        return f"Found. Nothing is saved yet.{there}", plain

    def _add(self, request: HttpRequest, form: PaperForm, now: dt.datetime) -> HttpResponse | None:
        """List the paper; None where the form has an error, which it then shows."""
        try:
            record = form.record()
        except BadRecord as error:
            form.add_error(
                "title" if "title" in str(error) else None, f"This can’t be saved: {error}."
            )
            return None
        paper = by_hand.add(record, form.cleaned_data["day"], now)
        listed = (
            Feature.objects.filter(source=by_hand.source(), paper__identifier=record.identifier)
            .order_by("-pk")
            .first()
        )
        self.log_addition(request, paper, [{"added": {}}])
        when = f" on {listed.day:%A, %-d %B}" if listed else ""
        self.message_user(
            request,
            f"“{paper}” is listed{when}. Its topics are matched in the next round, twice an hour.",
            messages.SUCCESS,
        )
        if IS_POPUP_VAR in request.POST:
            return self.response_add(request, paper)
        change = self.has_view_or_change_permission(request)
        name = "admin:papers_paper_change" if change else "admin:index"
        return HttpResponseRedirect(reverse(name, args=[paper.pk] if change else []))
