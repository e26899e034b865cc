"""Fitting: when it is due, what it stores, and that the model in use changes all at once."""

import datetime as dt
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from papers import tasks
from papers.matching.ranking import rank_and_match
from papers.models import FittedModel, Paper, PaperVector
from papers.semantics import current, fitting
from papers.semantics.fitting import fit_if_due, fit_now, is_due
from papers.semantics.lsa import Floats
from tests.factories import NOW, make_paper, make_papers_about

pytestmark = pytest.mark.django_db

CATS = "cat purr whisker paw milk"
CARS = "car engine wheel road brake"
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def fitted() -> FittedModel:
    """A model of twenty papers on cats and cars, in use."""
    make_papers_about(CATS, CARS)
    row = fit_now(NOW)
    assert row is not None
    return row


def about(text: str) -> Floats:
    """The vector of a text by the model in use."""
    model = current.current_model()
    assert model is not None
    vector: Floats = model.embed([text])[0]
    return vector


def test_nothing_is_fitted_on_a_handful_of_papers():
    make_papers_about(CATS, each=5)

    assert not is_due(NOW)
    assert fit_now(NOW) is None
    assert not FittedModel.objects.exists()
    assert current.current_model() is None


def test_the_first_model_is_due_as_soon_as_there_are_papers_enough():
    make_papers_about(CATS, CARS)

    row = fit_if_due(NOW)

    assert row is not None
    assert row.fitted_on == 20
    assert PaperVector.objects.filter(fitted=row).count() == 20
    model = current.current_model()
    assert model is not None
    assert model.version == row.version


def test_a_model_stays_as_it_is_between_fits(fitted):
    make_paper("A cat with an engine")

    assert not is_due(NOW + HOUR)
    assert fit_if_due(NOW + HOUR) is None
    assert current.current_model() is current.current_model()


def test_a_model_is_due_again_after_a_week_with_new_papers(fitted):
    Paper.objects.update(created_at=NOW - HOUR)
    assert not is_due(NOW + fitting.EVERY)

    Paper.objects.filter(pk=Paper.objects.latest("pk").pk).update(created_at=NOW + HOUR)
    assert is_due(NOW + fitting.EVERY)


def test_a_model_is_due_again_when_papers_doubled(fitted):
    make_papers_about(CATS, CARS)

    assert is_due(NOW + HOUR)


def test_two_machines_in_one_hour_fit_one_model(fitted):
    assert fit_now(NOW) is None
    assert FittedModel.objects.count() == 1


def test_while_another_machine_fits_none_is_due_until_it_is_taken_for_dead():
    make_papers_about(CATS, CARS)
    FittedModel.objects.create(version="elsewhere", started_at=NOW, data=b"")

    assert not is_due(NOW + fitting.GIVEN_UP / 2)
    assert is_due(NOW + fitting.GIVEN_UP + HOUR)

    assert fit_if_due(NOW + fitting.GIVEN_UP + HOUR) is not None
    assert not FittedModel.objects.filter(version="elsewhere").exists()


def test_a_fit_that_fails_leaves_the_one_before_in_use(fitted, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(fitting, "fit", fail)
    with pytest.raises(MemoryError):
        fit_now(NOW + HOUR)

    model = current.current_model()
    assert model is not None
    assert model.version == fitted.version
    assert FittedModel.objects.count() == 1


def test_a_model_that_is_not_ready_is_not_used(fitted):
    FittedModel.objects.update(ready_at=None)

    assert current.current_model() is None


def test_a_stored_model_that_cannot_be_read_counts_as_none(fitted):
    FittedModel.objects.update(data=b"not a model")

    assert current.current_model() is None
    assert current.nearest(np.ones(3, np.float32), 5) == []
    rank_and_match(now=NOW)


def test_the_model_before_is_kept_for_those_who_still_hold_it_and_older_ones_go(fitted):
    second = fit_now(NOW + HOUR)
    third = fit_now(NOW + 2 * HOUR)

    assert set(FittedModel.objects.all()) == {second, third}
    assert not PaperVector.objects.filter(fitted_id=fitted.pk).exists()


def test_papers_that_come_later_get_their_vector_when_they_are_ranked(fitted):
    paper = make_paper("Cat and whisker", abstract="cat paw milk")

    rank_and_match(now=NOW)

    cat = Paper.objects.filter(title__startswith="Cat purr")[0]
    vectors = current.vectors_of([paper.pk, cat.pk], fitted.pk)
    assert vectors[paper.pk] @ vectors[cat.pk] > 0.5


def test_ranking_again_embeds_nothing_again(fitted):
    rank_and_match(now=NOW)
    before = set(PaperVector.objects.values_list("pk", flat=True))

    rank_and_match(now=NOW)

    assert set(PaperVector.objects.values_list("pk", flat=True)) == before


def test_a_paper_whose_abstract_changed_gets_another_vector(fitted):
    paper = Paper.objects.filter(title__startswith="Cat")[0]
    before = current.vectors_of([paper.pk], fitted.pk)[paper.pk]
    Paper.objects.filter(pk=paper.pk).update(title="Engine", abstract="car engine wheel")

    rank_and_match(now=NOW)

    after = current.vectors_of([paper.pk], fitted.pk)[paper.pk]
    assert before @ after < 0.5
    assert PaperVector.objects.filter(paper=paper).count() == 1


def test_nearest_finds_the_papers_of_the_same_subject_first(fitted):
    query = about("whisker")

    found = current.nearest(query, 10)

    assert len(found) == 10
    assert all("cat" in Paper.objects.get(pk=pk).abstract for pk, _ in found)
    cosines = [cosine for _, cosine in found]
    assert cosines == sorted(cosines, reverse=True)


def test_nearest_leaves_out_what_it_is_told_to_and_finds_what_came_since(fitted):
    query = about("whisker paw")
    first = current.nearest(query, 1)[0][0]
    paper = make_paper("whisker paw", abstract="whisker paw")
    rank_and_match(now=NOW)

    assert first not in dict(current.nearest(query, 30, leave_out=[first]))
    assert paper.pk in dict(current.nearest(query, 30))
    assert len(current.nearest(query, 30)) == 21


def test_nearest_follows_a_paper_whose_text_changed(fitted):
    query = about("engine wheel")
    assert len(current.nearest(query, 30)) == 20
    cat = Paper.objects.filter(title__startswith="Cat")[0]
    Paper.objects.filter(pk=cat.pk).update(title="Engine wheel", abstract="engine wheel")
    rank_and_match(now=NOW)

    found = dict(current.nearest(query, 30))
    assert found[cat.pk] > 0.9
    assert len(found) == 20


def test_words_that_the_model_does_not_know_are_near_to_nothing(fitted):
    query = about("zyzzyva")

    assert current.nearest(query, 5) == []


def test_the_task_fits_and_matches_when_due_and_else_does_nothing():
    make_papers_about(CATS, CARS)
    tasks.fit()
    tasks.fit()

    assert FittedModel.objects.count() == 1


def test_the_command_says_what_it_would_do_and_does_it():
    make_papers_about(CATS, CARS)
    out = StringIO()
    call_command("fit_model", "--dry-run", stdout=out)
    assert "Would fit on 20 papers" in out.getvalue()
    assert not FittedModel.objects.exists()

    call_command("fit_model", stdout=out)
    assert "fitted on 20 papers" in out.getvalue()

    call_command("fit_model", stdout=out)
    assert "No new model is due" in out.getvalue()


def test_the_command_says_what_to_do_where_papers_are_missing():
    with pytest.raises(CommandError, match="fetch_papers"):
        call_command("fit_model")
