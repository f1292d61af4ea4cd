"""Plays a transcript: says what the parent says, and writes down what the school answers. CONTRIBUTING explains the signs.

#  why this conversation is kept
now: Mon 2026-03-02 09:10    as: Amina, sms, so     when it is, who writes, on which channel, and in which language (English if none stands there)
>  what the parent writes; '> [Book it]' presses a button; '>+' is sent right after the line before, without waiting for an answer
<  what the school answers
@  what happens meanwhile
=  what is true afterwards
$  what it cost
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.channels.base import ChannelName, InboundKind
from bot.transcript import school_line
from data.absence import Absence
from data.appointments import Appointment, AppointmentState, Waiting
from data.attention import Attention
from data.collection import CollectionRequest
from data.people import Adult
from school import (
    LONDON,
    School,
    absence,
    absence_list,
    access,
    appointments,
    book,
    class_lines,
    collection,
    demo,
    diary,
    evenings,
    families,
    invitations,
    missing,
)
from school.access import Viewer
from school.appointments import MeetingKind, Terms
from school.slots import Slot
from tests import transcripts
from tests.world import World
from translations.sms import segments

OFFICE = "Mrs Doyle"
DEMO_ABSENT = ("Noah", "Jayden")
"""Whom the demo school itself has on its list."""
HEADING = re.compile(r"now: (?P<now>\w{3} [\d-]+ [\d:]+)\s+as: (?P<who>[^,]+), (?P<channel>\w+)(?:, (?P<language>[\w-]+))?")


def first_moment(path: Path) -> datetime:
    """When the transcript begins, on the school's clock."""
    found = HEADING.search(path.read_text("utf-8"))
    assert found is not None, f"{path}: no line 'now: … as: …'"
    return _clock(found["now"])


def play(path: Path, world: World) -> str:
    """The transcript as the school answers it today."""
    return "\n".join(Play(world).lines(path.read_text("utf-8").splitlines())) + "\n"


class Play:
    """One playing of one transcript."""

    def __init__(self, world: World) -> None:
        self.world, self.who, self.channel = world, "", "sms"
        self.seen: dict[tuple[str, str], int] = {}
        self.written = self.parts = 0

    def lines(self, given: list[str]) -> Iterator[str]:
        """Each line as it should read; answers are the school's own."""
        given = [line for line in given if not line.startswith(("<", "$"))]
        for line, following in zip(given, [*given[1:], ""], strict=True):
            if line.startswith("="):
                yield f"= {self._fact(line[1:].partition(':')[0].strip())}"
                continue
            yield line
            self._act(line)
            if line.startswith(("now:", ">", "@")) and not following.startswith(">+"):
                yield from self._answers()
        if self.written:
            yield f"$ {_count(self.written, 'text')} from the parent, {_count(self.parts, 'message part')} from the school"

    def _act(self, line: str) -> None:
        if heading := HEADING.match(line):
            self.world.moment = _clock(heading["now"])
            self.who, self.channel = heading["who"].strip(), heading["channel"]
            if heading["language"]:
                self.world.speak(self.who, heading["language"])
            self.world.house.ticker.tick()
        elif line.startswith(">"):
            self._write(line.lstrip(">+").strip())
        elif line.startswith("@"):
            self._happen(line[1:].strip())

    def _write(self, text: str) -> None:
        phone = self.world.phones[ChannelName(self.channel)]
        address = self.world.address(self.who, self.channel)
        self.written += 1
        shown = phone.sent.get(address, [])
        button = next((button for row in reversed(shown) for button in row.buttons if text == f"[{button.label}]"), None)
        said = phone.says(address, button.label, payload=button.id) if button else phone.says(address, text)
        self.world.receive(said)

    def _answers(self) -> Iterator[str]:
        self.world.settle()
        key = (self.world.address(self.who, self.channel), self.channel)
        shown = self.world.phones[ChannelName(self.channel)].sent.get(key[0], [])
        for message in shown[self.seen.get(key, 0) :]:
            self.parts += segments(message.text) if self.channel == "sms" else 1
            yield school_line(message)
        self.seen[key] = len(shown)

    def _happen(self, event: str) -> None:
        for pattern, act in ACTS.items():
            if found := re.fullmatch(pattern, event):
                act(self.world, *found.groups())
                return
        for pattern, action in EVENTS.items():
            if found := re.fullmatch(pattern, event):
                action(self, *found.groups())
                return
        raise AssertionError(f"nobody knows how this happens: {event}")

    def _fact(self, query: str) -> str:
        for pattern, read in FACTS.items():
            if found := re.fullmatch(pattern, query):
                with self.world.house.store.read() as session:
                    school = School(session, self.world.moment, self.world.house.school_settings)
                    return f"{query}: {'; '.join(read(school, *found.groups())) or 'none'}"
        raise AssertionError(f"nobody knows how to look this up: {query}")


def _books(play: Play, name: str, when: str) -> None:
    """Someone else books a time with their child's teacher, by the same rules."""
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        adult = demo.adult(school, name)
        child = families.children(school, adult, "book")[0]
        teacher = child.school_class.teacher
        assert teacher is not None
        free = appointments.offers(school, teacher, MeetingKind.TEACHER, adult).slots
        appointments.book(school, _named(free, when), child, adult, Terms())


def _fills(play: Play, teacher: str) -> None:
    """All of a teacher's times are taken, by one parent after the other."""
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        staff = demo.member(school, teacher)
        others = [adult for adult in session.scalars(select(Adult).order_by(Adult.id)) if not adult.name.startswith(play.who)]
        bookers = [(adult, child) for adult in others for child in families.children(school, adult, "book") if child.school_class.teacher_id == staff.id]
        while free := appointments.offers(school, staff, MeetingKind.TEACHER, bookers[0][0]).slots:
            adult, child = bookers[len(free) % len(bookers)]
            appointments.book(school, free[0], child, adult, Terms())


def _cancels(play: Play, name: str) -> None:
    """Someone else calls off their next appointment."""
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        adult = demo.adult(school, name)
        appointments.cancel(school, appointments.upcoming(school, adult)[0], adult)
    play.world.house.ticker.tick()


def _cancels_first(play: Play, teacher: str) -> None:
    """The family that has the teacher's first time calls it off."""
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        staff = demo.member(school, teacher)
        booked = select(Appointment).where(Appointment.state == AppointmentState.BOOKED, Appointment.starts_at > school.now).order_by(Appointment.starts_at)
        first = next(row for row in session.scalars(booked) if row.staff[0].id == staff.id)
        appointments.cancel(school, first, first.adult)
    play.world.house.ticker.tick()


def _writes_in_the_book(play: Play, child: str, phrases: str, line: str | None) -> None:
    """The child's teacher writes the page of the day: ids of phrases, and after a semicolon a line in their own words."""
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        young = demo.child(school, child)
        assert young.school_class.teacher is not None
        who = access.viewer(school, young.school_class.teacher)
        book.write(school, who, young, phrases=phrases.split(", "), line=line or "")


def _goes_home(play: Play, child: str) -> None:
    """The teacher sends a page home now."""
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        young = demo.child(school, child)
        assert young.school_class.teacher is not None
        assert book.go_home_now(school, access.viewer(school, young.school_class.teacher), young)


def _staff_books(play: Play, name: str, when: str) -> None:
    """Someone at the school books for a family that is on the telephone."""
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        adult = demo.adult(school, name)
        child = families.children(school, adult, "book")[0]
        choice = diary.kinds_for(school, _office(school), child)[0]
        slot = _named(diary.offered(school, choice, child, adult), when)
        diary.book(school, slot, child, adult, appointments.usual_terms(school, adult))


def _staff_moves(play: Play, whose: str, name: str, when: str) -> None:
    """Someone at the school moves the next appointment of a family: on its own account, or because the family asked."""
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        appointment = appointments.upcoming(school, demo.adult(school, name))[0]
        slot = _named(diary.other_times(school, appointment), when)
        diary.move(school, _office(school), appointment, slot, family_asked=whose == "the office, as asked,")


def _staff_cancels(play: Play, whose: str, name: str) -> None:
    """Someone at the school calls off the next appointment of a family: on its own account, or because the family asked."""
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        appointment = appointments.upcoming(school, demo.adult(school, name))[0]
        diary.cancel(school, _office(school), appointment, family_asked=whose == "the office, as asked,")


def _no_evening(play: Play) -> None:
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        for evening in evenings.upcoming(school):
            evenings.remove(school, evening)


def _withdraws(play: Play, name: str) -> None:
    """The school takes back what it asked a family to book."""
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        for child in families.children(school, demo.adult(school, name), "book"):
            for asked in invitations.open_for(school, child):
                invitations.withdraw(school, asked)


def _office(school: School) -> Viewer:
    return access.viewer(school, demo.member(school, "Mrs Doyle"))


def _named(slots: Sequence[Slot], when: str) -> Slot:
    return next(slot for slot in slots if when in f"{slot.clock:%a} {slot.clock.day} {slot.clock:%B, %H:%M}")


def _pass(play: Play, count: str, unit: str) -> None:
    play.world.pass_time(timedelta(**{f"{unit}s": int(count)}))


def _sends(play: Play, what: str) -> None:
    phone = play.world.phones[ChannelName(play.channel)]
    play.world.receive(phone.says(play.world.address(play.who, play.channel), kind=InboundKind(what)))


def _rings(play: Play) -> None:
    """Whoever writes rings the school's number; their call comes in as Twilio's would."""
    number = play.world.address(play.who, play.channel)
    play.world.receive(play.world.phones[ChannelName.SMS].says(number, kind=InboundKind.CALL))


def _writes_to(play: Play, name: str, channel: str) -> None:
    play.who, play.channel = name, channel


def _asks_after(play: Play, names: str) -> None:
    """The office pastes who is not in class, and asks after them."""
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        children = missing.settled(school, missing.read_missing(school, names), {})
        absence.chase(school, children, school.today, demo.member(school, OFFICE))


def _finds(play: Play, name: str) -> None:
    """A child was in class after all."""
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        chase = absence.chase_of(school, demo.child(school, name), school.today)
        assert chase is not None
        absence.take_back(school, chase, demo.member(school, OFFICE))


def _decides(play: Play, name: str, outcome: str) -> None:
    """The office rings the number it holds about someone's oldest request, and decides."""
    with play.world.house.store.write() as session:
        school = School(session, play.world.moment, play.world.house.school_settings)
        request = next(row for row in collection.open_requests(school) if row.adult.id == demo.adult(school, name).id)
        rule = collection.agree if outcome == "agrees" else collection.refuse
        rule(school, request, demo.member(school, OFFICE), collection.numbers_held(school, request)[0], "rang")


EVENTS: dict[str, Callable[..., None]] = {
    r"the office books for (\w+): (.+)": _staff_books,
    r"(the office|the office, as asked,) moves (\w+) to (.+)": _staff_moves,
    r"(the office|the office, as asked,) calls off for (\w+)": _staff_cancels,
    r"the parents' evening is off": _no_evening,
    r"the school does not ask (\w+) any more": _withdraws,
    r"(\w+) books (.+)": _books,
    r"(\w+) calls off": _cancels,
    r"all of (.+)'s times are taken": _fills,
    r"one of (.+)'s times is called off": _cancels_first,
    r"the class writes about (\w+): ([\w, ]+)(?:; (.+))?": _writes_in_the_book,
    r"the page of (\w+) is sent home": _goes_home,
    r"(\d+) (minute|hour|day|second)s? pass(?:es)?": _pass,
    r"sends a (photo|voice|location)": _sends,
    r"rings": _rings,
    r"now as: ([^,]+), (\w+)": _writes_to,
    r"the office asks after (.+)": _asks_after,
    r"(\w+) is found in class": _finds,
    r"the office rings (\w+) and (agrees|does not agree)": _decides,
}


def _appointments_of(school: School, name: str) -> list[str]:
    booked = appointments.upcoming(school, demo.adult(school, name))
    return [f"{row.starts_at.astimezone(LONDON):%a %-d %B, %H:%M} with {row.staff[0].name} about {row.child.first_name}" for row in booked]


def _attention(school: School) -> list[str]:
    rows = school.session.scalars(select(Attention).where(Attention.done_at.is_(None)).order_by(Attention.id))
    return [" ".join(filter(None, [row.need, f"({row.detail})" if row.detail else "", f"'{row.text}'" if row.text else ""])) for row in rows]


def _for_the_class(school: School, child: str) -> list[str]:
    young = demo.child(school, child)
    return [f"{line.need.need} of {line.adult.name.split()[0]} for {line.on:%a}" for line in class_lines.of_children(school, [young], school.today)]


def _absences(school: School, day: str) -> list[str]:
    """The office's list of a day, without the demo school's own: a line for each thing that was said."""
    rows = [row for row in absence_list.listed(school, date.fromisoformat(day)) if row.child.first_name not in DEMO_ABSENT]
    return [_absence(row.child.first_name, said) for row in rows for said in row.said] + [f"{row.child.first_name} no answer" for row in rows if row.waits]


def _absence(name: str, row: Absence) -> str:
    days = f"{row.first_on:%a} to {row.back_on:%a}" if row.back_on else f"{row.first_on:%a}"
    at = f" about {row.expected_at:%H:%M}" if row.expected_at else ""
    words = absence_list.words(row).words
    by = row.adult.name.split()[0] if row.adult else "the office"
    return f"{name} {row.kind}, {row.reason or 'no reason'}, {days}{at}, by {by}, {row.channel}" + (f", '{words}'" if words else "")


def _requests(school: School) -> list[str]:
    rows = school.session.scalars(select(CollectionRequest).where(CollectionRequest.source != collection.DEMO).order_by(CollectionRequest.id))
    return [
        f"{row.kind} {row.state}, {' and '.join(c.first_name for c in row.children) or 'nobody'}, {row.day or 'no day'}, '{collection.words(row).words}'"
        for row in rows
    ]


def _waiting(school: School) -> list[str]:
    return [f"{row.adult.name.split()[0]} for {row.staff.name}" for row in school.session.scalars(select(Waiting).order_by(Waiting.id))]


def _of_capabilities(what: str) -> dict[str, Callable[..., Any]]:
    """What the files of single capabilities add: each `*_acts.py` of this folder."""
    names = sorted(module.name for module in pkgutil.iter_modules(transcripts.__path__, f"{transcripts.__name__}.") if module.name.endswith("_acts"))
    return {pattern: act for name in names for pattern, act in getattr(importlib.import_module(name), what).items()}


ACTS = _of_capabilities("ACTS")
FACTS: dict[str, Callable[..., list[str]]] = {
    r"appointments of (\w+)": _appointments_of,
    r"needs a person": _attention,
    r"waiting": _waiting,
    r"for the class of (\w+)": _for_the_class,
    r"absences on ([\d-]+)": _absences,
    r"requests": _requests,
    **_of_capabilities("FACTS"),
}


def _clock(text: str) -> datetime:
    return datetime.strptime(text, "%a %Y-%m-%d %H:%M").replace(tzinfo=LONDON)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
