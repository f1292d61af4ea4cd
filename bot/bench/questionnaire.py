"""`bookbag bench questionnaire`: five hundred families answer ten questions, all at once; and the results page over a hundred thousand answers.

The server is the real program in a process of its own. The provider and all phones are this process: each family writes again as soon as the next question
is on its phone, and every one answers differently. Afterwards what is kept is compared with what was sent. Beside it: the disk's flushes, and a bare endpoint.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, insert, select, update

from bot.bench import limits, server, tables
from bot.bench.broadcast import log_in, never_quiet
from bot.bench.families import CHUNK, add_rows, fill, phone
from bot.bench.latency import quantile
from bot.bench.wire import Lines, Twilio, serve
from bot.clock import now
from console.desk import HOME
from data.migrate import upgrade
from data.people import SchoolClass, Staff
from data.questionnaires import Answered, Questionnaire, QuestionnaireState, Respondent, RespondentState, Response
from data.store import Store
from data.texts import Text
from school import LONDON, School, SchoolSettings, questionnaire_clock, questionnaire_results, questionnaires
from school.audiences import Audience, AudienceKind
from school.questionnaire_form import Asked, Form, QuestionKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from bot.settings import Settings

ASKED: Final = (
    Asked("happy", "How happy is your child at school?", QuestionKind.SCALE, scale="happy"),
    Asked("safe", "Is your child safe at school?", QuestionKind.SCALE, scale="agree"),
    Asked("day", "How often do you know how the day was?", QuestionKind.SCALE, scale="often"),
    Asked("club", "Which club is best?", QuestionKind.CHOICE, ("Cooking", "Music", "Swimming", "Gardening")),
    Asked("helps", "What helps you?", QuestionKind.SEVERAL, ("Coffee mornings", "Workshops", "Packs")),
    Asked("ring", "Shall we ring you?", QuestionKind.YES_NO),
    Asked("visits", "How many times were you at school?", QuestionKind.NUMBER),
    Asked("since", "Since when is your child here?", QuestionKind.DATE),
    Asked("better", "What would make school better?", QuestionKind.TEXT),
    Asked("good", "How was the year?", QuestionKind.SCALE, scale="good"),
)
"""Ten questions, of every kind."""
START: Final = "1"
"""The first choice under the invitation: now."""
INVITED: Final = "Would you like to answer now?"
"""What stands in the invitation."""
THANKED: Final = "That was the last question"
"""What stands in the message after the last answer."""
THEIRS: Final = "en"
"""What the families read who answer at once."""
OTHERS: Final = ("so", "pl", "bn")
"""What those read whose answers are there already."""
PATIENCE: Final = 120.0
"""Seconds after which a question that did not come is given up."""
INVITED_WITHIN: Final = 600.0
AGAIN: Final = 0.5
"""Seconds until a text comes once more that the server had no time for."""
LOOKS: Final = 20
"""How often the results are asked for."""
FIRST_DAY: Final = date(2024, 9, 1)
AIMS: Final[tables.Aims] = {
    "kept.lost": (0, "<"),
    "kept.sets_as_sent_share": (1.0, ">"),
    "results.figures_p50_ms": (200.0, "<"),
}


def questionnaire(settings: Settings, *, families: int, answers: int, as_json: bool = False, database_url: str | None = None) -> int:
    """Measure, and print a table or JSON; 1 if a family did not finish, or what is kept is not what was sent. Aims that are missed are marked, no failure.

    `answers` are those whose results are looked at. The database is a new one beside the school's own, or an empty one at `database_url`.
    """
    with limits.folder_beside(settings.database_url) as folder:
        numbers = asyncio.run(_measure(settings, folder, database_url or f"sqlite:///{folder}/bookbag.db", families, answers))
    if as_json:
        sys.stdout.write(limits.as_json({**numbers}) + "\n")
    else:
        tables.show("Bookbag, a questionnaire", numbers, AIMS)
    return int(numbers["kept"]["finished"] != families or numbers["kept"]["lost"] != 0 or numbers["kept"]["sets_as_sent_share"] != 1)


async def _measure(settings: Settings, folder: Path, url: str, families: int, answers: int) -> dict[str, dict[str, float]]:
    upgrade(url)
    phones = Phones(families)
    provider, provider_port = await serve(phones.twilio.answer)
    flushes = limits.flushes_a_second(folder)
    with closing(Store(url)) as store:
        asked, answered = _prepare(store, families, answers // len(ASKED))
        token = log_in(store)
    program = server.start(settings, folder, url, provider_port, never_quiet(now()))  # alone: whoever has it open too would keep its WAL growing
    phones.twilio.base, phones.twilio.lines = program.base, Lines(*program.ports)
    try:
        await program.warm()
        await phones.until_invited()
        processor = program.cpu()
        seconds = await phones.answer_all()
        processor = program.cpu() - processor
        memory = program.memory()["now"]
        looked_at = await asyncio.to_thread(_looked_at, program.ports[0], token, answered)
    finally:
        program.stop()
        provider.close()
    with closing(Store(url)) as store:
        kept, figures = _kept(store, asked, phones.sent), _figures(store, answered)
    return {
        "setup": {"families": families, "questions": len(ASKED), "cores": os.cpu_count() or 0},
        "answering": phones.told(seconds) | {"cpu_ms_a_turn": round(processor * 1_000 / (len(phones.answered) or 1), 2), "memory_mb": memory},
        "kept": kept,
        "results": {"answers": answers, **looked_at, **figures},
        "machine": {"disk_flushes_a_second": flushes, **{f"bare_endpoint_{name}": number for name, number in (await limits.bare_endpoint()).items()}},
    }


# Answering


def texts_of(number: int) -> Sequence[str]:
    """What family `number` texts, question by question."""
    return (
        str(number % 5 + 1),
        str(number // 5 % 5 + 1),
        str(number % 4 + 1),
        str(number // 4 % 4 + 1),
        ("1 2", "1 3", "2 3", "1 2 3")[number % 4],
        str(number % 2 + 1),
        str(number),
        f"{_day_of(number):%-d %B %Y}",
        f"More time outside, says number {number}",
        str(number // 3 % 5 + 1),
    )


def kept_of(number: int) -> frozenset[tuple[str, object]]:
    """What is to be kept of them: pairs of a question's key and an answer."""
    told = dict(zip((asked.key for asked in ASKED), texts_of(number), strict=True))
    several = [("helps", choice) for choice in told.pop("helps").split()]
    kept: dict[str, object] = {**told, "ring": ("yes", "no")[number % 2], "visits": number, "since": _day_of(number)}
    return frozenset([*kept.items(), *several])


def _day_of(number: int) -> date:
    return FIRST_DAY + timedelta(days=number % 500)


@dataclass
class Phones:
    """The phones of those who answer. `sent` are the families who have written all; `answered` seconds from a text to what came back."""

    families: int
    sent: list[int] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        self.twilio = Twilio(self.ring)
        self._rings = {phone(number): asyncio.Event() for number in range(self.families)}
        self._awaited = dict.fromkeys(self._rings, INVITED)

    def ring(self, number: str, words: str) -> None:
        """A phone has something to read. It counts if it is what is awaited: what is in parts comes in several messages."""
        if self._awaited.get(number, "\0") in words:
            self._rings[number].set()

    async def until_invited(self) -> None:
        """Until every phone has the invitation. Raises TimeoutError."""
        async with asyncio.timeout(INVITED_WITHIN):
            for ring in self._rings.values():
                await ring.wait()

    async def answer_all(self) -> float:
        """Let all of them answer at once; the seconds until the last has finished."""
        began = time.perf_counter()
        await asyncio.gather(*(self._answer(number) for number in range(self.families)))
        return time.perf_counter() - began

    async def _answer(self, number: int) -> None:
        said = (START, *texts_of(number))
        for place, words in enumerate(said, start=1):
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._say(phone(number), words, f"{place} of {len(ASKED)}:" if place < len(said) else THANKED)
            except TimeoutError:
                self.failed += 1
                return
        self.sent.append(number)

    async def _say(self, number: str, words: str, awaited: str) -> None:
        """Write, and wait for the next question. What the server had no time for comes once more, the same text, as the provider keeps it."""
        ring, began = self._rings[number], time.perf_counter()
        ring.clear()
        self._awaited[number] = awaited
        sid = self.twilio.new_text()
        while await self.twilio.text(number, words, sid) != 200:
            self.refused += 1
            await asyncio.sleep(AGAIN)
        await ring.wait()
        self.answered.append(time.perf_counter() - began)

    def told(self, seconds: float) -> dict[str, float]:
        """What was measured of it."""
        return {
            "seconds": round(seconds, 1),
            "answers_a_second": round(len(self.sent) * len(ASKED) / seconds, 1),
            "turns_a_second": round(len(self.answered) / seconds, 1),
            "reply_p50_ms": round(quantile(self.answered, 0.5) * 1_000),
            "reply_p99_ms": round(quantile(self.answered, 0.99) * 1_000),
            "not_answered_in_time": self.refused,
            "gave_up": self.failed,
        }


def _kept(store: Store, questionnaire_id: int, sent: Sequence[int]) -> dict[str, float]:
    """What is kept beside what was sent, once it is closed and all is opened: one by one, and as whole sets. Whose they are, nobody knows."""
    with store.write() as session:
        school = School(session, now())
        questionnaires.close(school, None, session.get_one(Questionnaire, questionnaire_id))
        questionnaire_clock.due(school)
        keys = dict(session.execute(select(questionnaires.Question.id, questionnaires.Question.key)).tuples().all())
        rows = select(Answered.response_id, Answered.question_id, Answered.choice, Answered.number, Answered.on, Text.words)
        found = rows.join(Response, Response.id == Answered.response_id).outerjoin(Text, Text.id == Answered.text_id)
        sets: dict[int, set[tuple[str, object]]] = {}
        for response_id, question_id, *values in session.execute(found.where(Response.questionnaire_id == questionnaire_id)):
            sets.setdefault(response_id, set()).add((keys[question_id], next((value for value in values if value is not None), None)))
        finished = session.scalar(select(func.count()).where(Respondent.questionnaire_id == questionnaire_id, Respondent.state == RespondentState.FINISHED))
    wanted = Counter(kept_of(number) for number in sent)
    is_there = Counter(frozenset(each) for each in sets.values())
    single = Counter(pair for each in wanted.elements() for pair in each) - Counter(pair for each in is_there.elements() for pair in each)
    return {
        "finished": finished or 0,
        "sets_kept": is_there.total(),
        "answers_sent": sum(map(len, wanted.elements())),
        "lost": single.total(),
        "sets_as_sent_share": round((wanted & is_there).total() / (wanted.total() or 1), 4),
    }


# Results


def _prepare(store: Store, families: int, sets: int) -> tuple[int, int]:
    """The ids of what is asked of the families, and of what so many others have answered already."""
    languages = [THEIRS] * families + [OTHERS[number % len(OTHERS)] for number in range(max(sets, 1))]
    fill(store, len(languages), 0, now(), languages)
    with store.write() as session:
        _name_without_numbers(session)
        school = School(session, now(), _awake())
        made = questionnaires.make(school, None, Form("The year", ASKED, audience=Audience(AudienceKind.LANGUAGE, tag=THEIRS)))
        questionnaires.open_up(school, None, made)
        answered = questionnaires.make(school, None, Form("The year before", ASKED))
        answered.state = QuestionnaireState.CLOSED
        session.flush()
        keys = {question.key: question.id for question in answered.questions}
        asked_id, answered_id = made.id, answered.id
    _fill_answers(store, answered_id, keys, range(families, families + sets))
    return asked_id, answered_id


def _name_without_numbers(session: Session) -> None:
    """Classes and teachers by letters: in a school with a class '7' the 7 of '7 September' is heard as that class."""
    for named in (*session.scalars(select(SchoolClass)), *session.scalars(select(Staff))):
        named.name = named.name.translate(_LETTERS)


_LETTERS: Final = str.maketrans("0123456789", "abcdefghij")


def _awake() -> SchoolSettings:
    """Quiet hours that are a minute long and half a day away: the bench may run at night."""
    far = now().astimezone(LONDON) + timedelta(hours=12)
    return SchoolSettings(quiet_from=far.time(), quiet_to=(far + timedelta(minutes=1)).time())


def _fill_answers(store: Store, questionnaire_id: int, keys: Mapping[str, int], numbers: range) -> None:
    """Answers of the families of these numbers, two out of three of whom have finished in each class."""
    with store.write() as session:
        add_rows(session, Respondent, ({"questionnaire_id": questionnaire_id, "adult_id": number + 1} for number in numbers))
        done = update(Respondent).where(Respondent.questionnaire_id == questionnaire_id, Respondent.adult_id % 3 != 0)
        session.execute(done.values(state=RespondentState.FINISHED).execution_options(synchronize_session=False))
        first_text, first = (session.scalar(select(func.max(kind.id))) or 0 for kind in (Text, Response))
        add_rows(session, Text, ({"words": texts_of(number)[8], "language": OTHERS[number % 3], "created_at": now()} for number in numbers))
        add_rows(session, Response, ({"questionnaire_id": questionnaire_id, "is_finished": True} for _ in numbers))
        for start in range(0, len(numbers), CHUNK):
            places = range(start, min(start + CHUNK, len(numbers)))
            rows = [row for place in places for row in _answers(keys, numbers[place], first + place + 1, first_text + place + 1)]
            session.execute(insert(Answered), rows)


def _answers(keys: Mapping[str, int], number: int, response_id: int, text_id: int) -> Iterator[dict[str, object]]:
    """Ten answers: a question with several choices has one here, so that an answer is a row."""
    chance = random.Random(number)  # noqa: S311  # answers, no secret
    said = {"visits": ("number", chance.randint(0, 200)), "since": ("on", _day_of(chance.randint(0, 499))), "better": ("text_id", text_id)}
    for asked in ASKED:
        chosen = chance.choice(["yes", "no"]) if asked.kind == QuestionKind.YES_NO else str(chance.randint(1, 3))
        column, value = said.get(asked.key, ("choice", chosen))
        nothing = dict.fromkeys(("choice", "number", "on", "text_id"))
        yield {"response_id": response_id, "question_id": keys[asked.key], **nothing, column: value}


def _looked_at(port: int, token: str, questionnaire_id: int) -> dict[str, float]:
    """How long the page takes, over HTTP, as the office has it."""
    took, size = [], 0
    for _ in range(LOOKS):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        began = time.perf_counter()
        line.request("GET", f"{HOME}/questionnaires/{questionnaire_id}/results", headers={"Cookie": f"bookbag={token}"})
        answer = line.getresponse()
        size = len(answer.read())
        took.append(time.perf_counter() - began)
        line.close()
        if answer.status != 200:
            raise RuntimeError(f"the results were answered with {answer.status}")
    return {"page_p50_ms": round(quantile(took, 0.5) * 1_000, 1), "page_p95_ms": round(quantile(took, 0.95) * 1_000, 1), "page_kb": round(size / 1_000, 1)}


def _figures(store: Store, questionnaire_id: int) -> dict[str, float]:
    """How long the figures take, without the page."""
    took, processor, counted = [], time.process_time(), 0
    for _ in range(LOOKS):
        with store.read() as session:
            school = School(session, now())
            found = session.get_one(Questionnaire, questionnaire_id)
            began = time.perf_counter()
            counted = questionnaire_results.results(school, found).counted
            took.append(time.perf_counter() - began)
    each = (time.process_time() - processor) * 1_000 / LOOKS
    return {"sets": counted, "figures_p50_ms": round(quantile(took, 0.5) * 1_000, 1), "figures_cpu_ms": round(each, 1)}
