"""bioRxiv and medRxiv: paging that lies, versions, withdrawals, and days asked for again."""

import datetime as dt
import json
import re
from typing import Any

import pytest
from werkzeug import Request, Response

from papers.sources import biorxiv
from papers.sources.base import FetchFailed
from papers.sources.biorxiv import Biorxiv, BiorxivSettings, Medrxiv, MedrxivSettings
from papers.sources.record import (
    IS_PREPRINT_OF,
    LISTED,
    NEW_TO_SOURCE,
    NOT_LISTED,
    Relation,
)
from papers.sources.settings import BadSetting
from papers.sources.settings import read as read_settings

DAY = dt.date(2026, 4, 29)  # a Wednesday
NOW = dt.datetime(2026, 4, 29, 12, tzinfo=dt.UTC)
NOTHING = {"messages": [{"status": "no posts found"}], "collection": []}


def row(number=1, **values) -> dict[str, Any]:
    return {
        "title": f"Preprint {number}",
        "authors": "Adams, A. B.; van der Berg, C.; The X Consortium",
        "author_corresponding_institution": "University of Examples",
        "doi": f"10.1101/2026.04.29.{number:06}",
        "date": "2026-04-29",
        "version": "1",
        "type": "new results",
        "license": "cc_by_nc_nd",
        "category": "neuroscience",
        "abstract": "<p>We see H<sub>2</sub>O.</p>",
        "published": "NA",
        "server": "bioRxiv",
        **values,
    }


class Server:
    """The service with some rows a day, `page` of them at a time."""

    def __init__(self, httpserver, settings, rows: dict[str, list[Any]], page=2, total=None):
        self.asked: list[str] = []
        self.rows, self.page, self.total = rows, page, total
        self.faults: dict[str, Response] = {}
        httpserver.expect_request(re.compile("/details/.*")).respond_with_handler(self.answer)
        settings.BIORXIV_URL = httpserver.url_for("").rstrip("/")
        settings.FETCH_TIMEOUT = 2
        settings.FETCH_ATTEMPTS = 1

    def answer(self, request: Request) -> Response:
        _, _, server, first, last, cursor, form = request.path.split("/")
        assert (first, form) == (last, "json")
        self.asked.append(f"{server} {first} {cursor}")
        if self.asked[-1] in self.faults:
            return self.faults[self.asked[-1]]
        rows = self.rows.get(first, [])
        part = rows[int(cursor) : int(cursor) + self.page]
        said = {
            "status": "ok",
            "cursor": cursor,
            "count": len(part),
            "total": str(self.total or len(rows)),
        }
        return Response(json.dumps({"messages": [said], "collection": part} if part else NOTHING))


@pytest.fixture
def serve(httpserver, settings):
    return lambda rows, **options: Server(httpserver, settings, rows, **options)


def source(*subjects, state=None, now=NOW) -> Biorxiv:
    chosen = read_settings(BiorxivSettings, {"subjects": subjects})
    return Biorxiv(chosen, "bioRxiv", state=state, now=now)


def test_a_new_preprint_becomes_a_record(serve):
    serve({"2026-04-29": [row(published="10.7554/eLife.98218")]})

    (one,) = source().fetch(DAY).records

    assert one.identifier == "doi:10.1101/2026.04.29.000001"
    assert (one.title, one.abstract) == ("Preprint 1", "We see H₂O.")
    assert [author.name for author in one.authors] == [
        "A. B. Adams",
        "C. van der Berg",
        "X Consortium",
    ]
    assert (one.authors[0].family, one.authors[0].given) == ("Adams", "A. B.")
    assert one.authors[2].is_group
    assert one.organization == "University of Examples"
    assert one.categories == ("biorxiv:neuroscience",)
    assert one.relations == (Relation(IS_PREPRINT_OF, "doi:10.7554/elife.98218"),)
    assert (one.version, one.kind, one.venue) == (1, "preprint", "bioRxiv")
    assert (one.license, one.status, one.listing) == ("cc-by-nc-nd", "", LISTED)
    assert (one.published_on, one.source_day) == (DAY, DAY)
    assert one.free_url == "https://www.biorxiv.org/content/10.1101/2026.04.29.000001v1"


@pytest.mark.parametrize("page", [1, 2, 3, 30, 100])
def test_pages_are_as_long_as_the_server_likes(serve, page):
    server = serve({"2026-04-29": [row(number) for number in range(7)]}, page=page)

    assert len(source().fetch(DAY).records) == 7
    assert len(set(server.asked)) == len(server.asked)


def test_a_total_that_is_never_reached_ends_at_the_empty_page(serve):
    serve({"2026-04-29": [row(number) for number in range(3)]}, total=9)

    fetched = source().fetch(DAY)

    assert len(fetched.records) == 3
    assert fetched.notes == ("bioRxiv says that 2026-04-29 has 9 rows, but returned 3.",)


def test_a_total_that_is_too_small_loses_nothing(serve):
    serve({"2026-04-29": [row(number) for number in range(5)]}, total=2)

    assert len(source().fetch(DAY).records) == 5


def test_an_error_past_the_end_is_the_end(serve):
    server = serve({"2026-04-29": [row(1), row(2)]})
    server.faults["biorxiv 2026-04-29 2"] = Response("Not found", 404)

    assert len(source().fetch(DAY).records) == 2


def test_a_server_that_repeats_itself_is_left(serve):
    server = serve({})
    body = json.dumps({"messages": [{"status": "ok", "total": "90"}], "collection": [row()]})
    for cursor in (0, 1):
        server.faults[f"biorxiv 2026-04-29 {cursor}"] = Response(body)

    fetched = source().fetch(DAY)

    assert len(fetched.records) == 1
    assert fetched.notes == ("bioRxiv returned the same page of 2026-04-29 twice.",)


def test_only_version_1_is_listed_but_every_version_is_read(serve):
    serve(
        {
            "2026-04-29": [
                row(1, version="4", title="Changed"),
                row(2),
                row(3, version="1", title="First"),
                row(3, version="2", title="Second"),
            ]
        }
    )

    records = {one.title: one for one in source().fetch(DAY).records}

    assert records.keys() == {"Changed", "Preprint 2", "Second"}
    assert records["Changed"].listing == NOT_LISTED
    assert (records["Changed"].version, records["Changed"].published_on) == (4, None)
    assert records["Preprint 2"].listing == LISTED
    assert (records["Second"].listing, records["Second"].version) == (LISTED, 2)


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ({"type": "withdrawn", "version": "2"}, "Preprint 1"),
        ({"type": "withdrawn", "version": "1"}, "Preprint 1"),
        ({"title": "WITHDRAWN: Preprint 1", "version": "2"}, "Preprint 1"),
        ({"title": "WITHDRAWN - Preprint 1", "type": "withdrawn"}, "Preprint 1"),
    ],
)
def test_a_withdrawal_marks_the_paper_and_is_none(serve, values, title):
    statement = "WITHDRAWAL STATEMENTThis manuscript has been withdrawn."
    serve({"2026-04-29": [row(1, abstract=statement, **values)]})

    (one,) = source().fetch(DAY).records

    assert (one.title, one.abstract) == (title, "")
    assert (one.status, one.listing) == ("withdrawn", NOT_LISTED)


def test_the_last_three_days_are_asked_again_and_give_what_came_late(serve):
    server = serve({"2026-04-27": [row(1, date="2026-04-27")], "2026-04-29": [row(2)]})

    fetched = source().fetch(DAY)

    assert [(one.listing, str(one.source_day)) for one in fetched.records] == [
        (LISTED, "2026-04-29"),
        (NEW_TO_SOURCE, "2026-04-27"),
    ]
    assert [asked for asked in server.asked if asked.endswith(" 0")] == [
        "biorxiv 2026-04-27 0",
        "biorxiv 2026-04-28 0",
        "biorxiv 2026-04-29 0",
    ]
    assert fetched.state == {"asked_until": "2026-04-29"}


def test_days_nobody_asked_for_are_made_good(serve):
    server = serve({"2026-04-24": [row(1, date="2026-04-24")]})

    fetched = source(state={"asked_until": "2026-04-23"}).fetch(DAY)

    assert [one.listing for one in fetched.records] == [NEW_TO_SOURCE]
    assert server.asked[0] == "biorxiv 2026-04-22 0"

    ages = source(state={"asked_until": "2025-04-23"}).fetch(DAY)
    assert ages.notes == (
        "Not fetched since 2025-04-23. Days before 2026-03-29 won't be recovered.",
    )


def test_on_a_weekend_the_days_until_now_are_asked_for(serve):
    server = serve({"2026-05-02": [row(1, date="2026-05-02")]})
    saturday = dt.datetime(2026, 5, 2, 12, tzinfo=dt.UTC)

    fetched = source(now=saturday).fetch(dt.date(2026, 5, 4))

    assert [str(one.source_day) for one in fetched.records] == ["2026-05-02"]
    assert server.asked[-1] == "biorxiv 2026-05-02 1"


def test_a_past_day_is_asked_for_alone_and_does_not_take_the_state_back(serve):
    server = serve({})

    fetched = source(state={"asked_until": "2026-04-29"}).fetch(dt.date(2026, 4, 1))

    assert fetched.state is None
    assert server.asked == ["biorxiv 2026-04-01 0"]


@pytest.mark.parametrize(
    "subject", ["neuroscience", "Neuroscience", "neuro_science".replace("_", "")]
)
def test_subjects_are_chosen_by_the_words_of_either_spelling(serve, subject):
    serve({"2026-04-29": [row(1, category=subject), row(2, category="zoology")]})

    fetched = source("neuroscience").fetch(DAY)

    assert [one.title for one in fetched.records] == ["Preprint 1"]
    assert fetched.left_out == {"of other subjects": 1}


def test_medrxiv_is_the_same_with_its_own_subjects(serve):
    category = "Infectious Diseases (except HIV/AIDS)"
    server = serve({"2026-04-29": [row(1, category=category, server="medRxiv")]})
    chosen = read_settings(MedrxivSettings, {"subjects": ["infectious diseases"]})

    (one,) = Medrxiv(chosen, "medRxiv", now=NOW).fetch(DAY).records

    assert server.asked[0].startswith("medrxiv ")
    assert one.venue == "medRxiv"
    assert one.categories == ("medrxiv:infectious diseases",)


def test_a_subject_that_is_none_is_refused():
    with pytest.raises(BadSetting, match="isn't one of the choices"):
        source("astrology")


@pytest.mark.parametrize(
    ("said", "short"),
    [
        ("cc_by", "cc-by"),
        ("cc_by_nc_nd", "cc-by-nc-nd"),
        ("cc0", "cc0"),
        ("cc0_ng", "cc0"),
        ("cc_no", ""),
        ("", ""),
    ],
)
def test_licenses(serve, said, short):
    serve({"2026-04-29": [row(license=said)]})

    assert source().fetch(DAY).records[0].license == short


@pytest.mark.parametrize(
    "broken",
    [None, 7, "text", [], {}, row(doi=None), row(doi="none"), row(title=None), row(title=["x"])],
    ids=repr,
)
def test_a_broken_row_costs_only_itself(serve, broken):
    serve({"2026-04-29": [broken, row(2)]})

    fetched = source().fetch(DAY)

    assert [one.title for one in fetched.records] == ["Preprint 2"]
    assert len(fetched.problems) == 1


@pytest.mark.parametrize("value", [None, 3, "", "NA", [], {"a": 1}, "\x00", "x" * 10_000])
@pytest.mark.parametrize("field", ["authors", "version", "date", "license", "published", "type"])
def test_whatever_stands_in_a_field_the_preprint_comes_through(serve, field, value):
    serve({"2026-04-29": [row(1, **{field: value})]})

    assert len(source().fetch(DAY).records) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Response("<html>Sign in</html>"), "a web page"),
        (Response('{"messages": [{"status": "ok", "tot'), "broken JSON"),
        (Response("[]"), "isn't an object"),
        (Response("{}"), "without a collection"),
        (
            Response('{"messages":[{"status":"Error: bad interval"}],"collection":[]}'),
            "bad interval",
        ),
        (Response("", 500), "answers 500"),
        (Response("", 503, {"Retry-After": "3600"}), "asked us to wait 3600 seconds"),
        (Response("", 301, {"Location": "https://elsewhere.example/"}), "another host"),
    ],
    ids=["page", "cut", "list", "empty", "error", "500", "503", "301"],
)
def test_a_fault_is_a_sentence_and_keeps_the_state(serve, answer, words):
    server = serve({"2026-04-29": [row()]})
    server.faults["biorxiv 2026-04-28 0"] = answer
    reader = source(state={"asked_until": "2026-04-28"})

    with pytest.raises(FetchFailed, match=words):
        reader.fetch(DAY)
    assert reader.state == {"asked_until": "2026-04-28"}


# --- As it was recorded ------------------------------------------------------------------------


@pytest.fixture
def recorded(shared):
    folder = shared / "data/sources/biorxiv"
    if not folder.is_dir():
        pytest.skip("needs the recorded answers in ../shared/data/sources")
    return lambda name: (folder / name).read_bytes()


def test_a_recorded_page_has_only_later_versions(recorded, serve):
    total, rows = biorxiv.read(recorded("details_biorxiv_page.json"))
    assert (total, len(rows)) == (60568, 100)
    serve({"2026-04-29": rows}, page=100)

    fetched = source().fetch(DAY)

    assert fetched.problems == ()
    assert {one.listing for one in fetched.records} == {NOT_LISTED}
    assert len(fetched.records) == len({row["doi"] for row in rows})
    withdrawn = [one for one in fetched.records if one.status]
    assert len(withdrawn) == 2
    assert not any(one.title.upper().startswith("WITHDRAWN") for one in fetched.records)
    assert all(one.authors and one.authors[0].family for one in fetched.records)
    assert {one.license for one in fetched.records} <= {
        "",
        "cc-by",
        "cc-by-nc",
        "cc-by-nd",
        "cc-by-nc-nd",
    }
    assert sum(bool(one.relations) for one in fetched.records) > 30


def test_a_recorded_last_page_and_an_empty_one(recorded):
    assert len(biorxiv.read(recorded("details_last_page.json"))[1]) == 7
    assert biorxiv.read(recorded("details_no_posts.json")) == (0, [])
