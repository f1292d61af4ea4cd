"""A one-time link: a robot's look does not use it up, the button opens it once, and what it shows can do nothing in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from bot.channels.base import ChannelName
from bot.conversation.registry import for_now
from data.kept_files import FileLink
from data.outbox import Message
from school import LONDON, School, demo, feeds, file_links, kept_files, notices
from tests.school.files_to_try import PDF, VOICE, picture
from tests.served import ELSEWHERE, Served
from tests.world import World

pytestmark = pytest.mark.anyio

OVER = "This link was opened already, or is too old."


def link(served: Served, content: bytes = PDF, who: str = "Amina", name: str = "letter <b>.pdf") -> str:
    """The path of a new link to a file about Ayaan."""
    with served.house.store.write() as session:
        school = School(session, served.house.clock(), served.house.school_settings)
        file = kept_files.keep(school, content, "application/octet-stream", name=name, child=demo.child(school, "Ayaan"))
        return file_links.new(school, file, demo.adult(school, who))


async def ask(served: Served, method: str, path: str) -> httpx.Response:
    async with served.caller(ELSEWHERE) as caller:
        return await caller.request(method, path)


async def test_looking_opens_nothing_and_the_button_opens_once(served: Served) -> None:
    path = link(served)
    for _ in range(3):
        page = await ask(served, "GET", path)
        assert (page.status_code, "<button>" in page.text, '<form method="post">' in page.text) == (200, True, True)
    opened = await ask(served, "POST", path)
    assert (opened.status_code, opened.content) == (200, PDF)
    for method in ("GET", "POST"):
        over = await ask(served, method, path)
        assert (over.status_code, "<button>" in over.text) == (404, False)
        assert 'lang="so"' in over.text


async def test_the_page_names_nobody_and_runs_nothing(served_on_sqlite: Served) -> None:
    page = await ask(served_on_sqlite, "GET", link(served_on_sqlite))
    assert "Cherry Garden School" in page.text
    assert not [name for name in ("Ayaan", "Amina", "Yusuf", "letter", "<script", "http") if name in page.text]
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'" in policy
    assert (page.headers["cache-control"], page.headers["x-content-type-options"], page.headers["referrer-policy"]) == ("no-store", "nosniff", "no-referrer")


async def test_a_letter_is_saved_and_a_photo_is_shown(served_on_sqlite: Served) -> None:
    letter = await ask(served_on_sqlite, "POST", link(served_on_sqlite))
    voice = await ask(served_on_sqlite, "POST", link(served_on_sqlite, VOICE))
    photo = await ask(served_on_sqlite, "POST", link(served_on_sqlite, picture(), name="a\r\nb.jpg"))
    assert letter.headers["content-disposition"] == "attachment; filename=\"letter b.pdf\"; filename*=UTF-8''letter%20b.pdf"
    assert voice.headers["content-disposition"].startswith("attachment; ")
    assert photo.headers["content-disposition"].startswith('inline; filename="ab.jpg"')
    for answer, kind in ((letter, "application/pdf"), (voice, "audio/ogg"), (photo, "image/jpeg")):
        assert answer.headers["content-type"] == kind
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["content-security-policy"].endswith("; sandbox")


@pytest.mark.parametrize("token", ["x", "A" * 32, "..%2f..%2fetc", "%00", "'%20OR%201=1", "é" * 40])
async def test_a_link_that_was_never_made_says_the_same(served_on_sqlite: Served, token: str) -> None:
    for method in ("GET", "POST"):
        answer = await ask(served_on_sqlite, method, f"/m/{token}")
        assert answer.status_code == 404
        assert OVER in answer.text or "Not Found" in answer.text


async def test_a_page_is_written_in_the_readers_direction(served_on_sqlite: Served) -> None:
    path = link(served_on_sqlite)
    with served_on_sqlite.house.store.write() as session:
        demo.adult(School(session, served_on_sqlite.house.clock()), "Amina").language = "ar"
    assert '<html lang="ar" dir="rtl">' in (await ask(served_on_sqlite, "GET", path)).text


# In a message

PHOTO = """
from bot.conversation import notice
from school import kept_files
from translations import _


@notice("photo")
def photo(chat, school):
    chat.say(_("A photo from school."), attach=kept_files.find(school, chat.args["file"]))
"""


@pytest.fixture
def photo_notice(tmp_path: Path) -> Iterator[None]:
    folder = tmp_path / "handlers"
    folder.mkdir()
    (folder / "photo.py").write_text(PHOTO, encoding="utf-8")
    with for_now(folder):
        yield


def send_photo(world: World, who: str) -> None:
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        file = kept_files.keep(school, picture(), "image/jpeg", name="painting.jpg")
        notices.tell(school, demo.adult(school, who), "photo", {"file": file.id}, key=f"photo:{who}")
    world.settle()


@pytest.mark.usefixtures("photo_notice")
def test_a_file_goes_along_on_telegram_and_as_a_link_on_sms(make_world: Callable[..., World]) -> None:
    world = make_world(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON), public_url="https://school.example")
    send_photo(world, "Farid")
    send_photo(world, "Amina")
    [shown] = world.phones[ChannelName.TELEGRAM].sent[world.address("Farid", "telegram")]
    assert shown.attachment is not None
    assert (shown.attachment.filename, shown.attachment.media_type) == ("painting.jpg", "image/jpeg")
    [text] = world.texts("Amina")
    found = re.search(r"https://school\.example(/m/[\w-]{32})$", text)
    assert found is not None, text
    with world.house.store.write() as session:
        school = School(session, world.moment)
        assert file_links.redeem(school, found[1].removeprefix("/m/")) is not None
        file_links.forget_tokens(school)
        assert session.scalars(select(FileLink)).one().message_id is None
        said = session.scalars(select(Message).where(Message.key == "photo:Amina")).one()
        assert (said.text or "").endswith("https://school.example/m/…")


async def test_a_calendar_is_read_by_whoever_has_its_link_until_it_is_taken_back(served: Served) -> None:
    with served.house.store.write() as session:
        school = School(session, served.house.clock(), served.house.school_settings)
        feed = feeds.make(school, demo.member(school, "Mrs Doyle"))
        path = f"/calendar/{feed.token}.ics"
    answer = await ask(served, "GET", path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert "SUMMARY:Coffee morning" in answer.text
    with served.house.store.write() as session:
        school = School(session, served.house.clock(), served.house.school_settings)
        [given] = feeds.everyone(school)
        feeds.revoke(school, given)
    assert (await ask(served, "GET", path)).status_code == 404
