"""Other spellings of one word: British and American, umlauts as two letters, letters and digits.

A variant that is no word costs nothing, for it finds nothing. So these rules are broad: they need
not know every word, only those where a rule would make another real word of one ("four" and "for",
"filling" and "filing"). Words are lower case and folded (`papers.search.query.folded`).
"""

import re

SHORTEST = 5
"""Letters of a word that has variants; shorter ones are too often other words."""

UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae", "œ": "oe"}
"""Letters that are often typed, or printed, as two."""

SPOKEN_DIGITS = {"2": "to", "4": "for"}
"""Digits that stand for words, as in text2image."""

DIGITS = {word: digit for digit, word in SPOKEN_DIGITS.items()}

_ENDINGS = r"(?:e|ed|es|er|ers|ing|able|ation|ations|ational|ationally)"
_ISE = re.compile(rf"^(\w{{2,}}[^aeious]|\w+ic)is({_ENDINGS})$")
_IZE = re.compile(rf"^(\w{{2,}})iz({_ENDINGS})$")
_YSE = re.compile(r"^(\w*(?:anal|paral|catal|dial|hydrol|electrol))y([sz])(e|ed|es|er|ers|ing)$")

# Stems in -our and -or; other words in -or ("error", "tensor") have no British form.
_OR = re.compile(
    r"^(un|dis|en|mis|re|pre)?"
    r"(behavi|col|neighb|fav|hon|lab|hum|tum|flav|arm|vap|harb|endeav|rum|od|rig|vig|ard|glam|"
    r"sav|val|parl|mal|splend|clam|cand|ferv|ranc|demean|succ|misdemean)(ou?r)(\w*)$"
)
_RE = re.compile(
    r"^(\w*(?:fib|cent|cal|theat|lit|met|lust|spect|sab|somb|meag|och|mit|reconnoit))(re|er)(s?)$"
)
_METERS = re.compile(r"^(?:dia|para|peri|thermo|baro|volt|spectro|inter|accelero|hydro|photo)")
_ENCE = re.compile(r"^(defen|offen|preten|licen)(c|s)(e|es|eless|ed|ing)$")
_LOGUE = re.compile(r"^(\w*(?:cata|ana|dia|mono|epi|pro|homo|trava|trave))log(ue)?(s?)$")

# Verbs in -l that double it in Britain where an ending follows.
_DOUBLING = re.compile(
    r"^((?:un|re|pre|mis|sub|multi|over|under)?"
    r"(?:model|label|travel|signal|channel|tunnel|level|cancel|fuel|total|equal|dial|marshal|panel|"
    r"parcel|quarrel|rival|spiral|symbol|towel|unravel|ravel|counsel|duel|enamel|gravel|grovel|"
    r"initial|jewel|libel|marvel|medal|metal|pedal|pencil|shovel|shrivel|squirrel|stencil|swivel|"
    r"funnel|kennel|bevel|chisel|dishevel|hovel|laurel|parallel|pummel|tassel|trammel|bedevil))"
    r"l?(ed|ing|ings|er|ers|ist|ists|able|ation|ations|ous)$"
)
# Those that have one l at the end in Britain, and two in America.
_SINGLE = re.compile(r"^(enrol|fulfil|instil|distil|appal|enthral|instal|wil|skil)l?(ful|ment|s)?$")

_PAIRS = """
aeroplane airplane ageing aging aluminium aluminum artefact artifact artefacts artifacts
axe ax cheque check disc disk discs disks draught draft grey gray greyscale grayscale
gramme gram inflexion inflection judgement judgment jewellery jewelry mould mold moulds molds
moulding molding manoeuvre maneuver manoeuvres maneuvers mum mom ought aught plough plow
programme program programmes programs pyjamas pajamas sceptic skeptic sceptical skeptical
scepticism skepticism smoulder smolder storey story storeys stories sulphur sulfur sulphate sulfate
sulphide sulfide tyre tire tyres tires acknowledgement acknowledgment acknowledgements
acknowledgments cosy cozy enquiry inquiry enquiries inquiries practise practice practised practiced
practising practicing orientated oriented analyse analyze whisky whiskey yoghurt yogurt
catalyse catalyze kerb curb carburettor carburetor woollen woolen marvellous marvelous
counsellor counselor counsellors counselors tranquilliser tranquilizer
"""
_LISTED: dict[str, str] = {}
_listed = _PAIRS.split()
for _british, _american in zip(_listed[::2], _listed[1::2], strict=True):
    _LISTED |= {_british: _american, _american: _british}

# Greek and Latin words with ae and oe in Britain: paediatric, haemoglobin, oesophagus, foetal.
_E_TO_DIGRAPH = (
    (re.compile(r"^(p)(ediatr)"), r"\1a\2"),
    (re.compile(r"(h)(em(?:o|at|or|ag))"), r"\1a\2"),
    (re.compile(r"(an)(emi|esth)"), r"\1a\2"),
    (re.compile(r"(isch|leuk|glyc|bacter|tox|ur|vir)(emi)"), r"\1a\2"),
    (re.compile(r"^()(edem|esoph)"), r"\1o\2"),
    (re.compile(r"^()(estr(?:o|a|u|i))"), r"\1o\2"),
    (re.compile(r"^(f)(et(?:us|al))"), r"\1o\2"),
    (re.compile(r"^(f)(ec(?:es|al))"), r"\1a\2"),
    (re.compile(r"^(c)(eliac)"), r"\1o\2"),
    (re.compile(r"^()(esthet)"), r"\1a\2"),
    (re.compile(r"(orthop|encyclop)(edi)"), r"\1a\2"),
    (re.compile(r"^(arch|pal)(e)(?=o)"), r"\1ae"),
    (re.compile(r"(gyn)(ec)"), r"\1a\2"),
    (re.compile(r"(hom)(eo)"), r"\1o\2"),
    (re.compile(r"(diarrh)(ea)"), r"\1o\2"),
    (re.compile(r"(medi)(eval)"), r"\1a\2"),
)


def variants(word: str) -> tuple[str, ...]:
    """Other spellings of `word`, without itself, in an order that never changes.

    British for American and the other way round, and one letter for the two that an umlaut is often
    typed as ("schroedinger", "schrodinger"). None for a word shorter than `SHORTEST`, apart from
    those of a list.
    """
    found = [_LISTED[word]] if word in _LISTED else []
    if len(word) >= SHORTEST and word.isascii() and word.isalpha():
        found += _by_endings(word)
        found += _by_digraphs(word)
    return tuple(dict.fromkeys(other for other in found if other != word))


def one_spelling(word: str) -> str:
    """Return one and the same of a word's British and American spellings, whichever is given."""
    if word in _LISTED:
        return min(word, _LISTED[word])
    if len(word) < SHORTEST or not word.isascii() or not word.isalpha():
        return word
    return min([word, *_by_endings(word), *_of_greek(word)])


def _by_endings(word: str) -> list[str]:
    found = []
    for pattern, other in ((_ISE, "iz"), (_IZE, "is")):
        if match := pattern.match(word):
            found.append(f"{match[1]}{other}{match[2]}")
    if match := _YSE.match(word):
        found.append(f"{match[1]}y{'z' if match[2] == 's' else 's'}{match[3]}")
    if match := _OR.match(word):
        spelled = "or" if match[3] == "our" else "our"
        found.append(f"{match[1] or ''}{match[2]}{spelled}{match[4]}")
    if (match := _RE.match(word)) and not _METERS.match(word):
        found.append(f"{match[1]}{'er' if match[2] == 're' else 're'}{match[3]}")
    if match := _ENCE.match(word):
        found.append(f"{match[1]}{'s' if match[2] == 'c' else 'c'}{match[3]}")
    if match := _LOGUE.match(word):
        found.append(f"{match[1]}log{'' if match[2] else 'ue'}{match[3]}")
    if match := _DOUBLING.match(word):
        found += [f"{match[1]}{match[2]}", f"{match[1]}l{match[2]}"]
    if match := _SINGLE.match(word):
        found += [f"{match[1]}{match[2] or ''}", f"{match[1]}l{match[2] or ''}"]
    return found


def _by_digraphs(word: str) -> list[str]:
    found = []
    # Two letters for one: of an umlaut ("mueller") or of Greek ("paediatric").
    for typed in ("ae", "oe", "ue"):
        for match in re.finditer(typed, word):
            if typed == "ue" and word[: match.start()].endswith("q"):
                continue
            if match.end() == len(word) and typed == "ue":
                continue  # value, continue: no umlaut ends a word like that
            found.append(f"{word[: match.start()]}{typed[0]}{word[match.end() :]}")
            if typed != "ue":
                found.append(f"{word[: match.start()]}e{word[match.end() :]}")
    whole = word.replace("aa", "a").replace("ae", "a").replace("oe", "o")
    whole = re.sub(r"(?<!q)ue(?!$)", "u", whole)
    found.append(whole)
    return found + _of_greek(word)


def _of_greek(word: str) -> list[str]:
    """ "pediatric" as "paediatric"; the other way is among what two letters for one give."""
    return [pattern.sub(other, word) for pattern, other in _E_TO_DIGRAPH if pattern.search(word)]


def of_umlauts(typed: str) -> str:
    """`typed` with two letters for each umlaut, still unfolded: "Müller" gives "Mueller"."""
    return "".join(UMLAUTS.get(letter.lower(), letter) for letter in typed)


def taken_apart(word: str) -> tuple[tuple[str, ...], ...]:
    """The phrases that a word of letters and digits may stand for.

    "gpt4" gives ("gpt", "4"), "text2image" gives ("text", "2", "image") and
    ("text", "to", "image"); none for a word without both.
    """
    parts = tuple(re.findall(r"\d+|[^\W\d_]+", word))
    if len(parts) < 2:
        return ()
    found = [parts]
    if any(part in SPOKEN_DIGITS for part in parts[1:-1]):
        spoken = [SPOKEN_DIGITS.get(part, part) for part in parts[1:-1]]
        found.append((parts[0], *spoken, parts[-1]))
    return tuple(found)
