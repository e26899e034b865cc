"""What feedback is worth, in a simulation, and what it costs.

    python -m tests.benchmarks.simulate_learning

Readers with a hidden taste, one or two primary arXiv categories that the method never sees, follow
thirty recorded days. Each day they get ten papers of that day's list and rate some of them: "more"
for three in ten of those they like, "less" for one in ten of the others. Printed is how many of the
ten they like, in the last ten days, without learning and with several weights of the taste; the
prior is the logarithm of the upvotes. The semantic model is fitted on earlier papers only.

The second table is the time that selecting one reader's papers takes, with and without ratings.
"""

import gzip
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
django.setup()

from newsletter.digests import taste  # noqa: E402  # models need Django set up
from newsletter.digests.selection import Reader, Shelf  # noqa: E402
from newsletter.digests.taste import Ratings  # noqa: E402
from newsletter.issues.places import Place, Reason  # noqa: E402
from papers.cards import Card  # noqa: E402
from papers.semantics.lsa import Floats, fit, text_of  # noqa: E402

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SHOWN = 10
READERS = 40
LAST = 10
WEIGHTS: dict[str, Callable[[int], float]] = {
    "no learning": lambda n: 0.0,
    "n/(n+15)": lambda n: n / (n + 15),
    "2n/(n+15), ours": taste.trust,
    "4n/(n+15)": lambda n: 4 * n / (n + 15),
    "taste alone": lambda n: 1e6 if n else 0.0,
}
CARD = Card(identifier="", title="")


class Day:
    """One day's list: vectors, standing by upvotes, and the categories nobody is told."""

    def __init__(self, vectors: Floats, upvotes: list[int], categories: list[str]) -> None:
        self.vectors = vectors
        self.prior = taste.deviations(np.log1p(np.array(upvotes, np.float32)))
        self.categories = categories


def recorded_days() -> list[Day]:
    """The recorded days, with a model of the papers that were there before them."""
    with gzip.open(DATA / "arxiv_metadata.jsonl.gz", "rt") as lines:
        records = {record["id"]: record for record in map(json.loads, lines)}
    files = sorted((DATA / "huggingface" / "daily_papers").glob("*.json"))
    lists = [[entry["paper"] for entry in json.loads(file.read_text())] for file in files]
    listed = {paper["id"] for papers in lists for paper in papers}
    model = fit(
        [text_of(r["title"], r["abstract"]) for pk, r in records.items() if pk not in listed]
    )
    return [
        Day(
            model.embed(text_of(paper["title"], paper["summary"]) for paper in papers),
            [paper.get("upvotes") or 0 for paper in papers],
            [records.get(paper["id"], {}).get("primary_category", "") for paper in papers],
        )
        for papers in lists
    ]


def follow(
    days: list[Day], wanted: set[str], weight: Callable[[int], float], seed: int
) -> tuple[float, int]:
    """How many of the ten papers a reader likes in the last days, and how often they rated."""
    dice = np.random.default_rng(seed)
    vectors: list[Floats] = []
    values: list[float] = []
    liked_shown: list[int] = []
    for day in days:
        worth = day.prior
        if values:
            ratings = Ratings(np.stack(vectors), np.array(values, np.float32), ("",) * len(values))
            worth = day.prior + weight(len(values)) * taste.taste(ratings, day.vectors)
        chosen = np.argsort(-worth, kind="stable")[:SHOWN].tolist()
        liked = [day.categories[at] in wanted for at in chosen]
        liked_shown.append(sum(liked))
        for at, like in zip(chosen, liked, strict=True):
            if dice.random() < (0.3 if like else 0.1):
                vectors.append(day.vectors[at])
                values.append(1.0 if like else -1.0)
    return fmean(liked_shown[-LAST:]), len(values)


def show_worth(days: list[Day]) -> None:
    """Print the first table."""
    dice = np.random.default_rng(1)
    names = ["cs.RO", "cs.SD", "cs.IR", "cs.SE", "cs.CR", "cs.CV", "cs.CL", "cs.LG"]
    tastes_of = [
        set(dice.choice(names, size=dice.integers(1, 3), replace=False)) for _ in range(READERS)
    ]
    print(f"{READERS} readers, {len(days)} days; liked of {SHOWN} papers in the last {LAST} days")
    for name, weight in WEIGHTS.items():
        results = [follow(days, wanted, weight, at) for at, wanted in enumerate(tastes_of)]
        liked, rated = fmean(r[0] for r in results), fmean(r[1] for r in results)
        print(f"  {name:16} {liked:5.2f}   ({rated:.0f} ratings in the mean)")


def show_cost(day: Day) -> None:
    """Print the second table: microseconds for one reader of five topics of thirty."""
    dice = np.random.default_rng(2)
    places = [
        Place(
            at,
            at,
            at + 1,
            float(100 - at),
            replace(CARD, title=f"Paper {at}"),
            {int(topic): Reason(1.0, "x") for topic in dice.choice(30, size=3, replace=False)},
        )
        for at in range(len(day.vectors))
    ]
    shelf = Shelf(places, dict(enumerate(day.vectors)))
    reader = Reader(1, "alice@example.org", 1, frozenset(range(5)))
    print("microseconds to select one reader's papers, best of five times 500")
    for count in (0, 1, 15, 50, 200):
        ratings = None
        if count:
            at = dice.integers(0, len(day.vectors), size=count)
            values = dice.choice([1.0, -1.0], size=count).astype(np.float32)
            ratings = Ratings(day.vectors[at], values, tuple(f"Title {n}" for n in at))
        times = []
        for _ in range(5):
            began = time.perf_counter()
            for _ in range(500):
                shelf.select(reader, (), ratings)
            times.append((time.perf_counter() - began) / 500 * 1e6)
        print(f"  {count:4} ratings {min(times):7.0f}")


if __name__ == "__main__":
    recorded = recorded_days()
    show_worth(recorded)
    show_cost(max(recorded, key=lambda day: len(day.vectors)))
