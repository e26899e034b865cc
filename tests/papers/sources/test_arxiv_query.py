"""arXiv's query API in place of OAI-PMH that is down, and papers replaced before they were read."""

import datetime as dt

import pytest
from django.core.cache import cache
from werkzeug import Request, Response

from papers.sources import arxiv, arxiv_query, http
from papers.sources.arxiv_listing import ArxivListing, ArxivSettings
from papers.sources.base import FetchFailed
from papers.sources.record import LISTED, NEW_TO_SITE, NOT_LISTED
from papers.sources.settings import read as read_settings

DAY = dt.date(2026, 4, 27)  # a Monday
NOW = dt.datetime(2026, 4, 27, 5, 30, tzinfo=dt.UTC)
THURSDAY, FRIDAY = dt.date(2026, 4, 23), dt.date(2026, 4, 24)
READ_BEFORE = [f"2026-04-{day:02}" for day in (1, 2, 3, 6, 7, 8, 9, 10, *range(13, 18), 20, 21, 22)]


@pytest.fixture(autouse=True)
def _in_no_hurry(settings, monkeypatch):
    """A cache of the test's own, and pauses of a moment."""
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "arxiv-query"}}
    settings.FETCH_TIMEOUT = 2
    monkeypatch.setattr(arxiv, "PAUSE", 0.001)
    monkeypatch.setattr(arxiv, "NAP", 0.001)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def site(httpserver, settings):
    """Today's feed has one paper; OAI-PMH is down."""
    settings.ARXIV_RSS_URL = settings.ARXIV_URL = httpserver.url_for("").rstrip("/")
    settings.ARXIV_OAI_URL = httpserver.url_for("/oai")
    answers(httpserver, "/rss/cs.CL", FEED)
    return httpserver


def source(state=None) -> ArxivListing:
    chosen = read_settings(ArxivSettings, {"categories": ("cs.CL",)})
    return ArxivListing(chosen, "arXiv", state=state, now=NOW)


def answers(site, path: str, *bodies) -> list[Request]:
    """Answer the requests to `path` with the bodies in order, the last one from then on."""
    asked: list[Request] = []
    left = list(bodies)

    def handler(request: Request) -> Response:
        asked.append(request)
        body = left.pop(0) if len(left) > 1 else left[0]
        return body if isinstance(body, Response) else Response(body, mimetype="application/xml")

    site.expect_request(path).respond_with_handler(handler)
    return asked


FEED = (
    "<rss><channel><pubDate>Mon, 27 Apr 2026 00:00:00 -0400</pubDate><item><title>Today</title>"
    "<guid>oai:arXiv.org:2604.00001v1</guid><description>arXiv:2604.00001v1 Announce Type: new\n"
    "Abstract: We say so.</description><category>cs.CL</category><creator>Alice</creator></item>"
    "</channel></rss>"
)


def entry(number: str, submitted: str, version: int = 1, categories="cs.CL cs.LG") -> str:
    terms = "".join(f'<category term="{one}"/>' for one in categories.split())
    return (
        f"<entry><id>http://arxiv.org/abs/{number}v{version}</id><title>A paper</title>"
        f"<updated>2026-04-26T10:00:00Z</updated><summary>We say {number}.</summary>{terms}"
        f"<published>{submitted}</published><arxiv:doi>10.1234/{number}</arxiv:doi>"
        f'<arxiv:primary_category term="{categories.split()[0]}"/>'
        "<author><name>Alice Adams</name></author><author><name>Bob Brown</name></author></entry>"
    )


def results(*entries: str, total: int | None = None) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom">'
        f"<opensearch:totalResults>{len(entries) if total is None else total}"
        f"</opensearch:totalResults>{''.join(entries)}</feed>"
    )


def missed_from(day: str, done=()) -> dict[str, object]:
    return {"feeds": {"cs.CL": {"day": day, "done": list(done)}}}


def test_days_that_oai_does_not_give_come_from_the_query_api_and_the_run_says_so(site):
    answers(site, "/oai", Response("", 500))
    asked = answers(
        site,
        "/api/query",
        results(
            entry("2604.00021", "2026-04-22T17:00:00Z"),  # before 14:00 there: Thursday's list
            entry("2604.00022", "2026-04-23T15:00:00Z", version=2),
            entry("2604.00023", "2026-04-23T15:00:00Z", categories="math.CO cs.CL"),
            entry("2604.00024", "2026-04-20T15:00:00Z"),  # Tuesday's, or held since
            entry("2604.00025", "2026-04-19T15:00:00Z", version=3),
        ),
    )

    fetched = source(missed_from("2026-04-22")).fetch(DAY)

    assert [(one.identifier, one.listing, one.source_day) for one in fetched.records] == [
        ("arxiv:2604.00001", LISTED, DAY),
        ("arxiv:2604.00021", NEW_TO_SITE, THURSDAY),
        ("arxiv:2604.00022", NEW_TO_SITE, FRIDAY),
        ("arxiv:2604.00025", NOT_LISTED, THURSDAY),
    ]
    assert fetched.is_complete
    assert fetched.left_out == {
        "cross-listed on a missed day, perhaps": 1,
        "an old record with a new date": 1,
    }
    said = " ".join(fetched.notes)
    assert "recovered from the query API" in said
    assert "held by moderators until then cannot be recovered" in said
    query = asked[0].args.to_dict()
    assert query["search_query"].startswith("(cat:cs.CL) AND submittedDate:[202604")
    assert (query["sortBy"], query["start"]) == ("submittedDate", "0")
    assert fetched.records[1].relations[0].identifier == "doi:10.1234/2604.00021"


def test_what_was_held_is_new_where_every_list_since_was_read(site):
    answers(site, "/oai", Response("", 500))
    answers(site, "/api/query", results(entry("2604.00024", "2026-04-07T15:00:00Z")))

    fetched = source(missed_from("2026-04-22", READ_BEFORE)).fetch(DAY)

    assert [(one.identifier, one.listing, one.source_day) for one in fetched.records[1:]] == [
        ("arxiv:2604.00024", NEW_TO_SITE, THURSDAY)
    ]
    assert any("submitted before 2026-04-02" in note for note in fetched.notes)


def test_answers_come_in_slices_and_an_empty_one_is_asked_for_again(site, monkeypatch):
    monkeypatch.setattr(arxiv_query, "SLICE", 2)
    answers(site, "/oai", Response("", 500))
    two = results(*(entry(f"2604.0003{one}", "2026-04-23T15:00:00Z") for one in (1, 2)), total=3)
    one = results(entry("2604.00033", "2026-04-23T15:00:00Z"), total=3)
    asked = answers(site, "/api/query", two, results(total=3), one)

    fetched = source(missed_from("2026-04-22")).fetch(DAY)

    assert len(fetched.records) == 4
    assert [request.args["start"] for request in asked] == ["0", "2", "2"]


def test_more_papers_than_the_query_api_gives_are_said_to_be_missing(site, monkeypatch):
    monkeypatch.setattr(arxiv_query, "MOST_PAPERS", 1)
    answers(site, "/oai", Response("", 500))
    answers(site, "/api/query", results(entry("2604.00031", "2026-04-23T15:00:00Z"), total=40_000))

    fetched = source(missed_from("2026-04-22")).fetch(DAY)

    assert any("40,000 papers" in note and "missing" in note for note in fetched.notes)


def test_a_refusal_of_the_query_api_closes_all_doors_and_the_gap_waits(site):
    answers(site, "/oai", Response("", 500))
    answers(site, "/api/query", Response("Rate exceeded.", 429, mimetype="text/plain"))

    fetched = source(missed_from("2026-04-22")).fetch(DAY)

    assert [one.identifier for one in fetched.records] == ["arxiv:2604.00001"]
    assert fetched.state is not None
    assert fetched.state["feeds"]["cs.CL"]["missed_from"] == "2026-04-23"
    assert any("Nor did the query API help" in note for note in fetched.notes)
    with pytest.raises(FetchFailed, match="asked too often"):
        arxiv.DOOR.check(NOW)


def test_oai_that_says_it_is_asked_too_often_is_no_reason_to_ask_another_door(site):
    answers(site, "/oai", Response("", 503, headers={"Retry-After": "3600"}))
    asked = answers(site, "/api/query", results())

    source(missed_from("2026-04-22")).fetch(DAY)

    assert asked == []


@pytest.mark.parametrize(
    ("versions", "day"),
    [
        (("Wed, 22 Apr 2026 20:00:00 GMT", "Fri, 24 Apr 2026 09:00:00 GMT"), FRIDAY),
        (("Wed, 22 Apr 2026 17:00:00 GMT", "Fri, 24 Apr 2026 09:00:00 GMT"), THURSDAY),
        # Announced on Wednesday, unless it was held: not new for certain.
        (("Tue, 21 Apr 2026 17:00:00 GMT", "Fri, 24 Apr 2026 09:00:00 GMT"), None),
        (("Mon, 2 Mar 2026 17:00:00 GMT", "Wed, 4 Mar 2026 09:00:00 GMT"), None),
        (("no date", "Fri, 24 Apr 2026 09:00:00 GMT"), None),
    ],
)
def test_a_paper_announced_and_replaced_within_one_gap_is_new(site, versions, day):
    dated = "".join(
        f'<version version="v{number}"><date>{at}</date></version>'
        for number, at in enumerate(versions, 1)
    )
    record = (
        "<record><header><datestamp>2026-04-27</datestamp></header><metadata>"
        f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>2604.00040</id>{dated}'
        "<title>Twice</title><authors>Alice Adams</authors><categories>cs.CL</categories>"
        "<abstract>We say it twice.</abstract></arXivRaw></metadata></record>"
    )
    answers(site, "/oai", f"<OAI-PMH><ListRecords>{record}</ListRecords></OAI-PMH>")

    fetched = source(missed_from("2026-04-22")).fetch(DAY)

    (found,) = (one for one in fetched.records if one.identifier == "arxiv:2604.00040")
    assert found.listing == (NEW_TO_SITE if day else NOT_LISTED)
    assert day in {None, found.source_day}


@pytest.mark.parametrize(
    ("submitted", "day"),
    [
        ("2026-04-20T17:59:59+00:00", "2026-04-21"),  # Monday before 14:00: Tuesday's feed
        ("2026-04-20T18:00:00+00:00", "2026-04-22"),
        ("2026-04-23T18:00:00+00:00", "2026-04-27"),  # Thursday afternoon: announced on Sunday
        ("2026-04-24T17:00:00+00:00", "2026-04-27"),
        ("2026-04-24T19:00:00+00:00", "2026-04-28"),  # Friday afternoon: announced on Monday
        ("2026-04-25T12:00:00+00:00", "2026-04-28"),
        ("2026-04-26T22:00:00+00:00", "2026-04-28"),
        ("2026-01-20T18:59:59+00:00", "2026-01-21"),  # without daylight saving time
    ],
)
def test_when_a_submission_can_first_be_announced_follows_arxivs_schedule(submitted, day):
    at = dt.datetime.fromisoformat(submitted)
    assert arxiv_query.first_possible(at) == dt.date.fromisoformat(day)


def test_recorded_answers_of_the_query_api(shared):
    body = (shared / "data" / "sources" / "arxiv" / "query_page_start10.xml").read_bytes()
    found = arxiv_query._slice(10, body)
    assert (found.size, len(found.records), found.total) == (10, 10, 214_881)
    first = found.records[0]
    assert (first.arxiv_id, first.versions, first.categories) == (
        "2403.16981",
        2,
        ("math.ST", "cs.IT", "stat.ML"),
    )
    assert [author.name for author in first.authors] == ["Ankit Pensia", "Varun Jog", "Po-Ling Loh"]
    empty = (shared / "data" / "sources" / "arxiv" / "query_zero.xml").read_bytes()
    assert arxiv_query._slice(0, empty).total == 0
    with pytest.raises(http.TryAgain):
        arxiv_query._slice(0, b"Rate exceeded.")


def test_a_paper_that_was_held_is_listed_on_the_day_of_its_announcement_alone(site):
    """Submitted in time for Thursday and announced on Friday: Thursday has it not."""

    def record(number: str, stamp: str, *versions: str) -> str:
        dated = "".join(
            f'<version version="v{at}"><date>{said}</date></version>'
            for at, said in enumerate(versions, 1)
        )
        return (
            f"<record><header><datestamp>{stamp}</datestamp></header><metadata>"
            f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{number}</id>{dated}'
            "<title>Held</title><authors>Alice Adams</authors><categories>cs.CL</categories>"
            "<abstract>We waited.</abstract></arXivRaw></metadata></record>"
        )

    wednesday = "Wed, 22 Apr 2026 17:00:00 GMT"
    records = (
        record("2604.00051", "2026-04-24", wednesday),
        record("2604.00052", "2026-04-24", wednesday, "Thu, 23 Apr 2026 09:00:00 GMT"),
        record("2604.00053", "2026-04-23", wednesday),
    )
    answers(site, "/oai", f"<OAI-PMH><ListRecords>{''.join(records)}</ListRecords></OAI-PMH>")

    fetched = source().fetch(THURSDAY)

    assert {one.identifier for one in fetched.records if one.listing == NEW_TO_SITE} == {
        "arxiv:2604.00052",  # replaced since
        "arxiv:2604.00053",
    }
