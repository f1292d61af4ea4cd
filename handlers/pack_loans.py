"""Packs at home: what a family has and when it is due, keeping it longer, sending it back, and what was lost of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.conversation import Chat, dialogue, notice
from handlers.packs import MENTIONED, WHICH_PACK, keep_or_give_up, say_hold
from school import School, pack_clock, pack_loans, packs, weekly_loan
from school.attention import Need, call_for_a_person
from school.pack_loans import PackLoan, ProblemKind, SomeoneWaits, TooOften
from school.packs import Pack, PackItem
from translations import _

# Translators: words that ask how something is done, with commas between. Write those of your language.
ASKS_HOW = _("how, where, when, can i, could i, shall i, should i, do i")
# Translators: words by which parents say that something is broken, with commas between; a * stands for any ending. Write those of your language.
BROKEN = _("broke*, break*, rip*, torn, tore, chew*, wet, bent, damage*, crack*, dead, does not work, doesnt work, stain*, dirty")
# Translators: words by which parents say that they have or lost all of a pack, with commas between. Write those of your language.
WHOLE = _("whole pack, whole bag, all of it, everything, lost the pack, lost the bag")
NONE_AT_HOME = _("You have no pack from school at home.")
WHOLE_PACK = 0
SOMETHING_ELSE = -1


# Translators: names a question in 'Do you mean: The packs that we have?': bags of books and games that the school lends.
@dialogue(intent="list_loans", about=_("The packs that we have"), hears=MENTIONED)
def list_loans(chat: Chat, school: School) -> None:
    """What they have at home and when it is due, what they wait for, and who is in the weekly loan."""
    loans, holds, places = packs.at_home(school, chat.adult), packs.holds(school, chat.adult), weekly_loan.places_of(school, chat.adult)
    named = chat.heard("pack")
    for loan in [loan for loan in loans if loan.pack in named] or loans:
        _say_due(chat, school, loan)
    if not loans:
        chat.say(NONE_AT_HOME)
    for hold in [hold for hold in holds if hold.pack in named] or ([] if named and loans else holds):
        say_hold(chat, school, hold)
    for place in places if not named else ():
        # Translators: {child} is a first name. The weekly loan brings a new pack of books and games home every week.
        chat.say(_("{child} is in the weekly loan."), child=place.child)


def _say_due(chat: Chat, school: School, loan: PackLoan) -> None:
    if loan.due_on < school.today:
        # Translators: {pack} is a pack of books and games, {day} a date that has passed.
        chat.say(_("{pack} was due on {day}. Please send it back when you can."), pack=loan.pack.title, day=loan.due_on)
        return
    # Translators: {pack} is a pack of books and games, {day} a date.
    chat.say(_("{pack}: please send it back by {day}."), pack=loan.pack.title, day=loan.due_on)


# Translators: names a wish in 'Do you mean: Keep a pack longer?'.
@dialogue(intent="renew_pack", about=_("Keep a pack longer"), hears=MENTIONED)
def renew(chat: Chat, school: School) -> None:
    """They keep it longer, unless another family waits."""
    loan = _which(chat, school)
    try:
        day = pack_loans.renew(school, loan)
    except SomeoneWaits:
        # Translators: {pack} is a pack of books and games, {day} a date.
        words = _("Sorry, another family waits for {pack}. Please send it back by {day}; you can ask for it again.")
        chat.say(words, pack=loan.pack.title, day=max(loan.due_on, school.today))
    except TooOften:
        # Translators: {pack} is a pack of books and games, {day} a date.
        words = _("You have kept {pack} as long as the school allows. Please send it back by {day}.")
        chat.say(words, pack=loan.pack.title, day=max(loan.due_on, school.today))
    else:
        # Translators: {pack} is a pack of books and games, {day} a date.
        chat.say(_("You can keep {pack} until {day}."), pack=loan.pack.title, day=day, must_arrive=True)


# Translators: names a wish in 'Do you mean: Send a pack back?'.
@dialogue(intent="return_pack", about=_("Send a pack back"), hears=MENTIONED)
def send_back(chat: Chat, school: School) -> None:
    """It is on its way, or how it is sent."""
    loan = _which(chat, school)
    if not chat.says(ASKS_HOW):
        pack_loans.coming_back(school, loan)
        chat.say(_("Thank you."))
    # Translators: how to send back {pack}, a pack of books and games; {day} is a date.
    chat.say(_("{pack} can come in the book bag or be given to the class, by {day}."), pack=loan.pack.title, day=max(loan.due_on, school.today))


def _which(chat: Chat, school: School) -> PackLoan:
    """Which of the packs that they have at home. Of one that they only wait for, or do not have, that is told instead."""
    loans, named = packs.at_home(school, chat.adult), chat.heard("pack")
    if not any(loan.pack in named for loan in loans) and not chat.answered("loan"):
        _rather_about_a_hold(chat, school, named, is_all=not loans)
    if not loans and named and not chat.answered("loan"):
        chat.go("list_packs")
    if not loans and not chat.answered("loan"):
        chat.say(NONE_AT_HOME)
        if chat.text:
            chat.go("pass_on", intent="list_loans", text=chat.text)
        chat.end()
    likely = [loan for loan in loans if loan.pack in named or loan.child in chat.heard("child")]
    loan = chat.choose("loan", likely or loans, WHICH_PACK, label=lambda loan: loan.pack.title)
    if not pack_loans.is_open(loan):
        # Translators: {pack} is a pack of books and games that they had at home.
        chat.say(_("{pack} is back at school already."), pack=loan.pack.title)
        chat.end()
    return loan


def _rather_about_a_hold(chat: Chat, school: School, named: Sequence[Pack], *, is_all: bool) -> None:
    """'We do not want it any more', of a pack that they wait for."""
    holds = packs.holds(school, chat.adult)
    meant = [hold for hold in holds if hold.pack in named] or (holds if is_all and not named else [])
    if meant or chat.answered("hold"):
        keep_or_give_up(chat, school, chat.choose("hold", meant, WHICH_PACK, label=lambda hold: hold.pack.title))


# Lost, or broken


# Translators: names a wish in 'Do you mean: Something in a pack is lost or broken?'.
@dialogue(intent="report_pack_problem", about=_("Lost or broken in a pack"), hears=MENTIONED)
def problem(chat: Chat, school: School) -> None:
    """What is lost or broken, written down for staff; nobody is blamed."""
    if not packs.at_home(school, chat.adult) and not chat.answered("loan"):
        chat.say(NONE_AT_HOME)
        chat.go("pass_on", intent="report_pack_problem", text=chat.text)
    loan = _which(chat, school)
    kind = ProblemKind.DAMAGED if chat.says(BROKEN) else ProblemKind.MISSING
    item_id = _about_what(chat, loan.pack)
    if item_id == SOMETHING_ELSE:
        words = chat.ask("what", _("What happened? Please write it in your own words."))
        key = f"pack_problem:{chat.reference}"
        call_for_a_person(school, Need.FOR_OFFICE, key=key, adult=chat.adult, address=chat.address, text=words, language=chat.written_in)
    else:
        pack_loans.tell_problem(school, loan, next((item for item in loan.pack.items if item.id == item_id), None), kind)
    chat.say(_("Thank you for telling us. It can happen, and it is all right. The school knows now."))
    if kind == ProblemKind.MISSING and item_id != SOMETHING_ELSE:
        chat.say(_("If you find it, please put it in the bag."))


def _about_what(chat: Chat, pack: Pack) -> int:
    """The id of the thing in the pack that their words name, or that they choose."""
    named = [item.id for item in pack.items if chat.names(item.name)]
    if len(named) != 1 and chat.says(WHOLE) and not named:
        named = [WHOLE_PACK]
    names = {item.id: item for item in pack.items}
    # Translators: asked after 'something in the pack is lost or broken'.
    question = _("What is it about?")
    return chat.choose("item", named if len(named) == 1 else [*names, WHOLE_PACK, SOMETHING_ELSE], question, label=lambda each: _thing(names, each))


def _thing(names: dict[int, PackItem], item_id: int) -> object:
    if item_id == WHOLE_PACK:
        # Translators: a choice: all of a pack of books and games. At most 20 characters.
        return _("The whole pack")
    # Translators: a choice. At most 20 characters.
    return names[item_id].name if item_id in names else _("Something else")


# What the school says


@notice("pack_out")
def out(chat: Chat, school: School) -> None:
    """A pack is on its way home."""
    loan = pack_loans.find(school, chat.args["loan"])
    if loan is None or not pack_loans.is_open(loan):
        return
    if loan.way == packs.Way.BAG and loan.child is not None:
        # Translators: {child} is a first name, {pack} a pack of books and games, {day} a date.
        words = _("{child} brings {pack} home today. Please send it back by {day}.")
        chat.say(words, child=loan.child, pack=loan.pack.title, day=loan.due_on, must_arrive=True)
    else:
        _say_due(chat, school, loan)


@notice("pack_due")
def due_soon(chat: Chat, school: School) -> None:
    """Before it is due."""
    loans = pack_clock.due_then(school, chat.adult, date.fromisoformat(chat.args["on"]))
    for loan in loans:
        _say_due(chat, school, loan)
    longer = [loan.pack.title for loan in loans if pack_loans.may_renew(school, loan)]
    if longer:
        # Translators: {packs} is a list of packs of books and games.
        chat.say(_("If you would like to keep {packs} longer, please tell me."), packs=longer)


@notice("pack_overdue")
def overdue(chat: Chat, school: School) -> None:
    """After it was due, kindly."""
    late = pack_clock.late(school, chat.adult)
    if not late:
        return
    # Translators: a kind reminder. {packs} is a list of packs of books and games that should be back at school.
    chat.say(_("A reminder: could {packs} come back to school in the book bag?"), packs=[loan.pack.title for loan in late])
    chat.say(_("If something is lost or broken, just tell me: it is all right."))
