"""What staff write to families: it arrives in the family's language, with the name of who wrote."""

from __future__ import annotations

from bot.conversation import Chat, notice
from school import School, staff, texts
from translations import _


@notice("staff_message")
def staff_message(chat: Chat, school: School) -> None:
    """One message of a member of staff."""
    text = texts.find(school, chat.args["text"])
    if text is not None:
        # Translators: a message from a member of staff: {staff} is their name, such as 'Ms Okafor', {text} is what they wrote.
        chat.say(_("{staff}: {text}"), staff=staff.find(school, chat.args["staff"]), text=text, must_arrive=True)
