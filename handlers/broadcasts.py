"""What the school tells many at once, as each family reads it."""

from __future__ import annotations

from datetime import datetime

from bot.conversation import Chat, notice
from school import School, broadcasts
from translations import _


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
