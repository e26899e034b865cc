"""Facts about papers that others listed: whose turn it is, the budget, and each service."""

import datetime as dt
import json
import time
from typing import Any

import pytest
import stamina
from django.urls import reverse
from werkzeug import Request, Response

from papers.cards import brief, card_of
from papers.ingest.facts import as_facts
from papers.ingest.fetching import fetch_day
from papers.ingest.records import store
from papers.models import Feature, Paper, Source
from papers.sources import http, openalex, registry, semantic_scholar
from papers.sources.base import FetchFailed
from papers.sources.crossref_updates import CrossrefUpdates
from papers.sources.facts import FactsSettings, FactsSource
from papers.sources.openalex import OpenAlex, OpenAlexSettings, abstract_of
from papers.sources.record import NOT_LISTED, Draft, PaperRecord
from papers.sources.semantic_scholar import SemanticScholar, SemanticScholarSettings
from tests.factories import make_paper, make_source
from tests.papers.sources.recordings import answer

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
DAY = NOW.date()


@pytest.fixture
def site(httpserver, settings, monkeypatch):
    """A server in the place of all services; nobody waits."""
    here = httpserver.url_for("").rstrip("/")
    settings.OPENALEX_URL = settings.SEMANTIC_SCHOLAR_URL = settings.CROSSREF_URL = here
    settings.FETCH_TIMEOUT = 2
    settings.FETCH_ATTEMPTS = 2
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with stamina.set_testing(True, attempts=2, cap=True):
        yield httpserver


class Known(FactsSource[FactsSettings]):
    """A service that knows every DOI, and remembers what it was asked."""

    kind = "known"
    label = "Known"
    Settings = FactsSettings
    most_asked = 2
    most_requests = 3
    fails: FetchFailed | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked: list[list[str]] = []

    def asked_as(self, identifier: str) -> str:
        return identifier.removeprefix("doi:") if identifier.startswith("doi:") else ""

    def look_up(self, asked: Any) -> dict[str, Draft]:
        if self.fails and len(self.asked) >= 1:
            raise self.fails
        self.asked.append([name.rpartition(".")[2] for name in asked])
        return {name: Draft(id=f"doi:{name}", title="A title") for name in asked}


def papers(*numbers: int, day: dt.date = DAY) -> None:
    for number in numbers:
        make_paper(f"Batteries, part {number}", day=day, identifier=f"doi:10.5555/b.{number}")


def turn(state: dict[str, Any] | None = None, now: dt.datetime = NOW, **settings: Any) -> Known:
    one = Known(FactsSettings(**settings), state=state, now=now)
    fetched = one.fetch(now.date())
    assert fetched.is_complete
    assert all(record.listing == NOT_LISTED for record in fetched.records)
    return one


# --- Whose turn it is ------------------------------------------------------------------------


@pytest.mark.django_db
def test_new_papers_are_asked_for_first_and_once():
    papers(1, 2, 3)
    first = turn()
    papers(4)
    second = turn(first.state, NOW + dt.timedelta(hours=1))
    third = turn(second.state, NOW + dt.timedelta(hours=2))

    assert first.asked == [["1", "2"], ["3"]]
    assert second.asked == [["4"]]
    assert third.asked == []


@pytest.mark.django_db
def test_the_next_day_all_are_asked_for_again_after_the_new_ones():
    papers(1, 2, 3)
    first = turn()
    papers(4)
    second = turn(first.state, NOW + dt.timedelta(days=1))

    assert second.asked == [["4"], ["1", "2"], ["3"]]


@pytest.mark.django_db
def test_a_round_that_the_budget_ends_goes_on_the_next_day():
    papers(1, 2, 3, 4, 5)
    state = turn().state
    second = turn(state, NOW + dt.timedelta(days=1), daily_requests=1)
    third = turn(second.state, NOW + dt.timedelta(days=2), daily_requests=1)
    again = turn(third.state, NOW + dt.timedelta(days=2, hours=1), daily_requests=1)

    assert second.asked == [["1", "2"]]
    assert "are used up" in second.notes[0]
    assert third.asked == [["3", "4"]]
    assert again.asked == []


@pytest.mark.django_db
def test_one_fetch_makes_so_many_requests_and_the_next_goes_on():
    papers(*range(9))
    first = turn()
    second = turn(first.state, NOW + dt.timedelta(hours=1))

    assert first.asked == [["0", "1"], ["2", "3"], ["4", "5"]]
    assert second.asked == [["6", "7"], ["8"]]


@pytest.mark.django_db
def test_old_papers_and_those_that_the_service_cannot_know_are_left_alone():
    papers(1, day=DAY - dt.timedelta(days=31))
    papers(2, day=DAY - dt.timedelta(days=29))
    make_paper("By arXiv alone", day=DAY)

    assert turn().asked == [["2"]]


@pytest.mark.django_db
def test_a_failure_costs_what_was_not_asked_yet():
    papers(1, 2, 3)
    Known.fails = http.Busy("It answers 429.", 7200)
    try:
        one = turn()
    finally:
        Known.fails = None
    resting = turn(one.state, NOW + dt.timedelta(hours=1))
    later = turn(resting.state, NOW + dt.timedelta(hours=3))

    assert one.asked == [["1", "2"]]
    assert "The rest will be looked up later" in one.notes[0]
    assert resting.asked == []
    assert "asked us to wait until" in resting.notes[0]
    assert later.asked == [["3"]]


@pytest.mark.django_db
@pytest.mark.parametrize("state", [{"spent": "x", "newest": None, "rest_until": 7}, {"day": 1}])
def test_a_state_that_is_none_does_no_harm(state):
    papers(1)

    assert turn(state).asked == [["1"]]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["openalex", "semantic-scholar", "crossref-updates"])
def test_no_day_waits_for_facts(kind):
    Source.objects.update(is_active=False)
    row = Source.objects.create(kind=kind, name=kind, slug=kind)

    assert registry.unanswered(DAY) == []
    assert not registry.is_complete(DAY)
    assert row in registry.active_sources()


# --- OpenAlex --------------------------------------------------------------------------------


def works(*found: dict[str, Any], **headers: str) -> Response:
    body = json.dumps({"meta": {"count": len(found)}, "results": list(found)})
    return Response(body, mimetype="application/json", headers=headers)


@pytest.mark.parametrize(
    ("name", "title", "authors", "free", "status"),
    [
        ("work_cell_genomics.json", "High-throughput screening", 6,
         "https://doi.org/10.1016/j.xgen.2025.100814", ""),
        ("work_pnas.json", "Developing functional musculoskeletal", 5, None, ""),
        ("work_biorxiv_preprint.json", None, None, None, ""),
        ("work_bad_author_names.json", None, None, None, ""),
        ("work_missing_authors.json", None, None, None, ""),
        ("work_sici_doi.json", None, None, None, ""),
        ("work_1993.json", None, None, None, ""),
        ("work_proceedings.json", None, None, None, ""),
    ],
)  # fmt: skip
def test_recorded_works_of_openalex(shared, name, title, authors, free, status):
    data = json.loads((shared / "data/sources/openalex" / name).read_text())
    record = openalex.draft_of(data).clean()

    assert record.identifier == "doi:" + data["doi"].removeprefix("https://doi.org/").lower()
    assert any(known.startswith("openalex:W") for known in record.names)
    assert record.status == status
    assert title is None or record.title.startswith(title)
    assert authors is None or len(record.authors) == authors
    assert free is None or record.free_url == free


def test_institutions_have_their_ror(shared):
    path = shared / "data/sources/openalex/work_cell_genomics.json"
    record = openalex.draft_of(json.loads(path.read_text())).clean()

    first = record.authors[0]
    assert first.orcid == "0000-0002-5390-2695"
    assert first.affiliations[0].name == "The Francis Crick Institute"
    assert first.affiliations[0].ror == "04tnbqb63"
    assert "pubmed:40120586" in record.names
    assert record.license == "cc-by"


def test_a_work_says_what_it_cites(shared):
    path = shared / "data/sources/openalex/work_journal_article.json"
    work = json.loads(path.read_text())
    record = openalex.draft_of(work).clean()
    assert len(record.cites) == len(work["referenced_works"]) > 10
    assert all(cited.startswith("openalex:W") for cited in record.cites)
    assert as_facts(record)["cites"] == list(record.cites)
    assert "referenced_works" in openalex.FIELDS.split(",")


def test_every_recorded_work_of_openalex_is_read(shared):
    read = 0
    for path in sorted((shared / "data/sources/openalex").glob("work*.json")):
        data = json.loads(path.read_text())
        for work in data.get("results", [data]):
            draft = openalex.draft_of(work)
            if draft.id and draft.title:
                draft.clean()
                read += 1
    assert read > 15


@pytest.mark.parametrize(
    ("index", "text"),
    [
        ({"We": [0], "try": [1, 3], "and": [2]}, "We try and try"),
        ({"b": [7], "a": [2]}, "a b"),
        ({"a": [0], "bad": ["x", None, -1, 10**9]}, "a"),
        ({"a": 0}, ""),
        (None, ""),
        ([], ""),
        ({}, ""),
    ],
)
def test_an_inverted_index_is_put_in_order(index, text):
    assert abstract_of(index) == text


@pytest.mark.parametrize(
    ("said", "day"),
    [("2026-05-13", "2026-05-13"), ("2026-01-01", None), ("", None), (None, None)],
)
def test_the_first_of_january_is_a_guess(said, day):
    work = {"doi": "https://doi.org/10.5555/b", "title": "T", "publication_date": said}

    published = openalex.draft_of(work).clean().published_on
    assert (published.isoformat() if published else None) == day


@pytest.mark.parametrize("junk", [None, 7, "text", [], {}, [None], ["x"], [{}]])
@pytest.mark.parametrize(
    "field",
    ["ids", "authorships", "primary_location", "best_oa_location", "open_access", "type",
     "abstract_inverted_index", "publication_date", "is_retracted", "referenced_works"],
)  # fmt: skip
def test_no_field_of_openalex_is_relied_on(field, junk):
    work = {"doi": "https://doi.org/10.5555/B", "title": "A title", field: junk}

    assert openalex.draft_of(work).clean().identifier == "doi:10.5555/b"


@pytest.mark.django_db
def test_openalex_is_asked_for_dois_of_every_paper_that_has_one(site):
    papers(1)
    make_paper("By arXiv", day=DAY, identifier="arxiv:2605.13779")
    make_paper("A comma", day=DAY, identifier="doi:10.5555/a,b")
    make_paper("A feed's", day=DAY, identifier="feed:https://example.org/7")
    asked: list[dict[str, str]] = []

    def handler(request: Request) -> Response:
        asked.append(request.args.to_dict())
        return works(
            {"doi": "https://doi.org/10.5555/B.1", "title": "Batteries", "id": "https://x/W7"},
            {"doi": "https://doi.org/10.48550/arXiv.2605.13779", "title": "By arXiv"},
            {"doi": "https://doi.org/10.5555/other", "title": "Nobody asked"},
            {"doi": None, "title": "Nobody"},
        )

    site.expect_request("/works").respond_with_handler(handler)
    fetched = OpenAlex(OpenAlexSettings(api_key="k"), now=NOW).fetch(DAY)

    assert asked[0]["filter"] == "doi:10.5555/b.1|10.48550/arxiv.2605.13779"
    assert asked[0]["per-page"] == "100"
    assert asked[0]["api_key"] == "k"
    assert {record.identifier for record in fetched.records} == {
        "doi:10.5555/b.1", "arxiv:2605.13779"
    }  # fmt: skip


@pytest.mark.django_db
def test_openalex_is_left_alone_when_its_credits_run_out(shared, site, settings):
    papers(*range(60))
    headers = json.loads(
        (shared / "data/sources/openalex/headers_2026_budget.json").read_text()
    ) | {"x-ratelimit-remaining": "3"}
    site.expect_request("/works").respond_with_response(works(**headers))
    one = OpenAlex(now=NOW)
    one.fetch(DAY)

    assert one.state["spent"] == 1
    assert one.state["rest_until"].startswith("2026-11-25T15:19")  # 11987 seconds later


@pytest.mark.django_db
def test_openalex_that_refuses_for_hours_is_a_failure_that_says_so(site):
    papers(1)
    site.expect_request("/works").respond_with_response(
        Response("{}", 429, headers={"Retry-After": "54000"})
    )

    with pytest.raises(http.Busy, match="asked us to wait 54000 seconds") as caught:
        OpenAlex(now=NOW).fetch(DAY)
    assert caught.value.wait == 54_000


def test_a_work_that_openalex_does_not_know_is_none(shared, site):
    folder = shared / "data/sources/openalex"
    site.expect_request("/works/https://doi.org/10.1046/j.1").respond_with_response(
        answer(folder / "work_not_found_404.html")
    )

    assert openalex.lookup("10.1046/j.1") is None


def test_a_merged_work_is_followed_to_the_one_it_became(site):
    site.expect_request("/works/https://doi.org/10.5555/old").respond_with_response(
        Response("", 301, headers={"Location": "/works/W7"})
    )
    site.expect_request("/works/W7").respond_with_json(
        {"id": "https://openalex.org/W7", "doi": "https://doi.org/10.5555/new", "title": "Merged"}
    )

    found = openalex.lookup("10.5555/old")
    assert found
    assert found.names == ["openalex:W7"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("response", "said"),
    [
        (Response("<html></html>", 404), "answers 404"),
        (Response("<html></html>", 200), "a web page"),
        (Response('{"results": [', 200), "broken JSON"),
        (Response('{"results": 7}', 200), "without works"),
        (Response("[]", 200), "without works"),
    ],
)
def test_a_bad_answer_of_openalex_costs_that_fetch(site, response, said):
    papers(1)
    site.expect_request("/works").respond_with_response(response)

    with pytest.raises(FetchFailed, match=said):
        OpenAlex(now=NOW).fetch(DAY)


# --- Semantic Scholar ------------------------------------------------------------------------


def test_a_recorded_paper_of_semantic_scholar(shared):
    data = json.loads((shared / "data/sources/semantic_scholar/paper_nature.json").read_text())
    draft = semantic_scholar.draft_of(data)
    draft.id = "doi:10.1038/s42256-024-00832-8"
    record = draft.clean()

    assert set(record.names) == {
        "arxiv:2304.05376", "pubmed:38799228", "pmcid:PMC11116106", "s2:258059792"
    }  # fmt: skip
    assert record.free_url == "https://www.nature.com/articles/s42256-024-00832-8.pdf"
    assert len(record.authors) == 6
    assert record.authors[0].ids == (("s2", "2216007369"),)
    assert record.venue == "Nature Machine Intelligence"


@pytest.mark.django_db
def test_papers_are_asked_for_in_one_request_and_unknown_ones_are_null(site):
    papers(1, 2)
    make_paper("By arXiv", day=DAY, identifier="arxiv:2605.13779")
    asked: list[Any] = []

    def handler(request: Request) -> Response:
        asked.append((request.method, request.args["fields"], request.get_json(),
                      request.headers.get("x-api-key")))  # fmt: skip
        known = {"title": "By arXiv", "externalIds": {"DOI": "10.5555/X", "CorpusId": 7}}
        return Response(json.dumps([None, {"title": None}, known]), mimetype="application/json")

    site.expect_request("/graph/v1/paper/batch").respond_with_handler(handler)
    fetched = SemanticScholar(SemanticScholarSettings(api_key="k"), now=NOW).fetch(DAY)

    ((method, fields, body, key),) = asked
    assert method == "POST"
    assert "externalIds" in fields
    assert body == {"ids": ["DOI:10.5555/b.1", "DOI:10.5555/b.2", "ARXIV:2605.13779"]}
    assert key == "k"
    (record,) = fetched.records
    assert record.identifier == "arxiv:2605.13779"
    assert set(record.names) == {"doi:10.5555/x", "s2:7"}
    assert len(fetched.problems) == 1  # the one without a title


@pytest.mark.django_db
def test_a_recorded_batch_with_an_unknown_paper(shared, site):
    papers(1, 2, 3, 4)
    site.expect_request("/graph/v1/paper/batch").respond_with_response(
        answer(shared / "data/sources/semantic_scholar/paper_batch_with_unknown.json")
    )
    fetched = SemanticScholar(now=NOW).fetch(DAY)

    assert len(fetched.records) == 3
    assert fetched.records[0].identifier == "doi:10.5555/b.2"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("429.json", "answers 429"),
        ("429_gateway.json", "answers 429"),
        ("paper_batch_403.json", "rejects our key"),
    ],
)
def test_recorded_refusals_of_semantic_scholar(shared, site, name, said):
    papers(1)
    site.expect_request("/graph/v1/paper/batch").respond_with_response(
        answer(shared / "data/sources/semantic_scholar" / name)
    )

    with pytest.raises(FetchFailed, match=said):
        SemanticScholar(now=NOW).fetch(DAY)


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["{}", "[", "[null, null]", "<html></html>"])
def test_a_bad_answer_of_semantic_scholar_costs_that_fetch(site, body):
    papers(1)
    site.expect_request("/graph/v1/paper/batch").respond_with_data(body)

    with pytest.raises(FetchFailed):
        SemanticScholar(now=NOW).fetch(DAY)


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["[[]]", "[null]", "[7]"])
def test_a_paper_that_is_none_tells_nothing(site, body):
    papers(1)
    site.expect_request("/graph/v1/paper/batch").respond_with_data(body)

    assert not SemanticScholar(now=NOW).fetch(DAY).records


@pytest.mark.parametrize("junk", [None, 7, "text", [], {}, [None], ["x"], [{}]])
@pytest.mark.parametrize(
    "field",
    ["externalIds", "authors", "openAccessPdf", "publicationTypes", "journal", "venue", "abstract",
     "publicationDate", "isOpenAccess"],
)  # fmt: skip
def test_no_field_of_semantic_scholar_is_relied_on(field, junk):
    draft = semantic_scholar.draft_of({"title": "A title", field: junk})
    draft.id = "doi:10.5555/b"

    assert draft.clean().title == "A title"


# --- Crossref's updates, all the way -----------------------------------------------------------


@pytest.mark.django_db
def test_a_retraction_of_a_paper_that_was_listed_long_ago_is_found(site):
    papers(1, 2, day=DAY - dt.timedelta(days=200))
    asked: list[str] = []

    def handler(request: Request) -> Response:
        asked.append(request.args["filter"])
        work = {
            "DOI": "10.5555/B.1",
            "type": "journal-article",
            "title": ["RETRACTED: Batteries, part 1"],
            "updated-by": [{"DOI": "10.5555/n", "type": "retraction"}],
        }
        return Response(json.dumps({"message": {"items": [work, None, {}]}}))

    site.expect_request("/works").respond_with_handler(handler)
    fetched = CrossrefUpdates(now=NOW).fetch(DAY)

    assert asked == ["doi:10.5555/b.1,doi:10.5555/b.2"]
    (record,) = fetched.records
    assert (record.identifier, record.status) == ("doi:10.5555/b.1", "retracted")


@pytest.mark.django_db
def test_an_item_of_elsevier_gets_its_doi(site):
    link = "https://www.sciencedirect.com/science/article/pii/S0968089626002385"
    make_paper("Synthesis of lethal agents", day=DAY, identifier=f"feed:{link}")
    papers(1)
    asked: list[str] = []

    def handler(request: Request) -> Response:
        asked.append(request.args["filter"])
        work = {
            "DOI": "10.1016/J.BMC.2026.1",
            "type": "journal-article",
            "title": ["Synthesis of lethal agents"],
            "alternative-id": ["S0968089626002385"],
        }
        items = [work] if "alternative-id" in asked[-1] else []
        return Response(json.dumps({"message": {"items": items}}))

    site.expect_request("/works").respond_with_handler(handler)
    (record,) = CrossrefUpdates(now=NOW).fetch(DAY).records

    assert asked == ["doi:10.5555/b.1", "alternative-id:S0968089626002385"]
    assert record.identifier == f"feed:{link}"
    assert record.names == ("doi:10.1016/j.bmc.2026.1",)


@pytest.mark.django_db
def test_facts_list_no_paper(site):
    papers(1)
    Source.objects.update(is_active=False)
    row = Source.objects.create(kind="openalex", name="OpenAlex", slug="openalex")
    site.expect_request("/works").respond_with_response(
        works({"doi": "https://doi.org/10.5555/b.1", "title": "Batteries, part 1"})
    )

    summary = fetch_day(DAY, NOW, row)

    assert not summary.failures
    assert Paper.objects.count() == 1
    assert not Feature.objects.filter(source=row).exists()
    row.refresh_from_db()
    assert row.state
    assert row.state["spent"] == 1


# --- Citations and free copies, from the service to the page -----------------------------------


def known_paper() -> Paper:
    """A stored article of which nobody has said more than its title."""
    record = PaperRecord(
        "doi:10.5555/b.1", "Batteries that last for a hundred years", kind="article"
    )
    store([record], make_source(slug="crossref", kind="crossref"), DAY, NOW)
    return Paper.objects.get()


def page_of(client: Any, paper: Paper) -> str:
    return " ".join(client.get(paper.get_absolute_url()).content.decode().split())


@pytest.mark.django_db
@pytest.mark.parametrize("first", ["openalex", "semantic-scholar"])
def test_the_higher_count_of_citations_is_shown_whoever_came_first(client, first):
    paper = known_paper()
    assert "Cited" not in page_of(client, paper)
    said = {
        "openalex": openalex.draft_of(
            {"doi": f"https://doi.org/{paper.local_id}", "title": paper.title, "cited_by_count": 41}
        ),
        "semantic-scholar": semantic_scholar.draft_of(
            {"title": paper.title, "citationCount": 1200, "externalIds": {"DOI": paper.local_id}}
        ),
    }
    for kind in sorted(said, key=lambda one: one != first):
        draft = said[kind]
        draft.id, draft.listing = paper.identifier, NOT_LISTED
        store([draft.clean()], make_source(slug=kind, kind=kind), DAY, NOW)

    paper.refresh_from_db()
    assert paper.citations == 1200
    assert "Cited 1200 times" in page_of(client, paper)
    client.cookies["django_language"] = "de"
    assert "1200-mal zitiert" in page_of(client, paper)


@pytest.mark.parametrize("said", [-1, "many", True, 10**12, 3.5])
def test_what_is_no_count_of_citations_is_left_out(said):
    draft = openalex.draft_of({"doi": "10.5555/x", "title": "A title", "cited_by_count": said})
    record = draft.clean()
    assert record.citations is None
    assert "citations" in draft.problems[0]


@pytest.mark.django_db
def test_a_free_copy_is_linked_on_the_page_and_on_the_card(client):
    paper = known_paper()
    free = "https://repository.example.org/batteries.pdf"
    assert "Free to read" not in page_of(client, paper)
    draft = semantic_scholar.draft_of(
        {"title": paper.title, "isOpenAccess": True, "openAccessPdf": {"url": free}}
    )
    draft.id, draft.listing = paper.identifier, NOT_LISTED
    store([draft.clean()], make_source(slug="s2", kind="semantic-scholar"), DAY, NOW)

    for page in (page_of(client, paper), page_of_day(client)):
        assert f'href="{free}"' in page
        assert "Free to read" in page
    assert card_of(Paper.objects.get(), brief).free_url == free


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "", None, 7])
def test_a_free_copy_without_a_web_address_is_none(url):
    draft = semantic_scholar.draft_of(
        {"title": "A title", "isOpenAccess": True, "openAccessPdf": {"url": url}}
    )
    draft.id = "doi:10.5555/x"
    assert draft.clean().free_url == ""


def page_of_day(client: Any) -> str:
    listed = Feature.objects.get().day
    return " ".join(client.get(reverse("newsletter:day", args=[listed])).content.decode().split())
