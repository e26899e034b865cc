"""What readers follow beside topics: met on a page, kept in the preferences, muted from a digest.

Words are posted in the body and stand in no address. Links to single interests carry an opaque
token that can be renewed. GET changes nothing.
"""

import datetime as dt
from xml.sax.saxutils import quoteattr

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from papers import site
from papers.cards import card_of, whole
from papers.matching import references
from papers.matching.interests.specs import BadSpec, InterestSpec, Kind, spec_of
from papers.models import Paper, Topic
from papers.pages.feeds import MAX_AGE, MOST, answer, new_feed, paragraphs, row_of, xml_text
from papers.sources.record import people_of
from subscriptions import links
from subscriptions.interests import files, following, previews
from subscriptions.interests.following import Refused
from subscriptions.models import Following, InterestMatch, Subscriber
from subscriptions.notices.due import wake
from subscriptions.pages import recognition
from subscriptions.pages.forms import LinkForm
from subscriptions.pages.interest_forms import (
    FollowForm,
    InterestForm,
    MuteForm,
    initial_of,
    of_paper,
    of_search,
    person_of,
    sentence,
)
from subscriptions.pages.signed import Visitor, keep_private, signed, void_link
from subscriptions.pages.subscribing import too_many
from subscriptions.readers import feedback, form_entries, limits
from subscriptions.readers import preferences as preferences_of
from subscriptions.readers.signup import SignupChoices

AUTHORS_SHOWN = 60
"""Authors that a page offers to follow or to mute."""

MATCH = "subscriptions.tasks.match_interests"


# --- From where it is met -------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest) -> HttpResponse:
    """Follow a search, something of a paper, or what is typed. Readers whose device is remembered
    are done with a click; others leave an address, and start with their confirmation.
    """
    subscriber = recognition.recognised(request, timezone.now())
    kind: type[InterestForm] = InterestForm if subscriber else FollowForm
    if request.method != "POST":
        return _follow_page(request, kind(), subscriber, None)
    action = request.POST.get("action", "")
    visitor = limits.address_of(request) or ""
    if subscriber is None and (wait := too_many(request, "preview", visitor)):
        return wait
    if action == "start":
        spec = _met(request)
        topic = Topic.objects.active().filter(slug=request.POST.get("topic", "")[:100]).first()
        initial = initial_of(spec) if spec else {"topics": [topic.slug] if topic else []}
        is_of_topic = spec is None and topic is not None
        form = kind(initial=initial)
        return _follow_page(request, form, subscriber, spec, topic if is_of_topic else None)
    if action == "topic" and subscriber is not None:
        return _follow_topic(request, subscriber)
    form = kind(request.POST)
    if not form.is_valid() or form.spec is None:
        return _follow_page(request, form, subscriber, None)
    if action != "follow":
        return _follow_page(request, form, subscriber, form.spec)
    if isinstance(form, FollowForm):
        return _follow_as_stranger(request, form)
    assert subscriber is not None
    if not _followed(subscriber, form, form.spec):
        return _follow_page(request, form, subscriber, form.spec)
    return keep_private(redirect(f"{reverse('subscriptions:follow')}?done=1"))


def _follow_topic(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Following a topic is what the list of topics in the preferences means by it."""
    topic = get_object_or_404(Topic.objects.active(), slug=request.POST.get("topic", "")[:100])
    preferences_of.add_topic(subscriber, topic, timezone.now())
    return keep_private(redirect(f"{reverse('subscriptions:follow')}?done=1"))


def _follow_as_stranger(request: HttpRequest, form: FollowForm) -> HttpResponse:
    spec = form.spec
    assert spec is not None
    if form.cleaned_data["website"]:
        return redirect("subscriptions:check-inbox")
    try:
        previews.preview(spec, timezone.now()).refuse_broad()
    except Refused as error:
        form.add_error(None, str(error))
    if not form.require_address() or form.errors:
        return _follow_page(request, form, None, spec)
    email = form.cleaned_data["email"]
    if wait := too_many(request, "subscribe", email):
        return wait
    choices = SignupChoices(language=translation.get_language() or "en")
    wanted = {"spec": spec.as_json(), **form.manner}
    form_entries.note_signup(email, [], choices, timezone.now(), gettext("Follow"), interest=wanted)
    wake()
    return redirect("subscriptions:check-inbox")


def _follow_page(
    request: HttpRequest,
    form: InterestForm,
    subscriber: Subscriber | None,
    spec: InterestSpec | None,
    topic: Topic | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "topic": topic,
        "preview": previews.preview(spec, timezone.now()) if spec else None,
        "subscriber": subscriber,
        "is_done": request.method != "POST" and request.GET.get("done") == "1",
    }
    return keep_private(render(request, "subscriptions/follow.html", context))


def _met(request: HttpRequest) -> InterestSpec | None:
    """What a form of another page points to: a search's words and filters, a paper's author."""
    if number := _number(request.POST.get("paper", "")):
        paper = get_object_or_404(Paper.objects.shown(), pk=number)
        return of_paper(paper, request.POST.get("what", ""))
    try:
        return of_search(request.POST.get("q", "")[:200], request.POST)
    except BadSpec:
        return None


def _followed(subscriber: Subscriber, form: InterestForm, spec: InterestSpec) -> bool:
    """Follow what a valid form asks for; where that's refused, the form says why."""
    now = timezone.now()
    try:
        previews.preview(spec, now).refuse_broad()
        done = following.follow(subscriber, spec, now, **form.manner)
    except Refused as error:
        form.add_error(None, str(error))
        return False
    if done.is_unmatched:
        wake(MATCH)
    return True


@require_safe
def follow_paper(request: HttpRequest, paper_id: int) -> HttpResponse:
    """What of a paper can be followed: its authors, organization, journal, papers like it."""
    paper = get_object_or_404(Paper.objects.shown(), pk=paper_id)
    context = {
        "paper": paper,
        "people": people_listed(paper),
        "is_cited": references.are_known() and bool(references.names_when_cited(paper.pk)),
        "action": reverse("subscriptions:follow"),
    }
    return keep_private(render(request, "subscriptions/follow_paper.html", context))


def people_listed(paper: Paper) -> list[tuple[int, str]]:
    """The authors of a paper with their positions, as many as a page offers."""
    return [(at, one.name) for at, one in enumerate(people_of(paper)[:AUTHORS_SHOWN])]


# --- In the preferences ---------------------------------------------------------------------------


@signed(links.Purpose.PREFERENCES)
def interests(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """All that the reader follows and muted, with the form for more."""
    subscriber = reader.subscriber
    address = _address(subscriber)
    form, spec = InterestForm(), None
    if request.method == "POST":
        action = request.POST.get("action", "")
        if action in {"preview", "follow"}:
            form = InterestForm(request.POST)
            if form.is_valid() and form.spec is not None:
                spec = form.spec
                if action == "follow" and _followed(subscriber, form, spec):
                    return redirect(f"{address}?done=followed")
        elif action == "mute":
            return _mute_typed(request, reader, address)
        elif action == "upload":
            return _upload(request, reader, address)
        else:
            return redirect(f"{address}{_acted(request, reader, action)}")
    return _interests_page(request, reader, form, spec)


def _interests_page(
    request: HttpRequest,
    reader: Visitor,
    form: InterestForm,
    spec: InterestSpec | None,
    brought: files.Brought | None = None,
    refused: str = "",
    muting: MuteForm | None = None,
) -> HttpResponse:
    subscriber = reader.subscriber
    listed = list(subscriber.followings.listed())
    context = {
        "subscriber": subscriber,
        "form": form,
        "preview": previews.preview(spec, reader.now) if spec else None,
        "followings": listed,
        "muted": subscriber.muted.select_related("interest"),
        "muting": muting or MuteForm(),
        "address": _address(subscriber),
        "preferences": links.preferences_path(subscriber.pk, subscriber.link_version),
        "done": request.GET.get("done", "") if request.method != "POST" else "",
        "most": settings.MOST_INTERESTS,
        "brought": brought,
        "refused": refused,
    }
    return render(request, "subscriptions/interests.html", context)


def _acted(request: HttpRequest, reader: Visitor, action: str) -> str:
    """Do what a button of the list says; what follows the page's address."""
    subscriber, now = reader.subscriber, reader.now
    if action == "unmute":
        muted = subscriber.muted.filter(pk=_number(request.POST.get("muted", "")) or 0).first()
        if muted is not None:
            following.unmute(muted)
            return "?done=unmuted#muted"
        return ""
    one = subscriber.followings.filter(token=request.POST.get("interest", "")[:32]).first()
    if one is None:
        return ""
    match action:
        case "pause" | "resume":
            following.change(one, now, is_paused=action == "pause")
        case "start":
            spec = one.interest.asked
            following.follow(subscriber, spec, now)
            wake(MATCH)
        case "delete":
            following.unfollow(one, now)
        case "renew":
            following.renew_token(one)
        case _:
            return ""
    return f"?done={action}"


def _mute_typed(request: HttpRequest, reader: Visitor, address: str) -> HttpResponse:
    """Mute words, an organization, a venue or all preprints, everywhere."""
    form = MuteForm(request.POST)
    if form.is_valid():
        try:
            spec = form.spec()
            _made, is_unmatched = following.mute(reader.subscriber, spec, reader.now, form.name)
        except BadSpec as error:
            form.add_error("what", sentence(error))
        except Refused as error:
            form.add_error(None, str(error))
        else:
            if is_unmatched:
                wake(MATCH)
            return redirect(f"{address}?done=muted#muted")
    return _interests_page(request, reader, InterestForm(), None, muting=form)


def _upload(request: HttpRequest, reader: Visitor, address: str) -> HttpResponse:
    """Bring in a file of interests from another site."""
    given = request.FILES.get("file")
    if given is None:
        return redirect(address)
    if (given.size or 0) > files.LARGEST:
        text = gettext("The file is too large to be a list of interests.")
        return _interests_page(request, reader, InterestForm(), None, refused=text)
    try:
        brought = files.bring(reader.subscriber, given.read(), reader.now)
    except Refused as error:
        return _interests_page(request, reader, InterestForm(), None, refused=str(error))
    if brought.is_unmatched:
        wake(MATCH)
    return _interests_page(request, reader, InterestForm(), None, brought=brought)


@signed(links.Purpose.PREFERENCES)
def interest(request: HttpRequest, reader: Visitor, key: str) -> HttpResponse:
    """One interest: what it asks for and how it's followed, to change, and its feed."""
    subscriber = reader.subscriber
    one = subscriber.followings.select_related("interest").filter(token=key).first()
    if one is None:
        return void_link(request, 404)
    address = _address(subscriber)
    spec = one.interest.asked
    if request.method == "POST":
        form = InterestForm(request.POST)
        if form.is_valid() and form.spec is not None:
            spec = form.spec
            if request.POST.get("action") == "save" and _changed(one, form, spec, reader):
                return redirect(f"{address}?done=saved")
    else:
        form = InterestForm(initial=initial_of(spec, one))
    context = {
        "subscriber": subscriber,
        "following": one,
        "form": form,
        "preview": previews.preview(spec, reader.now),
        "address": address,
        "feed": _feed_address(one),
    }
    return render(request, "subscriptions/interest.html", context)


def _changed(one: Following, form: InterestForm, spec: InterestSpec, reader: Visitor) -> bool:
    try:
        previews.preview(spec, reader.now).refuse_broad()
        done = following.change(one, reader.now, spec=spec, **form.manner)
    except Refused as error:
        form.add_error(None, str(error))
        return False
    if done.is_unmatched:
        wake(MATCH)
    return True


def _address(subscriber: Subscriber) -> str:
    preferences = links.preferences_path(subscriber.pk, subscriber.link_version)
    return f"{preferences}interests/"


def _feed_address(one: Following) -> str:
    return links.absolute(reverse("subscriptions:interest-feed", args=[one.token]))


# --- To take along --------------------------------------------------------------------------------


@signed(links.Purpose.PREFERENCES)
def download(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """The interests as JSON, for another site."""
    response = HttpResponse(files.as_json(reader.subscriber), "application/json")
    response["Content-Disposition"] = 'attachment; filename="interests.json"'
    return response


@signed(links.Purpose.PREFERENCES)
def opml(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """The feeds of all interests, for feed readers."""
    title = gettext("Your interests · %(site)s") % {"site": site.current().name}
    lines = [
        f'    <outline type="rss" text={quoteattr(xml_text(one.name))} '
        f"xmlUrl={quoteattr(_feed_address(one))}/>"
        for one in reader.subscriber.followings.listed()
    ]
    text = "\n".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<opml version="2.0">',
            f"  <head><title>{xml_text(title)}</title></head>",
            "  <body>",
            *lines,
            "  </body>",
            "</opml>",
            "",
        )
    )
    response = HttpResponse(text, content_type="text/x-opml; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="interests.opml"'
    return response


@require_safe
def feed(request: HttpRequest, key: str) -> HttpResponseBase:
    """The papers of one interest as an Atom feed; 410 once its address was renewed or it's gone."""
    one = (
        Following.objects.select_related("interest", "subscriber")
        .filter(token=key, subscriber__status=Subscriber.Status.ACTIVE)
        .first()
    )
    if one is None:
        text = "There is no feed at this address.\n"
        return keep_private(HttpResponse(text, "text/plain; charset=utf-8", status=410))
    with translation.override(one.subscriber.language):
        made = new_feed(
            request,
            title=xml_text(f"{one.name} · {site.current().name}"),
            subtitle=gettext("Papers that match an interest"),
            page="/",
        )
        newest: dt.datetime | None = None
        matches = InterestMatch.objects.filter(interest=one.interest).select_related("paper")
        if not one.takes_maybe:
            matches = matches.filter(is_certain=True)
        for found in matches.filter(paper__in=Paper.objects.shown()).order_by("-day", "-score")[
            :MOST
        ]:
            card = card_of(found.paper, whole)
            address = links.absolute(card.path)
            listed = dt.datetime.combine(found.day, dt.time(), dt.UTC)
            newest = max(newest or listed, listed)
            made.add_item(
                title=xml_text(card.title),
                link=address,
                unique_id=f"{address}#interest",
                description=xml_text(paragraphs((card.byline, card.excerpt, row_of(card.links)))),
                authors=[xml_text(str(name)) for name in found.paper.authors],
                pubdate=listed,
                updateddate=listed,
            )
        response = answer(request, made, newest, f"private, max-age={MAX_AGE}")
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response


# --- Muting ---------------------------------------------------------------------------------------


@signed(links.Purpose.FEEDBACK)
def mute(request: HttpRequest, reader: Visitor, paper_id: int) -> HttpResponse:
    """Mute an author or words of a paper, or ask for less like it; each can be taken back."""
    paper = Paper.objects.filter(pk=paper_id).first()
    if paper is None:
        return void_link(request, 404)
    return _mute(request, reader.subscriber, paper)


@require_http_methods(["GET", "HEAD", "POST"])
def mute_paper(request: HttpRequest, paper_id: int) -> HttpResponse:
    """The same from a page that all may see, for a reader whose device is remembered."""
    subscriber = recognition.recognised(request, timezone.now())
    paper = get_object_or_404(Paper.objects.shown(), pk=paper_id)
    if subscriber is None:
        context = {"paper": paper, "subscriber": None, "link_form": LinkForm()}
        return keep_private(render(request, "subscriptions/mute.html", context))
    return keep_private(_mute(request, subscriber, paper))


def _mute(request: HttpRequest, subscriber: Subscriber, paper: Paper) -> HttpResponse:
    now = timezone.now()
    said = ""
    refused = ""
    undo: int | None = None
    if request.method == "POST":
        action = request.POST.get("action", "")
        if action == "undo":
            one = subscriber.muted.filter(pk=_number(request.POST.get("muted", "")) or 0).first()
            if one is not None:
                following.unmute(one)
                said = gettext("Taken back.")
        elif action == "less":
            feedback.say(subscriber, paper, feedback.VALUES["less"], now)
            said = gettext("Noted: less like this.")
        else:
            try:
                spec = _to_mute(request, paper)
                if spec is not None:
                    made, is_unmatched = following.mute(subscriber, spec, now)
                    undo = made.pk
                    said = gettext("Muted: %(name)s") % {"name": made.name}
                    if is_unmatched:
                        wake(MATCH)
            except BadSpec:
                refused = gettext("Enter what you want to mute: at least one word.")
            except Refused as error:
                refused = str(error)
    context = {
        "paper": paper,
        "subscriber": subscriber,
        "mute": "",
        "people": people_listed(paper),
        "said": said,
        "undo": undo,
        "refused": refused,
    }
    return render(request, "subscriptions/mute.html", context)


def _to_mute(request: HttpRequest, paper: Paper) -> InterestSpec | None:
    """The author or the words that a button names."""
    number = request.POST.get("author", "")
    if number.isascii() and number.isdigit() and len(number) < 6:
        return person_of(paper, int(number))
    return spec_of(Kind.WORDS.value, phrases=[request.POST.get("words", "")[:160]])


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
