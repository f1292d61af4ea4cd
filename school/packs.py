"""The catalogue of Home Learning Packs: what there is, what is in it, and its copies by their labels.

Policy: 'Offer weekly loan of Home Learning Packs containing books and activities to share at home for parents who wish to sign up'.

Its own refusals:

    Refusal
    ├── NotSo            a field of a pack cannot be as it was given
    ├── LabelTaken       another copy has that label
    └── StillOut         a copy is at a family's home, or set aside for one
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, func, select

from data.kept_files import KeptFile
from data.packs import OPEN_HOLDS, CopyState, HoldState, Pack, PackCopy, PackHold, PackItem, PackLoan, Skill, Way
from data.people import Adult
from data.texts import Text
from school import School, audiences, texts
from school.errors import NotThere, Refusal
from school.pack_rules import lock

__all__ = ["CopyState", "Pack", "PackCopy", "PackItem", "Skill", "Way"]

LONGEST_TITLE = 80
LONGEST_ITEM = 80
LONGEST_STAGE = 60
MOST_COPIES = 50
LABEL = re.compile(r"[A-Z0-9-]{1,12}")
NUMBER = re.compile(r"(?:P-?)?([0-9]{1,11})")
"""A label that was given by number, however it is typed."""
LENT = (CopyState.SHELF, CopyState.KEPT, CopyState.OUT, CopyState.COUNTING)
"""States of copies that are lent, now or soon."""


class Why(StrEnum):
    """Why a field of a pack cannot be as it was given."""

    MISSING = "missing"
    TOO_LONG = "too long"
    NOT_A_NUMBER = "less than one"
    TWICE = "named twice"
    TAKEN = "another pack has it"


@dataclass
class NotSo(Refusal):
    """What was given cannot be: each field with the reason."""

    why: Mapping[str, Why]


class LabelTaken(Refusal):
    """Another copy has that label."""


class StillOut(Refusal):
    """A copy is at a family's home, or set aside for one: first it must be back."""


@dataclass(frozen=True)
class Plan:
    """A pack as it is wanted; what each field means stands at `data.packs.Pack`. `items` are names with the number of their pieces, in order."""

    title: str
    about: str = ""
    stage: str = ""
    skills: Sequence[Skill] = ()
    languages: Sequence[str] = ()
    items: Sequence[tuple[str, int]] = ()


# As it is


def find(school: School, pack_id: int) -> Pack:
    """One pack, by its id. Refuses with NotThere."""
    found = school.session.get(Pack, pack_id)
    if found is None:
        raise NotThere
    return found


def find_copy(school: School, copy_id: int) -> PackCopy:
    """One copy, by its id. Refuses with NotThere."""
    found = school.session.get(PackCopy, copy_id)
    if found is None:
        raise NotThere
    return found


def by_label(school: School, typed: str) -> PackCopy:
    """The copy whose label was typed or scanned: in any case, with or without its leading letter and zeros, or as a link that ends in it.

    Refuses with NotThere.
    """
    label = as_label(typed)
    found = school.session.scalars(select(PackCopy).where(PackCopy.label == label)).first()
    number = NUMBER.fullmatch(label)
    if found is None and number is not None:
        found = school.session.scalars(select(PackCopy).where(PackCopy.label == _numbered(int(number[1])))).first()
    if found is None:
        raise NotThere
    return found


def as_label(typed: str) -> str:
    """What was typed or scanned, as labels are kept."""
    return "".join(typed.strip().rstrip("/").rsplit("/", 1)[-1].upper().split())


def everything(school: School, *, retired: bool = False) -> Sequence[Pack]:
    """The packs that are lent, by title; or those that are lent no more."""
    rows = select(Pack).join(Text, Text.id == Pack.title_id).where(Pack.is_retired.is_(retired))
    return school.session.scalars(rows.order_by(func.lower(Text.words), Pack.id)).all()


def lent(school: School) -> Sequence[Pack]:
    """The packs that a family may ask for, by title: those of which there is a copy that is lent."""
    has_copies = select(PackCopy.pack_id).where(PackCopy.state.in_(LENT))
    rows = select(Pack).join(Text, Text.id == Pack.title_id).where(Pack.is_retired.is_(False), Pack.id.in_(has_copies))
    return school.session.scalars(rows.order_by(func.lower(Text.words), Pack.id)).all()


def titles(school: School, _: Adult) -> Sequence[tuple[int, Text]]:
    """The packs that a family may mean by their names: id and title."""
    return [(pack.id, pack.title) for pack in lent(school)]


# As staff make it


def check(school: School, plan: Plan, pack: Pack | None = None) -> None:
    """Refuses with NotSo, and every fault at once."""
    why: dict[str, Why] = {}
    if not plan.title.strip():
        why["title"] = Why.MISSING
    elif len(plan.title.strip()) > LONGEST_TITLE:
        why["title"] = Why.TOO_LONG
    elif any(_same(other.title.words, plan.title) for other in everything(school) if other is not pack):
        why["title"] = Why.TAKEN
    if len(plan.stage.strip()) > LONGEST_STAGE:
        why["stage"] = Why.TOO_LONG
    if any(pieces < 1 for _, pieces in plan.items):
        why["items"] = Why.NOT_A_NUMBER
    names = [name.strip().casefold() for name, _ in plan.items]
    if len(set(names)) < len(names):
        why["items"] = Why.TWICE
    if any(len(name) > LONGEST_ITEM for name in names):
        why["items"] = Why.TOO_LONG
    if not all(names):
        why["items"] = Why.MISSING
    if why:
        raise NotSo(why)


def _same(one: str, other: str) -> bool:
    return one.casefold().split() == other.casefold().split()


def make(school: School, plan: Plan, copies: int = 0) -> Pack:
    """A new pack, with so many copies. Refuses with NotSo."""
    check(school, plan)
    made = Pack(title=texts.write(school, plan.title.strip(), texts.STAFF_READ), made_at=school.now, changed_at=school.now)
    school.session.add(made)
    _put(school, made, plan)
    for _ in range(copies):
        add_copy(school, made)
    return made


def change(school: School, pack: Pack, plan: Plan) -> None:
    """It is so from now on. An item whose name stands keeps what was told about it. Refuses with NotSo."""
    check(school, plan, pack)
    if pack.title.words != plan.title.strip():
        texts.rewritten(pack.title, plan.title.strip())
    pack.changed_at = school.now
    _put(school, pack, plan)


def _put(school: School, pack: Pack, plan: Plan) -> None:
    pack.about = _text(school, pack.about, plan.about)
    pack.stage, pack.skills = plan.stage.strip(), [skill for skill in Skill if skill in plan.skills]
    pack.languages = sorted(set(plan.languages))
    before = {item.name.words.casefold(): item for item in pack.items}
    items = []
    for place, (name, pieces) in enumerate(plan.items):
        item = before.get(name.strip().casefold()) or PackItem(name=texts.write(school, name.strip(), texts.STAFF_READ))
        item.pieces, item.place = pieces, place
        items.append(item)
    pack.items = items
    school.session.flush()
    for text in written(pack):
        texts.want(text, audiences.languages(school))


def written(pack: Pack) -> list[Text]:
    """What staff wrote of it, for families to read."""
    return [pack.title, *([pack.about] if pack.about is not None else []), *(item.name for item in pack.items)]


def _text(school: School, text: Text | None, words: str) -> Text | None:
    words = words.strip()
    if not words:
        return None
    if text is None:
        return texts.write(school, words, texts.STAFF_READ)
    if text.words != words:
        texts.rewritten(text, words)
    return text


def as_planned(pack: Pack) -> Plan:
    """The pack as a plan: what `change` would leave as it is."""
    return Plan(
        pack.title.words,
        pack.about.words if pack.about is not None else "",
        pack.stage,
        [Skill(name) for name in pack.skills],
        pack.languages,
        [(item.name.words, item.pieces) for item in pack.items],
    )


def show_picture(school: School, pack: Pack, picture: KeptFile | None) -> None:
    """It has this picture from now on, or none; the one that it had is kept no longer."""
    before, pack.picture_id = pack.picture_id, picture.id if picture is not None else None
    school.session.flush()
    if before is not None:
        school.session.execute(delete(KeptFile).where(KeptFile.id == before))
    school.session.expire(pack, ["picture"])


# Copies


def add_copy(school: School, pack: Pack, label: str = "") -> PackCopy:
    """One more copy, under this label or the next number. Refuses with LabelTaken, or with NotSo where it cannot be a label."""
    lock(school)
    wanted = as_label(label) or _next_label(school)
    if not LABEL.fullmatch(wanted):
        raise NotSo({"label": Why.TOO_LONG})
    if school.session.scalar(select(PackCopy.id).where(PackCopy.label == wanted)) is not None:
        raise LabelTaken
    made = PackCopy(label=wanted, state=CopyState.SHELF)
    pack.copies.append(made)
    school.session.flush()
    return made


def _numbered(number: int) -> str:
    return f"P{number:04}"


def _next_label(school: School) -> str:
    labels = school.session.scalars(select(PackCopy.label).where(PackCopy.label.like("P____"))).all()
    return _numbered(max((int(label[1:]) for label in labels if label[1:].isdigit()), default=0) + 1)


def retire(school: School, pack: Pack) -> None:
    """It is lent no more: who waits for it is told when the clock ticks next. Refuses with StillOut while a copy is out or set aside."""
    lock(school)
    if any(copy.state in (CopyState.OUT, CopyState.KEPT) for copy in pack.copies):
        raise StillOut
    pack.is_retired = True
    school.session.flush()


def lend_again(school: School, pack: Pack) -> None:
    """A pack that was retired is lent again. Refuses with NotSo where another has its title now."""
    check(school, as_planned(pack), pack)
    pack.is_retired = False
    school.session.flush()


def at_home(school: School, adult: Adult) -> Sequence[PackLoan]:
    """What this adult has borrowed and not brought back, the one due first at the top."""
    rows = select(PackLoan).where(PackLoan.adult_id == adult.id, PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None))
    return school.session.scalars(rows.order_by(PackLoan.due_on, PackLoan.id)).all()


def holds(school: School, adult: Adult) -> Sequence[PackHold]:
    """What this adult waits for, or what is set aside for them, the oldest wish first."""
    rows = select(PackHold).where(PackHold.adult_id == adult.id, PackHold.state.in_(OPEN_HOLDS))
    return school.session.scalars(rows.order_by(PackHold.asked_at, PackHold.id)).all()


def stands(hold: PackHold) -> bool:
    """Whether it is not over."""
    return hold.state in OPEN_HOLDS


def waits(hold: PackHold) -> bool:
    """Whether it waits for a copy still."""
    return hold.state == HoldState.WAITING
