"""Following and muting on readers' pages: from where it is met, and in the preferences."""

import json

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from papers.days import feature_day
from papers.matching.interests.specs import Kind, spec_of
from subscriptions import links
from subscriptions.interests import following, previews
from subscriptions.models import Following, FormEntry, Subscriber
from subscriptions.pages import recognition
from subscriptions.readers import form_entries, signup
from tests.factories import make_paper, make_subscriber

pytestmark = pytest.mark.django_db

PHRASE = "state of charge"


@pytest.fixture(autouse=True)
def _no_kept_index(monkeypatch):
    monkeypatch.setattr(previews, "_kept", None)


@pytest.fixture
def alice() -> Subscriber:
    cache.clear()
    return make_subscriber("alice@example.org")


@pytest.fixture
def paper():
    return make_paper(
        "The state of charge of a cell",
        authors=["Yann LeCun", "Bob Brown"],
        organization="CERN",
        day=feature_day(timezone.now()),
    )


def address_of(reader: Subscriber) -> str:
    return links.preferences_path(reader.pk, reader.link_version) + "interests/"


def test_words_are_previewed_and_then_followed_changed_paused_and_deleted(client, alice, paper):
    address = address_of(alice)
    words = {"kind": "words", "what": PHRASE, "match": "all", "name": "Batteries"}
    page = client.post(address, {**words, "action": "preview"})
    assert paper.title in page.text
    assert not alice.followings.exists()
    assert client.post(address, {**words, "action": "follow"}).status_code == 302
    one = alice.followings.get()
    assert (one.name, one.interest.asked.phrases) == ("Batteries", (PHRASE,))
    assert "Batteries" in client.get(address).text

    own = f"{address}{one.token}/"
    assert PHRASE in client.get(own).text
    changed = {**words, "what": "charge\ncell", "match": "any", "rhythm": "daily", "most_papers": 3}
    client.post(own, {**changed, "action": "save"})
    one.refresh_from_db()
    assert (one.rhythm, one.most_papers, one.interest.asked.any_of) == ("daily", 3, True)
    for action, is_paused in (("pause", True), ("resume", False)):
        client.post(address, {"interest": one.token, "action": action})
        one.refresh_from_db()
        assert one.is_paused is is_paused
    client.post(address, {"interest": one.token, "action": "delete"})
    assert not alice.followings.exists()


@pytest.mark.parametrize("what", ["", "the", "one two three four five six seven"])
def test_what_cannot_be_followed_gets_a_sentence(client, alice, what):
    page = client.post(address_of(alice), {"kind": "words", "what": what, "action": "follow"})
    assert "errorlist" in page.text
    assert not alice.followings.exists()


def test_an_interest_of_another_reader_is_out_of_reach(client, alice):
    bob = make_subscriber("bob@example.org")
    spec = spec_of(Kind.WORDS.value, phrases=[PHRASE])
    token = following.follow(bob, spec, timezone.now()).following.token
    client.post(address_of(alice), {"interest": token, "action": "delete"})
    assert client.get(f"{address_of(alice)}{token}/").status_code == 404
    assert bob.followings.count() == 1


@pytest.mark.parametrize(
    ("what", "kind"),
    [("author:0", "author"), ("organization", "organization"), ("like", "likeness")],
)
def test_a_known_device_follows_from_a_papers_page(client, alice, paper, what, kind):
    now = timezone.now()
    client.cookies[recognition.COOKIE] = links.token(
        links.Purpose.REMEMBERED, alice.pk, alice.link_version, int(now.timestamp())
    )
    assert "Yann LeCun" in client.get(reverse("subscriptions:follow-paper", args=[paper.pk])).text
    address = reverse("subscriptions:follow")
    page = client.post(address, {"paper": paper.pk, "what": what, "action": "start"})
    initial = page.context["form"].initial
    client.post(address, {**initial, "action": "follow"})
    assert alice.followings.get().interest.kind == kind


def test_an_author_carries_co_authors(client, alice, paper):
    address = reverse("subscriptions:follow")
    page = client.post(address, {"paper": paper.pk, "what": "author:0", "action": "start"})
    assert json.loads(page.context["form"].initial["base"])["coauthors"] == ["Bob Brown"]


def test_a_search_means_its_words_and_filters(client, alice):
    given = {"q": "open quantum systems", "source": "arxiv", "order": "date", "action": "start"}
    page = client.post(reverse("subscriptions:follow"), given)
    asked = json.loads(page.context["form"].initial["base"])
    assert asked == {
        "kind": "words",
        "phrases": ["open quantum systems"],
        "sources": ["arxiv"],
    }


def test_what_a_stranger_follows_starts_with_the_confirmation(client, paper):
    cache.clear()
    form = {"kind": "words", "what": PHRASE, "action": "follow", "email": "carl@example.org"}
    assert client.post(reverse("subscriptions:follow"), form).status_code == 302
    now = timezone.now()
    form_entries.work_off(now)
    assert not FormEntry.objects.exists()
    carl = Subscriber.objects.get(email="carl@example.org")
    assert [one.is_waiting for one in carl.followings.all()] == [True]
    assert signup.confirm(carl, now, now)
    assert [one.is_waiting for one in carl.followings.all()] == [False]


def test_an_active_reader_starts_what_somebody_followed_with_the_address(client, alice):
    form = {"kind": "words", "what": PHRASE, "action": "follow", "email": alice.email}
    client.post(reverse("subscriptions:follow"), form)
    form_entries.work_off(timezone.now())
    one = alice.followings.get()
    assert one.is_waiting
    client.post(address_of(alice), {"interest": one.token, "action": "start"})
    one.refresh_from_db()
    assert not one.is_waiting


def test_an_address_is_asked_for_and_robots_get_nothing(client):
    form = {"kind": "words", "what": PHRASE, "action": "follow"}
    assert "Please enter your email address" in client.post("/follow/", form).text
    client.post("/follow/", {**form, "email": "a@example.org", "website": "x"})
    assert not FormEntry.objects.exists()


def test_an_author_is_muted_as_a_person_and_words_as_words_and_both_taken_back(
    client, alice, paper
):
    address = links.mute_path(alice.pk, alice.link_version, paper.pk)
    assert not alice.muted.exists()
    assert "Yann LeCun" in client.get(address).text
    client.post(address, {"action": "author", "author": "0"})
    spec = alice.muted.get().interest.asked
    assert (spec.name, spec.is_person, spec.coauthors) == ("Yann LeCun", True, ("Bob Brown",))
    page = client.post(address, {"action": "words", "words": "hype"})
    assert alice.muted.count() == 2
    client.post(address, {"action": "undo", "muted": page.context["undo"]})
    page = client.post(address_of(alice), {"action": "unmute", "muted": alice.muted.get().pk})
    assert not alice.muted.exists()
    assert "at least one word" in client.post(address, {"action": "words", "words": " "}).text


def test_interests_move_as_a_file_and_feeds_are_listed(client, alice):
    spec = spec_of(Kind.WORDS.value, phrases=[PHRASE])
    one = following.follow(alice, spec, timezone.now(), name="A & B").following
    text = client.get(f"{address_of(alice)}interests.json").content
    bob = make_subscriber("bob@example.org")
    page = client.post(
        address_of(bob), {"action": "upload", "file": SimpleUploadedFile("i.json", text)}
    )
    assert "1 interest was brought in" in page.text
    assert bob.followings.get().name == "A & B"
    bad = SimpleUploadedFile("i.json", b"[")
    assert "JSON" in client.post(address_of(bob), {"action": "upload", "file": bad}).text

    listed = client.get(f"{address_of(alice)}feeds.opml").text
    feed = reverse("subscriptions:interest-feed", args=[one.token])
    assert feed in listed
    assert "A &amp; B" in listed
    assert PHRASE not in listed
    assert client.get(feed).status_code == 200
    client.post(address_of(alice), {"interest": one.token, "action": "renew"})
    assert client.get(feed).status_code == 410
    assert Following.objects.get(pk=one.pk).token != one.token
