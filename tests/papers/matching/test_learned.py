"""What topics learn is stored with a model, comes into use with it, and shows in the matches."""

from dataclasses import replace

import pytest
from django.urls import reverse

from papers.admin.topic_preview import preview
from papers.matching import learned, scoring
from papers.matching.learned import spec_of_topic
from papers.matching.ranking import rank_and_match
from papers.models import FittedModel, LearnedTopic, Match, Topic
from papers.semantics import current
from papers.semantics.fitting import fit_now
from papers.semantics.lsa import FEWEST_TO_VOUCH
from tests.admin_pages import text
from tests.factories import NOW, make_match, make_paper, make_papers_about, make_topic
from tests.papers.admin.topic_form import filled, preview_of

pytestmark = pytest.mark.django_db

ROBOTS = "arm gripper grasp object motion camera policy hand"
GARDENS = "soil flower seed rain bee harvest compost root"


@pytest.fixture
def topic() -> Topic:
    """A topic with forty papers among many others, and a model that knows them."""
    Topic.objects.all().delete()
    topic = make_topic("Robot", description="An arm and a gripper grasp objects.")
    make_papers_about(*(f"robot {ROBOTS} {n}x" for n in range(5)), each=8)
    make_papers_about(*(f"{GARDENS} {n}x" for n in range(10)), each=FEWEST_TO_VOUCH // 10)
    return topic


def test_a_model_comes_into_use_with_what_topics_learned(topic: Topic) -> None:
    row = fit_now(NOW, teach=learned.learn_with)
    using = current.in_use()

    assert row is not None
    assert using is not None
    stored = LearnedTopic.objects.get()
    assert (stored.topic, stored.fitted, stored.sent) == (topic, row, 40)
    assert learned.in_use([topic], using)[topic.pk].classifier is not None

    rank_and_match(now=NOW)
    match = Match.objects.sendable().first()
    assert match is not None
    assert next(item["kind"] for item in match.evidence) == "keyword"

    FittedModel.objects.all().delete()
    assert not LearnedTopic.objects.exists()


def test_a_topic_that_was_changed_learns_anew_with_the_model_at_hand(topic: Topic) -> None:
    fit_now(NOW, teach=learned.learn_with)
    before = LearnedTopic.objects.get()
    assert learned.learn_changed(current.in_use()) == 0

    topic.keywords = ["robot", "grippers"]
    topic.save()
    assert learned.learn_changed(current.in_use()) == 1

    after = LearnedTopic.objects.get()
    assert (after.fitted, after.pk != before.pk, after.spec != before.spec) == (
        before.fitted,
        True,
        True,
    )
    known = learned.in_use([topic], current.in_use())[topic.pk]
    assert (known.spec, known.number) == (after.spec, after.pk)


def test_a_site_from_before_learns_without_another_model(topic: Topic) -> None:
    fit_now(NOW)
    assert learned.in_use([topic], current.in_use()) == {}
    assert learned.learn_changed(current.in_use()) == 1


def test_what_cannot_be_read_is_learned_anew(topic: Topic) -> None:
    fit_now(NOW, teach=learned.learn_with)
    LearnedTopic.objects.update(classifier=b"damaged")
    current.clear()
    row = LearnedTopic.objects.get()
    LearnedTopic.objects.all().delete()
    LearnedTopic.objects.create(
        topic=topic, fitted_id=row.fitted_id, spec=row.spec, sent=1, classifier=b"damaged"
    )

    assert learned.in_use([topic], current.in_use())[topic.pk].classifier is None
    rank_and_match(now=NOW)
    assert Match.objects.sendable().exists()


def test_a_small_model_teaches_nothing(topic: Topic) -> None:
    make_topic("Other")
    assert learned.learn_changed(None) == 0


def test_the_topics_page_lists_what_its_classifier_changed(admin_client, topic: Topic) -> None:
    make_match(make_paper("Vetoed paper"), topic, is_sendable=False, second_look="vetoed")
    make_match(make_paper("Paper let in"), topic, second_look="let in")
    make_match(make_paper("Ordinary paper"), topic)

    html = text(admin_client.get(reverse("admin:papers_topic_change", args=[topic.pk])))

    section = html[html.index('id="second-look"') :]
    assert section.index("Vetoed paper") < section.index("Paper let in")
    assert "Ordinary paper" not in section


def test_the_preview_of_a_change_goes_by_what_the_topic_learned_before(
    admin_client, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_paper("robot robot", abstract=f"{ROBOTS} arm gripper. {ROBOTS}")
    make_paper("robot soil", abstract=f"arm {GARDENS} {GARDENS}")
    fit_now(NOW, teach=learned.learn_with)
    spec = spec_of_topic(topic)
    known = learned.in_use([topic], current.in_use())[topic.pk]
    changed = replace(spec, keywords=("robot", "gripper"))
    by_rule, first = preview(spec, spec, NOW), preview(spec, spec, NOW, known)
    assert (by_rule.has_classifier, by_rule.let_in, by_rule.vetoed) == (False, 0, ())
    assert (first.has_classifier, first.is_changed) == (True, False)
    # With the bar just above what the rule gives the one, it is the classifier that decides.
    assert first.vetoed == () or first.let_in
    monkeypatch.setattr(scoring, "BAR", -20.0)
    monkeypatch.setattr("papers.matching.classifier.MOST_TAKEN", 1_000.0)
    monkeypatch.setattr("papers.matching.classifier.SECOND_LOOK", 1_000.0)
    strict = preview(spec, changed, NOW, known)
    assert strict.is_changed
    assert "robot soil" in {paper.title for paper in strict.vetoed}
    assert "robot soil" not in {paper.title for paper in strict.doubtful}

    html = text(admin_client.post(preview_of(topic), filled(topic, keywords="robot\ngripper")))
    assert "It learned from the topic as it was" in html
    assert "only the classifier keeps from being sent" in html
