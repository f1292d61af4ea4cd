"""OPEN, where nothing is left to open: what waits for them on WhatsApp is shown without a word of ours, see `bot/turns.py`."""

from __future__ import annotations

from bot.conversation import Chat, dialogue
from school import School, openers
from translations import _, keywords


@dialogue(intent=openers.BUTTON, urgent=True, keyword=keywords.OPEN)
def open_(chat: Chat, school: School) -> None:
    """They want to see what waits for them, and all has left: by another way since, or they have opened it already."""
    # Translators: they asked to see a message from school that was waiting for them on WhatsApp, and there is none any more.
    chat.say(_("Nothing is waiting for you: you have had all our messages. Text any time."))
