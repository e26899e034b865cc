"""Links that pass a paper on hold what they should and nothing more."""

from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from papers.pages.sharing import TITLE_LENGTH, share_links

ADDRESS = "https://papers.example.org/papers/arxiv/2606.00001/"


@given(st.text(max_size=600).filter(lambda text: text.isprintable()))
def test_every_link_is_whole_whatever_the_title(title):
    for name, url in share_links(title, ADDRESS):
        assert url.isascii()
        assert not set(url) & set(" \r\n\"<>'")
        if name == "Email":
            continue
        parts = urlsplit(url)
        assert parts.scheme == "https"
        assert parts.hostname
        values = [value for each in parse_qs(parts.query).values() for value in each]
        assert any(ADDRESS in value for value in values)
        assert all(len(value) <= TITLE_LENGTH + len(ADDRESS) + 1 for value in values)


def test_a_title_puts_no_header_into_the_mail():
    mail = dict(share_links("Nice\r\nBcc: all@example.org&cc=bob@example.org", ADDRESS))["Email"]
    parts = parse_qs(urlsplit(mail).query)
    assert set(parts) == {"subject", "body"}
    assert parts["subject"] == ["Nice Bcc: all@example.org&cc=bob@example.org"]
    assert parts["body"][0].endswith(ADDRESS)
