"""Who saw and changed what: looked for, named, and never changed."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from data.store import Store
from school import School, access, audit
from tests.school.small import MONDAY, a_child, a_member, an_adult


@pytest.mark.parametrize("change", ["UPDATE audit SET who = 'nobody'", "UPDATE audit SET id = 99", "DELETE FROM audit", "DELETE FROM audit WHERE id = 1"])
def test_the_database_refuses_to_change_or_remove_an_entry(school: School, change: str) -> None:
    audit.changed(school, None, "did something")
    school.session.flush()
    with pytest.raises(DBAPIError, match="append-only"), school.session.begin_nested():
        school.session.execute(text(change))
    assert [entry.action for entry in audit.entries(school)] == ["did something"]


def test_postgresql_refuses_to_empty_it_too(postgresql_url: str) -> None:
    with closing(Store(postgresql_url)) as store, store.write() as session, pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(text("TRUNCATE audit"))


def test_entries_are_looked_for_by_whom_what_and_when(school: School) -> None:
    one, other = a_member(school), a_member(school, name="Mr Whitfield")
    for staff, action, about, at in ((one, "saw", "adult", MONDAY), (one, "moved", "appointment", MONDAY + timedelta(days=1)), (other, "saw", "adult", MONDAY)):
        audit.changed(School(school.session, at), staff, action, about, 7)
    school.session.flush()

    def found(**wanted: object) -> list[tuple[str, str]]:
        return [(entry.who, entry.action) for entry in audit.entries(school, **wanted)]  # type: ignore[arg-type]

    assert found(staff_id=one.id) == [("Ms Okafor", "moved"), ("Ms Okafor", "saw")]
    assert found(about=("adult", 7)) == [("Mr Whitfield", "saw"), ("Ms Okafor", "saw")]
    assert found(about=("adult", 8)) == []
    assert found(about=("appointment", None)) == [("Ms Okafor", "moved")]
    assert found(changes_only=True) == [("Ms Okafor", "moved")]
    assert found(since=MONDAY + timedelta(hours=1)) == [("Ms Okafor", "moved")]
    assert found(until=MONDAY + timedelta(hours=1), staff_id=one.id) == [("Ms Okafor", "saw")]


def test_things_are_named_for_those_who_may_know_them(school: School) -> None:
    child, teacher = a_child(school), a_member(school)
    parent = an_adult(school, child)
    for about, about_id in (("adult", parent.id), ("child", child.id), ("school_class", child.class_id), ("staff", teacher.id), ("adult", 999), ("audit", 0)):
        audit.changed(school, teacher, "saw", about, about_id)
    school.session.flush()
    rows = audit.entries(school)
    staff, people = ("staff", teacher.id), {("adult", parent.id): parent.name, ("child", child.id): child.name}
    named = audit.names(school, access.viewer(school, a_member(school, "senior")), rows)
    assert named == {staff: teacher.name, ("school_class", child.class_id): child.school_class.name, **people}
    assert not people.keys() & audit.names(school, access.viewer(school, a_member(school, "admin")), rows).keys()
