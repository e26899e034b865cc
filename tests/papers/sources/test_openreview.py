"""OpenReview by venue: what was accepted, two shapes of answers, and hard limits."""

import datetime as dt
import json
from typing import Any

import pytest
from django.core.cache import cache
from werkzeug import Request, Response

from papers.sources import openreview
from papers.sources.base import FetchFailed
from papers.sources.openreview import OpenReview, OpenReviewSettings
from papers.sources.record import IS_IDENTICAL_TO, NEW_TO_SOURCE, NOT_LISTED, Relation
from papers.sources.settings import read as read_settings

VENUE = "ICLR.cc/2026/Conference"
NOW = dt.datetime(2026, 1, 23, 12, tzinfo=dt.UTC)
DAY = NOW.date()


def ms(day: str) -> int:
    return int(dt.datetime.fromisoformat(f"{day}T10:00:00+00:00").timestamp() * 1000)


def note(number=1, venueid=VENUE, is_wrapped=True, content=None, **values):
    fields = {
        "title": f"Paper {number}",
        "authors": ["Alice Adams", "Bob Brown"],
        "authorids": ["~Alice_Adams1", "bob@example.org"],
        "abstract": "We study $x^2$.",
        "TLDR": "We study.",
        "keywords": ["study"],
        "venue": "ICLR 2026 Poster",
        "venueid": venueid,
        "pdf": "/pdf/0001.pdf",
        **(content or {}),
    }
    return {
        "id": f"Note{number:06}",
        "forum": f"Note{number:06}",
        "cdate": ms("2025-09-24"),
        "pdate": ms("2026-01-22"),
        "readers": ["everyone"],
        "license": "CC BY 4.0",
        "content": {
            name: {"value": value} if is_wrapped else value for name, value in fields.items()
        },
        **values,
    }


@pytest.fixture(autouse=True)
def _open_door(settings):
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "openreview"}}
    settings.FETCH_TIMEOUT = 2
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def serve(httpserver, settings):
    settings.OPENREVIEW_URL = httpserver.url_for("").rstrip("/")

    def start(notes: dict[str, list[Any]], page=1_000) -> list[dict[str, str]]:
        asked: list[dict[str, str]] = []

        def handler(request: Request) -> Response:
            query = request.args.to_dict()
            asked.append(query)
            found = notes.get(query["content.venueid"], [])
            offset = int(query["offset"])
            part = found[offset : offset + min(page, int(query["limit"]))]
            return Response(json.dumps({"notes": part, "count": len(found)}))

        httpserver.expect_request("/notes").respond_with_handler(handler)
        return asked

    return start


def source(*venues, state=None, **options) -> OpenReview:
    chosen = read_settings(OpenReviewSettings, {"venues": venues or [VENUE], **options})
    return OpenReview(chosen, "OpenReview", state=state, now=NOW)


KNOWN = {"venues": {VENUE: "2026-01-01"}}


@pytest.mark.parametrize("is_wrapped", [True, False], ids=["today", "older venues"])
def test_an_accepted_paper_becomes_a_record(serve, is_wrapped):
    asked = serve({VENUE: [note(is_wrapped=is_wrapped)]})

    (one,) = source().fetch(DAY).records

    assert asked == [{"content.venueid": VENUE, "limit": "1000", "offset": "0"}]
    assert one.identifier == "openreview:Note000001"
    assert (one.title, one.abstract, one.summary) == ("Paper 1", "We study x².", "We study.")
    assert [author.name for author in one.authors] == ["Alice Adams", "Bob Brown"]
    assert one.authors[0].ids == (("openreview", "~Alice_Adams1"),)
    assert one.authors[1].ids == ()  # an email address is nobody's business
    assert (one.venue, one.kind, one.license) == ("ICLR 2026 Poster", "proceedings", "cc-by")
    assert str(one.published_on) == "2026-01-22"  # not the day on which it was submitted
    assert one.free_url == "https://openreview.net/pdf/0001.pdf"
    assert one.listing == NEW_TO_SOURCE


@pytest.mark.parametrize(
    "authors",
    [
        ["Alice Adams", "Bob Brown"],
        [{"fullname": "Alice Adams", "username": "~Alice_Adams1"}, {"fullname": "Bob Brown"}],
        [{"fullname": "Alice Adams"}, None, {"fullname": ""}, "Bob Brown", 7],
    ],
    ids=["names", "objects", "odd"],
)
def test_authors_are_names_or_objects(serve, authors):
    serve({VENUE: [note(content={"authors": authors})]})

    (one,) = source().fetch(DAY).records

    assert [author.name for author in one.authors] == ["Alice Adams", "Bob Brown"]


def test_the_first_answer_of_a_venue_lists_what_is_recent_alone(serve):
    serve({VENUE: [note(1), note(2, pdate=ms("2026-01-01"))]})

    first = source().fetch(DAY)
    assert [one.listing for one in first.records] == [NEW_TO_SOURCE, NOT_LISTED]
    assert first.state == {"venues": {VENUE: "2026-01-23"}}

    second = source(state=first.state).fetch(DAY)
    assert [one.listing for one in second.records] == [NEW_TO_SOURCE, NEW_TO_SOURCE]


@pytest.mark.parametrize(
    ("with_submissions", "listed", "left_out"),
    [
        (False, ["Paper 1"], {"under review": 1, "rejected": 2, "of other venues": 1}),
        (True, ["Paper 1", "Paper 2"], {"rejected": 2, "of other venues": 1}),
    ],
)
def test_the_state_of_a_note_hides_in_its_venue(serve, with_submissions, listed, left_out):
    notes = [
        note(1),
        note(2, f"{VENUE}/Submission"),
        note(3, f"{VENUE}/Rejected_Submission"),
        note(4, f"{VENUE}/Desk_Rejected_Submission"),
        note(5, f"{VENUE}/Withdrawn_Submission"),
        note(6, "dblp.org/journals/NETWORK/2024"),
    ]
    serve({VENUE: notes})

    fetched = source(with_submissions=with_submissions).fetch(DAY)

    found = {one.title: one for one in fetched.records}
    assert [title for title, one in found.items() if one.listing == NEW_TO_SOURCE] == listed
    assert (found["Paper 5"].status, found["Paper 5"].listing) == ("withdrawn", NOT_LISTED)
    assert fetched.left_out == left_out


def test_submissions_are_asked_for_where_they_are_wanted(serve):
    asked = serve({VENUE: [note()]})

    source(with_submissions=True).fetch(DAY)

    assert [query["content.venueid"].removeprefix(VENUE) for query in asked] == [
        "",
        "/Submission",
        "/Withdrawn_Submission",
    ]


@pytest.mark.parametrize("page", [1, 2, 1_000])
def test_pages_are_as_long_as_the_server_likes(serve, page):
    serve({VENUE: [note(number) for number in range(5)]}, page=page)

    assert len(source().fetch(DAY).records) == 5


def test_what_is_not_public_is_left_out(serve):
    serve({VENUE: [note(readers=[f"{VENUE}/Reviewers"])]})

    assert source().fetch(DAY).left_out == {"not public": 1}


def test_a_doi_is_the_same_work_only_if_the_titles_agree(serve):
    serve({VENUE: [note(externalIds=["doi:10.18653/V1/P19-1423", "dblp:x", None])]})

    (one,) = source().fetch(DAY).records
    assert one.relations == (Relation(IS_IDENTICAL_TO, "doi:10.18653/v1/p19-1423"),)


@pytest.mark.parametrize(
    "values",
    [
        {"pdate": None},
        {"pdate": None, "cdate": None, "tcdate": None},
        {"pdate": "soon", "cdate": 10**30},
        {"license": None, "readers": None, "externalIds": None},
        {"content": {"title": "T", "venueid": VENUE, "pdf": None, "authors": None}},
    ],
    ids=["no pdate", "no date", "odd dates", "nothing", "little"],
)
def test_missing_facts_cost_no_paper(serve, values):
    content = values.pop("content", None)
    one = note(content=content, **values)
    serve({VENUE: [one]})

    assert len(source(state=KNOWN).fetch(DAY).records) == 1


@pytest.mark.parametrize("broken", [None, 3, [], {}, {"content": 7}, note(id=None, forum=None)])
def test_a_broken_note_costs_only_itself(serve, broken):
    serve({VENUE: [broken, note(2)]})

    assert [one.title for one in source().fetch(DAY).records] == ["Paper 2"]


def test_a_venue_without_papers_may_be_spelled_differently(serve):
    serve({VENUE: [note()]})

    fetched = source(VENUE, "ICLR.cc/2026/Conferences").fetch(DAY)

    assert len(fetched.records) == 1
    assert any("the ID is misspelled" in one for one in fetched.notes)


def test_one_request_too_many_closes_the_door(httpserver, settings):
    settings.OPENREVIEW_URL = httpserver.url_for("").rstrip("/")
    body = json.dumps({"name": "RateLimitError", "status": 429})
    httpserver.expect_request("/notes").respond_with_data(
        body, 429, headers={"Retry-After": "3613"}
    )

    with pytest.raises(FetchFailed, match="asked us to wait 3613 seconds"):
        source().fetch(DAY)
    with pytest.raises(FetchFailed, match="won't be asked again until"):
        source().fetch(DAY)
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Response("<html>Sign in</html>"), "a web page"),
        (Response('{"notes": [{"id": "a'), "broken JSON"),
        (Response('{"message": "No such thing"}'), "No such thing"),
        (Response("", 403), "answers 403"),
        (Response("", 500), "answers 500"),
    ],
    ids=["page", "cut", "message", "403", "500"],
)
def test_a_fault_is_a_sentence(httpserver, settings, answer, words):
    settings.OPENREVIEW_URL = httpserver.url_for("").rstrip("/")
    httpserver.expect_request("/notes").respond_with_response(answer)

    with pytest.raises(FetchFailed, match=words):
        source().fetch(DAY)


def test_the_older_service_answers_for_older_venues(settings):
    settings.OPENREVIEW_URL = "https://api2.openreview.net/"
    assert openreview._bases() == ("https://api2.openreview.net", "https://api.openreview.net")
    settings.OPENREVIEW_URL = "http://127.0.0.1:9000"
    assert openreview._bases() == ("http://127.0.0.1:9000",)


# --- As it was recorded ------------------------------------------------------------------------


@pytest.fixture
def recorded(shared):
    folder = shared / "data/sources/openreview"
    if not folder.is_dir():
        pytest.skip("needs the recorded answers in ../shared/data/sources")
    return lambda name: (folder / name).read_bytes()


def test_a_recorded_search_is_read_whatever_its_venues(recorded, serve):
    count, notes = openreview.read(recorded("notes_search_v2.json"))
    assert (count, len(notes)) == (10_000, 3)
    serve({"dblp.org/journals/NETWORK/2024": notes})

    fetched = source("dblp.org/journals/NETWORK/2024").fetch(DAY)

    (one,) = fetched.records
    assert one.title.startswith("ConfigReco")
    assert str(one.published_on) == "2024-01-01"
    assert len(one.authors) == 6
    assert fetched.left_out == {"of other venues": 2}


def test_a_reconstructed_venue(recorded, serve):
    _, notes = openreview.read(recorded("notes_v2_reconstructed.json"))
    serve({"ICLR.cc/2025/Conference": notes})

    fetched = source("ICLR.cc/2025/Conference").fetch(DAY)

    assert [(one.status, one.listing) for one in fetched.records] == [
        ("", NOT_LISTED),
        ("withdrawn", NOT_LISTED),
    ]
    assert fetched.left_out == {"under review": 1}
