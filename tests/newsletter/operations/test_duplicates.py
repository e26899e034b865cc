"""Readers who were there twice under two spellings become one, and lose nothing by it."""

import datetime as dt
from importlib import import_module
from itertools import permutations

import pytest
import time_machine
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client

from newsletter.events import tracking
from newsletter.events.bounces import inbox
from newsletter.models import Delivery
from newsletter.operations import duplicates
from papers.matching.interests.specs import spec_of
from subscriptions import links
from subscriptions.addresses import key_of, keyed_hash
from subscriptions.interests import following
from subscriptions.links import Purpose
from subscriptions.models import (
    Consent,
    Feedback,
    FormerSubscriber,
    Notice,
    SavedPaper,
    Submission,
    Subscriber,
    Suppression,
    Upvote,
)
from subscriptions.readers import address_change
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_issue,
    make_paper,
    make_subscriber,
    make_topic,
)

pytestmark = pytest.mark.django_db

Status, State = Subscriber.Status, Delivery.State
UNICODE, WIRE = "alice@bücher.example", "alice@xn--bcher-kva.example"


def make_duplicate(email: str, **kwargs) -> Subscriber:
    """A subscriber as an earlier version wrote one: without a key."""
    row = make_subscriber("before@example.org", **kwargs)
    Subscriber.objects.filter(pk=row.pk).update(email=email, email_key=None)
    row.refresh_from_db()
    return row


def join() -> Subscriber:
    """The one that is left after all are joined."""
    for found in duplicates.find():
        duplicates.join(found, NOW)
    return Subscriber.objects.get()


def fill() -> None:
    """What the migration does, on rows without keys."""
    Subscriber.objects.all().update(email_key=None)
    import_module("subscriptions.migrations.0010_fill_address_keys").fill(apps, None)


@pytest.mark.parametrize(("first", "second"), list(permutations(Status.values, 2)), ids=str)
def test_who_is_suppressed_or_left_stays_so(first, second):
    make_duplicate(UNICODE, status=first)
    make_duplicate(WIRE, status=second)
    order = ["suppressed", "left", "active", "pending"]
    one = join()
    assert one.status == min(first, second, key=order.index)
    assert one.email_key == WIRE
    assert (one.next_digest_at is not None) == (one.status == "active")


def test_it_keeps_what_both_said_and_the_preferences_of_the_active_one():
    topics = [make_topic(name) for name in ("Agents", "Robots", "Vision")]
    papers = [make_paper() for _ in range(3)]
    left = make_duplicate(UNICODE, topics=topics[:2], status=Status.LEFT, hour=3)
    active = make_duplicate(WIRE, topics=topics[1:], hour=17, rhythm="weekly", language="de")
    for row, values in ((left, (1, 1, None)), (active, (None, -1, 1))):
        for paper, value in zip(papers, values, strict=True):
            if value:
                at = NOW + dt.timedelta(minutes=row.pk)
                Feedback.objects.create(subscriber=row, paper=paper, value=value, at=at)
                Upvote.objects.create(subscriber=row, paper=paper, at=at)
                SavedPaper.objects.create(subscriber=row, paper=paper, at=at)
        row.record(Consent.Action.ASKED, NOW, row.email)
        following.follow(row, spec_of("words", phrases=["a battery"]), NOW)
        following.follow(row, spec_of("words", phrases=[f"cell {row.pk}"]), NOW)
        following.mute(row, spec_of("words", phrases=[f"mute {row.pk}"]), NOW)
    Subscriber.objects.filter(pk=active.pk).update(reading_list_feed_version=3)
    Submission.objects.create(
        identifier="arxiv:2606.99999", subscriber=active, submitted_at=NOW, check_after=NOW
    )
    one = join()
    assert one.pk == left.pk
    assert set(one.topics.values_list("name", flat=True)) == {"Agents", "Robots", "Vision"}
    assert (one.hour, one.rhythm, one.language) == (17, "weekly", "de")
    assert dict(one.feedback.values_list("paper", "value")) == {
        papers[0].pk: 1,
        papers[1].pk: -1,  # the later word
        papers[2].pk: 1,
    }
    assert set(one.upvotes.values_list("paper", flat=True)) == {paper.pk for paper in papers}
    assert set(one.saved_papers.values_list("paper", flat=True)) == {p.pk for p in papers}
    assert one.reading_list_feed_version == 3  # no address that was given up comes back
    assert one.submissions.count() == 1
    rows = Subscriber.objects.count() + FormerSubscriber.objects.count()
    assert (one.followings.count(), one.muted.count()) == (rows + 1, rows)
    wordings = set(one.consents.values_list("wording", flat=True))
    assert wordings == {UNICODE, WIRE, duplicates.WORDING, "interests"}


MAY = {State.SENT, State.FEED, State.UNKNOWN}
RESTING = [state for state in State if state != State.CLAIMED]


@pytest.mark.parametrize("mine", RESTING)
@pytest.mark.parametrize("theirs", [None, *RESTING])
def test_no_issue_is_sent_twice(mine, theirs):
    stays, goes = make_duplicate(UNICODE), make_duplicate(WIRE)
    issue = make_issue()
    make_delivery(issue, stays, state=mine)
    if theirs:
        make_delivery(issue, goes, state=theirs)
    one = join()
    kept = one.deliveries.get()
    both = {mine, theirs} & MAY
    assert kept.state in (both or {mine})
    assert Delivery.objects.filter(state=State.PENDING).count() <= (0 if both else 1)
    # What may have been sent stays in the books.
    assert Delivery.objects.filter(state__in=MAY).count() == sum(
        state in MAY for state in (mine, theirs)
    )


def test_deliveries_of_other_issues_move_along():
    stays, goes = make_duplicate(UNICODE), make_duplicate(WIRE)
    make_delivery(make_issue(), stays, state=State.SENT)
    make_delivery(make_issue(DAY - dt.timedelta(days=1)), goes, state=State.SENT)
    assert join().deliveries.count() == 2


def test_who_is_being_sent_to_waits(capsys):
    stays, goes = make_duplicate(UNICODE), make_duplicate(WIRE)
    row = make_delivery(make_issue(), goes, state=State.CLAIMED)
    with pytest.raises(CommandError, match="1 mailboxes were busy"):
        call_command("join_duplicates")
    assert Subscriber.objects.count() == 2
    row.state = State.SENT
    row.save()
    call_command("join_duplicates")
    assert Subscriber.objects.get().pk == stays.pk


def test_every_link_of_the_row_that_went_acts_on_the_one_that_stayed():
    stays, goes = make_duplicate(UNICODE), make_duplicate(WIRE, link_version=4)
    issue = make_issue()
    row = make_delivery(issue, goes, state=State.SENT)
    paper = make_paper()
    held = goes.pk, 4
    one = join()
    assert one.pk == stays.pk
    browser = Client()
    for path in (
        links.preferences_path(*held),
        links.unsubscribe_path(*held),
        links.feedback_path(*held, paper.pk, "more"),
        links.remember_path(*held),
        links.upvote_path(*held, paper.pk),
        links.feed_path(*held),
        f"/digest/{links.token(Purpose.DIGEST, *held, row.pk)}/",
    ):
        assert browser.get(path, secure=True).status_code == 200, path
    old = links.preferences_path(goes.pk, 3)
    assert browser.get(old, secure=True).status_code == 410
    form = {"List-Unsubscribe": "One-Click"}
    assert browser.post(links.unsubscribe_path(*held), form, secure=True).status_code == 200
    one.refresh_from_db()
    assert one.status == Status.LEFT


def test_a_mail_that_takes_leave_with_the_other_link_is_heard():
    stays, goes = make_duplicate(UNICODE), make_duplicate(WIRE)
    join()
    signed = links.token(Purpose.UNSUBSCRIBE, goes.pk, goes.link_version)
    mail = f"From: {WIRE}\nTo: leave@papers.example.org\nSubject: unsubscribe-{signed}\n\n"
    assert inbox.take(mail.encode(), NOW).what == "leave"
    stays.refresh_from_db()
    assert stays.status == Status.LEFT


def test_links_that_were_made_void_stay_so_and_go_with_the_reader():
    make_duplicate(UNICODE)
    goes = make_duplicate(WIRE)
    one = join()
    one.void_links()
    path = links.preferences_path(goes.pk, goes.link_version)
    assert Client().get(path, secure=True).status_code == 410
    one.delete()
    assert not FormerSubscriber.objects.exists()


def test_three_rows_become_one_and_links_of_those_joined_before_hold(capsys):
    first = make_duplicate("alice@ｂücher.example")
    second = make_duplicate(UNICODE)
    join()
    third = make_duplicate(WIRE, status=Status.LEFT)
    one = join()
    assert one.pk == third.pk
    for gone in (first, second):
        assert Subscriber.objects.holder_of(gone.pk, gone.link_version) == one


def test_a_dry_run_lists_them_and_changes_nothing(capsys):
    make_duplicate(UNICODE)
    make_duplicate(WIRE, status=Status.PENDING)
    make_subscriber("bob@example.org")
    call_command("join_duplicates", dry_run=True)
    said = capsys.readouterr().out
    assert f"{UNICODE} (subscriber" in said
    assert f"would take over {WIRE}" in said
    assert "1 would be merged" in said
    assert Subscriber.objects.count() == 3
    call_command("join_duplicates")
    assert "1 joined" in capsys.readouterr().out
    call_command("join_duplicates")
    assert "0 joined" in capsys.readouterr().out


def test_a_row_of_the_version_before_is_found_and_gets_its_key():
    row = make_duplicate("alice@example.org")
    assert Subscriber.objects.with_email("ALICE@example.org.").get() == row
    call_command("join_duplicates")
    row.refresh_from_db()
    assert row.email_key == "alice@example.org"


def test_the_upgrade_gives_keys_and_leaves_duplicates_to_be_joined():
    active = make_duplicate(UNICODE)
    left = make_duplicate(WIRE, status=Status.LEFT)
    bob = make_duplicate("Bob@example.org")
    fill()
    keys = dict(Subscriber.objects.values_list("pk", "email_key"))
    assert keys == {active.pk: None, left.pk: WIRE, bob.pk: "bob@example.org"}
    assert Subscriber.objects.with_email(UNICODE).get() == left


SPELLINGS = [
    "alice@bücher.example",
    "alice@xn--bcher-kva.example",
    "ALICE@BÜCHER.example.",
    "alice@ｂücher.example",
    "Alice@XN--BCHER-KVA.EXAMPLE",
]


@pytest.mark.parametrize("typed", SPELLINGS[:2])
@pytest.mark.parametrize("is_there", [True, False], ids=["row", "erased"])
def test_who_was_suppressed_before_the_upgrade_is_so_in_every_spelling(typed, is_there):
    """The version before hashed the address trimmed and in lower case, as it was typed."""
    if is_there:
        make_duplicate(typed, status=Status.SUPPRESSED)
    reason = Suppression.Reason.COMPLAINT
    Suppression.objects.create(
        address_hash=keyed_hash(typed.strip().lower()), reason=reason, created_at=NOW
    )
    fill()
    for spelling in SPELLINGS:
        assert Suppression.objects.covers(spelling), spelling
        assert key_of(spelling) == WIRE
    assert not Suppression.objects.covers("bob@bücher.example")
    assert Suppression.objects.filter(pk=keyed_hash(WIRE)).exists() or not is_there


def test_the_link_of_a_digest_that_both_had_shows_what_the_one_who_stayed_has():
    stays, goes = make_duplicate(UNICODE), make_duplicate(WIRE)
    issue = make_issue()
    make_delivery(issue, stays, state=State.SENT)
    row = make_delivery(issue, goes, state=State.SENT)
    held = goes.pk, goes.link_version
    join()
    row.refresh_from_db()
    assert row.subscriber is None
    path = f"/digest/{links.token(Purpose.DIGEST, *held, row.pk)}/"
    assert Client().get(path, secure=True).status_code == 200
    # Nobody's digest is shown by a link that never led to it.
    own = f"/digest/{links.token(Purpose.DIGEST, stays.pk, stays.link_version, row.pk)}/"
    assert Client().get(own, secure=True).status_code == 404


def test_a_change_of_address_goes_on_by_the_links_of_the_row_that_went():
    stays, goes = make_duplicate(UNICODE), make_duplicate(WIRE)
    change = address_change.ask(goes, "new@example.org", NOW)
    assert change is not None
    held = goes.pk, goes.link_version
    join()
    stays.refresh_from_db()
    assert stays.notices.count() == 2
    with time_machine.travel(NOW, tick=False):
        for end in (Purpose.MOVE_FROM, Purpose.MOVE_TO):
            path = links.move_path(end, *held, change.pk)
            assert Client().get(path, secure=True).status_code == 200
            assert Client().post(path, secure=True).status_code == 302
    stays.refresh_from_db()
    assert stays.email == "new@example.org"


def test_who_stays_and_left_does_not_move_by_them():
    make_duplicate(UNICODE, status=Status.LEFT)
    goes = make_duplicate(WIRE)
    change = address_change.ask(goes, "new@example.org", NOW)
    assert change is not None
    held = goes.pk, goes.link_version
    one = join()
    assert not one.notices.filter(kind__in=Notice.MOVES).exists()
    path = links.move_path(Purpose.MOVE_FROM, *held, change.pk)
    assert Client().get(path, secure=True).status_code == 410


def test_what_is_opened_by_the_other_link_is_counted(settings):
    settings.TRACK_OPENS = True
    make_duplicate(UNICODE)
    goes = make_duplicate(WIRE)
    row = make_delivery(make_issue(), goes, state=State.SENT)
    claims = links.Claims(goes.pk, goes.link_version, row.pk)
    join()
    assert tracking.record(tracking.OPENED, claims, "", "Mozilla/5.0", NOW)
    strange = links.Claims(goes.pk, goes.link_version + 1, row.pk)
    assert not tracking.record(tracking.OPENED, strange, "", "Mozilla/5.0", NOW)
