"""Ten days in a row of arXiv and bioRxiv, with a weekend, a holiday and faults: whatever happens,
each new paper is listed once, and what only changed is not.
"""

import datetime as dt
import json
import re
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from werkzeug import Request, Response

from papers.ingest import fetching
from papers.ingest.fetching import refresh
from papers.models import Feature, Paper, Source
from papers.sources import arxiv

FIRST = dt.date(2026, 11, 23)  # a Monday
DAYS = [FIRST + dt.timedelta(days=more) for more in range(10)]
HOLIDAY = dt.date(2026, 11, 26)
HOURS = (0, 6)
EASTERN = ZoneInfo("America/New_York")

pytestmark = pytest.mark.django_db


def is_announced(day: dt.date) -> bool:
    return day.weekday() < 5 and day != HOLIDAY


class World:
    """What the services know, at the time that it is."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
        self.faults: dict[dt.date, str] = {}
        """By the day, in UTC, what goes wrong with arXiv's feeds."""
        self.biorxiv_faults: dict[dt.date, str] = {}
        self.asked: Counter[str] = Counter()

    # arXiv: each day has three new papers, one from elsewhere, and yesterday's first is replaced.

    def announced(self, day: dt.date) -> list[tuple[str, str, int]]:
        if not is_announced(day):
            return []
        number = (day - FIRST).days
        new = [(f"2611.{number:02}00{one}", "new", 1) for one in range(3)]
        cross = (f"2611.{number:02}900", "cross", 1)
        before = max((one for one in range(number) if is_announced(DAYS[one])), default=0)
        replaced = (f"2611.{before:02}000", "replace", 2)
        return [*new, cross, replaced]

    def rss(self, request: Request) -> Response:
        self.asked["rss"] += 1
        fault = self.faults.get(self.now.date(), "")
        if fault == "down":
            return Response("", 500)
        if fault == "page":
            return Response("<!doctype html><title>Maintenance</title>")
        day = self.now.astimezone(EASTERN).date()
        if fault == "late":
            day -= dt.timedelta(days=1)
        etag = f'"{day}"'
        if request.headers.get("If-None-Match") == etag:
            return Response("", 304)
        items = "".join(
            f"<item><title>Paper {number}</title><guid>oai:arXiv.org:{number}v{version}</guid>"
            f"<description>arXiv:{number}v{version} Announce Type: {kind}\nAbstract: We say "
            f"{number}.</description><category>{'math.CO' if kind == 'cross' else 'cs.CL'}"
            "</category><category>cs.CL</category><creator>Alice Adams</creator></item>"
            for number, kind, version in self.announced(day)
        )
        body = (
            f"<rss><channel><pubDate>{day:%a, %d %b %Y} 00:00:00 -0500</pubDate>{items}"
            "</channel></rss>"
        )
        if fault == "cut":
            body = body[: len(body) // 2]
        return Response(body, headers={"ETag": etag})

    def submitted(self, number: str, version: int) -> str:
        """On the day before the announcement: of the second version, that of the next one."""
        day = FIRST + dt.timedelta(days=int(number[5:7]) + version - 2)
        while not day.weekday() < 5:
            day -= dt.timedelta(days=1)
        return f"{day:%a, %d %b %Y} 11:17:09 GMT"

    def oai(self, request: Request) -> Response:
        self.asked["oai"] += 1
        first = dt.date.fromisoformat(request.args["from"])
        last = dt.date.fromisoformat(request.args.get("until", "2027-01-01"))
        today = self.now.astimezone(EASTERN).date()
        stamped: dict[str, tuple[dt.date, str, int]] = {}
        day = FIRST
        while day <= today:
            for number, kind, version in self.announced(day):
                stamped[number] = (day, kind, version)
            day += dt.timedelta(days=1)
        records = "".join(
            f"<record><header><datestamp>{day}</datestamp></header><metadata>"
            f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{number}</id>'
            + "".join(
                f'<version version="v{at}"><date>{self.submitted(number, at)}</date></version>'
                for at in range(1, version + 1)
            )
            + f"<title>Paper {number}</title><authors>Alice Adams</authors>"
            f"<categories>{'math.CO ' if kind == 'cross' else ''}cs.CL</categories>"
            f"<abstract>We say {number}.</abstract></arXivRaw></metadata></record>"
            for number, (day, kind, version) in stamped.items()
            if first <= day <= last
        )
        inside = f"<ListRecords>{records}</ListRecords>"
        if not records:
            inside = '<error code="noRecordsMatch">None.</error>'
        return Response(f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{inside}</OAI-PMH>')

    # bioRxiv: two new preprints on every day, one of which comes a day late, and a version 2.

    def posted(self, day: dt.date) -> list[dict[str, str]]:
        if not FIRST <= day <= self.now.date():
            return []
        number = (day - FIRST).days
        rows = [(f"10.1101/2026.11.{number:02}.100000", "1")]
        if self.now.date() > day:
            rows.append((f"10.1101/2026.11.{number:02}.200000", "1"))
        if number:
            rows.append((f"10.1101/2026.11.{number - 1:02}.100000", "2"))
        return [
            {
                "doi": doi,
                "version": version,
                "title": f"Preprint {doi}",
                "authors": "Adams, A.; Brown, B.",
                "date": str(day),
                "type": "new results",
                "category": "neuroscience",
                "abstract": f"We say {doi}.",
                "published": "NA",
            }
            for doi, version in rows
        ]

    def details(self, request: Request) -> Response:
        self.asked["details"] += 1
        if self.biorxiv_faults.get(self.now.date()):
            return Response("", 503)
        _, _, _, first, _, cursor, _ = request.path.split("/")
        rows = self.posted(dt.date.fromisoformat(first))
        page = rows[int(cursor) : int(cursor) + 1 + self.now.day % 3]
        status = "ok" if page else "no posts found"
        said = {"status": status, "total": str(len(rows) + 5)}
        return Response(json.dumps({"messages": [said], "collection": page}))


@pytest.fixture
def world(httpserver, settings, monkeypatch) -> World:
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "ten-days"}}
    settings.PAPERS_SOURCE = "live"
    settings.FETCH_TIMEOUT = 2
    settings.FETCH_ATTEMPTS = 1
    monkeypatch.setattr(arxiv, "PAUSE", 0.001)
    monkeypatch.setattr(arxiv, "NAP", 0.001)
    monkeypatch.setattr(fetching, "rank_and_match", lambda **kwargs: None)  # not what is asked here
    cache.clear()
    base = httpserver.url_for("").rstrip("/")
    settings.ARXIV_RSS_URL = settings.ARXIV_OAI_URL = settings.BIORXIV_URL = base
    world = World()
    httpserver.expect_request(re.compile("/rss/.*")).respond_with_handler(world.rss)
    httpserver.expect_request(re.compile("/atom/.*")).respond_with_data("", 404)
    httpserver.expect_request("/oai").respond_with_handler(world.oai)
    httpserver.expect_request(re.compile("/details/.*")).respond_with_handler(world.details)
    Source.objects.update(is_active=False)
    Source.objects.create(
        kind="arxiv", slug="cs-cl", name="arXiv", settings={"categories": ["cs.CL"]}
    )
    Source.objects.create(
        kind="biorxiv", slug="neuro", name="bioRxiv", settings={"subjects": ["neuroscience"]}
    )
    return world


def live(world: World) -> None:
    """Fetch twice a day for ten days, before the list is out and after."""
    for day in DAYS:
        for hour in HOURS:
            world.now = dt.datetime.combine(day, dt.time(hour, 30), dt.UTC)
            refresh(world.now)


def listed(slug: str) -> Counter[str]:
    return Counter(
        Feature.objects.filter(source__slug=slug).values_list("paper__identifier", flat=True)
    )


def of_arxiv(world: World, without_cross=()) -> Counter[str]:
    """What arXiv announced as new or cross, but for the cross-lists of some days."""
    wanted: Counter[str] = Counter()
    for day in DAYS:
        for number, kind, _ in world.announced(day):
            if kind == "new" or (kind == "cross" and day not in without_cross):
                wanted[f"arxiv:{number}"] = 1
    return wanted


def of_biorxiv() -> Counter[str]:
    wanted = {f"doi:10.1101/2026.11.{one:02}.100000": 1 for one in range(10)}
    late = {f"doi:10.1101/2026.11.{one:02}.200000": 1 for one in range(9)}
    return Counter(wanted | late)


TUESDAY, WEDNESDAY, FRIDAY, MONDAY = DAYS[1], DAYS[2], DAYS[4], DAYS[7]


def test_each_new_paper_is_listed_once_and_fetching_all_again_changes_nothing(world):
    live(world)

    assert listed("cs-cl") == of_arxiv(world)
    assert listed("neuro") == of_biorxiv()
    # arXiv is asked for each list once, before that whether it is out, and at first for the three
    # days before it.
    assert world.asked["rss"] <= 2 * len(DAYS) + 3
    assert world.asked["oai"] == 1  # for the Friday before the row was there
    weekend = Feature.objects.filter(source__slug="neuro", source_day=DAYS[5])
    assert {feature.day for feature in weekend} == {MONDAY}

    features = list(Feature.objects.order_by("pk").values())
    papers = list(Paper.objects.order_by("pk").values())
    asked = world.asked["rss"]
    Source.objects.update(state=None)  # rows that have forgotten what they read
    refresh(world.now)
    assert world.asked["rss"] > asked
    assert list(Feature.objects.order_by("pk").values()) == features
    assert list(Paper.objects.order_by("pk").values()) == papers


def test_faults_of_a_day_or_two_lose_nothing(world):
    world.faults = {TUESDAY: "page", FRIDAY: "cut", MONDAY: "late"}
    world.biorxiv_faults = dict.fromkeys(DAYS[2:6], "down")
    live(world)

    # A list stands until the next one is out, at five in the morning: so that of a day that was
    # down is read then, cross-lists and all.
    assert listed("cs-cl") == of_arxiv(world)
    assert listed("neuro") == of_biorxiv()


def test_lists_that_are_gone_are_made_good_but_for_cross_lists(world):
    world.faults = {TUESDAY: "down", WEDNESDAY: "page", HOLIDAY: "cut", FRIDAY: "down"}
    live(world)

    # One paper was replaced before anybody could read that it was new: its versions' dates say so.
    assert listed("cs-cl") == of_arxiv(world, without_cross=(TUESDAY, WEDNESDAY))
    rows = Feature.objects.filter(source__slug="cs-cl").values_list("day", "source_day")
    assert all(day >= (at or day) and day.weekday() < 5 for day, at in rows)
