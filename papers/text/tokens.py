"""Many texts cut into words once, as numbers, for whoever reads them in several ways.

Keywords, the semantic model and topics' classifiers all look at the same words of the same papers.
Cutting a text and asking what a word comes to is work for Python, so it is done once for each text
and once for each different word; what follows is arithmetic on arrays.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt

from papers.text.words import content_stem, words_and_pauses

Numbers = npt.NDArray[np.int32]
Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class _Numbering(dict[str, int]):
    """Numbers words in the order in which they are first asked for."""

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


@dataclass(frozen=True, eq=False)
class Tokens:
    """Some texts as the numbers of their words and pauses: N in T texts, D of them different."""

    distinct: Sequence[str]  # [D], by number, as they are written
    numbers: Numbers  # [N], text by text
    bounds: Positions  # [T + 1], where each text begins, and where the last one ends

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Tokens":
        """Cut ``texts`` by `papers.text.words.words_and_pauses`."""
        return cls.cut(map(words_and_pauses, texts))

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[str, str]]) -> "Tokens":
        """Cut titles and abstracts: two texts for each pair, in this order."""
        return cls.of(chain.from_iterable(pairs))

    @classmethod
    def cut(cls, texts: Iterable[Iterable[str]]) -> "Tokens":
        """Take texts that are cut into words already."""
        numbering = _Numbering()
        chunks: list[Numbers] = []
        ends = [0]
        batch: list[int] = []
        full = 0
        for parts in texts:
            batch.extend(map(numbering.__getitem__, parts))
            ends.append(full + len(batch))
            if len(batch) > 100_000:  # a list takes eight times as much
                chunks.append(np.array(batch, np.int32))
                full += len(batch)
                batch = []
        chunks.append(np.array(batch, np.int32))
        return cls(list(numbering), np.concatenate(chunks), np.array(ends, np.int64))

    @property
    def texts(self) -> int:
        """Return T, how many texts there are."""
        return len(self.bounds) - 1

    def between(self, start: int, end: int) -> "Tokens":
        """Return the texts from number ``start`` up to ``end``, words numbered as here."""
        bounds = self.bounds[start : end + 1]
        return Tokens(self.distinct, self.numbers[bounds[0] : bounds[-1]], bounds - bounds[0])

    @cached_property
    def text_of(self) -> Numbers:
        """The text in which each word stands, [N]."""
        return np.repeat(np.arange(self.texts, dtype=np.int32), np.diff(self.bounds))

    def which(self, says: Callable[[str], bool]) -> Mask:
        """Return of which of the different words ``says`` is true, [D]."""
        return np.fromiter(map(says, self.distinct), np.bool_, len(self.distinct))

    def sums(self, values: npt.NDArray[np.generic]) -> Positions:
        """Add ``values`` of the words, [N], up for each text, [T]."""
        running = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
        sums: Positions = running[self.bounds[1:]] - running[self.bounds[:-1]]
        return sums

    @cached_property
    def content(self) -> "Tokens":
        """The same texts as stems of words that can say something of their subject."""
        numbering = _Numbering()
        stems = np.fromiter(
            (numbering[found] if found else -1 for found in map(content_stem, self.distinct)),
            np.int32,
            len(self.distinct),
        )
        numbers = stems[self.numbers] if len(stems) else self.numbers
        kept = numbers >= 0
        bounds = np.concatenate(([0], np.cumsum(kept, dtype=np.int64)))[self.bounds]
        return Tokens(list(numbering), numbers[kept], bounds)
