"""STOP and START, on every channel, in every language that Bookbag knows the words of."""

from __future__ import annotations

from bot.conversation import Chat, dialogue
from school import School, consent
from translations import _, channels

# Translators: leave START as it is: phone companies know it in English alone.
STOPPED = _("You will get no more messages from {school} here. To hear from us again, text START. We may still ring you if it is urgent.")
# Translators: leave STOP as it is.
STARTED = _("You will hear from {school} again. STOP ends messages.")


# Translators: names the wish for no more messages, in 'Do you mean: Stop all messages?'.
@dialogue(intent="stop", about=_("Stop all messages"), urgent=True, strangers=True)
def stop(chat: Chat, school: School) -> None:
    """They want no more messages. Said once, nothing is asked."""
    consent.opt_out(school, chat.address, how="text")
    chat.drop_others()
    chat.say(STOPPED, school=school.settings.name)
    others = consent.other_ways(school, chat.adult, chat.address) if chat.known else []
    if others:
        # Translators: after STOP. {channel} is one or more other ways to be written to, such as 'WhatsApp'. Leave STOP as it is.
        chat.say(_("You still get them here: {channel}. Text STOP there too, if you wish."), channel=[channels.NAMES[each] for each in others])


@dialogue(intent="start", urgent=True, strangers=True)
def start(chat: Chat, school: School) -> None:
    """They want to hear from the school again."""
    consent.opt_in(school, chat.address, how="text")
    chat.say(STARTED, school=school.settings.name)


@dialogue(intent="stopped", urgent=True)
def stopped(chat: Chat, school: School) -> None:
    """They said STOP before and write now: only how to come back is said."""
    chat.drop_others()
    # Translators: leave START as it is.
    chat.say(_("You told us to stop. To talk with {school} here again, text START. Or ring {phone}."), school=school.settings.name, phone=school.settings.phone)
