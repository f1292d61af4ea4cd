"""The weekly loan: signing a child up for a new pack every week, and leaving it."""

from __future__ import annotations

from bot.conversation import Chat, dialogue
from handlers.packs import keep_or_give_up
from school import School, families, pack_rules, packs, weekly_loan
from translations import _


# Translators: names a wish in 'Do you mean: A new pack every week?': bags of books and games that the school lends.
@dialogue(intent="join_weekly_loan", about=_("A new pack every week"), hears=("child",))
def join(chat: Chat, school: School) -> None:
    """A child is signed up, once the parent knows what it means."""
    children = families.children(school, chat.adult, may="hear")
    if not children:
        chat.go("pass_on", intent="join_weekly_loan", text=chat.text)
    signed_up = [place.child for place in weekly_loan.places_of(school, chat.adult)]
    not_yet = [child for child in children if child not in signed_up]
    named = [child for child in chat.heard("child") if child in children]
    if not chat.answered("child") and (not not_yet or (named and set(named) <= set(signed_up))):
        # Translators: {children} is a list of first names.
        chat.say(_("{children}: in the weekly loan already."), children=named or signed_up)
        return
    child = chat.choose("child", not_yet, _("Which child is it for?"), heard="child", hears="child")
    if chat.confirm(
        "sure",
        # Translators: {child} is a first name, {day} a date: the next on which packs go home.
        _("{child} brings a new pack home every week, and takes it back after some days. The next go home on {day}. Shall I sign {child} up?"),
        # Translators: a button. At most 20 characters.
        yes=_("Sign up"),
        # Translators: a button. At most 20 characters.
        no=_("No, thank you"),
        child=child,
        day=pack_rules.coming_bag_day(school, is_filled=True),
    ):
        weekly_loan.join(school, child, chat.adult)
        # Translators: {child} is a first name. The weekly loan brings a new pack of books and games home every week.
        chat.say(_("{child} is signed up for the weekly loan. If there are too few packs, those who have waited longest come first."), child=child)
    else:
        chat.say(_("Nothing was changed."))


# Translators: names a wish in 'Do you mean: No more packs every week?'.
@dialogue(intent="leave_weekly_loan", about=_("No packs every week"), hears=("child", "pack"))
def leave(chat: Chat, school: School) -> None:
    """Out of the weekly loan; or, for whoever is not in it, out of a queue."""
    places = weekly_loan.places_of(school, chat.adult)
    holds = packs.holds(school, chat.adult)
    named = [hold for hold in holds if hold.pack in chat.heard("pack")]
    if named or chat.answered("hold") or (holds and not places):
        keep_or_give_up(chat, school, chat.choose("hold", named or holds, _("Which pack?"), label=lambda hold: hold.pack.title))
    if not places:
        chat.say(_("No child of yours is in the weekly loan."))
        return
    theirs = [place for place in places if place.child in chat.heard("child")]
    place = chat.choose("place", theirs or places, _("Which child is it about?"), label=lambda each: each.child)
    if not chat.answered("sure"):
        # Translators: {child} is a first name. The weekly loan brings a new pack of books and games home every week.
        chat.say(_("{child} is in the weekly loan."), child=place.child)
    if chat.confirm(
        "sure",
        # Translators: {child} is a first name.
        _("No more packs every week for {child}?"),
        # Translators: a button. At most 20 characters.
        yes=_("No more"),
        # Translators: a button. At most 20 characters.
        no=_("Leave it as it is"),
        child=place.child,
    ):
        weekly_loan.leave(school, place)
        # Translators: {child} is a first name.
        chat.say(_("{child} is not in the weekly loan any more."), child=place.child)
        if any(loan.is_weekly and loan.child_id == place.child_id for loan in packs.at_home(school, chat.adult)):
            chat.say(_("Please send back the pack that you have."))
    else:
        chat.say(_("Nothing was changed."))
