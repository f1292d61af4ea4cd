"""A small school on a Monday morning, with a class, its teacher, a child and a parent: what most rules need. A test that needs other people makes its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from data.people import Adult, Child, Staff
from data.store import Store
from school import School, access
from school.access import Viewer
from tests.school.small import MONDAY, a_child, a_member, an_adult, seen


@pytest.fixture
def school(database_url: str) -> Iterator[School]:
    """An empty school on `MONDAY`, on each of the databases."""
    with closing(Store(database_url)) as store, store.write() as session:
        yield School(session, MONDAY)


@pytest.fixture
def teacher(school: School) -> Staff:
    """A teacher who can be seen after school from Monday to Thursday."""
    made = a_member(school)
    seen(school, made, "0123", "15:10-16:10")
    return made


@pytest.fixture
def child(school: School, teacher: Staff) -> Child:
    """A child of the teacher's class."""
    return a_child(school, teacher)


@pytest.fixture
def parent(school: School, child: Child) -> Adult:
    """Its parent, who may do everything about it."""
    return an_adult(school, child)


@pytest.fixture
def office(school: School) -> Viewer:
    """Mrs Doyle of the office, and what she may see."""
    return access.viewer(school, a_member(school, "office", "Mrs Doyle"))
