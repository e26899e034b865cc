"""What an editor does about a paper from its own page: a fragment that the page's script brings in
for who is logged in here. The page itself is the same for everyone.
"""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.cache import never_cache

from papers.admin.base import ModelAdmin, is_key
from papers.days import next_weekday
from papers.models import Match, Paper, Pick
from papers.picking import decide, list_on, next_open_day, pick_of

TO_PICK = ("papers.add_pick", "papers.change_pick", "papers.delete_pick")


class DecisionForm(forms.Form):
    """What is decided about the paper for the issue that is coming."""

    place = forms.IntegerField(
        required=False,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        widget=forms.NumberInput({"min": 1, "max": 50}),
    )
    is_hidden = forms.BooleanField(required=False)
    note = forms.CharField(required=False, max_length=300)


class PaperDesk(ModelAdmin):
    """The admin of papers, as far as their own pages go."""

    def get_urls(self) -> list[URLPattern]:
        """With the fragment."""
        view = never_cache(self.admin_site.admin_view(self.desk))
        mine = path("<path:object_id>/desk/", view, name="papers_paper_desk")
        return [mine, *super().get_urls()]

    def desk(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The fragment; a form of it leads back to the paper's page. `no-store`: it is one
        person's, and what they may do changes.
        """
        key = unquote(object_id)
        found = Paper.objects.filter(pk=key).first() if is_key(Paper, key) else None
        if found is None:
            raise Http404("no such paper")
        user: Any = request.user
        if not self.has_view_permission(request):
            raise PermissionDenied
        day = next_open_day(timezone.now())
        if request.method == "POST":
            self._act(request, found, day)
            return HttpResponseRedirect(found.get_absolute_url())
        pick = pick_of(day, found.pk)
        context = {
            "paper": found,
            "day": day,
            "next_day": next_weekday(day),
            "pick": pick,
            "place": pick.position if pick and pick.kind == Pick.Kind.PIN else "",
            "is_hidden_elsewhere": Pick.objects.hides()
            .filter(paper=found)
            .exclude(day=day)
            .first(),
            "is_hidden": bool(pick and pick.kind == Pick.Kind.HIDE),
            "is_listed": Paper.objects.of_day(day).filter(pk=found.pk).exists(),
            "matches": found.matches.select_related("topic").order_by("-score")[:20],
            "may_pick": user.has_perms(TO_PICK),
            "may_match": user.has_perm("papers.change_match"),
            "may_edit": self.has_change_permission(request, found),
            "may_explain": user.has_perms(
                ("newsletter.view_delivery", "subscriptions.view_subscriber")
            ),
        }
        return render(request, "papers/admin/paper_desk.html", context)

    def _act(self, request: HttpRequest, paper: Paper, day: dt.date) -> None:
        user: Any = request.user
        what = request.POST.get("what", "")
        if what == "decide" and user.has_perms(TO_PICK):
            self._decide(request, paper, day)
        elif what == "list" and user.has_perm("papers.add_pick"):
            on = list_on(next_weekday(day) if request.POST.get("day") == "next" else day, paper)
            self.log_change(request, paper, f"listed on {on}")
            messages.success(request, f"Listed on {on:%A, %-d %B}.")
        elif what in ("veto", "allow") and user.has_perm("papers.change_match"):
            self._judge(request, paper, is_vetoed=what == "veto")
        else:
            raise PermissionDenied

    def _decide(self, request: HttpRequest, paper: Paper, day: dt.date) -> None:
        form = DecisionForm(request.POST)
        if not form.is_valid():
            for name, faults in form.errors.items():
                messages.error(request, f"{name}: {' '.join(map(str, faults))}")
            return
        said = form.cleaned_data
        before = pick_of(day, paper.pk)
        try:
            pick = decide(day, paper, by=request.user, **said)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return
        if before is not None or pick is not None:
            kind = pick.get_kind_display() if pick is not None else "nothing"
            self.log_change(request, paper, f"decided for {day}: {kind}")
        messages.success(request, f"Saved for {day:%A, %-d %B}.")

    def _judge(self, request: HttpRequest, paper: Paper, *, is_vetoed: bool) -> None:
        key = request.POST.get("match", "")
        match = paper.matches.filter(pk=key).first() if is_key(Match, key) else None
        if match is None:
            messages.error(request, "This match no longer exists.")
            return
        verdict = Match.Verdict.VETOED if is_vetoed else Match.Verdict.NONE
        Match.objects.filter(pk=match.pk).update(verdict=verdict)
        said = "vetoed" if is_vetoed else "left to matching"
        self.log_change(request, paper, f"{match.topic}: {said}")
        messages.success(request, f"{match.topic}: {said}.")
