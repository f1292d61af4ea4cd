"""Where the tests keep what they throw away: in memory, where there is room. They kill processes, never the power: no flush of a disk proves anything."""

from __future__ import annotations

import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH = 3_000_000_000
"""Bytes that must be free: the tests of all cores need some hundreds of millions at once."""
ELSEWHERE = Path("/tmp")
"""A short path that every user may read: a socket's path is short, and PostgreSQL runs as another user."""


def folder() -> Path:
    """Memory that looks like a folder, or /tmp where there is none, or too little."""
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ENOUGH
    return MEMORY if is_roomy else ELSEWHERE
