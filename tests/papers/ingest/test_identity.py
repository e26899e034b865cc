"""One work under many names: facts have owners, joins are borne out, and order does not matter."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import permutations

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from papers.cards import brief, card_of, unfolding, whole
from papers.ingest import identity
from papers.ingest.facts import FIELDS, Said, compose, folded_title
from papers.ingest.records import store
from papers.models import Feature, Join, Paper, PaperName, SourceRecord
from papers.rights import may_be_shown_in_full
from papers.sources.record import (
    HAS_PREPRINT,
    IS_IDENTICAL_TO,
    IS_PREPRINT_OF,
    IS_RETRACTION_OF,
    IS_REVIEW_OF,
    NEW_TO_SITE,
    NEW_TO_SOURCE,
    NOT_LISTED,
    Author,
    PaperRecord,
    Relation,
    people_of,
)
from tests.factories import DAY, NOW, make_paper, make_source

TITLE = "Grazing geese shape the plants of arctic salt marshes"
LONG = " ".join(f"Geese graze meadow number {n} and plants answer." for n in range(12))
ALICE, BOB, CHARLIE = Author("Alice Adams"), Author("Bob Brown"), Author("Charlie Clark")

PREPRINT = PaperRecord(
    "doi:10.1101/2024.01.02.573001",
    TITLE,
    abstract="Geese graze.",
    authors=(Author("A. Adams", "Adams", "A."), Author("B. Brown", "Brown", "B.")),
    kind="preprint",
    published_on=dt.date(2024, 1, 2),
    categories=("biorxiv:ecology",),
    license="cc-by",
    version=1,
)
ARTICLE = PaperRecord(
    "doi:10.1038/s41586-024-00001-1",
    "Grazing geese shape the plants of Arctic salt marshes.",
    abstract=LONG,
    authors=(ALICE, BOB, CHARLIE),
    kind="article",
    venue="Journal of Geese",
    published_on=dt.date(2024, 9, 1),
    relations=(Relation(HAS_PREPRINT, PREPRINT.identifier),),
)
ARXIV = PaperRecord("arxiv:2401.00001", TITLE, authors=(ALICE, BOB), categories=("q-bio.PE",))
SOURCES = {
    PREPRINT.identifier: "biorxiv",
    ARTICLE.identifier: "crossref",
    ARXIV.identifier: "arxiv",
}


def keep(record: PaperRecord, kind: str = "", **kwargs) -> None:
    kind = kind or SOURCES.get(record.identifier, "feed")
    store([record], make_source(slug=kind, kind=kind), DAY, kwargs.pop("now", NOW), **kwargs)


def rows() -> dict[str, object]:
    """All that the rules worked out, by identifier."""
    main = {paper.pk: paper.identifier for paper in Paper.objects.all()}
    return {
        paper.identifier: (
            main.get(paper.merged_into_id or 0),
            {name: getattr(paper, name) for name in FIELDS},
        )
        for paper in Paper.objects.all()
    }


def joined() -> dict[str, str | None]:
    return {
        paper.identifier: paper.merged_into.identifier if paper.merged_into else None
        for paper in Paper.objects.select_related("merged_into")
    }


@pytest.mark.django_db
class TestFacts:
    def test_each_fact_has_its_owner(self):
        for record in (PREPRINT, ARTICLE, ARXIV):
            keep(record)

        main = Paper.objects.get(merged_into=None)
        assert main.identifier == "arxiv:2401.00001"
        assert main.title == ARTICLE.title
        assert main.published_on == ARTICLE.published_on
        assert main.abstract == LONG
        assert main.authors == ["Alice Adams", "Bob Brown", "Charlie Clark"]
        assert main.categories == ["q-bio.PE", "biorxiv:ecology"]
        assert main.field == "biology"
        assert (main.venue, main.published_as) == ("Journal of Geese", ARTICLE.identifier)

    def test_an_editors_words_stand_above_all(self):
        keep(ARXIV)
        Paper.objects.update(edited={"title": "Geese, by an editor", "published_on": "2024-02-03"})
        keep(replace(ARXIV, title=f"{TITLE} again"))
        keep(ARTICLE)

        paper = Paper.objects.get(identifier=ARXIV.identifier)
        assert (paper.title, paper.published_on) == ("Geese, by an editor", dt.date(2024, 2, 3))

    def test_two_sources_do_not_flip_a_title(self):
        for _ in range(2):
            keep(ARXIV)
            keep(replace(ARXIV, title="GRAZING GEESE"), "huggingface")
            assert Paper.objects.get().title == TITLE

    def test_all_authors_are_kept_with_what_is_known_of_them(self):
        many = tuple(
            Author(f"Author {n}", f"Family{n}", orcid="0000-0002-1825-0097") for n in range(1_014)
        )
        keep(replace(ARXIV, authors=many))

        paper = Paper.objects.get()
        assert len(paper.authors) == len(people_of(paper)) == 1_014
        assert people_of(paper)[7] == many[7]

    def test_what_was_known_before_records_were_kept_stays(self):
        make_paper("Old title", identifier=ARXIV.identifier, abstract="Old abstract.")
        keep(replace(ARXIV, abstract=""))

        paper = Paper.objects.get()
        assert (paper.title, paper.abstract) == (TITLE, "Old abstract.")

    def test_a_version_seven_comes_before_version_one_whatever_comes_first(self):
        first = replace(PREPRINT, title=f"{TITLE} (draft)", listing=NOT_LISTED)
        seventh = replace(PREPRINT, version=7)
        for order in ((first, seventh), (seventh, first)):
            Paper.objects.all().delete()
            for record in order:
                keep(record)
            assert Paper.objects.get().title == TITLE

    def test_what_is_said_before_a_paper_is_listed_waits_for_it(self):
        keep(replace(PREPRINT, listing=NOT_LISTED, free_url="https://a.example/1"), "openalex")
        assert not Paper.objects.exists()
        keep(PREPRINT)
        assert Paper.objects.get().free_url == "https://a.example/1"


class TestOrder(TestCase):
    @settings(max_examples=12, deadline=None)
    @given(
        st.permutations(
            [
                (PREPRINT, "biorxiv"),
                (replace(PREPRINT, version=3, status="withdrawn", listing=NOT_LISTED), "biorxiv"),
                (ARTICLE, "crossref"),
                (ARXIV, "arxiv"),
                (replace(ARXIV, title="Geese", summary="In short."), "huggingface"),
                (replace(ARTICLE, title="GEESE", listing=NEW_TO_SOURCE), "feed"),
            ]
        )
    )
    def test_the_same_records_in_any_order_give_the_same_rows_and_twice_changes_nothing(self, said):
        for record, kind in said:
            keep(record, kind)
        expected = {
            identifier: (None if identifier == ARXIV.identifier else ARXIV.identifier)
            for identifier in SOURCES
        }
        assert joined() == expected
        once = rows()
        assert once[ARXIV.identifier][1]["title"] == ARTICLE.title  # type: ignore[index]
        stamps = set(SourceRecord.objects.values_list("pk", "digest", "changed_at"))
        for record, kind in said:
            keep(record, kind, now=NOW + dt.timedelta(hours=1))
        assert rows() == once
        assert set(SourceRecord.objects.values_list("pk", "digest", "changed_at")) == stamps
        if not hasattr(TestOrder, "first"):
            TestOrder.first = once  # type: ignore[attr-defined]
        assert once == TestOrder.first  # type: ignore[attr-defined]


@pytest.mark.django_db
class TestJoins:
    def test_three_roads_lead_to_one_paper_in_any_order(self):
        for order in permutations((PREPRINT, ARTICLE, ARXIV)):
            Paper.objects.all().delete()
            for record in order:
                keep(record)
            assert joined() == {
                ARXIV.identifier: None,
                PREPRINT.identifier: ARXIV.identifier,
                ARTICLE.identifier: ARXIV.identifier,
            }

    def test_a_claim_that_nothing_bears_out_is_a_question(self):
        wrong = replace(ARXIV, title="Something else about whales", authors=(CHARLIE,))
        keep(replace(wrong, relations=(Relation(IS_PREPRINT_OF, ARTICLE.identifier),)))
        keep(ARTICLE)

        assert set(joined().values()) == {None}
        (join,) = Join.objects.open_questions()
        assert not join.evidence["titles_equal"]

    def test_a_claim_is_borne_out_by_authors_and_abstract(self):
        other = replace(
            ARXIV,
            title="How geese graze",
            abstract=LONG + " We add a word.",
            names=(ARTICLE.identifier,),
        )
        keep(other)
        keep(ARTICLE)
        assert joined()[ARTICLE.identifier] == ARXIV.identifier

    @pytest.mark.parametrize(
        ("one", "other", "outcome"),
        [
            ({}, {}, "joined"),
            ({"authors": (ALICE, BOB, CHARLIE)}, {"authors": (Author("Adams, A."),)}, "joined"),
            ({"authors": (ALICE,)}, {"authors": (CHARLIE,)}, None),
            ({"authors": ()}, {}, None),
            ({"title": "Grazing geese"}, {"title": "Grazing geese"}, None),
            ({"title": f"{TITLE}: part one"}, {"title": f"{TITLE}: part two"}, None),
            ({"title": TITLE.upper()}, {"title": f"“{TITLE}!”"}, "joined"),
            ({"kind": "review"}, {}, None),
            ({"kind": "correction"}, {}, None),
            ({"kind": "other"}, {}, "question"),
            (
                {"published_on": dt.date(2015, 1, 1)},
                {"published_on": dt.date(2024, 1, 1)},
                "question",
            ),
            ({"identifier": "doi:10.1101/2023.01.01.500000"}, {}, "question"),
        ],
    )
    def test_equal_titles_need_five_words_and_half_of_the_names(self, one, other, outcome):
        keep(replace(ARXIV, **one), "file")
        keep(replace(PREPRINT, **other))

        assert [join.state for join in Join.objects.all()] == [outcome] * (outcome is not None)

    @pytest.mark.parametrize(
        ("later", "outcome"),
        [
            ({"kind": "correction"}, None),
            ({"kind": "other"}, "question"),
            ({"published_on": dt.date(2012, 1, 1)}, "joined"),
            ({"authors": tuple(Author(f"Dora Dunn{n}") for n in range(9))}, None),
            ({"relations": (Relation(IS_REVIEW_OF, ARXIV.identifier),)}, None),
        ],
    )
    def test_what_comes_to_light_later_parts_what_the_rules_joined(self, later, outcome):
        """The outcome is that of any other order."""
        feed = replace(PREPRINT, relations=(), listing=NEW_TO_SOURCE)
        register = replace(PREPRINT, **later)
        for order in permutations([(ARXIV, "arxiv"), (feed, "feed"), (register, "crossref")]):
            Paper.objects.all().delete()
            SourceRecord.objects.all().delete()
            for record, kind in order:
                keep(record, kind)
            assert [join.state for join in Join.objects.all()] == [outcome] * bool(outcome)
            main = ARXIV.identifier if outcome == "joined" else None
            assert joined()[PREPRINT.identifier] == main

    def test_what_an_editor_decided_stays_whatever_comes_to_light(self):
        keep(ARXIV)
        keep(PREPRINT)
        identity.confirm(Join.objects.get(), None, NOW)
        keep(replace(PREPRINT, kind="correction"), "crossref")
        assert joined()[PREPRINT.identifier] == ARXIV.identifier

    def test_reviews_never_join_even_under_one_title(self):
        keep(ARXIV)
        review = replace(ARTICLE, relations=(Relation(IS_REVIEW_OF, ARXIV.identifier),))
        keep(review)
        assert not Join.objects.exists()

    def test_an_editor_undoes_a_join_and_it_stays_undone(self):
        keep(ARXIV)
        alone = rows()[ARXIV.identifier]
        keep(PREPRINT)
        join = Join.objects.get()
        assert identity.keep_apart(join, None, NOW)

        assert set(joined().values()) == {None}
        assert rows()[ARXIV.identifier] == alone
        keep(ARXIV)
        keep(PREPRINT)
        assert set(joined().values()) == {None}
        assert identity.confirm(join, None, NOW)
        assert joined()[PREPRINT.identifier] == ARXIV.identifier

    def test_a_claimed_name_is_not_enough_to_be_taken_for_the_paper(self):
        keep(replace(ARXIV, title="Whales sing far away songs", names=(ARTICLE.identifier,)))
        keep(ARTICLE)
        assert Paper.objects.count() == 2
        assert PaperName.objects.filter(identifier=ARTICLE.identifier).count() == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_machines_that_store_two_names_at_once_come_to_one_work():
    for kind in SOURCES.values():
        make_source(slug=kind, kind=kind)

    def machine(record: PaperRecord) -> None:
        try:
            for _ in range(3):
                keep(record)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(machine, (PREPRINT, ARTICLE, ARXIV)))

    assert joined() == {
        ARXIV.identifier: None,
        PREPRINT.identifier: ARXIV.identifier,
        ARTICLE.identifier: ARXIV.identifier,
    }
    assert Paper.objects.get(identifier=ARXIV.identifier).journal == "Journal of Geese"


RIGHTS = [
    ("arxiv", "", "", "all"),
    ("doi", "cc-by", "", "all"),
    ("doi", "cc0", "", "all"),
    ("doi", "cc-by-nc-nd", "", "excerpt"),
    ("doi", "", "", "excerpt"),
    ("doi", "", "none", "none"),
    ("doi", "", "all", "all"),
    ("arxiv", "", "excerpt", "excerpt"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("scheme", "license_id", "row", "share"), RIGHTS)
def test_an_abstract_is_shown_as_far_as_its_license_or_its_source_lets_us(
    scheme, license_id, row, share
):
    record = replace(ARXIV if scheme == "arxiv" else ARTICLE, license=license_id, abstract=LONG)
    source = make_source(slug="crossref", kind="crossref", abstract_share=row)
    store([record], source, DAY, NOW)

    paper = Paper.objects.get()
    shown = {"all": LONG, "excerpt": " ".join(LONG.split()[:60]) + " …", "none": ""}
    assert paper.abstract == LONG
    assert (paper.abstract_share, paper.shown_abstract) == (share, shown[share])
    assert may_be_shown_in_full(paper) == (share == "all")
    for excerpt in (brief, unfolding, whole):
        card = card_of(paper, excerpt)
        text = f"{card.excerpt} {card.rest}"
        assert share == "all" or len(text.replace(card.excerpt, "", 1).split()) <= 61


@pytest.mark.django_db
class TestListing:
    def test_a_record_is_listed_as_it_says(self):
        keep(replace(ARXIV, listing=NOT_LISTED))
        assert not Feature.objects.exists()
        keep(replace(ARXIV, listing=NEW_TO_SOURCE))  # it was known, though not listed
        assert not Feature.objects.exists()
        keep(replace(ARXIV, listing=NEW_TO_SOURCE), "feed")
        assert Feature.objects.count() == 1

    def test_new_to_the_site_is_what_no_name_of_it_is_stored_of(self):
        keep(PREPRINT)
        known = (Relation(IS_IDENTICAL_TO, PREPRINT.identifier),)
        keep(replace(ARXIV, listing=NEW_TO_SITE, relations=known))
        keep(replace(ARTICLE, listing=NEW_TO_SITE, relations=()))

        listed = Feature.objects.values_list("paper__identifier", flat=True)
        assert set(listed) == {PREPRINT.identifier, ARTICLE.identifier}
        assert joined()[PREPRINT.identifier] == ARXIV.identifier

    def test_an_item_that_gets_a_doi_later_is_not_new_to_its_feed(self):
        guid = replace(ARTICLE, identifier="feed:guid-1", relations=())
        keep(replace(guid, listing=NEW_TO_SOURCE), "feed")
        keep(replace(ARTICLE, names=(guid.identifier,), listing=NEW_TO_SOURCE), "feed")

        assert Feature.objects.count() == 1
        assert joined() == {ARTICLE.identifier: None, guid.identifier: ARTICLE.identifier}

    def test_a_notice_of_a_retraction_is_no_paper_and_marks_what_it_is_about(self):
        notice = PaperRecord(
            "doi:10.1038/notice",
            f"Retraction: {TITLE}",
            kind="retraction",
            status="retracted",
            relations=(Relation(IS_RETRACTION_OF, ARTICLE.identifier),),
        )
        for order in ((ARTICLE, notice), (notice, ARTICLE)):
            Paper.objects.all().delete()
            SourceRecord.objects.all().delete()
            for record in order:
                keep(record, "crossref")
            paper = Paper.objects.get()
            assert (paper.title, paper.status) == (ARTICLE.title, "retracted")
            assert Feature.objects.count() == 1

    def test_a_withdrawn_version_keeps_the_words_of_the_version_before(self):
        withdrawn = replace(
            PREPRINT,
            version=2,
            status="withdrawn",
            title=f"WITHDRAWN: {TITLE}",
            abstract="The authors have withdrawn this manuscript." * 9,
        )
        keep(PREPRINT)
        keep(withdrawn)
        paper = Paper.objects.get()
        assert (paper.title, paper.abstract, paper.status) == (TITLE, "Geese graze.", "withdrawn")


def test_titles_are_folded_without_case_accents_and_signs():
    assert folded_title("WITHDRAWN: Über-Naïve  Gänse™ (2024)") == "uber naive gansetm 2024"


def test_nothing_said_is_no_row():
    assert compose([]) == {}
    assert (
        compose([Said("doi:10.1/x", "crossref", "c", 0, {"title": "N"}, about="doi:10.1/y")]) == {}
    )
