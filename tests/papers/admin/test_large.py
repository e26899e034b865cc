"""Which lists are long."""

import pytest

from papers.admin import large
from papers.models import Topic

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("keys", "is_long"),
    [
        ((), False),
        ((1, 2, 3), False),
        ((1, 2, 3, 4), True),
        ((50_000, 50_001, 50_002), False),  # a database that counted on from rows that are gone
        ((50_000, 50_003), True),  # there may be more than three, and nobody counts
    ],
)
def test_a_list_is_long_by_the_span_of_its_keys(
    monkeypatch, django_assert_num_queries, keys, is_long
):
    monkeypatch.setattr(large, "LARGE", 3)
    for key in keys:
        Topic.objects.create(pk=key, name=f"Topic {key}", slug=f"topic-{key}")
    with django_assert_num_queries(1):  # as many where keys are high as where they are low
        assert large.is_large(Topic) is is_long
