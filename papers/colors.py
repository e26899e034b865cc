"""Colors as hex codes: how well one can be read on another (WCAG 2.2), and which shade of one can.

The backgrounds are those of the pages and of the emails, in the light and in the dark scheme; the
stylesheet and the emails' templates have the same ones.
"""

import colorsys
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Scheme = Literal["light", "dark"]

READABLE = 4.5
"""The contrast that text needs: WCAG 2.2, success criterion 1.4.3 (AA)."""

VISIBLE = 3.0
"""The contrast that a part of a picture needs: success criterion 1.4.11."""

COMFORTABLE = 7.0
"""The contrast of a dark scheme's color that is made from the light one's (1.4.6, AAA)."""

_MORE = 10.0
"""The contrast for who asks for more of it."""

_HEX = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Surface:
    """A color that the accent is seen with, and where."""

    color: str
    where: str


BACKGROUNDS: dict[Scheme, tuple[Surface, ...]] = {
    "light": (
        Surface("#fbf9f4", "the pages"),
        Surface("#f3efe4", "panels on the pages"),
        Surface("#fdfcf8", "emails"),
    ),
    "dark": (
        Surface("#161512", "the pages"),
        Surface("#211f1a", "panels on the pages"),
        Surface("#191815", "emails"),
    ),
}

ON_ACCENT: dict[Scheme, tuple[Surface, ...]] = {
    "light": (
        Surface("#fffaf2", "the words on the pages’ buttons"),
        Surface("#ffffff", "the words on the emails’ button"),
    ),
    "dark": (Surface("#161512", "the words on the pages’ buttons"),),
}
"""What is written on the accent; an email's button is of the light one in both schemes."""


def normal(text: str) -> str:
    """A hex code as "#rrggbb", from "#RGB", "rrggbb" and the like. Raises `ValueError`."""
    code = text.strip().lower().removeprefix("#")
    if len(code) == 3:
        code = "".join(letter * 2 for letter in code)
    if not _HEX.fullmatch(f"#{code}"):
        raise ValueError(f"{text!r} isn't a hex code")
    return f"#{code}"


def channels(color: str) -> tuple[float, float, float]:
    """Red, green and blue from 0 to 1, of "#rrggbb"."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def luminance(color: str) -> float:
    """The relative luminance from 0 (black) to 1 (white), as WCAG 2.2 defines it."""
    return luminance_of(*channels(color))


def luminance_of(red: float, green: float, blue: float) -> float:
    """The relative luminance of red, green and blue, each from 0 to 1."""
    parts = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (red, green, blue)
    )
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colors, from 1 to 21."""
    return ratio(luminance(one), luminance(other))


def ratio(one: float, other: float) -> float:
    """The contrast ratio of two luminances."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def weakest(color: str, scheme: Scheme) -> tuple[float, Surface]:
    """The lowest contrast that an accent has in a scheme, and with what."""
    surfaces = (*BACKGROUNDS[scheme], *ON_ACCENT[scheme])
    return min(
        ((contrast(color, surface.color), surface) for surface in surfaces),
        key=lambda found: found[0],
    )


def readable(color: str, scheme: Scheme, least: float = READABLE) -> str:
    """The color, or the nearest shade of it whose contrast in the scheme is at least `least`."""
    for shade in _shades(color, darker=scheme == "light"):
        if weakest(shade, scheme)[0] >= least:
            return shade
    return "#000000" if scheme == "light" else "#ffffff"


def dark_from(light: str) -> str:
    """The accent for the dark scheme: the light one's hue, as bright as is comfortable to read."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*channels(light))
    return readable(
        _hex(hue, max(lightness, 0.55), min(saturation, 0.8)), "dark", least=COMFORTABLE
    )


def stronger(color: str, scheme: Scheme) -> str:
    """The accent for who asks for more contrast, on plain white or black."""
    plain = "#ffffff" if scheme == "light" else "#000000"
    for shade in _shades(color, darker=scheme == "light"):
        if contrast(shade, plain) >= _MORE:
            return shade
    return "#000000" if scheme == "light" else "#ffffff"


def _shades(color: str, *, darker: bool) -> Iterator[str]:
    """The color, and shades of it further and further away."""
    yield color
    hue, lightness, saturation = colorsys.rgb_to_hls(*channels(color))
    step = -0.005 if darker else 0.005
    while 0 <= (lightness := lightness + step) <= 1:
        yield _hex(hue, lightness, saturation)


def _hex(hue: float, lightness: float, saturation: float) -> str:
    parts = colorsys.hls_to_rgb(hue, lightness, saturation)
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
