"""The ways in which readers may receive their digests.

What carries a digest is the top app's business; it offers its channels here when it starts, so
that the preferences and the admin show them and this app need not know of each.
"""

from dataclasses import dataclass

from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Way:
    """One way to receive digests."""

    value: str
    """What `Subscriber.receives_by` holds, at most 20 characters."""
    label: StrOrPromise
    is_mail: bool


_ways: dict[str, Way] = {}


def offer(way: Way) -> None:
    """Let readers choose this way; offered again, it takes the place of the one before."""
    _ways[way.value] = way


def choices() -> list[tuple[str, StrOrPromise]]:
    """Value and label of every way, in the order in which they were offered."""
    return [(way.value, way.label) for way in _ways.values()]


def is_mail(value: str) -> bool:
    """Whether digests that are received so are emailed; of an unknown way it is not assumed."""
    return value in _ways and _ways[value].is_mail
