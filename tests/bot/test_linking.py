"""Whoever has the whole database, before and after, and every log line, tries to tell who answered what: by keys, times, transactions, messages, files, logs.

What such a one can still infer stands in docs/decisions/0020-private-and-anonymous.md, and nowhere here: each attack below must come to nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine, select, text

from bot.channels.base import ChannelName
from bot.house import Embedded
from bot.question_page import add_questions
from data.addresses import Address
from data.people import Adult, AdultAddress
from data.questionnaires import Privacy, QuestionKind, Questionnaire, Response, SealedResponse
from data.texts import Text
from school import LONDON, School, questionnaires, responses, texts
from school.questionnaire_form import Asked, Form
from school.responses import Given
from tests.conftest import Lines
from tests.world import World

Row = Mapping[str, Any]
Dump = Mapping[str, Sequence[Row]]
TOKEN = re.compile(r"/q/([\w-]{32})")
SOME = 7
ANSWERS = [(str(number % 5 + 1), "yes" if number % 3 else "no", f"zebra{number:02}quince") for number in range(SOME)]
NOBODYS = {"texts", "sealed_responses"}
"""Where an answer may stand, and of texts only those that are nobody's."""


def asked(privacy: Privacy) -> Form:
    return Form(
        "Your year with us",
        [
            Asked("happy", "How happy is your child at school?", QuestionKind.SCALE, scale="happy"),
            Asked("again", "Would you come to the lantern walk?", QuestionKind.YES_NO),
            Asked("better", "What would make it better?", QuestionKind.TEXT),
        ],
        privacy=privacy,
    )


@pytest.fixture
def attacked(database_url: str, understander: Embedded) -> Iterator[World]:
    """The demo school on either database, with everyone's phone."""
    made = World(database_url, datetime(2026, 3, 2, 9, 10, tzinfo=LONDON), understander, settings={"public_url": "https://school.example"})
    made.seed()
    yield made
    made.close()


def parents(world: World) -> list[tuple[int, str]]:
    """Some who were asked on a telephone that is theirs alone, and with whom nothing else is open."""
    with world.house.store.read() as session:
        found = []
        for adult in session.scalars(select(Adult).order_by(Adult.id)):
            rows = session.scalars(select(Address).join(AdultAddress).where(AdultAddress.adult_id == adult.id).order_by(AdultAddress.rank)).all()
            shown = world.phones[ChannelName.SMS].sent.get(rows[0].value, []) if rows and rows[0].channel == "sms" and len(rows[0].adults) == 1 else []
            if any("Your year with us" in each.text for each in shown):
                found.append((adult.id, rows[0].value))
    assert len(found) >= SOME, len(found)
    return found[:SOME]


def opened(world: World, privacy: Privacy) -> int:
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        made = questionnaires.make(school, None, asked(privacy))
        questionnaires.open_up(school, None, made)
    world.settle()
    return made.id


def finish_in_chat(world: World, people: Sequence[tuple[int, str]]) -> None:
    for (_, number), (happy, again, better) in zip(people, ANSWERS, strict=True):
        answers = [shown.text for said in ("questions", happy, again, better) for shown in world.say(number, said)]
        assert any("That was the last question" in each for each in answers), answers
    world.say(people[0][1], "thank you")  # the newest text of all is emptied, and goes when it is the newest no more
    world.pass_time(timedelta(days=2))  # all reports are in, or will not come
    world.settle()
    world.pass_time(timedelta(minutes=11))


def finish_on_the_page(world: World, tokens: Sequence[str]) -> None:
    app = FastAPI()
    add_questions(app, world.house)

    async def answer(token: str, happy: str, again: str, better: str) -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as caller:
            body = urlencode({"happy": happy, "again": again, "better": better})
            said = await caller.post(f"/q/{token}", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
            assert said.status_code == 200

    for token, given in zip(tokens, ANSWERS, strict=True):
        world.run(answer(token, *given))
        world.pass_time(timedelta(minutes=7))
    world.pass_time(timedelta(days=2))
    world.pass_time(timedelta(minutes=11))


def copy(world: World) -> Dump:
    """Every row of every table, as they lie there: on PostgreSQL with the transaction that wrote each."""
    engine = create_engine(world.house.store.url)
    beside = "" if world.house.store.is_sqlite else "xmin::text AS xmin, ctid::text AS ctid, "
    tables = (
        "SELECT name FROM sqlite_master WHERE type = 'table'" if world.house.store.is_sqlite else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    try:
        with engine.connect() as connection:
            names = connection.execute(text(tables)).scalars().all()
            return {name: [dict(row._mapping) for row in connection.execute(text(f'SELECT {beside}* FROM "{name}"'))] for name in names}
    finally:
        engine.dispose()


def written(row: Row) -> str:
    return json.dumps(row, default=str, ensure_ascii=False)


def is_a_persons(row: Row) -> bool:
    return any(row.get(name) is not None for name in ("adult_id", "address_id", "thread"))


# The attacks


def words_beside_a_person(found: Dump) -> list[str]:
    """Rows that hold someone's words, but where answers stand that are nobody's."""
    hits = [(name, row) for name, rows in found.items() for row in rows if re.search(r"zebra\d\dquince", written(row))]
    return [f"{name}: {written(row)}" for name, row in hits if name not in NOBODYS or is_a_persons(row)]


def traces_of_the_way(found: Dump, questions: Sequence[str]) -> list[str]:
    """What says which questions someone was sent, or how many: texts of theirs, in or out, and where their conversation stands."""
    ids = {row["id"] for row in found["texts"] if row["words"] in questions}
    ways = [f"{name}: {row['topic']}" for name in ("inbox", "outbox") for row in found[name] if row["topic"] is not None]
    ways += [f"carried {row}" for row in found["text_messages"] if row["text_id"] in ids]
    ways += [written(row) for row in found["outbox"] if any(question in (row["text"] or "") for question in questions)]
    return ways + [written(row) for row in found["conversations"] if "questionnaire:" in written(row) or "lantern" in written(row)]


def times_of_answers(found: Dump) -> list[str]:
    """Times finer than a day, in what was answered."""
    ids = {row["text_id"] for row in found["answers"]}
    fine = [
        column for name in ("responses", "answers", "sealed_responses", "respondents") for row in found[name][:1] for column in row if column.endswith("_at")
    ]
    moments = [str(row["created_at"]) for row in found["texts"] if row["id"] in ids]
    return fine + [moment for moment in moments if "00:00:00" not in moment]


def written_together(found: Dump) -> list[str]:
    """An answer that one transaction wrote together with something of a person's, and with no other answer. Nothing on SQLite, which keeps none."""
    theirs = {row["xmin"] for rows in found.values() for row in rows if is_a_persons(row) and "xmin" in row}
    theirs |= {row["xmin"] for row in found["questionnaire_tallies"] if "xmin" in row}
    together: dict[str, int] = {}
    for row in (*found["sealed_responses"], *found["responses"]):
        if row.get("xmin") in theirs:
            together[row["xmin"]] = together.get(row["xmin"], 0) + 1
    return [f"{xmin}: {count}" for xmin, count in together.items() if count < min(len(found["sealed_responses"]), 5)]


def links_to_their_reader(found: Dump) -> list[str]:
    """Tokens that still stand in a message: whose answer has come could be seen by whose link is gone."""
    return [token for rows in found.values() for row in rows for token in TOKEN.findall(written(row))]


def left_on_the_disk(world: World, found: Dump) -> list[str]:
    """Words that stand in the file, or in its log, more often than in rows: they were deleted, and are still there."""
    path = Path(str(world.house.store.url.database))
    raw = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    rows = "".join(written(row) for each in found.values() for row in each)
    return [word for _, _, word in ANSWERS if raw.count(word.encode()) > rows.count(word)]


def logged_by(lines: Lines) -> list[str]:
    """Words, tokens and what was understood of answers, in any line."""
    said = [line for line in lines.getvalue().splitlines() if re.search(r"zebra|lantern|/q/[\w-]{20}", line)]
    return said + [str(line) for line in lines.named("turn") if line["intent"] in ("affirm", "deny")]


def comes_to_nothing(world: World, found: Dump) -> None:
    questions = [each.ask for each in asked(Privacy.PRIVATE).questions]
    assert words_beside_a_person(found) == []
    assert traces_of_the_way(found, questions) == []
    assert times_of_answers(found) == []
    assert written_together(found) == []
    if world.house.store.is_sqlite:
        assert left_on_the_disk(world, found) == []


def test_nobody_links_chat_answers_to_people(attacked: World, logged: Lines) -> None:
    opened(attacked, Privacy.PRIVATE)
    people = parents(attacked)
    before = copy(attacked)
    finish_in_chat(attacked, people)
    found = copy(attacked)
    assert len(found["sealed_responses"]) == SOME
    assert not before["sealed_responses"]
    comes_to_nothing(attacked, found)
    assert logged_by(logged) == []
    close(attacked)
    found = copy(attacked)
    assert (len(found["responses"]), len(found["sealed_responses"])) == (SOME, 0)
    assert all(row["respondent_id"] is None for row in found["responses"])
    comes_to_nothing(attacked, found)


def test_nobody_links_page_answers_to_people(attacked: World, logged: Lines) -> None:
    opened(attacked, Privacy.ANONYMOUS)
    people = parents(attacked)
    tokens = [token for _, number in people for shown in attacked.texts(number) for token in TOKEN.findall(shown)]
    assert len(tokens) == SOME
    between = copy(attacked)
    finish_on_the_page(attacked, tokens)
    found = copy(attacked)
    assert len(found["sealed_responses"]) == SOME
    hashes = {hashlib.sha256(token.encode()).hexdigest() for token in tokens}
    assert hashes <= {row["hash"] for row in between["questionnaire_links"]}
    assert not hashes & {value for rows in found.values() for row in rows for value in row.values() if isinstance(value, str)}
    assert links_to_their_reader(found) == []
    comes_to_nothing(attacked, found)
    assert logged_by(logged) == []
    close(attacked)
    comes_to_nothing(attacked, copy(attacked))


def close(world: World) -> None:
    with world.house.store.write() as session:
        for made in session.scalars(select(Questionnaire)):
            questionnaires.close(School(session, world.moment, world.house.school_settings), None, made)
    world.pass_time(timedelta(minutes=11))
    world.pass_time(timedelta(minutes=11))


def test_no_order_says_who_came_first(attacked: World) -> None:
    """Ten answer one after the other, forty times: he who guesses by the order in which rows lie is right as often as chance, once in ten."""
    sealed_hits = opened_hits = 0
    with attacked.house.store.write() as session:
        school = School(session, attacked.moment, attacked.house.school_settings)
        for _ in range(40):
            made = questionnaires.make(school, None, asked(Privacy.PRIVATE))
            questionnaires.open_up(school, None, made)
            for number in range(10):
                responses._seal(school, made, {"happy": Given(number=number)}, "en")
            rows = session.execute(select(SealedResponse.answers).where(SealedResponse.questionnaire_id == made.id)).scalars()
            sealed_hits += sum(answers["happy"]["number"] == place for place, answers in enumerate(rows))
            questionnaires.close(school, None, made)
            responses.open_sealed(school, made)
            given = session.scalars(select(Response).where(Response.questionnaire_id == made.id).order_by(Response.id))
            opened_hits += sum(response.answers[0].number == place for place, response in enumerate(given))
        session.rollback()
    # 40 are expected, and a standard deviation is 6.3; five of them are a chance of one in a million.
    assert sealed_hits < 72
    assert opened_hits < 72


def test_a_rare_language_is_kept_only_with_words_in_it(attacked: World) -> None:
    with attacked.house.store.write() as session:
        school = School(session, attacked.moment, attacked.house.school_settings)
        made = questionnaires.make(school, None, asked(Privacy.PRIVATE))
        responses._seal(school, made, {"happy": Given(("1",))}, "ti")
        responses._seal(school, made, {"better": Given(words="ጽቡቕ")}, "ti")
        assert sorted(session.scalars(select(SealedResponse.language).where(SealedResponse.questionnaire_id == made.id))) == ["", "ti"]


def test_no_translation_keeps_a_copy_of_an_answer(attacked: World) -> None:
    with attacked.house.store.write() as session:
        school = School(session, attacked.moment, attacked.house.school_settings)
        made = questionnaires.make(school, None, asked(Privacy.PRIVATE))
        for _ in range(5):
            responses._seal(school, made, {"better": Given(words="más tiempo")}, "es")
        questionnaires.open_up(school, None, made)
        questionnaires.close(school, None, made)
        responses.open_sealed(school, made)
        jobs = [attacked.house.translators._job(school, one) for one in texts.wanted(school, 100) if one.text.words == "más tiempo"]
        assert len(jobs) == 5
        assert all(job.is_parents and job.is_of_a_family for job in jobs)
        assert session.scalars(select(Text).where(Text.words == "más tiempo", Text.adult_id.is_not(None))).first() is None
