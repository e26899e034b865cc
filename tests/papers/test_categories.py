"""Categories carry a scheme, and one category has one spelling."""

import pytest

from papers.categories import canonical, fault


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("cs.CL", "arxiv:cs.CL"),
        ("arxiv:cs.CL", "arxiv:cs.CL"),
        ("hep-th", "arxiv:hep-th"),
        ("BioRxiv:Developmental-Biology", "biorxiv:developmental biology"),
        ("biorxiv:developmental_biology", "biorxiv:developmental biology"),
        ("issn:1476-468x", "issn:1476-468X"),
        ("  arxiv: q-bio.NC ", "arxiv:q-bio.NC"),
        ("Plant science", "Plant science"),
    ],
)
def test_one_category_has_one_spelling(written: str, meant: str) -> None:
    assert canonical(written) == meant
    assert canonical(meant) == meant


@pytest.mark.parametrize("written", ["cs.CL", "arxiv:hep-th", "medrxiv:oncology", "issn:0028-0836"])
def test_a_category_with_a_known_form_has_no_fault(written: str) -> None:
    assert fault(written) == ""


@pytest.mark.parametrize("written", ["Plant science", "issn:12", "biorxiv:", ":x", "a b:c", "é:x"])
def test_what_is_no_category_gets_a_sentence(written: str) -> None:
    assert fault(written).startswith("“")
