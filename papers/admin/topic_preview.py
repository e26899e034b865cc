"""What a change of a topic would do, before it is done: papers gained, kept and lost."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from papers.evidence import Evidence
from papers.matching import ranking
from papers.matching.advice import Advice, advise
from papers.matching.scoring import MatchResult, TopicSpec, match
from papers.models import Match, Paper
from papers.semantics import current
from papers.sources.arxiv_taxonomy import archives

MOST_VERDICTS = 200
"""Verdicts of editors that are read for suggestions."""


@dataclass(frozen=True, slots=True)
class MatchedPaper:
    """A paper and why it matches."""

    paper_id: int
    title: str
    url: str
    score: float
    why: str
    """The evidence as readers see it; of a paper that is lost, what it was."""


@dataclass(frozen=True, slots=True)
class TopicPreview:
    """The papers of the last days that readers of a topic would get, by what changes."""

    papers: int
    """How many papers were looked at."""
    gained: tuple[MatchedPaper, ...]
    kept: tuple[MatchedPaper, ...]
    lost: tuple[MatchedPaper, ...]
    doubtful: tuple[MatchedPaper, ...]
    """Matches with some evidence but too little to be sent."""
    advice: Advice
    """What its words do, and which others there are."""


def preview(before: TopicSpec | None, after: TopicSpec, now: dt.datetime) -> TopicPreview:
    """Match the last days' papers with a topic as it is and as it would be; stores nothing.

    `before` is None for a topic that does not exist or is not active. Both go by the rule alone:
    what classifiers change comes with what they learn.
    """
    papers = {
        paper.pk: paper
        for paper in ranking.recent(now).only(
            "identifier", "title", "abstract", "summary", "categories"
        )
    }
    texts = [ranking.text_of_paper(paper) for paper in papers.values()]
    model = current.current_model()
    old = {int(r.paper_id): r for r in match(texts, [before], model)} if before else {}
    new = {int(r.paper_id): r for r in match(texts, [after], model)}

    def found(results: Mapping[int, MatchResult], keys: Iterable[int]) -> tuple[MatchedPaper, ...]:
        rows = [_found(papers[key], results[key].score, results[key].evidence) for key in keys]
        return tuple(sorted(rows, key=lambda row: (-row.score, row.paper_id)))

    sent_before = {key for key, result in old.items() if result.sendable}
    sent_after = {key for key, result in new.items() if result.sendable}
    said = Match.objects.filter(topic=int(after.id)).exclude(verdict=Match.Verdict.NONE)
    pinned, vetoed = (
        [
            ranking.text_of_paper(match.paper)
            for match in said.filter(verdict=verdict).select_related("paper")[:MOST_VERDICTS]
        ]
        for verdict in (Match.Verdict.PINNED, Match.Verdict.VETOED)
    )
    advice = advise(after, texts, sent_after, pinned, vetoed, arxiv_categories())
    return TopicPreview(
        advice=advice,
        papers=len(papers),
        gained=found(new, sent_after - sent_before),
        kept=found(new, sent_after & sent_before),
        lost=found(old, sent_before - sent_after),
        doubtful=found(new, set(new) - sent_after),
    )


def arxiv_categories() -> list[str]:
    """Every category of arXiv; an archive without any is one itself."""
    return [code for archive in archives().values() for code in (archive.code, *archive.categories)]


def _found(paper: Paper, score: float, evidence: tuple[Evidence, ...]) -> MatchedPaper:
    return MatchedPaper(
        paper_id=paper.pk,
        title=paper.title,
        url=paper.get_absolute_url(),
        score=score,
        why=", ".join(item.phrase for item in evidence),
    )
