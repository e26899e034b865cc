"""OPML as feed readers export it."""

import pytest

from papers.sources.opml import BadOpml, Listed, read


def opml(*outlines: str) -> bytes:
    return f"<opml version='1.0'><body>{''.join(outlines)}</body></opml>".encode()


@pytest.mark.parametrize(
    ("name", "count", "problems", "first"),
    [
        ("nested_ai.opml", 4, 0, Listed("Chip Huyen", "https://huyenchip.com/feed")),
        ("science_one.opml", 1, 0,
         Listed("Science: Nature", "https://www.nature.com/nature.rss")),
        ("netnewswire_journals.opml", 30, 2,
         Listed("Acta Astronautica", "https://rss.sciencedirect.com/publication/science/00945765")),
        ("zotero_feeds.opml", 5, 0, Listed("A title 1", "http://example.com/feed1.rss")),
        ("ai_research_labs.opml", 12, 0, None),
    ],
)  # fmt: skip
def test_recorded_exports(shared, name, count, problems, first):
    found = read((shared / "data/sources/opml" / name).read_bytes())

    assert len(found.feeds) == count
    assert len(found.problems) == problems
    assert first in (None, found.feeds[0])
    assert len({feed.name.casefold() for feed in found.feeds}) == count


NESTED = (
    "<outline text='F'><outline text='G'><outline text='A' xmlUrl='https://a.example/f'/>"
    "</outline></outline>"
)


@pytest.mark.parametrize(
    ("outline", "feed"),
    [
        ("<outline text='A' xmlUrl='https://a.example/f'/>", ("A", "https://a.example/f")),
        ("<outline title='T' text='A' xmlUrl='http://a.example/f'/>", ("T", "http://a.example/f")),
        ("<outline text='A' url='https://a.example/f'/>", ("A", "https://a.example/f")),
        ("<outline text='A' XMLURL=' https://a.example/f '/>", ("A", "https://a.example/f")),
        ("<outline text='' xmlUrl='https://www.a.example/f'/>",
         ("a.example", "https://www.a.example/f")),
        ("<outline text='A' xmlUrl='feed://a.example/f'/>", ("A", "http://a.example/f")),
        ("<outline text='A' xmlUrl='feed:https://a.example/f'/>", ("A", "https://a.example/f")),
        (NESTED, ("A", "https://a.example/f")),
        ("<outline text='A &amp; B' xmlUrl='https://a.example/f?x=1&amp;y=2'/>",
         ("A & B", "https://a.example/f?x=1&y=2")),
    ],
)  # fmt: skip
def test_outlines_of_many_programs(outline, feed):
    found = read(opml(outline))

    assert found.feeds == (Listed(*feed),)
    assert not found.problems


@pytest.mark.parametrize(
    ("outlines", "said"),
    [
        (["<outline text='A' xmlUrl='javascript:alert(1)'/>"], "no web address"),
        (["<outline text='A' xmlUrl='https://'/>"], "no web address"),
        (["<outline text='A' xmlUrl='https://a:b@c.example/f'/>"], "no web address"),
        (["<outline text='A' type='rss'/>"], "has no address"),
        (["<outline text='A' xmlUrl='https://a.example/f'/>",
          "<outline text='B' xmlUrl='http://www.a.example/f/'/>"], "listed twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_outline_is_said(outlines, said):
    found = read(opml(*outlines))

    assert len(found.problems) == 1
    assert said in found.problems[0]


def test_two_feeds_of_one_name_get_two_names():
    found = read(opml(*[f"<outline text='N' xmlUrl='https://{n}.example/f'/>" for n in "abc"]))

    assert [feed.name for feed in found.feeds] == ["N", "N (2)", "N (3)"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "isn't XML"),
        (b"not xml", "isn't XML"),
        (b"<opml><body>", "isn't XML"),
        (b"<rss version='2.0'><channel/></rss>", "not OPML"),
        (b"<!DOCTYPE opml [<!ENTITY a 'b'>]><opml><body/></opml>", "document type"),
        (b"<?xml version='1.0'?><!DOCTYPE opml SYSTEM 'http://x.example/'><opml/>",
         "document type"),
        (b" " * 2_000_001, "larger than"),
    ],
)  # fmt: skip
def test_what_is_no_opml_is_refused(body, said):
    with pytest.raises(BadOpml, match=said):
        read(body)


def test_a_byte_order_mark_and_a_program_that_writes_utf_16_do_no_harm():
    text = (
        "<?xml version='1.0' encoding='{}'?><opml><body>"
        "<outline text='Ü' xmlUrl='https://a.example/f'/></body></opml>"
    )

    assert read(b"\xef\xbb\xbf" + text.format("utf-8").encode()).feeds[0].name == "Ü"
    assert read(text.format("utf-16").encode("utf-16")).feeds[0].name == "Ü"
