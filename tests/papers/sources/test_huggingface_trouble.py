"""Hugging Face Daily Papers: its pages and its bad days."""

import gzip
import json
import socket
import threading
import time
from typing import Any

import pytest
import stamina
from werkzeug import Request, Response

from papers.sources import http, huggingface
from papers.sources.base import FetchFailed
from papers.sources.huggingface import PAGE, HuggingFace
from tests.papers.daily_papers import DAY, PATH, item

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
        (Response("{}"), "isn't a list of papers"),
    ],
)
def test_a_lasting_fault_fails_with_a_sentence(site, fault, words):
    site.expect_request(PATH).respond_with_handler(answers(fault))

    with pytest.raises(FetchFailed, match=words) as failed:
        HuggingFace().fetch(DAY)
    assert str(failed.value).startswith("Hugging Face Daily Papers (localhost")
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
        pytest.raises(FetchFailed, match="can't be reached"),
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
        with pytest.raises(FetchFailed, match=r"didn't answer within 0\.2 seconds"):
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
    monkeypatch.setattr(http, "MOST_BYTES", 10_000)
    site.expect_request(PATH).respond_with_data("[" + " " * 20_000 + "]")

    with pytest.raises(FetchFailed, match="more than 10,000 bytes"):
        HuggingFace().fetch(DAY)


def test_an_enormous_answer_is_not_swallowed_when_it_is_packed(site, monkeypatch):
    monkeypatch.setattr(http, "MOST_BYTES", 10_000)
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

    with pytest.raises(FetchFailed, match="asked us to wait 3600 seconds"):
        HuggingFace().fetch(DAY)
    assert len(asked) == 1
