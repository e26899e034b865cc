"""Crossref: journals as they were recorded, what is new, and the bad days."""

import datetime as dt
import json
import time
from typing import Any

import pytest
import stamina
from werkzeug import Request, Response

from papers.sources import crossref, crossref_works, datacite
from papers.sources.base import FetchFailed
from papers.sources.crossref import Crossref, CrossrefSettings
from papers.sources.headings import NOTICE, PARATEXT
from papers.sources.record import (
    IS_PREPRINT_OF,
    IS_REVIEW_OF,
    IS_VERSION_OF,
    NEW_TO_SOURCE,
    NOT_LISTED,
    BadRecord,
    Relation,
)
from tests.papers.sources.recordings import answer

DAY = dt.date(2026, 11, 25)
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
RATES = {"x-rate-limit-limit": "5", "x-rate-limit-interval": "1s", "x-concurrency-limit": "1"}


@pytest.fixture
def site(httpserver, settings, monkeypatch):
    """A server in the place of both services; nobody waits."""
    settings.CROSSREF_URL = settings.DATACITE_URL = httpserver.url_for("").rstrip("/")
    settings.FETCH_TIMEOUT = 2
    settings.FETCH_ATTEMPTS = 2
    settings.CONTACT_EMAIL = "alice@papers.example.org"
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    httpserver.waits = waits
    with stamina.set_testing(True, attempts=2, cap=True):
        yield httpserver


def work(number: int = 1, **fields: Any) -> dict[str, Any]:
    """A journal article that was registered and published on the day."""
    return {
        "DOI": f"10.5555/Paper.{number}",
        "type": "journal-article",
        "title": [f"Batteries that last, part {number}"],
        "created": {"date-parts": [[2026, 11, 25]], "date-time": "2026-11-25T08:00:00Z"},
        "published-online": {"date-parts": [[2026, 11, 24]]},
        "author": [{"given": "Alice", "family": "Adams", "sequence": "first"}],
        "container-title": ["Journal of Batteries"],
        **fields,
    }


def page(works: list[Any], total: int | None = None, cursor: str = "next") -> Response:
    message = {
        "items": works,
        "total-results": len(works) if total is None else total,
        "items-per-page": 100,
        "next-cursor": cursor,
    }
    body = json.dumps({"status": "ok", "message-type": "work-list", "message": message})
    return Response(body, mimetype="application/json", headers=RATES)


def source(
    state: dict[str, Any] | None = None, now: dt.datetime = NOW, **settings: Any
) -> Crossref:
    settings.setdefault("issns", ("1476-4687",))
    return Crossref(CrossrefSettings(**settings), "A journal", state=state, now=now)


def listed(site, *works: Any, **settings: Any):
    """What a row makes of a page of works."""
    site.expect_request("/works").respond_with_response(page(list(works)))
    return source(**settings).fetch(DAY)


# --- The question ----------------------------------------------------------------------------


def asked_for(site, one: Crossref, day: dt.date = DAY) -> list[dict[str, str]]:
    asked: list[dict[str, str]] = []

    def handler(request: Request) -> Response:
        asked.append(request.args.to_dict() | {"agent": request.headers["User-Agent"]})
        return page([])

    site.expect_request("/works").respond_with_handler(handler)
    one.fetch(day)
    return asked


def test_journals_are_asked_for_what_was_registered_since_the_last_time(site):
    state = {"asked_at": "2026-11-24T00:30:00+00:00"}

    (asked,) = asked_for(site, source(state, issns=("0028-0836", "14764687")))

    filters = asked["filter"].split(",")
    assert filters[:2] == ["issn:0028-0836", "issn:1476-4687"]
    assert "from-created-date:2026-11-23" in filters  # an hour before, for what shows late
    assert {"type:journal-article", "type:posted-content"} < set(filters)
    assert asked["cursor"] == "*"
    assert asked["rows"] == "100"
    assert asked["mailto"] == "alice@papers.example.org"
    assert "query" not in asked


def test_words_are_asked_for(site):
    (asked,) = asked_for(site, source(issns=(), query="solid electrolyte"))

    assert asked["query"] == "solid electrolyte"
    assert "issn:" not in asked["filter"]


@pytest.mark.parametrize(
    ("state", "since"),
    [
        ({}, "2026-11-22"),
        ({"asked_at": "2026-11-25T11:00:00+00:00"}, "2026-11-25"),
        ({"asked_at": "2025-01-01T00:00:00+00:00"}, "2026-10-26"),
        ({"asked_at": "nonsense"}, "2026-11-22"),
        ({"asked_at": 7}, "2026-11-22"),
    ],
)
def test_the_first_time_and_after_a_long_pause_some_days_are_made_good(site, state, since):
    (asked,) = asked_for(site, source(state))

    assert f"from-created-date:{since}" in asked["filter"]


@pytest.mark.parametrize(
    ("day", "first"),
    [
        (dt.date(2026, 11, 20), "2026-11-20"),
        (dt.date(2026, 11, 23), "2026-11-21"),  # Monday has the weekend
    ],
)
def test_a_day_that_is_over_is_asked_for_by_itself(site, day, first):
    one = source()
    (asked,) = asked_for(site, one, day)

    assert f"from-created-date:{first},until-created-date:{day}" in asked["filter"]
    assert "asked_at" not in one.state


def test_many_journals_are_asked_for_in_several_questions(site):
    numbers = [f"{n:07d}" for n in range(1, 91)]
    issns = []
    for number in numbers:
        total = sum(int(digit) * (8 - at) for at, digit in enumerate(number))
        check = (11 - total % 11) % 11
        issns.append(f"{number[:4]}-{number[4:]}{'X' if check == 10 else check}")

    asked = asked_for(site, source(issns=tuple(issns)))

    assert [one["filter"].count("issn:") for one in asked] == [40, 40, 10]


@pytest.mark.parametrize(
    "address", ["digest@localhost", "nobody", "a@b.example", "a@127.0.0.1", "a@x.local", ""]
)
def test_an_address_that_nobody_reads_is_not_given(site, settings, address):
    settings.CONTACT_EMAIL = address

    (asked,) = asked_for(site, source())

    assert "mailto" not in asked


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"issns": ()}, "neither ISSNs nor words"),
        ({"issns": ("1476-4688",)}, "isn't an ISSN"),
        ({"issns": ("nature",)}, "isn't an ISSN"),
    ],
)
def test_a_row_that_asks_for_nothing_says_so(site, wanted, said):
    with pytest.raises(FetchFailed, match=said):
        source(**wanted).fetch(DAY)


# --- Pages -----------------------------------------------------------------------------------


def test_pages_are_followed_by_cursor_to_the_end(site):
    pages = {"*": ([work(1), work(2)], "b"), "b": ([work(2), work(3)], "c"), "c": ([], "d")}

    def handler(request: Request) -> Response:
        works, cursor = pages[request.args["cursor"]]
        return page(works, total=3, cursor=cursor)

    site.expect_request("/works").respond_with_handler(handler)
    one = source()
    fetched = one.fetch(DAY)

    assert [record.identifier for record in fetched.records] == [
        "doi:10.5555/paper.1", "doi:10.5555/paper.2", "doi:10.5555/paper.3"
    ]  # fmt: skip
    assert not fetched.notes
    assert one.state["asked_at"] == NOW.isoformat()
    assert site.waits
    assert set(site.waits) == {0.2}  # five a second


def test_recorded_pages_are_followed(shared, site):
    folder = shared / "data/sources/crossref"
    pages = iter([answer(folder / f"works_cursor_page{n}.json") for n in (1, 2, 3)])
    asked = []

    def handler(request: Request) -> Response:
        asked.append(request.args["cursor"])
        return next(pages, page([]))

    site.expect_request("/works").respond_with_handler(handler)
    fetched = source(issns=(), query="widget").fetch(DAY)

    assert asked[0] == "*"
    assert len(asked) == 4
    assert not fetched.records  # none was registered lately
    assert set(fetched.left_out) == {"of another type", "registered before"}
    assert sum(fetched.left_out.values()) == 60


def test_a_cursor_that_skips_is_noticed_and_asked_again(site):
    site.expect_request("/works").respond_with_handler(
        lambda request: page([work(1)] if request.args["cursor"] == "*" else [], total=40)
    )
    one = source()
    fetched = one.fetch(DAY)

    assert len(fetched.records) == 1
    assert any("40 works, but returned 1" in note for note in fetched.notes)
    assert "asked_at" not in one.state


def test_a_later_page_that_fails_costs_only_itself(site):
    def handler(request: Request) -> Response:
        if request.args["cursor"] == "*":
            return page([work(1)], total=2)
        return Response('{"status":"failed","message":[{"message":"Cursor is invalid"}]}', 404)

    site.expect_request("/works").respond_with_handler(handler)
    one = source()
    fetched = one.fetch(DAY)

    assert len(fetched.records) == 1
    assert any("Cursor is invalid" in note for note in fetched.notes)
    assert "asked_at" not in one.state


@pytest.mark.parametrize(
    ("limit", "rows"), [("50", "100"), ("10", "100"), ("5", "200"), ("1", "500")]
)
def test_the_fewer_pages_may_be_asked_for_the_longer_they_are(site, limit, rows):
    response = page([])
    response.headers["x-rate-limit-limit"] = limit
    site.expect_oneshot_request("/works").respond_with_response(response)
    one = source()
    one.fetch(DAY)

    (asked,) = asked_for(site, source(one.state))
    assert asked["rows"] == rows


# --- What is new -----------------------------------------------------------------------------

OLD = "published more than 180 days ago, or more than 180 days ahead"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, None),
        ({"published-online": {"date-parts": [[2008, 5]]}}, OLD),
        ({"published-online": {"date-parts": [[2026, 5, 28]]}}, OLD),
        ({"published-online": {"date-parts": [[2026, 5, 29]]}}, None),
        ({"published-online": {"date-parts": [[2027, 5, 24]]}}, None),
        ({"published-online": {"date-parts": [[2027, 5, 25]]}}, OLD),
        ({"published-online": {"date-parts": [[2026]]}}, None),
        ({"published-online": {"date-parts": [[None]]}}, None),
        ({"published-online": {"date-parts": [[]]}}, None),
        ({"published-online": {"date-parts": [[2026, 13, 1]]}}, None),
        ({"published-online": None}, None),
        ({"published-online": None, "issued": {"date-parts": [[2008]]}}, OLD),
        ({"created": {"date-parts": [[2026, 11, 21]]}}, "registered before"),
        ({"created": {"date-parts": [[2026, 11, 22]]}}, None),
        ({"created": None}, None),
        ({"type": "component"}, "of another type"),
        ({"type": "peer-review"}, "of another type"),
        ({"type": None}, "of another type"),
        ({"type": "posted-content", "subtype": "preprint"}, None),
        ({"type": "posted-content", "subtype": "dissertation"}, "of another type"),
        ({"title": ["Issue Information"]}, PARATEXT),
        ({"title": ["Front Matter"]}, PARATEXT),
        ({"title": ["Erratum to: Batteries"]}, NOTICE),
        ({"title": ["Correction: Batteries"]}, NOTICE),
    ],
)
def test_only_what_is_new_and_a_paper_is_listed(site, fields, why):
    fetched = listed(site, work(**fields))

    if why is None:
        (record,) = fetched.records
        assert record.listing == NEW_TO_SOURCE
        assert not fetched.left_out
    else:
        assert not fetched.records
        assert fetched.left_out == {why: 1}


def test_an_earlier_date_counts_whichever_field_has_it(site):
    fields: dict[str, Any] = {
        "published-print": {"date-parts": [[2026, 12]]},
        "issued": {"date-parts": [[2026]]},
        "posted": {"date-parts": [[2026, 11, 3]]},
        "published-online": {"date-parts": [[2026, 11, 10]]},
    }
    (record,) = listed(site, work(**fields)).records

    assert record.published_on == dt.date(2026, 11, 3)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("retraction", "retracted"),
        ("withdrawal", "withdrawn"),
        ("removal", "withdrawn"),
        ("correction", "corrected"),
        ("Erratum", "corrected"),
    ],
)
def test_a_notice_is_no_paper_and_marks_the_one_it_is_about(site, kind, status):
    update = {"DOI": "10.5555/Paper.9", "type": kind, "label": kind}
    notice = work(1, title=["About a paper"], **{"update-to": [update]})
    site.expect_request("/works/10.5555/paper.9").respond_with_json(
        {"status": "ok", "message": work(9, created={"date-parts": [[2020, 1, 1]]})}
    )
    fetched = listed(site, notice)

    (record,) = fetched.records
    assert record.identifier == "doi:10.5555/paper.9"
    assert record.status == status
    assert record.listing == NOT_LISTED
    assert fetched.left_out == {NOTICE: 1}


def test_the_worse_of_two_notices_counts(site):
    notices = [
        work(n) | {"update-to": [{"DOI": "10.5555/paper.9", "type": kind}]}
        for n, kind in enumerate(("retraction", "correction"))
    ]
    site.expect_request("/works/10.5555/paper.9").respond_with_json({"message": work(9)})

    (record,) = listed(site, *notices).records
    assert record.status == "retracted"


def test_a_notice_about_a_paper_that_cannot_be_looked_up_is_noted(site):
    notice = work(1, **{"update-to": [{"DOI": "10.5555/paper.9", "type": "retraction"}]})
    site.expect_request("/works/10.5555/paper.9").respond_with_data("oops", status=500)

    fetched = listed(site, notice)
    assert not fetched.records
    assert any("10.5555/paper.9 is retracted" in note for note in fetched.notes)


def test_a_new_version_is_a_paper_and_no_notice(site):
    new = work(2, **{"update-to": [{"DOI": "10.5555/paper.1", "type": "new_version"}]})

    (record,) = listed(site, new).records
    assert Relation(IS_VERSION_OF, "doi:10.5555/paper.1") in record.relations


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"updated-by": [{"DOI": "10.5555/n", "type": "retraction"}]}, "retracted"),
        ({"updated-by": [{"type": "correction"}, {"type": "withdrawal"}]}, "withdrawn"),
        ({"updated-by": [{"type": "expression_of_concern"}]}, ""),
        ({"updated-by": None}, ""),
        ({"update-to": [{"DOI": "10.5555/PAPER.1", "type": "retraction"}]}, "retracted"),
        ({"title": ["RETRACTED: Batteries that last"]}, "retracted"),
    ],
)
def test_a_paper_that_was_updated_says_so(site, fields, status):
    (record,) = listed(site, work(**fields)).records

    assert record.status == status
    assert record.title.startswith("Batteries")


# --- A work ----------------------------------------------------------------------------------


def record_of(**fields: Any):
    return crossref_works.draft_of(work(**fields)).clean()


def recorded(shared, name: str) -> dict[str, Any]:
    data = json.loads((shared / "data/sources/crossref" / name).read_text())
    message: dict[str, Any] = data.get("message", data)
    return message


@pytest.mark.parametrize(
    ("name", "identifier", "kind", "venue", "license_id", "status"),
    [
        ("work_nature_mi.json", "doi:10.1038/s42256-024-00832-8", "article",
         "Nature Machine Intelligence", "cc-by", ""),
        ("work_biorxiv_preprint.json", "doi:10.1101/2024.04.01.587366", "preprint", "bioRxiv",
         "", ""),
        ("work_plos.json", "doi:10.1371/journal.pone.0033693", "article", "PLoS ONE", "cc-by",
         "corrected"),
        ("work_pnas.json", "doi:10.1073/pnas.1414271111", "article",
         "Proceedings of the National Academy of Sciences", "", "corrected"),
        ("work_cell_genomics.json", "doi:10.1016/j.xgen.2025.100814", "article", "Cell Genomics",
         "cc-by", ""),
        ("work_peer_review.json", "doi:10.7287/peerj.3819v0.1/reviews/2", "review", "", "", ""),
        ("work_single_2018.json",
         "doi:10.1002/(sici)1097-461x(1998)66:4<261::aid-qua1>3.0.co;2-t", "article",
         "International Journal of Quantum Chemistry", "cc-by-nc-nd", ""),
    ],
)  # fmt: skip
def test_recorded_works(shared, name, identifier, kind, venue, license_id, status):
    record = crossref_works.draft_of(recorded(shared, name)).clean()

    assert record.identifier == identifier
    assert (record.kind, record.venue, record.license) == (kind, venue, license_id)
    assert record.status == status
    assert bool(record.free_url) == license_id.startswith("cc-")


def test_recorded_relations(shared):
    preprint = crossref_works.draft_of(recorded(shared, "work_biorxiv_preprint.json")).clean()
    review = crossref_works.draft_of(recorded(shared, "work_peer_review.json")).clean()

    assert preprint.relations == (Relation(IS_PREPRINT_OF, "doi:10.1016/j.xgen.2025.100814"),)
    assert "biorxiv:genomics" in preprint.categories
    assert review.relations == (Relation(IS_REVIEW_OF, "doi:10.7717/peerj.3819"),)


def test_recorded_authors_keep_their_ids_and_affiliations(shared):
    (item,) = recorded(shared, "work_retraction_select.json")["items"]
    (author,) = crossref_works.draft_of(item).clean().authors

    assert (author.name, author.family, author.given) == ("Jiaye Han", "Han", "Jiaye")
    assert author.orcid == "0000-0003-3902-2613"
    assert len(author.affiliations) == 2


def test_every_recorded_work_is_a_record_or_has_no_title(shared):
    made = 0
    for path in sorted((shared / "data/sources/crossref").glob("*.json")):
        message = json.loads(path.read_text()).get("message")
        if not isinstance(message, dict) or path.name.startswith("agency"):
            continue
        for item in message.get("items", [message]):
            draft = crossref_works.draft_of(item)
            assert draft.id
            if draft.title:
                record = draft.clean()
                assert all(author.name for author in record.authors)
                assert "<" not in record.title
                made += 1
    assert made > 120


def test_recorded_bad_records_cost_only_themselves(shared, site):
    lines = (shared / "data/sources/crossref/works_badsample.jsonl").read_text().splitlines()

    fetched = listed(site, *map(json.loads, lines))

    assert not fetched.records
    assert sum(fetched.left_out.values()) + len(fetched.problems) == len(lines)


SQUARE = "<mml:math><mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup></mml:math>"


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"title": ["On <i>p</i>-Bromostyrene"]}, "On p-Bromostyrene"),
        ({"title": ["First", "Zweiter Titel"]}, "First"),
        ({"title": ["", "Second"]}, "Second"),
        ({"title": "A text"}, "A text"),
        ({"title": ["Batteries"], "subtitle": ["A survey"]}, "Batteries: A survey"),
        ({"title": ["Why batteries?"], "subtitle": ["A survey"]}, "Why batteries? A survey"),
        ({"title": ["Batteries: a survey"], "subtitle": ["A survey"]}, "Batteries: a survey"),
        (
            {"title": [f"Bounds on {SQUARE}"]},
            "Bounds on x²",
        ),
    ],
)  # fmt: skip
def test_titles(fields, title):
    assert record_of(**fields).title == title


@pytest.mark.parametrize("title", [[], [""], None, 7, [None]])
def test_a_work_without_a_title_is_left_out_and_named(site, title):
    fetched = listed(site, work(1, title=title), work(2))

    assert len(fetched.records) == 1
    assert any("no title" in problem for problem in fetched.problems)


@pytest.mark.parametrize("broken", [None, 7, "text", [], {"DOI": 7, "type": "journal-article"}])
def test_a_work_that_is_none_costs_only_itself(site, broken):
    fetched = listed(site, broken, work(2))

    assert [record.identifier for record in fetched.records] == ["doi:10.5555/paper.2"]
    assert len(fetched.problems) + sum(fetched.left_out.values()) == 1


@pytest.mark.parametrize(
    "junk", [None, 7, "text", [], {}, [None], [7], ["x"], [[]], [{}], {"date-parts": [[None]]}]
)
@pytest.mark.parametrize(
    "field",
    ["author", "abstract", "relation", "license", "ISSN", "issn-type", "update-to", "updated-by",
     "institution", "group-title", "container-title", "subtitle", "resource", "created", "issued",
     "subject", "publisher"],
)  # fmt: skip
def test_no_field_is_relied_on(field, junk):
    assert record_of(**{field: junk}).identifier == "doi:10.5555/paper.1"


def test_authors_of_every_kind():
    people = [
        {"given": "Alice", "family": "Adams", "suffix": "Jr.",
         "ORCID": "http://orcid.org/0000-0002-1694-233x",
         "affiliation": [{"name": "University of X", "id": [
             {"id": "https://ror.org/04tnbqb63", "id-type": "ROR", "asserted-by": "publisher"}]}]},
        {"name": "The Battery Collaboration", "sequence": "additional"},
        {"sequence": "additional", "affiliation": []},
        {"family": "Brown"},
    ]  # fmt: skip
    alice, group, bob = record_of(author=people).authors

    assert (alice.name, alice.family, alice.given) == ("Alice Adams Jr.", "Adams", "Alice")
    assert alice.orcid == "0000-0002-1694-233X"
    (affiliation,) = alice.affiliations
    assert affiliation.name == "University of X"
    assert affiliation.ror.endswith("04tnbqb63")
    assert (group.name, group.is_group) == ("The Battery Collaboration", True)
    assert (bob.name, bob.is_group) == ("Brown", False)


def test_a_thousand_authors_are_all_kept():
    people = [{"given": f"A{n}", "family": f"Author{n}"} for n in range(1_014)]

    assert len(record_of(author=people).authors) == 1_014


def test_print_and_electronic_issn_are_one_journal():
    typed = [{"type": "print", "value": "0028-0836"}, {"type": "electronic", "value": "1476-4687"}]
    both = record_of(**{"ISSN": ["0028-0836", "1476-4687"], "issn-type": typed})

    assert both.issns == ("1476-4687", "0028-0836")
    assert both.categories == ("issn:1476-4687", "issn:0028-0836")


@pytest.mark.parametrize(
    ("licenses", "license_id"),
    [
        ([{"URL": "https://x.org/l", "content-version": "vor"},
          {"URL": "http://creativecommons.org/licenses/by/4.0/", "content-version": "tdm"}],
         "cc-by"),
        ([{"URL": "http://creativecommons.org/licenses/by/4.0/",
           "start": {"date-parts": [[2126, 1, 1]]}}], ""),
        ([{"URL": "https://x.org/l"}], "https://x.org/l"),
        ([{}], ""),
    ],
)  # fmt: skip
def test_licenses(licenses, license_id):
    assert record_of(license=licenses).license == license_id


# --- Single DOIs -----------------------------------------------------------------------------


def test_a_doi_is_looked_up_with_all_its_signs(site):
    doi = "10.1002/(sici)1097-461x(1998)66:4<261::aid-qua1>3.0.co;2-t"
    asked = []

    def handler(request: Request) -> Response:
        asked.append(request.path)
        return Response(json.dumps({"message": work(DOI=doi.upper())}), mimetype="application/json")

    site.expect_request(f"/works/{doi}").respond_with_handler(handler)

    assert crossref.lookup([doi])[doi].identifier == f"doi:{doi}"
    assert asked == [f"/works/{doi}"]


def test_a_doi_with_a_question_mark_and_a_hash_is_looked_up(site):
    doi = "10.5555/what?is#this"
    site.expect_request(f"/works/{doi}").respond_with_json({"message": work(DOI=doi)})

    assert list(crossref.lookup([doi])) == [doi]


def test_what_crossref_does_not_know_is_asked_of_datacite(shared, site):
    folder = shared / "data/sources"
    doi = "10.48550/arxiv.2311.16162"
    site.expect_request(f"/works/{doi}").respond_with_response(
        answer(folder / "crossref/work_arxiv_doi_404.txt")
    )
    site.expect_request(f"/dois/{doi}").respond_with_response(
        answer(folder / "datacite/doi_arxiv_2311.16162.json")
    )

    record = crossref.lookup([doi])[doi]
    assert record.title.startswith("Leveraging Artificial Intelligence")
    assert record.listing == NOT_LISTED


def test_what_nobody_knows_is_left_out(shared, site):
    folder = shared / "data/sources/crossref"
    doi = "10.1371/notarealdoi"
    site.expect_request(f"/works/{doi}").respond_with_response(
        answer(folder / "work_not_found_404.txt")
    )
    site.expect_request(f"/dois/{doi}").respond_with_json({"errors": [{"status": "404"}]}, 404)

    assert crossref.lookup([doi]) == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "dataset"},
        {"type": "journal"},
        {"type": "peer-review"},
        {"title": ["Issue Information"]},
        {"update-to": [{"DOI": "10.5555/other", "type": "correction"}]},
        {"title": []},
    ],
)
def test_what_is_no_paper_is_not_found(site, fields):
    site.expect_request("/works/10.5555/paper.1").respond_with_json({"message": work(**fields)})

    assert crossref.lookup(["10.5555/paper.1"]) == {}


def test_many_known_works_are_asked_for_in_one_question(site):
    asked = []

    def handler(request: Request) -> Response:
        asked.append(request.args.to_dict())
        return page([work(1), work(2, **{"updated-by": [{"type": "retraction"}]})])

    site.expect_request("/works").respond_with_handler(handler)
    found = crossref.known_works(["10.5555/paper.1", "10.5555/paper.2"])

    assert {doi: draft.status for doi, draft in found.items()} == {
        "10.5555/paper.1": "", "10.5555/paper.2": "retracted"
    }  # fmt: skip
    assert asked[0]["filter"] == "doi:10.5555/paper.1,doi:10.5555/paper.2"
    assert len(asked) == 1


@pytest.mark.parametrize("count", [0, crossref.MOST_ASKED + 1])
def test_too_many_at_once_are_refused(count):
    with pytest.raises(ValueError, match="Ask for"):
        crossref.lookup(["10.5555/x"] * count)


# --- Bad days --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (Response("Resource not found.", 404, mimetype="text/plain"), "Resource not found"),
        (Response("<html>no</html>", 200), "a web page"),
        (Response('{"status": "ok", "mess', 200), "broken JSON"),
        (Response("[" * 100_000, 200), "broken JSON"),
        (Response('{"status": "ok"}', 200), "without works"),
        (Response('{"message": []}', 200), "without works"),
        (Response("slow down", 429), "answers 429"),
        (Response("later", 503, headers={"retry-after": "7200"}), "asked us to wait 7200 seconds"),
        (Response("", 301, headers={"location": "http://169.254.1.1/x"}), "another host"),
    ],
)
def test_a_bad_answer_costs_that_fetch_alone(site, response, said):
    site.expect_request("/works").respond_with_response(response)
    one = source({"asked_at": "2026-11-24T00:30:00+00:00"})

    with pytest.raises(FetchFailed, match=said):
        one.fetch(DAY)
    assert one.state == {"asked_at": "2026-11-24T00:30:00+00:00"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("works_bad_filter_400.json", "does not support field query parameters"),
        ("works_cursor_bad_404.json", "Cursor specified but it is invalid"),
        ("works_sample_too_big_400.json", "must be a positive integer"),
        ("work_not_found_404.txt", "Resource not found"),
    ],
)
def test_recorded_refusals_say_what_was_wrong(shared, site, name, said):
    recorded_answer = answer(shared / "data/sources/crossref" / name)
    recorded_answer.status_code = max(400, recorded_answer.status_code)
    site.expect_request("/works").respond_with_response(recorded_answer)

    with pytest.raises(FetchFailed, match=said):
        source().fetch(DAY)


@pytest.mark.parametrize("name", ["works_no_results.json", "works_empty_prefix.json"])
def test_recorded_empty_answers_are_normal(shared, site, name):
    site.expect_request("/works").respond_with_response(
        answer(shared / "data/sources/crossref" / name)
    )
    one = source()

    assert one.fetch(DAY).records == ()
    assert one.state["asked_at"]


def test_an_enormous_answer_is_not_read(site, monkeypatch):
    monkeypatch.setattr(crossref, "MOST_BYTES", 1_000)

    with pytest.raises(FetchFailed, match="more than 1,000 bytes"):
        listed(site, *map(work, range(20)))


# --- DataCite --------------------------------------------------------------------------------


def test_recorded_arxiv_record_of_datacite(shared):
    data = json.loads((shared / "data/sources/datacite/doi_arxiv_2311.16162.json").read_text())
    draft = datacite.draft_of(data["data"]["attributes"])

    assert draft.id == "doi:10.48550/arxiv.2311.16162"
    assert "arxiv:2311.16162" in draft.names
    assert draft.kind == "preprint"
    assert draft.license == "cc-by"
    assert draft.categories == ["cs.DL", "cs.AI", "cs.CL"]
    assert draft.published_on == "2023-11-09"
    assert [author.family for author in draft.authors][:2] == ["Yin", "Aryani"]
    assert draft.authors[0].name == "Hui Yin"


def test_every_recorded_record_of_datacite_is_read_or_is_no_paper(shared):
    titles = []
    for path in sorted((shared / "data/sources/datacite").glob("*.json")):
        data = json.loads(path.read_text())
        data = data.get("data", data)
        for item in data if isinstance(data, list) else [data]:
            if item["attributes"]["types"].get("resourceTypeGeneral") == "Dataset":
                with pytest.raises(BadRecord, match="Dataset"):
                    datacite.draft_of(item["attributes"])
            else:
                titles.append(datacite.draft_of(item["attributes"]).clean().title)
    assert "Eastern questionnaire" in titles
    assert "Sample" in titles  # the first title of the list is empty
    assert len(titles) >= 7


@pytest.mark.parametrize(
    ("creator", "author"),
    [
        ({"name": "Adams, Alice", "nameType": "Personal"},
         ("Alice Adams", "Adams", "Alice", False)),
        ({"name": "Adams, Alice", "givenName": "Alice", "familyName": "Adams"},
         ("Alice Adams", "Adams", "Alice", False)),
        ({"name": "Adams, Bob, and Sons", "nameType": "Organizational"},
         ("Adams, Bob, and Sons", "", "", True)),
        ({"name": "Bob Brown"}, ("Bob Brown", "", "", False)),
        ({"name": "(:Unav)"}, None),
        ({"name": ""}, None),
        ({"name": None}, None),
    ],
)  # fmt: skip
def test_creators(creator, author):
    attributes = {"doi": "10.5555/x", "titles": [{"title": "X"}], "creators": [creator, None, 7]}
    found = [
        (one.name, one.family, one.given, one.is_group)
        for one in datacite.draft_of(attributes).authors
    ]

    assert found == ([author] if author else [])


@pytest.mark.parametrize("junk", [None, 7, "text", [], {}, [None], ["x"], [{}]])
@pytest.mark.parametrize(
    "field",
    ["creators", "rightsList", "relatedIdentifiers", "descriptions", "subjects", "dates", "types",
     "identifiers", "alternateIdentifiers", "container", "publisher"],
)  # fmt: skip
def test_no_field_of_datacite_is_relied_on(field, junk):
    attributes = {"doi": "10.5555/X", "titles": [{"title": "A title"}], field: junk}

    assert datacite.draft_of(attributes).clean().title == "A title"
