"""Pages for subscribing: the form, the confirmation, the welcome, and the lost link.

No answer tells whether an address is known, nor does the time it takes: the page writes down what
was typed, and a worker decides what follows. GET never changes anything, since mail scanners open
every link; each change takes the button on the page.
"""

import datetime as dt
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from papers.text.cleaning import shorten
from subscriptions import links
from subscriptions.models import Subscriber
from subscriptions.notices.chosen import chosen_by
from subscriptions.notices.due import wake
from subscriptions.pages.forms import LinkForm, SubscribeForm, WelcomeForm
from subscriptions.pages.signed import Visitor, keep_private, signed, void_link
from subscriptions.readers import form_entries, limits, proof_of_work, signup
from subscriptions.readers.preferences import choose_topics, zone_of

LONGEST_WORDING = 300
"""Characters of what is kept as the wording of a consent."""


TOO_MANY = "subscriptions/too_many.html"


def too_many(
    request: HttpRequest, action: str, email: str, template: str = TOO_MANY
) -> HttpResponse | None:
    """The page that asks to come back later, where a limit is reached."""
    visitor = limits.network(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        settings.TRUSTED_PROXIES,
    )
    now = timezone.now()
    proven = action not in proof_of_work.NEEDED_FOR or proof_of_work.is_given(
        request.POST.get("proof", "")
    )
    seconds = limits.seconds_to_wait("unproven", email, visitor, now) if not proven else 0
    seconds = seconds or limits.seconds_to_wait(action, email, visitor, now)
    if not seconds:
        return None
    context = {"minutes": seconds // 60 + 1, "action": action, "is_proven": proven}
    response = render(request, template, context, status=429)
    response["Retry-After"] = str(seconds)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """The subscribe form; `?topic=` (repeatable, a slug) chooses topics beforehand, and `?from=`
    is kept as the source of the sign-up.
    """
    if request.method != "POST":
        return render(request, "subscriptions/subscribe.html", {"form": opened_form(request)})
    return take(request, "subscriptions/subscribe.html", "subscriptions:check-inbox")


def opened_form(request: HttpRequest) -> SubscribeForm:
    """The form as its address asks for it."""
    initial: dict[str, Any] = {"topics": request.GET.getlist("topic")}
    if request.GET.get("top_papers"):
        initial["top_papers"] = True
    initial["from"] = request.GET.get("from", "")
    return SubscribeForm(initial=initial)


def take(
    request: HttpRequest, template: str, done: str, too_many_template: str = TOO_MANY
) -> HttpResponse:
    """Take in what was typed into a subscribe form, wherever that stands: one intake, one set of
    limits, one proof of work, and the same answer for every address.
    """
    form = SubscribeForm(request.POST)
    if form.is_from_a_robot:
        return redirect(done)
    if not form.is_valid():
        return render(request, template, {"form": form})
    email = form.cleaned_data["email"]
    if wait := too_many(request, "subscribe", email, too_many_template):
        return wait
    wording = shorten(f"{_('Subscribe')}: {form.chosen}", LONGEST_WORDING)
    now = timezone.now()
    form_entries.note_signup(email, form.chosen_topics, form.choices, now, wording, form.came_from)
    wake()
    return redirect(done)


@require_safe
@never_cache
def challenge(request: HttpRequest) -> JsonResponse:
    """Work for the browser of whoever fills in a form, where the settings ask for a proof of it."""
    if not settings.PROOF_OF_WORK:
        raise Http404("no proof of work is asked for")
    return JsonResponse(proof_of_work.challenge(timezone.now()))


@require_safe
def check_inbox(request: HttpRequest) -> HttpResponse:
    """What to expect after the form, the same for every address."""
    return render(request, "subscriptions/check_inbox.html")


@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest) -> HttpResponse:
    """The form that emails a lost link again."""
    if request.method != "POST":
        return render(request, "subscriptions/link.html", {"form": LinkForm()})
    form = LinkForm(request.POST)
    if not form.is_valid():
        return render(request, "subscriptions/link.html", {"form": form})
    email = form.cleaned_data["email"]
    if wait := too_many(request, "link", email):
        return wait
    form_entries.note_lost_link(email, timezone.now())
    wake()
    return redirect("subscriptions:check-inbox")


@signed(links.Purpose.CONFIRM)
def confirm(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """The button that makes a subscription active."""
    subscriber = reader.subscriber
    asked_at = dt.datetime.fromtimestamp(reader.claims.extra, dt.UTC)
    if request.method != "POST":
        is_void = not signup.can_confirm(subscriber, asked_at)
        return (
            void_link(request, 410)
            if is_void
            else render(
                request,
                "subscriptions/confirm.html",
                {"subscriber": subscriber, "chosen": chosen_by(subscriber)},
            )
        )
    wording = shorten(f"{_('Yes, send me papers')}: {chosen_by(subscriber)}", LONGEST_WORDING)
    if not signup.confirm(subscriber, asked_at, reader.now, wording):
        return void_link(request, 410)
    wake("newsletter.tasks.send_welcomes")  # or it goes out with the next minute's tick
    token = links.token(links.Purpose.PREFERENCES, subscriber.pk, subscriber.link_version)
    return redirect("subscriptions:welcome", token=token)


@signed(links.Purpose.PREFERENCES)
def welcome(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """What one who has just confirmed wants to know: when the first digest comes, and which topics
    there are to choose from, with a preview.
    """
    subscriber = reader.subscriber
    is_active = subscriber.status == Subscriber.Status.ACTIVE
    form = WelcomeForm(request.POST or None, subscriber=subscriber)
    if request.method == "POST" and is_active and form.is_valid():
        top_papers = form.cleaned_data["top_papers"]
        choose_topics(subscriber, form.chosen_topics, top_papers=top_papers, now=reader.now)
        return redirect(f"{request.path}?saved=1")
    first = subscriber.next_digest_at
    context = {
        "subscriber": subscriber,
        "is_active": is_active,
        "form": form,
        "is_saved": request.method != "POST" and request.GET.get("saved") == "1",
        # Without its zone, so that the template shows the reader's own wall clock.
        "first_at": first and first.astimezone(zone_of(subscriber)).replace(tzinfo=None),
        "preferences": links.preferences_path(subscriber.pk, subscriber.link_version),
    }
    return render(request, "subscriptions/welcome.html", context)


@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    """What is left to say after erasing all there was."""
    return keep_private(render(request, "subscriptions/erased.html"))
