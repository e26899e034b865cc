"""Asking and downloading: bounded in size and time, and led nowhere that is not public."""

import gzip
import re
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from papers.sources import http
from papers.sources.base import FetchFailed
from tests.runaway import no_runaway

FEED = b"<rss>" + b"papers " * 1000 + b"</rss>"
BOMB = 100_000_000


@pytest.fixture
def host(httpserver, settings):
    """A local server that the guard lets through."""
    settings.PRIVATE_HOSTS_ALLOWED = frozenset({("localhost", httpserver.port)})
    return httpserver


def download(url: str, **kwargs) -> http.Answer:
    return http.download(url, accept="application/xml", **{"most_bytes": 1_000_000} | kwargs)


def name_hosts(monkeypatch, known: dict[str, list[str]]) -> list[str]:
    """Have host names stand for addresses; returns the names that are looked up."""
    asked = []
    real = socket.getaddrinfo

    def look_up(name, port, *args, **kwargs):
        if name not in known:
            return real(name, port, *args, **kwargs)
        asked.append(name)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[name]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@contextmanager
def raw_server(answer: bytes, then: float = 0.0) -> Iterator[int]:
    """A server that sends `answer` and, if `then`, goes on with a byte so often; its port."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            with listening.accept()[0] as connection:
                connection.recv(10_000)
                try:
                    connection.sendall(answer)
                    while then and not stop.wait(then):
                        connection.sendall(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            stop.set()
            thread.join(10)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("identity", FEED),
        ("gzip", gzip.compress(FEED)),
        ("x-gzip", gzip.compress(FEED)),
        ("deflate", zlib.compress(FEED)),
        ("deflate", zlib.compress(FEED, wbits=-15)),
        ("GZIP", gzip.compress(b"")),
    ],
    ids=["plain", "gzip", "x-gzip", "zlib", "bare deflate", "nothing"],
)
def test_compressed_answers_are_unpacked(host, encoding, packed):
    host.expect_request("/feed").respond_with_data(packed, headers={"Content-Encoding": encoding})

    expected = b"" if encoding == "GZIP" else FEED
    assert download(host.url_for("/feed")).body == expected
    with http.client("application/xml") as client:
        asked = http.ask(client, "Feed", host.url_for("/feed"), {}, bytes, for_what="a test")
    assert asked == expected


@pytest.mark.parametrize(
    ("encoding", "packed", "said"),
    [
        ("gzip", gzip.compress(bytes(BOMB)), "more than 1,000,000 bytes"),
        ("deflate", zlib.compress(bytes(BOMB)), "more than 1,000,000 bytes"),
        ("gzip", bytes(2_000_000), "be decompressed"),
        ("gzip", gzip.compress(FEED)[:-20], "cut off its compressed answer"),
        ("br", b"whatever", "an encoding that wasn't requested"),
        ("gzip, gzip", gzip.compress(gzip.compress(FEED)), "an encoding that wasn't requested"),
        ("identity", bytes(2_000_000), "more than 1,000,000 bytes"),
    ],
    ids=["gzip bomb", "deflate bomb", "no gzip", "cut", "brotli", "twice", "large"],
)
def test_bombs_and_broken_archives_cost_that_request_alone(host, settings, encoding, packed, said):
    settings.FETCH_ATTEMPTS = 1
    host.expect_request("/bomb").respond_with_data(packed, headers={"Content-Encoding": encoding})
    with no_runaway():
        with pytest.raises(FetchFailed, match=said):
            download(host.url_for("/bomb"))
        address = host.url_for("/bomb")
        with http.client("*/*") as client, pytest.raises(FetchFailed, match=said):
            http.ask(client, "It", address, {}, bytes, for_what="a test", most_bytes=1_000_000)


def test_what_has_not_changed_is_not_sent_again(host):
    host.expect_request("/feed", headers={"If-None-Match": '"one"'}).respond_with_data(
        "", status=304, headers={"ETag": '"one"'}
    )

    answer = download(host.url_for("/feed"), headers={"If-None-Match": '"one"'})

    assert (answer.body, answer.headers["etag"]) == (None, '"one"')


@pytest.mark.parametrize(
    ("statuses", "moved_to"),
    [
        ([], ""),
        ([301], "/1"),
        ([308, 301], "/2"),
        ([302], ""),
        ([302, 301], ""),
        ([301, 307], "/1"),
    ],
)
def test_permanent_redirects_say_where_the_file_has_moved(host, statuses, moved_to):
    for number, status in enumerate(statuses):
        host.expect_request(f"/{number}").respond_with_data(
            "", status=status, headers={"Location": f"/{number + 1}"}
        )
    host.expect_request(f"/{len(statuses)}").respond_with_data(FEED)

    answer = download(host.url_for("/0"))

    assert answer.body == FEED
    assert answer.url == host.url_for(f"/{len(statuses)}")
    assert answer.moved_to == (moved_to and host.url_for(moved_to))


@pytest.mark.parametrize("status", [400, 403, 404, 410, 500])
def test_another_status_is_refused(host, status):
    host.expect_request("/feed").respond_with_data(b"no", status=status)

    with pytest.raises(http.Refused, match=f"answers {status}") as caught:
        download(host.url_for("/feed"))

    assert caught.value.status == status


@pytest.mark.parametrize(("value", "wait"), [("120", 120), ("7200", 7200), ("soon", None)])
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_host_says_for_how_long(host, status, value, wait):
    host.expect_request("/").respond_with_data(
        "Rate exceeded.", status=status, headers={"Retry-After": value}
    )

    with pytest.raises(http.Busy) as caught:
        download(host.url_for("/"))

    assert caught.value.wait == wait


def test_a_service_that_answers_429_to_the_last_is_busy(host, settings):
    settings.FETCH_ATTEMPTS = 2
    host.expect_request("/").respond_with_data("Rate exceeded.", status=429)

    with http.client("*/*") as client, pytest.raises(http.Busy, match="answers 429"):
        http.ask(client, "It", host.url_for("/"), {}, bytes, for_what="a test")


def test_a_question_may_be_posted_and_the_headers_of_the_answer_are_told(host):
    host.expect_request(
        "/batch", method="POST", json={"ids": ["a"]}, query_string="fields=title"
    ).respond_with_data("[]", headers={"X-Rate-Limit-Limit": "5"})
    told: list[httpx.Headers] = []

    with http.client("application/json") as client:
        http.ask(
            client,
            "It",
            host.url_for("/batch?fields=title"),
            {},
            http.json_list,
            for_what="a test",
            json={"ids": ["a"]},
            on_headers=told.append,
        )

    assert [headers["x-rate-limit-limit"] for headers in told] == ["5"]


@pytest.mark.parametrize(
    ("allowed", "address", "is_allowed"),
    [
        (set(), "http://127.0.0.1:8080/", False),
        ({("127.0.0.1", 8080)}, "http://127.0.0.1:8080/", True),
        ({("127.0.0.1", 8080)}, "http://127.0.0.1:8081/", False),
        ({("127.0.0.1", None)}, "http://127.0.0.1:8081/", True),
        ({("127.0.0.1", 443)}, "https://127.0.0.1/", True),
        ({("127.0.0.1", 80)}, "https://127.0.0.1/", False),
        ({("feeds.internal", None)}, "http://FEEDS.internal:3000/", True),
        ({("feeds.internal", None)}, "http://other.internal/", False),
        ({("feeds.internal", None)}, "http://alice:secret@feeds.internal/", False),
        ({("::1", 8080)}, "http://[::1]:8080/", True),
        ({("feeds.internal", None)}, "ftp://feeds.internal/", False),
        (set(), "http://192.168.1.1/", False),
        (set(), "http://[::ffff:127.0.0.1]/", False),
        (set(), "http://2130706433/", False),
        (set(), "http://public.example.org/", True),
        (set(), "https://public.example.org/", True),
        (set(), "http://public.example.org:8080/", True),
        (set(), "http://public.example.org:25/", False),
        (set(), "http://mixed.example.org/", False),
    ],
)
@pytest.mark.parametrize("guard", [http.public_addresses, http.public_web_addresses])
def test_private_hosts_are_let_through_by_name_and_port_alone(
    monkeypatch, settings, guard, allowed, address, is_allowed
):
    settings.PRIVATE_HOSTS_ALLOWED = frozenset(allowed)
    name_hosts(
        monkeypatch,
        {
            "feeds.internal": ["10.0.0.7"],
            "other.internal": ["10.0.0.8"],
            "public.example.org": ["93.184.215.14"],
            "2130706433": ["127.0.0.1"],  # as resolvers read it
            "mixed.example.org": ["93.184.215.14", "10.0.0.7"],
        },
    )
    is_plain = address.startswith("https:") or "public" not in address
    if guard is http.public_addresses and not is_plain:
        is_allowed = False  # plain https alone, unless it is let through

    if is_allowed:
        assert guard(httpx.URL(address))
    else:
        with pytest.raises(FetchFailed, match=r"not public|a plain (http or )?https address"):
            guard(httpx.URL(address))


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://inside.example.org/",
        "//127.0.0.1:1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://alice:secret@example.org/",
    ],
)
def test_no_redirect_leads_into_a_private_network(host, monkeypatch, location):
    name_hosts(monkeypatch, {"inside.example.org": ["192.168.0.10"]})
    host.expect_request("/").respond_with_data("", status=302, headers={"Location": location})

    with pytest.raises(FetchFailed) as caught:
        download(host.url_for("/"))

    assert re.search(
        r"not public|a plain http or https address|could not be read", str(caught.value)
    )
    assert "secret" not in str(caught.value)


def test_each_host_on_the_way_is_looked_up_once_and_asked_where_that_led(
    httpserver, settings, monkeypatch
):
    """A name that stands for a public host when it is checked and for this one later gains
    nothing: nobody looks a second time.
    """
    port = httpserver.port
    hosts = ("one.example.org", "two.example.org")
    settings.PRIVATE_HOSTS_ALLOWED = frozenset((name, port) for name in hosts)
    asked = name_hosts(monkeypatch, {name: ["127.0.0.1"] for name in hosts})
    httpserver.expect_request("/", headers={"Host": f"one.example.org:{port}"}).respond_with_data(
        "", status=301, headers={"Location": f"http://two.example.org:{port}/feed"}
    )
    httpserver.expect_request(
        "/feed", headers={"Host": f"two.example.org:{port}"}
    ).respond_with_data(FEED)

    answer = download(f"http://one.example.org:{port}/")

    assert answer.body == FEED
    assert answer.moved_to == f"http://two.example.org:{port}/feed"
    assert asked == list(hosts)


def test_redirects_without_an_end_are_given_up(host):
    host.expect_request("/").respond_with_data("", status=302, headers={"Location": "/"})

    with pytest.raises(FetchFailed, match="redirects more than"):
        download(host.url_for("/"))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nX-",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8000\r\n",
        b"",
    ],
    ids=["headers", "body", "body without length", "chunk", "status"],
)
def test_a_host_that_dribbles_is_cut_off(settings, answer):
    with raw_server(answer, then=0.05) as port:
        settings.PRIVATE_HOSTS_ALLOWED = frozenset({("127.0.0.1", port)})
        started = time.monotonic()
        with pytest.raises(FetchFailed, match="takes too long"):
            download(f"http://127.0.0.1:{port}/", seconds=0.5)

        assert time.monotonic() - started < 3


@pytest.mark.parametrize("address", ["", "feed", "http://", "http://[", "http://a b/", "mailto:a"])
def test_what_is_no_address_is_a_failure_in_words(address):
    with pytest.raises(FetchFailed):
        download(address)
