"""What a change of a topic would do, before it is done: papers gained, kept and lost."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from papers.matching import ranking
from papers.matching.advice import Advice, advise
from papers.matching.followed import followed_phrases
from papers.matching.learning import Learned, digest
from papers.matching.scoring import MatchResult, SecondLook, TopicSpec, match
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
    second_look: SecondLook
    """What the topic's classifier changed of what keywords and meaning say."""


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
    vetoed: tuple[MatchedPaper, ...]
    """What keywords and meaning would send, and the topic's classifier does not."""
    has_classifier: bool
    is_changed: bool
    """Whether the classifier learned from the topic as it was, and will learn anew."""
    advice: Advice
    """What its words do, and which others there are."""

    @property
    def let_in(self) -> int:
        """How many papers would be sent by the classifier's word."""
        return sum(paper.second_look == "let in" for paper in (*self.gained, *self.kept))


def preview(
    before: TopicSpec | None,
    after: TopicSpec,
    now: dt.datetime,
    learned: Learned | None = None,
) -> TopicPreview:
    """Match the last days' papers with a topic as it is and as it would be; stores nothing.

    `before` is None for a topic that does not exist or is not active. ``learned`` is what the
    topic learned as it is stored; its classifier stands for the one that a changed topic will
    learn within the hour.
    """
    papers = {
        paper.pk: paper
        for paper in ranking.recent(now).only(
            "identifier", "title", "abstract", "summary", "categories"
        )
    }
    texts = [ranking.text_of_paper(paper) for paper in papers.values()]
    model = current.current_model()

    def matched(topic: TopicSpec, taught: Learned | None) -> dict[int, MatchResult]:
        results = match(texts, [topic], model, None, {topic.id: taught} if taught else None)
        return {int(result.paper_id): result for result in results}

    old = matched(before, learned) if before else {}
    new = matched(after, learned and replace(learned, spec=digest(after)))

    def found(results: Mapping[int, MatchResult], keys: Iterable[int]) -> tuple[MatchedPaper, ...]:
        rows = [_found(papers[key], results[key]) for key in keys]
        return tuple(sorted(rows, key=lambda row: (-row.score, row.paper_id)))

    sent_before = {key for key, result in old.items() if result.sendable}
    sent_after = {key for key, result in new.items() if result.sendable}
    vetoed_after = {key for key, result in new.items() if result.second_look == "vetoed"}
    said = Match.objects.filter(topic=int(after.id)).exclude(verdict=Match.Verdict.NONE)
    pinned, vetoed = (
        [
            ranking.text_of_paper(match.paper)
            for match in said.filter(verdict=verdict).select_related("paper")[:MOST_VERDICTS]
        ]
        for verdict in (Match.Verdict.PINNED, Match.Verdict.VETOED)
    )
    advice = advise(
        after, texts, sent_after, pinned, vetoed, arxiv_categories(), followed_phrases()
    )
    return TopicPreview(
        advice=advice,
        papers=len(papers),
        gained=found(new, sent_after - sent_before),
        kept=found(new, sent_after & sent_before),
        lost=found(old, sent_before - sent_after),
        doubtful=found(new, set(new) - sent_after - vetoed_after),
        vetoed=found(new, vetoed_after),
        has_classifier=learned is not None and learned.classifier is not None,
        is_changed=learned is not None and learned.spec != digest(after),
    )


def arxiv_categories() -> list[str]:
    """Every category of arXiv; an archive without any is one itself."""
    return [code for archive in archives().values() for code in (archive.code, *archive.categories)]


def _found(paper: Paper, result: MatchResult) -> MatchedPaper:
    return MatchedPaper(
        paper_id=paper.pk,
        title=paper.title,
        url=paper.get_absolute_url(),
        score=result.score,
        why=", ".join(item.phrase for item in result.evidence),
        second_look=result.second_look,
    )
