"""Journals and feeds all the way: from the service to rows, listings and the state of the row."""

import datetime as dt
import json
import time
from typing import Any

import pytest
import stamina
from werkzeug import Request, Response

from papers.ingest.fetching import fetch_day
from papers.models import Feature, Paper, Source

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
DAY = NOW.date()

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(httpserver, settings, monkeypatch):
    """A server in the place of Crossref, and a host that is let through for feeds."""
    settings.CROSSREF_URL = httpserver.url_for("").rstrip("/")
    settings.PRIVATE_HOSTS_ALLOWED = frozenset({(httpserver.host, httpserver.port)})
    settings.FETCH_TIMEOUT = 2
    settings.FETCH_ATTEMPTS = 2
    monkeypatch.setattr(time, "sleep", lambda _: None)
    Source.objects.update(is_active=False)
    with stamina.set_testing(True, attempts=2, cap=True):
        yield httpserver


def work(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "DOI": f"10.5555/B.{number}",
        "type": "journal-article",
        "title": [f"Solid batteries that last for a long time, part {number}"],
        "created": {"date-parts": [[2026, 11, 25]]},
        "published-online": {"date-parts": [[2026, 11, 24]]},
        "author": [{"given": "Alice", "family": f"Adams{number}"}],
        "container-title": ["Journal of Batteries"],
        **fields,
    }


def serve_works(site, *works: dict[str, Any]) -> None:
    site.clear()
    message = {"items": list(works), "total-results": len(works), "items-per-page": 100}
    site.expect_request("/works").respond_with_json({"status": "ok", "message": message})


def rss(*numbers: int) -> str:
    items = "".join(
        f"<item><title>Solid batteries that last for a long time, part {n}</title>"
        f"<link>https://j.example.org/doi/10.5555/b.{n}</link><guid>a-{n}</guid>"
        "<author>alice@example.org (Alice Adams)</author>"
        f"<pubDate>Wed, {25 if n < 5 else 11} Nov 2026 08:00:00 GMT</pubDate></item>"
        for n in numbers
    )
    return f'<rss version="2.0"><channel><title>J</title>{items}</channel></rss>'


def journal(**settings: Any) -> Source:
    wanted = {"issns": ["1476-4687"], **settings}
    return Source.objects.create(kind="crossref", name="Journal", slug="journal", settings=wanted)


def feed(site) -> Source:
    wanted = {"address": site.url_for("/feed")}
    return Source.objects.create(kind="feed", name="Feed", slug="feed", settings=wanted)


def listed(source: Source) -> dict[str, str]:
    """The DOIs that the source listed, and on which day."""
    found = Feature.objects.filter(source=source).select_related("paper")
    return {one.paper.identifier.rpartition(".")[2]: str(one.day) for one in found}


def test_a_work_is_listed_once_however_often_it_comes(site):
    source = journal()
    serve_works(site, work(1), work(2))
    first = fetch_day(DAY, NOW, source)
    source.refresh_from_db()
    serve_works(site, work(2), work(3))
    later = NOW + dt.timedelta(days=1)
    second = fetch_day(later.date(), later, source)

    assert not first.failures
    assert not second.failures
    assert listed(source) == {"1": "2026-11-25", "2": "2026-11-25", "3": "2026-11-26"}
    paper = Paper.objects.get(identifier="doi:10.5555/b.1")
    assert paper.authors == ["Alice Adams1"]
    assert paper.venue == "Journal of Batteries"


def test_a_retraction_marks_the_stored_paper_and_is_none_itself(site):
    source = journal()
    serve_works(site, work(1))
    fetch_day(DAY, NOW, source)
    source.refresh_from_db()
    update = {"DOI": "10.5555/b.1", "type": "retraction"}
    serve_works(site, work(9, **{"update-to": [update]}, title=["Retraction: Solid batteries"]))
    site.expect_request("/works/10.5555/b.1").respond_with_json({"message": work(1)})
    later = NOW + dt.timedelta(days=1)

    fetch_day(later.date(), later, source)

    assert Paper.objects.get().status == "retracted"
    assert listed(source) == {"1": "2026-11-25"}


def test_the_last_time_that_a_row_was_asked_is_kept_once_its_papers_are_stored(site):
    source = journal()
    serve_works(site, work(1))
    fetch_day(DAY, NOW, source)
    source.refresh_from_db()
    assert source.state
    assert source.state["asked_at"] == NOW.isoformat()
    site.clear()
    site.expect_request("/works").respond_with_data("oops", status=500)
    later = NOW + dt.timedelta(days=1)

    assert fetch_day(later.date(), later, source).failures

    source.refresh_from_db()
    assert source.state["asked_at"] == NOW.isoformat()


def test_a_feed_lists_what_is_new_and_knows_the_rest(site):
    source = feed(site)
    site.expect_request("/feed").respond_with_data(rss(1, 7, 8))
    fetch_day(DAY, NOW, source)
    source.refresh_from_db()
    assert listed(source) == {"1": "2026-11-25"}
    site.clear()
    site.expect_request("/feed").respond_with_data(rss(2, 1, 7))
    later = NOW + dt.timedelta(days=1)

    fetch_day(later.date(), later, source)

    assert listed(source) == {"1": "2026-11-25", "2": "2026-11-26"}


def test_a_bad_day_of_a_feed_leaves_the_others_alone(site):
    source = feed(site)
    other = journal()
    site.expect_request("/feed").respond_with_data("<html>no</html>")
    message = {"items": [work(1)], "total-results": 1}
    site.expect_request("/works").respond_with_json({"message": message})

    total = fetch_day(DAY, NOW)

    assert len(total.failures) == 1
    assert listed(other) == {"1": "2026-11-25"}
    source.refresh_from_db()
    assert "a web page instead of a feed" in source.last_error


def test_the_same_paper_by_a_feed_and_by_crossref_is_one(site):
    one, other = feed(site), journal()
    site.expect_request("/feed").respond_with_data(rss(1))
    message = {"items": [work(1, abstract="<jats:p>We try.</jats:p>")], "total-results": 1}
    site.expect_request("/works").respond_with_json({"message": message})

    fetch_day(DAY, NOW)

    assert Paper.objects.count() == 1
    assert listed(one) == listed(other) == {"1": "2026-11-25"}
    assert Paper.objects.get().abstract == "We try."


def test_five_hundred_works_on_several_pages_go_through(site):
    works = [work(number) for number in range(500)]

    def handler(request: Request) -> Response:
        at = 0 if request.args["cursor"] == "*" else int(request.args["cursor"])
        rows = int(request.args["rows"])
        message = {
            "items": works[at : at + rows],
            "total-results": 500,
            "items-per-page": rows,
            "next-cursor": str(at + rows),
        }
        return Response(json.dumps({"message": message}), mimetype="application/json")

    site.expect_request("/works").respond_with_handler(handler)
    source = journal()

    summary = fetch_day(DAY, NOW, source)

    assert (summary.new, len(listed(source))) == (500, 500)
