"""The letter that asks whoever came with a file: once, at a rate, and politely."""

import datetime as dt

import pytest

from subscriptions.imports import letters
from subscriptions.models import Notice, Subscriber, Suppression
from subscriptions.notices.letters import NotDue, letter_for
from subscriptions.readers import signup
from tests.factories import NOW, make_topic

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def asked(bring):
    make_topic("Robots", slug="robots")
    content = "email,tags\n" + "".join(f"r{n}@example.org,Robots\n" for n in range(12))
    return bring(content, declaration="", language="de")


def test_letters_go_out_at_a_rate_and_once_each(asked, settings):
    settings.IMPORT_LETTERS_PER_DAY = 5
    made = []
    for step in range(6 * 24 * 3):
        made.append(letters.ask(NOW + step * letters.EVERY))

    assert sum(made) == 12
    assert sum(made[: 6 * 24]) == 5
    assert Notice.objects.filter(kind="permission").count() == 12
    assert len(set(Notice.objects.values_list("subscriber_id", flat=True))) == 12


def test_who_confirmed_or_was_suppressed_meanwhile_gets_none(asked, settings):
    settings.IMPORT_LETTERS_PER_DAY = 10_000
    first, second, *_ = Subscriber.objects.order_by("pk")
    signup.confirm(first, NOW, NOW)
    Suppression.objects.add_address(second.email, Suppression.Reason.REQUEST, NOW)

    letters.ask(NOW)

    assert Notice.objects.count() == 10


def test_the_letter_asks_says_what_for_and_starts_the_time_to_answer(asked):
    letters.ask(NOW)
    notice = Notice.objects.order_by("pk")[0]

    letter = letter_for(notice, NOW + HOUR)

    assert letter.subject == "Bitte bestätigen Sie, dass Sie Broadsheet weiterhin erhalten möchten"
    assert "Robots" in letter.text
    assert "/confirm/" in letter.text
    assert "Abonnement behalten" in letter.html
    assert "löschen Ihre" in " ".join(letter.text.split())
    subscriber = Subscriber.objects.get(pk=notice.subscriber_id)
    assert subscriber.asked_to_confirm_at == notice.due_at

    signup.confirm(subscriber, NOW + HOUR, NOW + HOUR)
    with pytest.raises(NotDue):
        letter_for(notice, NOW + HOUR)
    subscriber.refresh_from_db()
    assert subscriber.status == "active"
    assert subscriber.next_digest_at
    assert subscriber.next_digest_at > NOW
