"""Whom no message reaches, and the letter that goes home instead."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from data.addresses import AddressState
from data.appointments import Appointment
from data.audit import AuditEntry
from data.outbox import Message
from data.people import Adult
from school import School, demo
from tests.console.staff import Console
from tests.world import World

_numbers = count(1)


def missed(world: World, name: str, text: str | None, **more: Any) -> None:
    """A message to someone of the cast that did not arrive."""
    with world.house.store.write() as session:
        adult, number = demo.adult(School(session, world.moment), name), next(_numbers)
        told = {"kind": "news", "state": "failed", "verdict": "no_address", **more}
        session.add(Message(uid=f"u{number}", key=f"k{number}", trace="t", adult_id=adult.id, text=text, created_at=world.moment, **told))


def number_of(world: World, name: str) -> int:
    with world.house.store.read() as session:
        return demo.adult(School(session, world.moment), name).id


def stop(world: World, name: str) -> None:
    with world.house.store.write() as session:
        for link in demo.adult(School(session, world.moment), name).addresses:
            link.address.state = AddressState.OPTED_OUT


def test_the_list_says_who_why_and_what_to_do(console: Console) -> None:
    stop(console.world, "Amina")
    page = console.as_("Mrs Doyle").get("/console/unreachable")
    assert "Ilir Hoxha" in page
    assert "Arben Hoxha, Hedgehog" in page
    assert "No phone number" in page
    assert "Said STOP" in page
    assert "Tom Reed" not in page


def test_everyone_can_be_reached_says_so(console: Console) -> None:
    assert "Everyone can be reached." in console.as_("Ms Okafor").get("/console/unreachable")
    assert "there is nothing to print" in console.as_("Ms Okafor").get("/console/unreachable/letters")


def test_a_class_team_sees_its_own_families_and_the_technician_none(console: Console) -> None:
    stop(console.world, "Amina")
    ilir, amina = number_of(console.world, "Ilir"), number_of(console.world, "Amina")
    teacher = console.as_("Ms Okafor")
    page = teacher.get("/console/unreachable")
    assert ("Amina" in page, "Ilir" in page) == (True, False)
    teacher.get(f"/console/unreachable/{amina}/letter")
    teacher.get(f"/console/unreachable/{ilir}/letter", 404)
    for path in ("", "/letters", f"/{ilir}/letter"):
        console.as_("Mr Penrose").get(f"/console/unreachable{path}", 404)


def test_whoever_is_reached_gets_no_letter(console: Console) -> None:
    console.as_("Mrs Doyle").get(f"/console/unreachable/{number_of(console.world, 'Tom')}/letter", 404)


def test_a_letter_holds_what_did_not_arrive_and_nothing_of_another_s(console: Console) -> None:
    stop(console.world, "Kate")
    missed(console.world, "Kate", "The hall is open\n<script>alert(1)</script>")
    missed(console.world, "Dan", "For Dan alone")
    missed(console.world, "Kate", "A message needs the lead", kind="safeguarding_alert")
    page = console.as_("Mrs Doyle").get(f"/console/unreachable/{number_of(console.world, 'Kate')}/letter")
    assert "The hall is open\n&lt;script&gt;alert" in page
    assert "Ella Hill, Kingfisher" in page
    assert "Cherry Garden School" in page
    assert "For Dan alone" not in page
    assert "Dan Hill" not in page
    assert "the lead" not in page


@pytest.mark.parametrize("language, direction, hello", [("ar", "rtl", "!"), ("pl", "ltr", "Proszę do nas zadzwonić"), ("en", "ltr", "Hello!")])
def test_a_letter_runs_in_the_family_s_language_and_direction(console: Console, language: str, direction: str, hello: str) -> None:
    console.world.speak("Ilir", language)
    missed(console.world, "Ilir", "…")
    page = console.as_("Mrs Doyle").get(f"/console/unreachable/{number_of(console.world, 'Ilir')}/letter")
    assert f'lang="{language}" dir="{direction}"' in page
    assert hello in page


def test_a_notice_that_never_had_words_is_worded_for_the_letter(console: Console) -> None:
    world = console.world
    world.say("Amina", "i want to see ms okafor tuesday at 15:10")
    world.say("Amina", "yes")
    with world.house.store.read() as session:
        booked = session.query(Appointment).order_by(Appointment.id.desc()).first()
    assert booked is not None
    stop(world, "Amina")
    world.speak("Amina", "so")
    missed(world, "Amina", None, kind="appointment_reminder", about={"appointment": booked.id})
    missed(world, "Amina", None, kind="appointment_reminder", about={"appointment": 999})
    missed(world, "Amina", None, kind="no_such_kind")
    page = console.as_("Mrs Doyle").get(f"/console/unreachable/{number_of(world, 'Amina')}/letter")
    assert page.count('class="words told"') == 1
    assert "Xusuusin" in page
    with world.house.store.read() as session:
        assert [row.text for row in session.query(Message).filter(Message.kind == "appointment_reminder", Message.state == "failed")] == [None, None]


def test_letters_are_a_page_each_and_the_audit_says_who_saw_them(console: Console) -> None:
    stop(console.world, "Amina")
    page = console.as_("Mrs Doyle").get("/console/unreachable/letters")
    assert (page.count('class="letter'), page.count("new-page")) == (2, 1)
    with console.world.house.store.read() as session:
        seen = {row.about_id for row in session.query(AuditEntry).filter(AuditEntry.action == "saw", AuditEntry.about == "adult")}
        assert seen == {session.query(Adult.id).filter(Adult.name == name).scalar() for name in ("Amina Yusuf", "Ilir Hoxha")}
