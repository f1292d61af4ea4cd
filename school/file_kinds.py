"""What a file is, told from its content alone: what a sender, a browser or a provider says of it is never believed.

Sources: the signatures in each format's own specification; RFC 6381 and ISO 14496-12 for the family of MP4; RFC 7845 for Opus in Ogg.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Final


class Why(StrEnum):
    """Why a file is not kept."""

    KIND = "kind"  # of no kind that is kept
    BROKEN = "broken"  # it begins like one and cannot be read
    PIXELS = "pixels"  # a picture of so many that only reading it would be an attack


ENDINGS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/heic": "heic",
    "application/pdf": "pdf",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/amr": "amr",
    "audio/amr-wb": "awb",
    "audio/3gpp": "3gp",
    "video/3gpp": "3gp",
}
"""The media types that are kept, and how their files are called."""
PICTURES: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}
"""Those that can be read here, by Pillow's names."""
STEM: Final = 80
"""The longest name that is kept of a file, without its ending."""

_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"#!AMR\n", "audio/amr"),
    (b"#!AMR-WB\n", "audio/amr-wb"),
)
_HEIC: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
_ANY_HEIF: Final = (b"mif1", b"msf1")
_SPOKEN: Final = (b"OpusHead", b"\x01vorbis", b"Speex   ")
_KEPT_CATEGORIES: Final = frozenset("LMN")  # letters, marks, digits
_KEPT_SIGNS: Final = frozenset(" ._-()")


def media_type(content: bytes) -> str:
    """The media type of one that is kept, or 'video/mp4'; empty for anything else, HTML and SVG among it."""
    found = next((kind for signature, kind in _SIGNATURES if content.startswith(signature)), "")
    if found:
        return found
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp":
        return _of_mp4_family(content)
    if content[:4] == b"OggS":
        return "audio/ogg" if any(codec in content[:200] for codec in _SPOKEN) else ""
    return "audio/mpeg" if _is_mp3(content) else ""


def _of_mp4_family(content: bytes) -> str:
    """A box of type 'ftyp' names the brands; whether there is a moving picture in it stands in its tracks' handlers."""
    length = int.from_bytes(content[:4], "big")
    brands = {content[8:12], *(content[at : at + 4] for at in range(16, min(length, 256), 4))}
    if brands.intersection(_HEIC) or (brands.intersection(_ANY_HEIF) and b"avif" not in brands):
        return "image/heic"
    has_pictures, has_sound = _has_track(content, b"vide"), _has_track(content, b"soun")
    if any(brand.startswith((b"3gp", b"3g2")) for brand in brands):
        return "video/3gpp" if has_pictures else "audio/3gpp"
    if has_pictures:
        return "video/mp4"
    return "audio/mp4" if has_sound else ""


def _has_track(content: bytes, kind: bytes) -> bool:
    """Whether a handler of this kind is there: in the box 'hdlr', eight bytes after its name."""
    return re.search(rb"hdlr.{8}" + kind, content, re.DOTALL) is not None


def _is_mp3(content: bytes) -> bool:
    """A frame of MPEG layer III at the beginning, or after an ID3 tag, whose length has seven bits a byte."""
    at = 0
    if content[:3] == b"ID3" and len(content) > 10:
        at = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))
    head = content[at : at + 3]
    if len(head) < 3 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer, rate, frequency = (head[1] >> 3) & 3, (head[1] >> 1) & 3, head[2] >> 4, (head[2] >> 2) & 3
    return version != 1 and layer == 1 and rate not in {0, 15} and frequency != 3


def clean_name(name: str, kind: str) -> str:
    """A name that any computer takes and that shows what it is: no path, no control or direction signs, the ending of its media type `kind`.

    What has no name is called by what it is: 'photo.jpg', 'voice.ogg', 'document.pdf'.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    stem = last.rpartition(".")[0] or last
    kept = "".join(char for char in stem if char in _KEPT_SIGNS or unicodedata.category(char)[0] in _KEPT_CATEGORIES)
    tidy = re.sub(r" {2,}", " ", re.sub(r"\.{2,}", ".", kept)).strip(" ._-")[:STEM].strip(" ._-")
    return f"{tidy or _usual(kind)}.{ENDINGS[kind]}"


def _usual(kind: str) -> str:
    return {"image": "photo", "audio": "voice", "video": "video"}.get(kind.partition("/")[0], "document")
