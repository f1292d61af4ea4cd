"""After an erasure nothing is left of an adult, in no table, file or log, but what the report says; and the copy holds what is held, and of nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine, func, select

from bot import erasing
from bot.channels.base import Attachment, ChannelName, InboundKind
from bot.house import Embedded
from data.appointments import Occupied
from data.attention import Attention, Need
from data.data_requests import DataRequest
from data.inbox import Seen
from data.people import Adult
from nlu.learned import Learned
from school import LONDON, School, access, demo, erased_log, groups, held, leaving, messages, threads
from tests.conftest import Lines
from tests.school.files_to_try import photo_of_a_phone
from tests.standin.client import StandIn
from tests.world import World

NOW = datetime(2026, 3, 2, 9, 10, tzinfo=LONDON)
NAME, NUMBER = "Quenisha Zorblatt", "+447700900107"
"""Marta of the cast under a name that nothing else has; Piotr, the other adult of her child, stays."""
ALARM = "her uncle hits Zofia, I am scared, grimulous"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the school keeps its files."""
    made = tmp_path / "var"
    made.mkdir()
    return made


@pytest.fixture
def world(database_url: str, understander: Embedded, providers: StandIn, folder: Path) -> Iterator[World]:
    """The demo school on either database, with a translator, and a family whose name nothing else has."""
    providers.reset()
    libre = {"providers": ["libretranslate"], "inbound_providers": ["libretranslate"], "libretranslate": {"url": providers.url}}
    made = World(database_url, NOW, understander, settings={"translation": libre, "nlu": {"model_dir": str(folder / "nlu")}})
    made.seed()
    with made.house.store.write() as session:
        demo.adult(School(session, NOW), "Marta").name = NAME
    yield made
    made.close()


class Family:
    """What a family does in a term, each time with words that nobody else uses: `words` are those."""

    def __init__(self, world: World) -> None:
        self.world, self.words = world, [NAME, "Quenisha", "Zorblatt", NUMBER.removeprefix("+44")]

    def says(self, text: str, *words: str, channel: str = "sms") -> list[str]:
        """One message; `words` are to be found nowhere once they are erased."""
        self.words += words
        return [shown.text for shown in self.world.say("Quenisha", text, channel)]

    def lives(self) -> None:
        """Everything that a family does with Bookbag."""
        self.world.speak("Marta", "pl")
        self.says("Wiadomosc do biura: zgubilismy plaszcz, taki flumberowy", "flumberowy")
        self.world.speak("Marta", "en")
        self.says("Zofia is ill today, she has a snorfled tummy", "snorfled")
        self.says("I do not know yet")
        self.says("please tell the class that Zofia slept badly, crandlewick", "crandlewick")
        self.says("I would like to see the teacher")
        self.says("1")
        self.says("1")
        self.says("message for the office: about the quibbleton form", "quibbleton", channel="whatsapp")
        self.says("my sister Ermintrude will collect Zofia today", "Ermintrude")
        self.says("I want to borrow a pack")
        self.says("1")
        self.says("glorpington wexley frandible", "glorpington", "frandible")
        self.world.receive(
            self.world.phones[ChannelName.SMS].says(
                NUMBER, "see vexillated photo", kind=InboundKind.PHOTO, media=[Attachment("a.jpg", "image/jpeg", photo_of_a_phone())]
            )
        )
        self.words += ["vexillated"]
        self.world.settle()
        self.staff_write()
        self.world.pass_time(timedelta(minutes=10))
        self.world.settle()

    def staff_write(self) -> None:
        """What staff write to the family and note beside it; what they correct; what the office keeps beside their name."""
        self.words += ["dringlebury", "mopscottle", "plonketh"]
        with self.world.house.store.write() as session:
            school = School(session, self.world.moment, self.world.house.school_settings)
            adult, doyle = marta(school), access.viewer(school, demo.member(school, "Mrs Doyle"))
            of = threads.thread(school, doyle, f"a{adult.id}")
            messages.answer(school, doyle, of, "Thank you, Quenisha. The dringlebury is here.", seen=messages.last_answer(school, of))
            messages.note(school, doyle, of, "She mopscottled on the phone")
            adult.notes = "prefers plonketh"
            row = next(line.received for line in threads.lines(school, doyle, of) if line.received is not None)
            row.corrected = "message_office"
            Learned(self.world.house.settings.nlu.model_dir).add(row.text, "message_office")
            wanted = groups.everyone(school)[0]
            adult.groups = [wanted]


def marta(school: School) -> Adult:
    return school.session.scalars(select(Adult).where(Adult.name == NAME)).one()


def erase(world: World) -> None:
    assert erasing.erase(world.house.settings, "07700 900107", None, yes=True) == 0
    assert world.house.store.forget_log()


def found_in(world: World, folder: Path, words: list[str]) -> set[tuple[str, str]]:
    """Where any of the words stands still: 'table.column' or a file, and the word."""
    return {*in_tables(world, words), *in_files(world, folder, words)}


def in_tables(world: World, words: list[str]) -> set[tuple[str, str]]:
    metadata, found = MetaData(), set[tuple[str, str]]()
    engine = create_engine(world.house.store.url)
    metadata.reflect(engine)
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table.name}"').mappings():
                for column, value in row.items():
                    said = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    found |= {(f"{table.name}.{column}", word) for word in words if word.casefold() in said.casefold()}
    engine.dispose()
    return found


def in_files(world: World, folder: Path, words: list[str]) -> set[tuple[str, str]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    database = world.house.store.url.database
    if world.house.store.is_sqlite and database:
        files += [path for path in Path(database).parent.glob(f"{Path(database).name}*") if path.is_file()]
    contents = {path.name: path.read_bytes().lower() for path in files}
    return {(name, word) for name, content in contents.items() for word in words if word.lower().encode() in content}


def test_nothing_is_left_anywhere(world: World, folder: Path, logged: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    family = Family(world)
    family.lives()
    before = {word for _where, word in found_in(world, folder, family.words)}
    assert before == set(family.words)  # the search finds what is there
    with world.house.store.read() as session:
        taken_in = session.scalar(select(func.count()).select_from(Seen))
    erase(world)
    assert found_in(world, folder, family.words) == set()
    assert not any(word in logged.getvalue() for word in family.words)
    report = capsys.readouterr().out
    assert "Removed:" in report
    assert "Keeping children safe in education" in report
    with world.house.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Seen)) == taken_in  # so that nothing comes back
        piotr = session.scalars(select(Adult).where(Adult.name == "Piotr Kowalski")).one()
        assert [tie.child.name for tie in piotr.guardianships] == ["Zofia Kowalska"]


def test_what_is_told_again_does_not_come_back(world: World, folder: Path) -> None:
    phone = world.phones[ChannelName.SMS]
    arrived = phone.says(NUMBER, "the flibberton is lost", provider_id="SM-again")
    world.receive(arrived)
    world.settle()
    erase(world)
    world.receive(arrived)
    world.settle()
    assert found_in(world, folder, ["flibberton", "7700900107"]) == set()


def test_the_safeguarding_record_stays_with_whose_words_they_are(world: World, folder: Path) -> None:
    family = Family(world)
    family.says(ALARM)
    family.says("the wuzzled coat is lost, please tell the office", "wuzzled")
    erase(world)
    words = [*family.words, "grimulous"]
    kept = {where for where, _word in in_tables(world, words)}
    assert kept == {"attention.was_from", "attention.text", "texts.words"}
    assert {word for _where, word in in_tables(world, words)} == {NAME, "Quenisha", "Zorblatt", "grimulous"}
    with world.house.store.read() as session:
        row = session.scalars(select(Attention).where(Attention.need == Need.SAFEGUARDING)).one()
        assert (row.was_from, row.adult_id) == (f"{NAME} (mother of Zofia Kowalska)", None)


def test_a_time_that_was_booked_is_free_again(world: World) -> None:
    def taken() -> int:
        with world.house.store.read() as session:
            return session.scalar(select(func.count()).select_from(Occupied)) or 0

    before, family = taken(), Family(world)
    for text in ("I would like to see the teacher", "1", "1"):
        family.says(text)
    assert taken() > before
    erase(world)
    assert taken() == before


def test_a_shared_phone_stays_the_others(world: World) -> None:
    with closing(world.house.store):
        with world.house.store.read() as session:
            school = School(session, NOW)
            minh, hoa = demo.adult(school, "Minh"), demo.adult(school, "Hoa")
            ids = (minh.id, hoa.id)
        assert erasing.erase(world.house.settings, "07700 900109", None, yes=True) == 2
        assert erasing.erase(world.house.settings, "07700 900109", ids[0], yes=True) == 0
        with world.house.store.read() as session:
            assert session.get(Adult, ids[0]) is None
            hoa = session.get_one(Adult, ids[1])
            assert [link.address.value for link in hoa.addresses] == ["+447700900109"]


def test_it_is_noted_outside_the_database_for_whoever_restores_a_backup(world: World) -> None:
    with world.house.store.read() as session:
        adult_id = marta(School(session, NOW)).id
    noted = erased_log.of_database(world.house.store.url)
    assert erasing.erase(world.house.settings, "", adult_id, yes=False) == 0
    assert erased_log.since(noted, None) == []
    assert erasing.erase(world.house.settings, "", adult_id, yes=True) == 0
    assert [(each.adult_id, each.is_sure) for each in erased_log.since(noted, None)] == [(adult_id, True)]


def test_whoever_left_with_a_safeguarding_record_leaves_no_number(world: World) -> None:
    family = Family(world)
    family.says(ALARM)
    with world.house.store.write() as session:
        school = School(session, world.moment)
        adult = marta(school)
        adult_id = adult.id
        leaving.leave(school, [], [adult], None)
    assert erasing.erase(world.house.settings, "", adult_id, yes=True) == 0
    assert in_tables(world, [NUMBER]) == set()


def test_without_yes_it_is_only_said(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert erasing.erase(world.house.settings, "07700 900107", None, yes=False) == 0
    assert "Nothing is erased yet" in capsys.readouterr().out
    with world.house.store.read() as session:
        assert marta(School(session, NOW)).name == NAME
        assert session.scalars(select(DataRequest)).all() == []


@pytest.mark.parametrize(
    "command", [lambda settings: erasing.export(settings, "07700 900998", None), lambda settings: erasing.erase(settings, "x", None, yes=True)]
)
def test_a_number_that_nobody_has(world: World, command: Callable[[object], int], capsys: pytest.CaptureFixture[str]) -> None:
    assert command(world.house.settings) == 2
    assert "Nobody with this number." in capsys.readouterr().err


def test_the_copy_holds_what_they_wrote(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    family = Family(world)
    family.lives()
    capsys.readouterr()
    assert erasing.export(world.house.settings, "07700 900107", None) == 0
    told = capsys.readouterr().out
    copy = json.loads(told)
    assert copy["about_you"]["name"] == NAME
    assert [row["address"] for row in copy["where_you_are_reached"]] == [NUMBER, NUMBER]
    lacking = [word for word in family.words if word not in told and f"+44{word}" not in told]
    assert lacking == ["mopscottle", "plonketh"]  # staff's own notes are set aside
    assert copy["set_aside"]["staff"] == 2


def test_the_copy_tells_of_nobody_else_and_of_no_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    family = Family(world)
    family.says("please tell the office that Piotr has a new job")
    family.says(ALARM)
    with world.house.store.read() as session:
        school = School(session, world.moment)
        found = held.export(school, marta(school))
        told, whole = json.dumps(found.copy()), json.dumps(found.copy([each.key for each in found.aside]))
    assert "Piotr" not in told
    assert "new job" in whole  # a person looked at it and let it go along
    assert "grimulous" not in whole
    assert "uncle" not in whole
