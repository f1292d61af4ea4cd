"""Families in the middle of a questionnaire, the server killed on the way and its provider lying: every answer is kept, each once, and nothing is asked twice.

`make crash-test` kills it ten times; among the other tests twice.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from bot.bench.families import fill, phone
from bot.clock import now
from data.store import Store
from school import School, questionnaires
from school.questionnaire_form import Asked, Form, Privacy, QuestionKind
from tests.crash.life import CRASHES, SEED, Life
from tests.crash.server import Nursery
from tests.standin.client import StandIn

pytestmark = [pytest.mark.crash, pytest.mark.slow]

FAMILIES, QUESTIONS = 4, 6
KILLS = 10 if CRASHES >= 200 else 2
PROGRESS = re.compile(rf"(\d+) of {QUESTIONS}: ")
PATIENCE = 60.0
"""Seconds without a word from the school after which a family gives up, and the test with it."""


def answer(family: int, question: int) -> int:
    """What a family answers to a question: nobody else answers that, and they nothing like it to another."""
    return 100 * (family + 1) + question


class Asking(Life):
    """A school that asks its families, and what each of them has come to."""

    def __init__(self, nursery: Nursery, standin: StandIn, database_url: str, folder: Path) -> None:
        super().__init__(nursery, standin, database_url, folder, SEED)
        self._heard: dict[str, list[str]] = {phone(family): [] for family in range(FAMILIES)}
        self._failures: list[str] = []
        asked = [Asked(f"q{number}", f"How many, the {number}th time?", QuestionKind.NUMBER) for number in range(1, QUESTIONS + 1)]
        with closing(Store(database_url)) as store:
            fill(store, FAMILIES, 0, now(), ("en",))
            with store.write() as session:
                school = School(session, now(), self.server.settings().for_school())
                questionnaires.open_up(school, None, questionnaires.make(school, None, Form("Numbers", asked, privacy=Privacy.NAMED)))
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._live, args=(family,), daemon=True) for family in range(FAMILIES)]
        self._listener = threading.Thread(target=self._listen, daemon=True)

    def wait_for(self, messages: int) -> None:
        """Until the families have heard so much in all."""
        since = time.monotonic()
        while sum(map(len, self._heard.values())) < messages:
            assert time.monotonic() - since < PATIENCE, self.server.tail()
            time.sleep(0.01)

    def begin(self) -> None:
        for thread in (self._listener, *self._threads):
            thread.start()

    def end(self) -> None:
        """Wait until every family has come to the end."""
        for thread in self._threads:
            thread.join(PATIENCE * QUESTIONS)
        self._over.set()
        self._listener.join()
        assert not self._failures, self._failures

    def _listen(self) -> None:
        seen = 0
        while not self._over.wait(0.05):
            entries = self._standin.log(since=seen)
            seen += len(entries)
            for entry in entries:
                if entry["operation"] == "twilio.send" and entry["accepted"] and entry["to"] in self._heard:
                    self._heard[entry["to"]].append(entry["body"])

    def _live(self, family: int) -> None:
        """Answer each message once, as it comes."""
        number, read, since = phone(family), 0, time.monotonic()
        while not self._over.is_set():
            heard = self._heard[number]
            if len(heard) == read:
                if time.monotonic() - since > PATIENCE:
                    self._failures.append(f"{number} heard nothing more after {heard[-1:]}")
                    return
                time.sleep(0.05)
                continue
            body, read, since = heard[read], read + 1, time.monotonic()
            if "That was the last question" in body:
                return
            question = PROGRESS.search(body)
            self._standin.inbound("sms", number, str(answer(family, int(question[1]))) if question else "1", repeat=self.chance.choice((1, 1, 3)))

    def answers(self) -> Mapping[str, list[tuple[str, int]]]:
        """What is kept, by family."""
        query = (
            'SELECT d.value, q."key", a.number FROM answers a JOIN questions q ON q.id = a.question_id JOIN responses r ON r.id = a.response_id'
            " JOIN respondents p ON p.id = r.respondent_id JOIN adult_addresses l ON l.adult_id = p.adult_id JOIN addresses d ON d.id = l.address_id"
            " WHERE p.state = 'finished' AND r.is_finished ORDER BY q.place"
        )
        engine = create_engine(self._database_url)
        try:
            with engine.connect() as connection:
                rows = connection.execute(text(query)).all()
        finally:
            engine.dispose()
        return {number: [(row[1], row[2]) for row in rows if row[0] == number] for number in self._heard}


def test_every_answer_is_kept_once_whatever_dies(nursery: Nursery, standin: StandIn, database_url: str, tmp_path: Path) -> None:
    school = Asking(nursery, standin, database_url, tmp_path)
    school.server.start()
    school.begin()
    for place in sorted(school.chance.sample(range(1, FAMILIES * QUESTIONS), KILLS)):
        school.wait_for(place)
        school.die()
    school.end()
    school.judged()
    assert school.answers() == {phone(family): [(f"q{number}", answer(family, number)) for number in range(1, QUESTIONS + 1)] for family in range(FAMILIES)}
