"""How long topic matching and fitting take, and how much memory.

    python -m tests.benchmarks.bench_matching [--papers N] [--topics N] [--background N] [--fit]

Papers are the recorded arXiv records of ../shared/data; a larger background is made of them by
putting the sentences of several abstracts together and changing a few words, so that the
vocabulary grows as it would. Topics are made of random titles, 24 keywords of two or three words
each, which is about what an editor writes. Without ``--fit`` the model for matching is fitted on
the records alone. Times are of the processor, all threads together, so that a busy machine does
not count; OPENBLAS_NUM_THREADS=1 keeps them to one core.
"""

import argparse
import gzip
import json
import random
import resource
import time
from pathlib import Path

from papers.matching.scoring import PaperText, TopicSpec, match
from papers.semantics.lsa import fit, text_of
from papers.text.words import content_stems

RECORDS = Path(__file__).resolve().parents[3] / "shared" / "data" / "arxiv_metadata.jsonl.gz"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--papers", type=int, default=1_000)
    parser.add_argument("--topics", type=int, default=200)
    parser.add_argument("--background", type=int, default=100_000)
    parser.add_argument("--fit", action="store_true", help="fit on the whole background")
    options = parser.parse_args()
    if not RECORDS.is_file():
        raise SystemExit(f"{RECORDS} is not on this machine")
    with gzip.open(RECORDS, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    chance = random.Random(0)

    if options.fit:
        texts = background(records, options.background, chance)
        print(f"{len(texts)} texts, {peak()} MB before fitting")
    else:
        texts = [text_of(record["title"], record["abstract"]) for record in records]
    started = time.process_time()
    model = fit(texts)
    print(
        f"fit: {len(texts)} papers, {len(model.vocabulary)} words, {model.dimensions} dimensions: "
        f"{time.process_time() - started:.1f} s, peak {peak()} MB"
    )
    started = time.process_time()
    stored = model.to_bytes()
    model = type(model).from_bytes(stored)
    print(f"stored and read: {len(stored) / 1e6:.1f} MB, {time.process_time() - started:.2f} s")

    papers = [
        PaperText(record["id"], record["title"], record["abstract"])
        for record in chance.sample(records, options.papers)
    ]
    subjects = topics(records, options.topics, chance)
    for turn in ("first call", "second call, same topics"):
        started = time.process_time()
        results = match(papers, subjects, model)
        print(
            f"match: {len(papers)} papers x {len(subjects)} topics, {turn}: "
            f"{time.process_time() - started:.2f} s, {len(results)} pairs kept, "
            f"{sum(result.sendable for result in results)} sendable, peak {peak()} MB"
        )
    started = time.process_time()
    match(papers, subjects)
    print(f"match without a model: {time.process_time() - started:.2f} s")


def background(records: list[dict[str, str]], size: int, chance: random.Random) -> list[str]:
    """Return ``size`` texts: the records, then mixtures of their sentences with odd new words."""
    texts = [text_of(record["title"], record["abstract"]) for record in records[:size]]
    sentences = [record["abstract"].split(". ") for record in records]
    while len(texts) < size:
        first, second = chance.choice(sentences), chance.choice(sentences)
        mixed = chance.sample(first, k=(len(first) + 1) // 2)
        mixed += chance.sample(second, k=(len(second) + 1) // 2)
        found = ". ".join(mixed).split()
        for _ in range(3):
            at = chance.randrange(len(found))
            found[at] = found[at][::-1] if chance.random() < 0.5 else found[at] + found[at - 1]
        title = chance.choice(records)["title"]
        texts.append(text_of(title, " ".join(found)))
    return texts


def topics(records: list[dict[str, str]], size: int, chance: random.Random) -> list[TopicSpec]:
    """Return ``size`` topics with 24 keywords of two or three words from titles."""
    subjects = []
    for number in range(size):
        keywords: set[str] = set()
        while len(keywords) < 24:
            title = chance.choice(records)["title"].split()
            at, length = chance.randrange(len(title)), chance.choice((2, 2, 2, 3))
            phrase = title[at : at + length]
            if len(" ".join(phrase)) > 5 and content_stems(phrase[0]) and content_stems(phrase[-1]):
                keywords.add(" ".join(phrase))
        description = chance.choice(records)["title"]
        subjects.append(
            TopicSpec(number, f"Topic {number}", description, tuple(sorted(keywords)), ("cs.CL",))
        )
    return subjects


def peak() -> int:
    """Return the most memory that this process has held, in MB (Linux counts in KB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
