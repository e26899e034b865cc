"""What readers follow of their own, told from above: this app knows nothing of readers.

Who runs the readers' side tells once, when the site starts, how to ask; until somebody did, nobody
follows anything.
"""

from collections.abc import Callable, Iterable

Followed = tuple[str, int]
"""A phrase, and about how many readers follow it."""

Ask = Callable[[], Iterable[Followed]]


def _nothing() -> Iterable[Followed]:
    return ()


_ask: Ask = _nothing


def tell_followed(ask: Ask) -> None:
    """Have `followed_phrases` ask there.

    ``ask`` gives only phrases that many readers share, with rounded numbers: what few follow may
    be somebody's own name.
    """
    global _ask
    _ask = ask


def followed_phrases() -> tuple[Followed, ...]:
    """Return what many readers follow; nothing where nobody told."""
    return tuple(_ask())
