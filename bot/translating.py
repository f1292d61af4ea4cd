"""Translating what people write: a stage of its own beside the way of a message, which nothing but the text itself waits for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.clock import Clock
from bot.settings.kinds import Provider as ProviderName
from data.store import DatabaseAway, Store
from data.texts import TextTranslation
from school import School, SchoolSettings, registered_names, responses, texts
from translations import corrections, memory
from translations.backwards import Back, read_back
from translations.chain import Chain, NotTranslated
from translations.glossary import Term, terms
from translations.masking import Masked, Names, mask
from translations.providers import LIMITS, Guard, Server

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.settings.model import Translation

log = structlog.get_logger()

AT_ONCE = 20
"""How many translations are taken up together; each provider's own pace holds beside it."""
POLL = 1.0
CORRECTIONS_EVERY = 60
"""Polls between two looks at what readers have put right."""


@dataclass(frozen=True)
class Job:
    """One text to be put into one language: all that must be known of it while no transaction is open."""

    text_id: int
    words: str
    masked: Masked
    source: str
    target: str
    is_parents: bool
    is_of_a_family: bool = False  # by or about one: nothing keeps a copy of it that would be there still when it is gone


@dataclass(frozen=True)
class Result:
    """What became of a job: the text in its new language and who translated it, or why nobody did."""

    job: Job
    words: str = ""
    text_key: str = ""
    provider: str = ""
    reason: str = ""
    is_new: bool = False


class Translators:
    """Who may translate what: one chain for the school's words, another for parents', and the memory of both. For one event loop."""

    def __init__(
        self,
        store: Store,
        settings: SchoolSettings,
        clock: Clock,
        schools: Sequence[Guard] = (),
        parents: Sequence[Guard] = (),
        glossary: Sequence[Term] | None = None,
    ) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self.providers: Mapping[str, Guard] = {provider.name: provider for provider in (*schools, *parents)}
        self._chains = {False: Chain(*schools), True: Chain(*parents)}
        self._has = {False: bool(schools), True: bool(parents)}
        self._glossary = terms() if glossary is None else glossary

    def masked(self, school: School, words: str, language: str, adult_id: int | None) -> Masked:
        """`words` with every registered name, number, date and link taken out."""
        names = Names(registered_names.of_family(school, adult_id), registered_names.of_everyone(school), registered_names.of_places(school))
        return mask(words, names, self._glossary, language=language, today=school.today)

    async def translate(self, job: Job) -> Result:
        """From the memory, or else by the chain that may have it."""
        found = await asyncio.to_thread(self._recalled, job)
        if found is not None:
            return Result(job, job.masked.filled(found.text_key, job.target), found.text_key, found.origin)
        try:
            answer = await self._chains[job.is_parents].translate(job.masked, job.source, job.target)
        except NotTranslated as error:
            return Result(job, reason="; ".join(f"{name}: {reason}" for name, reason in error.reasons.items()) or "no provider")
        return Result(job, answer.text, answer.text_key, answer.provider, is_new=True)

    async def read_back(self, result: Result) -> Back:
        """What a translation says when it is translated back, for staff to look at before it goes out. Raises NotTranslated."""
        job = result.job
        return await read_back(self._chains[job.is_parents], job.masked, result.text_key, job.source, job.target)

    async def close(self) -> None:
        """Let go of the providers' connections."""
        for provider in self.providers.values():
            await provider.close()

    @property
    def broken(self) -> Counter[tuple[str, str, str]]:
        """How often an answer was thrown away, by provider, target language and why."""
        return sum((Counter(chain.broken) for chain in self._chains.values()), Counter())

    def _recalled(self, job: Job) -> memory.Remembered | None:
        with self._store.read() as session:
            return memory.recall(session, job.source, job.target, job.masked.key, self._clock())

    def keep(self, school: School, result: Result) -> None:
        """Put a new translation into the memory; never of a family's words, nor of those about one: they would be there still when it is erased."""
        job = result.job
        if result.is_new and not job.is_of_a_family:
            memory.remember(school.session, job.source, job.target, job.masked.key, result.text_key, result.provider, school.now)

    async def run_once(self) -> int:
        """Translate what is wanted now; how many there were."""
        jobs = await asyncio.to_thread(self._wanted)
        results = await asyncio.gather(*(self.translate(job) for job in jobs))
        if results:
            await asyncio.to_thread(self._keep_all, results)
        return len(jobs)

    def _wanted(self) -> list[Job]:
        with self._store.read() as session:
            school = School(session, self._clock(), self._settings)
            return [self._job(school, one) for one in texts.wanted(school, AT_ONCE)]

    def _job(self, school: School, wanted: TextTranslation) -> Job:
        text = wanted.text
        masked = self.masked(school, text.words, text.language, text.adult_id)
        is_answer = text.attention_id is None and responses.is_own_words(school, text)
        is_parents = is_answer or text.attention_id is not None
        is_of_a_family = is_parents or text.adult_id is not None
        return Job(text.id, text.words, masked, text.language, wanted.language, is_parents=is_parents, is_of_a_family=is_of_a_family)

    def _keep_all(self, results: Sequence[Result]) -> None:
        with self._store.write() as session:
            school = School(session, self._clock(), self._settings)
            for result in results:
                row = session.get(TextTranslation, (result.job.text_id, result.job.target))
                if row is None or row.text.words != result.job.words:
                    continue  # more was written meanwhile, or it is gone
                if result.reason:
                    texts.not_translated(school, row, result.reason, may_try_again=self._has[result.job.is_parents])
                    log.warning("not translated", text=result.job.text_id, language=result.job.target, reason=result.reason)
                else:
                    texts.translated(row, result.words, result.provider)
                    self.keep(school, result)

    async def run(self) -> None:
        """Translate for ever what comes to be wanted; nothing that goes wrong ends it. Now and then, take up what readers have put right."""
        looks = 0
        while True:
            try:
                if looks % CORRECTIONS_EVERY == 0:
                    await asyncio.to_thread(self._take_up_corrections)
                done = await self.run_once()
            except DatabaseAway:
                log.warning("database away", at="translating")
                done = 0
            except Exception as error:
                log.exception("translating failed", error=type(error).__name__)
                done = 0
            looks += 1
            if not done:
                await asyncio.sleep(POLL)

    def _take_up_corrections(self) -> None:
        with self._store.read() as session:
            corrections.take_up(session)


def translators(settings: Settings, store: Store, school_settings: SchoolSettings, clock: Clock) -> Translators:
    """The translators that the settings name, each provider behind one guard whichever chain asks it. Touches no network."""
    names = dict.fromkeys([*settings.translation.providers, *settings.translation.inbound_providers])
    guards = {name: Guard(_server(settings.translation, name), LIMITS[name], settings.translation.timeout, clock) for name in names}
    schools = [guards[name] for name in settings.translation.providers]
    return Translators(store, school_settings, clock, schools, [guards[name] for name in settings.translation.inbound_providers])


def _server(translation: Translation, name: ProviderName) -> Server:
    if name == ProviderName.GOOGLE_CLOUD:
        from translations.providers.google_cloud import GoogleCloud

        key = translation.google_cloud.key
        return GoogleCloud(key.get_secret_value() if key else "", translation.google_cloud.url, translation.timeout)
    if name == ProviderName.LIBRETRANSLATE:
        from translations.providers.libretranslate import LibreTranslate

        own = translation.libretranslate
        return LibreTranslate(own.url or "", own.key.get_secret_value() if own.key else None, translation.timeout)
    from translations.providers.google import Google

    return Google(translation.google.url, translation.timeout)
