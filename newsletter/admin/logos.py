"""A logo from a file that somebody uploaded: read, checked and drawn again, so that nothing of the
file itself is ever served.
"""

import base64
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from PIL import Image, ImageOps

from papers import colors
from papers.models import SiteLogo
from papers.site import Logo

MOST_BYTES = 2_000_000
"""Of the file."""

MOST_PIXELS = 12_000_000
MOST_SERVED = 200_000
"""Bytes of the picture that is served."""

BOX = (600, 144)
"""Pixels that it is fitted into. It is shown at half of that: 300 by 72 at most."""

LOWEST = 48
"""Pixels of height, at least: shown, 24."""

WIDEST = 12
"""How many times as wide as high, at most."""

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")

ENOUGH = 0.2
"""Of a logo's visible pixels so many must stand out from the background."""

_PADDING = 12
_OPAQUE = 128
_SAMPLE = (120, 120)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The picture that will be served."""

    image: bytes
    width: int
    height: int
    has_background: bool
    """Whether it was given a light one, because it hardly shows on a dark page."""

    @property
    def digest(self) -> str:
        """What stands in its address."""
        return hashlib.sha256(self.image).hexdigest()[:20]

    def shown(self) -> Logo:
        """As pages and emails show it, once it is stored."""
        return Logo(self.digest, self.width, self.height)

    def put_into(self, html: str) -> str:
        """HTML that shows it, with the picture itself in place of its address: for a preview before
        it is stored.
        """
        data = f"data:image/png;base64,{base64.b64encode(self.image).decode()}"
        logo = self.shown()
        return html.replace(logo.address, data).replace(logo.path, data)

    def stored(self) -> SiteLogo:
        """Its row; one for the same picture."""
        row, _ = SiteLogo.objects.get_or_create(
            digest=self.digest,
            defaults={"image": self.image, "width": self.width, "height": self.height},
        )
        return row


def drawn(file: Any) -> Drawn:
    """The logo in an uploaded file. Raises `ValidationError`, which says what to do instead."""
    if file.size > MOST_BYTES:
        raise ValidationError(
            f"The file has {file.size / 1_000_000:.1f} MB; at most {MOST_BYTES // 1_000_000} MB."
        )
    data = file.read()
    if data.lstrip()[:5].lower() in (b"<?xml", b"<svg ", b"<svg>", b"<!doc"):
        raise ValidationError(
            "SVG isn’t taken: it can hold scripts, and most email apps don’t show it. Export the "
            "logo as PNG, at least 144 pixels high."
        )
    picture = _opened(data)
    _check_size(picture)
    whole = ImageOps.exif_transpose(picture).convert("RGBA")
    # What has no transparent part brings its own background.
    is_opaque = min(whole.getchannel("A").tobytes()) >= _OPAQUE
    box = whole.getchannel("A").getbbox()
    if box is None:
        raise ValidationError("The picture is wholly transparent.")
    fitted = whole.crop(box)
    _check_size(fitted)
    fitted.thumbnail(BOX, Image.Resampling.LANCZOS)
    if not is_opaque and _standing_out(fitted, "light") < ENOUGH:
        raise ValidationError(
            f"The logo hardly shows on the light background {_background('light')}: nearly all of "
            f"it has a contrast below {colors.VISIBLE:.0f}:1. Upload a darker one, or one with a "
            "background of its own."
        )
    has_background = not is_opaque and _standing_out(fitted, "dark") < ENOUGH
    if has_background:
        fitted = _on_light(fitted)
    image = _packed(fitted)
    return Drawn(image, fitted.width, fitted.height, has_background)


def _opened(data: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        if picture.width * picture.height > MOST_PIXELS:
            raise ValidationError(
                f"The picture has {picture.width} × {picture.height} pixels. Make it smaller: "
                f"{BOX[0]} × {BOX[1]} are enough."
            )
        picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise ValidationError(
            "This isn’t a picture that can be read. Upload a PNG, JPEG, WebP or GIF file."
        ) from None
    return picture


def _check_size(picture: Image.Image) -> None:
    width, height = picture.size
    if height < LOWEST or width < LOWEST:
        raise ValidationError(
            f"The logo has {width} × {height} pixels without its transparent edge; at least "
            f"{LOWEST} × {LOWEST} are needed, and 144 in height are best."
        )
    if width > WIDEST * height:
        raise ValidationError(
            f"The logo is {width / height:.0f} times as wide as it is high, at most {WIDEST} times "
            "fits a phone. Upload a shorter one."
        )


def _background(scheme: colors.Scheme) -> str:
    return colors.BACKGROUNDS[scheme][0].color


def _standing_out(picture: Image.Image, scheme: colors.Scheme) -> float:
    """Which part of the visible pixels can be told from the background."""
    small = picture.copy()
    small.thumbnail(_SAMPLE)
    behind = colors.luminance(_background(scheme))
    seen = [
        colors.ratio(colors.luminance_of(red / 255, green / 255, blue / 255), behind)
        >= colors.VISIBLE
        for red, green, blue, alpha in _pixels(small)
        if alpha >= _OPAQUE
    ]
    return sum(seen) / len(seen) if seen else 0.0


def _pixels(picture: Image.Image) -> Iterator[tuple[int, int, int, int]]:
    """Red, green, blue and alpha of each."""
    flat = iter(picture.tobytes())
    return zip(flat, flat, flat, flat, strict=True)


def _on_light(picture: Image.Image) -> Image.Image:
    """The logo on the light pages' color, with room around it."""
    size = (picture.width + 2 * _PADDING, picture.height + 2 * _PADDING)
    sheet = Image.new("RGBA", size, _background("light"))
    sheet.alpha_composite(picture, (_PADDING, _PADDING))
    return sheet


def _packed(picture: Image.Image) -> bytes:
    """A PNG, of fewer colors where it would be large otherwise."""
    for one in (picture, picture.quantize(256), picture.quantize(32)):
        data = io.BytesIO()
        one.save(data, "PNG", optimize=True)
        if len(data.getvalue()) <= MOST_SERVED:
            return data.getvalue()
    raise ValidationError("The logo is too detailed to be small. Upload a simpler one.")
