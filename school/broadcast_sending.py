"""What becomes of a broadcast once it is planned: it waits for someone's yes, is brought up by the clock, and its messages are written, each once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from data.broadcasts import Broadcast, BroadcastKind, BroadcastRun, BroadcastState, WaitsFor
from data.outbox import STILL_TO_LEAVE, Lane, Message, OutboxState
from school import School, attention, audiences, broadcast_days, broadcast_runs, costs, openers, texts
from school.attention import Need, call_for_a_person
from school.broadcast_plan import audience_of, by_way, first_by_sms, ways_of
from school.calendar import end_of_quiet
from school.ways import Way, Why

OF_USE: Mapping[str, timedelta] = {
    BroadcastKind.CLOSURE: timedelta(days=1),
    BroadcastKind.REMINDER: timedelta(days=1),
    BroadcastKind.NEWS: timedelta(days=3),
    BroadcastKind.NEWSLETTER: timedelta(days=7),
}
"""How long after it was sent it may still be delivered; then staff see that it was not."""
_YES: Mapping[str, str] = {WaitsFor.SECOND_PERSON: "a second person's yes", WaitsFor.MONEY: "a yes to more than the month may cost"}


# Someone's yes


def wait_for(school: School, broadcast: Broadcast, what: WaitsFor) -> None:
    """It goes no further until someone agrees; staff see that it waits."""
    broadcast.state, broadcast.waits_for = BroadcastState.WAITING, what
    key = _waiting_key(broadcast, what)
    if not call_for_a_person(school, Need.BROADCAST, key=key, detail=f"{broadcast.kind} {broadcast.id} waits for {_YES[what]}"):
        attention.reopen(school, key)


def wait_no_more(school: School, broadcast: Broadcast) -> None:
    """It waits for nobody's yes."""
    if broadcast.waits_for is not None:
        attention.settle(school, _waiting_key(broadcast, broadcast.waits_for))
        broadcast.waits_for = None


def go_ahead(school: School, broadcast: Broadcast) -> None:
    """It is sent when its time comes: at once, where that has come."""
    wait_no_more(school, broadcast)
    broadcast.state = BroadcastState.PLANNED
    school.session.flush()
    _bring_up(school, broadcast)


def _waiting_key(broadcast: Broadcast, what: str) -> str:
    return f"broadcast:{broadcast.id}:{what}"


# The clock


def due(school: School) -> None:
    """Send what the time has come for, and close what has all left. May be called at any time, twice, or late."""
    planned = select(Broadcast).where(Broadcast.state == BroadcastState.PLANNED, Broadcast.next_on <= school.today).order_by(Broadcast.id)
    for broadcast in school.session.scalars(planned.with_for_update(of=Broadcast).execution_options(populate_existing=True)).all():
        _bring_up(school, broadcast)
    school.session.flush()
    waits = exists().where(BroadcastRun.broadcast_id == Broadcast.id, broadcast_runs.of_runs(), Message.state.in_(STILL_TO_LEAVE))
    over = update(Broadcast).where(Broadcast.state == BroadcastState.SENDING, ~waits).values(state=BroadcastState.DONE)
    school.session.execute(over.execution_options(synchronize_session="fetch"))


def _bring_up(school: School, broadcast: Broadcast) -> None:
    """Send those of its days whose time has come, until one must wait for a yes."""
    while broadcast.state == BroadcastState.PLANNED and broadcast.next_on is not None and broadcast_days.has_come(school, broadcast, broadcast.next_on):
        on = broadcast.next_on
        if broadcast_days.is_too_late(school, broadcast, on):
            detail = f"{broadcast.kind} {broadcast.id} was not sent on {on} at {broadcast.at:%H:%M}: its time passed"
            call_for_a_person(school, Need.BROADCAST, key=f"broadcast:{broadcast.id}:missed:{on}", detail=detail)
        elif not _send(school, broadcast, on):
            return
        following = broadcast_days.day_after(broadcast, on)
        if following is None:
            _close(broadcast)
        broadcast.next_on = following


def _close(broadcast: Broadcast) -> None:
    """Nothing more is planned. What was never sent is a draft again, which staff may look over and send all the same."""
    if broadcast.runs:
        broadcast.state = BroadcastState.SENDING
    else:
        broadcast.state = BroadcastState.DRAFT
        broadcast.approved_by_id, broadcast.approved_at, broadcast.over_cap_on = None, None, None


def _send(school: School, broadcast: Broadcast, on: date) -> bool:
    """Send it as that of one day, once; False where it waits for someone who agrees to what it costs."""
    found = ways_of(school, broadcast)
    more = costs.pence_for_introductions(school, first_by_sms(found), broadcast.parts, broadcast.first_parts)
    pence = costs.pence_for(school, by_way(found), broadcast.parts) + more
    if not broadcast.is_urgent and broadcast.over_cap_on != on and costs.would_exceed_cap(school, pence):
        wait_for(school, broadcast, WaitsFor.MONEY)
        return False
    run_id = _new_run(school, broadcast, on, found, pence)
    if run_id is not None:
        want_translations(school, broadcast)
        _write(school, broadcast, run_id, found)
    return True


def _new_run(school: School, broadcast: Broadcast, on: date, found: Sequence[Way], pence: float) -> int | None:
    """The id of a new run; None where that of this day was sent before."""
    values = {
        "broadcast_id": broadcast.id,
        "on": on,
        "planned_at": school.now,
        "text_id": broadcast.text_id,
        "file_id": broadcast.file_id,
        "people": sum(way.address is not None and way.through is None for way in found),
        "sharing": [[way.adult_id, way.through, way.address.id] for way in found if way.address is not None and way.through is not None],
        "pence": pence,
    }
    made: int | None = school.session.scalar(_insert(school)(BroadcastRun).values(values).on_conflict_do_nothing().returning(BroadcastRun.id))
    school.session.expire(broadcast, ["runs"])
    return made


def _write(school: School, broadcast: Broadcast, run_id: int, found: Sequence[Way]) -> None:
    """One message to each; it is written down as failed to whom no way leads. Staff are told how many those are."""
    like: Mapping[str, Any] = {
        "kind": broadcast_runs.KIND,
        "about": {"broadcast": broadcast.id, "run": run_id},
        "lane": Lane.URGENT if broadcast.is_urgent else Lane.BROADCAST,
        "must_arrive": broadcast.kind == BroadcastKind.CLOSURE,
        "not_before": None if broadcast.is_urgent else end_of_quiet(school, school.now),
        "useless_after": school.now + OF_USE[broadcast.kind],
        "created_at": school.now,
    }
    rows = [{**like, **_to(run_id, way)} for way in found if way.through is None]
    if rows:
        school.session.execute(_insert(school)(Message.__table__).on_conflict_do_nothing(), rows)
    unreached = sum(way.why is not None for way in found)
    if unreached:
        detail = f"{broadcast.kind} {broadcast.id} reaches {unreached} by no channel: print a letter"
        call_for_a_person(school, Need.BROADCAST, key=f"broadcast:{broadcast.id}:unreached:{run_id}", detail=detail)


def _to(run_id: int, way: Way) -> Mapping[str, Any]:
    return {
        "uid": secrets.token_hex(8),
        "key": broadcast_runs.key(run_id, way.adult_id),
        "trace": secrets.token_hex(6),
        "adult_id": way.adult_id,
        "state": OutboxState.QUEUED if way.why is None else OutboxState.FAILED,
        "verdict": None if way.why is None else openers.NO_WINDOW if way.why is Why.WINDOW_CLOSED else "no_address",
    }


def _insert(school: School) -> Any:
    return postgresql.insert if school.session.get_bind().dialect.name == "postgresql" else sqlite.insert


def want_translations(school: School, broadcast: Broadcast) -> None:
    """Have its words translated for those whom it is for."""
    languages = audiences.languages(school, audience_of(broadcast))
    for text in (broadcast.text, *(each.what for each in broadcast.dates)):
        texts.want(text, languages)
    school.session.flush()
