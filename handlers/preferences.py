"""What a parent wants to be told, and where first: changed by a word, a number or in their own words. STOP and START are in `consent.py`."""

from __future__ import annotations

from collections.abc import Sequence

from bot.conversation import Chat, dialogue
from school import School, addresses, preferences
from school.preferences import KINDS, Address
from translations import Phrase, _, channels, keywords

KIND_NAMES = {
    # Translators: a kind of message from the school that can be switched off: news and newsletters. One or two words, at most 13 characters.
    "news": _("News"),
    # Translators: a kind of message from the school that can be switched off: reminders of a time or a day. At most 13 characters.
    "reminders": _("Reminders"),
    # Translators: a kind of message from the school that can be switched off: invitations to events. At most 13 characters.
    "events": _("Events"),
    # Translators: a kind of message from the school that can be switched off: home learning packs. At most 13 characters.
    "packs": _("Packs"),
    # Translators: a kind of message from the school that can be switched off: questionnaires. At most 13 characters.
    "questions": _("Questions"),
}
# Translators: stands for news, reminders, events, packs and questions together. At most 13 characters.
ALL = _("All of these")
KIND_WORDS = {
    # Translators: words by which people mean news from school. With commas between; * where the word may go on.
    "news": _("news*, fundraising, governor*"),
    # Translators: words by which people mean reminders. With commas between; * where the word may go on.
    "reminders": _("remind*"),
    # Translators: words by which people mean events at school. With commas between; * where the word may go on.
    "events": _("event*, coffee morning*, invitation*"),
    # Translators: words by which people mean home learning packs. With commas between; * where the word may go on.
    "packs": _("pack, packs, learning packs"),
    # Translators: words by which people mean questionnaires. With commas between; * where the word may go on.
    "questions": _("survey*, question*"),
}
# Translators: words by which people say that they do not want something. With commas between.
OFF = _("stop, no, not, dont, off, fewer, less, no more, without, too many, too much")
# Translators: words by which people say that they want one thing and nothing else. With commas between.
ONLY = _("only, just, nothing else")
# Translators: {kind} is a kind of message, such as 'News'; 'on' means that they get it. A button too: at most 20 characters in all.
IS_ON = _("{kind}: on")
# Translators: {kind} is a kind of message, such as 'News'; 'off' means that they do not get it. A button too: at most 20 characters in all.
IS_OFF = _("{kind}: off")
# Translators: a button, for what stands not in the list. At most 20 characters.
OTHER = _("Something else")
# Translators: a button. At most 20 characters.
LEAVE = _("Leave it as it is")

ANOTHER = "another"

CHANNEL_WORDS = {
    # Translators: words by which people mean an ordinary text message. With commas between.
    "sms": _("sms, text, texts, text message, text messages"),
    # Translators: words by which people mean WhatsApp. With commas between.
    "whatsapp": _("whatsapp, whats app, watsapp, whatsap"),
    # Translators: words by which people mean Telegram. With commas between.
    "telegram": _("telegram"),
    # Translators: words by which people mean e-mail. With commas between.
    "email": _("email, e-mail, emails, mail"),
}


# Translators: names the wish for fewer or other messages, in 'Do you mean: Which messages I get?'.
@dialogue(intent="change_preferences", about=_("Which messages I get"), keyword=keywords.MESSAGES)
def change_preferences(chat: Chat, school: School) -> None:
    """The kind that was named, once they agree; else the list of kinds, of which one is switched on or off by its number."""
    now = preferences.wanted(school, chat.adult)
    named = [kind for kind in KINDS if chat.says(KIND_WORDS[kind])]
    is_off, is_only = chat.says(OFF), chat.says(ONLY)
    if is_only and not is_off:
        return _agree(chat, school, KINDS, on=False)
    if named and any(now[kind] is is_off for kind in named):
        return _agree(chat, school, named, on=not is_off)
    labels: dict[str, Phrase] = {kind: (IS_ON if now[kind] else IS_OFF).format(kind=KIND_NAMES[kind]) for kind in KINDS} | {"": OTHER}
    kind = chat.choose("kind", list(labels), _("Which of these may I send you? Choose one to change it."), label=labels.__getitem__)
    if not kind:
        if chat.text:
            chat.go("pass_on", intent="change_preferences", text=chat.text)
        chat.go("message_office")
    return _switch(chat, school, [kind], on=not now[kind])


# Translators: names the wish to be written to in another way, in 'Do you mean: Where I get messages?'.
@dialogue(intent="change_channel", about=_("Where I get messages"))
def change_channel(chat: Chat, school: School) -> None:
    """One of the ways that they have and said no STOP on comes first. Another way is never added by a text alone: someone rings."""
    ways = preferences.may_be_first(school, chat.adult)
    named = [channel for channel, words in CHANNEL_WORDS.items() if chat.says(words)]
    meant = [way for way in ways if [way.channel] == named]
    if named and len(named) == 1 and not chat.says(OFF):
        if len(meant) == 1:
            return _put_first(chat, school, meant[0])
        if not meant:
            return _add(chat, school)
    if len(ways) < 2:  # one way leaves nothing to choose
        return _add(chat, school)
    offered: list[Address | str] = [*ways, ANOTHER]
    way = chat.choose("way", offered, _("Where shall I write to you first?"), label=lambda each: _way(each, ways) if isinstance(each, Address) else OTHER)
    return _put_first(chat, school, way) if isinstance(way, Address) else _add(chat, school)


def _agree(chat: Chat, school: School, kinds: Sequence[str], *, on: bool) -> None:
    """Switch what was heard, once it was said back."""
    what = ALL if len(kinds) == len(KINDS) else [KIND_NAMES[kind] for kind in kinds]
    # Translators: {kind} is one or more kinds of message, such as 'News'.
    ask_on = _("Shall I switch this on: {kind}?")
    # Translators: {kind} is one or more kinds of message, such as 'News'.
    ask_off = _("Shall I switch this off: {kind}?")
    # Translators: a button. At most 20 characters.
    yes_on = _("Switch it on")
    # Translators: a button. At most 20 characters.
    yes_off = _("Switch it off")
    question, yes = (ask_on, yes_on) if on else (ask_off, yes_off)
    if chat.confirm("sure", question, yes=yes, no=LEAVE, kind=what):
        _switch(chat, school, kinds, on=on)
    else:
        chat.say(_("Nothing was changed."))


def _switch(chat: Chat, school: School, kinds: Sequence[str], *, on: bool) -> None:
    preferences.switch(school, chat.adult, kinds, on=on, how=chat.address.channel)
    what = ALL if len(kinds) == len(KINDS) else [KIND_NAMES[kind] for kind in kinds]
    chat.say((IS_ON if on else IS_OFF).format(kind=what))
    if not on:
        chat.say(_("I still write about what you booked, your child and what is urgent."))
    # Translators: {keyword} is a word to text back.
    chat.say(_("{keyword} changes it."), keyword=keywords.MESSAGES)


def _put_first(chat: Chat, school: School, way: Address) -> None:
    preferences.put_first(school, chat.adult, way, how=chat.address.channel)
    chat.say(
        # Translators: {channel} is a way to be written to, such as 'WhatsApp'.
        _("I write to you here first now: {channel}. Where that fails I try your other ways."),
        channel=_way(way, preferences.may_be_first(school, chat.adult)),
    )


def _add(chat: Chat, school: School) -> None:
    """Another way than those they have: whoever holds the phone could ask for that, so someone rings."""
    if chat.confirm(
        "ring",
        _("To write to you in a new place, someone at school must ring you first. Shall they?"),
        # Translators: a choice, in the reader's own voice. At most 20 characters.
        yes=_("Please ring me"),
        no=LEAVE,
    ):
        chat.go("ring_me", text=chat.text)
    chat.say(_("Nothing was changed."))


def _way(way: Address, ways: Sequence[Address]) -> Phrase:
    """What a way is called; with the end of its number where there are several of its channel."""
    name = channels.NAMES[way.channel]
    is_one = sum(each.channel == way.channel for each in ways) == 1
    # Translators: {channel} is a way to be written to, {number} the end of a telephone number.
    return name if is_one else _("{channel} {number}").format(channel=name, number=addresses.masked(way.value))
