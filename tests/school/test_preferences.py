"""What each adult wants to be told, and where first: the newest word counts, and every one is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from data.addresses import Address
from data.outbox import Lane, Message
from data.people import Adult
from school import School, addresses, broadcasts, consent, held, notices, preferences
from school.broadcasts import BroadcastKind, Content
from school.capability import capabilities
from school.errors import NotThere
from school.preferences import KINDS, NotSaidHow
from tests.school.small import a_child, a_member, an_adult, for_now


@pytest.fixture
def amina(school: School) -> Adult:
    adult = an_adult(school, a_child(school))
    for rank, channel in enumerate(("sms", "whatsapp")):
        addresses.reach(school, adult, addresses.at(school, channel, "phone", "+447700900101"), rank)
    return adult


def on(school: School, adult: Adult) -> list[str]:
    return [kind for kind, is_on in preferences.wanted(school, adult).items() if is_on]


def first(school: School, adult: Adult) -> Address:
    return addresses.usable_for(school, adult)[0]


def told(school: School, adult: Adult, kind: str, lane: Lane = Lane.NOTICE, **about: int) -> Message:
    notices.tell(school, adult, kind, about, key=f"{kind}:{lane}", lane=lane)
    return school.session.scalars(select(Message).where(Message.key == f"{kind}:{lane}")).one()


def test_all_comes_until_they_say_otherwise(school: School, amina: Adult) -> None:
    assert on(school, amina) == list(KINDS)


def test_the_newest_word_counts_and_every_one_is_kept(school: School, amina: Adult) -> None:
    assert preferences.switch(school, amina, ["news", "packs"], on=False, how="sms") == ["news", "packs"]
    assert on(school, amina) == ["reminders", "events", "questions"]
    assert preferences.switch(school, amina, ["news"], on=True, how="whatsapp") == ["news"]
    assert preferences.switch(school, amina, ["news"], on=True, how="whatsapp") == [], "said twice it is kept once"
    kept = [(row.kind, row.is_wanted, row.how, row.at) for row in preferences.changes(school, amina)]
    assert kept == [("news", True, "whatsapp", school.now), ("packs", False, "sms", school.now), ("news", False, "sms", school.now)]


def test_what_one_adult_switches_off_another_gets(school: School, amina: Adult) -> None:
    other = an_adult(school, a_child(school))
    preferences.switch(school, amina, KINDS, on=False, how="sms")
    assert on(school, other) == list(KINDS)


def test_a_condition_on_adults_says_the_same(school: School, amina: Adult) -> None:
    for is_on in (False, True, False):
        preferences.switch(school, amina, ["news"], on=is_on, how="sms")
        getting = set(school.session.scalars(select(Adult.id).where(preferences.wants("news"))))
        assert (amina.id in getting) is is_on
        assert amina.id in set(school.session.scalars(select(Adult.id).where(preferences.wants("events"))))


def test_what_is_urgent_and_what_is_declared_by_nobody_always_comes(school: School, amina: Adult) -> None:
    preferences.switch(school, amina, KINDS, on=False, how="sms")
    assert preferences.is_switched_off(school, told(school, amina, "appointment_reminder"))
    assert not preferences.is_switched_off(school, told(school, amina, "appointment_reminder", Lane.URGENT))
    for kind in (
        "appointment_booked",
        "appointment_moved",
        "appointment_called_off",
        "event_cancelled",
        "pack_overdue",
        "meeting_invitation",
        "absence_question",
    ):
        assert not preferences.is_switched_off(school, told(school, amina, kind)), kind


def test_every_kind_that_is_declared_can_be_switched_off() -> None:
    declared = [kinds for found in capabilities() for kinds in found.optional.values() if not callable(kinds)]
    assert declared
    assert {kind for kinds in declared for kind in kinds} <= set(KINDS)


@pytest.mark.parametrize(
    "content, reaches",
    [
        (Content("Hello."), 1),
        (Content("March.", BroadcastKind.NEWSLETTER), 1),
        (Content("PE kit.", BroadcastKind.REMINDER), 2),
        (Content("Closed.", BroadcastKind.CLOSURE), 2),
        (Content("Hello.", is_urgent=True), 2),
    ],
)
def test_who_switched_news_off_is_left_out_of_news_alone(school: School, amina: Adult, content: Content, reaches: int) -> None:
    other = an_adult(school, a_child(school))
    addresses.reach(school, other, addresses.at(school, "sms", "phone", "+447700900102"), 0)
    preferences.switch(school, amina, ["news"], on=False, how="sms")
    made = broadcasts.make(school, None, content)
    plan = broadcasts.plan(school, broadcasts.audience_of(made), is_urgent=made.is_urgent, off=broadcasts.switches(made))
    assert (plan.count, plan.switched_off, list(plan.unreached)) == (reaches, 2 - reaches, [])
    broadcasts.send(school, None, made)
    assert len(school.session.scalars(select(Message).where(Message.kind == "broadcast")).all()) == reaches


def test_the_way_that_comes_first_is_theirs_and_has_their_consent(school: School, amina: Adult) -> None:
    sms, whatsapp = [link.address for link in sorted(amina.addresses, key=lambda link: link.rank)]
    preferences.put_first(school, amina, whatsapp, how="sms")
    assert first(school, amina) is whatsapp
    consent.opt_out(school, sms, how="text")
    for refused in (sms, addresses.at(school, "sms", "phone", "+447700900199")):
        with pytest.raises(NotThere):
            preferences.put_first(school, amina, refused, how="sms")
    assert preferences.may_be_first(school, amina) == [whatsapp]


def test_staff_say_how_they_were_told_and_can_take_it_back(school: School, amina: Adult) -> None:
    doyle = a_member(school, "office", "Mrs Doyle")
    with pytest.raises(NotSaidHow):
        preferences.switch(school, amina, ["news"], on=False, how=preferences.STAFF, by=doyle)
    preferences.switch(school, amina, ["news"], on=False, how=preferences.STAFF, by=doyle, note="told me at the gate")
    [change] = preferences.changes(school, amina)
    assert (change.staff_id, change.note) == (doyle.id, "told me at the gate")
    preferences.take_back(school, amina, change.id, doyle)
    assert on(school, amina) == list(KINDS)
    assert [row.is_wanted for row in preferences.changes(school, amina)] == [True, False], "both are kept"


def test_staff_cannot_take_back_what_a_parent_said(school: School, amina: Adult) -> None:
    doyle = a_member(school, "office", "Mrs Doyle")
    preferences.switch(school, amina, ["news"], on=False, how=preferences.STAFF, by=doyle, note="at the gate")
    [by_staff] = preferences.changes(school, amina)
    preferences.switch(school, amina, ["news"], on=True, how="sms")
    for change in preferences.changes(school, amina):
        with pytest.raises(NotThere):
            preferences.take_back(school, amina, change.id, doyle)
    assert by_staff.kind == "news"


def test_a_slip_is_taken_back_on_the_same_day_and_once(school: School, amina: Adult) -> None:
    doyle = a_member(school, "office", "Mrs Doyle")
    preferences.switch(school, amina, ["news"], on=False, how=preferences.STAFF, by=doyle, note="at the gate")
    [change] = preferences.may_be_taken_back(school, amina)
    with for_now(school, school.now + timedelta(days=1)) as tomorrow:
        assert preferences.may_be_taken_back(tomorrow, amina) == []
        with pytest.raises(NotThere):
            preferences.take_back(tomorrow, amina, change.id, doyle)
    preferences.take_back(school, amina, change.id, doyle)
    assert preferences.may_be_taken_back(school, amina) == []


def test_how_staff_were_told_is_set_aside_from_a_copy(school: School, amina: Adult) -> None:
    preferences.switch(school, amina, ["news"], on=False, how=preferences.STAFF, by=a_member(school, "office", "Mrs Doyle"), note="at the gate")
    found = held.export(school, amina)
    assert "at the gate" not in str(found.copy())
    assert [item.item["words"] for item in found.aside] == ["at the gate"]


def test_the_order_is_taken_back_to_what_it_was(school: School, amina: Adult) -> None:
    doyle, was = a_member(school, "office", "Mrs Doyle"), first(school, amina)
    other = preferences.may_be_first(school, amina)[1]
    preferences.put_first(school, amina, other, how=preferences.STAFF, by=doyle, note="rang me")
    preferences.take_back(school, amina, preferences.changes(school, amina)[0].id, doyle)
    assert first(school, amina) is was


def test_what_is_held_can_be_given_out_and_forgotten(school: School, amina: Adult) -> None:
    preferences.switch(school, amina, ["news"], on=False, how="sms")
    consent.opt_out(school, first(school, amina), how="text")
    held = preferences.export(school, amina)
    assert held["wanted"] == [{"what": "news", "wanted": False, "at": school.now.isoformat(), "how": "sms"}]
    assert [(row["channel"], row["wanted"]) for row in held["stop_and_start"]] == [("sms", False)]
    preferences.erase(school, amina)
    assert on(school, amina) == list(KINDS)


def test_the_carriers_block_is_told_apart_from_our_own(school: School, amina: Adult) -> None:
    address = first(school, amina)
    consent.opt_out(school, address, how="text")
    assert not consent.is_blocked(address)
    with for_now(school, school.now + timedelta(hours=1)) as later:
        mine = later.session.get_one(Address, address.id)
        consent.opt_out(later, mine, how=consent.CARRIER)
        assert mine.carrier_stopped_at == later.now
        consent.opt_in(later, mine, how="text")
        assert (mine.state, consent.is_blocked(mine)) == ("usable", False)
