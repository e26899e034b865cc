"""The comparison of names keeps its promises on labeled pairs, also on those kept apart."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from papers.evaluation.followed_authors import compared, read_pairs
from papers.evaluation.followed_words import matched, read_passages

PHRASES = Path(__file__).parents[2] / "data" / "followed_words.jsonl"
PAIRS = Path(__file__).parents[2] / "data" / "author_pairs" / "pairs.jsonl"


@pytest.mark.parametrize("is_apart", [False, True])
def test_names_are_told_apart_with_precision_and_recall(is_apart):
    found = compared(pair for pair in read_pairs(PAIRS) if pair.is_apart is is_apart)
    assert found.recall.whole >= 350
    assert found.precision.value >= 0.97
    assert found.recall.value >= 0.9
    assert found.unfound == ()


@pytest.mark.parametrize("is_apart", [False, True])
def test_words_are_found_with_precision_and_recall(is_apart):
    found = matched([one for one in read_passages(PHRASES) if one.is_apart is is_apart])
    assert found.precision.value >= 0.95
    assert found.recall.value >= 0.95


def test_the_command_prints_both_halves_and_says_which_line_is_none(tmp_path):
    out = StringIO()
    files = ["--pairs", str(PAIRS), "--phrases", str(PHRASES)]
    call_command("evaluate_interests", *files, "--each", stdout=out)
    assert "\nkept apart: precision" in out.getvalue()
    assert "words, kept apart: precision" in out.getvalue()
    bad = tmp_path / "pairs.jsonl"
    bad.write_text('{"label": "perhaps"}\n', encoding="utf-8")
    with pytest.raises(CommandError, match="line 1"):
        call_command("evaluate_interests", "--pairs", str(bad))
