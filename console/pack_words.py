"""What pages say of packs: where a copy is, why something cannot be, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from console.desk import Desk
from console.rendering import clock, day
from school import pack_desk, packs
from school.holiday_packs import LONGEST_TITLE as LONGEST_HOLIDAY_TITLE
from school.holiday_packs import Why as HolidayWhy
from school.pack_loans import NotHere, NotOut, PackLoan, ProblemKind
from school.packs import CopyState, NotSo, PackCopy, Skill, Why

STATES: Mapping[str, tuple[str, str]] = {
    CopyState.SHELF: ("on the shelf", "good"),
    CopyState.KEPT: ("set aside", "wait"),
    CopyState.OUT: ("out", ""),
    CopyState.COUNTING: ("to be counted", "wait"),
    CopyState.REPAIR: ("in repair", "bad"),
    CopyState.LOST: ("lost", "bad"),
    CopyState.RETIRED: ("retired", ""),
}
SKILLS: Mapping[str, str] = {
    Skill.COMMUNICATION: "Communication",
    Skill.BEHAVIOUR: "Behaviour",
    Skill.INDEPENDENCE: "Independence",
    Skill.SELF_HELP: "Self-help",
    Skill.SENSORY: "Sensory",
    Skill.READING: "Reading",
    Skill.MATHS: "Maths",
}
KINDS: Mapping[str, str] = {ProblemKind.MISSING: "missing", ProblemKind.DAMAGED: "damaged"}
_SAID: Mapping[tuple[str, Why], str] = {
    ("title", Why.MISSING): "Say what it is called.",
    ("title", Why.TOO_LONG): f"At most {packs.LONGEST_TITLE} letters. The rest fits into 'What it is'.",
    ("title", Why.TAKEN): "Another pack is called so. Parents ask for packs by their names: take another.",
    ("stage", Why.TOO_LONG): f"At most {packs.LONGEST_STAGE} letters.",
    ("items", Why.NOT_A_NUMBER): "There must be at least one piece of each item.",
    ("items", Why.TWICE): "One item stands there twice.",
    ("items", Why.TOO_LONG): f"The name of an item has at most {packs.LONGEST_ITEM} letters.",
    ("label", Why.TOO_LONG): "A label has at most 12 letters, digits and hyphens.",
}
_SAID_OF_HOLIDAY: Mapping[tuple[str, HolidayWhy], str] = {
    ("title", HolidayWhy.MISSING): "Say what it is called.",
    ("title", HolidayWhy.TOO_LONG): f"At most {LONGEST_HOLIDAY_TITLE} letters. The rest fits into 'What it is'.",
    ("answer_by", HolidayWhy.IN_THE_PAST): "That day is over. Take a later one.",
    ("offer_on", HolidayWhy.AFTER_IT): "That is after the last day for answers.",
    ("stock", HolidayWhy.BELOW_PROMISED): "More than these are promised already.",
}


def faults(refusal: NotSo) -> dict[str, str]:
    """What is wrong with a pack as it was typed, by field, and what to do."""
    return {name: _SAID[name, why] for name, why in refusal.why.items()}


def holiday_faults(why: Mapping[str, HolidayWhy]) -> dict[str, str]:
    """What is wrong with a holiday pack as it was typed, by field, and what to do."""
    return {name: _SAID_OF_HOLIDAY[name, each] for name, each in why.items()}


def state(copy: PackCopy) -> str:
    """Where a copy is, in words."""
    return STATES[copy.state][0]


def no_label(typed: str) -> str:
    """That nothing has this label."""
    return f"No copy has the label {packs.as_label(typed)[:20]}. Look at the label again." if typed.strip() else "Type the label, or scan it."


def not_out(desk: Desk, copy: PackCopy, refusal: NotOut) -> str:
    """Why a copy cannot be taken back, counted or lost: where it is, and since when."""
    last = refusal.last
    if refusal.state == CopyState.OUT:
        return f"{copy.label} is out: it must be back first."
    if last is not None and last.back_at is not None and refusal.state in (CopyState.SHELF, CopyState.KEPT, CopyState.COUNTING):
        by = f", taken back by {_by(desk, last)}" if _by(desk, last) else ""
        return f"{copy.label} is not out: it came back {_when(desk, last.back_at)}{by}. Now it is {STATES[refusal.state][0]}."
    return f"{copy.label} is not out: it is {STATES[refusal.state][0]}."


def not_here(desk: Desk, copy: PackCopy, refusal: NotHere) -> str:
    """Why a copy cannot be handed out: who has it, or where it is."""
    loan = refusal.loan
    if loan is None or loan.child is None:
        return f"{copy.label} cannot be handed out: it is {STATES[refusal.state][0]}."
    whose = loan.child.name if pack_desk.sees_loan(desk.school, desk.viewer, loan) else "a child of another class"
    return f"{copy.label} is out already: it went home with {whose} {_when(desk, loan.out_at)}."


def went_home(loan: PackLoan) -> str:
    """That a copy went home, with whom, and when it is due."""
    whose = loan.child.name if loan.child is not None else "a family"
    return f"{loan.copy.label} {loan.pack.title.words} goes home with {whose}. It is due back on {day(loan.due_on)}."


def came_back(loan: PackLoan) -> str:
    """That a copy is back, and what happens to it."""
    whose = f" from {loan.child.name}" if loan.child is not None else ""
    then = {
        CopyState.COUNTING: "Its pieces are still to be counted.",
        CopyState.KEPT: "It is set aside for the next family.",
        CopyState.SHELF: "It is on the shelf.",
    }
    return f"{loan.copy.label} {loan.pack.title.words} is back{whose}. {then.get(CopyState(loan.copy.state), '')}".strip()


def with_year(on: date, today: date) -> str:
    """A day, with its year where it is another than this one's."""
    return day(on) if on.year == today.year else f"{day(on)} {on.year}"


def _by(desk: Desk, loan: PackLoan) -> str:
    taken_by = desk.school.session.get(type(desk.viewer.staff), loan.taken_by_id) if loan.taken_by_id is not None else None
    return "" if taken_by is None else "you" if taken_by.id == desk.viewer.staff.id else taken_by.name


def _when(desk: Desk, at: datetime) -> str:
    is_today = at.astimezone(desk.school.clock.tzinfo).date() == desk.school.today
    return f"at {clock(at)}" if is_today else f"on {day(at)} at {clock(at)}"
