"""What staff write to families: it arrives in the family's language, with the name of who wrote."""

from __future__ import annotations

from bot.conversation import Chat, notice
from school import School, staff, texts
from translations import _


@notice("staff_message")
def staff_message(chat: Chat, school: School) -> None:
    """One message of a member of staff."""
    text, who = texts.find(school, chat.args["text"]), staff.find(school, chat.args["staff"])
    if text is not None and who is not None:
        # Translators: a message from a member of staff: {staff} is their name, such as 'Ms Okafor', {text} is what they wrote.
        chat.say(_("{staff}: {text}"), staff=who, text=text, must_arrive=True)
