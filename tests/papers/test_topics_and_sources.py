"""What a new site starts with, and that an editor's changes outlive it."""

import importlib

import pytest
from django.apps import apps

from papers.matching.scoring import TopicSpec
from papers.models import Source, Topic

pytestmark = pytest.mark.django_db

migration = importlib.import_module("papers.migrations.0002_topics_and_sources")


def load() -> None:
    migration.add_topics_and_sources(apps, None)


@pytest.fixture(autouse=True)
def loaded(db):
    """Loaded here as well, for tests before this one may have emptied the tables."""
    load()


def test_a_new_site_has_topics_that_cover_the_field():
    topics = list(Topic.objects.all())

    assert 20 <= len(topics) <= 40
    assert len({topic.group for topic in topics}) >= 4
    for topic in topics:
        topic.full_clean()
        assert topic.description
        assert len(topic.keywords) >= 5
        assert topic.categories
        assert TopicSpec(topic.pk, topic.name, keywords=tuple(topic.keywords)).phrases
    assert [topic.position for topic in topics] == sorted({topic.position for topic in topics})


def test_a_new_site_has_its_sources():
    assert dict(Source.objects.values_list("slug", "kind")) == {
        "huggingface": "huggingface",
        "sample": "sample",
        "community": "community",
    }
    for source in Source.objects.all():
        source.full_clean()


def test_loading_again_leaves_an_editors_changes_alone():
    Topic.objects.filter(slug="agents").update(name="My agents", keywords=["mine"], is_active=False)
    Source.objects.filter(slug="huggingface").update(name="Papers", is_active=False)
    Topic.objects.filter(slug="code").delete()
    count = Topic.objects.count()

    load()

    topic = Topic.objects.get(slug="agents")
    assert (topic.name, topic.keywords, topic.is_active) == ("My agents", ["mine"], False)
    source = Source.objects.get(slug="huggingface")
    assert (source.name, source.is_active) == ("Papers", False)
    assert Topic.objects.count() == count + 1


def test_going_back_takes_nothing_away():
    (operation,) = migration.Migration.operations

    assert operation.reversible
    operation.reverse_code(apps, None)
    assert Topic.objects.exists()
