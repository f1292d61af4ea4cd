"""The staff console as part of the running house: what it asks of it, and where it is mounted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from bot import questionnaire_preview, words_last
from bot.mail import Mailer
from bot.preview import Preview, preview
from bot.questionnaire_preview import Script
from bot.translating import Job
from console.desk import HOME, Back, ReadThrough
from console.door import Door, console
from data.store import DatabaseAway
from data.texts import same_language
from nlu.learned import Learned
from school import School
from school.broadcasts import Broadcast
from translations.chain import NotTranslated

if TYPE_CHECKING:
    from bot.house import House

log = structlog.get_logger()

READ_BACK_WITHIN = 20.0
"""Seconds that a preview may take: two translations, each by the next provider where the first is slow."""
LEARN_AFTER = 60.0
"""Seconds between a correction and the training that learns it, so that ten corrections in a row are learnt once."""


class Hooks:
    """What the console asks of the house. `loop` is the one that the translators live in, once it runs; `learn_after` None: what is corrected is only kept."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._mailer = Mailer.of(house.settings.email)
        self._learns_soon = False
        self.learn_after: float | None = LEARN_AFTER
        self.loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """Something was written that is to leave."""
        self._house.wake_dispatcher()

    def correct(self, text: str, intent: str) -> None:
        """A parent's message had this intent: kept as an example, and learnt a little later. A message without words teaches nothing."""
        if any(letter.isalpha() for letter in text):
            Learned(self._house.settings.nlu.model_dir).add(text, intent)

    def unlearn(self, texts: Sequence[str]) -> None:
        """Whoever wrote these was erased: they are in no example any more, and soon in no model. The database's log is emptied too."""
        self._house.unlearn(texts)
        self._house.store.forget_log()

    def intents(self) -> Sequence[str]:
        """Every intent that a message can be said to have had, in alphabetical order."""
        return _intents()

    def learn(self) -> None:
        """Train on what was corrected, once, a minute from now."""
        if self._house.embedded is None or self.learn_after is None or self._learns_soon:
            return
        self._learns_soon = True
        timer = threading.Timer(self.learn_after, self._learn)
        timer.daemon = True
        timer.start()

    def _learn(self) -> None:
        """Train. What is corrected from now on is learnt by the next time."""
        self._learns_soon = False
        if (engine := self._house.embedded) is not None:
            engine.warm()

    def read_back(self, words: str, language: str) -> Back:
        """How English words would reach a reader of `language`, and what that says in English again."""
        if self.loop is None:
            return Back(words)
        asked = asyncio.run_coroutine_threadsafe(self._read_back(words, language), self.loop)
        try:
            return asked.result(READ_BACK_WITHIN)
        except TimeoutError:
            asked.cancel()
            return Back(words)

    async def _read_back(self, words: str, language: str) -> Back:
        translators, house = self._house.translators, self._house
        with house.store.read() as session:
            masked = translators.masked(School(session, house.clock(), house.school_settings), words, "en", None)
        result = await translators.translate(Job(0, words, masked, "en", language, is_parents=False))
        if not result.words:
            return Back(words)
        try:
            back = await translators.read_back(result)
        except NotTranslated:
            return Back(result.words)
        return Back(result.words, back.words, back.looks_fine)

    def as_read(self, kind: str, language: str, begin: words_last.Begin) -> Back:
        """How a notice would read in `language` if what `begin` does were done, and what that says in English again; no words where nobody would be told."""
        house = self._house
        tried = partial(words_last.tried_out, house.store, house.school_settings, house.clock(), kind, begin=begin)
        plain = tried(language=language)
        if plain is None or self.loop is None or same_language("en", language):
            return Back(plain.words if plain is not None else "")
        backs = self._all_read_back(plain.texts, language)
        there = tried(language=language, translated={key: back.words for key, back in backs.items() if back.words != plain.texts[key]})
        words = there.words if there is not None else plain.words
        if any(back.is_fine is None for back in backs.values()):
            return Back(words)
        again = tried(language="en", translated={key: back.back for key, back in backs.items()})
        return Back(words, again.words if again is not None else "", all(back.is_fine for back in backs.values()))

    def read_through(self, questionnaire_id: int, language: str) -> ReadThrough | None:
        """How a questionnaire would read in `language` if it were opened now, message after message; None where it cannot be opened as it stands."""
        house = self._house
        tried = partial(questionnaire_preview.script, house.store, house.school_settings, house.clock(), questionnaire_id, public_url=house.settings.public_url)
        plain = tried(language=language)
        if plain is None:
            return None
        if self.loop is None or same_language("en", language):
            return self._on_channels(plain, language)
        backs = self._all_read_back(plain.written, language)
        there = tried(language=language, translated={key: back.words for key, back in backs.items() if back.words != plain.written[key]})
        if there is None or any(back.is_fine is None for back in backs.values()):
            return self._on_channels(there or plain, language)
        again = tried(language="en", translated={key: back.back for key, back in backs.items()})
        return self._on_channels(there, language, again, is_fine=all(back.is_fine for back in backs.values()))

    def _on_channels(self, read: Script, language: str, back: Script | None = None, *, is_fine: bool | None = None) -> ReadThrough:
        with self._house.store.read() as session:
            school = School(session, self._house.clock(), self._house.school_settings)
            return ReadThrough(questionnaire_preview.on_channels(school, read, language, back), is_fine)

    def has_public_address(self) -> bool:
        """Whether a link of ours leads anywhere from a parent's phone."""
        return self._house.settings.public_url is not None

    def _all_read_back(self, written: Mapping[int, str], language: str) -> Mapping[int, Back]:
        """The same for several texts at once; what is not there in time stays as it was written."""
        assert self.loop is not None

        async def together() -> Sequence[Back]:
            return await asyncio.gather(*(self._read_back(words, language) for words in written.values()))

        asked = asyncio.run_coroutine_threadsafe(together(), self.loop)
        try:
            return dict(zip(written, asked.result(READ_BACK_WITHIN), strict=True))
        except TimeoutError:
            asked.cancel()
            return {key: Back(words) for key, words in written.items()}

    def worded(self, message_ids: Sequence[int]) -> Mapping[int, str]:
        """How these messages out read in their readers' languages, by id; those that have no words, or whose cause is gone, are left out."""
        return words_last.for_paper(self._house.store, self._house.school_settings, self._house.clock(), message_ids)

    def look_over(self, school: School, broadcast: Broadcast, at: datetime | None) -> Preview:
        """What would happen if a broadcast were sent at `at`, or now."""
        settings = self._house.settings
        rates = {"sms": settings.twilio.sms_per_second, "whatsapp": settings.twilio.whatsapp_per_second}
        return preview(school, broadcast, at=at, public_url=settings.public_url, per_second=rates)

    def mail(self, to: str, subject: str, words: str) -> bool:
        """Send an e-mail now; False where the school has no mail server or it does not take it."""
        return self._mailer is not None and self._mailer.send(to, subject, words)


@cache
def _intents() -> Sequence[str]:
    from bot.house import EXAMPLES
    from nlu.rasa_format import read

    return tuple(sorted({example.intent for example in read([EXAMPLES]).examples}))


def add_console(app: FastAPI, house: House, demo: Mapping[str, str] | None = None) -> Hooks:
    """Mount the console. `demo` are log-ins by one click, which no real school has."""
    hooks, settings = Hooks(house), house.settings
    house.learn_anew = hooks.learn
    door = Door(
        store=house.store,
        away=DatabaseAway,
        settings=house.school_settings,
        clock=house.clock,
        hooks=hooks,
        public_url=settings.public_url,
        secret_key=settings.secret_key.get_secret_value() if settings.secret_key else None,
        demo=demo or {},
    )
    mounted = console(door)
    mounted.state.is_stopping = lambda: app.state.is_stopping() if hasattr(app.state, "is_stopping") else False  # it is set later
    app.mount(HOME, mounted)
    app.add_middleware(_HomeWithoutSlash)
    return hooks


class _HomeWithoutSlash:
    """`/console` is the console's first page too: Starlette's mounts know only what comes after the slash."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == HOME:
            scope = {**scope, "path": f"{HOME}/", "raw_path": f"{HOME}/".encode()}
        await self._app(scope, receive, send)
