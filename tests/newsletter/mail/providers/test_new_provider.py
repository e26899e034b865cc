"""A further provider is one file: the checks, the sorting and the events know it from there."""

import pytest
import requests
from anymail.exceptions import AnymailRequestsAPIError
from anymail.signals import AnymailTrackingEvent

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.outcomes import Kind
from newsletter.mail.providers import registry
from newsletter.mail.providers.answers import sort_provider_error
from newsletter.mail.providers.events import read
from newsletter.operations import readiness
from tests.newsletter.mail.providers.example_provider import PROVIDER

BACKEND = "anymail.backends.pigeon_post.EmailBackend"


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setitem(registry.PROVIDERS, PROVIDER.name, PROVIDER)


def answered(number: int) -> AnymailRequestsAPIError:
    response = requests.Response()
    response.status_code = number
    response._content = b"resting"
    return AnymailRequestsAPIError("failed", response=response)


def test_it_is_known_by_the_path_of_its_backend():
    assert registry.provider_of(BACKEND) is PROVIDER


def test_nothing_is_sent_through_it_before_somebody_looked(settings):
    settings.EMAIL_BACKEND = BACKEND
    settings.UNSUBSCRIBE_HEADERS_SEEN = False

    assert "loft keeper" in readiness.provider_objection()


def test_its_own_answers_are_sorted_by_it_and_others_as_ever():
    own = sort_provider_error(answered(418))

    assert (own.kind, own.retry_after) == (Kind.DEFERRED, 120.0)
    assert sort_provider_error(answered(401)).kind is Kind.BROKEN


def test_its_events_are_read_by_it():
    event = AnymailTrackingEvent(event_type="unknown", esp_event={"bird": "No such loft"})

    assert read(event, PROVIDER.name).severity == Bounce.HARD
    assert read(event, "Postal").severity == ""
