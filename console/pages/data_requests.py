"""What families ask about their own data: a copy, or erasure; due on a legal date, handed over or carried out here by a leading person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from school import access, data_requests, erasure, held, learnt, provider_deletions, retention
from school.access import Power
from school.data_requests import CHECKS, AlreadyDecided, DataRequest, DataRequestKind, DataRequestState, NotChecked, ReasonNeeded
from school.errors import NotThere
from school.families import Adult
from school.family_records import search

page = Page(
    "data",
    "Data requests",
    order=74,
    powers=frozenset({Power.DATA_REQUESTS}),
    waits=lambda desk: data_requests.count_open(desk.school) if desk.may(Power.DATA_REQUESTS) else 0,
)

KINDS: Mapping[str, str] = {DataRequestKind.COPY: "a copy", DataRequestKind.ERASURE: "erasure"}
STATES: Mapping[str, str] = {
    DataRequestState.OPEN: "not decided",
    DataRequestState.RELEASED: "done",
    DataRequestState.REFUSED: "refused",
    DataRequestState.WITHDRAWN: "taken back",
}
FOUND_AT_ONCE = 10
SOON = 7
"""Days before the legal date from when on a request is marked."""


@page.get()
def show(desk: Desk) -> Response:
    """What is asked, the nearest legal date first, what was decided, and the way to write down what was asked in person or by letter."""
    words = desk.query.text("q", 100)
    waiting = data_requests.open_requests(desk.school)
    for row in waiting:
        if row.adult_id is not None:
            desk.saw("adult", row.adult_id)
    found = [*search(desk.school, desk.viewer, words), *search(desk.school, desk.viewer, words, has_left=True)][:FOUND_AT_ONCE] if words else []
    left = {row.id: (row.due_on - desk.school.today).days for row in waiting}
    return desk.render(
        "data_requests/list.html",
        waiting=waiting,
        left=left,
        soon=SOON,
        decided=data_requests.decided(desk.school),
        kinds=KINDS,
        states=STATES,
        words=words,
        found=found,
        removed=retention.last(desk.school),
    )


@page.post("/ask")
def ask(desk: Desk) -> Response:
    """Someone asked in person, on the telephone or by letter: it counts from today."""
    adult = access.adult(desk.school, desk.viewer, desk.form.number("adult") or 0)
    kind = DataRequestKind.ERASURE if desk.form.text("kind", 10) == DataRequestKind.ERASURE else DataRequestKind.COPY
    made = data_requests.ask(desk.school, adult, kind, how="staff")
    desk.changed("wrote down a data request", "data request", made.id, kind=kind)
    return desk.to(f"{page.href}/{made.id}", f"Written down. The last day for an answer is {made.due_on.day} {made.due_on:%B %Y}.")


@page.get("/{request_id:int}")
def one(desk: Desk, request_id: int) -> Response:
    """One request: what is held and what is set aside from a copy; what an erasure would keep; or what became of it."""
    request = data_requests.find(desk.school, request_id)
    if request.state != DataRequestState.OPEN or request.adult is None:
        there = provider_deletions.of_request(desk.school, request)
        return desk.render("data_requests/report.html", request=request, kinds=KINDS, states=STATES, checks=CHECKS, there=there)
    desk.saw("adult", request.adult.id)
    found = held.export(desk.school, request.adult)
    return desk.render(
        "data_requests/show.html",
        request=request,
        kinds=KINDS,
        checks=CHECKS,
        counts={name: _count(section) for name, section in found.sections.items()},
        aside=found.aside,
        safeguarding=held.SAFEGUARDING,
        kept=erasure.KEPT,
        is_shared=data_requests.shares_a_phone(request.adult),
    )


@page.get("/{request_id:int}/copy")
def copy(desk: Desk, request_id: int) -> Response:
    """The copy, to be printed or as a file, with what was ticked of what is set aside. It changes nothing; that someone took it is in the audit."""
    request, adult = _open(desk, request_id, DataRequestKind.COPY)
    desk.saw("adult", adult.id)
    told = held.export(desk.school, adult).copy(frozenset(desk.query.all("with")))
    if desk.query.text("as", 10) == "file":
        content = json.dumps(told, ensure_ascii=False, indent=2).encode()
        return Response(content, media_type="application/json", headers={"Content-Disposition": f'attachment; filename="copy-{request.id}.json"'})
    return desk.render("data_requests/copy.html", request=request, told=told)


@page.post("/{request_id:int}/release")
def release(desk: Desk, request_id: int) -> Response:
    """The copy was handed over to whom it is about."""
    request, _ = _open(desk, request_id, DataRequestKind.COPY)
    try:
        data_requests.release_copy(desk.school, request, desk.viewer.staff, desk.form.text("checked", 10))
    except NotChecked:
        desk.wrong(lambda again: one(again, request_id), checked="Say how you know that it is them.")
    except AlreadyDecided as refusal:
        return _quicker(desk, request, refusal)
    desk.changed("handed over a copy", "data request", request.id, checked=request.checked)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{request_id}", "Handed over.")


@page.post("/{request_id:int}/erase")
def erase(desk: Desk, request_id: int) -> Response:
    """Erase them for good: their whole name is typed, so that nobody does it by mistake."""
    request, adult = _open(desk, request_id, DataRequestKind.ERASURE)
    if " ".join(desk.form.text("name", 200).split()).casefold() != " ".join(adult.name.split()).casefold():
        desk.wrong(lambda again: one(again, request_id), name=f"Type the whole name as it stands here: {adult.name}")
    try:
        data_requests.release_erasure(desk.school, request, desk.viewer.staff, desk.form.text("checked", 10))
    except NotChecked:
        desk.wrong(lambda again: one(again, request_id), checked="Say how you know that it is them.")
    except AlreadyDecided as refusal:
        return _quicker(desk, request, refusal)
    removed = learnt.to_forget(desk.school.session)
    desk.afterwards(lambda: desk.hooks.unlearn(removed))
    return desk.to(f"{page.href}/{request_id}", "Erased. This is the report.")


@page.post("/{request_id:int}/refuse")
def refuse(desk: Desk, request_id: int) -> Response:
    """It is not done, and why."""
    request = _open(desk, request_id, None)[0]
    try:
        data_requests.refuse(desk.school, request, desk.viewer.staff, desk.form.text("reason", data_requests.LONGEST_REASON))
    except ReasonNeeded:
        desk.wrong(lambda again: one(again, request_id), reason="Write down why. They have a right to be told.")
    except AlreadyDecided as refusal:
        return _quicker(desk, request, refusal)
    desk.changed("refused a data request", "data request", request.id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{request_id}", "Refused.")


@page.post("/{request_id:int}/withdraw")
def withdraw(desk: Desk, request_id: int) -> Response:
    """They do not want it any more."""
    request = _open(desk, request_id, None)[0]
    try:
        data_requests.withdraw(desk.school, request, desk.viewer.staff)
    except AlreadyDecided as refusal:
        return _quicker(desk, request, refusal)
    desk.changed("took back a data request", "data request", request.id)
    return desk.to(page.href, "Taken back.")


def _open(desk: Desk, request_id: int, kind: DataRequestKind | None) -> tuple[DataRequest, Adult]:
    """A request of this kind, or of any, and whose it is. Refuses with NotThere."""
    request = data_requests.find(desk.school, request_id)
    if request.adult is None or (kind is not None and request.kind != kind):
        raise NotThere
    return request, access.adult(desk.school, desk.viewer, request.adult.id)


def _quicker(desk: Desk, request: DataRequest, refusal: AlreadyDecided) -> Response:
    return desk.to(f"{page.href}/{request.id}", f"A colleague was quicker: it is {STATES[refusal.state]}.")


def _count(section: Any) -> int:
    """How many things a section holds: those in its lists; one that has none is one."""
    lists = [value for value in section.values() if isinstance(value, list)] if isinstance(section, dict) else [section]
    return sum(map(len, lists)) if lists else 1
