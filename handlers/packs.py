"""Home Learning Packs, as a family asks for them: what there is, reserving one, waiting for it, giving up a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from bot.conversation import Chat, dialogue, notice
from school import LONDON, School, families, holiday_packs, pack_queue, pack_rules, packs
from school.families import Child
from school.pack_loans import PackLoan
from school.pack_queue import HasIt, HoldState, NotLent, PackHold, TooManyHolds, Waits, Way
from school.packs import Pack, PackItem, Skill
from translations import LanguageName, Phrase, _, ngettext

SKILLS = {
    # Translators: a choice: what a pack of books and games is good for. At most 20 characters.
    Skill.COMMUNICATION: _("Talking and signing"),
    # Translators: a choice: what a pack of books and games is good for. At most 20 characters.
    Skill.BEHAVIOUR: _("Feelings"),
    # Translators: a choice: what a pack of books and games is good for. At most 20 characters.
    Skill.INDEPENDENCE: _("Doing it alone"),
    # Translators: a choice: what a pack is good for: getting dressed, washing, eating. At most 20 characters.
    Skill.SELF_HELP: _("Dressing and washing"),
    # Translators: a choice: what a pack is good for: touching, hearing, seeing. At most 20 characters.
    Skill.SENSORY: _("Senses"),
    # Translators: a choice: what a pack of books and games is good for. At most 20 characters.
    Skill.READING: _("Reading"),
    # Translators: a choice: what a pack of books and games is good for. At most 20 characters.
    Skill.MATHS: _("Numbers"),
}
WORDS = {
    # Translators: words by which parents ask for a pack, with commas between; a * stands for any ending. Write those of your language.
    Skill.COMMUNICATION: _("talk*, speak*, speech, language, word, words, communicat*, signs, signing, makaton"),
    # Translators: words by which parents ask for a pack, with commas between; a * stands for any ending. Write those of your language.
    Skill.BEHAVIOUR: _("behaviour, behavior, feeling*, emotion*, angry, anger, calm*, tantrum*, sharing"),
    # Translators: words by which parents ask for a pack, with commas between; a * stands for any ending. Write those of your language.
    Skill.INDEPENDENCE: _("independen*, by himself, by herself, on his own, on her own, alone"),
    # Translators: words by which parents ask for a pack, with commas between; a * stands for any ending. Write those of your language.
    Skill.SELF_HELP: _("dress*, wash*, toilet*, potty, eating, teeth, self-help, self help"),
    # Translators: words by which parents ask for a pack, with commas between; a * stands for any ending. Write those of your language.
    Skill.SENSORY: _("sensory, sense, senses, touch*, lights, messy"),
    # Translators: words by which parents ask for a pack, with commas between; a * stands for any ending. Write those of your language.
    Skill.READING: _("read, reading, reader, books, story, stories, letters, phonics"),
    # Translators: words by which parents ask for a pack, with commas between; a * stands for any ending. Write those of your language.
    Skill.MATHS: _("maths, math, number*, count*, shape*, sums"),
}
# Translators: words that ask for a pack that is given for the holidays, with commas between; a * stands for any ending. Write those of your language.
HOLIDAY = _("holiday*, half term, summer, christmas, easter")
# Translators: words that say that a pack is collected rather than sent home in the child's bag, with commas between. Write those of your language.
COLLECT_WORDS = _("collect, pick up, pick it up, fetch, come for it")
# Translators: words that say that a pack comes home in the child's bag rather than being collected, with commas between. Write those of your language.
BAG_WORDS = _("bag, book bag, send home, send it home")
WHICH_PACK = _("Which pack?")
WHICH_CHILD = _("Which child is it for?")
# Translators: a button. At most 20 characters.
NO_THANK_YOU = _("No, thank you")
# Translators: a button: wait in a queue for a pack. At most 20 characters.
QUEUE_UP = _("Put me in the queue")
# Translators: they do not wait for a pack any more, {pack}: they did not want it, or the school said so.
NOT_WAITING = _("All right. You do not wait for {pack} any more.")
LENT_NO_MORE = _("Sorry, this pack is lent no more.")
NO_PACKS = _("There are no packs to borrow at the moment.")
MANY = 9
"""So many packs are listed at once; of more, one kind at a time."""
MENTIONED = ("pack", "child")


# What there is


# Translators: an entry of the menu: bags of books and games that the school lends to families.
@dialogue(intent="list_packs", menu=_("Packs to borrow"), order=82, hears=MENTIONED, tells_of="pack")
def list_packs(chat: Chat, school: School) -> None:
    """What packs there are, of a kind if one was named; one is told more about, and can be reserved."""
    if chat.says(HOLIDAY) and holiday_packs.offered(school):
        chat.go("ask_holiday_pack")
    found = packs.lent(school)
    if not found:
        chat.say(NO_PACKS)
        return
    pack = chat.choose("pack", _of_the_kind(chat, found), _("Which one would you like to know more about?"), heard="pack", hears="pack", label=_title)
    _not_twice(chat, school, pack)
    _tell(chat, pack)
    _reserve(chat, school, pack)


def _of_the_kind(chat: Chat, found: Sequence[Pack]) -> Sequence[Pack]:
    """Those for what was named, then or at a question that follows; where nothing was and there are many, for what is chosen."""
    named = [skill for skill, words in WORDS.items() if chat.says(words)]
    wanted = chat.keep("for", named[0].value if len(named) == 1 else "", instead={skill.value: words for skill, words in WORDS.items()})
    if any(pack in found for pack in chat.heard("pack")):
        return found
    good_for = [pack for pack in found if set(pack.skills) & ({wanted} if wanted else set(named))]
    if (wanted or named) and not good_for and not chat.answered("kind"):
        chat.say(_("There is no pack for that at the moment. These are the packs that we have."))
    if good_for or len(found) <= MANY:
        return good_for or found
    kinds = [skill for skill in Skill if any(skill in pack.skills for pack in found)]
    # Translators: asked before a list of what packs of books and games are good for.
    kind = chat.choose("kind", [*kinds, None], _("What should it help with?"), label=lambda each: SKILLS[each] if each is not None else _("Show me all"))
    return [pack for pack in found if kind is None or kind in pack.skills]


def _tell(chat: Chat, pack: Pack) -> None:
    """What it is and what is in it."""
    # Translators: alone on its line: what a pack of books and games is called.
    chat.say(_("{pack}:"), pack=pack.title, attach=pack if pack.picture is not None else None)
    if pack.about is not None:
        chat.say(_("{text}"), text=pack.about)
    if pack.items:
        # Translators: what is in a pack: a list of things, some with how many in brackets.
        chat.say(_("In it: {items}."), items=tuple(_item(item) for item in pack.items))
    if pack.languages not in ([], ["en"]):
        # Translators: {languages} is a list of languages.
        chat.say(_("Books in: {languages}."), languages=tuple(LanguageName(tag) for tag in pack.languages))


def _item(item: PackItem) -> Phrase:
    # Translators: a thing in a pack, and how many there are of it: 'picture cards (24)'.
    return _("{item} ({count})").format(item=item.name, count=item.pieces) if item.pieces > 1 else _("{text}").format(text=item.name)


def _title(pack: Pack) -> object:
    return pack.title


# Reserving


# Translators: names a wish in 'Do you mean: Borrow a pack?'.
@dialogue(intent="reserve_pack", about=_("Borrow a pack"), hears=MENTIONED, takes_over=("list_packs",))
def reserve(chat: Chat, school: School) -> None:
    """A pack for a child: at once where a copy is free, else in the queue."""
    if chat.says(HOLIDAY) and not chat.heard("pack") and holiday_packs.offered(school):
        chat.go("ask_holiday_pack")
    found = packs.lent(school)
    if not found:
        chat.say(NO_PACKS)
        chat.go("pass_on", intent="reserve_pack", text=chat.text)
    of_the_kind, is_named = _of_the_kind(chat, found), any(pack in found for pack in chat.heard("pack"))
    likely = of_the_kind if is_named else chat.beside(found) or of_the_kind
    pack = chat.choose("pack", likely, WHICH_PACK, heard="pack", hears="pack", pick_single=len(found) > 1, label=_title)
    _not_twice(chat, school, pack)
    _reserve(chat, school, pack)


def _reserve(chat: Chat, school: School, pack: Pack) -> None:
    children = families.children(school, chat.adult, may="hear")
    if not children:
        chat.go("pass_on", intent="reserve_pack", text=chat.text)
    child = chat.choose("child", children, WHICH_CHILD, heard="child", hears="child")
    way = _way(chat, school)
    if not _agreed(chat, school, pack, child, way):
        chat.say(_("All right. Nothing is reserved."))
        return
    try:
        hold = pack_queue.reserve(school, pack, child, chat.adult, way)
    except TooManyHolds as refusal:
        _give_one_up(chat, school, refusal.most, pack, child, way)
    except NotLent:
        chat.say(LENT_NO_MORE)
    except (HasIt, Waits):
        chat.go("list_loans")  # since this was asked, on another phone
    else:
        say_hold(chat, school, hold, is_new=True)


def _way(chat: Chat, school: School) -> Way:
    """In the bag, unless they say that they collect it."""
    if Way.COLLECT not in pack_rules.ways(school):
        return Way.BAG
    first = Way.COLLECT if chat.says(COLLECT_WORDS) else Way.BAG
    return Way(chat.keep("way", first.value, instead={Way.COLLECT.value: COLLECT_WORDS, Way.BAG.value: BAG_WORDS}))


def _agreed(chat: Chat, school: School, pack: Pack, child: Child, way: Way) -> bool:
    """Whether they want it so: at once, or after others; with an honest guess of when."""
    is_free = any(copy.state == packs.CopyState.SHELF for copy in pack.copies)
    is_theirs = is_free and pack_queue.has_room(school, chat.adult, child)
    when = pack_rules.coming_bag_day(school) if is_free else pack_queue.expected(school, pack)
    if when is None:
        chat.say(LENT_NO_MORE)
        chat.end()
    if is_theirs:
        question = _at_once(way)
    elif is_free:
        # Translators: {pack} is a pack of books and games, {child} a first name.
        question = _("{pack} for {child}: you have as many packs as you may have at once. Shall I keep a place for you until one is back?")
    else:
        question = _later(len(pack_queue.line(school, pack)))
    # Translators: a button. At most 20 characters.
    yes = _("Reserve it") if is_theirs else QUEUE_UP
    return chat.confirm("sure", question, yes=yes, no=NO_THANK_YOU, pack=pack.title, child=child, day=when)


def _at_once(way: Way) -> Phrase:
    if way == Way.COLLECT:
        # Translators: {pack} is a pack of books and games, {child} a first name.
        return _("{pack} for {child} is free. You can collect it at the office. Shall I reserve it?")
    # Translators: {pack} is a pack of books and games, {child} a first name, {day} a date.
    return _("{pack} for {child} is free. It comes home in the book bag on {day}. Shall I reserve it?")


def _later(ahead: int) -> Phrase:
    """So many wait before them."""
    if not ahead:
        # Translators: {pack} is a pack of books and games, {child} a first name; {day} is a date, a guess.
        return _("{pack} for {child} is out. You would be next. It may be free about {day}. Shall I put you in the queue?")
    # Translators: {pack} is a pack of books and games, {child} a first name; {count} families wait for it already; {day} is a date, a guess.
    return ngettext(
        "{pack} for {child} is out. One family waits before you. It may be free about {day}. Shall I put you in the queue?",
        "{pack} for {child} is out. {count} families wait before you. It may be free about {day}. Shall I put you in the queue?",
        ahead,
    )


def _not_twice(chat: Chat, school: School, pack: Pack) -> None:
    """What they have at home, or wait for, is told instead; a place in a queue can be given up."""
    if chat.answered("sure"):
        return
    loan = _has(school, chat, pack)
    if loan is not None:
        # Translators: {pack} is a pack of books and games, {day} a date.
        chat.say(_("You have {pack} at home already. Please send it back by {day}."), pack=pack.title, day=max(loan.due_on, school.today))
        chat.end()
    hold = next((hold for hold in packs.holds(school, chat.adult) if hold.pack_id == pack.id), None)
    if hold is not None:
        keep_or_give_up(chat, school, hold)


def _has(school: School, chat: Chat, pack: Pack) -> PackLoan | None:
    return next((loan for loan in packs.at_home(school, chat.adult) if loan.pack_id == pack.id), None)


def keep_or_give_up(chat: Chat, school: School, hold: PackHold) -> NoReturn:
    """Where they stand, and whether they still want it."""
    if not packs.stands(hold):  # since this was asked, someone at school ended it
        chat.say(NOT_WAITING, pack=hold.pack.title)
        chat.end()
    if not chat.answered("keep"):
        say_hold(chat, school, hold)
    if chat.confirm(
        "keep",
        _("Do you still want it?"),
        # Translators: a button. At most 20 characters.
        yes=_("Yes, please"),
        # Translators: a button: give up a place in a queue. At most 20 characters.
        no=_("Give up my place"),
    ):
        chat.say(_("All right."))
    else:
        pack_queue.give_up(school, hold)
        chat.say(NOT_WAITING, pack=hold.pack.title)
    chat.end()


def _give_one_up(chat: Chat, school: School, most: int, pack: Pack, child: Child, way: Way) -> None:
    """They wait for as many as they may: one of them can make room."""
    waiting = [hold for hold in packs.holds(school, chat.adult) if packs.waits(hold)]
    if len(waiting) > most:  # staff allowed more: giving up one would make no room
        # Translators: {packs} is a list of packs for which they wait.
        chat.say(_("You wait for {packs} already. That is as many as a family may wait for."), packs=[hold.pack.title for hold in waiting])
        chat.end()
    given_up = chat.choose(
        "instead",
        [*waiting, None],
        # Translators: {count} packs is the most that one family may wait for.
        ngettext("You wait for a pack already. Shall I give up that place?", "You wait for {count} packs already. Which shall I give up?", most),
        pick_single=False,
        label=lambda hold: hold.pack.title if hold is not None else _("None of them"),
    )
    if given_up is None:
        chat.say(_("All right. Nothing is reserved."))
        return
    chat.once("gave_up", pack_queue.give_up, school, given_up)
    say_hold(chat, school, pack_queue.reserve(school, pack, child, chat.adult, way), is_new=True)


def say_hold(chat: Chat, school: School, hold: PackHold, *, is_new: bool = False) -> None:
    """Where a hold stands."""
    if hold.state == HoldState.READY and hold.keep_until is not None:
        # Translators: {pack} is a pack of books and games, {day} a date.
        words = _("{pack} is kept for you at the office until {day}.")
        chat.say(words, pack=hold.pack.title, day=hold.keep_until.astimezone(LONDON).date(), must_arrive=is_new)
    elif hold.state == HoldState.READY:
        day = pack_rules.coming_bag_day(school)
        # Translators: {pack} is a pack of books and games, {child} a first name, {day} a date.
        words = _("{pack} is kept for {child}. It comes home in the book bag on {day}.")
        chat.say(words, pack=hold.pack.title, child=hold.child, day=day, must_arrive=is_new)
    else:
        _say_turn(chat, school, hold)


def _say_turn(chat: Chat, school: School, hold: PackHold) -> None:
    turn, when = pack_queue.turn_of(school, hold), pack_queue.expected(school, hold.pack, hold)
    if when is None:
        # Translators: {pack} is a pack of books and games; {turn} is their place in the queue, a number.
        words = _("You wait for {pack}, number {turn} in the queue. Nobody knows yet when it is back. I will write when it is yours.")
        chat.say(words, pack=hold.pack.title, turn=turn)
        return
    # Translators: {pack} is a pack of books and games; {turn} is their place in the queue, a number; {day} is a date, a guess.
    words = _("You wait for {pack}, number {turn} in the queue. It may be yours about {day}; I will write then.")
    chat.say(words, pack=hold.pack.title, turn=turn, day=when)


# What the school says


@notice("pack_ready")
def ready(chat: Chat, school: School) -> None:
    """A copy is set aside for someone who waited."""
    hold = pack_queue.find(school, chat.args["hold"])
    if hold is None or hold.state != HoldState.READY:
        return
    # Translators: someone waited for a pack, and it is their turn. When it comes follows.
    chat.say(_("Good news about {pack}: it is your turn."), pack=hold.pack.title)
    say_hold(chat, school, hold, is_new=True)
    chat.say(_("If you do not want it any more, please tell me."))


@notice("pack_not_yet")
def not_yet(chat: Chat, school: School) -> None:
    """The copy that was set aside for them cannot be lent."""
    hold = pack_queue.find(school, chat.args["hold"])
    if hold is not None and hold.state == HoldState.WAITING:
        # Translators: {pack} is a pack of books and games that was kept for them, and is broken or gone.
        chat.say(_("Sorry, {pack} is not ready after all. I will write when it is."), pack=hold.pack.title)


@notice("pack_lapsed")
def lapsed(chat: Chat, school: School) -> None:
    """It was not collected, and went to the next family."""
    hold = pack_queue.find(school, chat.args["hold"])
    if hold is not None and hold.state == HoldState.LAPSED:
        # Translators: {pack} is a pack of books and games that they did not collect in time.
        chat.say(_("{pack} was not collected, so it is not kept for you any more. Just ask again if you would like it."), pack=hold.pack.title)


@notice("pack_gone")
def gone(chat: Chat, school: School) -> None:
    """The pack that they waited for is lent no more."""
    hold = pack_queue.find(school, chat.args["hold"])
    if hold is not None and hold.state == HoldState.GONE:
        # Translators: {pack} is a pack of books and games for which they waited.
        chat.say(_("Sorry, the school does not lend {pack} any more. Ask me what other packs there are."), pack=hold.pack.title)
