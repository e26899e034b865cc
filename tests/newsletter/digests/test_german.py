"""A reader who speaks German sees no English but what papers, topics and sources hold."""

import datetime as dt
import re
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse
from django.utils import translation

from newsletter.delivery import worker
from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery, Issue
from newsletter.operations.previews import NAMES, preview
from papers.matching.interests.specs import spec_of
from papers.models import Feature, Observation, Paper, Pick, Topic
from subscriptions import links
from subscriptions.interests import following, matching
from subscriptions.models import AddressChange, Subscriber
from subscriptions.readers import feedback
from tests.factories import (
    DAY,
    NOW,
    make_match,
    make_paper,
    make_source,
    make_subscriber,
    make_topic,
)

pytestmark = pytest.mark.django_db

_ENGLISH = """
the and your you of to for with from this that these is are be been by on no not it its we us our
or if at as but does did has have had there here where what who whom which why how more less read
leave change save saved day days week weeks month months year today topic topics search archive
share cite about listed published submitted comment comments star stars author authors trending
digest digests issue issues subscribe subscribed unsubscribe preferences editor editors reader
readers address page pages something nothing paper's every each once monday tuesday wednesday
thursday friday saturday sunday mon tue wed thu sat sun january february march may june july
october december mar oct dec please choose give try again welcome goodbye erase erased undo
hour weekday timezone language privacy project other before after between kept until within
meaning
"""

ENGLISH = frozenset(_ENGLISH.split())
"""Words that no German sentence of ours has; "Link", "Upvote" and "Papers" are German, too."""


@pytest.fixture(autouse=True)
def _no_language_stays_behind():
    with time_machine.travel(NOW, tick=False), translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture(autouse=True)
def _no_topics_of_the_editors():
    Topic.objects.all().delete()


@pytest.fixture
def alice():
    """Alice, who reads German, and an issue with all that an issue may hold, in no language."""
    source = make_source(name="Quelle")
    topics = [make_topic(name, description="Ohne Worte.") for name in ("Zebra", "Quagga")]
    for number in range(7):
        paper = make_paper(
            f"Lorem {number}",
            abstract="Lorem ipsum dolor sit amet. Consectetur adipiscing elit. Sed eiusmod.",
            authors=[f"Autor {name}" for name in "ABCDEFG"],
            upvotes=1234 - number,
            stars=number,
            code_url="https://code.example.org/",
            project_url="https://project.example.org/",
            summary="Lorem ipsum." if number % 2 else "",
            trending_score=9.0 - number,
            published_on=DAY,
            categories=["cs.CL"],
        )
        for hours, upvotes in ((40, 7), (2, 1234)):
            Observation.objects.create(
                paper=paper,
                source=source,
                observed_at=NOW - dt.timedelta(hours=hours),
                upvotes=upvotes,
            )
        evidence = [
            {"kind": "keyword", "detail": "zebra", "where": "title"},
            {"kind": "keyword", "detail": "quagga", "where": "abstract"},
            {"kind": "meaning", "detail": "0.61"},
        ]
        make_match(paper, topics[number % 2], evidence=evidence if number else [])
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.PIN, note="Lorem.")
    outside = make_paper("Ipsum", abstract="Lorem.", trending_score=0.5, upvotes=None)
    make_match(outside, make_topic("Okapi", description="Ohne Worte."))
    Feature.objects.update(submitted_by="Bob")
    build_issue(DAY, NOW)
    Issue.objects.update(note="Lorem.")
    return make_subscriber(topics=topics, papers_wanted=5, language="de")


class _Words(HTMLParser):
    """What a page says to people: text, and the attributes that are read out or shown."""

    SHOWN = ("alt", "title", "aria-label", "placeholder", "data-none")
    VOID = ("meta", "link", "input", "br", "hr", "img")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.open: list[bool] = []

    @property
    def is_foreign(self) -> bool:
        """Inside something that is in another language on purpose, or in none."""
        return any(self.open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        is_foreign = found.get("lang") == "en" or found.get("class") == "bibtex"
        if tag not in self.VOID:
            self.open.append(is_foreign or tag in {"script", "style", "code"})
        is_description = found.get("name") == "description" or "og:" in str(found.get("property"))
        shown = [found.get(name) for name in self.SHOWN]
        if is_description and found.get("property") != "og:type":
            shown.append(found.get("content"))
        if not self.is_foreign:
            self.said += [text for text in shown if text]

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.is_foreign:
            self.said.append(data)


def english_in(text: str, *, is_html: bool) -> frozenset[str]:
    """The English words that a page or a mail says."""
    if is_html:
        words = _Words()
        words.feed(re.sub(r"<!--.*?-->|<\?xml[^>]*>", "", text, flags=re.DOTALL))
        text = " ".join(words.said)
    text = re.sub(r"https?://\S+|\S+@\S+|\b\w+/[\w/]+", " ", text)
    return ENGLISH.intersection(re.findall(r"[\w'’]+", text.lower()))


def said_in_german(client: Any, path: str, **kwargs: Any) -> str:
    """The page, which has to be in German to the last word."""
    send = client.post if "data" in kwargs else client.get
    response = send(path, headers={"accept-language": "de"}, follow=True, **kwargs)
    html: str = response.content.decode()
    assert response.headers["Content-Language"] == "de"
    is_html = response.headers["Content-Type"].startswith("text/html")
    if is_html and "<html" in html:
        assert '<html lang="de"' in html
    is_markup = is_html or "xml" in response.headers["Content-Type"]
    assert not english_in(html, is_html=is_markup), path
    return html


def test_pages_that_all_may_see(client, alice):
    paper = Paper.objects.get(title="Lorem 3")
    paths = [
        "/",
        "/?topic=t-zebra",
        "/?topic=no-such",
        f"/day/{DAY}/",
        "/week/2026-W24/",
        "/month/2026-06/",
        "/issues/",
        f"/issues/{DAY}/",
        "/topics/",
        "/topics/t-zebra/",
        paper.get_absolute_url(),
        "/search/",
        "/search/?q=lorem",
        "/search/?q=xyzzy",
        "/search/?q=2605.13779",
        "/subscribe/",
        "/check-inbox/",
        "/link/",
        "/erased/",
        "/address/moved/",
        "/links-void/",
        "/submit/",
        f"/upvote/{paper.pk}/",
        "/preview/",
        "/preview/?topics=t-zebra",
        "/preview/?topics=t-zebra&rhythm=weekly",
        "/privacy/",
        "/no-such-page/",
        "/preferences/no-such-link/",
        "/feeds/papers.atom",
        "/topics/t-zebra/feed.atom",
    ]
    for path in paths:
        said_in_german(client, path)
    assert "Mittwoch, 10. Juni 2026" in said_in_german(client, f"/day/{DAY}/")
    shown = said_in_german(client, paper.get_absolute_url())
    assert "„zebra“ im Titel, „quagga“ im Abstract, inhaltlich sehr ähnlich" in shown


def test_pages_before_the_first_paper(client):
    for path in ("/", "/issues/", "/topics/", "/preview/?topics=no-such"):
        said_in_german(client, path)


def test_forms_that_were_filled_in_wrongly(client, alice):
    pages = links.preferences_path(alice.pk, alice.link_version)
    unsubscribe = links.unsubscribe_path(alice.pk, alice.link_version)
    said_in_german(client, "/subscribe/", data={})
    said_in_german(client, "/subscribe/", data={"email": "x", "topics": "xx", "rhythm": "xx"})
    said_in_german(client, "/link/", data={"email": "x"})
    said_in_german(client, pages, data={})
    wrong = {"papers_wanted": 0, "timezone": "x", "paused_until": "2030-01-01", "language": "x"}
    said_in_german(client, pages, data=wrong)
    said_in_german(client, f"{pages}address/", data={"action": "ask", "email": alice.email})
    said_in_german(client, unsubscribe, data={"action": "pause", "days": 7, "until": "2020-01-01"})


def test_a_readers_own_pages(client, alice):
    paper = Paper.objects.get(title="Lorem 3")
    held = alice.pk, alice.link_version
    pages = links.preferences_path(*held)
    feedback.say(alice, paper, feedback.VALUES["more"], NOW)
    change = AddressChange.objects.create(subscriber=alice, new_email="a@example.net", asked_at=NOW)
    unsubscribe = links.unsubscribe_path(*held)
    paths = [
        pages,
        f"{pages}erase/",
        f"{pages}learned/",
        f"{pages}address/",
        f"{pages}links/",
        links.move_path(links.Purpose.MOVE_FROM, *held, change.pk),
        links.move_path(links.Purpose.MOVE_TO, *held, change.pk),
        unsubscribe,
        *(f"{unsubscribe}?done={done}" for done in ("weekly", "resume", "feed", "mute", "undo")),
        links.feedback_path(*held, paper.pk, "more"),
        links.feedback_path(*held, paper.pk, "less"),
        links.confirm_path(*held, NOW),
        links.remember_path(*held),
        links.upvote_path(*held, paper.pk),
        links.feed_path(*held),
    ]
    for path in paths:
        said_in_german(client, path)
    said_in_german(client, links.remember_path(*held), data={})
    for path in ("/submit/", f"/upvote/{paper.pk}/", links.upvote_path(*held, paper.pk)):
        said_in_german(client, path)
    alice.paused_until = dt.date(2026, 7, 1)
    alice.pause_reason = "mails came back"
    alice.save()
    said_in_german(client, pages)
    Subscriber.objects.update(pause_reason="")
    said_in_german(client, pages)
    said_in_german(client, f"{unsubscribe}?done=pause")
    for status in (Subscriber.Status.PENDING, Subscriber.Status.SUPPRESSED, Subscriber.Status.LEFT):
        Subscriber.objects.update(status=status, left_at=NOW)
        said_in_german(client, pages)
        said_in_german(client, unsubscribe)


def test_a_digest_in_the_mail_and_on_the_web(client, alice, mailoutbox):
    call_command("send_digests", "--now", NOW.isoformat(), verbosity=0)
    worker.drain(clock=lambda: NOW)
    sent = Delivery.objects.get(subscriber=alice)
    assert sent.choices
    token = links.token(links.Purpose.DIGEST, alice.pk, alice.link_version, sent.pk)
    page = said_in_german(client, reverse("newsletter:digest", args=[token]))
    assert "Passt zu " in page
    said_in_german(client, links.feed_path(alice.pk, alice.link_version))


@pytest.mark.parametrize("name", NAMES)
def test_every_mail(alice, name):
    if name == "interests":
        following.follow(alice, spec_of("words", phrases=["Lorem 3"]), NOW, rhythm="daily")
        matching.work(NOW)
    shown = preview(name, NOW, subscriber_id=alice.pk)
    assert '<html lang="de"' in shown.html
    assert not english_in(shown.subject, is_html=False)
    assert not english_in(shown.html, is_html=True)
    assert not english_in(shown.text, is_html=False)


def test_a_digest_has_its_dates_and_numbers_as_german_has_them(alice):
    shown = preview("daily", NOW, subscriber_id=alice.pk)
    assert shown.subject.endswith("weitere Paper · Mi, 10. Juni")
    assert "Mittwoch, 10. Juni 2026 · 5 Paper" in shown.text
    assert "1.234 Upvotes" in shown.text
    assert "Passt zu Zebra" in shown.text
    assert "0,61" not in shown.text
    assert "Versand: Broadsheet. Auswahl: die Redaktion." in shown.text
