"""Editors decide upon what readers submit."""

import pytest
from django.contrib.auth.models import Permission, User
from kombu.exceptions import OperationalError

from papers import tasks as paper_tasks
from papers.models import Feature, Match
from papers.sources import arxiv
from papers.sources.record import Author, PaperRecord
from subscriptions.models import Submission
from subscriptions.readers import submissions
from tests.factories import NOW, make_subscriber

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

LIST = "/admin/subscriptions/submission/"
State = Submission.State


@pytest.fixture
def waiting(monkeypatch):
    """A paper with a hostile title that waits for an editor."""
    title = "<script>alert(1)</script> Agents \u05d0"
    record = PaperRecord(
        "arxiv:2605.13779", title, "<img src=x>", authors=(Author("<b>Alice</b>"),)
    )
    monkeypatch.setattr(arxiv, "lookup", lambda ids: {"2605.13779": record})
    submissions.submit(make_subscriber(), "2605.13779", "<i>Bob</i>", NOW)
    submissions.check(NOW)
    return Submission.objects.get()


def act(editor, action: str, *rows: Submission, reason: str = "") -> str:
    data = {"action": action, "_selected_action": [row.pk for row in rows], "reason": reason}
    page = editor.post(LIST, data, follow=True)
    assert page.status_code == 200
    html: str = page.content.decode()
    return html


def test_accepting_lists_the_paper_and_has_it_matched(editor, waiting, topics):
    page = act(editor, "accept", waiting)
    assert "1 of 1 accepted" in page
    waiting.refresh_from_db()
    assert waiting.state == State.ACCEPTED
    assert Feature.objects.get().submitted_by == "<i>Bob</i>"
    assert Match.objects.get().topic.slug == "agents"
    assert "0 of 1 accepted" in act(editor, "accept", waiting)
    assert Feature.objects.count() == 1


@pytest.mark.parametrize(
    "facts", [{}, {"abstract": "x"}, {"published_on": "soon", "abstract": "", "authors": 3}, []]
)
def test_accepting_what_nobody_knows_is_said_and_asks_again(editor, waiting, facts):
    Submission.objects.update(facts=facts)
    page = act(editor, "accept", waiting)
    assert "What arxiv:2605.13779 is was lost" in page
    assert "0 of 1 accepted" in page
    waiting.refresh_from_db()
    assert waiting.state == State.CHECKING
    assert not Feature.objects.exists()
    submissions.check(NOW)
    assert "1 of 1 accepted" in act(editor, "accept", waiting)


def test_accepting_needs_no_worker_at_once(editor, waiting, monkeypatch):
    def fail(*_, **__):
        raise OperationalError("nobody there")

    monkeypatch.setattr(paper_tasks.rank, "apply_async", fail)
    assert "topics will be matched with the next fetch" in act(editor, "accept", waiting)
    assert Feature.objects.count() == 1


def test_declining_takes_a_reason(editor, waiting):
    assert "Enter a reason" in act(editor, "decline", waiting)
    waiting.refresh_from_db()
    assert waiting.state == State.WAITING
    assert "1 of 1 declined" in act(editor, "decline", waiting, reason="Out of scope")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == (State.DECLINED, "Out of scope")


def test_hostile_words_do_no_harm_and_nothing_is_changed(editor, waiting):
    for address in (LIST, f"{LIST}{waiting.pk}/change/"):
        page = editor.get(address).content.decode()
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert(1)" not in page
        assert "<img src=x>" not in page
    assert editor.get(f"{LIST}add/").status_code == 403
    assert editor.post(f"{LIST}{waiting.pk}/change/", {"state": "accepted"}).status_code == 403
    assert editor.get(f"{LIST}?q=Alice").status_code == 200


def test_a_page_of_them_takes_few_queries(editor, waiting, django_assert_max_num_queries):
    for number in range(30):
        Submission.objects.create(
            identifier=f"arxiv:2606.{number:05d}",
            title="T",
            state=State.WAITING,
            submitted_at=NOW,
            check_after=NOW,
            subscriber=waiting.subscriber,
        )
    with django_assert_max_num_queries(12):
        editor.get(LIST)


def test_who_may_only_look_cannot_decide(browser, waiting):
    browser.handler.enforce_csrf_checks = False
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_submission"))
    browser.force_login(looker, "django.contrib.auth.backends.ModelBackend")
    act(browser, "accept", waiting)
    waiting.refresh_from_db()
    assert waiting.state == State.WAITING
