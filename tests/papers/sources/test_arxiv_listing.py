"""arXiv by category: announcements as they were recorded, days that are cut, late or missed."""

import datetime as dt

import pytest
import time_machine
from django.core.cache import cache
from werkzeug import Request, Response

from papers.sources import (
    arxiv,
    arxiv_announcement,
    arxiv_listing,
    arxiv_oai,
    arxiv_taxonomy,
    http,
)
from papers.sources.arxiv_listing import ArxivListing, ArxivSettings
from papers.sources.base import FetchFailed
from papers.sources.record import (
    IS_PREPRINT_OF,
    LISTED,
    NEW_TO_SITE,
    NEW_TO_SOURCE,
    NOT_LISTED,
    Relation,
)
from papers.sources.settings import BadSetting, declared
from papers.sources.settings import read as read_settings

DAY = dt.date(2026, 4, 27)  # a Monday
NOW = dt.datetime(2026, 4, 27, 5, 30, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _in_no_hurry(settings, monkeypatch):
    """A cache of the test's own, and pauses of a moment."""
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "arxiv-listing"}}
    settings.FETCH_TIMEOUT = 2
    monkeypatch.setattr(arxiv, "PAUSE", 0.001)
    monkeypatch.setattr(arxiv, "NAP", 0.001)
    monkeypatch.setattr("papers.sources.polite.cache", cache)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def site(httpserver, settings):
    settings.ARXIV_RSS_URL = httpserver.url_for("").rstrip("/")
    settings.ARXIV_OAI_URL = httpserver.url_for("/oai")
    return httpserver


def source(*categories, state=None, now=NOW, **options) -> ArxivListing:
    chosen = read_settings(ArxivSettings, {"categories": categories, **options})
    return ArxivListing(chosen, "arXiv", state=state, now=now)


# --- What arXiv answers ------------------------------------------------------------------------


def item(number="2604.00001", kind="new", version=1, title="A paper on things", **more) -> str:
    categories = more.get("categories", ("cs.CL", "cs.LG"))
    return (
        f"<item><title>{title}</title><link>https://arxiv.org/abs/{number}</link>"
        f"<description>arXiv:{number}v{version} Announce Type: {kind} \n"
        f"Abstract: {more.get('abstract', 'We study things.')}</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{number}v{version}</guid>'
        + "".join(f"<category>{one}</category>" for one in categories)
        + f"<pubDate>Mon, 27 Apr 2026 00:00:00 -0400</pubDate>"
        f"<arxiv:announce_type>{kind}</arxiv:announce_type>"
        "<dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>"
        f"{more.get('inside', '')}"
        f"<dc:creator>{more.get('authors', 'Alice Adams, Bob Brown')}</dc:creator></item>"
    )


def rss(*items: str, date="Mon, 27 Apr 2026 00:00:00 -0400") -> str:
    dated = f"<pubDate>{date}</pubDate>" if date else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>cs.CL updates</title>'
        f"{dated}{''.join(items)}</channel></rss>"
    )


def record(number="2604.00009", stamp="2026-04-24", versions=1, categories="cs.CL cs.LG") -> str:
    dated = "".join(
        f'<version version="v{one}"><date>Mon, 2 Feb 2026 11:17:09 GMT</date></version>'
        for one in range(1, versions + 1)
    )
    return (
        f"<record><header><identifier>oai:arXiv.org:{number}</identifier>"
        f"<datestamp>{stamp}</datestamp></header><metadata>"
        f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{number}</id>{dated}'
        f"<title>Held for weeks</title><authors>Alice Adams and Bob Brown</authors>"
        f"<categories>{categories}</categories><abstract> We waited. </abstract></arXivRaw>"
        "</metadata></record>"
    )


def oai(*records: str, token: str | None = None) -> str:
    more = "" if token is None else f"<resumptionToken>{token}</resumptionToken>"
    return (
        '<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<ListRecords>{''.join(records)}{more}</ListRecords></OAI-PMH>"
    )


def oai_error(code: str) -> str:
    return (
        '<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<error code='{code}'>Nothing.</error></OAI-PMH>"
    )


def answers(site, path: str, *bodies) -> list[Request]:
    """Answer the requests to `path` with the bodies in order, the last one from then on."""
    asked: list[Request] = []
    left = list(bodies)

    def handler(request: Request) -> Response:
        asked.append(request)
        body = left.pop(0) if len(left) > 1 else left[0]
        return body if isinstance(body, Response) else Response(body, mimetype="application/xml")

    site.expect_request(path).respond_with_handler(handler)
    return asked


# --- The day's list ----------------------------------------------------------------------------


def test_new_and_cross_are_listed_and_replacements_only_bring_facts(site):
    answers(
        site,
        "/rss/cs.CL",
        rss(
            item("2604.00003", "replace", 2),
            item("2604.00002", "cross"),
            item("2604.00001"),
            item("2604.00004", "replace-cross", 3),
        ),
    )

    fetched = source("cs.CL").fetch(DAY)

    assert [(one.identifier, one.listing) for one in fetched.records] == [
        ("arxiv:2604.00001", LISTED),
        ("arxiv:2604.00002", NEW_TO_SOURCE),
        ("arxiv:2604.00003", NOT_LISTED),
        ("arxiv:2604.00004", NOT_LISTED),
    ]
    assert fetched.is_complete
    assert {one.source_day for one in fetched.records} == {DAY}


def test_an_item_becomes_a_record(site):
    doi = "<arxiv:DOI>10.5802/JEP.257</arxiv:DOI>"
    answers(site, "/rss/cs.CL", rss(item(inside=doi, authors="Alice Adams, Bob \\'Ebert")))

    (one,) = source("cs.CL").fetch(DAY).records

    assert (one.title, one.abstract) == ("A paper on things", "We study things.")
    assert [author.name for author in one.authors] == ["Alice Adams", "Bob Ébert"]
    assert one.categories == ("cs.CL", "cs.LG")
    assert one.relations == (Relation(IS_PREPRINT_OF, "doi:10.5802/jep.257"),)
    assert (one.version, one.kind, one.license) == (1, "preprint", "cc-by")
    assert one.published_on == DAY
    assert one.free_url == "https://arxiv.org/abs/2604.00001"


def test_a_paper_of_two_archives_is_listed_once_and_as_new(site):
    answers(site, "/rss/stat.ML", rss(item(kind="cross")))
    answers(site, "/rss/cs.LG", rss(item()))

    fetched = source("stat.ML", "cs.LG").fetch(DAY)

    assert [(one.identifier, one.listing) for one in fetched.records] == [
        ("arxiv:2604.00001", LISTED)
    ]


def test_cross_lists_can_be_left_out_and_are_counted(site):
    answers(site, "/rss/cs.CL", rss(item(), item("2604.00002", "cross")))

    fetched = source("cs.CL", with_cross_lists=False).fetch(DAY)

    assert len(fetched.records) == 1
    assert fetched.left_out == {"cross-listed": 1}


def test_a_withdrawn_paper_is_marked_and_its_notice_is_no_abstract(site):
    notice = "This paper has been withdrawn by the authors due to an error in Lemma 3."
    answers(site, "/rss/cs.CL", rss(item(kind="replace", version=3, abstract=notice)))

    (one,) = source("cs.CL").fetch(DAY).records

    assert (one.status, one.abstract, one.listing) == ("withdrawn", "", NOT_LISTED)


@pytest.mark.parametrize(
    ("now", "date", "day"),
    [
        ("2026-04-27T04:00:01Z", "Mon, 27 Apr 2026 00:00:00 -0400", DAY),
        ("2026-01-12T05:00:01Z", "Mon, 12 Jan 2026 00:00:00 -0500", dt.date(2026, 1, 12)),
        ("2026-11-02T05:00:01Z", "Mon, 02 Nov 2026 00:00:00 -0500", dt.date(2026, 11, 2)),
    ],
    ids=["summer", "winter", "the first Monday after summer time"],
)
def test_the_day_of_a_feed_is_that_of_us_eastern(site, now, date, day):
    answers(site, "/rss/cs.CL", rss(item(), date=date))

    fetched = source("cs.CL", now=dt.datetime.fromisoformat(now)).fetch(day)

    assert [one.source_day for one in fetched.records] == [day]
    assert fetched.is_complete


def test_a_day_whose_feed_is_not_out_is_not_complete_and_loses_nothing(site):
    answers(site, "/rss/cs.CL", rss(item()))
    tuesday = dt.date(2026, 4, 28)
    early = dt.datetime(2026, 4, 28, 1, tzinfo=dt.UTC)
    monday = source("cs.CL").fetch(DAY)

    fetched = source("cs.CL", now=early, state=monday.state).fetch(tuesday)
    assert (fetched.records, fetched.is_complete) == ((), False)

    # Where nobody read Monday's, it is given late: to a site that does not know the paper.
    late = source("cs.CL", now=early).fetch(tuesday)
    assert [(one.listing, one.source_day) for one in late.records] == [(NEW_TO_SITE, DAY)]
    assert not late.is_complete


@pytest.mark.parametrize(
    ("day", "is_usual"),
    [
        ("2026-04-26", True),
        ("2026-11-26", True),
        ("2026-11-27", True),
        ("2026-12-25", True),
        ("2026-04-27", False),
    ],
    ids=["Sunday", "Thanksgiving", "the day after", "Christmas", "a Monday"],
)
def test_an_empty_feed_is_usual_on_weekends_and_holidays_alone(site, day, is_usual):
    at = dt.date.fromisoformat(day)
    answers(site, "/rss/cs.CL", rss(date=f"{at:%a, %d %b %Y} 00:00:00 -0500"))
    now = dt.datetime.combine(at, dt.time(12), dt.UTC)

    fetched = source("cs.CL", now=now).fetch(at)

    assert fetched.records == ()
    assert fetched.is_complete is is_usual
    assert bool([note for note in fetched.notes if "is empty" in note]) is not is_usual


def test_a_list_that_was_read_is_not_asked_for_again(site):
    asked = answers(site, "/rss/cs.CL", rss(item()))
    first = source("cs.CL").fetch(DAY)

    again = source("cs.CL", state=first.state).fetch(DAY)

    assert len(asked) == 1
    assert (again.records, again.is_complete) == ((), True)
    assert again.notes == ("cs.CL: already read.",)
    assert again.state is None


def test_while_the_next_list_is_not_out_arxiv_need_not_send_the_last_one(site):
    body = Response(rss(item()), headers={"ETag": '"monday"'})
    asked = answers(site, "/rss/cs.CL", body, Response("", 304))
    first = source("cs.CL").fetch(DAY)
    early = dt.datetime(2026, 4, 28, 1, tzinfo=dt.UTC)

    waiting = source("cs.CL", state=first.state, now=early).fetch(dt.date(2026, 4, 28))

    assert [request.headers.get("If-None-Match") for request in asked] == [None, '"monday"']
    assert (waiting.records, waiting.is_complete, waiting.state) == ((), False, None)


def test_a_list_without_a_date_is_that_of_its_items(site):
    answers(site, "/rss/cs.CL", rss(item(), date=""))

    assert source("cs.CL").fetch(DAY).is_complete


# --- Cut and missed days -----------------------------------------------------------------------


def test_a_cut_feed_is_completed_from_oai(site, monkeypatch):
    monkeypatch.setattr(arxiv_listing, "MOST_ITEMS", 2)
    answers(site, "/rss/cs", rss(item(), item("2604.00002", "replace", 2)))
    asked = answers(
        site,
        "/oai",
        oai(record("2604.00001", "2026-04-27"), record("2604.00077", "2026-04-27"), token="more"),
        oai(record("2604.00078", "2026-04-27", categories="math.CO cs.DM"), token=""),
    )

    fetched = source("cs").fetch(DAY)

    assert [(one.identifier, one.listing) for one in fetched.records] == [
        ("arxiv:2604.00001", LISTED),
        ("arxiv:2604.00077", NEW_TO_SITE),
        ("arxiv:2604.00002", NOT_LISTED),
    ]
    assert fetched.left_out == {"cross-listed on a missed day, perhaps": 1}
    assert any("it was cut" in note for note in fetched.notes)
    first, second = (request.args.to_dict() for request in asked)
    assert first == {
        "verb": "ListRecords",
        "metadataPrefix": "arXivRaw",
        "from": "2026-04-27",
        "until": "2026-04-27",
        "set": "cs:cs",
    }
    assert second == {"verb": "ListRecords", "resumptionToken": "more"}


def test_a_cut_feed_that_cannot_be_completed_is_asked_for_whole_again(site, monkeypatch):
    monkeypatch.setattr(arxiv_listing, "MOST_ITEMS", 1)
    answers(site, "/rss/cs", Response(rss(item()), headers={"ETag": '"monday"'}))
    answers(site, "/oai", Response("", 500))

    reader = source("cs")
    with pytest.raises(FetchFailed, match="answers 500"):
        reader.fetch(DAY)
    assert not reader.state.get("feeds")  # no ETag of a list of which nothing was stored


def test_missed_days_are_made_good_whenever_their_papers_were_submitted(site):
    answers(site, "/rss/cs.CL", rss(item()))
    asked = answers(
        site,
        "/oai",
        oai(
            record("2602.00009", "2026-04-23"),
            record("2604.00010", "2026-04-24", versions=2),
            record("2604.00011", "2026-04-24", categories="math.CO cs.CL"),
            record("1909.00012", "2026-04-24"),
        ),
    )
    state = {"feeds": {"cs.CL": {"day": "2026-04-22", "etag": '"wednesday"'}}}

    fetched = source("cs.CL", state=state).fetch(DAY)

    assert [(one.identifier, one.listing, one.source_day) for one in fetched.records] == [
        ("arxiv:2604.00001", LISTED, dt.date(2026, 4, 27)),
        ("arxiv:2602.00009", NEW_TO_SITE, dt.date(2026, 4, 23)),
        ("arxiv:2604.00010", NOT_LISTED, dt.date(2026, 4, 24)),
    ]
    assert asked[0].args.to_dict() == {
        "verb": "ListRecords",
        "metadataPrefix": "arXivRaw",
        "from": "2026-04-23",
        "set": "cs:cs:CL",
    }
    assert any("cannot be recovered" in note for note in fetched.notes)
    assert fetched.left_out == {
        "cross-listed on a missed day, perhaps": 1,
        "an old record with a new date": 1,
    }


def test_no_day_is_missed_over_a_weekend(site):
    answers(site, "/rss/cs.CL", rss(item()))
    asked = answers(site, "/oai", oai())

    source("cs.CL", state={"feeds": {"cs.CL": {"day": "2026-04-24"}}}).fetch(DAY)

    assert asked == []


def test_missed_days_that_cannot_be_had_wait_and_cost_not_the_day(site):
    answers(site, "/rss/cs.CL", Response(rss(item()), headers={"ETag": '"m"'}), Response("", 304))
    answers(site, "/oai", *[Response("", 500)] * 4, oai(record()))
    state = {"feeds": {"cs.CL": {"day": "2026-04-22"}}}

    first = source("cs.CL", state=state).fetch(DAY)
    assert [one.identifier for one in first.records] == ["arxiv:2604.00001"]
    assert not first.is_complete
    assert any("The next fetch will try again" in note for note in first.notes)

    second = source("cs.CL", state=first.state).fetch(DAY)
    assert [one.identifier for one in second.records] == ["arxiv:2604.00009"]
    assert second.is_complete
    assert second.state is not None
    assert "missed_from" not in second.state["feeds"]["cs.CL"]

    third = source("cs.CL", state=second.state).fetch(DAY)
    assert (third.records, third.is_complete) == ((), True)


def test_a_past_day_comes_from_oai(site):
    answers(site, "/rss/cs.CL", rss(item()))
    asked = answers(site, "/oai", oai(record()))
    friday = dt.date(2026, 4, 24)

    fetched = source("cs.CL").fetch(friday)

    assert [(one.listing, one.source_day) for one in fetched.records] == [(NEW_TO_SITE, friday)]
    # Until today, so that what was replaced since is found under its later datestamp.
    assert (asked[0].args["from"], asked[0].args["until"]) == ("2026-04-24", "2026-04-27")
    assert fetched.is_complete
    assert any("cannot be recovered" in note for note in fetched.notes)

    # Today's list is yet to be read; the past day is not asked for again.
    assert fetched.state == {"feeds": {"cs.CL": {"done": ["2026-04-24"]}}}
    again = source("cs.CL", state=fetched.state).fetch(friday)
    assert (again.records, again.is_complete, len(asked)) == ((), True, 1)


def test_days_that_are_asked_for_one_by_one_leave_no_gap(site):
    answers(site, "/rss/cs.CL", rss(item()))
    asked = answers(site, "/oai", oai(record()))
    state = {"feeds": {"cs.CL": {"day": "2026-04-22", "etag": '"w"'}}}

    for day in ("2026-04-23", "2026-04-24", "2026-04-25", "2026-04-26", "2026-04-27"):
        fetched = source("cs.CL", state=state).fetch(dt.date.fromisoformat(day))
        state = fetched.state or state

    assert [request.args["from"] for request in asked] == ["2026-04-23", "2026-04-24"]
    assert [one.identifier for one in fetched.records] == ["arxiv:2604.00001"]


def test_a_day_without_a_record_is_an_empty_day(site):
    answers(site, "/rss/cs.CL", rss(item()))
    answers(site, "/oai", oai_error("noRecordsMatch"))

    assert source("cs.CL").fetch(dt.date(2026, 4, 24)).records == ()


def test_a_token_that_ran_out_begins_again_where_it_was(site):
    answers(site, "/rss/cs.CL", rss(item()))
    asked = answers(
        site,
        "/oai",
        oai(record("2604.00009"), token="old"),
        oai_error("badResumptionToken"),
        oai(record("2604.00009"), record("2604.00010")),
    )

    fetched = source("cs.CL").fetch(dt.date(2026, 4, 24))

    assert len(fetched.records) == 2
    assert [request.args.get("resumptionToken") for request in asked] == [None, "old", None]


def test_another_error_of_oai_is_a_sentence(site):
    answers(site, "/rss/cs.CL", rss(item()))
    answers(site, "/oai", oai_error("badArgument"))

    with pytest.raises(FetchFailed, match="answers badArgument: Nothing"):
        source("cs.CL").fetch(dt.date(2026, 4, 24))


def test_oai_that_asks_for_patience_is_given_it(site, monkeypatch):
    naps: list[float] = []
    monkeypatch.setattr("papers.sources.arxiv.time.sleep", naps.append)
    answers(site, "/rss/cs.CL", rss(item()))
    answers(site, "/oai", Response("", 503, {"Retry-After": "10"}), oai(record()))

    assert len(source("cs.CL").fetch(dt.date(2026, 4, 24)).records) == 1
    assert 10 in naps


# --- Which archives ----------------------------------------------------------------------------


def test_archives_are_asked_for_one_at_a_time(site):
    paths = ["/rss/cs.CL+cs.LG", "/rss/math", "/rss/hep-th"]
    asked = [answers(site, path, rss(date="Sun, 26 Apr 2026 00:00:00 -0400")) for path in paths]

    source("cs.CL", "math", "cs.LG", "hep-th").fetch(DAY)

    assert [len(requests) for requests in asked] == [1, 1, 1]
    assert len(site.log) == 3


def test_all_of_physics_is_the_group(site):
    site.expect_request("/rss/quant-ph").respond_with_data(rss(item()))

    source("All of physics").fetch(DAY)

    asked = {request.path.removeprefix("/rss/") for request, _ in site.log if "rss" in request.path}
    assert asked == set(arxiv_taxonomy.physics())
    assert {"astro-ph", "cond-mat", "gr-qc", "hep-ex", "hep-th", "math-ph", "nlin"} < asked
    assert {"nucl-ex", "nucl-th", "physics", "quant-ph"} < asked
    (one,) = [one for one in declared(ArxivSettings) if one.name == "categories"]
    assert "astro-ph" in one.help_text


def test_one_archive_that_fails_costs_only_itself(site):
    answers(site, "/rss/math", rss(item(categories=["math.CO"])))
    answers(site, "/rss/cs", Response("", 500))

    fetched = source("cs", "math").fetch(DAY)

    assert len(fetched.records) == 1
    assert not fetched.is_complete
    assert any("answers 500" in note for note in fetched.notes)


def test_a_name_that_arxiv_refuses_does_not_cost_the_others(site):
    answers(site, "/rss/cs.CL+cs.LG", Response("Bad", 400))
    answers(site, "/rss/cs.CL", rss(item()))
    answers(site, "/rss/cs.LG", Response("Bad", 400))

    fetched = source("cs.CL", "cs.LG").fetch(DAY)

    assert len(fetched.records) == 1
    assert any("cs.LG was refused" in note for note in fetched.notes)


def test_atom_stands_in_for_rss_that_is_broken(site):
    answers(site, "/rss/cs.CL", rss(item())[:300])
    entry = (
        "<entry><id>oai:arXiv.org:2604.00001v1</id><title>A paper</title><summary>"
        "arXiv:2604.00001v1 Announce Type: new \nAbstract: Text.</summary>"
        "<published>2026-04-27T00:00:00-04:00</published>"
        '<category term="cs.CL"/></entry>'
    )
    answers(
        site,
        "/atom/cs.CL",
        '<feed xmlns="http://www.w3.org/2005/Atom"><updated>2026-04-27T04:00:19.8+00:00</updated>'
        f"{entry}</feed>",
    )

    (one,) = source("cs.CL").fetch(DAY).records
    assert (one.identifier, one.abstract, one.categories) == (
        "arxiv:2604.00001",
        "Text.",
        ("cs.CL",),
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["cs.CX"], "'cs.CX' isn't one of the choices"),
        (["cs.CL", "../../etc"], "isn't one of the choices"),
        ([], "can't be empty"),
    ],
)
def test_what_is_no_category_is_refused(lines, words):
    with pytest.raises(BadSetting, match=words):
        read_settings(ArxivSettings, {"categories": lines})


def test_the_taxonomy_has_names_for_all():
    choices = arxiv_taxonomy.choices()
    assert choices["cs.CL"] == "cs.CL: Computation and Language"
    assert choices["hep-th"] == "hep-th: High Energy Physics - Theory"
    assert len(choices) > 160
    assert all(len(name) > len(code) + 4 for code, name in choices.items())
    everything = read_settings(ArxivSettings, {"categories": list(choices)})
    assert everything.categories == tuple(choices)


def test_a_category_of_two_names_is_found_under_both():
    assert arxiv_taxonomy.is_in("cs.NA", ["math.NA"])
    assert arxiv_taxonomy.is_in("math-ph", ["math"])  # it is math.MP as well
    assert not arxiv_taxonomy.is_in("cs.CL", ["cs.LG", "math"])


# --- Trouble -----------------------------------------------------------------------------------


BOMB = (
    '<?xml version="1.0"?><!-- a feed --><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;">'
    '<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&b;&x;</title></item>'
    "</channel></rss>"
)


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        BOMB.encode("utf-16"),
        BOMB.replace("?>", ' encoding="UTF-7"?>', 1),
        rss(item()).replace("<rss", "\n<!DOCTYPE rss>\n<rss"),
        "<html><title>Sign in</title></html>",
        "<!doctype html><title>Sign in</title>",
        rss(item())[:-40],
        rss(item("&undeclared;")),
        "<rss/>",
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>",
        "<a>" * 100_000,
        "",
        "{}",
        rss(date="Mon, 27 Apr 2037 00:00:00 -0400"),
    ],
    ids=[
        "bomb",
        "utf-16",
        "utf-7",
        "document type",
        "page",
        "page 5",
        "cut",
        "entity",
        "no channel",
        "RSS 1.0",
        "deep",
        "nothing",
        "{}",
        "of another year",
    ],
)
def test_what_is_no_feed_is_refused(body):
    with pytest.raises(http.TryAgain):
        arxiv_announcement.read(body.encode() if isinstance(body, str) else body, NOW)


def test_a_document_type_in_an_abstract_is_only_text():
    written = item(abstract="We parse &lt;!DOCTYPE html&gt; &lt;b&gt;fast&lt;/b&gt;.")
    feed = arxiv_announcement.read(rss(written).encode(), NOW)
    assert feed.items[0].abstract == "We parse <!DOCTYPE html> <b>fast</b>."


@pytest.mark.parametrize(
    "answer",
    [Response("Rate exceeded.", 429), Response("Rate exceeded.", 200), Response("", 429)],
    ids=["429", "200", "429 without words"],
)
def test_too_many_requests_close_all_doors_for_long(site, settings, answer):
    settings.ARXIV_URL = settings.ARXIV_RSS_URL
    asked = answers(site, "/rss/cs.CL", answer)

    with pytest.raises(FetchFailed):
        source("cs.CL").fetch(DAY)
    assert len(asked) == 1
    with pytest.raises(FetchFailed, match="won't be asked again until"):
        source("cs.CL").fetch(DAY)
    with pytest.raises(FetchFailed, match="won't be asked again until"), time_machine.travel(NOW):
        arxiv.lookup(["2605.13779"])
    assert len(site.log) == 1

    with pytest.raises(FetchFailed, match=r"answers 429|too often"):
        source("cs.CL", now=NOW + dt.timedelta(minutes=16)).fetch(DAY)
    assert len(site.log) == 2


def test_each_further_refusal_closes_them_for_longer(site):
    answers(site, "/rss/cs.CL", Response("", 429))
    waits = []
    for _ in range(3):
        cache.delete("papers.arxiv.rest")
        with pytest.raises(FetchFailed):
            source("cs.CL").fetch(DAY)
        until = dt.datetime.fromisoformat(cache.get("papers.arxiv.rest"))
        waits.append((until - NOW).total_seconds() / 60)
    assert waits == [15, 30, 60]


def test_the_record_format_with_parted_names_is_read_too():
    body = (
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords><record><header>'
        "<datestamp>2026-04-24</datestamp></header><metadata>"
        '<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2604.00009</id>'
        "<created>2026-04-20</created><authors><author><keyname>Adams</keyname>"
        "<forenames>Alice</forenames><suffix>Jr</suffix><affiliation>Uni A</affiliation></author>"
        "<author><keyname>The X Collaboration</keyname></author></authors><title>T</title>"
        "<categories>hep-ex</categories><abstract>A</abstract></arXiv></metadata></record>"
        "<record><header status='deleted'><datestamp>2026-04-24</datestamp></header></record>"
        "<record><header><datestamp>2026-04-24</datestamp></header></record>"
        "</ListRecords></OAI-PMH>"
    )
    page = arxiv_oai.read(body.encode())

    (one,) = page.records
    assert (one.versions, str(one.datestamp)) == (1, "2026-04-24")
    alice, group = one.authors
    assert (alice.name, alice.family, alice.given) == ("Alice Adams Jr", "Adams", "Alice")
    assert alice.affiliations[0].name == "Uni A"
    assert group.is_group
    assert page.broken == 1


# --- As it was recorded ------------------------------------------------------------------------


@pytest.fixture
def recorded(shared):
    folder = shared / "data/sources/arxiv"
    if not folder.is_dir():
        pytest.skip("needs the recorded answers in ../shared/data/sources")
    return lambda name: (folder / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "day", "kinds"),
    [
        ("rss_cs.AI_2026-04-27.xml", "2026-04-27", {"new"}),
        ("rss_cs.LG_2026-04-27.xml", "2026-04-27", {"new"}),
        ("atom_cs.AI_2025-08-20.xml", "2025-08-20", {"cross"}),
        ("atom_cs.AI_empty.xml", "2025-08-20", set()),
        ("rss_cs.LG_empty_weekend.xml", "2026-04-26", set()),
        ("rss_math.OC_replace-cross.xml", "2024-08-23", {"replace"}),
    ],
)
def test_a_recorded_feed(recorded, name, day, kinds):
    feed = arxiv_announcement.read(recorded(name), NOW)

    assert str(feed.day) == day
    assert len(feed.items) == feed.size
    assert {one.announced_as for one in feed.items} >= kinds
    assert all(one.authors and one.title and one.categories for one in feed.items)
    assert not any("Announce Type" in one.abstract for one in feed.items)


@pytest.mark.parametrize(
    ("name", "records", "token"),
    [
        ("oai2025_listrecords_arXivRaw_token.xml", 1, True),
        ("oai2025_listrecords_last_page.xml", 1, False),
        ("oai_listrecords_arXiv_hep-th.xml", 3, False),
        ("oai_getrecord_arXivRaw_1810.09584.xml", 1, False),
        ("oai_getrecord_arXiv_10.xml", 1, False),
        ("oai_getrecord_1305.0014.xml", 1, False),
    ],
)
def test_recorded_records(recorded, name, records, token):
    page = arxiv_oai.read(recorded(name))

    assert (len(page.records), bool(page.token), page.broken) == (records, token, 0)
    for one in page.records:
        assert one.title
        assert one.abstract
        assert one.authors
        assert one.categories


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("oai2025_noRecordsMatch.xml", "noRecordsMatch"),
        ("oai2025_badResumptionToken.xml", "badResumptionToken"),
        ("oai_error_versioned_id.xml", "idDoesNotExist"),
        ("oai_error_malformed_id.xml", "idDoesNotExist"),
    ],
)
def test_recorded_errors_of_oai(recorded, name, code):
    with pytest.raises(arxiv_oai.Refusal) as refused:
        arxiv_oai.read(recorded(name))
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["ListRecordsBroken.xml", "oai_ex_ante_listrecords.xml"])
def test_recorded_xml_that_is_broken_is_refused(shared, name):
    path = shared / "data/sources/oai_generic" / name
    if not path.exists():
        pytest.skip("needs the recorded answers in ../shared/data/sources")
    with pytest.raises(http.TryAgain, match=r"broken XML|something other"):
        arxiv_oai.read(path.read_bytes())
