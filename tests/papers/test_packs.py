"""Packs: valid files, and topics that come and go without taking anything from an editor."""

import io
from typing import Any, cast

import pytest
from django.core.management import CommandError, call_command

from papers import packs
from papers.fields import FIELDS
from papers.models import Topic, by_field
from tests.factories import make_subscriber, make_topic

ALL = list(packs.all_packs().values())


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("install_topics", *args, stdout=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def no_topics(db: Any) -> None:
    Topic.objects.all().delete()


@pytest.mark.parametrize("pack", ALL, ids=lambda pack: pack.slug)
def test_a_pack_is_valid(pack: packs.Pack) -> None:
    assert pack.field in FIELDS
    assert len(pack.topics) >= 10
    for offered in pack.topics:
        topic = Topic(slug=offered.slug, field=pack.field, pack=pack.slug, **offered.values())
        topic.full_clean()
        assert len(offered.keywords) >= 10, offered.slug
        assert offered.names["de"]["name"], offered.slug
        folded = [" ".join(word.lower().split()) for word in offered.keywords]
        assert len(set(folded)) == len(folded), offered.slug


def test_there_are_six_fields_beyond_machine_learning() -> None:
    assert len({pack.field for pack in ALL} - {"computer-science"}) >= 6


@pytest.mark.parametrize("part", ["slug", "name"])
def test_no_two_topics_of_packs_are_called_the_same(part: str) -> None:
    said = [getattr(topic, part).lower() for pack in ALL for topic in pack.topics]
    assert len(set(said)) == len(said)


def test_installing_twice_changes_nothing() -> None:
    assert "12 new" in run("physics")
    before = list(Topic.objects.order_by("pk").values())
    assert "12 unchanged" in run("physics")
    assert list(Topic.objects.order_by("pk").values()) == before
    assert {topic.field_key for topic in Topic.objects.all()} == {"physics"}


def test_a_dry_run_says_what_would_happen_and_changes_nothing() -> None:
    said = run("economics", "--dry-run")
    assert "Game theory & mechanism design: new" in said
    assert "Nothing was changed" in said
    assert not Topic.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Our cancer"},
        {"keywords": ["oncology"]},
        {"description": "Other words."},
        {"categories": ["cs.CV"]},
        {"group": "Ours"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_an_editor_changed_is_left_alone(change: dict[str, Any]) -> None:
    run("medicine")
    Topic.objects.filter(slug="cancer").update(**change)
    assert "kept as edited" in run("medicine")
    assert "kept as edited" in run("medicine", "--remove")
    topic = Topic.objects.get()
    assert topic.slug == "cancer"
    assert [getattr(topic, name) for name in change] == list(change.values())


def test_what_nobody_edited_follows_a_newer_pack() -> None:
    run("medicine")
    older = Topic.objects.get(slug="heart")
    older.keywords = ["heart"]
    older.shipped = packs.fingerprint({name: getattr(older, name) for name in packs._SAID})
    older.save()
    assert "Heart & circulation: updated" in run("medicine")
    assert len(Topic.objects.get(slug="heart").keywords) > 10


def test_moving_and_deactivating_a_topic_is_no_edit_of_it() -> None:
    run("medicine")
    Topic.objects.filter(slug="heart").update(position=1, is_active=False)
    assert "10 unchanged" in run("medicine")
    topic = Topic.objects.get(slug="heart")
    assert (topic.position, topic.is_active) == (1, False)


@pytest.mark.parametrize("taken", [{"slug": "cancer"}, {"name": "Cancer"}])
def test_a_topic_of_the_site_is_not_taken_over(taken: dict[str, str]) -> None:
    own = make_topic(**cast("Any", {"slug": "own", "name": "Own", "keywords": ["own"], **taken}))
    assert "name in use" in run("medicine")
    own.refresh_from_db()
    assert own.keywords == ["own"]
    assert own.pack == ""
    assert Topic.objects.filter(pack="medicine").count() == 9


def test_a_topic_that_a_reader_follows_is_not_removed() -> None:
    run("medicine")
    make_subscriber("alice@example.com", topics=[Topic.objects.get(slug="cancer")])
    assert "kept, in use" in run("medicine", "--remove")
    assert [topic.slug for topic in Topic.objects.all()] == ["cancer"]


@pytest.mark.parametrize(
    ("args", "said"), [(["nature"], "no pack “nature”"), (["--remove"], "Name")]
)
def test_a_wrong_call_says_what_to_do(args: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run(*args)


def test_without_a_pack_the_packs_are_listed() -> None:
    run("physics")
    said = run()
    assert "12 of 12 installed" in said
    assert all(pack.slug in said for pack in ALL)


def test_any_mix_is_listed_by_field_in_the_order_of_fields() -> None:
    run("economics", "physics", "machine-learning")
    found = by_field(Topic.objects.all())
    assert [field.key for field in found] == ["computer-science", "physics", "economics"]
    assert [len(field.topics) for field in found] == [29, 12, 11]
    assert len(found[0].groups) == 5
    assert len(found[1].groups) == 1
