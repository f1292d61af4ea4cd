"""Holiday packs: the school offers them, a family says for whom it would like one."""

from __future__ import annotations

from bot.conversation import Chat, dialogue, notice
from school import School, holiday_packs
from school.families import Child
from school.holiday_packs import HolidayPack, NoneLeft, TooLate
from translations import _, ngettext

NOBODY, EVERYONE = 0, -1
# Translators: a choice: they do not want a pack that is given. At most 20 characters.
NO_THANK_YOU = _("No, thank you")


@notice("holiday_pack_offered")
def offered(chat: Chat, school: School) -> None:
    """A pack is given for the holidays: would they like one?"""
    pack = holiday_packs.find_any(school, chat.args["pack"])
    if pack is None:
        return
    if not chat.answered("for"):
        if not holiday_packs.takes_answers(school, pack) or holiday_packs.of(school, pack, chat.adult):
            return
        _tell(chat, pack)
    _ask(chat, school, pack)


@dialogue(intent="ask_holiday_pack", hears=("child",))
def asked(chat: Chat, school: School) -> None:
    """They ask for one by themselves, or change what they said."""
    found = holiday_packs.offered(school)
    if not found and not chat.answered("holiday_pack"):
        chat.go("list_packs")
    pack = chat.choose("holiday_pack", found, _("Which pack?"), label=lambda each: each.title)
    if not chat.answered("for"):
        _tell(chat, pack)
    _ask(chat, school, pack)


def _tell(chat: Chat, pack: HolidayPack) -> None:
    # Translators: {pack} is a pack of things to do that the school gives to families for the holidays; {day} is a date.
    chat.say(_("For the holidays: {pack}. It is yours to keep. Please answer by {day}."), pack=pack.title, day=pack.answer_by)
    if pack.about is not None:
        chat.say(_("{text}"), text=pack.about)


def _ask(chat: Chat, school: School, pack: HolidayPack) -> None:
    """For whom they would like one: one child, all of them, nobody."""
    children = holiday_packs.children(school, chat.adult)
    if not children:
        chat.go("pass_on", intent="reserve_pack", text=chat.text)
    names = {child.id: child for child in children}
    options = [*names, *([EVERYONE] if len(children) > 1 else []), NOBODY]
    yes = EVERYONE if len(children) > 1 else children[0].id
    answer = chat.choose("for", options, _("Would you like one?"), means={"affirm": yes, "deny": NOBODY}, label=lambda each: _label(names, each))
    wanted = {child: answer != NOBODY for child in children if answer in (NOBODY, EVERYONE, child.id)}
    try:
        holiday_packs.answer(school, pack, chat.adult, wanted)
    except NoneLeft as refusal:
        if refusal.left:
            few = ngettext("Only one is left.", "Only {count} are left.", refusal.left)
            chat.ask_again("for", few, [*names, NOBODY])
        chat.say(_("Sorry, none are left."))
        _say_promised(chat, school, pack)
    except TooLate:
        chat.say(_("It is too late to ask for one here. The office can tell you more."))
    else:
        if answer == NOBODY:
            chat.say(_("Thank you for telling me."))
        _say_promised(chat, school, pack)


def _label(names: dict[int, Child], answer: int) -> object:
    if answer == NOBODY:
        return NO_THANK_YOU
    if answer == EVERYONE:
        # Translators: a choice: a pack for each of their children. At most 20 characters.
        return ngettext("For both", "For all of them", len(names) - 1)
    # Translators: a choice: a pack for {child}, a first name.
    return _("For {child}").format(child=names[answer])


def _say_promised(chat: Chat, school: School, pack: HolidayPack) -> None:
    """For whom of theirs one is promised, or was given: also what they asked for before."""
    children = [wish.child for wish in holiday_packs.of(school, pack, chat.adult) if wish.is_wanted]
    if not children:
        return
    # Translators: {pack} is a pack that is given for the holidays, {children} a list of first names.
    words = ngettext("{pack} comes home with {children} before the holidays.", "{pack} comes home with each of {children} before the holidays.", len(children))
    chat.say(words, pack=pack.title, children=children, must_arrive=True)
