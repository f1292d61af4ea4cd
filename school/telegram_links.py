"""Asking a family over to Telegram: a one-time link, sent by text. A bot cannot write first, so the parent must open it.

The token stands in the notice until it has been sent, and in the words that were sent until they have arrived; otherwise only its hash is kept.
"""

from __future__ import annotations

import re

from sqlalchemy import select, update

from data.addresses import StartLink
from data.inbox import Mark
from data.outbox import Message, OutboxState
from data.people import Adult
from school import School
from school.addresses import START_LINK_LASTS
from school.capability import Capability
from school.notices import tell

KIND = "telegram_link"
BOT = "telegram-bot"
"""The mark under which the bot's name is kept, as Telegram told it."""

_TOKEN = re.compile(r"\?start=[A-Za-z0-9_-]{8,}")
_STILL_NEEDED = (OutboxState.QUEUED, OutboxState.SENDING)


def offer(school: School, adult: Adult, token: str) -> None:
    """Tell `adult` of the link with this token. Until the bot's name is known the notice waits; what has not left when the link expires, staff see."""
    until = school.now + START_LINK_LASTS
    not_before = None if bot_name(school) else until
    tell(school, adult, KIND, {"token": token}, key=f"{KIND}:{adult.id}:{school.now.isoformat()}", not_before=not_before, useless_after=until)


def bot_name(school: School) -> str:
    """What the school's bot is called at Telegram; empty while that is not known."""
    kept = school.session.get(Mark, BOT)
    return kept.value if kept else ""


def learn_bot_name(school: School, name: str) -> None:
    """Telegram says what our bot is called: links that waited for that leave now."""
    if bot_name(school) == name:
        return
    school.session.merge(Mark(name=BOT, value=name))
    waiting = update(Message).where(Message.kind == KIND, Message.state == OutboxState.QUEUED, Message.text.is_(None))
    school.session.execute(waiting.values(not_before=None).execution_options(synchronize_session=False))


def is_wanted(school: School, adult: Adult) -> bool:
    """Whether a link would still be of use: it was not opened yet, and no chat is theirs yet."""
    return _has_open_link(school, adult.id) and not any(link.address.channel == "telegram" for link in adult.addresses)


def forget_tokens(school: School) -> None:
    """Take the tokens out of notices that have left, and out of the words once these have arrived or the link is used or out of date."""
    for message in school.session.scalars(select(Message).where(Message.kind == KIND, Message.state.not_in(_STILL_NEEDED))):
        if message.about:
            message.about = {}
        is_on_its_way = message.state == OutboxState.SENT and message.adult_id is not None and _has_open_link(school, message.adult_id)
        if message.text and not is_on_its_way and _TOKEN.search(message.text):
            message.text = _TOKEN.sub("?start=…", message.text)


def _has_open_link(school: School, adult_id: int) -> bool:
    is_open = (StartLink.adult_id == adult_id, StartLink.used_at.is_(None), StartLink.expires_at > school.now)
    return school.session.scalar(select(StartLink.id).where(*is_open).limit(1)) is not None


capability = Capability("telegram_links", due=forget_tokens)
