"""'You have the wrong number': the number is closed at once, and whoever has it learns nothing of the family it was."""

from __future__ import annotations

from bot.conversation import Chat, dialogue
from school import School, closings
from translations import _, keywords


# Translators: names what someone says, in 'Do you mean: Wrong number?': they are not whom the school wants to reach.
@dialogue(intent="wrong_number", about=_("Wrong number"), urgent=True, strangers=True, keyword=keywords.WRONG_NUMBER)
def wrong_number(chat: Chat, school: School) -> None:
    """Closed at a word: a parent who wrote it by mistake rings, a stranger who has to write it twice goes on reading of a child."""
    chat.once("closed", closings.said_wrong_number, school, chat.address, chat.text, chat.written_in)
    chat.drop_others()
    chat.say(
        # Translators: said to someone who says that we have the wrong number. {phone} is the school's telephone number.
        _("Sorry. We send nothing more to this number. If you are a parent at {school}, please ring {phone}."),
        school=school.settings.name,
        phone=school.settings.phone,
    )
