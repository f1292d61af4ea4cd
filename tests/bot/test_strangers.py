"""People whom the school does not know: they learn nothing, and no robot is answered for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot import importing
from bot.channels.base import ChannelName
from bot.telegram_setup import arrange
from data.addresses import Address, StartLink
from data.attention import Attention, Need
from data.outbox import Message, OutboxState
from data.people import Adult, AdultAddress
from school import School, addresses, demo, telegram_links
from tests.served import Served
from tests.world import World
from translations import _

STRANGERS = [f"+447700900{number}" for number in range(200, 300)]
ASKED = [
    "hello",
    "is Ayaan Yusuf at your school?",
    "I am Amina Yusuf, when is my appointment?",
    "1",
    "cancel my appointment",
    "my son is ill today",
    "what do you hold about me",
    "07700 900101",
    "",
    "🙏",
]
NEW_CHAT = "5550001"


# Texts


def test_a_hundred_unknown_numbers_get_the_same_words(world: World) -> None:
    phone = world.phones[ChannelName.SMS]
    for index, number in enumerate(STRANGERS):
        world.receive(phone.says(number, ASKED[index % len(ASKED)]))
    world.settle()
    said = {tuple(shown.text for shown in phone.sent[number]) for number in STRANGERS}
    assert len(said) == 1
    assert said.pop() == (
        "This is Cherry Garden School. I do not know you here, so I say nothing about any child. Write one message for the office now, or ring 020 7946 0000.",
    )


def test_a_stranger_is_answered_three_times_a_day_at_most(world: World) -> None:
    stranger = STRANGERS[0]
    answers = [len(world.say(stranger, text)) for text in ("hello", "please tell the office I moved", "hello?", "HELP", "HELP", "HELP", "anyone?")]
    assert sum(answers) == 3
    world.pass_time(timedelta(days=1, minutes=1))
    assert len(world.say(stranger, "hello")) == 1


def test_a_message_without_words_is_none_for_the_office(world: World) -> None:
    stranger = STRANGERS[0]
    world.say(stranger, "hello")
    assert world.say(stranger, "")[0].text.startswith("This is Cherry Garden School")
    assert _needs(world) == []
    world.say(stranger, "please ring me")
    assert [(need.need, need.text) for need in _needs(world)] == [(Need.FOR_OFFICE, "please ring me")]


def test_two_robots_that_talk_come_to_an_end(world: World) -> None:
    stranger, said = STRANGERS[0], ["Thank you for your message! We will get back to you."]
    for turn in range(20):
        shown = world.say(stranger, f"{said[-1]} (auto-reply {turn})")
        if not shown:
            break
        said += [message.text for message in shown]
    assert len(said) <= 4


def test_a_known_phone_that_answers_by_itself_comes_to_an_end_and_staff_hear(world: World) -> None:
    answers = [len(world.say("Amina", "I am driving and will read this later.")) for _ in range(10)]
    assert sum(answers) <= 3
    assert any(need.detail.startswith("more messages") for need in _needs(world))
    world.pass_time(timedelta(hours=1, minutes=1))
    assert world.say("Amina", "hello")


def test_a_parent_who_presses_the_same_number_is_no_robot(world: World) -> None:
    assert all(world.say("Amina", "menu" if turn % 2 else "1") for turn in range(10))


def test_stop_is_kept_for_a_stranger_too(world: World) -> None:
    stranger = STRANGERS[0]
    assert len(world.say(stranger, "STOP", "whatsapp")) == 1
    assert world.say(stranger, "hello", "whatsapp") == []
    assert len(world.say(stranger, "START", "whatsapp")) == 1
    assert len(world.say(stranger, "hello", "whatsapp")) == 1


def test_a_delivery_firm_is_never_answered(world: World) -> None:
    from dataclasses import replace

    from bot.channels.base import AddressKind

    phone = world.phones[ChannelName.SMS]
    world.receive(replace(phone.says("DPD", "your parcel"), address_kind=AddressKind.SENDER_NAME))
    world.settle()
    assert phone.sent == {}


def test_a_known_number_is_known_on_whatsapp_too(world: World) -> None:
    assert "Hello!" in world.say("+447700900101", "hello", "whatsapp")[0].text
    with world.house.store.read() as session:
        theirs = select(Address.channel).join(AdultAddress).join(Adult).where(Adult.name == "Amina Yusuf").order_by(AdultAddress.rank)
        assert list(session.scalars(theirs)) == ["sms", "whatsapp"]


def test_a_shared_number_is_shared_on_whatsapp_too(world: World) -> None:
    assert [button.label for button in world.say("+447700900109", "hello", "whatsapp")[0].buttons] == ["M. T.", "H. N."]


def _needs(world: World) -> list[Attention]:
    with world.house.store.read() as session:
        return list(session.scalars(select(Attention).order_by(Attention.id)))


# Telegram, as Telegram itself brings it


def contact(number: str, of: str = NEW_CHAT) -> dict[str, Any]:
    """A contact that is shared; of someone else unless it is the sender's own."""
    return {"contact": {"phone_number": number, "first_name": "A", "user_id": int(of)}}


async def last(served: Served, chat: str = NEW_CHAT) -> str:
    """What was last sent to a Telegram chat."""
    await served.settle()
    return str(served.standin.accepted("telegram.sendMessage")[-1]["body"])


@pytest.mark.anyio
async def test_a_shared_contact_is_recognised(served: Served) -> None:
    await served.telegram("/start", NEW_CHAT)
    assert "I do not know you here" in await last(served)
    assert "request_contact" in served.standin.accepted("telegram.sendMessage")[-1]["form"]["reply_markup"]
    await served.telegram("", NEW_CHAT, **contact("447700900101"))
    knows_you = _("Thank you. {school} knows you here now.").format(school="Cherry Garden School")
    assert knows_you.render("so") in await last(served)  # Amina's own language
    assert _adult_at(served, NEW_CHAT) == "Amina Yusuf"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "shared",
    [
        contact("447700900101", of="5550002"),
        {"contact": {"phone_number": "447700900101", "first_name": "Amina"}},
        contact("447700900101") | {"forward_origin": {"type": "user", "date": 1, "sender_user": {"id": 5550002, "is_bot": False, "first_name": "A"}}},
        contact("447700900299"),
        contact("not a number"),
        contact("447700900109"),
    ],
    ids=["someone else's", "nobody's", "forwarded", "unknown number", "no number", "a phone of two"],
)
async def test_any_other_contact_is_refused(served_on_sqlite: Served, shared: dict[str, Any]) -> None:
    await served_on_sqlite.telegram("", NEW_CHAT, **shared)
    assert "I do not know you here" in await last(served_on_sqlite)
    assert _adult_at(served_on_sqlite, NEW_CHAT) is None


@pytest.mark.anyio
async def test_a_start_link_is_good_once_and_for_seven_days(served: Served) -> None:
    first, late = _new_link(served, "Tom"), _new_link(served, "Kate")
    await served.telegram(f"/start {first}", NEW_CHAT)
    assert "knows you here now" in await last(served)
    assert _adult_at(served, NEW_CHAT) == "Tom Reed"
    await served.telegram(f"/start {first}", "5550003")
    assert "I do not know you here" in await last(served)
    await served.telegram("/start nonsense-that-is-no-token-at-all", "5550005")
    assert "I do not know you here" in await last(served)
    served.later = timedelta(days=7, minutes=1)
    with served.house.store.write() as session:
        assert addresses.redeem_start_link(School(session, served.house.clock(), served.house.school_settings), late) is None
    assert _adult_at(served, "5550003") is None


def _adult_at(served: Served, chat: str) -> str | None:
    with served.house.store.read() as session:
        return session.scalars(select(Adult.name).join(AdultAddress).join(Address).where(Address.value == chat)).first()


def _new_link(served: Served, name: str) -> str:
    with served.house.store.write() as session:
        school = School(session, served.house.clock(), served.house.school_settings)
        return addresses.new_start_link(school, demo.adult(school, name))


# The text that brings a start link

ROW = "adult_name,phone,language,child_name,child_class,telegram\nNoor Karim,07700 900601,en,Sami Karim,Oak,yes\n"


@pytest.fixture
def families(tmp_path: Path) -> Path:
    """A families.csv with one family that wants Telegram."""
    path = tmp_path / "families.csv"
    path.write_text(ROW, encoding="utf-8")
    return path


def at_ten(served: Served) -> None:
    """It is tomorrow, ten o'clock at school: no quiet hours."""
    now = served.house.clock()
    served.later += (now.replace(hour=10, minute=0) + timedelta(days=1)) - now


@pytest.mark.anyio
async def test_an_import_sends_a_link_that_makes_the_chat_theirs(served: Served, families: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await arrange(served.house, served.house.channels[ChannelName.TELEGRAM])  # type: ignore[arg-type]
    assert importing.run(served.settings, "families", families, dry_run=False, remove_missing=False) == 0
    assert "wait until" not in capsys.readouterr().out
    at_ten(served)
    await served.settle()
    [sent] = [entry for entry in served.standin.accepted("twilio.send") if entry["to"] == "+447700900601"]
    words, _, token = sent["body"].partition("?start=")
    assert words.endswith("To write to Cherry Garden School on Telegram, open https://t.me/cherry_garden_bot")
    served.house.ticker.tick()
    assert _notice(served).about == {}
    await served.telegram(f"/start {token}", NEW_CHAT)
    assert "knows you here now" in await last(served)
    served.house.ticker.tick()
    assert str(_notice(served).text).endswith("?start=…")
    assert token not in _everything_kept(served)


@pytest.mark.anyio
async def test_without_a_known_bot_the_link_waits_until_it_is_known(served: Served, families: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert importing.run(served.settings, "families", families, dry_run=False, remove_missing=False) == 0
    assert "wait until" in capsys.readouterr().out
    at_ten(served)
    await served.settle()
    assert _notice(served).state == OutboxState.QUEUED
    await arrange(served.house, served.house.channels[ChannelName.TELEGRAM])  # type: ignore[arg-type]
    await served.settle()
    assert _notice(served).state == OutboxState.SENT


@pytest.mark.anyio
async def test_a_link_that_never_left_is_dropped_after_seven_days_and_staff_see_it(served: Served, families: Path) -> None:
    importing.run(served.settings, "families", families, dry_run=False, remove_missing=False)
    at_ten(served)
    served.later += timedelta(days=7)
    await served.settle()
    served.house.ticker.tick()
    notice = _notice(served)
    assert (notice.state, notice.about, notice.text) == (OutboxState.EXPIRED, {}, None)
    with served.house.store.read() as session:
        assert "telegram_link: too late" in [need.detail for need in session.scalars(select(Attention))]


@pytest.mark.anyio
async def test_a_link_that_is_not_wanted_any_more_is_not_sent(served_on_sqlite: Served, families: Path) -> None:
    importing.run(served_on_sqlite.settings, "families", families, dry_run=False, remove_missing=False)
    with served_on_sqlite.house.store.write() as session:
        school = School(session, served_on_sqlite.house.clock(), served_on_sqlite.house.school_settings)
        noor = session.scalars(select(Adult).where(Adult.name == "Noor Karim")).one()
        addresses.reach(school, noor, addresses.at(school, "telegram", "telegram_chat", NEW_CHAT), rank=5)
        telegram_links.learn_bot_name(school, "cherry_garden_bot")
    at_ten(served_on_sqlite)
    await served_on_sqlite.settle()
    assert _notice(served_on_sqlite).state == OutboxState.CANCELLED


def test_a_dry_run_makes_no_link(make_served: Callable[..., Served], demo_sqlite_url: str, families: Path) -> None:
    served = make_served(demo_sqlite_url)
    importing.run(served.settings, "families", families, dry_run=True, remove_missing=False)
    with served.house.store.read() as session:
        assert session.scalar(select(func.count(StartLink.id))) == 0
        assert session.scalar(select(func.count(Message.id)).where(Message.kind == telegram_links.KIND)) == 0
    served.house.close()


def _notice(served: Served) -> Message:
    with served.house.store.read() as session:
        return session.scalars(select(Message).where(Message.kind == telegram_links.KIND)).one()


def _everything_kept(served: Served) -> str:
    with served.house.store.read() as session:
        return "".join(f"{row.text}{row.about}" for row in session.scalars(select(Message)))
