"""Prose cut into sentences, as far as that can be done without understanding it.

A text is cut after ".", "!" or "?" where the next word may begin a sentence: not after an
abbreviation or an initial, and not inside parentheses, quotation marks or mathematics. In doubt
two sentences stay one: a long sentence can be read, half a sentence cannot.
"""

import re

_END = re.compile(
    r"[.!?…]+[\"”’')\]]*\s+(?=[\"“‘'(\[]*[A-Z0-9$\\À-ÖØ-ÞΑ-ΩА-Я])"
    r"|(?<=[a-z]{3})\.(?=[A-Z][a-z]* [a-z])"  # the space was forgotten
    r"|[。！？]+(?=.)"  # scripts that set no spaces
)

_ABBREVIATIONS = frozenset(
    (  # noqa: SIM905 (as prose it can be read)
        "al approx apr aug ave ca cf ch chap cor corr dec def dept diff dr d.o.f e.g ed eds eq eqn"
        " eqs esp est etc ex exp ext e.u feb fig figs i.e i.i.d incl inf jan jul jun lem max min mr"
        " mrs ms mt nat no nos nov nr oct op p ph.d pp proc prof prop ref refs rem resp rev s.t sec"
        " sect sep sept sp spp ssp st subsp supp suppl tab thm u.k u.s univ v var viz vol vols vs"
        " w.r.t wrt a.k.a"
    ).split()
)
"""In lower case, without the last period."""

_ENDING = frozenset({"a.k.a", "al", "e.u", "etc", "ext", "i.i.d", "no", "ph.d", "u.k", "u.s"})
"""Those that a sentence may end with: the next word decides."""

_BEGINNERS = frozenset(
    (  # noqa: SIM905
        "A Additionally After Although An And As At Based Because Both Building But By Code"
        " Compared Crucially Current Despite Each Empirical Empirically Even Existing"
        " Experimental Experiments Extensive Finally First For From Further Furthermore"
        " Given Hence Here However If Importantly In Inspired Instead Is It Its Leveraging"
        " Moreover Most Motivated Nevertheless No Not Notably On Once Our Overall Prior"
        " Results Second Several Since Specifically Such That The Then There Therefore"
        " These They This Those Through Thus To Unlike Using Various We What When Where"
        " Whereas While With Yet"
    ).split()
)
"""Words that begin a sentence more often than a name."""

_OPEN = {"(": ")", "[": "]", "“": "”"}
_NEXT_WORD = re.compile(r"\S*")
_WHOLE = re.compile(r"[.!?。！？][\"”’')\]]*$")
_WITH_PERIODS = re.compile(r"(?:[a-z]\.)+[a-z]")


def sentences(text: str) -> list[str]:
    """The sentences of `text`, in order, without the space around them."""
    text = text.strip()
    found: list[str] = []
    begin = read = 0
    inside = _Inside()
    for match in _END.finditer(text):
        inside.read(text[read : match.end()])
        read = match.end()
        if inside.something:
            continue
        sentence = text[begin:read].rstrip()
        if _may_end(sentence, _NEXT_WORD.match(text, read)[0]):  # type: ignore[index]
            found.append(sentence)
            begin = read
            inside = _Inside()
    if begin < len(text):
        found.append(text[begin:])
    return found


def is_whole(sentence: str) -> bool:
    """Whether `sentence` ends as a sentence does, and leaves nothing open."""
    inside = _Inside()
    inside.read(sentence)
    return bool(_WHOLE.search(sentence)) and not inside.something


class _Inside:
    """Whether reading has come into parentheses, quotation marks or mathematics, and not out again.

    What is closed without having been opened, such as "1)", counts for nothing.
    """

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._dollars = 0

    def read(self, text: str) -> None:
        for char in text:
            if char in _OPEN:
                self._waiting.append(_OPEN[char])
            elif self._waiting and char == self._waiting[-1]:
                self._waiting.pop()
        self._dollars += text.count("$")

    @property
    def something(self) -> bool:
        return bool(self._waiting) or self._dollars % 2 == 1


def _may_end(sentence: str, following: str) -> bool:
    """Whether a sentence may end here, by its last word and by the word that follows."""
    if not sentence.endswith("."):
        return True
    last = sentence.rpartition(" ")[2].rstrip(".").lstrip("(['\"“‘").casefold()
    is_initial = len(last) == 1 and sentence[-2].isupper()
    if last in _ABBREVIATIONS - _ENDING:
        return False
    if last in _ENDING or is_initial or _WITH_PERIODS.fullmatch(last):
        return following.strip("\"“‘'([,:;.") in _BEGINNERS
    return True
