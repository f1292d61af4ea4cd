"""'Is this still the phone of a parent?': asked before anything about a child goes to a number that may be someone else's by now."""

from __future__ import annotations

from bot.conversation import Chat, dialogue
from school import School, doubts, recognition
from translations import _


@dialogue(intent="still_theirs", strangers=True)
def still_theirs(chat: Chat, school: School) -> None:
    """It names nobody. What they wrote before waits, and is answered once they have said that it is theirs."""
    # Translators: stands before the first message to a new number. {phone} is the school's telephone number. Leave STOP as it is.
    chat.say(_("This is {school}. To check, ring {phone}. STOP ends messages."), school=school.settings.name, phone=school.settings.phone)
    # Translators: it is not known yet who reads this, so it names nobody.
    question = _("Is this the phone of a parent or carer at this school?")
    # Translators: buttons under 'Is this the phone of a parent or carer at this school?'. At most 20 characters.
    if not chat.confirm("mine", question, yes=_("Yes, it is"), no=_("Wrong number")):
        chat.go("wrong_number")
    chat.once("theirs", doubts.said_theirs, school, chat.address)
    if len(recognition.sharing(school, chat.address)) > 1:
        chat.go("who_is_writing")
    # Translators: after someone has said that the phone is theirs.
    chat.say(_("Thank you."))
