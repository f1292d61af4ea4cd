"""Sheets that leave the house as CSV: what a parent wrote must stay words in whatever opens them."""

from __future__ import annotations

FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With one of these a spreadsheet takes a cell for a formula, which may fetch or send. Source: OWASP, 'CSV Injection'."""


def harmless(cell: str) -> str:
    """The cell as text that no spreadsheet runs: an apostrophe before it, where it would be taken for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_BEGINS) else cell
