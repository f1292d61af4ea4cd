"""Files that go along with a message, or that a link in it opens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """A small file. `path` is where it can be fetched for a while without a log-in: unguessable and nameless."""

    name: str
    media_type: str
    content: bytes
    path: str
