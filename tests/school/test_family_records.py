"""What the office keeps of families: who finds whom, what changes, and which numbers are taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import select

from data.addresses import AddressState
from data.outbox import Lane, Message, OutboxState
from data.people import Adult, Guardianship, class_staff
from data.store import Store
from school import School, access, addresses, consent, families, family_records
from school.access import Viewer
from school.addresses import NotAMobile
from school.errors import NotThere
from school.family_records import AlreadyTheirs, NobodyRang
from tests.school.small import a_child, a_member, an_adult, london

RANG = "Rang the old number, spoke to her"


@pytest.fixture
def school(database_url: str) -> Iterator[School]:
    with closing(Store(database_url)) as store, store.write() as session:
        yield School(session, london("2026-03-02 09:10"))


def teacher_of(school: School, *class_ids: int) -> Viewer:
    member = a_member(school)
    for class_id in class_ids:
        school.session.execute(class_staff.insert().values(class_id=class_id, staff_id=member.id))
    return access.viewer(school, member)


def named(school: School, name: str, child: str = "", number: str = "", language: str = "en") -> Adult:
    adult = an_adult(school, a_child(school), language=language)
    adult.name = name
    adult.guardianships[0].child.name = child or "Sam Roe"
    if number:
        addresses.reach(school, adult, addresses.at(school, "sms", "phone", addresses.mobile(number)), 0)
    return adult


def found(school: School, who: Viewer, words: str = "", language: str = "") -> list[str]:
    return [entry.adult.name for entry in family_records.search(school, who, words, language=language)]


def test_an_adult_is_found_by_any_part_of_what_is_known(school: School, office: Viewer) -> None:
    named(school, "Lucía Gómez", "Mateo Gómez", "07700 900121", "es")
    named(school, "Amina Yusuf", "Ayaan Yusuf", "07700 900101", "so")
    for words in ("lucia", "GOMEZ lu", "mateo", "900121", "07700 900121", "+44 7700 900121", "121"):
        assert found(school, office, words) == ["Lucía Gómez"], words
    assert found(school, office, language="so") == ["Amina Yusuf"]
    assert found(school, office) == ["Amina Yusuf", "Lucía Gómez"]
    assert found(school, office, "nobody") == []
    assert found(school, office, "999") == []


def test_a_class_team_finds_its_own_families_alone(school: School) -> None:
    amina, tom = named(school, "Amina Yusuf", number="07700 900101"), named(school, "Tom Reed", number="07700 900102")
    teacher = teacher_of(school, amina.guardianships[0].child.class_id)
    assert found(school, teacher) == ["Amina Yusuf"]
    with pytest.raises(NotThere):
        access.adult(school, teacher, tom.id)


def test_a_class_team_cannot_find_out_a_number_digit_by_digit(school: School) -> None:
    amina = named(school, "Amina Yusuf", number="07700 900101")
    teacher = teacher_of(school, amina.guardianships[0].child.class_id)
    assert found(school, teacher, "101") == found(school, teacher, "999999101") == ["Amina Yusuf"]
    assert family_records.shown(teacher, amina.addresses[0].address) == "…101"


def test_of_two_children_a_class_team_sees_its_own(school: School) -> None:
    maple, oak = a_child(school), a_child(school)
    adult = an_adult(school, maple, oak)
    teacher = teacher_of(school, maple.class_id)
    assert [tie.child for tie in family_records.ties(school, teacher, adult)] == [maple]


def test_rights_are_exactly_what_was_chosen(school: School) -> None:
    child, adult = a_child(school), an_adult(school)
    assert family_records.allow(school, adult, child, ["hear", "nonsense"], "aunt")
    assert not family_records.allow(school, adult, child, ["hear"], "aunt")
    assert families.children(school, adult, "hear") == [child]
    assert families.children(school, adult, "book") == []
    family_records.untie(school, adult, child)
    assert school.session.scalars(select(Guardianship)).all() == []
    with pytest.raises(NotThere):
        family_records.untie(school, adult, child)


def test_a_group_is_made_once_however_it_is_written(school: School) -> None:
    adult = an_adult(school)
    first = family_records.change_adult(school, adult, name="Jane Roe", language="so", notes="", group_ids=(), new_group="Helpers")
    assert first == ["name", "language", "groups"]
    other = an_adult(school)
    family_records.change_adult(school, other, name="Tom Reed", language="en", notes="Deaf in one ear", group_ids=(), new_group=" HELPERS ".strip())
    assert other.groups == adult.groups


def test_a_number_that_is_no_mobile_is_refused_with_the_reason(school: School) -> None:
    with pytest.raises(NotAMobile) as refused:
        family_records.add_number(school, an_adult(school), "020 7946 0000", ["sms"], RANG, "Mrs Doyle")
    assert refused.value.what == "a landline"


def test_no_number_is_taken_before_someone_rang(school: School) -> None:
    adult = an_adult(school)
    with pytest.raises(NobodyRang):
        family_records.add_number(school, adult, "07700 900101", ["sms"], " ", "Mrs Doyle")
    assert list(adult.addresses) == []


def test_who_rang_is_kept_in_the_notes(school: School) -> None:
    adult = an_adult(school)
    family_records.add_number(school, adult, "07700 900101", ["sms", "whatsapp"], RANG, "Mrs Doyle")
    assert adult.notes == f"2 March 2026: new number …101. {RANG} (Mrs Doyle)"
    assert [(link.address.channel, link.rank) for link in family_records.addresses_in_order(adult)] == [("sms", 0), ("whatsapp", 1)]
    with pytest.raises(AlreadyTheirs):
        family_records.add_number(school, adult, "+447700900101", ["sms"], RANG, "Mrs Doyle")


def test_the_first_text_to_a_number_that_was_someone_elses_says_who_we_are(school: School) -> None:
    address = addresses.at(school, "sms", "phone", "+447700900101")
    address.first_greeted_at = school.now
    consent.mark_bad(school, address)
    adult = an_adult(school)
    family_records.add_number(school, adult, "07700 900101", ["sms"], RANG, "Mrs Doyle")
    now = adult.addresses[0].address
    assert now is address
    assert now.first_greeted_at is None
    assert now.state == AddressState.USABLE


def test_a_stop_outlives_a_new_owner(school: School) -> None:
    address = addresses.at(school, "sms", "phone", "+447700900101")
    consent.opt_out(school, address, how="text")
    family_records.add_number(school, an_adult(school), "07700 900101", ["sms"], RANG, "Mrs Doyle")
    assert address.state == AddressState.OPTED_OUT


def test_what_waits_for_the_old_number_does_not_go_there(school: School) -> None:
    adult = named(school, "Amina Yusuf", number="07700 900101")
    old = adult.addresses[0].address
    rows = {
        kind: Message(uid=kind, key=kind, trace="t", adult_id=adult.id, address_id=old.id, kind=kind, lane=Lane.NOTICE, created_at=school.now)
        for kind in ("reply", "appointment_reminder")
    }
    school.session.add_all(rows.values())
    school.session.flush()
    family_records.change_number(school, adult, old.value, "07700 900109", RANG, "Mrs Doyle")
    assert [(link.address.value, link.rank) for link in adult.addresses] == [("+447700900109", 0)]
    for row in rows.values():
        school.session.refresh(row)
    assert rows["reply"].state == OutboxState.CANCELLED
    assert (rows["appointment_reminder"].state, rows["appointment_reminder"].address_id) == (OutboxState.QUEUED, None)


def test_a_changed_number_stays_on_its_channels_and_in_its_turn(school: School) -> None:
    adult = an_adult(school)
    family_records.add_number(school, adult, "07700 900101", ["sms", "whatsapp"], RANG, "Mrs Doyle")
    family_records.add_number(school, adult, "07700 900102", ["sms"], RANG, "Mrs Doyle")
    whatsapp = next(link.address_id for link in adult.addresses if link.address.channel == "whatsapp")
    family_records.make_first(school, adult, whatsapp)
    family_records.change_number(school, adult, "+447700900101", "07700 900109", RANG, "Mrs Doyle")
    order = [(link.address.channel, link.address.value[-3:]) for link in family_records.addresses_in_order(adult)]
    assert order == [("whatsapp", "109"), ("sms", "109"), ("sms", "102")]
    with pytest.raises(AlreadyTheirs):
        family_records.change_number(school, adult, "+447700900109", "07700 900102", RANG, "Mrs Doyle")
    with pytest.raises(NotThere):
        family_records.change_number(school, adult, "+447700900777", "07700 900104", RANG, "Mrs Doyle")


def test_another_adults_address_is_not_there(school: School) -> None:
    amina, tom = named(school, "Amina Yusuf", number="07700 900101"), named(school, "Tom Reed", number="07700 900102")
    for rule in (family_records.make_first, family_records.remove_address, family_records.stop):
        with pytest.raises(NotThere):
            rule(school, amina, tom.addresses[0].address_id)
    assert len(tom.addresses) == 1


def test_a_stop_that_was_said_to_a_person_is_kept_once(school: School) -> None:
    amina = named(school, "Amina Yusuf", number="07700 900101")
    for _ in range(2):
        family_records.stop(school, amina, amina.addresses[0].address_id)
    assert [(row.is_given, row.how) for _, row in family_records.consents(school, amina)] == [(False, "staff")]


def test_an_email_address_is_added_after_all_numbers(school: School) -> None:
    amina = named(school, "Amina Yusuf", number="07700 900101")
    family_records.add_email(school, amina, "Amina@Family.example", "On the form she filled in", "Mrs Doyle")
    family_records.add_number(school, amina, "07700 900102", ["sms", "whatsapp"], RANG, "Mrs Doyle")
    school.session.expire(amina)
    assert [link.address.channel for link in family_records.addresses_in_order(amina)] == ["sms", "sms", "whatsapp", "email"]
    assert "new e-mail address. On the form she filled in (Mrs Doyle)" in amina.notes
    assert "family.example" not in amina.notes


def test_an_email_address_is_added_once_and_only_if_someone_knows_it(school: School) -> None:
    amina = named(school, "Amina Yusuf")
    with pytest.raises(NobodyRang):
        family_records.add_email(school, amina, "amina@family.example", "", "Mrs Doyle")
    family_records.add_email(school, amina, "amina@family.example", RANG, "Mrs Doyle")
    with pytest.raises(AlreadyTheirs):
        family_records.add_email(school, amina, "AMINA@family.example", RANG, "Mrs Doyle")


def test_whoever_ended_emails_there_is_not_written_to_by_being_added_again(school: School) -> None:
    amina = named(school, "Amina Yusuf")
    family_records.add_email(school, amina, "amina@family.example", RANG, "Mrs Doyle")
    [link] = amina.addresses
    address = link.address
    consent.opt_out(school, address, how="link")
    family_records.remove_address(school, amina, address.id)
    family_records.add_email(school, amina, "amina@family.example", RANG, "Mrs Doyle")
    assert address.state == AddressState.OPTED_OUT
