"""`manage.py evaluate_topics`: how well topic matching agrees with recorded judgments."""

import json
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress

from papers.evaluation.recordings import (
    RecordingError,
    read_candidates,
    read_judgments,
    read_texts,
    read_topics,
)
from papers.evaluation.topics import (
    METHODS,
    Candidate,
    Case,
    Summary,
    evaluate,
    phrases_from,
    summarize,
)
from papers.matching.learning import learn
from papers.matching.texts import PaperText, TopicSpec
from papers.semantics.combined import combine
from papers.semantics.encoder import EncoderError, load
from papers.semantics.lsa import DIMENSIONS, SemanticModel, fit, text_of, title_and_abstract

OWN_KEYWORDS = Path(__file__).resolve().parents[2] / "data" / "relevance_topics.json"
"""Keywords of the recorded topics, written as an editor would who knows the field: some are in the
descriptions, others are not."""


class Command(BaseCommand):
    """Reads candidates, topics and judgments; prints mean average precision and what is sent."""

    help = (
        "Rank each week's candidate papers for each judged topic and compare with the judgments. "
        "Where the topics file has no keywords for a topic, those of this project are used, or "
        "phrases taken from its description."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the files."""
        parser.add_argument(
            "--candidates",
            type=Path,
            required=True,
            metavar="FILE",
            help="papers of each week, as JSON lines",
        )
        parser.add_argument(
            "--topics", type=Path, required=True, metavar="FILE", help="topics, as YAML"
        )
        parser.add_argument(
            "--judgments",
            type=Path,
            required=True,
            metavar="FILE",
            help="which paper suits which topic, as JSON lines",
        )
        parser.add_argument(
            "--background",
            type=Path,
            help="more papers to fit the model on and to learn from, as a site stores them (lines "
            "of JSON with title and abstract); without it these are the candidates",
        )
        parser.add_argument("--dimensions", type=int, default=DIMENSIONS)
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument(
            "--no-model",
            action="store_true",
            help="rank as a new site does, while it has few papers",
        )
        parser.add_argument(
            "--no-classifiers",
            action="store_true",
            help="leave out what topics learn from the candidates and the background",
        )
        parser.add_argument(
            "--apart-from",
            type=date.fromisoformat,
            default=date(2025, 6, 20),
            metavar="DATE",
            help="weeks from this day on are also summarized separately (default: %(default)s, "
            "the weeks on which nothing was chosen)",
        )
        parser.add_argument(
            "--encoder",
            metavar="PLACE",
            help="also rank with a sentence encoder, and show what it adds: a directory or "
            "package:NAME, as in the setting ENCODER; takes a few minutes",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, rank, print; a file that cannot be read ends with a sentence."""
        try:
            candidates = read_candidates(options["candidates"])
            entries = read_topics(options["topics"])
            judgments = read_judgments(options["judgments"])
            background = read_texts(options["background"]) if options["background"] else []
            own = {entry.name: entry.keywords for entry in read_topics(OWN_KEYWORDS)}
        except RecordingError as error:
            raise CommandError(str(error)) from error
        topics, origins = [], {}
        for entry in entries:
            keywords, origins[entry.name] = entry.keywords, "the topics file"
            if not keywords and entry.name in own:
                keywords, origins[entry.name] = own[entry.name], "this project"
            elif not keywords:
                keywords = phrases_from(entry.name, entry.description)
                origins[entry.name] = "its description"
            topics.append(TopicSpec(entry.name, entry.name, entry.description, keywords))

        model = None
        if not options["no_model"]:
            model = _fit(candidates, background, options["dimensions"], options["seed"])
        if options["encoder"]:
            if model is None:
                raise CommandError(
                    "An encoder needs a model to combine with; leave out --no-model."
                )
            try:
                model = combine(model, load(options["encoder"]))
            except EncoderError as error:
                raise CommandError(str(error)) from error
        learned = None
        if model is not None and not options["no_classifiers"]:
            read = {candidate.paper.id: candidate.paper for candidate in candidates}
            more = [
                PaperText(f"background {number}", *title_and_abstract(text))
                for number, text in enumerate(background)
            ]
            found = learn([*read.values(), *more], topics, model)
            learned = dict(zip((topic.id for topic in topics), found, strict=True))
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("ranking weeks", total=len({c.week for c in candidates}))
            cases = evaluate(
                candidates, topics, judgments, model, lambda: bar.advance(task), learned
            )
        if not cases:
            raise CommandError(
                "No judgment names both a topic in the file and a candidate of that week."
            )
        apart = options["apart_from"].isoformat()
        report = {
            "all weeks": summarize(cases),
            f"weeks before {apart}": summarize(case for case in cases if case.week < apart),
            f"weeks from {apart}, held out": summarize(
                case for case in cases if case.week >= apart
            ),
        }
        by_topic = {
            topic.name: summarize(case for case in cases if case.topic == topic.name)
            for topic in topics
        }
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(report, by_topic, cases, origins, model)))
            return
        self._print(report, by_topic, cases, origins)

    def _print(
        self,
        report: dict[str, Summary],
        by_topic: dict[str, Summary],
        cases: list[Case],
        origins: dict[str, str],
    ) -> None:
        write = self.stdout.write
        write("Average precision by week and topic, with what would be sent\n")
        write(f"{'week':<12}{'topic':<34}{'AP':>6}{'first':>7}{'sent':>6}{'right':>7}{'chosen':>8}")
        for case in cases:
            write(
                f"{case.week:<12}{case.topic[:32]:<34}{case.average_precision['ours']:>6.2f}"
                f"{'yes' if case.first_is_relevant else 'no':>7}{case.sent:>6}"
                f"{case.sent_relevant:>7}{case.relevant:>8}"
            )
        write("")
        write(
            f"{'':<40}{'cases':>6}{'MAP':>7}{'P@1':>7}{'sent':>6}{'prec.':>7}{'recall':>8}"
            f"{'chance':>8}"
        )
        for name, summary in {**by_topic, **report}.items():
            if summary.cases:
                write(
                    f"{name[:39]:<40}{summary.cases:>6}"
                    f"{summary.mean_average_precision['ours']:>7.3f}{summary.precision_at_1:>7.2f}"
                    f"{summary.sent:>6}{summary.precision:>7.2f}{summary.recall:>8.2f}"
                    f"{summary.chance:>8.2f}"
                )
        write("\nMean average precision by method")
        for method, meaning in METHODS.items():
            if method in report["all weeks"].mean_average_precision:
                figures = "".join(
                    f"{summary.mean_average_precision[method]:>8.3f}"
                    for summary in report.values()
                    if summary.cases
                )
                write(f"{method:<20}{figures}   {meaning}")
        write("(columns: " + "; ".join(name for name, s in report.items() if s.cases) + ")")
        for origin in sorted(set(origins.values())):
            names = ", ".join(name for name, found in origins.items() if found == origin)
            write(f"Keywords from {origin}: {names}")


def _fit(
    candidates: list[Candidate], background: list[str], dimensions: int, seed: int
) -> SemanticModel:
    texts = {
        candidate.paper.id: text_of(candidate.paper.title, candidate.paper.abstract)
        for candidate in candidates
    }
    unique = dict.fromkeys([*texts.values(), *background])
    try:
        return fit(list(unique), dimensions, seed, version="evaluation")
    except ValueError as error:
        raise CommandError(str(error)) from error


def _as_json(
    report: dict[str, Summary],
    by_topic: dict[str, Summary],
    cases: list[Case],
    origins: dict[str, str],
    model: SemanticModel | None,
) -> dict[str, object]:
    return {
        "mean_average_precision": report["all weeks"].mean_average_precision["ours"],
        "precision_at_1": report["all weeks"].precision_at_1,
        "sending": {
            "precision": report["all weeks"].precision,
            "recall": report["all weeks"].recall,
        },
        "summaries": {name: asdict(summary) for name, summary in report.items()},
        "topics": {name: asdict(summary) for name, summary in by_topic.items()},
        "weeks": {
            week: asdict(summarize(case for case in cases if case.week == week))
            for week in sorted({case.week for case in cases})
        },
        "cases": [asdict(case) for case in cases],
        "keywords_from": origins,
        "model": model and {"fitted_on": model.fitted_on, "dimensions": model.dimensions},
    }
