"""What a name tells: the family name, and whether it is a group's."""

import pytest

from papers.text.person_names import is_group_name, parts_of


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


@pytest.mark.parametrize(
    ("name", "is_group"),
    [
        ("The ATLAS Collaboration", True),
        ("Biomarkers and Imaging Study Group", True),
        ("Big Science Consortium", True),
        ("Alice Adams", False),
        ("Group", False),
        ("", False),
    ],
)
def test_a_group_is_told_by_its_words(name, is_group):
    assert is_group_name(name) == is_group
