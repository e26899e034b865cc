"""Pages that readers reach by signed links: preferences, leaving, feedback, their data.

GET never changes anything, since mail scanners open every link. Every POST is CSRF-checked except
the one-click unsubscribe of RFC 8058, which mailbox providers send from their own servers.
"""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from papers.models import Paper, in_order
from subscriptions import links, ways
from subscriptions.models import Subscriber
from subscriptions.notices.due import wake
from subscriptions.pages.forms import REASONS, PauseForm, PreferencesForm
from subscriptions.pages.interests import people_listed
from subscriptions.pages.signed import Visitor, keep_private, signed, void_link
from subscriptions.readers import (
    feedback,
    leaving,
    personal_data,
    reading_list,
    signup,
    topic_changes,
)
from subscriptions.readers import preferences as preferences_of

Status = Subscriber.Status

SAID_ON_A_PAGE = 50


@signed(links.Purpose.PREFERENCES)
def preferences(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """All that a reader may choose, and the ways to leave, to take along or to erase it all."""
    subscriber, now = reader.subscriber, reader.now
    held_link = subscriber.pk, subscriber.link_version
    address = links.preferences_path(*held_link)
    can_choose = subscriber.status in (Status.ACTIVE, Status.PENDING)
    form = None
    if request.method == "POST":
        if request.POST.get("action") == "return":
            signup.come_back(subscriber, now, wording=_("Subscribe again"))
            return redirect(address)
        if not can_choose:
            return redirect(address)
        form = PreferencesForm(request.POST, subscriber=subscriber, now=now)
        if form.is_valid():
            preferences_of.change(subscriber, form.preferences, form.chosen_topics, now)
            return redirect(f"{address}?saved=1")
    elif can_choose:
        form = PreferencesForm(subscriber=subscriber, now=now)
    context = {
        "form": form,
        "subscriber": subscriber,
        "status": subscriber.status,
        "is_saved": request.method != "POST" and request.GET.get("saved") == "1",
        "address": address,
        "unsubscribe": links.unsubscribe_path(*held_link),
        "feed": links.absolute(links.feed_path(*held_link)),
        "is_paused": preferences_of.is_paused(subscriber, now),
        "is_paused_for_bounces": subscriber.is_paused_for_bounces(now),
        "is_mailed": ways.is_mail(subscriber.receives_by),
        "gone": topic_changes.no_longer_offered(subscriber),
        "has_nothing": topic_changes.has_nothing(subscriber),
        "remember": links.remember_path(*held_link),
        "reading_list": links.reading_list_path(*held_link),
    }
    return render(request, "subscriptions/preferences.html", context)


@signed(links.Purpose.PREFERENCES)
def data(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """Everything held about the reader, as a JSON file."""
    response = JsonResponse(
        personal_data.export(reader.subscriber), json_dumps_params={"indent": 2}
    )
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@signed(links.Purpose.PREFERENCES)
def learned(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """What the reader said about papers, to look at and to take back; learning, to switch off."""
    subscriber = reader.subscriber
    address = links.preferences_path(subscriber.pk, subscriber.link_version)
    if request.method == "POST":
        match request.POST.get("action"):
            case "take-back":
                feedback.take_back_of(subscriber, request.POST.get("paper", ""))
            case "forget":
                feedback.delete_all(subscriber)
            case "learn" | "stop" as action:
                learns = action == "learn"
                preferences_of.learn(subscriber, learns=learns, now=reader.now)
        return redirect(f"{address}learned/")
    page = Paginator(feedback.all_said(subscriber), SAID_ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "subscriber": subscriber,
        "page": page,
        "preferences": address,
        "saved": reading_list.entries(subscriber).count(),
        "reading_list": links.reading_list_path(subscriber.pk, subscriber.link_version),
    }
    return render(request, "subscriptions/learned.html", context)


@signed(links.Purpose.PREFERENCES)
def erase(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """The button that deletes everything held about the reader."""
    subscriber = reader.subscriber
    if request.method == "POST":
        personal_data.erase(subscriber)
        return redirect("subscriptions:erased")
    address = links.preferences_path(subscriber.pk, subscriber.link_version)
    context = {"subscriber": subscriber, "preferences": address}
    return render(request, "subscriptions/erase.html", context)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Leaving: at once for a mailbox provider's one-click POST, else by the page's button."""
    if request.method == "POST" and request.POST.get("List-Unsubscribe") == "One-Click":
        return keep_private(_one_click(token))
    return _unsubscribe_page(request, token=token)


def _one_click(token: str) -> HttpResponse:
    """RFC 8058 section 3.2: no cookie, no redirect, and 200 however often it is sent."""
    content_type = "text/plain; charset=utf-8"
    now = timezone.now()
    try:
        claims = links.read(links.Purpose.UNSUBSCRIBE, token)
    except links.BadLink:
        return HttpResponse("This link is not valid.\n", content_type, 404)
    subscriber = Subscriber.objects.holder_of(claims.subscriber_id, claims.version)
    if subscriber is not None:
        subscriber.leave(now, leaving.ONE_CLICK)
    elif Subscriber.objects.knows(claims.subscriber_id):
        return HttpResponse("This link is no longer valid.\n", content_type, 410)
    # Else it was erased and gets no mail, which is what was asked for.
    return HttpResponse("You are unsubscribed.\n", content_type)


@csrf_protect
@signed(links.Purpose.UNSUBSCRIBE)
def _unsubscribe_page(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """Fewer, later, or none: the steps down, and goodbye to those who took the last one."""
    subscriber, now = reader.subscriber, reader.now
    pause_form = PauseForm(now=now)
    if request.method == "POST":
        action = request.POST.get("action")
        if action == "pause":
            pause_form = PauseForm(request.POST, now=now)
        if action != "pause" or pause_form.is_valid():
            done = _step(request, reader, action, pause_form)
            address = links.unsubscribe_path(subscriber.pk, subscriber.link_version)
            return redirect(f"{address}?done={done}" if done else address)
    if subscriber.status in (Status.LEFT, Status.SUPPRESSED):
        can_undo = signup.can_undo(subscriber, now)
        context: dict[str, Any] = {
            "can_undo": can_undo,
            "reasons": [] if signup.has_said_why(subscriber) else REASONS,
            "has_said_why": request.GET.get("done") == "why",
        }
        return render(request, "subscriptions/goodbye.html", context)
    topics = in_order(subscriber.topics.all())
    context = {
        "subscriber": subscriber,
        "is_paused": preferences_of.is_paused(subscriber, now),
        "is_mailed": ways.is_mail(subscriber.receives_by),
        "feed": links.absolute(links.feed_path(subscriber.pk, subscriber.link_version)),
        "pause_form": pause_form,
        "topics": topics if len(topics) > 1 or subscriber.top_papers else [],
        "is_weekly": subscriber.rhythm == Subscriber.Rhythm.WEEKLY,
        "done": request.GET.get("done", ""),
    }
    return render(request, "subscriptions/unsubscribe.html", context)


def _step(request: HttpRequest, reader: Visitor, action: str | None, pause_form: PauseForm) -> str:
    """Take the step whose button was pressed; what the page then says was done, if anything."""
    subscriber, now = reader.subscriber, reader.now
    if action == "undo":
        if signup.can_undo(subscriber, now):
            signup.come_back(subscriber, now, wording=_("Undo: subscribe me again"))
            return "undo"
        return ""
    if action == "why":
        return "why" if signup.say_why(subscriber, request.POST.get("reason", "")) else ""
    if subscriber.status not in (Status.ACTIVE, Status.PENDING):
        return ""
    match action:
        case "weekly":
            preferences_of.receive_weekly(subscriber, now)
        case "feed":
            preferences_of.receive_by_feed(subscriber, now)
        case "pause" if until := pause_form.cleaned_data["until"]:
            preferences_of.pause_until(subscriber, until, now)
        case "pause":
            preferences_of.pause(subscriber, pause_form.cleaned_data["days"], now)
        case "resume":
            preferences_of.pause_until(subscriber, None, now)
        case "mute":
            slug = request.POST.get("topic", "")
            topic = next((one for one in subscriber.topics.all() if one.slug == slug), None)
            if topic is None or not preferences_of.mute(subscriber, topic, now):
                return ""
        case "leave":
            signup.leave(subscriber, now, wording=_("Unsubscribe"))
            wake()
            return ""
        case _:
            return ""
    return action


@signed(links.Purpose.FEEDBACK)
def feedback_on(request: HttpRequest, reader: Visitor, paper_id: int, value: str) -> HttpResponse:
    """The button that says "more like this" or "less like this" of a paper, and takes it back."""
    subscriber = reader.subscriber
    paper = Paper.objects.filter(pk=paper_id).first()
    if paper is None or value not in feedback.VALUES:
        return void_link(request, 404)
    wanted = feedback.VALUES[value]
    held_link = subscriber.pk, subscriber.link_version
    is_shared = bool(reader.claims.extra)
    if request.method == "POST":
        if request.POST.get("action") == "undo":
            feedback.take_back(subscriber, paper)
        else:
            feedback.say(subscriber, paper, wanted, reader.now)
        return redirect(links.feedback_path(*held_link, paper.pk, value, is_shared=is_shared))
    context = {
        "paper": paper,
        "is_more": value == "more",
        "is_said": feedback.said(subscriber, paper) == wanted,
        "learns": subscriber.learns,
        # A shared link mutes nothing: there the cookie alone says who.
        "mute": reverse("subscriptions:mute-paper", args=[paper.pk])
        if is_shared
        else links.mute_path(*held_link, paper.pk),
        "is_shared": is_shared,
        "people": [] if is_shared else people_listed(paper),
        # From a feed that others read along, the cookie alone says who upvotes.
        "upvote": reverse("subscriptions:upvote", args=[paper.pk])
        if is_shared
        else links.upvote_path(*held_link, paper.pk),
    }
    return render(request, "subscriptions/feedback.html", context)
