"""Today, the start page: the issue that is coming, arranged there, and what became of the last."""

import datetime as dt

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from newsletter.models import Delivery, IssueDraft
from papers.models import AuditEntry, Pick
from subscriptions.models import Submission
from tests.admin_pages import staff, text
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_frozen_issue,
    make_paper,
    make_source,
    make_subscriber,
)

pytestmark = pytest.mark.django_db

TOMORROW = DAY + dt.timedelta(days=1)
START = reverse("admin:index")
ARRANGE = reverse("admin:newsletter_issuedraft_arrange", args=[TOMORROW])


@pytest.fixture
def editor():
    make_source(slug="down", name="Down Daily", last_error="HTTP 503 from the service")
    make_paper("Yesterday's paper")
    issue = make_frozen_issue()
    make_delivery(issue, make_subscriber(), state=Delivery.State.SENT)
    make_delivery(issue, make_subscriber("bob@example.org"), state=Delivery.State.PENDING)
    with time_machine.travel(NOW, tick=False):
        yield staff(is_superuser=True)


def papers(*titles: str) -> dict[str, int]:
    """Papers of tomorrow, the most trending first; their ids by title."""
    score = len(titles)
    made = {
        title: make_paper(title, day=TOMORROW, trending_score=score - at)
        for at, title in enumerate(titles)
    }
    return {title: paper.pk for title, paper in made.items()}


def form_of(html_form: dict[int, dict[str, str]]) -> dict[str, str]:
    """A form as a browser sends it: of each row what is there now, and what was there before."""
    sent: dict[str, str] = {}
    for pk, now in html_form.items():
        sent |= {f"p{pk}-{name}": value for name, value in now.items()}
        sent.setdefault(f"p{pk}-note", "")
        sent.setdefault(f"p{pk}-place", "")
    return sent


def order_shown(page) -> list[str]:
    return [line.paper.title for line, _ in page.context["lines"] if line.rank]


def test_it_shows_what_comes_what_went_and_what_waits(editor):
    papers("Robots read", "Robots write")
    IssueDraft.objects.create(day=TOMORROW, subject="All about robots", note="A quiet day.")
    Submission.objects.create(
        identifier="arxiv:2606.1", state="waiting", submitted_at=NOW, check_after=NOW
    )
    page = editor.get(START)
    assert order_shown(page) == ["Robots read", "Robots write"]
    html = text(page)
    for said in ("All about robots", "A quiet day.", "Down Daily", "HTTP 503 from the service"):
        assert said in html
    assert "1\nsubmission from readers" in html
    assert "<b>1</b> sent" in html
    assert "<b>1</b> waiting" in html


def test_papers_are_pinned_in_an_order_hidden_and_annotated_in_one_form(editor):
    ids = papers("First", "Second", "Third", "Fourth")
    rows = {
        ids["First"]: {"is_hidden": "on"},
        ids["Third"]: {"place": "2"},
        ids["Fourth"]: {"place": "1", "note": "By our neighbors."},
    }
    page = editor.post(ARRANGE, form_of(rows), follow=True)
    assert order_shown(page) == ["Fourth", "Third", "Second"]
    decided = {pick.paper.title: (pick.kind, pick.note) for pick in Pick.objects.all()}
    assert decided == {
        "First": ("hide", ""),
        "Third": ("pin", ""),
        "Fourth": ("pin", "By our neighbors."),
    }
    assert AuditEntry.objects.filter(model="papers.pick", what="added").count() == 3
    before = {"initial-p{}-is_hidden": "True"}
    back = form_of({ids["First"]: {}}) | {
        name.format(ids["First"]): value for name, value in before.items()
    }
    editor.post(ARRANGE, back)
    assert AuditEntry.objects.get(model="papers.pick", what="deleted").changes
    assert not Pick.objects.filter(paper=ids["First"]).exists()


def test_two_editors_keep_each_others_rows(editor):
    ids = papers("First", "Second")
    editor.post(ARRANGE, form_of({ids["First"]: {"place": "1"}}))
    # The other one's page is older: it says of the first what was there before.
    stale = form_of({ids["First"]: {}, ids["Second"]: {"place": "2"}})
    editor.post(ARRANGE, stale)
    assert set(Pick.objects.values_list("paper", "position")) == {
        (ids["First"], 1),
        (ids["Second"], 2),
    }


def test_a_row_that_cannot_be_is_refused_and_the_others_are_kept(editor):
    ids = papers("First", "Second")
    rows = {ids["First"]: {"place": "99999999999999999999"}, ids["Second"]: {"note": "n" * 301}}
    page = editor.post(ARRANGE, form_of(rows | {0: {"note": "\0"}}), follow=True)
    assert "“First” wasn’t changed" in text(page)
    assert "“Second” wasn’t changed" in text(page)
    assert not Pick.objects.exists()


def test_a_frozen_day_is_refused_with_the_reason(editor):
    address = reverse("admin:newsletter_issuedraft_arrange", args=[DAY])
    assert "frozen already" in text(editor.post(address, {}, follow=True))
    for nonsense in ("never", "2026-99-99", "0000-00-00"):
        assert editor.post(ARRANGE.replace(str(TOMORROW), nonsense)).status_code == 404


def test_whoever_may_see_nothing_sees_nothing_of_it(editor):
    papers("Robots read")
    nobody = text(staff_named("nobody").get(START))
    for said in ("Robots read", "Down Daily", "No submissions are waiting", "Going out now"):
        assert said not in nobody
    viewer = staff_named("viewer", "newsletter.view_issuedraft")
    assert "Robots read" in text(viewer.get(START))
    assert "Save places" not in text(viewer.get(START))
    assert viewer.post(ARRANGE, {}).status_code == 403


def staff_named(name: str, *permissions: str):
    User.objects.filter(username="staff").update(username=f"not {name}")
    return staff(*permissions)


def test_it_takes_few_queries_however_much_there_is(editor):
    papers(*(f"Paper {number}" for number in range(70)))
    IssueDraft.objects.create(day=TOMORROW, subject="Robots")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = editor.get(START)
    assert len(page.context["lines"]) == 60
    assert "10 more papers" in text(page)
    sql = [query["sql"][:120] for query in queries]
    asked = [one for one in sql if not one.startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) <= 20, asked
