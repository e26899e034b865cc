"""What a paper says of itself, on abstracts of five fields and on texts that could break it."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.text.excerpts import BETWEEN, CHARACTERS, WORDS, beginning_of, excerpt_of
from papers.text.sentences import is_whole, sentences
from tests.papers.text.labelled_abstracts import (
    A_FIELD,
    FIELDS,
    TO_WORK_ON,
    draw,
    hash_of,
    labelled,
    records,
)


def test_labels_are_of_the_abstracts_that_the_rule_draws(shared):
    drawn = draw(records(shared))
    assert [(row.field, row.identifier, row.is_kept_apart) for row in labelled(shared)] == drawn
    assert Counter(field for field, _, _ in drawn) == dict.fromkeys(FIELDS, A_FIELD)
    assert sum(kept_apart for _, _, kept_apart in drawn) == (A_FIELD - TO_WORK_ON) * len(FIELDS)


def test_each_marked_sentence_is_found_under_its_number(shared):
    for row in labelled(shared):
        found = sentences(row.text)
        assert row.marked
        assert {at: hash_of(found[at]) for at in row.marked} == row.marked, row.identifier


@pytest.mark.parametrize("is_kept_apart", [False, True])
def test_excerpts_say_what_is_done_or_found(shared, is_kept_apart):
    rows = [row for row in labelled(shared) if row.is_kept_apart == is_kept_apart]
    wrong = [row.identifier for row in rows if not row.marked.keys() & _numbers(row.text)]
    assert len(wrong) <= 0.15 * len(rows), wrong


def _numbers(text: str) -> set[int]:
    """Which sentences of `text` its excerpt holds."""
    excerpt = excerpt_of(text)
    return {at for at, each in enumerate(sentences(text)) if each in excerpt}


def test_excerpts_of_all_recorded_abstracts_are_short_and_whole(shared):
    for row in labelled(shared):
        check_short_and_whole(row.text, excerpt_of(row.text))


def check_short_and_whole(text: str, excerpt: str) -> None:
    assert len(excerpt.split()) <= WORDS
    assert len(excerpt) <= CHARACTERS
    held = [each for each in sentences(text) if each in excerpt and is_whole(each)]
    assert not excerpt or any(
        excerpt in {first, f"{first} {second}", f"{first}{BETWEEN}{second}"}
        for first in held
        for second in held
    )


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        ("Much is known. We propose X. It is old.", "We propose X."),
        (
            "Much is known. We propose X. It has parts. X outperforms Y.",
            "We propose X. … X outperforms Y.",
        ),
        ("Much is known. We propose X. X outperforms Y.", "We propose X. X outperforms Y."),
        ("Much is known. This paper studies frogs.", "This paper studies frogs."),
        ("Frogs are green. Here, a new pond is introduced.", "Here, a new pond is introduced."),
        ("However, we lack data. We show that frogs swim.", "We show that frogs swim."),
        ("We show frogs. Code is available at https://a.example.org.", "We show frogs."),
        ("Following Smith et al. (2024), we show a 3.5 % gain.",) * 2,
        ("Frogs are green. Ponds are wet.", "Frogs are green."),
        ("Frösche sind grün. Teiche sind nass.", "Frösche sind grün."),
        ("We show " + "very " * 60 + "much. Frogs are green.", "Frogs are green."),
        ("We show " + "very " * 60 + "much.", ""),
        ("We show that frogs are gre…", ""),
        ("我们提出一种方法。它很快。", "我们提出一种方法。"),
        ("", ""),
    ],
)
def test_excerpt_is_what_authors_do_and_then_what_they_found(abstract, expected):
    assert excerpt_of(abstract) == expected


_PARTS = st.sampled_from(
    [
        "We show",
        "et al.",
        "3.5",
        "$x$",
        "(see",
        "now)",
        "Fig. 2",
        "frogs.",
        "It is so.",
        "“No.”",
        "…",
    ]
)


@given(st.lists(_PARTS | st.text(max_size=10), max_size=120).map(" ".join))
def test_no_text_makes_a_long_or_a_broken_excerpt(text):
    check_short_and_whole(text, excerpt_of(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two. Three.", "One. Two."),
        ("One by Smith et al. (2024). Two.", "One by Smith et al. (2024). Two."),
        ("One. Two " + "very " * 60 + "long.", "One."),
        ("One " + "very " * 60 + "long. Two.", ""),
        ("Cut off at the e…", ""),
        ("", ""),
    ],
)
def test_beginning_of_a_summary_is_whole_sentences(text, expected):
    assert beginning_of(text) == expected
