"""Opens and clicks: nothing by default; by choice without a third party and without a redirect to
wherever a stranger likes.
"""

import datetime as dt
import re
from html import unescape

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from newsletter import tasks
from newsletter.delivery.composing import Wording, edition_of
from newsletter.digests import tracked_links
from newsletter.digests.readers import readers_of
from newsletter.events import consequences, tracking
from newsletter.issues.freezing import build_issue
from newsletter.mail.message import HTML_LIMIT
from newsletter.mail.transports.backend import open_transport
from newsletter.models import Delivery, Event, IssuePaper
from newsletter.pages import tracking as tracking_views
from subscriptions import links
from tests.factories import DAY, NOW, make_delivery, make_match, make_paper, make_topic
from tests.factories import make_subscriber as make_reader
from tests.newsletter.mail.providers.test_transports import PROVIDERS, answer, transport_for
from tests.newsletter.mail.test_message import make_mail

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CODE = "https://code.example/a?b=1&c=2"


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr(tasks.heed, "apply_async", lambda *_, **__: None)
    cache.clear()
    return Client(headers={"User-Agent": BROWSER})


@pytest.fixture
def row(db):
    topic = make_topic("Agents")
    for title in ("Agents one", "Agents two"):
        make_match(make_paper(title, code_url=CODE), topic)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    alice = make_reader(topics=[topic])
    return make_delivery(issue, alice, state=Delivery.State.SENT, sent_at=NOW)


def rendered(row, delivery_id="own"):
    edition = edition_of(row.issue, Wording(False, False, "en"))
    reader = readers_of([row.subscriber_id])[0][row.subscriber_id]
    choices = edition.stock.shelf.select(reader, ())
    pk = row.pk if delivery_id == "own" else delivery_id
    return edition.press.render(reader, choices, pk)


def html_of(mail):
    return "".join(fragment.text for fragment in mail.html)


def hrefs(html):
    return [unescape(url) for url in re.findall(r'href="([^"]+)"', html)]


@pytest.fixture
def tracked(settings):
    settings.TRACK_OPENS = settings.TRACK_CLICKS = True


def paths(row):
    """The tracked links and the picture in the reader's digest, as paths."""
    html = html_of(rendered(row))
    base = "https://papers.example.org"
    links_ = [url.removeprefix(base) for url in hrefs(html) if url.startswith(f"{base}/t/")]
    pictures = re.findall(rf'src="{base}(/t/[^"]+)"', html)
    return links_, pictures


class TestMail:
    def test_by_default_there_is_nothing(self, row):
        mail = rendered(row)
        assert b"/t/" not in mail.as_bytes()
        assert "open.gif" not in html_of(mail)
        assert paths(row) == ([], [])

    def test_links_to_papers_lead_through_this_site_and_no_others(self, row, tracked):
        plain = rendered(row, None)
        before, after = hrefs(html_of(plain)), hrefs(html_of(rendered(row)))
        assert len(before) == len(after)
        for old, new in zip(before, after, strict=True):
            is_paper = old == CODE or "/papers/" in old or "arxiv.org" in old
            assert ("/t/" in new) is is_paper, old
            assert (old.split("/")[3:4] == new.split("/")[3:4]) is not is_paper

    def test_no_link_holds_an_address(self, row, tracked):
        for path in paths(row)[0]:
            assert re.fullmatch(r"/t/[A-Za-z0-9_-]{48}/\d+/\d/", path)

    def test_the_text_form_stays_as_it_is(self, row, tracked):
        text = "".join(fragment.text for fragment in rendered(row).text)
        assert "/t/" not in text
        assert CODE in text

    def test_a_preview_is_not_tracked(self, row, tracked):
        assert "/t/" not in html_of(rendered(row, None))

    def test_each_is_chosen_by_itself(self, row, settings):
        settings.TRACK_OPENS = True
        links_, pictures = paths(row)
        assert (links_, len(pictures)) == ([], 1)
        settings.TRACK_OPENS, settings.TRACK_CLICKS = False, True
        links_, pictures = paths(row)
        assert len(links_) > 4
        assert pictures == []

    def test_two_readers_have_two_tokens(self, row, tracked):
        bob = make_reader("bob@example.org", topics=list(row.subscriber.topics.all()))
        other = make_delivery(row.issue, bob)
        mine, theirs = paths(row)[0], paths(other)[0]
        assert [path.split("/")[3:] for path in mine] == [path.split("/")[3:] for path in theirs]
        assert not set(mine) & set(theirs)

    def test_rather_none_than_a_clipped_footer(self, row, tracked, monkeypatch):
        size = sum(fragment.size for fragment in rendered(row, None).html)
        monkeypatch.setattr(tracked_links, "HTML_LIMIT", size + 10)
        assert size < HTML_LIMIT
        assert "/t/" not in html_of(rendered(row))

    @pytest.mark.parametrize("name", ["mailgun", "mailjet", "mailersend", "postmark", "sparkpost"])
    @pytest.mark.parametrize("is_on", [False, True])
    def test_no_provider_is_to_track_in_our_place(self, name, is_on, httpserver, settings):
        settings.TRACK_OPENS = settings.TRACK_CLICKS = is_on
        answer(httpserver, *PROVIDERS[name].success)
        with transport_for(name, httpserver.url_for("/")) as transport:
            transport.send(make_mail())
        body = httpserver.log[0][0].get_data(as_text=True).replace(" ", "")
        told = {
            "mailgun": ["o:tracking-clicks=no", "o:tracking-opens=no"],
            "mailjet": ['"TrackClicks":"disabled"', '"TrackOpens":"disabled"'],
            "mailersend": ['"track_clicks":false', '"track_opens":false'],
            "postmark": ['"TrackLinks":"None"', '"TrackOpens":false'],
            "sparkpost": ['"click_tracking":false', '"open_tracking":false'],
        }[name]
        for words in told:
            assert words in body.replace("%3A", ":")

    @pytest.mark.parametrize("name", ["brevo", "resend"])
    def test_one_that_cannot_be_told_is_not_asked(self, name, httpserver):
        answer(httpserver, *PROVIDERS[name].success)
        with transport_for(name, httpserver.url_for("/")) as transport:
            assert transport.send(make_mail()).kind == "accepted"
        assert open_transport("null")


class TestFollowing:
    def follow(self, client, path, **headers):
        return client.get(path, secure=True, headers=headers or None)

    def test_every_link_leads_where_the_card_says(self, client, row, tracked):
        old = hrefs(html_of(rendered(row, None)))
        new = hrefs(html_of(rendered(row)))
        for wanted, path in zip(old, new, strict=True):
            if "/t/" in path:
                response = self.follow(client, path.removeprefix("https://papers.example.org"))
                assert (response.status_code, response["Location"]) == (302, wanted)
                assert response["Cache-Control"] == "private, no-store"
                assert response["X-Robots-Tag"] == "noindex"
        consequences.process(NOW)
        assert Event.objects.filter(kind="clicked").count() > 4

    def test_a_click_and_an_opening_are_kept_with_the_delivery(self, client, row, tracked):
        links_, (picture,) = paths(row)
        assert self.follow(client, links_[0]).status_code == 302
        response = self.follow(client, picture)
        assert response.content[:6] == b"GIF89a"
        assert response["Content-Type"] == "image/gif"
        consequences.process(NOW)
        row.refresh_from_db()
        assert row.clicked_at is not None
        assert row.opened_at is not None
        kept = str(list(Event.objects.values()))
        assert BROWSER not in kept
        assert "127.0.0.1" not in kept

    def test_once_a_minute_is_enough(self, client, row, tracked, time_machine):
        time_machine.move_to(NOW, tick=False)
        path = paths(row)[0][0]
        for _ in range(5):
            self.follow(client, path)
        assert Event.objects.count() == 1

    def test_head_and_the_machines_that_say_so(self, client, row, tracked, time_machine):
        path = paths(row)[0][0]
        assert client.head(path, secure=True).status_code == 302
        assert not Event.objects.exists()
        said = ({"User-Agent": "Barracuda Sentinel (EE)"}, {"User-Agent": ""})
        for minute, headers in enumerate((*said, {"Sec-Purpose": "prefetch"})):
            time_machine.move_to(NOW + dt.timedelta(minutes=minute), tick=False)
            self.follow(client, path, **headers)
        assert list(Event.objects.values_list("by_machine", flat=True)) == [True] * 3
        consequences.process(NOW)
        row.refresh_from_db()
        assert row.clicked_at is None

    def test_one_who_follows_all_links_at_once_is_none(self, client, row, tracked):
        for path in paths(row)[0]:
            self.follow(client, path)
        consequences.process(NOW)
        row.refresh_from_db()
        assert row.clicked_at is None

    def test_links_outlive_the_choice_and_record_nothing_then(self, client, row, tracked, settings):
        links_, (picture,) = paths(row)
        settings.TRACK_OPENS = settings.TRACK_CLICKS = False
        assert self.follow(client, links_[0]).status_code == 302
        assert self.follow(client, picture).status_code == 200
        assert not Event.objects.exists()

    def test_the_erased_are_not_followed(self, client, row, tracked):
        links_, (picture,) = paths(row)
        row.subscriber.delete()
        assert self.follow(client, links_[0]).status_code == 302
        assert self.follow(client, picture).status_code == 200
        assert not Event.objects.exists()

    @pytest.mark.parametrize("number", ["9", "2", "999999999999999999999", "-1", "x"])
    def test_only_what_a_card_links_to(self, client, row, tracked, number):
        IssuePaper.objects.update(card=IssuePaper.objects.all()[0].card | {"pdf_url": ""})
        start = paths(row)[0][0].rsplit("/", 2)[0]
        assert self.follow(client, f"{start}/{number}/").status_code == 404

    @pytest.mark.parametrize("place", ["0", "999999999", "9" * 30])
    def test_only_papers_of_an_issue(self, client, row, tracked, place):
        token = paths(row)[0][0].split("/")[2]
        assert self.follow(client, f"/t/{token}/{place}/0/").status_code == 404

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example", "data:text/html,x"])
    def test_a_hostile_card_leads_nowhere(self, client, row, tracked, url):
        path = next(path for path in paths(row)[0] if path.endswith("/3/"))
        IssuePaper.objects.update(card=IssuePaper.objects.all()[0].card | {"code_url": url})
        assert self.follow(client, path).status_code == 404

    def test_a_made_up_token_leads_nowhere(self, client, row, tracked):
        place = row.issue.places.first().pk
        for token in (
            "A" * 48,
            "x",
            links.token(links.Purpose.DIGEST, row.subscriber_id, 1, row.pk),
        ):
            assert self.follow(client, f"/t/{token}/{place}/0/").status_code == 404
            picture = reverse("newsletter:opened", args=[token])
            assert self.follow(client, picture).content == tracking_views.PICTURE
        assert not Event.objects.exists()
        path = paths(row)[0][0]
        assert self.follow(client, f"{path}?next=https://evil.example").status_code == 302

    def test_the_token_is_good_for_nothing_else(self, client, row, tracked):
        token = paths(row)[0][0].split("/")[2]
        for name in ("subscriptions:preferences", "subscriptions:unsubscribe", "newsletter:digest"):
            assert client.get(reverse(name, args=[token]), secure=True).status_code == 404


def test_clicks_are_counted_once_a_digest_and_only_where_they_are_tracked(row, settings):
    places = list(row.issue.places.order_by("rank"))
    for minute in range(3):
        for number, by_machine in ((0, False), (1, False), (2, True)):
            Event.objects.create(
                delivery=row,
                provider=tracking.PROVIDER,
                event_id=f"{minute} {number}",
                kind=tracking.CLICKED,
                at=NOW,
                received_at=NOW,
                by_machine=by_machine,
                description=tracking.link_name(places[number // 2].pk, number),
            )
    settings.TRACK_CLICKS = False
    assert tracking.count_clicks(NOW) == 0
    settings.TRACK_CLICKS = True
    assert tracking.count_clicks(NOW) == 1
    assert tracking.count_clicks(NOW + dt.timedelta(hours=1)) == 0
    (seen,) = places[0].paper.observations.filter(clicks__isnull=False)
    assert (seen.clicks, seen.upvotes) == (1, None)
    assert not places[1].paper.observations.filter(clicks__isnull=False).exists()
