"""Pages about the address itself: moving to another one, and making earlier links void.

GET never changes anything. No answer tells whether the new address is known here, and the page that
the new inbox opens does not name the old one: the address may have been mistyped.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from subscriptions import links
from subscriptions.models import AddressChange, Subscriber
from subscriptions.notices.due import NoticeUnderWay, wake
from subscriptions.pages.forms import AddressForm
from subscriptions.pages.signed import Visitor, keep_private, signed
from subscriptions.pages.subscribing import too_many
from subscriptions.readers import address_change


@signed(links.Purpose.PREFERENCES)
def address(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """The form that asks to move the subscription, and the change that waits for its buttons."""
    subscriber, now = reader.subscriber, reader.now
    preferences = links.preferences_path(subscriber.pk, subscriber.link_version)
    if subscriber.status != Subscriber.Status.ACTIVE:
        return redirect(preferences)
    form = AddressForm(subscriber=subscriber)
    if request.method == "POST" and request.POST.get("action") == "cancel":
        address_change.cancel(subscriber, now)
        return redirect(f"{preferences}address/")
    if request.method == "POST":
        form = AddressForm(request.POST, subscriber=subscriber)
        if form.is_valid() and (answer := _ask(request, reader, form)):
            return answer
    context = {
        "subscriber": subscriber,
        "form": form,
        "change": address_change.open_change(subscriber, now),
        "days": AddressChange.WITHIN.days,
        "preferences": preferences,
    }
    return render(request, "subscriptions/address.html", context)


def _ask(request: HttpRequest, reader: Visitor, form: AddressForm) -> HttpResponse | None:
    """Begin the change; None where the form, which then says why, is to be shown again."""
    subscriber, email = reader.subscriber, form.cleaned_data["email"]
    if wait := too_many(request, "address", email):
        return wait
    try:
        address_change.ask(subscriber, email, reader.now)
    except (address_change.AskedTooOften, NoticeUnderWay):
        form.add_error(
            "email", _("You’ve asked for several changes recently. Please wait a while.")
        )
        return None
    wake()
    preferences = links.preferences_path(subscriber.pk, subscriber.link_version)
    return redirect(f"{preferences}address/")


@signed(links.Purpose.MOVE_FROM)
def move_from(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """The button in the old inbox: let the digests go."""
    return _move(request, reader, links.Purpose.MOVE_FROM)


@signed(links.Purpose.MOVE_TO)
def move_to(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """The button in the new inbox: let the digests come."""
    return _move(request, reader, links.Purpose.MOVE_TO)


def _move(request: HttpRequest, reader: Visitor, end: links.Purpose) -> HttpResponse:
    subscriber, now = reader.subscriber, reader.now
    change = address_change.open_change(subscriber, now)
    if change is None or change.pk != reader.claims.extra:
        return render(request, "subscriptions/move_over.html", status=410)
    if request.method == "POST":
        if request.POST.get("action") == "cancel":
            address_change.cancel(subscriber, now)
            return redirect(request.path)
        if not address_change.agree(subscriber, change.pk, end, now):
            return redirect(request.path)
        wake()
        return redirect("subscriptions:moved")
    is_old = end is links.Purpose.MOVE_FROM
    context = {
        "change": change,
        "is_old": is_old,
        "is_agreed": change.old_confirmed_at if is_old else change.new_confirmed_at,
        "until": change.asked_at + AddressChange.WITHIN,
    }
    return render(request, "subscriptions/move.html", context)


@require_safe
def moved(request: HttpRequest) -> HttpResponse:
    """What both ends see once the address has changed."""
    return keep_private(render(request, "subscriptions/moved.html"))


@signed(links.Purpose.PREFERENCES)
def void_links(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """The button that makes every earlier link void, for whoever passed an email on."""
    subscriber = reader.subscriber
    if request.method == "POST":
        # The new link goes to the inbox alone: this page may be open at somebody else's.
        address_change.void_links(subscriber, reader.now)
        wake()
        return redirect("subscriptions:links-void")
    preferences = links.preferences_path(subscriber.pk, subscriber.link_version)
    context = {"subscriber": subscriber, "preferences": preferences}
    return render(request, "subscriptions/void_links.html", context)


@require_safe
def links_void(request: HttpRequest) -> HttpResponse:
    """What is left to say once the links no longer work."""
    return keep_private(render(request, "subscriptions/links_void.html"))
