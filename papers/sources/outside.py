"""Getting a file from an address that somebody else chose, without being led into our own network.

A source's picture may stand on any host, and whoever submits a paper to a source has a say in its
address. So a name is looked up once, all that it stands for must be public, and the connection
goes to what was looked up: a name that means another address a moment later gains nothing. The
same holds for every redirect.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Sequence

import httpx

from papers.sources.base import FetchFailed
from papers.sources.wire import who_asks

MOST_REDIRECTS = 3

STEP_SECONDS = 8.0
"""For connecting, and for each part of the answer."""

WHOLE_SECONDS = 20.0
"""For one file with all its redirects, once answers begin."""

MOST_ADDRESSES = 2
"""Addresses of one host that are tried in turn: an old one and a new one, as a rule."""

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in disguise

Guard = Callable[[httpx.URL], Sequence[str]]
"""The IP addresses at which an address may be asked; raises `FetchFailed` where it may not be."""


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


def get(address: str, *, accept: str, most_bytes: int, guard: Guard = public_addresses) -> bytes:
    """The body that `address`, or where it redirects to, answers with.

    `guard` says where may be asked. Raises `FetchFailed` with a sentence for everything else:
    another status, more than `most_bytes`, too many redirects, or an answer that takes too long.
    """
    headers = {"User-Agent": who_asks(), "Accept": accept, "Accept-Encoding": "identity"}
    until = time.monotonic() + WHOLE_SECONDS
    # A proxy that the environment names would look names up by itself, hence none is taken.
    with httpx.Client(timeout=STEP_SECONDS, trust_env=False, headers=headers) as client:
        try:
            url = httpx.URL(address)
            for _ in range(MOST_REDIRECTS + 1):
                answer = _ask(client, url, guard)
                try:
                    if not answer.has_redirect_location:
                        return _body(answer, url, most_bytes, until)
                    url = url.join(answer.headers["location"])
                finally:
                    answer.close()
        except httpx.TimeoutException:
            raise FetchFailed(f"{address[:200]} takes too long to answer.") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            kind = type(error).__name__
            raise FetchFailed(f"{address[:200]} could not be read ({kind}).") from error
    raise FetchFailed(f"{address[:200]} redirects more than {MOST_REDIRECTS} times.")


def _ask(client: httpx.Client, url: httpx.URL, guard: Guard) -> httpx.Response:
    """The answer of `url`, its body unread, asked at an IP address that `guard` allows."""
    addresses = list(guard(url))[:MOST_ADDRESSES]
    for number, address in enumerate(addresses, 1):
        request = client.build_request(
            "GET",
            url.copy_with(host=address, fragment=None),
            headers={"Host": url.netloc.decode("ascii")},
            # Whose certificate is asked for and checked: the name's, as without all this.
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )
        try:
            return client.send(request, stream=True, follow_redirects=False)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            if number == len(addresses):
                raise
    raise FetchFailed(f"{_shown(url)} has no address.")


def _body(answer: httpx.Response, url: httpx.URL, most_bytes: int, until: float) -> bytes:
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
