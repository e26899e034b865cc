"""`manage.py evaluate_interests`: how well followed names and words are told from others."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from papers.evaluation.followed_authors import Comparison, compared, read_pairs
from papers.evaluation.followed_words import matched, read_passages
from papers.evaluation.packs import Share
from papers.evaluation.recordings import RecordingError


class Command(BaseCommand):
    """Prints precision and recall over the decidable pairs, and what came of the others."""

    help = (
        "Compare labeled pairs of a followed name and a printed author. Rules are tuned on one "
        "half of the pairs; the figures to report are those of the half that is kept apart."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file and what is printed."""
        parser.add_argument(
            "--pairs",
            type=Path,
            required=True,
            metavar="FILE",
            help="lines of JSON, as tests/data/author_pairs/pairs.jsonl",
        )
        parser.add_argument(
            "--phrases",
            type=Path,
            metavar="FILE",
            help="lines of JSON, as tests/data/followed_words.jsonl",
        )
        parser.add_argument(
            "--each", action="store_true", help="also the wrong ones of the half for tuning"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(
        self, *, pairs: Path, phrases: Path | None, each: bool, json: bool, **options: Any
    ) -> None:
        """Compare each half."""
        try:
            read = read_pairs(pairs)
            passages = read_passages(phrases) if phrases else []
        except RecordingError as error:
            raise CommandError(str(error)) from None
        halves = {
            "tuned on": compared(pair for pair in read if not pair.is_apart),
            "kept apart": compared(pair for pair in read if pair.is_apart),
        }
        if json:
            self.stdout.write(_as_json(halves))
            return
        for name, found in halves.items():
            self.stdout.write(f"{name}: precision {_share(found.precision)}")
            self.stdout.write(f"  recall {_share(found.recall)}, {found.maybe} decidable “maybe”")
            verdicts = ", ".join(f"{count} {name}" for name, count in found.undecidable.items())
            self.stdout.write(f"  undecidable: {verdicts}; not found by keys: {len(found.unfound)}")
        for is_apart, name in ((False, "tuned on"), (True, "kept apart")) if passages else ():
            matching = matched([one for one in passages if one.is_apart is is_apart])
            self.stdout.write(f"words, {name}: precision {_share(matching.precision)}")
            self.stdout.write(f"  recall {_share(matching.recall)}")
        if each:
            for pair, verdict in halves["tuned on"].wrong:
                self.stdout.write(f"{pair.kind}: {pair} is {pair.label}, not {verdict.value}")


def _share(share: Share) -> str:
    low, high = share.interval
    return f"{share.value:.3f} ({low:.3f} to {high:.3f}; {share.part} of {share.whole})"


def _as_json(halves: dict[str, Comparison]) -> str:
    return json.dumps(
        {
            name: {
                "precision": found.precision.value,
                "recall": found.recall.value,
                "decidable": found.recall.whole,
                "maybe": found.maybe,
                "undecidable": dict(found.undecidable),
                "not_found_by_keys": len(found.unfound),
            }
            for name, found in halves.items()
        }
    )
