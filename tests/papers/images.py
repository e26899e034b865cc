"""Pictures as sources have them, made on the spot: good ones, and those made to do harm."""

import io
import random
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw


def picture(kind: str = "PNG", size: tuple[int, int] = (1200, 630), seed: int = 1, **how: Any):
    """Something like the first figure of a paper, as a file."""
    numbers = random.Random(seed)
    colour = tuple(numbers.randrange(60, 200) for _ in range(3))
    image = Image.new("RGB", size, (250, 250, 248))
    draw = ImageDraw.Draw(image)
    for _ in range(14):
        x, y = numbers.randrange(size[0]), numbers.randrange(size[1])
        wide, high = numbers.randrange(20 + size[0] // 3), numbers.randrange(20 + size[1] // 3)
        shade = tuple((part + numbers.randrange(90)) % 256 for part in colour)
        draw.rounded_rectangle((x, y, x + wide, y + high), 8, fill=shade, outline=(40, 40, 40))
        draw.line((x, y, numbers.randrange(size[0]), numbers.randrange(size[1])), (30, 30, 30), 4)
    return file_of(image, kind, **how)


def file_of(image: Image.Image, kind: str, **how: Any) -> bytes:
    """`image` as a file of that kind."""
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def bomb(side: int = 30_000) -> bytes:
    """A PNG of a few kilobytes that says it has `side` × `side` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        whole = name + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1_000_000), 9))
        + chunk(b"IEND", b"")
    )
