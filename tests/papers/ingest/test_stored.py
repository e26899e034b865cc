"""Papers that earlier versions stored are joined without being told of again."""

from io import StringIO

import pytest
from django.core.management import call_command

from papers.ingest import records, stored
from papers.ingest.records import store
from papers.models import Join, Paper, PaperName, SourceRecord
from papers.sources.record import Author, PaperRecord
from tests.factories import DAY, NOW, make_paper, make_source

pytestmark = pytest.mark.django_db

TITLE = "Grazing geese shape the plants of arctic salt marshes"
PREPRINT, ARTICLE = "arxiv:2606.00001", "doi:10.1038/s1"


def said(*options: str) -> str:
    out, progress = StringIO(), StringIO()
    call_command("join_papers", *options, stdout=out, stderr=progress)
    return out.getvalue() + progress.getvalue()


def rows() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Join, PaperName, SourceRecord))


def test_looking_says_what_would_be_joined_and_changes_nothing():
    make_paper(TITLE, identifier=PREPRINT)
    make_paper(TITLE.upper(), identifier=ARTICLE)
    make_paper("Another paper about something else altogether")
    text = said("--dry-run")

    assert f"{PREPRINT} and {ARTICLE} are one work" in text
    assert "3 papers would be looked at: 1 pairs are one work, 0 are questions." in text
    assert rows() == (0, 0, 0)


def test_stored_papers_become_one_work_and_a_second_run_finds_nothing(monkeypatch):
    monkeypatch.setattr(stored, "BATCH", 1)
    preprint, article = (
        make_paper(TITLE, identifier=PREPRINT),
        make_paper(TITLE, identifier=ARTICLE),
    )
    before = {
        paper.pk: (paper.title, paper.abstract, paper.authors) for paper in (preprint, article)
    }
    text = said()

    assert "2 of 2 papers" in text
    assert "1 pairs are one work" in text
    article.refresh_from_db()
    assert article.merged_into == preprint
    found = Paper.objects.in_bulk(before)
    assert {pk: (one.title, one.abstract, one.authors) for pk, one in found.items()} == before
    kept = rows()
    assert "0 papers were looked at" in said()
    assert rows() == kept


def test_one_that_was_told_of_since_is_found_too():
    article = make_paper(TITLE, identifier=ARTICLE, authors=["Alice Adams"])
    preprint = PaperRecord(PREPRINT, TITLE, authors=(Author("Alice Adams"),), kind="preprint")
    store([preprint], make_source(slug="arxiv", kind="arxiv"), DAY, NOW)
    assert "are one work" in said("--dry-run")
    said()
    article.refresh_from_db()
    assert article.merged_into == Paper.objects.get(identifier=PREPRINT)


def test_what_is_in_doubt_is_a_question_and_others_are_left_alone():
    make_paper(TITLE, identifier="doi:10.1038/s1")
    make_paper(TITLE, identifier="doi:10.1038/s2")  # one register gives a work one name
    make_paper(TITLE, identifier="doi:10.1016/s3", authors=["Dora Dietz", "Erin Egger"])
    make_paper("Editorial", identifier="doi:10.1038/s4", authors=[])
    make_paper("Editorial", identifier="doi:10.1016/s5", authors=[])
    assert "are a question for an editor" in said("--dry-run")
    said()
    assert [join.state for join in Join.objects.all()] == ["question"]
    assert not Paper.objects.exclude(merged_into=None).exists()


def test_a_run_that_is_cut_short_goes_on_where_it_was(monkeypatch):
    for number in range(5):
        make_paper(f"Paper number {number} about a subject of its own")
    monkeypatch.setattr(stored, "BATCH", 2)
    taken: list[int] = []

    def once(ids):
        if taken:
            raise KeyboardInterrupt
        taken.extend(ids)
        return records.take_up(ids)

    monkeypatch.setattr(stored, "take_up", once)
    with pytest.raises(KeyboardInterrupt):
        said()
    assert stored.waiting().count() == 3
    monkeypatch.setattr(stored, "take_up", records.take_up)
    said()
    assert stored.waiting().count() == 0
