"""Ten days of four services that know the same works, each with faults of its own; and a day of
five hundred papers. Duplicates and wrong joins are counted.
"""

import datetime as dt
import json
import re
import time
from collections import Counter
from typing import Any

import pytest
from werkzeug import Request, Response

from papers.ingest.fetching import refresh
from papers.models import Feature, Join, Paper, Source
from tests.papers.sources.test_ten_days import (
    DAYS,
    FIRST,
    World,
    listed,
    live,
    of_arxiv,
    of_biorxiv,
)
from tests.papers.sources.test_ten_days import world as world_of_preprints  # noqa: F401

pytestmark = pytest.mark.django_db

ISSN = "1476-4687"
DOWN, CUT, PAGE, SKIPS = DAYS[1], DAYS[2], DAYS[3], DAYS[4]


class Journals(World):
    """The same world with a journal at Crossref and its feed."""

    def created(self, number: int) -> list[dict[str, Any]]:
        """What the journal registers on a day: yesterday's preprint as an article, an article of
        its own under a title that comes again every day, a notice and an old volume.
        """
        day = DAYS[number]
        base: dict[str, Any] = {
            "type": "journal-article",
            "created": {
                "date-time": f"{day}T03:00:00Z",
                "date-parts": [[day.year, day.month, day.day]],
            },
            "container-title": ["Journal of Days"],
            "ISSN": [ISSN],
            "published-online": {"date-parts": [[day.year, day.month, day.day]]},
            "issued": {"date-parts": [[None]]},
        }
        preprint = f"10.1101/2026.11.{max(number - 1, 0):02}.100000"
        published = base | {
            "DOI": f"10.5555/A{number}",
            "title": [f"Preprint {preprint}"],
            "author": [{"given": "A.", "family": "Adams"}, {"given": "B.", "family": "Brown"}],
            "relation": {"has-preprint": [{"id-type": "doi", "id": preprint}]},
        }
        own = base | {
            "DOI": f"10.5555/B{number}",
            "title": ["What we know of the cells that count"],
            "author": [{"given": "Charlie", "family": f"Clark{'abcdefghij'[number]}"}],
        }
        notice = base | {
            "DOI": f"10.5555/C{number}",
            "title": ["Correction: What we know of the cells that count"],
            "update-to": [{"DOI": f"10.5555/B{max(number - 1, 0)}", "type": "correction"}],
        }
        old = base | {
            "DOI": f"10.5555/D{number}",
            "title": ["What was known of cells in 2008"],
            "published-online": {"date-parts": [[2008, 1]]},
        }
        return [published, own, published, notice, old]

    def works(self, request: Request) -> Response:
        self.asked["works"] += 1
        day = self.now.date()
        if day == DOWN and self.now.hour == 0:
            return Response("", 503, headers={"Retry-After": "1"})
        if day == PAGE and self.now.hour == 6:
            return Response("<!doctype html><title>Maintenance</title>")
        asked = dict(part.split(":", 1) for part in request.args["filter"].split(","))
        first = dt.date.fromisoformat(asked["from-created-date"])
        last = dt.date.fromisoformat(asked.get("until-created-date", "2027-01-01"))
        items = [
            item
            for number, at in enumerate(DAYS)
            if first <= at <= last and f"{at}T03:00" <= f"{self.now:%Y-%m-%dT%H:%M}"
            for item in self.created(number)
        ]
        start = 0 if request.args["cursor"] == "*" else int(request.args["cursor"])
        part = items[start : start + 3]
        if day == SKIPS and start:
            part = []
        message = {
            "items": part,
            "total-results": len(items),
            "items-per-page": 3,
            "next-cursor": str(start + 3),
        }
        body = json.dumps({"status": "ok", "message": message})
        if day == CUT and self.now.hour == 6:
            body = body[: len(body) // 2]
        return Response(body, mimetype="application/json")

    def single(self, request: Request) -> Response:
        doi = request.path.removeprefix("/works/").lower()
        for number in range(len(DAYS)):
            for work in self.created(number):
                if str(work["DOI"]).lower() == doi:
                    return Response(json.dumps({"status": "ok", "message": work}))
        return Response("Resource not found.", 404, mimetype="text/plain")

    def feed(self, request: Request) -> Response:
        """Lists the journal's own articles of three days, which Crossref knows, and a note that no
        other service does.
        """
        self.asked["feed"] += 1
        number = (self.now.date() - FIRST).days
        if self.now.date() == CUT:
            return Response("<!DOCTYPE x [<!ENTITY a 'aaaa'>]><rss>&a;</rss>")
        if self.now.date() == PAGE:
            return Response("<!doctype html><title>Sorry</title>")
        items = "".join(
            f"<item><title>What we know of the cells that count</title>"
            f"<link>https://journal.example.org/doi/10.5555/b{one}?af=R</link>"
            f"<pubDate>{DAYS[one]:%a, %d %b %Y} 00:00:00 GMT</pubDate></item>"
            f"<item><title>A note of day {one} that nobody else lists</title>"
            f"<guid>note-{one}</guid><link>https://journal.example.org/note/{one}?utm_source=x</link>"
            f"<pubDate>{DAYS[one]:%a, %d %b %Y} 00:00:00 GMT</pubDate></item>"
            for one in range(max(0, number - 2), number + 1)
        )
        return Response(
            f"<rss version='2.0'><channel><title>Days</title>{items}</channel></rss>",
            mimetype="text/xml",
        )

    def moved(self, request: Request) -> Response:
        self.asked["moved"] += 1
        return Response("", 301, headers={"Location": request.host_url + "new.xml"})


@pytest.fixture
def world(world_of_preprints, httpserver, settings, monkeypatch) -> Journals:  # noqa: F811
    # The handlers of preprints are bound to that world, which then shows this one's time.
    mine = Journals()
    monkeypatch.setattr(time, "sleep", lambda _: None)
    base = httpserver.url_for("").rstrip("/")
    settings.CROSSREF_URL = settings.DATACITE_URL = base
    settings.PRIVATE_HOSTS_ALLOWED = frozenset({("localhost", httpserver.port)})
    httpserver.expect_request("/works").respond_with_handler(mine.works)
    httpserver.expect_request(re.compile("/works/.*")).respond_with_handler(mine.single)
    httpserver.expect_request("/old.xml").respond_with_handler(mine.moved)
    httpserver.expect_request("/new.xml").respond_with_handler(mine.feed)
    Source.objects.create(
        kind="crossref", slug="journal", name="A journal", settings={"issns": [ISSN]}
    )
    Source.objects.create(
        kind="feed",
        slug="feed",
        name="Its feed",
        settings={"address": f"{base}/old.xml", "every_minutes": 15},
    )
    world_of_preprints.__dict__ = mine.__dict__
    return mine


def test_ten_days_of_mixed_sources_leave_no_duplicate_and_make_no_wrong_join(world):
    live(world)

    assert listed("cs-cl") == of_arxiv(world)
    assert listed("neuro") == of_biorxiv()
    journal = listed("journal")
    # Each article once, however often its page came and whatever failed; no notice, nothing old.
    assert set(journal.values()) == {1}
    assert set(journal) == {f"doi:10.5555/{kind}{one}" for kind in "ab" for one in range(10)}
    feed = listed("feed")
    assert set(feed.values()) == {1}
    assert {name for name in feed if name.startswith("doi:")} == {
        f"doi:10.5555/b{one}" for one in range(10)
    }
    assert sum("note" in name for name in feed) == 10

    works = Paper.objects.filter(merged_into=None)
    titles = Counter(works.values_list("title", flat=True))
    same = titles.pop("What we know of the cells that count")
    assert same == 10, "ten articles of one title and other authors are ten works"
    assert not [title for title, count in titles.items() if count > 1], "duplicates"
    joined = Paper.objects.exclude(merged_into=None)
    # Preprint and article, by Crossref's relation: nine, as the first is published twice.
    assert {paper.identifier for paper in joined} == {f"doi:10.5555/a{one}" for one in range(10)}
    assert set(joined.values_list("merged_into__identifier", flat=True)) == {
        f"doi:10.1101/2026.11.{one:02}.100000" for one in range(9)
    }
    assert not Join.objects.filter(state=Join.State.QUESTION).exists()
    days = Feature.objects.values_list("day", flat=True)
    assert all(day.weekday() < 5 for day in days)
    state = Source.objects.get(slug="feed").state or {}
    assert state["moved_to"].endswith("/new.xml")


def test_a_day_of_five_hundred_papers_from_five_sources_goes_through_whole(world, monkeypatch):
    Source.objects.create(kind="medrxiv", slug="medicine", name="medRxiv")
    world.now = dt.datetime(2026, 11, 24, 6, 30, tzinfo=dt.UTC)
    today = world.now.date()
    monkeypatch.setattr(
        World,
        "announced",
        lambda self, day: [(f"2611.{n:05}", "new", 1) for n in range(200)] if day == today else [],
    )

    def posted(self, day):
        about = {
            "version": "1",
            "date": str(day),
            "type": "new results",
            "category": "neuroscience",
            "abstract": "We say so.",
            "published": "NA",
        }
        return [
            about
            | {
                "doi": f"10.1101/2026.11.24.{number:06}",
                "title": f"A posted paper {number} of many",
                "authors": f"Adams{number}, A.",
            }
            for number in range(130 if day == today else 0)
        ]

    def created(self, number):
        day = DAYS[number]
        about = {
            "type": "journal-article",
            "created": {
                "date-time": f"{day}T03:00:00Z",
                "date-parts": [[day.year, day.month, day.day]],
            },
            "ISSN": [ISSN],
            "published-online": {"date-parts": [[day.year, day.month, day.day]]},
        }
        return [
            about
            | {
                "DOI": f"10.5555/E{one}",
                "title": [f"An article {one} of a day"],
                "author": [{"given": "Bob", "family": f"Brown{one}"}],
            }
            for one in range(100 if day == today else 0)
        ]

    items = "".join(
        f"<item><title>A note {n} of a day</title><guid>n-{n}</guid><link>https://j.example.org/{n}"
        f"</link><pubDate>{today:%a, %d %b %Y} 00:00:00 GMT</pubDate></item>"
        for n in range(70)
    )
    monkeypatch.setattr(World, "posted", posted)
    monkeypatch.setattr(Journals, "created", created)
    monkeypatch.setattr(
        Journals,
        "feed",
        lambda self, request: Response(
            f"<rss version='2.0'><channel>{items}</channel></rss>", mimetype="text/xml"
        ),
    )
    refresh(world.now)

    by_source = Counter(Feature.objects.values_list("source__slug", flat=True))
    assert by_source["cs-cl"] == 200
    assert by_source["neuro"] == 130
    assert by_source["journal"] == 100
    assert by_source["medicine"] == 130  # the same preprints, under the same names
    assert sum(by_source.values()) - by_source["medicine"] >= 430
    assert Paper.objects.filter(merged_into=None).count() >= 430
