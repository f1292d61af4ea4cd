"""A yes to an event brings its calendar file: along with the words on Telegram, as a link elsewhere; a changed event brings it anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import httpx
import pytest
from icalendar import Calendar

from bot.links import add_links
from school import LONDON
from tests.transcripts import event_acts
from tests.world import World

URL = "https://school.example"


@pytest.fixture
def inviting(make_world: Callable[..., World]) -> World:
    """A school with a public address, whose families are invited to a lunch."""
    world = make_world(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON), public_url=URL)
    event_acts.invites(world, "Family lunch", "Fri 2026-03-20", "12:00", "13:00", "Hall", None)
    world.settle()
    return world


def fetched(world: World, path: str) -> tuple[int, bytes]:
    """What a link opens, by the real route."""
    from fastapi import FastAPI

    app = FastAPI()
    add_links(app, world.house)

    async def ask() -> tuple[int, bytes]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as caller:
            answer = await caller.get(path)
            return answer.status_code, answer.content

    return world.run(ask())


def entry(content: bytes) -> tuple[str, str, str]:
    parsed = Calendar.from_ical(content)
    assert isinstance(parsed, Calendar)
    [event] = parsed.events
    return str(event["location"]), f"{event.start:%d %H:%M}", str(event["status"])


def link_in(text: str) -> str:
    found = re.search(rf"\n{re.escape(URL)}(/e/[\w-]{{32}}\.ics)$", text)
    assert found is not None, text
    return found[1]


def test_on_sms_a_link_follows_and_tells_how_it_stands_now(inviting: World) -> None:
    [said] = inviting.say("Tom", "yes 2 of us")
    assert said.text.startswith("You are coming: Family lunch, Fri 20 March, 12:00 to 13:00, 2 people.")
    path = link_in(said.text)
    assert entry(fetched(inviting, path)[1]) == ("Hall", "20 12:00", "CONFIRMED")
    event_acts.moves(inviting, "Family lunch", "Mon 2026-03-23", "12:30", "13:30")
    inviting.settle()
    assert link_in(inviting.texts("Tom")[-1]) == path, "the change brings the same link"
    assert entry(fetched(inviting, path)[1]) == ("Hall", "23 12:30", "CONFIRMED")
    inviting.say("Tom", "sorry we cannot come to the family lunch")
    assert entry(fetched(inviting, path)[1]) == ("Hall", "23 12:30", "CANCELLED")
    inviting.at("2026-03-24 13:31")
    assert fetched(inviting, path)[0] == 404


def test_on_telegram_it_goes_along_and_no_link_is_written(inviting: World) -> None:
    said = inviting.say("Farid", "yes 2 of us", "telegram")[-1]
    assert said.attachment is not None
    assert (said.attachment.filename, said.attachment.media_type) == ("event.ics", "text/calendar")
    assert entry(said.attachment.content) == ("Hall", "20 12:00", "CONFIRMED")
    assert URL not in said.text


def test_no_other_answer_brings_it(inviting: World) -> None:
    for words in ("we do not know yet", "we cannot come"):
        assert not any("/e/" in shown.text for shown in inviting.say("Tom", words)), words


def test_asking_about_it_again_brings_no_second_link(inviting: World) -> None:
    inviting.say("Tom", "yes 2 of us")
    assert not any("/e/" in shown.text for shown in inviting.say("Tom", "when is the family lunch?"))
