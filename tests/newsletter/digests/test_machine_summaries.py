"""Summaries by a language model, as digests and pages show them: marked, or not at all."""

import pytest
import time_machine
from django.test import Client

from newsletter.delivery import worker
from newsletter.delivery.composing import compose_for
from newsletter.digests.readers import readers_of
from newsletter.issues.freezing import build_issue, places_of
from newsletter.models import Delivery, Issue
from papers.models import MachineSummary
from papers.models.summary import hash_of
from subscriptions import links
from subscriptions.links import Purpose
from subscriptions.models import Subscriber
from subscriptions.readers.personal_data import export
from tests.factories import DAY, NOW, make_match, make_paper, make_subscriber, make_topic
from tests.newsletter.transports import RecordingTransport

pytestmark = pytest.mark.django_db

ABSTRACT = (
    "Transformers are slow on long documents. We propose a sparse attention that reads documents "
    "of 100,000 words. Our results show that it halves the cost of training."
)
SUMMARY = "A sparse attention halves the cost of training on long documents."
OWN = "We propose a sparse attention"
LABEL = "AI-generated summary (llama3.1), not by the authors:"
GERMAN = "KI-generierte Zusammenfassung (llama3.1), nicht von den Autor:innen:"


@pytest.fixture
def paper(settings):
    settings.SUMMARY_URL, settings.SUMMARY_MODEL = "http://127.0.0.1:9", "llama3.1"
    return make_match(make_paper("Sparse attention", abstract=ABSTRACT), make_topic()).paper


def summarize(paper):
    return MachineSummary.objects.create(
        paper=paper,
        model="llama3.1",
        text_hash=hash_of(paper.abstract),
        text=SUMMARY,
        made_at=NOW,
    )


def sent(tmp_path, **kwargs):
    """The text and the HTML of the digest that a reader of these preferences gets."""
    reader = make_subscriber(topics=[make_topic()], **kwargs)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    Delivery.objects.create(
        issue=issue, subscriber=reader, due_at=NOW, not_before=NOW, deadline=NOW.replace(hour=23)
    )
    transport = RecordingTransport()
    worker.drain(transport=transport, directory=tmp_path, clock=lambda: NOW)
    [mail] = transport.sent
    return [
        "".join(part.text for part in parts).replace("\n", " ") for parts in (mail.text, mail.html)
    ]


@pytest.mark.parametrize(("language", "label"), [("en", LABEL), ("de", GERMAN)])
def test_a_digest_says_that_a_machine_wrote_the_summary_and_which(paper, tmp_path, language, label):
    summarize(paper)
    for form in sent(tmp_path, language=language):
        assert f"{label}" in form
        assert SUMMARY in form
        assert OWN not in form


def test_who_wants_none_gets_the_authors_own_words_everywhere(paper, tmp_path):
    summarize(paper)
    for form in sent(tmp_path, machine_summaries=False):
        assert OWN in form
        assert SUMMARY not in form
        assert "machine" not in form
    alice, delivery = Subscriber.objects.get(), Delivery.objects.get()
    token = links.token(Purpose.DIGEST, alice.pk, alice.link_version, delivery.pk)
    for wants in (False, True):
        Subscriber.objects.update(machine_summaries=wants)
        for path in (f"/digest/{token}/", links.feed_path(alice.pk, alice.link_version)):
            page = Client().get(path, follow=True)
            assert page.status_code == 200, path
            body = page.content.decode()
            assert (SUMMARY in body, OWN in body) == (wants, not wants), path


def test_freezing_takes_what_is_there_and_asks_nobody(paper):
    issue = build_issue(DAY, NOW)  # the address of the service is one where nobody listens
    assert issue is not None
    summarize(paper)
    [place] = places_of(issue)
    assert place.card.summarized_by == ""
    assert place.card.excerpt.startswith(OWN)


def test_the_source_s_own_summary_stands_before_a_model_s(paper, tmp_path):
    paper.summary = "In short: the source said so in a sentence."
    paper.save()
    summarize(paper)
    for form in sent(tmp_path):
        assert "In short: the source said so in a sentence." in form
        assert SUMMARY not in form


def test_without_an_address_mails_and_pages_are_the_same_to_the_byte(paper, settings):
    settings.SUMMARY_URL = settings.SUMMARY_MODEL = ""
    alice = make_subscriber(topics=[make_topic()])
    preferences = links.preferences_path(alice.pk, alice.link_version)
    readers, _ = readers_of([alice.pk])

    def all_that_readers_see():
        issue = build_issue(DAY, NOW)
        assert issue is not None
        mail, _ = compose_for(issue, readers[alice.pk])
        assert mail is not None
        paths = (
            f"/day/{DAY}/",
            f"/issues/{DAY}/",
            paper.get_absolute_url(),
            f"/day/{DAY}/?view=compact",
            "/feeds/papers.atom",
            preferences,
        )
        pages = {path: Client().get(path) for path in paths}
        assert {answer.status_code for answer in pages.values()} == {200}
        Issue.objects.all().delete()
        return mail.text, mail.html, {path: answer.content for path, answer in pages.items()}

    with time_machine.travel(NOW, tick=False):
        before = all_that_readers_see()
        summarize(paper)
        assert all_that_readers_see() == before
    assert OWN.encode() in before[2][f"/issues/{DAY}/"]


def test_the_preference_is_offered_changed_and_in_the_download(paper, settings):
    alice = make_subscriber(topics=[make_topic()])
    path = links.preferences_path(alice.pk, alice.link_version)
    assert "Show AI-generated summaries" in Client().get(path).content.decode()
    settings.SUMMARY_URL = ""
    assert "machine_summaries" not in Client().get(path).content.decode()
    assert export(alice)["subscriber"]["machine_summaries"] is True
