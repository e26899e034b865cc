"""arXiv asked for single papers: as it was recorded, on its bad days, and in turn."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings as configured
from django.core.cache import cache
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from werkzeug import Request, Response

from papers.sources import arxiv, http, polite, turns
from papers.sources.base import FetchFailed

PATH = "/api/query"
CONFIGURED = configured.CACHES


@pytest.fixture(autouse=True)
def _nobodys_turn(settings, monkeypatch):
    """A cache of the test's own, and a pause of a moment."""
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "arxiv"}}
    settings.FETCH_TIMEOUT = 2
    monkeypatch.setattr(arxiv, "PAUSE", 0.01)
    monkeypatch.setattr(arxiv, "NAP", 0.01)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def site(httpserver, settings):
    settings.ARXIV_URL = httpserver.url_for("").rstrip("/")
    return httpserver


def feed(*entries: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        f'xmlns:arxiv="http://arxiv.org/schemas/atom">{"".join(entries)}</feed>'
    )


def entry(arxiv_id: str = "2605.13779", title: str = "A paper") -> str:
    return (
        f"<entry><id>http://arxiv.org/abs/{arxiv_id}v2</id><title>{title}</title>"
        "<published>2026-05-13T17:59:59Z</published><summary>  We study\n things. </summary>"
        "<author><name>Alice Adams</name></author><author><name>Bob Brown</name></author>"
        '<category term="cs.CL"/><category term="cs.LG"/>'
        '<arxiv:primary_category term="cs.LG"/></entry>'
    )


# --- As it was recorded ----------------------------------------------------------------------


def recorded(shared, start: str) -> Response:
    (path,) = (shared / "data/arxiv").glob(f"{start}*.json")
    answer = json.loads(path.read_text())
    return Response(answer["body"], answer["status_code"], mimetype="application/atom+xml")


@pytest.mark.parametrize(
    ("start", "asked", "title", "authors", "category"),
    [
        ("id_2104.12255", "2104.12255", "0", 1, ""),
        ("id_astro-ph", "astro-ph/0601001", "Frequency of Hot Jupiters", 4, "astro-ph"),
    ],
)
def test_a_recorded_paper(shared, site, start, asked, title, authors, category):
    site.expect_request(PATH).respond_with_response(recorded(shared, start))

    found = arxiv.lookup([asked])

    assert list(found) == [asked]
    record = found[asked]
    assert record.identifier == f"arxiv:{asked}"
    assert record.title.startswith(title)
    assert len(record.authors) >= authors
    assert record.categories[0].startswith(category)
    assert record.published_on is not None
    assert record.abstract
    assert not record.is_counted


def test_a_recorded_page_of_a_hundred(shared):
    records = arxiv.read(recorded(shared, "q_testing").get_data())

    assert len(records) == 100
    assert len({record.identifier for record in records}) == 100
    assert all(record.categories and record.authors and record.abstract for record in records)


def test_a_recorded_unknown_paper_is_left_out(shared, site):
    site.expect_request(PATH).respond_with_response(recorded(shared, "id_0000.0000"))

    assert arxiv.lookup(["2605.99999"]) == {}


def test_a_recorded_malformed_identifier(shared, site):
    site.expect_request(PATH).respond_with_response(recorded(shared, "id_abc"))

    with pytest.raises(arxiv.Malformed):
        arxiv.lookup(["abc"])
    assert arxiv.read(recorded(shared, "id_abc").get_data()) == []  # "Error" is no paper


def test_the_replayed_service(shared, settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(shared / "replay.py"), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "replaying" in process.stdout.readline()
            settings.ARXIV_URL = f"http://127.0.0.1:{port}"
            found = arxiv.lookup(["2605.13779", "2605.13778", "9912.99999"])
        finally:
            process.terminate()
    assert "2605.13779" in found
    assert "9912.99999" not in found


# --- What is read ----------------------------------------------------------------------------


def test_an_answer_becomes_a_record(site):
    site.expect_request(
        PATH, query_string={"id_list": "2605.13779,math.GT/0309136", "max_results": "2"}
    ).respond_with_data(
        feed(entry(), entry("math/0309136", "&lt;b&gt;Knots&lt;/b&gt; &amp; $\\alpha$"))
    )

    found = arxiv.lookup(["2605.13779", "math.GT/0309136"])

    record = found["2605.13779"]
    assert (record.title, record.abstract) == ("A paper", "We study things.")
    assert [str(author) for author in record.authors] == ["Alice Adams", "Bob Brown"]
    assert record.categories == ("cs.LG", "cs.CL")  # the primary one first
    assert str(record.published_on) == "2026-05-13"
    assert found["math.GT/0309136"].identifier == "arxiv:math/0309136"


def test_a_paper_nobody_asked_for_is_not_taken(site):
    site.expect_request(PATH).respond_with_data(feed(entry("2605.00001")))

    assert arxiv.lookup(["2605.13779"]) == {}


def test_a_hostile_title_stays_text():
    title = "&lt;script&gt;alert(1)&lt;/script&gt;\r\nBcc: x \u202eevil \u0000"
    (record,) = arxiv.read(feed(entry(title=title.replace("\u0000", ""))).encode())

    assert record.title == "<script>alert(1)</script> Bcc: x evil"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9))
    + '<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>&j;&x;</title></entry></feed>'
)


@pytest.mark.parametrize(
    "body",
    [
        BOMB.encode(),
        BOMB.encode("utf-16"),
        BOMB.replace("<?xml version", "<?xml encoding='utf-16' version").encode("utf-16"),
        b"<!doctype html><title>Sign in</title>",
        b"<html></html>",
        b"",
        b"\xff\xfe\x00",
        b"<feed",
        b"<feed xmlns='http://example.org/'/>",
        b"<a>" * 200_000,
        b"{}",
    ],
    ids=[
        "bomb",
        "utf-16",
        "utf-16 said",
        "page",
        "html",
        "",
        "bytes",
        "cut",
        "other",
        "deep",
        "{}",
    ],
)
def test_what_is_no_feed_is_refused(body):
    with pytest.raises(http.TryAgain):
        arxiv.read(body)


@given(st.text(max_size=200))
def test_whatever_an_entry_says_nothing_breaks(text):
    for name in ("id", "title", "published"):
        inside = f"<{name}><![CDATA[{text.replace(']]>', '')}]]></{name}>"
        with contextlib.suppress(http.TryAgain):  # not XML
            arxiv.read(feed(f"<entry>{inside}</entry>").encode("utf-8", "surrogatepass"))


# --- Bad days --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Response("", 500), "answers 500"),
        (Response("", 503, {"Retry-After": "3600"}), "asked us to wait 3600 seconds"),
        (Response("", 403), "answers 403"),
        (Response("<html>Sign in</html>"), "a web page instead of a feed"),
        (Response("", 302, {"Location": "https://elsewhere.example/"}), "to another host"),
    ],
    ids=["500", "503", "403", "page", "redirect"],
)
def test_a_fault_is_a_sentence_and_asked_for_once(site, answer, words):
    asked = []

    def handler(request: Request):
        asked.append(request)
        return answer

    site.expect_request(PATH).respond_with_handler(handler)
    with pytest.raises(FetchFailed, match=words) as failed:
        arxiv.lookup(["2605.13779"])
    assert not isinstance(failed.value, arxiv.Malformed)
    assert len(asked) == 1


def test_an_enormous_answer_is_not_swallowed(site, monkeypatch):
    monkeypatch.setattr(arxiv, "MOST_BYTES", 1_000)
    site.expect_request(PATH).respond_with_data(feed(entry() * 20))

    with pytest.raises(FetchFailed, match="more than 1,000 bytes"):
        arxiv.lookup(["2605.13779"])


@pytest.mark.parametrize("count", [0, arxiv.MOST_ASKED + 1])
def test_too_many_at_once_are_a_mistake(count):
    with pytest.raises(ValueError, match="Ask for 1 to 50"):
        arxiv.lookup(["2605.13779"] * count)


# --- In turn ---------------------------------------------------------------------------------


def test_one_asks_at_a_time(site):
    at_once: list[int] = []
    inside = 0
    lock = threading.Lock()

    def handler(request: Request) -> Response:
        nonlocal inside
        with lock:
            inside += 1
            at_once.append(inside)
        threading.Event().wait(0.05)
        with lock:
            inside -= 1
        return Response(feed(entry()))

    site.expect_request(PATH).respond_with_handler(handler)
    askers = [threading.Thread(target=arxiv.lookup, args=(["2605.13779"],)) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert at_once == [1, 1, 1, 1]


@pytest.mark.redis
@pytest.mark.skipif("REDIS_URL" not in os.environ, reason="needs a Redis server (REDIS_URL)")
def test_redis_gives_one_turn_at_a_time():
    inside: list[int] = []
    most: list[int] = []

    def take(number: int) -> None:
        with arxiv.turn():
            inside.append(number)
            most.append(len(inside))
            threading.Event().wait(0.02)
            inside.remove(number)

    with override_settings(CACHES=CONFIGURED):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(take, range(4)))
        cache.delete("papers.arxiv.turn")
    assert most == [1, 1, 1, 1]


def test_the_next_turn_comes_after_a_pause(site, monkeypatch):
    monkeypatch.setattr(arxiv, "PAUSE", 3)
    monkeypatch.setattr(arxiv, "PATIENCE", 0.05)
    site.expect_request(PATH).respond_with_data(feed(entry()))
    arxiv.lookup(["2605.13779"])

    with pytest.raises(FetchFailed, match="without getting a turn"):
        arxiv.lookup(["2605.13779"])
    assert len(site.log) == 1


def test_a_request_that_fails_gives_its_turn_back(site):
    site.expect_oneshot_request(PATH).respond_with_data("", 500)
    with pytest.raises(FetchFailed):
        arxiv.lookup(["2605.13779"])
    site.expect_request(PATH).respond_with_data(feed(entry()))

    assert arxiv.lookup(["2605.13779"])


@pytest.fixture
def no_cache(monkeypatch, settings, tmp_path):
    """A cache that does not answer, and a folder for what the processes of a machine share."""

    def fail(*args, **kwargs):
        raise ConnectionError("nobody there")

    for question in ("get", "set", "add", "delete"):
        monkeypatch.setattr(f"django.core.cache.backends.locmem.LocMemCache.{question}", fail)
    monkeypatch.setattr(turns.turns, "_down_until", 0.0)
    monkeypatch.setattr(polite, "cache", turns.turns)
    settings.VAR_DIR = tmp_path
    return tmp_path


def test_without_the_cache_this_machine_keeps_the_pace(site, monkeypatch, no_cache):
    monkeypatch.setattr(arxiv, "PAUSE", 3)
    monkeypatch.setattr(arxiv, "PATIENCE", 0.05)
    site.expect_request(PATH).respond_with_data(feed(entry()))
    assert arxiv.lookup(["2605.13779"])

    with pytest.raises(FetchFailed, match="without getting a turn"):
        arxiv.lookup(["2605.13779"])
    assert len(site.log) == 1


def test_without_the_cache_arxiv_is_left_alone_all_the_same(site, no_cache):
    site.expect_request(PATH).respond_with_data("Rate exceeded.", 429)
    for said in ("429", "won't be asked again until"):
        with pytest.raises(FetchFailed, match=said):
            arxiv.lookup(["2605.13779"])
    assert len(site.log) == 1


def test_without_the_cache_and_a_disk_nobody_asks(site, no_cache, settings):
    (no_cache / "file").touch()
    settings.VAR_DIR = no_cache / "file"
    with pytest.raises(FetchFailed, match="find out whose turn it is"):
        arxiv.lookup(["2605.13779"])
    assert not site.log
