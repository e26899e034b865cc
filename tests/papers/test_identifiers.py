"""Identifiers: one spelling for one work."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.identifiers import UnknownIdentifier, arxiv_id, identifier


@pytest.mark.parametrize(
    "text",
    [
        "2605.13779",
        "2605.13779v1",
        "2605.13779V12",
        " 2605.13779\n",
        "arXiv:2605.13779v2",
        "arxiv: 2605.13779",
        "https://arxiv.org/abs/2605.13779",
        "http://www.arxiv.org/abs/2605.13779v3",
        "https://arxiv.org/pdf/2605.13779v3.pdf",
        "https://arxiv.org/pdf/2605.13779?download=1",
        "https://export.arxiv.org/abs/2605.13779#comments",
        "https://arxiv.org/html/2605.13779v1",
        "https://huggingface.co/papers/2605.13779",
        "https://alphaxiv.org/abs/2605.13779",
        "10.48550/arXiv.2605.13779",
        "doi:10.48550/arXiv.2605.13779",
        "https://doi.org/10.48550/arXiv.2605.13779",
        "oai:arXiv.org:2605.13779",
    ],
)
def test_every_way_to_name_a_paper_is_the_same_paper_without_a_version(text):
    assert identifier(text) == "arxiv:2605.13779"


@pytest.mark.parametrize(
    ("text", "known_as"),
    [
        ("astro-ph/0601001", "astro-ph/0601001"),
        ("astro-ph/0601001v2", "astro-ph/0601001"),
        ("math.GT/0309136", "math.GT/0309136"),
        ("MATH.gt/0309136", "math.GT/0309136"),
        ("https://arxiv.org/abs/hep-th/9901001v3", "hep-th/9901001"),
        ("0704.0001", "0704.0001"),
        ("1501.00001", "1501.00001"),
    ],
)
def test_old_and_short_identifiers_are_known_too(text, known_as):
    assert arxiv_id(text) == known_as


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "2605",
        "2605.123",
        "2613.12345",  # there is no month 13
        "2605.1234567",
        "astro-ph/0613001",
        "https://example.org/abs/2605.13779",
        "2605.13779 2605.13780",
        "javascript:2605.13779",
        "2605.13779/../x",
        "x" * 10_000,
    ],
)
def test_what_names_no_paper_is_refused_in_a_sentence(text):
    with pytest.raises(UnknownIdentifier, match="is not an arXiv identifier"):
        identifier(text)


@given(st.text(max_size=400))
def test_any_text_is_an_identifier_or_refused(text):
    try:
        name = arxiv_id(text)
    except UnknownIdentifier:
        return
    assert arxiv_id(name) == name


@given(st.integers(7, 99), st.integers(1, 12), st.integers(0, 99_999), st.integers(1, 40))
def test_versions_never_make_another_paper(year, month, number, version):
    bare = f"{year:02}{month:02}.{number:05}"
    assert identifier(f"{bare}v{version}") == identifier(bare) == f"arxiv:{bare}"
