"""What Telegram hands us: one update, as a webhook or a poll brings it.

Private chats only: a group would let others read what is meant for one family, so updates from groups give nothing and change nothing.
Source: the Bot API and python-telegram-bot's classes, as read into design paper `providers.md` §5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from telegram import CallbackQuery, Chat, ChatMemberUpdated, Message, Update
from telegram.error import TelegramError

from bot.channels.base import AddressKind, ChannelName, Inbound, InboundKind, Malformed
from bot.channels.text import clean

ALLOWED_UPDATES: Final = ("message", "edited_message", "callback_query", "my_chat_member")
"""Asked for by name each time: left out, Telegram keeps whatever was asked for before."""

_START: Final = re.compile(r"/start(?:@\w+)? +([A-Za-z0-9_-]{1,64})\s*")
_COMMAND: Final = re.compile(r"/([A-Za-z0-9_]+)(?:@\w+)?(?=\s|$)")
_NUMBER: Final = re.compile(r"\+?([1-9]\d{4,14})")


def inbound(data: object, to: str) -> list[Inbound]:
    """The messages in one update, none or one; `to` is our bot's id. Raises Malformed where it is no update at all.

    An update that the library cannot read, of a kind younger than it, becomes OTHER if it says which private chat it is from, and nothing else: a webhook that
    fails would hold up that chat for a day, a poll that fails every chat.
    """
    if not isinstance(data, Mapping) or not _is_id(data.get("update_id")):
        raise Malformed("no update")
    try:
        return _read(Update.de_json(dict(data), None), to)
    except (
        TelegramError,
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        OverflowError,
        OSError,
    ):  # the library checks no types: half-read objects come of it
        return _unreadable(data, to)


def _read(update: Update, to: str) -> list[Inbound]:
    if update.callback_query:
        return _button(update.update_id, update.callback_query, to)
    if update.my_chat_member:
        return _membership(update.update_id, update.my_chat_member, to)
    message = update.message or update.edited_message
    return _message(update.update_id, message, to) if message else []


def _is_id(value: object) -> bool:
    """Whether this can be an id of Telegram's: whole numbers of at most 64 bits."""
    return isinstance(value, int) and -(2**63) <= value < 2**63


def provider_id(chat: int, message: int) -> str:
    """How a message of ours is called: Telegram counts within a chat, so the chat is part of it."""
    return f"tg:{chat}:{message}"


def _base(update_id: int, chat: Chat, to: str) -> dict[str, Any]:
    """What every inbound of one update has. An update's id is namespaced, so that no other provider's can be the same."""
    if not _is_id(chat.id):
        raise TypeError(chat.id)
    return {
        "provider_id": f"tg:{update_id}",
        "channel": ChannelName.TELEGRAM,
        "address": str(chat.id),
        "address_kind": AddressKind.TELEGRAM_CHAT,
        "to": to,
    }


def _message(update_id: int, message: Message, to: str) -> list[Inbound]:
    """A message or a corrected one. A correction is a new text with an update id of its own: what was done on the first is done."""
    if message.chat.type != Chat.PRIVATE:
        return []
    kind, payload, media = _what(message)
    name = message.document.file_name if message.document else None
    if kind is None:
        return []
    text = message.text or message.caption or ""
    replied = message.reply_to_message
    return [
        Inbound(
            **_base(update_id, message.chat, to),
            kind=kind,
            text="" if kind in {InboundKind.START_LINK, InboundKind.CONTACT} else clean(spoken(text)),
            payload=payload,
            media=media,
            media_names=(name,) if isinstance(name, str) and name and media else (),
            replied_to=provider_id(message.chat.id, replied.message_id) if replied else None,
            sent_at=message.edit_date or message.date,
        ),
    ]


def _what(message: Message) -> tuple[InboundKind | None, str | None, tuple[str, ...]]:
    """Kind, payload and files of a message; no kind for what Telegram only notes ('pinned a message')."""
    if message.text is not None:
        start = _START.fullmatch(message.text)
        return (InboundKind.START_LINK, start[1], ()) if start else (InboundKind.TEXT, None, ())
    if message.contact:
        number = _own_number(message)
        return (InboundKind.CONTACT if number else InboundKind.OTHER), number, ()
    if message.photo:
        return InboundKind.PHOTO, None, (message.photo[-1].file_id,)  # the sizes rise; the last is the largest
    sound = message.voice or message.audio
    if sound:
        return InboundKind.VOICE, None, (sound.file_id,)
    if message.location or message.venue:
        return InboundKind.LOCATION, None, ()
    is_sent_by_a_person = message.effective_attachment or message.checklist or message.api_kwargs
    file = message.document or message.video or message.video_note
    is_photo = bool(message.document and (message.document.mime_type or "").startswith("image/"))  # sent 'as a file'
    kind = InboundKind.PHOTO if is_photo else InboundKind.OTHER if is_sent_by_a_person else None
    return kind, None, (file.file_id,) if file else ()


def _own_number(message: Message) -> str | None:
    """The number of the sender's own account in E.164, or None: anyone's contact can be sent the same way.

    `user_id` is set by Telegram's server (tdlib/td #2575), so it can be trusted.
    """
    contact, sender = message.contact, message.from_user
    if contact is None or sender is None or contact.user_id != sender.id or message.chat.id != sender.id or message.forward_origin:
        return None
    number = _NUMBER.fullmatch(re.sub(r"[\s()-]", "", contact.phone_number))
    return f"+{number[1]}" if number else None


def spoken(text: str) -> str:
    """A text with Telegram's own '/word' as the word. '/start' alone, which opening the bot sends, is a greeting: 'hello'."""
    command = _COMMAND.match(text)
    if not command:
        return text
    rest = text[command.end() :].strip()
    word = command[1].replace("_", " ")
    if word.lower() == "start" and not rest:
        return "hello"
    return f"{word} {rest}".strip()


def _button(update_id: int, query: CallbackQuery, to: str) -> list[Inbound]:
    """A pressed button. Its text is what stood on it, where the message is still there."""
    if query.message is None or query.message.chat.type != Chat.PRIVATE or not query.data:
        return []
    asked = provider_id(query.message.chat.id, query.message.message_id)
    return [
        Inbound(
            **_base(update_id, query.message.chat, to),
            kind=InboundKind.BUTTON,
            text=clean(_label(query)),
            payload=clean(query.data),
            replied_to=asked,
        ),
    ]


def _label(query: CallbackQuery) -> str:
    markup = query.message.reply_markup if isinstance(query.message, Message) else None
    rows = markup.inline_keyboard if markup else ()
    return next((button.text for row in rows for button in row if button.callback_data == query.data), "")


def _membership(update_id: int, changed: ChatMemberUpdated, to: str) -> list[Inbound]:
    """They blocked the bot, or took that back."""
    if changed.chat.type != Chat.PRIVATE:
        return []
    kind = {"kicked": InboundKind.BLOCKED, "left": InboundKind.BLOCKED, "member": InboundKind.UNBLOCKED}.get(str(changed.new_chat_member.status))
    return [Inbound(**_base(update_id, changed.chat, to), kind=kind, sent_at=changed.date)] if kind else []


def _unreadable(data: Mapping[str, Any], to: str) -> list[Inbound]:
    message = data.get("message") or data.get("edited_message")
    chat = message.get("chat") if isinstance(message, Mapping) else None
    if not isinstance(chat, Mapping) or chat.get("type") != "private" or not _is_id(chat.get("id")):
        return []
    return [Inbound(**_base(data["update_id"], Chat(chat["id"], Chat.PRIVATE), to), kind=InboundKind.OTHER)]
