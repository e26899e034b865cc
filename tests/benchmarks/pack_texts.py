"""Texts of labeled papers that are not arXiv's, out of recorded answers of other sources.

    python -m tests.benchmarks.pack_texts FILE

reads the recorded feeds, a page of bioRxiv's, and the candidates of a digest, as the sources
themselves read them, and writes lines of JSON for `manage.py evaluate_packs --texts`: each labeled
paper whose title and abstract have the hash of the text that was judged. Whatever has another hash
is left out, so nothing here can take one paper for another.
"""

import argparse
import csv
import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.bench_packs import LABELS
from tests.benchmarks.corpus import RECORDS

DATA = RECORDS.parent
FEEDS = (".rdf", ".xml", ".rss", ".atom")

Text = tuple[str, str]
"""Title and abstract."""


def of_feeds(folder: Path) -> Iterator[Text]:
    """The items of the feeds of a folder; what is no feed has none."""
    from papers.sources import feed
    from papers.sources.base import FetchFailed

    for path in sorted(folder.iterdir()):
        if path.suffix not in FEEDS:
            continue
        try:
            found = feed.parsed(path.read_bytes(), "application/xml", path.name)
        except FetchFailed:
            continue
        for entry in found.entries:
            title = feed._title(entry)
            yield title, feed._abstract(entry, title)


def of_biorxiv(path: Path) -> Iterator[Text]:
    """The rows of one page of bioRxiv's answer."""
    for row in json.loads(path.read_text("utf-8"))["collection"]:
        yield row["title"], row["abstract"]


def of_candidates(path: Path) -> Iterator[Text]:
    """The papers that a digest chose from."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            yield one["title"], one.get("summary") or one.get("abstract") or ""


def texts() -> dict[str, Text]:
    """The text of each labeled paper that was found, by its identifier."""
    from papers.evaluation.packs import digest

    rows = csv.DictReader((LABELS / "labels.tsv").read_text("utf-8").splitlines(), delimiter="\t")
    of_hash = {row["hash"]: row["identifier"] for row in rows}
    found: dict[str, Text] = {}
    for read in (
        of_feeds(DATA / "sources" / "feeds"),
        of_biorxiv(DATA / "sources" / "biorxiv" / "details_last_page.json"),
        of_candidates(DATA / "relevance" / "candidates.jsonl.gz"),
    ):
        for title, abstract in read:
            identifier = of_hash.get(digest(title, abstract))
            if identifier and len(abstract) >= len(found.get(identifier, ("", ""))[1]):
                found[identifier] = (title, abstract)
    return found


def main() -> None:
    """Write what was found, and say how much it is."""
    import django

    django.setup()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path, metavar="FILE")
    file = parser.parse_args().file
    found = texts()
    lines = [
        json.dumps({"id": identifier, "title": title, "abstract": abstract}) + "\n"
        for identifier, (title, abstract) in sorted(found.items())
    ]
    file.write_text("".join(lines), "utf-8")
    print(f"{len(found)} labeled papers")


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    if not RECORDS.is_file():
        sys.exit(f"{RECORDS} is not on this machine")
    main()
