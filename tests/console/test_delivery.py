"""Every message out: who may see what of it, and sending one again."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from data.addresses import Address, AddressState
from data.audit import AuditEntry
from data.outbox import Message, OutboxState
from data.people import AdultAddress
from data.spending import PaidParts
from school import School, demo
from tests.console.staff import Console

_numbers = count(1)


def a_message(console: Console, name: str, state: str = "failed", **more: Any) -> int:
    """A message to someone of the cast; its id."""
    world, number = console.world, next(_numbers)
    with world.house.store.write() as session:
        adult = demo.adult(School(session, world.moment), name)
        told = {"kind": "reply", "text": "The hall is open", "address": adult.addresses[0].address if adult.addresses else None, **more}
        made = Message(uid=f"u{number}", key=f"k{number}", trace="t", adult_id=adult.id, state=state, created_at=world.moment, **told)
        session.add(made)
        session.flush()
        return made.id


def rows(console: Console, table: type[Any]) -> list[Any]:
    with console.world.house.store.read() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def test_the_office_reads_what_became_of_each_message(console: Console) -> None:
    made = a_message(console, "Amina", "undelivered", verdict="opted_out", code="21610", english="The hall is open now")
    office = console.as_("Mrs Doyle")
    page = office.get("/console/delivery")
    assert "Amina Yusuf" in page
    assert "The hall is open now" in page
    assert "07700900101" not in page
    assert "…101" in page
    page = office.get(f"/console/delivery/{made}")
    assert "They said STOP to this number." in page
    assert "Code 21610" in page


def test_the_office_reads_why_a_message_waits_or_went_another_way(console: Console) -> None:
    waits = a_message(console, "Amina", "queued", kind="broadcast", text=None, address=None, verdict="no_window", code="63016")
    went = a_message(console, "Amina", "sent", kind="broadcast", verdict="no_window")
    asked = a_message(console, "Amina", "failed", kind="opener", text="Reply OPEN", verdict="no_window", code="63040")
    office = console.as_("Mrs Doyle")
    assert "They are asked to open it; then it leaves, or else by another way." in office.get(f"/console/delivery/{waits}")
    assert "So it went another way." in office.get(f"/console/delivery/{went}")
    page = office.get(f"/console/delivery/{asked}")
    assert "Question to open WhatsApp" in page
    assert "Send it again" not in page


def test_no_messages_says_so(console: Console) -> None:
    assert "No such messages." in console.as_("Mrs Doyle").get("/console/delivery?state=failed&days=7&channel=telegram&kind=reply")


def test_the_filters_stay_from_page_to_page(console: Console) -> None:
    for _ in range(51):
        a_message(console, "Amina")
    office = console.as_("Mrs Doyle")
    page = office.get("/console/delivery?state=failed&name=yusuf&days=7")
    assert "state=failed&amp;days=7&amp;name=yusuf&amp;before=" in page
    assert page.count('<li>\n    <div class="top">') == 50
    page = office.client.get("/console/delivery", headers={"HX-Request": "true"}).text
    assert page.lstrip().startswith('<div id="messages"')


def test_hostile_filters_change_nothing(console: Console) -> None:
    a_message(console, "Amina")
    office = console.as_("Mrs Doyle")
    assert "<script>alert" not in office.get("/console/delivery?name=<script>alert(1)</script>&kind='--&channel=x&state=<b>&days=9&before=-1")
    office.get("/console/delivery?adult=999999", 404)
    office.get("/console/delivery?before=99999999999999999999")


def test_hostile_words_are_shown_as_words(console: Console) -> None:
    made = a_message(console, "Amina", text="<script>alert(1)</script>", code="<b>", verdict="<i>")
    office = console.as_("Mrs Doyle")
    for path in ("/console/delivery", f"/console/delivery/{made}"):
        page = office.get(path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_the_technician_sees_states_without_words_and_names(console: Console) -> None:
    made = a_message(console, "Amina", "failed", verdict="our_account", code="20003", english="The hall")
    technician = console.as_("Mr Penrose")
    for path in ("/console/delivery", f"/console/delivery/{made}", "/console/delivery?name=Amina&adult=1"):
        page = technician.get(path)
        assert "Yusuf" not in page
        assert "hall" not in page
        assert "…101" in page
    assert "Code 20003" in technician.get(f"/console/delivery/{made}")
    technician.post(f"/console/delivery/{made}/again", status=404)


def test_a_class_team_sees_its_own_families_alone(console: Console) -> None:
    maple, oak = a_message(console, "Amina"), a_message(console, "Farid")
    teacher = console.as_("Ms Okafor")
    page = teacher.get("/console/delivery")
    assert ("Amina" in page, "Farid" in page) == (True, False)
    teacher.get(f"/console/delivery/{maple}")
    teacher.get(f"/console/delivery/{oak}", 404)
    teacher.post(f"/console/delivery/{oak}/again", status=404, of=f"/console/delivery/{maple}")
    teacher.get("/console/delivery?adult=4", 404)


def test_a_failed_message_is_sent_again_once_however_often_the_form_comes(console: Console) -> None:
    made = a_message(console, "Amina")
    office = console.as_("Mrs Doyle")
    page = office.get(f"/console/delivery/{made}")
    fields = {name: page.split(f'name="{name}" value="', 1)[1].split('"', 1)[0] for name in ("csrf", "form")}
    answers = [office.client.post(f"/console/delivery/{made}/again", data=fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert [row.key for row in rows(console, Message) if row.key.startswith("again")] == [f"again:{made}:1"]
    assert "It repeats" in office.get(answers[0].headers["location"])
    entry = next(row for row in rows(console, AuditEntry) if row.action == "sent again")
    assert (entry.about, entry.about_id, entry.who) == ("message", made, "Mrs Doyle")
    console.world.settle()
    assert "The hall is open" in console.world.texts("Amina")[-1]
    assert "already" in office.post(f"/console/delivery/{made}/again", status=422, of=f"/console/delivery/{answers[0].headers['location'].rpartition('/')[2]}")


def test_what_may_have_arrived_is_asked_about_first(console: Console) -> None:
    made = a_message(console, "Amina", "unconfirmed")
    office = console.as_("Mrs Doyle")
    assert "Tick this if it may come twice" in office.post(f"/console/delivery/{made}/again", status=422, of=f"/console/delivery/{made}")
    assert "It leaves now" in office.post(f"/console/delivery/{made}/again", {"may_come_twice": "yes"})


def test_it_goes_by_another_of_their_addresses_and_nobody_else_s(console: Console) -> None:
    made = a_message(console, "Farid")  # Telegram, then SMS
    office = console.as_("Mrs Doyle")
    with console.world.house.store.read() as session:
        sms, hers = (session.scalars(select(Address.id).where(Address.channel == "sms", Address.value == f"+447700900{n}")).one() for n in (104, 101))
    assert "Send by SMS to …104" in office.get(f"/console/delivery/{made}")
    assert "Nothing can be sent there" in office.post(f"/console/delivery/{made}/again", {"to": hers}, 422)
    office.post(f"/console/delivery/{made}/again", {"to": sms})
    assert rows(console, Message)[-1].address_id == sms
    assert any(row.action == "sent by another way" for row in rows(console, AuditEntry))


def test_nothing_is_sent_where_they_said_stop(console: Console) -> None:
    made = a_message(console, "Amina")
    office = console.as_("Mrs Doyle")
    office.get(f"/console/delivery/{made}")
    with console.world.house.store.write() as session:
        demo.adult(School(session, console.world.moment), "Amina").addresses[0].address.state = AddressState.OPTED_OUT
    assert "print a letter" in office.post(f"/console/delivery/{made}/again", status=422)
    assert "Nothing can be sent to them now" in office.get(f"/console/delivery/{made}")
    assert len([row for row in rows(console, Message) if row.key.startswith("again")]) == 0


@pytest.mark.parametrize("state", sorted(OutboxState))
def test_every_state_can_be_shown(console: Console, state: str) -> None:
    made = a_message(console, "Amina", state)
    page = console.as_("Mrs Hartley").get(f"/console/delivery/{made}")
    assert ("Send again" in page) == (state in ("failed", "undelivered", "expired", "unconfirmed"))


def test_of_a_mail_nobody_knows_whether_it_was_read(console: Console) -> None:
    made = a_message(console, "Amina", "sent", kind="broadcast")
    with console.world.house.store.write() as session:
        mail = Address(channel="email", kind="email", value="amina@family.example", state=AddressState.USABLE)
        amina = demo.adult(School(session, console.world.moment), "Amina")
        amina.addresses.append(AdultAddress(address=mail, rank=9))
        session.get_one(Message, made).address = mail
    page = console.as_("Mrs Doyle").get(f"/console/delivery/{made}")
    assert "Sent by e-mail: nobody can know whether it was read." in page
    assert ("E-mail to a…@…" in page, "family.example" in page) == (True, False)


def test_the_office_lifts_the_limit_of_the_day(console: Console) -> None:
    world = console.world
    with world.house.store.write() as session:
        session.add(PaidParts(day=world.moment.date(), parts=world.house.school_settings.parts_per_day))
    held = a_message(console, "Amina", "queued", kind="broadcast", code="daily_limit", next_at=world.moment + timedelta(hours=15))
    assert "waits until tomorrow" in console.as_("Mrs Doyle").get(f"/console/delivery/{held}")
    page = console.as_("Mr Penrose").get("/console/delivery")
    assert "1 other message waits until tomorrow" in page
    assert "Lift the limit" not in page, "what is paid is not the technician's to decide"
    office = console.as_("Mrs Doyle")
    office.get("/console/delivery")
    assert "1 message that waited leaves now" in office.post("/console/delivery/limit")
    assert "Today&#39;s limit" not in office.get("/console/delivery")
    assert (rows(console, Message)[-1].next_at, rows(console, AuditEntry)[-1].action) == (None, "daily limit lifted")
