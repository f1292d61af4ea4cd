"""Who saw and changed what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import Response

from console.desk import Desk, Form
from console.pages import Page
from school import LONDON, audit, staff
from school.access import Power
from school.audit import AuditEntry
from school.sheets import as_csv

page = Page("audit", "Audit", order=90, powers=frozenset({Power.AUDIT}))

MOST_EXPORTED = 20_000
"""Rows of one export: whoever needs more chooses days."""
FIELDS = ("staff", "about", "id", "day", "changes")


@page.get()
def show(desk: Desk) -> Response:
    """The newest entries first, of those that are looked for."""
    day = _day(desk.query)
    rows = audit.entries(desk.school, **_wanted(desk.query), before=desk.query.number("before"), limit=audit.PAGE + 1)
    shown = rows[: audit.PAGE]
    return desk.render(
        "audit/list.html",
        rows=shown,
        names=audit.names(desk.school, desk.viewer, shown),
        what=_what,
        about_of=_about,
        detail=_detail,
        staff=staff.all_ever(desk.school),
        kinds=audit.ABOUT,
        query=desk.query,
        day=day,
        is_wrong_day=bool(desk.query.text("day", 20)) and day is None,
        older=_address(desk.query, before=shown[-1].id) if len(rows) > audit.PAGE else None,
        export=_address(desk.query, "/export.csv"),
        most=MOST_EXPORTED,
    )


@page.get("/export.csv")
def export(desk: Desk) -> Response:
    """What is looked for, as a sheet. That it was taken is in the audit too."""
    rows = audit.entries(desk.school, **_wanted(desk.query), limit=MOST_EXPORTED)
    names = audit.names(desk.school, desk.viewer, rows)
    desk.saw("audit", 0)
    head = ("when", "who", "what", "about", "number", "name", "more")
    sheet = as_csv([head, *(_cells(row, names.get((row.about, row.about_id or 0), "")) for row in rows)])
    named = f'attachment; filename="audit-{desk.school.today}.csv"'
    return Response(sheet, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": named})


def _cells(row: AuditEntry, name: str) -> Sequence[object]:
    at = row.at.astimezone(LONDON).isoformat(sep=" ", timespec="seconds")
    return at, row.who, _what(row), _about(row), row.about_id, name, _detail(row)


def _wanted(query: Form) -> dict[str, Any]:
    about, day = query.text("about", 30), _day(query)
    since = datetime.combine(day, time(), LONDON) if day else None
    until = datetime.combine(day + timedelta(days=1), time(), LONDON) if day else None
    return {
        "staff_id": query.number("staff"),
        "about": (about, query.number("id")) if about else None,
        "since": since,
        "until": until,
        "changes_only": query.has("changes"),
    }


def _day(query: Form) -> date | None:
    """The day that is looked at; None for all, and for what is no day of a year that there can be."""
    try:
        day = date.fromisoformat(query.text("day", 10))
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None


def _address(query: Form, path: str = "", **more: object) -> str:
    told = {name: query.text(name, 30) for name in FIELDS} | {name: str(value) for name, value in more.items()}
    filled = urlencode({name: value for name, value in told.items() if value})
    return f"{page.href}{path}" + (f"?{filled}" if filled else "")


def _what(row: AuditEntry) -> str:
    return audit.ACTIONS.get(row.action, row.action)


def _about(row: AuditEntry) -> str:
    return audit.ABOUT.get(row.about, row.about.replace("_", " "))


def _detail(row: AuditEntry) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in row.detail.items())
