"""A broadcast as it leaves: in whose words, in which language, by which way, and whether at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from bot.channels.base import ChannelName
from bot.channels.errors import Rejected, Verdict
from data.broadcasts import Broadcast
from data.outbox import Message
from data.people import Guardianship
from school import LONDON, School, broadcasts, demo, kept_files
from school.audiences import Audience, AudienceKind
from school.broadcasts import BroadcastKind, Content, Dated
from tests.served import FARIDS_CHAT, Served
from tests.standin.client import StandIn
from tests.world import World

HELLO = "This is Cherry Garden School. To check, ring 020 7946 0000. STOP ends messages.\n"


def school_of(world: World, act: Callable[[School], object]) -> None:
    with world.house.store.write() as session:
        act(School(session, world.moment, world.house.school_settings))


def send(world: World, content: Content) -> int:
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        made = broadcasts.make(school, None, content)
        broadcasts.send(school, None, made)
        return made.id


def about(world: World, name: str) -> Audience:
    """The class of a child of the cast."""
    with world.house.store.read() as session:
        return Audience(AudienceKind.CLASS, demo.child(School(session, world.moment), name).class_id)


def test_the_school_is_named_once(world: World) -> None:
    send(world, Content("The pool is closed."))
    world.settle()
    send(world, Content("The pool is open."))
    world.settle()
    assert world.texts("Tom") == [f"{HELLO}The pool is closed.", "Cherry Garden: The pool is open."]


def test_a_newsletter_has_its_dates_and_its_document(make_world: Callable[..., World]) -> None:
    world = make_world(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON), public_url="https://school.example")
    with world.house.store.write() as session:
        file = kept_files.keep(School(session, world.moment), b"%PDF-1.4\n%%EOF\n", "application/pdf", name="March.pdf")
    dates = [Dated(date(2026, 3, 20), "Last day of term"), Dated(date(2026, 3, 12), "Coffee morning", time(9, 30))]
    send(world, Content("March at school.", BroadcastKind.NEWSLETTER, about(world, "Nour"), file=file, dates=dates))
    world.settle()
    words = "March at school.\nThu 12 March, 09:30: Coffee morning\nFri 20 March: Last day of term"
    assert world.texts("Denise")[-1].startswith(f"{HELLO}{words}\nhttps://school.example/m/")
    shown = world.phones[ChannelName.TELEGRAM].sent[world.address("Farid", "telegram")][-1]
    assert (shown.text, shown.attachment and shown.attachment.filename) == (f"{HELLO}{words}", "March.pdf")


def test_everyone_reads_it_in_their_language(make_world: Callable[..., World], providers: StandIn) -> None:
    providers.reset()
    libre = {"providers": ["libretranslate"], "libretranslate": {"url": providers.url}}
    world = make_world(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON), translation=libre)
    world.speak("Amina", "es")
    send(world, Content("Please bring £2 on Tue 3 March.", audience=about(world, "Leo")))
    world.settle()
    world.pass_time(timedelta(seconds=6))
    world.settle()
    assert "martes, 3 de marzo" in world.texts("Amina")[-1]
    assert "Please" not in world.texts("Amina")[-1]
    assert "Please bring £2 on Tue 3 March." in world.texts("Tom")[-1]
    assert len(providers.log("libretranslate.translate")) == 1


def test_who_may_not_hear_any_more_is_not_told(world: World) -> None:
    send(world, Content("News", audience=about(world, "Leo")))

    def take_away(school: School) -> None:
        row = school.session.scalars(select(Guardianship).where(Guardianship.adult_id == demo.adult(school, "Tom").id)).one()
        row.may_hear = False

    school_of(world, take_away)
    world.settle()
    assert world.texts("Tom") == []
    assert world.texts("Amina") != []


def test_what_is_held_back_or_taken_back_does_not_leave(world: World) -> None:
    made = send(world, Content("News", audience=about(world, "Leo")))
    school_of(world, lambda school: broadcasts.pause(school, None, school.session.get_one(Broadcast, made)))
    world.settle()
    assert world.texts("Tom") == []
    school_of(world, lambda school: broadcasts.resume(school, None, school.session.get_one(Broadcast, made)))
    school_of(world, lambda school: broadcasts.cancel(school, None, school.session.get_one(Broadcast, made)))
    world.settle()
    assert world.texts("Tom") == []


def test_a_parents_own_conversation_overtakes_it(make_world: Callable[..., World]) -> None:
    """Forty wait, one leaves at a time: whoever writes meanwhile is answered next."""
    world = make_world(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON), delivery={"in_flight": 1})
    send(world, Content("News"))
    world.receive(world.phones[ChannelName.SMS].says(world.address("Rebecca", "sms"), "menu"))
    world.house.take_waiting_turns()
    world.run(world.house.dispatcher.run_once())
    with world.house.store.read() as session:
        left = session.execute(select(Message.kind, Message.provider_id).where(Message.provider_id.is_not(None))).all()
    in_order = sorted(left, key=lambda row: int(row.provider_id.removeprefix("sim:")))  # the simulator counts what it shows
    assert len(in_order) > 30
    assert in_order[0].kind == "reply"


def test_quiet_hours_hold_what_is_not_urgent(world: World) -> None:
    world.at("2026-03-02 20:00")
    send(world, Content("News", audience=about(world, "Leo")))
    send(world, Content("No school tomorrow.", BroadcastKind.CLOSURE, about(world, "Leo"), is_urgent=True))
    world.settle()
    assert world.texts("Tom") == [f"{HELLO}No school tomorrow."]
    world.at("2026-03-03 07:00")
    world.settle()
    assert world.texts("Tom")[1:] == ["Cherry Garden: News"]


@pytest.mark.parametrize("verdict", [Verdict.BAD_ADDRESS, Verdict.OPTED_OUT, Verdict.FILTERED, Verdict.THEIRS])
def test_where_one_channel_fails_the_next_is_tried(world: World, verdict: Verdict) -> None:
    send(world, Content("News", audience=about(world, "Nour")))
    world.phones[ChannelName.TELEGRAM].failures.extend([Rejected(verdict, "1")] * 2)  # of two families of that class
    world.settle()
    world.settle()
    assert world.texts("Farid", "telegram") == []
    assert [text.removeprefix(HELLO) for text in world.texts("Farid", "sms")] == ["News"]


@pytest.mark.anyio
async def test_at_the_providers_too_a_family_is_told_by_its_next_channel_once(served: Served) -> None:
    """Farid has blocked the bot; his phone takes texts."""
    served.standin.fault("telegram.sendMessage", "refuse", status=403, description="Forbidden: bot was blocked by the user", times=5)
    with served.house.store.write() as session:
        school = School(session, served.house.clock(), served.house.school_settings)
        demo.adult(school, "Farid").language = "en"
        about_nour = Audience(AudienceKind.CLASS, demo.child(school, "Nour").class_id)
        made = broadcasts.make(school, None, Content("News", is_urgent=True, audience=about_nour))
        broadcasts.send(school, None, made)
    await served.settle()
    await served.settle()
    (message,) = served.said(f"+{FARIDS_CHAT}")
    assert (message.state, message.kind) == ("sent", "broadcast")
    assert [sent["body"] for sent in served.standin.accepted() if sent["to"] == f"+{FARIDS_CHAT}"] == [f"{HELLO}News"]
    assert [sent for sent in served.standin.accepted("telegram.sendMessage") if str(sent["to"]) == FARIDS_CHAT] == []
