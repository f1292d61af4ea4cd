"""How long each of many took: every value is kept, so that no percentile is an estimate; and a histogram of them, in steps that a person can read."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final

SHARES: Final[Mapping[str, float]] = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
STEPS: Final = tuple(digit * 10**power for power in range(5) for digit in (1, 2, 5))
"""Milliseconds at which the histogram's bars end: 1, 2, 5, 10 … 50,000. What took longer is in a last one without an end."""


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed; 0 of none."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else 0.0


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Median to maximum, in milliseconds; of few, the rarest are the maximum."""
    told = {f"{name}_ms": round(quantile(seconds, share) * 1_000, 1) for name, share in SHARES.items()}
    return {**told, "max_ms": round(max(seconds, default=0.0) * 1_000, 1)}


def histogram(seconds: Sequence[float]) -> dict[str, int]:
    """How many took so many milliseconds at most, and more than the bar before; from the first bar that holds any to the last."""
    counts = [0] * (len(STEPS) + 1)
    for value in seconds:
        counts[bisect_left(STEPS, value * 1_000)] += 1
    named = dict(zip([*map(str, STEPS), "more"], counts, strict=True))
    begun = dict(itertools.dropwhile(lambda bar: not bar[1], named.items()))
    while begun and not begun[last := next(reversed(begun))]:
        del begun[last]
    return begun
