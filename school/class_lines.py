"""What parents write for a child's class: the morning line, health news, an answer to the home/school book, how the day was.

Whatever is written waits for a person of the class's team, and stands on top of the class's page until someone has seen it. Who may be told about a child is
one thing; any adult whom the school lets do anything about the child may tell the class something.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from data.addresses import Address
from data.attention import Attention
from data.book import ClassLine
from data.people import Adult, Child, Guardianship, SchoolClass
from school import School, access, attention, hours, texts
from school.access import Power, Viewer
from school.attention import Need
from school.calendar import calendar
from school.errors import NotThere, NotYourChild

__all__ = ["ClassLine", "ask_for_day", "children_of", "give", "keep", "of_children", "read_on", "see"]


def children_of(school: School, adult: Adult) -> Sequence[Child]:
    """The children about whom the school lets this adult do anything at all, by name."""
    rights = (Guardianship.may_hear, Guardianship.may_book, Guardianship.may_be_asked, Guardianship.may_collect)
    return school.session.scalars(
        select(Child)
        .join(Child.guardianships)
        .where(Guardianship.adult_id == adult.id, or_(*rights))
        .options(joinedload(Child.school_class).selectinload(SchoolClass.team))
        .order_by(Child.name)
    ).all()


def read_on(school: School) -> date:
    """The day on which the class reads what is written now: today until the school closes, else the next school day."""
    is_today = calendar(school).is_school_day(school.today) and school.clock.time() < school.settings.closes
    return school.today if is_today else hours.next_opening(school)


def keep(school: School, key: str, need: Need, adult: Adult, address: Address, *, text: str, language: str | None = None) -> str:
    """Keep what was written before it is known about which child it is, so that it is not lost; the office sees it until then. The `key`, for `give`.

    `language` is the one it was written in, where that could be told.
    """
    attention.call_for_a_person(school, need, key=key, adult=adult, address=address, text=text, language=language)
    return key


def give(school: School, key: str, child: Child) -> ClassLine:
    """It is about this child: what was kept under `key` is the class's now. Refuses with NotYourChild where its writer has no right about the child at all."""
    waits = school.session.scalars(select(Attention).where(Attention.key == key)).one()
    assert waits.adult is not None
    if child not in children_of(school, waits.adult):
        raise NotYourChild
    attention.refine(school, key, school_class=child.school_class)
    line = school.session.scalars(select(ClassLine).where(ClassLine.attention_id == waits.id)).first()
    if line is None:
        written = school.session.scalars(select(texts.Text).where(texts.Text.attention_id == waits.id)).first()
        line = ClassLine(child_id=child.id, adult_id=waits.adult.id, on=read_on(school), need=waits, text=written, written_at=school.now)
        school.session.add(line)
        school.session.flush()
    return line


def ask_for_day(school: School, adult: Adult, address: Address, child: Child, *, key: str, text: str, language: str | None = None) -> bool:
    """An adult asks how a child's day is, and the book does not say: the class is asked, once a day for that adult and child; False if it was before.

    What they write after that is added to what waits.
    """
    asked = (
        select(ClassLine)
        .join(ClassLine.need)
        .where(ClassLine.child_id == child.id, ClassLine.adult_id == adult.id, ClassLine.on == read_on(school), Attention.need == Need.CHILD_DAY)
    )
    before = school.session.scalars(asked).first()
    if before is not None:
        attention.add_words(school, before.need.key, text)
        return False
    give(school, keep(school, key, Need.CHILD_DAY, adult, address, text=text, language=language), child)
    return True


def of_children(school: School, children: Sequence[Child], day: date) -> Sequence[ClassLine]:
    """What parents wrote about these children that nobody has seen yet, and what is of this day; the oldest first.

    What someone of the team has handed to the safeguarding lead since is not among it.
    """
    mine = ClassLine.child_id.in_([child.id for child in children])
    unseen = ClassLine.seen_at.is_(None) & Attention.done_at.is_(None)
    statement = select(ClassLine).join(ClassLine.need).where(mine, or_(unseen, ClassLine.on == day)).order_by(ClassLine.id)
    lines = school.session.scalars(statement.options(joinedload(ClassLine.need), joinedload(ClassLine.adult))).all()
    handed_on = _handed_on(school, lines)
    return [line for line in lines if line.id not in handed_on]


def see(school: School, who: Viewer, line_id: int) -> bool:
    """Someone of the team has read it: that is put down, and nothing waits because of it any more; False if it was seen before.

    Refuses with NotThere where they may not see the child, the same as where there is none.
    """
    line = school.session.get(ClassLine, line_id)
    if line is None or not who.may(Power.BOOK):
        raise NotThere
    access.child(school, who, line.child_id)
    if line.seen_at is not None:
        return False
    line.seen_at, line.seen_by_id = school.now, who.staff.id
    attention.tick_off(school, line.attention_id, who.staff)
    return True


def _handed_on(school: School, lines: Sequence[ClassLine]) -> set[int]:
    """Those that were dealt with by handing them to the named persons, who alone read them from then on."""
    keys = {f"safeguarding:inbox:{attention.came_with(line.need)}": line.id for line in lines if line.need.done_at is not None and line.seen_at is None}
    found = school.session.scalars(select(Attention.key).where(Attention.need == Need.SAFEGUARDING, Attention.key.in_(keys)))
    return {keys[key] for key in found}
