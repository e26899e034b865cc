"""Today, where the admin begins: the issue that is coming, what became of the last one, and what
waits for somebody's decision.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from newsletter.issues import coming, publishing
from newsletter.issues.coming import Coming
from newsletter.models import Issue, Letter
from papers import audit
from papers.models import Pick, Source
from papers.picking import check_day, decide, next_open_day
from papers.sources.registry import active_sources
from papers.sources.silence import silence
from subscriptions.models import Submission

MOST_LETTERS = 20
"""Letters to approve that the start page names."""

MOST_TOLD = 99
"""Submissions that are counted."""

TO_PICK = ("papers.add_pick", "papers.change_pick", "papers.delete_pick")
"""The permissions that arranging a day takes: it makes picks, changes them and takes them back."""


class DecisionForm(forms.Form):
    """What is decided about one paper."""

    place = forms.IntegerField(
        required=False,
        label="place",
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        widget=forms.NumberInput({"min": 1, "max": 50, "class": "desk-place"}),
        show_hidden_initial=True,
    )
    is_hidden = forms.BooleanField(required=False, label="hide", show_hidden_initial=True)
    note = forms.CharField(
        required=False,
        label="note",
        max_length=300,
        widget=forms.TextInput({"class": "desk-note", "placeholder": "Note for readers"}),
        show_hidden_initial=True,
    )


def _form_of(line: coming.Line, data: Mapping[str, Any] | None) -> DecisionForm:
    pick = line.pick
    initial = {
        "place": pick.position if pick and pick.kind == Pick.Kind.PIN else None,
        "is_hidden": bool(pick and pick.kind == Pick.Kind.HIDE),
        "note": pick.note if pick else "",
    }
    return DecisionForm(data, initial=initial, prefix=f"p{line.paper.pk}")


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the start page shows to this person; nothing that they may not see."""
    user: Any = request.user
    now = timezone.now()
    may = user.has_perm
    sources = list(active_sources())
    if may("newsletter.view_issuedraft"):
        found = coming.coming(_day(request, now), sources)
        draft = found.draft
        context |= {
            "coming": found,
            "lines": [(line, _form_of(line, None)) for line in found.lines],
            "holds": publishing.holds(draft),
            "may_pick": user.has_perms(TO_PICK),
            "draft_url": reverse("admin:newsletter_issuedraft_change", args=[draft.pk])
            if draft
            else f"{reverse('admin:newsletter_issuedraft_add')}?day={found.day}",
            "may_prepare": may(
                "newsletter.change_issuedraft" if draft else "newsletter.add_issuedraft"
            ),
        }
    if may("newsletter.view_issue"):
        issues = list(Issue.objects.not_dropped().order_by("-day")[:2])
        told = coming.outcomes([issue for issue in issues if issue.is_published])
        context |= {
            "latest": issues[0] if issues else None,
            "most_counted": coming.MOST_COUNTED,
            "drops_unapproved": settings.DROP_UNAPPROVED,
            "outcome": next((one for one in told if one.issue == issues[0]), None),
            "outcome_before": next((one for one in told if one.issue != issues[0]), None),
            "may_change": may("newsletter.change_issue"),
            "may_preview": may("subscriptions.view_subscriber"),
        }
    if may("subscriptions.view_submission"):
        waiting = Submission.objects.waiting()
        context["submissions"] = len(waiting.order_by().values_list("pk")[: MOST_TOLD + 1])
        context["most_told"] = MOST_TOLD
    if may("newsletter.approve_letter"):
        context["letters"] = list(Letter.objects.waiting().select_related("made_by")[:MOST_LETTERS])
    if may("papers.view_source"):
        context["ailing"] = _ailing(sources, now)
    return context | {"title": "Today", "now": now}


def _day(request: HttpRequest, now: dt.datetime) -> dt.date:
    """The day that is asked for, where it is a coming one; else the next."""
    first = next_open_day(now)
    try:
        day = dt.date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return first
    return day if coming.can_be_shown(day, first) else first


def _ailing(sources: Iterable[Source], now: dt.datetime) -> list[tuple[Source, str]]:
    """The sources that fail or give nothing, each with what is wrong."""
    told = ((source, source.last_error or silence(source, now)) for source in sources)
    return [(source, what) for source, what in told if what]


def arrange(request: HttpRequest, day: dt.date, admin_site: Any) -> HttpResponse:
    """Decide about a day's papers as the form says; only about those whose row was changed, so that
    two editors at once keep each other's.
    """
    user: Any = request.user
    if not user.has_perms(TO_PICK):
        raise PermissionDenied
    back = redirect(f"{reverse('admin:index')}?day={day}")
    if request.method != "POST":
        return back
    try:
        check_day(day)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("admin:index")
    found = coming.coming(day)
    done, refused = _decide_all(request, found, admin_site)
    if done:
        messages.success(request, f"Saved: {done} paper{'s' if done > 1 else ''} changed.")
    elif not refused:
        messages.info(request, "Nothing was changed.")
    for text in refused:
        messages.error(request, text)
    return back


def _decide_all(request: HttpRequest, found: Coming, admin_site: Any) -> tuple[int, list[str]]:
    picks_admin = admin_site.get_model_admin(Pick)
    done, refused = 0, []
    for line in found.lines:
        form = _form_of(line, request.POST)
        if f"{form.prefix}-note" not in request.POST or not form.has_changed():
            continue
        if not form.is_valid():
            texts = (f"{name}: {text}" for name, said in form.errors.items() for text in said)
            refused.append(f"“{line.paper.title}” wasn’t changed. {' '.join(texts)}")
            continue
        said = form.cleaned_data
        if line.pick is not None and not any(said.values()):
            picks_admin.log_deletions(request, [line.pick])
        if line.pick is not None:
            request.audited_before = audit.snapshot(Pick, [line.pick.pk])  # type: ignore[attr-defined]
        pick = decide(
            found.day,
            line.paper,
            place=said["place"],
            is_hidden=said["is_hidden"],
            note=said["note"],
            by=request.user,
        )
        if pick is not None and line.pick is None:
            picks_admin.log_addition(request, pick, [{"added": {}}])
        elif pick is not None:
            picks_admin.log_change(request, pick, [{"changed": {"fields": form.changed_data}}])
        done += 1
    return done, refused
