"""Following, matching a day, previews, mutes, files, and what stays when readers leave."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from papers.matching.interests.matcher import Wanted, match
from papers.matching.interests.specs import spec_of
from papers.models import SourceRecord
from subscriptions.interests import cleaning, files, following, matching, previews
from subscriptions.models import Following, Interest, InterestMatch, InterestRun, Muted, Subscriber
from subscriptions.readers import personal_data
from tests.factories import DAY, NOW, make_paper, make_source, make_subscriber

pytestmark = pytest.mark.django_db

CHARGE = spec_of("words", phrases=["state of charge"])
ALICE_ADAMS = spec_of("author", name="Alice Adams")


def ids_matched(interest: Interest) -> list[int]:
    rows = InterestMatch.objects.filter(interest=interest).order_by("paper")
    return list(rows.values_list("paper_id", flat=True))


def test_readers_who_ask_for_the_same_share_one_row_that_goes_with_the_last():
    alice, bob = make_subscriber(), make_subscriber("bob@example.org")
    first = following.follow(alice, CHARGE, NOW)
    again = following.follow(alice, CHARGE, NOW)
    second = following.follow(bob, spec_of("words", phrases=["States of charge"]), NOW)
    assert (first.is_new, again.is_new, second.is_new) == (True, False, True)
    assert (first.is_unmatched, second.is_unmatched) == (True, False)
    assert Interest.objects.count() == 1

    following.unfollow(first.following, NOW)
    assert Interest.objects.count() == 1
    personal_data.erase(bob)
    assert not Interest.objects.exists()
    assert not Following.objects.exists()


def test_no_reader_follows_more_than_the_limit(settings):
    settings.MOST_INTERESTS = settings.MOST_MUTES = 1
    alice = make_subscriber()
    following.follow(alice, CHARGE, NOW)
    following.mute(alice, CHARGE, NOW)
    for act in (following.follow, following.mute):
        with pytest.raises(following.Refused) as refused:
            act(alice, ALICE_ADAMS, NOW)
        assert refused.value.code == "many"
    assert Interest.objects.count() == 1


def test_a_day_is_matched_in_pages_and_goes_on_where_it_was_broken_off(monkeypatch):
    charge = make_paper("Estimating the state of charge", authors=["Bob Brown"])
    other = make_paper("Another", authors=["Alice Adams"])
    reader = make_subscriber()
    one = following.follow(reader, CHARGE, NOW).following.interest
    two = following.follow(reader, ALICE_ADAMS, NOW).following.interest
    matching.order(DAY, NOW)
    assert not matching.is_ready(DAY)

    written = matching.store
    monkeypatch.setattr(matching, "store", _failing_on_second(written))
    with pytest.raises(RuntimeError, match="broken off"):
        matching.run_day(DAY, NOW, page=1)
    monkeypatch.setattr(matching, "store", written)
    assert (ids_matched(one), ids_matched(two)) == ([charge.pk], [])
    assert matching.run_day(DAY, NOW, page=1) == 0  # somebody has it in hand

    later = NOW + matching.LEASE + dt.timedelta(seconds=1)
    assert matching.run_day(DAY, later, page=1) == 1
    assert (ids_matched(one), ids_matched(two)) == ([charge.pk], [other.pk])
    assert matching.is_ready(DAY)
    run = InterestRun.objects.get()
    assert (run.interests, run.matches) == (2, 2)
    (row,) = InterestMatch.objects.filter(interest=one)
    assert row.evidence == [{"kind": "keyword", "detail": "state of charge", "where": "title"}]


def _failing_on_second(store):
    calls = []

    def failing(*args):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("broken off")
        return store(*args)

    return failing


def test_no_reader_is_read_while_a_day_is_matched():
    make_paper("Estimating the state of charge")
    for number in range(3):
        following.follow(make_subscriber(f"r{number}@example.org"), CHARGE, NOW)
    matching.order(DAY, NOW)
    with CaptureQueriesContext(connection) as queries:
        assert matching.run_day(DAY, NOW) == 1
    read = " ".join(query["sql"] for query in queries)
    for model in (Following, Muted, Subscriber):
        assert model._meta.db_table + '"' not in read


def test_matches_that_are_there_already_stay_and_the_others_are_written():
    one, two = make_paper("A state of charge"), make_paper("The state of things")
    words = spec_of("words", phrases=['state \\ "of"'])
    interest = following.follow(make_subscriber(), words, NOW).following.interest
    index = matching.index_of([DAY])
    found = list(match(index, [Wanted(interest.pk, words)]))
    assert len(found) == 2
    assert matching.store(DAY, index, lambda: found[:1]) == 1
    assert matching.store(DAY, index, lambda: found) == 1
    assert set(ids_matched(interest)) == {one.pk, two.pk}
    said = {"kind": "keyword", "detail": 'state \\ "of"', "where": "title"}
    assert [row.evidence for row in InterestMatch.objects.all()] == [[said], [said]]


def test_papers_that_cite_one_are_found_when_a_source_says_so_later_too():
    openalex = make_source(slug="openalex", kind="openalex")
    early, late, other = (make_paper(title) for title in ("Early", "Late", "Other"))
    cited = spec_of("citing", ids=["openalex:W1"], name="A cited paper")
    interest = following.follow(make_subscriber(), cited, NOW).following.interest

    def say(paper, *cites):
        SourceRecord.objects.create(
            source=openalex,
            paper=paper,
            identifier=paper.identifier,
            facts={"title": paper.title, "cites": list(cites)},
            first_seen_at=NOW,
            changed_at=NOW,
        )

    say(early, "openalex:W2", "openalex:W1")
    say(other, "openalex:W2")
    matching.order(DAY, NOW)
    matching.work(NOW)
    assert ids_matched(interest) == [early.pk]
    assert matching.match_citing(NOW) == 0
    say(late, "openalex:W1")
    assert matching.match_citing(NOW) == 1
    assert matching.match_citing(NOW) == 0
    assert set(ids_matched(interest)) == {early.pk, late.pk}
    (row,) = InterestMatch.objects.filter(paper=late)
    assert row.evidence == [{"kind": "citing", "detail": "A cited paper", "where": ""}]


def test_what_is_followed_after_the_day_was_matched_is_matched_at_once():
    matching.order(DAY, NOW)
    matching.work(NOW)
    paper = make_paper("Estimating the state of charge")
    made = following.follow(make_subscriber(), CHARGE, NOW).following
    assert matching.work(NOW) == 1
    assert ids_matched(made.interest) == [paper.pk]
    assert matching.work(NOW) == 0

    changed = following.change(made, NOW, spec=spec_of("words", phrases=["of charge"]))
    assert changed.is_unmatched
    assert changed.following.name == "of charge"
    assert matching.work(NOW) == 1
    assert Interest.objects.count() == 1


def test_a_preview_is_what_matching_finds_and_says_what_is_too_broad(settings):
    for number in range(15):
        make_paper(f"Charge number {number}", authors=["Bob Brown"])
    make_paper("The state of charge", authors=["Alice Adams"])
    narrow = previews.preview(CHARGE, NOW)
    assert [one.paper.title for one in narrow.papers] == ["The state of charge"]
    assert narrow.papers[0].why == "“state of charge” in the title"
    assert (narrow.certain, narrow.looked_at, narrow.share) == (1, 16, 6.25)
    narrow.refuse_broad()  # one paper is never too many
    broad = previews.preview(spec_of("words", phrases=["charge"]), NOW)
    with pytest.raises(following.Refused, match="16 of 16 papers in 14 days") as refused:
        broad.refuse_broad()
    assert refused.value.code == "broad"
    maybe = previews.preview(spec_of("author", name="A. Adams"), NOW)
    assert (maybe.certain, maybe.maybe, maybe.is_too_broad) == (0, 1, False)


def test_interests_move_from_one_site_to_another_and_bad_entries_are_named():
    alice, bob = make_subscriber(), make_subscriber("bob@example.org")
    following.follow(alice, CHARGE, NOW, name="Batteries", most_papers=3, rhythm="daily")
    following.follow(alice, ALICE_ADAMS, NOW, takes_maybe=True)
    brought = files.bring(bob, files.as_json(alice).encode(), NOW)
    assert [(one.name, one.most_papers, one.rhythm) for one in brought.followed] == [
        ("Batteries", 3, "daily"),
        ("Alice Adams", 10, "digest"),
    ]
    assert files.bring(bob, files.as_json(alice).encode(), NOW).known == 2

    content = (
        b'{"format": "broadsheet-interests-1", "interests": [3, {"interest": {"kind": "words"}},'
        b' {"interest": {"kind": "words", "phrases": ["a battery"]}, "most_papers": 1e999}]}'
    )
    brought = files.bring(bob, content, NOW)
    assert [number for number, _ in brought.refused] == [1, 2]
    assert [one.name for one in brought.followed] == ["a battery"]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"[]", b"{}", b"[" * 100_000, b"x" * 2_000_000]
)
def test_another_file_gets_a_sentence(content):
    with pytest.raises(following.Refused):
        files.bring(make_subscriber(), content, NOW)


def test_what_readers_who_are_gone_left_is_deleted_and_matches_do_not_stay(settings):
    reader = make_subscriber()
    paper = make_paper("The state of charge")
    made = following.follow(reader, CHARGE, NOW).following
    muted, _ = following.mute(reader, ALICE_ADAMS, NOW)
    matching.order(DAY, NOW)
    matching.work(NOW)
    assert ids_matched(made.interest) == [paper.pk]
    assert cleaning.delete_orphans() == 0
    cleaning.delete_old_matches(DAY + dt.timedelta(days=settings.KEEP_INTEREST_MATCHES_DAYS))
    assert InterestMatch.objects.exists()
    cleaning.delete_old_matches(DAY + dt.timedelta(days=settings.KEEP_INTEREST_MATCHES_DAYS + 1))
    assert not InterestMatch.objects.exists()

    # As the version before erases a reader: without a look at these tables.
    Following.objects.filter(pk=made.pk).update(subscriber=10**9)
    Muted.objects.filter(pk=muted.pk).update(subscriber=10**9)
    assert cleaning.delete_orphans() == 2
    assert not Interest.objects.exists()


def test_a_daily_rhythm_of_a_reader_is_scheduled_and_ends():
    reader = make_subscriber(rhythm="weekly", hour=9)
    made = following.follow(reader, CHARGE, NOW, rhythm="daily").following
    reader.refresh_from_db()
    assert reader.next_interests_at == NOW + dt.timedelta(hours=1)
    following.change(made, NOW, is_paused=True)
    assert Subscriber.objects.get().next_interests_at is None
    following.change(made, NOW, is_paused=False)
    assert following.end_daily(reader, NOW) == 1
    assert Subscriber.objects.get().next_interests_at is None
    made.refresh_from_db()
    assert made.rhythm == "digest"
