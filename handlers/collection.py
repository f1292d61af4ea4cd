"""What a text may not decide, as a parent hears of it: received, not agreed yet; and, once someone has rung, agreed or not."""

from __future__ import annotations

from bot.conversation import Chat, dialogue, notice
from school import School, collection, hours
from school.absence_days import return_day
from school.collection import CollectionRequest, RequestKind, RequestState
from school.families import Child
from translations import Phrase, _, keywords

ALL = "all"
# Translators: words that say that a person is to be added to those whom the school knows, with commas between; a * after a word's beginning stands for any
# ending. Write those of your language.
PEOPLE = _("add my, add his, add her, add their, carer*, childminder*, emergency contact*, husband*, wife*, partner*")
WHAT = {
    # Translators: {what}, in 'Agreed: the change you asked for.'
    RequestKind.COLLECTION: _("the change you asked for"),
    # Translators: {what}, in 'Agreed: your new contact details.': their telephone number or address.
    RequestKind.CONTACT: _("your new contact details"),
    # Translators: {what}, in 'Agreed: the person you told us about.': someone who is to be rung, or to collect a child.
    RequestKind.CARER: _("the person you told us about"),
}


# Translators: names what someone wants, in 'Do you mean: Who collects a child, or when?'.
@dialogue(intent="change_collection", about=_("Who collects a child, or when"), urgent=True, hears=("child", "time"))
def change_collection(chat: Chat, school: School) -> None:
    """Someone else, or another time: written down at once; nothing is changed by it."""
    theirs = list(collection.children(school, chat.adult))
    named = [child for child in theirs if child in chat.heard("child")]
    request = _ask(chat, school, RequestKind.COLLECTION, named or (theirs if len(theirs) == 1 else []))
    if request.day in (None, school.today):
        # Translators: {phone} is the school's telephone number.
        chat.say(_("If it is for today, please also ring {phone}."), phone=school.settings.phone)
    if chat.keep("is_unclear", len(theirs) > 1 and not named):
        options: list[Child | str] = [*theirs, ALL]
        # Translators: a choice: each of the children in the list. At most 20 characters.
        every = _("All of them")
        chosen = chat.choose("child", options, _("Which child is it about?"), label=lambda child: every if child == ALL else child)
        about = [chosen] if isinstance(chosen, Child) else theirs
        collection.concerns(school, request, about)
        # Translators: {child} is one child's name, or several: the school rings about who collects them.
        chat.say(_("Thank you. We will ring you about {child}."), child=about)


# Translators: names what someone wants, in 'Do you mean: New contact details?'.
@dialogue(intent="update_contact", about=_("New contact details"), hears=("number",))
def update_contact(chat: Chat, school: School) -> None:
    """A new number, address or person: whoever has the phone could write that, so someone rings the number that is known."""
    _ask(chat, school, RequestKind.CARER if chat.says(PEOPLE) else RequestKind.CONTACT, [])


@notice("collection_decided")
def decided(chat: Chat, school: School) -> None:
    """Someone has rung: what was agreed, about which child and day, in words of ours alone."""
    request = collection.find(school, chat.args["request"])
    if request is None or request.state == RequestState.OPEN:
        return
    if request.state == RequestState.AGREED:
        # Translators: {what} is what was asked for, such as 'the change for Leo on Tue 3 March'.
        chat.say(_("Agreed: {what}."), what=_what(school, request))
        return
    # Translators: {what} as above. {person} is a word to text back.
    chat.say(_("Not agreed: {what}. All stays as it was. {person} gets you a person."), what=_what(school, request), person=keywords.PERSON)


def _ask(chat: Chat, school: School, kind: RequestKind, about: list[Child]) -> CollectionRequest:
    """Write it down, and say what comes of it: the same to whoever asks."""
    day, language = return_day(school, chat.heard("time")), chat.written_in or chat.adult.language
    source = f"{kind}:{chat.reference}"
    request = chat.once(
        "request", collection.ask, school, chat.adult, kind, chat.text, source=source, language=language, about=about, day=day, address=chat.address
    )
    # Translators: a text may not decide who collects a child, or a new telephone number: someone rings first.
    chat.say(_("We have your message. It is not agreed yet: we will ring you on the number we have for you."), must_arrive=True)
    if not hours.is_open(school):
        chat.say(_("School opens again on {day}."), day=hours.next_opening(school))
    return request


def _what(school: School, request: CollectionRequest) -> Phrase:
    """What was asked for; a child is named only to an adult who may collect it still."""
    theirs = collection.children(school, request.adult)
    about = [child for child in request.children if child in theirs]
    if request.kind != RequestKind.COLLECTION or not about:
        return WHAT[RequestKind(request.kind)]
    if request.day is None:
        # Translators: {what}, in 'Agreed: the change you asked for, for Leo.': {child} is one child's name, or several.
        return _("the change you asked for, for {child}").format(child=about)
    # Translators: {what}, in 'Agreed: the change you asked for, for Leo on Tue 3 March.': {child} is one child's name, or several.
    return _("the change you asked for, for {child} on {day}").format(child=about, day=request.day)
