"""Cells of a table that leaves the house and is opened in a spreadsheet: nothing in it may be taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the wide ones count too
"""What a spreadsheet may take for the beginning of a formula. Source: OWASP, 'CSV Injection'."""


def harmless(cell: object) -> str:
    """A cell as text that no spreadsheet calculates: with an apostrophe before what would begin a formula. None is empty; a number is itself."""
    if cell is None:
        return ""
    written = str(cell)
    return f"'{written}" if written.startswith(FORMULA) and not isinstance(cell, int | float) else written


def as_csv(rows: Iterable[Iterable[object]]) -> str:
    """Rows as a CSV file (RFC 4180) that Excel reads as UTF-8, every cell harmless."""
    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell) for cell in row] for row in rows)
    return f"\ufeff{out.getvalue()}"
