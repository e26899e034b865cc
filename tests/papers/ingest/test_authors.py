"""Papers by their authors, found by an index that is written with the papers."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from papers.ingest import authors, identity
from papers.ingest.records import store
from papers.models import Paper, PaperAuthor, Source
from papers.sources.record import Author, Draft
from tests.factories import DAY, NOW

pytestmark = pytest.mark.django_db

ORCID = "0000-0002-1825-0097"
ALICE = Author(name="Alice Ann Müller-Groß", family="Müller-Groß", given="Alice Ann", orcid=ORCID)


@pytest.fixture
def source() -> Source:
    return Source.objects.create(kind="feed", slug="feed", name="A feed")


def keep(source: Source, **papers: tuple[Author | str, ...]) -> dict[str, int]:
    """Store papers with these authors; their ids."""
    drafts = [
        Draft(id=f"doi:10.1234/{name}", title=f"What {name} says of a thing", authors=list(listed))
        for name, listed in papers.items()
    ]
    store([draft.clean() for draft in drafts], source, DAY, NOW)
    return {name: Paper.objects.get(identifier=f"doi:10.1234/{name.lower()}").pk for name in papers}


@pytest.mark.parametrize("spelling", [ORCID, f"https://orcid.org/{ORCID}/", "000000021825 0097"])
def test_an_author_is_found_by_orcid(source, spelling):
    pks = keep(source, one=(ALICE,), two=("Alice Ann Müller-Groß",))
    found = authors.papers_by(orcid=spelling.replace(" ", ""))
    assert found == {pks["one"]}


@pytest.mark.parametrize(
    ("family", "given", "found"),
    [
        ("Müller-Groß", "", "one two three"),
        ("MULLER-GROSS", "Alice", "one two three"),
        ("Müller-Groß", "A.", "one two three"),
        ("Müller-Groß", "Anna", "two three"),
        ("Müller-Groß", "Bob", "three"),
        ("Müller", "", ""),
        ("", "Alice", ""),
    ],
)
def test_an_author_is_found_by_family_name_and_what_is_known_of_the_given_one(
    source, family, given, found
):
    pks = keep(
        source,
        one=(ALICE, "Bob Brown"),
        two=(Author(name="A. Müller-Groß", family="Müller-Groß", given="A."),),
        three=(Author(name="Müller-Groß", family="Müller-Groß"),),
        four=("Charlie Clark",),
    )
    assert authors.papers_by(family=family, given=given) == {pks[name] for name in found.split()}


def test_authors_that_a_source_corrects_take_the_place_of_the_former(source):
    pks = keep(source, one=("Bob Brown",))
    keep(source, one=("Alice Adams", "Bob Braun"))
    assert authors.papers_by(family="Brown") == set()
    assert authors.papers_by(family="Braun") == {pks["one"]}
    assert authors.papers_by(family="Adams", among=[pks["one"]]) == {pks["one"]}
    assert authors.papers_by(family="Adams", among=[pks["one"] + 1]) == set()


def test_a_joined_paper_answers_for_its_alias(source):
    pks = keep(source, one=("Bob Brown",), two=("Bob Brown", ALICE))
    Paper.objects.filter(pk=pks["two"]).update(merged_into=pks["one"])
    assert authors.papers_by(orcid=ORCID) == {pks["one"]}
    assert authors.papers_by(orcid=ORCID, among=[pks["one"]]) == {pks["one"]}


def test_authors_that_an_editor_wrote_are_found(source):
    pks = keep(source, one=("Bob Brown",))
    identity.edit(pks["one"], {"authors": ["Charlie Clark"]})
    assert authors.papers_by(family="Clark") == {pks["one"]}
    assert authors.papers_by(family="Brown") == set()


def test_a_group_is_found_by_its_whole_name(source):
    group = Author(name="The ATLAS Collaboration", is_group=True)
    pks = keep(source, one=(group,))
    assert authors.papers_by(family="the ATLAS collaboration") == {pks["one"]}


def test_many_papers_are_indexed_in_as_few_statements_as_one(source):
    def statements(first: int, count: int) -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            keep_many(first, count)
        return sum("papers_paperauthor" in query["sql"] for query in asked)

    def keep_many(first: int, count: int) -> None:
        drafts = [
            Draft(id=f"doi:10.1234/{one}", title=f"Paper {one} of many", authors=[f"Bob B{one}"])
            for one in range(first, first + count)
        ]
        store([draft.clean() for draft in drafts], source, DAY, NOW)

    assert statements(0, 1) == statements(1, 40) == 2
    assert PaperAuthor.objects.count() == 41
    with CaptureQueriesContext(connection) as asked:
        keep_many(0, 41)
    assert not any("papers_paperauthor" in query["sql"] for query in asked)  # nothing changed


def test_looking_up_an_author_reads_the_index_and_no_json(source):
    keep(source, one=(ALICE,))
    paper = Paper.objects.get()
    others = (PaperAuthor(paper=paper, key=f"family:other {at}", given="a") for at in range(500))
    PaperAuthor.objects.bulk_create(others)
    with CaptureQueriesContext(connection) as asked:
        authors.papers_by(orcid=ORCID, family="Müller-Groß", given="Alice")
    (query,) = (one["sql"] for one in asked)
    assert "author_records" not in query
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # which a small table prefers
            cursor.execute(f"ANALYZE {PaperAuthor._meta.db_table}")
            cursor.execute("EXPLAIN " + query)
        else:
            cursor.execute("EXPLAIN QUERY PLAN " + query)
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert "paper_author_key" in plan, plan
    assert "SCAN papers_paperauthor" not in plan, plan
