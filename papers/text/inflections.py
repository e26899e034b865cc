"""One word in its number and its spellings: what counts as the same keyword.

`papers.text.words.stem` puts whole families of words together, which serves a model and a search.
An editor's keyword is meant more narrowly: "adapters" are not "adaptive", and "programs" is not
"programming". So here a word is the same as its plural and as its British or American spelling, and
as nothing else. Plurals are taken off by rules of ending, with lists of what they would get wrong;
both sides of every comparison go through them, so they need only be consistent, not right.

A lemmatizer would not do: it takes verbs for their infinitives, "prompting" for "prompt".
"""

import re
from functools import lru_cache

from papers.text.spellings import one_spelling

_ACRONYM_PLURAL = re.compile(r"(?=\w*[A-Z]\w*[A-Z0-9]s$)\w+")

_PAIRS = """
alumni alumnus analyses analysis antennae antenna apices apex appendices appendix automata automaton
axes axis bacilli bacillus bacteria bacterium biases bias brethren brother
bureaux bureau calves calf canvases canvas children child codices codex corpora corpus cortices
cortex corrigenda corrigendum crises crisis criteria criterion curricula curriculum
diagnoses diagnosis dialyses dialysis elves elf emphases emphasis errata erratum extrema extremum
feet foot foci focus formulae formula fungi fungus ganglia ganglion gases gas geese
goose genera genus gpus gpu cpus cpu tpus tpu npus npu menus menu halves half
helices helix hippocampi hippocampus hooves hoof hypotheses hypothesis indices index
knives knife larvae larva leaves leaf lemmata lemma lenses lens lexica lexicon lives life loaves
loaf loci locus matrices matrix maxima maximum men man metastases metastasis mice mouse
minima minimum mitochondria mitochondrion moduli modulus momenta momentum movies movie nebulae
nebula neuroses neurosis nuclei nucleus oases oasis optima optimum ova ovum oxen ox parentheses
parenthesis phenomena phenomenon polyhedra polyhedron prognoses prognosis prostheses prosthesis
quanta quantum quizzes quiz radii radius schemata schema scarves scarf selves self series series
sheaves sheaf shelves shelf simplices simplex spectra spectrum stigmata stigma
stimuli stimulus strata stratum supernovae supernova symposia symposium syntheses synthesis teeth
tooth theses thesis thieves thief tori torus vertebrae vertebra vertices vertex viscera viscus
vortices vortex wives wife wolves wolf women woman cookies cookie calories calorie genies genie
zombies zombie hoodies hoodie selfies selfie pixies pixie caches cache headaches headache
avalanches avalanche niches niche aches ache psyches psyche moustaches moustache creches creche
shoes shoe toes toe foes foe canoes canoe tiptoes tiptoe
"""
_words = _PAIRS.split()
_IRREGULAR = dict(zip(_words[::2], _words[1::2], strict=True))

_alike = """
alas alias always arkansas atlas axis bias canvas chaos christmas cosmos diabetes ethos feces gas
herpes ios iris kansas keras kubernetes kudos lens logos mars measles news pancreas pandas pants
pathos pegasus perhaps rabies rhinoceros scabies series species sometimes texas vegas whereas yes
"""
_NO_PLURALS = frozenset(_alike.split())
"""Words in -s that are no plurals, beyond those in -ss, -us and -is."""

_counted = """
antibiotics characteristics ceramics clinics comics critics cynics epidemics fabrics heuristics
logics lyrics medics metrics mosaics paramedics picnics pandemics plastics relics skeptics
sceptics submetrics subtopics tactics topics tropics
"""
_COUNTED_IN_ICS = frozenset(_counted.split())
"""Plurals in -ics; other words in -ics are subjects: "dynamics" is not "dynamic"."""

_US = re.compile(
    r"(?:vir|foc|bon|cens|sens|stat|corp|camp|nucle|stimul|apparat|syllab|thesaur|radi|modul"
    r"|calcul|octop|thalam|lup|plex|loc|min|fung|sin|vers|b|termin|chor|gen)uses$"
)
_SIS = re.compile(r"(?:ly|the|no|cri|sta|pto|phe)ses$")
_ES = re.compile(r"(?:ss|sh|ch|x|zz)es$")


def singular(word: str) -> str:
    """Return a lower-case English noun without its plural; other words as they are."""
    known = _IRREGULAR.get(word)
    if known is not None:
        return known
    if len(word) < 4:
        return word
    if word.endswith(("smen", "women")):
        return f"{word[:-2]}an"
    if not word.endswith("s") or word.endswith(("ss", "us", "is")) or word in _NO_PLURALS:
        return word
    if word.endswith("ics"):
        return word[:-1] if word in _COUNTED_IN_ICS else word
    if word.endswith("ies"):
        return f"{word[:-3]}y" if len(word) > 4 else word[:-1]
    if _US.search(word):
        return word[:-2]
    if _SIS.search(word) and len(word) > 6:
        return f"{word[:-2]}is"
    if _ES.search(word) or (word.endswith("oes") and len(word) > 5):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=400_000)
def inflectionless(word: str) -> str:
    """Return what a word has in common with its plural and its other spelling, in lower case.

    "LLMs" gives "llm": the plural of an acronym is known by its capitals. Equal only for the same
    word: not to be shown to anybody.
    """
    if word[-1:] == "s" and _ACRONYM_PLURAL.match(word):
        word = word[:-1]
    word = word.lower()
    if not word.isascii() or not word.isalpha():
        return word
    return one_spelling(singular(word))
