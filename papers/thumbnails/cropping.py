"""From a file that somebody else made to the small picture that our pages and mails show.

What the file is, its content decides: not its name, nor what the server called it. It is decoded
by one of four well-tried readers or not at all, and nothing of it but its pixels is kept.
"""

import hashlib
import io
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
"""What is read. SVG is not: it is a program for a browser rather than a picture."""

MOST_PIXELS = 20_000_000
"""A file that unpacks to more is refused before it is unpacked; some 80 MB of memory."""

LARGEST = (416, 234)
"""Width and height in pixels, as the day's first paper, a paper's page and mails show it."""

SMALL = (192, 108)
"""Those of the one beside each paper of a list: nearly twice as many as its place has."""

NARROWEST = 96
"""Pixels; what is narrower once cropped is a symbol and no picture of a paper."""

AIM, SMALL_AIM = 9_000, 2_500
"""Bytes: coarser compression is tried until a picture is no larger, if it gets there. A day's page
shows five of them at once, and must come quickly over a poor line.
"""

QUALITIES = (75, 65, 55, 45, 35)

# A second fence around whatever reads a picture in this process, now or later.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class BadPicture(ValueError):
    """The file cannot become a thumbnail; the text says why."""


@dataclass(frozen=True, slots=True)
class Cropped:
    """A thumbnail in two sizes as JPEGs, which every mail program shows."""

    image: bytes
    small: bytes
    width: int
    height: int

    @property
    def digest(self) -> str:
        """Eight characters that differ between different pictures."""
        return hashlib.sha256(self.image).hexdigest()[:8]


def cropped(data: bytes) -> Cropped:
    """The middle of the picture in `data` at 16:9, at most `LARGEST`; the first of an animation.

    Raises `BadPicture` for anything but a whole picture of moderate size.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise BadPicture(
                    f"The picture is too large: {picture.width} × {picture.height} pixels."
                )
            whole = _fitted(picture)
    except Image.DecompressionBombError:
        raise BadPicture("The picture has too many pixels.") from None
    except UnidentifiedImageError:
        raise BadPicture("The file isn't a JPEG, PNG, WebP or GIF.") from None
    except BadPicture:
        raise
    except Exception as error:  # readers of broken files raise whatever they stumble over
        raise BadPicture(f"The picture is broken ({type(error).__name__}).") from error
    smaller = ImageOps.contain(whole, SMALL, Image.Resampling.LANCZOS)
    if whole.width <= SMALL[0]:
        smaller = whole
    return Cropped(_packed(whole, AIM), _packed(smaller, SMALL_AIM), *whole.size)


def _fitted(picture: Image.Image) -> Image.Image:
    """The pixels alone, upright, on white, cropped and made smaller but never larger."""
    if picture.format == "JPEG":
        # Decoding to a fraction of the size is quicker and takes less memory.
        picture.draft("RGB", (2 * LARGEST[0], 2 * LARGEST[0]))
    upright = ImageOps.exif_transpose(picture)
    if "transparency" in upright.info or upright.mode in {"RGBA", "LA", "PA", "La", "RGBa"}:
        upright = upright.convert("RGBA")
    else:
        upright = upright.convert("RGB")
    width = min(LARGEST[0], upright.width, upright.height * 16 // 9)
    if width < NARROWEST:
        raise BadPicture(f"The picture is too small: {upright.width} × {upright.height} pixels.")
    fitted = ImageOps.fit(upright, (width, round(width * 9 / 16)), Image.Resampling.LANCZOS)
    # A new picture, since the old one drags along comments, profiles and whatever else it held.
    bare = Image.new("RGB", fitted.size, "white")
    bare.paste(fitted, mask=fitted if fitted.mode == "RGBA" else None)
    return bare


def _packed(picture: Image.Image, aim: int) -> bytes:
    packed = b""
    for quality in QUALITIES:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
        packed = file.getvalue()
        if len(packed) <= aim:
            break
    return packed
