"""What a new site starts with, and that an editor's changes outlive it."""

import importlib
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from papers.matching.scoring import TopicSpec
from papers.models import Source, Topic
from papers.sources.registry import reader_of
from papers.sources.sample import Sample

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


def test_sources_that_an_editor_gave_one_name_are_numbered():
    """As on a site whose sources have names that are not unique yet."""
    names = importlib.import_module("papers.migrations.0009_sources_of_any_kind")
    given = ("A", "B", "A", "A (2)", "A", "X" * 80, "X" * 80)
    rows = [SimpleNamespace(name=name, save=lambda update_fields: None) for name in given]
    objects = SimpleNamespace(order_by=lambda *_: rows)
    earlier = SimpleNamespace(get_model=lambda *_: SimpleNamespace(objects=objects))

    names.make_names_unique(earlier, None)

    assert [row.name for row in rows[:5]] == ["A", "B", "A (2)", "A (2) (2)", "A (3)"]
    assert [len(row.name) for row in rows[5:]] == [80, 80]
    assert len({row.name for row in rows}) == len(rows)


def test_the_version_before_can_still_add_a_source():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO papers_source (kind, slug, name, is_active, last_error)"
            " VALUES ('sample', 'old', 'Old', %s, '')",
            [True],
        )
    source = Source.objects.get(slug="old")
    source.full_clean()
    assert (source.settings, source.wait_minutes, source.last_answered_at) == (None, 180, None)
    assert reader_of(source).settings == Sample.Settings()


def test_going_back_takes_nothing_away():
    (operation,) = migration.Migration.operations

    assert operation.reversible
    operation.reverse_code(apps, None)
    assert Topic.objects.exists()
