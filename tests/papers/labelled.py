"""The labelled papers of tests/data/labelled_topics.json, as matching reads them.

Ten topics with eight papers each, thirty papers on none of them, three topics without a paper,
and traps: papers that carry a topic's keyword in another sense. All of it is invented.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from papers.matching.scoring import MatchResult, PaperText, TopicSpec

FILE = Path(__file__).resolve().parent.parent / "data" / "labelled_topics.json"


@dataclass(frozen=True)
class Labelled:
    """Papers, topics, and which paper is right for which topic."""

    papers: tuple[PaperText, ...]
    topics: tuple[TopicSpec, ...]
    right: frozenset[tuple[str, str]]  # (paper, topic)
    absent: frozenset[str]  # topics
    lures: frozenset[tuple[str, str]]  # (paper, topic) that only look right

    def precision(self, results: Iterable[MatchResult]) -> float:
        """Return the share of what is sent that is right; 0 where nothing is sent."""
        sent = self.sent(results)
        return len(sent & self.right) / len(sent) if sent else 0.0

    def recall(self, results: Iterable[MatchResult]) -> float:
        """Return the share of the right pairs that is sent."""
        return len(self.sent(results) & self.right) / len(self.right)

    @staticmethod
    def sent(results: Iterable[MatchResult]) -> set[tuple[str, str]]:
        """Return the pairs that would be sent."""
        return {(str(r.paper_id), str(r.topic_id)) for r in results if r.sendable}


def labelled() -> Labelled:
    """Read the file."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    papers, right, lures = [], set(), set()
    for topic in data["topics"]:
        for number, paper in enumerate(topic["papers"]):
            name = f"{topic['id']}-{number}"
            papers.append(PaperText(name, paper["title"], paper["abstract"]))
            right.add((name, topic["id"]))
    for number, paper in enumerate(data["off_topic"]):
        papers.append(PaperText(f"off-{number}", paper["title"], paper["abstract"]))
    for number, paper in enumerate(data["traps"]):
        name = f"trap-{number}"
        papers.append(PaperText(name, paper["title"], paper["abstract"]))
        lures.add((name, paper["lure"]))
    topics = [
        TopicSpec(
            topic["id"],
            topic["name"],
            topic["description"],
            tuple(topic["keywords"]),
            tuple(topic["categories"]),
        )
        for topic in [*data["topics"], *data["absent"]]
    ]
    return Labelled(
        papers=tuple(papers),
        topics=tuple(topics),
        right=frozenset(right),
        absent=frozenset(topic["id"] for topic in data["absent"]),
        lures=frozenset(lures),
    )
