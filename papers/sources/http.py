"""HTTP for sources: polite towards the services asked, and guarded against being led astray.

`ask` puts a question to a service, so that whatever it does costs a bounded time and a sentence.
What may pass is tried again, with a growing pause or the one that the service asks for; what will
not is given up at once. Answers are limited in size and time, and redirects stay on the host.

`get` fetches one file from an address that somebody else chose, without being led into our own
network. A source's picture may stand on any host, and whoever submits a paper to a source has a
say in its address. So a name is looked up once, all that it stands for must be public, and the
connection goes to what was looked up: a name that means another address a moment later gains
nothing. The same holds for every redirect, and for services whose address an editor typed.
"""

import ipaddress
import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx
import stamina
import stamina.instrumentation
from django.conf import settings

from papers.retry_after import seconds_in
from papers.sources.base import FetchFailed
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
"""For one file of such a host with all its redirects, once answers begin."""

MOST_ADDRESSES = 2
"""Addresses of one host that are tried in turn: an old one and a new one, as a rule."""

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in disguise

Guard = Callable[[httpx.URL], Sequence[str]]
"""The IP addresses at which an address may be asked; raises `FetchFailed` where it may not be."""


class TryAgain(Exception):
    """An answer that another attempt may better, after `wait` seconds where the service said so."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class Refused(FetchFailed):
    """The service answers with a `status` that asking again will not better."""

    def __init__(self, why: str, status: int) -> None:
        super().__init__(why)
        self.status = status


def client(accept: str, *, is_guarded: bool = False) -> httpx.Client:
    """A client that says who asks and that it takes `accept`; for several questions in a row.

    One that `is_guarded` asks public hosts only: for an address that a row holds, rather than the
    operator's settings.
    """
    return httpx.Client(
        headers={"User-Agent": who_asks(), "Accept": accept},
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
) -> T:
    """What `read` makes of the body that `address` answers with, of up to `most_bytes`; asked up
    to `attempts` times. By default these are `MOST_BYTES` and what `FETCH_ATTEMPTS` says.

    `read` raises `TryAgain` for a body that is not what was asked for. `name` and `for_what` are
    how the sentence of a `FetchFailed` calls the service and the question. Raises `Refused` where
    the status says that asking again is no use.
    """
    host = f"{name} ({urlsplit(address).netloc})"
    attempts = attempts or settings.FETCH_ATTEMPTS
    most_bytes = most_bytes or MOST_BYTES
    try:
        for attempt in stamina.retry_context(
            on=_backoff, attempts=attempts, timeout=None, wait_initial=0.5, wait_max=20
        ):
            with attempt:
                return read(_body(client, host, str(httpx.URL(address, params=query)), most_bytes))
    except (TryAgain, httpx.TransportError) as error:
        what = str(error) if isinstance(error, TryAgain) else _said(error)
        wait = error.wait if isinstance(error, TryAgain) else None
        if wait and wait > LONGEST_WAIT:
            what += f" and wants to be left alone for {wait:.0f} seconds"
        how_often = "once" if attempts == 1 else f"up to {attempts} times"
        raise FetchFailed(f"{host} {what}; asked for {for_what}, {how_often}.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchFailed(f"{name} could not be asked: {_said(error)}.") from error
    raise AssertionError("stamina either returns or raises")


def json_list(body: bytes) -> list[Any]:
    """The list that a body holds in JSON. Raises `TryAgain` for anything else."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        kind = "a web page" if is_web_page(body) else "broken JSON"
        raise TryAgain(f"answers with {kind} instead of a list of papers") from None
    if not isinstance(data, list):
        raise TryAgain("answers with JSON that is no list of papers")
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


def _body(client: httpx.Client, host: str, url: str, most_bytes: int) -> bytes:
    """The body of a 200. Raises `TryAgain`, `FetchFailed` or an error of httpx."""
    for _ in range(MOST_REDIRECTS + 1):
        with client.stream("GET", url) as answer:
            if answer.has_redirect_location:
                url = _same_host(url, answer.headers["location"])
                continue
            if answer.status_code in RETRIED:
                raise TryAgain(
                    f"answers {answer.status_code}", seconds_in(answer.headers.get("retry-after"))
                )
            if answer.status_code != 200:
                status = answer.status_code
                raise Refused(f"{host} answers {status} to {url[:200]}.", status)
            return _read(answer, host, most_bytes)
    raise FetchFailed(f"{host} redirects more than {MOST_REDIRECTS} times.")


def _read(answer: httpx.Response, host: str, most_bytes: int) -> bytes:
    """The whole body, unless it is enormous or dribbles in for ever."""
    started = time.monotonic()
    chunks: list[bytes] = []
    size = 0
    for chunk in answer.iter_bytes():
        size += len(chunk)
        if size > most_bytes:
            raise FetchFailed(f"{host} answers with more than {most_bytes:,} bytes.")
        if time.monotonic() - started > 3 * settings.FETCH_TIMEOUT:
            raise TryAgain("takes too long to answer")
        chunks.append(chunk)
    return b"".join(chunks)


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
    who = cleaning.plain(f"{settings.SITE_NAME} (+{settings.SITE_URL})")
    return who.encode("ascii", "replace").decode()


def _said(error: Exception) -> str:
    """What went wrong on the wire, in words."""
    if isinstance(error, httpx.TimeoutException):
        return f"did not answer within {settings.FETCH_TIMEOUT} seconds"
    if isinstance(error, httpx.ConnectError):
        return "cannot be reached"
    return f"broke off its answer ({type(error).__name__})"


def public_addresses(url: httpx.URL) -> Sequence[str]:
    """The IP addresses of the host of `url`, all of them public. Looks the name up.

    Raises `FetchFailed` unless it is https on its usual port, without a password, and public.
    """
    if url.scheme != "https" or url.port not in {None, 443} or url.userinfo or not url.host:
        raise FetchFailed(f"{_shown(url)} is not a plain https address.")
    try:
        found = socket.getaddrinfo(url.host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchFailed(f"There is no host {url.host[:100]}.") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not is_public(address):
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
    headers = {"User-Agent": who_asks(), "Accept": accept, "Accept-Encoding": "identity"}
    until = time.monotonic() + WHOLE_SECONDS
    with httpx.Client(timeout=STEP_SECONDS, transport=Guarded(guard), headers=headers) as client:
        try:
            url = httpx.URL(address)
            for _ in range(MOST_REDIRECTS + 1):
                with client.stream("GET", url, follow_redirects=False) as answer:
                    if not answer.has_redirect_location:
                        return _whole(answer, url, most_bytes, until)
                    url = url.join(answer.headers["location"])
        except httpx.TimeoutException:
            raise FetchFailed(f"{address[:200]} takes too long to answer.") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            kind = type(error).__name__
            raise FetchFailed(f"{address[:200]} could not be read ({kind}).") from error
    raise FetchFailed(f"{address[:200]} redirects more than {MOST_REDIRECTS} times.")


def _whole(answer: httpx.Response, url: httpx.URL, most_bytes: int, until: float) -> bytes:
    if answer.status_code != 200:
        raise FetchFailed(f"{_shown(url)} answers {answer.status_code}.")
    body = bytearray()
    # Raw: what comes compressed although nobody asked for that could unpack to anything.
    for part in answer.iter_raw():
        body += part
        if len(body) > most_bytes:
            raise FetchFailed(f"{_shown(url)} answers with more than {most_bytes:,} bytes.")
        if time.monotonic() > until:
            raise FetchFailed(f"{_shown(url)} takes too long to answer.")
    return bytes(body)


def _shown(url: httpx.URL) -> str:
    """The address without a password that may stand in it."""
    return str(url.copy_with(userinfo=b""))[:200]
