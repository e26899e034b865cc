"""How fast the day's page is: behind gunicorn, over the wire, and in a slow browser.

    make bench-web [ARGS="--seconds 10 --json --no-browser"]

A scratch database (on the server of `DATABASE_URL`, else SQLite) gets sixty papers of the sample on
one day, with abstracts of real length; gunicorn serves it with two processes, set up as in
production. wrk then asks for the page as fast as it is answered, and again at 200 pages a second;
Chromium loads it once with its processor slowed down four times. Whatever else the machine does
gets in the way, so each figure is the best of three.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
os.environ["STATIC_MANIFEST"] = "false"  # what is collected is the server's, see serve()
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs an event loop in this thread
django.setup()

from django.conf import settings  # noqa: E402  # needs Django set up
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from newsletter.demo.processes import Family, Lock  # noqa: E402
from papers.ingest.records import store  # noqa: E402
from papers.matching.ranking import rank_and_match  # noqa: E402
from papers.models import Source  # noqa: E402
from papers.sources.record import PaperRecord  # noqa: E402
from papers.sources.registry import reader_of  # noqa: E402
from tests.benchmarks.delivery import scratch_database  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent.parent
PAPERS = 60
PROCESSES = 2
CONNECTIONS = 32
HALF_LOAD = 200
"""Pages a second: half of what is promised."""
ROUNDS = 3

PACE = """
-- Each connection waits so long between two pages that all of them together ask for RATE a second.
local between = 2000 * CONNECTIONS / RATE
function delay() return math.random(0, between) end
"""

LARGEST_PAINT = """
() => new Promise(resolve => {
  let last = 0;
  new PerformanceObserver(list => { for (const e of list.getEntries()) last = e.startTime; })
    .observe({type: "largest-contentful-paint", buffered: true});
  setTimeout(() => resolve(last), 500);
})
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value and what is promised of it."""

    what: str
    value: float
    unit: str
    bar: float | None
    """None for what is only there to compare with."""
    is_floor: bool = False
    """At least, rather than at most."""

    @property
    def is_kept(self) -> bool:
        """Whether the promise holds here."""
        if self.bar is None:
            return True
        return self.value >= self.bar if self.is_floor else self.value <= self.bar

    def __str__(self) -> str:
        line = f"{self.what:<44} {f'{self.value:,.0f} {self.unit}'.strip():>10}"
        if self.bar is None:
            return line
        bound = "at least" if self.is_floor else "at most"
        return f"{line}   ({bound} {self.bar:,.0f})" + ("" if self.is_kept else "  MISSED")


def program(*names: str, package: str, variable: str = "") -> str:
    """The path of the first of these programs that is here; ends with a sentence otherwise."""
    given = os.environ.get(variable, "") if variable else ""
    if found := given or next(filter(None, map(shutil.which, names)), ""):
        return found
    sys.exit(
        f"This measures with {names[0]}, which is not here. On Debian or Ubuntu: "
        f"apt-get install {package}" + (f"; or set {variable} to its path." if variable else ".")
    )


def fill() -> None:
    """Sixty papers on today's list, ranked and matched."""
    now = timezone.now()
    source, _ = Source.objects.get_or_create(
        slug="sample", defaults={"kind": "sample", "name": "Sample"}
    )
    reader = reader_of(source)
    monday = now.date().fromordinal(now.date().toordinal() - now.date().weekday())
    week = [monday.fromordinal(monday.toordinal() + n) for n in range(5)]
    listed = [record for day in week for record in reader.fetch(day).records]
    records = [record for record in listed if record.is_counted][:PAPERS]
    # The sample's summaries are half as long as abstracts are; two of them are of real length.
    long = [
        _with_abstract(record, f"{record.abstract} {records[n - 1].abstract}")
        for n, record in enumerate(records)
    ]
    store(long, source, now.date(), now)
    rank_and_match(now=now, day=now.date())


def _with_abstract(record: PaperRecord, abstract: str) -> PaperRecord:
    fields = {name: getattr(record, name) for name in record.__dataclass_fields__}
    return PaperRecord(**{**fields, "abstract": abstract})


def queries(*, kept: bool) -> int:
    """Queries that the page takes, made anew or kept."""
    seconds, settings.PAGE_CACHE_SECONDS = settings.PAGE_CACHE_SECONDS, 300 if kept else 0
    try:
        client = Client(SERVER_NAME="127.0.0.1")
        client.get("/")
        with CaptureQueriesContext(connection) as asked:
            response = client.get("/")
    finally:
        settings.PAGE_CACHE_SECONDS = seconds
    assert response.content.count(b"<article") == PAPERS, response.status_code
    return len(asked)


def load(wrk: str, url: str, seconds: int, script: Path | None = None) -> tuple[float, float]:
    """(pages a second, milliseconds within which 99 % were answered)."""
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    command += ["-s", str(script)] if script else []
    command += ["-H", "Accept-Encoding: gzip", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    slowest = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", said)
    if not rate or not slowest or "Non-2xx" in said:
        sys.exit(f"wrk did not get the pages:\n{said}")
    return float(rate[1]), float(slowest[1]) * {"us": 0.001, "ms": 1, "s": 1000}[slowest[2]]


def visit(browser: Browser, url: str) -> tuple[float, float]:
    """(bytes over the wire in all, milliseconds to the largest paint) of a first visit."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    protocol = context.new_cdp_session(page)
    got: list[float] = []
    protocol.on("Network.loadingFinished", lambda event: got.append(event["encodedDataLength"]))
    protocol.send("Network.enable")
    protocol.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(url, wait_until="load")
    painted = page.evaluate(LARGEST_PAINT)
    page.wait_for_load_state("networkidle")
    context.close()
    return sum(got), float(painted)


def measure(url: str, wrk: str, chromium: str, seconds: int, scratch: Path) -> Iterable[Figure]:
    """Every figure as it comes; those of a browser only where there is one."""
    yield Figure("queries of a page that is made anew", queries(kept=False), "", 12)
    yield Figure("queries of a page that is kept", queries(kept=True), "", 12)
    fastest = max(load(wrk, url, seconds)[0] for _ in range(ROUNDS))
    yield Figure("pages a second, full load", fastest, "", 400, is_floor=True)
    pace = scratch / "pace.lua"
    pace.write_text(PACE.replace("CONNECTIONS", str(CONNECTIONS)).replace("RATE", str(HALF_LOAD)))
    paced = [load(wrk, url, seconds, pace) for _ in range(ROUNDS)]
    rate, slowest = min(paced, key=lambda each: each[1])
    yield Figure(f"99 % answered within, at {rate:.0f} a second", slowest, "ms", 50)
    # What the machine and gunicorn make of an answer of sixteen bytes, in the same minute.
    nothing = min(load(wrk, f"{url}health/live", seconds, pace)[1] for _ in range(ROUNDS))
    yield Figure("  the same for an empty page", nothing, "ms", None)
    if not chromium:
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        visits = [visit(browser, url) for _ in range(ROUNDS)]
        browser.close()
    yield Figure("transferred in all", min(size for size, _ in visits) / 1000, "KB", 100)
    yield Figure("largest paint, processor slowed 4x", min(at for _, at in visits), "ms", 1000)


def serve(family: Family, address: str, scratch: Path) -> str:
    """Start gunicorn as production does; gives the home page's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    environment: Mapping[str, str] = {
        **os.environ,
        "DATABASE_URL": address,
        "VAR_DIR": str(scratch),
        "STATIC_ROOT": str(scratch / "static"),
        "STATIC_MANIFEST": "true",
        "SITE_URL": url,
        "DEBUG": "false",
        "LOG_LEVEL": "WARNING",
        "PAGE_CACHE_SECONDS": "300",
        "WEB_CONCURRENCY": str(PROCESSES),
    }
    collect = [sys.executable, str(ROOT / "manage.py"), "collectstatic", "--no-input", "-v0"]
    subprocess.run(collect, env=dict(environment), check=True, cwd=ROOT)
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:newsletter.web"]
    family.start(
        "gunicorn", [*gunicorn, "--bind", f"127.0.0.1:{port}", "newsletter.wsgi"], environment
    )
    family.wait_for("gunicorn", lambda: answers(url), 60)
    return url


def answers(url: str) -> bool:
    """Whether the page is there; asked often enough that each process has made it once."""
    try:
        for _ in range(20):
            with urllib.request.urlopen(url, timeout=10) as response:
                response.read()
    except OSError:
        return False
    return True


def run(seconds: int, say: Callable[[str], None], *, browser: bool = True) -> list[Figure]:
    """Fill, serve, measure."""
    wrk = program("wrk", package="wrk")
    chromium = ""
    if browser:
        chromium = program(
            "chromium", "chromium-browser", "google-chrome", package="chromium", variable="CHROMIUM"
        )
    figures = []
    with tempfile.TemporaryDirectory() as name, scratch_database() as address:
        scratch = Path(name)
        fill()
        say(f"{PAPERS} papers on {connection.vendor}; gunicorn with {PROCESSES} processes.")
        lock = Lock(scratch / "lock")
        lock.acquire("bench_web", lambda: None)
        with Family(scratch, lock) as family:
            url = serve(family, address, scratch)
            time.sleep(1)
            for figure in measure(url, wrk, chromium, seconds, scratch):
                say(str(figure))
                figures.append(figure)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=8, help="of each of wrk's six runs")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--no-browser", action="store_true", help="measure without Chromium")
    options = parser.parse_args()
    if options.seconds < 1:
        parser.error("--seconds takes a whole number from 1.")
    say: Callable[[str], None] = (lambda line: None) if options.json else print
    figures = run(options.seconds, say, browser=not options.no_browser)
    if options.json:
        print(json.dumps([asdict(figure) | {"is_kept": figure.is_kept} for figure in figures]))


if __name__ == "__main__":
    main()
