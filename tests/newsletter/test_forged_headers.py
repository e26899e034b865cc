"""No header of a visitor changes an address on any page, for them or for whoever comes next.

Real servers, behind no proxy and behind those of docs/deploying.md. Pages are kept, as in
production; before each forged request they are made out of date, so that it is the forged one that
makes them anew.
"""

import http.client
import json
import secrets
import socket
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.newsletter.test_settings import ROOT, clean_environment
from tests.proxies import HOST, PROXIES, free_port, proxy, wait_for

FORGED = "zz.forged.example"
PREFIX = "/zz-forged"

HEADERS = [
    *((name, PREFIX) for name in ("script_name", "SCRIPT_NAME", "Script-Name", "X-Script-Name")),
    *((name, PREFIX) for name in ("path_info", "Path-Info", "X-Forwarded-Path", "Script-Url")),
    *((name, PREFIX) for name in ("X-Forwarded-Prefix", "X-Original-Url", "X-Rewrite-Url")),
    *((name, PREFIX) for name in ("X-Forwarded-Uri", "Redirect-Url", "X-Request-Uri")),
    *((name, FORGED) for name in ("X-Forwarded-Host", "X-Host", "X-Original-Host")),
    *((name, FORGED) for name in ("X-Forwarded-Server", "X-Http-Host-Override", "Server-Name")),
    ("Host", FORGED),
    ("Forwarded", f"for=192.0.2.1;host={FORGED};proto=gopher"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Ssl", "on"),
    ("X-Forwarded-Port", "8443"),
    ("X-Forwarded-For", "192.0.2.1, 203.0.113.9"),
    ("X-Real-Ip", "192.0.2.1"),
    ("Remote-User", "admin"),
    ("Referer", f"https://{FORGED}{PREFIX}/"),
    ("Origin", f"https://{FORGED}"),
    ("X-Http-Method-Override", "POST"),
    ("wsgi.url_scheme", "gopher"),
]

MORE = ("/feed.atom", "/robots.txt", "/sitemap.xml", "/sitemap-days.xml", "/favicon.ico")
MADE = """
import json, django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.every_page import make_hostile_site
print(json.dumps(make_hostile_site()))
"""

Answer = tuple[int, list[tuple[str, str]], bytes]


class Site:
    """A database with something on every page, for servers to share."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.var = directory / "var"
        self.var.mkdir()
        made = subprocess.run(
            [sys.executable, "-c", MADE],
            cwd=ROOT,
            env=self.environment() | {"DJANGO_SETTINGS_MODULE": "newsletter.settings"},
            capture_output=True,
            text=True,
            check=True,
        )
        self.pages: dict[str, str] = json.loads(made.stdout)

    def environment(self, *, is_behind: bool = False) -> dict[str, str]:
        return clean_environment(
            self.var,
            SITE_URL=f"https://{HOST}" if is_behind else f"http://{HOST}",
            TRUSTED_PROXIES="1" if is_behind else "0",
            REDIS_URL=f"unix://{self.directory}/none.sock",
            PAGE_CACHE_SECONDS="86400",
            LOG_LEVEL="ERROR",
            WEB_CONCURRENCY="1",
        )

    def outdate(self) -> None:
        """Make every kept page out of date."""
        with closing(sqlite3.connect(self.var / "broadsheet.sqlite3", timeout=30)) as database:
            row = (secrets.token_hex(16),)
            database.execute("INSERT OR REPLACE INTO papers_stamp (id, value) VALUES (1, ?)", row)
            database.commit()


class Visitor:
    """A connection that is used again, to a server or to the proxy in front of it."""

    def __init__(self, port: int, *, is_secure: bool) -> None:
        self.port, self.is_secure = port, is_secure
        self.connection: http.client.HTTPConnection | None = None

    def get(self, path: str, *headers: tuple[str, str]) -> Answer:
        """The status, the headers and the body."""
        for _ in range(2):
            try:
                return self._get(path, headers)
            except (http.client.HTTPException, ConnectionError):
                self.connection = None  # it was closed after an error before
        raise AssertionError(f"no answer to {path} with {headers}")

    def _get(self, path: str, headers: tuple[tuple[str, str], ...]) -> Answer:
        if self.connection is None:
            self.connection = self._connect()
        named = {name.lower() for name, _ in headers}
        self.connection.putrequest("GET", path, skip_host=True)
        if "host" not in named:
            self.connection.putheader("Host", HOST)
        for name, value in headers:
            self.connection.putheader(name, value)
        self.connection.endheaders()
        answer = self.connection.getresponse()
        body = answer.read()
        own = ("date", "connection", "keep-alive", "x-request-id")  # of this answer alone
        shown = [(name, value) for name, value in answer.getheaders() if name.lower() not in own]
        return answer.status, sorted(shown), body

    def _connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        if self.is_secure:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            plain = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            connection.sock = context.wrap_socket(plain, server_hostname=HOST)
        return connection


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    return Site(tmp_path_factory.mktemp("s"))


@pytest.fixture(
    scope="module",
    params=[(server, name) for name in PROXIES for server in ("gunicorn", "runserver")],
    ids=lambda param: f"{param[0]} behind {param[1]}",
)
def visitor(request, site, tmp_path_factory) -> Iterator[Visitor]:
    server, name = request.param
    directory = tmp_path_factory.mktemp("p")
    is_behind = name != "no proxy"
    port = free_port()
    address = f"127.0.0.1:{port}"
    command = {
        "gunicorn": ["gunicorn", "--config", "python:newsletter.web", "--bind", address],
        "runserver": ["django", "runserver", "--noreload", "--skip-checks", address],
    }[server] + (["newsletter.wsgi"] if server == "gunicorn" else [])
    environment = site.environment(is_behind=is_behind) | {
        "DJANGO_SETTINGS_MODULE": "newsletter.settings",
        "STATIC_MANIFEST": "false",
    }
    log = directory / "server.log"
    with ExitStack() as stack:
        out = stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, env=environment, stdout=out, stderr=out
        )
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)
        wait_for(port, process, log)
        if is_behind:
            port = stack.enter_context(proxy(name, directory / "proxy", port))
        yield Visitor(port, is_secure=is_behind)


def kept(site: Site) -> list[str]:
    """The pages that are kept, and so handed out to others."""
    names = ("home", "day", "week")
    return [site.pages[name] for name in names]


def is_refused(answer: Answer) -> bool:
    """Whether a request was turned away, or answered with nothing, without a word of it in it."""
    status, headers, body = answer
    said = body + repr(headers).encode()
    is_away = 400 <= status < 500 or not body
    return is_away and FORGED.encode() not in said and PREFIX.encode() not in said


def test_a_forged_header_changes_no_kept_page(visitor, site):
    wrong: list[Any] = []
    for path in kept(site):
        before = visitor.get(path)
        assert before[0] == 200
        for header in HEADERS:
            site.outdate()
            forged = visitor.get(path, header)
            after = visitor.get(path)
            if after != before or not (forged == before or is_refused(forged)):
                wrong.append((path, header, forged[:2], after[:2]))
    assert not wrong


def test_no_page_shows_what_a_visitor_forged(visitor, site):
    """All at once; only a forged Host is turned away, and then nothing else would be seen."""
    headers = [header for header in HEADERS if header[0] != "Host"]
    wrong = []
    for path in dict.fromkeys([*site.pages.values(), *MORE]):
        site.outdate()
        before = visitor.get(path)
        site.outdate()
        forged = visitor.get(path, *headers)
        after = visitor.get(path)
        if not before == forged == after:
            wrong.append((path, before[:2], forged[:2], after[:2]))
    assert not wrong
