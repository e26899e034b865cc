"""The compiler is given nothing that could harm it, and what it makes is checked."""

import pytest

from subscriptions.notices.mjml import MOST_DEPTH, RenderingFailed, check_links, compile_mjml, depth


def document(body: str) -> str:
    text = f"<mj-section><mj-column><mj-text>{body}</mj-text></mj-column></mj-section>"
    return f"<mjml><mj-body>{text}</mj-body></mjml>"


def test_document_loads_no_font_from_anywhere():
    html = compile_mjml(document("Hello").replace("<mj-text>", '<mj-text font-family="Roboto">'))
    assert "Hello" in html
    assert "http" not in html.replace("http-equiv", "").replace("http://www.w3.org/", "")


@pytest.mark.parametrize(
    "source",
    ["", "no markup", "<mjml><mj-body>", document("a\x00b"), document("</mj-text>"), "<p>x</p>"],
)
def test_what_does_not_compile_says_so(source):
    with pytest.raises(RenderingFailed, match="MJML"):
        compile_mjml(source)


def test_deep_nesting_is_refused_before_the_compiler_sees_it():
    levels = MOST_DEPTH - depth(document(""))
    compile_mjml(document("<b>" * levels + "x" + "</b>" * levels))
    with pytest.raises(RenderingFailed, match="levels deep"):
        compile_mjml(document("<b>" * 100_000 + "</b>" * 100_000))


@pytest.mark.parametrize(
    ("markup", "levels"),
    [
        ("", 0),
        ("<a><b></b><b></b></a>", 2),
        ("<br><br/><hr><img src='x'><a/>", 0),
        ('<a title="<b><b><b>"></a>', 1),
        ("1 < 2 > 1", 0),
    ],
)
def test_depth_counts_open_elements(markup, levels):
    assert depth(markup) == levels


@pytest.mark.parametrize(
    "address",
    ["https://example.org/?a=1&b=2", "http://127.0.0.1:8000/", "mailto:a@example.org?subject=x"],
)
def test_absolute_addresses_are_links(address):
    check_links(f'<a href="{address.replace("&", "&amp;")}">x</a>')


def test_picture_with_an_address_a_size_and_a_text_may_be_loaded():
    check_links('<img src="https://example.org/x.png?a=1&amp;b=2" alt="" width="1" height="1">')


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="/x">x</a>',
        '<a href="">x</a>',
        "<a href>x</a>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="mailto:nobody">x</a>',
        '<a href="https://exa mple.org">x</a>',
        '<img src="https://example.org/x.png" width="1" height="1">',
        '<img src="https://example.org/x.png" alt="" height="1">',
        '<img src="/x.png" alt="" width="1" height="1">',
        '<img alt="" width="1" height="1">',
        '<img src="https://a.org/1" srcset="https://b.org/1" alt="" width="1" height="1">',
        '<link rel="stylesheet" href="https://example.org/x.css">',
        '<table background="https://example.org/x.png">',
        '<form action="https://example.org/">',
    ],
)
def test_anything_else_is_refused(markup):
    with pytest.raises(RenderingFailed):
        check_links(markup)
