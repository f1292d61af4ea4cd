"""Events: what is on, made and changed, opened to its guests and called off. Who comes is in `event_guests`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from fastapi import Response

from console import event_form, pictures
from console.desk import Back, Begin, Desk, Form, Hooks
from console.event_form import EVERY, in_words
from console.pages import Page
from console.rendering import day, language_name
from school import School, access, audiences, event_changes, event_clock, event_list, events, groups, kept_files, messages, rsvps, staff
from school.access import Power
from school.calendar import calendar
from school.errors import NotThere
from school.events import Event, EventState, NotSo, Over, Plan
from school.families import Adult

EDIT = Power.EDIT_EVENTS
REMINDERS: Mapping[str, str] = {"week": "a week before", "day": "the day before", "morning": "in the morning"}


def _wishes(desk: Desk) -> int:
    """The wishes to join a group that wait for whoever may decide them."""
    return groups.count_wishes(desk.school) if desk.may(Power.GROUPS) else 0


page = Page("events", "Events", order=32, powers=frozenset({Power.EVENTS}), waits=_wishes)


@page.get()
def show_all(desk: Desk) -> Response:
    """What is coming; what is over, where that is asked for."""
    is_over, place = desk.query.has("over"), desk.query.number("page") or 0
    lines = event_list.over(desk.school, desk.viewer, place) if is_over else event_list.coming(desk.school, desk.viewer)
    return desk.render(
        "events/list.html",
        lines=lines,
        is_over=is_over,
        page=place,
        has_more=is_over and len(lines) == event_list.PAGE,
        can_edit=desk.may(EDIT),
        wishes=_wishes(desk),
    )


@page.get("/{event_id:int}")
def show(desk: Desk, event_id: int, back: Back | None = None) -> Response:
    """One event: what it is, who is invited, who comes, and what can be done with it."""
    event = access.event(desk.school, desk.viewer, event_id)
    can_edit = access.may_change(desk.school, desk.viewer, event)
    guests = audiences.invited(desk.school, event)
    found = event_list.answers(desk.school, desk.viewer, event)
    return desk.render(
        "events/show.html",
        event=event,
        series=events.series_of(desk.school, event),
        invited=event_list.invited(desk.school, desk.viewer, event),
        guests=len(guests),
        speak=_languages(guests) if event.state == EventState.DRAFT else (),
        counts=rsvps.counts(desk.school, event),
        answers=found,
        came=event_list.came(desk.school, event),
        not_invited=[row.adult_id for row in rsvps.not_invited(desk.school, event)],
        no_school=calendar(desk.school).why_no_school(event.on),
        is_over=events.is_over(desk.school, event),
        has_begun=events.has_begun(desk.school, event),
        takes_answers=rsvps.takes_answers(desk.school, event),
        has_come=event.state == EventState.OPEN and event.on <= desk.school.today,
        can_edit=can_edit,
        can_answer=desk.may(EDIT),
        leaves=messages.when_it_leaves(desk.school),
        reminders=REMINDERS,
        back=back,
        wishes=_wishes(desk),
    )


def _languages(guests: Sequence[Adult]) -> list[tuple[str, str]]:
    """The languages in which an invitation is read, that of most readers first."""
    readers = Counter(adult.language for adult in guests)
    return [(tag, f"{language_name(tag)}, {count} {'reader' if count == 1 else 'readers'}") for tag, count in readers.most_common()]


# Made and changed


@page.get("/new", needs=EDIT)
def new(desk: Desk) -> Response:
    """Where an event is made."""
    return _form(desk, None)


@page.post("/new", needs=EDIT)
def make(desk: Desk) -> Response:
    """Make a draft of an event, or of each of those that repeat."""
    if desk.form.has("find"):
        desk.wrong(new)
    plan = event_form.read(desk, new)
    try:
        events.check(desk.school, plan)
        made = events.make(desk.school, plan, desk.viewer.staff, days=event_form.days(desk, new, plan))
    except NotSo as refusal:
        desk.wrong(new, **in_words(refusal))
    for each in made:
        desk.changed("made event", "event", each.id, day=day(each.on))
    kept = "A draft is made: " if len(made) == 1 else f"{len(made)} drafts are made: this is the first. "
    return desk.to(f"{page.href}/{made[0].id}", f"{kept}{'f' if len(made) == 1 else 'F'}amilies see nothing yet. Look it over, then open it.")


@page.get("/{event_id:int}/edit", needs=EDIT)
def edit(desk: Desk, event_id: int, told: Sequence[str] = ()) -> Response:
    """Where an event is changed; `told` says who would be told of what."""
    return _form(desk, access.event_to_change(desk.school, desk.viewer, event_id), told)


@page.post("/{event_id:int}/edit", needs=EDIT)
def change(desk: Desk, event_id: int) -> Response:
    """Change an event. Who would be told of it is shown first."""
    event, again = access.event_to_change(desk.school, desk.viewer, event_id), partial(edit, event_id=event_id)
    if desk.form.has("find"):
        desk.wrong(again)
    if desk.form.text("seen") != events.mark(desk.school, event):
        desk.wrong(again, _="Someone changed this event after you opened it. Nothing of yours is saved yet: compare, then save again.")
    plan = event_form.read(desk, again, event)
    lines = _changed(desk, event, plan, again)
    if lines and not desk.form.has("sure"):
        desk.wrong(partial(again, told=lines), told="Nothing is saved yet.")
    desk.changed("changed event", "event", event.id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{event.id}", " ".join(["Saved.", *lines]))


def _changed(desk: Desk, event: Event, plan: Plan, again: event_form.Show) -> Sequence[str]:
    """Change it; who is told of what by that, in words."""
    was, place = (event.on, event.starts, event.ends_on, event.ends), event.place
    untold, strangers = (len(rule(desk.school, event)) for rule in (event_clock.to_invite, rsvps.not_invited))
    try:
        told = event_changes.change(desk.school, event, plan)
    except NotSo as refusal:
        desk.wrong(again, **in_words(refusal))
    except Over:
        desk.wrong(again, _="It has begun, or was called off: it cannot be changed any more.")
    what = " and ".join(
        name for name, is_so in (("time", was != (event.on, event.starts, event.ends_on, event.ends)), ("place", place != event.place)) if is_so
    )
    invited = len(event_clock.to_invite(desk.school, event)) - untold
    left_out = len(rsvps.not_invited(desk.school, event)) - strangers
    return [
        *([f"{what.capitalize()} changed: {_are(told)} told."] if told else []),
        *([f"{_are(invited)} invited now who were not told before."] if invited > 0 else []),
        *([f"{_are(left_out)} not invited any more though they answered: they are not told. Ring them."] if left_out > 0 else []),
    ]


def _are(count: int) -> str:
    return f"{count} {'person is' if count == 1 else 'people are'}"


def _form(desk: Desk, event: Event | None, told: Sequence[str] = ()) -> Response:
    plan = events.as_planned(desk.school, event) if event is not None else None
    classes = access.classes(desk.school, desk.viewer)
    sees_all = desk.viewer.class_ids is None
    guests = plan.guests if plan is not None else events.Guests(classes=classes if len(classes) == 1 else ())
    own = [desk.viewer.staff] if plan is None else plan.staff
    return desk.render(
        "events/edit.html",
        event=event,
        plan=plan,
        told=told,
        seen=events.mark(desk.school, event) if event is not None else "",
        series=events.series_of(desk.school, event) if event is not None else (),
        sees_all=sees_all,
        everyone=guests.everyone,
        classes=[(each.id, each.name, each in guests.classes) for each in classes],
        groups=[(each.id, each.name, each in guests.groups) for each in groups.everyone(desk.school)] if sees_all else (),
        adults=[(each.id, each.name, is_ticked) for each, is_ticked in event_form.ticked_adults(desk, plan)],
        found_nobody=_found_nobody(desk),
        languages=[(tag, language_name(tag), plan is not None and tag in plan.interpreters) for tag in event_form.languages(desk)],
        staff=[(each.id, each.name, each in own) for each in sorted(staff.everyone(desk.school), key=lambda person: person.name)],
        reminders=[(name, words, name in (plan.reminders if plan is not None else ("day",))) for name, words in REMINDERS.items()],
        every=[("", "Once"), *EVERY.items()],
        today=desk.school.today,
    )


def _found_nobody(desk: Desk) -> bool:
    """Whether someone was sought, and there is nobody of that name."""
    return desk.filled is not None and desk.filled.has("find") and not any(not is_ticked for _, is_ticked in event_form.ticked_adults(desk, None))


# How the invitation reads, and opening it


def _tried(event_id: int) -> Begin:
    """That an event is open, for as long as it takes to see how its invitation reads."""

    def begin(school: School) -> tuple[Adult, Mapping[str, int | str]] | None:
        event = events.find(school, event_id)
        reader = events.try_out(school, event) if event is not None else None
        return (reader, {"event": event_id}) if reader is not None else None

    return begin


def _as_read(form: Form, hooks: Hooks) -> Back | None:
    """The invitation as it reads. The page told us the event; that it is the page's own, and who may see it, is looked at before it is shown."""
    event_id, language = form.number("event"), form.text("language", 35)
    return hooks.as_read("event_invitation", language, _tried(event_id)) if event_id is not None and language else None


@page.post("/{event_id:int}/preview", needs=EDIT, before=_as_read)
def preview(desk: Desk, event_id: int) -> Response:
    """How the invitation reads in a language."""
    event = access.event_to_change(desk.school, desk.viewer, event_id)
    spoken = {adult.language for adult in audiences.invited(desk.school, event)}
    if desk.form.number("event") != event_id or desk.form.text("language") not in spoken:
        raise NotThere
    desk.wrong(partial(show, event_id=event_id, back=desk.prepared or Back("")))


@page.post("/{event_id:int}/open", needs=EDIT)
def open_up(desk: Desk, event_id: int) -> Response:
    """Let its guests see it, and be told on its day; with those of its series that follow, if that is wanted."""
    event = access.event_to_change(desk.school, desk.viewer, event_id)
    drafts = [each for each in _with_others(desk, event) if each.state == EventState.DRAFT]
    if not drafts:
        return desk.to(f"{page.href}/{event_id}", "It is open already, or was called off.")
    try:
        for each in drafts:
            events.open_up(desk.school, each)
            desk.changed("opened event", "event", each.id)
    except Over:
        desk.wrong(partial(show, event_id=event_id), _="It has begun already. Give it another day first, or remove the draft.")
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{event_id}", f"{len(drafts)} are open." if len(drafts) > 1 else "It is open.")


def _with_others(desk: Desk, event: Event) -> Sequence[Event]:
    """The event; with those of its series that follow and may be changed, where that is wanted."""
    if not desk.form.has("others"):
        return [event]
    return [event, *_following(desk, event)]


def _following(desk: Desk, event: Event) -> Sequence[Event]:
    """Those of its series that come after it and may be changed by whoever asks."""
    later = [each for each in events.series_of(desk.school, event) if (each.on, each.id) > (event.on, event.id)]
    return [each for each in later if access.may_change(desk.school, desk.viewer, each)]


# Called off


@page.get("/{event_id:int}/cancel", needs=EDIT)
def cancelling(desk: Desk, event_id: int) -> Response:
    """Where an event is called off: how many are told."""
    event = access.event_to_change(desk.school, desk.viewer, event_id)
    following = [each for each in _following(desk, event) if each.state == event.state]
    told = {each.id: len(event_changes.counting_on(desk.school, each)) for each in (event, *following)}
    can_be = event.state != EventState.CANCELLED and not events.has_begun(desk.school, event)
    return desk.render("events/cancel.html", event=event, following=following, told=told, can_be=can_be or event.state == EventState.DRAFT)


@page.post("/{event_id:int}/cancel", needs=EDIT)
def cancel(desk: Desk, event_id: int) -> Response:
    """Call it off and tell those who count on it; a draft, which nobody has seen, is gone."""
    event = access.event_to_change(desk.school, desk.viewer, event_id)
    going = [each for each in _with_others(desk, event) if each.state == event.state]
    told, is_draft = 0, event.state == EventState.DRAFT
    if not is_draft and desk.form.number("told") != len(event_changes.counting_on(desk.school, event)):
        desk.wrong(partial(cancelling, event_id=event_id), _="Someone answered, or was told, since you opened this page. Look again.")
    try:
        for each in going:
            told += event_changes.cancel(desk.school, each)
            desk.changed("removed draft" if is_draft else "called off event", "event", each.id)
    except Over:
        return desk.to(f"{page.href}/{event_id}", "It has begun, or was called off before. Nothing was changed.")
    desk.afterwards(desk.hooks.wake)
    if is_draft:
        return desk.to(page.href, "The draft is gone." if len(going) == 1 else f"{len(going)} drafts are gone.")
    return desk.to(f"{page.href}/{event_id}", f"Called off. {_are(told)} told." if told else "Called off. Nobody had been told of it.")


# Its picture


@page.post("/{event_id:int}/picture", needs=EDIT, takes_files=True, before=pictures.brought)
def add_picture(desk: Desk, event_id: int) -> Response:
    """Give it a picture, in place of the one it has."""
    event = access.event_to_change(desk.school, desk.viewer, event_id)
    found = desk.prepared
    if not isinstance(found, kept_files.Examined) or not found.media_type.startswith("image/"):
        desk.wrong(partial(show, event_id=event_id), picture=pictures.CHOOSE)
    events.show_picture(desk.school, event, kept_files.keep_examined(desk.school, found))
    desk.changed("gave event a picture", "event", event_id)
    return desk.to(f"{page.href}/{event_id}", "The picture is kept.")


@page.post("/{event_id:int}/picture/remove", needs=EDIT)
def remove_picture(desk: Desk, event_id: int) -> Response:
    """Take its picture away."""
    events.show_picture(desk.school, access.event_to_change(desk.school, desk.viewer, event_id), None)
    desk.changed("took an event's picture away", "event", event_id)
    return desk.to(f"{page.href}/{event_id}", "The picture is gone.")


@page.get("/{event_id:int}/picture")
def picture(desk: Desk, event_id: int) -> Response:
    """Its picture."""
    event = access.event(desk.school, desk.viewer, event_id)
    kept = kept_files.find(desk.school, event.picture_id) if event.picture_id is not None else None
    if kept is None:
        raise NotThere
    return Response(kept.content, media_type=kept.media_type, headers=dict(kept_files.headers(kept, inline=True)))
