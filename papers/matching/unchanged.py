"""What has to be matched again: papers whose text is another than the one that their matches were
made of, and topics that are others or learned anew; everything where the model or the rules are.

Two weeks of large days are tens of thousands of papers, and from one fetch to the next hardly any
of their texts change. Matching them takes minutes; reading their texts to see that nothing changed
takes seconds.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from papers.matching.learning import Learned
from papers.matching.texts import PaperText, TopicSpec
from papers.models import MatchedPaper, MatchedTopics
from papers.semantics.combined import CombinedModel
from papers.semantics.current import InUse

RULES = (
    "categories.py",
    "evidence.py",
    "matching/*.py",
    "semantics/lsa.py",
    "semantics/combined.py",
    "text/*.py",
)
"""Where it is written what matches what, in this package."""


class Ledger:
    """What papers were matched with before, against what they would be matched with now.

    Without a model nothing counts as matched: a score then depends on the other papers at hand.
    """

    def __init__(
        self,
        topics: Iterable[TopicSpec],
        using: InUse | None,
        taught: Mapping[int, Learned] | None = None,
    ) -> None:
        known = taught or {}
        self._hashes = {
            str(topic.id): _hash(f"{topic!r} {_lesson(known.get(int(topic.id)))}")
            for topic in topics
        }
        self._topics = _hash(
            "".join(sorted(f"{pk}{hashed}" for pk, hashed in self._hashes.items()))
        )
        self._rules = _rules_of(using) if using else ""
        self._before: dict[str, dict[str, str]] = {self._topics: self._hashes}

    def due(self, texts: Sequence[PaperText]) -> dict[frozenset[int], list[PaperText]]:
        """The papers that have to be matched, by the ids of the topics to match them with. One
        query, and one for topics as they were before.
        """
        everything = frozenset(map(int, self._hashes))
        if not self._rules:
            return {everything: list(texts)} if texts else {}
        rows = MatchedPaper.objects.filter(paper__in=[int(text.id) for text in texts])
        known = {
            pk: rest for pk, *rest in rows.values_list("paper_id", "text_hash", "rules", "topics")
        }
        self._learn({topics for _, _, topics in known.values()})
        due: dict[frozenset[int], list[PaperText]] = {}
        for text in texts:
            text_hash, rules, topics = known.get(int(text.id), ("", "", ""))
            wanted = everything
            if (text_hash, rules) == (_hash_of(text), self._rules):
                wanted = self._changed_since(topics)
            if wanted:
                due.setdefault(wanted, []).append(text)
        return due

    def note(self, texts: Sequence[PaperText]) -> None:
        """These are matched now, as they are. Two statements."""
        if not self._rules or not texts:
            return
        MatchedTopics.objects.bulk_create(
            [MatchedTopics(key=self._topics, hashes=self._hashes)], ignore_conflicts=True
        )
        MatchedPaper.objects.bulk_create(
            [
                MatchedPaper(
                    paper_id=int(text.id),
                    text_hash=_hash_of(text),
                    rules=self._rules,
                    topics=self._topics,
                )
                for text in sorted(texts, key=lambda text: int(text.id))
            ],
            update_conflicts=True,
            unique_fields=["paper"],
            update_fields=["text_hash", "rules", "topics"],
        )

    def forget(self) -> None:
        """Drop what no paper was last matched with."""
        used = MatchedPaper.objects.order_by().values("topics").distinct()
        MatchedTopics.objects.exclude(key=self._topics).exclude(key__in=used).delete()

    def _learn(self, keys: Iterable[str]) -> None:
        unknown = set(keys) - self._before.keys()
        if unknown:
            rows = MatchedTopics.objects.filter(key__in=unknown).values_list("key", "hashes")
            self._before |= {key: {} for key in unknown} | dict(rows)

    def _changed_since(self, topics: str) -> frozenset[int]:
        """The topics that are others than they were, or new."""
        before = self._before.get(topics, {})
        now = self._hashes.items()
        return frozenset(int(pk) for pk, hashed in now if before.get(pk) != hashed)


def _lesson(learned: Learned | None) -> int:
    """Stands for what a topic learned with the model in use."""
    return learned.number if learned else 0


def _rules_of(using: InUse) -> str:
    """Stands for the model, and for the code that decides: a release that matches otherwise matches
    anew, once.
    """
    encoder = ""
    if isinstance(using.model, CombinedModel) and using.model.encoder is not None:
        encoder = using.model.view.encoder
    return _hash(f"{using.pk} {using.model.version} {encoder} {_code()}")


def _hash_of(text: PaperText) -> str:
    return _hash("\0".join((text.title, text.abstract, *text.categories)))


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    package = Path(__file__).parent.parent
    digest = hashlib.blake2b(digest_size=16)
    for pattern in RULES:
        for path in sorted(package.glob(pattern)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
