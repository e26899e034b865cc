"""Issues in the admin: counts that are true for every page, previews, and the brakes."""

import datetime as dt
import re
import threading
from collections import Counter

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from newsletter.admin import issues
from newsletter.admin.issues import IssueAdmin, IssueChangeList
from newsletter.delivery.composing import KeptEdition
from newsletter.models import Delivery, Issue, IssuePaper
from papers.matching.interests.specs import spec_of
from subscriptions import links
from subscriptions.interests import matching
from subscriptions.interests.following import follow
from tests.admin_pages import cell, text
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_frozen_issue,
    make_issue,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)

pytestmark = pytest.mark.django_db

LIST = reverse("admin:newsletter_issue_changelist")
State = Delivery.State
COLUMNS = {
    "sent": (State.SENT,),
    "waiting": (State.PENDING, State.CLAIMED),
    "skipped": (State.SKIPPED,),
}
TROUBLE = (State.FAILED, State.UNKNOWN, State.EXPIRED)


def fill(issues: int) -> dict[str, Counter[str]]:
    """Issues of as many days, each with other numbers; the numbers by the day as it is shown."""
    readers = [make_subscriber(f"r{number}@example.org") for number in range(30)]
    numbers = {}
    for at in range(issues):
        issue = make_issue(DAY - dt.timedelta(days=at))
        states = [state for nth, state in enumerate(State) for _ in range((at * 3 + nth) % 4)]
        for reader, state in zip(readers, states, strict=False):
            make_delivery(issue, reader, state=state)
        for rank in range(1, at % 3 + 1):
            paper = make_paper()
            IssuePaper.objects.create(issue=issue, paper=paper, rank=rank, score=1.0, card={})
        numbers[str(issue.pk)] = Counter(states) + Counter(papers=at % 3)
    return numbers


def shown(html: str) -> dict[str, dict[str, str]]:
    """The numbers that a page shows, by the key of their issue."""
    keys = re.findall(r'name="_selected_action" value="(\d+)"', html)
    names = ("papers", *COLUMNS, "not_mailed", "trouble")
    columns = {name: cell(html, name) for name in names}
    return {key: {name: columns[name][at] for name in names} for at, key in enumerate(keys)}


def expected(numbers: Counter[str]) -> dict[str, str]:
    """What the list must show of an issue with these numbers."""
    summed = {name: str(sum(numbers[state] for state in of)) for name, of in COLUMNS.items()}
    trouble = " / ".join(str(numbers[state]) for state in TROUBLE)
    others = f"{numbers[State.FEED]} feed" if numbers[State.FEED] else ""
    papers = str(numbers["papers"])
    return summed | {"papers": papers, "not_mailed": others, "trouble": trouble}


@pytest.mark.parametrize(
    "order", ["", "1", "-1", "2", "-2", "-9.1"], ids=lambda order: f"order {order}"
)
@pytest.mark.parametrize("page", [1, 2, 3])
def test_every_page_in_every_order_shows_the_numbers_of_its_own_issues(
    client, monkeypatch, page, order
):
    monkeypatch.setattr(IssueAdmin, "list_per_page", 4)
    numbers = fill(10)
    found = shown(text(client.get(LIST, {"p": page} | ({"o": order} if order else {}))))
    assert len(found) == (4, 4, 2)[page - 1]
    assert found == {key: expected(numbers[key]) for key in found}


def test_all_issues_on_one_page_and_the_issues_of_a_filter_are_counted(client, monkeypatch):
    monkeypatch.setattr(IssueAdmin, "list_per_page", 4)
    numbers = fill(6)
    Issue.objects.filter(pk__in=list(numbers)[:2]).update(state=Issue.State.PAUSED)
    for query, keys in (
        ({"all": ""}, list(numbers)),
        ({"state__exact": "paused"}, list(numbers)[:2]),
        ({"day__year": "2026", "day__month": "6", "day__day": "9"}, list(numbers)[1:2]),
        ({"day__year": "1999"}, []),
    ):
        found = shown(text(client.get(LIST, query)))
        assert found == {key: expected(numbers[key]) for key in keys}, query


def test_the_oldest_of_many_issues_is_counted_too(client):
    days = [DAY - dt.timedelta(days=at) for at in range(103)]
    Issue.objects.bulk_create(Issue(day=day, frozen_at=NOW) for day in days)
    oldest = Issue.objects.get(day=days[-1])
    make_delivery(oldest, make_subscriber(), state=State.SENT)
    for query, length in (({"p": 2}, 3), ({"all": ""}, 103), ({"o": "1"}, 100)):
        found = shown(text(client.get(LIST, query)))
        assert len(found) == length
        assert found[str(oldest.pk)]["sent"] == "1", query
        assert sum(int(numbers["sent"]) for numbers in found.values()) == 1


def test_numbers_are_those_of_now_and_not_of_the_page_before(client, row):
    assert shown(text(client.get(LIST)))[str(row.issue_id)]["trouble"] == "0 / 1 / 0"
    Delivery.objects.update(state=State.SENT)
    found = shown(text(client.get(LIST)))[str(row.issue_id)]
    assert (found["sent"], found["trouble"]) == ("1", "0 / 0 / 0")


@pytest.mark.django_db(transaction=True)
def test_two_editors_at_once_each_see_the_numbers_of_their_page(client, monkeypatch):
    monkeypatch.setattr(IssueAdmin, "list_per_page", 3)
    numbers = fill(6)
    both = threading.Barrier(2, timeout=30)
    count = IssueChangeList.get_results

    def count_and_wait(changelist, request):
        count(changelist, request)
        both.wait()  # so that both are counted before either is shown

    monkeypatch.setattr(IssueChangeList, "get_results", count_and_wait)
    pages: dict[int, str] = {}

    def look(page: int) -> None:
        try:
            browser = Client()
            browser.cookies = client.cookies
            pages[page] = text(browser.get(LIST, {"p": page}))
        finally:
            connection.close()

    threads = [threading.Thread(target=look, args=(page,)) for page in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = shown(pages[1]) | shown(pages[2])
    assert found == {key: expected(numbers[key]) for key in numbers}


def test_an_issues_page_takes_as_many_queries_for_many_papers_as_for_few(client, row):
    url = reverse("admin:newsletter_issue_change", args=[row.issue_id])
    counts = []
    for size in (1, 12):
        for _ in range(size):
            IssuePaper.objects.create(
                issue=row.issue,
                paper=make_paper(),
                rank=row.issue.places.count() + 1,
                score=1.0,
                card={"title": "A paper"},
            )
        client.get(url)  # what is looked up once in a process
        with CaptureQueriesContext(connection) as queries:
            assert "A paper" in text(client.get(url))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_preview_shows_what_a_subscriber_would_get_and_sends_nothing(client, row):
    url = reverse("admin:newsletter_issue_preview", args=[row.issue_id])
    page = client.get(url, {"subscriber": "alice@example.org"})
    assert "alice@example.org" in page.content.decode()
    assert "<script>alert(1)" not in page.content.decode()
    html = client.get(url, {"subscriber": "alice@example.org", "part": "html"})
    assert "&lt;script&gt;alert(1)" in html.content.decode()
    assert "sandbox" in html["Content-Security-Policy"]
    row.refresh_from_db()
    assert row.state == Delivery.State.UNKNOWN
    assert Delivery.objects.count() == 1


def test_the_links_of_a_preview_are_void(client, row):
    url = reverse("admin:newsletter_issue_preview", args=[row.issue_id])
    alice = row.subscriber
    for part in ("", "html"):
        page = text(client.get(url, {"subscriber": alice.email, "part": part}))
        paths = set(
            re.findall(r"https://papers\.example\.org(/[^\s\"'<>&]*[\w-]{48}[^\s\"'<>&]*)", page)
        )
        assert paths
        for path in paths:
            answer = Client().get(path, secure=True)
            if path.startswith("/digest/"):
                assert (answer.status_code, answer["Location"]) == (302, "/sample/")
            else:
                assert answer.status_code == 410, path
    for live in (
        links.unsubscribe_path(alice.pk, alice.link_version),
        links.preferences_path(alice.pk, alice.link_version),
    ):
        assert live not in page


@pytest.mark.parametrize("issue", ["x", "0", "-1", "9" * 30, "²", "1e5", "NaN", "2026-06-10"])
def test_a_preview_of_no_issue_is_not_found(client, row, issue):
    url = reverse("admin:newsletter_issue_preview", args=[issue])
    assert client.get(url).status_code == 404


def test_preview_for_an_unknown_address_says_so(client, row):
    url = reverse("admin:newsletter_issue_preview", args=[row.issue_id])
    assert "No active subscriber" in client.get(url, {"subscriber": "x@y.z"}).content.decode()
    assert client.get(url, {"subscriber": "x@y.z", "part": "html"}).status_code == 404


def test_issue_shows_what_came_back(client, row):
    Delivery.objects.update(state=Delivery.State.SENT, bounce="hard", bounced_at=NOW)
    Issue.objects.update(warning="hard bounces: 1 of 1 digests (100.00%)")
    page = client.get(reverse("admin:newsletter_issue_change", args=[row.issue_id]))
    assert "Hard bounces: 1 (100.00%)" in page.content.decode()
    changelist = client.get(LIST).content.decode()
    assert "hard bounces: 1 of 1 digests" in changelist


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("Alice@example.org", "Its papers were in the digest of Wednesday, 10 June 2026"),
        ("bob@example.org", "No reader has this address or number. Check the spelling."),
        ("", ""),
    ],
)
def test_why_not_names_the_digest_that_carried_an_older_issue(client, address, said):
    older, newer = make_issue(DAY - dt.timedelta(days=1)), make_issue(DAY)
    make_delivery(newer, make_subscriber(), since=older.day, state=State.SENT)
    url = reverse("admin:newsletter_issue_why_not", args=[older.pk])
    page = client.get(url, {"subscriber": address}).content.decode()
    assert said in page
    assert ("Its papers were in" in page) is said.startswith("Its")


@pytest.mark.parametrize("part", ["", "html"])
def test_a_second_look_as_a_reader_takes_few_queries(client, settings, monkeypatch, part):
    """What an edition is made of isn't read again, whoever it is looked at as."""
    settings.PAGE_CACHE_SECONDS = 300
    monkeypatch.setattr(issues, "previewed", KeptEdition())
    topic = make_topic("Agents")
    for number in range(3):
        make_match(make_paper(f"Paper {number}"), topic)
    issue = make_frozen_issue()
    readers = [make_subscriber(f"r{n}@example.org", topics=[topic]) for n in range(2)]
    follow(readers[1], spec_of("words", phrases=["Paper 2"]), NOW)
    matching.match_new(NOW)
    address = reverse("admin:newsletter_issue_preview", args=[issue.pk])
    taken = []
    for reader in readers:
        with CaptureQueriesContext(connection) as queries:
            page = client.get(address, {"subscriber": reader.pk, "part": part})
        assert "Paper 2" in page.text
        taken.append(len(queries))
    assert taken[1] <= 20 < taken[0]
