"""The new school year, in one step that was looked at first: where each child moves up to, who leaves, who teaches whom. It can be undone on the same day.

Its own refusals:

    Refusal
    └── ChangedMeanwhile     children, classes or teachers are not as they were when the plan was made
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from data.people import Adult, Child, SchoolClass, Staff
from data.setting_up import Step
from school import School, leaving, staff
from school.errors import Refusal
from school.leaving import TooLateToUndo

__all__ = ["ChangedMeanwhile", "Plan", "Step", "TooLateToUndo", "apply", "children", "leavers", "mark", "suggested", "undo"]

WHAT = "new year"


class ChangedMeanwhile(Refusal):
    """The school is not as it was when the plan was made: it must be made anew."""


@dataclass(frozen=True)
class Plan:
    """The whole step, by ids. `classes`: each child's class from now on, None: they leave. `adults`: who leaves too. `teachers`: who teaches a class."""

    classes: Mapping[int, int | None]
    adults: Collection[int]
    teachers: Mapping[int, int | None]


def suggested(school: School) -> Mapping[int, int | None]:
    """Where the children of each class would move up to: Year 3 to Year 4, the last year out; a class without a number in its name stays. By ids."""
    classes = staff.all_classes(school)
    named = {each.name.casefold(): each for each in classes}
    found: dict[int, int | None] = {}
    for each in classes:
        number = re.search(r"\d+", each.name)
        if number is None:
            found[each.id] = named["year 1"].id if each.name.casefold() == "reception" and "year 1" in named else each.id
            continue
        following = f"{each.name[: number.start()]}{int(number[0]) + 1}{each.name[number.end() :]}".casefold()
        found[each.id] = named[following].id if following in named else None
    return found


def children(school: School) -> Sequence[Child]:
    """Every child at the school, class by class, by name."""
    rows = school.session.scalars(
        select(Child).join(SchoolClass).where(Child.left_on.is_(None)).order_by(SchoolClass.name, SchoolClass.id, Child.name, Child.id)
    )
    return rows.all()


def leavers(school: School, classes: Mapping[int, int | None]) -> Sequence[Adult]:
    """The adults who would have no child at the school any more, by name."""
    return leaving.adults_without_others(school, [child for child in children(school) if classes.get(child.id, child.class_id) is None])


def mark(school: School) -> str:
    """How the school stands, as one short word: it differs once a child, a class or a teacher does."""
    stands = (
        [(child.id, child.class_id, child.name) for child in children(school)],
        [(each.id, each.name, each.teacher_id) for each in staff.all_classes(school)],
    )
    return hashlib.sha256(repr(stands).encode()).hexdigest()[:16]


def apply(school: School, plan: Plan, made_on: str, by: Staff) -> Step:
    """Do all that the plan says. `made_on` is the `mark` of the school that it was made for: refuses with ChangedMeanwhile where it is another by now.

    A class that is not named keeps its teacher, a child that is not named their class. Teachers who got another class leave the team of the one they had.
    """
    if made_on != mark(school):
        raise ChangedMeanwhile
    everyone, known = children(school), {each.id for each in staff.all_classes(school)}
    going = [child for child in everyone if plan.classes.get(child.id, child.class_id) is None]
    moving = {child: to for child in everyone if (to := plan.classes.get(child.id, child.class_id)) in known and to != child.class_id}
    out = [adult for adult in leaving.adults_without_others(school, going) if adult.id in plan.adults]
    before = leaving.cut(school, going, out)
    before["classes"] = [[child.id, child.class_id, to] for child, to in moving.items()]
    for child, to in moving.items():
        child.school_class = school.session.get_one(SchoolClass, to)
    before["teams"] = _give_teachers(school, plan.teachers)
    step = Step(what=WHAT, staff_id=by.id, at=school.now, before=before)
    school.session.add(step)
    school.session.flush()
    return step


def _give_teachers(school: School, teachers: Mapping[int, int | None]) -> list[list[object]]:
    """Give classes their teachers; how it was before, of those that changed: class, teacher then and now, team then."""
    here = {person.id: person for person in staff.everyone(school)}
    changed = [each for each in staff.all_classes(school) if each.id in teachers and teachers[each.id] != each.teacher_id]
    before: list[list[object]] = [[each.id, each.teacher_id, teachers[each.id], [member.id for member in each.team]] for each in changed]
    for each in changed:
        old, new = each.teacher, here.get(teachers[each.id] or 0)
        if old is not None and old in each.team:
            each.team.remove(old)
        if new is not None and new not in each.team:
            each.team.append(new)
        each.teacher = new
    school.session.flush()
    return before


def undo(school: School, step: Step) -> None:
    """Take the step back, but for what was changed again since. Refuses with TooLateToUndo."""
    if not leaving.may_undo(school, step) or step.before is None:
        raise TooLateToUndo
    before = step.before
    leaving.undo(school, step)
    for child_id, was, became in before["classes"]:
        child = school.session.get(Child, child_id)
        if child is not None and child.class_id == became and school.session.get(SchoolClass, was) is not None:
            child.class_id = was
            school.session.flush()
            school.session.expire(child, ["school_class"])
    here = {person.id: person for person in staff.everyone(school)}
    for class_id, was, became, team in before["teams"]:
        found = school.session.get(SchoolClass, class_id)
        if found is not None and found.teacher_id == became:
            found.team = [here[staff_id] for staff_id in team if staff_id in here]
            found.teacher = here.get(was)
    school.session.flush()
