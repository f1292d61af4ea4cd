"""Holiday packs: offered to every family, counted, given, and not brought back.

Policy: 'resource packs for the holidays'.

Its own refusals:

    Refusal
    ├── NotSo            a field cannot be as it was given
    ├── TooLate          answers are taken no more
    └── NoneLeft         fewer packs are left than were asked for
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from sqlalchemy import func, or_, select

from data.outbox import Message
from data.packs import HolidayPack, HolidayWish
from data.people import Adult, Child
from school import School, audiences, families, texts
from school.audiences import EVERYONE
from school.calendar import instant
from school.errors import NotThere, Refusal
from school.families import require
from school.notices import tell, withdraw

__all__ = ["HolidayPack", "HolidayWish"]

LONGEST_TITLE = 80
END_OF_DAY = time(23, 59)
OFFERED = "holiday_pack_offered"
"""The kind of the notice by which families are told."""


class Why(StrEnum):
    """Why a field of a holiday pack cannot be as it was given."""

    MISSING = "missing"
    TOO_LONG = "too long"
    IN_THE_PAST = "in the past"
    AFTER_IT = "after the last day for answers"
    BELOW_PROMISED = "fewer than are promised"


@dataclass
class NotSo(Refusal):
    """What was given cannot be: each field with the reason."""

    why: Mapping[str, Why]


class TooLate(Refusal):
    """Answers are taken no more."""


@dataclass
class NoneLeft(Refusal):
    """Fewer packs are `left` than were asked for."""

    left: int


@dataclass(frozen=True)
class Plan:
    """A holiday pack as it is wanted; what each field means stands at `data.packs.HolidayPack`."""

    title: str
    answer_by: date
    about: str = ""
    offer_on: date | None = None
    stock: int | None = None


def find(school: School, pack_id: int) -> HolidayPack:
    """One holiday pack, by its id. Refuses with NotThere."""
    found = school.session.get(HolidayPack, pack_id)
    if found is None:
        raise NotThere
    return found


def find_any(school: School, pack_id: int) -> HolidayPack | None:
    """The same; None where there is none."""
    return school.session.get(HolidayPack, pack_id)


def everything(school: School) -> Sequence[HolidayPack]:
    """All of them, those for which answers are taken first, then the newest."""
    return school.session.scalars(select(HolidayPack).order_by(HolidayPack.is_over, HolidayPack.answer_by.desc(), HolidayPack.id.desc())).all()


def offered(school: School) -> Sequence[HolidayPack]:
    """Those that a family may ask for now."""
    rows = select(HolidayPack).where(HolidayPack.is_over.is_(False), HolidayPack.offer_on <= school.today, HolidayPack.answer_by >= school.today)
    return school.session.scalars(rows.order_by(HolidayPack.answer_by, HolidayPack.id)).all()


def takes_answers(school: School, pack: HolidayPack) -> bool:
    """Whether a family may ask for it now."""
    return pack in offered(school)


def make(school: School, plan: Plan) -> HolidayPack:
    """A new one, of which families are told on its day. Refuses with NotSo."""
    _check(school, plan)
    made = HolidayPack(title=texts.write(school, plan.title.strip(), texts.STAFF_READ), answer_by=plan.answer_by, made_at=school.now)
    school.session.add(made)
    _put(school, made, plan)
    return made


def change(school: School, pack: HolidayPack, plan: Plan) -> None:
    """It is so from now on. Refuses with NotSo."""
    _locked(school, pack)
    _check(school, plan, pack)
    if pack.title.words != plan.title.strip():
        texts.rewritten(pack.title, plan.title.strip())
    _put(school, pack, plan)


def close(school: School, pack: HolidayPack) -> None:
    """It is over: nobody is asked or asks any more; what was promised can still be given."""
    pack.is_over = True
    withdraw(school, f"{_key(pack)}:")
    school.session.flush()


def _check(school: School, plan: Plan, pack: HolidayPack | None = None) -> None:
    why: dict[str, Why] = {}
    if not plan.title.strip():
        why["title"] = Why.MISSING
    elif len(plan.title.strip()) > LONGEST_TITLE:
        why["title"] = Why.TOO_LONG
    if plan.answer_by < school.today and (pack is None or pack.answer_by != plan.answer_by):
        why["answer_by"] = Why.IN_THE_PAST
    if plan.offer_on is not None and plan.offer_on > plan.answer_by:
        why["offer_on"] = Why.AFTER_IT
    if plan.stock is not None and plan.stock < (pack.promised if pack is not None else 0):
        why["stock"] = Why.BELOW_PROMISED
    if why:
        raise NotSo(why)


def _put(school: School, pack: HolidayPack, plan: Plan) -> None:
    words = plan.about.strip()
    if words and pack.about is not None:
        if pack.about.words != words:
            texts.rewritten(pack.about, words)
    else:
        pack.about = texts.write(school, words, texts.STAFF_READ) if words else None
    pack.answer_by, pack.offer_on, pack.stock = plan.answer_by, plan.offer_on, plan.stock
    school.session.flush()
    for text in filter(None, (pack.title, pack.about)):
        texts.want(text, audiences.languages(school))


# Answers


def answer(school: School, pack: HolidayPack, adult: Adult, wanted: Mapping[Child, bool]) -> None:
    """For which of their children they want one. Refuses with NotYourChild, TooLate or NoneLeft; then what they said before stands."""
    for child in wanted:
        require(school, adult, child, "hear")
    pack = _locked(school, pack)
    if not takes_answers(school, pack):
        raise TooLate
    before = {wish.child_id: wish for wish in of(school, pack, adult)}
    wanted = {child: is_wanted for child, is_wanted in wanted.items() if child.id not in before or before[child.id].given_at is None}  # what went home stays so
    change_by = sum(is_wanted - (child.id in before and before[child.id].is_wanted) for child, is_wanted in wanted.items())
    if pack.stock is not None and change_by > pack.stock - pack.promised:
        raise NoneLeft(pack.stock - pack.promised)
    for child, is_wanted in wanted.items():
        wish = before.get(child.id) or HolidayWish(holiday_pack_id=pack.id, adult_id=adult.id, child_id=child.id)
        wish.is_wanted, wish.answered_at = is_wanted, school.now
        school.session.add(wish)
    pack.promised += change_by
    school.session.flush()


def of(school: School, pack: HolidayPack, adult: Adult) -> Sequence[HolidayWish]:
    """What this adult said to it, for each child."""
    rows = select(HolidayWish).where(HolidayWish.holiday_pack_id == pack.id, HolidayWish.adult_id == adult.id)
    return school.session.scalars(rows.execution_options(populate_existing=True)).all()  # they may have answered elsewhere a moment ago


def left(pack: HolidayPack) -> int | None:
    """How many are left to be promised; None for any number."""
    return None if pack.stock is None else pack.stock - pack.promised


def wanted(school: School, pack: HolidayPack) -> Sequence[HolidayWish]:
    """For whom one is wanted, by class and name."""
    rows = select(HolidayWish).join(Child, Child.id == HolidayWish.child_id).where(HolidayWish.holiday_pack_id == pack.id, HolidayWish.is_wanted)
    return sorted(school.session.scalars(rows), key=lambda wish: (wish.child.school_class.name, wish.child.name, wish.adult_id))


def count_answers(school: School, pack: HolidayPack) -> Mapping[bool, int]:
    """How many said that they want one, and how many that they do not."""
    rows = select(HolidayWish.is_wanted, func.count()).where(HolidayWish.holiday_pack_id == pack.id).group_by(HolidayWish.is_wanted)
    return dict(school.session.execute(rows).all())


def give(school: School, wish: HolidayWish, *, is_given: bool = True) -> None:
    """It went home, or did not after all."""
    wish.given_at = school.now if is_given else None
    school.session.flush()


# By the clock


def offer(school: School) -> None:
    """Tell every family of what is offered, each adult once."""
    for pack in offered(school):
        offers = select(Message.key).where(Message.kind == OFFERED, Message.key.startswith(f"{_key(pack)}:", autoescape=True))
        told = set(school.session.scalars(offers))
        answered = set(school.session.scalars(select(HolidayWish.adult_id).where(HolidayWish.holiday_pack_id == pack.id)))
        until = instant(pack.answer_by, END_OF_DAY)
        for adult in audiences.adults(school, EVERYONE):
            key = f"{_key(pack)}:{adult.id}"
            if key not in told and adult.id not in answered:
                tell(school, adult, OFFERED, {"pack": pack.id}, key=key, useless_after=until)


def children(school: School, adult: Adult) -> Sequence[Child]:
    """For whom this adult may ask."""
    return families.children(school, adult, may="hear")


def drop_gone(school: School) -> None:
    """What was promised to children and families who left, and not given yet, is free for others."""
    left_since = or_(Adult.left_on.is_not(None), Child.left_on.is_not(None))
    rows = select(HolidayWish).join(Adult, Adult.id == HolidayWish.adult_id).join(Child, Child.id == HolidayWish.child_id)
    for wish in school.session.scalars(rows.where(HolidayWish.is_wanted, HolidayWish.given_at.is_(None), left_since)).all():
        _locked(school, wish.pack).promised -= 1
        wish.is_wanted = False
    school.session.flush()


def forget(school: School, adult: Adult) -> None:
    """What this adult said is forgotten; what was promised to them is free."""
    rows = select(HolidayWish).where(HolidayWish.adult_id == adult.id)
    for wish in school.session.scalars(rows).all():
        if wish.is_wanted and wish.given_at is None:
            _locked(school, wish.pack).promised -= 1
        school.session.delete(wish)
    school.session.flush()


def _locked(school: School, pack: HolidayPack) -> HolidayPack:
    """The pack, for this transaction alone: what is promised is counted in its row."""
    rows = select(HolidayPack).where(HolidayPack.id == pack.id).with_for_update(of=HolidayPack).execution_options(populate_existing=True)
    return school.session.scalars(rows).one()


def _key(pack: HolidayPack) -> str:
    return f"pack:holiday:{pack.id}"
