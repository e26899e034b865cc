"""Hugging Face Daily Papers: its facts, its pages, and its bad days."""

import datetime as dt
import gzip
import json
import socket
import subprocess
import sys
import threading
import time
from email.utils import format_datetime
from typing import Any

import pytest
import stamina
from werkzeug import Request, Response

from papers.ingest import fetch_day, rank_and_match, refresh
from papers.models import Feature, Match, Observation, Paper, Source
from papers.sources import FetchFailed, huggingface
from papers.sources.huggingface import PAGE, HuggingFace, retry_after

DAY = dt.date(2026, 5, 8)
PATH = "/api/daily_papers"


def item(number: int = 1, paper: dict[str, Any] | None = None, **kwargs) -> dict[str, Any]:
    """One item in the shape of the service, with as many facts as it ever has."""
    return {
        "paper": {
            "id": f"2605.{number:05}",
            "authors": [
                {"name": "Alice Adams", "hidden": False},
                {"name": "Bob Brown", "hidden": True},
                {"name": "Charlie Clark"},
            ],
            "publishedAt": "2026-05-07T00:00:00.000Z",
            "submittedOnDailyAt": "2026-05-08T10:01:31.399Z",
            "submittedOnDailyBy": {"fullname": "Dora Dill", "name": "dora"},
            "title": f"Paper number {number}",
            "summary": "We study something.",
            "ai_summary": "In short.",
            "ai_keywords": ["KV cache", "attention"],
            "upvotes": 7,
            "githubRepo": "https://github.com/a/b",
            "githubStars": 12,
            "projectPage": "https://a.example.org",
            "organization": {"name": "acme", "fullname": "Acme Research"},
        }
        | (paper or {}),
        "publishedAt": "2026-05-06T20:00:00.000Z",
        "title": f"Paper number {number}",
        "summary": "We study something.",
        "thumbnail": "https://cdn.example.org/t.png",
        "numComments": 3,
        **kwargs,
    }


@pytest.fixture
def site(httpserver, settings):
    """A server in the place of the service; every retry comes at once, at most three attempts."""
    settings.HUGGINGFACE_URL = httpserver.url_for("").rstrip("/")
    settings.FETCH_TIMEOUT = 2
    settings.FETCH_ATTEMPTS = 3
    with stamina.set_testing(True, attempts=3, cap=True):
        yield httpserver


def test_facts_come_from_the_nested_paper_and_from_the_item(site):
    site.expect_request(PATH).respond_with_json([item()])

    fetched = HuggingFace().fetch(DAY)

    (record,) = fetched.records
    assert fetched.problems == ()
    assert record.identifier == "arxiv:2605.00001"
    assert record.title == "Paper number 1"
    assert record.abstract == "We study something."
    assert record.summary == "In short."
    assert record.keywords == ("KV cache", "attention")
    assert record.organization == "Acme Research"
    assert record.published_on == dt.date(2026, 5, 7)
    assert (record.upvotes, record.comments, record.stars) == (7, 3, 12)
    assert record.code_url == "https://github.com/a/b"
    assert record.project_url == "https://a.example.org"
    assert record.thumbnail_url == "https://cdn.example.org/t.png"
    assert record.submitted_by == "Dora Dill"
    assert record.submitted_at == dt.datetime(2026, 5, 8, 10, 1, 31, 399_000, dt.UTC)


def test_hidden_authors_are_left_out(site):
    site.expect_request(PATH).respond_with_json([item()])

    assert HuggingFace().fetch(DAY).records[0].authors == ("Alice Adams", "Charlie Clark")


def test_a_missing_count_is_not_a_zero(site):
    bare = {"id": "2605.00001", "title": "Bare"}
    site.expect_request(PATH).respond_with_json([{"paper": bare}])

    (record,) = HuggingFace().fetch(DAY).records
    assert (record.upvotes, record.comments, record.stars) == (None, None, None)
    assert not record.is_counted
    assert record.authors == record.keywords == ()


def test_a_zero_is_a_zero(site):
    site.expect_request(PATH).respond_with_json([item(paper={"upvotes": 0}, numComments=0)])

    (record,) = HuggingFace().fetch(DAY).records
    assert (record.upvotes, record.comments) == (0, 0)


@pytest.mark.parametrize("count", [-5, True, "12", 1.5, 10**12, [1], {"n": 1}])
def test_what_is_no_count_is_left_out_and_named(site, count):
    site.expect_request(PATH).respond_with_json([item(paper={"upvotes": count})])

    fetched = HuggingFace().fetch(DAY)

    assert fetched.records[0].upvotes is None
    assert fetched.records[0].stars == 12
    assert "upvotes" in fetched.problems[0]
    assert "arxiv:2605.00001" in fetched.problems[0]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "text",
        5,
        [],
        {},
        {"paper": None},
        {"paper": []},
        {"paper": {}},
        {"paper": {"id": "2605.00009"}},
        {"paper": {"id": 5, "title": "x"}},
        {"paper": {"id": "no id", "title": "x"}},
        {"paper": {"id": "2605.00009", "title": " \u202e\x00 "}},
        {"paper": {"id": "2605.00009", "title": ["x"]}},
    ],
    ids=repr,
)
def test_a_malformed_item_costs_only_itself_and_says_why(site, bad, caplog):
    site.expect_request(PATH).respond_with_json([item(1), bad, item(2)])

    fetched = HuggingFace().fetch(DAY)

    assert [r.identifier for r in fetched.records] == ["arxiv:2605.00001", "arxiv:2605.00002"]
    (problem,) = fetched.problems
    assert "item 2 is left out" in problem
    assert any(problem in str(record.__dict__.get("problem")) for record in caplog.records)


@pytest.mark.parametrize("value", [None, 5, True, "x" * 5_000, [], [[]], {"a": {}}, ["\x00"]])
@pytest.mark.parametrize("field", ["authors", "organization", "ai_keywords", "ai_summary"])
def test_a_malformed_field_costs_only_itself(site, field, value):
    site.expect_request(PATH).respond_with_json([item(paper={field: value})])

    (record,) = HuggingFace().fetch(DAY).records
    assert record.title == "Paper number 1"
    assert len(record.organization) <= 200


@pytest.mark.parametrize(
    "when", [None, "", "yesterday", 5, "0001-01-01", "9999-12-31T23:59:59Z", "2026-05-07T99:00", []]
)
def test_a_date_that_cannot_be_is_no_date(site, when):
    site.expect_request(PATH).respond_with_json(
        [item(paper={"publishedAt": when, "submittedOnDailyAt": when})]
    )

    (record,) = HuggingFace().fetch(DAY).records
    assert (record.published_on, record.submitted_at) == (None, None)


def test_links_that_are_no_web_addresses_are_dropped_and_named(site):
    site.expect_request(PATH).respond_with_json(
        [item(paper={"githubRepo": "javascript:alert(1)", "projectPage": "/x"}, thumbnail=7)]
    )

    fetched = HuggingFace().fetch(DAY)

    (record,) = fetched.records
    assert (record.code_url, record.project_url, record.thumbnail_url) == ("", "", "")
    assert len(fetched.problems) == 3


HOSTILE_TITLES = [
    ('<b>Bold</b> & "quoted" {{ x }} {% y %}', '<b>Bold</b> & "quoted" {{ x }} {% y %}'),
    ("Line\r\nBcc: everyone@example.org", "Line Bcc: everyone@example.org"),
    ("A$^2$TGPO 🚀", "A²TGPO 🚀"),
    ("שלום \u202eevil\u202c", "שלום evil"),
    ("\ud800lone\x00", "lone"),
]


@pytest.mark.parametrize(("raw", "shown"), HOSTILE_TITLES)
def test_hostile_titles_are_harmless(site, raw, shown):
    site.expect_request(PATH).respond_with_data(
        json.dumps([item(paper={"title": raw})]), content_type="application/json"
    )

    assert HuggingFace().fetch(DAY).records[0].title == shown


def test_a_title_of_two_thousand_characters_is_shortened(site):
    site.expect_request(PATH).respond_with_json([item(paper={"title": "x" * 2_000})])

    assert len(HuggingFace().fetch(DAY).records[0].title) == Paper.TITLE_LENGTH


def test_versions_and_spellings_of_one_paper_are_one_record(site):
    site.expect_request(PATH).respond_with_json(
        [item(paper={"id": "2605.00001v2"}), item(), item(paper={"id": "arXiv:2605.00001"})]
    )

    assert len(HuggingFace().fetch(DAY).records) == 1


def test_an_old_style_identifier_is_known(site):
    site.expect_request(PATH).respond_with_json([item(paper={"id": "astro-ph/0601001v3"})])

    assert HuggingFace().fetch(DAY).records[0].identifier == "arxiv:astro-ph/0601001"


# --- Pages ---------------------------------------------------------------------------------


def paged(papers: list[dict[str, Any]], asked: list[dict[str, Any]]):
    def handler(request: Request) -> Response:
        asked.append(request.args.to_dict())
        page, limit = int(request.args["p"]), int(request.args["limit"])
        return Response(
            json.dumps(papers[page * limit : (page + 1) * limit]), mimetype="application/json"
        )

    return handler


@pytest.mark.parametrize(("papers", "pages"), [(0, 1), (99, 1), (PAGE, 2), (PAGE + 1, 2), (250, 3)])
def test_pages_are_asked_for_until_a_short_one(site, papers, pages):
    asked: list[dict[str, Any]] = []
    site.expect_request(PATH).respond_with_handler(
        paged([item(n) for n in range(1, papers + 1)], asked)
    )

    assert len(HuggingFace().fetch(DAY).records) == papers
    assert [a["p"] for a in asked] == [str(page) for page in range(pages)]
    assert {a["date"] for a in asked} == {"2026-05-08"}
    assert {a["limit"] for a in asked} == {"100"}


def test_a_service_that_repeats_its_page_is_not_asked_for_ever(site):
    asked: list[dict[str, Any]] = []
    everything = [item(n) for n in range(1, PAGE + 1)]

    def handler(request: Request) -> Response:
        asked.append(request.args.to_dict())
        return Response(json.dumps(everything), mimetype="application/json")

    site.expect_request(PATH).respond_with_handler(handler)

    assert len(HuggingFace().fetch(DAY).records) == PAGE
    assert len(asked) == 2


def test_a_service_that_never_ends_is_not_asked_for_ever(site):
    asked: list[dict[str, Any]] = []

    def handler(request: Request) -> Response:
        asked.append(request.args.to_dict())
        first = int(request.args["p"]) * PAGE + 1
        return Response(json.dumps([item(n) for n in range(first, first + PAGE)]))

    site.expect_request(PATH).respond_with_handler(handler)

    HuggingFace().fetch(DAY)
    assert len(asked) == huggingface.MOST_PAGES


def test_it_says_who_asks(site, settings):
    settings.SITE_NAME = "Früh\nblatt"
    agents = []

    def handler(request: Request) -> Response:
        agents.append(request.headers["User-Agent"])
        return Response("[]")

    site.expect_request(PATH).respond_with_handler(handler)
    HuggingFace().fetch(DAY)

    assert "https://papers.example.org" in agents[0]
    assert agents[0].isascii()


# --- Bad days ------------------------------------------------------------------------------


def answers(*given: Response):
    """A handler that gives one answer after the other, and the last for ever."""
    left = list(given)

    def handler(request: Request) -> Response:
        return left.pop(0) if len(left) > 1 else left[0]

    return handler


GOOD = json.dumps([item()])


@pytest.mark.parametrize(
    "first",
    [
        Response("slow down", 429),
        Response("", 500),
        Response("", 502),
        Response("", 503),
        Response("<!doctype html><title>Sign in</title>", mimetype="text/html"),
        Response('[{"paper": {"id": "26', mimetype="application/json"),
        Response('{"error": "busy"}', mimetype="application/json"),
        Response("[" * 100_000),
        Response(b"\xff\xfe\x00"),
        Response(""),
    ],
    ids=["429", "500", "502", "503", "html", "truncated", "object", "deep", "bytes", "empty"],
)
def test_a_passing_fault_is_tried_again(site, first):
    site.expect_request(PATH).respond_with_handler(answers(first, Response(GOOD)))

    assert len(HuggingFace().fetch(DAY).records) == 1


def test_an_answer_that_breaks_off_is_asked_for_again(site):
    cut = Response(GOOD[:40], headers={"Content-Length": "100000"})
    site.expect_request(PATH).respond_with_handler(answers(cut, Response(GOOD)))

    assert len(HuggingFace().fetch(DAY).records) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Response("", 500), "answers 500"),
        (Response("", 429), "answers 429"),
        (Response("<html>Sign in</html>"), "a web page instead of a list of papers"),
        (Response("[{"), "broken JSON"),
        (Response("{}"), "no list of papers"),
    ],
)
def test_a_lasting_fault_fails_with_a_sentence(site, fault, words):
    site.expect_request(PATH).respond_with_handler(answers(fault))

    with pytest.raises(FetchFailed, match=words) as failed:
        HuggingFace().fetch(DAY)
    assert str(failed.value).startswith("Hugging Face (localhost")
    assert "up to 3 times" in str(failed.value)


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_an_answer_that_time_will_not_better_is_not_asked_for_again(site, status):
    asked = []

    def handler(request: Request) -> Response:
        asked.append(request)
        return Response("", status)

    site.expect_request(PATH).respond_with_handler(handler)

    with pytest.raises(FetchFailed, match=f"answers {status}"):
        HuggingFace().fetch(DAY)
    assert len(asked) == 1


def test_a_server_that_is_not_there_fails_with_a_sentence(settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.HUGGINGFACE_URL = f"http://127.0.0.1:{port}"

    with (
        stamina.set_testing(True, attempts=2),
        pytest.raises(FetchFailed, match="cannot be reached"),
    ):
        HuggingFace().fetch(DAY)


def test_a_server_that_does_not_answer_fails_within_its_time(site, settings):
    settings.FETCH_TIMEOUT = 0.2
    hold = threading.Event()

    def handler(request: Request) -> Response:
        hold.wait(5)
        return Response("[]")

    site.expect_request(PATH).respond_with_handler(handler)
    started = time.monotonic()
    try:
        with pytest.raises(FetchFailed, match=r"did not answer within 0\.2 seconds"):
            HuggingFace().fetch(DAY)
        assert time.monotonic() - started < 4
    finally:
        hold.set()


def test_a_server_that_dribbles_fails_within_its_time(site, settings):
    settings.FETCH_TIMEOUT = 0.3

    def handler(request: Request) -> Response:
        def dribble():
            for _ in range(60):
                yield b" "
                time.sleep(0.1)

        return Response(dribble())

    site.expect_request(PATH).respond_with_handler(handler)
    with (
        stamina.set_testing(True, attempts=1),
        pytest.raises(FetchFailed, match="takes too long"),
    ):
        HuggingFace().fetch(DAY)


def test_an_enormous_answer_is_not_swallowed(site, monkeypatch):
    monkeypatch.setattr(huggingface, "MOST_BYTES", 10_000)
    site.expect_request(PATH).respond_with_data("[" + " " * 20_000 + "]")

    with pytest.raises(FetchFailed, match="more than 10,000 bytes"):
        HuggingFace().fetch(DAY)


def test_an_enormous_answer_is_not_swallowed_when_it_is_packed(site, monkeypatch):
    monkeypatch.setattr(huggingface, "MOST_BYTES", 10_000)
    body = gzip.compress(b"[" + b" " * 1_000_000 + b"]")
    site.expect_request(PATH).respond_with_data(body, headers={"Content-Encoding": "gzip"})

    with pytest.raises(FetchFailed, match="more than 10,000 bytes"):
        HuggingFace().fetch(DAY)


def test_a_redirect_on_the_same_host_is_followed(site):
    site.expect_request(PATH).respond_with_data("", 302, {"Location": "/moved?p=0"})
    site.expect_request("/moved").respond_with_json([item()])

    assert len(HuggingFace().fetch(DAY).records) == 1


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest", "https://evil.example/", "file:///etc/passwd"]
)
def test_a_redirect_to_another_host_is_refused(site, target):
    site.expect_request(PATH).respond_with_data("", 302, {"Location": target})

    with pytest.raises(FetchFailed, match="redirects to another host"):
        HuggingFace().fetch(DAY)


def test_a_circle_of_redirects_ends(site):
    site.expect_request(PATH).respond_with_data("", 302, {"Location": PATH})

    with pytest.raises(FetchFailed, match="redirects more than 3 times"):
        HuggingFace().fetch(DAY)


def test_retry_after_is_waited_for(httpserver, settings):
    settings.HUGGINGFACE_URL = httpserver.url_for("").rstrip("/")
    settings.FETCH_ATTEMPTS = 2
    wait = Response("", 429, {"Retry-After": "1"})
    httpserver.expect_request(PATH).respond_with_handler(answers(wait, Response(GOOD)))
    started = time.monotonic()

    assert len(HuggingFace().fetch(DAY).records) == 1
    assert 0.95 <= time.monotonic() - started < 5


def test_a_service_that_wants_to_be_left_alone_for_an_hour_is_left_alone(site):
    asked = []

    def handler(request: Request) -> Response:
        asked.append(request)
        return Response("", 503, {"Retry-After": "3600"})

    site.expect_request(PATH).respond_with_handler(handler)

    with pytest.raises(FetchFailed, match="wants to be left alone for 3600 seconds"):
        HuggingFace().fetch(DAY)
    assert len(asked) == 1


def test_retry_after_is_read_as_seconds_or_as_a_date():
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)

    assert retry_after("7") == 7.0
    assert retry_after("0") == 0.0
    found = retry_after(format_datetime(soon, usegmt=True))
    assert found is not None
    assert 27 < found <= 30
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    for nonsense in (None, "", "soon", "-5", "1.5", "²", "9" * 400):
        assert (retry_after(nonsense) or 10**6) > 3600


# --- The recorded service ------------------------------------------------------------------


@pytest.fixture
def replay(shared, settings):
    """Start the recorded service, with the faults asked for; yields a function that does so."""
    running: list[subprocess.Popen[str]] = []

    def start(*options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, str(shared / "replay.py"), "--port", str(port), *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        assert "replaying" in process.stdout.readline()
        settings.HUGGINGFACE_URL = f"http://127.0.0.1:{port}"

    with stamina.set_testing(True, attempts=3, cap=True):
        yield start
    for process in running:
        process.terminate()
        process.wait(10)


def recorded_days(shared, count: int) -> list[dt.date]:
    names = sorted(p.stem for p in (shared / "data/huggingface/daily_papers").glob("*.json"))
    return [dt.date.fromisoformat(name) for name in names[-count:]]


@pytest.mark.django_db
def test_ten_recorded_days_fetched_twice_double_nothing_and_observe_twice(shared, replay):
    replay()
    days = recorded_days(shared, 10)
    first = dt.datetime(2026, 6, 13, 8, tzinfo=dt.UTC)
    problems = [fetch_day(day, first).problems for day in days]
    rank_and_match(now=first)
    papers, features = Paper.objects.count(), Feature.objects.count()
    matches = list(Match.objects.order_by("pk").values())

    for day in days:
        again = fetch_day(day, first + dt.timedelta(hours=1))
        assert (again.new, again.updated) == (0, 0)
    rank_and_match(now=first)

    assert problems == [()] * 10
    assert papers > 400
    assert (Paper.objects.count(), Feature.objects.count()) == (papers, features)
    assert list(Match.objects.order_by("pk").values()) == matches
    assert Observation.objects.count() == 2 * features
    assert Paper.objects.filter(trending_score__lte=0).count() == 0
    recorded = json.loads((shared / f"data/huggingface/daily_papers/{days[-1]}.json").read_text())
    assert Paper.objects.featured_on(days[-1]).count() == len(recorded)


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["429", "500", "html", "truncate"])
def test_every_second_request_failing_costs_no_paper(shared, replay, fault):
    replay("--fault", fault, "--fault-every", "2")
    (day,) = recorded_days(shared, 1)
    now = dt.datetime(2026, 6, 13, 8, tzinfo=dt.UTC)

    for hour in range(3):
        summary = fetch_day(day, now + dt.timedelta(hours=hour))
        assert summary.failures == ()
        assert summary.papers > 30
    assert Observation.objects.count() == 3 * Feature.objects.count()


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["429", "500", "html", "truncate"])
def test_every_request_failing_costs_the_fetch_and_says_so(shared, replay, fault):
    replay("--fault", fault, "--fault-every", "1")
    (day,) = recorded_days(shared, 1)

    summary = fetch_day(day, dt.datetime(2026, 6, 13, 8, tzinfo=dt.UTC))

    assert summary.papers == 0
    assert len(summary.failures) == 1
    source = Source.objects.get(slug="huggingface")
    assert source.last_error == summary.failures[0]
    assert source.last_fetched_at is None


def test_the_raw_capture_is_read_without_a_problem(shared, site):
    body = (shared / "data/huggingface/capture-2026-05-10.json").read_text()
    site.expect_request(PATH).respond_with_data(body, content_type="application/json")

    fetched = HuggingFace().fetch(DAY)

    raw = {entry["paper"]["id"]: entry for entry in json.loads(body)}
    assert fetched.problems == ()
    assert len(fetched.records) == len(raw) == 37
    for record in fetched.records:
        entry = raw[record.identifier.removeprefix("arxiv:")]
        assert record.stars == entry["paper"].get("githubStars")
        assert record.comments == entry.get("numComments")
        assert len(record.authors) == len(
            {a["name"] for a in entry["paper"]["authors"] if not a["hidden"]}
        )


@pytest.mark.django_db
def test_the_regular_fetch_takes_the_carried_and_the_current_day(shared, replay):
    replay()

    summary = refresh(dt.datetime(2026, 6, 11, 8, tzinfo=dt.UTC))

    listed = set(Feature.objects.values_list("day", flat=True))
    assert listed == {dt.date(2026, 6, 10), dt.date(2026, 6, 11)}
    assert summary.failures == ()
    assert Match.objects.exists()
