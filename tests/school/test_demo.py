"""The demo school: one cast, the same each time, alive on any day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from data.addresses import Address
from data.appointments import Invitation, MeetingKind, ParentsEvening
from data.people import Adult, Child
from data.store import Store
from data.translation_memory import Translation
from school import School, addresses, demo, staff
from school.calendar import Calendar, calendar
from school.families import adults_at, adults_of, children
from school.slots import free_slots

MARCH = datetime(2026, 3, 2, 9, 10, tzinfo=UTC)


@pytest.fixture
def school(database_url: str) -> Iterator[School]:
    with closing(Store(database_url)) as store, store.write() as session:
        made = School(session, MARCH)
        assert demo.seed(made)
        yield made


def test_it_is_made_once(school: School) -> None:
    assert not demo.seed(school)
    assert not demo.has_real_families(school)


def test_a_real_family_is_noticed(school: School) -> None:
    school.session.add(Adult(name="Someone Real", language="en"))
    school.session.flush()
    assert demo.has_real_families(school)


def test_it_is_the_same_each_time(sqlite_url: str, tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: object) -> None:
    def made() -> list[tuple[object, ...]]:
        with closing(Store(sqlite_url)) as store, store.write() as session:
            demo.seed(School(session, MARCH))
            rows = [
                tuple(row)
                for columns in (
                    (Adult.id, Adult.reference, Adult.name),
                    (Child.id, Child.reference, Child.class_id, Child.joined_on),
                    (Address.id, Address.channel, Address.value),
                )
                for row in session.execute(select(*columns).order_by(columns[0]))
            ]
            session.rollback()
            return rows

    assert made() == made()


def test_it_is_as_large_as_it_says(school: School) -> None:
    adults = school.session.scalars(select(Adult)).all()
    assert (len(adults), len(school.session.scalars(select(Child)).all()), len(staff.everyone(school)), len(staff.all_classes(school))) == (45, 44, 14, 6)
    assert {adult.language.split("-")[0] for adult in adults} == set("en es pt fr it ro sq pl tr ar so yo bn ur vi zh ti".split())
    assert {role for role, _ in Counter(member.role for member in staff.everyone(school)).items()} == set(staff.ROLES)


def test_a_first_name_is_one_persons(school: School) -> None:
    names = [*school.session.scalars(select(Adult.name)), *school.session.scalars(select(Child.name))]
    assert [name for name, times in Counter(name.split(maxsplit=1)[0] for name in names).items() if times > 1] == []


def test_every_number_is_kept_for_drama(school: School) -> None:
    numbers = [value.removeprefix("+") for value in school.session.scalars(select(Address.value))]
    assert all(number.startswith("447700900") and len(number) == 12 for number in numbers)


@pytest.mark.parametrize(
    "name, language, channels, child, teacher",
    [
        ("Amina", "so", ["sms"], "Ayaan", "Ms Okafor"),
        ("Tom", "en", ["sms"], "Leo", "Ms Okafor"),
        ("Maria", "pt", ["whatsapp", "sms"], "Tiago", "Ms Castellano"),
        ("Farid", "ar", ["telegram", "sms"], "Nour", "Mr Whitfield"),
    ],
)
def test_the_cast_is_there(school: School, name: str, language: str, channels: list[str], child: str, teacher: str) -> None:
    adult = demo.adult(school, name)
    assert adult.language == language
    assert [address.channel for address in addresses.usable_for(school, adult)] == channels
    assert children(school, adult, "book") == [demo.child(school, child)]
    assert demo.child(school, child).school_class.teacher is demo.member(school, teacher)


def test_kate_and_dan_share_ella_unequally(school: School) -> None:
    ella, kate, dan = demo.child(school, "Ella"), demo.adult(school, "Kate"), demo.adult(school, "Dan")
    assert adults_of(school, ella, "hear") == [kate]
    assert adults_of(school, ella, "book") == [kate, dan]


def test_two_share_a_phone_and_one_has_none(school: School) -> None:
    [phone] = addresses.usable_for(school, demo.adult(school, "Minh"))
    assert adults_at(phone) == [demo.adult(school, "Minh"), demo.adult(school, "Hoa")]
    assert addresses.usable_for(school, demo.adult(school, "Ilir")) == []


def test_two_are_invited(school: School) -> None:
    kinds = {invitation.child.first_name: invitation.kind for invitation in school.session.scalars(select(Invitation))}
    assert kinds == {"Yonas": MeetingKind.PLANNING, "Anand": MeetingKind.EHCP}
    assert demo.child(school, "Yonas").joined_on == school.today - timedelta(weeks=6)


def test_its_memory_speaks_many_languages(school: School) -> None:
    rows = school.session.scalars(select(Translation)).all()
    assert {row.origin for row in rows} == {"demo"}
    assert len({row.target_language for row in rows}) > 12


@pytest.mark.parametrize("day", ["2026-03-02", "2026-02-13", "2026-04-02", "2026-07-20", "2026-08-10", "2026-10-23", "2026-12-18", "2026-12-31"])
def test_there_are_times_to_book_on_any_day(sqlite_url: str, day: str) -> None:
    with closing(Store(sqlite_url)) as store, store.write() as session:
        school = School(session, datetime.fromisoformat(f"{day}T09:00:00+00:00"))
        demo.seed(school)
        first, last = school.today, school.today + timedelta(days=27)
        seniors = staff.everyone(school, "senior")
        for teacher in staff.everyone(school, "teacher"):
            assert len(free_slots(school, teacher, MeetingKind.TEACHER, first, last)) >= 15
            assert free_slots(school, teacher, MeetingKind.PARENTS_EVENING, first, last)
            for kind in (MeetingKind.PLANNING, MeetingKind.EHCP):
                assert free_slots(school, teacher, kind, first, last, seniors=seniors)
        assert free_slots(school, demo.member(school, "Ms Duarte"), MeetingKind.HOME_VISIT, first, last)
        evening = session.scalars(select(ParentsEvening)).one()
        assert calendar(school).is_school_day(evening.on)
        assert 13 <= (evening.on - school.today).days <= 19


@settings(max_examples=60)
@given(st.dates(date(2024, 1, 1), date(2060, 12, 31)))
@example(date(2026, 12, 24))
@example(date(2026, 7, 22))
def test_the_year_is_alive_around_any_day(today: date) -> None:
    spans = demo.year_around(today)
    assert len(list(Calendar(spans).school_days_between(today, today + timedelta(days=20)))) >= 12
    assert len({(first, what) for first, _, what in spans}) == len(spans)  # as the table demands


def test_a_plain_day_of_term_has_the_real_year() -> None:
    assert set(demo.school_year(2025)) <= set(demo.year_around(date(2026, 3, 2)))
    assert (date(2026, 2, 16), date(2026, 2, 20), "half-term") in demo.school_year(2025)
