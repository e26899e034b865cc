"""Feeds of every kind: what is new in them, and what they do on their bad days."""

import datetime as dt
import gzip
from typing import Any

import pytest
from werkzeug import Request, Response

from papers.sources import feed, feed_names, http
from papers.sources.base import FetchFailed
from papers.sources.feed import Feed, FeedSettings
from papers.sources.headings import NOTICE
from papers.sources.record import LISTED, NEW_TO_SOURCE, NOT_LISTED
from tests.runaway import no_runaway

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
DAY = NOW.date()
KNOWN = "there before the first fetch"


@pytest.fixture
def site(httpserver, settings):
    """A host that is let through although it is this machine."""
    settings.PRIVATE_HOSTS_ALLOWED = frozenset({(httpserver.host, httpserver.port)})
    return httpserver


def rss(*items: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Batteries</title>'
        f"<link>https://j.example.org</link>{''.join(items)}</channel></rss>"
    )


def item(number: int = 1, **fields: str) -> str:
    """An article of the day, with a DOI; a field that is empty is left out."""
    fields = {
        "title": f"Batteries that last, part {number}",
        "link": f"https://j.example.org/doi/abs/10.5555/b.{number}?af=R",
        "guid": f"article-{number}",
        "pubDate": "Wed, 25 Nov 2026 08:00:00 GMT",
        "prism:doi": f"10.5555/b.{number}",
        **{name.replace("_", ":"): value for name, value in fields.items()},
    }
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items() if value)
    return f"<item>{inner}</item>"


def serve(site, body: str | bytes, path: str = "/feed", **about) -> str:
    site.clear()
    response = Response(body, about.pop("status", 200), headers=about.pop("headers", {}))
    response.mimetype = about.pop("mimetype", "application/rss+xml")
    site.expect_request(path).respond_with_response(response)
    return str(site.url_for(path))


def row(site, state=None, now: dt.datetime = NOW, path: str = "/feed", **settings) -> Feed:
    address = settings.pop("address", site.url_for(path))
    return Feed(FeedSettings(address=address, **settings), "A feed", state=state, now=now)


def fetched(site, *items: str, state=None, now: dt.datetime = NOW, **settings):
    """What a row makes of a feed of these items, and the state that it keeps."""
    serve(site, rss(*items))
    one = row(site, state, now, **settings)
    return one.fetch(DAY), one.state


# --- What is new -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "listing"),
    [
        ("Wed, 25 Nov 2026 08:00:00 GMT", LISTED),
        ("Sun, 22 Nov 2026 00:10:00 GMT", LISTED),
        ("Sat, 21 Nov 2026 23:50:00 GMT", NOT_LISTED),
        ("Sat, 28 Nov 2026 08:00:00 GMT", LISTED),  # the date of an issue to come
        ("Tue, 01 Dec 2026 08:00:00 GMT", NOT_LISTED),
        ("2026-11-24", LISTED),
        ("", NOT_LISTED),
        ("last week", NOT_LISTED),
    ],
)
def test_on_the_first_fetch_only_what_is_dated_within_three_days_is_new(site, date, listing):
    answer, _ = fetched(site, item(pubDate=date))

    (record,) = answer.records
    assert record.listing == listing
    assert answer.left_out.get(KNOWN, 0) == (listing == NOT_LISTED)


def test_afterward_what_was_not_there_before_is_new_whatever_its_date(site):
    _, state = fetched(site, item(1), item(2, pubDate=""))

    answer, _ = fetched(site, item(1), item(2, pubDate=""), item(3, pubDate=""), state=state)

    assert [record.listing for record in answer.records] == [NOT_LISTED, NOT_LISTED, NEW_TO_SOURCE]


def test_an_article_that_returns_with_its_issue_is_known(site):
    _, state = fetched(site, item(1))
    _, state = fetched(site, item(2), state=state)  # it is gone for a while
    again = item(1, guid="vol-9-issue-2-7", link="https://j.example.org/toc/9/2#7",
                 prism_number="2")  # fmt: skip
    answer, _ = fetched(site, again, state=state)

    (record,) = answer.records
    assert record.listing == NOT_LISTED


def test_a_preprint_that_returns_in_a_new_version_is_known(site):
    _, state = fetched(site, item(1, prism_doi="10.26434/chemrxiv.15/v1", link="", guid=""))
    second = item(1, prism_doi="10.26434/chemrxiv.15/v2", link="", guid="")
    answer, _ = fetched(site, second, state=state)

    (record,) = answer.records
    assert (record.listing, record.version) == (NOT_LISTED, 2)


def test_an_article_that_gets_its_doi_later_is_known(site):
    early = item(1, prism_doi="", link="https://j.example.org/pii/S0968089626002385?dgcid=rss")
    _, state = fetched(site, early)
    late = item(1, link="https://j.example.org/pii/S0968089626002385")
    answer, _ = fetched(site, late, state=state)

    (record,) = answer.records
    assert record.identifier == "doi:10.5555/b.1"
    assert record.listing == NOT_LISTED


def test_recorded_days_of_nature_list_each_paper_once(shared, site):
    folder = shared / "data/sources/feeds"
    state, listed = None, []
    for day in (15, 16, 17, 18):
        body = (folder / f"nature_rss1_2024-07-{day}.rdf").read_bytes()
        serve(site, body)
        one = row(site, state, dt.datetime(2024, 7, day, 12, tzinfo=dt.UTC))
        answer = one.fetch(dt.date(2024, 7, day))
        state = one.state
        new = [one.identifier for one in answer.records if one.listing != NOT_LISTED]
        listed.append(new)
        assert answer.left_out["left out by doi:10.1038/d41586-*"] > 30
        assert answer.left_out[NOTICE] > 3
    everything = [name for day_of in listed for name in day_of]

    assert len(everything) == len(set(everything))
    assert [len(day_of) for day_of in listed] == [0, 1, 2, 24]
    assert all(name.startswith("doi:10.1038/s41586-") for name in everything)


def test_a_feed_of_another_address_begins_anew(site):
    _, state = fetched(site, item(1))
    serve(site, rss(item(1)), "/other")
    answer = row(site, state, path="/other").fetch(DAY)

    assert answer.records[0].listing == LISTED


def test_what_a_row_keeps_has_bounds(site, monkeypatch):
    monkeypatch.setattr(feed, "MOST_SEEN", 30)
    monkeypatch.setattr(feed, "MOST_ITEMS", 50)
    answer, state = fetched(site, *map(item, range(80)))

    assert len(answer.records) == 50
    assert len(state["seen"]) == 30


# --- Conditions ------------------------------------------------------------------------------


def test_a_feed_that_has_not_changed_is_not_sent_again(site):
    headers = {"ETag": '"v1"', "Last-Modified": "Wed, 25 Nov 2026 08:00:00 GMT"}
    serve(site, rss(item(1)), headers=headers)
    one = row(site)
    one.fetch(DAY)
    asked = []

    def handler(request: Request) -> Response:
        asked.append(dict(request.headers))
        return Response("", 304)

    site.clear()
    site.expect_request("/feed").respond_with_handler(handler)
    later = row(site, one.state, NOW + dt.timedelta(hours=1))
    answer = later.fetch(DAY)

    assert answer.records == ()
    assert asked[0]["If-None-Match"] == '"v1"'
    assert asked[0]["If-Modified-Since"] == "Wed, 25 Nov 2026 08:00:00 GMT"
    assert later.state["seen"] == one.state["seen"]


def test_after_other_rules_the_same_feed_is_read_again(site):
    serve(site, rss(item(1)), headers={"ETag": '"v1"'})
    one = row(site, skip=("title:batteries",))
    assert not one.fetch(DAY).records
    asked = []

    def handler(request: Request) -> Response:
        asked.append(dict(request.headers))
        return Response(rss(item(1)))

    site.clear()
    site.expect_request("/feed").respond_with_handler(handler)

    assert row(site, one.state, skip=()).fetch(DAY).records[0].listing == NEW_TO_SOURCE
    assert "If-None-Match" not in asked[0]


@pytest.mark.parametrize(
    ("body", "about"),
    [("", {"status": 500}), ("<html>no</html>", {}), ("", {}), ("<rss", {})],
)
def test_a_bad_day_leaves_what_is_known_as_it_was(site, body, about):
    _, state = fetched(site, item(1))
    serve(site, body, **about)
    one = row(site, state)
    with pytest.raises(FetchFailed):
        one.fetch(DAY)
    assert one.state["seen"] == state["seen"]

    answer, _ = fetched(site, item(1), item(2), state=state)
    assert [record.listing for record in answer.records] == [NOT_LISTED, NEW_TO_SOURCE]


# --- Rules of a row --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "fields", "why"),
    [
        ({}, {}, None),
        ({}, {"title": "Author Correction: Batteries"}, NOTICE),
        ({"skip_usual": False}, {"title": "Author Correction: Batteries"}, None),
        ({}, {"title": "Contents"}, "tables of contents, covers and the like"),
        ({}, {"title": "Obituary: Bob Brown"}, "tables of contents, covers and the like"),
        ({}, {"prism_section": "Editorial"}, "left out by type:editorial*"),
        ({}, {"prism_section": "News &amp; Views"}, "left out by type:news*"),
        ({}, {"prism_doi": "10.1038/d41586-024-1"}, "left out by doi:10.1038/d41586-*"),
        ({"skip": ()}, {"prism_section": "Editorial"}, None),
        ({"skip": ("batteries",)}, {}, "left out by title:*batteries*"),
        ({"skip": ("title:Batteries*",)}, {}, "left out by title:batteries*"),
        ({"skip": ("title:*sodium*",)}, {}, None),
        ({"skip": ("10.5555/*",)}, {}, "left out by doi:10.5555/*"),
        ({"take": ("doi:10.5555/*",)}, {}, None),
        ({"take": ("doi:10.1038/s41586-*",)}, {}, "of no doi that is taken"),
        ({"take": ("doi:10.1038/*", "doi:10.5555/*")}, {}, None),
        ({"take": ("doi:10.5555/*", "title:sodium")}, {}, "of no title that is taken"),
        ({"take": ("type:article*",)}, {"prism_section": "Articles"}, None),
        ({"take": ("type:article*",)}, {}, "of no type that is taken"),
    ],
)
def test_rules_keep_items_out_and_count_them(site, rules, fields, why):
    answer, _ = fetched(site, item(**fields), **rules)

    assert dict(answer.left_out) == ({why: 1} if why else {})
    assert len(answer.records) == (why is None)


@pytest.mark.parametrize("pattern", ["x" * 201, "doi:", "title:  "])
def test_a_pattern_that_is_none_is_refused(site, pattern):
    with pytest.raises(FetchFailed, match="isn't a pattern"):
        fetched(site, item(), skip=(pattern,))


@pytest.mark.parametrize(
    "pattern", ["*a" * 90 + "*", "?*" * 90, "[a-z]*" * 30, "*" * 190, "[" * 190, "(a+)+$"]
)
def test_a_hostile_pattern_costs_a_moment(site, pattern):
    with no_runaway():
        fetched(site, item(title="a" * 490), skip=(f"title:{pattern}",))


# --- An item ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "doi"),
    [
        ("10.1038/s41586-024-07811-4", "10.1038/s41586-024-07811-4"),
        ("doi:10.1101/286609", "10.1101/286609"),
        ("doi: 10.3390/Fluids9060120", "10.3390/fluids9060120"),
        ("http://dx.doi.org/10.1021/jacsau.6c01001", "10.1021/jacsau.6c01001"),
        ("https://doi.org/10.1002/(SICI)1097%3C2::AID%3E3.0.CO;2-T?x=1",
         "10.1002/(sici)1097<2::aid>3.0.co;2-t"),
        ("https://pubs.acs.org/doi/abs/10.1021/acs.1c2?af=R", "10.1021/acs.1c2"),
        ("https://chemrxiv.org/doi/full/10.26434/chemrxiv.15/v1?af=R", "10.26434/chemrxiv.15/v1"),
        ("https://pubs.rsc.org/cs/article/doi/10.1039/d6cs00442c/1293585/Sulfur-cathode",
         "10.1039/d6cs00442c"),
        ("https://onlinelibrary.wiley.com/doi/10.1002/adma.1?campaign=x", "10.1002/adma.1"),
        ("https://www.biorxiv.org/content/10.1101/2023.12.16.571984v1",
         "10.1101/2023.12.16.571984v1"),
        ("Nature, Published online: 2024-07-18; | doi:10.1038/s41586-1", "10.1038/s41586-1"),
        ("https://www.sciencedirect.com/science/article/pii/S0968089626002385", ""),
        ("hwp:resource-id:sci;356/6343/1134-a", ""),
        ("urn:rsc-latest:d6cs00442c", ""),
        ("https://example.org/10.5/x", ""),
        ("10.5", ""),
        ("http://[broken", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_doi_is_found_wherever_it_stands(said, doi):
    assert feed_names.doi_in(said) == doi


@pytest.mark.parametrize(
    ("guid", "link", "name"),
    [
        (
            "",
            "https://www.x.org/a/?utm_source=rss&id=7&dgcid=rss_sd_all#top",
            "https://www.x.org/a?id=7",
        ),
        ("https://x.org/a#item5", "https://x.org/a", "https://x.org/a#item5"),
        ("http://x.org:8080/a/", "", "http://x.org:8080/a"),
        ("urn:elsevier-latest:s09", "https://x.org/a", "https://x.org/a"),
        ("urn:elsevier-latest:s09", "", "urn:elsevier-latest:s09"),
        ("tag:x.org,2026:7", "", "tag:x.org,2026:7"),
        ("7", "https://x.org/a", "https://x.org/a"),
        ("7", "", "j.example.org/7"),
        ("", "", ""),
        ("", "javascript:alert(1)", ""),
        ("x" * 500, "", ""),
        ("", "https://x.org/" + "x" * 500, ""),
    ],
)
def test_an_item_without_a_doi_has_a_name_of_its_own(guid, link, name):
    assert feed_names.own_name(guid, link, "https://j.example.org/feed") == name


@pytest.mark.parametrize(
    ("creators", "names"),
    [
        (["Alice Adams", "Bob Brown"], ["Alice Adams", "Bob Brown"]),
        (["Kaur, M., Shukla, A., O'Connell, R. J."], ["M. Kaur", "A. Shukla", "R. J. O'Connell"]),
        (["Banerjee, A."], ["A. Banerjee"]),
        (["Adams, Alice"], ["Alice Adams"]),
        (["Adams, Alice", "Brown, Bob"], ["Alice Adams", "Bob Brown"]),
        (["Adams, Alice; Brown, Bob"], ["Alice Adams", "Bob Brown"]),
        (["Alice Adams, Bob Brown and Charlie Clark"],
         ["Alice Adams", "Bob Brown", "Charlie Clark"]),
        (["A.T. Rohtua, A. Auth, B. Autho"], ["A.T. Rohtua", "A. Auth", "B. Autho"]),
        (["Martin King, Jr., Bob Brown"], ["Martin King Jr.", "Bob Brown"]),
        (["alice@example.org (Alice Adams)"], ["Alice Adams"]),
        (["alice@example.org", "et al."], []),
        (["", "  ", "Alice Adams"], ["Alice Adams"]),
        ([], []),
    ],
)  # fmt: skip
def test_authors_are_told_apart(creators, names):
    assert [author.name for author in feed_names.authors_in(creators)] == names


def test_authors_whose_names_are_parted_keep_the_parts():
    (author, _) = feed_names.authors_in(["Kaur, M., Shukla, A."])

    assert (author.family, author.given) == ("Kaur", "M.")


@pytest.mark.parametrize(
    ("name", "count", "first"),
    [
        ("biorxiv_all_2018.rdf", 30,
         ("doi:10.1101/286609", "V. G. Kumar", "2018-03-23", "preprint")),
        ("biorxiv_rss1_small.rdf", 1,
         ("doi:10.1101/2023.12.16.571984", "N. LAPALU", "2023-12-16", "preprint")),
        ("zotero_feedArticleMetadata.rss", 1,
         ("doi:10.3390/fluids9060120", "Jaan H. Pu", "2024-05-22", "article")),
        ("zotero_feed.atom", 1, ("doi:10.12345/example", "Author1 A. T. Rohtua", "2016-02-15",
                                 "article")),
        ("nature_rss1_2024-07-18.rdf", 71,
         ("doi:10.1038/s41586-024-07811-4", "Gabriel J. Lovinger", "2024-07-18", "article")),
        ("mirror_bioorg_med_chem.xml", 37,
         ("feed:https://www.sciencedirect.com/science/article/pii/S0968089626002385",
          "Tomohiro Tsutsumi", "2026-08-22", "article")),
        ("mirror_jacs_au.xml", 99, ("doi:10.1021/jacsau.6c01001", None, "2026-08-21", "article")),
        ("mirror_chem_soc_rev.xml", 18, ("doi:10.1039/d6cs00442c", None, "2026-08-20", "article")),
        ("mirror_chemrxiv.xml", 111,
         ("doi:10.26434/chemrxiv.15007735/v1", None, "2026-08-21", "preprint")),
        ("mirror_chemistry_views.xml", 33,
         ("feed:https://www.chemistryviews.org?p=105159", None, "2026-07-29", "other")),
        ("rss1_prism.rdf", 69,
         ("feed:http://science.sciencemag.org/cgi/content/short/356/6343/1134-a", "P. J. Hines",
          "2017-06-15", "other")),
        ("blog_bair_blog.xml", 3, ("feed:http://bair.berkeley.edu/blog/2026/04/20/grasp", None,
                                   "2026-04-20", "other")),
        ("blog_gradient_blog.xml", 3, (None, "Peli Grietzer", "2026-02-18", "other")),
        ("zotero_feedRichText.rss", 3, (None, None, "2003-06-03", "other")),
    ],
)  # fmt: skip
def test_recorded_feeds(shared, site, name, count, first):
    serve(site, (shared / "data/sources/feeds" / name).read_bytes())

    answer = row(site, skip=()).fetch(DAY)

    assert len(answer.records) == count
    assert not answer.problems
    record = answer.records[0]
    author = record.authors[0].name if record.authors else None
    said = (record.identifier, author, str(record.published_on), record.kind)
    assert said[1:] == first[1:]
    assert first[0] in (None, said[0])
    for one in answer.records:
        assert one.title
        assert "<" not in one.title.replace("< ", "")
        assert "</" not in one.abstract
        assert not one.abstract.startswith(("Nature, Published", "Publication date"))


def test_mdpi_says_the_license_and_puts_the_volume_before_the_title(shared, site):
    path = shared / "data/sources/feeds/zotero_feedArticleMetadata.rss"
    serve(site, path.read_bytes())

    (record,) = row(site, skip=()).fetch(DAY).records

    assert record.title.startswith("Environmental Hydraulics")
    assert record.license == "cc-by"
    assert record.venue == "Fluids"
    assert record.free_url == "https://www.mdpi.com/2311-5521/9/6/120"
    assert len(record.authors) == 3


def test_an_abstract_that_only_says_the_title_is_none(site):
    answer, _ = fetched(site, item(description="Batteries that last, part 1."))

    assert answer.records[0].abstract == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"prism_doi": "", "link": "", "guid": ""},
    ],
)
def test_an_item_that_is_none_costs_only_itself(site, fields):
    answer, _ = fetched(site, item(1, **fields), item(2))

    assert [record.identifier for record in answer.records] == ["doi:10.5555/b.2"]
    assert len(answer.problems) == 1


# --- Bad days --------------------------------------------------------------------------------

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>'
    f"{rss(item(title='&lol2;')).partition('?>')[2]}"
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "an empty document"),
        (b"  \n ", "an empty document"),
        (b"<html><body>Are you a robot?</body></html>", "a web page instead of a feed"),
        (b"<!DOCTYPE html><html></html>", "a web page instead of a feed"),
        (b"<?xml version='1.0'?><html xmlns='x'></html>", "a web page instead of a feed"),
        (BOMB.encode(), "a document type"),
        (BOMB.encode("utf-16"), "a document type"),
        (BOMB.replace("<!DOCTYPE", "<!-- x --> <!doctype").encode(), "a document type"),
        (b'{"items": []}', "something other than a feed"),
        (b"\x00\x01\x02", "something other than a feed"),
        (b"<opml><body/></opml>", "XML that isn't a feed"),
        (rss(item(1), item(2)).encode()[:-30], "was cut off in the middle"),
        (rss(item(1), item(2)).encode()[:500], "was cut off in the middle"),
    ],
)
def test_what_is_no_whole_feed_costs_that_fetch_alone(site, body, said):
    serve(site, body)

    with pytest.raises(FetchFailed, match=said):
        row(site).fetch(DAY)


def test_a_recorded_web_page_is_no_feed(shared, site):
    serve(site, (shared / "data/sources/feeds/html_instead_of_feed.html").read_bytes())

    with pytest.raises(FetchFailed, match="a web page"):
        row(site).fetch(DAY)


def test_a_feed_without_items_is_noted(site):
    answer, state = fetched(site)

    assert answer.records == ()
    assert "has no items" in answer.notes[0]
    assert state["good_at"]


def test_a_feed_with_a_slip_in_it_is_read(site):
    body = rss(item(1), item(2, title="Salt & water"))  # an ampersand that nobody escaped
    serve(site, body)

    assert len(row(site).fetch(DAY).records) == 2


def test_a_document_type_in_the_text_of_a_post_is_text(site):
    code = "<![CDATA[<p>Begin with &lt;!DOCTYPE html&gt; <!DOCTYPE x></p>]]>"
    answer, _ = fetched(site, item(1, description=code))

    assert "Begin with" in answer.records[0].abstract


@pytest.mark.parametrize("declares", [True, False])
def test_windows_1252_is_read(site, declares):
    body = rss(item(1, title="“Curly” quotes – and Müller"))
    body = body.replace("UTF-8", "windows-1252") if declares else body.partition("?>")[2]
    serve(
        site, body.encode("cp1252"), mimetype="application/rss+xml",
        headers={} if declares else {"Content-Type": "application/rss+xml; charset=windows-1252"},
    )  # fmt: skip

    assert row(site).fetch(DAY).records[0].title == "“Curly” quotes – and Müller"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "answers 404"),
        (403, "through Crossref, by its ISSN"),
        (410, "gone permanently"),
        (500, "answers 500"),
    ],
)
def test_a_refusal_says_what_to_do(site, status, said):
    serve(site, "", status=status)

    with pytest.raises(FetchFailed, match=said):
        row(site).fetch(DAY)


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_wants_to_be_left_alone_says_for_how_long(site, status):
    serve(site, "", status=status, headers={"Retry-After": "7200"})

    with pytest.raises(http.Busy, match=str(status)) as caught:
        row(site).fetch(DAY)
    assert caught.value.wait == 7200


def test_a_feed_that_moved_for_good_is_asked_there_after_three_fetches(site):
    state = None
    for number in (1, 2, 3):
        site.clear()
        site.expect_request("/feed").respond_with_response(
            Response("", 301, headers={"Location": "/new"})
        )
        site.expect_request("/new").respond_with_data(rss(item(1)))
        one = row(site, state)
        answer = one.fetch(DAY)
        state = one.state
        assert bool(answer.notes) == (number == 3)
    site.clear()
    site.expect_request("/new").respond_with_data(rss(item(1), item(2)))
    answer = row(site, state).fetch(DAY)

    assert [record.listing for record in answer.records] == [NOT_LISTED, NEW_TO_SOURCE]


def test_a_move_counts_although_nothing_has_changed_since(site):
    state: dict[str, Any] | None = None
    for status in (200, 304, 304):
        site.clear()
        site.expect_request("/feed").respond_with_response(
            Response("", 308, headers={"Location": "/new"})
        )
        answer = Response(rss(item(1)) if status == 200 else "", status, headers={"ETag": '"1"'})
        site.expect_request("/new").respond_with_response(answer)
        one = row(site, state)
        one.fetch(DAY)
        state = one.state

    assert state
    assert state["moved_to"] == site.url_for("/new")


@pytest.mark.parametrize(("old", "is_back"), [(200, True), (404, False)])
def test_a_feed_that_is_no_longer_where_it_moved_is_looked_for_where_it_was(site, old, is_back):
    state = {"address": site.url_for("/feed"), "moved_to": site.url_for("/new"), "seen": []}
    site.expect_request("/new").respond_with_data("gone", status=404)
    site.expect_request("/feed").respond_with_data(rss(item(1)), status=old)
    one = row(site, state)
    if not is_back:
        with pytest.raises(FetchFailed, match="/new"):
            one.fetch(DAY)
        return
    assert len(one.fetch(DAY).records) == 1
    assert "moved_to" not in one.state


def test_a_feed_that_is_sent_on_for_now_is_asked_where_it_was(site):
    state = None
    for _ in range(4):
        site.clear()
        site.expect_request("/feed").respond_with_response(
            Response("", 302, headers={"Location": "/new"})
        )
        site.expect_request("/new").respond_with_data(rss(item(1)))
        one = row(site, state)
        one.fetch(DAY)
        state = one.state

    assert state
    assert "moved_to" not in state


def test_a_gzip_bomb_costs_that_fetch_alone(site, monkeypatch):
    monkeypatch.setattr(feed, "MOST_BYTES", 100_000)
    body = gzip.compress(rss(item(1)).encode() + b" " * 5_000_000)
    serve(site, body, headers={"Content-Encoding": "gzip"})

    with pytest.raises(FetchFailed, match="more than 100,000 bytes"):
        row(site).fetch(DAY)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_name_without_an_end_costs_a_moment(encoding):
    """feedparser looks for addresses in names, for minutes where one is long enough."""
    text = f"<?xml version='1.0' encoding='{encoding}'?>" + rss(item(1)).partition("?>")[2].replace(
        "<guid", f"<author>{'9' * 300_000}@x</author><guid", 1
    )
    with no_runaway():
        found = feed.parsed(text.encode(encoding), "", "A feed")
    assert len(found.entries) == 1


def test_a_packed_feed_is_read(site):
    body = gzip.compress(rss(item(1)).encode())
    serve(site, body, headers={"Content-Encoding": "gzip"})

    assert len(row(site).fetch(DAY).records) == 1


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/x", "http://169.254.169.254/latest", "http://[::1]/x", "ftp://x.org/f"],
)
def test_a_feed_in_our_own_network_is_not_asked_for(site, address):
    with pytest.raises(FetchFailed):
        row(site, address=address).fetch(DAY)


def test_a_redirect_into_our_own_network_is_not_followed(site):
    serve(site, "", status=302, headers={"Location": "http://169.254.169.254/latest"})

    with pytest.raises(FetchFailed, match="not public"):
        row(site).fetch(DAY)
