"""What programs change: by the rules of the pages, and on record."""

import json

import pytest

from newsletter.models import ApiWrite
from papers.models import Match, Topic
from subscriptions.models import (
    Consent,
    ImportedReader,
    ImportRun,
    Notice,
    Subscriber,
    Suppression,
)
from tests.factories import DAY, NOW, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

STATEMENT = "Ticked the box for the newsletter at the checkout of our shop"


def written() -> list[tuple[str, str]]:
    return list(ApiWrite.objects.order_by("pk").values_list("action", "target"))


def holds_no_address() -> bool:
    return "@" not in json.dumps(list(ApiWrite.objects.values_list("before", "after", "target")))


class TestSigningUp:
    """POST /subscribers."""

    def test_somebody_new_is_asked_to_confirm(self, program):
        make_topic("Robots", slug="robots")
        new = {"email": "alice@example.org", "topics": ["robots"], "hour": 9}
        answer = program("subscribers:write")("POST", "/subscribers", new)
        assert answer.status_code == 200
        assert answer.json()["outcome"] == "asked"
        assert answer.json()["subscriber"]["email"] is None
        alice = Subscriber.objects.get()
        assert (alice.status, alice.hour) == ("pending", 9)
        assert Notice.objects.get().kind == Notice.Kind.CONFIRM
        assert Consent.objects.get().wording == "API, Shop"
        assert written() == [("subscriber.signed-up", f"subscriber:{alice.pk}")]
        assert ApiWrite.objects.get().made_by == "alice"
        assert holds_no_address()

    def test_again_within_a_day_sends_nothing_more(self, program):
        asked = program("subscribers:write")
        for outcome in ("asked", "waiting"):
            answer = asked("POST", "/subscribers", {"email": "alice@example.org"})
            assert answer.json()["outcome"] == outcome
            Notice.objects.update(state=Notice.State.SENT, sent_at=NOW)
            Subscriber.objects.update(asked_to_confirm_at=NOW)
        assert Notice.objects.count() == 1
        assert Subscriber.objects.get().top_papers

    def test_a_declared_consent_makes_active_as_an_import_does(self, program, settings):
        settings.IMPORT_STARTS_PER_DAY = 1
        asked = program("subscribers:write")
        consent = {"statement": STATEMENT, "given_at": "2026-05-01T10:00:00+02:00"}
        for name in ("alice", "bob"):
            new = {"email": f"{name}@example.org", "consent": consent}
            answer = asked("POST", "/subscribers", new)
            assert (answer.status_code, answer.json()["outcome"]) == (200, "added")
        assert not Notice.objects.exists()
        for one in Subscriber.objects.all():
            assert (one.status, one.welcomed_on) == ("active", Subscriber.NO_WELCOME)
            agreed = one.consents.get()
            assert (agreed.action, agreed.wording) == ("imported", STATEMENT)
            assert agreed.given_at is not None
            assert agreed.source == "API, Shop"
        assert len(set(ImportedReader.objects.values_list("starts_on", flat=True))) == 2
        run = ImportRun.objects.get()
        assert (run.declaration, run.declared_by) == (STATEMENT, "alice")

    @pytest.mark.parametrize("status", ["pending", "active", "left"])
    def test_a_declared_consent_moves_nobody_who_is_here(self, status, program):
        make_subscriber("alice@example.org", status=status, hour=8)
        new = {
            "email": "ALICE@example.org".lower(),
            "hour": 20,
            "consent": {"statement": STATEMENT},
        }
        answer = program("subscribers:write")("POST", "/subscribers", new)
        alice = Subscriber.objects.get()
        assert alice.status == status
        assert answer.json()["outcome"] == ("known" if status == "active" else "asked")
        assert not Consent.objects.filter(action="imported").exists()
        if status == "active":
            assert alice.hour == 8

    @pytest.mark.parametrize("consent", [None, {"statement": STATEMENT}])
    def test_nothing_gets_past_a_suppression(self, consent, program):
        Suppression.objects.add_address("alice@example.org", Suppression.Reason.COMPLAINT, NOW)
        new = {"email": "alice@example.org", "consent": consent}
        answer = program("subscribers:write")("POST", "/subscribers", new)
        assert answer.status_code == 409
        assert not Subscriber.objects.exists()
        assert not Notice.objects.exists()
        assert not ApiWrite.objects.exists()

    @pytest.mark.parametrize(
        ("wrong", "status"),
        [
            ({"topics": ["nothing"]}, 409),
            ({"timezone": "Europe/Atlantis"}, 422),
            ({"language": "tlh"}, 422),
            ({"hour": 24}, 422),
            ({"hour": "7"}, 422),
            ({"hour": True}, 422),
            ({"email": "no address"}, 422),
            ({"email": "a@example.org\nBcc: b@example.org"}, 422),
            ({"email": "a@b..example.org"}, 422),
            ({"consent": {"statement": "short"}}, 422),
            ({"consent": {"statement": STATEMENT, "given_at": 0}}, 422),
            ({"status": "active"}, 422),
        ],
    )
    def test_what_is_wrong_changes_nothing(self, wrong, status, program):
        new = {"email": "alice@example.org"} | wrong
        answer = program("subscribers:write")("POST", "/subscribers", new)
        assert answer.status_code == status
        assert not Subscriber.objects.exists()
        assert not ApiWrite.objects.exists()


class TestSubscribers:
    """Changing, unsubscribing, erasing."""

    def test_preferences_change_as_on_the_readers_page(self, program):
        topics = [make_topic("Robots", slug="robots"), make_topic("Law", slug="law")]
        alice = make_subscriber(topics=[topics[0]])
        path = f"/subscribers/{alice.pk}"
        changes = {"hour": 20, "topics": ["law"], "paused_until": "2026-07-01"}
        answer = program("subscribers:write")("PATCH", path, changes)
        assert answer.status_code == 200, answer.content
        assert (answer.json()["hour"], answer.json()["topics"]) == (20, ["law"])
        assert Consent.objects.get().wording == "hour, paused_until, topics"
        alice.refresh_from_db()
        assert alice.next_digest_at is not None
        assert alice.next_digest_at.isoformat() == "2026-07-01T20:00:00+00:00"
        row = ApiWrite.objects.get()
        assert row.before == {"hour": 8, "paused_until": None, "topics": ["robots"]}
        assert row.after == {"hour": 20, "paused_until": "2026-07-01", "topics": ["law"]}
        program("subscribers:write")("PATCH", path, {"paused_until": None})
        alice.refresh_from_db()
        assert alice.paused_until is None

    def test_what_changes_nothing_leaves_no_record(self, program):
        alice = make_subscriber()
        path = f"/subscribers/{alice.pk}"
        assert program("subscribers:write")("PATCH", path, {"hour": 8}).status_code == 200
        assert not ApiWrite.objects.exists()
        assert not Consent.objects.exists()

    def test_unsubscribing_says_goodbye_once(self, program):
        alice = make_subscriber()
        asked = program("subscribers:write")
        for _ in range(2):
            answer = asked("POST", f"/subscribers/{alice.pk}/unsubscribe")
            assert (answer.status_code, answer.json()["status"]) == (200, "left")
        assert Notice.objects.get().kind == Notice.Kind.GOODBYE
        assert written() == [("subscriber.unsubscribed", f"subscriber:{alice.pk}")]

    def test_erasing_leaves_the_suppression_and_the_record_without_an_address(self, program):
        alice = make_subscriber()
        Suppression.objects.add_address(alice.email, Suppression.Reason.BOUNCE, NOW)
        asked = program("subscribers:write", "subscribers:read")
        assert asked("DELETE", f"/subscribers/{alice.pk}").status_code == 204
        assert asked("DELETE", f"/subscribers/{alice.pk}").status_code == 404
        assert not Subscriber.objects.exists()
        assert Suppression.objects.covers("alice@example.org")
        assert ApiWrite.objects.get().after is None
        assert holds_no_address()


def test_suppressing_ends_the_subscription_and_a_complaint_outweighs_a_bounce(program):
    make_subscriber()
    asked = program("suppressions:write")
    for reason, kept in (
        ("bounce", "bounce"),
        ("complaint", "complaint"),
        ("request", "complaint"),
    ):
        new = {"email": "alice@example.org", "reason": reason}
        answer = asked("POST", "/suppressions", new)
        assert (answer.status_code, answer.json()["reason"]) == (200, kept)
    assert Subscriber.objects.get().status == "suppressed"
    kept_reasons = ApiWrite.objects.order_by("pk").values_list("after__reason", flat=True)
    assert list(kept_reasons) == ["bounce", "complaint"]
    assert holds_no_address()


class TestTopics:
    """Adding and changing topics."""

    NEW = {
        "slug": "robots",
        "name": "Robots",
        "group": "Machines",
        "description": "Machines that move.",
        "keywords": ["robot arm"],
    }

    def test_a_new_one_matches_the_last_days_papers(self, program):
        paper = make_paper("A robot arm that learns", day=DAY)
        asked = program("topics:write", "topics:read")
        answer = asked("POST", "/topics", self.NEW | {"categories": ["arxiv:cs.RO"]})
        assert answer.status_code == 201, answer.content
        assert Match.objects.get(topic__slug="robots").paper == paper
        assert asked.get("/topics/robots").json()["keywords"] == ["robot arm"]
        answer = asked("PATCH", "/topics/robots", {"keywords": ["whale song"]})
        assert answer.status_code == 200
        assert not Match.objects.filter(is_sendable=True).exists()
        assert written() == [("topic.added", "topic:robots"), ("topic.changed", "topic:robots")]
        row = ApiWrite.objects.get(action="topic.changed")
        assert (row.before, row.after) == (
            {"keywords": ["robot arm"]},
            {"keywords": ["whale song"]},
        )

    @pytest.mark.parametrize(
        ("wrong", "status"),
        [
            ({"slug": "law"}, 409),
            ({"name": "Law"}, 409),
            ({"slug": "No Slug"}, 422),
            ({"name": "Two\nlines"}, 422),
            ({"name": " "}, 422),
            ({"keywords": []}, 422),
            ({"keywords": "robot"}, 422),
            ({"categories": ["nonsense"]}, 422),
            ({"description": "NUL \0"}, 422),
            ({"position": 3}, 422),
        ],
    )
    def test_what_is_wrong_changes_nothing(self, wrong, status, program):
        make_topic("Law", slug="law")
        answer = program("topics:write")("POST", "/topics", self.NEW | wrong)
        assert answer.status_code == status, answer.content
        assert list(Topic.objects.filter(group="Tests").values_list("slug", flat=True)) == ["law"]
        assert not Topic.objects.filter(slug="robots").exists()
        assert not ApiWrite.objects.exists()
