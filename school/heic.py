"""A HEIC picture without what the camera wrote into it: where it was taken, when, by which telephone.

Such a picture is coded video (HEVC), which nothing light can decode and make anew. It need not be: what the camera wrote stands apart from the picture, as
items of their own in a file of boxes (ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12, annex A). They are overwritten where they stand, so that no place changes.
Which way up it is, is not among them: that is a property of the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_EMPTY_EXIF: Final = b"\0\0\0\0" + b"MM\0*" + b"\0\0\0\x08" + b"\0\0" + b"\0\0\0\0"
"""Where the TIFF begins, its head, and a directory of nothing."""
_TOLD: Final = (b"Exif", b"mime", b"uri ")
"""Types of items that are no picture: Exif, XMP and whatever else is written in words."""
_MOST_BOXES: Final = 10_000


class Unreadable(ValueError):
    """It begins as HEIC and its boxes do not hold together."""


def without_what_the_camera_wrote(content: bytes) -> bytes:
    """The same picture, of the same length, in which what is written in words is overwritten. Raises Unreadable."""
    meta = next((box for box in _boxes(content, 0, len(content)) if box.kind == b"meta"), None)
    if meta is None:
        raise Unreadable("meta")
    inner = {box.kind: box for box in _boxes(content, meta.begins + 4, meta.ends)}
    if b"iinf" not in inner or b"iloc" not in inner:
        raise Unreadable("items")
    told = dict(_written(content, inner[b"iinf"]))
    data = inner.get(b"idat")
    blanked = bytearray(content)
    for item, method, at, size in _places(content, inner[b"iloc"]):
        if item not in told:
            continue
        if method not in (0, 1) or (method == 1 and data is None):
            raise Unreadable("place")
        begins = at + (data.begins if method == 1 and data is not None else 0)
        ends = begins + size if size else len(content)
        if ends > len(content):
            raise Unreadable("place")
        blanked[begins:ends] = _nothing(told[item], ends - begins)
    return bytes(blanked)


def _nothing(kind: bytes, size: int) -> bytes:
    if kind == b"Exif" and size >= len(_EMPTY_EXIF):
        return _EMPTY_EXIF.ljust(size, b"\0")
    return b" " * size if kind == b"mime" else bytes(size)


@dataclass(frozen=True)
class _Box:
    """A box: its type, and where its content begins and ends."""

    kind: bytes
    begins: int
    ends: int


def _boxes(content: bytes, at: int, end: int) -> Iterator[_Box]:
    for _ in range(_MOST_BOXES):
        if at >= end:
            return
        size, kind, begins = _number(content, at, 4), content[at + 4 : at + 8], at + 8
        if size == 1:
            size, begins = _number(content, at + 8, 8), at + 16
        ends = at + size if size else end
        if ends > end or ends < begins:
            raise Unreadable("box")
        yield _Box(kind, begins, ends)
        at = ends
    raise Unreadable("boxes")


def _number(content: bytes, at: int, size: int) -> int:
    """An unsigned number of so many bytes, the highest first."""
    if at + size > len(content):
        raise Unreadable("end")
    return int.from_bytes(content[at : at + size], "big")


def _written(content: bytes, box: _Box) -> Iterator[tuple[int, bytes]]:
    """The items that are written in words, with their types. Before version 2 an entry had no type and was all that; no camera writes that."""
    wide = _number(content, box.begins, 1) > 0
    for entry in _boxes(content, box.begins + (8 if wide else 6), box.ends):
        version = _number(content, entry.begins, 1)
        if entry.kind != b"infe" or version not in (2, 3):
            raise Unreadable("entry")
        size = 4 if version == 3 else 2
        kind = content[entry.begins + 4 + size + 2 : entry.begins + 4 + size + 6]
        if kind in _TOLD:
            yield _number(content, entry.begins + 4, size), kind


def _places(content: bytes, box: _Box) -> Iterator[tuple[int, int, int, int]]:
    """Of every item its id, how its place is counted (0 from the file's beginning, 1 from the box of small data), and each extent's place and length."""
    at, version = box.begins + 4, _number(content, box.begins, 1)
    if version > 2:
        raise Unreadable("iloc")
    sizes = _number(content, at, 2)
    offset_size, length_size, base_size, index_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, (sizes & 15) if version else 0
    wide = 4 if version == 2 else 2
    count, at = _number(content, at + 2, wide), at + 2 + wide
    for _ in range(count):
        item, at = _number(content, at, wide), at + wide
        method, at = (_number(content, at, 2) & 15, at + 2) if version else (0, at)
        base, at = _number(content, at + 2, base_size), at + 2 + base_size
        extents, at = _number(content, at, 2), at + 2
        for _ in range(extents):
            offset, at = _number(content, at + index_size, offset_size), at + index_size + offset_size
            length, at = _number(content, at, length_size), at + length_size
            yield item, method, base + offset, length
