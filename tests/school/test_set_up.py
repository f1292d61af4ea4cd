"""The school's year, classes and staff, as the office changes them; and who may not decide what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from data.attention import Attention
from data.outbox import Message
from data.setting_up import PhoneCheck, Upload
from data.store import Store
from school import School, access, accounts, addresses, appointments, phone_checks, safeguarding, set_up, slots, staff
from school.accounts import WaitFirst, WeakPin
from school.errors import NotThere
from school.importing import cells
from school.phone_checks import CodeIsOver, CodeIsWrong
from school.set_up import Backwards, NotEmpty, Overlaps, SameName
from school.staff import EmailTaken, LastOne, NotYourself, TechnicianAlone
from tests.school.small import a_child, a_member, an_adult, london, seen, span


@pytest.fixture
def school(database_url: str) -> Iterator[School]:
    with closing(Store(database_url)) as store, store.write() as session:
        yield School(session, london("2026-03-02 09:10"))


# The year


def test_stretches_of_one_kind_do_not_overlap(school: School) -> None:
    span(school, "2026-01-05", "2026-03-27", "term")
    set_up.add_stretch(school, date(2026, 2, 16), date(2026, 2, 20), "half-term")
    with pytest.raises(Overlaps) as refused:
        set_up.add_stretch(school, date(2026, 2, 20), date(2026, 2, 21), "half-term")
    assert refused.value.other.what == "half-term"
    with pytest.raises(Backwards):
        set_up.add_stretch(school, date(2026, 4, 2), date(2026, 4, 1), "closed")


def test_what_falls_on_a_closed_day_is_named_and_becomes_a_need(school: School) -> None:
    teacher = a_member(school)
    child = a_child(school, teacher)
    adult = an_adult(school, child)
    seen(school, teacher, "0123", "15:10-16:10")
    slot = slots.free_slots(school, teacher, "teacher", date(2026, 3, 3), date(2026, 3, 3))[0]
    booked = appointments.book(school, slot, child, adult, appointments.Terms())
    assert set_up.booked_between(school, date(2026, 3, 3), date(2026, 3, 3)) == [booked]
    assert set_up.booked_between(school, date(2026, 3, 4), date(2026, 3, 9)) == []
    set_up.add_stretch(school, date(2026, 3, 3), date(2026, 3, 3), "closed")
    appointments.due(school)
    assert [row.need for row in school.session.scalars(select(Attention))] == ["closed_day"]


# Classes


def test_a_class_has_a_name_of_its_own(school: School) -> None:
    maple = set_up.add_class(school, "Maple")
    oak = set_up.add_class(school, "Oak")
    with pytest.raises(SameName):
        set_up.add_class(school, "MAPLE")
    with pytest.raises(SameName):
        set_up.change_class(school, oak, "maple", None, [])
    set_up.change_class(school, maple, "maple", None, [])
    assert maple.name == "maple"


def test_a_teacher_is_always_of_the_team(school: School) -> None:
    maple, okafor, turner = set_up.add_class(school, "Maple"), a_member(school), a_member(school, "class", "Miss Turner")
    set_up.change_class(school, maple, "Maple", okafor, [turner])
    assert (maple.teacher, sorted(member.name for member in maple.team)) == (okafor, ["Miss Turner", "Ms Okafor"])
    set_up.change_class(school, maple, "Maple", None, [turner])
    assert (maple.teacher, maple.team) == (None, [turner])


def test_only_an_empty_class_can_go(school: School) -> None:
    child = a_child(school)
    with pytest.raises(NotEmpty):
        set_up.remove_class(school, child.school_class)
    set_up.remove_class(school, set_up.add_class(school, "Oak"))
    assert [each.id for each in staff.all_classes(school)] == [child.class_id]


# Staff


def test_nobody_changes_their_own_role(school: School) -> None:
    office = a_member(school, "office", "Mrs Doyle")
    a_member(school, "office", "Mr Penn")
    with pytest.raises(NotYourself), staff.guarded(school, access.viewer(school, office)):
        staff.change(school, office, name="Mrs Doyle", email=office.email, role="senior")
    office.role = "office"
    with pytest.raises(NotYourself), staff.guarded(school, access.viewer(school, office)):
        staff.leave(school, office)


def test_somebody_must_be_left_who_lets_others_in(school: School) -> None:
    admin, head = a_member(school, "admin"), a_member(school, "senior")
    with pytest.raises(LastOne), staff.guarded(school, access.viewer(school, head)):
        staff.leave(school, admin)


@pytest.mark.parametrize("role", ["lead", "deputy", "admin"])
def test_the_office_makes_nobody_one_who_may_read_more(school: School, role: str) -> None:
    a_member(school, "admin")
    office, friend = a_member(school, "office"), a_member(school, "teacher", "Mr Whitfield")
    for named in ("lead", "deputy"):
        a_member(school, named)
    with pytest.raises(TechnicianAlone), staff.guarded(school, access.viewer(school, office)):
        staff.change(school, friend, name=friend.name, email=friend.email, role=role)


@pytest.mark.parametrize("role", ["lead", "deputy", "admin"])
def test_the_office_does_not_take_over_a_named_persons_log_in(school: School, role: str) -> None:
    a_member(school, "admin", "Mr Penrose")
    office, above = a_member(school, "office"), a_member(school, role, "Mrs Hartley")
    viewer = access.viewer(school, office)
    assert not staff.may_decide(school, viewer, role)
    with pytest.raises(TechnicianAlone), staff.guarded(school, viewer):
        staff.change(school, above, name=above.name, email="mine@school.example", role=role)
    above.email = "hers@school.example"
    with staff.guarded(school, viewer):
        staff.change(school, above, name="Mrs Hartley-Jones", email=above.email, role=role)


def test_a_school_without_a_lead_has_one_named_by_the_office(school: School) -> None:
    a_member(school, "admin")
    office, hartley = a_member(school, "office"), a_member(school, "teacher", "Mrs Hartley")
    with staff.guarded(school, access.viewer(school, office)):
        staff.change(school, hartley, name=hartley.name, email=hartley.email, role="lead")
    assert hartley.role == "lead"


def test_the_technician_decides_about_them(school: School) -> None:
    admin, lead = a_member(school, "admin"), a_member(school, "lead")
    viewer = access.viewer(school, admin)
    with staff.guarded(school, viewer):
        staff.change(school, lead, name=lead.name, email="new@school.example", role="deputy")
    assert all(staff.may_decide(school, viewer, role) for role in staff.ROLES)


def test_a_school_without_a_technician_is_not_stuck(school: School) -> None:
    office, lead = a_member(school, "office"), a_member(school, "lead")
    with staff.guarded(school, access.viewer(school, office)):
        staff.leave(school, lead)
    assert lead.has_left


def test_an_e_mail_address_is_one_persons(school: School) -> None:
    one, other = a_member(school), a_member(school)
    with pytest.raises(EmailTaken):
        staff.change(school, one, name=one.name, email=other.email.upper(), role=one.role)


@pytest.mark.parametrize("words", ["Mon-Fri 08:15-16:30", "Mon-Thu 08:15-16:30; Fri 08:15-12:00", "Mon 08:00-12:00; Mon 13:00-15:00; Wed 08:00-12:00", ""])
def test_hours_are_written_as_they_are_read(school: School, words: str) -> None:
    member = a_member(school)
    staff.set_hours(school, member, cells.hours(words))
    assert staff.hours_in_words(member) == words


@pytest.mark.parametrize("pin", ["12345", "123456", "654321", "111111", "121212", "123123", "890123", "12345a", "١٢٣٩٨٧", "1234567890123", "112112", ""])
def test_a_pin_that_everybody_tries_is_refused(pin: str) -> None:
    with pytest.raises(WeakPin):
        accounts.check_pin(pin)


@pytest.mark.parametrize("pin", ["280417", "9031746", "100200"])
def test_a_good_pin_is_taken(pin: str) -> None:
    accounts.check_pin(pin)


# A number that must be checked


def texted(school: School, number: str) -> str:
    address = addresses.at(school, "sms", "phone", number)
    rows = school.session.scalars(select(Message).where(Message.address_id == address.id).order_by(Message.id.desc())).all()
    return next(word for word in (rows[0].text or "").split() if word.isdecimal() and len(word) == 6)


def test_a_number_counts_once_its_code_came_back(school: School) -> None:
    lead = a_member(school, "lead")
    staff.reach_by_text(school, lead, "+447700900902", is_checked=True)
    phone_checks.ask(school, lead, "07700 900955")
    code = texted(school, "+447700900955")
    assert staff.phone(lead).address.value == "+447700900902"  # type: ignore[union-attr]
    with pytest.raises(CodeIsWrong):
        phone_checks.confirm(school, lead, "000000" if code != "000000" else "111111")
    phone_checks.confirm(school, lead, f" {code[:3]} {code[3:]} ")
    held = staff.phone(lead)
    assert held is not None
    assert (held.address.value, held.checked_at) == ("+447700900955", school.now)
    with pytest.raises(CodeIsOver):
        phone_checks.confirm(school, lead, code)


def test_a_code_is_over_after_five_wrong_ones_or_a_quarter_of_an_hour(school: School) -> None:
    lead = a_member(school, "lead")
    phone_checks.ask(school, lead, "07700 900955")
    code = texted(school, "+447700900955")
    for _ in range(5):
        phone_checks.failed(school, lead)
    with pytest.raises(CodeIsOver):
        phone_checks.confirm(school, lead, code)
    phone_checks.ask(school, lead, "07700 900955")
    with pytest.raises(CodeIsOver):
        phone_checks.confirm(School(school.session, school.now + timedelta(minutes=16)), lead, texted(school, "+447700900955"))


def test_codes_are_not_asked_for_without_end(school: School) -> None:
    lead = a_member(school, "lead")
    for _ in range(5):
        phone_checks.ask(school, lead, "07700 900955")
    with pytest.raises(WaitFirst):
        phone_checks.ask(school, lead, "07700 900955")


def test_an_alert_goes_to_the_checked_number(school: School) -> None:
    one, other = a_member(school, "lead"), a_member(school, "lead")
    staff.reach_by_text(school, one, "+447700900902")
    alarm = addresses.at(school, "sms", "phone", "+447700900101")
    safeguarding.raise_alarm(school, key="one", text="…", adult=None, address=alarm)
    staff.reach_by_text(school, other, "+447700900903", is_checked=True)
    safeguarding.raise_alarm(school, key="two", text="…", adult=None, address=alarm)
    rows = school.session.scalars(select(Message).where(Message.kind == "safeguarding_alert").order_by(Message.id)).all()
    assert [row.address.value for row in rows if row.address] == ["+447700900902", "+447700900903"]


# What is kept for a while


def test_files_and_codes_are_forgotten(school: School) -> None:
    member = a_member(school)
    school.session.add(Upload(staff_id=member.id, what="staff", content=b"x", headers={}, made_at=school.now))
    phone_checks.ask(school, member, "07700 900955")
    school.session.flush()
    set_up.forget(School(school.session, school.now + timedelta(days=1, minutes=1)))
    assert [*school.session.scalars(select(Upload)), *school.session.scalars(select(PhoneCheck))] == []


def test_who_is_not_there_is_refused(school: School) -> None:
    for rule in (staff.find, set_up.school_class, set_up.stretch):
        with pytest.raises(NotThere):
            rule(school, 999)
