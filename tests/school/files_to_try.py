"""Files as they come from phones, and as someone with bad intent would make them."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

RED, BLUE = (220, 20, 30), (20, 30, 220)


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **how: object) -> bytes:
    """A picture, its left half red and its right half blue."""
    made = Image.new("RGB", size, RED)
    made.paste(BLUE, (size[0] // 2, 0, size[0], size[1]))
    out, made = io.BytesIO(), made.convert(mode)
    if mode == "RGBA":
        made.putalpha(200)
    made.save(out, kind, **how)
    return out.getvalue()


def photo_of_a_phone(size: tuple[int, int] = (64, 48)) -> bytes:
    """A photo taken with the phone on its side: turned by a mark, with the place, the phone and a comment in it."""
    exif = Image.Exif()
    exif[Base.Orientation] = 6  # to be turned a quarter clockwise
    exif[Base.Model] = "SECRET PHONE"
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (51.0, 4.0, 51.0)
    return picture(size=size, exif=exif, comment=b"SECRET COMMENT")


def bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of some bytes that claims 2,500 million pixels."""
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + _chunk(b"IDAT", zlib.compress(b"\0" * 100))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def box(name: bytes, *content: bytes) -> bytes:
    """One box of an MP4."""
    whole = b"".join(content)
    return struct.pack(">I", len(whole) + 8) + name + whole


def mp4(brand: bytes, *tracks: bytes, also: bytes = b"isom") -> bytes:
    """An MP4 of a brand with tracks of these kinds ('soun', 'vide')."""
    handlers = [box(b"trak", box(b"mdia", box(b"hdlr", bytes(8) + kind + bytes(12)))) for kind in tracks]
    return box(b"ftyp", brand + bytes(4) + also) + box(b"moov", *handlers)


VOICE = b"OggS\0\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x01" + bytes(200)
MP3 = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + b"\xff\xfb\x90\x64" + bytes(100)
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"
AMR = b"#!AMR\n" + bytes(40)
HTML = b"<!doctype html><script>alert(document.cookie)</script>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
