"""Topics are called by their names in the reader's language, and sorted by these."""

import json
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils import translation

from newsletter.delivery.composing import compose_for
from newsletter.digests.readers import readers_of
from newsletter.issues.freezing import build_issue
from papers import data
from papers.models import Topic, in_order
from papers.models.topic import names_by_language
from subscriptions.pages.forms import SubscribeForm
from tests.factories import DAY, NOW, make_match, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

ROBOTS = {"de": {"name": "Roboter", "group": "Maschinen"}}


@pytest.fixture
def robots():
    return make_topic("Robots", group="Machines", names=ROBOTS)


@pytest.mark.parametrize(
    ("language", "names", "said"),
    [
        ("de", ROBOTS, ("Roboter", "Maschinen")),
        ("de-at", ROBOTS, ("Roboter", "Maschinen")),
        ("en", ROBOTS, ("Robots", "Machines")),
        ("fr", ROBOTS, ("Robots", "Machines")),
        ("de", {"de": {"name": "Roboter"}}, ("Roboter", "Machines")),
        ("de", {}, ("Robots", "Machines")),
        ("de", None, ("Robots", "Machines")),
    ],
)
def test_english_stands_in_for_what_is_not_translated(language, names, said):
    topic = Topic(name="Robots", group="Machines", names=names)
    with translation.override(language):
        assert (topic.label, topic.group_label) == said


@pytest.mark.parametrize(
    "value",
    [
        [],
        "Roboter",
        {"de": "Roboter"},
        {"de": {"title": "Roboter"}},
        {"de": {"name": ""}},
        {"de": {"name": " Roboter"}},
        {"de": {"name": "Zwei\nZeilen"}},
        {"de": {"name": "NUL\0"}},
        {"de": {"name": "W" * 81}},
        {"de": {"group": "W" * 61}},
        {"de": {"name": 7}},
        {"Deutsch!": {"name": "Roboter"}},
    ],
    ids=str,
)
def test_what_is_no_table_of_names_is_refused(value):
    with pytest.raises(ValidationError):
        names_by_language(value)


@pytest.mark.parametrize("value", [None, {}, ROBOTS, {"zh-hans": {"name": "机器人"}}], ids=str)
def test_names_in_any_language_are_taken(value):
    names_by_language(value)


def test_every_shipped_topic_has_a_german_name_and_a_group_has_one():
    shipped = json.loads((Path(data.__path__[0]) / "topics.json").read_text(encoding="utf-8"))
    assert len(shipped) == 29
    groups: dict[str, set[str]] = {}
    for topic in shipped:
        names_by_language(topic["names"])
        assert topic["names"]["de"].keys() == {"name", "group"}
        groups.setdefault(topic["group"], set()).add(topic["names"]["de"]["group"])
    assert all(len(german) == 1 for german in groups.values())
    Topic.objects.filter(slug__in=[topic["slug"] for topic in shipped]).update(names=None)
    import_module("papers.migrations.0018_names_of_topics").fill(apps, None)
    assert Topic.objects.exclude(names__isnull=True).count() == 29


def test_a_topic_that_an_editor_renamed_gets_no_name_of_ours():
    first, second = Topic.objects.order_by("position")[:2]
    Topic.objects.filter(pk=first.pk).update(names=None, name="Mine", group="Ours")
    Topic.objects.filter(pk=second.pk).update(names=None, group="Ours")
    import_module("papers.migrations.0018_names_of_topics").fill(apps, None)
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.names is None
    assert second.names == {"de": {"name": "Schlussfolgern & Mathematik"}}


def test_topics_of_one_position_are_sorted_by_the_translated_name():
    for name, german in (("Vision", "Ärztliches"), ("Apes", "Zebras"), ("Bees", "bienen")):
        make_topic(name, position=5, names={"de": {"name": german}})
    topics = list(Topic.objects.filter(position=5))
    with translation.override("de"):
        assert [one.label for one in in_order(topics)] == ["Ärztliches", "bienen", "Zebras"]
    with translation.override("en"):
        assert [one.label for one in in_order(topics)] == ["Apes", "Bees", "Vision"]


def test_forms_and_pages_and_feeds_name_it_in_german(client, robots):
    make_match(make_paper("On robots"), robots)
    with translation.override("de"):
        groups = {
            group.name: [chip.name for chip in group.chips] for group in SubscribeForm().chip_groups
        }
        assert groups["Maschinen"] == ["Roboter"]
    german = {"Accept-Language": "de"}
    for path in (
        robots.get_absolute_url(),
        f"{robots.get_absolute_url()}feed.atom",
        "/topics/",
        f"/day/{DAY}/",
        "/feeds/papers.atom",
        "/subscribe/",
    ):
        html = client.get(path, headers=german).content.decode()
        assert "Roboter" in html, path
        assert ">Robots<" not in html, path


@pytest.mark.parametrize(("language", "said"), [("de", "Roboter"), ("en", "Robots")])
def test_an_email_names_it_in_the_language_of_its_reader(robots, language, said):
    make_match(make_paper("On machines", upvotes=3), robots)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    alice = make_subscriber(topics=[robots], language=language)
    reader = readers_of([alice.pk])[0][alice.pk]
    mail, choices = compose_for(issue, reader)
    assert mail is not None
    assert said in choices[0].why
    for form in (mail.text, mail.html):
        text = "".join(fragment.text for fragment in form)
        assert text.count(said) >= 2  # why, and beside the title in the list
        assert ("Robots" in text) == (said == "Robots")
