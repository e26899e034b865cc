"""HTTP for sources: polite towards the services asked, and guarded against being led astray.

There are three doors. `ask` is for a service whose address stands in the settings or, as plain
https, on a row. `download` is for a file at an address that somebody chose, such as a feed or a
picture, and `post` is for telling such an address something.

`ask` puts a question to a service, so that whatever it does costs a bounded time and a sentence.
What may pass is tried again, with a growing pause or the one that the service asks for; what will
not is given up at once. Answers are limited in size and time, and redirects stay on the host.

`download` fetches one file from an address that somebody else chose, without being led into our own
network. A source's picture may stand on any host, and whoever submits a paper to a source has a
say in its address. So a name is looked up once, all that it stands for must be public, and the
connection goes to what was looked up: a name that means another address a moment later gains
nothing. The same holds for every redirect, and for services whose address an editor typed. What may
be asked although it is not public stands in `PRIVATE_HOSTS_ALLOWED`.

Both unpack compressed answers themselves, piece by piece, so that a small body which unpacks to an
enormous one costs no more memory than any other.
"""

import ipaddress
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx
import stamina
import stamina.instrumentation
from django.conf import settings

from papers import site
from papers.retry_after import seconds_in
from papers.sources.base import FetchFailed
from papers.sources.time_limit import seconds_left
from papers.text import cleaning

# Retries are logged as everything else is, rather than printed by structlog's default.
stamina.instrumentation.set_on_retry_hooks([stamina.instrumentation.LoggingOnRetryHook])

T = TypeVar("T")

MOST_REDIRECTS = 3

MOST_BYTES = 20_000_000
"""Of one answer; a hundred papers take about one million."""

LONGEST_WAIT = 60.0
"""Seconds between two attempts. A service that wants to be left alone for longer is left alone:
the next fetch comes by itself."""

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})

STEP_SECONDS = 8.0
"""For connecting to a host that somebody else chose, and for each part of its answer."""

WHOLE_SECONDS = 20.0
"""For one file of such a host with all its redirects."""

UNPACKED_AT_ONCE = 1 << 16
"""Bytes that a compressed answer is unpacked by at a time."""

MOST_ADDRESSES = 2
"""Addresses of one host that are tried in turn: an old one and a new one, as a rule."""

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in disguise

Guard = Callable[[httpx.URL], Sequence[str]]
"""The IP addresses at which an address may be asked; raises `FetchFailed` where it may not be."""


class TryAgain(Exception):
    """An answer that another attempt may better, after `wait` seconds where the service said so.
    `is_busy` where it said that it is asked too often.
    """

    def __init__(self, why: str, wait: float | None = None, *, is_busy: bool = False) -> None:
        super().__init__(why)
        self.wait = wait
        self.is_busy = is_busy


class Refused(FetchFailed):
    """The service answers with a `status` that asking again will not better."""

    def __init__(self, why: str, status: int) -> None:
        super().__init__(why)
        self.status = status


class Busy(FetchFailed):
    """The service wants to be left alone, for `wait` seconds where it said so."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered with a file, or that the file is as it was."""

    body: bytes | None
    """Unpacked; None where the file has not changed since the state that the request named."""
    headers: httpx.Headers
    url: str
    """Where the answer came from, after all redirects."""
    moved_to: str = ""
    """Where permanent redirects alone lead from the address that was asked; empty without any."""


def client(accept: str, *, is_guarded: bool = False) -> httpx.Client:
    """A client that says who asks and that it takes `accept`; for several questions in a row.

    One that `is_guarded` asks public hosts only: for an address that a row holds, rather than the
    operator's settings.
    """
    return httpx.Client(
        headers={"User-Agent": who_asks(), "Accept": accept, "Accept-Encoding": "gzip, deflate"},
        timeout=settings.FETCH_TIMEOUT,
        follow_redirects=False,
        transport=Guarded(public_addresses) if is_guarded else None,
    )


def ask(
    client: httpx.Client,
    name: str,
    address: str,
    query: Mapping[str, str],
    read: Callable[[bytes], T],
    *,
    for_what: str,
    most_bytes: int = 0,
    attempts: int = 0,
    json: Any = None,
    headers: Mapping[str, str] | None = None,
    on_headers: Callable[[httpx.Headers], None] | None = None,
    turn: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> T:
    """What `read` makes of the body that `address` answers with, of up to `most_bytes`; asked up
    to `attempts` times. By default these are `MOST_BYTES` and what `FETCH_ATTEMPTS` says. With
    `json` it is posted. `on_headers` is told the headers of each answer, such as its rates. Each
    attempt is made within a `turn` of its own.

    `read` raises `TryAgain` for a body that is not what was asked for. `name` and `for_what` are
    how the sentence of a `FetchFailed` calls the service and the question. Raises `Refused` where
    the status says that asking again is no use, and `Busy` where the service wants to be left
    alone for longer than we wait, or still answers 429 in the end.
    """
    host = f"{name} ({urlsplit(address).netloc})"
    attempts = attempts or settings.FETCH_ATTEMPTS
    left = seconds_left()
    if left is not None:
        if not left:
            raise FetchFailed(
                f"{host} wasn't asked for {for_what}: the time for an attempt is over."
            )
        attempts = 1
    most_bytes = most_bytes or MOST_BYTES
    try:
        for attempt in stamina.retry_context(
            on=_backoff, attempts=attempts, timeout=None, wait_initial=0.5, wait_max=20
        ):
            with attempt:
                url = httpx.URL(address)
                if query:
                    url = url.copy_merge_params(query)
                question = _Question(str(url), json, dict(headers or {}), on_headers)
                with turn():
                    body = _body(client, host, question, most_bytes)
                return read(body)
    except (TryAgain, httpx.TransportError) as error:
        what = str(error) if isinstance(error, TryAgain) else _said(error)
        wait = error.wait if isinstance(error, TryAgain) else None
        if wait and wait > LONGEST_WAIT:
            what += f" and asked us to wait {wait:.0f} seconds"
        how_often = "once" if attempts == 1 else f"up to {attempts} times"
        sentence = f"{host} {what}; asked for {for_what}, {how_often}."
        if isinstance(error, TryAgain) and (error.is_busy or (wait and wait > LONGEST_WAIT)):
            raise Busy(sentence, wait) from error
        raise FetchFailed(sentence) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchFailed(f"{name} couldn't be reached: {_said(error)}.") from error
    raise AssertionError("stamina either returns or raises")


def json_list(body: bytes) -> list[Any]:
    """The list that a body holds in JSON. Raises `TryAgain` for anything else."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        kind = "a web page" if is_web_page(body) else "broken JSON"
        raise TryAgain(f"answers with {kind} instead of a list of papers") from None
    if not isinstance(data, list):
        raise TryAgain("answers with JSON that isn't a list of papers")
    return data


def json_object(body: bytes) -> dict[str, Any]:
    """The object that a body holds in JSON. Raises `TryAgain` for anything else."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        kind = "a web page" if is_web_page(body) else "broken JSON"
        raise TryAgain(f"answers with {kind} instead of an object") from None
    if not isinstance(data, dict):
        raise TryAgain("answers with JSON that isn't an object")
    return data


def is_web_page(body: bytes) -> bool:
    """Whether a body looks like a page for people, such as a proxy's sign-in."""
    return body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _backoff(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds."""
    if isinstance(error, TryAgain):
        if error.wait is None:
            return True
        return error.wait if error.wait <= LONGEST_WAIT else False
    return isinstance(error, httpx.TransportError)


@dataclass(frozen=True, slots=True)
class _Question:
    """One request of `ask`."""

    url: str
    json: Any
    headers: dict[str, str]
    on_headers: Callable[[httpx.Headers], None] | None

    @property
    def method(self) -> str:
        return "GET" if self.json is None else "POST"


def _body(client: httpx.Client, host: str, question: _Question, most_bytes: int) -> bytes:
    """The body of a 200. Raises `TryAgain`, `FetchFailed` or an error of httpx."""
    url = question.url
    for _ in range(MOST_REDIRECTS + 1):
        left = seconds_left()
        usual = client.timeout.read or settings.FETCH_TIMEOUT
        timeout = usual if left is None else min(usual, left)
        with client.stream(
            question.method, url, json=question.json, headers=question.headers, timeout=timeout
        ) as answer:
            if question.on_headers:
                question.on_headers(answer.headers)
            if answer.has_redirect_location:
                url = _same_host(url, answer.headers["location"])
                continue
            status = answer.status_code
            if status in RETRIED:
                wait = seconds_in(answer.headers.get("retry-after"))
                raise TryAgain(f"answers {status}", wait, is_busy=status == 429)
            if status != 200:
                raise Refused(f"{host} answers {status} to {url[:200]}.", status)
            return _read(answer, host, most_bytes)
    raise FetchFailed(f"{host} redirects more than {MOST_REDIRECTS} times.")


def _read(answer: httpx.Response, host: str, most_bytes: int) -> bytes:
    """The whole body, unless it is enormous or dribbles in for ever."""
    left = seconds_left()
    longest = 3 * settings.FETCH_TIMEOUT
    until = time.monotonic() + (longest if left is None else min(longest, left))
    body = bytearray()
    for part in _unpacked(answer, host, most_bytes):
        body += part
        if len(body) > most_bytes:
            raise FetchFailed(f"{host} answers with more than {most_bytes:,} bytes.")
        if time.monotonic() > until:
            raise TryAgain("takes too long to answer")
    return bytes(body)


def _unpacked(answer: httpx.Response, host: str, most_bytes: int) -> Iterator[bytes]:
    """The body in parts of bounded size, whatever it unpacks to. A part may be empty.

    Raises `FetchFailed` for more than `most_bytes` on the wire and for what cannot be unpacked.
    """
    encoding = answer.headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        yield from answer.iter_raw(UNPACKED_AT_ONCE)
        return
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise FetchFailed(f"{host} answers in an encoding that wasn't requested.")
    unpack = None
    size = 0
    try:
        for packed in answer.iter_raw(UNPACKED_AT_ONCE):
            size += len(packed)
            if size > most_bytes:
                raise FetchFailed(f"{host} answers with more than {most_bytes:,} bytes.")
            rest = packed
            if unpack is None:
                unpack = zlib.decompressobj(_window_bits(packed))
            while rest and not unpack.eof:
                yield unpack.decompress(rest, UNPACKED_AT_ONCE)
                rest = unpack.unconsumed_tail
            yield b""
        if unpack is None:
            return
        yield unpack.flush()  # a few bytes whose input was taken already
        if not unpack.eof:
            raise TryAgain("cut off its compressed answer")
    except zlib.error:
        raise TryAgain("answers with something that can't be decompressed") from None


def _window_bits(start: bytes) -> int:
    """How zlib is to read what begins so: as gzip, as zlib, or as bare deflate, which some hosts
    send under the name of deflate.
    """
    if start[:2] == b"\x1f\x8b":
        return 31
    is_zlib = len(start) > 1 and start[0] & 15 == 8 and (start[0] * 256 + start[1]) % 31 == 0
    return 15 if is_zlib else -15


def _same_host(url: str, location: str) -> str:
    """Where a redirect leads. Raises `FetchFailed` when that is another host."""
    target = urljoin(url, location)
    here, there = urlsplit(url), urlsplit(target)
    upgraded = (here.scheme, there.scheme) == ("http", "https") and here.hostname == there.hostname
    if (here.scheme, here.netloc) != (there.scheme, there.netloc) and not upgraded:
        raise FetchFailed(f"{here.netloc} redirects to another host, {there.netloc[:100]}.")
    return target


def who_asks() -> str:
    """The User-Agent, in the characters that a header takes."""
    who = cleaning.plain(f"{site.current().name} (+{settings.SITE_URL})")
    return who.encode("ascii", "replace").decode()


def _said(error: Exception) -> str:
    """What went wrong on the wire, in words."""
    if isinstance(error, httpx.TimeoutException):
        return f"didn't answer within {settings.FETCH_TIMEOUT} seconds"
    if isinstance(error, httpx.ConnectError):
        return "can't be reached"
    return f"cut off its answer ({type(error).__name__})"


def public_addresses(url: httpx.URL) -> Sequence[str]:
    """The IP addresses of the host of `url`, all of them public. Looks the name up.

    Raises `FetchFailed` unless it is https on its usual port, without a password, and public, or
    else one that `PRIVATE_HOSTS_ALLOWED` names.
    """
    is_plain = url.scheme == "https" and url.port in {None, 443}
    if not (is_plain or is_let_through(url)) or url.userinfo or not url.host:
        raise FetchFailed(f"{_shown(url)} isn't a plain https address.")
    return _addresses(url)


def public_web_addresses(url: httpx.URL) -> Sequence[str]:
    """As `public_addresses`, but http will do as well: many feeds are served by nothing else.

    Ports are the usual ones and those from 1024 up, where no other service listens by custom.
    """
    is_web = url.scheme in {"http", "https"} and (port_of(url) in {80, 443} or port_of(url) >= 1024)
    if not (is_web or is_let_through(url)) or url.userinfo or not url.host:
        raise FetchFailed(f"{_shown(url)} isn't a plain http or https address.")
    return _addresses(url)


def is_let_through(url: httpx.URL) -> bool:
    """Whether `PRIVATE_HOSTS_ALLOWED` names the host of `url`, with its port or without any."""
    host, allowed = url.host.lower(), settings.PRIVATE_HOSTS_ALLOWED
    is_web = url.scheme in {"http", "https"}
    return is_web and ((host, None) in allowed or (host, port_of(url)) in allowed)


def port_of(url: httpx.URL) -> int:
    """The port that is asked, which an address rarely says."""
    return url.port or (443 if url.scheme == "https" else 80)


def _addresses(url: httpx.URL) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(url.host, port_of(url), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchFailed(f"The host {url.host[:100]} doesn't exist.") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not is_public(address) and not is_let_through(url):
            raise FetchFailed(f"{url.host[:100]} is at {address}, which is not public.")
    return addresses


def is_public(address: str) -> bool:
    """Whether `address` is a machine's on the internet, rather than ours or our network's."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and (
        ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip.is_site_local or ip in _TRANSLATED
    ):
        return False  # nobody's name means such an address, unless to mean another by it
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


class Guarded(httpx.BaseTransport):
    """Connects to the IP addresses that `guard` allows for a request, and to no other.

    A proxy that the environment names would look names up by itself, hence none is taken.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpx.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer from the first address that takes a connection."""
        url = request.url
        addresses = list(self._guard(url))[:MOST_ADDRESSES]
        for number, address in enumerate(addresses, 1):
            # The header Host is the name's already; so is the certificate that is asked for and
            # checked.
            asked = httpx.Request(
                request.method,
                url.copy_with(host=address, fragment=None),
                headers=request.headers,
                stream=request.stream,
                extensions={
                    **request.extensions,
                    "sni_hostname": url.raw_host.decode("ascii"),
                },
            )
            try:
                return self._inner.handle_request(asked)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise FetchFailed(f"{_shown(url)} has no address.")

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def get(address: str, *, accept: str, most_bytes: int, guard: Guard = public_addresses) -> bytes:
    """The body that `address`, or where it redirects to, answers with.

    `guard` says where may be asked. Raises `FetchFailed` with a sentence for everything else:
    another status, more than `most_bytes`, too many redirects, or an answer that takes too long.
    """
    answer = download(address, accept=accept, most_bytes=most_bytes, guard=guard, unpack=False)
    if answer.body is None:
        raise FetchFailed(f"{address[:200]} answers 304.")
    return answer.body


def download(
    address: str,
    *,
    accept: str,
    most_bytes: int,
    guard: Guard = public_web_addresses,
    headers: Mapping[str, str] | None = None,
    seconds: float | None = None,
    unpack: bool = True,
) -> Answer:
    """The file at `address`, or where that redirects to, within `seconds` in all, by default
    `WHOLE_SECONDS`.

    `guard` says where may be asked; it is put to each redirect, too, and what it looked up is what
    is connected to. `headers` may make the request conditional (If-None-Match, If-Modified-Since).
    `most_bytes` holds on the wire and, where it is to `unpack`, for what that unpacks to.

    Raises `Refused` for another status than 200 and 304, `Busy` for 429 and 503, and `FetchFailed`
    for everything else: too much, too slow, too many redirects, or led where it may not go.
    """
    whole = WHOLE_SECONDS if seconds is None else seconds
    left = seconds_left()
    if left is not None:
        whole = min(whole, left)
    asked = {
        **(headers or {}),
        "User-Agent": who_asks(),
        "Accept": accept,
        "Accept-Encoding": "gzip, deflate" if unpack else "identity",
    }
    with (
        _deadline(whole) as deadline,
        httpx.Client(timeout=STEP_SECONDS, transport=Guarded(guard), headers=asked) as client,
    ):
        try:
            url = httpx.URL(address)
            moved_to, is_permanent = "", True
            for _ in range(MOST_REDIRECTS + 1):
                with client.stream(
                    "GET", url, follow_redirects=False, extensions=deadline.extensions
                ) as answer:
                    if answer.has_redirect_location:
                        is_permanent = is_permanent and answer.status_code in {301, 308}
                        url = url.join(answer.headers["location"])
                        moved_to = str(url) if is_permanent else moved_to
                        continue
                    _check_status(answer, url)
                    body = None
                    if answer.status_code == 200:
                        body = _whole(answer, url, most_bytes, deadline, unpack)
                    return Answer(body, answer.headers, str(url), moved_to)
        except TryAgain as error:
            raise FetchFailed(f"{_shown_text(address)} {error}.") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            if deadline.is_over or isinstance(error, httpx.TimeoutException):
                raise FetchFailed(f"{_shown_text(address)} takes too long to answer.") from None
            kind = type(error).__name__
            raise FetchFailed(f"{_shown_text(address)} couldn't be read ({kind}).") from error
    raise FetchFailed(f"{_shown_text(address)} redirects more than {MOST_REDIRECTS} times.")


@dataclass(frozen=True, slots=True)
class Posted:
    """What a host answered to a post."""

    status: int
    headers: httpx.Headers


def post(
    address: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    seconds: float,
    most_bytes: int,
    guard: Guard = public_addresses,
) -> Posted:
    """The answer to a post of `body` to `address`, whatever its status; redirects are not followed.

    `guard` says where may be posted, and what it looked up is what is connected to. Of the answer
    up to `most_bytes` are read, and thrown away. Raises `FetchFailed` where nothing answered within
    `seconds`, or led where it may not go.
    """
    sent = {**headers, "User-Agent": who_asks(), "Accept-Encoding": "identity"}
    step = min(STEP_SECONDS, seconds)
    with (
        _deadline(seconds) as deadline,
        httpx.Client(timeout=step, transport=Guarded(guard), headers=sent) as client,
    ):
        try:
            with client.stream(
                "POST",
                httpx.URL(address),
                content=body,
                follow_redirects=False,
                extensions=deadline.extensions,
            ) as answer:
                size = 0
                for part in answer.iter_raw(most_bytes):
                    size += len(part)
                    if size > most_bytes or deadline.has_passed():
                        break
                return Posted(answer.status_code, answer.headers)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            if deadline.is_over or isinstance(error, httpx.TimeoutException):
                raise FetchFailed(f"{_shown_text(address)} takes too long to answer.") from None
            kind = type(error).__name__
            raise FetchFailed(f"{_shown_text(address)} can't be reached ({kind}).") from error


class _Deadline:
    """The moment at which whatever a host still sends is cut off.

    Each part of an answer has a limit of its own, but a host could send a byte now and then for
    ever, also among its headers, which come from one call that nothing can look into. So the
    sockets are shut at the deadline, from a thread of its own.
    """

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._until = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self.extensions = {"trace": self._trace}

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.cancel()

    def has_passed(self) -> bool:
        return time.monotonic() > self._until

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._sockets.append(info["return_value"].get_extra_info("socket"))
            if self.is_over:
                self._shut()

    def _shut(self) -> None:
        self.is_over = True
        for one in list(self._sockets):
            with suppress(OSError):  # one that TLS took over, or that is closed already
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def _deadline(seconds: float) -> Iterator[_Deadline]:
    deadline = _Deadline(seconds)
    deadline.start()
    try:
        yield deadline
    finally:
        deadline.stop()


def _check_status(answer: httpx.Response, url: httpx.URL) -> None:
    status = answer.status_code
    if status in {429, 503}:
        wait = seconds_in(answer.headers.get("retry-after"))
        raise Busy(f"{_shown(url)} answers {status}.", wait)
    if status not in {200, 304}:
        raise Refused(f"{_shown(url)} answers {status}.", status)


def _whole(
    answer: httpx.Response, url: httpx.URL, most_bytes: int, deadline: _Deadline, unpack: bool
) -> bytes:
    body = bytearray()
    # Raw where nothing compressed was asked for: what comes so could unpack to anything.
    parts = _unpacked(answer, _shown(url), most_bytes) if unpack else answer.iter_raw()
    for part in parts:
        body += part
        if len(body) > most_bytes:
            raise FetchFailed(f"{_shown(url)} answers with more than {most_bytes:,} bytes.")
        if deadline.has_passed():
            break
    if deadline.has_passed():  # also where the body ends because it was cut off
        raise FetchFailed(f"{_shown(url)} takes too long to answer.")
    return bytes(body)


def _shown_text(address: str) -> str:
    """As `_shown`, for an address that may be none."""
    try:
        return _shown(httpx.URL(address))
    except (httpx.InvalidURL, ValueError):
        return address[:200]


def _shown(url: httpx.URL) -> str:
    """The address without a password that may stand in it."""
    return str(url.copy_with(userinfo=b""))[:200]
