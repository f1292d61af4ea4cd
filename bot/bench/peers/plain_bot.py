"""A plain Telegram bot that books a time: python-telegram-bot with `ConversationHandler` and `PicklePersistence`, as the library's own examples are written.

Run as `python -m bot.bench.peers.plain_bot BASE_URL FILE`. Its conversations are written to the file once a minute and when it stops: a crash loses the rest.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Final

os.environ.setdefault("PTB_TIMEDELTA", "true")  # the library's own switch, without which it warns

from telegram import Message, Update
from telegram.ext import ApplicationBuilder, ContextTypes, ConversationHandler, MessageHandler, PicklePersistence, filters

MENU, TIME, SURE, CHANGE = range(4)
TIMES: Final = ("Tue 1 December, 15:10", "Tue 1 December, 15:30", "Wed 2 December, 15:10")
Context = ContextTypes.DEFAULT_TYPE


def main() -> None:
    """Poll and answer until told to stop."""
    base_url, file = sys.argv[1:]
    words = filters.TEXT & ~filters.COMMAND
    conversation: ConversationHandler[Any] = ConversationHandler(
        entry_points=[MessageHandler(words, menu)],
        states={
            MENU: [MessageHandler(filters.Regex("^1$"), book)],
            TIME: [MessageHandler(filters.Regex("^[1-3]$"), chosen)],
            SURE: [MessageHandler(filters.Regex("^1$"), booked), MessageHandler(filters.Regex("^2$"), change)],
            CHANGE: [MessageHandler(filters.Regex("^[1-6]$"), leave)],
        },
        fallbacks=[MessageHandler(words, menu)],
        name="booking",
        persistent=True,
    )
    app = ApplicationBuilder().token("1:x").base_url(base_url).persistence(PicklePersistence(file)).build()
    app.add_handler(conversation)
    app.run_polling(allowed_updates=["message"])


async def menu(update: Update, context: Context) -> int:
    await _message(update).reply_text("What would you like to do?\n1 Book a time with the class teacher\n2 See my appointments\n3 Call off an appointment")
    return MENU


async def book(update: Update, context: Context) -> int:
    offered = "\n".join(f"{number} {time}" for number, time in enumerate(TIMES, start=1))
    await _message(update).reply_text(f"When would you like to see Ms Okafor?\n{offered}")
    return TIME


async def chosen(update: Update, context: Context) -> int:
    _kept(context)["time"] = TIMES[int(_message(update).text or "1") - 1]
    await _message(update).reply_text(f"{_kept(context)['time']} with Ms Okafor: in person. Shall I book it?\n1 Book it\n2 Change something")
    return SURE


async def booked(update: Update, context: Context) -> int:
    await _message(update).reply_text(f"Booked: {_kept(context).pop('time')}.")
    return ConversationHandler.END


async def change(update: Update, context: Context) -> int:
    await _message(update).reply_text("What would you like to change?\n1 The time\n2 The child\n3 The teacher\n4 By phone\n5 A home visit\n6 Do not book")
    return CHANGE


async def leave(update: Update, context: Context) -> int:
    _kept(context).clear()
    await _message(update).reply_text("All right. Nothing is booked.")
    return ConversationHandler.END


def _message(update: Update) -> Message:
    assert update.message is not None
    return update.message


def _kept(context: Context) -> dict[str, str]:
    assert context.user_data is not None
    return context.user_data


if __name__ == "__main__":
    main()
