"""Atom feeds: valid whatever stands in them, and quiet while nothing changes."""

import datetime as dt
from xml.etree import ElementTree

import pytest
import time_machine
from django.test import Client
from django.utils.http import http_date

from papers.models import Paper, Pick
from tests.factories import DAY, NOW, make_match, make_paper, make_topic

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"
FEED = "/feeds/papers.atom"


@pytest.fixture(autouse=True)
def _morning():
    with time_machine.travel(NOW, tick=False):
        yield


def get(path=FEED, **headers):
    return Client().get(path, secure=True, headers=headers)


def titles(response):
    root = ElementTree.fromstring(response.content)
    return [entry.findtext(f"{ATOM}title") for entry in root.findall(f"{ATOM}entry")]


def test_feed_holds_the_papers_of_the_last_three_days_that_have_any():
    for ago in (0, 1, 5, 6):
        make_paper(f"{ago} days ago", day=DAY - dt.timedelta(days=ago))
    make_paper("Tomorrow", day=NOW.date() + dt.timedelta(days=1))
    response = get()
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert titles(response) == ["0 days ago", "1 days ago", "5 days ago"]


def test_addresses_in_a_feed_are_the_sites_public_ones():
    paper = make_paper()
    root = ElementTree.fromstring(get().content)
    entry = root.find(f"{ATOM}entry")
    assert entry is not None
    address = f"https://papers.example.org{paper.get_absolute_url()}"
    assert entry.findtext(f"{ATOM}id") == address
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links == {
        "alternate": "https://papers.example.org/",
        "self": "https://papers.example.org/feeds/papers.atom",
    }


@pytest.mark.parametrize("authors", [[], ["Alice"], [f"Author {n}" for n in range(1, 13)]])
def test_each_author_of_an_entry_is_named_by_themselves(authors):
    make_paper(authors=authors)
    entry = ElementTree.fromstring(get().content).find(f"{ATOM}entry")
    assert entry is not None
    assert [each.findtext(f"{ATOM}name") for each in entry.findall(f"{ATOM}author")] == authors


def test_topic_feed_holds_its_papers_only():
    topic = make_topic()
    make_match(make_paper("Mine"), topic)
    make_match(make_paper("Unsure"), topic, is_sendable=False)
    make_paper("Other")
    response = get(f"{topic.get_absolute_url()}feed.atom")
    assert titles(response) == ["Mine"]


def test_a_feed_that_did_not_change_is_not_sent_again():
    make_paper()
    first = get()
    again = get(**{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    by_date = get(**{"If-Modified-Since": first["Last-Modified"]})
    assert by_date.status_code == 304


def test_counts_and_trend_do_not_make_a_feed_look_new():
    make_paper("One", trending_score=1.0)
    make_paper("Two", trending_score=2.0)
    first = get()
    Paper.objects.filter(title="One").update(trending_score=9.0, upvotes=900)
    assert get(**{"If-None-Match": first["ETag"]}).status_code == 304


def test_a_new_paper_and_an_editors_hand_show_at_once():
    paper = make_paper("One")
    first = get()
    make_paper("Two")
    assert get(**{"If-None-Match": first["ETag"]}).status_code == 200
    second = get()
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.HIDE)
    third = get(**{"If-None-Match": second["ETag"]})
    assert titles(third) == ["Two"]


def test_an_empty_feed_is_valid_and_quiet():
    first = get()
    assert titles(first) == []
    assert ElementTree.fromstring(first.content).findtext(f"{ATOM}updated")
    with time_machine.travel(NOW + dt.timedelta(hours=5)):
        assert get(**{"If-None-Match": first["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    "title",
    [
        "<script>alert(1)</script> & ]]>",
        "{{ 7|add:7 }} {% now 'Y' %}",
        "control \x01\x0b characters \ufffe",
        "שלום \u202e עולם 🎉",
        "x" * 500,
    ],
)
def test_hostile_titles_stay_titles(title):
    paper = make_paper(title, authors=[title], abstract=title, organization=title[:200])
    topic = make_topic()
    make_match(paper, topic)
    for path in (FEED, f"{topic.get_absolute_url()}feed.atom"):
        (found,) = titles(get(path))
        assert found == "".join("\ufffd" if c in "\x01\x0b\ufffe" else c for c in title)


def test_a_feed_takes_few_queries(django_assert_max_num_queries):
    topic = make_topic()
    for _ in range(30):
        make_match(make_paper(), topic)
    with django_assert_max_num_queries(8):
        get()
    with django_assert_max_num_queries(8):
        get(f"{topic.get_absolute_url()}feed.atom")


@pytest.mark.parametrize("header", ["nonsense", http_date(0), "W/", '"', "\udc80"])
def test_malformed_conditions_are_no_conditions(header):
    make_paper()
    response = get(**{"If-None-Match": header.encode("utf-8", "replace").decode()})
    assert response.status_code == 200
