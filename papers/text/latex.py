r"""LaTeX made readable: `A$^2$TGPO` becomes `A²TGPO`, `Schr\"odinger` becomes `Schrödinger`.

Titles and abstracts are prose with a little LaTeX in it, not LaTeX: a bare `%` is a percent sign
there, `$5` is a price, `_` and `~` stand for themselves. So only what is LaTeX beyond doubt is
handed to pylatexenc, piece by piece: mathematics between delimiters, and macros that it knows.
All the rest stays as it is, and so does a piece that it cannot read.
"""

import logging
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pylatexenc.latex2text import LatexNodes2Text, get_default_latex_context_db

# It reports every slip in a stranger's LaTeX, which is neither news nor ours to mend.
logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)

LONGEST_PIECE = 1_000
"""Characters of one formula; a longer one stays as it is."""

MOST_PIECES = 500
"""Pieces of one text that are converted; what comes after stays as it is."""

DEEPEST = 8
"""Braces within braces; a piece that goes deeper stays as it is."""

_SUPERSCRIPTS = dict(zip("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", strict=True))
_SUBSCRIPTS = dict(zip("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", strict=True))

_STYLE = re.compile(
    r"text(?:bf|it|sc|tt|sf|rm|up|normal|md|sl)|emph|underline|text|[mh]box|uline|em|bf|it|tt|sc|sf"
    r"|rm|ensuremath|math(?:rm|bf|it|sf|tt)|operatorname|url|boldsymbol|bm"
)
"""Macros whose argument, or what follows, is the text to be read."""

_SILENT = re.compile(
    r"cite[a-z]*|label|(?:eq|auto|c|C)?ref|footnote(?:mark)?|thanks|[vh]space|noindent|xspace"
    r"|centering|small|[lL]arge|looseness|protect|displaystyle|textstyle|limits|nolimits|left|right"
    r"|[bB]igg?[lr]?"
)
"""Macros that say nothing to a reader, nor does their argument."""

_SWITCH = re.compile(
    r"em|bf|it|tt|sc|sf|rm|noindent|xspace|centering|small|[lL]arge|protect|displaystyle|textstyle"
    r"|limits|nolimits|left|right|[bB]igg?[lr]?"
)
"""Macros that stand alone: they change what follows and say nothing."""

_ESCAPED = {char: char for char in "%&_#${}"} | {" ": " ", ",": " ", ";": " ", "\\": " ", "/": ""}

_MATH = re.compile(
    r"""
      (?<!\\)\$\$(?P<display>[^$]{1,1000})\$\$
    | (?<!\\)\$(?P<inline>(?:[^\s$\\]|\\.)(?:(?:[^$\\]|\\.){0,998}?(?:[^\s$\\]|\\.))?)\$
    | \\\((?P<round>(?:(?!\\[()]).){1,1000})\\\)
    | \\\[(?P<square>(?:(?!\\[\[\]]).){1,1000})\\\]
    """,
    re.VERBOSE | re.DOTALL,
)
_MACRO = re.compile(r"\\(?:(?P<name>[A-Za-z]+)\*?|(?P<sign>[^A-Za-z]))")
_WORDS = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{4,}")
_ARGUMENT = re.compile(r"\s*\{")
_SCRIPT = re.compile(r"([\^_])\{((?:[^{}]|\{[^{}]*\})*)\}")
_FRACTION = re.compile(r"\\[dtc]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_SPACING = re.compile(r"\\m?(?:kern|skip)\s*-?[\d.]+\s*[a-z]{2}|\\[!>]|\\(?:h|v)space\*?\{[^{}]*\}")
_SIZES = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?|limits|nolimits|displaystyle)(?![A-Za-z])\.?")
_RELATION = re.compile(
    r"(\\(?:in|leq?|geq?|neq?|approx|sim|to|(?:long)?(?:right|left)arrow|mapsto|times|cdot|subset"
    r"|subseteq|cup|cap|equiv|propto|pm|ll|gg|mid))\s+"
)
# Two or three hyphens between words; not an arrow ("-->"), a comment ("<!--") or a rule of many.
_DASHES = re.compile(r"""(?<=[\w)\]”’"'.,%])-{2,3}(?=[\w(“"'])""")
# Or on their own, unless the text has flags of a command ("--fast") beside them.
_DASHES_APART = re.compile(r"(?<= )-{2,3}(?= )")
_FLAG = re.compile(r"(?:^|\s)--\w")
_PERCENT = re.compile(r"(?<!\\)%")
_STYLED_GROUP = re.compile(r"\{\\(?:em|it|bf|tt|sc|sf|rm|sl)\s+([^{}]{0,1000})\}")
_COLOR = r"\\color\s*(?:\[\w{0,20}\])?\s*\{[^{}]{0,100}\}\s*"
_COLORED_GROUP = re.compile(
    rf"(?<![A-Za-z])\{{{_COLOR}(?:\{{([^{{}}]{{0,1000}})\}}|([^{{}}]{{0,1000}}))\}}|{_COLOR}\{{([^{{}}]{{0,1000}})\}}"
)
_COLOR_ALONE = re.compile(_COLOR)
_MODEL_OF_COLOR = re.compile(r"(?<=\\textcolor)\s*\[\w{0,20}\](?=\s*\{)")
# What some sources leave of "\textcolor{black}{a framework}": "black{a framework}".
_REST_OF_COLOR = re.compile(
    r"(?<![\\\w{])(?:black|blue|brown|cyan|gray|green|magenta|orange|purple|red|teal|violet)"
    r"\{([^{}]{1,1000})\}"
)
_FONTS = re.compile(
    r"\\(?:boldsymbol|bm|mathbf|mathrm|mathsf|mathtt|mathit|texttt|textbf|textsf|textsc|mbox|operatorname\*?)\s*"
)


def readable(text: str) -> str:
    """`text` with its LaTeX made readable; never raises, and plain text comes back as it was."""
    text = _REST_OF_COLOR.sub(r"\1", text)
    if not any(sign in text for sign in ("\\", "$", "``", "--")):
        return text
    pieces = _Pieces()
    done: list[str] = []
    kept = at = 0
    while (found := _MATH.search(text, at)) is not None and pieces.take():
        inner = next(group for group in found.groups() if group is not None)
        if found["inline"] is not None and not _is_math(inner, text[found.end() :][:1]):
            at = found.start() + 1  # a price, perhaps, and its partner may open a formula
            continue
        done += [_prose(text[kept : found.start()], pieces), _math(inner, found[0])]
        kept = at = found.end()
    done.append(_prose(text[kept:], pieces))
    text = re.sub(r"``(.{1,300}?)''", r"“\1”", "".join(done))
    text = _DASHES.sub(_dash, text)
    return text if _FLAG.search(text) else _DASHES_APART.sub(_dash, text)


def _dash(found: re.Match[str]) -> str:
    return "–" if len(found[0]) == 2 else "—"


class _Pieces:
    """Counts down the pieces that one text may have converted."""

    def __init__(self) -> None:
        self.left = MOST_PIECES

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0


def _is_math(inner: str, after: str) -> bool:
    r"""Whether what stands between two dollars is a formula rather than prose between prices."""
    if after.isdigit():  # "$5-$10" are prices, "$\sim$50" and "$>$10" are not
        return not inner[0].isalnum() and len(inner) <= 20
    if any(char in inner for char in "\\^_{}="):
        return True
    return len(inner) <= 60 and _WORDS.search(inner) is None


@lru_cache(maxsize=4096)
def _math(inner: str, raw: str) -> str:
    """A formula as text; `raw`, as it was, where it cannot be read."""
    if re.fullmatch(r"[\w.,+\-*/=()\[\]<>|@ ]*", inner) and "_" not in inner:
        return inner.strip()
    if len(inner) > LONGEST_PIECE or not _is_balanced(inner):
        return raw
    source = _SPACING.sub("", inner)
    source = _FONTS.sub("", _SIZES.sub("", source)).replace("\\|", "‖")
    source = _PERCENT.sub(r"\\%", source)
    source = _FRACTION.sub(lambda found: f"{_grouped(found[1])}/{_grouped(found[2])}", source)
    source = re.sub(r"\\(?:c|l|v|h)?dots[bcmio]?(?![A-Za-z])", "…", source)
    for _ in range(3):
        source, changes = _SCRIPT.subn(_script, source)
        if not changes:
            break
    source = re.sub(r"([\^_])([0-9])(?!\d|\.\d)", _script, source)
    source = _RELATION.sub(r"\1\\ ", source)
    text = _converted(f"${source}$")
    if text is None:
        return raw
    # Bold, script and sans-serif letters of mathematics are letters to a reader, and mail
    # programs have no glyphs for them.
    folded = "".join(
        unicodedata.normalize("NFKC", char) if 0x1D400 <= ord(char) <= 0x1D7FF else char
        for char in text
    )
    return re.sub(r"\s+", " ", folded).strip() or raw


def _script(found: re.Match[str]) -> str:
    """A super- or subscript in Unicode where it has the characters, else as `^(…)` or `_…`."""
    body = found[2].strip()
    table = _SUPERSCRIPTS if found[1] == "^" else _SUBSCRIPTS
    if body and all(char in table for char in body):
        return "".join(table[char] for char in body)
    return f"{found[1]}{_grouped(body)}"


def _grouped(body: str) -> str:
    body = body.strip()
    return body if re.fullmatch(r"[\w.…]*|\\[A-Za-z]+|\\?.", body) else f"({body})"


def _prose(text: str, pieces: _Pieces, depth: int = 0) -> str:
    """Text outside of formulas, with the macros in it that are known made readable."""
    if "\\" not in text:
        return text
    text = _STYLED_GROUP.sub(r"\1", text)
    if "color" in text:
        text = _MODEL_OF_COLOR.sub("", _COLORED_GROUP.sub(_first_group, text))
        text = _COLOR_ALONE.sub("", text)
    done: list[str] = []
    at = 0
    while (found := _MACRO.search(text, at)) is not None and pieces.take():
        piece, end = _macro(text, found, pieces, depth)
        before = text[at : found.start()]
        if not piece and text[end - 1] == "}":
            before = before.rstrip(" ~")  # of "as shown~\cite{them}." stays "as shown."
        done += [before, piece]
        at = end
    return "".join([*done, text[at:]])


def _first_group(found: re.Match[str]) -> str:
    return next(group for group in found.groups() if group is not None)


def _macro(text: str, found: re.Match[str], pieces: _Pieces, depth: int) -> tuple[str, int]:
    """What a macro says, and where the text goes on."""
    name, sign = found["name"], found["sign"]
    after = found.end()
    if sign is not None and sign in _ESCAPED:
        return _ESCAPED[sign], after
    if sign is not None and sign not in "'`^\"~=.":
        return found[0], after
    if name == "href":
        _, after = _argument(text, after)
    if name is not None and (name == "href" or _STYLE.fullmatch(name)):
        body, end = _argument(text, after)
        if body is not None:
            return (_prose(body, pieces, depth + 1) if depth < DEEPEST else body), end
    elif name is not None and _SILENT.fullmatch(name):
        body, end = _argument(text, after)
        if body is not None:
            return "", end
    if name is not None and _SWITCH.fullmatch(name):
        return "", after if name == "xspace" else _skip(_SPACES, text, after)
    if name is not None and (_wants_argument(name) or not _is_known(name)):
        return found[0], after
    accented = sign is not None or name in _ACCENTS
    end = _end_of_arguments(text, after, 1 if accented else 2)
    if accented and end == after:
        letter = _LETTER.match(text, after)
        if letter is None:
            return found[0], after
        end = letter.end()
    elif not accented and end == after:
        end = _skip(_SPACE, text, after) if len(found[0]) < 4 else after
    piece = text[found.start() : end]
    if len(piece) > LONGEST_PIECE or not _is_balanced(piece):
        return found[0], after
    said = _converted(_PERCENT.sub(r"\\%", piece))
    if said is None or not said.strip() or (accented and not _is_one_letter(said)):
        return found[0], after
    return said, end


_LETTER = re.compile(r"\s*(?:\\[ij](?![A-Za-z]) ?|[^\W\d_])")
_SPACE = re.compile(r" ?")
_SPACES = re.compile(r"\s*")
_ACCENTS = frozenset("cvuHkrbdt")


def _argument(text: str, at: int) -> tuple[str | None, int]:
    """The braced argument that begins at `at`, or None, and where it ends."""
    opened = _ARGUMENT.match(text, at)
    if opened is None:
        return None, at
    depth = 1
    for end in range(opened.end(), min(len(text), opened.end() + LONGEST_PIECE)):
        if text[end] == "{" and text[end - 1] != "\\":
            depth += 1
        elif text[end] == "}" and text[end - 1] != "\\":
            depth -= 1
            if depth == 0:
                return text[opened.end() : end], end + 1
    return None, at


def _end_of_arguments(text: str, at: int, most: int) -> int:
    for _ in range(most):
        body, at = _argument(text, at)
        if body is None:
            break
    return at


def _is_one_letter(said: str) -> bool:
    r"""Whether an accent gave a letter that exists: `\"u` does, and the quote in `\"Quoted` not."""
    return len(unicodedata.normalize("NFC", said.strip())) == 1


def _wants_argument(name: str) -> bool:
    return bool(name == "href" or _STYLE.fullmatch(name) or _SILENT.fullmatch(name))


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _is_balanced(text: str) -> bool:
    """Whether the braces close, no more than `DEEPEST` of them within each other."""
    depth = 0
    for at, char in enumerate(text):
        if char in "{}" and (at == 0 or text[at - 1] != "\\"):
            depth += 1 if char == "{" else -1
            if not 0 <= depth <= DEEPEST:
                return False
    return depth == 0


@lru_cache(maxsize=1)
def _converter() -> tuple[Any, Callable[[str], bool]]:
    """The pylatexenc converter and whether it knows a macro."""
    database = get_default_latex_context_db()
    known = {spec.macroname for spec in database.iter_macro_specs()}
    known -= {"input", "include", "today", "title", "author", "date", "maketitle"}
    converter = LatexNodes2Text(math_mode="text", strict_latex_spaces="based-on-source")
    return converter, known.__contains__


def _is_known(name: str) -> bool:
    return _converter()[1](name)


@lru_cache(maxsize=4096)
def _converted(source: str) -> str | None:
    """`source` as pylatexenc reads it; None where it cannot."""
    try:
        text = str(_converter()[0].latex_to_text(source, tolerant_parsing=True))
    except Exception:  # a stranger's LaTeX, and a parser that raises IndexError among others
        return None
    return None if "%s" in text else text  # a macro whose arguments are missing
