"""Broadcasts: one text to many, written, looked over, sent, watched while it goes, held back and taken back; and what a month cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from fastapi import Response

from console import broadcast_form, whom
from console.broadcast_form import KINDS, REPEATS, in_words
from console.desk import Back, Desk, Form, Hooks
from console.pages import Page
from console.pages.delivery import STATES as MESSAGE_STATES
from console.pages.unreachable import REASONS
from console.rendering import day, language_name
from school import LONDON, School, audiences, broadcast_runs, broadcasts, costs, delivery, kept_files, openers, texts, unreachable
from school.access import Power, Viewer
from school.audiences import EVERYONE
from school.broadcast_days import AlreadyPast, BadRepeat, NoSuchTime
from school.broadcasts import (
    NOW,
    Broadcast,
    BroadcastKind,
    BroadcastRun,
    BroadcastState,
    Nobody,
    NoCheckedPhone,
    NotNow,
    NotYourOwn,
    Repeat,
    StillLeaving,
    WaitsFor,
    When,
    audience_of,
)
from school.delivery import OutboxState
from school.errors import NotAllowed, NotThere, TooLarge

if TYPE_CHECKING:
    from bot.preview import Look

LARGEST_DOCUMENT = 5_000_000
"""Bytes; its page says so."""
STATES: Mapping[str, tuple[str, str]] = {
    BroadcastState.DRAFT: ("draft", "wait"),
    BroadcastState.WAITING: ("waits for a yes", "wait"),
    BroadcastState.PLANNED: ("planned", ""),
    BroadcastState.SENDING: ("on its way", "good"),
    BroadcastState.PAUSED: ("held back", "wait"),
    BroadcastState.DONE: ("sent", "good"),
    BroadcastState.CANCELLED: ("taken back", "bad"),
}
COLUMNS: Mapping[str, tuple[OutboxState, ...]] = {
    "waiting": broadcast_runs.STILL_TO_LEAVE,
    "sent": (OutboxState.SENT, OutboxState.UNCONFIRMED),
    "delivered": (OutboxState.DELIVERED,),
    "read": (OutboxState.READ,),
    "failed": delivery.GROUPS["failed"],
    "taken back": (OutboxState.CANCELLED,),
}
"""How a message stands, in plain words."""
_UNSENT = (BroadcastState.DRAFT, BroadcastState.WAITING, BroadcastState.PLANNED)
MOST_WORDS = 160


def _waiting(desk: Desk) -> int:
    """Those that wait for a yes which whoever sits here may give."""
    return sum(_may_agree(desk, each) for each in broadcasts.waiting(desk.school, desk.viewer))


page = Page("broadcasts", "Broadcasts", order=12, powers=frozenset({Power.BROADCASTS}), waits=_waiting)


@dataclass(frozen=True)
class Line:
    """One broadcast in the list: how many people it went to, None where it has not been sent."""

    broadcast: Broadcast
    to: str
    people: int | None
    may_agree: bool


@dataclass(frozen=True)
class Going:
    """How far one sending has come: rows by (language, channel), counts by what `COLUMNS` calls the states."""

    run: BroadcastRun
    rows: Mapping[tuple[str, str], Mapping[str, int]]
    total: Mapping[str, int]
    missed: Sequence[broadcast_runs.Missed] = field(default=())

    @property
    def messages(self) -> int:
        """How many messages there are."""
        return sum(self.total.values())

    def bar(self) -> Sequence[tuple[str, float, float]]:
        """The parts of a bar that is 100 wide: what, where it begins, how wide it is."""
        parts, begins = [], 0.0
        for name in ("read", "delivered", "sent", "waiting", "taken back", "failed"):
            wide = 100 * self.total.get(name, 0) / self.messages if self.messages else 0.0
            if wide:
                parts.append((name.replace(" ", "-"), round(begins, 2), round(wide, 2)))
            begins += wide
        return parts


# Looked at


@page.get()
def show_all(desk: Desk) -> Response:
    """All that was written to many, the newest first; what waits for a yes on top."""
    lines = [_line(desk, each) for each in broadcasts.listing(desk.school, desk.viewer)]
    waiting = [_line(desk, each) for each in broadcasts.waiting(desk.school, desk.viewer)]
    return desk.render("broadcasts/list.html", block="lists", lines=lines, waiting=waiting, KINDS=KINDS, STATES=STATES, most=MOST_WORDS)


def _line(desk: Desk, broadcast: Broadcast) -> Line:
    people = broadcast.runs[-1].people if broadcast.runs else None
    return Line(broadcast, audiences.written(desk.school, audience_of(broadcast)), people, _may_agree(desk, broadcast))


def _may_agree(desk: Desk, broadcast: Broadcast) -> bool:
    """Whether it waits for a yes that whoever sits here may give."""
    is_own = broadcast.made_by_id == desk.viewer.staff.id
    return broadcast.state == BroadcastState.WAITING and not (is_own and broadcast.waits_for == WaitsFor.SECOND_PERSON)


@page.get("/costs")
def show_costs(desk: Desk) -> Response:
    """What a month cost, this one or another."""
    month = _month(desk.query.text("month", 7)) or desk.school.today.replace(day=1)
    lines = costs.month(desk.school, month)
    return desk.render(
        "broadcasts/costs.html",
        month=month,
        before=(month - timedelta(days=1)).replace(day=1),
        after=(month + timedelta(days=32)).replace(day=1) if month < desk.school.today.replace(day=1) else None,
        lines=lines,
        total=sum(line.pence for line in lines),
        messages=sum(line.messages for line in lines),
        cap=desk.school.settings.monthly_cap_pounds,
        kind_of=lambda kind: KINDS.get(kind) or delivery.KINDS.get(kind, kind.replace("_", " ").capitalize()),
        CHANNELS=delivery.CHANNELS,
    )


def _month(written: str) -> date | None:
    try:
        found = date.fromisoformat(f"{written}-01")
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2100 else None


@page.get("/{broadcast_id:int}")
def show(desk: Desk, broadcast_id: int, back: tuple[str, Back] | None = None) -> Response:
    """One broadcast: before it is sent what would happen, while it goes how far it has come."""
    broadcast = broadcasts.find(desk.school, desk.viewer, broadcast_id)
    is_unsent = broadcast.state in _UNSENT and not broadcast.runs
    seen = desk.hooks.look_over(desk.school, broadcast, _at(desk, broadcast)) if is_unsent else None
    by_readers = sorted(seen.looks, key=lambda look: -sum(look.people.values())) if seen is not None else ()
    looks = [(look, _translation(broadcast, look.language)) for look in by_readers]
    goings = [_going(desk, run) for run in broadcast.runs]
    letters = {each.adult.id for each in unreachable.unreached(desk.school, desk.viewer)} if any(each.missed for each in goings) else set()
    return desk.render(
        "broadcasts/show.html",
        block="live",
        broadcast=broadcast,
        to=audiences.written(desk.school, audience_of(broadcast)),
        mark=_mark(broadcast),
        planned=_planned(broadcast),
        seen=seen,
        looks=looks,
        is_awaited=any(stands == "awaited" for _, stands in looks),
        goings=goings,
        letters=letters,
        back=back,
        may_agree=_may_agree(desk, broadcast),
        can_change=broadcast.state in _UNSENT,
        can_cancel=broadcasts.may_be_taken_back(desk.school, broadcast),
        can_pause=broadcast.state in (BroadcastState.PLANNED, BroadcastState.SENDING),
        KINDS=KINDS,
        STATES=STATES,
        REPEATS=REPEATS,
        REASONS=REASONS,
        opens_within=f"{openers.OPENS_WITHIN // timedelta(hours=1)} hours",
        CHANNELS=delivery.CHANNELS,
        COLUMNS=list(COLUMNS),
        MESSAGE_STATES=MESSAGE_STATES,
    )


def _translation(broadcast: Broadcast, language: str) -> str:
    """How it stands with the words in a language: '', 'machine', 'awaited', 'missing'. The dates of a newsletter count too."""
    all_texts = [broadcast.text, *(each.what for each in broadcast.dates)]
    if any(texts.is_awaited(each, language) for each in all_texts):
        return "awaited"
    readings = [each.read_in(language) for each in all_texts]
    return "missing" if any(each.is_foreign for each in readings) else "machine" if any(each.is_machine for each in readings) else ""


def _going(desk: Desk, run: BroadcastRun) -> Going:
    called = {state: name for name, states in COLUMNS.items() for state in states}
    rows: dict[tuple[str, str], dict[str, int]] = {}
    total: dict[str, int] = {}
    for (language, channel, state), count in broadcast_runs.progress(desk.school, run).messages.items():
        row = rows.setdefault((language, channel), {})
        row[called[state]] = row.get(called[state], 0) + count
        total[called[state]] = total.get(called[state], 0) + count
    return Going(run, rows, total, broadcast_runs.missed(desk.school, desk.viewer, run))


def _at(desk: Desk, broadcast: Broadcast) -> datetime | None:
    """The moment that it is meant to be sent at; None: now."""
    if broadcast.on is None or broadcast.at is None:
        return None
    found = datetime.combine(broadcast.on, broadcast.at, LONDON)
    return found if found > desk.school.now else None


def _planned(broadcast: Broadcast) -> When | None:
    if broadcast.on is None or broadcast.at is None:
        return None
    return When(broadcast.on, broadcast.at, Repeat(broadcast.repeats) if broadcast.repeats else None, broadcast.until)


def _mark(broadcast: Broadcast) -> str:
    """Changes when what it says does."""
    return broadcast.made_at.isoformat()


@page.get("/{broadcast_id:int}/document")
def document(desk: Desk, broadcast_id: int) -> Response:
    """The document that goes along."""
    kept = broadcasts.find(desk.school, desk.viewer, broadcast_id).file
    if kept is None:
        raise NotThere
    return Response(kept.content, media_type=kept.media_type, headers=dict(kept_files.headers(kept)))


# Written


@page.get("/new")
def new(desk: Desk) -> Response:
    """Where a broadcast is written; `closure`: that the school is closed, ready but for a look."""
    return _form(desk, None)


def _examined(form: Form, hooks: Hooks) -> Any:
    """The document that was brought, looked at before the transaction; or why it is not taken."""
    upload = form.files.get("document")
    if upload is None:
        return None
    try:
        return kept_files.examine(upload.file.read(LARGEST_DOCUMENT + 1), upload.content_type or "", most=LARGEST_DOCUMENT, name=upload.filename or "")
    except (TooLarge, NotAllowed) as refusal:
        return refusal


@page.post("/new", takes_files=True, before=_examined)
def make(desk: Desk) -> Response:
    """Keep a draft."""
    typed = broadcast_form.read(desk, new)
    made = broadcasts.make(desk.school, desk.viewer, typed.content)
    _intend(desk, new, made, typed.when)
    desk.changed("wrote broadcast", "broadcast", made.id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{made.id}")


@page.get("/{broadcast_id:int}/edit")
def edit(desk: Desk, broadcast_id: int) -> Response:
    """Where a broadcast is changed."""
    broadcast = broadcasts.find(desk.school, desk.viewer, broadcast_id)
    if broadcast.state not in _UNSENT:
        raise NotThere
    return _form(desk, broadcast)


@page.post("/{broadcast_id:int}/edit", takes_files=True, before=_examined)
def change(desk: Desk, broadcast_id: int) -> Response:
    """Let it say something else, or to others, or at another time."""
    broadcast, again = broadcasts.hold(desk.school, desk.viewer, broadcast_id), partial(edit, broadcast_id=broadcast_id)
    if broadcast.state not in _UNSENT:
        return _too_late(desk, broadcast_id)
    if desk.form.text("seen") != _mark(broadcast):
        desk.wrong(again, _="Someone changed it after you opened this page. Nothing of yours is saved yet: compare, then save again.")
    was_draft = broadcast.state == BroadcastState.DRAFT
    typed = broadcast_form.read(desk, again, broadcast)
    try:
        broadcasts.change(desk.school, desk.viewer, broadcast, typed.content)
    except NotNow:
        return _too_late(desk, broadcast_id)
    except StillLeaving:
        desk.wrong(again, _="Some of what was sent has not left yet. Save this once it has, or take back what has not gone.")
    if was_draft:
        _intend(desk, again, broadcast, typed.when)
    elif broadcast.state in _UNSENT:
        desk.hooks.look_over(desk.school, broadcast, _at(desk, broadcast))
    desk.changed("changed broadcast", "broadcast", broadcast_id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{broadcast_id}", "Saved." if was_draft else f"Saved. {_outcome(broadcast)}")


def _intend(desk: Desk, again: broadcast_form.Show, broadcast: Broadcast, when: When | None) -> None:
    try:
        broadcasts.intend(desk.school, desk.viewer, broadcast, when)
    except (NoSuchTime, AlreadyPast, BadRepeat) as refusal:
        desk.wrong(again, **in_words(refusal), **broadcast_form.document_once_more(desk))


def _form(desk: Desk, broadcast: Broadcast | None) -> Response:
    is_closure = broadcast is None and desk.query.has("closure")
    asked = desk.query.text("to", 60)
    offered = whom.offered(desk, audience_of(broadcast) if broadcast else None)
    to = whom.key_of(audience_of(broadcast)) if broadcast else asked if asked in {key for key, _, _ in offered} else whom.key_of(EVERYONE)
    planned = _planned(broadcast) if broadcast else None
    return desk.render(
        "broadcasts/edit.html",
        broadcast=broadcast,
        mark=_mark(broadcast) if broadcast else "",
        is_draft=broadcast is None or broadcast.state == BroadcastState.DRAFT,
        words=broadcast.text.words if broadcast else "The school is closed today." if is_closure else "",
        kind=broadcast.kind if broadcast else BroadcastKind.CLOSURE if is_closure else BroadcastKind.NEWS,
        is_urgent=broadcast.is_urgent if broadcast else is_closure,
        is_closure=is_closure,
        kinds=list(KINDS.items()),
        to=to,
        offered=whom.by_kind(offered),
        planned=planned,
        repeats=list(REPEATS.items()),
        rows=broadcast_form.rows(desk, broadcast),
    )


def _too_late(desk: Desk, broadcast_id: int) -> Response:
    return desk.to(f"{page.href}/{broadcast_id}", "It has come too far for that, or not far enough. Nothing was changed: look again.")


# Looked over


def _read_back(form: Form, hooks: Hooks) -> Back | None:
    """What was written as it reads in a language, and in English again. That the page told us the broadcast's own words is looked at before it is shown."""
    words, language = form.text("words"), form.text("language", 35)
    return hooks.read_back(words, language) if words and language and not texts.same_language(language, texts.STAFF_READ) else None


@page.post("/{broadcast_id:int}/back", before=_read_back)
def read_back(desk: Desk, broadcast_id: int) -> Response:
    """What the words say in English again, after their translation."""
    broadcast = broadcasts.find(desk.school, desk.viewer, broadcast_id)
    if desk.form.text("words") == broadcast.text.words:
        desk.wrong(partial(show, broadcast_id=broadcast_id, back=(desk.form.text("language", 35), desk.prepared or Back(""))))
    return _too_late(desk, broadcast_id)


@page.post("/{broadcast_id:int}/test")
def test(desk: Desk, broadcast_id: int) -> Response:
    """Text it to whoever asks, as a family reads it."""
    look = _look(desk, broadcast_id, desk.form.text("language", 35))
    try:
        broadcasts.to_myself(desk.school, desk.viewer, look.words)
    except NoCheckedPhone:
        _again(desk, broadcast_id, "There is no mobile of yours that a code was sent to. Whoever looks after Staff can add it there.")
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{broadcast_id}", f"On its way to your phone, in {language_name(look.language)}.")


def _look(desk: Desk, broadcast_id: int, language: str) -> Look:
    broadcast = broadcasts.find(desk.school, desk.viewer, broadcast_id)
    seen = desk.hooks.look_over(desk.school, broadcast, None)
    found = next((look for look in seen.looks if look.language == language), None)
    if found is None:
        raise NotThere
    return found


def _again(desk: Desk, broadcast_id: int, fault: str) -> NoReturn:
    desk.wrong(partial(show, broadcast_id=broadcast_id), _=fault)


# Sent


@page.post("/{broadcast_id:int}/send")
def send(desk: Desk, broadcast_id: int) -> Response:
    """Send it, now or at the time that it was written for."""
    broadcast = broadcasts.hold(desk.school, desk.viewer, broadcast_id)
    if broadcast.state != BroadcastState.DRAFT:
        return desk.to(f"{page.href}/{broadcast_id}", "It was sent before. Nothing was done twice.")
    _check_seen(desk, broadcast)
    when = NOW if desk.form.has("now") else _planned(broadcast)
    desk.hooks.look_over(desk.school, broadcast, _at(desk, broadcast) if when else None)  # measured anew: what it may cost hangs on that
    try:
        broadcasts.send(desk.school, desk.viewer, broadcast, when)
    except Nobody:
        _again(desk, broadcast_id, "There is nobody whom it is for. Change whom it is for.")
    except AlreadyPast:
        _again(desk, broadcast_id, "The time that it was written for is over. Change it, or send it now.")
    except (NoSuchTime, BadRepeat):
        _again(desk, broadcast_id, "It cannot be sent then. Change the time.")
    return _done(desk, broadcast, "sent broadcast")


@page.post("/{broadcast_id:int}/agree")
def agree(desk: Desk, broadcast_id: int) -> Response:
    """Say yes to what waits for one."""
    broadcast = broadcasts.hold(desk.school, desk.viewer, broadcast_id)
    if broadcast.state == BroadcastState.WAITING:
        _check_seen(desk, broadcast)
        desk.hooks.look_over(desk.school, broadcast, _at(desk, broadcast))  # it may be translated by now, and cost something else
    try:
        broadcasts.approve(desk.school, desk.viewer, broadcast)
    except NotYourOwn:
        _again(desk, broadcast_id, "You wrote it: someone else must agree.")
    except NotNow:
        return _too_late(desk, broadcast_id)
    return _done(desk, broadcast, "agreed to broadcast")


def _check_seen(desk: Desk, broadcast: Broadcast) -> None:
    if desk.form.text("seen") != _mark(broadcast):
        _again(desk, broadcast.id, "Someone changed it after you opened this page. Nothing was sent: look at it again.")


def _done(desk: Desk, broadcast: Broadcast, action: str) -> Response:
    desk.changed(action, "broadcast", broadcast.id, to=audiences.written(desk.school, audience_of(broadcast)))
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{broadcast.id}", _outcome(broadcast))


def _outcome(broadcast: Broadcast) -> str:
    if broadcast.state == BroadcastState.WAITING:
        is_money = broadcast.waits_for == WaitsFor.MONEY
        return "It waits for someone who agrees to what it costs." if is_money else "It waits for a second person to agree."
    if broadcast.state == BroadcastState.DRAFT:
        return "Its time had passed, so it was not sent. It is a draft again: change the time, or send it now."
    if broadcast.state == BroadcastState.PLANNED and broadcast.next_on is not None and broadcast.at is not None:
        return f"It is planned: {day(broadcast.next_on)}, {broadcast.at:%H:%M}."
    return "It is on its way."


@page.post("/{broadcast_id:int}/pause")
def pause(desk: Desk, broadcast_id: int) -> Response:
    """Hold back what has not left."""
    return _turned(desk, broadcast_id, broadcasts.pause, "held broadcast back", lambda _: "Held back: what has not left waits.")


@page.post("/{broadcast_id:int}/resume")
def resume(desk: Desk, broadcast_id: int) -> Response:
    """Let it go on."""
    return _turned(desk, broadcast_id, broadcasts.resume, "let broadcast go on", _outcome)


@page.post("/{broadcast_id:int}/cancel")
def cancel(desk: Desk, broadcast_id: int) -> Response:
    """Take back what has not left, and what is planned."""
    return _turned(desk, broadcast_id, broadcasts.cancel, "took broadcast back", lambda _: "Taken back: nothing more of it leaves.")


@page.post("/{broadcast_id:int}/discard")
def discard(desk: Desk, broadcast_id: int) -> Response:
    """Throw a draft away."""
    broadcast = broadcasts.find(desk.school, desk.viewer, broadcast_id)
    try:
        broadcasts.discard(desk.school, desk.viewer, broadcast)
    except NotNow:
        return _too_late(desk, broadcast_id)
    desk.changed("threw broadcast away", "broadcast", broadcast_id)
    return desk.to(page.href, "The draft is gone.")


def _turned(desk: Desk, broadcast_id: int, turn: Callable[[School, Viewer, Broadcast], None], action: str, said: Callable[[Broadcast], str]) -> Response:
    broadcast = broadcasts.find(desk.school, desk.viewer, broadcast_id)
    try:
        turn(desk.school, desk.viewer, broadcast)
    except NotNow:
        return _too_late(desk, broadcast_id)
    desk.changed(action, "broadcast", broadcast_id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{broadcast_id}", said(broadcast))
