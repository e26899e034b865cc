"""Text with named holes: rendered once, then filled for many readers by joining fragments.

A template is rendered with a mark in each place where readers differ. `Placeholders.cut` finds the
marks in what came out, after any compiler had its way with it, and returns split templates: encoded
fragments and the names of the holes between them. The marks hold a random number that is in none of
the texts, so no title can pass for one; one that got lost or doubled on the way is an error, never
a silent gap.
"""

import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from newsletter.mail.encoding import Fragment
from subscriptions.notices.mjml import RenderingFailed


@dataclass(frozen=True, slots=True)
class SplitTemplate:
    """Pieces and the names of the holes between them, in order."""

    parts: tuple[Fragment | str, ...]

    @property
    def size(self) -> int:
        """Bytes (UTF-8) of all fragments, the holes left out."""
        return sum(part.size for part in self.parts if isinstance(part, Fragment))

    @property
    def text(self) -> str:
        """All fragments together, the holes left out."""
        return "".join(part.text for part in self.parts if isinstance(part, Fragment))

    @property
    def holes(self) -> tuple[str, ...]:
        """The names of the holes; one name may have several."""
        return tuple(part for part in self.parts if isinstance(part, str))

    def fill(self, values: Mapping[str, Sequence[Fragment]]) -> list[Fragment]:
        """All fragments, each hole filled. Raises `KeyError` for a hole without a value."""
        filled: list[Fragment] = []
        for part in self.parts:
            if part.__class__ is str:
                filled += values[part]
            else:
                filled.append(part)  # type: ignore[arg-type]
        return filled

    def with_text(self, hole: str, text: str) -> "SplitTemplate":
        """The template with `text` in every hole of this name, one fragment with its neighbors."""
        runs: list[str] = [""]
        names: list[str] = []
        for part in self.parts:
            if isinstance(part, Fragment):
                runs[-1] += part.text
            elif part == hole:
                runs[-1] += text
            else:
                names.append(part)
                runs.append("")
        return _split_template(runs, names)


def _split_template(runs: list[str], names: list[str]) -> SplitTemplate:
    """`runs` of text with the holes `names` between them; empty runs are left out."""
    parts: list[Fragment | str] = []
    for run, name in zip(runs, [*names, ""], strict=True):
        if run:
            parts.append(Fragment.of(run))
        if name:
            parts.append(name)
    return SplitTemplate(tuple(parts))


class Placeholders:
    """Marks for one rendering. A mark is letters and digits only, so that no escaping, no
    compiler and no line wrapping changes it.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """`texts` is all that will be rendered; no mark will be found in it."""
        known = "\0".join(texts)
        self._nonce = secrets.token_hex(8)
        while self._nonce in known:
            self._nonce = secrets.token_hex(8)
        self._mark = re.compile(f"q{self._nonce}([hbe])([a-z]+?[0-9]*)z{self._nonce}q")

    def hole(self, name: str) -> str:
        """The mark for a hole. `name` is lower-case letters, then digits or nothing."""
        return self._make("h", name)

    def begin(self, name: str) -> str:
        """The mark where the block `name` begins, a template of its own."""
        return self._make("b", name)

    def end(self, name: str) -> str:
        """The mark where the block `name` ends."""
        return self._make("e", name)

    def _make(self, kind: str, name: str) -> str:
        mark = f"q{self._nonce}{kind}{name}z{self._nonce}q"
        if not self._mark.fullmatch(mark):
            raise ValueError(f"{name!r} can't name a hole")
        return mark

    def cut(self, rendered: str, source: str) -> dict[str, SplitTemplate]:
        """The templates in `rendered`: under "" the whole, under its name each block.

        Where a block stood, the template around it has a hole of the block's name. `source` is
        what was compiled into `rendered` (or the same text), and must hold the same marks.
        Raises `RenderingFailed` where marks were lost, doubled or torn apart.
        """
        wanted, found = (
            Counter(match.groups() for match in self._mark.finditer(text))
            for text in (source, rendered)
        )
        if wanted != found or rendered.count(self._nonce) != 2 * found.total():
            lost = ", ".join(sorted(name for _, name in (wanted - found) + (found - wanted)))
            raise RenderingFailed(f"marks were lost, doubled or torn apart: {lost[:200]}")
        templates: dict[str, SplitTemplate] = {}
        open_blocks: list[tuple[str, list[str], list[str]]] = [("", [""], [])]
        at = 0
        for match in self._mark.finditer(rendered):
            kind, name = match.groups()
            block, runs, names = open_blocks[-1]
            runs[-1] += rendered[at : match.start()]
            at = match.end()
            if kind == "h":
                names.append(name)
                runs.append("")
            elif kind == "b":
                names.append(name)
                runs.append("")
                open_blocks.append((name, [""], []))
            elif name == block and name not in templates:
                templates[name] = _split_template(runs, names)
                open_blocks.pop()
            else:
                raise RenderingFailed(f"the block {name} ends where {block or 'none'} is open")
        block, runs, names = open_blocks.pop()
        if open_blocks:
            raise RenderingFailed(f"the block {block} does not end")
        runs[-1] += rendered[at:]
        templates[""] = _split_template(runs, names)
        return templates
