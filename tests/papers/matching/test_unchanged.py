"""Papers are matched again only where their text, a topic, the model or the rules changed."""

import datetime as dt

import pytest

from papers.matching import unchanged
from papers.matching.ranking import rank_and_match
from papers.models import FittedModel, Match, MatchedTopics, Paper, Topic
from papers.semantics.fitting import fit_now
from tests.factories import NOW, make_paper, make_topic

pytestmark = pytest.mark.django_db

SUBJECTS = ("KV cache eviction", "robots that dance", "spin waves in films", "malaria vaccines")


@pytest.fixture
def topic(db):
    Topic.objects.all().delete()
    for number in range(24):
        subject = SUBJECTS[number % 4]
        make_paper(f"Study {number} of {subject}", abstract=f"On {subject}, case {number}.")
    assert fit_now(NOW) is not None
    return make_topic("Caches", keywords=["cache eviction"])


def matched(now=NOW):
    return rank_and_match(now=now).matched


def test_papers_are_matched_once(topic):
    assert matched() == 24
    found = list(Match.objects.values("paper", "topic", "score"))
    assert len(found) >= 6
    assert matched() == 0
    assert list(Match.objects.values("paper", "topic", "score")) == found


def test_a_paper_whose_text_changed_is_matched_again(topic):
    matched()
    Paper.objects.filter(title="Study 1 of robots that dance").update(
        title="Cache eviction for robots", abstract="On cache eviction."
    )
    assert matched() == 1
    assert Match.objects.filter(paper__title="Cache eviction for robots").exists()


def test_a_new_paper_is_matched_alone(topic):
    matched()
    make_paper("Cache eviction again")
    assert matched() == 1
    assert Match.objects.filter(paper__title="Cache eviction again").exists()


def test_a_topic_that_changed_is_matched_and_the_others_are_left(topic):
    other = make_topic("Malaria", keywords=["malaria"])
    matched()
    Match.objects.filter(topic=topic).delete()
    other.keywords = ["robots"]
    other.save()
    assert matched() == 24
    assert not Match.objects.filter(topic=topic).exists()
    assert Match.objects.filter(topic=other, paper__title__contains="robots").exists()
    assert matched() == 0
    assert MatchedTopics.objects.count() == 1


def test_a_topic_that_is_offered_again_has_its_matches_and_those_of_what_changed_meanwhile(topic):
    matched()
    Topic.objects.update(is_active=False)
    Paper.objects.filter(title="Study 1 of robots that dance").update(
        title="Cache eviction", abstract=""
    )
    matched()
    Topic.objects.update(is_active=True)
    assert matched() == 1
    assert Match.objects.filter(topic=topic).count() >= 7


def test_another_model_matches_all_anew(topic):
    matched()
    later = NOW + dt.timedelta(hours=2)
    assert fit_now(later) is not None
    assert matched(later) == 24


def test_other_rules_match_all_anew(topic, monkeypatch):
    matched()
    monkeypatch.setattr(unchanged, "_code", lambda: "another release")
    assert matched() == 24


def test_without_a_model_all_are_matched_for_scores_depend_on_the_others(topic):
    FittedModel.objects.all().delete()
    assert matched() == matched() == 24


def test_scores_are_written_as_they_are_and_in_few_statements(topic, django_assert_max_num_queries):
    scores = {pk: 1 / 3 + pk / 7 for pk in Paper.objects.values_list("pk", flat=True)}
    with django_assert_max_num_queries(2):
        Paper.objects.write_scores(scores)
    assert dict(Paper.objects.values_list("pk", "trending_score")) == scores
