"""Europe PMC: pages by cursor, days by two dates, retractions, and papers that are not new."""

import datetime as dt
import json

import pytest
from werkzeug import Request, Response

from papers.sources import europepmc
from papers.sources.base import FetchFailed
from papers.sources.europepmc import EuropePmc, EuropePmcSettings
from papers.sources.record import (
    IS_PREPRINT_OF,
    IS_RETRACTION_OF,
    LISTED,
    NEW_TO_SOURCE,
    NOT_LISTED,
    Relation,
)
from papers.sources.settings import BadSetting
from papers.sources.settings import read as read_settings

DAY = dt.date(2026, 4, 29)
NOW = dt.datetime(2026, 4, 29, 12, tzinfo=dt.UTC)


def result(number=1, **values):
    return {
        "id": f"4180000{number}",
        "source": "MED",
        "pmid": f"4180000{number}",
        "doi": f"10.1000/J.{number}",
        "title": f"Article {number}.",
        "authorList": {
            "author": [
                {
                    "fullName": "Adams A",
                    "firstName": "Alice",
                    "lastName": "Adams",
                    "authorId": {"type": "ORCID", "value": "0000-0002-1825-0097"},
                    "authorAffiliationDetailsList": {
                        "authorAffiliation": [{"affiliation": "Uni A, Town. a@example.org."}]
                    },
                },
                {"collectiveName": "X Study Group"},
            ]
        },
        "journalInfo": {"journal": {"title": "J Ex", "essn": "2045-2322", "issn": "1476-4687"}},
        "abstractText": "<h4>Background</h4>We see <i>E. coli</i>.",
        "pubTypeList": {"pubType": ["Journal Article"]},
        "keywordList": {"keyword": ["Study"]},
        "fullTextUrlList": {
            "fullTextUrl": [
                {"availabilityCode": "S", "url": "https://doi.org/10.1000/j.1"},
                {
                    "availabilityCode": "OA",
                    "documentStyle": "html",
                    "site": "Europe_PMC",
                    "url": "https://europepmc.org/articles/PMC1",
                },
            ]
        },
        "license": "cc by",
        "firstPublicationDate": "2026-04-29",
        **values,
    }


@pytest.fixture
def serve(httpserver, settings):
    settings.EUROPEPMC_URL = httpserver.url_for("").rstrip("/")
    settings.FETCH_TIMEOUT = 2
    settings.FETCH_ATTEMPTS = 1

    def start(results, page=500, end="echo", hits=None) -> list[dict[str, str]]:
        asked: list[dict[str, str]] = []

        def handler(request: Request) -> Response:
            query = request.args.to_dict()
            asked.append(query)
            mark = query["cursorMark"]
            at = 0 if mark == "*" else int(mark)
            part = results[at : at + page]
            is_last = at + page >= len(results)
            answer = {
                "hitCount": hits if hits is not None else len(results),
                "resultList": {"result": part},
                "nextCursorMark": str(at + page),
            }
            if is_last and end == "echo":
                answer["nextCursorMark"] = mark
            elif is_last and end == "none":
                del answer["nextCursorMark"]
            return Response(json.dumps(answer))

        httpserver.expect_request("/search").respond_with_handler(handler)
        return asked

    return start


def source(query="SRC:MED", state=None, now=NOW) -> EuropePmc:
    chosen = read_settings(EuropePmcSettings, {"query": query})
    return EuropePmc(chosen, "Europe PMC", state=state, now=now)


def test_an_article_becomes_a_record(serve):
    asked = serve([result()])

    (one,) = source('TITLE:"x" OR TITLE:"y"').fetch(DAY).records

    assert asked[0] == {
        "query": '(TITLE:"x" OR TITLE:"y") AND (FIRST_PDATE:[2026-04-27 TO 2026-04-29] OR '
        "CREATION_DATE:[2026-04-27 TO 2026-04-29])",
        "format": "json",
        "resultType": "core",
        "pageSize": "500",
        "cursorMark": "*",
    }
    assert (one.identifier, one.names) == ("doi:10.1000/j.1", ("pubmed:41800001",))
    assert (one.title, one.abstract) == ("Article 1", "Background: We see E. coli.")
    alice, group = one.authors
    assert (alice.name, alice.family, alice.orcid) == (
        "Alice Adams",
        "Adams",
        "0000-0002-1825-0097",
    )
    assert [place.name for place in alice.affiliations] == ["Uni A, Town"]
    assert (group.name, group.is_group) == ("X Study Group", True)
    assert (one.venue, set(one.issns)) == ("J Ex", {"1476-4687", "2045-2322"})
    assert (one.license, one.kind, one.listing) == ("cc-by", "article", LISTED)
    assert one.free_url == "https://europepmc.org/articles/PMC1"
    assert one.published_on == DAY


@pytest.mark.parametrize("end", ["echo", "none", "empty"])
@pytest.mark.parametrize("page", [1, 2, 500])
def test_the_end_is_an_echo_or_none_or_an_empty_page(serve, end, page):
    asked = serve([result(number) for number in range(1, 6)], page=page, end=end)

    fetched = source().fetch(DAY)

    assert len(fetched.records) == 5
    assert fetched.notes == ()
    assert len({query["cursorMark"] for query in asked}) == len(asked)


def test_records_that_were_promised_and_not_given_are_said(serve):
    serve([result()], hits=900)

    assert source().fetch(DAY).notes == ("Europe PMC has 900 records, but returned 1.",)


@pytest.mark.parametrize(
    ("published", "listing"),
    [("2026-04-29", LISTED), ("2026-04-27", NEW_TO_SOURCE), ("2026-03-01", NEW_TO_SOURCE)],
)
def test_what_was_published_earlier_is_listed_once(serve, published, listing):
    serve([result(firstPublicationDate=published)])

    (one,) = source().fetch(DAY).records
    assert (one.listing, str(one.source_day)) == (listing, published)


@pytest.mark.parametrize("published", ["2008-01-01", "2025-10-01", "2027-04-01"])
def test_what_was_published_long_ago_or_will_be_is_not_new(serve, published):
    serve([result(firstPublicationDate=published)])

    fetched = source().fetch(DAY)
    assert fetched.records == ()
    assert fetched.left_out == {"published more than 180 days before or after": 1}


def test_a_preprint_names_its_article(serve):
    relation = {"id": "41800002", "source": "MED", "type": "Preprint of"}
    serve(
        [
            result(
                id="PPR1234",
                source="PPR",
                pmid=None,
                journalInfo=None,
                bookOrReportDetails={"publisher": "bioRxiv"},
                pubTypeList={"pubType": ["Preprint"]},
                versionNumber=2,
                commentCorrectionList={"commentCorrection": [relation, None, {"type": 3}]},
            )
        ]
    )

    (one,) = source().fetch(DAY).records
    assert (one.kind, one.venue, one.version) == ("preprint", "bioRxiv", 2)
    assert one.relations == (Relation(IS_PREPRINT_OF, "pubmed:41800002"),)


def test_a_retracted_article_is_marked_and_its_notice_is_no_paper(serve):
    about = {"id": "41800001", "source": "MED", "type": "Retraction of"}
    serve(
        [
            result(1, pubTypeList={"pubType": ["Journal Article", "Retracted Publication"]}),
            result(
                2,
                pubTypeList={"pubType": ["Retraction of Publication"]},
                commentCorrectionList={"commentCorrection": [about]},
            ),
            result(3, pubTypeList={"pubType": ["Published Erratum"]}),
            result(4, pubTypeList={"pubType": ["Preprint withdrawal"]}),
        ]
    )

    retracted, notice, erratum, withdrawn = source().fetch(DAY).records

    assert (retracted.status, retracted.listing) == ("retracted", NOT_LISTED)
    assert (notice.kind, notice.listing) == ("retraction", NOT_LISTED)
    assert notice.relations == (Relation(IS_RETRACTION_OF, "pubmed:41800001"),)
    assert (erratum.kind, erratum.listing) == ("correction", NOT_LISTED)
    assert (withdrawn.status, withdrawn.listing) == ("withdrawn", NOT_LISTED)


def test_news_and_letters_are_left_out_and_counted(serve):
    serve([result(1, pubTypeList={"pubType": ["News"]}), result(2)])

    fetched = source().fetch(DAY)
    assert [one.title for one in fetched.records] == ["Article 2"]
    assert fetched.left_out == {"news, letters and the like": 1}


def test_days_nobody_asked_for_are_made_good(serve):
    asked = serve([])

    fetched = source(state={"asked_until": "2026-04-20"}).fetch(DAY)

    assert "[2026-04-19 TO 2026-04-29]" in asked[0]["query"]
    assert fetched.state == {"asked_until": "2026-04-29"}


@pytest.mark.parametrize(
    ("text", "names"),
    [("Liu Q, van der Berg AB.", ["Liu", "van der Berg"]), ("X Consortium.", [""]), (None, [])],
)
def test_a_string_of_authors_has_initials_last(serve, text, names):
    serve([result(authorList=None, authorString=text)])

    (one,) = source().fetch(DAY).records
    assert [author.family for author in one.authors] == names


@pytest.mark.parametrize(
    "broken",
    [None, 3, [], {}, result(title=None), result(doi=None, pmid=None, id=None)],
    ids=["null", "number", "list", "empty", "no title", "no name"],
)
def test_a_broken_record_costs_only_itself(serve, broken):
    serve([broken, result(2)])

    fetched = source().fetch(DAY)
    assert [one.title for one in fetched.records] == ["Article 2"]
    assert len(fetched.problems) == 1


@pytest.mark.parametrize(
    "field",
    [
        "authorList",
        "journalInfo",
        "abstractText",
        "pubTypeList",
        "keywordList",
        "fullTextUrlList",
        "license",
        "firstPublicationDate",
        "pmid",
    ],
)
@pytest.mark.parametrize("value", [None, "", 3, [], {}, {"author": None}, [None]], ids=repr)
def test_whatever_stands_in_a_field_the_paper_comes_through(serve, field, value):
    serve([result(**{field: value})])

    assert len(source().fetch(DAY).records) == 1


def test_a_query_is_required():
    with pytest.raises(BadSetting, match="can't be empty"):
        source("")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Response("<!doctype html><title>Down</title>"), "a web page"),
        (Response('{"hitCount": 3, "resultLi'), "broken JSON"),
        (Response('{"errCode": 400, "errMsg": "Bad query"}'), "rejects the query: Bad query"),
        (Response('{"hitCount": 3}'), "without a list"),
        (Response("", 404), "answers 404"),
        (Response("", 503, {"Retry-After": "600"}), "asked us to wait 600 seconds"),
    ],
    ids=["page", "cut", "error", "no list", "404", "503"],
)
def test_a_fault_is_a_sentence(httpserver, settings, answer, words):
    settings.EUROPEPMC_URL = httpserver.url_for("").rstrip("/")
    settings.FETCH_ATTEMPTS = 1
    httpserver.expect_request("/search").respond_with_response(answer)

    with pytest.raises(FetchFailed, match=words):
        source().fetch(DAY)


# --- As it was recorded ------------------------------------------------------------------------


@pytest.fixture
def recorded(shared):
    folder = shared / "data/sources/europepmc"
    if not folder.is_dir():
        pytest.skip("needs the recorded answers in ../shared/data/sources")
    return lambda name: (folder / name).read_bytes()


def test_recorded_records(recorded, serve):
    hits, mark, results = europepmc.read(recorded("search_core.json"))
    assert (hits, bool(mark), len(results)) == (993_768, True, 3)
    serve(results)
    now = dt.datetime(2026, 3, 27, 12, tzinfo=dt.UTC)

    fetched = source(now=now).fetch(dt.date(2026, 3, 26))

    assert fetched.problems == ()
    first, second, third = fetched.records
    assert third.identifier == "doi:10.3390/biomimetics11020103"
    assert third.names == ("pubmed:41744547", "pmcid:PMC12938590")
    assert third.authors[0].orcid == "0000-0003-3617-2691"
    assert third.free_url == "https://europepmc.org/articles/PMC12938590"
    assert first.identifier == "pmcid:PMC13013079"  # without a DOI
    assert (first.listing, second.listing) == (LISTED, NEW_TO_SOURCE)
    assert not any("@" in place.name for author in second.authors for place in author.affiliations)


def test_a_recorded_answer_without_results(recorded):
    assert europepmc.read(recorded("search_none.json")) == (0, "", [])
