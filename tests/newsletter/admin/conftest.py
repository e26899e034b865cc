"""An editor who may do everything, and one delivery with a paper of a hostile title."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)

HOSTILE = "<script>alert(1)</script> {{ settings.SECRET_KEY }} & \u202egnp"


@pytest.fixture
def client(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin", "admin@example.org", "password"))
    return client


@pytest.fixture
def row(db) -> Delivery:
    return make_row()


def make_row() -> Delivery:
    """One delivery of an issue of one paper."""
    topic = make_topic("Agents")
    make_match(make_paper(HOSTILE), topic)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    place = issue.places.get()
    return make_delivery(
        issue,
        make_subscriber(topics=[topic]),
        choices=[[place.paper_id, place.pk, [topic.pk], '"agents" in the title · trending #1']],
        state=Delivery.State.UNKNOWN,
    )
