"""Whether a source has gone quiet is told from its own past."""

import datetime as dt

import pytest

from papers.models import Source
from papers.sources.silence import silence
from tests.factories import DAY, NOW

TODAY = NOW.date()


def source(gave: list[int], answered: list[int] | None = None) -> Source:
    """One that gave papers, and answered, so many days ago."""
    ago = lambda days: (TODAY - dt.timedelta(days=days)).isoformat()  # noqa: E731
    return Source(
        name="Journal",
        gave=[ago(days) for days in gave],
        answered={ago(days): NOW.isoformat() for days in answered or gave},
    )


@pytest.mark.parametrize(
    ("gave", "said"),
    [
        ([10, 9, 8, 7, 6, 5, 4], ""),  # daily, and four days may be a long weekend
        ([10, 9, 8, 7, 6, 5], "has listed nothing for 5 days. Its longest gap before was 1 day."),
        ([12, 11, 8, 7, 6, 5], ""),  # it paused for three days before
        ([13, 12, 9, 8, 7, 6], "has listed nothing for 6 days"),
        ([130, 100, 70, 32], ""),  # monthly
        ([140, 110, 80, 50], "has listed nothing for 50 days. Its longest gap before was 30"),
        ([14], ""),  # too little is known
        ([15], "has listed nothing for 15 days."),
    ],
)
def test_a_source_is_held_against_its_own_pauses(gave, said):
    found = silence(source(gave), NOW)

    assert said in found
    assert bool(said) == bool(found)


def test_one_that_answers_and_never_gave_anything_is_told_after_two_weeks():
    assert silence(source([], list(range(12))), NOW) == ""
    assert "listed any papers since" in silence(source([], list(range(14))), NOW)
    assert silence(source([], []), NOW) == ""


@pytest.mark.django_db
def test_a_source_remembers_the_days_that_it_gave_papers_for():
    row = Source.objects.get(slug="huggingface")
    for more, papers in enumerate([3, 0, 2]):
        day = DAY - dt.timedelta(days=more)
        row.record_answer(day, NOW, {"papers": papers})
        row.record_answer(day, NOW, {"papers": 0})
    assert row.gave == [(DAY - dt.timedelta(days=2)).isoformat(), DAY.isoformat()]
