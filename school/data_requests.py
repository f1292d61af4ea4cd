"""What families ask about their own data: written down with the day by which the law wants it answered, and decided by a named person, never by a message.

Its own refusals:

    Refusal
    ├── AlreadyDecided      a colleague was quicker; `state` says what it is
    ├── NotChecked          it was not said how it is known that it was them
    └── ReasonNeeded        whoever is refused is told why
"""

from __future__ import annotations

import calendar as months
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from data.attention import Need
from data.data_requests import DataRequest, DataRequestKind, DataRequestState
from data.people import Adult, Staff
from school import School, attention, audit, erasure
from school.calendar import bank_holidays
from school.errors import NotThere, Refusal
from school.notices import tell

__all__ = [
    "CHECKS",
    "AlreadyDecided",
    "DataRequest",
    "DataRequestKind",
    "DataRequestState",
    "NotChecked",
    "ReasonNeeded",
    "ask",
    "count_open",
    "decided",
    "due_on",
    "find",
    "mine",
    "open_requests",
    "refuse",
    "release_copy",
    "release_erasure",
    "shares_a_phone",
    "withdraw",
]

CHECKS: Mapping[str, str] = {
    "met": "they came, and staff know them",
    "id": "they came with a passport or another document with a photo",
    "rang": "I rang the number the school held before, and they knew what only they could know",
}
"""How it can be known that it is them: what is kept of it is the key alone, which names nobody."""
LONGEST_REASON = 1_000


@dataclass
class AlreadyDecided(Refusal):
    """It was decided meanwhile, or taken back."""

    state: str


class NotChecked(Refusal):
    """It was not said how it is known that it was them."""


class ReasonNeeded(Refusal):
    """Whoever is refused must be told why, and where they can complain."""


def due_on(asked: date) -> date:
    """The last day for an answer: one calendar month after it was asked (UK GDPR art. 12(3)).

    Source: ICO, 'Right of access: how long do we have to comply?': the same day of the next month, or its last day where it has none such; where that is a
    weekend or a bank holiday, the next working day.
    """
    year, month = (asked.year + 1, 1) if asked.month == 12 else (asked.year, asked.month + 1)
    day = date(year, month, min(asked.day, months.monthrange(year, month)[1]))
    while day.weekday() > 4 or day in bank_holidays(day.year):
        day += timedelta(days=1)
    return day


def ask(school: School, adult: Adult, kind: DataRequestKind, *, how: str) -> DataRequest:
    """Write down what `adult` asks, and have a leading person see it; the open request, where they had asked before."""
    before = mine(school, adult, kind)
    if before is not None:
        return before
    made = DataRequest(adult_id=adult.id, kind=kind, asked_at=school.now, how=how, due_on=due_on(school.today))
    school.session.add(made)
    school.session.flush()
    attention.call_for_a_person(school, Need.DATA_REQUEST, key=_need(made), adult=adult, detail=f"{kind}, due on {made.due_on.isoformat()}")
    return made


def mine(school: School, adult: Adult, kind: DataRequestKind) -> DataRequest | None:
    """What this adult has asked and nobody has decided yet."""
    theirs = (DataRequest.adult_id == adult.id, DataRequest.kind == kind, DataRequest.state == DataRequestState.OPEN)
    return school.session.scalars(select(DataRequest).where(*theirs)).first()


def find(school: School, request_id: int) -> DataRequest:
    """One request, by its id. Refuses with NotThere."""
    found = school.session.get(DataRequest, request_id)
    if found is None:
        raise NotThere
    return found


def open_requests(school: School) -> Sequence[DataRequest]:
    """What is not decided, the nearest legal date first."""
    return school.session.scalars(select(DataRequest).where(DataRequest.state == DataRequestState.OPEN).order_by(DataRequest.due_on, DataRequest.id)).all()


def count_open(school: School) -> int:
    """How many are not decided."""
    return len(open_requests(school))


def decided(school: School, limit: int = 50) -> Sequence[DataRequest]:
    """What was decided, the newest first."""
    return school.session.scalars(
        select(DataRequest).where(DataRequest.state != DataRequestState.OPEN).order_by(DataRequest.decided_at.desc(), DataRequest.id.desc()).limit(limit)
    ).all()


def shares_a_phone(adult: Adult) -> bool:
    """Whether somebody else reads what is sent to one of their addresses: then nothing about a request goes there."""
    return any(len(link.address.adults) > 1 for link in adult.addresses)


def release_copy(school: School, request: DataRequest, by: Staff, checked: str) -> None:
    """The copy is handed over by `by`, who says how they know that it is them (a key of CHECKS). No file is ever sent to a phone.

    They are told that it is ready, but on a shared phone. Refuses with AlreadyDecided or NotChecked.
    """
    if checked not in CHECKS:
        raise NotChecked
    _decide(school, request, DataRequestState.RELEASED, by, checked=checked)
    _tell(school, request)


def release_erasure(school: School, request: DataRequest, by: Staff | None, checked: str) -> Mapping[str, object]:
    """Erase the adult who asked for it, and keep the report, which names nobody. `by` None: from the command line, where whoever types it answers for it.

    Refuses with AlreadyDecided, NotChecked or NotThere.
    """
    if by is not None and checked not in CHECKS:
        raise NotChecked
    if request.adult is None:
        raise NotThere
    adult = request.adult
    _decide(school, request, DataRequestState.RELEASED, by, checked=checked)
    request.report = dict(erasure.erase(school, adult, request))
    audit.changed(school, by, "erased", "data request", request.id)
    school.session.flush()
    return request.report


def refuse(school: School, request: DataRequest, by: Staff, reason: str) -> None:
    """It is not done, for a reason that they are told. Refuses with AlreadyDecided or ReasonNeeded."""
    if len(reason.strip()) < 3:
        raise ReasonNeeded
    _decide(school, request, DataRequestState.REFUSED, by, reason=reason.strip()[:LONGEST_REASON])
    _tell(school, request)


def withdraw(school: School, request: DataRequest, by: Staff | None) -> None:
    """They do not want it any more. Refuses with AlreadyDecided."""
    _decide(school, request, DataRequestState.WITHDRAWN, by)


def _decide(school: School, request: DataRequest, state: DataRequestState, by: Staff | None, *, checked: str = "", reason: str = "") -> None:
    locked = school.session.scalars(
        select(DataRequest).where(DataRequest.id == request.id).with_for_update(of=DataRequest).execution_options(populate_existing=True)
    ).one()
    if locked.state != DataRequestState.OPEN:
        raise AlreadyDecided(locked.state)
    locked.state, locked.decided_at, locked.decided_by_id = state, school.now, by.id if by else None
    locked.checked, locked.reason = checked, reason
    school.session.flush()
    attention.settle(school, _need(locked))


def _tell(school: School, request: DataRequest) -> None:
    if request.adult is not None and not shares_a_phone(request.adult):
        tell(school, request.adult, "data_request_decided", {"request": request.id}, key=f"data_request:{request.id}:decided")


def _need(request: DataRequest) -> str:
    return f"{Need.DATA_REQUEST}:{request.id}"
