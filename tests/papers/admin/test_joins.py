"""Joined papers in the admin: the evidence, the questions, and who may decide."""

import pytest
from django.urls import reverse

from papers.admin import large
from papers.ingest.records import store
from papers.models import Join, Paper
from papers.sources.record import HAS_PREPRINT, Author, PaperRecord, Relation
from tests.admin_pages import staff
from tests.factories import DAY, NOW, make_paper, make_source

pytestmark = pytest.mark.django_db

URL = "admin:papers_join_changelist"
FIRST = PaperRecord("arxiv:2606.00001", "Geese graze <b>meadows</b>", authors=(Author("Alice"),))


@pytest.fixture
def question() -> Join:
    """Two papers of which one claims the other, and nothing bears it out."""
    second = PaperRecord(
        "doi:10.1000/s1", "Whales sing", relations=(Relation(HAS_PREPRINT, FIRST.identifier),)
    )
    store([FIRST, second], make_source(), DAY, NOW)
    return Join.objects.get()


def decide(client, action: str, join: Join) -> None:
    client.post(reverse(URL), {"action": action, "_selected_action": [join.pk]})
    join.refresh_from_db()


def test_a_question_shows_its_evidence(admin_client, question):
    shown = admin_client.get(reverse(URL)).content.decode()
    assert "Geese graze &lt;b&gt;meadows&lt;/b&gt;" in shown
    assert "different titles" in shown
    page = admin_client.get(reverse("admin:papers_join_change", args=[question.pk]))
    assert "has-preprint" in page.content.decode()
    assert "0 last names in common" in page.content.decode()


def test_an_editor_joins_and_undoes(admin_client, question):
    decide(admin_client, "join", question)
    assert question.state == Join.State.CONFIRMED
    assert question.decided_by is not None
    assert Paper.objects.exclude(merged_into=None).count() == 1

    decide(admin_client, "keep_apart", question)
    assert question.state == Join.State.REFUSED
    assert not Paper.objects.exclude(merged_into=None).exists()


@pytest.mark.parametrize("action", ["join", "keep_apart"])
@pytest.mark.parametrize(
    ("permissions", "may"),
    [(("papers.view_join",), False), (("papers.view_join", "papers.change_join"), True)],
)
def test_only_who_may_change_joins_decides(question, action, permissions, may):
    decide(staff(*permissions), action, question)
    assert (question.state != Join.State.QUESTION) == may


def test_where_there_are_many_papers_joins_are_found_by_words_of_either(admin_client, monkeypatch):
    monkeypatch.setattr(large, "LARGE", 3)
    papers = [make_paper(f"On the {word}") for word in ("lynx", "otter", "heron", "newt", "vole")]
    pairs = [(papers[0], papers[1]), (papers[2], papers[0]), (papers[3], papers[4])]
    joins = [Join.objects.create(first=a, second=b, state="question") for a, b in pairs]
    url = reverse("admin:papers_join_changelist")

    def found(typed: str) -> list[Join]:
        return list(admin_client.get(url, {"q": typed}).context["cl"].result_list)

    assert found("lynx") == [joins[1], joins[0]]
    assert found(papers[4].identifier) == [joins[2]]
    assert found("") == joins[::-1]
