"""Reaching a person: a message to the office, 'ring me', and everything that Bookbag did not understand or cannot do."""

from __future__ import annotations

from bot.conversation import Chat, dialogue, notice
from school import School, book, broadcast_replies, hours
from school.attention import Need, call_for_a_person, refine
from translations import Phrase, _, keywords, written

WISH_WORDS = 6
LONG_WORD = 5  # letters; shorter ones are articles and the like
WISHED_BY = frozenset({"message", "messages", "office", "tell", "write", "note", "text", "msg"})
"""A text of so few words that holds one of these is the wish to write to the office; any other says already what it is about."""

RING_OR_WRITE = {
    # Translators: a choice, in the reader's own voice. At most 20 characters.
    "ring": _("Please ring me"),
    # Translators: a choice, in the reader's own voice. At most 20 characters.
    "write": _("I want to write"),
}
WHAT_NOW = {
    "ring_me": RING_OR_WRITE["ring"],
    # Translators: a choice, in the reader's own voice. At most 20 characters.
    "pass_on": _("Pass my message on"),
    # Translators: a choice, in the reader's own voice. At most 20 characters.
    "try": _("Try again"),
}


# Translators: an entry of the menu.
@dialogue(intent="speak_to_person", menu=_("Speak to a person"), order=90, urgent=True, keyword=keywords.PERSON)
def speak_to_person(chat: Chat, school: School) -> None:
    """A person can always be reached, in one message: the school is told at once, and then asked how."""
    told = chat.once("told", _call, chat, school, Need.FOR_OFFICE, chat.text)
    how = chat.choose(
        "how",
        ["ring", "write"],
        _when_someone_answers(school),
        label=RING_OR_WRITE.__getitem__,
    )
    if how == "ring":
        refine(school, told, need=Need.RING_ME)
        chat.say(_ring_when(school), day=hours.next_opening(school))
        return
    refine(school, told, text=chat.ask("text", _("What would you like to tell the office?")))
    _promise(chat, school, _("Thank you. The office has your message."))


# Translators: names the wish to be rung, in 'Do you mean: A call from school?'.
@dialogue(intent="ring_me", about=_("A call from school"), urgent=True)
def ring_me(chat: Chat, school: School) -> None:
    """They want to be rung; what was not understood before is what it is about."""
    _call(chat, school, Need.RING_ME, chat.text or chat.args.get("text", ""))
    chat.say(_ring_when(school), day=hours.next_opening(school))


@notice("rang")
def rang(chat: Chat, school: School) -> None:
    """They rang our number. What was true yesterday is not said today."""
    if chat.args["on"] != school.today.isoformat():
        return
    # Translators: to someone who rang the number that texts come from. {phone} is the school's telephone number.
    chat.say(_("You rang us. Nobody answers this number; the office is on {phone}."), phone=school.settings.phone)
    chat.say(_ring_when(school), day=hours.next_opening(school))


# Translators: an entry of the menu.
TO_THE_OFFICE = _("Send a message to the office")


@dialogue(intent="message_office", menu=TO_THE_OFFICE, order=80)
def message_office(chat: Chat, school: School) -> None:
    """A message to the office, in the parent's own words."""
    text = chat.ask("text", _("What would you like to tell the office?")) if _is_only_the_wish(chat) else chat.text
    _call(chat, school, Need.FOR_OFFICE, text)
    _promise(chat, school, _("Thank you. The office has your message."))


@dialogue(intent="pass_on")
def pass_on(chat: Chat, school: School) -> None:
    """Understood, but nothing that Bookbag does itself yet: a person gets it."""
    _call(chat, school, Need.FOR_OFFICE, chat.args["text"], detail=chat.args["intent"])
    _promise(chat, school, _("I have passed your message to the office."))


@dialogue(intent="not_understood")
def not_understood(chat: Chat, school: School) -> None:
    """Nobody is stuck: what was not understood goes to a person; what may answer the book, to the class."""
    if book.went_home_lately(school, chat.adult):
        chat.go("book_answer", text=chat.args["text"])
    if broadcast_replies.question_to(school, chat.adult) is not None:
        chat.go("answer_broadcast", text=chat.args["text"])
    _call(chat, school, Need.NOT_UNDERSTOOD, chat.args["text"])
    words = _("Sorry, I did not understand. I have passed your message to the office. {menu} shows what I can do.")
    _promise(chat, school, words.format(menu=keywords.MENU))


@dialogue(intent="offer_person", passing=True)
def offer_person(chat: Chat, school: School) -> None:
    """Two messages in a row were not understood: a person is offered."""
    chosen = chat.choose(
        "what",
        ["ring_me", "pass_on", "try"],
        _("Sorry, I still do not understand. What now?"),
        label=WHAT_NOW.__getitem__,
    )
    if chosen == "try":
        chat.end()
    chat.go(chosen, intent="not_understood", text=chat.args["text"])


@dialogue(intent="media", urgent=True)
def media(chat: Chat, school: School) -> None:
    """A photo, a voice note, a place: nobody has looked at it yet, and the parent is told so."""
    _call(chat, school, Need.MEDIA, chat.args["text"], detail=chat.args["kind"])
    # Translators: they sent a photo, a voice message or a place.
    _promise(chat, school, _("Thank you. I cannot look at this myself. Someone at school will."))


@dialogue(intent="empty", urgent=True)
def empty(chat: Chat, school: School) -> None:
    """A message with nothing in it that can be read."""
    chat.say(_("Your message came without words. What would you like? {menu} shows what I can do."), menu=keywords.MENU)


def _is_only_the_wish(chat: Chat) -> bool:
    """In a few words, of which one is of the wish itself: 'message to office', or a longer word of the menu's entry in their own language."""
    words = chat.text.casefold().split()
    theirs = {word for word in written(TO_THE_OFFICE, chat.language).casefold().split() if len(word) >= LONG_WORD}
    return not words or (len(words) <= WISH_WORDS and not (WISHED_BY | theirs).isdisjoint(words))


def _call(chat: Chat, school: School, need: Need, text: str, detail: str = "") -> str:
    key = f"{need}:{chat.reference}"
    call_for_a_person(school, need, key=key, adult=chat.adult, address=chat.address, text=text, language=chat.written_in, detail=detail)
    return key


def _ring_when(school: School) -> Phrase:
    if hours.is_open(school):
        return _("We will ring you today, on the number we have for you.")
    # Translators: {day} is a date such as 'Monday 2 March'; the second 'on' is about their telephone number.
    return _("We will ring you when school is open, on {day}, on the number we have for you.")


def _when_someone_answers(school: School) -> Phrase:
    if hours.is_open(school):
        # Translators: 'How?' asks whether they want to be rung or to write; two choices follow.
        return _("Someone will answer you today. How?")
    return _("School is closed now. Someone will answer you on {day}. How?").format(day=hours.next_opening(school))


def _promise(chat: Chat, school: School, received: Phrase) -> None:
    chat.say(received)
    if not hours.is_open(school):
        chat.say(_("School opens again on {day}."), day=hours.next_opening(school))
