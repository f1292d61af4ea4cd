"""School facts: the school's own answers to what parents ask again and again. What it has not written goes to a person."""

from __future__ import annotations

from functools import partial

from bot.conversation import Chat, dialogue
from school import School, school_facts
from school.school_facts import Topic
from translations import _

ABOUT = {
    # Translators: names a question in 'Do you mean: School hours?'.
    Topic.HOURS: _("School hours"),
    # Translators: names a question in 'Do you mean: Lunch at school?'.
    Topic.LUNCH: _("Lunch at school"),
    # Translators: names a question in 'Do you mean: What children wear?'.
    Topic.UNIFORM: _("What children wear"),
    # Translators: names a question in 'Do you mean: The way to school?': the school bus, or a taxi.
    Topic.TRANSPORT: _("The way to school"),
    # Translators: names a question in 'Do you mean: When a child is ill?': how long they stay at home.
    Topic.ILLNESS: _("When a child is ill"),
    # Translators: names a question in 'Do you mean: The learning portal?': the school's web page with things to learn at home.
    Topic.PORTAL: _("The learning portal"),
    # Translators: names a question in 'Do you mean: How to reach the school?'.
    Topic.CONTACT: _("How to reach the school"),
    # Translators: names a question in 'Do you mean: Help for families?'.
    Topic.SUPPORT: _("Help for families"),
}
# Translators: a choice below questions that the school has answered: none of them was meant. At most 20 characters.
NONE_OF_THESE = _("None of these")


def tell(chat: Chat, school: School, *, topic: Topic, is_known: bool = False) -> None:
    """What the school has written about it: one answer, or the one that is meant; `is_known` where something was said already."""
    found = school_facts.answering(school, topic)
    if is_known and not found:
        return
    options = [*found, None] if len(found) > 1 else found
    fact = chat.choose("fact", options, _("Is this what you meant?"), label=lambda each: each.question if each else NONE_OF_THESE) if found else None
    if fact is None:
        chat.once("missed", school_facts.is_missed, school, topic)
        chat.say(_("The school has not told me that yet."))
        chat.go("pass_on", intent=topic.value, text=chat.text)
    if len(found) == 1:
        chat.say(_("{text}"), text=fact.question)  # what it answers may not be quite what they asked, and they have not chosen it
    chat.say(_("{text}"), text=fact.answer)
    if fact.link:
        chat.say(_("{text}"), text=fact.link)


for _topic, _about in ABOUT.items():
    dialogue(intent=_topic.value, about=_about, general=True)(partial(tell, topic=_topic))
