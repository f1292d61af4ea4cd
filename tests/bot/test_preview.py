"""What is shown before a broadcast is sent is what then leaves, and what it then costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.channels.base import ChannelName
from bot.preview import Preview, preview, sms_parts
from data.addresses import Address
from data.broadcasts import Broadcast
from data.outbox import Message
from data.store import Store
from school import School, SchoolSettings, broadcasts, costs, kept_files, texts
from school.audiences import Audience, AudienceKind
from school.broadcasts import BroadcastKind, Content
from tests.school.small import MONDAY, a_child, an_adult, london, unedited
from tests.school.test_broadcasts import a_parent
from tests.world import World


@pytest.fixture
def school(sqlite_url: str) -> Iterator[School]:
    with closing(Store(sqlite_url)) as store, store.write() as session:
        yield School(session, MONDAY)


@contextmanager
def seen(world: World, content: Content, **how: object) -> Iterator[tuple[School, Broadcast, Preview]]:
    """A draft and its preview in the demo school."""
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        made = broadcasts.make(school, None, content)
        yield school, made, preview(school, made, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("is_known", [True, False], ids=["greeted before", "first message"])
def test_what_it_is_thought_to_cost_is_what_it_costs(world: World, is_known: bool) -> None:
    """The first message to a number says which school it is, and is longer for that."""
    if is_known:
        with world.house.store.write() as session:
            session.execute(update(Address).values(first_greeted_at=world.moment))
    with seen(world, Content("Closed today, since the boiler is broken. " * 3, is_urgent=True)) as (school, made, shown):
        broadcasts.send(school, None, made)
        run = made.runs[0]
    world.settle()
    with world.house.store.read() as session:
        school = School(session, world.moment, world.house.school_settings)
        assert costs.spent(school) == pytest.approx(shown.pence) == pytest.approx(run.pence)
    assert [look.first_parts > look.sms_parts for look in shown.looks if look.language == "en"] == [True]


def test_it_shows_the_words_that_leave_and_the_parts_that_are_paid(world: World) -> None:
    words = "School is closed on Tue 3 March, since the boiler is broken. Please keep everyone at home. " * 3
    world.speak("Amina", "so")
    with world.house.store.write() as session:
        session.execute(update(Address).values(first_greeted_at=world.moment))
    with seen(world, Content(words, is_urgent=True)) as (school, made, _before):
        for text in made.text.translations:
            texts.translated(text, "Dugsigu waa xiran yahay – fadlan guriga jooga.", "test")
        shown = preview(school, made)
        looks = {look.language: look for look in shown.looks}
        broadcasts.send(school, None, made)
    world.settle()
    assert world.texts("Tom") == [looks["en"].words]
    assert world.texts("Amina") == [looks["so"].words.replace("–", "-")]
    with world.house.store.read() as session:
        school = School(session, world.moment, world.house.school_settings)
        parts = {message.text: message.parts for message in session.scalars(select(Message)) if message.address and message.address.channel == "sms"}
        assert parts == {look.words: look.sms_parts for look in shown.looks}
        assert costs.spent(school) == pytest.approx(shown.pence)
    assert looks["en"].sms_parts == 2
    assert shown.plan.count == sum(sum(look.people.values()) for look in shown.looks)


def test_what_is_not_translated_yet_says_so(world: World) -> None:
    world.speak("Amina", "so")
    with seen(world, Content("The pool is closed.")) as (_school, made, shown):
        somali = next(look for look in shown.looks if look.language == "so")
        assert somali.reading.is_foreign
        assert somali.words.startswith("Cherry Garden: The pool is closed.\n")
        assert made.parts == {look.language: look.sms_parts for look in shown.looks}


def test_a_link_to_the_document_is_paid_for_too(world: World) -> None:
    with world.house.store.write() as session:
        file = kept_files.keep(School(session, world.moment), b"%PDF-1.4\n%%EOF\n", "application/pdf", name="news.pdf")
    words = Content("x" * 130, BroadcastKind.NEWSLETTER, file=file)
    with seen(world, words) as (_school, _made, without), seen_again(_school, _made) as linked:
        assert [look.sms_parts for look in without.looks] == [1]
        assert [look.sms_parts for look in linked.looks] == [2]


@contextmanager
def seen_again(school: School, made: Broadcast) -> Iterator[Preview]:
    yield preview(school, made, public_url="https://bookbag.school.example")


@pytest.mark.parametrize(
    "words, language, fold, parts",
    [
        ("a" * 160, "en", (), 1),
        ("a" * 161, "en", (), 2),
        ("ą" * 70, "pl", (), 1),
        ("ą" * 71, "pl", (), 2),
        ("ą" * 71, "pl", ("pl",), 1),
        ("one – two “three” …", "en", (), 1),
        ("No school today. " * 60, "en", (), 7),  # more than one message holds: 6 parts and 1
    ],
)
def test_parts_are_counted_as_they_are_paid_for(words: str, language: str, fold: tuple[str, ...], parts: int) -> None:
    assert sms_parts(unedited(MONDAY, SchoolSettings(fold_letters=fold)), words, language) == parts


def test_quiet_hours_hold_all_of_it_or_what_a_slow_sender_leaves(school: School) -> None:
    child = a_child(school)
    for _ in range(10):
        a_parent(school, child)
    made = broadcasts.make(school, None, Content("x" * 200))  # two parts
    shown = preview(school, made, at=london("2026-03-02 21:00"))
    assert (shown.held, shown.held_until) == (10, london("2026-03-03 07:00"))
    shown = preview(school, made, at=london("2026-03-02 18:59") + timedelta(seconds=50), per_second={"sms": 1.0, "whatsapp": 20.0})
    assert (shown.held, shown.held_until) == (5, london("2026-03-03 07:00"))  # ten of twenty parts leave
    shown = preview(school, made, at=london("2026-03-02 18:00"), per_second={"sms": 1.0})
    assert (shown.held, shown.held_until) == (0, None)


def test_what_is_urgent_is_held_by_nothing(school: School) -> None:
    a_parent(school, a_child(school))
    made = broadcasts.make(school, None, Content("Hello", is_urgent=True))
    shown = preview(school, made, at=london("2026-03-02 21:00"), per_second={"sms": 0.001})
    assert (shown.held, shown.held_until, shown.plan.leaves_at) == (0, None, london("2026-03-02 21:00"))


def test_it_says_whether_the_month_would_cost_more_than_it_may(school: School) -> None:
    school.settings = SchoolSettings(monthly_cap_pounds=1)
    child = a_child(school)
    for _ in range(13):
        a_parent(school, child).addresses[0].address.first_greeted_at = MONDAY
    one = preview(school, broadcasts.make(school, None, Content("x" * 100)))
    two = preview(school, broadcasts.make(school, None, Content("x" * 200)))
    assert (one.pence, one.cap, one.exceeds_cap) == (52, 100, False)
    assert (two.pence, two.exceeds_cap) == (104, True)


def test_an_audience_that_nobody_reaches_has_no_looks(school: School) -> None:
    child = a_child(school)
    nobody = an_adult(school, child)
    shown = preview(school, broadcasts.make(school, None, Content("Hello", audience=Audience(AudienceKind.CLASS, child.class_id))))
    assert ([adult.id for adult, _ in shown.plan.unreached], shown.looks, shown.pence) == ([nobody.id], [], 0)


def test_each_channel_has_its_price(school: School) -> None:
    child = a_child(school)
    a_parent(school, child)
    a_parent(school, child, channel="telegram")
    (look,) = preview(school, broadcasts.make(school, None, Content("Hello"))).looks
    assert (look.people, look.pence) == ({"sms": 1, "telegram": 1}, {"sms": 4.0, "telegram": 0.0})
    assert set(school.settings.pence) == set(ChannelName)
