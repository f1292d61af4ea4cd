"""An event as it is typed into its form: read into a plan, with everything that is wrong told at its field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta

from fastapi import Response

from console.desk import Desk
from console.rendering import day, language_name
from console.typed import a_day, a_time, days_in
from school import access, events, family_records, groups, repeats, staff
from school.events import REMINDERS, Event, Guests, NotSo, Plan, Why
from school.families import Adult
from school.repeats import Every, NoDay, Rule, TooFar, TooMany

Show = Callable[[Desk], Response]

SAID: Mapping[tuple[str, Why], str] = {
    ("title", Why.MISSING): "Say what it is called.",
    ("title", Why.TOO_LONG): f"At most {events.LONGEST_TITLE} letters. The rest fits into 'What it is'.",
    ("place", Why.TOO_LONG): f"At most {events.LONGEST_PLACE} letters.",
    ("on", Why.IN_THE_PAST): "It would have begun already. Take a later day or time.",
    ("starts", Why.NO_SUCH_TIME): "The clock skips that time that night. Take another.",
    ("ends", Why.NO_SUCH_TIME): "The clock skips that time that night. Take another.",
    ("ends", Why.ENDS_FIRST): "It must end after it begins.",
    ("guests", Why.NOBODY): "Say who is invited.",
    ("capacity", Why.NOT_A_NUMBER): "At least 1; leave it empty for any number.",
    ("most", Why.NOT_A_NUMBER): "At least 1: the guest.",
    ("answer_by", Why.AFTER_IT): "That is after the event itself.",
    ("invite_on", Why.AFTER_IT): "That is after the event itself.",
}
A_DAY = "Write the day as 2026-03-31."
A_TIME = "Write a time such as 09:15."
A_NUMBER = "Write a whole number."
EVERY: Mapping[Every, str] = {"weekly": "Every week", "fortnightly": "Every two weeks", "monthly": "Every month, on the same weekday"}
MOST_ADULTS = 200
FOUND = 20
"""How many adults a search shows."""


def in_words(refusal: NotSo) -> dict[str, str]:
    """What is wrong, by field, and what to do."""
    taken = f"{refusal.taken} {'place is' if refusal.taken == 1 else 'places are'} taken already."
    return {name: SAID.get((name, why), taken) for name, why in refusal.why.items()}


@dataclass
class _Reading:
    """A form on its way to a plan: what could not be read stands in `faults`."""

    desk: Desk
    faults: dict[str, str] = field(default_factory=dict)

    def day(self, name: str, *, missing: str = "") -> date | None:
        found = a_day(self.desk.form, name, self.desk.school.today)
        if found is None and (self.desk.form.text(name) or missing):
            self.faults[name] = A_DAY if self.desk.form.text(name) else missing
        return found

    def time(self, name: str) -> time | None:
        found = a_time(self.desk.form, name)
        if found is None:
            self.faults[name] = A_TIME
        return found

    def number(self, name: str, *, missing: str = "") -> int | None:
        found = self.desk.form.number(name)
        if found is None and (self.desk.form.text(name) or missing):
            self.faults[name] = A_NUMBER if self.desk.form.text(name) else missing
        return found


def read(desk: Desk, again: Show, event: Event | None = None) -> Plan:
    """The plan that was typed. What cannot be read is told at its field, together with what cannot be so."""
    form, reading = desk.form, _Reading(desk)
    on, starts, ends = reading.day("on", missing="Say on which day."), reading.time("starts"), reading.time("ends")
    tomorrow = desk.school.today + timedelta(days=1)  # stands in for a day that cannot be read, so that the rest is looked at too
    plan = Plan(
        title=form.text("title"),
        on=on or tomorrow,
        starts=starts or time(0, 0),
        ends=ends or time(23, 59),
        ends_on=reading.day("ends_on"),
        words=form.text("words"),
        place=form.text("place"),
        access=form.text("access"),
        interpreters=[tag for tag in languages(desk) if tag in form.all("interpreter")],
        asks=form.text("asks") != "no",
        asks_after=form.text("asks") != "no" and form.has("asks_after"),
        answer_by=reading.day("answer_by"),
        capacity=reading.number("capacity"),
        most=reading.number("most", missing="At least 1: the guest.") or 0,
        invite_on=reading.day("invite_on"),
        reminders=[name for name in REMINDERS if name in form.all("reminder")],
        guests=_guests(desk),
        staff=[each for each in staff.everyone(desk.school) if each.id in form.numbers("staff")],
    )
    if reading.faults:
        try:
            events.check(desk.school, plan, taken=event.taken if event else 0, is_new=event is None)
        except NotSo as refusal:
            no_times = not (on and starts and ends)
            found = {name: words for name, words in in_words(refusal).items() if not (no_times and name in ("on", "starts", "ends", "answer_by", "invite_on"))}
            reading.faults = found | reading.faults
        desk.wrong(again, **reading.faults)
    return plan


def _guests(desk: Desk) -> Guests:
    form, sees_all = desk.form, desk.viewer.class_ids is None
    return Guests(
        everyone=sees_all and form.has("everyone"),
        classes=[each for each in access.classes(desk.school, desk.viewer) if each.id in form.numbers("class")],
        groups=[each for each in groups.everyone(desk.school) if each.id in form.numbers("group")] if sees_all else (),
        adults=[access.adult(desk.school, desk.viewer, each) for each in dict.fromkeys(form.numbers("adult")[:MOST_ADULTS])],
    )


def days(desk: Desk, again: Show, plan: Plan) -> Sequence[date]:
    """The days of what repeats; none where it does not."""
    every = next((each for each in EVERY if each == desk.form.text("every")), None)
    if every is None:
        return []
    until = a_day(desk.form, "until", desk.school.today)
    if until is None:
        desk.wrong(again, until="Say until which day." if not desk.form.text("until") else A_DAY)
    but, unread = days_in(desk.form.text("but"), desk.school.today)
    if unread:
        desk.wrong(again, but=f"Not understood as a day: {', '.join(unread)}. Write each as 2026-03-31, or 31 March.")
    return _repeated(desk, again, plan.on, Rule(every, until, frozenset(but)))


def _repeated(desk: Desk, again: Show, first: date, rule: Rule) -> Sequence[date]:
    try:
        found = repeats.days(first, rule)
        strangers = rule.but - set(repeats.days(first, Rule(rule.every, rule.until)))
    except TooMany as many:
        desk.wrong(again, until=f"That would be more than {many.most} days. Take an earlier day.")
    except TooFar as far:
        desk.wrong(again, until=f"That is too far ahead: at most until {day(far.latest)} {far.latest.year}.")
    except NoDay:
        desk.wrong(again, until="No day is left: the last day must be later, or fewer days taken out.")
    if strangers:
        desk.wrong(again, but=f"It would not be on {' or '.join(day(each) for each in sorted(strangers))} anyhow. Look at the days again.")
    return found


# What the form offers


def languages(desk: Desk) -> Sequence[str]:
    """The languages that families here speak beside English, by their names."""
    spoken = {*desk.school.settings.languages, *family_records.languages(desk.school, desk.viewer)}
    return sorted((tag for tag in spoken if tag.split("-")[0] != "en"), key=language_name)


def ticked_adults(desk: Desk, plan: Plan | None) -> Sequence[tuple[Adult, bool]]:
    """The single adults that stand to be ticked, and whether they are: those who are invited, and those who were just sought."""
    if desk.filled is None:
        return [(adult, True) for adult in plan.guests.adults] if plan is not None else []
    chosen = desk.filled.numbers("adult")[:MOST_ADULTS]
    words = desk.filled.text("q", 100)
    entries = family_records.search(desk.school, desk.viewer)
    sought = family_records.search(desk.school, desk.viewer, words)[:FOUND] if words else ()
    known = {entry.adult.id: entry.adult for entry in entries}
    return [*((known[each], True) for each in dict.fromkeys(chosen) if each in known), *((each.adult, False) for each in sought if each.adult.id not in chosen)]
