"""The new school year: what was looked at is done in one step, and for a day can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from data.people import Child, SchoolClass, Staff
from data.store import Store
from school import School, families, new_year, set_up
from school.new_year import ChangedMeanwhile, Plan, TooLateToUndo
from tests.school.small import a_member, an_adult, london


@pytest.fixture
def school(database_url: str) -> Iterator[School]:
    with closing(Store(database_url)) as store, store.write() as session:
        yield School(session, london("2026-07-22 12:00"))


class Small:
    """Three years of one child each; Kate has the youngest and the oldest."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.classes = {name: set_up.add_class(school, name) for name in ("Year 4", "Year 5", "Year 6")}
        self.teachers = {name: a_member(school, "teacher", f"Ms {name}") for name in self.classes}
        for name, each in self.classes.items():
            set_up.change_class(school, each, name, self.teachers[name], [a_member(school, "class", f"Team of {name}")])
        self.young, self.middle, self.old, self.only = (
            self.child(name, each) for name, each in (("Ann Hill", "Year 4"), ("Ben Roe", "Year 5"), ("Cai Hill", "Year 6"), ("Dee Reed", "Year 6"))
        )
        self.kate, self.tom = an_adult(school, self.young, self.old), an_adult(school, self.only)
        self.admin = a_member(school, "admin")

    def child(self, name: str, school_class: str) -> Child:
        made = Child(name=name, school_class=self.classes[school_class])
        self.school.session.add(made)
        self.school.session.flush()
        return made

    def plan(self, **teachers: Staff | None) -> Plan:
        up = new_year.suggested(self.school)
        named = {self.classes[name.replace("_", " ")].id: person.id if person else None for name, person in teachers.items()}
        adults = [adult.id for adult in new_year.leavers(self.school, {child.id: up[child.class_id] for child in new_year.children(self.school)})]
        return Plan({child.id: up[child.class_id] for child in new_year.children(self.school)}, adults, named)

    def where(self) -> dict[str, str]:
        return {child.first_name: child.school_class.name if child.left_on is None else "left" for child in (self.young, self.middle, self.old, self.only)}


@pytest.fixture
def small(school: School) -> Small:
    return Small(school)


def test_years_move_up_by_their_numbers(school: School, small: Small) -> None:
    set_up.add_class(school, "Maple")
    up = new_year.suggested(school)
    by_id = {each.id: each.name for each in school.session.query(SchoolClass)}
    assert {by_id[was]: by_id.get(to or 0) for was, to in up.items()} == {"Year 4": "Year 5", "Year 5": "Year 6", "Year 6": None, "Maple": "Maple"}


def test_everyone_moves_at_once_and_the_last_year_is_out(school: School, small: Small) -> None:
    new_year.apply(school, small.plan(), new_year.mark(school), small.admin)
    assert small.where() == {"Ann": "Year 5", "Ben": "Year 6", "Cai": "left", "Dee": "left"}
    assert (small.kate.left_on, small.tom.left_on) == (None, school.today)
    assert families.children(school, small.kate, "hear") == [small.young]


def test_an_adult_may_be_kept_and_one_with_another_child_never_goes(school: School, small: Small) -> None:
    plan = small.plan()
    new_year.apply(school, Plan(plan.classes, [small.kate.id], {}), new_year.mark(school), small.admin)
    assert (small.kate.left_on, small.tom.left_on) == (None, None)


def test_teachers_change_with_their_teams(school: School, small: Small) -> None:
    four, five = small.teachers["Year 4"], small.teachers["Year 5"]
    new_year.apply(school, small.plan(Year_4=five, Year_5=four, Year_6=None), new_year.mark(school), small.admin)
    assert (small.classes["Year 4"].teacher, small.classes["Year 5"].teacher, small.classes["Year 6"].teacher) == (five, four, None)
    assert sorted(member.name for member in small.classes["Year 4"].team) == ["Ms Year 5", "Team of Year 4"]


def test_a_plan_for_another_school_than_this_is_refused(school: School, small: Small) -> None:
    made_on, plan = new_year.mark(school), small.plan()
    small.child("Eve New", "Year 4")
    with pytest.raises(ChangedMeanwhile):
        new_year.apply(school, plan, made_on, small.admin)
    assert small.where()["Ann"] == "Year 4"


def test_it_is_undone_whole_on_the_same_day(school: School, small: Small) -> None:
    four, five = small.teachers["Year 4"], small.teachers["Year 5"]
    step = new_year.apply(school, small.plan(Year_4=five, Year_5=four), new_year.mark(school), small.admin)
    new_year.undo(school, step)
    school.session.expire_all()
    assert small.where() == {"Ann": "Year 4", "Ben": "Year 5", "Cai": "Year 6", "Dee": "Year 6"}
    assert (small.classes["Year 4"].teacher, small.tom.left_on, len(families.children(school, small.kate, "book"))) == (four, None, 2)
    assert sorted(member.name for member in small.classes["Year 5"].team) == ["Ms Year 5", "Team of Year 5"]
    with pytest.raises(TooLateToUndo):
        new_year.undo(school, step)


def test_what_was_changed_since_stays(school: School, small: Small) -> None:
    step = new_year.apply(school, small.plan(), new_year.mark(school), small.admin)
    small.young.school_class = small.classes["Year 6"]
    school.session.flush()
    new_year.undo(school, step)
    assert small.where() == {"Ann": "Year 6", "Ben": "Year 5", "Cai": "Year 6", "Dee": "Year 6"}


def test_on_the_next_day_it_stands(school: School, small: Small) -> None:
    step = new_year.apply(school, small.plan(), new_year.mark(school), small.admin)
    with pytest.raises(TooLateToUndo):
        new_year.undo(School(school.session, school.now + timedelta(days=1)), step)
    assert small.where()["Ann"] == "Year 5"
