"""What parents send is fetched by the real clients, kept, and deleted at the provider, each once, whatever fails in between."""

from __future__ import annotations

import base64
import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from bot.channels.base import ChannelName, Inbound
from bot.fetching import Fetcher
from data.attention import Attention, Need
from data.kept_files import IncomingFile, IncomingState, KeptFile
from data.store import DatabaseAway
from school import School, demo, kept_files
from tests.conftest import Lines
from tests.school.files_to_try import HTML, PDF, VOICE, photo_of_a_phone
from tests.served import FARIDS_CHAT, Served
from tests.world import World

pytestmark = pytest.mark.anyio

MARIA, STRANGER = "+447700900103", "+447700900299"


async def by_whatsapp(served: Served, *files: bytes, sender: str = MARIA, kind: str = "image/jpeg", body: str = "") -> Inbound:
    """Files sent on WhatsApp: stored, and their message has had its turn."""
    told = served.standin.inbound("whatsapp", sender, body, media=[{"content_type": kind, "base64": encoded(file)} for file in files])
    found = await served.house.channels[ChannelName.WHATSAPP].missed(served.house.clock() - timedelta(hours=1))
    [arrived] = [message for message in found if message.provider_id == told["sid"]]
    await served.house.inbox.accept([arrived])
    await served.settle()
    return arrived


async def by_telegram(served: Served, content: bytes, kind: str, **told: str) -> None:
    """The same on Telegram, in Farid's chat."""
    served.standin.inbound("telegram", FARIDS_CHAT, file={"kind": kind, "base64": encoded(content), **told})
    messages, _ = await served.house.channels[ChannelName.TELEGRAM].poll(None, wait=0)  # type: ignore[attr-defined]
    await served.house.inbox.accept(messages)
    await served.settle()


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def files(served: Served) -> list[dict[str, Any]]:
    """What is kept, as facts."""
    with served.house.store.read() as session:
        return [
            {"name": row.name, "type": row.media_type, "adult": row.adult_id, "content": row.content, "thumbnail": row.thumbnail}
            for row in session.scalars(select(KeptFile).order_by(KeptFile.id))
        ]


def incoming(served: Served) -> list[IncomingFile]:
    with served.house.store.read() as session:
        return list(session.scalars(select(IncomingFile).order_by(IncomingFile.id)))


def deleted(served: Served) -> int:
    """How many files Twilio really deleted."""
    return len(served.standin.accepted("twilio.media.delete"))


async def work_off(served: Served) -> None:
    while await served.house.fetcher.run_once():
        pass


async def test_a_photo_by_whatsapp_is_kept_and_deleted_at_twilio(served: Served) -> None:
    await by_whatsapp(served, photo_of_a_phone(), VOICE)
    await work_off(served)
    voice, photo = sorted(files(served), key=lambda file: str(file["type"]))
    assert (photo["name"], photo["type"], voice["name"], voice["type"]) == ("photo.jpg", "image/jpeg", "voice.ogg", "audio/ogg")
    assert not Image.open(io.BytesIO(photo["content"])).getexif()
    assert voice["content"] == VOICE
    assert photo["thumbnail"] is not None
    assert deleted(served) == 2
    assert [(row.state, row.forget_at) for row in incoming(served)] == [(IncomingState.KEPT, None)] * 2
    with served.house.store.read() as session:
        maria = demo.adult(School(session, served.house.clock()), "Maria")
        [need] = session.scalars(select(Attention).where(Attention.need == Need.MEDIA)).all()
        found = kept_files.of_attention(School(session, served.house.clock()), need)
        assert [(file.name, file.adult_id, need.adult_id) for file in found] == [("photo.jpg", maria.id, maria.id), ("voice.ogg", maria.id, maria.id)]


async def test_a_telegram_photo_voice_note_and_letter_are_kept(served: Served) -> None:
    await by_telegram(served, photo_of_a_phone(), "photo")
    await by_telegram(served, VOICE, "voice")
    await by_telegram(served, PDF, "document", name="../warqad\u202e<b>.pdf", type="application/pdf")
    await work_off(served)
    assert sorted((file["name"], file["type"]) for file in files(served)) == [
        ("photo.jpg", "image/jpeg"),
        ("voice.ogg", "audio/ogg"),
        ("warqadb.pdf", "application/pdf"),
    ]
    assert [row.forget_at for row in incoming(served)] == [None] * 3


async def test_a_message_without_a_turn_is_not_touched(served_on_sqlite: Served) -> None:
    served = served_on_sqlite
    served.standin.inbound("whatsapp", MARIA, media=[{"content_type": "image/jpeg", "base64": encoded(PDF)}])
    await served.house.inbox.accept(await served.house.channels[ChannelName.WHATSAPP].missed(served.house.clock() - timedelta(hours=1)))
    assert await served.house.fetcher.run_once() == 0
    await served.settle()
    assert await served.house.fetcher.run_once() > 0


# What goes wrong


@pytest.mark.parametrize("kind", ["500_before", "429", "drop_before", "rubbish", "hang_before"])
async def test_a_provider_that_fails_is_asked_again(served: Served, kind: str) -> None:
    await by_whatsapp(served, PDF)
    # What breaks a kept connection is asked once more by the HTTP library itself: a file may be asked for twice.
    served.standin.fault("twilio.media.get", kind, seconds=3, after=1, status=503 if kind == "rubbish" else 0, times=2 if kind == "drop_before" else 1)
    await work_off(served)
    assert (files(served), incoming(served)[0].attempts) == ([], 1)
    served.later += timedelta(seconds=31)
    await work_off(served)
    assert ([file["name"] for file in files(served)], deleted(served)) == (["document.pdf"], 1)


async def test_a_refused_account_is_no_fault_of_the_file(served_on_sqlite: Served) -> None:
    await by_whatsapp(served_on_sqlite, PDF)
    served_on_sqlite.standin.fault("twilio.media.get", "refuse", status=401, code=20003)
    await work_off(served_on_sqlite)
    assert incoming(served_on_sqlite)[0].state == IncomingState.WANTED


async def test_after_the_last_failure_staff_are_told(served: Served) -> None:
    await by_whatsapp(served, PDF)
    served.standin.fault("twilio.media.get", "500_before", times=-1)
    for _ in range(kept_files.TRIES):
        await work_off(served)
        served.later += timedelta(hours=3)
    await work_off(served)
    with served.house.store.read() as session:
        [need] = session.scalars(select(Attention).where(Attention.need == Need.MEDIA)).all()
    assert need.detail == "other; a file was not kept: no answer" or need.detail.startswith("photo; a file was not kept: no answer")
    assert (files(served), deleted(served)) == ([], 0)


@pytest.mark.parametrize(
    "content, reason",
    [(HTML, "kind"), (b"\xff\xd8\xff broken", "broken image/jpeg"), (b"%PDF-" + bytes(5_000_001), "too large")],
    ids=["html", "broken", "large"],
)
async def test_what_is_not_kept_is_told_to_staff_and_left_there(served_on_sqlite: Served, content: bytes, reason: str) -> None:
    served = served_on_sqlite
    await by_whatsapp(served, content)
    await work_off(served)
    [row] = incoming(served)
    assert (row.state, row.reason, files(served), deleted(served)) == (IncomingState.NOT_KEPT, reason, [], 0)
    with served.house.store.read() as session:
        [need] = session.scalars(select(Attention).where(Attention.need == Need.MEDIA)).all()
    assert need.detail == f"photo; a file was not kept: {reason}"
    served.later += timedelta(days=30)
    await work_off(served)
    assert deleted(served) == 1


async def test_a_file_that_is_gone_is_told_to_staff(served_on_sqlite: Served) -> None:
    arrived = await by_whatsapp(served_on_sqlite, PDF)
    await served_on_sqlite.house.channels[ChannelName.WHATSAPP].forget_file(arrived.media[0])
    await work_off(served_on_sqlite)
    assert incoming(served_on_sqlite)[0].reason == "the provider has it no more"


async def test_a_file_that_telegram_would_read_from_our_disk_is_refused(served_on_sqlite: Served) -> None:
    await by_telegram(served_on_sqlite, PDF, "document", path="/etc/hostname", name="a.pdf", type="application/pdf")
    await work_off(served_on_sqlite)
    assert incoming(served_on_sqlite)[0].reason == "the provider refuses it (path)"


# Each step once, in whatever life


async def test_a_crash_before_it_is_kept_fetches_it_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    await by_whatsapp(served, PDF)

    def crashed(*_: object) -> None:
        raise DatabaseAway

    with monkeypatch.context() as patched:
        patched.setattr("school.kept_files.fetched", crashed)
        with pytest.raises(DatabaseAway):
            await served.house.fetcher.run_once()
    assert (files(served), deleted(served)) == ([], 0)
    await work_off(served)
    assert (len(files(served)), deleted(served)) == (1, 1)


async def test_a_crash_after_it_is_kept_deletes_it_in_the_next_life(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    await by_whatsapp(served, PDF)
    monkeypatch.setattr(served.house.fetcher, "_forget", lambda _: _nothing())
    await served.house.fetcher.run_once()
    assert (len(files(served)), deleted(served)) == (1, 0)
    reborn = Fetcher(served.house.store, served.house.school_settings, served.house.channels, served.house.clock)
    while await reborn.run_once():
        pass
    assert (len(files(served)), deleted(served)) == (1, 1)


async def _nothing() -> None:
    return None


async def test_a_deletion_whose_answer_was_lost_is_well(served: Served) -> None:
    await by_whatsapp(served, PDF)
    served.standin.fault("twilio.media.delete", "500_after")
    await work_off(served)
    assert (deleted(served), incoming(served)[0].forget_at is None) == (1, False)
    served.later += timedelta(minutes=1)
    await work_off(served)
    assert (deleted(served), incoming(served)[0].forget_at) == (1, None)


async def test_the_loop_fetches_by_itself(served_on_sqlite: Served) -> None:
    served = served_on_sqlite
    async with served.at_work():
        await by_whatsapp(served, PDF)
        await _until(lambda: bool(files(served)) and incoming(served)[0].forget_at is None)
    assert deleted(served) == 1


async def _until(is_so: Any) -> None:
    import asyncio

    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110  # the database rings no bell
            await asyncio.sleep(0.1)


async def test_no_token_number_or_name_is_logged(served_on_sqlite: Served, logged: Lines) -> None:
    await by_telegram(served_on_sqlite, PDF, "document", name="Ayaan Yusuf.pdf", type="application/pdf")
    await by_whatsapp(served_on_sqlite, PDF)
    served_on_sqlite.standin.fault("telegram.download", "refuse", status=500)
    await by_telegram(served_on_sqlite, PDF, "voice")
    await work_off(served_on_sqlite)
    assert logged.named("fetched")
    assert logged.named("not fetched")
    for private in (served_on_sqlite.standin.bot_token, served_on_sqlite.standin.auth_token, "Ayaan", "7700900103", "/Media/"):
        assert private not in logged.getvalue()


async def test_a_strangers_photo_is_kept_with_nobodys_name(served_on_sqlite: Served) -> None:
    await by_whatsapp(served_on_sqlite, photo_of_a_phone(), sender=STRANGER)
    await work_off(served_on_sqlite)
    assert [file["adult"] for file in files(served_on_sqlite)] == [None]
    with served_on_sqlite.house.store.read() as session:
        [need] = session.scalars(select(Attention).where(Attention.need == Need.MEDIA)).all()
        assert (need.adult, need.address is not None and need.address.value) == (None, STRANGER)


# The demo's phones


def test_a_photo_from_a_simulated_phone_can_be_looked_at(world: World) -> None:
    from bot.simulator.pages import KINDS, SENT_FILES, Way

    phone = world.phones[ChannelName.WHATSAPP]
    for way in (Way.PHOTO, Way.VOICE):
        world.receive(phone.says(world.address("Maria", "whatsapp"), kind=KINDS[way], media=SENT_FILES[way]))
    world.settle()
    while world.run(world.house.fetcher.run_once()):
        pass
    with world.house.store.read() as session:
        assert [row.media_type for row in session.scalars(select(KeptFile).order_by(KeptFile.media_type))] == ["audio/ogg", "image/jpeg"]
    assert phone.files == {}
