"""Why a paper belongs to a topic: kept as data with the match, and put into words when read.

It stands below the models, so that a match can say why it is one, and so that the words come in the
language of whoever reads them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext

VERY_CLOSE = 0.5
"""Cosine similarity from which on a paper is called very close to a topic."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason why a paper matches a topic, in words that a reader understands.

    ``kind`` is "keyword" (``detail`` the keyword as the editor wrote it, ``where`` "title" or
    "abstract"), "category" (``detail`` the arXiv category), "meaning" (``detail`` the cosine
    similarity to two decimals) or "reading" (``detail`` the z-score of the topic's classifier).
    """

    kind: str
    detail: str
    where: str = ""

    @property
    def phrase(self) -> str:
        """Return the reason as a reader sees it, in the language that is active.

        ``“kv cache” in the title``, ``cs.CL`` or ``close in meaning``.
        """
        if self.kind == "keyword" and self.where == "title":
            return gettext("“%(keyword)s” in the title") % {"keyword": self.detail}
        if self.kind == "keyword":
            return gettext("“%(keyword)s” in the abstract") % {"keyword": self.detail}
        if self.kind == "meaning":
            if float(self.detail) >= VERY_CLOSE:
                return gettext("very close in meaning")
            return gettext("close in meaning")
        if self.kind == "reading":
            return gettext("reads like the other papers of this topic")
        return self.detail

    def as_dict(self) -> dict[str, str]:
        """Return the evidence for a JSON field."""
        # `asdict` copies each value, and a day's matches hold 400,000 pieces of evidence.
        return {"kind": self.kind, "detail": self.detail, "where": self.where}

    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> "Evidence":
        """Read what `as_dict` wrote."""
        return cls(data["kind"], data["detail"], data.get("where", ""))


def why_of(evidence: Iterable[Mapping[str, str]]) -> str:
    """Return stored evidence as a reader understands it, strongest first.

    Without any, it was an editor who said that the paper belongs to the topic.
    """
    phrases = [Evidence.from_dict(item).phrase for item in evidence]
    return ", ".join(phrases) or gettext("chosen by an editor")
