"""Does the same rule send the same papers, whatever the model was fitted on?

    python -m tests.benchmarks.bench_sending [--papers N] [--background N] [--no-classifiers]

The recorded arXiv records of ../shared/data are parted: some are matched with the topics that ship
with Broadsheet, by models that were fitted, and classifiers that were taught, on three backgrounds:

* mixed: other records, drawn at random;
* language: other records of cs.CL, cs.AI and cs.IR alone;
* elsewhere: other records of neither of these nor computer vision.

Printed are how many pairs each sends and, for any two, how many of the smaller and of the larger
number are the same; and, under each, precision and recall on the invented papers of
tests/data/labelled_topics.json, and, by the rule alone, on those recorded papers that are labeled
in tests/data/pack_labels. Last comes whether any two agree as they should: in volume within 10 %,
in 90 % of the pairs of the larger number, and in precision and recall within 0.02.
"""

import argparse
import gzip
import itertools
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    django.setup()

from papers import packs
from papers.evaluation.packs import figures, read_labels, specs
from papers.evaluation.packs import sent as sent_of
from papers.matching.learning import learn
from papers.matching.scoring import match
from papers.matching.texts import PaperText, TopicSpec
from papers.semantics.lsa import fit, text_of
from tests.benchmarks.bench_matching import RECORDS
from tests.papers.labelled import labelled

LABELS = Path(__file__).resolve().parents[1] / "data" / "pack_labels"
TOPICS = Path(__file__).resolve().parents[2] / "papers" / "data" / "topics.json"
LANGUAGE = ("cs.CL", "cs.AI", "cs.IR")
NOT_ELSEWHERE = (*LANGUAGE, "cs.CV")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--papers", type=int, default=1_500, help="papers that are matched")
    parser.add_argument("--background", type=int, default=5_000, help="papers of a background")
    parser.add_argument("--no-classifiers", action="store_true", help="by the rule alone")
    options = parser.parse_args()
    if not RECORDS.is_file():
        raise SystemExit(f"{RECORDS} is not on this machine")
    with gzip.open(RECORDS, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    random.Random(5).shuffle(records)
    papers = [_paper(record) for record in records[: options.papers]]
    others = records[options.papers :]
    backgrounds = {
        "mixed": others,
        "language": [one for one in others if one["primary_category"] in LANGUAGE],
        "elsewhere": [one for one in others if one["primary_category"] not in NOT_ELSEWHERE],
    }
    topics = [
        TopicSpec(
            one["slug"],
            one["name"],
            one["description"],
            tuple(one["keywords"]),
            tuple(one["categories"]),
        )
        for one in json.loads(TOPICS.read_text(encoding="utf-8"))
    ]
    truth = labelled()
    labels = read_labels(LABELS, [RECORDS])
    offered = specs(packs.all_packs().values())
    quality: dict[str, list[float]] = {}
    sent: dict[str, set[tuple[Any, Any]]] = {}
    for name, chosen in backgrounds.items():
        stored = [_paper(record) for record in chosen[: options.background]]
        model = fit([text_of(paper.title, paper.abstract) for paper in stored])
        began = time.process_time()
        known = {}
        if not options.no_classifiers:
            every = [*topics, *truth.topics]
            found = learn(stored, every, model)
            known = dict(zip((topic.id for topic in every), found, strict=True))
        spent = time.process_time() - began
        results = match(papers, topics, model, None, known)
        sent[name] = {(one.paper_id, one.topic_id) for one in results if one.sendable}
        on_labels = match(truth.papers, truth.topics, model, None, known)
        found_of_packs = figures(labels, sent_of(labels, offered, model), frozenset(labels.topics))
        quality[name] = [
            truth.precision(on_labels),
            truth.recall(on_labels),
            found_of_packs.precision.value,
            found_of_packs.recall.value,
        ]
        print(
            f"{name}: fitted on {len(stored)}, taught in {spent:.1f} s, {len(sent[name])} pairs "
            "sent; invented papers: precision {:.3f}, recall {:.3f}; {} recorded ones: precision "
            "{:.3f}, recall {:.3f}".format(
                *quality[name][:2], len(labels.papers), *quality[name][2:]
            ),
            flush=True,
        )
    for one, other in itertools.combinations(sent, 2):
        same = len(sent[one] & sent[other])
        sizes = sorted((len(sent[one]), len(sent[other])))
        print(
            f"{one} and {other}: {same} pairs are the same, {same / sizes[0]:.1%} and "
            f"{same / sizes[1]:.1%} of what either sends; volumes differ by "
            f"{sizes[1] / sizes[0] - 1:.1%}"
        )
        apart = max(abs(a - b) for a, b in zip(quality[one], quality[other], strict=True))
        agree = sizes[1] <= 1.1 * sizes[0] and same >= 0.9 * sizes[1] and apart <= 0.02
        print(
            f"    precision and recall differ by {apart:.3f} at most: "
            f"{'they agree' if agree else 'they do not agree'}"
        )


def _paper(record: dict[str, Any]) -> PaperText:
    return PaperText(record["id"], record["title"], record["abstract"], tuple(record["categories"]))


if __name__ == "__main__":
    main()
