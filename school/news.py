"""Whether anything that staff look at has changed: so that an open page need not ask for itself to find out."""

from __future__ import annotations

from sqlalchemy import func, select

from data.attention import Attention
from data.inbox import Received
from data.outbox import STILL_TO_LEAVE, Callback, Message
from data.texts import TextTranslation, TranslationState
from school import School


def mark(school: School) -> str:
    """A word that is another one once a message came in, went out, arrived or was put into English, or a need arose or was dealt with.

    Cheap: it is asked for every half second.
    """
    ask = school.session.scalar
    parts = (
        ask(select(func.max(Received.id))),
        ask(select(func.max(Message.id))),
        ask(select(func.max(Callback.id))),
        ask(select(func.count()).where(Message.state.in_(STILL_TO_LEAVE))),
        ask(select(func.max(Attention.id))),
        ask(select(func.max(Attention.done_at))),
        ask(select(func.count()).where(TextTranslation.state == TranslationState.WANTED)),
    )
    return " ".join(map(str, parts))
