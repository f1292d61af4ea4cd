"""The text that asks a parent over to Telegram, once, with a link that only they were sent."""

from __future__ import annotations

from bot.conversation import Chat, notice
from school import School, telegram_links
from translations import _


@notice("telegram_link")
def telegram_link(chat: Chat, school: School) -> None:
    """The link, while it is of use; nothing once it was opened."""
    if telegram_links.is_wanted(school, chat.adult):
        link = f"https://t.me/{telegram_links.bot_name(school)}?start={chat.args['token']}"
        # Translators: {link} is a web address.
        chat.say(_("To write to {school} on Telegram, open {link}"), school=school.settings.name, link=link)
