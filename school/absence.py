"""Who is not in school, and who comes late: what families say of it, and whom the school asks.

Several adults of a child may each say something. Each one's words are kept apart and changed by them alone; the newest counts, and staff see all.
No adult learns that another has said anything.

Refusal
└── NotToday            the school asks after children on the day itself alone
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from data.absence import Absence, AbsenceKind, AbsenceReason, Asked, Chase
from data.attention import Attention, Need
from data.outbox import Lane, Message, OutboxState
from data.people import Adult, Child, Staff
from school import LONDON, School, addresses, attention, families, texts
from school.calendar import Calendar, calendar
from school.capability import Capability
from school.data_map import time_of
from school.errors import Refusal
from school.notices import tell, withdraw

__all__ = ["Absence", "AbsenceKind", "AbsenceReason", "Chase"]

KEPT = time_of("absences")
"""How long what was said is kept after its first day: a school year, and the autumn in which it is looked at. The register itself is the school's own."""
LOOKED_BACK = timedelta(days=60)
"""How long before a day an absence may have begun that still counts on it."""
LATE_BY = timedelta(minutes=30)
"""How long after the time at which a late child was to come it is not missed yet."""
ON_THE_PHONE = "phone"
"""The `channel` of what a member of staff was told by voice."""
NEVER_ARRIVED = (OutboxState.CANCELLED, OutboxState.EXPIRED, OutboxState.FAILED, OutboxState.UNDELIVERED)


class NotToday(Refusal):
    """The school asks after a child on the day itself: the question says 'today'."""


@dataclass(frozen=True)
class Telling:
    """Someone says something of a child: an adult who writes on a `channel`, or `staff` who write down what they were told.

    `source` names the message with which they began; said again with the same source, it is put right and not said anew. `words` are as they wrote them, in
    `language`.
    """

    channel: str
    adult: Adult | None = None
    staff: Staff | None = None
    source: str = ""
    words: str = ""
    language: str = texts.STAFF_READ


@dataclass(frozen=True)
class Chased:
    """What became of a wish to ask after children: who is asked now, whose absence is known, who was asked before, and for whom someone must ring at once."""

    asked: Sequence[Child]
    known: Sequence[Child]
    asked_before: Sequence[Child]
    to_ring: Sequence[Child]


# What is said


def report(
    school: School,
    child: Child,
    telling: Telling,
    *,
    first_on: date,
    kind: AbsenceKind = AbsenceKind.ABSENT,
    reason: AbsenceReason | None = None,
    back_on: date | None = None,
    expected_at: time | None = None,
    chase: Chase | None = None,
) -> Absence:
    """Keep what someone says of a child: absent from `first_on`, or late or coming on that day. Said again, or otherwise, it changes what they said before.

    What is None is not known, or stays as it was known. Whoever was to be asked about it is not asked any more. Refuses with NotYourChild.
    """
    if telling.adult is not None:
        families.require(school, telling.adult, child, "be_asked")
    row = _said_before(school, child, telling, first_on)
    if row is not None and kind is not AbsenceKind.ABSENT and row.first_on < first_on:
        row.back_on = first_on  # what is said of that day stands in a row of its own
        row = None
    row = row or _begin(school, child, telling, first_on)
    row.kind, row.taken_back_at, row.chase_id = kind, None, chase.id if chase else row.chase_id
    if row.back_on is not None and row.back_on <= first_on:
        row.back_on = None
    add(school, row, telling, reason=reason, back_on=back_on, expected_at=expected_at)
    return row


def add(
    school: School,
    row: Absence,
    telling: Telling,
    *,
    kind: AbsenceKind | None = None,
    reason: AbsenceReason | None = None,
    back_on: date | None = None,
    expected_at: time | None = None,
) -> None:
    """More is known of what was said: what is not None takes the place of what was known; words are added to those before."""
    row.kind, row.reason = kind or AbsenceKind(row.kind), reason or row.reason
    is_absent = row.kind == AbsenceKind.ABSENT
    row.back_on = (back_on or row.back_on) if is_absent else None
    row.expected_at = (expected_at or row.expected_at) if row.kind == AbsenceKind.LATE else None
    row.heard_at, row.channel = school.now, telling.channel
    _keep_words(school, row, telling)
    school.session.flush()
    _settle_chase(school, row)


def only_about(school: School, source: str, children: Collection[Child]) -> None:
    """What began with the message `source` is about these children alone: what it was taken to say of others is forgotten."""
    ids = [child.id for child in children]
    for row in school.session.scalars(select(Absence).where(Absence.source == source, Absence.child_id.not_in(ids))).all():
        _forget(school, row)


def _said_before(school: School, child: Child, telling: Telling, first_on: date) -> Absence | None:
    """The row that this teller's words change: of the same day, of the same message, or of an absence that reaches this day."""
    mine = [Absence.child_id == child.id, Absence.adult_id == (telling.adult.id if telling.adult else None), Absence.first_on > first_on - LOOKED_BACK]
    if telling.adult is None:
        mine.append(Absence.staff_id.is_not(None))
    rows = school.session.scalars(select(Absence).where(*mine).order_by(Absence.first_on.desc(), Absence.id.desc())).all()
    same_day = next((row for row in rows if row.first_on == first_on), None)
    misread = next((row for row in rows if row is not same_day and telling.source and row.source == telling.source), None)
    if misread is not None and same_day is not None:
        _forget(school, misread)
    elif misread is not None:
        misread.first_on = first_on
    days = calendar(school)
    return same_day or misread or next((row for row in rows if row.first_on < first_on and _reaches(school, days, row, first_on)), None)


def _reaches(school: School, days: Calendar, row: Absence, day: date) -> bool:
    """Whether an absence goes on until just before this day, so that 'still ill' is about it."""
    if row.kind != AbsenceKind.ABSENT or row.taken_back_at is not None:
        return False
    if row.back_on is not None and day < row.back_on:
        return True
    goes_on = day <= (row.back_on or next_school_day(days, _last_day(school, days, row)))
    return goes_on and day <= _last_without_end(school, days, max(row.first_on, school.today))


def _begin(school: School, child: Child, telling: Telling, first_on: date) -> Absence:
    made = Absence(
        child_id=child.id,
        adult_id=telling.adult.id if telling.adult else None,
        staff_id=telling.staff.id if telling.staff else None,
        first_on=first_on,
        channel=telling.channel,
        source=telling.source,
        created_at=school.now,
        heard_at=school.now,
    )
    try:
        with school.session.begin_nested():
            school.session.add(made)
    except IntegrityError:  # someone wrote it in this very moment
        same = [Absence.child_id == made.child_id, Absence.adult_id == made.adult_id, Absence.first_on == first_on]
        return school.session.scalars(select(Absence).where(*same)).one()
    return made


def _keep_words(school: School, row: Absence, telling: Telling) -> None:
    words = telling.words.strip()
    if not words:
        return
    if row.said is None:
        row.said = texts.write(school, words, telling.language, adult=telling.adult)
        texts.want(row.said, [texts.STAFF_READ])
    elif words not in row.said.words:
        texts.rewritten(row.said, f"{row.said.words} / {words}"[: attention.LONGEST])


def _forget(school: School, row: Absence) -> None:
    said = row.said
    school.session.delete(row)
    if said is not None:
        school.session.delete(said)
    school.session.flush()


# What is known of a day


def next_school_day(days: Calendar, after: date) -> date:
    """The first school day after this one; in the longest holiday the next day."""
    return next(days.school_days_between(after + timedelta(days=1), after + timedelta(weeks=8)), after + timedelta(days=1))


def first_day(school: School) -> date:
    """The day that an absence without a day is about: today until school closes, else the next school day."""
    days = calendar(school)
    is_over = school.clock.time() >= school.settings.closes
    return school.today if days.is_school_day(school.today) and not is_over else next_school_day(days, school.today)


def of_day(school: School, day: date, child: Child | None = None) -> Sequence[Absence]:
    """What each adult says of a day, the newest first: of one child, or of all. What they said of it before does not count any more."""
    found = select(Absence).where(Absence.taken_back_at.is_(None), Absence.first_on <= day, Absence.first_on > day - LOOKED_BACK)
    found = found.where(or_(Absence.back_on.is_(None), Absence.back_on > day))
    if child is not None:
        found = found.where(Absence.child_id == child.id)
    days = calendar(school)
    rows = school.session.scalars(found.order_by(Absence.heard_at.desc(), Absence.id.desc())).all()
    newest = {(row.child_id, row.adult_id, row.staff_id): row for row in reversed(rows) if _covers(school, days, row, day)}
    return [row for row in rows if row in newest.values()]


def end_of(day: date) -> datetime:
    """Midnight in London: a question that says 'today' is of no use after that."""
    return datetime.combine(day + timedelta(days=1), time(), LONDON)


def is_explained(school: School, child: Child, day: date) -> bool:
    """Whether the school knows why this child is not in class: what was said last speaks of absence, or of a lateness that is not over yet."""
    newest = next(iter(of_day(school, day, child)), None)
    if newest is None or newest.kind == AbsenceKind.COMING:
        return False
    return newest.kind == AbsenceKind.ABSENT or day != school.today or school.now < _missed_from(school, newest)


def _covers(school: School, days: Calendar, row: Absence, day: date) -> bool:
    if row.kind != AbsenceKind.ABSENT:
        return row.first_on == day
    return row.back_on is not None or day <= _last_day(school, days, row)


def _last_day(school: School, days: Calendar, row: Absence) -> date:
    """The last day on which an absence counts. Where nobody knows its end, that is some school days after it was last spoken of."""
    if row.back_on is not None:
        return row.back_on - timedelta(days=1)
    return _last_without_end(school, days, max(row.first_on, row.heard_at.astimezone(LONDON).date()))


def _last_without_end(school: School, days: Calendar, begins: date) -> date:
    """The last day on which an absence counts that was spoken of on `begins` and whose end nobody knows."""
    counted = islice(days.school_days_between(begins, begins + timedelta(weeks=8)), school.settings.absence_open_days)
    return max(counted, default=begins)


def _missed_from(school: School, late: Absence) -> datetime:
    if late.expected_at is None:
        return late.heard_at + school.settings.absence_ring_after
    return datetime.combine(late.first_on, late.expected_at, LONDON) + LATE_BY


# Whom the school asks


def chase(school: School, children: Iterable[Child], day: date, by: Staff) -> Chased:
    """Ask after children who are not in class: the adults who may be asked, each once, however often this is called.

    Nobody is asked about a child whose absence is known. Where there is nobody to ask, a person must ring. Refuses with NotToday.
    """
    if day != school.today:
        raise NotToday
    asked: list[Child] = []
    known: list[Child] = []
    asked_before: list[Child] = []
    to_ring: list[Child] = []
    for child in {child.id: child for child in children}.values():
        if is_explained(school, child, day):
            known.append(child)
        elif (row := _begin_chase(school, child, day, by)) is None:
            asked_before.append(child)
        elif _ask_adults(school, row):
            asked.append(child)
        else:
            to_ring.append(child)
            _let_ring(school, row)
    return Chased(asked, known, asked_before, to_ring)


def find_chase(school: School, chase_id: int) -> Chase | None:
    """One child whom the school asked after, by the chase's id."""
    return school.session.get(Chase, chase_id)


def chase_of(school: School, child: Child, day: date) -> Chase | None:
    """Whether and when the school asked after this child on a day; what was taken back does not count."""
    return school.session.scalars(select(Chase).where(Chase.child_id == child.id, Chase.day == day, Chase.taken_back_at.is_(None))).first()


def take_back(school: School, row: Chase, by: Staff) -> None:
    """The child is in class after all: who has not been asked yet is not, who was is told so, and what was answered counts no more."""
    if row.taken_back_at is not None:
        return
    row.taken_back_at, row.taken_back_by_id = school.now, by.id
    withdraw(school, f"absence:{row.id}:")
    for each in _told(school, row):
        tell(school, each, "absence_mistake", {"chase": row.id}, key=f"absence_mistake:{row.id}:{each.id}", useless_after=end_of(row.day), lane=Lane.ALERT)
    answers = update(Absence).where(Absence.chase_id == row.id).values(taken_back_at=school.now)
    school.session.execute(answers.execution_options(synchronize_session="fetch"))
    for key in school.session.scalars(select(Attention.key).where(Attention.key.startswith(_need(row), autoescape=True))).all():
        attention.settle(school, key)
    school.session.flush()


def read_this(school: School, row: Chase, telling: Telling) -> None:
    """What they answered explains nothing, or is alarming ('I brought her at half past eight'): someone reads it now and rings."""
    assert telling.adult is not None
    key = f"{_need(row)}:{telling.adult.id}"
    attention.call_for_a_person(
        school, Need.NOT_SEEN, key=key, adult=telling.adult, text=telling.words, language=telling.language, detail=_described(row.child)
    )


def _begin_chase(school: School, child: Child, day: date, by: Staff) -> Chase | None:
    """A chase of its own for this child and day; None if there is one."""
    if chase_of(school, child, day) is not None:
        return None
    made = Chase(child_id=child.id, day=day, asked_at=school.now, asked_by_id=by.id)
    try:
        with school.session.begin_nested():
            school.session.add(made)
    except IntegrityError:  # another member of staff asked in this very moment
        return None
    return made


def _ask_adults(school: School, row: Chase) -> bool:
    """Ask everyone who may be asked and can be reached; two who share a phone are asked once. Whether anyone is."""
    reached: set[int] = set()
    for adult in families.adults_of(school, row.child, "be_asked"):
        # Nobody waits for an answer to an e-mail while a child is missing: whoever has nothing else is rung.
        theirs = {address.id for address in addresses.usable_for(school, adult) if address.channel != "email"}
        if theirs <= reached:
            continue
        reached |= theirs
        school.session.add(Asked(chase_id=row.id, adult_id=adult.id))
        key, until = f"absence:{row.id}:{adult.id}", end_of(row.day)
        tell(school, adult, "absence_question", {"chase": row.id}, key=key, useless_after=until, lane=Lane.ALERT)
    school.session.flush()
    return bool(reached)


def _settle_chase(school: School, row: Absence) -> None:
    """Something was said of today: its adult has answered; once the absence is explained, nobody else is asked, and nobody need ring because of silence."""
    live = chase_of(school, row.child, school.today)
    if live is None or row not in of_day(school, school.today, live.child):
        return
    mine = update(Asked).where(Asked.chase_id == live.id, Asked.adult_id == row.adult_id, Asked.answered_at.is_(None))
    school.session.execute(mine.values(answered_at=school.now).execution_options(synchronize_session="fetch"))
    if is_explained(school, live.child, live.day):
        withdraw(school, f"absence:{live.id}:")
        attention.settle(school, _need(live))


def _told(school: School, row: Chase) -> Sequence[Adult]:
    """Who was asked so that it may have arrived."""
    keys = {f"absence:{row.id}:{each.adult_id}": each.adult for each in row.asked}
    states = school.session.execute(select(Message.key, Message.state).where(Message.key.in_(keys)))
    return [keys[key] for key, state in states if state not in NEVER_ARRIVED]


def _let_ring(school: School, row: Chase) -> None:
    """Nobody could be asked, or nobody has answered: someone rings."""
    adult = next(iter(families.adults_of(school, row.child, "be_asked")), None)
    attention.call_for_a_person(school, Need.NOT_SEEN, key=_need(row), adult=adult, detail=_described(row.child))


def _need(row: Chase) -> str:
    return f"not_seen:{row.id}"


def _described(child: Child) -> str:
    return f"{child.name}, {child.school_class.name}"[:200]


# The capability


def due(school: School) -> None:
    """Nobody has answered for a while, or all that was said is that the child comes: someone rings, once for each child."""
    silent = select(Chase).where(Chase.day == school.today, Chase.taken_back_at.is_(None), Chase.asked_at <= school.now - school.settings.absence_ring_after)
    for row in school.session.scalars(silent.order_by(Chase.id)).all():
        said = of_day(school, row.day, row.child)
        if (not said or said[0].kind == AbsenceKind.COMING) and not attention.has_asked(school, _need(row)):
            _let_ring(school, row)


def _export(school: School, adult: Adult) -> Mapping[str, Any]:
    said = school.session.scalars(select(Absence).where(Absence.adult_id == adult.id).order_by(Absence.first_on, Absence.id))
    asked = school.session.scalars(select(Chase).join(Chase.asked).where(Asked.adult_id == adult.id).order_by(Chase.id))
    return {
        "absences": [
            {
                "child": row.child.name,
                "kind": row.kind,
                "reason": row.reason,
                "words": row.said.words if row.said else "",
                "first_on": row.first_on.isoformat(),
                "back_on": row.back_on.isoformat() if row.back_on else None,
                "channel": row.channel,
                "heard_at": row.heard_at.isoformat(),
            }
            for row in said
        ],
        "asked_after": [{"child": row.child.name, "day": row.day.isoformat()} for row in asked],
    }


def _erase(school: School, adult: Adult) -> None:
    """Their words go, and that it was they who said it; that a child was absent stays as long as the school keeps that."""
    for row in school.session.scalars(select(Absence).where(Absence.adult_id == adult.id)).all():
        if row.said is not None:
            school.session.delete(row.said)
        row.text_id, row.adult_id, row.source = None, None, ""
    school.session.execute(delete(Asked).where(Asked.adult_id == adult.id))
    school.session.flush()


def _retain(school: School) -> None:
    oldest = school.today - KEPT
    for row in school.session.scalars(select(Absence).where(Absence.first_on < oldest)).all():
        _forget(school, row)
    school.session.execute(delete(Chase).where(Chase.day < oldest))


def _demo(school: School) -> None:
    """Noah is ill and nobody knows until when; Jayden has an appointment."""
    from school.demo import adult, child

    for parent, young, reason, words in (
        ("Rebecca", "Noah", AbsenceReason.ILL, "Noah was sick in the night"),
        ("Chantelle", "Jayden", AbsenceReason.MEDICAL, ""),
    ):
        telling = Telling("sms", adult(school, parent), words=words)
        day = first_day(school)
        back_on = None if reason is AbsenceReason.ILL else next_school_day(calendar(school), day)
        report(school, child(school, young), telling, first_on=day, reason=reason, back_on=back_on)


capability = Capability("absence", due=due, export=_export, erase=_erase, retain=_retain, demo=_demo)
