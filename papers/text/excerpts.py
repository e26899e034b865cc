"""What a paper says of itself: the sentence or two in which the authors say what they do or found.

Abstracts begin with what is known already; what is new follows somewhere later. It is found by the
phrases in which authors speak of their own work: "we propose", "this paper studies", "our results
show", "X outperforms". Each sentence is weighed by the strongest of these, and what speaks of
others, of a problem or of a download weighs less. tests/papers/text/test_excerpts.py holds the
choice to abstracts of five fields in which such sentences were marked by hand.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from papers.text.sentences import is_whole, sentences

WORDS = 60
"""An excerpt has at most so many."""

CHARACTERS = 600
"""And at most so many of these: not every script sets its words apart."""

BETWEEN = " … "
"""Stands for the sentences that were left out between two."""

_SAY = (
    r"(?:propos|introduc|present|develop|design|devis|describ|report|demonstrat|show|prov|establish"
    r"|formali[sz]|formulat|investigat|stud[yi]|examin|explor|find|found|deriv|revisit|unif"
    r"|reveal|uncover|survey|review|extend|offer|giv|argu|evaluat|analy[sz]|creat|build|provid"
    r"|address|tackl|releas|identif|detect|conclud|ask|test)\w*"
)
_THEN = (
    r"(?:\w+ly |also |first |then |further |next |here |thus |therefore |hereby |now"
    r" |are the first to )*"
)
_WORK = (
    r"(?:paper|work|study|article|thesis|survey|perspective|report|review|project|research"
    r"|monograph|chapter|letter|manuscript|tutorial|dissertation|note|contribution|analysis)"
)
_THIS = r"(?:this|the present|the current|our)"
_RESULTS = (
    r"(?:results?|experiments?|evaluations?|findings?|analys[ei]s|simulations?|ablations?"
    r"|benchmarks?|studies|evidence|outcomes?|tests?|validations?|investigations?)"
)


@dataclass(frozen=True, slots=True)
class _Cue:
    pattern: re.Pattern[str]
    weight: int


def _cue(pattern: str, weight: int) -> _Cue:
    return _Cue(re.compile(pattern, re.IGNORECASE), weight)


_DONE = (
    _cue(rf"\b(?:we|I) {_THEN}{_SAY}", 6),
    _cue(rf"\b{_THIS} (?:\w+ )?{_WORK} (?:of [^,.;]+ )?{_THEN}\w+(?:s|ed)\b", 6),
    _cue(rf"\bin this (?:\w+ )?{_WORK},? ", 2),
    _cue(r"\bhere,? (?:we|I)\b", 2),
    _cue(r"\b(?:is|are|was|were) (?:\w+ )?(?:proposed|introduced|presented|developed)\b", 5),
    _cue(r"\b(?:is|are) (?:a|an|the first) (?:new|novel)\b", 4),
    _cue(r"\b(?:we|I) \w+", 3),
    _cue(r"\bour \w+", 2),
)
"""How authors say what they do."""

_FOUND = (
    _cue(rf"\b{_RESULTS}\b[^.;]* (?:show|demonstrat|reveal|indicat|suggest|confirm|establish)", 4),
    _cue(r"\b(?:outperform|surpass|achiev|attain|improves?\b|reduces?\b|yield)\w*", 3),
    _cue(r"\bwe (?:\w+ )?(?:find|found|show|prove|observe|demonstrate|conclude)\b", 4),
    _cue(r"\d(?:\.\d+)? ?(?:%|×|x\b|percent)", 1),
)
"""How they say what they found."""

_NOT = (
    _cue(r"\b(?:available|released|open-sourced?) (?:at|on|in|under|here|via)\b|https?://", -8),
    _cue(r"\b(?:existing|previous|prior|recent|current|traditional|conventional)\b", -1),
    _cue(r"^(?:however|yet|despite|while|although|unfortunately|recently)\b", -2),
    _cue(r"\b(?:remains?|lack|lacks|challenging|suffer|struggle)\b", -1),
    _cue(r"^(?:it|they|these|this|such|he|she) (?!(?:\w+ )?" + _WORK + r"\b)", -2),
    _cue(r"\bwe (?:hope|believe|hypothesize|plan|will)\b", -4),
)
"""How they speak of something else."""


@lru_cache(maxsize=4096)  # a page asks for all papers of its day, each time that it is made
def excerpt_of(abstract: str) -> str:
    """The sentence or two of `abstract` in which its authors say what they do or found.

    At most `WORDS` words in whole sentences, the second of which stands there only where it adds
    what was found. Where no sentence says so, it is the beginning; it is empty where no sentence
    is short enough. Sentences that did not stand side by side have `BETWEEN` between them.
    """
    parts = sentences(abstract)
    fitting = [at for at, part in enumerate(parts) if is_whole(part) and _fits(part)]
    if not fitting:
        return ""
    best = max(fitting, key=lambda at: (_weight(parts[at], _DONE + _FOUND), -at))
    if _weight(parts[best], _DONE + _FOUND) <= 0:
        best = fitting[0]
    after = [
        at
        for at in fitting
        if at > best and _fits(parts[best] + BETWEEN + parts[at]) and _found(parts[at]) > 0
    ]
    if not after:
        return parts[best]
    second = max(after, key=lambda at: (_found(parts[at]), -at))
    return parts[best] + (" " if second == best + 1 else BETWEEN) + parts[second]


def beginning_of(text: str) -> str:
    """The first sentence of `text`, or the first two: whole, and as short as an excerpt."""
    first = [part for part in sentences(text)[:2] if is_whole(part)]
    if len(first) == 2 and _fits(" ".join(first)):
        return " ".join(first)
    return first[0] if first and _fits(first[0]) else ""


def _fits(text: str) -> bool:
    return len(text.split()) <= WORDS and len(text) <= CHARACTERS


def _weight(sentence: str, cues: tuple[_Cue, ...]) -> int:
    """The strongest of `cues` in the sentence, less what speaks against it."""
    strongest = max((cue.weight for cue in cues if cue.pattern.search(sentence)), default=0)
    return strongest + sum(cue.weight for cue in _NOT if cue.pattern.search(sentence))


def _found(sentence: str) -> int:
    return _weight(sentence, _FOUND)
