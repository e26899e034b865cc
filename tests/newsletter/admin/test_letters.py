"""Letters in the admin: written, counted, looked at, tested, approved, and then left alone."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from newsletter.issues import corrections
from newsletter.models import Letter
from papers.models import AuditEntry
from subscriptions.models import Notice
from tests.admin_pages import staff, text
from tests.factories import NOW, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

ADD = reverse("admin:newsletter_letter_add")


def address(name: str, letter: Letter) -> str:
    return reverse(f"admin:newsletter_letter_{name}", args=[letter.pk])


def form(**more) -> dict[str, Any]:
    return {
        "kind": "word",
        "title": "June",
        "subject_en": "A word from us",
        "body_en": "Hello *all*.",
        "subject_de": "",
        "body_de": "",
    } | more


@pytest.fixture
def letter(client) -> Letter:
    client.post(ADD, form())
    return Letter.objects.get()


def test_it_is_written_counted_and_changed(client, letter):
    topic = make_topic("Agents")
    make_subscriber("alice@example.org", topics=[topic])
    make_subscriber("bob@example.org")
    assert letter.texts == {"en": {"subject": "A word from us", "body": "Hello *all*."}}
    assert "2 who get digests by email" in text(client.get(address("change", letter)))
    client.post(
        address("change", letter),
        form(topics=[topic.pk], languages=["en"], confirmed_before="2100-01-01"),
    )
    letter.refresh_from_db()
    assert letter.recipients == {
        "topics": [topic.pk],
        "languages": ["en"],
        "confirmed_before": "2100-01-01",
    }
    page = text(client.get(address("change", letter)))
    assert "1 who get digests by email" in page
    assert 'value="2100-01-01"' in page


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"body_en": ""}, "A language needs a subject and a text."),
        ({"subject_de": "Ein Wort"}, "A language needs a subject and a text."),
        ({"title": ""}, "required"),
        ({"body_en": "x" * 20_001}, "at most 20000"),
        ({"subject_en": "a\0b"}, "Null characters"),
        ({"topics": ["9999999999999999999999"]}, "valid"),
        ({"languages": ["klingon"]}, "klingon"),
        ({"confirmed_before": "yesterday"}, "valid date"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(client, more, said):
    assert said in text(client.post(ADD, form(**more)))
    assert not Letter.objects.exists()


def test_it_is_looked_at_in_any_language_and_sent_to_oneself(client, letter):
    page = client.get(address("look", letter), {"language": "de", "width": "phone"})
    assert "desk-phone" in text(page)
    assert "<em>all</em>" in text(client.get(address("look", letter), {"part": "html"}))
    for nonsense in ({"language": "klingon"}, {"width": "9" * 99}, {"topics": "9" * 30}):
        assert "A word from us" in text(client.get(address("look", letter), nonsense))
    client.post(address("look", letter), {"language": "de"})
    notice = Notice.objects.get()
    assert (notice.kind, str(notice.user)) == ("test", "admin")
    assert (notice.about or {})["language"] == "de"
    User.objects.update(email="")
    assert "no email address" in text(client.post(address("look", letter), {}, follow=True))
    assert Notice.objects.count() == 1


def test_tests_are_not_without_end(client, letter, monkeypatch):
    monkeypatch.setattr("newsletter.admin.examples.MOST_TESTS", 2)
    for _ in range(3):
        client.post(address("look", letter), {})
    assert Notice.objects.count() == 2


def test_an_approval_says_how_many_and_makes_it_final(client, letter):
    make_subscriber()
    asked = text(client.get(address("approve", letter)))
    assert "1 who get digests by email" in asked
    assert Letter.objects.get().state == "draft"
    client.post(address("approve", letter))
    letter.refresh_from_db()
    assert (letter.state, letter.approved_by.username) == ("running", "admin")
    client.post(address("change", letter), form(title="Another"))
    assert Letter.objects.get().title == "June"
    assert client.post(address("delete", letter), {"post": "yes"}).status_code == 403
    client.post(address("pause_one", letter), {"reason": "a typo"})
    assert Letter.objects.get().state == "paused"
    assert AuditEntry.objects.filter(model="newsletter.letter").count() == 3


def test_writing_is_not_approving(letter):
    writer = staff("newsletter.change_letter", "newsletter.view_letter")
    assert writer.post(address("approve", letter)).status_code == 403
    assert writer.post(address("pause_one", letter), {"reason": "x"}).status_code == 302
    assert Letter.objects.get().state == "draft"


def test_one_without_a_text_is_not_approved(client):
    letter = Letter.objects.create(title="Empty", made_at=NOW)
    page = client.post(address("approve", letter), follow=True)
    assert "No language has both" in text(page)
    assert Letter.objects.get().state == "draft"


def test_a_correction_begins_with_what_was_corrected(client, row):
    place = row.issue.places.get()
    corrections.mend(place, {"title": "Mended"}, NOW, by=None)
    page = client.get(ADD, {"place": place.pk})
    assert "Correction: " in page.context["adminform"].form["title"].value()
    client.post(f"{ADD}?place={place.pk}", form(kind="correction"))
    letter = Letter.objects.get()
    assert letter.recipients == {"place": place.pk}
    client.post(address("change", letter), form(kind="correction", title="Again"))
    assert Letter.objects.get().recipients == {"place": place.pk}
    for nonsense in ("x", "9" * 30, "-1", "²"):
        assert client.get(ADD, {"place": nonsense}).status_code == 200


def test_one_that_waits_for_approval_is_on_the_start_page_of_who_may_approve(client, letter):
    assert "Ask for approval" in text(client.get(address("submit", letter)))
    letter.refresh_from_db()
    assert letter.state == "draft"
    assert "A letter to approve" not in text(client.get("/admin/"))
    client.post(address("submit", letter))
    letter.refresh_from_db()
    assert (letter.state, letter.is_written) == ("waiting", True)
    assert address("approve", letter) in text(client.get("/admin/"))
    may = ("newsletter.view_letter", "newsletter.change_letter", "subscriptions.view_submission")
    writer = staff(*may)
    assert "A letter to approve" not in text(writer.get("/admin/"))
    assert writer.post(address("approve", letter)).status_code == 403


def test_one_without_a_text_does_not_wait(client, letter):
    Letter.objects.update(texts={})
    page = text(client.post(address("submit", letter), follow=True))
    assert "No language has both a subject and a text yet." in page
    letter.refresh_from_db()
    assert letter.state == "draft"


def test_statistics_of_a_month_have_its_letters(client, letter):
    page = reverse("admin:newsletter_dailycount_changelist")
    assert "<h2>Letters</h2>" not in text(client.get(page, {"month": f"{NOW:%Y-%m}"}))
    counts = {"sent": 1234, "bounced": 7}
    Letter.objects.update(state="running", approved_at=NOW, counts=counts, counted_at=NOW)
    shown = text(client.get(page, {"month": f"{NOW:%Y-%m}"}))
    assert "<td>1,234</td>" in shown
    assert "<td>7</td>" in shown
    assert "<h2>Letters</h2>" not in text(client.get(page, {"month": "2026-01"}))
