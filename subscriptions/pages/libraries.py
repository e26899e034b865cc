"""Bringing in a library from a reference manager: handed to a worker, then chosen from."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from papers.libraries.entries import NO_AUTHORS, NO_TITLE, UNREADABLE
from papers.libraries.formats import MOST_BYTES
from papers.matching.interests.specs import BadSpec
from subscriptions import links
from subscriptions.interests import following, libraries
from subscriptions.interests.following import Refused
from subscriptions.notices.due import wake
from subscriptions.pages.signed import Visitor, signed, void_link


class ZoteroForm(forms.Form):
    """Which Zotero library, and how it's let in."""

    library = forms.CharField(
        label=_("Zotero library"),
        max_length=200,
        help_text=_("The link of a group, or its number, such as “group 12345” or “user 67890”."),
    )
    key = forms.CharField(
        label=_("Read-only key"),
        max_length=60,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Only for libraries that aren’t public. We use it once and don’t store it."),
    )
    collections = forms.CharField(
        label=_("Only these collections"),
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("Their names, each on its own line. Leave empty for all."),
    )


@signed(links.Purpose.PREFERENCES)
def library(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """The forms: a file, or a Zotero library."""
    form, refused = ZoteroForm(), ""
    if request.method == "POST":
        try:
            token = ""
            if request.POST.get("action") == "zotero":
                form = ZoteroForm(request.POST)
                if form.is_valid():
                    said = form.cleaned_data
                    names = [one.strip() for one in said["collections"].splitlines() if one.strip()]
                    token = libraries.hand_over_zotero(
                        reader.subscriber, said["library"], said["key"].strip(), names
                    )
            elif (given := request.FILES.get("file")) is not None:
                # Nothing beyond the limit is read into memory.
                data = given.read(MOST_BYTES + 1)
                token = libraries.hand_over_file(reader.subscriber, data)
            if token:
                return redirect(f"{_address(reader)}{token}/")
        except Refused as error:
            refused = str(error)
    context = {
        "form": form,
        "refused": refused,
        "address": _address(reader),
        "interests": _interests(reader),
    }
    return render(request, "subscriptions/library.html", context)


@signed(links.Purpose.PREFERENCES)
def library_found(request: HttpRequest, reader: Visitor, key: str) -> HttpResponse:
    """What was found and what it suggests: only what the reader ticks is followed."""
    job = libraries.job_of(reader.subscriber, key)
    if job is None:
        return void_link(request, 404)
    refused: list[str] = []
    if request.method == "POST":
        if request.POST.get("action") == "forget" or job.found is None:
            libraries.forget(key)
            return redirect(_address(reader))
        refused = _follow(reader, job.found, request.POST.getlist("ticked"))
        if not refused:
            libraries.forget(key)
            return redirect(f"{_interests(reader)}?done=followed")
    context: dict[str, Any] = {
        "job": job,
        "problem": _problem(job.code),
        "reasons": [(name, _reason(why)) for name, why in (job.found or {}).get("reasons", ())],
        "refused": refused,
        "interests": _interests(reader),
        "again": _address(reader),
    }
    return render(request, "subscriptions/library_found.html", context)


def _follow(reader: Visitor, found: dict[str, Any], ticked: list[str]) -> list[str]:
    """Follow what was ticked; why not, where something is refused."""
    refused = []
    is_unmatched = False
    try:
        for spec in libraries.chosen(found, ticked):
            done = following.follow(reader.subscriber, spec, reader.now)
            is_unmatched |= done.is_unmatched
    except Refused as error:
        refused.append(str(error))
    except BadSpec:
        refused.append(gettext("This can’t be followed."))
    if is_unmatched:
        wake("subscriptions.tasks.match_interests")
    return refused


def _problem(code: str) -> str:
    if not code:
        return ""
    return {
        "empty": gettext("The file is empty."),
        "big": gettext("The file is larger than 20 MB. Export a part of it."),
        "packed": gettext("The file is compressed. Unpack it first."),
        "xml": gettext("This is XML. Export your library as BibTeX, RIS or CSL-JSON instead."),
        "html": gettext("This is a web page. Export your library as BibTeX, RIS or CSL-JSON."),
        "broken": gettext("The file is damaged or cut off. Export it again."),
        "heavy": gettext("Reading the file took too long or too much. Export a part of it."),
        "no-collection": gettext("The library has no collection of that name."),
        "not-allowed": gettext(
            "Zotero doesn’t let us in. Check the library’s number, and the key if it isn’t public."
        ),
        "not-taken": gettext("No worker was free to read it. Please try again later."),
        "not-reached": gettext("Zotero can’t be reached right now. Try again later."),
    }.get(code, gettext("This is no library that we can read: BibTeX, RIS or CSL-JSON."))


def _reason(why: str) -> str:
    return {
        NO_TITLE: gettext("has no title"),
        NO_AUTHORS: gettext("has neither an identifier nor authors"),
        UNREADABLE: gettext("can’t be read"),
    }.get(why, why)


def _interests(reader: Visitor) -> str:
    one = reader.subscriber
    token = links.token(links.Purpose.PREFERENCES, one.pk, one.link_version)
    return reverse("subscriptions:interests", args=[token])


def _address(reader: Visitor) -> str:
    return f"{_interests(reader)}library/"
