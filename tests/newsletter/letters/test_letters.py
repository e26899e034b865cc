"""Letters, from the filter to the email: one for each reader, with consent, claims and counts."""

import datetime as dt
from pathlib import Path

import pytest
from django.test import Client

from newsletter.delivery import ledger, worker
from newsletter.digests.tracked_links import token_of
from newsletter.events import consequences
from newsletter.issues import corrections
from newsletter.letters import planning
from newsletter.letters.recipients import Recipients
from newsletter.mail.outcomes import Kind, Outcome
from newsletter.models import Delivery, Event, Letter
from papers.text.markdown import as_html
from subscriptions import links
from subscriptions.models import Subscriber, Suppression
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_frozen_issue,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)
from tests.newsletter.transports import ACCEPTED, RecordingTransport

pytestmark = pytest.mark.django_db

TEXTS = {
    "en": {"subject": "A word from us", "body": "Hello *all*.\n\n- one\n- two"},
    "de": {"subject": "Ein Wort von uns", "body": "Hallo **alle**."},
}


def make_letter(**kwargs) -> Letter:
    return Letter.objects.create(**{"title": "A word", "texts": TEXTS, "made_at": NOW} | kwargs)


def approved(**kwargs) -> Letter:
    letter = make_letter(**kwargs)
    assert letter.approve(NOW, None)
    planning.plan(NOW)
    return letter


def drain(
    tmp_path: Path, transport: RecordingTransport | None = None, now: dt.datetime = NOW
) -> RecordingTransport:
    transport = transport or RecordingTransport()
    worker.drain(transport=transport, directory=tmp_path, clock=lambda: now)
    return transport


def html_of(mail) -> str:
    return "".join(fragment.text for fragment in mail.html)


def test_each_reader_gets_it_once_in_their_language_and_can_leave_with_one_click(tmp_path):
    make_subscriber("alice@example.org")
    make_subscriber("bob@example.org", language="de")
    letter = approved()
    for _ in range(2):  # whatever comes twice changes nothing
        Letter.objects.update(planned_at=None, planned_to=0)
        planning.plan(NOW)
    transport = drain(tmp_path)
    assert transport.addresses == ["alice@example.org", "bob@example.org"]
    english, german = sorted(transport.sent, key=lambda mail: mail.to_addr)
    assert english.subject == "A word from us"
    assert "<em>all</em>" in html_of(english)
    assert german.subject == "Ein Wort von uns"
    assert "<strong>alle</strong>" in html_of(german)
    headers = dict(english.headers)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"] != dict(german.headers)["List-Unsubscribe"]
    assert "LLLL" not in html_of(english)
    assert {row.state for row in Delivery.objects.all()} == {"sent"}
    assert drain(tmp_path).sent == []
    planning.count(NOW)
    letter.refresh_from_db()
    assert letter.counts["sent"] == 2


def test_who_left_or_is_suppressed_meanwhile_gets_none(tmp_path):
    left = make_subscriber("alice@example.org")
    make_subscriber("bob@example.org")
    make_subscriber("charlie@example.org")
    approved()
    left.leave(NOW)
    Suppression.objects.add_address("bob@example.org", Suppression.Reason.REQUEST, NOW)
    assert drain(tmp_path).addresses == ["charlie@example.org"]
    states = dict(Delivery.objects.values_list("subscriber__email", "state"))
    assert states["alice@example.org"] == states["bob@example.org"] == "skipped"


def test_the_filter_names_those_who_are_as_each_of_its_parts_says():
    agents, robots = make_topic("Agents"), make_topic("Robots")
    make_subscriber("alice@example.org", topics=[agents])
    make_subscriber("bob@example.org", topics=[agents, robots], language="de")
    make_subscriber("charlie@example.org", topics=[robots], receives_by="feed")
    make_subscriber("d@example.org", topics=[robots], status=Subscriber.Status.PENDING)
    early = make_subscriber("e@example.org", topics=[])
    Subscriber.objects.filter(pk=early.pk).update(confirmed_at=NOW - dt.timedelta(days=400))

    def named(**kwargs) -> set[str]:
        found = Recipients(**kwargs).readers().values_list("email", flat=True)
        return {email.partition("@")[0] for email in found}

    assert named() == {"alice", "bob", "e"}
    assert named(topics=(agents.pk,)) == {"alice", "bob"}
    assert named(topics=(robots.pk,)) == {"bob"}
    assert named(topics=(agents.pk,), languages=("en",)) == {"alice"}
    assert named(confirmed_before=DAY - dt.timedelta(days=100)) == {"e"}
    again = Letter(recipients=Recipients(topics=(agents.pk,), confirmed_before=DAY).as_dict())
    assert Recipients.of(again) == Recipients(topics=(agents.pk,), confirmed_before=DAY)


def test_a_correction_goes_to_those_who_got_what_was_wrong(tmp_path):
    topic = make_topic("Agents")
    make_match(make_paper("Agents everywhere"), topic)
    issue = make_frozen_issue()
    place = issue.places.get()
    had, waits = (make_subscriber(f"{name}@example.org", topics=[topic]) for name in "ab")
    chosen = [[place.paper_id, place.pk, [topic.pk], "why"]]
    make_delivery(issue, had, state="sent", choices=chosen, sent_at=NOW - dt.timedelta(hours=1))
    make_delivery(issue, waits)
    corrections.mend(place, {"title": "Agents, really"}, NOW, by=None)
    assert Recipients(place=place.pk).count() == 1
    approved(kind=Letter.Kind.CORRECTION, recipients={"place": place.pk})
    letters = Delivery.objects.exclude(letter=None)
    assert [row.subscriber for row in letters] == [had]


def test_a_paused_letter_waits_and_a_stopped_one_is_closed(tmp_path):
    make_subscriber("alice@example.org")
    letter = approved()
    letter.pause("wait")
    assert drain(tmp_path).sent == []
    letter.resume()
    letter.stop("wrong")
    assert drain(tmp_path).sent == []
    assert planning.settle_stopped() == 1
    row = Delivery.objects.get()
    assert (row.state, row.reason) == ("skipped", planning.STOPPED)


def test_one_that_is_not_approved_has_no_rows():
    make_subscriber("alice@example.org")
    letter = make_letter()
    planning.plan(NOW)
    letter.submit()
    planning.plan(NOW)
    assert not Delivery.objects.exists()
    assert letter.approve(NOW, None)
    assert not letter.approve(NOW, None)
    assert letter.approved_at == NOW


def test_it_is_tried_again_after_a_temporary_error_and_expires_after_its_time(tmp_path):
    make_subscriber("alice@example.org")
    approved()
    busy = RecordingTransport(lambda mail: Outcome(Kind.DEFERRED, "451", "come again"))
    drain(tmp_path, busy)
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("pending", 1)
    later = NOW + Letter.WITHIN + dt.timedelta(hours=1)
    ledger.sweep(tmp_path, later)
    assert Delivery.objects.get().state == "expired"


def test_chunks_go_on_where_the_one_before_ended(monkeypatch):
    monkeypatch.setattr(planning, "CHUNK", 2)
    readers = [make_subscriber(f"r{number}@example.org") for number in range(5)]
    letter = make_letter()
    letter.approve(NOW, None)
    planning.plan(NOW, seconds=0)
    assert not Delivery.objects.exists()
    planning._plan_chunk(letter.pk, NOW)
    assert Delivery.objects.count() == 2
    planning.plan(NOW)
    assert set(Delivery.objects.values_list("subscriber", flat=True)) == {one.pk for one in readers}
    assert Letter.objects.get().planned_at == NOW


def test_it_counts_neither_as_a_digest_nor_as_had(tmp_path):
    topic = make_topic("Agents")
    make_match(make_paper("Agents everywhere"), topic)
    issue = make_frozen_issue()
    reader = make_subscriber("alice@example.org", topics=[topic])
    make_delivery(issue, reader)
    approved()
    transport = drain(tmp_path, RecordingTransport(lambda mail: ACCEPTED))
    assert len(transport.sent) == 2
    assert list(Delivery.objects.readable()) == [Delivery.objects.get(issue=issue)]
    assert Delivery.objects.counted_by_state([issue])[issue.pk].total() == 1


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("<script>alert(1)</script>", "<script"),
        ("<img src=x onerror=alert(1)>", "<img"),
        ("![a](https://example.org/a.png)", "<img"),
        ("[a](javascript:alert(1))", "href"),
        ("[a](data:text/html,x)", "href"),
        ("[a](/relative)", "href"),
        ("[a](//example.org)", "href"),
        ("[a][1]\n\n[1]: vbscript:x", "href"),
        ('[a](https://example.org/"onclick=x)', '"onclick'),
        ("<mj-raw></mj-raw>", "<mj-raw"),
    ],
)
def test_markdown_shows_what_it_does_not_take(text, without):
    assert without not in as_html(text)


def test_markdown_keeps_what_an_email_can_show():
    html = as_html("# Title\n\nA [link](https://example.org/a?b=1&c=2) and `code`.\n\n1. one")
    for wanted in ("<h1>Title</h1>", 'href="https://example.org/a?b=1&amp;c=2"', "<ol>", "<code>"):
        assert wanted in html


def test_whoever_is_asked_again_agrees_by_a_button_and_is_not_asked_again(tmp_path):
    alice, bob = (make_subscriber(f"{name}@example.org") for name in ("alice", "bob"))
    Subscriber.objects.update(confirmed_at=NOW - dt.timedelta(days=900))
    approved(kind=Letter.Kind.PERMISSION, recipients={"confirmed_before": DAY.isoformat()})
    mails = {mail.to_addr: html_of(mail) for mail in drain(tmp_path).sent}
    assert len(mails) == 2
    path = links.keep_path(alice.pk, alice.link_version)
    assert f'href="{links.absolute(path)}"' in mails["alice@example.org"]
    browser = Client()
    browser.get(path)
    assert not alice.consents.filter(action="kept").exists()  # looking agrees to nothing
    assert "go on as before" in browser.post(path, follow=True).content.decode()
    assert alice.consents.get(action="kept").wording == "Yes, keep sending"
    assert list(Recipients(confirmed_before=DAY).readers()) == [bob]
    bob.leave(NOW)
    browser.post(links.keep_path(bob.pk, bob.link_version))
    assert not bob.consents.filter(action="kept").exists()


def test_other_letters_have_no_such_button(tmp_path):
    make_subscriber()
    approved()
    (mail,) = drain(tmp_path).sent
    assert "/keep/" not in html_of(mail)


LINKED = {
    "en": {
        "subject": "Links",
        "body": "[one](https://one.example/?a=1&b=2), [two](http://two.example) and "
        "[one again](https://one.example/?a=1&b=2), or [write](mailto:us@example.org).",
    }
}


@pytest.mark.parametrize(("opens", "clicks"), [(True, True), (True, False), (False, True)])
def test_links_and_opening_are_tracked_where_the_operator_wants_it(
    tmp_path, client, settings, opens, clicks
):
    settings.TRACK_OPENS, settings.TRACK_CLICKS = opens, clicks
    alice = make_subscriber("alice@example.org")
    approved(texts=LINKED)
    html = html_of(drain(tmp_path).sent[0])
    row = Delivery.objects.get()
    token = token_of(alice.pk, alice.link_version, row.pk)
    assert (f"/t/{token}/open.gif" in html, f"/t/{token}/letter/" in html) == (opens, clicks)
    assert ("https://one.example" in html) != clicks
    assert "mailto:us@example.org" in html
    if clicks:
        for number, wanted in enumerate(["https://one.example/?a=1&b=2", "http://two.example"]):
            path = f"/t/{token}/letter/{row.letter_id}/en/{number}/"
            assert html.count(path) == 2 - number
            response = client.get(path, headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"})
            assert (response.status_code, response["Location"]) == (302, wanted)
        consequences.process(NOW)
        assert Event.objects.filter(kind="clicked", delivery=row).count() == 2


def test_untracked_it_is_as_written(tmp_path):
    make_subscriber("alice@example.org")
    approved(texts=LINKED)
    html = html_of(drain(tmp_path).sent[0])
    assert "/t/" not in html
    assert 'href="http://two.example"' in html


@pytest.mark.parametrize(
    "end", ["letter/{pk}/en/2/", "letter/{pk}/de/0/", "letter/{pk}/xx/0/", "letter/99999/en/0/"]
)
def test_an_address_that_no_letter_holds_leads_nowhere(client, settings, end):
    settings.TRACK_CLICKS = True
    alice = make_subscriber("alice@example.org")
    letter = approved(texts=LINKED)
    token = token_of(alice.pk, alice.link_version, Delivery.objects.get().pk)
    assert client.get(f"/t/{token}/letter/{letter.pk}/en/0/").status_code == 302
    assert client.get(f"/t/{token}/{end.format(pk=letter.pk)}").status_code == 404
    assert client.get(f"/t/{'x' * 48}/letter/{letter.pk}/en/0/").status_code == 404


def test_links_of_a_draft_lead_nowhere(client, settings):
    settings.TRACK_CLICKS = True
    alice = make_subscriber("alice@example.org")
    letter = make_letter(texts=LINKED)
    token = token_of(alice.pk, alice.link_version, 1)
    assert client.get(f"/t/{token}/letter/{letter.pk}/en/0/").status_code == 404


def test_the_preview_line_is_what_the_markdown_says(tmp_path):
    make_subscriber("alice@example.org")
    body = "**One** [link](https://one.example/?a=1&b=2) & 2 < 3.\n\n- more"
    approved(texts={"en": {"subject": "Links", "body": body}})
    assert ">One link &amp; 2 &lt; 3. more</div>" in html_of(drain(tmp_path).sent[0])
