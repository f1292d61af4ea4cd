"""The home/school book: what a class may write, when it goes home, to whom, and that nothing goes home twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from data.attention import Attention, Need
from data.book import Entry, Part
from data.outbox import Message, OutboxState
from data.people import Adult, Child, Guardianship, Staff
from data.store import Store
from data.texts import Text, TextTranslation
from handlers import book as words
from school import School, SchoolSettings, access, addresses, book, book_sheet, photo_consent
from school.access import Viewer
from school.book import PHRASES, NoPhotoConsent, NotASchoolDay, NothingBefore, TooLong
from school.errors import NotThere
from tests.school.small import a_child, a_member, an_adult, for_now, london, span

MONDAY = date(2026, 3, 2)
_phones = iter(range(300, 900))


@pytest.fixture
def school(database_url: str) -> Iterator[School]:
    with closing(Store(database_url)) as store, store.write() as session:
        yield School(session, london("2026-03-02 11:00"))


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
    return a_parent(school, child)


def a_parent(school: School, *children: Child, language: str = "en", number: str = "", may_hear: bool = True) -> Adult:
    """An adult who can be texted."""
    made = an_adult(school, *children, language=language)
    addresses.reach(school, made, addresses.at(school, "sms", "phone", number or f"+447700900{next(_phones)}"), 0)
    for row in made.guardianships:
        row.may_hear = may_hear
    school.session.flush()
    return made


def told(school: School) -> list[tuple[int | None, object]]:
    """Whom the outbox tells of which part."""
    rows = school.session.scalars(select(Message).where(Message.kind == "book_entry").order_by(Message.id))
    return [(row.adult_id, row.about["part"]) for row in rows]


def at(school: School, clock: str) -> School:
    """The same school at another time."""
    return School(school.session, london(clock), school.settings)


# Writing


def test_phrases_are_kept_in_their_order_and_once(school: School, who: Viewer, child: Child) -> None:
    entry = book.write(school, who, child, phrases=["nappies", "happy_day", "nappies", "of_the_future"], line="  Built a\n tower. ")
    assert entry is not None
    [part] = entry.parts
    assert part.phrases == ["happy_day", "nappies"]
    assert part.text is not None
    assert part.text.words == "Built a tower."
    assert (part.written_by_id, part.sent_at) == (who.staff.id, None)


def test_a_page_can_be_changed_until_it_goes_home(school: School, who: Viewer, child: Child) -> None:
    book.write(school, who, child, phrases=["happy_day"], line="Built a tower.")
    entry = book.write(school, who, child, phrases=["tired"], line="Built two towers.")
    assert entry is not None
    [part] = entry.parts
    assert (part.phrases, part.text and part.text.words) == (["tired"], "Built two towers.")
    assert len(school.session.scalars(select(Text)).all()) == 1


def test_a_page_with_nothing_on_it_is_none(school: School, who: Viewer, child: Child) -> None:
    assert book.write(school, who, child) is None
    book.write(school, who, child, phrases=["tired"], line="Built a tower.")
    assert book.write(school, who, child, phrases=["of_the_future"], line=" ") is None
    assert school.session.scalars(select(Entry)).all() == []
    assert school.session.scalars(select(Text)).all() == []


def test_there_is_one_page_a_child_and_day(school: School, who: Viewer, child: Child) -> None:
    book.write(school, who, child, phrases=["tired"])
    with pytest.raises(IntegrityError), school.session.begin_nested():
        school.session.add(Entry(child_id=child.id, on=MONDAY))


def test_only_one_part_can_be_still_here(school: School, who: Viewer, child: Child) -> None:
    entry = book.write(school, who, child, phrases=["tired"])
    assert entry is not None
    with pytest.raises(IntegrityError), school.session.begin_nested():
        school.session.add(Part(entry_id=entry.id, number=2, phrases=[], written_at=school.now))


@pytest.mark.parametrize("day", ["2026-03-03", "2026-03-01", "2026-02-26"], ids=["still to come", "a Sunday", "too long ago"])
def test_other_days_are_refused(school: School, who: Viewer, child: Child, day: str) -> None:
    with pytest.raises(NotASchoolDay) as refused:
        book.write(school, who, child, phrases=["tired"], day=date.fromisoformat(day))
    assert refused.value.on == date.fromisoformat(day)


def test_the_friday_before_can_still_be_written(school: School, who: Viewer, child: Child) -> None:
    entry = book.write(school, who, child, phrases=["tired"], day=date(2026, 2, 27))
    assert entry is not None
    assert entry.on == date(2026, 2, 27)


def test_a_line_that_is_too_long_is_refused(school: School, who: Viewer, child: Child) -> None:
    with pytest.raises(TooLong) as refused:
        book.write(school, who, child, line="x" * (book.LONGEST + 1))
    assert (refused.value.letters, refused.value.most) == (book.LONGEST + 1, book.LONGEST)


def test_another_class_s_team_may_not_write(school: School, child: Child) -> None:
    other = access.viewer(school, a_member(school, name="Mr Whitfield"))
    for rule in (book.write, book.same_as_yesterday, book.go_home_now):
        with pytest.raises(NotThere):
            rule(school, other, child)
    with pytest.raises(NotThere):
        book_sheet.sheet(school, other, child.school_class)
    with pytest.raises(NotThere):
        book_sheet.history(school, other, child)


@pytest.mark.parametrize("role, may", [("office", True), ("senior", True), ("admin", False)])
def test_the_office_may_and_the_technician_may_not(school: School, child: Child, role: str, may: bool) -> None:
    someone = access.viewer(school, a_member(school, role, "Someone"))
    if may:
        assert book.write(school, someone, child, phrases=["tired"]) is not None
    else:
        with pytest.raises(NotThere):
            book.write(school, someone, child, phrases=["tired"])


def test_same_as_yesterday_skips_the_weekend(school: School, who: Viewer, child: Child) -> None:
    friday = at(school, "2026-02-27 11:00")
    book.write(friday, who, child, phrases=["tired", "lunch_all"], line="Built a tower.")
    book.write(school, who, child, phrases=["music"], line="A new song.")
    entry = book.same_as_yesterday(school, who, child)
    assert entry is not None
    [part] = entry.parts
    assert (part.phrases, part.text and part.text.words) == (["tired", "lunch_all"], "A new song.")


def test_without_a_yesterday_nothing_is_copied(school: School, who: Viewer, child: Child) -> None:
    with pytest.raises(NothingBefore):
        book.same_as_yesterday(school, who, child)


def test_a_photo_needs_consent(school: School, who: Viewer, child: Child) -> None:
    with pytest.raises(NoPhotoConsent):
        book.write(school, who, child, photo_id=7)
    photo_consent.keep(school, who, child, is_given=True, how="form")
    entry = book.write(school, who, child, photo_id=7)
    assert entry is not None
    assert [part.photo_id for part in entry.parts] == [7]


def test_the_newest_word_about_photos_counts(school: School, who: Viewer, child: Child, parent: Adult) -> None:
    assert not photo_consent.may_be_photographed(school, child)
    photo_consent.keep(school, who, child, is_given=True, how="form", adult=parent)
    assert photo_consent.may_be_photographed(school, child)
    photo_consent.keep(at(school, "2026-03-02 11:05"), who, child, is_given=False, how="phone")
    assert not photo_consent.may_be_photographed(school, child)
    assert [(said.is_given, said.how) for said in photo_consent.all_said(school, child)] == [(False, "phone"), (True, "form")]


def test_every_phrase_is_said_to_parents_as_staff_see_it() -> None:
    assert {phrase: said.render("en") for phrase, said in words.SAID.items()} == dict(PHRASES)


# Going home


def test_it_goes_home_at_the_set_time_and_once(school: School, who: Viewer, child: Child, parent: Adult) -> None:
    entry = book.write(school, who, child, phrases=["tired"])
    assert entry is not None
    book.due(at(school, "2026-03-02 14:59"))
    assert told(school) == []
    for clock in ("15:00", "15:00", "15:01", "18:00"):
        book.due(at(school, f"2026-03-02 {clock}"))
    assert told(school) == [(parent.id, entry.parts[0].id)]


def test_the_set_time_is_the_school_s(school: School, who: Viewer, child: Child, parent: Adult) -> None:
    book.write(school, who, child, phrases=["tired"])
    with for_now(school, london("2026-03-02 13:30"), SchoolSettings(book_goes_home_at=london("2026-03-02 13:30").time())) as early:
        book.due(early)
        assert len(told(early)) == 1


def test_what_is_just_being_written_waits_a_moment(school: School, who: Viewer, child: Child, parent: Adult) -> None:
    book.write(at(school, "2026-03-02 14:58"), who, child, phrases=["tired"])
    book.due(at(school, "2026-03-02 15:00"))
    assert told(school) == []
    book.due(at(school, "2026-03-02 15:03"))
    assert len(told(school)) == 1


def test_a_server_that_was_off_sends_it_the_next_day(school: School, who: Viewer, child: Child, parent: Adult) -> None:
    book.write(school, who, child, phrases=["tired"])
    book.due(at(school, "2026-03-03 08:00"))
    assert len(told(school)) == 1


def test_what_is_too_old_is_shown_to_staff_once(school: School, who: Viewer, child: Child, parent: Adult) -> None:
    book.write(school, who, child, phrases=["tired"])
    for _time in range(2):
        book.due(at(school, "2026-03-09 08:00"))
    assert told(school) == []
    assert [(row.need, row.class_id) for row in school.session.scalars(select(Attention))] == [(Need.NOT_DELIVERED, child.class_id)]


def test_a_page_can_be_sent_home_now(school: School, who: Viewer, child: Child, parent: Adult) -> None:
    assert not book.go_home_now(school, who, child)
    book.write(school, who, child, phrases=["tired"])
    assert book.go_home_now(school, who, child)
    assert not book.go_home_now(school, who, child)
    book.due(at(school, "2026-03-02 15:00"))
    assert len(told(school)) == 1


def test_what_has_gone_home_stays_and_more_follows(school: School, who: Viewer, child: Child, parent: Adult) -> None:
    book.write(school, who, child, phrases=["tired", "lunch_all"], line="Built a tower.")
    book.go_home_now(school, who, child)
    entry = book.write(school, who, child, phrases=["lunch_all", "nappies"], line="built a tower. And a bridge.")
    assert entry is not None
    first, second = entry.parts
    assert (first.phrases, first.text and first.text.words) == (["tired", "lunch_all"], "Built a tower.")
    assert (second.phrases, second.text and second.text.words, second.sent_at) == (["nappies"], "And a bridge.", None)
    book.due(at(school, "2026-03-02 15:00"))
    assert told(school) == [(parent.id, first.id), (parent.id, second.id)]


def test_the_same_again_is_nothing_new(school: School, who: Viewer, child: Child, parent: Adult) -> None:
    book.write(school, who, child, phrases=["tired"], line="Built a tower.")
    book.go_home_now(school, who, child)
    entry = book.write(school, who, child, phrases=["tired"], line="Built a tower.")
    assert entry is not None
    assert len(entry.parts) == 1
    book.due(at(school, "2026-03-02 15:00"))
    assert len(told(school)) == 1


def test_only_those_who_may_hear_are_told(school: School, who: Viewer, child: Child) -> None:
    hears, hears_not = a_parent(school, child), a_parent(school, child, may_hear=False)
    a_parent(school, a_child(school))
    book.write(school, who, child, phrases=["tired"])
    book.go_home_now(school, who, child)
    assert [adult for adult, _part in told(school)] == [hears.id]
    assert (book.may_hear(school, hears, child), book.may_hear(school, hears_not, child)) == (True, False)


def test_two_who_share_a_phone_are_told_once(school: School, who: Viewer, child: Child) -> None:
    first = a_parent(school, child, language="vi", number="+447700900901")
    a_parent(school, child, language="vi", number="+447700900901")
    other_language = a_parent(school, child, language="en", number="+447700900901")
    book.write(school, who, child, phrases=["tired"])
    book.go_home_now(school, who, child)
    assert [adult for adult, _part in told(school)] == [first.id, other_language.id]


def test_whom_nobody_can_write_to_is_shown_to_staff_once(school: School, who: Viewer, child: Child) -> None:
    unreached = an_adult(school, child)
    for phrase in ("tired", "nappies"):
        book.write(school, who, child, phrases=[phrase])
        book.go_home_now(school, who, child)
    assert told(school) == []
    assert [(row.need, row.adult_id) for row in school.session.scalars(select(Attention))] == [(Need.NOT_DELIVERED, unreached.id)]


def test_the_line_is_wanted_in_each_reader_s_language(school: School, who: Viewer, child: Child) -> None:
    for language in ("so", "en", "ar"):
        a_parent(school, child, language=language)
    a_parent(school, child, language="pl", may_hear=False)
    book.write(school, who, child, line="Built a tower.")
    assert school.session.scalars(select(TextTranslation)).all() == []
    book.go_home_now(school, who, child)
    assert {row.language for row in school.session.scalars(select(TextTranslation))} == {"so", "ar"}


def test_it_is_of_no_use_after_two_days(school: School, who: Viewer, child: Child, parent: Adult) -> None:
    book.write(school, who, child, phrases=["tired"])
    book.go_home_now(school, who, child)
    [message] = school.session.scalars(select(Message)).all()
    assert (message.state, message.useless_after) == (OutboxState.QUEUED, school.now + timedelta(days=2))


# Reading


def test_the_sheet_holds_the_whole_class(school: School, who: Viewer, child: Child, parent: Adult) -> None:
    other = Child(name="Aaron Reed", school_class=child.school_class)
    school.session.add(other)
    school.session.flush()
    book.write(school, who, child, phrases=["tired"])
    photo_consent.keep(school, who, child, is_given=True, how="form")
    sheet = book_sheet.sheet(school, who, child.school_class)
    first, second = sheet.rows
    assert (first.child, first.entry, first.is_sent, first.on_paper, first.may_be_photographed) == (other, None, False, True, False)
    assert (second.child, second.is_sent, second.on_paper, second.may_be_photographed) == (child, False, False, True)
    assert (sheet.day, sheet.goes_home_at, sheet.can_be_written) == (MONDAY, london("2026-03-02 15:00"), True)
    book.go_home_now(school, who, child)
    assert book_sheet.sheet(school, who, child.school_class).rows[1].is_sent


def test_a_child_s_pages_are_shown_newest_first(school: School, who: Viewer, child: Child) -> None:
    for clock in ("2026-02-26 11:00", "2026-02-27 11:00", "2026-03-02 11:00"):
        book.write(at(school, clock), who, child, phrases=["tired"])
    assert [entry.on.day for entry in book_sheet.history(school, who, child)] == [2, 27, 26]
    assert [entry.on.day for entry in book_sheet.history(school, who, child, before=MONDAY, limit=1)] == [27]


@pytest.mark.parametrize(
    "clock, wished, meant",
    [
        ("2026-03-03 11:00", None, "2026-03-03"),
        ("2026-03-03 07:30", None, "2026-03-02"),
        ("2026-03-03 07:30", "2026-03-03", "2026-03-03"),
        ("2026-03-07 12:00", None, "2026-03-06"),
        ("2026-03-07 12:00", "2026-03-07", "2026-03-06"),
        ("2026-03-03 11:00", "2026-03-02", "2026-03-02"),
        ("2026-03-03 11:00", "2026-03-20", "2026-03-03"),
    ],
)
def test_which_day_is_meant(school: School, clock: str, wished: str | None, meant: str) -> None:
    assert book.day_meant(at(school, clock), date.fromisoformat(wished) if wished else None) == date.fromisoformat(meant)


def test_in_a_long_holiday_no_other_day_is_meant(school: School) -> None:
    span(school, "2026-01-05", "2026-01-30", "term")
    assert book.day_meant(school, None) == MONDAY


def test_what_came_within_a_day_can_be_answered(school: School, who: Viewer, child: Child, parent: Adult) -> None:
    hears_not = a_parent(school, child, may_hear=False)
    assert book.went_home_lately(school, parent) == []
    book.write(school, who, child, phrases=["tired"])
    assert book.went_home_lately(school, parent) == []
    book.go_home_now(school, who, child)
    assert book.went_home_lately(school, parent) == [child]
    assert book.went_home_lately(school, hears_not) == []
    assert book.went_home_lately(at(school, "2026-03-03 11:01"), parent) == []


# Keeping


def test_the_export_holds_what_went_home_and_no_more(school: School, who: Viewer, child: Child, parent: Adult) -> None:
    export = book.capability.export
    assert export is not None
    book.write(school, who, child, phrases=["tired"], line="Built a tower.")
    assert export(school, parent)["book"] == []
    book.go_home_now(school, who, child)
    assert export(school, parent)["book"] == [{"child": child.name, "on": "2026-03-02", "picked": ["Tired today"], "line": "Built a tower."}]
    assert export(school, a_parent(school, child, may_hear=False))["book"] == []


def test_pages_are_removed_after_a_year(school: School, who: Viewer, child: Child) -> None:
    retain = book.capability.retain
    assert retain is not None
    book.write(school, who, child, phrases=["tired"], line="Built a tower.")
    retain(at(school, "2027-03-02 11:00"))
    assert len(school.session.scalars(select(Entry)).all()) == 1
    retain(at(school, "2027-03-03 11:00"))
    for model in (Entry, Part, Text):
        assert school.session.scalars(select(model)).all() == []


def test_a_child_who_is_removed_takes_the_book_along(school: School, who: Viewer, child: Child) -> None:
    book.write(school, who, child, phrases=["tired"], line="Built a tower.")
    school.session.delete(child)
    school.session.flush()
    assert school.session.scalars(select(Part.id)).all() == []


# Whatever happens

# All of it on one day: the next day's page may say the same again.
DOINGS: st.SearchStrategy[list[tuple[Any, ...]]] = st.lists(
    st.one_of(
        st.tuples(
            st.just("write"), st.sets(st.sampled_from(list(PHRASES)[:6])), st.sampled_from(["", "Built a tower.", "Built a tower. And a bridge.", "A song."])
        ),
        st.just(("now",)),
        st.just(("due",)),
        st.tuples(st.just("later"), st.integers(1, 40)),
    ),
    max_size=14,
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([("write", {"tired"}, "Built a tower."), ("now",), ("write", {"tired"}, "Built a tower. And a bridge."), ("later", 200), ("later", 40), ("due",)])
@given(DOINGS)
def test_nothing_goes_home_twice_and_all_of_it_once(sqlite_url: str, doings: list[tuple[Any, ...]]) -> None:
    with closing(Store(sqlite_url)) as store, store.write() as session:
        school = School(session, london("2026-03-02 11:00"))
        teacher = a_member(school)
        child = a_child(school, teacher)
        child.school_class.team.append(teacher)
        parents = [a_parent(school, child, number=f"+44770090090{place}") for place in range(2)]
        who, wanted = access.viewer(school, teacher), set[str]()
        for doing, *values in doings:
            gone = {(part.id, tuple(part.phrases), part.text.words if part.text else "") for part in _parts(school) if part.sent_at}
            if doing == "write":
                book.write(school, who, child, phrases=values[0], line=values[1])
                wanted = values[0]
            elif doing == "later":
                school.now += timedelta(minutes=values[0])
            elif doing == "now":
                book.go_home_now(school, who, child)
            else:
                book.due(school)
            assert gone <= {(part.id, tuple(part.phrases), part.text.words if part.text else "") for part in _parts(school)}
        school.now = max(school.now, london("2026-03-02 15:00")) + timedelta(minutes=5)
        book.due(school)
        parts = _parts(school)
        assert all(part.sent_at for part in parts)
        said = [thing for part in parts for thing in (*part.phrases, *([part.text.words] if part.text else []))]
        assert len(said) == len(set(said))
        assert wanted <= set(said)
        assert sorted(told(school), key=str) == sorted(((parent.id, part.id) for parent in parents for part in parts), key=str)
        session.rollback()


def _parts(school: School) -> list[Part]:
    return list(school.session.scalars(select(Part).order_by(Part.id)))


def test_a_page_that_was_sent_by_another_process_is_not_sent_again(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        with store.write() as session:
            school = School(session, london("2026-03-02 11:00"))
            teacher = a_member(school)
            child = a_child(school, teacher)
            session.add(Guardianship(adult_id=a_parent(school).id, child_id=child.id))
            session.add(Entry(child_id=child.id, on=MONDAY, parts=[Part(number=1, phrases=["tired"], written_at=school.now)]))
        for _process in range(2):
            with store.write() as session:
                book.due(School(session, london("2026-03-02 15:30")))
        with store.read() as session:
            assert len(session.scalars(select(Message)).all()) == 1
