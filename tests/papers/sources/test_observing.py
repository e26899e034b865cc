"""Sources that only observe: what they ask, what they take, and what comes of it."""

import datetime as dt
import json
import time
from pathlib import Path
from typing import Any

import pytest
import stamina
from werkzeug import Request, Response

from papers.ingest.fetching import fetch_day
from papers.ingest.sightings import observe
from papers.models import Feature, Observation, Paper, PaperName, Source, TrendingPlace
from papers.sources import registry
from papers.sources.base import FetchFailed, Sighting
from papers.sources.github_stars import GitHubSettings, GitHubStars, repository_in
from papers.sources.hackernews import HOSTS, HackerNews, HackerNewsSettings, name_in
from papers.sources.http import Busy
from papers.sources.observing import is_in_order_of
from papers.sources.trending_list import TrendingList
from tests.factories import DAY, NOW, make_paper, make_source
from tests.papers.sources.recordings import answer

TODAY = NOW.date()


@pytest.fixture
def site(httpserver, settings, monkeypatch):
    """A server in the place of all services; nobody waits."""
    here = httpserver.url_for("").rstrip("/")
    settings.HACKER_NEWS_URL = settings.GITHUB_API_URL = settings.HUGGINGFACE_URL = here
    settings.FETCH_TIMEOUT = 2
    settings.FETCH_ATTEMPTS = 2
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with stamina.set_testing(True, attempts=2, cap=True):
        yield httpserver


def stories(*hits: dict[str, Any]) -> str:
    return json.dumps({"hits": list(hits)})


def story(url: str | None, points: Any = 10, comments: Any = 3) -> dict[str, Any]:
    return {"url": url, "points": points, "num_comments": comments}


# --- Hacker News ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://arxiv.org/abs/2606.00001v2", "arxiv:2606.00001"),
        ("https://arxiv.org/pdf/2606.00001v7.pdf", "arxiv:2606.00001"),
        ("https://arxiv.org/html/2606.00001", "arxiv:2606.00001"),
        ("https://huggingface.co/papers/2606.00001", "arxiv:2606.00001"),
        ("https://doi.org/10.1038/S41586-021-03819-2", "doi:10.1038/s41586-021-03819-2"),
        ("https://www.nature.com/articles/s41586-021-03819-2", "doi:10.1038/s41586-021-03819-2"),
        ("https://www.science.org/doi/10.1126/science.abc1234", "doi:10.1126/science.abc1234"),
        (
            "https://www.biorxiv.org/content/10.1101/2024.04.01.587366v1.full",
            "doi:10.1101/2024.04.01.587366",
        ),
        ("https://arxiv.org/list/cs.CL/recent", ""),
        ("https://[broken", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_links_of_stories_are_joined_with_papers(link: str, name: str) -> None:
    assert name_in(link) == name


def test_stories_are_asked_for_by_host_and_not_by_paper(site) -> None:
    asked: list[dict[str, str]] = []

    def answers(request: Request) -> Response:
        asked.append(dict(request.args))
        return Response(stories(), content_type="application/json")

    site.expect_request("/api/v1/search_by_date").respond_with_handler(answers)
    source = HackerNews(now=NOW)
    source.fetch(TODAY)
    assert [one["query"] for one in asked] == list(HOSTS)
    assert {one["restrictSearchableAttributes"] for one in asked} == {"url"}
    since = int((NOW - dt.timedelta(days=14)).timestamp())
    assert asked[0]["numericFilters"] == f"created_at_i>{since}"
    assert source.state == {"day": TODAY.isoformat(), "spent": len(HOSTS)}


def test_the_budget_of_a_day_holds_over_rounds(site) -> None:
    site.expect_request("/api/v1/search_by_date").respond_with_data(
        stories(story("https://arxiv.org/abs/2606.00001"))
    )
    settings = HackerNewsSettings(hosts=("arxiv.org", "doi.org"), daily_requests=3)
    first = HackerNews(settings, now=NOW)
    assert not first.fetch(TODAY).notes
    second = HackerNews(settings, state=first.state, now=NOW)
    assert "spent" in second.fetch(TODAY).notes[0]
    assert len(site.log) == 3
    tomorrow = HackerNews(settings, state=second.state, now=NOW + dt.timedelta(days=1))
    assert not tomorrow.fetch(TODAY).notes


def test_odd_stories_cost_only_themselves(site) -> None:
    site.expect_request("/api/v1/search_by_date").respond_with_data(
        stories(
            story(None),
            story("https://arxiv.org/abs/2606.00001", points=None, comments=None),
            story("https://arxiv.org/abs/2606.00002", points="many", comments=-4),
            story("https://arxiv.org/abs/2606.00003", points=True),
            story("https://notarxiv.org/abs/2606.00004"),
            story("https://arxiv.org/abs/2606.00005", points=1),
            story("https://arxiv.org/abs/2606.00006", points=10**12),
        )
    )
    found = HackerNews(HackerNewsSettings(hosts=("arxiv.org",)), now=NOW).fetch(TODAY)
    assert [(one.name[-1], one.upvotes, one.comments) for one in found.sightings] == [
        ("1", 0, None), ("2", 0, 0), ("3", 0, 3), ("5", 0, 3), ("6", 999_999, 3),
    ]  # fmt: skip
    assert found.left_out == {"stories that lead to no paper": 2}


def test_the_recorded_answer_is_read(site, shared: Path) -> None:
    path = shared / "data/sources/hackernews/search_by_url_arxiv_reconstructed.json"
    site.expect_request("/api/v1/search_by_date").respond_with_response(answer(path))
    found = HackerNews(HackerNewsSettings(hosts=("arxiv.org",)), now=NOW).fetch(TODAY)
    assert [(one.name, one.upvotes) for one in found.sightings] == [
        ("arxiv:1706.03762", 213),
        ("arxiv:1706.03762", 0),
    ]


def test_what_was_seen_before_a_failure_is_kept(site) -> None:
    site.expect_ordered_request("/api/v1/search_by_date").respond_with_data(
        stories(story("https://arxiv.org/abs/2606.00001"))
    )
    for _ in range(2):
        site.expect_ordered_request("/api/v1/search_by_date").respond_with_data("<html>")
    settings = HackerNewsSettings(hosts=("arxiv.org", "doi.org"))
    found = HackerNews(settings, now=NOW).fetch(TODAY)
    assert len(found.sightings) == 1
    assert "later" in found.notes[0]


# --- GitHub -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "repository"),
    [
        ("https://github.com/Alice/Model", ("alice", "model")),
        ("http://www.github.com/alice/model.git", ("alice", "model")),
        ("https://github.com/alice/model/tree/main/src?x=1#y", ("alice", "model")),
        ("https://github.com/alice", None),
        ("https://github.com/alice/..", None),
        ('https://github.com/alice/x"){id}', None),
        ("https://gitlab.com/alice/model", None),
    ],
)
def test_repositories_are_found_in_links(link: str, repository: tuple[str, str] | None) -> None:
    assert repository_in(link) == repository


@pytest.mark.django_db
def test_a_hundred_repositories_take_one_request_and_deltas_are_stored(site) -> None:
    paper = make_paper(code_url="https://github.com/alice/model", day=TODAY, stars=None)
    same = make_paper(code_url="https://github.com/Alice/Model/", day=TODAY, stars=None)
    for number in range(120):
        make_paper(code_url=f"https://github.com/bob/p{number}", day=TODAY)
    asked: list[Any] = []
    stars = {"count": 40}

    def answers(request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer secret"
        query = json.loads(request.data)["query"]
        asked.append(query)
        data = {
            f"r{at}": {"stargazerCount": stars["count"]} if '"alice"' in part else None
            for at, part in enumerate(query.split("}")[:-2])
        }
        errors = [{"type": "NOT_FOUND", "message": "no such repository"}]
        return Response(json.dumps({"data": data, "errors": errors}))

    site.expect_request("/graphql", method="POST").respond_with_handler(answers)
    source = make_source(slug="github", kind="github", name="GitHub", settings={"token": "secret"})
    for hours, count in ((0, 40), (3, 40), (6, 55)):
        stars["count"] = count
        summary = fetch_day(TODAY, NOW + dt.timedelta(hours=hours), source)
        assert not summary.failures
    assert len(asked) == 6
    for one in (paper, same):
        counts = one.observations.filter(source=source).order_by("observed_at")
        assert list(counts.values_list("stars", flat=True)) == [40, 55]
        one.refresh_from_db()
        assert one.stars == 55
    assert "secret" not in json.dumps(Source.objects.get(pk=source.pk).last_run)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, "{}", "rejects our token"),
        (403, "{}", "asked us to wait"),
        (200, '{"errors": [{"type": "RATE_LIMITED"}]}', "asked us to wait"),
        (200, '{"errors": [{"message": "Something went wrong"}]}', "Something went wrong"),
        (200, "[]", "isn't an object"),
    ],
)
def test_a_refusal_of_github_is_a_sentence(site, status: int, body: str, expected: str) -> None:
    make_paper(code_url="https://github.com/alice/model", day=TODAY)
    site.expect_request("/graphql").respond_with_data(body, status)
    with pytest.raises(FetchFailed, match=expected) as told:
        GitHubStars(GitHubSettings(token="x"), now=NOW).fetch(TODAY)
    assert isinstance(told.value, Busy) is ("wait" in expected)


def test_github_is_not_asked_without_a_token(site) -> None:
    with pytest.raises(FetchFailed, match="token"):
        GitHubStars(now=NOW).fetch(TODAY)
    assert not site.log


# --- The trending list ------------------------------------------------------------------------


def listed(*papers: tuple[str, int]) -> str:
    return json.dumps([{"paper": {"id": name, "upvotes": votes}} for name, votes in papers])


MIXED = [("2606.00003", 9), ("2412.00001", 140), ("2606.00002", 3), ("2606.00009", 50),
         ("2606.00004", 7), ("2606.00001", 11)]  # fmt: skip


@pytest.mark.django_db
def test_places_are_stored_with_their_day_and_the_best_of_a_day_stays(site) -> None:
    papers = {name: make_paper(identifier=f"arxiv:{name}") for name, _ in MIXED}
    papers["2606.00009"].delete()  # a work that nobody listed
    source = make_source(slug="trends", kind="hf-trending", name="Trends")
    for hours, order in ((0, MIXED), (1, [MIXED[1], MIXED[0], *MIXED[2:]]), (24, MIXED)):
        site.expect_ordered_request(
            "/api/daily_papers", query_string={"sort": "trending", "limit": "50"}
        ).respond_with_data(listed(*order))
        now = NOW + dt.timedelta(hours=hours)
        assert not fetch_day(now.date(), now, source).failures
    first = papers["2412.00001"].trending_places.order_by("day")
    assert [(one.day, one.position, one.length) for one in first] == [
        (TODAY, 1, 6),
        (TODAY + dt.timedelta(days=1), 2, 6),
    ]
    assert TrendingPlace.objects.count() == 2 * 5
    assert Feature.objects.filter(source=source).count() == 0
    assert Paper.objects.count() == 5


@pytest.mark.parametrize(
    "order",
    [
        sorted(MIXED, key=lambda one: -one[1]),
        sorted(MIXED, key=lambda one: one[1]),
        sorted(MIXED),
        sorted(MIXED, reverse=True),
    ],
    ids=["most votes", "fewest votes", "oldest number", "newest number"],
)
def test_a_list_in_order_of_votes_or_numbers_is_no_trending_list(site, order: Any) -> None:
    site.expect_request("/api/daily_papers").respond_with_data(listed(*order))
    with pytest.raises(FetchFailed, match="isn't a trending list"):
        TrendingList(now=NOW).fetch(TODAY)


def test_a_few_places_say_nothing_of_the_order() -> None:
    assert not is_in_order_of([9, 8, 7])
    assert not is_in_order_of([3, 3, 3, 3, 3, 3, 2])
    assert is_in_order_of([9, 8, None, 7, 7, 6, 5])


def test_the_recorded_item_is_read(site, shared: Path) -> None:
    path = shared / "data/sources/huggingface/trending_one.json"
    site.expect_request("/api/daily_papers").respond_with_data(path.read_bytes())
    (found,) = TrendingList(now=NOW).fetch(TODAY).sightings
    assert (found.name, found.position, found.length) == ("arxiv:2412.20138", 1, 1)


# --- What comes of it -------------------------------------------------------------------------


@pytest.mark.django_db
def test_stories_of_one_work_are_added_up_whatever_it_is_called() -> None:
    paper = make_paper(identifier="arxiv:2606.00001", upvotes=7)
    alias = make_paper(identifier="doi:10.5555/one", merged_into=paper)
    PaperName.objects.create(paper=paper, identifier="doi:10.5555/two", kind=PaperName.SAME)
    source = make_source(slug="hn", kind="hackernews", name="Hacker News")
    seen = [
        Sighting("arxiv:2606.00001", upvotes=20, comments=1),
        Sighting("doi:10.5555/one", upvotes=3),
        Sighting("doi:10.5555/two", upvotes=4),
        Sighting("doi:10.5555/unknown", upvotes=99),
    ]
    assert observe(seen, source, NOW) == 1
    assert observe(seen, source, NOW + dt.timedelta(hours=1)) == 0
    (row,) = Observation.objects.filter(source=source)
    assert (row.paper, row.upvotes, row.comments) == (paper, 27, 1)
    assert not alias.observations.filter(source=source).exists()
    paper.refresh_from_db()
    assert paper.upvotes == 7  # its own list's; points are shown apart


@pytest.mark.django_db
def test_points_are_no_growth_of_upvotes() -> None:
    paper = make_paper(upvotes=12)
    source = make_source(slug="hn", kind="hackernews", name="Hacker News")
    before = NOW - dt.timedelta(days=2)
    Observation.objects.create(paper=paper, source=source, observed_at=before, upvotes=2)
    assert Paper.objects.with_earlier_counts(NOW).get(pk=paper.pk).upvotes_before is None


@pytest.mark.django_db
def test_no_issue_waits_for_a_source_that_only_observes(settings) -> None:
    settings.PAPERS_SOURCE = "live"
    Source.objects.all().delete()
    for kind in ("hackernews", "github", "hf-trending"):
        make_source(slug=kind, kind=kind, name=kind)
    assert registry.unanswered(DAY) == []
    assert registry.is_complete(DAY) is False
