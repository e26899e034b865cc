"""What the topics of all packs send of a stream that is mostly machine learning, and how much of it
is right.

    python -m tests.benchmarks.bench_packs [--each]

matches the recorded arXiv papers with the topics of all packs at once, by a model fitted on them.
Pairs were judged in tests/data/pack_labels: papers with every topic (`labels.tsv`), and pairs that
were sent with their own (`sent.tsv`; those kept apart were judged after keywords were narrowed and
had no say in that). Printed are, for each pack, the pairs sent, how many of them were
judged, the precision among these with its interval, and the recall of the labels.
"""

import argparse
import csv
import gzip
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.corpus import RECORDS, records

LABELS = Path(__file__).resolve().parents[1] / "data" / "pack_labels"

Pair = tuple[str, str]


def judged() -> tuple[dict[Pair, str], frozenset[Pair]]:
    """What was said of pairs that were sent, and which of them were kept apart."""
    lines = (LABELS / "sent.tsv").read_text("utf-8").splitlines()
    rows = list(csv.DictReader(lines, delimiter="\t"))
    said = {(row["identifier"], row["topic"]): row["judged"] for row in rows}
    apart = {(row["identifier"], row["topic"]) for row in rows if row["kept apart"] == "yes"}
    return said, frozenset(apart)


def measure(*, each: bool) -> None:
    """Match, compare, print."""
    from dataclasses import replace

    from papers import packs
    from papers.evaluation.packs import Share, read_labels, sent, specs
    from papers.matching.scoring import PaperText
    from papers.semantics.lsa import DIMENSIONS, fit, text_of

    found = records()
    with TemporaryDirectory() as folder:
        texts = Path(folder) / "texts.jsonl.gz"
        with gzip.open(texts, "wt", encoding="utf-8", compresslevel=1) as file:
            file.writelines(json.dumps(one) + "\n" for one in found)
        labels = read_labels(LABELS, [texts])
    stream = tuple(
        PaperText(f"arxiv:{one['id']}", one["title"], one["abstract"], tuple(one["categories"]))
        for one in found
    )
    unique = dict.fromkeys(text_of(paper.title, paper.abstract) for paper in stream)
    model = fit(list(unique), DIMENSIONS, 0, version="evaluation")
    everything = replace(labels, papers=stream, undecided=frozenset())
    pairs = sent(everything, specs(packs.all_packs().values()), model)
    of_pair, apart = judged()
    labeled = {str(paper.id) for paper in labels.papers}

    def verdict(pair: Pair) -> str:
        if pair in of_pair:
            return of_pair[pair]
        if pair in labels.undecided:
            return "undecided"
        if pair[0] in labeled:
            return "right" if pair in labels.right else "wrong"
        return ""

    def line(name: str, topics: Iterable[str], among: frozenset[Pair]) -> None:
        own = frozenset(topics)
        mine = [pair for pair in among if pair[1] in own]
        said = [verdict(pair) for pair in mine]
        told = sum(one in ("right", "wrong") for one in said)
        precision = Share(said.count("right"), told)
        right = [pair for pair in labels.right if pair[1] in own]
        recall = Share(sum(pair in pairs for pair in right), len(right))
        (low, high), (least, most) = precision.interval, recall.interval
        print(
            f"{name:<34}{len(mine):>6}{told:>8}{precision.value:>9.3f} ({low:.3f}-{high:.3f})"
            f"{recall.value:>9.3f} ({least:.3f}-{most:.3f}) of {len(right)}"
        )

    print(f"{len(stream)} recorded papers, {len(labels.papers)} of them labeled")
    print(f"{'':<34}{'sent':>6}{'judged':>8}{'precision':>23}{'recall':>23}")
    of_pack: dict[str, list[str]] = {}
    for slug, topic in labels.topics.items():
        of_pack.setdefault(topic.pack, []).append(slug)
    for pack, slugs in of_pack.items():
        line(pack, slugs, pairs)
        if any(slug in slugs for _, slug in apart):
            line(f"{pack}, pairs kept apart", slugs, pairs & apart)
        if each:
            for slug in slugs:
                line(f"  {slug}", [slug], pairs)


def main() -> None:
    """Read the options, and measure."""
    import django

    django.setup()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--each", action="store_true", help="also each topic")
    measure(each=parser.parse_args().each)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    if not RECORDS.is_file():
        sys.exit(f"{RECORDS} is not on this machine")
    main()
