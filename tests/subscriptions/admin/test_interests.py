"""What staff is shown of what readers follow: only what many do, in round numbers."""

import pytest
from django.urls import reverse

from papers.matching.interests.specs import spec_of
from subscriptions.admin.interests import FEWEST
from subscriptions.interests import following
from tests.admin_pages import cell, staff, text
from tests.factories import NOW, make_subscriber

pytestmark = pytest.mark.django_db

LIST = reverse("admin:subscriptions_interest_changelist")


def test_only_what_many_follow_is_listed_and_its_number_is_rounded():
    readers = [make_subscriber(f"reader{number}@example.org") for number in range(FEWEST + 3)]
    for reader in readers:
        following.follow(reader, spec_of("words", phrases=["state of charge"]), NOW)
    for reader in readers[: FEWEST - 1]:
        following.follow(reader, spec_of("author", name="Alice Adams"), NOW)
    html = text(staff("subscriptions.view_interest").get(LIST))
    assert cell(html, "show_name") == ["state of charge"]
    assert cell(html, "show_readers") == ["some 10"]
    assert "Alice Adams" not in html


def test_who_may_not_view_interests_sees_none():
    assert staff("subscriptions.view_subscriber").get(LIST).status_code == 403
