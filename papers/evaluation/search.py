"""How well search finds a paper that the reader knows: the known-item test.

A reader remembers three words of a title and types them. For a random sample of the shown papers,
three different content words are drawn from each one's title (no function words and none of the
furniture of abstracts, `papers.text.words.STOP_WORDS`; of at least three characters, not numbers),
in random order, and searched for; what counts is the rank at which that very paper stands. Papers
whose title has fewer than three such words are not drawn.

Nobody can be expected to find a paper first by words that stand in many titles ("Large Language
Models"). So words are drawn again, a few times, where another title has all of them, and papers
without such words are left out; `only_telling=False` takes the first words drawn. For an author's
name, it is a title by somebody with the same initial and last name that must not have the word.

`KINDS` are the ways in which readers type something else than what the title says. Papers to which
a kind does not apply (no word with an umlaut, no hyphen) are not drawn for it.
"""

import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from django.db.models import QuerySet

from papers.models import Paper
from papers.search import acronyms, find
from papers.search.query import folded
from papers.text.words import STOP_WORDS, words

WORDS = 3
"""Words of a title that a reader remembers."""

DRAWS = 5
"""Times that words are drawn of one title until they tell it from all others."""

DEPTH = 10
"""Ranks at which a reader still sees the paper."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How well the papers were found."""

    kind: str
    """What was typed."""
    papers: int
    """Papers searched for."""
    stored: int
    """Papers there are."""
    first: float
    """Share of papers at rank 1."""
    found: float
    """Share of papers at rank 1 to `DEPTH`."""
    anywhere: float
    """Share of papers at any rank."""
    mean_reciprocal_rank: float
    """Mean of 1 / rank; 0 for a paper that is not found at all."""
    milliseconds: float
    """Median time of a search."""
    missed: tuple[tuple[str, str], ...]
    """Some that were not found among the first `DEPTH`: the query and the title."""


def evaluate(
    size: int,
    seed: int,
    search: Callable[[str], Sequence[int]] = lambda text: find(text).papers,
    progress: Callable[[int, int], None] = lambda done, total: None,
    kind: str = "words",
    *,
    only_telling: bool = True,
) -> Quality:
    """Search for `size` papers, drawn by `seed`, with `search`, which gives ids, the best first.

    Raises ValueError where no paper can be searched for.
    """
    stored = Paper.objects.shown().count()
    ranks: list[int] = []
    times: list[float] = []
    missed: list[tuple[str, str]] = []
    for paper_id, title, query in sample(size, seed, kind, only_telling=only_telling):
        started = time.perf_counter()
        found = search(query)
        times.append(1000 * (time.perf_counter() - started))
        rank = found.index(paper_id) + 1 if paper_id in found else 0
        ranks.append(rank)
        if not 1 <= rank <= DEPTH:
            missed.append((query, title))
        progress(len(ranks), size)
    if not ranks:
        raise ValueError(KINDS[kind].nothing)
    return Quality(
        kind=kind,
        papers=len(ranks),
        stored=stored,
        first=sum(rank == 1 for rank in ranks) / len(ranks),
        found=sum(1 <= rank <= DEPTH for rank in ranks) / len(ranks),
        anywhere=sum(rank > 0 for rank in ranks) / len(ranks),
        mean_reciprocal_rank=sum(1 / rank for rank in ranks if rank) / len(ranks),
        milliseconds=median(times),
        missed=tuple(missed[:20]),
    )


def sample(
    size: int, seed: int, kind: str = "words", *, only_telling: bool = True
) -> Iterator[tuple[int, str, str]]:
    """Yield ids, titles and queries of at most `size` papers."""
    tells = Titles(Paper.objects.shown()).tells if only_telling else lambda drawn: True
    chance = random.Random(seed)  # noqa: S311
    ids = list(Paper.objects.shown().order_by("identifier").values_list("pk", flat=True))
    chance.shuffle(ids)
    make = KINDS[kind].of(chance)
    drawn = 0
    for at in range(0, len(ids), 1_000):
        rows = Paper.objects.in_bulk(ids[at : at + 1_000])
        for pk in ids[at : at + 1_000]:
            if drawn == size:
                return
            if query := _drawn(make, rows[pk], tells):
                drawn += 1
                yield pk, rows[pk].title, query


def _drawn(make: "Maker", paper: Paper, tells: Callable[["Drawn"], bool]) -> str:
    for _ in range(DRAWS):
        drawn = make(paper)
        if drawn is None or tells(drawn):
            return drawn.typed if drawn else ""
    return ""


class Titles:
    """Which words stand in which titles, and who wrote them."""

    def __init__(self, papers: QuerySet[Paper]) -> None:
        """Read the titles and authors of `papers`."""
        self._papers: dict[str, set[int]] = defaultdict(set)
        for pk, title, authors in papers.values_list("pk", "title", "authors").iterator():
            for word in {*folded(title).split(), *map(initial_and_last, _listed(authors))}:
                self._papers[word].add(pk)

    def tells(self, drawn: "Drawn") -> bool:
        """Whether one paper alone has what was drawn: its words in the title, its author."""
        held = [self._papers.get(word, set()) for word in drawn.of]
        return not held or len(set.intersection(*held)) <= 1


def _listed(authors: object) -> list[str]:
    return [str(name) for name in authors] if isinstance(authors, list) else []


def initial_and_last(name: str) -> str:
    """An author as initial and last name, "Y LeCun", unlike any word of a title."""
    parts = folded(name).split()
    return f"{parts[0][0]} {parts[-1]}" if parts else ""


def usable(title: str) -> list[str]:
    """The different words of a title that a reader may remember."""
    return sorted({word for word in words(title) if _counts(word)})


def _counts(word: str) -> bool:
    return len(word) > 2 and not word[0].isdigit() and word.lower() not in STOP_WORDS


# --- What is typed --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a reader of a paper types."""

    typed: str
    of: frozenset[str] = frozenset()
    """What of the paper is remembered, before it is misspelled: words of the title, folded, and the
    author. Empty where it can't tell the paper from others, and need not."""


Maker = Callable[[Paper], Drawn | None]
"""Draws what is typed; None where the paper has nothing of the kind."""


def _drawing(typed: Sequence[str], remembered: Sequence[str]) -> Drawn:
    words_of = [part for word in remembered for part in folded(word).split()]
    return Drawn(" ".join(typed), frozenset(words_of))


@dataclass(frozen=True, slots=True)
class QueryKind:
    """A way to type what one remembers of a paper."""

    about: str
    of: Callable[[random.Random], Maker]
    nothing: str = "There is no paper to which that applies."


def _words(chance: random.Random) -> Maker:
    def make(paper: Paper) -> Drawn | None:
        known = usable(paper.title)
        if len(known) < WORDS:
            return None
        drawn = chance.sample(known, WORDS)
        return _drawing(drawn, drawn)

    return make


def _changed(change: Callable[[str, random.Random], str]) -> Callable[[random.Random], Maker]:
    """Three words of the title, one of them changed where `change` gives another spelling."""

    def of(chance: random.Random) -> Maker:
        def make(paper: Paper) -> Drawn | None:
            known = usable(paper.title)
            if len(known) < WORDS:
                return None
            changed = {word: other for word in known if (other := change(word, chance))}
            if not changed:
                return None
            word = chance.choice(sorted(changed))
            others = chance.sample([other for other in known if other != word], WORDS - 1)
            typed = [changed[word], *others]
            chance.shuffle(typed)
            return _drawing(typed, (word, *others))

        return make

    return of


def typo(word: str, chance: random.Random) -> str:
    """`word` with one letter too many, missing, wrong or two swapped, equally often, and never the
    first; "" for a word of fewer than five letters, or with anything but letters.
    """
    if len(word) < 5 or not (word.isascii() and word.isalpha()):
        return ""
    letters = "abcdefghijklmnopqrstuvwxyz"
    how = chance.randrange(4)
    at = chance.randrange(1, len(word))
    letter = chance.choice(letters)
    if how == 0:
        return word[:at] + letter + word[at:]
    if how == 1:
        return word[:at] + word[at + 1 :]
    if how == 2:
        while letter == word[at].lower():
            letter = chance.choice(letters)
        return word[:at] + letter + word[at + 1 :]
    swaps = [n for n in range(1, len(word) - 1) if word[n].lower() != word[n + 1].lower()]
    if not swaps:
        return ""
    at = chance.choice(swaps)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


_AMERICAN = """
analyze analyse analyzed analysed analyzing analysing behavior behaviour behaviors behaviours
behavioral behavioural catalog catalogue center centre centered centred characterize characterise
characterized characterised characterizing characterising characterization characterisation
color colour colors colours colored coloured coloring colouring colorization colourisation
customized customised customization customisation customizable customisable defense defence
defenses defences decentralized decentralised digitized digitised discretization discretisation
discretized discretised equalization equalisation factorization factorisation factorized factorised
favor favour favorable favourable fiber fibre fibers fibres finalize finalise flavor flavour
fulfill fulfil generalize generalise generalized generalised generalizing generalising
generalizable generalisable generalization generalisation gray grey harmonize harmonise
harmonization harmonisation humor humour initialization initialisation initialized initialised
judgment judgement labeled labelled labeling labelling license licence linearized linearised
localization localisation localize localise localized localised localizing localising
maximization maximisation maximize maximise maximizing maximising memorization memorisation
memorize memorise minimization minimisation minimize minimise minimizing minimising minimizer
minimiser modeling modelling modeled modelled modality modality multimodeling multimodelling
neighbor neighbour neighbors neighbours neighborhood neighbourhood neighborhoods neighbourhoods
normalization normalisation normalize normalise normalized normalised normalizing normalising
optimization optimisation optimizations optimisations optimize optimise optimized optimised
optimizer optimiser optimizers optimisers optimizing optimising organize organise organized
organised organizing organising parallelization parallelisation parallelized parallelised
parametrization parametrisation parameterized parameterised penalized penalised personalized
personalised personalization personalisation polarization polarisation prioritization
prioritisation prioritize prioritise prioritized prioritised program programme programs programmes
quantization quantisation quantize quantise quantized quantised quantizing quantising
randomized randomised randomization randomisation realization realisation recognize recognise
recognizing recognising regularization regularisation regularized regularised regularizer
regulariser regularizing regularising rumor rumour rumors rumours signaling signalling
skeptical sceptical sparsification sparsification specialized specialised stabilize stabilise
stabilized stabilised stabilizing stabilising standardized standardised summarization
summarisation summarize summarise summarizing summarising symmetrization symmetrisation
synchronization synchronisation synchronized synchronised synthesize synthesise synthesized
synthesised synthesizing synthesising theater theatre tokenization tokenisation tokenized tokenised
tokenizer tokeniser tokenizers tokenisers traveling travelling tumor tumour tumors tumours
unlabeled unlabelled utilization utilisation utilizing utilising vectorized vectorised vapor
vapour visualization visualisation visualize visualise visualizing visualising pediatric paediatric
anemia anaemia esophageal oesophageal estrogen oestrogen hemorrhage haemorrhage ischemic ischaemic
leukemia leukaemia orthopedic orthopaedic fetal foetal edema oedema aluminum aluminium artifact
artefact artifacts artefacts sulfur sulphur sulfide sulphide
"""
_pairs = _AMERICAN.split()
_BRITISH = {
    american: british
    for american, british in zip(_pairs[::2], _pairs[1::2], strict=True)
    if american != british
}


def british(word: str, chance: random.Random) -> str:
    """`word` as it is spelled in Britain; "" where that is no different."""
    return _BRITISH.get(word.lower(), "")


def _joined(chance: random.Random) -> Maker:
    """A hyphen left out ("zeroshot", "gpt4"), or a word of letters and digits taken apart."""

    def make(paper: Paper) -> Drawn | None:
        compounds = [
            (found[0], found[0].replace("-", ""))
            for found in _COMPOUND.finditer(paper.title)
            if len(found[0]) > 4
        ]
        compounds += [
            (found[0], " ".join(re.findall(r"\d+|[^\W\d_]+", found[0])))
            for found in _WITH_DIGITS.finditer(paper.title)
        ]
        if not compounds:
            return None
        whole, typed = chance.choice(compounds)
        parts = set(words(whole))
        known = [word for word in usable(paper.title) if word not in parts and word not in whole]
        if len(known) < WORDS - 1:
            return None
        others = chance.sample(known, WORDS - 1)
        return _drawing((typed, *others), (whole, *others))

    return make


_COMPOUND = re.compile(r"(?<![\w-])[^\W\d_]{2,}-(?:[^\W\d_]{2,}|\d+)(?![\w-])")
_WITH_DIGITS = re.compile(r"(?<![\w-])[^\W\d_]{2,}\d+(?:[^\W\d_]{2,})?(?![\w-])")

_TWO_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ø": "oe", "å": "aa"}
)


def _umlaut(chance: random.Random) -> Maker:
    """A word of the title or an author's last name with two letters for an umlaut, and one or two
    more words of the title.
    """

    def make(paper: Paper) -> Drawn | None:
        names = [last for name in map(str, paper.authors) if (last := name.split()[-1:])]
        odd = [
            word
            for word in [*usable(paper.title), *(last[0] for last in names)]
            if word.translate(_TWO_LETTERS) != word
        ]
        if not odd:
            return None
        word = chance.choice(odd)
        known = [other for other in usable(paper.title) if other != word]
        if not known:
            return None
        others = chance.sample(known, min(2, len(known)))
        return _drawing(
            (word.translate(_TWO_LETTERS), *others),
            (*others, word) if word in usable(paper.title) else others,
        )

    return make


def _author(chance: random.Random) -> Maker:
    """The initial and last name of an author, and one word of the title."""

    def make(paper: Paper) -> Drawn | None:
        known = usable(paper.title)
        names = [str(name).split() for name in paper.authors]
        names = [name for name in names if len(name) >= 2 and name[0][0].isalpha()]
        if not names or not known:
            return None
        name = chance.choice(names)
        word = chance.choice(known)
        return Drawn(
            f"{name[0][0]}. {name[-1]} {word}",
            frozenset((*folded(word).split(), initial_and_last(" ".join(name)))),
        )

    return make


def _acronym(chance: random.Random) -> Maker:
    """A short form of three letters or more that the paper itself never writes, only what it stands
    for, and one word of the title that is none of the long form's.
    """
    introduced: Counter[tuple[str, str]] = Counter()
    for title, abstract in Paper.objects.shown().values_list("title", "abstract").iterator():
        introduced.update(
            {
                (acronyms.short_key(short), folded(long))
                for short, long in acronyms.introduced(f"{title}. {abstract}")
            }
        )
    most: dict[str, int] = {}
    for (short, _), papers in introduced.items():
        most[short] = max(most.get(short, 0), papers)
    usual = {
        long: short
        for (short, long), papers in introduced.items()
        if len(short) >= 3 and papers >= 5 and papers >= most[short] / 2
    }

    def make(paper: Paper) -> Drawn | None:
        text = folded(f"{paper.title} {paper.abstract}")
        held = set(text.split())
        found = [
            (long, short)
            for long, short in usual.items()
            if f" {long} " in f" {text} " and not {short, f"{short}s"} & held
        ]
        if not found:
            return None
        long, short = chance.choice(found)
        known = [word for word in usable(paper.title) if folded(word) not in long.split()]
        return Drawn(f"{short} {chance.choice(known)}") if known else None

    return make


KINDS = {
    "words": QueryKind(
        "three words of the title",
        _words,
        "There is no paper whose title has three words to search for.",
    ),
    "typo": QueryKind("one of the three words misspelled", _changed(typo)),
    "spelling": QueryKind("one of the three words in British spelling", _changed(british)),
    "joined": QueryKind("a compound joined, or taken apart, and two words", _joined),
    "umlaut": QueryKind("two letters for an umlaut", _umlaut),
    "author": QueryKind("an author's initial and last name and one word of the title", _author),
    "acronym": QueryKind("an acronym that the paper only spells out, and one word", _acronym),
}
"""What can be typed, by the name that `evaluate_search --kind` takes."""
