"""A picture made safe to keep and to show: upright, not too large, and without what the camera wrote into it, such as where it was taken.

What decodes pictures is native code, and they come from anyone in the world: so each is read in a process of its own, with little memory and time, that holds
no secret, no database and no socket but its pipes (`pictures_worker.py`).
"""

from __future__ import annotations

import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from school.file_kinds import PICTURES, Why

_WORKER = Path(__file__).with_name("pictures_worker.py")
_PATIENCE = 8.0  # seconds, less than a server may take to stop; a photo of 12 million pixels takes half of one
_HEAD = struct.Struct(">cII")
_WHY = {3: Why.BROKEN, 4: Why.PIXELS}


@dataclass(frozen=True)
class Picture:
    """A picture made anew, and its thumbnail, a JPEG of at most 320 pixels a side."""

    media_type: str
    content: bytes
    thumbnail: bytes


def made_anew(content: bytes, media_type: str) -> Picture | Why:
    """The picture as it is kept, or why it is not. JPEG and WebP become JPEG, PNG and GIF (its first frame) PNG, at most 2,560 pixels a side."""
    command = [sys.executable, "-I", str(_WORKER), PICTURES[media_type]]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=_PATIENCE, env={}, check=False)  # noqa: S603  # our own worker
    except subprocess.TimeoutExpired:
        return Why.BROKEN
    if done.returncode != 0 or len(done.stdout) < _HEAD.size:
        return _WHY.get(done.returncode, Why.BROKEN)
    letter, whole, small = _HEAD.unpack_from(done.stdout)
    first, second = done.stdout[_HEAD.size : _HEAD.size + whole], done.stdout[_HEAD.size + whole : _HEAD.size + whole + small]
    return Picture("image/png" if letter == b"P" else "image/jpeg", first, second)
