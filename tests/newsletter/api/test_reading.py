"""What programs see: what the site shows, page by page, and nothing else."""

import datetime as dt
from typing import Any

import pytest

from newsletter.issues.freezing import build_issue
from newsletter.statistics import rollups
from papers.models import Paper, Pick
from subscriptions.models import Consent, Suppression
from tests.factories import DAY, NOW, make_match, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db


def pages_of(program, path: str, limit: int = 2) -> list[Any]:
    """All items of a list, by its cursors."""
    found, cursor = [], None
    for _ in range(20):
        sign = "&" if "?" in path else "?"
        at = f"{path}{sign}limit={limit}" + (f"&cursor={cursor}" if cursor is not None else "")
        answer = program.get(at)
        assert answer.status_code == 200, answer.content
        assert len(answer.json()["items"]) <= limit
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the pages do not end")


@pytest.fixture
def site():
    """Five papers of a day, one each hidden, retracted and merged, and the frozen issue."""
    topics = [make_topic(name, slug=slug) for name, slug in (("Robots", "robots"), ("Law", "law"))]
    papers = [make_paper(f"Paper {n}", trending_score=float(n)) for n in range(5)]
    make_match(papers[0], topics[0])
    hidden, retracted = make_paper("Hidden"), make_paper("Retracted")
    build_issue(DAY, NOW)
    Pick.objects.create(day=DAY, paper=hidden, kind=Pick.Kind.HIDE)
    retracted.status = Paper.Status.RETRACTED
    retracted.save()
    make_paper("Merged", merged_into=papers[0])
    Pick.objects.create(day=DAY, paper=papers[1], kind=Pick.Kind.PIN)
    return papers


@pytest.mark.parametrize(
    ("path", "key", "expected"),
    [
        ("/papers", "title", ["Paper 4", "Paper 3", "Paper 2", "Paper 1", "Paper 0"]),
        ("/papers?topic=robots", "title", ["Paper 0"]),
        ("/papers?topic=law", "title", []),
        ("/papers?listed_on=2026-06-09", "title", []),
        (
            "/days/2026-06-10/papers",
            "title",
            ["Paper 1", "Paper 4", "Paper 3", "Paper 2", "Paper 0"],
        ),
        ("/days", "day", ["2026-06-10"]),
        ("/issues", "day", ["2026-06-10"]),
        (
            "/issues/2026-06-10/papers",
            "title",
            ["Paper 4", "Paper 3", "Paper 2", "Paper 1", "Paper 0"],
        ),
    ],
)
def test_lists_show_what_the_site_shows(path, key, expected, site, program):
    asked = program("papers:read", "issues:read")
    for limit in (1, 2, 100):
        assert [one[key] for one in pages_of(asked, path, limit)] == expected


@pytest.mark.usefixtures("site")
def test_hidden_and_merged_papers_are_not_found_and_a_retracted_one_says_so(program):
    asked = program("papers:read")
    for title, status in (("Hidden", 404), ("Merged", 404), ("Retracted", 200)):
        answer = asked.get(f"/papers/{Paper.objects.get(title=title).pk}")
        assert answer.status_code == status
    assert answer.json()["status"] == "retracted"


def test_a_paper_is_found_by_its_identifier_with_all_there_is_to_say(site, program):
    answer = program("papers:read").get(f"/papers?identifier={site[0].identifier}")
    (paper,) = answer.json()["items"]
    assert paper["url"] == f"https://papers.example.org{site[0].get_absolute_url()}"
    assert paper["topics"] == [{"topic": "robots", "score": 3.0}]
    assert paper["authors"][0] == "Alice Adams"


def test_the_number_of_statements_does_not_grow_with_the_page(
    site, program, django_assert_max_num_queries
):
    asked = program("papers:read", "issues:read", "subscribers:read")
    for number in range(20):
        make_subscriber(f"reader{number}@example.org", topics=[make_topic("Law", slug="law")])
    for path in ("/papers", "/days/2026-06-10/papers", "/issues/2026-06-10/papers", "/subscribers"):
        with django_assert_max_num_queries(10):
            assert asked.get(f"{path}?limit=100").status_code == 200


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/papers", "papers:read"),
        ("/topics/robots", "topics:read"),
        ("/issues", "issues:read"),
        ("/subscribers", "subscribers:read"),
    ],
)
@pytest.mark.usefixtures("site")
def test_what_has_not_changed_is_not_sent_again(path, scope, program):
    asked = program(scope)
    first = asked.get(path)
    again = asked.get(path, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert "private" in first["Cache-Control"]
    assert "Authorization" in first["Vary"]
    other = asked.get(path, **{"If-None-Match": '"other"'})
    assert other.status_code == 200
    head = asked("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.django_db(transaction=True)
def test_a_change_of_what_pages_show_ends_the_tag(program):
    topic = make_topic("Robots", slug="robots")
    asked = program("topics:read")
    tag = asked.get("/topics/robots")["ETag"]
    topic.description = "Another."
    topic.save()
    answer = asked.get("/topics/robots", **{"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.json()["description"] == "Another."


def test_addresses_are_shown_and_looked_for_with_their_scope_alone(program):
    alice = make_subscriber("Alice@example.org")
    alice.record(Consent.Action.CONFIRMED, NOW, "Yes, send me papers")
    plain, seeing = program("subscribers:read"), program("subscribers:read", "addresses:read")
    for path in ("/subscribers", f"/subscribers/{alice.pk}", f"/subscribers/{alice.pk}/consents"):
        assert "example.org" not in plain.get(path).content.decode()
    assert plain.get("/subscribers?email=alice@example.org").status_code == 403
    (found,) = seeing.get("/subscribers?email=ALICE@example.org").json()["items"]
    assert found["email"].lower() == "alice@example.org"
    assert seeing.get("/subscribers?email=bob@example.org").json()["items"] == []
    (consent,) = plain.get(f"/subscribers/{alice.pk}/consents").json()["items"]
    assert (consent["action"], consent["wording"]) == ("confirmed", "Yes, send me papers")


def test_subscribers_and_suppressions_come_in_pages(program):
    topic = make_topic("Robots", slug="robots")
    for number in range(5):
        make_subscriber(f"r{number}@example.org", topics=[topic] if number % 2 else [])
        Suppression.objects.add_address(f"s{number}@example.org", Suppression.Reason.REQUEST, NOW)
    asked = program("subscribers:read", "suppressions:read")
    ids = [one["id"] for one in pages_of(asked, "/subscribers")]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 5
    assert len(pages_of(asked, "/subscribers?topic=robots&status=active")) == 2
    hashes = [one["address_hash"] for one in pages_of(asked, "/suppressions?reason=request")]
    assert hashes == sorted(hashes)
    assert len(hashes) == 5
    assert asked.get(f"/suppressions/{hashes[0]}").json()["reason"] == "request"
    assert asked.get(f"/suppressions/{'0' * 32}").status_code == 404


def test_statistics_are_told_as_their_pages_tell_them(program):
    topic = make_topic("Robots", slug="robots")
    for number in range(6):
        reader = make_subscriber(f"r{number}@example.org", topics=[topic] if number < 2 else [])
        reader.record(Consent.Action.CONFIRMED, NOW)
    rollups.roll_up(NOW + dt.timedelta(days=1))
    asked = program("statistics:read")
    days = {one["day"]: one["counts"] for one in pages_of(asked, "/statistics", 1)}
    assert days["2026-06-11"]["confirmed"] == 6
    month = asked.get("/statistics/2026-06").json()
    (found,) = (
        one for one in month["breakdowns"] if (one["measure"], one["by"]) == ("confirmed", "topic")
    )
    assert (found["total"], found["parts"]) == (6, [])  # two people are too few to tell of
    assert asked.get("/statistics/2020-01").status_code == 404


def test_a_day_to_come_and_one_without_papers_are_not_found(program):
    asked = program("papers:read", "issues:read")
    later = (DAY + dt.timedelta(days=30)).isoformat()
    for path in (f"/days/{later}/papers", f"/issues/{later}", f"/issues/{later}/papers"):
        assert asked.get(path).status_code == 404
