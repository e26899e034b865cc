"""What became of stored papers is looked for every day, without anybody's doing."""

import datetime as dt
import json
import time

import pytest
import stamina
from django.core.cache import cache
from werkzeug import Request, Response

from newsletter.digests import retractions
from papers.ingest import updates
from papers.ingest.fetching import fetch_day
from papers.ingest.records import store
from papers.models import Paper, Source
from papers.sources import arxiv, registry
from papers.sources.record import IS_PREPRINT_OF, Author, PaperRecord, Relation
from tests.factories import make_paper, make_source

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
DAY = NOW.date()
RECORD = """<record><header><identifier>oai:arXiv.org:{0}</identifier>
<datestamp>2026-11-25</datestamp></header><metadata><arXivRaw><id>{0}</id>{1}
<title>{2}</title><authors>Alice Adams</authors><categories>cs.CL</categories>
<comments>{3}</comments><abstract>{4}</abstract></arXivRaw></metadata></record>"""


@pytest.fixture(autouse=True)
def _in_no_hurry(settings, monkeypatch):
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "updates"}}
    settings.PAPERS_SOURCE = "live"
    settings.WATCH_ATTENTION = False
    settings.FETCH_TIMEOUT = 2
    monkeypatch.setattr(arxiv, "PAUSE", 0.001)
    monkeypatch.setattr(arxiv, "NAP", 0.001)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    cache.clear()
    with stamina.set_testing(True, attempts=2, cap=True):
        yield
    cache.clear()


@pytest.fixture
def site(httpserver, settings):
    settings.CROSSREF_URL = httpserver.url_for("").rstrip("/")
    settings.ARXIV_OAI_URL = httpserver.url_for("/oai")
    return httpserver


def test_a_site_gets_a_row_of_each_kind_that_its_papers_ask_for_once():
    Source.objects.all().delete()
    assert updates.make_rows() == []
    make_paper("Batteries", identifier="doi:10.5555/b.1", day=DAY)
    assert [one.kind for one in updates.make_rows()] == ["crossref-updates"]
    make_paper("Agents", identifier="arxiv:2611.00001", day=DAY)
    assert [one.kind for one in updates.make_rows()] == ["arxiv-updates"]
    assert updates.make_rows() == []

    rows = Source.objects.filter(kind__in=registry.AUTOMATIC)
    assert set(registry.active_sources()) >= set(rows)
    for row in rows:
        assert registry.next_fetch(row, NOW) == NOW


def test_an_editors_row_stands_for_it_and_one_turned_off_stays_so():
    make_paper("Batteries", identifier="doi:10.5555/b.1", day=DAY)
    row = make_source(slug="mine", kind="crossref-updates", is_active=False)
    assert "crossref-updates" not in [one.kind for one in updates.make_rows()]
    assert row not in registry.active_sources()


def test_a_setting_turns_it_off_but_for_rows_of_editors(settings):
    make_paper("Batteries", identifier="doi:10.5555/b.1", day=DAY)
    (made,) = updates.make_rows()
    settings.CHECK_RETRACTIONS = False
    mine = make_source(slug="mine", kind="crossref-updates")
    assert made not in registry.active_sources()
    assert registry.next_fetch(made, NOW) is None
    assert mine in registry.active_sources()
    Source.objects.filter(kind__in=registry.AUTOMATIC).delete()
    assert updates.make_rows() == []


def test_attention_is_looked_for_by_itself_with_a_setting_of_its_own(settings):
    settings.WATCH_ATTENTION, settings.CHECK_RETRACTIONS = True, False
    Source.objects.all().delete()
    assert updates.make_rows() == []  # nothing is stored
    make_paper("Batteries", identifier="doi:10.5555/b.1", day=DAY)
    (points,) = updates.make_rows()
    make_paper("Agents", identifier="arxiv:2611.00001", day=DAY)
    (places,) = updates.make_rows()
    assert (points.kind, places.kind) == ("hackernews", "hf-trending")
    assert {points, places} <= set(registry.active_sources())
    assert updates.make_rows() == []

    settings.WATCH_ATTENTION, settings.CHECK_RETRACTIONS = False, True
    mine = make_source(slug="mine", kind="hackernews", name="Mine")
    active = set(registry.active_sources())
    assert mine in active
    assert not {points, places} & active
    assert registry.next_fetch(points, NOW) is None
    assert {one.kind for one in updates.make_rows()} == {"crossref-updates", "arxiv-updates"}

    settings.PAPERS_SOURCE = "sample"
    settings.WATCH_ATTENTION = True
    places.delete()
    assert updates.make_rows() == []


def test_a_name_that_an_editor_took_stops_nothing():
    make_paper("Batteries", identifier="doi:10.5555/b.1", day=DAY)
    make_source(slug="theirs", kind="feed", name="Retractions (Crossref)")
    assert updates.make_rows() == []


def test_the_article_of_a_preprint_is_asked_for_and_its_retraction_reaches_the_preprint(site):
    authors = (Author("Alice Adams"), Author("Bob Brown"))
    preprint = PaperRecord(
        "arxiv:2611.00001",
        "Grazing geese shape the plants of arctic salt marshes",
        authors=authors,
        kind="preprint",
        relations=(Relation(IS_PREPRINT_OF, "doi:10.5555/geese"),),
    )
    store([preprint], make_source(slug="arxiv", kind="arxiv"), DAY, NOW)
    work = {
        "DOI": "10.5555/geese",
        "type": "journal-article",
        "title": [preprint.title],
        "author": [{"family": "Adams", "given": "Alice"}, {"family": "Brown", "given": "Bob"}],
        "container-title": ["Journal of Geese"],
        "updated-by": [{"DOI": "10.5555/note", "type": "retraction", "source": "retraction-watch"}],
    }
    asked: list[str] = []

    def works(request: Request) -> Response:
        asked.append(request.args["filter"])
        return Response(
            json.dumps({"message": {"items": [work], "total-results": 1}}),
            content_type="application/json",
        )

    site.expect_request("/works").respond_with_handler(works)
    updates.make_rows()
    row = Source.objects.get(kind="crossref-updates")
    fetch_day(DAY, NOW, row)

    assert asked == ["doi:10.5555/geese"]
    paper = Paper.objects.get(identifier=preprint.identifier)
    assert (paper.status, paper.journal) == ("retracted", "Journal of Geese")
    assert retractions.shown([paper.pk])[paper.pk].notice == "https://doi.org/10.5555/note"
    # The same again changes nothing, and is asked for again on the next day alone.
    fetch_day(DAY, NOW + dt.timedelta(hours=1), row)
    assert asked == ["doi:10.5555/geese"]


def oai(*records: str) -> str:
    return (
        '<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<ListRecords>{''.join(records)}</ListRecords></OAI-PMH>"
    )


def record(number: str, *, versions: int = 2, comments: str = "", abstract: str = "We do.") -> str:
    listed = "".join(f'<version version="v{n}"/>' for n in range(1, versions + 1))
    return RECORD.format(number, listed, "A title", comments, abstract)


GONE = "This paper has been withdrawn by the authors due to an error in Lemma 2."


def test_a_withdrawn_version_of_a_paper_that_others_listed_marks_it_until_it_comes_back(site):
    for number in ("2611.00001", "2611.00002", "2611.00003"):
        make_paper(number, identifier=f"arxiv:{number}", categories=["cs.CL"], day=DAY)
    asked: list[dict[str, str]] = []
    bodies = [
        oai(
            record("2611.00001", comments=GONE),
            record("2611.00002", abstract=GONE),
            record("2611.00003", comments="12 pages"),
            record("2611.99999", comments=GONE),
        ),
        oai(record("2611.00001", versions=3)),
    ]

    def answer(request: Request) -> Response:
        asked.append(request.args.to_dict())
        return Response(bodies.pop(0), content_type="text/xml")

    site.expect_request("/oai").respond_with_handler(answer)
    updates.make_rows()
    row = Source.objects.get(kind="arxiv-updates")
    summary = fetch_day(DAY, NOW, row)
    assert summary.failures == ()
    states = dict(Paper.objects.values_list("identifier", "status"))
    assert states == {
        "arxiv:2611.00001": "withdrawn",
        "arxiv:2611.00002": "withdrawn",
        "arxiv:2611.00003": "",
    }
    assert Paper.objects.get(identifier="arxiv:2611.00002").abstract.startswith("We study")
    fetch_day(DAY, NOW + dt.timedelta(hours=1), row)
    assert len(asked) == 1

    fetch_day(DAY + dt.timedelta(days=1), NOW + dt.timedelta(days=1), row)
    assert [(one["set"], one["from"]) for one in asked] == [
        ("cs:cs", "2026-11-24"),
        ("cs:cs", "2026-11-25"),
    ]
    assert Paper.objects.get(identifier="arxiv:2611.00001").status == ""


def test_archives_take_turns_within_the_days_budget(site):
    for number, category in enumerate(("cs.CL", "math.AG", "hep-th", "cs.LG")):
        make_paper(identifier=f"arxiv:2611.0000{number}", categories=[category], day=DAY)
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(request.args["set"])
        return Response(
            '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
            "<error code='noRecordsMatch'>Nothing.</error></OAI-PMH>",
            content_type="text/xml",
        )

    site.expect_request("/oai").respond_with_handler(answer)
    row = make_source(slug="w", kind="arxiv-updates", settings={"daily_archives": 2})
    for hour in range(4):
        fetch_day(DAY, NOW + dt.timedelta(hours=hour), row)
    assert asked == ["cs:cs", "math:math"] or len(set(asked)) == 2
    notes = row.runs.first().notes  # type: ignore[union-attr]
    assert notes == ["1 archives have their turn tomorrow."]
    tomorrow = NOW + dt.timedelta(days=1)
    fetch_day(tomorrow.date(), tomorrow, row)
    assert len(set(asked)) == 3


def test_oai_as_arxiv_answers_it(site, shared):
    recorded = shared / "data/sources/arxiv/oai2025_listrecords_last_page.xml"
    if not recorded.is_file():
        pytest.skip("needs the recorded answers in ../shared/data/sources")
    body = recorded.read_text().replace("7 pages, 2 figures", GONE)
    make_paper(identifier="arxiv:1810.09584", categories=["cond-mat.stat-mech"], day=DAY)
    site.expect_request("/oai").respond_with_data(body, content_type="text/xml")
    row = make_source(slug="w", kind="arxiv-updates")
    assert fetch_day(DAY, NOW, row).failures == ()
    assert Paper.objects.get().status == "withdrawn"
