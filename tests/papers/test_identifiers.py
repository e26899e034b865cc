"""Identifiers: one spelling for one work."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.identifiers import (
    MAX_LENGTH,
    SCHEMES,
    UnknownIdentifier,
    arxiv_id,
    identifier,
    in_link,
    page_of,
    pdf_of,
    rank_of,
)


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
    with pytest.raises(UnknownIdentifier, match="isn't an identifier we know"):
        identifier(text)


LONG_DOI = "10.1002/(SICI)1096-8644(199601)99:1<1::AID-AJPA1>3.0.CO;2-" + "x" * 300


@pytest.mark.parametrize(
    ("text", "known_as"),
    [
        ("10.1038/S41586-021-03819-2", "doi:10.1038/s41586-021-03819-2"),
        ("doi: 10.1038/s41586-021-03819-2 ", "doi:10.1038/s41586-021-03819-2"),
        ("https://doi.org/10.1038/s41586-021-03819-2", "doi:10.1038/s41586-021-03819-2"),
        ("http://dx.doi.org/10.1000/Q%23(A);b%3Fc", "doi:10.1000/q#(a);b?c"),
        ("https://doi.org/10.1000/abc?utm=x#top", "doi:10.1000/abc"),
        ("10.1000/a?b#c", "doi:10.1000/a?b#c"),
        ("10.1002.1/x//y", "doi:10.1002.1/x//y"),
        (LONG_DOI, f"doi:{LONG_DOI.lower()}"),
        ("DOI:10.48550/ARXIV.2605.13779", "arxiv:2605.13779"),
        ("10.1101/2024.04.01.587366v3", "doi:10.1101/2024.04.01.587366"),
        (
            "https://www.biorxiv.org/content/10.1101/2024.04.01.587366v2.full.pdf",
            "doi:10.1101/2024.04.01.587366",
        ),
        (
            "http://medrxiv.org/content/early/10.64898/2026.01.02.26300001v1?rss=1",
            "doi:10.64898/2026.01.02.26300001",
        ),
        ("10.1101/123456", "doi:10.1101/123456"),
        ("https://openreview.net/forum?id=Ab_c-12345&noteId=z", "openreview:Ab_c-12345"),
        ("openreview:Ab_c-12345", "openreview:Ab_c-12345"),
        ("PMID: 0123", "pubmed:123"),
        ("https://pubmed.ncbi.nlm.nih.gov/35112345/", "pubmed:35112345"),
        ("PMC123.1", "pmcid:PMC123"),
        ("pmc:77", "pmcid:PMC77"),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC9000001/", "pmcid:PMC9000001"),
        ("https://europepmc.org/article/PPR/PPR123", "europepmc:PPR123"),
        ("https://openalex.org/W42", "openalex:W42"),
        ("hf:2605.13779", "arxiv:2605.13779"),
        ("https://huggingface.co/papers/some-report", "hf:some-report"),
        ("feed:https://blog.example/p?id=1", "feed:https://blog.example/p?id=1"),
    ],
)
def test_other_schemes_are_known_in_one_spelling(text, known_as):
    assert identifier(text) == known_as == identifier(known_as)


@pytest.mark.parametrize(
    ("link", "known_as"),
    [
        (
            "https://www.science.org/doi/abs/10.1126/Science.abc1234?af=R",
            "doi:10.1126/science.abc1234",
        ),
        ("https://journals.example/doi/10.1000/x1/full", "doi:10.1000/x1"),
        (
            "https://www.frontiersin.org/articles/10.3389/fpls.2024.1/full",
            "doi:10.3389/fpls.2024.1",
        ),
        ("https://arxiv.org/abs/2605.13779v4", "arxiv:2605.13779"),
        ("https://blog.example/posts/10", ""),
        ("http://[broken/10.1000/x", ""),
    ],
)
def test_a_publishers_link_names_the_work_by_the_doi_in_it(link, known_as):
    assert in_link(link) == known_as


def test_a_feeds_long_name_is_a_digest_that_tells_names_apart():
    one, other = identifier("feed:" + "a" * 900), identifier("feed:" + "a" * 899 + "b")
    assert one != other
    assert max(len(one), len(other)) <= MAX_LENGTH
    assert identifier(one) == one


@pytest.mark.parametrize(
    "text", ["10.1000/" + "x" * 500, "doi:10.1000/a b", "10.1000/a\x00", "10.1/x"]
)
def test_what_is_no_doi_or_too_long_is_refused(text):
    with pytest.raises(UnknownIdentifier):
        identifier(text)


@pytest.mark.parametrize(
    ("name", "page", "pdf"),
    [
        (
            "arxiv:2605.13779",
            "https://arxiv.org/abs/2605.13779",
            "https://arxiv.org/pdf/2605.13779",
        ),
        ("doi:10.1000/q#<a>;b?c", "https://doi.org/10.1000/q%23%3Ca%3E;b%3Fc", ""),
        (
            "openreview:Ab_c",
            "https://openreview.net/forum?id=Ab_c",
            "https://openreview.net/pdf?id=Ab_c",
        ),
        ("pubmed:1", "https://pubmed.ncbi.nlm.nih.gov/1/", ""),
        ("feed:https://blog.example/1", "https://blog.example/1", ""),
        ("feed:tag:blog,2026:1", "", ""),
        ("nobody:1", "", ""),
    ],
)
def test_a_name_tells_where_the_work_is_read(name, page, pdf):
    assert (page_of(name), pdf_of(name)) == (page, pdf)


def test_the_main_name_of_a_work_is_the_preprints():
    names = ["doi:10.1038/s1", "pubmed:1", "doi:10.1101/2024.04.01.587366", "arxiv:2605.13779"]
    assert sorted(names, key=rank_of) == [names[3], names[2], names[0], names[1]]


@given(st.sampled_from(sorted(SCHEMES)), st.text(min_size=1, max_size=300))
def test_what_is_an_identifier_is_its_own_spelling(scheme, text):
    try:
        name = identifier(f"{scheme}:{text}")
    except UnknownIdentifier:
        return
    assert identifier(name) == name
    assert len(name) <= MAX_LENGTH


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
