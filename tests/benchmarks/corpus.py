"""The recorded papers as rows, and as many more like them as a benchmark wants.

    python -m tests.benchmarks.corpus [--papers N] [--more FILE ...] [--no-model]

fills the database of DATABASE_URL, which must have no papers yet, fits the semantic model and
learns the words that search corrects by. Each FILE holds more real papers, gzipped JSON lines with
title, abstract and authors; no title comes twice. Where there are still too few, papers are made of
two others: half of the sentences of each abstract and half of each title, so that words are as
common as they are among real ones, with a few odd new words, so that the vocabulary grows as it
would. That serves to measure time. It does not serve to measure what is found: each half of a title
is then that of a dozen papers, and three of its words tell none of them.
"""

import argparse
import gzip
import json
import random
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

RECORDS = Path(__file__).resolve().parents[3] / "shared" / "data" / "arxiv_metadata.jsonl.gz"


def records() -> list[dict[str, Any]]:
    """The recorded papers."""
    if not RECORDS.is_file():
        raise SystemExit(f"{RECORDS} is not on this machine")
    with gzip.open(RECORDS, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def with_more(files: Sequence[Path]) -> list[dict[str, Any]]:
    """The recorded papers and those of `files`, each title once."""
    found = records()
    if not files:
        return found
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                record = json.loads(line)
                if record["abstract"] and record["authors"]:
                    found.append(record | {"id": f"{file.name.partition('.')[0]}-{number}"})
    distinct: dict[str, dict[str, Any]] = {}
    for record in found:
        distinct.setdefault(re.sub(r"\W+", " ", record["title"].lower()).strip(), record)
    return list(distinct.values())


def papers(size: int, seed: int = 0, more: Sequence[Path] = ()) -> Iterator[dict[str, Any]]:
    """Yield `size` papers as dicts of identifier, title, abstract and authors: real ones, those in
    the files `more` too, in a random order, and among them those made of others."""
    found, chance = with_more(more), random.Random(seed)
    chance.shuffle(found)
    sentences = [record["abstract"].split(". ") for record in found]
    titles = [record["title"].split() for record in found]
    real = iter(found[:size])
    made = max(0, size - len(found))
    for number in range(size):
        record = None if chance.random() < made / size else next(real, None)
        if record is not None:
            yield {
                "identifier": f"arxiv:{record['id']}",
                "title": record["title"][:500],
                "abstract": record["abstract"],
                "authors": record["authors"],
            }
            continue
        first, second = chance.choice(sentences), chance.choice(sentences)
        mixed = chance.sample(first, k=(len(first) + 1) // 2)
        mixed += chance.sample(second, k=(len(second) + 1) // 2)
        words = ". ".join(mixed).split()
        at = chance.randrange(len(words))
        words[at] = words[at][::-1]
        head, tail = chance.choice(titles), chance.choice(titles)
        yield {
            "identifier": f"made:{number}",
            "title": " ".join(head[: (len(head) + 1) // 2] + tail[len(tail) // 2 :])[:500],
            "abstract": " ".join(words),
            "authors": chance.choice(found)["authors"],
        }


def fill(size: int, seed: int = 0, *, more: Sequence[Path] = (), with_model: bool = True) -> float:
    """Store `size` papers in the database, learn their words and fit a model; seconds that storing
    took.
    """
    from django.db import connection
    from django.utils import timezone

    from papers.models import Paper
    from papers.search import vocabulary
    from papers.semantics.fitting import fit_now

    if Paper.objects.exists():
        raise SystemExit("The database has papers already; give another one.")
    spent, batch = 0.0, []
    for number, fields in enumerate(papers(size, seed, more), start=1):
        batch.append(Paper(**fields))
        if len(batch) == 500 or number == size:
            started = time.perf_counter()
            Paper.objects.bulk_create(batch)
            spent += time.perf_counter() - started
            batch = []
    vocabulary.learn()
    if with_model:
        fit_now(timezone.now())
    if connection.vendor == "postgresql":  # as autovacuum does within minutes
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return spent


def main() -> None:
    """Fill the database and say how long it took."""
    import django

    django.setup()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--papers", type=int, default=len(records()))
    parser.add_argument("--more", type=Path, nargs="*", default=[], metavar="FILE")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-model", action="store_true")
    options = parser.parse_args()
    spent = fill(options.papers, options.seed, more=options.more, with_model=not options.no_model)
    print(f"{options.papers} papers stored in {spent:.1f} s")


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    main()
