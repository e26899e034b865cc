"""The measures, the recorded files and the two commands that compare methods."""

import datetime as dt
import gzip
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from papers.evaluation.recordings import (
    RecordingError,
    Seen,
    read_candidates,
    read_judgments,
    read_topics,
)
from papers.evaluation.topics import (
    average_precision,
    discounted_gain,
    evaluate,
    expected_average_precision,
    phrases_from,
    summarize,
)
from papers.evaluation.trending import Day, compare, days_of, halves
from papers.matching.scoring import TopicSpec

# Measures


@pytest.mark.parametrize(
    ("ranked", "expected"),
    [
        ([True, False, False], 1),
        ([False, True], 1 / 2),
        ([True, False, True], (1 + 2 / 3) / 2),
        ([False, False], 0),
        ([], 0),
    ],
)
def test_average_precision(ranked: list[bool], expected: float) -> None:
    assert average_precision(ranked) == pytest.approx(expected)


def test_chance_is_the_mean_over_all_orders() -> None:
    orders = [(True, False, False), (False, True, False), (False, False, True)]
    mean = sum(average_precision(order) for order in orders) / 3
    assert expected_average_precision(3, 1) == pytest.approx(mean)
    assert expected_average_precision(3, 3) == pytest.approx(1)
    assert expected_average_precision(3, 0) == 0


def test_discounted_gain_is_one_for_the_best_order_and_less_for_others() -> None:
    assert discounted_gain([3, 2, 1, 0], 4) == pytest.approx(1)
    assert 0 < discounted_gain([0, 1, 2, 3], 4) < 1
    assert discounted_gain([0, 0, 5], 2) == 0
    assert discounted_gain([], 10) == 0


def test_phrases_come_from_a_description_as_an_editor_would_take_them() -> None:
    description = (
        "Explainable AI (XAI) makes decisions clear.\n"
        "- LIME (Local Explanations): perturbs inputs.\n"
        "- Rule extraction and attention visualization: derives rules.\n"
    )
    assert phrases_from("Explainable AI", description) == (
        "Explainable AI", "XAI", "LIME", "Rule extraction", "attention visualization",
    )  # fmt: skip


# Files

CANDIDATES = [
    {"week": "2024-01-05", "id": "1", "title": "A robot that cooks", "summary": "It grasps pans."},
    {"week": "2024-01-05", "id": "2", "title": "Bees in spring", "summary": "They dance."},
    {"week": "2025-07-04", "id": "3", "title": "Grasping by robots", "summary": "Robots hold."},
    {"week": "2025-07-04", "id": "4", "title": "Rain and compost", "summary": "Roots in soil."},
]
JUDGMENTS = [
    {"week": "2024-01-05", "topic": "Robots", "id": "1"},
    {"week": "2025-07-04", "topic": "Robots", "id": "3"},
    {"week": "2025-07-04", "topic": "Robots", "id": "nobody"},
    {"week": "2025-07-04", "topic": "Unknown", "id": "4"},
]
TOPICS = """\
# What readers may follow
- topic: Robots
  description: |
    Machines that move.

    - Grasping: holding things.
  keywords: [robot, "grasping"]

- topic: Bees
  keywords:
    - bee
    - honey
"""


def lines(path: Path, records: list[dict[str, Any]]) -> Path:
    text = "\n".join(json.dumps(record) for record in records)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The arguments that name a small set of files."""
    (tmp_path / "topics.yaml").write_text(TOPICS)
    return [
        f"--candidates={lines(tmp_path / 'candidates.jsonl.gz', CANDIDATES)}",
        f"--judgments={lines(tmp_path / 'judgments.jsonl', JUDGMENTS)}",
        f"--topics={tmp_path / 'topics.yaml'}",
    ]


def test_topics_are_read_from_simple_yaml_and_from_json(tmp_path: Path) -> None:
    path = tmp_path / "topics.yaml"
    path.write_text(TOPICS)
    robots, bees = read_topics(path)
    assert robots.description == "Machines that move.\n\n- Grasping: holding things."
    assert robots.keywords == ("robot", "grasping")
    assert bees.keywords == ("bee", "honey")
    path = tmp_path / "topics.json"
    path.write_text('[{"name": "Robots", "keywords": ["robot"]}]')
    assert read_topics(path)[0].keywords == ("robot",)


@pytest.mark.parametrize("text", ["- {a: b}", "topic: x", "- topic: x\n  y: 1\n    z: 2", "- a: b"])
def test_other_yaml_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "topics.yaml"
    path.write_text(text)
    with pytest.raises(RecordingError, match=r"topics\.yaml"):
        read_topics(path)


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "judgments.jsonl"
    path.write_text('{"week": "w", "topic": "t", "id": "1"}\n\n{"week": "w"}\n')
    with pytest.raises(RecordingError, match=r"judgments\.jsonl:3: without topic, id"):
        read_judgments(path)
    path.write_text("{")
    with pytest.raises(RecordingError, match=r"judgments\.jsonl:1"):
        read_judgments(path)


def test_a_file_that_is_no_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "candidates.jsonl.gz"
    path.write_bytes(b"plain")
    with pytest.raises(RecordingError, match="can't be read"):
        read_candidates(path)


def test_only_judged_weeks_and_known_papers_make_a_case(tmp_path: Path) -> None:
    candidates = read_candidates(lines(tmp_path / "c.jsonl", CANDIDATES))
    judgments = read_judgments(lines(tmp_path / "j.jsonl", JUDGMENTS))
    robots = TopicSpec("r", "Robots", "", ("robot",))
    cases = evaluate(candidates, [robots, TopicSpec("b", "Bees")], judgments, None)
    assert [(case.week, case.topic, case.relevant) for case in cases] == [
        ("2024-01-05", "Robots", 1),
        ("2025-07-04", "Robots", 1),
    ]
    assert summarize(cases).mean_average_precision["ours"] == 1
    assert summarize([]).cases == 0


# Commands


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_evaluate_topics_prints_a_table(files: list[str]) -> None:
    text = run("evaluate_topics", *files, "--no-model")
    assert "2024-01-05" in text
    assert "Robots" in text
    assert "held out" in text
    assert "Keywords from the topics file: Robots, Bees" in text


def test_evaluate_topics_prints_one_json_object(files: list[str]) -> None:
    report = json.loads(run("evaluate_topics", *files, "--json"))
    assert report["mean_average_precision"] == 1
    assert report["precision_at_1"] == 1
    assert set(report["sending"]) == {"precision", "recall"}
    assert report["weeks"]["2024-01-05"]["cases"] == 1
    assert report["topics"]["Robots"]["cases"] == 2


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_evaluate_topics_says_which_file_cannot_be_read(files: list[str], missing: int) -> None:
    files[missing] = files[missing].split("=")[0] + "=/nowhere/at-all"
    with pytest.raises(CommandError, match="/nowhere/at-all"):
        run("evaluate_topics", *files)


def test_evaluate_topics_says_when_nothing_was_judged(files: list[str], tmp_path: Path) -> None:
    files[1] = f"--judgments={lines(tmp_path / 'none.jsonl', JUDGMENTS[3:])}"
    with pytest.raises(CommandError, match="No judgment"):
        run("evaluate_topics", *files, "--no-model")


SEEN = [
    {
        "day": "2026-06-01",
        "id": str(n),
        "fetched_at": "2026-06-01T12:00:00Z",
        "upvotes": 10 * n,
        "comments": n,
    }
    for n in range(5)
]
ORDERS = {f"2026-06-0{day}": ["4", "3", "elsewhere"] for day in range(1, 5)}


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("evaluate_topics", "--candidates, --topics, --judgments"),
        ("evaluate_trending", "--observations, --orders"),
    ],
)
def test_the_commands_read_no_file_that_they_were_not_given(command: str, files: str) -> None:
    with pytest.raises(CommandError, match=f"arguments are required: {files}"):
        run(command)


def test_evaluate_trending_compares_all_formulas_on_both_halves(tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text(json.dumps(ORDERS))
    arguments = [
        "evaluate_trending",
        f"--observations={lines(tmp_path / 'seen.jsonl', SEEN)}",
        f"--orders={tmp_path / 'orders.json'}",
    ]
    text = run(*arguments)
    assert "second half, held out" in text
    assert "Hacker News" in text
    report = json.loads(run(*arguments, "--json"))
    for half in report.values():
        assert half["formulas"]["ours"]["ndcg"] == pytest.approx(1)
        assert half["formulas"]["most upvotes"]["average_precision"] == pytest.approx(1)


def test_evaluate_trending_needs_days_that_can_be_judged(tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text('{"2026-06-01": ["4"]}')
    arguments = [
        f"--observations={lines(tmp_path / 'seen.jsonl', SEEN)}",
        f"--orders={tmp_path / 'orders.json'}",
    ]
    with pytest.raises(CommandError, match="fewer than two days"):
        run("evaluate_trending", *arguments)
    (tmp_path / "orders.json").write_text("[]")
    with pytest.raises(CommandError, match=r"orders\.json"):
        run("evaluate_trending", *arguments)


def test_no_formula_knows_what_was_observed_later() -> None:
    day = dt.date(2026, 6, 1)
    at = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
    early = Seen("early", at, at, upvotes=1, comments=0)
    late = Seen("late", at, at + dt.timedelta(days=1), upvotes=99, comments=0)
    orders = {day: ["early"], day + dt.timedelta(days=1): ["late", "early"]}
    (judged,) = days_of([early, late], orders)
    assert [paper.paper for paper in judged.known] == ["early"]
    assert list(judged.orders) == [day]


def test_no_days_compare_to_nothing() -> None:
    assert compare(days_of([], {})) == {}


# On the recorded data


def test_ranking_by_topic_is_as_good_as_it_was(shared: Path) -> None:
    data = shared / "data" / "relevance"
    report = json.loads(
        run(
            "evaluate_topics",
            f"--candidates={data / 'candidates.jsonl.gz'}",
            f"--topics={data / 'topics.yaml'}",
            f"--judgments={data / 'judgments.jsonl'}",
            "--json",
        )
    )
    assert report["mean_average_precision"] >= 0.66
    (later,) = [summary for name, summary in report["summaries"].items() if "held out" in name]
    ours = later["mean_average_precision"]
    assert ours["ours"] >= 0.60
    assert ours["ours"] > ours["lsa-description"] + 0.08
    assert ours["ours"] > max(ours["keywords"], ours["bm25"], ours["meaning"])


def test_our_trending_score_is_the_best_formula_on_the_days_kept_apart(shared: Path) -> None:
    data = shared / "data" / "huggingface"
    report = json.loads(
        run(
            "evaluate_trending",
            f"--observations={data / 'observations.jsonl.gz'}",
            f"--orders={data / 'trending.json'}",
            f"--papers={shared / 'data' / 'arxiv_metadata.jsonl.gz'}",
            "--json",
        )
    )
    formulas = report["second half, held out"]["formulas"]
    for half in ("first half", "second half, held out"):
        found = report[half]["formulas"]
        assert found["ours"]["ndcg"] >= 0.328
        listed = found["ours, knowing today's order"]
        assert listed["ndcg"] > 0.68
        assert listed["precision_at_10"] >= found["most upvotes"]["precision_at_10"]
    mixed = report["mixed day"]
    assert mixed["is_fair"]
    assert mixed["behind"] == 0 < mixed["noticed"]
    assert set(mixed["shares"]) == {"computer-science", "physics", "biology"}
    for other in ("Hacker News", "Reddit", "ResearchHub", "most upvotes", "newest"):
        for measure, value in formulas[other].items():
            assert formulas["ours"][measure] > value, (other, measure)


def test_halves_share_no_day() -> None:
    at = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    days = [Day(at.date() + dt.timedelta(days=n), at, [], {}, {}) for n in range(5)]
    first, second = halves(days)
    assert list(first) == days[:2]
    assert list(second) == days[2:]
