"""Text to words to stems: the one idea of "the same word" that matching, search and LSA share.

A reader who follows "fine-tuning" means "fine tuned" and "finetuning" too, and one who follows
"quantization" also means "quantisation". So every text is cut into words at hyphens and spaces,
spelling is made American, and each word is reduced to its Snowball (Porter 2) stem. Where Porter 2
goes too far for research papers ("generalization" to "general", "reasoning" to "reason") this
module stops it, because a keyword that means something else is worse than one that misses.

Stems are cached for the life of the process: a corpus of 100,000 abstracts has about as many
different words as it has papers, and the stemmer, pure Python, is asked about each only once.
"""

import re
import threading
from functools import lru_cache

import snowballstemmer

_COMMAND = re.compile(r"\\[A-Za-z]+\*?")
_WORD = re.compile(r"\d+(?:\.\d+)+|[^\W_]+(?:\+\+|\#(?!\w))?(?:['’](?:s|t|re|ve|ll|d|m)\b)?")
_WORD_OR_PAUSE = re.compile(rf"{_WORD.pattern}|[,;](?=\s)|(?<=[a-z]{{3}})[.:!?](?=\s)|[，、；。]")
_POSSESSIVE = re.compile(r"['’].*$")

_ACRONYM_PLURAL = re.compile(r"(?=\w*[A-Z]\w*[A-Z0-9]s$)\w+")

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\d(])")
_ARTEFACT = (
    r"\b(?:codes?|codebase|scripts|data|datasets?|models?|weights|checkpoints|implementation|demos?"
    r"|website|resources|materials|benchmark|page)\b"
)
_NOTICE = re.compile(
    r"https?:|www\.|github\.(?:com|io)"
    rf"|{_ARTEFACT}.{{0,80}}\b(?:publicly|freely|openly) (?:available|released|accessible)\b"
    rf"|{_ARTEFACT}.{{0,80}}\b(?:is|are|be|been|made) (?:made )?"
    r"(?:available|released|open[- ]sourced)\b"
    rf"|{_ARTEFACT}.{{0,80}}\b(?:can|may) be found\b"
    r"|\bwe (?:\w+ ){0,3}(?:release|open[- ]source)\b.{0,60}"
    r"\b(?:codes?|codebase|weights|checkpoints)\b",
    re.IGNORECASE | re.DOTALL,
)

_SIGNS = ("http", "www.", "github", "available", "accessible", "release", "open", "be found")

_PORTER2 = snowballstemmer.stemmer("english")
# It keeps the word at hand in itself: two threads at once would get a wrong stem, or none.
_ONE_AT_A_TIME = threading.Lock()

# British to American, on lower-case words. Both sides of every comparison go through it, so it
# only has to be consistent ("rise" becomes "rize" everywhere), not right.
_ISE = re.compile(
    r"(?:(?<=\w[bdfghjklmnrstz])|(?<=ic))(i|y)s"
    r"(?=(?:e|ed|es|er|ers|ing|able|ation|ations)$)"
)
_OUR = re.compile(r"(behavi|col|neighb|fav|hon|lab|hum|tum|flav|arm|vap|harb)our")

# "generalization" is not "general", "tokenizer" is not "token".
_IZE = re.compile(r"^(\w{3,}iz)(?:e|ed|es|er|ers|ing|able|ation|ations)$")

# Words that Porter 2 would join with others that mean something else to a researcher: reasoning
# and reason, transformers and transforms, objects and objectives, computers and compute, ...
_KEPT = """
activation activity animation computer conversion digital experience generative government
imagery imaging integral integrity mechanical mechanics medication meaning modality modeling
objective optimizer organization personality physical positive proposal reasoning representation
responsible severity transformer universal university
"""
# Subjects whose verbs stand in every abstract: "we explore", "is applied to", "we evaluate".
_KEPT += """
application coding demonstration evaluation evaluator exploitation exploration location relation
"""
_APART = {word: word for word in _KEPT.split()}
_APART |= {f"{word}s": word for word in _KEPT.split()}
_APART |= {
    "activities": "activity",
    "animate": "animation",
    "animated": "animation",
    "critical": "critical",
    "critically": "critical",
    "data": "data",
    "experiences": "experience",
    "explainability": "explainable",
    "explainable": "explainable",
    "generic": "generic",
    "imagination": "imagine",
    "imagine": "imagine",
    "imagined": "imagine",
    "interpretability": "interpretable",
    "interpretable": "interpretable",
    "modalities": "modality",
    "modelling": "modeling",
    "optimal": "optimal",
    "optimality": "optimal",
    "optimally": "optimal",
    "organizational": "organization",
    "personal": "personal",
    "physically": "physical",
    "posed": "posed",
    "poses": "pose",
    "posing": "posed",
    "responsibility": "responsible",
    "severe": "severity",
    "universities": "university",
}

_STOP_WORDS = """
a about above achieve achieves across after again against al all almost also although always am
among an and another any approach approaches are as at available based be because been before
being below between both but by can cannot code com could demonstrate demonstrates did do does
doing done due during e each eg either else etc even ever every existing experiment experimental
experiments extensive for from further g github had has have having he her here hers him his how
however http https i ie if in into introduce introduces is it its itself just let may me method
methods might more most much must my new no nor not novel now of off often on once one only onto
or org other others our ours out over own paper per perhaps present presented presents propose
proposed proposes quite rather recent recently result results s same she should show shown shows
significant significantly since so some studies study such t than that the their theirs them then
there thereby therefore these they this those though through thus to too toward towards two under
until up upon us use used uses using very via was we well were what when where whereas whether
which while who whom whose why will with within without work works would www yet you your
"""

STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words that say nothing of a subject: English function words and the furniture of abstracts."""


def words(text: str) -> list[str]:
    """Cut ``text`` into words in their own case, in order, punctuation and hyphens dropped.

    "Fine-tuned LLMs (e.g. GPT-4.1)" gives Fine, tuned, LLMs, e, g, GPT, 4.1. LaTeX commands are
    left out, ``C++`` and ``C#`` stay whole and a possessive ``'s`` is removed.
    """
    if "\\" in text:
        text = _COMMAND.sub(" ", text)
    found: list[str] = _WORD.findall(text)
    if "'" in text or "’" in text:
        found = [_POSSESSIVE.sub("", word) for word in found]
    return found


def words_and_pauses(text: str) -> list[str]:
    """`words`, and between them each comma, semicolon and end of a sentence as itself: nothing
    that reads as one goes across them. "E. coli", "1,000" and "vs. that" have none.
    """
    if "\\" in text:
        text = _COMMAND.sub(" ", text)
    found: list[str] = _WORD_OR_PAUSE.findall(text)
    if "'" in text or "’" in text:
        found = [_POSSESSIVE.sub("", word) for word in found]
    return found


def without_notices(text: str) -> str:
    """Return an abstract without its sentences on where code and data can be had.

    "Our code is available at https://..." would make every other paper one about code.
    """
    lower = text.lower()
    if not any(sign in lower for sign in _SIGNS):
        return text
    kept = [part for part in _SENTENCE.split(text) if not _is_notice(part)]
    return " ".join(kept) if kept else text


def _is_notice(sentence: str) -> bool:
    lower = sentence.lower()
    return any(sign in lower for sign in _SIGNS) and bool(_NOTICE.search(sentence))


@lru_cache(maxsize=400_000)
def stem(word: str) -> str:
    """Return the stem shared by all the inflections of ``word``; case does not matter
    (but for the plural of an acronym, "LLMs", which is known by its capitals).

    Porter 2 (Porter, "The English (Porter2) stemming algorithm", snowballstem.org) after American
    spelling, with its excesses held back (see the module).
    """
    if word[-1:] == "s" and _ACRONYM_PLURAL.match(word):
        word = word[:-1]  # LLMs, GANs: Porter 2 leaves the s after a consonant cluster.
    word = word.lower()
    if not word.isascii() or len(word) < 3 or word.isdigit():
        return word
    word = _OUR.sub(r"\1or", _ISE.sub(r"\1z", word))
    apart = _APART.get(word)
    if apart is not None:
        return apart
    verb = _IZE.match(word)
    if verb is not None:
        return verb.group(1)
    with _ONE_AT_A_TIME:
        root: str = _PORTER2.stemWord(word)
    # British doubling: "modelling", "labelled".
    return root[:-1] if len(root) > 4 and root.endswith("ll") else root


def stems(text: str) -> list[str]:
    """Return the stem of every word of ``text``, in order, stop words included."""
    return [stem(word) for word in words(text)]


def content_stem(word: str) -> str:
    """Return the stem of ``word``; "" where it can say nothing of a subject: a stop word, a single
    character, a bare number.
    """
    if len(word) > 1 and word.lower() not in STOP_WORDS and not word[0].isdigit():
        return stem(word)
    return ""


def content_stems(text: str) -> list[str]:
    """Return the stems of ``text`` that can say something of its subject, in order."""
    return [found for word in words(text) if (found := content_stem(word))]
