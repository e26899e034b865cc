"""Authors printed as one string: who is told apart, who is a group, and that nobody is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.sources import author_strings


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("Alice Adams", ["Alice Adams"]),
        ("Alice Adams, Bob Brown", ["Alice Adams", "Bob Brown"]),
        ("Alice Adams and Bob Brown", ["Alice Adams", "Bob Brown"]),
        ("A. Adams, B. Brown and C. Cole", ["A. Adams", "B. Brown", "C. Cole"]),
        ("A. Adams, B. Brown, and C. Cole", ["A. Adams", "B. Brown", "C. Cole"]),
        ("A. Adams; B. Brown", ["A. Adams", "B. Brown"]),
        ("Andy Anderson and Sandy Brand", ["Andy Anderson", "Sandy Brand"]),
        ("A. Adams, Jr., B. Brown", ["A. Adams, Jr.", "B. Brown"]),
        ("Bob Brown, III", ["Bob Brown, III"]),
        ("A. Adams, et al.", ["A. Adams"]),
        ("Alice Adams (University of A, B and C), Bob Brown", ["Alice Adams", "Bob Brown"]),
        ("Alice Adams, Bob Brown (for the X Collaboration)", None),
        ("Alice Adams, Bob Brown (X collaboration)", None),
        ("Alice Adams, Bob Brown for the X Collaboration", None),
        ("Alice Adams, Bob Brown on behalf of the X Collaboration", None),
        ("Alice Adams (broken, Bob Brown", ["Alice Adams broken", "Bob Brown"]),
    ],
)
def test_arxiv_prints_names_between_commas(text, names):
    found = author_strings.arxiv(text)

    if names is None:
        assert [one.name for one in found][:2] == ["Alice Adams", "Bob Brown"]
        group = found[2]
        assert group.name.lower() == "x collaboration"
        assert group.is_group
        assert len(found) == 3
    else:
        assert [one.name for one in found] == names
        assert not any(one.is_group for one in found)


def test_a_collaboration_is_an_author_of_its_own():
    found = author_strings.arxiv("The ATLAS Collaboration, G. Aad, B. Abbott")

    assert [(one.name, one.is_group) for one in found] == [
        ("ATLAS Collaboration", True),
        ("G. Aad", False),
        ("B. Abbott", False),
    ]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (
            "Alice Adams (1), Bob Brown (1 and 2) ((1) Uni A, (2) Institute B, Town)",
            [["Uni A"], ["Uni A", "Institute B, Town"]],
        ),
        ("Alice Adams (Uni A), Bob Brown", [["Uni A"], []]),
        ("Alice Adams (1), Bob Brown (2)", [[], []]),
    ],
)
def test_brackets_hold_affiliations_or_point_to_them(text, places):
    found = author_strings.arxiv(text)

    assert [one.name for one in found] == ["Alice Adams", "Bob Brown"]
    assert [[place.name for place in one.affiliations] for one in found] == places


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Adams, A. B.", [("A. B. Adams", "Adams", "A. B.")]),
        (
            "van der Berg, C.; de la Cruz, D.",
            [("C. van der Berg", "van der Berg", "C."), ("D. de la Cruz", "de la Cruz", "D.")],
        ),
        ("Lin, P.-A.; ", [("P.-A. Lin", "Lin", "P.-A.")]),
        ("Plato", [("Plato", "", "")]),
        ("", []),
        (" ; ;", []),
    ],
)
def test_biorxiv_prints_the_family_first(text, parts):
    found = author_strings.family_first(text)
    assert [(one.name, one.family, one.given) for one in found] == parts


@pytest.mark.parametrize(
    "name", ["The X Consortium", "Y Study Group", "Regeneron Genetics Center of Many Things"]
)
def test_a_group_has_no_comma(name):
    first, group = author_strings.family_first(f"Adams, A.; {name}")
    assert not first.is_group
    assert group.is_group
    assert group.name == name.removeprefix("The ")


def test_a_thousand_authors_are_all_kept():
    text = ", ".join(f"Author Number{number}" for number in range(1_014))
    assert len(author_strings.arxiv(text)) == 1_014
    text = "; ".join(f"Number{number}, A." for number in range(1_014))
    assert len(author_strings.family_first(text)) == 1_014


@given(st.text(max_size=300))
def test_any_text_gives_names_and_no_error(text):
    for split in (author_strings.arxiv, author_strings.family_first):
        assert all(one.name for one in split(text))


@given(st.lists(st.text("abcdefg. ", min_size=2, max_size=12), min_size=1, max_size=6))
def test_names_without_commas_are_all_found(names):
    wanted = [" ".join(name.split()) for name in names if name.strip(" .")]
    found = [one.name for one in author_strings.arxiv(", ".join(wanted))]
    assert found == wanted
