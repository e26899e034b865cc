"""Authors printed as one string, split by the rules of how they are printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.text.person_names import parts_of, split


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("Alice Adams", ["Alice Adams"]),
        ("Alice Adams, Bob Brown", ["Alice Adams", "Bob Brown"]),
        ("Alice Adams, Bob Brown and Charlie Clark", ["Alice Adams", "Bob Brown", "Charlie Clark"]),
        (
            "Alice Adams, Bob Brown, and Charlie Clark",
            ["Alice Adams", "Bob Brown", "Charlie Clark"],
        ),
        ("Alice Adams & Bob Brown, et al.", ["Alice Adams", "Bob Brown"]),
        (
            "A. Adams, B. Brown (for the XENON Collaboration)",
            ["A. Adams", "B. Brown", "XENON Collaboration"],
        ),
        ("LHCb collaboration, R. Aaij", ["LHCb collaboration", "R. Aaij"]),
        ("The ATLAS Collaboration", ["ATLAS Collaboration"]),
        ("Alice Adams (1), Bob Brown (1, 2)", ["Alice Adams", "Bob Brown"]),
        ("Alice Adams (Uni A, City), Bob Brown (Uni B)", ["Alice Adams", "Bob Brown"]),
        ("Adams, A. B.; Brown, B.;", ["A. B. Adams", "B. Brown"]),
        ("Adams, Alice; van Beethoven, L.; Plato", ["Alice Adams", "L. van Beethoven", "Plato"]),
        ("Adams, A., Brown, B. C.", ["A. Adams", "B. C. Brown"]),
        ("Adams, Alice", ["Alice Adams"]),
        ("Martin King, Jr., Alice Adams", ["Martin King Jr.", "Alice Adams"]),
        (
            "Adams, A.; Biomarkers and Imaging Study Group; Brown, B.",
            ["A. Adams", "Biomarkers and Imaging Study Group", "B. Brown"],
        ),
        ("Alice Adams on behalf of the", ["Alice Adams on behalf of the"]),
    ],
)
def test_a_string_of_authors_is_split_into_names(text, names):
    assert [author.name for author in split(text)] == names


def test_parts_groups_and_affiliations_are_told():
    alice, group = split("Adams, Alice B. (Uni A); Big Science Consortium")
    assert (alice.family, alice.given, alice.affiliation) == ("Adams", "Alice B.", "Uni A")
    assert not alice.is_group
    assert group.is_group


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Alice B. Adams", ("Adams", "Alice B.")),
        ("Ludwig van Beethoven", ("van Beethoven", "Ludwig")),
        ("María de la Cruz", ("de la Cruz", "María")),
        ("Martin King Jr.", ("King", "Martin")),
        ("Adams, Alice", ("Adams", "Alice")),
        ("Plato", ("Plato", "")),
    ],
)
def test_the_family_name_is_guessed_where_nobody_says_it(name, parts):
    assert parts_of(name) == parts


@given(st.text(max_size=300))
def test_any_text_is_split_without_an_error(text):
    assert all(author.name for author in split(text))
