"""`bookbag bench translate`: one news item to 500 families in 17 languages, from the staff's word to the last phone; and what the catalogs cost.

The program is the real one: database, outbox, dispatcher, the LibreTranslate client, which asks a server on loopback that counts. The phones are in memory.
"""

from __future__ import annotations

import asyncio
import gettext
import json
import re
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from bot import logs
from bot.bench.families import fill
from bot.bench.wire import serve
from bot.conversation import Chat, notice
from bot.house import House, simulated_channels
from bot.settings import Settings
from data.outbox import Message, OutboxState
from data.people import Adult
from school import School, notices, texts
from translations import Phrase, _, catalogs, check

FAMILIES: Final = 500
NEWS: Final = "Dear parents, please bring a warm coat and £2 on Tuesday 10 March. The bus leaves at 9.30am. Thank you, Ms 1."
MORNING: Final = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
KIND: Final = "bench_news"
LANGUAGES: Final = ("en", *(folder.replace("_", "-") for folder in catalogs.shipped()))

Part = dict[str, float | int]


def translate(*, as_json: bool) -> int:
    """Measure, and print a table or JSON; 1 if a family got nothing."""
    logs.configure(as_json=True, level="WARNING")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        numbers = asyncio.run(_measure(Path(folder)))
    numbers |= {"catalogs": _catalogs()}
    if as_json:
        sys.stdout.write(json.dumps(numbers, indent=2) + "\n")
    else:
        _print(numbers)
    return int(numbers["cold"]["sent"] < FAMILIES)


@notice(KIND)
def news(chat: Chat, school: School) -> None:
    """What staff wrote, and nothing else."""
    text = texts.find(school, chat.args["text"])
    if text is not None:
        chat.say(Phrase("{text}"), text=text)


class Counting:
    """A LibreTranslate server that answers at once, in letters of the language asked for, and counts."""

    def __init__(self) -> None:
        self.calls = 0
        self._letters = {folder.split("_")[0]: _letters(folder) for folder in catalogs.shipped()}

    async def answer(self, _method: str, path: str, body: bytes) -> object:
        if path.startswith("/languages"):
            return [{"code": code, "name": code, "targets": LANGUAGES} for code in LANGUAGES]
        self.calls += 1
        wish = json.loads(body)
        letters = self._letters[wish["target"].split("-")[0]]
        return {"translatedText": "".join(letters[ord(char) % len(letters)] if char.isascii() and char.isalpha() else char for char in wish["q"])}


def _letters(folder: str) -> str:
    """The small letters of a language, as its catalog has them."""
    said = "".join(re.sub(r"\{\w+\}|[A-Z]{2,}", "", form) for message in catalogs.sentences(catalogs.read(folder)) for form in check.forms(message))
    own = [char for char in said if char.isalpha() and not char.isupper()]
    is_latin = sum(char.isascii() for char in own) * 2 > len(own)  # people who write another script text in Latin letters too, as some lists of words do
    return "".join(sorted({char for char in own if is_latin or not char.isascii()}))


async def _measure(folder: Path) -> dict[str, Part]:
    counting, moment = Counting(), [MORNING]
    server, port = await serve(counting.answer)
    settings = Settings.model_validate(
        {
            "database_url": f"sqlite:///{folder}/bookbag.db",
            "translation": {"providers": ["libretranslate"], "libretranslate": {"url": f"http://127.0.0.1:{port}"}},
        }
    )
    house = House(settings, simulated_channels({}), clock=lambda: moment[0])
    try:
        fill(house.store, FAMILIES, 0, MORNING, LANGUAGES)
        cold = await _told(house, moment, counting)
        warm = await _told(house, moment, counting)
    finally:
        await house.translators.close()
        house.close()
        server.close()
    return {"cold": cold, "memory warm": warm}


async def _told(house: House, moment: list[datetime], counting: Counting) -> Part:
    """Staff write, and everyone is told."""
    before, began = counting.calls, time.perf_counter()
    with house.store.write() as session:
        school = School(session, moment[0], house.school_settings)
        text = texts.write(school, NEWS, "en")
        adults = session.scalars(select(Adult)).all()
        texts.want(text, {adult.language for adult in adults})
        number, languages = text.id, {adult.language for adult in adults}
        for adult in adults:
            notices.tell(school, adult, KIND, {"text": text.id}, key=f"{KIND}:{text.id}:{adult.id}")
    written = time.perf_counter()
    while await house.translators.run_once():
        pass
    translated = time.perf_counter()
    while _left(house):
        await house.dispatcher.run_once()
        moment[0] += timedelta(seconds=1)
    with house.store.read() as session:
        mine = (Message.kind == KIND, Message.key.startswith(f"{KIND}:{number}:"))
        sent = session.scalar(select(func.count()).where(*mine, Message.state.in_((OutboxState.SENT, OutboxState.DELIVERED))))
    return {
        "families": FAMILIES,
        "languages": len(languages),
        "sent": int(sent or 0),
        "provider_calls": counting.calls - before,
        "translated_in_ms": round((translated - written) * 1_000),
        "all_told_in_seconds": round(time.perf_counter() - began, 2),
    }


def _left(house: House) -> int:
    with house.store.read() as session:
        waiting = select(func.count()).where(Message.kind == KIND, Message.state == OutboxState.QUEUED)
        return session.scalar(waiting) or 0


def _catalogs() -> Part:
    """What all catalogs take in memory, and how many sentences a second are worded, each with its values."""
    tracemalloc.start()
    loaded = []
    for folder in catalogs.shipped():
        with catalogs.po_file(folder).with_suffix(".mo").open("rb") as file:
            loaded.append(gettext.GNUTranslations(file))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    tags = LANGUAGES[1:]
    sentence = _("Booked: {slot} with {staff}, {way}.").format(slot=MORNING, staff="Ms Okafor", way=_("by phone"))
    plain, rounds = _("All right."), 200
    return {
        "languages": len(loaded),
        "kilobytes": round(held / 1_024),
        "plain_sentences_a_second": _rate(plain, tags, rounds),
        "sentences_with_a_date_a_second": _rate(sentence, tags, rounds),
    }


def _rate(phrase: Phrase, tags: Sequence[str], rounds: int) -> int:
    began = time.perf_counter()
    for _round in range(rounds):
        for tag in tags:
            phrase.render(tag)
    return round(rounds * len(tags) / (time.perf_counter() - began))


def _print(numbers: Mapping[str, Part]) -> None:
    table = Table(title=time.strftime("Bookbag, translation, %Y-%m-%d %H:%M"), show_header=False, show_edge=False)
    for part, values in numbers.items():
        said = part
        for name, number in values.items():
            table.add_row(said, name.replace("_", " "), str(number))
            said = ""
    Console().print(table)
