"""Looking at a digest or a letter as an example reader gets it, in any language and on a phone's
width, and sending it to oneself as a test.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from newsletter.delivery import examples
from newsletter.delivery.examples import Example, NothingToShow
from newsletter.digests.selection import Choice
from newsletter.pages.mail_frames import framed
from papers.admin.base import RowsField
from papers.models import Topic
from subscriptions.notices.due import wake

MOST_TESTS = 20
"""Tests that one person may send within a day."""


class ExampleForm(forms.Form):
    """Who the example reader is, and how wide the window."""

    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False)
    width = forms.ChoiceField(choices=[("wide", "wide"), ("phone", "a phone")], required=False)
    topics = RowsField(Topic.objects.none(), required=False)
    is_weekly = forms.BooleanField(required=False, label="weekly")
    text_only = forms.BooleanField(required=False, label="plain text")

    def __init__(self, *args: Any, has_topics: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["topics"]
        assert isinstance(field, RowsField)
        field.queryset = Topic.objects.active()
        if not has_topics:  # a letter is the same whatever its reader follows
            del self.fields["topics"], self.fields["is_weekly"]

    def example(self, of: Example) -> Example:
        """The example that is asked for; as given where the form has faults."""
        said = self.cleaned_data if self.is_valid() else {}
        return replace(
            of,
            language=said.get("language") or settings.LANGUAGES[0][0],
            topics=tuple(topic.pk for topic in said.get("topics", ())),
            is_weekly=said.get("is_weekly", False),
            text_only=said.get("text_only", False),
        )


def page(
    request: HttpRequest,
    of: Example,
    context: dict[str, Any],
    *,
    may_test: bool,
    log: Callable[[str], Any],
) -> HttpResponse:
    """The page about one email: GET shows it, `?part=html` is the email itself, and POST sends it
    to who asks, whose account must have an address. `log` records that.
    """
    form = ExampleForm(request.POST or request.GET, has_topics=of.letter is None)
    example = form.example(of)
    if request.method == "POST":
        if not may_test:
            raise PermissionDenied
        return _send_test(request, example, log)
    mail, problem = None, ""
    choices: list[Choice] = []
    try:
        mail, choices = examples.compose(example, timezone.now())
    except NothingToShow as error:
        problem = str(error)
    if request.GET.get("part") == "html":
        if mail is None or not mail.html:
            raise Http404
        return framed("".join(fragment.text for fragment in mail.html))
    query = request.GET.copy()
    query["part"] = "html"
    context |= {
        "form": form,
        "mail": mail,
        "choices": choices,
        "problem": problem,
        "frame": f"?{query.urlencode()}",
        "is_phone": request.GET.get("width") == "phone",
        "text": "".join(fragment.text for fragment in mail.text) if mail else "",
        "may_test": may_test,
        "own_address": getattr(request.user, "email", ""),
    }
    return render(request, "newsletter/admin/example.html", context)


def _send_test(request: HttpRequest, example: Example, log: Callable[[str], Any]) -> HttpResponse:
    user: Any = request.user
    now = timezone.now()
    lately = examples.tests_of(user, now - dt.timedelta(days=1))
    if not user.email:
        messages.error(request, "Your account has no email address to send a test to.")
    elif lately >= MOST_TESTS:
        messages.error(request, f"You sent {lately} tests within a day. Try again tomorrow.")
    else:
        examples.ask_for_test(example, user, now)
        wake()
        log("Sent a test to themselves.")
        messages.success(request, f"The test is on its way to {user.email}, marked [Test].")
    return redirect(request.get_full_path())
