"""The welcome: the first text of all, which says whose number this is, how to check that, what it is for, and how to end it."""

from __future__ import annotations

from bot.conversation import Chat, notice
from school import School, welcomes
from translations import _, keywords

# Translators: a choice under 'Is this the phone of a parent or carer at this school?': they are not. At most 20 characters.
WRONG = _("Wrong number")


@notice("welcome")
def welcome(chat: Chat, school: School) -> None:
    """It names no child and no adult: who reads it may be anyone, until they have answered."""
    if not chat.answered("mine") and not welcomes.is_wanted(school, chat.adult):
        return
    chat.say(
        # Translators: the first text to a parent. {phone} is the school's telephone number. Leave STOP as it is.
        _("This is {school}. To check, ring {phone}. Here you can say that a child is ill, book a time or ask us something. STOP ends messages."),
        school=school.settings.name,
        phone=school.settings.phone,
    )
    # Translators: it is not known yet who reads this, so it names nobody.
    question = _("Is this the phone of a parent or carer at this school?")
    # Translators: a button under 'Is this the phone of a parent or carer at this school?'. At most 20 characters.
    if not chat.confirm("mine", question, yes=_("Yes, it is"), no=WRONG):
        chat.go("wrong_number")
    # Translators: {menu} is a word to text back.
    chat.say(_("Thank you. Write what you need in your own words. {menu} shows what I can do."), menu=keywords.MENU)
