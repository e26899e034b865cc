"""What it takes to teach 200 topics the newest 50,000 papers, in time, memory and stored bytes.

    python -m tests.benchmarks.bench_learning [--papers N] [--topics N]

In a database of its own, SQLite in a temporary folder unless DATABASE_URL says otherwise (the one
it names must be empty). The papers are those of `bench_matching.background`; the topics are those
that ship with Broadsheet and its packs, and for the rest those of `bench_matching.topics`. Teaching
runs in a process of its own, so that memory is that of a worker. Times are of the processor, all
threads together; OPENBLAS_NUM_THREADS=1 keeps them to one core.
"""

import argparse
import gzip
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    if "VAR_DIR" not in os.environ:
        os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="broadsheet-bench-")
    django.setup()

from django.core.management import call_command
from django.utils import timezone

from papers import packs
from papers.matching import learned
from papers.matching.classifier import Classifier
from papers.models import LearnedTopic, Paper, Topic
from papers.semantics import current
from papers.semantics.fitting import fit_now
from tests.benchmarks.bench_matching import RECORDS, background, topics


def peak() -> int:
    """Return the most memory that this program has held, in MB, without that of who started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024  # type: ignore[index]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--papers", type=int, default=50_000)
    parser.add_argument("--topics", type=int, default=200)
    parser.add_argument("--teach", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.teach:
        teach()
        return
    if not RECORDS.is_file():
        raise SystemExit(f"{RECORDS} is not on this machine")
    fill(options.papers, options.topics)
    subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_learning", "--teach"], check=True)


def fill(size: int, subjects: int) -> None:
    """Store papers and topics, and fit a model."""
    call_command("migrate", verbosity=0)
    if Paper.objects.exists():
        raise SystemExit("The database is not empty.")
    with gzip.open(RECORDS, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    texts = background(records, size, random.Random(0))
    for at in range(0, len(texts), 2_000):
        Paper.objects.bulk_create(
            Paper(
                identifier=f"bench:{number}",
                title=text.partition("\n")[0][: Paper.TITLE_LENGTH],
                abstract=text.partition("\n")[2],
            )
            for number, text in enumerate(texts[at : at + 2_000], at)
        )
    for pack in packs.all_packs().values():
        packs.install(pack)
    Topic.objects.update(is_active=True)
    surplus = Topic.objects.values_list("pk", flat=True)[subjects:]
    Topic.objects.filter(pk__in=list(surplus)).delete()
    missing = subjects - Topic.objects.count()
    for spec in topics(records, max(missing, 0), random.Random(0)):
        Topic.objects.create(
            name=spec.name,
            slug=f"bench-{spec.id}",
            description=spec.description,
            keywords=list(spec.keywords),
        )
    fit_now(timezone.now())


def teach() -> None:
    """Teach the stored topics the stored papers."""
    using = current.in_use()
    assert using is not None
    held = peak()
    spent: dict[str, float] = {}
    last: list[tuple[str, float]] = [("reading papers", time.process_time())]

    def report(what: str, done: int, total: int) -> None:
        before, since = last[-1]
        if what != before:
            spent[before] = time.process_time() - since
            last.append((what, time.process_time()))

    began = time.process_time()
    learned.learn_with(using.pk, using.model, report)
    report("", 0, 0)
    parts = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in spent.items())
    stored = LearnedTopic.objects.values_list("classifier", flat=True)
    rows = [bytes(row) for row in stored if row is not None]
    weights = [len(Classifier.from_bytes(row).features) for row in rows]
    print(
        f"{LearnedTopic.objects.count()} topics, {Paper.objects.count()} papers: "
        f"{last[-1][1] - began:.1f} s ({parts}); peak {peak()} MB, {held} MB of which the process "
        f"and its model; {len(rows)} classifiers, {max(weights, default=0)} weights at most, "
        f"{sum(map(len, rows)) / 1e6:.1f} MB stored"
    )


if __name__ == "__main__":
    main()
