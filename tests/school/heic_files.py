"""HEIC as it comes from a telephone, as far as its boxes go."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

GPS = 0x8825


@cache
def photo() -> bytes:
    """A picture in HEIC's boxes, with a place, an instant and a telephone's name in it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0132] = "A telephone", "2026:03:02 08:50:00"
    place = ImageFileDirectory_v2()
    place[1], place[0x1D], place[0x1B] = "N", "2026:03:02", b"51 deg 31"
    exif[GPS] = dict(place)
    out = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(out, "AVIF", exif=exif, xmp=b"<x:xmpmeta>taken near the canal</x:xmpmeta>", quality=60)
    return _called(out.getvalue(), b"avif", b"heic")


def as_avif(content: bytes) -> bytes:
    """The same, called what it is."""
    return _called(content, b"heic", b"avif")


def _called(content: bytes, before: bytes, after: bytes) -> bytes:
    head = int.from_bytes(content[:4], "big")
    return content[:head].replace(before, after) + content[head:]
