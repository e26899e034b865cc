"""Whether a printed author is the one that is followed, by name, by ids and by what is beside."""

import pytest

from papers.matching.interests.day_index import DayPaper, person_of
from papers.sources.record import Affiliation, Author
from papers.text.same_person import (
    Person,
    Surroundings,
    Verdict,
    compare,
    keys_of,
    orcid_key,
    probes_of,
)

YES, NO, MAYBE = Verdict.YES, Verdict.NO, Verdict.MAYBE

ALONE = [
    ("Yann LeCun", "Y. LeCun", MAYBE),
    ("Yann LeCun", "Yann Le Cun", YES),
    ("Yann LeCun", "Yves LeCun", NO),
    ("Jürgen Müller", "Mueller J", MAYBE),
    ("Jürgen Müller", "Jurgen Muller", YES),
    ("Jürgen Müller", "Juergen Mueller", YES),
    ("Ludwig van der Berg", "Berg, Ludwig", YES),
    ("Ludwig van der Berg", "Ludwig Vanderberg", YES),
    ("John Smith Jr.", "John Smith", NO),
    ("John Smith Jr.", "John Smith, Jr", YES),
    ("John Smith Jr.", "John Smith III", NO),
    ("John A. Smith", "John B. Smith", NO),
    ("John A. Smith", "John Smith", YES),
    ("John A. Smith", "Smith JA", MAYBE),
    ("John Smith", "James Smith", NO),
    ("John Smith", "Smith", NO),
    ("John Smith", "SMITH John", YES),
    ("John Smith", "John Smith, PhD", YES),
    ("Jean-Pierre Serre", "J.-P. Serre", MAYBE),
    ("Jean-Pierre Serre", "Jean Pierre Serre", YES),
    ("Jean-Pierre Serre", "Jean Serre", MAYBE),
    ("J. Robert Oppenheimer", "Robert Oppenheimer", YES),
    ("Christopher Manning", "Chris Manning", MAYBE),
    ("Pat O'Brien", "Pat OBrien", YES),
    ("Gabriel García Márquez", "Gabriel García", MAYBE),
    ("John Smith", "Smith John", YES),  # hardly the family of John
    ("Ana Costa", "Costa Ana", MAYBE),
    ("Thomas Martin", "Martin Thomas", MAYBE),
    ("Mohammad Rahman", "Md. Rahman", YES),
    ("Md Tanvir Hasan", "Mohammed Tanvir Hasan", YES),
    ("Md. Tanvir Hasan", "Tanvir Hasan", YES),
    ("Md Tanvir Hasan", "Md Shakil Hasan", NO),
    ("John Smith, MD", "John Smith", YES),
    ("Mohammad Aflah Khan", "Mohammad Emtiyaz Khan", NO),
    ("Wei Zhang", "Zhang Wei", MAYBE),  # both words are family names
    ("Xiaoming Li", "Li Xiao-Ming", YES),
    ("Xiaoming Li", "Xiao Ming Li", YES),
    ("Xiaoming Li", "X.-M. Li", MAYBE),
    ("Xiaoming Li", "X. Y. Li", NO),
    ("Wei Zhang", "Wei-Min Zhang", NO),
    ("Yang Liu", "Liu Yang", MAYBE),
    ("张伟", "Xia Zhang", NO),
    ("张伟", "Wei Zhang", MAYBE),
    ("张伟", "Wei Zhang (张伟)", YES),
    ("Wei Zhang (张伟)", "Wei Zhang (张薇薇)", NO),
    ("김민준", "Minjun Kim", MAYBE),
    ("Kim Min-jun", "Min Jun Kim", YES),
    ("山田太郎", "山田 太郎", YES),
    ("Shin-ichi Ōno", "Shinichi Ohno", YES),
    ("Nguyen Van Anh", "Van Anh Nguyen", YES),
    ("Mohammed Al-Rashid", "Muhammad Alrashid", YES),
    ("Abd al-Rahman Said", "Abdelrahman Said", YES),
    ("Сергей Иванов", "Sergey Ivanov", YES),
    ("Aleksandr Ivanov", "Alexander Ivanov", YES),
    ("Yuri Ivanov", "Yu. Ivanov", MAYBE),
    ("ATLAS Collaboration", "The ATLAS Collaboration", YES),
    ("ATLAS Collaboration", "ATLAS and CMS Collaborations", YES),
    ("ATLAS Collaboration", "CMS Collaboration", NO),
    ("ATLAS Collaboration", "Alice Atlas", NO),
]


@pytest.mark.parametrize(("followed", "printed", "verdict"), ALONE)
def test_names_are_compared_as_names(followed, printed, verdict):
    one, other = Person(followed), Person(printed)
    assert compare(one, other) is verdict
    assert compare(other, one) is verdict
    if verdict is not NO:
        assert probes_of(one) & keys_of(other)
        assert probes_of(other) & keys_of(one)


ORCID, OTHER = "orcid:0000-0002-1825-0097", "orcid:0000-0001-5109-3700"


@pytest.mark.parametrize(
    ("followed", "printed", "verdict"),
    [
        ({ORCID}, {ORCID}, YES),
        ({ORCID}, {OTHER}, NO),
        ({ORCID}, set(), YES),
        ({"openreview:~Alice_Ash1"}, {"openreview:~Alice_Ash2"}, NO),
        ({"openalex:A1"}, {"openalex:A2"}, YES),
    ],
)
def test_ids_decide_where_both_have_one(followed, printed, verdict):
    one = Person("Alice Ash", ids=frozenset(followed))
    assert compare(one, Person("Alice Ash", ids=frozenset(printed))) is verdict


def test_an_equal_id_is_the_person_under_another_name():
    one = Person("Alice Ash", ids=frozenset({ORCID}))
    assert compare(one, Person("A. Birch", ids=frozenset({ORCID}))) is YES


def test_parted_names_are_taken_as_they_are():
    parted = Person("Wei Zhang", family="Zhang", given="Wei")
    assert compare(parted, Person("Zhang Wei", family="Zhang", given="Wei")) is YES
    assert compare(parted, Person("Zhang, Wei")) is YES
    assert compare(parted, Person("Zhang Wei", family="Wei", given="Zhang")) is NO


@pytest.mark.parametrize(
    ("followed", "printed", "known", "around", "verdict"),
    [
        ("Alice Ash", "A. Ash", {"coauthors": {"Bob Brown"}}, {"coauthors": {"B. Brown"}}, YES),
        ("Alice Ash", "A. Ash", {"coauthors": {"Bob Brown"}}, {"coauthors": {"C. Cole"}}, MAYBE),
        ("Alice Ash", "A. Ash", {"affiliations": {"CERN"}}, {"affiliations": {"Cern"}}, YES),
        ("Alice Ash", "A. Ash", {"categories": {"hep-th"}}, {"categories": {"hep-th"}}, YES),
        ("Wei Zhang", "W. Zhang", {"categories": {"cs.CL"}}, {"categories": {"cs.CL"}}, MAYBE),
        ("Wei Zhang", "W. Zhang", {"coauthors": {"Bob Li"}}, {"coauthors": {"Bob Li"}}, YES),
        ("Alice Ash", "Bea Ash", {"coauthors": {"Bob Li"}}, {"coauthors": {"Bob Li"}}, NO),
        ("Alice Ash", "Ash", {"coauthors": {"Bob Li"}}, {"coauthors": {"Bob Li"}}, MAYBE),
    ],
)
def test_initials_count_with_something_in_common(followed, printed, known, around, verdict):
    beside = [
        Surroundings(**{name: frozenset(values) for name, values in one.items()})
        for one in (known, around)
    ]
    found = compare(Person(followed), Person(printed), known=beside[0], around=beside[1])
    assert found is verdict


def test_an_author_of_a_record_is_compared_with_all_that_is_known_of_them():
    alice = Author(
        name="Alice Ash",
        orcid="https://orcid.org/0000-0002-1825-0097",
        ids=(("openreview", "~Alice_Ash1"),),
        affiliations=(Affiliation("CERN", "01ggx4157"),),
    )
    bob = Author(name="Bob Brown")
    assert person_of(alice).ids == {ORCID, "openreview:~Alice_Ash1"}
    paper = DayPaper(1, "A title", authors=(alice, bob), categories=("hep-th",))
    assert paper.around(0) == Surroundings(
        frozenset({"Bob Brown"}), frozenset({"arxiv:hep-th"}), frozenset({"CERN"})
    )


@pytest.mark.parametrize(
    "text",
    [
        "0000-0002-1825-009X",
        "https://orcid.org/0000-0002-1825-009x/",
        "0000 0002 1825 009x",
        " orcid:000000021825009X ",
    ],
)
def test_an_orcid_id_has_one_form(text):
    assert orcid_key(text) == "orcid:0000-0002-1825-009X"
    assert person_of(Author("Alice Ash", orcid=text)).ids == {"orcid:0000-0002-1825-009X"}
