"""Who is absent, whom the school asks, and what its list shows: several adults of a child, taken back, at the same moment, on both databases."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date, time, timedelta
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select, update

from data.absence import Absence, AbsenceKind, AbsenceReason, Asked, Chase
from data.addresses import Address
from data.attention import Attention, Need
from data.outbox import Lane, Message, OutboxState
from data.people import Adult, AdultAddress, Child, Guardianship, Staff
from data.store import Store
from data.texts import Text
from school import School, absence, absence_list, addresses, attention
from school.absence import NotToday, Telling
from school.errors import NotYourChild
from tests.school.small import a_child, a_member, an_adult, london

MONDAY = london("2026-03-02 09:30")
TODAY = date(2026, 3, 2)
TUESDAY, WEDNESDAY, THURSDAY = (TODAY + timedelta(days=ahead) for ahead in (1, 2, 3))


@pytest.fixture
def school(school: School) -> School:
    """When the office asks who is missing."""
    school.now = MONDAY
    return school


@pytest.fixture
def office(school: School) -> Staff:
    return a_member(school, "office", "Mrs Doyle")


@pytest.fixture
def mother(school: School, child: Child) -> Adult:
    return reachable(school, an_adult(school, child))


@pytest.fixture
def father(school: School, child: Child, mother: Adult) -> Adult:
    return reachable(school, an_adult(school, child))


def reachable(school: School, adult: Adult, number: str = "") -> Adult:
    """With a phone, a shared one where a number is given."""
    value = number or f"+4477009005{adult.id:02d}"
    found = school.session.scalars(select(Address).where(Address.value == value)).first() or Address(channel="sms", kind="phone", value=value, state="usable")
    adult.addresses.append(AdultAddress(address=found, rank=0))
    school.session.flush()
    return adult


def later(school: School, clock: str) -> School:
    return School(school.session, london(clock), school.settings)


def ill(school: School, child: Child, adult: Adult, first_on: date = TODAY, back_on: date | None = None, source: str = "", words: str = "") -> Absence:
    telling = Telling("sms", adult, source=source, words=words)
    return absence.report(school, child, telling, first_on=first_on, reason=AbsenceReason.ILL, back_on=back_on)


def count(school: School, model: type) -> int:
    return school.session.scalar(select(func.count()).select_from(model)) or 0


def questions(school: School, kind: str = "absence_question") -> dict[int | None, str]:
    """To whom a notice was written, and its state."""
    rows = school.session.execute(select(Message.adult_id, Message.state).where(Message.kind == kind))
    return {row.adult_id: row.state for row in rows}


def leaves(school: School, adult: Adult) -> None:
    """The question to this adult has left."""
    school.session.execute(update(Message).where(Message.adult_id == adult.id).values(state=OutboxState.DELIVERED))


def needs(school: School) -> list[tuple[str, str]]:
    rows = school.session.scalars(select(Attention).where(Attention.done_at.is_(None)).order_by(Attention.id).execution_options(populate_existing=True))
    return [(row.need, row.text) for row in rows]


# What is said


def test_an_absence_is_known_from_its_first_day_until_the_child_is_back(school: School, child: Child, mother: Adult) -> None:
    ill(school, child, mother, back_on=WEDNESDAY)
    assert [absence.is_explained(school, child, day) for day in (TODAY - timedelta(days=1), TODAY, TUESDAY, WEDNESDAY)] == [False, True, True, False]


def test_where_nobody_knows_the_end_it_counts_for_three_school_days(school: School, child: Child, mother: Adult) -> None:
    ill(school, child, mother, first_on=THURSDAY)
    days = [THURSDAY + timedelta(days=ahead) for ahead in range(6)]
    assert [absence.is_explained(school, child, day) for day in days] == [True, True, True, True, True, False]


def test_still_ill_goes_on_where_it_was(school: School, child: Child, mother: Adult) -> None:
    first = ill(school, child, mother, words="he is ill", source="inbox:1")
    tuesday = later(school, "2026-03-03 08:10")
    again = ill(tuesday, child, mother, first_on=TUESDAY, words="still ill", source="inbox:2")
    assert again is first
    assert (again.first_on, again.back_on, again.said.words if again.said else "") == (TODAY, None, "he is ill / still ill")
    assert absence.is_explained(tuesday, child, THURSDAY)


def test_what_is_said_ahead_of_a_day_beyond_the_open_end_stands_for_itself(school: School, child: Child, mother: Adult) -> None:
    ill(school, child, mother)
    ahead = ill(school, child, mother, first_on=THURSDAY, source="inbox:2")
    assert ahead.first_on == THURSDAY
    assert list(absence.of_day(school, THURSDAY, child)) == [ahead]


def test_still_ill_on_the_day_he_was_to_be_back_opens_the_end_again(school: School, child: Child, mother: Adult) -> None:
    ill(school, child, mother, back_on=TUESDAY)
    again = ill(later(school, "2026-03-03 08:10"), child, mother, first_on=TUESDAY)
    assert (again.first_on, again.back_on, count(school, Absence)) == (TODAY, None, 1)


def test_another_illness_weeks_later_is_another_absence(school: School, child: Child, mother: Adult) -> None:
    ill(school, child, mother, back_on=TUESDAY)
    ill(later(school, "2026-03-16 08:10"), child, mother, first_on=date(2026, 3, 16))
    assert count(school, Absence) == 2


def test_coming_after_all_ends_it(school: School, child: Child, mother: Adult) -> None:
    ill(school, child, mother)
    absence.report(school, child, Telling("sms", mother), first_on=TODAY, kind=AbsenceKind.COMING)
    assert count(school, Absence) == 1
    assert not absence.is_explained(school, child, TODAY)
    assert absence_list.listed(school, TODAY) == []


def test_coming_after_some_days_leaves_those_days_as_they_were(school: School, child: Child, mother: Adult) -> None:
    ill(school, child, mother)
    absence.report(later(school, "2026-03-04 08:00"), child, Telling("sms", mother), first_on=WEDNESDAY, kind=AbsenceKind.LATE, expected_at=time(10))
    assert [(row.kind, row.first_on, row.back_on) for row in school.session.scalars(select(Absence).order_by(Absence.id))] == [
        ("absent", TODAY, WEDNESDAY),
        ("late", WEDNESDAY, None),
    ]


def test_what_is_put_right_in_one_breath_is_one_absence(school: School, child: Child, mother: Adult) -> None:
    other = a_child(school)
    school.session.add(Guardianship(adult_id=mother.id, child_id=other.id))
    ill(school, child, mother, source="inbox:1", words="she is ill")
    ill(school, child, mother, first_on=TUESDAY, source="inbox:1", words="she is ill")
    absence.only_about(school, "inbox:1", [other])
    ill(school, other, mother, first_on=TUESDAY, source="inbox:1", words="she is ill")
    assert [(row.child_id, row.first_on) for row in school.session.scalars(select(Absence))] == [(other.id, TUESDAY)]
    assert count(school, Text) == 1


def test_only_an_adult_who_may_be_asked_says_that_a_child_is_absent(school: School, child: Child) -> None:
    stranger, grandmother = an_adult(school), an_adult(school, child)
    school.session.get_one(Guardianship, (grandmother.id, child.id)).may_be_asked = False
    for adult in (stranger, grandmother):
        with pytest.raises(NotYourChild):
            ill(school, child, adult)
    assert count(school, Absence) == 0


def test_an_absence_named_in_the_evening_is_about_the_next_school_day(school: School) -> None:
    assert absence.first_day(school) == TODAY
    assert absence.first_day(later(school, "2026-03-02 18:00")) == TUESDAY
    assert absence.first_day(later(school, "2026-03-06 18:00")) == date(2026, 3, 9)
    assert absence.first_day(later(school, "2026-03-08 20:00")) == date(2026, 3, 9)


def test_a_late_child_is_missed_half_an_hour_after_its_time(school: School, child: Child, mother: Adult) -> None:
    absence.report(school, child, Telling("sms", mother), first_on=TODAY, kind=AbsenceKind.LATE, expected_at=time(10))
    assert absence.is_explained(later(school, "2026-03-02 10:29"), child, TODAY)
    assert not absence.is_explained(later(school, "2026-03-02 10:30"), child, TODAY)


# Each adult's words are their own


def test_two_adults_have_a_row_each_and_the_newest_counts(school: School, child: Child, mother: Adult, father: Adult) -> None:
    ill(school, child, mother, words="ill")
    absence.report(later(school, "2026-03-02 09:40"), child, Telling("sms", father), first_on=TODAY, kind=AbsenceKind.COMING)
    assert not absence.is_explained(school, child, TODAY)
    (row,) = absence_list.listed(school, TODAY)
    assert [(each.adult, each.kind) for each in row.said] == [(father, "coming"), (mother, "absent")]
    assert row.is_contradicted


def test_what_one_adult_said_is_not_held_about_the_other(school: School, child: Child, mother: Adult, father: Adult) -> None:
    ill(school, child, mother, words="my words")
    assert absence.capability.export is not None
    assert absence.capability.export(school, father) == {"absences": [], "asked_after": []}
    (mine,) = absence.capability.export(school, mother)["absences"]
    assert (mine["words"], mine["first_on"]) == ("my words", "2026-03-02")


def test_who_is_erased_takes_their_words_along(school: School, child: Child, mother: Adult, office: Staff) -> None:
    ill(school, child, mother, words="my words")
    assert absence.capability.erase is not None
    absence.capability.erase(school, mother)
    school.session.delete(mother)
    school.session.flush()
    school.session.expire_all()
    (row,) = school.session.scalars(select(Absence)).all()
    assert (row.adult_id, row.text_id, row.reason, count(school, Text)) == (None, None, "ill", 0)


def test_after_a_year_and_an_autumn_nothing_is_left(school: School, child: Child, mother: Adult, office: Staff) -> None:
    absence.chase(school, [child], TODAY, office)
    ill(school, child, mother, words="my words")
    assert absence.capability.retain is not None
    absence.capability.retain(later(school, "2027-03-01 09:00"))
    assert count(school, Absence) == 1
    absence.capability.retain(later(school, "2027-04-08 09:00"))
    assert [count(school, model) for model in (Absence, Chase, Asked, Text)] == [0, 0, 0, 0]


# Whom the school asks


def test_both_adults_are_asked_once_however_often(school: School, child: Child, mother: Adult, father: Adult, office: Staff) -> None:
    first = absence.chase(school, [child, child], TODAY, office)
    second = absence.chase(later(school, "2026-03-02 10:00"), [child], TODAY, office)
    assert ([*first.asked], [*second.asked_before]) == ([child], [child])
    assert questions(school) == {mother.id: "queued", father.id: "queued"}
    assert {row.lane for row in school.session.scalars(select(Message))} == {Lane.ALERT}


def test_nobody_is_asked_about_a_child_whose_absence_is_known(school: School, child: Child, mother: Adult, office: Staff) -> None:
    ill(school, child, mother)
    assert [*absence.chase(school, [child], TODAY, office).known] == [child]
    assert questions(school) == {}


def test_who_may_not_be_asked_is_not(school: School, child: Child, mother: Adult, father: Adult, office: Staff) -> None:
    school.session.get_one(Guardianship, (father.id, child.id)).may_be_asked = False
    absence.chase(school, [child], TODAY, office)
    assert questions(school).keys() == {mother.id}


def test_two_who_share_a_phone_are_asked_once(school: School, child: Child, office: Staff) -> None:
    for _adult in range(2):
        reachable(school, an_adult(school, child), "+447700900599")
    absence.chase(school, [child], TODAY, office)
    assert len(questions(school)) == 1


def test_nobody_waits_for_an_answer_to_an_email(school: School, child: Child, office: Staff) -> None:
    school = School(school.session, school.now, replace(school.settings, writes_email=True))
    addresses.reach(school, an_adult(school, child), addresses.at(school, "email", "email", "a@family.example"), addresses.EMAIL_RANK)
    assert [*absence.chase(school, [child], TODAY, office).to_ring] == [child]
    assert questions(school) == {}


def test_where_nobody_can_be_asked_someone_rings_at_once(school: School, child: Child, office: Staff) -> None:
    an_adult(school, child)
    assert [*absence.chase(school, [child], TODAY, office).to_ring] == [child]
    assert needs(school) == [(Need.NOT_SEEN, "")]


def test_the_school_asks_on_the_day_alone(school: School, child: Child, mother: Adult, office: Staff) -> None:
    with pytest.raises(NotToday):
        absence.chase(school, [child], TUESDAY, office)


def test_an_answer_withdraws_the_other_question_and_fills_the_list(school: School, child: Child, mother: Adult, father: Adult, office: Staff) -> None:
    absence.chase(school, [child], TODAY, office)
    (row,) = absence_list.listed(school, TODAY)
    assert row.waits
    leaves(school, mother)
    ill(school, child, mother)
    assert questions(school) == {mother.id: "delivered", father.id: "cancelled"}
    (row,) = absence_list.listed(school, TODAY)
    assert row.newest is not None
    assert (row.newest.reason, row.waits) == ("ill", False)
    assert row.chase is not None
    assert {asked.adult_id: asked.answered_at for asked in row.chase.asked} == {mother.id: MONDAY, father.id: None}


def test_what_was_said_of_another_day_answers_nothing(school: School, child: Child, mother: Adult, office: Staff) -> None:
    absence.chase(school, [child], TODAY, office)
    ill(school, child, mother, first_on=TUESDAY)
    assert questions(school) == {mother.id: "queued"}


def test_after_an_hour_without_an_answer_someone_rings_once(school: School, child: Child, mother: Adult, office: Staff) -> None:
    absence.chase(school, [child], TODAY, office)
    for clock in ("10:29", "10:30", "10:31", "11:30"):
        absence.due(later(school, f"2026-03-02 {clock}"))
        assert len(needs(school)) == (clock != "10:29")


def test_the_hour_is_a_setting(school: School, child: Child, mother: Adult, office: Staff) -> None:
    school.settings = replace(school.settings, absence_ring_after=timedelta(minutes=5))
    absence.chase(school, [child], TODAY, office)
    absence.due(later(school, "2026-03-02 09:36"))
    assert len(needs(school)) == 1


def test_who_has_answered_is_not_rung(school: School, child: Child, mother: Adult, office: Staff) -> None:
    absence.chase(school, [child], TODAY, office)
    ill(school, child, mother)
    absence.due(later(school, "2026-03-02 11:00"))
    assert needs(school) == []


def test_an_answer_after_the_hour_takes_the_need_away(school: School, child: Child, mother: Adult, office: Staff) -> None:
    absence.chase(school, [child], TODAY, office)
    absence.due(later(school, "2026-03-02 11:00"))
    ill(later(school, "2026-03-02 11:05"), child, mother)
    assert needs(school) == []


def test_that_a_missing_child_is_coming_explains_nothing(school: School, child: Child, mother: Adult, father: Adult, office: Staff) -> None:
    absence.chase(school, [child], TODAY, office)
    absence.report(school, child, Telling("sms", mother), first_on=TODAY, kind=AbsenceKind.COMING)
    assert questions(school)[father.id] == "queued"
    absence.due(later(school, "2026-03-02 10:30"))
    assert len(needs(school)) == 1


def test_what_the_office_was_told_by_phone_stands_on_the_list(school: School, child: Child, mother: Adult, office: Staff) -> None:
    absence.chase(school, [child], TODAY, office)
    telling = Telling(absence.ON_THE_PHONE, staff=office, words="tummy bug")
    absence.report(school, child, telling, first_on=TODAY, reason=AbsenceReason.ILL)
    assert questions(school) == {mother.id: "cancelled"}
    (row,) = absence_list.listed(school, TODAY)
    assert row.newest is not None
    assert row.newest.staff is office


# Taken back


def test_a_wrong_chase_is_taken_back_with_a_word_to_those_who_were_told(school: School, child: Child, mother: Adult, father: Adult, office: Staff) -> None:
    absence.chase(school, [child], TODAY, office)
    leaves(school, mother)
    row = absence.chase_of(school, child, TODAY)
    assert row is not None
    for _time in range(2):
        absence.take_back(school, row, office)
    assert questions(school) == {mother.id: "delivered", father.id: "cancelled"}
    assert questions(school, "absence_mistake") == {mother.id: "queued"}
    assert absence_list.listed(school, TODAY) == []


def test_what_was_answered_to_a_wrong_chase_counts_no_more(school: School, child: Child, mother: Adult, office: Staff) -> None:
    absence.chase(school, [child], TODAY, office)
    row = absence.chase_of(school, child, TODAY)
    assert row is not None
    telling = Telling("sms", mother, words="I brought her at half past eight!")
    absence.report(school, child, telling, first_on=TODAY, reason=AbsenceReason.OTHER, chase=row)
    absence.read_this(school, row, telling)
    assert needs(school) == [(Need.NOT_SEEN, telling.words)]
    absence.take_back(school, row, office)
    assert needs(school) == []
    assert not absence.is_explained(school, child, TODAY)


def test_after_a_wrong_chase_the_child_can_be_asked_after_anew(school: School, child: Child, mother: Adult, office: Staff) -> None:
    absence.chase(school, [child], TODAY, office)
    row = absence.chase_of(school, child, TODAY)
    assert row is not None
    absence.take_back(school, row, office)
    assert [*absence.chase(school, [child], TODAY, office).asked] == [child]
    assert len(school.session.scalars(select(Message).where(Message.kind == "absence_question")).all()) == 2


# At the same moment


def test_two_members_of_staff_who_ask_at_once_ask_once(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        with store.write() as session:
            school = School(session, MONDAY)
            child = a_child(school)
            reachable(school, an_adult(school, child))
            ids = (child.id, a_member(school, "office").id)
        start, outcomes = Barrier(2), []

        def ask() -> None:
            start.wait()
            with store.write() as session:
                school = School(session, MONDAY)
                outcomes.append(absence.chase(school, [session.get_one(Child, ids[0])], TODAY, session.get_one(Staff, ids[1])))

        threads = [Thread(target=ask) for _number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(len(outcome.asked) for outcome in outcomes) == [0, 1]
        with store.read() as session:
            assert session.scalar(select(func.count()).select_from(Message)) == 1


def test_an_absence_told_twice_at_once_is_kept_once(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        with store.write() as session:
            school = School(session, MONDAY)
            child = a_child(school)
            ids = (child.id, an_adult(school, child).id)
        start = Barrier(2)

        def tell() -> None:
            start.wait()
            with store.write() as session:
                ill(School(session, MONDAY), session.get_one(Child, ids[0]), session.get_one(Adult, ids[1]))

        threads = [Thread(target=tell) for _number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with store.read() as session:
            assert session.scalar(select(func.count()).select_from(Absence)) == 1


# The sheet


def test_the_sheet_has_a_line_for_each_thing_said(school: School, child: Child, mother: Adult, office: Staff) -> None:
    other = a_child(school)
    reachable(school, an_adult(school, other))
    ill(school, child, mother, back_on=WEDNESDAY, words="=HYPERLINK(1)")
    absence.chase(school, [other], TODAY, office)
    header, *lines = absence_list.sheet(absence_list.listed(school, TODAY))
    assert header == list(absence_list.HEADER)
    assert {len(line) for line in lines} == {len(header)}
    assert lines[0][1:] == [
        child.name, "absent", "ill", "yes", "2026-03-02", "2026-03-04", "", "'=HYPERLINK(1)", mother.name, "2026-03-02 09:30", "sms",
    ]  # fmt: skip
    assert lines[1][1:3] == [other.name, "no answer"]


# Whatever is said in whatever order


class Mornings(RuleBasedStateMachine):
    """Two adults of one child say this and that over some days, and the office asks and takes back."""

    database_url = ""

    @initialize()
    def begin(self) -> None:
        self.store = Store(self.database_url)
        self.transaction = self.store.write()
        self.school = School(self.transaction.__enter__(), MONDAY)
        self.office, self.child = a_member(self.school, "office"), a_child(self.school)
        self.adults = [reachable(self.school, an_adult(self.school, self.child)) for _number in range(2)]

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.school.session.rollback()
            self.transaction.__exit__(None, None, None)
            self.store.close()

    @rule(who=st.integers(0, 1), ahead=st.integers(-1, 3), days=st.none() | st.integers(1, 4), kind=st.sampled_from(AbsenceKind))
    def say(self, who: int, ahead: int, days: int | None, kind: AbsenceKind) -> None:
        self.school = School(self.school.session, self.school.now + timedelta(seconds=1), self.school.settings)
        first_on = self.school.today + timedelta(days=ahead)
        back_on = first_on + timedelta(days=days) if days else None
        absence.report(self.school, self.child, Telling("sms", self.adults[who], words=kind), first_on=first_on, kind=kind, back_on=back_on)
        newest = next(iter(absence.of_day(self.school, first_on, self.child)), None)
        assert newest is not None
        assert (newest.adult_id, newest.kind) == (self.adults[who].id, kind)

    @rule(minutes=st.sampled_from([1, 30, 90, 24 * 60]))
    def wait(self, minutes: int) -> None:
        self.school = School(self.school.session, self.school.now + timedelta(minutes=minutes), self.school.settings)
        absence.due(self.school)

    @rule()
    def ask(self) -> None:
        known = absence.is_explained(self.school, self.child, self.school.today)
        chased = absence.chase(self.school, [self.child], self.school.today, self.office)
        assert bool(chased.known) == known

    @rule()
    def undo(self) -> None:
        row = absence.chase_of(self.school, self.child, self.school.today)
        if row is not None:
            absence.take_back(self.school, row, self.office)

    @invariant()
    def nobody_is_asked_twice(self) -> None:
        if hasattr(self, "store"):
            asked = select(Asked.adult_id, Chase.day).join(Chase, Chase.id == Asked.chase_id).where(Chase.taken_back_at.is_(None))
            rows = self.school.session.execute(asked).all()
            assert len(rows) == len(set(rows))

    @invariant()
    def of_one_adult_one_thing_holds_of_a_day(self) -> None:
        if hasattr(self, "store"):
            for ahead in range(3):
                said = [row.adult_id for row in absence.of_day(self.school, self.school.today + timedelta(days=ahead), self.child)]
                assert len(said) == len(set(said))

    @invariant()
    def an_absence_ends_after_it_began(self) -> None:
        if hasattr(self, "store"):
            assert all(row.back_on is None or row.back_on > row.first_on for row in self.school.session.scalars(select(Absence)))


def test_whatever_is_said_in_whatever_order(sqlite_url: str) -> None:
    Mornings.database_url = sqlite_url
    run_state_machine_as_test(Mornings, settings=settings(max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)))


def test_what_waits_longest_comes_after_a_missing_child(school: School, child: Child, mother: Adult, office: Staff) -> None:
    attention.call_for_a_person(school, Need.FOR_OFFICE, key="x", adult=mother, text="hello")
    absence.chase(school, [child], TODAY, office)
    absence.due(later(school, "2026-03-02 11:00"))
    assert [row.need for row in attention.open_needs(school)] == [Need.NOT_SEEN, Need.FOR_OFFICE]
