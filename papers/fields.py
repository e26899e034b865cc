"""Fields: the broad subjects, such as physics or biology, that papers and topics are counted by.

A paper's field follows from its categories, which carry their scheme: `arxiv:hep-th` (or, as
earlier versions stored it, `hep-th` alone), `biorxiv:genomics`, `issn:1476-4687`. The first
category that tells decides, for the primary one stands first. A journal's ISSN tells nothing by
itself, and a paper of which nothing is told is of `OTHER`. Nothing here reads a database.

This is the only place that knows which fields there are. arXiv's groups are kept but for a few
categories that readers look for elsewhere: materials with chemistry, medical physics with medicine,
the atmosphere with the earth, machine learning under its statistical name with computer science.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

COMPUTER_SCIENCE = "computer-science"
ENGINEERING = "engineering"
MATHEMATICS = "mathematics"
PHYSICS = "physics"
CHEMISTRY = "chemistry"
BIOLOGY = "biology"
MEDICINE = "medicine"
EARTH = "earth"
ECONOMICS = "economics"
SOCIETY = "society"
OTHER = "other"

FIELDS: Mapping[str, str | Promise] = {
    COMPUTER_SCIENCE: _("Computer science"),
    ENGINEERING: _("Engineering"),
    MATHEMATICS: _("Mathematics and statistics"),
    PHYSICS: _("Physics and astronomy"),
    CHEMISTRY: _("Chemistry and materials"),
    BIOLOGY: _("Biology"),
    MEDICINE: _("Medicine and health"),
    EARTH: _("Earth and environment"),
    ECONOMICS: _("Economics and finance"),
    SOCIETY: _("Psychology and social sciences"),
    OTHER: _("Other fields"),
}
"""What readers call each field, by the name that addresses and tables hold; in order of lists."""

_ARCHIVES = {
    "cs": COMPUTER_SCIENCE,
    "eess": ENGINEERING,
    "math": MATHEMATICS,
    "stat": MATHEMATICS,
    "q-bio": BIOLOGY,
    "q-fin": ECONOMICS,
    "econ": ECONOMICS,
} | dict.fromkeys(
    (
        "astro-ph",
        "cond-mat",
        "gr-qc",
        "hep-ex",
        "hep-lat",
        "hep-ph",
        "hep-th",
        "math-ph",
        "nlin",
        "nucl-ex",
        "nucl-th",
        "physics",
        "quant-ph",
    ),
    PHYSICS,
)
_CATEGORIES = {
    "cond-mat.mtrl-sci": CHEMISTRY,
    "math.MP": PHYSICS,
    "physics.ao-ph": EARTH,
    "physics.chem-ph": CHEMISTRY,
    "physics.geo-ph": EARTH,
    "physics.med-ph": MEDICINE,
    "physics.soc-ph": SOCIETY,
    "stat.ML": COMPUTER_SCIENCE,
}
_SCHEMES = {
    "biorxiv": BIOLOGY,
    "chemrxiv": CHEMISTRY,
    "eartharxiv": EARTH,
    "medrxiv": MEDICINE,
    "openreview": COMPUTER_SCIENCE,
    "psyarxiv": SOCIETY,
    "socarxiv": SOCIETY,
}


def field_of(categories: Iterable[str]) -> str:
    """The field, a key of `FIELDS`, of a paper or topic with these categories, the first first."""
    return next(filter(None, map(field_of_category, categories)), OTHER)


@lru_cache(maxsize=4_096)
def field_of_category(category: str) -> str:
    """The field of a category; empty where it tells none."""
    scheme, colon, name = category.partition(":")
    if colon and scheme != "arxiv":
        return _SCHEMES.get(scheme, "")
    code = name if colon else category
    return _CATEGORIES.get(code) or _ARCHIVES.get(code.partition(".")[0], "")
