"""Pausing, resuming and stopping what goes out: a pause asks why, and a stop asks twice."""

from collections import Counter
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from unfold.decorators import action

from newsletter.issues.coming import MOST_COUNTED
from newsletter.models import Delivery

REASON_LENGTH = 150


class ReasonForm(forms.Form):
    """Why it is paused or stopped."""

    reason = forms.CharField(
        max_length=REASON_LENGTH,
        widget=forms.TextInput({"class": "desk-wide"}),
        help_text="Shown to other editors and operators.",
    )
    is_sure = forms.BooleanField(required=False, widget=forms.HiddenInput)


class Brakes:
    """For the pages of what can be paused and stopped: a model with `state`, `pause`, `resume` and
    `stop`, and deliveries.
    """

    brakes: ClassVar = ["pause_one", "resume_one", "stop_one"]
    # Of the admin that this is part of.
    admin_site: Any
    opts: Any
    get_object: Any
    message_user: Any
    log_change: Any
    has_change_permission: Any

    def has_brake_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may change them."""
        return bool(self.has_change_permission(request))

    def deliveries_of(self, one: Any) -> Any:
        """The rows that a stop would close."""
        return Delivery.objects.filter(issue=one)

    @action(description="Pause", url_path="pause", permissions=["brake"])
    def pause_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, then send nothing more until it is resumed."""
        one = self._found(request, object_id)
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            why = f"{form.cleaned_data['reason']} (paused by {request.user})"
            return self._said(request, one, one.pause(why), "Paused. Nothing more will go out.")
        return self._asked(request, one, form, "Pause", "Pause it", "pause")

    @action(description="Resume", url_path="resume", permissions=["brake"])
    def resume_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then go on with what waits."""
        one = self._found(request, object_id)
        if request.method == "POST":
            return self._said(request, one, one.resume(), "Resumed. Waiting emails are going out.")
        return self._asked(request, one, None, "Resume", "Resume it", "resume")

    @action(description="Stop", url_path="stop", permissions=["brake"])
    def stop_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask twice, saying how many would not get it, then never send it again."""
        one = self._found(request, object_id)
        form = ReasonForm(request.POST or None)
        step = "stop"
        if request.method == "POST" and form.is_valid():
            if form.cleaned_data["is_sure"]:
                why = f"{form.cleaned_data['reason']} (stopped by {request.user})"
                done = one.stop(why)
                return self._said(request, one, done, "Stopped. Nobody else will get it.")
            step = "really"
            form = ReasonForm(initial=form.cleaned_data | {"is_sure": True})
        button = "Yes, stop it permanently" if step == "really" else "Stop it permanently"
        return self._asked(request, one, form, "Stop", button, step)

    def _found(self, request: HttpRequest, object_id: str) -> Any:
        one = self.get_object(request, unquote(str(object_id)))
        if one is None:
            raise Http404
        return one

    def _said(self, request: HttpRequest, one: Any, done: bool, said: str) -> HttpResponse:
        state = f"Nothing has changed: it is {one.get_state_display()}."
        if done:
            self.log_change(request, one, said)
        self.message_user(
            request, said if done else state, messages.SUCCESS if done else messages.ERROR
        )
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", one.pk)

    def _asked(
        self, request: HttpRequest, one: Any, form: Any, verb: str, button: str, step: str
    ) -> HttpResponse:
        rows = self.deliveries_of(one).order_by().values_list("state", flat=True)
        waiting = rows.filter(state=Delivery.State.PENDING).order_by("not_before", "id")
        first = Counter(rows[: MOST_COUNTED + 1])  # no more are read, however many there are
        context = {
            **self.admin_site.each_context(request),
            "title": f"{verb}: {one}",
            "original": one,
            "form": form,
            "button": button,
            "step": step,
            # Those that wait stand in a small index of their own, in this order.
            "waiting": len(waiting[: MOST_COUNTED + 1]),
            "gone": first[Delivery.State.SENT],
            "has_more": first.total() > MOST_COUNTED,
            "most": MOST_COUNTED,
            "opts": self.opts,
        }
        return render(request, "newsletter/admin/brake.html", context)
