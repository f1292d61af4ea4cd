"""After a restore every page says that nothing is sent, and staff choose what becomes of what waits."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from data.audit import AuditEntry
from data.outbox import Message, OutboxState
from data.restoration import Restoration
from school import School, restored
from tests.console.staff import Console
from tests.console.test_delivery import a_message


def put_back(console: Console) -> None:
    world = console.world
    with world.house.store.write() as session:
        restored.begin(School(session, world.moment, world.house.school_settings), world.moment - timedelta(hours=6))


def test_every_page_says_it_and_the_office_sends_again(console: Console) -> None:
    waits = a_message(console, "Amina", "queued", kind="appointment_reminder")
    answer = a_message(console, "Tom", "queued", text="Booked")
    put_back(console)
    office = console.as_("Mrs Doyle")
    assert "nothing is sent to any family" in office.get("/console")
    page = office.get("/console/restored")
    assert "Mon 2 March, 03:10" in page
    assert "Reminder of an appointment: 1" in page
    assert "Answer: 1" in page
    page = office.post("/console/restored/send", {"kind-reply": "send", "kind-appointment_reminder": "drop"}, 422)
    assert "Tick this: it cannot be taken back." in page
    page = office.post("/console/restored/send", {"kind-reply": "send", "sure": "yes"}, 422)
    assert "Say of each kind what becomes of it." in page
    assert 'name="kind-reply" value="send" checked' in page
    office.post("/console/restored/send", {"kind-reply": "send", "kind-appointment_reminder": "drop", "sure": "yes"})
    assert "nothing is sent to any family" not in office.get("/console")
    console.world.settle()
    assert console.world.texts("Tom")[-1].endswith("Booked")
    with console.world.house.store.read() as session:
        assert session.get_one(Message, waits).state == OutboxState.CANCELLED
        assert session.get_one(Message, answer).state == OutboxState.SENT
        row = session.scalars(select(Restoration)).one()
        assert row.chosen == {"reply": "send", "appointment_reminder": "drop"}
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.who, entry.detail) == ("Mrs Doyle", {"dropped": 1})
    assert "Messages are sent again since" in office.get("/console/restored")
    office.post("/console/restored/send", {"sure": "yes"}, of="/console/account")


def test_a_teacher_sees_it_and_cannot_decide_it(console: Console) -> None:
    a_message(console, "Amina", "queued")
    put_back(console)
    teacher = console.as_("Ms Okafor")
    page = teacher.get("/console/restored")
    assert "The office, a leader or the safeguarding lead decides this." in page
    assert "Send messages again" not in page
    teacher.post("/console/restored/send", {"kind-reply": "send", "sure": "yes"}, 404)


def test_a_school_that_was_never_restored_has_nothing_to_decide(console: Console) -> None:
    assert "No backup was ever put back here." in console.as_("Mrs Doyle").get("/console/restored")
