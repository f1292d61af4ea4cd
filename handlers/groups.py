"""Groups that a parent may ask to join or leave, in words."""

from __future__ import annotations

from bot.conversation import Chat, dialogue, notice
from school import School, groups
from school.groups import GroupTerms, Joining
from translations import _

# Translators: a choice of groups at school follows, such as 'Helpers'.
WHICH = _("Which group?")
# Translators: {group} is what a group is called, such as 'Helpers'.
IN_IT = _("You are in this group now: {group}.")


# Translators: names a wish in 'Do you mean: Join a group?': a group for parents at school.
@dialogue(intent="join_group", about=_("Join a group"), hears=("group",))
def join(chat: Chat, school: School) -> None:
    """Into a group that is open to those who ask; who is in it already may leave it."""
    offered = groups.open_to_all(school)
    if not offered:
        chat.say(_("There is no group that you can join here."))
        chat.go("pass_on", intent="join_group", text=chat.text)
    terms = chat.choose("group", offered, WHICH, heard="group", hears="group", pick_single=False, label=_name)
    if terms.group in chat.adult.groups:
        chat.go("leave_group", group=terms.group_id)
    if groups.join(school, chat.adult, terms) is Joining.ASKED:
        chat.say(_("I have asked the school. I will write to you when they have decided."))
        return
    chat.say(IN_IT, group=terms.name)
    if terms.about is not None:
        chat.say(_("{text}"), text=terms.about)


# Translators: names a wish in 'Do you mean: Leave a group?'.
@dialogue(intent="leave_group", about=_("Leave a group"), hears=("group",))
def leave(chat: Chat, school: School) -> None:
    """Out of a group, once they have seen which."""
    mine = [terms for terms in groups.of(school, chat.adult) if chat.args.get("group") in (None, terms.group_id)]
    if not mine and groups.forget_wishes(school, chat.adult):
        chat.say(_("All right."))
        return
    if not mine:
        chat.say(_("You are in no group that you could leave here."))
        return
    terms = chat.choose("group", mine, WHICH, heard="group", hears="group", label=_name)
    if chat.confirm(
        "sure",
        # Translators: {group} is what a group is called, such as 'Helpers'.
        _("You are in {group}. Shall I take you out?"),
        # Translators: a button. At most 20 characters.
        yes=_("Take me out"),
        # Translators: a button. At most 20 characters.
        no=_("Leave it as it is"),
        group=terms.name,
    ):
        groups.leave(school, chat.adult, terms.group)
        # Translators: {group} is what a group is called, such as 'Helpers'.
        chat.say(_("You are not in this group any more: {group}."), group=terms.name)
    else:
        chat.say(_("Nothing was changed."))


@notice("group_decided")
def decided(chat: Chat, school: School) -> None:
    """What staff said to the wish to join."""
    wish = groups.find_wish(school, chat.args["wish"])
    terms = groups.terms_by_id(school, wish.group_id) if wish is not None else None
    if wish is None or terms is None:
        return
    if wish.is_agreed:
        chat.say(IN_IT, group=terms.name)
    else:
        # Translators: {group} is what a group is called, such as 'Helpers'.
        chat.say(_("Sorry, you cannot be in this group at the moment: {group}. The office can tell you more."), group=terms.name)


def _name(terms: GroupTerms) -> object:
    return terms.name
