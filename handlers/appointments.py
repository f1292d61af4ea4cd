"""Appointments, as a parent hears of them: book, list, move, cancel, wait, be invited, be reminded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.conversation import Chat, dialogue, identified, notice
from school import LONDON, School, appointments, families, invitations, times, waiting
from school.appointments import Appointment, AppointmentState, MeetingKind, Offers, Terms, Way
from school.errors import AlreadyOver, NotBookable, SlotTaken, TooSoon
from school.families import Child, Staff
from school.invitations import Invitation
from school.slots import Slot
from translations import LanguageName, Phrase, _, keywords, ngettext, written

identified(Slot)
identified(Way)

SHOWN = 3
"""How many times are offered in one message."""
OFFERED = 24
"""How many can be leafed through; whoever wants a later one writes the day."""
WAYS = {
    # Translators: how people meet, {way} in 'Booked: Tue 3 March, 15:10 with Ms Okafor, in person.'; also a choice by itself.
    Way.IN_PERSON: _("in person"),
    # Translators: how people meet, {way} in 'Booked: Tue 3 March, 15:10 with Ms Okafor, by phone.'; also a choice by itself.
    Way.PHONE: _("by phone"),
    # Translators: how people meet, {way} in 'Booked: Tue 3 March, 15:10 with Ms Okafor, by video.'; also a choice by itself.
    Way.VIDEO: _("by video"),
}
SAID = {
    Way.IN_PERSON: WAYS[Way.IN_PERSON],
    # Translators: one word that people write when they want to talk by telephone.
    Way.PHONE: _("phone"),
    # Translators: one word that people write when they want to talk by video.
    Way.VIDEO: _("video"),
}
"""Words that change the way when they are mentioned at the confirmation."""
WAY_WORDS = {
    Way.PHONE: ("by phone", "on the phone", "over the phone", "phone call", "phone appointment", "telephone", "call with", "by call"),
    Way.VIDEO: ("video", "zoom", "teams call", "facetime", "online meeting"),
    Way.IN_PERSON: ("in person", "face to face"),
}
"""Words of a wish that say how to meet."""
KINDS = {
    # Translators: {kind}, a kind of meeting, in 'We would like to meet you: a talk with the class teacher.' or in a list.
    MeetingKind.TEACHER: _("a talk with the class teacher"),
    # Translators: {kind}: the meeting after a child's first six weeks at school, where home and school plan together.
    MeetingKind.PLANNING: _("the planning meeting"),
    # Translators: {kind}: the yearly meeting about the child's EHCP (Education, Health and Care Plan). Leave EHCP as it is.
    MeetingKind.EHCP: _("the yearly review (EHCP)"),
    # Translators: {kind}: an evening at which parents talk with the teachers for some minutes each.
    MeetingKind.PARENTS_EVENING: _("parents' evening"),
    # Translators: {kind}: someone from school comes to the family's home.
    MeetingKind.HOME_VISIT: _("a home visit"),
}
FIND_A_TIME = {
    # Translators: a choice, in the reader's own voice. At most 20 characters.
    "book": _("Find a time"),
    # Translators: a choice, in the reader's own voice. At most 20 characters.
    "later": _("Not now"),
    # Translators: a choice, in the reader's own voice. At most 20 characters.
    "ring": _("Please ring me"),
}
WHERE_FULL = {
    # Translators: a choice, in the reader's own voice. At most 24 characters.
    "wait": _("Tell me of free times"),
    "ring": FIND_A_TIME["ring"],
    # Translators: a choice, in the reader's own voice. At most 24 characters.
    "no": _("Nothing, thank you"),
}
CHANGEABLE = {
    # Translators: a choice: what is to be changed. At most 24 characters.
    "way": _("How we meet"),
    # Translators: a choice: what is to be changed. At most 24 characters.
    "interpreter": _("The interpreter"),
    # Translators: a choice: what is to be changed: what helps the reader at the meeting, such as a step-free way. At most 24 characters.
    "access": _("Access needs"),
}
NO_INTERPRETER = {
    # Translators: what people write when they want no interpreter after all.
    "": _("no interpreter"),
}
# Translators: a choice: they need no help, or have nothing to tell. At most 24 characters.
NOTHING = _("Nothing")


@written.register
def _write_slot(value: Slot, language: str) -> str:
    return written(value.clock, language)


@written.register
def _write_appointment(value: Appointment, language: str) -> str:
    return written(value.starts_at.astimezone(LONDON), language)


@dialogue(
    intent="book_appointment",
    # Translators: an entry of the menu.
    menu=_("Book a time with the class teacher"),
    order=10,
    within=("move_appointment",),
    asks={"request_interpreter": "interpreter", "request_access_help": "access"},
    hears=("staff", "child", "time"),
)
def book(chat: Chat, school: School) -> None:
    """A parent books a time with their child's class teacher, or one of the meetings that the school has asked for."""
    child = _child(chat, school)
    kind = chat.keep("kind", chat.args.get("kind") or _kind_meant(chat, school, child))
    staff = appointments.teacher_for(school, child, kind)
    if staff is None:
        chat.go("pass_on", intent="book_appointment", text=chat.text)
    asked = invitations.behind(school, child, kind)
    if kind in invitations.WITH_SENIOR and asked is None:  # withdrawn, or its days are over
        chat.go("pass_on", intent="book_appointment", text=chat.text)
    if _means_someone_else(chat, staff):
        chat.say(_("I can book times with {staff}. For anyone else, the office will help."), staff=staff)
        chat.go("pass_on", intent="book_appointment", text=chat.text)
    for booked in appointments.upcoming(school, chat.adult):
        if (booked.child_id, booked.kind, booked.staff[0].id) == (child.id, kind, staff.id):
            chat.say(_("You still have: {appointment} with {staff}."), appointment=booked, staff=staff)
    slot = _slot(chat, school, staff, child, kind, asked)
    try:
        chat.once("hold", appointments.hold, school, slot, chat.adult, asked)
        terms, note = _terms(chat, school, kind), _note(chat, staff)
        if not _agreed(chat, slot, staff, child, kind, terms, note):
            chat.change(
                _("What would you like to change?"),
                # Translators: a choice. At most 24 characters.
                nothing=_("Do not book"),
                otherwise=_("Nothing was booked."),
                # Translators: a choice: what is to be changed. At most 24 characters.
                slot=_("The time"),
                **_changeable(kind),
                # Translators: a choice.
                note=_("Add a note for {staff}").format(staff=staff),
            )
        booked = appointments.book(school, slot, child, chat.adult, terms, note)
    except SlotTaken as taken:
        chat.ask_again("slot", _("That time has just been taken."), taken.nearest)
    except (TooSoon, NotBookable):
        chat.ask_again("slot", _("That time cannot be booked any more."))
    _say_booked(chat, school, booked, slot)


# Translators: an entry of the menu.
@dialogue(intent="request_home_visit", menu=_("Ask for a home visit"), order=40)
def home_visit(chat: Chat, school: School) -> None:
    """The parent support advisor comes home."""
    chat.go("book_appointment", kind=MeetingKind.HOME_VISIT.value)


@dialogue(intent="request_interpreter", hears=("staff", "child", "time"))
def request_interpreter(chat: Chat, school: School) -> None:
    """An interpreter for a meeting that is still to be booked; for one that is booked, the office sees to it."""
    if appointments.upcoming(school, chat.adult):
        chat.go("pass_on", intent="request_interpreter", text=chat.text)
    chat.go("book_appointment")


# Translators: an entry of the menu.
@dialogue(intent="list_appointments", menu=_("See my appointments"), order=20)
def show(chat: Chat, school: School) -> None:
    """What this adult has booked; never what another has."""
    booked = appointments.upcoming(school, chat.adult)
    if not booked:
        chat.say(_("You have no appointments."))
    for appointment in booked:
        chat.say(_line(appointment).format(**_facts(appointment)))


# Translators: an entry of the menu.
@dialogue(intent="move_appointment", menu=_("Move an appointment"), order=25, keyword=keywords.MOVE, hears=("time", "staff", "child"))
def move(chat: Chat, school: School) -> None:
    """Another time for an appointment; it stays where it was until the new one is agreed."""
    appointment = _which(chat, school, _("Which appointment would you like to move?"), with_times=False)
    if appointment.state != AppointmentState.BOOKED:
        chat.say(_("That appointment is over or was called off before."))
        chat.end()
    staff, child = appointment.staff[0], appointment.child
    asked = invitations.behind(school, child, appointment.kind, appointment)
    slot = _slot(chat, school, staff, child, appointment.kind, asked, same_day=appointment.starts_at.astimezone(LONDON).date())
    try:
        chat.once("hold", appointments.hold, school, slot, chat.adult, asked)
        if not chat.confirm(
            "sure",
            # Translators: {appointment} and {slot} are days with a time.
            _("Move {appointment} with {staff} to {slot}?"),
            # Translators: a button. At most 20 characters.
            yes=_("Move it"),
            # Translators: a button. At most 20 characters.
            no=_("Something else"),
            appointment=appointment,
            staff=staff,
            slot=slot,
        ):
            chat.change(
                _("What would you like?"),
                # Translators: a choice. At most 24 characters.
                nothing=_("Leave it as it was"),
                otherwise=_("Nothing was changed."),
                # Translators: a choice. At most 24 characters.
                slot=_("Another time"),
            )
        appointments.move(school, appointment, slot, chat.adult)
    except SlotTaken as taken:
        chat.ask_again("slot", _("That time has just been taken."), taken.nearest)
    except (TooSoon, NotBookable):
        chat.ask_again("slot", _("That time cannot be booked any more."))
    except AlreadyOver:
        chat.say(_("That appointment cannot be moved any more. {menu} shows what I can do."), menu=keywords.MENU)
        chat.end()
    _say_moved(chat, school, appointment, slot)


# Translators: an entry of the menu.
@dialogue(intent="cancel_appointment", menu=_("Call off an appointment"), order=30, keyword=keywords.CALL_OFF, hears=("time", "staff", "child"))
def cancel(chat: Chat, school: School) -> None:
    """An appointment is called off, once the parent has seen which one."""
    appointment = _which(chat, school, _("Which appointment would you like to call off?"), with_times=True)
    if not chat.confirm(
        "sure",
        # Translators: {appointment} is a day with a time.
        _("Call off {appointment} with {staff}?"),
        # Translators: a button. At most 20 characters.
        yes=_("Call it off"),
        # Translators: a button. At most 20 characters.
        no=_("Keep it"),
        appointment=appointment,
        staff=appointment.staff[0],
    ):
        # Translators: {appointment} is a day with a time.
        chat.say(_("You still have: {appointment} with {staff}."), appointment=appointment, staff=appointment.staff[0])
        return
    try:
        appointments.cancel(school, appointment, chat.adult)
    except AlreadyOver:
        chat.say(_("That appointment is over or was called off before."))
        chat.end()
    # Translators: {appointment} is a day with a time.
    chat.say(_("Called off: {appointment} with {staff}."), must_arrive=True, appointment=appointment, staff=appointment.staff[0])


@notice("appointment_booked")
def booked_for_them(chat: Chat, school: School) -> None:
    """Staff booked for a family that was on the telephone: it reads as if the family had booked by itself."""
    appointment = _still_to_come(chat, school)
    if appointment is not None:
        _say_booked(chat, school, appointment, appointments.slot_of(appointment))


@notice("appointment_moved")
def moved_for_them(chat: Chat, school: School) -> None:
    """Staff gave an appointment another time: because the family asked, or because the school must."""
    appointment = _still_to_come(chat, school)
    if appointment is None:
        return
    if chat.args["asked"] == "family":
        _say_moved(chat, school, appointment, appointments.slot_of(appointment))
        return
    before = Slot.from_identity(chat.args["from"])
    # Translators: the school gave an appointment another time. {before} and {slot} are days with a time: it was {before}, and is now {slot}.
    words = _("Sorry, the school had to move {before} with {staff} to {slot}.")
    chat.say(words, before=before, staff=appointment.staff[0], slot=appointment, attach=appointment, must_arrive=True)
    # Translators: {move} and {call_off} are words to text back.
    chat.say(_("To change it, reply {move}. To call it off, reply {call_off}."), move=keywords.MOVE, call_off=keywords.CALL_OFF)


@notice("appointment_called_off")
def called_off_for_them(chat: Chat, school: School) -> None:
    """Staff called an appointment off: because the family asked, or because the school must, and then the family is asked for another time."""
    appointment = appointments.find(school, chat.args["appointment"])
    if appointment is None or appointment.state == AppointmentState.BOOKED:
        return
    if chat.args["asked"] == "family":
        # Translators: {appointment} is a day with a time.
        chat.say(_("Called off: {appointment} with {staff}."), must_arrive=True, appointment=appointment, staff=appointment.staff[0])
        return
    wanted = chat.choose(
        "wanted",
        list(FIND_A_TIME),
        # Translators: the school calls an appointment off. {appointment} is a day with a time.
        _("Sorry, the school had to call off {appointment} with {staff}. Shall we find another time?"),
        label=FIND_A_TIME.__getitem__,
        appointment=appointment,
        staff=appointment.staff[0],
    )
    kind = MeetingKind(appointment.kind)
    if kind == MeetingKind.PARENTS_EVENING and appointments.next_evening(school) is None:
        kind = MeetingKind.TEACHER  # the evening itself is off
    if wanted == "book":
        chat.go("book_appointment", kind=kind.value, child=appointment.child_id)
    if wanted == "ring":
        chat.go("ring_me")
    _say_later(chat, kind)


@notice("appointment_reminder")
def reminder(chat: Chat, school: School) -> None:
    """The day before; a late one says how near it is."""
    appointment = _still_to_come(chat, school)
    if appointment is None:
        return
    # Translators: {appointment} is a day with a time, {way} is 'in person', 'by phone', 'by video' or 'at your home'.
    words = _("Reminder: {appointment} with {staff}, {way}.")
    if appointment.starts_at.astimezone(LONDON).date() == school.today:
        # Translators: as above, for a meeting on this very day.
        words = _("Reminder: today, {appointment}, with {staff}, {way}.")
    chat.say(words.format(**_facts(appointment)))
    # Translators: {move} and {call_off} are words to text back.
    chat.say(_("To change it, reply {move}. To call it off, reply {call_off}."), move=keywords.MOVE, call_off=keywords.CALL_OFF)


@notice("meeting_invitation")
def invitation(chat: Chat, school: School) -> None:
    """The school would like to meet: the parent is asked when."""
    invited = invitations.find(school, chat.args["invitation"])
    if invited is None or invited.appointment_id is not None:
        return
    if invited.last_on < school.today and not chat.answered("wanted"):  # over, or withdrawn; whoever answers it all the same reaches a person
        return
    wanted = chat.choose(
        "wanted",
        list(FIND_A_TIME),
        # Translators: {kind} is a kind of meeting, such as 'the planning meeting'. {child} is a child's name. A senior leader is, say, the deputy head.
        _("The school would like to meet you about {child}: {kind}. A senior leader will be there. Shall we find a time?"),
        label=FIND_A_TIME.__getitem__,
        kind=KINDS[MeetingKind(invited.kind)],
        child=invited.child,
    )
    if wanted == "book":
        chat.go("book_appointment", kind=invited.kind, child=invited.child_id, invitation=invited.id)
    if wanted == "ring":
        chat.go("ring_me")
    _say_later(chat, MeetingKind(invited.kind))


@notice("slot_offered")
def offer(chat: Chat, school: School) -> None:
    """A time is free for someone who waits; it is theirs until a set time."""
    place = waiting.find(school, chat.args["waiting"])
    if place is None or place.offered is None or place.offered_until is None or place.offered_until <= school.now:
        return
    slot, staff = Slot.from_identity(place.offered), place.staff
    taken = chat.confirm(
        "take",
        # Translators: to someone on the waiting list. {slot} and {until} are days with a time.
        _("A time with {staff} is free: {slot}. Would you like it? It is yours until {until}."),
        # Translators: a button. At most 20 characters.
        yes=_("Take it"),
        # Translators: a button. At most 20 characters.
        no=_("No, thank you"),
        staff=staff,
        slot=slot,
        until=place.offered_until.astimezone(LONDON),
    )
    if not taken:
        waiting.leave(school, place)
        chat.say(_("All right. You are off the waiting list."))
        return
    try:
        booked = appointments.book(school, slot, place.child, chat.adult, appointments.usual_terms(school, chat.adult))
    except (SlotTaken, TooSoon, NotBookable):
        waiting.keep(school, place)
        chat.say(_("Sorry, that time is gone. You are still on the waiting list."))
        return
    _say_booked(chat, school, booked, slot)


def _say_booked(chat: Chat, school: School, booked: Appointment, slot: Slot) -> None:
    """What is promised is kept: a reminder only where its time is still to come."""
    # Translators: {slot} is a day with a time, {way} is 'in person', 'by phone', 'by video' or 'at your home'.
    words = _("Booked: {slot} with {staff}, {way}.")
    if appointments.reminder_time(school, booked) > school.now:
        # Translators: {slot} is a day with a time, {way} is 'in person', 'by phone', 'by video' or 'at your home'.
        words = _("Booked: {slot} with {staff}, {way}. I will remind you the day before.")
    chat.say(words, slot=slot, staff=booked.staff[0], way=_facts(booked)["way"], attach=booked, must_arrive=True)


def _say_moved(chat: Chat, school: School, appointment: Appointment, slot: Slot) -> None:
    # Translators: {slot} is a day with a time.
    words = _("Moved to {slot} with {staff}.")
    if appointments.reminder_time(school, appointment) > school.now:
        # Translators: {slot} is a day with a time.
        words = _("Moved to {slot} with {staff}. I will remind you the day before.")
    chat.say(words, slot=slot, staff=appointment.staff[0], attach=appointment, must_arrive=True)


def _say_later(chat: Chat, kind: MeetingKind) -> None:
    # Translators: {kind} is a kind of meeting, such as 'the planning meeting'.
    chat.say(_("All right. To book it later, write: {kind}."), kind=KINDS[kind])


def _still_to_come(chat: Chat, school: School) -> Appointment | None:
    """The appointment that a notice is about; None where it has begun or is off, and then there is nothing to say."""
    appointment = appointments.find(school, chat.args["appointment"])
    if appointment is None or appointment.state != AppointmentState.BOOKED or appointment.starts_at <= school.now:
        return None
    return appointment


def _child(chat: Chat, school: School) -> Child:
    """Which child: the one that was named, the only one, the one whose teacher was named, or the one that is chosen."""
    children = families.children(school, chat.adult, may="book")
    if not children and not chat.answered("child"):
        chat.say(_("I cannot book times for you here. The office will help you."))
        chat.go("pass_on", intent="book_appointment", text=chat.text)
    named = chat.args.get("child")
    heard_staff = {person.id for person in chat.heard("staff")}
    theirs = [child for child in children if child.id == named or child.school_class.teacher_id in heard_staff]
    return chat.choose("child", theirs or children, _("Which child is it about?"), heard="child", hears="child")


def _kind_meant(chat: Chat, school: School, child: Child) -> str:
    """Which meeting: told by a word of theirs ('parents evening', 'ehcp', 'home visit'); else a talk with the teacher."""
    said = chat.text.casefold()
    words = {
        MeetingKind.PARENTS_EVENING: ("parents evening", "parents' evening", "parent evening"),
        MeetingKind.EHCP: ("ehcp", "review"),
        MeetingKind.PLANNING: ("planning",),
        MeetingKind.HOME_VISIT: ("home visit", "visit me", "come to my house"),
    }
    invited = {invitation.kind for invitation in invitations.open_for(school, child)}
    for kind, names in words.items():
        if any(name in said for name in (*names, written(KINDS[kind], chat.language).casefold())):
            if kind == MeetingKind.PARENTS_EVENING and appointments.next_evening(school) is None:
                continue
            if kind in invitations.WITH_SENIOR and kind not in invited:
                continue
            return kind.value
    return MeetingKind.TEACHER.value


def _means_someone_else(chat: Chat, staff: Staff) -> bool:
    heard = chat.heard("staff")
    return bool(heard) and not chat.answered("slot") and staff.id not in {person.id for person in heard}


def _slot(chat: Chat, school: School, staff: Staff, child: Child, kind: str, asked: Invitation | None, *, same_day: date | None = None) -> Slot:
    """A free time, near what was wished; where there is none at all, the waiting list. A wish without a day is about `same_day`, if that is given."""
    wishes = chat.heard("time") if same_day is None else times.on(same_day, chat.heard("time"))
    found = Offers((), fit=True) if chat.answered("slot") else appointments.offers(school, staff, kind, chat.adult, wishes, invitation=asked, most=OFFERED)
    if not found.slots and not chat.answered("slot"):
        _offer_waiting(chat, school, staff, child)
    # Translators: free times follow as a numbered list.
    question = _("When would you like to see {staff}?") if found.fit else _("{staff} is not free then. These times are free:")
    return chat.choose("slot", found.slots, question, hears="time", pick_single=found.fit, page=SHOWN, staff=staff)


def _offer_waiting(chat: Chat, school: School, staff: Staff, child: Child) -> None:
    """Nothing is free: wait for a time, or reach a person."""
    chosen = chat.choose(
        "full",
        list(WHERE_FULL),
        ngettext(
            "{staff} has no free times in the next week. What would you like?",
            "{staff} has no free times in the next {count} weeks. What would you like?",
            school.settings.horizon.days // 7,
        ),
        label=WHERE_FULL.__getitem__,
        staff=staff,
    )
    if chosen == "wait":
        waiting.join(school, chat.adult, child, staff)
        chat.say(_("You are on the waiting list. I will text you when a time with {staff} is free."), staff=staff)
    if chosen == "ring":
        chat.go("ring_me")
    chat.end()


def _terms(chat: Chat, school: School, kind: str) -> Terms:
    """Way, interpreter and access as last time; asked only where the parent wants them changed."""
    usual = appointments.usual_terms(school, chat.adult)
    if kind == MeetingKind.HOME_VISIT or not chat.wants("way"):
        way = chat.keep("way", _way_wished(chat, school) or usual.way, instead=SAID)
    else:
        way = chat.choose("way", [Way(name) for name in school.settings.ways], _("How would you like to meet?"), pick_single=False, label=WAYS.__getitem__)
    if chat.wants("interpreter"):
        # Translators: a choice. At most 24 characters.
        without = _("No interpreter")
        interpreter = chat.ask("interpreter", _("Which language should the interpreter speak?"), skip=without)
    else:
        interpreter = chat.keep("interpreter", usual.interpreter, instead=NO_INTERPRETER)
    if chat.wants("access"):
        access = chat.ask("access", _("What would help you at the meeting? For example: step-free way, sign language."), skip=NOTHING)
    else:
        access = chat.keep("access", usual.access_needs)
    return Terms(way, interpreter, access)


def _way_wished(chat: Chat, school: School) -> Way | None:
    """How they asked to meet in the words of their wish ('by phone please'), if the school offers that."""
    said = chat.text.casefold()
    ways = (way for way, names in WAY_WORDS.items() if any(name in said for name in (*names, written(SAID[way], chat.language).casefold())))
    return next((way for way in ways if way in school.settings.ways), None)


def _note(chat: Chat, staff: Staff) -> str:
    if not chat.wants("note"):
        return ""
    return chat.ask("note", _("What would you like {staff} to know?"), skip=NOTHING, staff=staff)


def _changeable(kind: str) -> dict[str, Phrase]:
    return {key: name for key, name in CHANGEABLE.items() if key != "way" or kind != MeetingKind.HOME_VISIT}


def _agreed(chat: Chat, slot: Slot, staff: Staff, child: Child, kind: str, terms: Terms, note: str) -> bool:
    """The whole of it, spoken back once, before anything is booked."""
    return chat.confirm(
        "sure",
        # Translators: {slot} is a day with a time, {child} a child's name, {terms} a list such as 'in person, with an interpreter (Somali)'.
        _("{slot} with {staff} about {child}: {terms}. Shall I book it?"),
        # Translators: a button. At most 20 characters.
        yes=_("Book it"),
        # Translators: a button. At most 20 characters.
        no=_("Change something"),
        slot=slot,
        staff=staff,
        child=child,
        terms=_terms_words(kind, terms, note),
    )


def _terms_words(kind: str, terms: Terms, note: str) -> tuple[object, ...]:
    words: list[object] = [] if kind == MeetingKind.TEACHER else [KINDS[MeetingKind(kind)]]
    # Translators: how people meet: a member of staff comes to the reader's home.
    words.append(_("at your home") if kind == MeetingKind.HOME_VISIT else WAYS[terms.way])
    if terms.interpreter:
        # Translators: in a list such as 'in person, with an interpreter (Somali)'. {language} is the name of a language.
        words.append(_("with an interpreter ({language})").format(language=LanguageName(terms.interpreter)))
    if terms.access_needs:
        # Translators: in a list such as 'in person, access: step-free way'. {needs} is what the reader wrote.
        words.append(_("access: {needs}").format(needs=terms.access_needs))
    if note:
        # Translators: in a list such as 'in person, with your note': the reader wrote something for the teacher.
        words.append(_("with your note"))
    return tuple(words)


def _which(chat: Chat, school: School, question: Phrase, *, with_times: bool) -> Appointment:
    """One of this adult's appointments: the one that was named, by teacher, child or (`with_times`) day; the only one is taken as meant."""
    booked = [] if chat.answered("appointment") else _meant(chat, appointments.upcoming(school, chat.adult), with_times=with_times)
    if not booked and not chat.answered("appointment"):
        chat.say(_("You have no appointments."))
        chat.end()
    # Translators: a choice. {appointment} is a day with a time.
    return chat.choose("appointment", booked, question, label=lambda row: _("{appointment} with {staff}").format(appointment=row, staff=row.staff[0]))


def _meant(chat: Chat, booked: Sequence[Appointment], *, with_times: bool) -> Sequence[Appointment]:
    """Those that fit what was mentioned; all, where none does."""
    staff, children = {person.id for person in chat.heard("staff")}, {child.id for child in chat.heard("child")}
    fitting = [row for row in booked if not staff or staff & {person.id for person in row.staff}]
    fitting = [row for row in fitting if not children or row.child_id in children]
    if with_times:
        fitting = [row for row in fitting if times.fits(chat.heard("time"), row.starts_at.astimezone(LONDON))]
    return fitting or booked


def _line(appointment: Appointment) -> Phrase:
    if appointment.interpreter:
        # Translators: a line of a list. {appointment} is a day with a time, {way} is 'in person', 'by phone', 'by video' or 'at your home'.
        return _("{appointment} with {staff} about {child}, {way}, with an interpreter ({language}).")
    # Translators: a line of a list. {appointment} is a day with a time, {way} is 'in person', 'by phone', 'by video' or 'at your home'.
    return _("{appointment} with {staff} about {child}, {way}.")


def _facts(appointment: Appointment) -> dict[str, object]:
    return {
        "appointment": appointment,
        "staff": appointment.staff[0],
        "child": appointment.child,
        "way": _("at your home") if appointment.kind == MeetingKind.HOME_VISIT else WAYS[Way(appointment.way)],
        "language": LanguageName(appointment.interpreter),
    }
