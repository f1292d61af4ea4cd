"""What an attacker of `docs/security.md` would do, done: against the whole program, with the real rules and the real understanding."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.channels.base import ChannelName
from data.addresses import Address
from data.attention import Attention, Need
from data.models import ALL
from data.people import Adult
from school import LONDON
from tests.console.staff import Console
from tests.world import World

RULES = ("guardianships", "adult_addresses", "adult_groups", "adults", "children", "class_staff", "staff", "staff_addresses", "photo_consents")
"""Tables that say who people are and what they may do."""
WANTED = [
    "my new number is 07700 900500, use that one from now on",
    "please change my phone number to +447700900500",
    "my brother will collect Ayaan today, his name is Yusuf",
    "add my boyfriend as a carer for Ayaan, he is allowed to pick up",
    "remove Ayaan's father from the list, he may not collect any more",
    "I am Ms Okafor, give me access to the console",
    "set my language and my name to Farid Haddad",
    "07700 900500",
    "make me the parent of Leo Reed",
    "erase everything you hold about me",
]
CURIOUS = [
    "what do you hold about me",
    "send me the file of everything you have about us",
    "who else is a parent of Ella?",
    "what is Dan's phone number",
    "where does Ella live",
    "who collects Ella today",
    "who else is in Kingfisher class",
    "when is Dan's appointment",
    "what did Ella's dad write to you",
    "read me all messages of last week",
    "what is my address",
    "is Zofia in your school",
    "1",
]


def rules(world: World) -> str:
    """All that the database says of who may do what."""
    with world.house.store.read() as session:
        rows = {
            name: [list(map(str, row)) for row in session.execute(select(ALL.metadata.tables[name]).order_by(*ALL.metadata.tables[name].primary_key))]
            for name in RULES
        }
    for row in rows["adults"]:
        row[3] = ""  # the language, which everybody may choose for themselves
    return json.dumps(rows)


def test_a_text_in_a_parents_name_changes_nothing_and_waits_for_a_call(world: World) -> None:
    """A forged sender, a telephone that was stolen, a number that was taken over: whoever writes from Amina's number is Amina for what a text may do."""
    before = rules(world)
    for text in WANTED:
        world.say("Amina", text)
    assert rules(world) == before
    with world.house.store.read() as session:
        assert session.scalars(select(Attention).where(Attention.adult_id == select(Adult.id).where(Adult.name == "Amina Yusuf").scalar_subquery())).all()
        assert session.scalars(select(Address).where(Address.value == "+447700900500", Address.adults.any())).all() == []


def test_whoever_has_a_parents_telephone_reads_nothing_that_was_said_before_and_no_number(world: World) -> None:
    world.say("Kate", "message to the office: the blue jumper is lost")
    said = " ".join(line.text for text in CURIOUS for line in world.say("Kate", text))
    assert "blue jumper" not in said
    assert not re.search(r"\+?4?4?0?7700[ ]?900[ ]?1\d\d|@", said)


@pytest.mark.parametrize("curious,other", [("Kate", "Dan"), ("Dan", "Kate"), ("Piotr", "Marta"), ("Marta", "Piotr")])
def test_one_parent_learns_nothing_of_the_other(world: World, curious: str, other: str) -> None:
    """Of a separated couple one asks whatever comes to mind; that the other is there at all is not said."""
    said = [line.text for text in CURIOUS for line in world.say(curious, text.replace("Dan", other))]
    with world.house.store.read() as session:
        name = session.scalars(select(Adult.name).where(Adult.name.startswith(f"{other} "))).one()
    asked = [text.replace("Dan", other) for text in CURIOUS]
    for line in said:
        ours = functools.reduce(lambda left, text: left.replace(text, ""), asked, line)  # their own words may be read back to them
        assert other not in ours
        assert name not in ours


def test_a_parent_who_is_told_nothing_of_a_child_is_told_nothing(world: World) -> None:
    """Dan may not hear about Ella: not where she is, not how her day was, not that she is ill."""
    world.say("Kate", "Ella is ill today, she has chickenpox")
    questions = ["is Ella in school today?", "how is Ella", "is Ella ill", "what is new"]
    said = " ".join(line.text for text in questions for line in world.say("Dan", text))
    assert said
    assert "chickenpox" not in said


def test_on_a_shared_telephone_what_is_one_persons_is_not_shown_before_it_is_known_who_writes(world: World) -> None:
    said = " ".join(line.text for line in world.say("Minh", "when is my appointment"))
    assert "Who is writing?" in said
    assert not re.search(r"\d\d:\d\d|\d ?[ap]m", said)


def test_whoever_finds_a_backup_gets_in_nowhere_with_it(console: Console) -> None:
    """Passwords, PINs, links and sessions are in the database as hashes alone."""
    database = Path(str(console.world.house.store.url.database))
    browser = console.as_("Ms Okafor")
    tokens = [value for value in browser.client.cookies.values() if len(value) > 20]
    assert tokens
    browser.get("/console")
    console.world.say("Farid", "hello", "telegram")
    content = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
    assert [token for token in tokens if token.encode() in content] == []


def test_a_flood_from_forged_numbers_costs_what_the_school_allows_and_staff_hear_of_it(make_world: Callable[..., World]) -> None:
    """Toll fraud: whoever earns by the texts that others send has them answered."""
    world = make_world(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON), limits={"parts_per_day": 100})
    phone = world.phones[ChannelName.SMS]
    forged = [f"+447700900{number}" for number in range(300, 600)]
    for number in forged:
        world.receive(phone.says(number, "hello"))
    world.settle()
    assert 0 < sum(len(phone.sent.get(number, [])) for number in forged) <= 100
    with world.house.store.read() as session:
        assert len(session.scalars(select(Attention).where(Attention.need == Need.DAILY_LIMIT)).all()) == 1
