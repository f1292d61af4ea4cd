"""What parents write for a class: whose it is, when it is read, and that it stands until someone has seen it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date

import pytest
from sqlalchemy import select

from data.addresses import Address
from data.attention import Attention, Need
from data.book import ClassLine
from data.people import Adult, Child, Staff
from data.store import Store
from data.texts import Text
from school import School, access, addresses, attention, book, class_lines, families, safeguarding
from school.access import Viewer
from school.errors import NotThere, NotYourChild
from tests.school.small import a_child, a_member, an_adult, london

MONDAY = date(2026, 3, 2)


@pytest.fixture
def school(database_url: str) -> Iterator[School]:
    with closing(Store(database_url)) as store, store.write() as session:
        yield School(session, london("2026-03-02 07:40"))


@pytest.fixture
def teacher(school: School) -> Staff:
    return a_member(school)


@pytest.fixture
def child(school: School, teacher: Staff) -> Child:
    made = a_child(school, teacher)
    made.school_class.team.append(teacher)
    school.session.flush()
    return made


@pytest.fixture
def who(school: School, teacher: Staff, child: Child) -> Viewer:
    return access.viewer(school, teacher)


@pytest.fixture
def parent(school: School, child: Child) -> Adult:
    return an_adult(school, child, language="so")


@pytest.fixture
def phone(school: School) -> Address:
    return addresses.at(school, "sms", "phone", "+447700900301")


def written(
    school: School, parent: Adult, phone: Address, child: Child, *, key: str = "inbox:1", need: Need = Need.FOR_CLASS, text: str = "no sleep"
) -> ClassLine:
    """A line that this adult has written."""
    return class_lines.give(school, class_lines.keep(school, key, need, parent, phone, text=text), child)


def at(school: School, clock: str) -> School:
    return School(school.session, london(clock), school.settings)


def of(school: School, child: Child, day: date = MONDAY) -> list[int]:
    return [line.id for line in class_lines.of_children(school, [child], day)]


def test_a_line_waits_for_the_team_of_the_child_s_class(school: School, parent: Adult, phone: Address, child: Child, who: Viewer) -> None:
    line = written(school, parent, phone, child)
    [waits] = school.session.scalars(select(Attention).where(access.needs_seen(who)))
    assert (waits.need, waits.class_id, waits.adult, line.need) == (Need.FOR_CLASS, child.class_id, parent, waits)
    assert (line.child, line.on, line.is_seen) == (child, MONDAY, False)


def test_it_is_to_be_put_into_english(school: School, parent: Adult, phone: Address, child: Child) -> None:
    line = written(school, parent, phone, child)
    assert line.text is not None
    assert (line.text.words, line.text.language, [one.language for one in line.text.translations]) == ("no sleep", "so", ["en"])


def test_what_is_not_yet_about_a_child_is_the_office_s(school: School, parent: Adult, phone: Address, child: Child, who: Viewer) -> None:
    key = class_lines.keep(school, "inbox:1", Need.FOR_CLASS, parent, phone, text="no sleep")
    assert school.session.scalars(select(Attention).where(access.needs_seen(who))).all() == []
    assert len(attention.open_needs(school)) == 1
    class_lines.give(school, key, child)
    class_lines.give(school, key, child)
    assert len(of(school, child)) == len(attention.open_needs(school)) == 1


def test_another_family_s_child_is_refused(school: School, parent: Adult, phone: Address) -> None:
    with pytest.raises(NotYourChild):
        written(school, parent, phone, a_child(school))


@pytest.mark.parametrize("right", ["may_hear", "may_book", "may_be_asked", "may_collect"])
def test_any_right_lets_an_adult_tell_the_class(school: School, parent: Adult, child: Child, right: str) -> None:
    [row] = parent.guardianships
    for each in ("may_hear", "may_book", "may_be_asked", "may_collect"):
        setattr(row, each, each == right)
    school.session.flush()
    assert class_lines.children_of(school, parent) == [child]
    setattr(row, right, False)
    school.session.flush()
    assert class_lines.children_of(school, parent) == []
    assert families.children(school, parent, "hear") == []


@pytest.mark.parametrize(
    "clock, day",
    [
        ("2026-03-02 07:40", "2026-03-02"),
        ("2026-03-02 12:00", "2026-03-02"),
        ("2026-03-02 16:00", "2026-03-03"),
        ("2026-03-06 18:30", "2026-03-09"),
        ("2026-03-07 07:40", "2026-03-09"),
    ],
)
def test_it_is_read_when_there_is_school(school: School, clock: str, day: str) -> None:
    assert class_lines.read_on(at(school, clock)) == date.fromisoformat(day)


def test_it_stands_until_someone_has_seen_it(school: School, parent: Adult, phone: Address, child: Child, who: Viewer) -> None:
    line = written(school, parent, phone, child, need=Need.MEDICAL)
    assert of(school, child, date(2026, 3, 5)) == [line.id]
    assert class_lines.see(school, who, line.id)
    assert not class_lines.see(school, who, line.id)
    assert (line.seen_by, line.seen_at, line.need.done_at, line.need.done_by) == (who.staff, school.now, school.now, who.staff)
    assert (of(school, child), of(school, child, date(2026, 3, 5))) == ([line.id], [])


def test_what_was_dealt_with_elsewhere_is_seen(school: School, parent: Adult, phone: Address, child: Child) -> None:
    line = written(school, parent, phone, child)
    attention.tick_off(school, line.attention_id)
    assert line.is_seen
    assert of(school, child, date(2026, 3, 5)) == []


def test_another_class_s_team_does_not_see_it(school: School, parent: Adult, phone: Address, child: Child) -> None:
    line = written(school, parent, phone, child)
    other = access.viewer(school, a_member(school, name="Mr Whitfield"))
    for number in (line.id, line.id + 1):
        with pytest.raises(NotThere):
            class_lines.see(school, other, number)
    assert not line.is_seen


def test_what_was_handed_to_the_named_persons_is_theirs(school: School, parent: Adult, phone: Address, child: Child) -> None:
    line = written(school, parent, phone, child, key="for_class:inbox:7")
    safeguarding.raise_alarm(school, key="safeguarding:inbox:7", text="no sleep", adult=parent, address=phone)
    attention.tick_off(school, line.attention_id)
    assert of(school, child) == []


def test_the_class_is_asked_once_a_day_for_an_adult_and_child(school: School, parent: Adult, phone: Address, child: Child) -> None:
    other = an_adult(school, child)
    assert class_lines.ask_for_day(school, parent, phone, child, key="a:inbox:1", text="how was he")
    assert not class_lines.ask_for_day(school, parent, phone, child, key="a:inbox:2", text="did he eat")
    assert class_lines.ask_for_day(school, other, phone, child, key="a:inbox:3", text="how was he")
    assert class_lines.ask_for_day(at(school, "2026-03-03 12:00"), parent, phone, child, key="a:inbox:4", text="how was he")
    waiting = attention.open_needs(school)
    assert [(row.need, row.adult_id, row.text) for row in waiting] == [
        (Need.CHILD_DAY, parent.id, "how was he / did he eat"),
        (Need.CHILD_DAY, other.id, "how was he"),
        (Need.CHILD_DAY, parent.id, "how was he"),
    ]


def test_an_adult_s_export_holds_their_own_lines(school: School, parent: Adult, phone: Address, child: Child) -> None:
    export = book.capability.export
    assert export is not None
    written(school, parent, phone, child)
    assert export(school, parent)["for_the_class"] == [{"child": child.name, "on": "2026-03-02", "need": "for_class", "words": "no sleep"}]
    assert export(school, an_adult(school, child))["for_the_class"] == []


def test_erasing_an_adult_removes_their_lines_alone(school: School, parent: Adult, phone: Address, child: Child) -> None:
    erase = book.capability.erase
    assert erase is not None
    other = an_adult(school, child)
    written(school, parent, phone, child)
    stays = written(school, other, phone, child, key="inbox:2")
    erase(school, parent)
    assert of(school, child) == [stays.id]
    assert [text.adult_id for text in school.session.scalars(select(Text))] == [other.id]
    assert [row.adult_id for row in school.session.scalars(select(Attention))] == [other.id]


def test_lines_are_removed_after_a_year_once_seen(school: School, parent: Adult, phone: Address, child: Child, who: Viewer) -> None:
    retain = book.capability.retain
    assert retain is not None
    seen, unseen = written(school, parent, phone, child), written(school, parent, phone, child, key="inbox:2")
    class_lines.see(school, who, seen.id)
    retain(at(school, "2027-03-03 11:00"))
    assert of(school, child) == [unseen.id]
