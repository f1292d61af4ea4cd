"""What the school tells many at once, as each family reads it."""

from __future__ import annotations

from datetime import datetime

from bot.conversation import Chat, dialogue, notice
from school import School, broadcast_replies, broadcasts, rsvps
from translations import _

MEANT = {"affirm": "accept_invitation", "deny": "decline_invitation", "maybe": "ask_event_details"}
"""What a bare word says to an event."""


@notice("broadcast")
def broadcast(chat: Chat, school: School) -> None:
    """One broadcast: what staff wrote, under the school's name, the dates of a newsletter, a line each, and its document."""
    said = broadcasts.to_say(school, chat.args["broadcast"], chat.adult, chat.args.get("run"))
    if said is None:
        return
    if chat.address.first_greeted_at is None:  # the first message says by itself which school it is
        chat.say(_("{text}"), text=said.text, attach=said.file)
    else:
        # Translators: news for many families: {school} is the school's short name, {text} is what staff wrote.
        chat.say(_("{school}: {text}"), school=school.settings.short_name, text=said.text, attach=said.file)
    for each in said.dates:
        day = datetime.combine(each.on, each.at) if each.at is not None else each.on
        # Translators: one date of a newsletter: {day} is a date, perhaps with a time, such as 'Thu 12 March, 09:30', {text} is what is on then.
        chat.say(_("{day}: {text}"), day=day, text=each.what)


@dialogue(intent="answer_broadcast", passing=True)
def answer(chat: Chat, school: School) -> None:
    """What they write to a broadcast that asked them something: whether they come, where it was about an event; else it is for the office, which asked."""
    asked, said = broadcast_replies.question_to(school, chat.adult), chat.args.get("said")
    event = broadcast_replies.event_of(school, chat.adult, asked) if asked is not None and said is not None else None
    if event is not None and rsvps.takes_answers(school, event):
        chat.go(MEANT[str(said)], event=event.id)
    chat.go("pass_on", intent=f"answers broadcast {asked.broadcast.id}" if asked is not None else "answer_broadcast", text=chat.args["text"])
