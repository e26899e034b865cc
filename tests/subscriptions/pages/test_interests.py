"""Following and muting on readers' pages: from where it is met, and in the preferences."""

import json

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from papers.days import feature_day
from papers.matching.interests.specs import Kind, spec_of
from papers.models import PaperName
from subscriptions import links
from subscriptions.interests import following, matching, previews
from subscriptions.models import Following, FormEntry, Subscriber
from subscriptions.pages import recognition
from subscriptions.readers import form_entries, signup
from tests.factories import make_paper, make_source, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

PHRASE = "state of charge"


def remember(client, reader):
    """The reader's device is a known one from now on."""
    client.cookies[recognition.COOKIE] = links.token(
        links.Purpose.REMEMBERED, reader.pk, reader.link_version, int(timezone.now().timestamp())
    )


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
    remember(client, alice)
    assert "Yann LeCun" in client.get(reverse("subscriptions:follow-paper", args=[paper.pk])).text
    address = reverse("subscriptions:follow")
    page = client.post(address, {"paper": paper.pk, "what": what, "action": "start"})
    initial = page.context["form"].initial
    client.post(address, {**initial, "action": "follow"})
    assert alice.followings.get().interest.kind == kind


def test_papers_that_cite_one_are_offered_where_a_source_says_what_papers_cite(
    client, alice, paper
):
    remember(client, alice)
    address = reverse("subscriptions:follow-paper", args=[paper.pk])
    assert "cite this one" not in client.get(address).text
    PaperName.objects.create(paper=paper, identifier="openalex:W12", kind=PaperName.SAME)
    assert "cite this one" not in client.get(address).text
    make_source(slug="openalex", kind="openalex")
    assert "Papers that cite this one" in client.get(address).text
    follow = reverse("subscriptions:follow")
    page = client.post(follow, {"paper": paper.pk, "what": "citing", "action": "start"})
    assert "New papers that cite this one" in page.text
    client.post(follow, {**page.context["form"].initial, "action": "follow"})
    spec = alice.followings.get().interest.asked
    assert (spec.kind, spec.ids, spec.name) == (Kind.CITING, ("openalex:W12",), paper.title)


def test_an_author_carries_co_authors(client, alice, paper):
    address = reverse("subscriptions:follow")
    page = client.post(address, {"paper": paper.pk, "what": "author:0", "action": "start"})
    assert json.loads(page.context["form"].initial["base"])["coauthors"] == ["Bob Brown"]


def test_a_search_means_its_words_and_filters(client, alice):
    remember(client, alice)
    topic = make_topic("Physics")
    make_source(slug="arxiv")
    given = {"q": "open quantum systems", "source": "arxiv", "order": "date", "action": "start"}
    given |= {"topic": topic.slug, "since": "2026-06-01", "until": "2027-06-01", "code": "1"}
    given |= {"author": "Adams", "field": "physics"}
    page = client.post(reverse("subscriptions:follow"), given)
    asked = {
        "kind": "words",
        "phrases": ["open quantum systems"],
        "sources": ["arxiv"],
        "topics": [topic.slug],
        "only_fields": ["physics"],
        "authors": ["adams"],
        "has_code": True,
        "since": "2026-06-01",
        "until": "2027-06-01",
    }
    initial = page.context["form"].initial
    assert json.loads(initial["base"]) == asked
    assert page.context["form"].is_limited
    # What the form shows is what is followed.
    values = {name: value for name, value in initial.items() if value not in (None, False)}
    client.post(reverse("subscriptions:follow"), {**values, "action": "follow"})
    assert alice.followings.get().interest.spec == asked


def test_a_topics_page_leads_to_a_filled_form_and_to_the_topic_itself(client, alice):
    remember(client, alice)
    topic = make_topic("Physics")
    page = client.post(reverse("subscriptions:follow"), {"topic": topic.slug, "action": "start"})
    assert page.context["form"].initial == {"topics": [topic.slug]}
    assert "Follow the topic" in page.text
    client.post(reverse("subscriptions:follow"), {"topic": topic.slug, "action": "topic"})
    assert [one.topic for one in alice.subscriptions.all()] == [topic]
    client.cookies.clear()
    page = client.post(reverse("subscriptions:follow"), {"topic": topic.slug, "action": "start"})
    assert f"/subscribe/?topic={topic.slug}" in page.text
    client.post(reverse("subscriptions:follow"), {"topic": topic.slug, "action": "topic"})
    assert alice.subscriptions.count() == 1


def test_sources_venues_and_categories_are_left_out_of_one_interest(client, alice):
    make_source(slug="arxiv")
    form: dict[str, object] = {
        "kind": "words",
        "what": PHRASE,
        "action": "follow",
        "no_preprints": "on",
    }
    form |= {
        "not_sources": ["arxiv"],
        "not_venues": "Nature\nCell",
        "not_categories": "cs.CL q-bio",
    }
    client.post(address_of(alice), form)
    spec = alice.followings.get().interest.asked
    assert spec.not_sources == ("arxiv",)
    assert spec.not_venues == ("Nature", "Cell")
    assert spec.not_categories == ("arxiv:cs.CL", "arxiv:q-bio")
    assert spec.no_preprints
    page = client.get(f"{address_of(alice)}{alice.followings.get().token}/")
    assert page.context["form"]["not_venues"].value() == "Nature\nCell"


@pytest.mark.parametrize(
    ("form", "asked", "name"),
    [
        ({"kind": "preprints"}, {"ids": ["type:preprint"]}, "All preprints"),
        ({"kind": "venue", "what": "Nature"}, {"name": "Nature"}, "Nature"),
        ({"kind": "venue", "what": "cs.CL"}, {"ids": ["category:arxiv:cs.CL"]}, "cs.CL"),
        ({"kind": "organization", "what": "ACME"}, {"name": "ACME"}, "ACME"),
        ({"kind": "words", "what": "hype"}, {"phrases": ["hype"]}, "hype"),
    ],
)
def test_something_is_left_out_of_all_emails(client, alice, form, asked, name):
    client.post(address_of(alice), {**form, "action": "mute"})
    muted = alice.muted.get()
    spec = muted.interest.spec
    assert {field: spec[field] for field in asked} == asked
    assert muted.name == name


@pytest.mark.parametrize("form", [{"kind": "words", "what": " "}, {"kind": "author", "what": "A"}])
def test_what_cannot_be_left_out_gets_a_sentence(client, alice, form):
    page = client.post(address_of(alice), {**form, "action": "mute"})
    assert page.context["muting"].errors
    assert not alice.muted.exists()


def by_button(client, reader, now):
    token = links.token(links.Purpose.CONFIRM, reader.pk, reader.link_version, int(now.timestamp()))
    client.post(reverse("subscriptions:confirm", args=[token]))


def by_function(client, reader, now):
    assert signup.confirm(reader, now, now)


def by_coming_back(client, reader, now):
    reader.leave(now)
    assert signup.come_back(reader, now)


def by_undoing_the_goodbye(client, reader, now):
    reader.leave(now)
    address = links.unsubscribe_path(reader.pk, reader.link_version)
    client.post(address, {"action": "undo"})


@pytest.mark.parametrize(
    "confirm", [by_button, by_function, by_coming_back, by_undoing_the_goodbye]
)
def test_what_a_stranger_follows_starts_with_the_confirmation(client, paper, confirm):
    cache.clear()
    form = {"kind": "words", "what": PHRASE, "action": "follow", "email": "carl@example.org"}
    form["rhythm"] = "daily"
    assert client.post(reverse("subscriptions:follow"), form).status_code == 302
    now = timezone.now()
    form_entries.work_off(now)
    assert not FormEntry.objects.exists()
    carl = Subscriber.objects.get(email="carl@example.org")
    assert [one.is_waiting for one in carl.followings.all()] == [True]
    assert carl.next_interests_at is None
    confirm(client, carl, now)
    assert [one.is_waiting for one in carl.followings.all()] == [False]
    assert Subscriber.objects.filter(pk=carl.pk, next_interests_at__gt=now).exists()


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


def test_a_click_in_a_digest_leads_to_a_page_that_mutes_with_one_button(client, alice, paper):
    less = links.feedback_path(alice.pk, alice.link_version, paper.pk, "less")
    page = client.get(less).text
    address = links.mute_path(alice.pk, alice.link_version, paper.pk)
    assert f'action="{address}"' in page
    assert "Mute Yann LeCun" in page
    shared = links.feedback_path(alice.pk, alice.link_version, paper.pk, "less", is_shared=True)
    page = client.get(shared).text
    assert address not in page
    assert reverse("subscriptions:mute-paper", args=[paper.pk]) in page


def test_a_known_device_mutes_from_a_papers_page_and_a_stranger_is_told_how(client, alice, paper):
    remember(client, alice)
    address = reverse("subscriptions:mute-paper", args=[paper.pk])
    assert address in client.get(paper.get_absolute_url()).text
    assert "Yann LeCun" in client.get(address).text
    client.post(address, {"action": "author", "author": "0"})
    assert alice.muted.get().interest.asked.is_person
    client.post(address, {"action": "less"})
    assert alice.feedback.get().value < 0
    client.cookies.clear()
    page = client.post(address, {"action": "words", "words": "hype"}).text
    assert "Muting is for subscribers" in page
    assert alice.muted.count() == 1


def test_a_feed_of_an_interest_says_when_each_paper_was_listed(client, alice, paper):
    spec = spec_of(Kind.WORDS.value, phrases=[PHRASE])
    one = following.follow(alice, spec, timezone.now()).following
    day = feature_day(timezone.now())
    matching.order(day, timezone.now())
    matching.work(timezone.now())
    answer = client.get(reverse("subscriptions:interest-feed", args=[one.token]))
    assert answer.text.count(f"<published>{day}T00:00:00") == 1
    assert answer.text.count(f"<updated>{day}T00:00:00") == 2
    known = {"headers": {"If-Modified-Since": answer["Last-Modified"]}}
    known["headers"]["If-None-Match"] = answer["ETag"]
    feed = reverse("subscriptions:interest-feed", args=[one.token])
    assert client.get(feed, **known).status_code == 304


@pytest.mark.parametrize(
    ("author", "asked"),
    [
        ({"name": "Wei Zhang"}, {"is_person": False}),
        ({"name": "Wei Zhang", "orcid": "0000-0002-1825-0097"}, {"is_person": True}),
        (
            {"name": "Wei Zhang", "affiliations": [{"name": "CERN"}]},
            {"is_person": True, "affiliations": ("CERN",)},
        ),
    ],
)
def test_an_author_without_co_authors_is_muted_by_what_else_is_known(client, alice, author, asked):
    paper = make_paper("Alone", author_records=[author], authors=["Wei Zhang"])
    client.post(
        links.mute_path(alice.pk, alice.link_version, paper.pk), {"action": "author", "author": "0"}
    )
    spec = alice.muted.get().interest.asked
    assert {name: getattr(spec, name) for name in asked} == asked


def test_strangers_see_a_limited_number_of_previews(client, settings):
    cache.clear()
    settings.LIMIT_PER_NETWORK = 1
    form = {"kind": "words", "what": PHRASE, "action": "preview"}
    answers = [client.post(reverse("subscriptions:follow"), form).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    cache.clear()


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
