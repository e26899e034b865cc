"""What readers follow, from the frozen issue to the email: order, reasons, mutes, what waits."""

import datetime as dt

import pytest
from django.test import Client

from newsletter import tasks
from newsletter.delivery import daily_interests, late_matches, planning, worker
from newsletter.digests.interests import (
    MOST_WAITING,
    Followed,
    FollowedPapers,
    in_words,
    pick,
)
from newsletter.digests.matched import Matched, Ranking
from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery, WaitingPaper
from papers.matching.interests.specs import spec_of
from papers.models import Pick as EditorsPick
from papers.models import SourceRecord
from subscriptions import links
from subscriptions.interests import following, matching
from subscriptions.models import Following, Subscriber
from subscriptions.readers import personal_data
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_match,
    make_paper,
    make_source,
    make_subscriber,
    make_topic,
)
from tests.newsletter.transports import RecordingTransport

CHARGE = spec_of("words", phrases=["state of charge"])
ADAMS = spec_of("author", name="Ada Adams")
LAB = spec_of("organization", name="Example Lab")
ONE_DAY = dt.timedelta(days=1)


def followed(*interests: FollowedPapers) -> Followed:
    return Followed(interests)


def one(number: int, *works: int, most: int = 10, waiting: dict[int, int] | None = None):
    papers = Matched.of(dict.fromkeys(works, 1.0))
    return FollowedPapers(number, "words", f"words {number}", most, papers, waiting or {})


class TestPicking:
    """In turns, each its best first; pure."""

    ranking = Ranking(range(100))
    place_of = {work: 1000 + work for work in ranking}

    def picked(self, follows: Followed, room: int, unwanted=frozenset()):
        found = pick(follows, self.ranking, self.place_of, unwanted, room)
        assert found.left == {work for work, _ in found.first_left}
        return [work for work, *_ in found.picks], [work for work, _ in found.first_left]

    @pytest.mark.parametrize(
        ("follows", "room", "expected"),
        [
            (followed(one(1, 5, 3, 4), one(2, 9, 8)), 4, ([3, 8, 4, 9], [5])),
            (followed(one(1, 5, 3, 4), one(2, 3)), 2, ([3, 4], [5])),
            (followed(one(1, 5, 3, 4, most=1), one(2, 9)), 5, ([3, 9], [4, 5])),
            (followed(one(1)), 5, ([], [])),
            # What waits has its turn with the others, and does not wait again.
            (followed(one(1, 5, waiting={200: 7})), 2, ([5, 200], [])),
            (followed(one(1, 5, waiting={200: 7})), 1, ([5], [])),
            (followed(one(1, 5, waiting={200: 7}), one(2, 9)), 2, ([5, 9], [])),
            (followed(one(1, 5, 6, waiting={200: 7}), one(2, 5, 6)), 1, ([5], [6])),
        ],
    )
    def test_turns(self, follows, room, expected):
        assert self.picked(follows, room) == expected

    def test_what_a_reader_had_or_never_wants_is_left_out(self):
        assert self.picked(followed(one(1, 5, 3, 4)), 9, unwanted={3}) == ([4, 5], [])

    def test_what_waited_has_its_own_place_and_what_is_of_the_day_that_of_the_day(self):
        follows = followed(one(1, 5, waiting={200: 7, 6: 8}), one(2, waiting={201: 9}))
        found = pick(follows, self.ranking, self.place_of, (), 9)
        assert [(work, place) for work, place, *_ in found.picks] == [
            (5, 1005),
            (201, 9),
            (6, 1006),
            (200, 7),
        ]
        assert found.offered == (1, 2)

    @pytest.mark.parametrize("follows", [(1,), (1, 2)])
    def test_as_many_are_left_in_order_as_may_wait_beside_a_whole_email_of_such(self, follows):
        many = followed(*[one(number, *range(90)) for number in follows])
        found = pick(many, self.ranking, self.place_of, (), 3)
        assert len(found.left) == 87
        wanted = 2 * 3 + 1  # of which three are room
        assert len(found.first_left) == MOST_WAITING + wanted
        assert [work for work, _ in found.first_left] == list(range(3, 20))

    def test_a_paper_of_two_interests_has_both_reasons(self):
        found = pick(followed(one(1, 5), one(2, 5)), self.ranking, self.place_of, (), 5)
        assert found.picks == ((5, 1005, (1, 2), "words 1 · words 2"),)


def test_reasons_are_in_the_readers_language():
    assert in_words("author", "Ada", "en") == "You follow Ada"
    assert in_words("words", "state of charge", "de") == "Ihre Wörter: state of charge"


def text_of(mail) -> str:
    return "".join(fragment.text for fragment in mail.text)


@pytest.fixture
def send(tmp_path):
    def sending(now=NOW):
        transport = RecordingTransport()
        worker.drain(transport=transport, directory=tmp_path, clock=lambda: now)
        return transport.sent

    return sending


def freeze(day=DAY, now=NOW):
    issue = build_issue(day, now)
    assert issue is not None
    matching.work(now)
    return issue


@pytest.mark.django_db
class TestDigests:
    """From the frozen issue to the email."""

    def test_followed_papers_come_first_with_their_reasons(self, send):
        topic = make_topic("Agents")
        alice = make_subscriber(topics=[topic], papers_wanted=4)
        following.follow(alice, CHARGE, NOW)
        following.follow(alice, ADAMS, NOW)
        for number in range(4):
            make_match(make_paper(f"Agents {number}", trending_score=9.0 - number), topic)
        both = make_paper("Agents with a state of charge", trending_score=0.1)
        make_match(both, topic)
        by_ada = make_paper("Quiet work", trending_score=0.0, authors=["Ada Adams"])
        make_delivery(freeze(), alice)
        (mail,) = send()
        row = Delivery.objects.get()
        assert [paper for paper, *_ in row.choices][:2] == [by_ada.pk, both.pk]
        assert len(row.choices) == 4
        text = text_of(mail)
        assert "You follow Ada Adams" in text
        assert "Your words: state of charge · Matches Agents" in text
        # The ledger has numbers, no words.
        assert "charge" not in str(row.choices)
        numbers = set(Following.objects.values_list("pk", flat=True))
        assert {n for mine in (row.interests or {}).values() for n in mine} == numbers

        page = links.token(links.Purpose.DIGEST, alice.pk, alice.link_version, row.pk)
        shown = Client().get(f"/digest/{page}/", secure=True).content.decode()
        assert "You follow Ada Adams" in shown
        following.unfollow(Following.objects.get(interest__kind="author"), NOW)
        shown = Client().get(f"/digest/{page}/", secure=True).content.decode()
        assert "You follow" not in shown

    def test_interests_alone_are_worth_a_mail_and_fill_it(self, send):
        alice = make_subscriber(papers_wanted=2)
        following.follow(alice, CHARGE, NOW)
        for number in range(3):
            make_paper(f"State of charge {number}", trending_score=-1.0)
        make_paper("Something else")
        make_delivery(freeze(), alice)
        (mail,) = send()
        assert "What you follow" in text_of(mail)
        assert len(Delivery.objects.get().choices) == 2
        assert "State of charge 2" not in text_of(mail)
        assert "More on what you follow: 1 paper." in " ".join(text_of(mail).split())

    def test_what_had_no_room_waits_for_the_next_digest_once(self, send):
        alice = make_subscriber(papers_wanted=1)
        following.follow(alice, CHARGE, NOW)
        papers = [make_paper(f"State of charge {n}", trending_score=-n) for n in range(3)]
        sent = []
        for later in range(4):
            day, now = DAY + later * ONE_DAY, NOW + later * ONE_DAY
            make_paper("Something else", day=day)
            make_delivery(
                freeze(day, now), alice, due_at=now, not_before=now, deadline=now + ONE_DAY
            )
            send(now)
            sent.append([row[0] for row in Delivery.objects.latest("pk").choices])
        assert sent == [[papers[0].pk], [papers[1].pk], [], []]
        assert set(WaitingPaper.objects.values_list("offered_in", flat=True)) != {None}

    def test_a_mute_beats_everything(self, send):
        topic = make_topic("Agents")
        alice = make_subscriber(topics=[topic])
        following.follow(alice, CHARGE, NOW)
        muted = make_paper("State of charge", authors=["Wei Wang", "Bob Brown"])
        namesake = make_paper("The state of charge", authors=["Wei Wang"])
        make_match(muted, topic)
        EditorsPick.objects.create(paper=muted, day=DAY, kind="pin", position=1)
        person = spec_of("author", name="Wei Wang", coauthors=["Bob Brown"], is_person=True)
        following.mute(alice, person, NOW)
        make_delivery(freeze(), alice)
        (mail,) = send()
        assert [row[0] for row in Delivery.objects.get().choices] == [namesake.pk]
        assert f"/{muted.identifier.partition(':')[2]}" not in text_of(mail)

    def test_maybe_papers_come_only_to_who_wants_them(self, send):
        alice, bob = make_subscriber(), make_subscriber("bob@example.org")
        following.follow(alice, ADAMS, NOW)
        following.follow(bob, ADAMS, NOW, takes_maybe=True)
        make_paper("Perhaps", authors=["A. Adams"])
        issue = freeze()
        for reader in (alice, bob):
            make_delivery(issue, reader)
        assert [mail.to_addr for mail in send()] == ["bob@example.org"]

    @pytest.mark.parametrize("state", ["is_paused", "is_waiting"])
    def test_nothing_comes_of_what_is_paused_or_not_confirmed(self, send, state):
        alice = make_subscriber()
        following.follow(alice, CHARGE, NOW)
        Following.objects.update(**{state: True})
        make_paper("State of charge")
        make_delivery(freeze(), alice)
        assert send() == []

    def test_erasure_leaves_no_word_of_what_was_followed(self, send):
        alice = make_subscriber()
        following.follow(alice, CHARGE, NOW, name="My secret")
        make_paper("State of charge")
        make_delivery(freeze(), alice)
        assert len(send()) == 1
        personal_data.erase(alice)
        row = Delivery.objects.values().get()
        assert "secret" not in str(row)
        assert not Following.objects.exists()
        assert not WaitingPaper.objects.exists()


@pytest.mark.django_db
class TestDailyEmails:
    """Of weekly readers."""

    @pytest.fixture
    def alice(self):
        """Weekly, on Sundays; what she follows comes every day."""
        alice = make_subscriber(
            rhythm="weekly", weekday=6, next_digest_at=NOW + 3 * ONE_DAY, topics=[make_topic("A")]
        )
        following.follow(alice, CHARGE, NOW - ONE_DAY, rhythm="daily")
        following.follow(alice, ADAMS, NOW - ONE_DAY)
        Subscriber.objects.update(next_interests_at=NOW)
        return alice

    def test_a_weekly_reader_gets_them_once_and_not_again_in_the_digest(self, alice, send):
        charge = make_paper("State of charge")
        by_ada = make_paper("Another", authors=["Ada Adams"])
        freeze()
        assert daily_interests.plan(NOW, dry_run=True) == 1
        assert (daily_interests.plan(NOW), daily_interests.plan(NOW)) == (1, 0)
        (mail,) = send()
        assert mail.subject.startswith("What you follow: State of charge")
        assert [row[0] for row in Delivery.objects.get().choices] == [charge.pk]
        text = "".join(fragment.text for fragment in mail.text)
        assert text.count("End the daily emails: ") == 2
        assert "Unsubscribe:" not in text
        headers = dict(mail.headers)
        assert "/daily/" in headers["List-Unsubscribe"]
        assert Subscriber.objects.get().next_interests_at == NOW + ONE_DAY

        sunday = NOW + 3 * ONE_DAY
        assert planning.plan(sunday).deliveries == 1
        assert daily_interests.plan(sunday) == 0
        send(sunday)
        digest = Delivery.objects.exclude(issue=None).get()
        assert [row[0] for row in digest.choices] == [by_ada.pk]

    def test_one_click_ends_them_and_the_page_offers_to_leave(self, alice, send):
        address = links.end_daily_path(alice.pk, alice.link_version)
        page = Client().get(address, secure=True).content.decode()
        assert "End the daily emails" in page
        assert "/unsubscribe/" in page
        for _ in range(2):
            answer = Client().post(address, {"List-Unsubscribe": "One-Click"}, secure=True)
            assert answer.status_code == 200
        reader = Subscriber.objects.get()
        assert (reader.status, reader.next_interests_at) == ("active", None)
        assert set(Following.objects.values_list("rhythm", flat=True)) == {"digest"}
        assert daily_interests.plan(NOW) == 0

    def test_nothing_matched_is_nothing_sent(self, alice, send):
        make_paper("Another")
        freeze()
        daily_interests.plan(NOW)
        assert send() == []
        assert Delivery.objects.get().state == "skipped"

    @pytest.mark.parametrize(
        ("values", "planned"),
        [
            ({"status": "left"}, 0),
            ({"rhythm": "daily"}, 0),
            ({"weekday": 3}, 0),  # the digest of the same day has them
            ({"next_interests_at": NOW - ONE_DAY}, 0),  # who came back
            ({}, 1),
        ],
    )
    def test_who_gets_none(self, alice, values, planned):
        make_paper("State of charge")
        freeze()
        Subscriber.objects.update(**values)
        assert daily_interests.plan(NOW) == planned


@pytest.mark.django_db
class TestLateMatches:
    """Papers that turn out to cite what readers follow when digests of their day are out."""

    cited = spec_of("citing", ids=["openalex:W1"], name="A cited paper")

    def say_that_it_cites(self, paper, source):
        SourceRecord.objects.create(
            source=source,
            paper=paper,
            identifier=paper.identifier,
            facts={"title": paper.title, "cites": ["openalex:W1"]},
            first_seen_at=NOW,
            changed_at=NOW,
        )

    def day_after(self, later, send, *readers):
        """Freeze and send what a later day has."""
        day, now = DAY + later * ONE_DAY, NOW + later * ONE_DAY
        make_paper(f"Something else {later}", day=day)
        issue = freeze(day, now)
        for reader in readers:
            make_delivery(issue, reader, due_at=now, not_before=now, deadline=now + ONE_DAY)
        send(now)
        rows = Delivery.objects.filter(issue=issue).order_by("subscriber_id")
        return [[paper for paper, *_ in row.choices] for row in rows]

    def test_the_next_digest_has_them_once_but_not_for_who_had_them_already(self, send):
        openalex = make_source(slug="openalex", kind="openalex")
        topic = make_topic("Agents")
        alice = make_subscriber()
        bob = make_subscriber("bob@example.org", topics=[topic])
        charlie = make_subscriber("charlie@example.org")
        for reader in (alice, bob):
            following.follow(reader, self.cited, NOW)
        following.follow(charlie, CHARGE, NOW)
        late = make_paper("Late")
        make_match(late, topic)
        assert self.day_after(0, send, alice, bob, charlie) == [[], [late.pk], []]

        self.say_that_it_cites(late, openalex)
        assert matching.match_citing(NOW + ONE_DAY) == 1
        assert (late_matches.offer(), late_matches.offer()) == (1, 0)
        assert self.day_after(1, send, alice, bob, charlie) == [[late.pk], [], []]
        row = Delivery.objects.get(issue__day=DAY + ONE_DAY, subscriber=alice)
        assert list((row.interests or {}).values()) == [
            [Following.objects.get(subscriber=alice).pk]
        ]
        assert self.day_after(2, send, alice, bob, charlie) == [[], [], []]

    def test_nothing_waits_of_what_is_paused(self, send):
        openalex = make_source(slug="openalex", kind="openalex")
        alice = make_subscriber()
        following.follow(alice, self.cited, NOW)
        late = make_paper("Late")
        self.day_after(0, send, alice)
        Following.objects.update(is_paused=True)
        self.say_that_it_cites(late, openalex)
        assert matching.match_citing(NOW + ONE_DAY) == 1
        assert late_matches.offer() == 1
        assert not WaitingPaper.objects.exists()

    def test_the_tick_has_them_wait(self, send):
        openalex = make_source(slug="openalex", kind="openalex")
        alice = make_subscriber()
        following.follow(alice, self.cited, NOW)
        late = make_paper("Late")
        self.day_after(0, send, alice)
        self.say_that_it_cites(late, openalex)
        matching.match_citing(NOW + ONE_DAY)
        tasks.tick()
        assert WaitingPaper.objects.get().place.paper == late
