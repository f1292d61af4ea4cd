"""The one place that asks what time it is. Everything else is handed the time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the current instant, aware, in UTC."""


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)
