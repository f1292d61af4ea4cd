"""A broadcast as it is typed into its form: read into what it says, to whom and when, with everything that is wrong told at its field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from fastapi import Response

from console import whom
from console.desk import Desk
from console.event_form import A_DAY, A_TIME
from console.typed import a_day, a_time
from school import kept_files
from school.audiences import EVERYONE, Audience
from school.broadcast_days import AlreadyPast, BadRepeat, NoSuchTime
from school.broadcasts import Broadcast, BroadcastKind, Content, Dated, Repeat, When, audience_of

Show = Callable[[Desk], Response]

KINDS: Mapping[str, str] = {
    BroadcastKind.NEWS: "News",
    BroadcastKind.NEWSLETTER: "Newsletter, with dates",
    BroadcastKind.CLOSURE: "The school is closed",
    BroadcastKind.REMINDER: "Reminder",
}
REPEATS: Mapping[str, str] = {
    "": "Once",
    Repeat.WEEKLY: "Every week",
    Repeat.FORTNIGHTLY: "Every two weeks",
    Repeat.MONTHLY: "Every month, on the same weekday",
}
LONGEST = 5_000
"""Letters of one broadcast: what a parent's phone shows in a dozen messages nobody reads."""
LONGEST_DATE = 200
ROWS = 3
"""Rows for a newsletter's dates; saving gives one more."""
MOST_ROWS = 30
PAST = "That time is over. Take a later one."


@dataclass(frozen=True)
class Row:
    """One date of a newsletter, as it stands in the form."""

    on: str = ""
    at: str = ""
    what: str = ""


@dataclass(frozen=True)
class Typed:
    """What was typed. `when` None: now."""

    content: Content
    when: When | None


@dataclass
class _Reading:
    """A form on its way: what could not be read stands in `faults`."""

    desk: Desk
    faults: dict[str, str] = field(default_factory=dict)

    def words(self) -> str:
        found = self.desk.form.text("words")
        if not found:
            self.faults["words"] = "Write what families are to read."
        elif len(found) > LONGEST:
            self.faults["words"] = f"{len(found)} letters: at most {LONGEST}. A document can go along."
        return found

    def kind(self) -> BroadcastKind:
        found = next((each for each in BroadcastKind if each == self.desk.form.text("kind")), None)
        if found is None:
            self.faults["kind"] = "Choose what it is."
        return found or BroadcastKind.NEWS

    def audience(self, known: Broadcast | None) -> Audience:
        found = whom.picked(self.desk, audience_of(known) if known is not None else None)
        if found is None:
            self.faults["to"] = "Choose whom it is for."
        return found or EVERYONE

    def dates(self) -> Sequence[Dated]:
        found = []
        for number in range(1, MOST_ROWS + 1):
            what, on, at = (self.desk.form.text(f"{name}-{number}") for name in ("what", "on", "at"))
            if not (what or on or at):
                continue
            day = self._day(f"on-{number}", "Say on which day.")
            if not what:
                self.faults[f"what-{number}"] = "Say what is on then."
            elif len(what) > LONGEST_DATE:
                self.faults[f"what-{number}"] = f"At most {LONGEST_DATE} letters."
            time = a_time(self.desk.form, f"at-{number}")
            if at and time is None:
                self.faults[f"at-{number}"] = A_TIME
            if day is not None:
                found.append(Dated(day, what, time))
        return found

    def when(self) -> When | None:
        form = self.desk.form
        if form.text("when") != "at":
            return None
        on, at = self._day("on", "Say on which day."), a_time(form, "at")
        if at is None:
            self.faults["at"] = A_TIME
        repeats = next((each for each in Repeat if each == form.text("repeats")), None)
        until = self._day("until", "Say until which day.") if repeats is not None else None
        if on is None or at is None or (repeats is not None and until is None):
            return None
        return When(on, at, repeats, until)

    def _day(self, name: str, missing: str) -> date | None:
        found = a_day(self.desk.form, name, self.desk.school.today)
        if found is None:
            self.faults[name] = A_DAY if self.desk.form.text(name) else missing
        return found


def read(desk: Desk, again: Show, known: Broadcast | None = None) -> Typed:
    """What was typed. What cannot be read is told at its field, all of it at once. A document that was brought is kept."""
    reading = _Reading(desk)
    words, kind, audience, dates, when = reading.words(), reading.kind(), reading.audience(known), reading.dates(), reading.when()
    brought = desk.prepared
    if brought is not None and not isinstance(brought, kept_files.Examined):
        reading.faults["document"] = "That cannot be taken: a PDF or a picture of at most 5 MB."
    elif reading.faults:
        reading.faults |= document_once_more(desk)
    if reading.faults:
        desk.wrong(again, **reading.faults)
    before = known.file if known is not None and not desk.form.has("no_document") else None
    file = kept_files.keep_examined(desk.school, brought) if brought is not None else before
    return Typed(Content(words, kind, audience, is_urgent=desk.form.has("urgent"), file=file, dates=dates), when)


def document_once_more(desk: Desk) -> dict[str, str]:
    """What stands at the document's field when the form comes back; nothing where none was brought."""
    return {"document": "Choose the document once more: no browser keeps it."} if desk.prepared is not None else {}


def in_words(refusal: NoSuchTime | AlreadyPast | BadRepeat) -> dict[str, str]:
    """Why it cannot be sent then, by field, and what to do."""
    if isinstance(refusal, BadRepeat):
        return {"until": "The last day must not be before the first, and at most a year after it."}
    return {"at": PAST if isinstance(refusal, AlreadyPast) else "The clock skips that time that night. Take another."}


def rows(desk: Desk, known: Broadcast | None) -> Sequence[tuple[int, Row]]:
    """The rows of a newsletter's dates, by number: those there are, and some that are empty."""
    dates = known.dates if known is not None else ()
    kept = [Row(each.on.isoformat(), f"{each.at:%H:%M}" if each.at is not None else "", each.what.words) for each in dates]
    typed = [number for number in range(1, MOST_ROWS + 1) if desk.filled is not None and desk.filled.text(f"what-{number}")]
    count = min(max(ROWS, len(kept) + 1, max(typed, default=0)), MOST_ROWS)
    return list(enumerate([*kept, *(Row() for _ in range(count - len(kept)))], start=1))
