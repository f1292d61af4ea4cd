"""Becoming known: whom the office may invite, how often, and who is known since when, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select

from data.outbox import Message
from data.people import Adult, Child, Guardianship
from data.store import Store
from data.welcomes import Welcome
from school import School, addresses, closings, family_records, leaving, welcomes
from school.access import Viewer
from school.importing import import_families
from school.welcomes import Known, NoWayThere, TooSoon
from tests.school.small import MONDAY, a_child, an_adult, at_once

NUMBER = "+447700900711"


@pytest.fixture
def reached(school: School, parent: Adult) -> Adult:
    addresses.reach(school, parent, addresses.at(school, "sms", "phone", NUMBER), 0)
    school.session.refresh(parent)
    return parent


def queued(school: School) -> list[str]:
    return [row.key for row in school.session.scalars(select(Message).where(Message.kind == welcomes.KIND).order_by(Message.id))]


def test_an_import_makes_candidates_and_sends_nothing(school: School) -> None:
    import_families(school, f"adult_name,phone,language,child_name,child_class\nAmina Yusuf,{NUMBER},so,Ayaan Yusuf,Maple\n".encode())
    assert [adult.name for adult in welcomes.candidates(school)] == ["Amina Yusuf"]
    assert queued(school) == []


def test_who_was_written_to_or_has_written_is_no_candidate(school: School, reached: Adult) -> None:
    assert welcomes.candidates(school) == [reached]
    reached.addresses[0].address.first_greeted_at = school.now
    assert welcomes.candidates(school) == []
    reached.addresses[0].address.first_greeted_at = None
    welcomes.heard(school, reached)
    assert welcomes.candidates(school) == []


def test_who_has_only_email_said_stop_left_or_may_hear_nothing_is_no_candidate(school: School, child: Child, reached: Adult, office: Viewer) -> None:
    address = reached.addresses[0].address
    address.state = "opted_out"
    assert welcomes.candidates(school) == []
    address.state = "usable"
    tie = school.session.get_one(Guardianship, (reached.id, child.id))
    tie.may_hear = tie.may_book = tie.may_be_asked = False
    school.session.flush()
    assert welcomes.candidates(school) == []
    tie.may_hear = True
    addresses.part(school, reached, address)
    addresses.reach(school, reached, addresses.at(school, "email", "email", "a@family.example"), addresses.EMAIL_RANK)
    assert welcomes.candidates(school) == []
    with pytest.raises(NoWayThere):
        welcomes.invite(school, reached, office.staff)
    addresses.reach(school, reached, address, 0)
    assert welcomes.candidates(school) == [reached]
    leaving.leave(school, [child], [reached], office.staff)
    assert welcomes.candidates(school) == []


def test_it_is_sent_once_and_once_more_after_three_days_and_then_never(school: School, reached: Adult, office: Viewer) -> None:
    welcomes.invite(school, reached, office.staff)
    assert not welcomes.may_invite(school, reached)
    with pytest.raises(TooSoon):
        welcomes.invite(school, reached, office.staff)
    school.now += welcomes.AGAIN_AFTER
    assert welcomes.may_invite(school, reached)
    welcomes.invite(school, reached, office.staff)
    school.now += timedelta(days=365)
    with pytest.raises(TooSoon):
        welcomes.invite(school, reached, office.staff)
    assert len(queued(school)) == 2
    assert [row.adult for row in welcomes.waiting(school)] == [reached]


def test_who_answers_is_known_since_and_is_asked_no_more(school: School, reached: Adult, office: Viewer) -> None:
    welcomes.invite(school, reached, office.staff)
    assert welcomes.is_wanted(school, reached)
    welcomes.heard(school, reached)
    since = school.now
    school.now += timedelta(days=9)
    welcomes.heard(school, reached)
    assert [(row.adult, row.answered_at) for row in welcomes.answered(school)] == [(reached, since)]
    assert (welcomes.waiting(school), welcomes.is_wanted(school, reached)) == ([], False)
    with pytest.raises(Known):
        welcomes.invite(school, reached, office.staff)


def test_who_said_wrong_number_has_not_made_the_parent_known(school: School, reached: Adult, office: Viewer) -> None:
    welcomes.invite(school, reached, office.staff)
    welcomes.heard(school, reached)
    closings.said_wrong_number(school, reached.addresses[0].address, "not me", "en")
    assert [row.adult for row in welcomes.waiting(school)] == [reached]
    assert not welcomes.may_invite(school, reached)


def test_who_comes_back_can_be_welcomed_again(school: School, child: Child, reached: Adult, office: Viewer) -> None:
    welcomes.invite(school, reached, office.staff)
    welcomes.heard(school, reached)
    leaving.leave(school, [child], [reached], office.staff)
    leaving.come_back(school, reached)
    family_records.allow(school, reached, child, ["hear"])
    family_records.add_number(school, reached, NUMBER, ["sms"], "Rang them", "Mrs Doyle")
    assert welcomes.candidates(school) == [reached]
    welcomes.invite(school, reached, office.staff)


def test_what_is_held_is_given_out_and_erased(school: School, reached: Adult, office: Viewer) -> None:
    capability = welcomes.capability
    assert capability.export
    assert capability.erase
    assert capability.export(school, reached) == {}
    welcomes.invite(school, reached, office.staff)
    assert capability.export(school, reached) == {"welcome": {"sent": 1, "sent_at": school.now.isoformat(), "known_since": None}}
    capability.erase(school, reached)
    assert welcomes.of(school, reached) is None


def test_two_who_invite_at_once_invite_once_and_who_writes_in_that_moment_is_known(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        with store.write() as session:
            school = School(session, MONDAY)
            adults = [an_adult(school, a_child(school)).id for _ in range(2)]
            for number, adult_id in enumerate(adults):
                addresses.reach(school, session.get_one(Adult, adult_id), addresses.at(school, "sms", "phone", f"+4477009007{number:02}"), 0)

        def invites(adult_id: int) -> Callable[[School], str]:
            def act(school: School) -> str:
                try:
                    welcomes.invite(school, school.session.get_one(Adult, adult_id), None)
                except (TooSoon, Known) as refusal:
                    return type(refusal).__name__
                return "sent"

            return act

        def writes(school: School) -> str:
            welcomes.heard(school, school.session.get_one(Adult, adults[1]))
            return "wrote"

        assert sorted(at_once(store, invites(adults[0]), invites(adults[0]))) == ["TooSoon", "sent"]
        assert at_once(store, invites(adults[1]), writes)[1] == "wrote"
        with store.read() as session:
            assert session.get_one(Welcome, adults[1]).answered_at == MONDAY
            assert session.get_one(Welcome, adults[0]).sent == 1
