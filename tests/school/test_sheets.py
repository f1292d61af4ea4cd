"""Cells that leave the house are never taken for a formula."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from school.sheets import FORMULA, as_csv, harmless


@pytest.mark.parametrize("begins", FORMULA)
def test_what_would_begin_a_formula_gets_an_apostrophe(begins: str) -> None:
    assert harmless(f"{begins}HYPERLINK(1)") == f"'{begins}HYPERLINK(1)"


@pytest.mark.parametrize("cell, written", [("Ana", "Ana"), ("a=b", "a=b"), (12, "12"), (-3, "-3"), (None, ""), ("", ""), ("'=1", "'=1")])
def test_all_else_stays_as_it_is(cell: object, written: str) -> None:
    assert harmless(cell) == written


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), min_size=2), min_size=1))
def test_a_sheet_reads_back_and_holds_no_formula(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(as_csv(rows).removeprefix("\ufeff"), newline="")))
    assert read == [[harmless(cell) for cell in row] for row in rows]
    assert not any(cell.startswith(FORMULA) for row in read for cell in row)
