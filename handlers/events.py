"""Events, as a family hears of them: what is on, being invited, saying who comes, waiting for a place, being told of a change, being reminded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from bot.conversation import Chat, dialogue, notice
from school import LONDON, School, appointments, event_clock, events, rsvps, times
from school.attention import Need, call_for_a_person
from school.event_changes import WHERE
from school.events import Event, EventState
from school.rsvps import Answer, Full, NotInvited, TooLate, TooMany
from translations import LanguageName, Phrase, _, ngettext

WILL_YOU = {
    # Translators: a choice, in the reader's own voice: an answer to an invitation. At most 20 characters.
    Answer.YES.value: _("We will come"),
    # Translators: a choice, in the reader's own voice: an answer to an invitation. At most 20 characters.
    Answer.NO.value: _("We cannot come"),
    # Translators: a choice, in the reader's own voice: an answer to an invitation. At most 20 characters.
    Answer.MAYBE.value: _("We do not know yet"),
}
WHICH = _("Which one do you mean?")
CANNOT = ("deny", "decline_invitation", "cancel_attendance")
"""Intents of messages that say no."""
MEANS = {"affirm": "yes", "accept_invitation": "yes", "maybe": "maybe", **dict.fromkeys(CANNOT, "no")}
"""Which of these a message is by its intent."""
NOBODY = 0
# Translators: asked after an event's name, day and place.
WILL_YOU_COME = _("Will you come?")
TOLD = ("ask_events", "ask_event_details")
"""Dialogues that end in the question that an answer to an invitation answers."""
MENTIONED = ("time", "event", "number")
# Translators: words that ask about more than when and where an event is, with commas between; a * after a word's beginning stands for any ending. Write those
# of your language.
ABOUT_ACCESS = _("park*, car, wheelchair*, ramp, lift, stairs, steps, pram*, buggy, pushchair*, toilet*, food, halal, creche, quiet room, childcare")
SOON = 9
"""How many events are listed at once."""


@notice("event_invitation")
def invitation(chat: Chat, school: School) -> None:
    """An event, and whether they will come; nothing where they have answered already."""
    event = _still_on(chat, school)
    if event is None or rsvps.of(school, event, chat.adult) is not None:
        return
    # Translators: an invitation to something at school. {event} is what it is called, such as 'Coffee morning'; day, time and place follow.
    chat.say(_("You are invited: {event}."), event=event.title)
    _tell(chat, event)
    if rsvps.takes_answers(school, event):
        _ask(chat, school, event)


@notice("event_reminder")
def reminder(chat: Chat, school: School) -> None:
    """It is soon: for those who come."""
    event = _still_on(chat, school)
    rsvp = rsvps.of(school, event, chat.adult) if event is not None else None
    if event is None or (event.asks and (rsvp is None or rsvp.answer != Answer.YES)):
        return
    # Translators: {event} is what it is called, such as 'Coffee morning'; day, time and place follow.
    chat.say(_("Reminder: {event}."), event=event.title, must_arrive=True)
    _say_when_and_where(chat, event)
    if event.asks:
        # Translators: at the end of a reminder of an event that they said they would come to.
        chat.say(_("If you cannot come, please tell me."))


@notice("event_changed")
def changed(chat: Chat, school: School) -> None:
    """It is at another time or place."""
    event = _still_on(chat, school)
    if event is None:
        return
    if chat.args["what"] == WHERE:
        # Translators: an event is at another place than was said; day, time and place follow.
        chat.say(_("{event} is at another place:"), event=event.title, must_arrive=True)
    else:
        # Translators: an event is on another day, or at another time, than was said; day, time and place follow.
        chat.say(_("{event} is at another time:"), event=event.title, must_arrive=True)
    _say_when_and_where(chat, event)
    rsvp = rsvps.of(school, event, chat.adult)
    if rsvp is not None and rsvp.answer == Answer.YES:
        chat.say(_("If you cannot come, please tell me."), attach=rsvp)


@notice("event_cancelled")
def cancelled(chat: Chat, school: School) -> None:
    """It will not be."""
    event = events.find(school, chat.args["event"])
    if event is not None and event.state == EventState.CANCELLED:
        # Translators: {event} is what it is called, such as 'Coffee morning'; {day} is a date such as 'Tue 3 March'.
        chat.say(_("Sorry, {event} on {day} is called off."), event=event.title, day=event.on, must_arrive=True)


@notice("event_place_offered")
def place_offered(chat: Chat, school: School) -> None:
    """A place is free for someone who waits; it is theirs until a set time."""
    event = _still_on(chat, school)
    rsvp = rsvps.of(school, event, chat.adult) if event is not None else None
    if event is None or rsvp is None or rsvp.answer != Answer.OFFERED or rsvp.offered_until is None:
        return
    wanted = chat.confirm(
        "take",
        # Translators: to someone on the waiting list. {when} is a day with times, {until} a day with a time.
        ngettext(
            "A place is free: {event}, {when}. Would you like it? It is yours until {until}.",
            "{count} places are free: {event}, {when}. Would you like them? They are yours until {until}.",
            rsvp.people,
        ),
        # Translators: a button. At most 20 characters.
        yes=_("We will come"),
        # Translators: a button. At most 20 characters.
        no=_("No, thank you"),
        event=event.title,
        when=_when(event),
        until=rsvp.offered_until.astimezone(LONDON),
    )
    if wanted:
        _accept(chat, school, event, rsvp.people)
    else:
        _decline(chat, school, event)


# Translators: an entry of the menu: events at school.
@dialogue(intent="ask_events", menu=_("What is on at school"), order=50, hears=("time", "event"), within=("ask_event_details",))
def whats_on(chat: Chat, school: School) -> None:
    """What this family is invited to, on the days that were asked about or soon; one of them is told more about."""
    coming = events.coming(school, chat.adult)
    if not coming:
        chat.say(_("Nothing is planned at the moment. I will write to you when there is."))
        return
    if chat.says(ABOUT_ACCESS) and _talked_about(chat, school, coming):
        chat.go("ask_event_details")  # 'is there parking' is about the one that they have just heard of
    asked = [event for event in coming if times.fits(chat.heard("time"), _clock(event.on, event.starts))]
    if not asked and not chat.answered("event"):
        # Translators: nothing is on in the days that they asked about; what is on later follows.
        chat.say(_("Nothing is on then. This is what comes next."))
    event = chat.choose("event", (asked or coming)[:SOON], _("What would you like to know more about?"), heard="event", hears="event", label=_label)
    _details(chat, school, event)


# Translators: names a question in 'Do you mean: About an event?'.
@dialogue(intent="ask_event_details", about=_("About an event"), hears=("time", "event"), tells_of="event")
def details(chat: Chat, school: School) -> None:
    """When it is, where, what else families should know; and whether they come, if that is still open."""
    coming = events.coming(school, chat.adult)
    if not coming:
        chat.go("ask_events")
    _details(chat, school, _which(chat, school, _likely(chat, school, coming)))


# Translators: names a wish in 'Do you mean: We will come?'.
@dialogue(intent="accept_invitation", about=_("We will come"), hears=MENTIONED, takes_over=TOLD)
def accept(chat: Chat, school: School) -> None:
    """'Yes, two of us': to what was named, to what the school asked about last, or to what is chosen."""
    open_to_them = [event for event in events.coming(school, chat.adult) if rsvps.takes_answers(school, event)]
    if not open_to_them:
        chat.go("pass_on", intent="accept_invitation", text=chat.text)
    _accept_all(chat, school, _which(chat, school, _likely(chat, school, open_to_them)))


# Translators: names a wish in 'Do you mean: We cannot come?'.
@dialogue(intent="decline_invitation", about=_("We cannot come"), hears=("staff", "child", *MENTIONED), takes_over=TOLD)
def decline(chat: Chat, school: School) -> None:
    """'We cannot come', a first no or an earlier yes taken back: to what is named, to what the school wrote of last, or to what they said yes to or booked."""
    coming = [event for event in events.coming(school, chat.adult) if event.asks]
    booked = appointments.upcoming(school, chat.adult)
    meant = _handed_on(chat, coming)
    if not meant and not (chat.heard("staff") and booked):
        meant = [event for event in coming if event in chat.heard("event")] or _may_mean(chat, school, coming)
    if meant:
        event = chat.choose("event", [*meant, *([None] if booked and len(meant) > 1 else [])], WHICH, heard="event", label=_label)
        if event is not None:
            _decline(chat, school, event)
            return
    if booked:
        chat.go("cancel_appointment")
    if not coming or chat.answered("event"):
        chat.go("pass_on", intent="decline_invitation", text=chat.text)
    _decline(chat, school, _which(chat, school, coming))


@dialogue(intent="cancel_attendance", hears=("staff", "child", *MENTIONED), takes_over=TOLD)
def cancel_attendance(chat: Chat, school: School) -> None:
    """They take back an earlier yes."""
    chat.go("decline_invitation")


def _handed_on(chat: Chat, offered: Sequence[Event]) -> Sequence[Event]:
    """The one of these that the dialogue before this one was sure about."""
    return [event for event in offered if event.id == chat.args.get("event")]


def _may_mean(chat: Chat, school: School, coming: Sequence[Event]) -> Sequence[Event]:
    """The event that was just talked about, unless they said no to it before; else those to which they said yes."""
    rows = {event: rsvps.of(school, event, chat.adult) for event in coming}
    not_declined = [event for event, rsvp in rows.items() if rsvp is None or rsvp.answer != Answer.NO]
    said_yes = [event for event, rsvp in rows.items() if rsvp is not None and rsvp.answer not in (Answer.NO, Answer.MAYBE)]
    return _talked_about(chat, school, not_declined) or said_yes


def _talked_about(chat: Chat, school: School, offered: Sequence[Event]) -> Sequence[Event]:
    """Of these the one that is surely meant, or that the dialogue beside this was about, else the one that was written about last."""
    last = rsvps.last_about(school, chat.adult)
    return _handed_on(chat, offered) or chat.beside(offered) or [event for event in offered if event == last]


def _still_on(chat: Chat, school: School) -> Event | None:
    """The event that a notice is about; None where it has begun, is off, or they are not invited any more."""
    event = events.find(school, chat.args["event"])
    is_theirs = event is not None and events.is_on(school, event) and events.is_invited(school, chat.adult, event)
    return event if is_theirs else None


def _likely(chat: Chat, school: School, offered: Sequence[Event]) -> Sequence[Event]:
    """Of several events those on a day that was named; else, where none is named, the one that was just talked about."""
    if chat.heard("time"):
        return [event for event in offered if times.fits(chat.heard("time"), _clock(event.on, event.starts))] or offered
    return offered if chat.heard("event") else _talked_about(chat, school, offered) or offered


def _which(chat: Chat, school: School, offered: Sequence[Event]) -> Event:
    return chat.choose("event", offered[:SOON], WHICH, heard="event", label=_label)


def _details(chat: Chat, school: School, event: Event) -> None:
    if event.access is None and chat.says(ABOUT_ACCESS) and not chat.answered("answer"):
        chat.once("asked", _call, chat, school)
        chat.say(_("I have passed your message to the office."))
    # Translators: alone on its line: what an event is called, such as 'Coffee morning'; day, time and place follow.
    chat.say(_("{event}:"), event=event.title)
    _tell(chat, event)
    rsvp = rsvps.of(school, event, chat.adult)
    if rsvp is not None and rsvp.answer in (Answer.YES, Answer.WAITING, Answer.OFFERED):
        _say_answer(chat, school, event, rsvp)
    elif rsvps.takes_answers(school, event):
        _ask(chat, school, event)


def _call(chat: Chat, school: School) -> None:
    key = f"event:{chat.reference}"
    call_for_a_person(school, Need.FOR_OFFICE, key=key, adult=chat.adult, address=chat.address, text=chat.text, language=chat.written_in)


def _tell(chat: Chat, event: Event) -> None:
    """When, where, and what staff wrote about it."""
    _say_when_and_where(chat, event)
    if event.words is not None:
        chat.say(_("{text}"), text=event.words)
    if event.access is not None:
        # Translators: before a line about parking, steps, a quiet room.
        chat.say(_("Good to know: {text}"), text=event.access)
    if chat.language != "en" and any(chat.language.split("-")[0] == tag.split("-")[0] for tag in event.interpreters):
        # Translators: {language} is the reader's own language.
        chat.say(_("There will be an interpreter for {language}."), language=LanguageName(chat.language))


def _say_when_and_where(chat: Chat, event: Event) -> None:
    if event.place:
        # Translators: {when} is a day with times, {place} is where, as the school wrote it.
        chat.say(_("{when}. Place: {place}."), when=_when(event), place=event.place)
    else:
        # Translators: {when} is a day with times, such as 'Tue 3 March, 09:15 to 10:00'.
        chat.say(_("{when}."), when=_when(event))


def _when(event: Event) -> Phrase:
    starts = _clock(event.on, event.starts)
    if event.ends_on == event.on:
        # Translators: {start} is a day with a time, {end} a time: 'Tue 3 March, 09:15 to 10:00'.
        return _("{start} to {end}").format(start=starts, end=event.ends)
    # Translators: {start} and {end} are days with a time.
    return _("{start} until {end}").format(start=starts, end=_clock(event.ends_on, event.ends))


def _clock(day: date, at: time) -> datetime:
    return datetime.combine(day, at)


def _label(event: Event | None) -> Phrase:
    if event is None:
        # Translators: a choice beside the names of events: something that they booked with a member of staff. At most 20 characters.
        return _("An appointment")
    # Translators: one of several events to choose from: 'Coffee morning (Tue 3 March)'.
    return _("{event} ({day})").format(event=event.title, day=event.on)


def _ask(chat: Chat, school: School, event: Event) -> None:
    """Whether they come, and how many: who says how many comes."""
    says_how_many = chat.answered("people") or (chat.heard("number") and not chat.answered("answer"))
    answer = Answer.YES if says_how_many else chat.choose("answer", list(WILL_YOU), WILL_YOU_COME, hears="number", means=MEANS, label=WILL_YOU.__getitem__)
    if answer == Answer.YES:
        _accept_all(chat, school, event)
    elif answer == Answer.NO:
        _decline(chat, school, event)
    else:
        rsvps.perhaps(school, event, chat.adult)
        # Translators: they do not know yet whether they come.
        chat.say(_("All right. Tell me when you know."))


def _accept_all(chat: Chat, school: School, event: Event) -> None:
    """Those of them who come, once they have said how many; nobody, if they change their mind at that."""
    people = 1
    if event.most > 1:
        if any(number > event.most for number in chat.heard("number")) and not chat.answered("people"):
            chat.say(_at_most(event.most))
        counts = [*range(1, event.most + 1), NOBODY]
        people = chat.choose(
            "people", counts, _("How many of you will come?"), heard="number", hears="number", means=dict.fromkeys(CANNOT, NOBODY), label=_people
        )
    if people == NOBODY:
        _decline(chat, school, event)
    else:
        _accept(chat, school, event, people)


def _at_most(count: int) -> Phrase:
    return ngettext("Only one person can come.", "At most {count} people can come together.", count)


def _people(count: int) -> Phrase:
    if count == NOBODY:
        return WILL_YOU[Answer.NO]
    # Translators: a choice: how many come to an event. At most 20 characters.
    return ngettext("One person", "{count} people", count)


def _accept(chat: Chat, school: School, event: Event, people: int) -> None:
    try:
        rsvp = rsvps.accept(school, event, chat.adult, people)
    except Full as full:
        if full.left:
            chat.ask_again("people", ngettext("Only one place is left.", "Only {count} places are left.", full.left), [*range(1, full.left + 1), NOBODY])
        _offer_to_wait(chat, school, event, people)
    except TooMany as many:
        chat.ask_again("people", _at_most(many.most))
    except (TooLate, NotInvited):
        chat.say(_("It is too late to say yes here."))
        chat.go("pass_on", intent="accept_invitation", text=chat.text)
    else:
        _say_answer(chat, school, event, rsvp, attach=rsvp)


def _offer_to_wait(chat: Chat, school: School, event: Event, people: int) -> None:
    if chat.confirm(
        "wait",
        # Translators: {event} is what it is called, such as 'Coffee morning'.
        _("{event} is full. Shall I put you on the waiting list?"),
        # Translators: a button. At most 20 characters.
        yes=_("Yes, please"),
        # Translators: a button. At most 20 characters.
        no=_("No, thank you"),
        event=event.title,
    ):
        _say_answer(chat, school, event, rsvps.wait(school, event, chat.adult, people))
    else:
        chat.say(_("All right."))


def _decline(chat: Chat, school: School, event: Event) -> None:
    rsvps.decline(school, event, chat.adult)
    # Translators: they said that they do not come. {event} is what it is called, {day} a date.
    chat.say(_("Thank you for telling us: you are not coming to {event} on {day}."), event=event.title, day=event.on, must_arrive=True)


def _say_answer(chat: Chat, school: School, event: Event, rsvp: rsvps.Rsvp, *, attach: rsvps.Rsvp | None = None) -> None:
    """What they have answered. To a yes that was just given its calendar file is attached."""
    if rsvp.answer == Answer.WAITING:
        chat.say(
            # Translators: {event} is what it is called; {turn} is their place in the waiting list, a number.
            _("You are on the waiting list for {event}, number {turn}. I will write when a place is free."),
            event=event.title,
            turn=rsvps.turn(school, rsvp),
        )
        return
    if rsvp.answer == Answer.OFFERED:
        # Translators: {event} is what it is called, {when} a day with times.
        chat.say(_("A place is kept for you: {event}, {when}."), event=event.title, when=_when(event))
        return
    # Translators: they said that they come. {event} is what it is called, {when} a day with times.
    words = ngettext("You are coming: {event}, {when}, one person.", "You are coming: {event}, {when}, {count} people.", rsvp.people)
    chat.say(words, event=event.title, when=_when(event), attach=attach, must_arrive=True)
    if "day" in event.reminders and event_clock.reminder_time(school, event, "day") > school.now:
        chat.say(_("I will remind you the day before."))
