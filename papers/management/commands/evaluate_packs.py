"""`manage.py evaluate_packs`: how much of what the packs' topics send is right."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress

from papers import packs
from papers.evaluation.packs import Figures, Labels, figures, read_labels, sent, specs
from papers.evaluation.recordings import RecordingError, read_texts
from papers.semantics.lsa import DIMENSIONS, fit, text_of


class Command(BaseCommand):
    """Prints precision and recall with their intervals: per pack, together, per topic."""

    help = (
        "Match labeled papers with the topics of all packs at once and compare with the labels. "
        "The model is fitted on the papers themselves and on the background, so on mixed fields. "
        "Report the topics that are kept apart; tune keywords on the others."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the files."""
        parser.add_argument(
            "--labels",
            type=Path,
            required=True,
            metavar="FOLDER",
            help="labels.tsv and topics.json, as in tests/data/pack_labels",
        )
        parser.add_argument(
            "--texts",
            type=Path,
            required=True,
            nargs="+",
            metavar="FILE",
            help="titles, abstracts and categories of the labeled papers, lines of JSON",
        )
        parser.add_argument(
            "--background",
            type=Path,
            nargs="*",
            default=[],
            metavar="FILE",
            help="more papers to fit the model on",
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument(
            "--no-model", action="store_true", help="send as while few papers are stored"
        )
        parser.add_argument(
            "--each", action="store_true", help="also each topic that is not kept apart"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, fit, match, print; a file that cannot be read ends with a sentence."""
        try:
            labels = read_labels(options["labels"], options["texts"])
            background = [text for path in options["background"] for text in read_texts(path)]
        except RecordingError as error:
            raise CommandError(str(error)) from error
        if not labels.papers:
            raise CommandError("No labeled paper has a text in these files.")
        offered = specs(packs.all_packs().values())
        model = None
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
            if not options["no_model"]:
                bar.add_task("fitting the model", total=None)
                texts = [text_of(paper.title, paper.abstract) for paper in labels.papers]
                unique = list(dict.fromkeys([*texts, *background]))
                try:
                    model = fit(unique, DIMENSIONS, options["seed"], version="evaluation")
                except ValueError as error:
                    raise CommandError(str(error)) from error
            task = bar.add_task("matching", total=len(labels.papers))
            pairs = sent(labels, offered, model, lambda n: bar.advance(task, n))
        found = {
            half: _by_pack(labels, pairs, is_apart)
            for half, is_apart in (("kept apart", True), ("tuned on", False), ("both", None))
        }
        own = {
            slug: figures(labels, pairs, frozenset({slug}))
            for slug, topic in labels.topics.items()
            if not topic.is_apart
        }
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(labels, found, own)))
            return
        write = self.stdout.write
        write(
            f"{len(labels.papers)} papers, {len(offered)} topics matched at once, "
            f"{labels.missing} labeled papers without a text, {labels.different} with another"
        )
        write(f"{'':<34}{'precision':>22}{'recall':>22}{'sent':>7}{'right':>7}")
        for half, rows in found.items():
            for name, one in rows.items():
                write(_line(f"{half}: {name}", one))
        if options["each"]:
            for slug, one in own.items():
                write(_line(slug, one))


def _by_pack(
    labels: Labels, pairs: frozenset[tuple[str, str]], is_apart: bool | None
) -> dict[str, Figures]:
    """The figures of all packs together and of each, on half of their topics; None: on both."""
    half = {
        slug: one.pack
        for slug, one in labels.topics.items()
        if is_apart is None or one.is_apart == is_apart
    }
    rows = {"all packs": figures(labels, pairs, frozenset(half))}
    for pack in sorted(set(half.values())):
        slugs = frozenset(slug for slug, own in half.items() if own == pack)
        rows[pack] = figures(labels, pairs, slugs)
    return rows


def _line(name: str, one: Figures) -> str:
    shares = "".join(
        f"{share.value:>8.3f} ({share.interval[0]:.3f}-{share.interval[1]:.3f})"
        for share in (one.precision, one.recall)
    )
    return f"{name[:33]:<34}{shares}{one.precision.whole:>7}{one.recall.whole:>7}"


def _as_json(
    labels: Labels, found: dict[str, dict[str, Figures]], own: dict[str, Figures]
) -> dict[str, Any]:
    def said(one: Figures) -> dict[str, Any]:
        return {
            name: {"value": share.value, "interval": share.interval, "of": share.whole}
            for name, share in (("precision", one.precision), ("recall", one.recall))
        }

    return {
        "papers": len(labels.papers),
        "missing": labels.missing,
        "different": labels.different,
        **{half: {name: said(one) for name, one in rows.items()} for half, rows in found.items()},
        "topics": {slug: said(one) for slug, one in own.items()},
    }
