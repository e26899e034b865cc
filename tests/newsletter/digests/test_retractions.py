"""Readers who got, saved or liked a retracted paper are told once, in their next digest."""

import datetime as dt

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from newsletter.delivery import ledger, worker
from newsletter.delivery.composing import compose_for
from newsletter.digests import retractions
from newsletter.digests.readers import readers_of
from newsletter.digests.selection import Fallen
from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery, Retraction, RetractionAlert
from newsletter.operations import duplicates
from newsletter.operations.retention import delete_expired
from papers.ingest.records import store
from papers.models import Paper
from papers.sources.record import (
    HAS_PREPRINT,
    IS_RETRACTED_BY,
    IS_RETRACTION_OF,
    NOT_LISTED,
    Author,
    PaperRecord,
    Relation,
)
from subscriptions import links
from subscriptions.models import Feedback, SavedPaper, Upvote
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
from tests.newsletter.digest_readers import (
    choices_of,
    make_place,
    make_press,
    make_reader,
    whole,
)
from tests.newsletter.transports import RecordingTransport

pytestmark = pytest.mark.django_db

ARTICLE = PaperRecord(
    "doi:10.1038/s1",
    "Grazing geese shape the plants of arctic salt marshes",
    authors=(Author("Alice Adams"),),
)
NOTICE = "https://doi.org/10.1038/s2"
LATER = NOW + dt.timedelta(hours=1)
NEXT = DAY + dt.timedelta(days=1)
TOMORROW = NOW + dt.timedelta(days=1)


@pytest.fixture
def topic():
    return make_topic("Agents")


def crossref():
    return make_source(slug="crossref", kind="crossref")


def make_article() -> Paper:
    store([ARTICLE], crossref(), DAY, NOW)
    return Paper.objects.get(identifier=ARTICLE.identifier)


def retract(paper: Paper, now: dt.datetime = NOW) -> None:
    """The journal's notice arrives, and every reader of the paper is found."""
    notice = PaperRecord(
        "doi:10.1038/s2",
        f"Retraction note: {paper.title}",
        kind="retraction",
        status="retracted",
        listing=NOT_LISTED,
        relations=(Relation(IS_RETRACTION_OF, paper.identifier),),
    )
    store([notice], crossref(), DAY, now)
    retractions.look(now)
    retractions.look(now + 2 * settings.DELIVERY_LEASE)


def issue_of(topic, *titles, day=NEXT, papers=()):
    for paper in [*papers, *(make_paper(title, day=day) for title in titles)]:
        make_match(paper, topic)
    issue = build_issue(day, NOW)
    assert issue is not None
    return issue


def run(tmp_path, transport=None, now=LATER):
    transport = transport or RecordingTransport()
    worker.drain(transport=transport, directory=tmp_path, clock=lambda: now)
    return {mail.to_addr: "".join(part.text for part in mail.text) for mail in transport.sent}


def test_who_got_saved_or_liked_it_is_told_and_nobody_else(topic, tmp_path):
    paper = make_article()
    first = issue_of(topic, day=DAY, papers=[paper])
    alice, bob, charlie, dora, erin, frank = (
        make_subscriber(f"{name}@example.org", topics=[topic])
        for name in ("alice", "bob", "charlie", "dora", "erin", "frank")
    )
    make_delivery(first, alice)
    assert run(tmp_path).keys() == {"alice@example.org"}
    SavedPaper.objects.create(subscriber=bob, paper=paper, at=NOW)
    Feedback.objects.create(subscriber=charlie, paper=paper, value=1, at=NOW)
    Upvote.objects.create(subscriber=dora, paper=paper, at=NOW)
    Feedback.objects.create(subscriber=erin, paper=paper, value=-1, at=NOW)
    retract(paper)
    # Who saves what says already that it was retracted needs no news of it.
    SavedPaper.objects.create(subscriber=frank, paper=paper, at=TOMORROW)

    told = set(RetractionAlert.objects.values_list("subscriber__email", flat=True))
    assert told == {f"{name}@example.org" for name in ("alice", "bob", "charlie", "dora")}

    second = issue_of(topic, "Another paper")
    for reader in (alice, bob, charlie, dora, erin, frank):
        make_delivery(second, reader)
    texts = run(tmp_path)
    assert len(texts) == 6
    for to, text in texts.items():
        assert ("Retracted or withdrawn" in text) is (to in told)
        assert (paper.title in text) is (to in told)
        assert (NOTICE in text) is (to in told)

    retractions.look(TOMORROW)
    assert Retraction.objects.get().state == Retraction.State.DONE
    third = issue_of(topic, "A third paper", day=DAY + dt.timedelta(days=2))
    make_delivery(third, alice)
    assert "Retracted" not in run(tmp_path)["alice@example.org"]


def test_without_papers_that_day_it_waits_for_the_next_digest_that_goes_out(topic, tmp_path):
    paper = make_article()
    alice = make_subscriber(topics=[topic])
    SavedPaper.objects.create(subscriber=alice, paper=paper, at=NOW)
    retract(paper)

    empty = issue_of(make_topic("Vision"), "Seeing things")
    make_delivery(empty, alice)
    assert run(tmp_path) == {}
    assert RetractionAlert.objects.waiting().count() == 1

    make_delivery(issue_of(topic, "A paper", day=DAY + dt.timedelta(days=2)), alice)
    assert paper.title in run(tmp_path)["alice@example.org"]
    assert not RetractionAlert.objects.waiting().exists()


@pytest.mark.parametrize("state", ["failed", "expired", "skipped"])
def test_a_digest_that_did_not_go_out_leaves_it_to_the_next(topic, tmp_path, state):
    paper = make_article()
    alice = make_subscriber(topics=[topic])
    SavedPaper.objects.create(subscriber=alice, paper=paper, at=NOW)
    retract(paper)
    lost = make_delivery(issue_of(topic, "A paper"), alice, state=state)
    RetractionAlert.objects.update(delivery=lost)
    retractions.look(TOMORROW)

    make_delivery(issue_of(topic, "Another", day=DAY + dt.timedelta(days=2)), alice)
    assert paper.title in run(tmp_path)["alice@example.org"]
    # An operator sends the lost one after all: it does not say so again.
    if lost.resend(LATER, LATER + dt.timedelta(hours=1)):
        assert paper.title not in run(tmp_path)["alice@example.org"]
    assert RetractionAlert.objects.exclude(delivery=lost).count() == 1


def test_sending_one_in_doubt_again_says_the_same_again_and_another_digest_does_not(
    topic, tmp_path
):
    paper = make_article()
    alice = make_subscriber(topics=[topic])
    SavedPaper.objects.create(subscriber=alice, paper=paper, at=NOW)
    retract(paper)
    doubtful = make_delivery(issue_of(topic, "A paper"), alice)
    assert paper.title in run(tmp_path)["alice@example.org"]
    Delivery.objects.filter(pk=doubtful.pk).update(state=Delivery.State.UNKNOWN)
    retractions.look(TOMORROW)

    doubtful.refresh_from_db()
    assert doubtful.resend(LATER, LATER + dt.timedelta(hours=1))
    make_delivery(issue_of(topic, "Another", day=DAY + dt.timedelta(days=2)), alice)
    transport = RecordingTransport()
    run(tmp_path, transport)
    texts = ["".join(part.text for part in mail.text) for mail in transport.sent]
    assert sorted(paper.title in text for text in texts) == [False, True]


def test_a_worker_that_dies_before_sending_neither_repeats_nor_loses_it(topic, tmp_path):
    paper = make_article()
    alice = make_subscriber(topics=[topic])
    SavedPaper.objects.create(subscriber=alice, paper=paper, at=NOW)
    retract(paper)
    make_delivery(issue_of(topic, "A paper"), alice)

    class Killed(BaseException):
        pass

    def die(mail):
        raise Killed

    with pytest.raises(Killed):
        run(tmp_path, RecordingTransport(die))
    row = Delivery.objects.get()
    assert row.state == Delivery.State.CLAIMED
    assert RetractionAlert.objects.get().delivery == row
    # Its journal knows that nothing was answered: in doubt, so the reader may have it.
    ledger.sweep(tmp_path, LATER)
    retractions.look(LATER)
    make_delivery(issue_of(topic, "Another", day=DAY + dt.timedelta(days=2)), alice)
    assert paper.title not in run(tmp_path)["alice@example.org"]
    assert RetractionAlert.objects.get().told_at == LATER


def test_two_digests_of_one_batch_say_it_once(topic, tmp_path):
    paper = make_article()
    alice = make_subscriber(topics=[topic])
    SavedPaper.objects.create(subscriber=alice, paper=paper, at=NOW)
    retract(paper)
    make_delivery(issue_of(topic, "A paper"), alice)
    make_delivery(issue_of(topic, "Another", day=DAY + dt.timedelta(days=2)), alice)
    transport = RecordingTransport()
    run(tmp_path, transport)
    texts = ["".join(part.text for part in mail.text) for mail in transport.sent]
    assert sorted(paper.title in text for text in texts) == [False, True]


def test_it_is_found_under_every_name_and_told_once_of_a_work(topic, tmp_path):
    preprint = PaperRecord(
        "arxiv:2606.00001", ARTICLE.title, authors=ARTICLE.authors, kind="preprint"
    )
    store([preprint], make_source(slug="arxiv", kind="arxiv"), DAY, NOW)
    had = Paper.objects.get()
    first = issue_of(topic, day=DAY, papers=[had])
    alice = make_subscriber(topics=[topic])
    make_delivery(first, alice)
    run(tmp_path)
    article = PaperRecord(
        ARTICLE.identifier,
        ARTICLE.title,
        authors=ARTICLE.authors,
        status="retracted",
        listing=NOT_LISTED,
        relations=(
            Relation(HAS_PREPRINT, had.identifier),
            Relation(IS_RETRACTED_BY, "doi:10.1038/s2"),
        ),
    )
    store([article], crossref(), DAY, NOW)
    bob = make_subscriber("bob@example.org", topics=[topic])
    for reader in (alice, bob):
        SavedPaper.objects.create(
            subscriber=reader, paper=Paper.objects.get(identifier=ARTICLE.identifier), at=NOW
        )
    retractions.look(NOW)
    retractions.look(LATER)

    assert list(RetractionAlert.objects.values_list("paper", flat=True)) == [had.pk] * 2
    second = issue_of(topic, "Another paper")
    for reader in (alice, bob):
        make_delivery(second, reader)
    texts = run(tmp_path)
    assert all(text.count(ARTICLE.title) == 1 and NOTICE in text for text in texts.values())


def test_a_join_that_comes_later_tells_nobody_twice(topic):
    paper = make_article()
    alice, bob = make_subscriber(), make_subscriber("bob@example.org")
    SavedPaper.objects.create(subscriber=alice, paper=paper, at=NOW)
    retract(paper)
    other = make_paper("Another name", status="retracted", day=None)
    SavedPaper.objects.create(subscriber=alice, paper=other, at=NOW)
    SavedPaper.objects.create(subscriber=bob, paper=other, at=NOW)
    retractions.look(NOW)
    retractions.look(LATER)
    assert RetractionAlert.objects.count() == 3

    Paper.objects.filter(pk=other.pk).update(merged_into=paper)
    retractions.look(LATER)
    rows = RetractionAlert.objects.filter(paper=paper)
    assert set(rows.values_list("subscriber", flat=True)) == {alice.pk, bob.pk}
    telling = Retraction.objects.telling()
    assert [one.paper for one in telling] == [paper]


def test_what_stands_after_all_is_not_told(topic, tmp_path):
    paper = make_article()
    alice = make_subscriber(topics=[topic])
    SavedPaper.objects.create(subscriber=alice, paper=paper, at=NOW)
    retract(paper)
    Paper.objects.filter(pk=paper.pk).update(status="")
    make_delivery(issue_of(topic, "A paper"), alice)
    assert paper.title not in run(tmp_path)["alice@example.org"]


def test_a_digest_under_way_when_it_was_retracted_counts(topic, tmp_path):
    paper = make_article()
    issue = issue_of(topic, day=DAY, papers=[paper])
    alice = make_subscriber(topics=[topic])
    Paper.objects.filter(pk=paper.pk).update(status="retracted")
    retractions.look(NOW)
    # Composed a moment before, and settled a moment after.
    place = issue.places.get()
    make_delivery(issue, alice, state="sent", choices=[[paper.pk, place.pk, [], ""]])
    retractions.look(NOW + dt.timedelta(seconds=30))
    assert not RetractionAlert.objects.exists()
    retractions.look(NOW + 2 * settings.DELIVERY_LEASE)
    assert RetractionAlert.objects.get().subscriber == alice


def test_readers_of_another_paper_of_the_issue_are_not_told(topic, tmp_path, monkeypatch):
    monkeypatch.setattr(retractions, "BATCH", 2)
    paper, other = make_article(), make_paper("Another")
    issue = issue_of(topic, day=DAY, papers=[paper, other])
    places = {place.paper_id: place.pk for place in issue.places.all()}
    readers = [make_subscriber(f"r{number}@example.org") for number in range(7)]
    for number, reader in enumerate(readers):
        mine = paper if number % 2 else other
        # The number of the paper stands among the topics of the others, too.
        choices = [[mine.pk, places[mine.pk], [paper.pk, 5], "why"]]
        make_delivery(issue, reader, state="sent", choices=choices)
    retract(paper)
    told = set(RetractionAlert.objects.values_list("subscriber", flat=True))
    assert told == {reader.pk for reader in readers[1::2]}


def test_the_digest_on_the_web_and_the_private_feed_tell_it(topic, tmp_path, client):
    paper = make_article()
    alice = make_subscriber(topics=[topic], receives_by="feed")
    SavedPaper.objects.create(subscriber=alice, paper=paper, at=NOW)
    retract(paper)
    delivery = make_delivery(issue_of(topic, "A paper"), alice)
    run(tmp_path)

    page = reverse(
        "newsletter:digest",
        args=[links.token(links.Purpose.DIGEST, alice.pk, alice.link_version, delivery.pk)],
    )
    shown = client.get(page).content.decode()
    assert paper.title in shown
    assert NOTICE in shown
    assert paper.get_absolute_url() in shown
    feed = reverse(
        "newsletter:feed",
        args=[links.token(links.Purpose.FEED, alice.pk, alice.link_version)],
    )
    said = client.get(feed).content.decode()
    assert f"Retracted: {paper.title}" in said
    assert NOTICE in said


def test_german_readers_are_told_in_german(topic, tmp_path):
    paper = make_article()
    alice = make_subscriber(topics=[topic], language="de")
    SavedPaper.objects.create(subscriber=alice, paper=paper, at=NOW)
    retract(paper)
    make_delivery(issue_of(topic, "A paper"), alice)
    text = run(tmp_path)["alice@example.org"]
    assert "Zurückgezogene Paper" in text
    assert "Mitteilung lesen" in text
    assert "Retracted or withdrawn" not in text


def test_html_names_it_with_links_to_the_page_and_the_notice(topic):
    title = 'Salt & "marshes" <b>of geese</b>'
    paper = make_article()
    Paper.objects.filter(pk=paper.pk).update(title=title)
    alice = make_subscriber(topics=[topic])
    SavedPaper.objects.create(subscriber=alice, paper=paper, at=NOW)
    retract(paper)
    Paper.objects.filter(pk=paper.pk).update(title=title)
    issue = issue_of(topic, "A paper")
    mail, _ = compose_for(issue, readers_of([alice.pk])[0][alice.pk])
    assert mail is not None
    html = "".join(part.text for part in mail.html)
    assert "Salt &amp; &quot;marshes&quot; &lt;b&gt;of geese&lt;/b&gt;" in html
    assert f'href="{settings.SITE_URL}{paper.get_absolute_url()}"' in html
    assert f'href="{NOTICE}"' in html
    assert not RetractionAlert.objects.exclude(delivery=None).exists()  # it was a preview


def test_nothing_retracted_costs_a_batch_one_query_and_a_look_four(
    topic, tmp_path, django_assert_num_queries
):
    readers = [make_subscriber(f"r{number}@example.org").pk for number in range(5)]
    with django_assert_num_queries(1):
        assert retractions.alerts_for(readers) == {}
    with django_assert_num_queries(4):
        retractions.look(NOW)


def test_telling_costs_a_batch_as_many_queries_for_many_readers_as_for_one(topic, tmp_path):
    paper = make_article()
    counts = []
    for size in (1, 20):
        readers = [make_subscriber(f"r{size}-{n}@example.org") for n in range(size)]
        for reader in readers:
            SavedPaper.objects.create(subscriber=reader, paper=paper, at=NOW)
        Retraction.objects.all().delete()
        retract(paper)
        ids = [reader.pk for reader in readers]
        with CaptureQueriesContext(connection) as queries:
            told = retractions.alerts_for(ids)
            retractions.record({pk: list(mine) for pk, mine in told.items() if pk < 0})
        assert len(told) == size
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_digest_tells_of_so_many_and_the_next_of_the_rest(topic, tmp_path, monkeypatch):
    monkeypatch.setattr(retractions, "MOST", 2)
    alice = make_subscriber(topics=[topic])
    for number in range(3):
        paper = make_paper(f"Fallen {number}", day=None, status="retracted")
        SavedPaper.objects.create(subscriber=alice, paper=paper, at=NOW)
    retractions.look(NOW)
    retractions.look(LATER)
    counts = []
    for number in (1, 2):
        day = DAY + dt.timedelta(days=number)
        make_delivery(issue_of(topic, f"Paper {number}", day=day), alice)
        counts.append(run(tmp_path)["alice@example.org"].count("Fallen"))
    assert counts == [2, 1]


def test_what_is_kept_of_it_goes_in_time_with_the_reader_and_with_a_join_of_rows(topic, settings):
    settings.KEEP_DELIVERIES_DAYS = 30
    paper = make_article()
    alice, other = make_subscriber(), make_subscriber("a.lice@example.org")
    for reader in (alice, other):
        SavedPaper.objects.create(subscriber=reader, paper=paper, at=NOW)
    retract(paper)
    survivor = duplicates.join(duplicates.Duplicates("alice@example.org", (alice, other)), NOW)
    assert [one.subscriber for one in RetractionAlert.objects.all()] == [survivor]
    assert delete_expired(NOW + dt.timedelta(days=31), dry_run=True).alerts == 1
    assert delete_expired(NOW + dt.timedelta(days=29)).alerts == 0
    assert delete_expired(NOW + dt.timedelta(days=31)).alerts == 1
    retractions.look(NOW + dt.timedelta(days=32))
    assert not RetractionAlert.objects.exists()


def test_both_forms_of_the_digest_are_what_their_templates_say():
    press = make_press([make_place(1), make_place(2)])
    told = (
        Fallen('A & "B"', "/papers/doi/10.1/x/", NOTICE, is_retracted=True),
        Fallen("C", "/papers/doi/10.1/y/", "", is_retracted=False),
    )
    reader = make_reader(fallen=told)
    choices = choices_of(press, reader)
    assert press.html is not None
    press.prepare([(reader, choices)])
    for form in (press.html, press.text):
        joined = "".join(part.text for part in form.compose(press.order(reader, choices, 1)))
        assert joined == whole(press, form, reader, choices, 1)


def test_the_papers_page_leads_to_the_notice(client):
    paper = make_article()
    assert NOTICE not in client.get(paper.get_absolute_url()).content.decode()
    retract(paper)
    assert NOTICE in client.get(paper.get_absolute_url()).content.decode()
