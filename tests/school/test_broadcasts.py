"""Broadcasts: each adult is told once and nobody is missed, whatever the clock, the staff and the night of the year do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import insert, select, update

from data.addresses import Address, AddressState
from data.attention import Attention, Need
from data.kept_files import KeptFile
from data.outbox import Lane, Message, OutboxState
from data.people import Adult, AdultAddress, Child, Guardianship
from data.store import Store
from data.texts import Text, TextTranslation
from school import LONDON, School, SchoolSettings, access, addresses, broadcast_runs, broadcasts, costs, kept_files, openers, staff, unreachable
from school.access import Viewer
from school.audiences import Audience, AudienceKind
from school.broadcast_days import AlreadyPast, BadRepeat, NoSuchTime
from school.broadcasts import (
    Broadcast,
    BroadcastKind,
    BroadcastRun,
    BroadcastState,
    Content,
    Dated,
    Nobody,
    NoCheckedPhone,
    NothingToSay,
    NotNow,
    NotYourOwn,
    Repeat,
    StillLeaving,
    WaitsFor,
    When,
)
from school.capability import capabilities
from school.errors import NotThere
from school.openers import Opener
from tests.school.small import MONDAY, a_child, a_member, an_adult, for_now, london

_phones = iter(range(200, 900))
NEWS = Content("The pool is closed.")
CLOSURE = Content("School is closed today.", BroadcastKind.CLOSURE, is_urgent=True)


@pytest.fixture
def parent(school: School, child: Child) -> Adult:
    return a_parent(school, child)


def a_parent(school: School, *children: Child, language: str = "en", number: str = "", channel: str = "sms") -> Adult:
    """An adult who can be written to."""
    made = an_adult(school, *children, language=language)
    number = number or f"+447700900{next(_phones)}"
    kind, value = ("telegram_chat", number[1:]) if channel == "telegram" else ("phone", number)
    addresses.reach(school, made, addresses.at(school, channel, kind, value), 0)
    return made


def at(school: School, clock: str | datetime) -> School:
    """The same school at another time."""
    return School(school.session, london(clock) if isinstance(clock, str) else clock, school.settings)


def viewer(school: School, role: str) -> Viewer:
    return access.viewer(school, a_member(school, role, f"A {role}"))


def sent(school: School, content: Content = NEWS, when: When | None = None, who: Viewer | None = None) -> Broadcast:
    made = broadcasts.make(school, who, content)
    broadcasts.send(school, who, made, when)
    return made


def messages(school: School) -> list[Message]:
    school.session.flush()
    rows = select(Message).where(Message.kind == "broadcast").order_by(Message.id).execution_options(populate_existing=True)
    return list(school.session.scalars(rows))


def told(school: School) -> list[int | None]:
    """Who is told, a line a message."""
    return [row.adult_id for row in messages(school)]


def calls(school: School) -> list[str]:
    """What staff are shown of broadcasts."""
    open_ones = select(Attention.detail).where(Attention.need == Need.BROADCAST, Attention.done_at.is_(None))
    return list(school.session.scalars(open_ones.order_by(Attention.id).execution_options(populate_existing=True)))


def set_all(school: School, state: OutboxState) -> None:
    school.session.execute(update(Message).where(Message.kind == "broadcast").values(state=state, sent_at=school.now, parts=2))


# Now


def test_now_tells_each_adult_once(school: School, parent: Adult, child: Child) -> None:
    several = a_parent(school, child, a_child(school), a_child(school))
    made = sent(school)
    assert told(school) == [parent.id, several.id]
    assert (made.state, [run.people for run in made.runs]) == ("sending", [2])
    first = messages(school)[0]
    assert (first.kind, first.about, first.key) == ("broadcast", {"broadcast": made.id, "run": made.runs[0].id}, f"broadcast:{made.runs[0].id}:{parent.id}")
    assert (first.lane, first.state, first.not_before, first.must_arrive) == (Lane.BROADCAST, "queued", MONDAY, False)


def test_what_is_urgent_passes_quiet_hours_and_all_that_is_not(school: School, parent: Adult) -> None:
    night = at(school, "2026-03-02 05:30")
    sent(night, CLOSURE)
    sent(night)
    urgent, plain = messages(school)
    assert (urgent.lane, urgent.not_before, urgent.must_arrive) == (Lane.URGENT, None, True)
    assert (plain.lane, plain.not_before) == (Lane.BROADCAST, london("2026-03-02 07:00"))


def test_sending_it_again_is_refused(school: School, parent: Adult) -> None:
    made = sent(school)
    with pytest.raises(NotNow):
        broadcasts.send(school, None, made)
    assert told(school) == [parent.id]


def test_two_on_one_phone_in_one_language_get_it_once(school: School, child: Child) -> None:
    one = a_parent(school, child, number="+447700900109", language="vi")
    a_parent(school, child, number="+447700900109", language="vi")
    other = a_parent(school, child, number="+447700900109", language="en")
    sent(school)
    assert told(school) == [one.id, other.id]


@pytest.mark.parametrize("goes", ["nowhere", "elsewhere", "there", "dropped"])
def test_who_shares_a_phone_is_missed_where_it_did_not_come_to_that_phone(school: School, child: Child, office: Viewer, goes: str) -> None:
    one, other = a_parent(school, child, number="+447700900109"), a_parent(school, child, number="+447700900109")
    chat = addresses.at(school, "telegram", "telegram_chat", "447700900110")
    addresses.reach(school, one, chat, 1)
    made = sent(school)
    [message] = messages(school)
    message.state = {"nowhere": OutboxState.FAILED, "dropped": OutboxState.CANCELLED}.get(goes, OutboxState.DELIVERED)
    message.address = chat if goes == "elsewhere" else one.addresses[0].address
    school.session.flush()
    missed = [each.adult.id for each in broadcast_runs.missed(school, office, made.runs[0])]
    assert missed == {"nowhere": [one.id, other.id], "elsewhere": [other.id], "there": [], "dropped": [other.id]}[goes]


def test_whom_no_channel_reaches_is_written_down_for_a_letter(school: School, parent: Adult, child: Child, office: Viewer) -> None:
    nobody = an_adult(school, child)
    stopped = a_parent(school, child)
    stopped.addresses[0].address.state = AddressState.OPTED_OUT
    made = sent(school)
    assert [(row.adult_id, row.state, row.verdict) for row in messages(school)] == [
        (parent.id, "queued", None),
        (nobody.id, "failed", "no_address"),
        (stopped.id, "failed", "no_address"),
    ]
    assert calls(school) == [f"news {made.id} reaches 2 by no channel: print a letter"]
    assert [each.adult.id for each in broadcast_runs.missed(school, office, made.runs[0])] == [nobody.id, stopped.id]
    assert set(unreachable.untold(school, [nobody.id, stopped.id])) == {nobody.id, stopped.id}


def test_there_must_be_words_and_someone_to_read_them(school: School) -> None:
    with pytest.raises(NothingToSay):
        broadcasts.make(school, None, Content("  \n"))
    with pytest.raises(Nobody):
        sent(school)


def test_it_is_translated_for_those_who_are_told(school: School, parent: Adult, child: Child) -> None:
    a_parent(school, child, language="so")
    a_parent(school, a_child(school), language="pl")
    made = sent(school, Content("Bring £2.", BroadcastKind.NEWSLETTER, Audience(AudienceKind.CLASS, child.class_id), dates=[Dated(date(2026, 3, 12), "Trip")]))
    wanted = school.session.scalars(select(TextTranslation).order_by(TextTranslation.text_id))
    assert [(row.text.words, row.language) for row in wanted] == [("Bring £2.", "so"), ("Trip", "so")]
    assert [(each.on, each.what.words) for each in made.dates] == [(date(2026, 3, 12), "Trip")]


@pytest.mark.parametrize("role", ["admin", "teacher", "class"])
def test_who_may_not_write_to_many_is_told_there_is_nothing(school: School, parent: Adult, role: str) -> None:
    who, made = viewer(school, role), broadcasts.make(school, None, NEWS)
    acts: Sequence[Callable[[], object]] = (
        lambda: broadcasts.make(school, who, NEWS),
        lambda: broadcasts.change(school, who, made, NEWS),
        lambda: broadcasts.send(school, who, made),
        lambda: broadcasts.approve(school, who, made),
        lambda: broadcasts.pause(school, who, made),
        lambda: broadcasts.resume(school, who, made),
        lambda: broadcasts.cancel(school, who, made),
        lambda: broadcasts.to_myself(school, who, "Hello"),
        lambda: broadcasts.find(school, who, made.id),
        lambda: broadcasts.listing(school, who),
    )
    for act in acts:
        with pytest.raises(NotThere):
            act()


def test_ten_thousand_are_planned_each_once(sqlite_url: str) -> None:
    with closing(Store(sqlite_url)) as store, store.write() as session:
        school = School(session, MONDAY)
        child, many = a_child(school), range(1, 10_001)
        session.execute(insert(Adult), [{"id": number, "name": f"Parent {number}", "language": ("en", "so", "pl")[number % 3]} for number in many])
        session.execute(insert(Guardianship), [{"adult_id": number, "child_id": child.id} for number in many])
        session.execute(
            insert(Address), [{"id": number, "channel": "telegram", "kind": "telegram_chat", "value": str(number), "state": "usable"} for number in many]
        )
        session.execute(insert(AdultAddress), [{"adult_id": number, "address_id": number, "rank": 0} for number in many])
        sent(school)
        assert len(set(told(school))) == len(told(school)) == 10_000


# At a time


def test_at_a_time_it_waits_for_that(school: School, parent: Adult) -> None:
    made = sent(school, when=When(date(2026, 3, 3), time(8, 0)))
    broadcasts.due(at(school, "2026-03-03 07:59"))
    assert (told(school), made.state, made.next_on) == ([], "planned", date(2026, 3, 3))
    broadcasts.due(at(school, "2026-03-03 08:00"))
    broadcasts.due(at(school, "2026-03-03 08:00"))
    assert (told(school), made.state, made.next_on) == ([parent.id], "sending", None)


def test_who_it_is_for_is_found_when_it_is_sent(school: School, parent: Adult, child: Child) -> None:
    sent(school, when=When(date(2026, 3, 3), time(8, 0)))
    parent.left_on = school.today
    later = a_parent(school, child)
    broadcasts.due(at(school, "2026-03-03 08:01"))
    assert told(school) == [later.id]


@pytest.mark.parametrize("clock, goes", [("2026-03-03 10:59", True), ("2026-03-03 11:01", False), ("2026-03-04 08:00", False)])
def test_a_clock_that_stopped_sends_it_while_it_is_of_use(school: School, parent: Adult, clock: str, goes: bool) -> None:
    made = sent(school, when=When(date(2026, 3, 3), time(8, 0)))
    broadcasts.due(at(school, clock))
    broadcasts.due(at(school, clock))
    missed = [f"news {made.id} was not sent on 2026-03-03 at 08:00: its time passed"]
    assert (told(school), calls(school)) == (([parent.id], []) if goes else ([], missed))
    assert made.state == ("sending" if goes else "draft")


@pytest.mark.parametrize("clock, goes", [("2026-03-04 00:04", True), ("2026-03-04 00:20", False)])
def test_after_midnight_it_is_another_day(school: School, parent: Adult, clock: str, goes: bool) -> None:
    sent(school, when=When(date(2026, 3, 3), time(23, 59)))
    broadcasts.due(at(school, clock))
    assert told(school) == ([parent.id] if goes else [])


def test_a_time_that_is_over_is_refused(school: School, parent: Adult) -> None:
    made = broadcasts.make(school, None, NEWS)
    with pytest.raises(AlreadyPast):
        broadcasts.send(school, None, made, When(date(2026, 3, 2), time(9, 9)))
    broadcasts.send(school, None, made, When(date(2026, 3, 2), time(9, 10)))
    assert told(school) == [parent.id]


@pytest.mark.parametrize(
    "when",
    [
        When(date(2026, 3, 29), time(1, 30)),
        When(date(2026, 3, 15), time(1, 0), Repeat.FORTNIGHTLY, date(2026, 4, 30)),
        When(date(2026, 3, 22), time(1, 59), Repeat.WEEKLY, date(2026, 3, 29)),
    ],
)
def test_a_time_that_the_clock_skips_is_refused(school: School, parent: Adult, when: When) -> None:
    made = broadcasts.make(school, None, NEWS)
    with pytest.raises(NoSuchTime) as refused:
        broadcasts.send(school, None, made, when)
    assert (refused.value.on, refused.value.at) == (date(2026, 3, 29), when.at)
    assert (made.state, made.next_on) == ("draft", None)


def test_a_time_that_comes_twice_is_the_first(school: School, parent: Adult) -> None:
    sent(school, CLOSURE, When(date(2026, 10, 25), time(1, 30)))
    first = datetime(2026, 10, 25, 1, 30, tzinfo=LONDON)
    broadcasts.due(at(school, first - timedelta(seconds=1)))
    assert told(school) == []
    broadcasts.due(at(school, first))
    assert told(school) == [parent.id]
    for minutes in range(0, 120, 10):
        broadcasts.due(at(school, datetime.fromtimestamp(first.timestamp() + 60 * minutes, tz=LONDON)))
    assert told(school) == [parent.id]


@pytest.mark.parametrize(
    "when, clocks",
    [
        (When(date(2026, 3, 6), time(8, 0), Repeat.WEEKLY, date(2026, 3, 20)), ["2026-03-06 08:00", "2026-03-13 08:00", "2026-03-20 08:00"]),
        (When(date(2026, 3, 28), time(8, 0), Repeat.FORTNIGHTLY, date(2026, 4, 12)), ["2026-03-28 08:00", "2026-04-11 08:00"]),
        (When(date(2026, 8, 31), time(8, 0), Repeat.MONTHLY, date(2026, 11, 1)), ["2026-08-31 08:00", "2026-09-28 08:00", "2026-10-26 08:00"]),
        (When(date(2026, 12, 31), time(8, 0), Repeat.MONTHLY, date(2027, 2, 28)), ["2026-12-31 08:00", "2027-01-28 08:00", "2027-02-25 08:00"]),
    ],
)
def test_it_comes_again_until_the_day_that_was_set(school: School, parent: Adult, when: When, clocks: list[str]) -> None:
    made = sent(school, when=when)
    day = datetime.combine(when.on - timedelta(days=1), time(7, 59), tzinfo=LONDON)
    while day.date() <= date(2027, 3, 1):
        for late in (0, 1):  # the clock ticks just before and just after
            broadcasts.due(at(school, day + timedelta(minutes=late)))
        day = datetime.combine(day.date() + timedelta(days=1), time(7, 59), tzinfo=LONDON)
    assert [row.created_at for row in messages(school)] == [london(clock) for clock in clocks]
    assert (made.next_on, made.state) == (None, "sending")


def test_over_a_school_year_each_week_has_its_one_message(school: School, parent: Adult) -> None:
    """From September to July, past both nights on which the clocks change, with a clock that ticks every 170 minutes, and now and then twice."""
    first = date(2026, 9, 4)
    sent(at(school, "2026-09-01 09:00"), when=When(first, time(8, 0), Repeat.WEEKLY, date(2027, 7, 16)))
    moment = london("2026-09-01 09:00").astimezone(UTC)
    for tick in range(24 * 60 * 330 // 170):
        moment += timedelta(minutes=170)
        for _ in range(2 if tick % 7 == 0 else 1):
            broadcasts.due(at(school, moment))
    told_at = [row.created_at.astimezone(LONDON) for row in messages(school)]
    assert [each.date() for each in told_at] == [first + timedelta(weeks=week) for week in range(46)]
    assert {each.hour for each in told_at} <= {8, 9, 10}


@pytest.mark.parametrize(
    "repeats, until", [(Repeat.WEEKLY, None), (None, date(2026, 4, 1)), (Repeat.WEEKLY, date(2026, 3, 1)), (Repeat.MONTHLY, date(2027, 3, 10))]
)
def test_a_repeat_ends_within_a_year(school: School, parent: Adult, repeats: Repeat | None, until: date | None) -> None:
    made = broadcasts.make(school, None, NEWS)
    with pytest.raises(BadRepeat):
        broadcasts.send(school, None, made, When(date(2026, 3, 3), time(8, 0), repeats, until))


@pytest.fixture
def planned(database_url: str) -> Iterator[Store]:
    """A school of thirty families with a broadcast that is due on Tuesday at eight."""
    with closing(Store(database_url)) as store:
        with store.write() as session:
            school = School(session, MONDAY)
            child = a_child(school)
            for number in range(30):
                a_parent(school, child, number=f"+4477009003{number:02}")
            sent(school, when=When(date(2026, 3, 3), time(8, 0)))
        yield store


def tick(store: Store) -> None:
    with store.write() as session:
        broadcasts.due(School(session, london("2026-03-03 08:00")))


def test_a_tick_that_dies_leaves_nothing_half_done(planned: Store) -> None:
    def dies() -> None:
        with planned.write() as session:
            broadcasts.due(School(session, london("2026-03-03 08:00")))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        dies()
    with planned.read() as session:
        assert told(School(session, MONDAY)) == []
    tick(planned)
    with planned.read() as session:
        assert len(set(told(School(session, MONDAY)))) == 30


def test_two_clocks_that_tick_at_once_send_it_once(planned: Store) -> None:
    with ThreadPoolExecutor(4) as clocks:
        for done in [clocks.submit(tick, planned) for _ in range(4)]:
            done.result()
    with planned.read() as session:
        reached = told(School(session, MONDAY))
    assert len(reached) == len(set(reached)) == 30


# Held back, taken back, done


def test_what_has_not_left_is_held_back_and_goes_on(school: School, parent: Adult) -> None:
    made = sent(school)
    broadcasts.pause(school, None, made)
    broadcasts.due(at(school, "2026-03-08 09:00"))
    assert ([row.state for row in messages(school)], made.state) == (["paused"], "paused")
    later = at(school, "2026-03-08 09:00")
    broadcasts.resume(later, None, made)
    assert [(row.state, row.useless_after) for row in messages(school)] == [("queued", london("2026-03-11 09:00"))]
    assert made.state == "sending"


def test_what_is_held_back_plans_nothing_and_catches_up_the_last_day(school: School, parent: Adult) -> None:
    made = sent(school, when=When(date(2026, 3, 3), time(8, 0), Repeat.WEEKLY, date(2026, 3, 31)))
    broadcasts.pause(school, None, made)
    for day in ("2026-03-03", "2026-03-10", "2026-03-17"):
        broadcasts.due(at(school, f"{day} 08:00"))
    broadcasts.resume(at(school, "2026-03-17 09:00"), None, made)
    assert (told(school), calls(school)) == ([parent.id], [])
    assert (made.state, made.next_on) == ("planned", date(2026, 3, 24))


def test_what_is_taken_back_never_leaves(school: School, parent: Adult, child: Child) -> None:
    gone = a_parent(school, child)
    made = sent(school)
    messages(school)[1].state = OutboxState.SENT
    broadcasts.cancel(school, None, made)
    assert [(row.adult_id, row.state, row.waits_as) for row in messages(school)] == [
        (parent.id, "cancelled", "cancelled"),
        (gone.id, "sent", "cancelled"),
    ]
    for act in (broadcasts.pause, broadcasts.resume, broadcasts.cancel, broadcasts.send):
        with pytest.raises(NotNow):
            act(school, None, made)
    assert broadcasts.to_say(school, made.id, parent) is None


def test_what_has_all_left_is_taken_back_while_some_of_it_may_come_back(school: School, parent: Adult) -> None:
    made = sent(school)
    messages(school)[0].address = parent.addresses[0].address
    set_all(school, OutboxState.SENT)
    broadcasts.due(school)
    assert (made.state, broadcasts.may_be_taken_back(school, made)) == ("done", True)
    assert not broadcasts.may_be_taken_back(at(school, "2026-03-06 09:00"), made)
    broadcasts.cancel(school, None, made)
    assert [(row.state, row.waits_as) for row in messages(school)] == [("sent", "cancelled")]


def test_what_telegram_has_is_not_taken_back(school: School, child: Child) -> None:
    """It says no more than that it took it."""
    told_there = a_parent(school, child, channel="telegram")
    made = sent(school)
    messages(school)[0].address = told_there.addresses[0].address
    set_all(school, OutboxState.SENT)
    broadcasts.due(school)
    assert not broadcasts.may_be_taken_back(school, made)


def test_what_has_all_arrived_is_not_taken_back(school: School, parent: Adult) -> None:
    made = sent(school)
    set_all(school, OutboxState.DELIVERED)
    broadcasts.due(school)
    with pytest.raises(NotNow):
        broadcasts.cancel(school, None, made)


def test_what_was_never_sent_is_a_draft_again_and_may_be_sent(school: School, parent: Adult) -> None:
    made = sent(school, when=When(date(2026, 3, 3), time(8, 0)))
    noon = at(school, "2026-03-03 12:00")
    broadcasts.due(noon)
    assert (made.state, made.next_on) == ("draft", None)
    broadcasts.send(noon, None, made)
    assert (made.state, told(school)) == ("sending", [parent.id])


def test_it_is_done_when_all_of_it_has_left(school: School, parent: Adult) -> None:
    made = sent(school)
    broadcasts.due(school)
    assert made.state == BroadcastState.SENDING
    set_all(school, OutboxState.SENT)
    broadcasts.due(school)
    assert made.state == BroadcastState.DONE


def test_it_is_said_only_to_those_whom_it_is_still_for(school: School, parent: Adult, child: Child) -> None:
    made = sent(school, Content("Hello", audience=Audience(AudienceKind.CLASS, child.class_id)))
    assert broadcasts.to_say(school, made.id, parent) is not None
    child.school_class = a_child(school).school_class
    school.session.flush()
    assert broadcasts.to_say(school, made.id, parent) is None
    assert broadcasts.to_say(school, 999, parent) is None


def test_what_was_sent_keeps_its_words_when_it_is_changed(school: School, parent: Adult) -> None:
    made = sent(school, when=When(date(2026, 3, 3), time(8, 0), Repeat.WEEKLY, date(2026, 3, 31)))
    first = made.text
    broadcasts.change(school, None, made, Content("Bring a towel."))
    assert (made.text is first, first.words) == (True, "Bring a towel.")
    broadcasts.due(at(school, "2026-03-03 08:00"))
    set_all(school, OutboxState.SENT)
    broadcasts.change(school, None, made, Content("Bring two."))
    broadcasts.change(school, None, made, Content("Bring three."))
    assert (made.text.words, first.words, made.runs[0].text.words, made.state) == ("Bring three.", "Bring a towel.", "Bring a towel.", "planned")
    said = broadcasts.to_say(school, made.id, parent, made.runs[0].id)
    assert (said and said.text.words) == "Bring a towel."
    assert len(school.session.scalars(select(Text)).all()) == 2


def test_it_is_not_changed_while_some_of_it_has_not_left(school: School, parent: Adult) -> None:
    """Else what is worded last would say to this family what nobody has agreed to for them."""
    made = sent(school, when=When(date(2026, 3, 3), time(8, 0), Repeat.WEEKLY, date(2026, 3, 31)))
    broadcasts.due(at(school, "2026-03-03 08:00"))
    with pytest.raises(StillLeaving):
        broadcasts.change(school, None, made, Content("Bring a towel."))
    assert made.text.words == NEWS.words


class TestWhatIsChanged:
    def test_keeps_the_dates_that_stay_as_they_are_and_throws_away_the_others(self, school: School, parent: Adult) -> None:
        trip, fair = Dated(date(2026, 3, 12), "Trip"), Dated(date(2026, 3, 19), "Fair", time(14, 0))
        made = broadcasts.make(school, None, Content("News", dates=[trip, fair]))
        before = {row.what.words: row.what.id for row in made.dates}
        broadcasts.change(school, None, made, Content("News", dates=[fair, replace(trip, what="Long trip")]))
        assert [row.what.id == before["Fair"] for row in made.dates if row.what.words == "Fair"] == [True]
        assert sorted(text.words for text in school.session.scalars(select(Text))) == ["Fair", "Long trip", "News"]

    def test_throws_away_a_document_that_nobody_was_sent(self, school: School, parent: Adult) -> None:
        one, two, three = (kept_files.keep(school, b"%PDF-1.4\n%%EOF\n", "application/pdf", name=f"{name}.pdf") for name in ("one", "two", "three"))
        made = broadcasts.make(school, None, Content("News", file=one))
        broadcasts.change(school, None, made, Content("News", file=two))
        broadcasts.send(school, None, made, When(date(2026, 3, 3), time(8, 0), Repeat.WEEKLY, date(2026, 3, 31)))
        broadcasts.due(at(school, "2026-03-03 08:00"))
        set_all(school, OutboxState.SENT)
        broadcasts.change(school, None, made, Content("News", file=three))
        school.session.flush()
        assert [kept.name for kept in school.session.scalars(select(KeptFile).order_by(KeptFile.id))] == ["two.pdf", "three.pdf"]


# Someone's yes


@pytest.fixture
def careful(school: School) -> School:
    """A school that wants a second person's yes."""
    school.settings = SchoolSettings(second_person=True)
    return school


def test_a_second_person_agrees_and_not_who_wrote_it(careful: School, parent: Adult, office: Viewer) -> None:
    made = sent(careful, who=office)
    assert (made.state, made.waits_for, told(careful)) == ("waiting", WaitsFor.SECOND_PERSON, [])
    assert calls(careful) == [f"news {made.id} waits for a second person's yes"]
    broadcasts.due(careful)
    with pytest.raises(NotYourOwn):
        broadcasts.approve(careful, office, made)
    second = viewer(careful, "senior")
    broadcasts.approve(careful, second, made)
    assert (told(careful), calls(careful), made.approved_by_id) == ([parent.id], [], second.staff.id)
    with pytest.raises(NotNow):
        broadcasts.approve(careful, second, made)


@pytest.mark.parametrize("role, kind, waits", [("senior", "closure", False), ("lead", "closure", False), ("senior", "news", True), ("office", "closure", True)])
def test_a_closure_by_a_leader_needs_nobodys_yes(careful: School, parent: Adult, role: str, kind: BroadcastKind, waits: bool) -> None:
    made = sent(careful, Content("Closed", kind), who=viewer(careful, role))
    assert (made.state == "waiting", told(careful)) == (waits, [] if waits else [parent.id])


def test_what_is_changed_must_be_agreed_to_again(careful: School, parent: Adult, office: Viewer) -> None:
    made, second = sent(careful, when=When(date(2026, 3, 3), time(8, 0)), who=office), viewer(careful, "senior")
    broadcasts.approve(careful, second, made)
    assert made.state == "planned"
    broadcasts.change(careful, second, made, Content("Something else"))
    assert (made.state, calls(careful)) == ("waiting", [f"news {made.id} waits for a second person's yes"])
    with pytest.raises(NotYourOwn):
        broadcasts.approve(careful, second, made)
    broadcasts.approve(careful, office, made)
    assert (made.state, calls(careful)) == ("planned", [])


def test_a_yes_that_comes_late_sends_it_at_once(careful: School, parent: Adult, office: Viewer) -> None:
    made = sent(careful, when=When(date(2026, 3, 3), time(8, 0), Repeat.WEEKLY, date(2026, 3, 31)), who=office)
    broadcasts.approve(at(careful, "2026-03-12 15:00"), viewer(careful, "lead"), made)
    assert told(careful) == [parent.id]
    assert (made.state, made.next_on) == ("planned", date(2026, 3, 17))


@pytest.fixture
def thrifty(school: School) -> School:
    """A school that spends a pound a month."""
    school.settings = SchoolSettings(monthly_cap_pounds=1)
    return school


def test_what_exceeds_the_cap_waits_and_says_so(thrifty: School, child: Child, office: Viewer) -> None:
    family = [a_parent(thrifty, child).id for _ in range(13)]
    made = broadcasts.make(thrifty, office, NEWS)
    broadcasts.measured(made, {"en": 2})  # 13 x 2 x 4p = £1.04
    broadcasts.send(thrifty, office, made)
    assert (made.state, made.waits_for, told(thrifty)) == ("waiting", WaitsFor.MONEY, [])
    assert calls(thrifty) == [f"news {made.id} waits for a yes to more than the month may cost"]
    broadcasts.approve(thrifty, office, made)
    assert (told(thrifty), calls(thrifty)) == (family, [])


def test_what_is_promised_counts_as_spent_and_what_is_urgent_does_not_wait(thrifty: School, child: Child) -> None:
    for _ in range(13):
        a_parent(thrifty, child)
    first, second, urgent = (broadcasts.make(thrifty, None, content) for content in (NEWS, NEWS, CLOSURE))
    for each in (first, second, urgent):
        broadcasts.measured(each, {"en": 1})
        broadcasts.send(thrifty, None, each)
    assert [each.state for each in (first, second, urgent)] == ["sending", "waiting", "sending"]
    assert (costs.promised(thrifty), costs.spent(thrifty)) == (104.0, 0)


def test_what_costs_nothing_waits_for_no_money(school: School, child: Child) -> None:
    school.settings = SchoolSettings(monthly_cap_pounds=0)
    a_parent(school, child, channel="telegram")
    assert sent(school).state == "sending"


def test_what_reaches_nobody_is_promised_to_no_provider(thrifty: School, parent: Adult, child: Child) -> None:
    an_adult(thrifty, child)
    made = broadcasts.make(thrifty, None, NEWS)
    broadcasts.measured(made, {"en": 1})
    broadcasts.send(thrifty, None, made)
    assert costs.promised(thrifty) == 4.0


def test_a_language_that_was_not_measured_counts_as_the_longest(school: School) -> None:
    people = {("en", "sms"): 10, ("so", "sms"): 2, ("so", "telegram"): 5, ("pl", "whatsapp"): 10}
    assert costs.pence_for(school, people, {"en": 1, "pl": 2}) == 10 * 4 + 2 * 2 * 4 + 0 + 10 * 0.4
    assert costs.pence_for(school, {("en", "sms"): 1}, {}) == costs.UNMEASURED * 4


# What would happen, what has happened, what it cost


def test_the_plan_says_how_many_by_which_way_and_who_not(school: School, parent: Adult, child: Child) -> None:
    a_parent(school, child, language="so"), a_parent(school, child, language="so", channel="telegram")
    nobody = an_adult(school, child)
    landline = a_parent(school, child, number="+442079460000")
    a_parent(school, child, number=parent.addresses[0].address.value)
    plan = broadcasts.plan(school, Audience())
    assert plan.people == {("en", "sms"): 1, ("so", "sms"): 1, ("so", "telegram"): 1}
    assert (plan.count, plan.sharing, plan.languages) == (3, 1, ["en", "so"])
    assert {(adult.id, why) for adult, why in plan.unreached} == {(nobody.id, unreachable.Why.NO_ADDRESS), (landline.id, unreachable.Why.LANDLINE)}
    assert (plan.leaves_at, plan.is_held) == (MONDAY, False)


def test_the_plan_counts_who_can_be_written_to_then(school: School, child: Child) -> None:
    """WhatsApp's window is open for a day after they wrote."""
    a_parent(school, child, channel="whatsapp").addresses[0].address.last_heard_at = MONDAY
    school.session.flush()
    assert broadcasts.plan(school, Audience()).people == {("en", "whatsapp"): 1}
    tomorrow = broadcasts.plan(school, Audience(), at=london("2026-03-03 12:00"))
    assert (tomorrow.people, [why for _, why in tomorrow.unreached]) == ({}, [unreachable.Why.WINDOW_CLOSED])


def test_the_plan_says_who_is_asked_to_open_whatsapp_and_where_nobody_asks(school: School, child: Child) -> None:
    for language in ("es", "so"):
        adult = a_parent(school, child, language=language, channel="whatsapp")
        addresses.reach(school, adult, addresses.at(school, "sms", "phone", f"+4477009006{adult.id:02}"), 1)
    a_parent(school, child, language="es", channel="whatsapp")
    openers.keep(school, {"es": Opener("HX1", "Hay algo de {{1}} para usted.", "ABRIR")})
    plan = broadcasts.plan(school, Audience())
    assert (plan.people, plan.asked, plan.shut, plan.unreached) == ({("es", "whatsapp"): 2, ("so", "sms"): 1}, 2, {"so": 1}, ())
    urgent = broadcasts.plan(school, Audience(), is_urgent=True)
    assert (urgent.people, urgent.asked, urgent.shut) == ({("es", "whatsapp"): 1, ("es", "sms"): 1, ("so", "sms"): 1}, 1, {"es": 1, "so": 1})


def test_the_plan_says_what_quiet_hours_do(school: School, parent: Adult) -> None:
    night = london("2026-03-02 21:00")
    plan = broadcasts.plan(school, Audience(), at=night)
    assert (plan.leaves_at, plan.is_held) == (london("2026-03-03 07:00"), True)
    urgent = broadcasts.plan(school, Audience(), at=night, is_urgent=True)
    assert (urgent.leaves_at, urgent.is_held) == (night, False)


def test_how_far_it_has_come_is_counted_by_language_channel_and_state(school: School, parent: Adult, child: Child) -> None:
    somali = a_parent(school, child, language="so")
    an_adult(school, child)
    made, other = sent(school), sent(school)
    first, second, _third = (row for row in messages(school) if row.about["broadcast"] == made.id)
    first.state, first.address = OutboxState.DELIVERED, parent.addresses[0].address
    second.state, second.address = OutboxState.READ, somali.addresses[0].address
    school.session.flush()
    progress = broadcast_runs.progress(school, made.runs[0])
    assert progress.people == 2
    assert progress.messages == {("en", "sms", "delivered"): 1, ("so", "sms", "read"): 1, ("en", "", "failed"): 1}
    assert broadcast_runs.progress(school, other.runs[0]).messages == {("en", "", "failed"): 1, ("en", "", "queued"): 1, ("so", "", "queued"): 1}


def test_what_the_month_cost_is_told_by_kind_class_language_and_channel(school: School, parent: Adult, child: Child) -> None:
    both = a_parent(school, child, a_child(school), language="so")
    sent(school, CLOSURE)
    for row, adult in zip(messages(school), (parent, both), strict=True):
        row.address = adult.addresses[0].address
    school.session.add(
        Message(uid="u", key="k", trace="t", kind="reply", adult_id=parent.id, address=parent.addresses[0].address, text="Hi", created_at=school.now)
    )
    school.session.flush()
    school.session.execute(update(Message).values(state=OutboxState.SENT, sent_at=school.now, parts=2))
    lines = [(cost.kind, cost.school_class, cost.language, cost.channel, cost.messages, cost.parts, cost.pence) for cost in costs.month(school, school.today)]
    assert lines == [
        ("closure", "", "so", "sms", 1, 2, 8.0),
        ("closure", child.school_class.name, "en", "sms", 1, 2, 8.0),
        ("reply", child.school_class.name, "en", "sms", 1, 2, 8.0),
    ]
    assert costs.spent(school) == 24.0
    assert costs.month(school, date(2026, 2, 10)) == costs.month(school, date(2026, 4, 10)) == []


def test_a_test_goes_to_the_checked_mobile_of_whoever_asks(school: School, office: Viewer) -> None:
    with pytest.raises(NoCheckedPhone):
        broadcasts.to_myself(school, office, "Hello")
    staff.reach_by_text(school, office.staff, "+447700900904")
    with pytest.raises(NoCheckedPhone):
        broadcasts.to_myself(school, office, "Hello")
    staff.reach_by_text(school, office.staff, "+447700900904", is_checked=True)
    broadcasts.to_myself(school, office, "Hello")
    made = school.session.scalars(select(Message)).one()
    assert (made.kind, made.text, made.adult_id, made.address and made.address.value) == ("broadcast_test", "Hello", None, "+447700900904")


def test_the_newest_stands_first(school: School, office: Viewer) -> None:
    one, two = broadcasts.make(school, office, NEWS), broadcasts.make(school, office, CLOSURE)
    assert broadcasts.listing(school, office) == [two, one]
    assert broadcasts.find(school, office, one.id) is one
    with pytest.raises(NotThere):
        broadcasts.find(school, office, 999)


def test_what_an_adult_was_told_is_exported_erased_and_forgotten_after_a_year(school: School, parent: Adult) -> None:
    ours = next(each for each in capabilities() if each.name == "broadcasts")
    assert ours.export is not None and ours.erase is not None and ours.retain is not None  # noqa: PT018
    file = kept_files.keep(school, b"%PDF-1.4\n%%EOF\n", "application/pdf", name="news.pdf")
    made = sent(school, Content("Hello", file=file, dates=[Dated(date(2026, 3, 12), "Trip", time(9, 0))]))
    assert ours.export(school, parent) == {"broadcasts": [{"at": MONDAY.astimezone(school.now.tzinfo).isoformat(), "state": "queued", "words": ""}]}
    ours.erase(school, parent)
    assert told(school) == []
    broadcasts.due(school)
    with for_now(school, MONDAY + timedelta(days=364)) as later:
        ours.retain(later)
        assert later.session.get(Broadcast, made.id) is not None
    with for_now(school, MONDAY + timedelta(days=366)) as later:
        ours.retain(later)
        assert [later.session.scalars(select(kind)).all() for kind in (Broadcast, BroadcastRun, type(file), type(made.text))] == [[], [], [], []]


# Whatever happens in whatever order


class Weeks(RuleBasedStateMachine):
    """Staff plan, hold back and take back while the clock ticks, ticks twice or stops, over a night on which the clocks go forward."""

    database_url = ""

    @initialize(hours=st.lists(st.sampled_from([1, 2, 24, 47]), min_size=1, max_size=3), repeats=st.none() | st.sampled_from(Repeat))
    def begin(self, hours: list[int], repeats: Repeat | None) -> None:
        self.store = Store(self.database_url)
        self.transaction = self.store.write()
        self.school = School(self.transaction.__enter__(), london("2026-03-27 09:00"))
        self.child = a_child(self.school)
        self.family: list[Adult] = []
        self.another_family()
        self.made: list[Broadcast] = []
        self.owed: dict[tuple[int, date], set[int]] = {}
        for ahead in hours:
            self.plan(ahead, repeats, urgent=False)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.school.session.rollback()
            self.transaction.__exit__(None, None, None)
            self.store.close()

    def of(self, number: int, *states: BroadcastState) -> Broadcast | None:
        fitting = [each for each in self.made if each.state in states]
        return fitting[number % len(fitting)] if fitting else None

    def tick(self) -> None:
        """One tick; what fell due at it is owed to everyone who is there."""
        for each in self.made:
            if each.state == "planned" and each.next_on is not None:
                late = self.school.now - datetime.combine(each.next_on, each.at or time(), tzinfo=LONDON)
                if timedelta() <= late <= timedelta(hours=3) and each.next_on == self.school.today:
                    self.owed.setdefault((each.id, each.next_on), {adult.id for adult in self.family})
        broadcasts.due(self.school)

    @rule(ahead=st.sampled_from([None, 0, 1, 2, 24, 47]), repeats=st.none() | st.sampled_from(Repeat), urgent=st.booleans())
    def plan(self, ahead: int | None, repeats: Repeat | None, urgent: bool) -> None:
        """Now, or so many hours ahead."""
        when = None
        if ahead is not None:
            clock = (self.school.now + timedelta(hours=ahead)).replace(tzinfo=None)
            when = When(clock.date(), clock.time(), repeats, clock.date() + timedelta(days=40) if repeats else None)
        made = broadcasts.make(self.school, None, Content("Hello", is_urgent=urgent))
        try:
            broadcasts.send(self.school, None, made, when)
        except NoSuchTime:
            return
        self.made.append(made)
        if not ahead:
            self.owed[made.id, self.school.today] = {adult.id for adult in self.family}

    @rule()
    def another_family(self) -> None:
        self.family.append(a_parent(self.school, self.child, number=f"+44770090{len(self.family):04}"))

    @rule(number=st.integers(0, 9))
    def pause(self, number: int) -> None:
        if (each := self.of(number, BroadcastState.PLANNED, BroadcastState.SENDING)) is not None:
            broadcasts.pause(self.school, None, each)

    @precondition(lambda self: self.of(0, BroadcastState.PAUSED))
    @rule(number=st.integers(0, 9))
    def resume(self, number: int) -> None:
        if (each := self.of(number, BroadcastState.PAUSED)) is not None:
            broadcasts.resume(self.school, None, each)

    @rule(number=st.integers(0, 9))
    def cancel(self, number: int) -> None:
        if (each := self.of(number, *BroadcastState)) is not None and each.state not in ("done", "cancelled"):
            broadcasts.cancel(self.school, None, each)

    @rule(hours=st.sampled_from([1, 2, 16, 25]), twice=st.booleans())
    def time_passes(self, hours: int, twice: bool) -> None:
        """Hour after hour the clock ticks, and another ticks beside it."""
        for _ in range(hours):
            self.pass_time(timedelta(hours=1))
            self.tick()
            if twice:
                broadcasts.due(self.school)

    @rule(hours=st.sampled_from([2, 3, 4, 26, 75, 400]))
    def the_clock_stops(self, hours: int) -> None:
        self.pass_time(timedelta(hours=hours))
        self.tick()

    def pass_time(self, by: timedelta) -> None:
        self.school.session.flush()
        moment = datetime.fromtimestamp(self.school.now.timestamp() + by.total_seconds(), tz=LONDON)
        self.school = School(self.school.session, moment, self.school.settings)

    @invariant()
    def nobody_is_told_twice(self) -> None:
        """What comes once comes to each once, whatever day it is written down for; what comes again, at most once for each of its days."""
        if hasattr(self, "store"):
            often = Counter((broadcast_id, adult) for broadcast_id, _, adult in self.written())
            most = {each.id: 1 + (self.school.today - each.on).days // 7 if each.repeats and each.on else 1 for each in self.made}
            assert [key for key, times in often.items() if times > most[key[0]]] == []

    @invariant()
    def nobody_is_missed(self) -> None:
        if hasattr(self, "store"):
            written = set(self.written())
            assert [key for key, adults in self.owed.items() for adult in adults if (*key, adult) not in written] == []

    @invariant()
    def what_is_held_or_taken_back_does_not_leave(self) -> None:
        if hasattr(self, "store"):
            halted = {each.id for each in self.made if each.state in (BroadcastState.PAUSED, BroadcastState.CANCELLED)}
            assert [row.id for row in messages(self.school) if row.about["broadcast"] in halted and row.state == "queued"] == []

    def written(self) -> list[tuple[int, date, int]]:
        days = {run.id: (run.broadcast_id, run.on) for run in self.school.session.scalars(select(BroadcastRun))}
        return [(*days[row.about["run"]], row.adult_id or 0) for row in messages(self.school)]


def test_whatever_happens_nobody_is_told_twice_and_nobody_is_missed(database_url: str) -> None:
    Weeks.database_url = database_url
    examples = 60 if database_url.startswith("sqlite") else 15
    run_state_machine_as_test(Weeks, settings=settings(max_examples=examples, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)))


class TestADraft:
    def test_says_when_it_is_meant_to_leave_and_is_not_sent_by_that(self, school: School, parent: Adult) -> None:
        made = broadcasts.make(school, None, NEWS)
        broadcasts.intend(school, None, made, When(date(2026, 3, 5), time(16), Repeat.WEEKLY, date(2026, 3, 19)))
        assert (made.on, made.at, made.repeats, made.until) == (date(2026, 3, 5), time(16), Repeat.WEEKLY, date(2026, 3, 19))
        broadcasts.due(at(school, "2026-03-05 16:00"))
        assert (made.state, told(school)) == (BroadcastState.DRAFT, [])
        with pytest.raises(AlreadyPast):
            broadcasts.intend(school, None, made, When(date(2026, 3, 1), time(16)))
        broadcasts.intend(school, None, made, None)
        assert (made.on, made.at, made.repeats, made.until) == (None, None, None, None)

    def test_is_thrown_away_with_its_document(self, school: School, parent: Adult) -> None:
        file = kept_files.keep(school, b"%PDF-1.7\n%%EOF\n", "application/pdf")
        made = broadcasts.make(school, None, Content("News", file=file, dates=[Dated(date(2026, 3, 12), "Fair")]))
        broadcasts.discard(school, None, made)
        assert (school.session.get(Broadcast, made.id), kept_files.find(school, file.id)) == (None, None)

    def test_what_was_sent_is_neither_thrown_away_nor_meant_for_another_time(self, school: School, parent: Adult) -> None:
        made = sent(school)
        with pytest.raises(NotNow):
            broadcasts.discard(school, None, made)
        with pytest.raises(NotNow):
            broadcasts.intend(school, None, made, None)

    def test_what_waits_for_a_yes_is_found(self, school: School, parent: Adult) -> None:
        strict = School(school.session, school.now, replace(school.settings, second_person=True))
        office = viewer(strict, "office")
        first, second = sent(strict, who=office), sent(strict, who=office)
        assert [each.id for each in broadcasts.waiting(strict, office)] == [first.id, second.id]
        with pytest.raises(NotThere):
            broadcasts.waiting(strict, viewer(strict, "teacher"))
