"""What a parent hears whose message suggests that someone may be at risk. The alarm itself is raised by the turn, before anything is said."""

from __future__ import annotations

from bot.conversation import Chat, dialogue
from school import School, hours
from translations import _


@dialogue(intent="safeguarding", urgent=True, strangers=True)
def safeguarding(chat: Chat, school: School) -> None:
    """Neutral, quoting nothing: someone will read it, whom to ring in an emergency, and when nobody is reading."""
    # Translators: to someone whose message hints that a child or an adult is at risk. Neutral and kind: it must not say what the message was about.
    chat.say(_("Thank you for telling us. A member of staff will read this."), must_arrive=True)
    if not hours.is_open(school):
        chat.say(_("Nobody may read it before {day}."), day=hours.next_opening(school))
    # Translators: leave the names and numbers as they are. NSPCC and Childline help children in the United Kingdom.
    chat.say(_("If anyone is in danger now, ring 999. NSPCC: 0808 800 5000. Childline: 0800 1111."))
