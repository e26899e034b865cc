"""What the packs' topics send of labeled papers is counted as promised, and mostly right."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

from papers import packs
from papers.evaluation.packs import digest

LABELS = Path(__file__).resolve().parents[2] / "data" / "pack_labels"


def measured(labels: Path, texts: Path) -> dict[str, Any]:
    out = StringIO()
    call_command(
        "evaluate_packs", labels=labels, texts=[texts], no_model=True, json=True, stdout=out
    )
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_both_halves_of_a_pack_are_counted_together(tmp_path: Path) -> None:
    topics = {
        "topology": {"pack": "mathematics", "kept_apart": False},
        "number-theory": {"pack": "mathematics", "kept_apart": True},
    }
    (tmp_path / "topics.json").write_text(json.dumps(topics))
    papers = [
        ("a", "Khovanov homology of satellite knots", "topology"),
        ("b", "Modular forms and Galois representations", "number-theory"),
        ("c", "Modular forms and Eisenstein series in a painting", ""),
        ("d", "A theorem without a name", "topology"),
    ]
    rows = ["identifier\thash\tright\tundecided"]
    rows += [f"{name}\t{digest(title, '')}\t{right}\t" for name, title, right in papers]
    (tmp_path / "labels.tsv").write_text("\n".join(rows) + "\n")
    texts = tmp_path / "texts.jsonl"
    lines = [json.dumps({"id": name, "title": title, "abstract": ""}) for name, title, _ in papers]
    texts.write_text("\n".join(lines) + "\n")

    found = measured(tmp_path, texts)

    shares = {
        half: {
            name: (round(share["value"] * share["of"]), share["of"])
            for name, share in found[half]["mathematics"].items()
        }
        for half in ("kept apart", "tuned on", "both")
    }
    assert shares == {
        "kept apart": {"precision": (1, 2), "recall": (1, 1)},
        "tuned on": {"precision": (1, 1), "recall": (1, 2)},
        "both": {"precision": (2, 3), "recall": (2, 3)},
    }


def test_most_of_what_a_pack_sends_is_right_while_few_papers_are_stored(shared: Path) -> None:
    """Of economics too few labeled papers are among the recorded ones."""
    found = measured(LABELS, shared / "data" / "arxiv_metadata.jsonl.gz")["both"]
    for pack in ("biology", "medicine", "physics", "chemistry", "mathematics"):
        assert found[pack]["precision"]["value"] >= 0.85, pack
        assert found[pack]["recall"]["value"] >= 0.55, pack


def test_every_pair_that_was_sent_is_judged_once_and_of_a_topic_that_there_is() -> None:
    rows = list(csv.DictReader((LABELS / "sent.tsv").read_text().splitlines(), delimiter="\t"))
    pairs = {(row["identifier"], row["topic"]) for row in rows}
    assert len(pairs) == len(rows)
    known = {topic.slug for pack in packs.all_packs().values() for topic in pack.topics}
    assert {topic for _, topic in pairs} <= known
    assert {row["judged"] for row in rows} == {"right", "wrong", "undecided"}
    assert {row["kept apart"] for row in rows} == {"yes", "no"}


def test_no_keyword_of_a_pack_counts_twice_for_one_phrase() -> None:
    """“Nonconvex optimization” may be written with a hyphen, and holds “convex optimization” then;
    a keyword written so is known to hold the other."""
    for pack in packs.all_packs().values():
        for topic in pack.topics:
            words = {keyword.lower() for keyword in topic.keywords}
            assert not {word for word in words if "non" + word in words}, topic.slug
