"""What the school's own records answer: when there is school, and who teaches a child."""

from __future__ import annotations

from bot.conversation import Chat, dialogue
from handlers.school_facts import tell
from school import School, families
from school.calendar import calendar
from school.school_facts import Topic
from translations import Phrase, _

SOON = 4
"""How many stretches of the calendar are told at once."""


# Translators: names a question in 'Do you mean: Term dates and holidays?'.
@dialogue(intent=Topic.TERM_DATES, about=_("Term dates and holidays"), general=True)
def term_dates(chat: Chat, school: School) -> None:
    """The terms, half-terms and days off that come next."""
    stretches = calendar(school).coming(school.today)[:SOON]
    for first, last, what in stretches:
        chat.say(_stretch(what, is_one_day=first == last), first=first, last=last)
    tell(chat, school, topic=Topic.TERM_DATES, is_known=bool(stretches))


def _stretch(what: str, *, is_one_day: bool) -> Phrase:
    if is_one_day:
        # Translators: {first} is a date.
        return _("No school for children on {first}.")
    if what == "term":
        # Translators: {first} and {last} are dates.
        return _("Term: {first} to {last}.")
    # Translators: {first} and {last} are dates.
    return _("No school for children from {first} to {last}.")


# Translators: names a question in 'Do you mean: Whether there is school?': on some day.
@dialogue(intent=Topic.CLOSED, about=_("Whether there is school"), hears=("time",), general=True)
def closed(chat: Chat, school: School) -> None:
    """Whether there is school today, or on the day that was named."""
    days = calendar(school)
    if not days.terms:
        tell(chat, school, topic=Topic.CLOSED)
        return
    named = next((when.first for when in chat.heard("time") if when.first is not None), None)
    day = named or school.today
    # Translators: {day} is a date.
    chat.say(_("There is school on {day}.") if days.is_school_day(day) else _("There is no school on {day}."), day=day)
    tell(chat, school, topic=Topic.CLOSED, is_known=True)


# Translators: names a question in 'Do you mean: My child's teacher?'.
@dialogue(intent=Topic.TEACHER, about=_("My child's teacher"), hears=("child",), general=True)
def teacher(chat: Chat, school: School) -> None:
    """Each child's class and its teacher."""
    named = chat.heard("child")
    told = [child for child in families.known_to(school, chat.adult) if (not named or child in named) and child.school_class.teacher is not None]
    for child in told:
        # Translators: {child} is a first name, {class_name} a class, {staff} its teacher.
        words = _("{child} is in {class_name}. The teacher is {staff}.")
        chat.say(words, child=child, class_name=child.school_class.name, staff=child.school_class.teacher)
    tell(chat, school, topic=Topic.TEACHER, is_known=bool(told))
