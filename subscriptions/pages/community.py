"""Taking part: upvoting, submitting a paper, and having a device remembered for both.

These pages are for readers who have shown to own their address, by a signed link or by the cookie
of `subscriptions.pages.recognition`. Everybody else is told how to get there. GET changes nothing.
"""

import logging

from celery import signature
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from kombu.exceptions import OperationalError

from papers.models import Paper
from subscriptions import links
from subscriptions.models import Subscriber
from subscriptions.pages import recognition
from subscriptions.pages.community_forms import SubmitForm
from subscriptions.pages.forms import LinkForm
from subscriptions.pages.signed import Visitor, keep_private, signed
from subscriptions.pages.subscribing import too_many
from subscriptions.readers import submissions, upvotes
from subscriptions.readers.submissions import Outcome, Receipt

logger = logging.getLogger(__name__)

OWN_SHOWN = 20
"""Submissions of a reader's own that the page lists."""


@signed(links.Purpose.COMMUNITY)
def remember(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """The button that has this device remembered, for upvotes and submissions alone."""
    subscriber = reader.subscriber
    if request.method == "POST" and subscriber.is_mailable:
        response = redirect("subscriptions:submit")
        recognition.remember(response, subscriber, reader.now)
        return response
    context = {"subscriber": subscriber, "days": recognition.REMEMBERED_FOR.days}
    return render(request, "subscriptions/remember.html", context)


@require_POST
def forget_device(request: HttpRequest) -> HttpResponse:
    """Have this device forget the reader."""
    response = redirect("subscriptions:submit")
    recognition.forget_device(response)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def upvote(request: HttpRequest, paper_id: int) -> HttpResponse:
    """The button that upvotes a paper, for a reader whose device is remembered."""
    subscriber = recognition.recognised(request, timezone.now())
    address = reverse("subscriptions:upvote", args=[paper_id])
    return keep_private(_upvote(request, subscriber, paper_id, address))


@signed(links.Purpose.COMMUNITY)
def signed_upvote(request: HttpRequest, reader: Visitor, paper_id: int) -> HttpResponse:
    """The same, for a reader who came from an email."""
    one = reader.subscriber
    address = links.upvote_path(one.pk, one.link_version, paper_id)
    return _upvote(request, one, paper_id, address)


def _upvote(
    request: HttpRequest, subscriber: Subscriber | None, paper_id: int, address: str
) -> HttpResponse:
    found = get_object_or_404(Paper.objects.unhidden(), pk=paper_id)
    paper = found.merged_into or found
    if request.method == "POST" and subscriber is not None:
        if wait := too_many(request, "upvote", subscriber.email):
            return wait
        if request.POST.get("action") == "undo":
            upvotes.take_back(subscriber, paper)
        else:
            upvotes.give(subscriber, paper, timezone.now())
        return redirect(address)
    context = {
        "paper": paper,
        "total": upvotes.total(paper),
        "is_given": subscriber is not None and upvotes.is_given(subscriber, paper),
    }
    return render(request, "subscriptions/upvote.html", context | _who(request, subscriber))


@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest) -> HttpResponse:
    """The form that submits a paper, and what became of the reader's earlier ones."""
    subscriber = recognition.recognised(request, timezone.now())
    form, receipt = SubmitForm(), None
    if request.method == "POST" and subscriber is not None and subscriber.is_mailable:
        form = SubmitForm(request.POST)
        if form.is_valid():
            if wait := too_many(request, "submit", subscriber.email):
                return wait
            data = form.cleaned_data
            receipt = submissions.submit(subscriber, data["paper"], data["name"], timezone.now())
            if receipt.outcome is Outcome.TAKEN:
                _look_up_soon()
                return redirect(f"{reverse('subscriptions:submit')}?taken=1")
    return keep_private(_submit_page(request, subscriber, form, receipt))


def _submit_page(
    request: HttpRequest, subscriber: Subscriber | None, form: SubmitForm, receipt: Receipt | None
) -> HttpResponse:
    own = subscriber.submissions.select_related("paper") if subscriber is not None else None
    context = {
        "form": form,
        "receipt": receipt,
        "is_open": submissions.are_open(),
        "is_taken": request.method != "POST" and request.GET.get("taken") == "1",
        "own": own[:OWN_SHOWN] if own is not None else (),
    }
    return render(request, "subscriptions/submit.html", context | _who(request, subscriber))


def _who(request: HttpRequest, subscriber: Subscriber | None) -> dict[str, object]:
    """What the pages say of the reader, and the form that emails a link to one we do not know."""
    return {
        "subscriber": subscriber,
        "may_take_part": subscriber is not None and subscriber.is_mailable,
        "is_remembered": recognition.COOKIE in request.COOKIES,
        "remember": links.remember_path(subscriber.pk, subscriber.link_version)
        if subscriber is not None
        else "",
        "link_form": LinkForm(),
    }


def _look_up_soon() -> None:
    """Wake a worker; where the broker is out of order, beat does so within a minute."""
    try:
        signature("subscriptions.tasks.check_submissions").delay()
    except OperationalError:
        logger.exception("a submission is waiting for the next tick")
