"""Who saw and changed what: who may look, the filters, and a copy that no spreadsheet calculates."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from school import School, audit, demo
from tests.console.staff import Console


def wrote(console: Console, who: str, action: str, about: str = "", about_id: int | None = None, days_ago: int = 0, **detail: str) -> None:
    with console.world.house.store.write() as session:
        school = School(session, console.world.moment - timedelta(days=days_ago))
        audit.changed(school, demo.member(school, who), action, about, about_id, **detail)


def number_of(console: Console, name: str) -> int:
    with console.world.house.store.read() as session:
        return demo.adult(School(session, console.world.moment), name).id


@pytest.mark.parametrize("name, status", [("Mrs Hartley", 200), ("Mr Nasser", 200), ("Mrs Adebayo-Clarke", 200), ("Mr Penrose", 200)])
def test_those_who_answer_for_the_school_may_look(console: Console, name: str, status: int) -> None:
    console.as_(name).get("/console/audit", status)


@pytest.mark.parametrize("name", ["Mrs Doyle", "Ms Okafor", "Miss Turner", "Ms Duarte"])
def test_nobody_else_may(console: Console, name: str) -> None:
    browser = console.as_(name)
    browser.get("/console/audit", 404)
    browser.get("/console/audit/export.csv", 404)


def test_an_empty_audit_says_so(console: Console) -> None:
    assert "Nothing like that was seen or changed." in console.as_("Mrs Hartley").get("/console/audit?staff=999&about=child&id=3&changes=1")


def test_each_filter_narrows(console: Console) -> None:
    amina = number_of(console, "Amina")
    wrote(console, "Mrs Doyle", "saw", "adult", amina, days_ago=1)
    wrote(console, "Ms Okafor", "moved the thing", "appointment", 4)
    lead = console.as_("Mrs Hartley")
    rows = lead.get("/console/audit").partition("<tbody>")[2]
    assert rows.index("moved the thing") < rows.index("looked at")
    assert "Amina Yusuf" in rows
    for query, there, not_there in (
        ("changes=1", "moved the thing", "looked at"),
        (f"about=adult&id={amina}", "looked at", "moved the thing"),
        ("about=appointment", "moved the thing", "looked at"),
        ("day=2026-03-01", "looked at", "moved the thing"),
        ("day=2026-03-02", "moved the thing", "looked at"),
    ):
        rows = lead.get(f"/console/audit?{query}").partition("<tbody>")[2]
        assert there in rows
        assert not_there not in rows


def test_hostile_filters_change_nothing(console: Console) -> None:
    wrote(console, "Mrs Doyle", "<script>alert(1)</script>", "<b>", 1, note="<i>")
    lead = console.as_("Mrs Hartley")
    for query in ("day=<script>&about='--&id=x&staff=-1&before=zzz", "day=9999-12-31", "day=0001-01-01", ""):
        assert "<script>alert" not in lead.get(f"/console/audit?{query}")
    assert "That is no day." in lead.get("/console/audit?day=yesterday")


def test_a_long_audit_is_read_page_by_page(console: Console) -> None:
    for number in range(audit.PAGE + 3):
        wrote(console, "Mrs Doyle", f"did {number}.", days_ago=0)
    lead = console.as_("Mrs Hartley")
    first = lead.get("/console/audit?changes=1")
    older = first.split('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "changes=1" in older
    second = lead.get(older)
    assert ("did 3." in first, "did 2." in first, "did 2." in second, "did 3." in second) == (True, False, True, False)


def test_the_technician_learns_no_family_s_name(console: Console) -> None:
    wrote(console, "Mrs Doyle", "saw", "adult", number_of(console, "Amina"))
    technician = console.as_("Mr Penrose")
    assert "Yusuf" not in technician.get("/console/audit")
    assert "Yusuf" not in technician.get("/console/audit/export.csv")


def test_a_copy_holds_no_formula_and_is_itself_in_the_audit(console: Console) -> None:
    wrote(console, "Mrs Doyle", "=HYPERLINK(1)", "adult", number_of(console, "Amina"), note="x")
    lead = console.as_("Mrs Hartley")
    rows = list(csv.reader(io.StringIO(lead.get("/console/audit/export.csv?changes=1").removeprefix("\ufeff"))))
    assert rows[0] == ["when", "who", "what", "about", "number", "name", "more"]
    assert rows[1][1:] == ["Mrs Doyle", "'=HYPERLINK(1)", "parent or carer", str(number_of(console, "Amina")), "Amina Yusuf", "note: x"]
    assert "this audit" in lead.get("/console/audit").partition("<tbody>")[2]
