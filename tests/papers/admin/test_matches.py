"""An editor's word on matches."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from papers.models import Match
from tests.factories import (
    make_match,
    make_paper,
    make_topic,
)

pytestmark = pytest.mark.django_db


def test_a_match_on_its_own_page_keeps_its_paper_and_topic(admin_client, topic):
    match = make_match(make_paper(), topic)
    other = make_match(make_paper(), make_topic("Robots"))
    form = {"paper": other.paper_id, "topic": other.topic_id, "verdict": "pinned", "_save": "1"}

    url = reverse("admin:papers_match_change", args=[match.pk])
    assert admin_client.post(url, form).status_code == 302

    before = (match.paper_id, match.topic_id)
    match.refresh_from_db()
    assert (match.paper_id, match.topic_id, match.verdict) == (*before, "pinned")


@pytest.mark.parametrize(
    ("action", "verdict", "sent"),
    [("pin", "pinned", True), ("veto", "vetoed", False), ("leave_to_matching", "", False)],
)
def test_matches_are_pinned_and_vetoed_from_their_list(admin_client, topic, action, verdict, sent):
    matches = [make_match(make_paper(), topic, is_sendable=False) for _ in range(3)]
    chosen, left = [match.pk for match in matches[:2]], matches[2]

    url = reverse("admin:papers_match_changelist")
    admin_client.post(url, {"action": action, "_selected_action": chosen})

    assert set(Match.objects.filter(pk__in=chosen).values_list("verdict", flat=True)) == {verdict}
    left.refresh_from_db()
    assert left.verdict == ""
    assert Match.objects.sendable().filter(pk__in=chosen).exists() is sent


def test_who_may_only_look_cannot_pin(client, topic):
    match = make_match(make_paper(), topic)
    viewer = User.objects.create_user("viewer", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_match"))
    client.force_login(viewer)

    url = reverse("admin:papers_match_changelist")
    assert client.get(url).status_code == 200
    client.post(url, {"action": "pin", "_selected_action": [match.pk]})

    match.refresh_from_db()
    assert match.verdict == ""
