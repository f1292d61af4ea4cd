"""Hello, thank you, the menu, and how to be helped."""

from __future__ import annotations

from bot.conversation import Chat, about, dialogue, is_general, menu
from school import School, book, broadcast_replies
from translations import Phrase, _, keywords


@dialogue(intent="menu", passing=True, keyword=keywords.MENU)
def show_menu(chat: Chat, school: School) -> None:
    """What Bookbag can do, as a list to choose from."""
    entries = [entry for entry in menu() if entry.offered is None or entry.offered(school, chat.adult)]
    chosen = chat.choose("what", [entry.name for entry in entries], _("What would you like to do?"), label=_about, pick_single=False)
    chat.go(chosen)


# Translators: {menu} and {person} are words to text back. Leave STOP as it is.
HOW_THIS_WORKS = _(
    "This is {school}. Write what you need in your own words. {menu} shows what I can do, {person} gets you a person, STOP ends messages. Phone: {phone}."
)


@dialogue(intent="help", about=_("Help"), urgent=True, strangers=True)
def help_(chat: Chat, school: School) -> None:
    """How this works, in three sentences. Carriers expect an answer to HELP from every number."""
    chat.say(
        HOW_THIS_WORKS,
        school=school.settings.name,
        phone=school.settings.phone,
        menu=keywords.MENU,
        person=keywords.PERSON,
    )


@dialogue(intent="greet", passing=True)
def greet(chat: Chat, school: School) -> None:
    """Hello, and what can be done."""
    chat.say(_("Hello!"))
    chat.go("menu")


@dialogue(intent="thanks", urgent=True)
def thanks(chat: Chat, school: School) -> None:
    """You are welcome."""
    chat.say(_("You are welcome."))


@dialogue(intent="goodbye", passing=True)
def goodbye(chat: Chat, school: School) -> None:
    """Goodbye."""
    chat.say(_("Goodbye. Text any time."))


@dialogue(intent="affirm", passing=True)
def affirm(chat: Chat, school: School) -> None:
    """'ok' or a thumb up after all was said: no more than a nod, since every text is paid for."""
    _answer_broadcast(chat, school, "affirm")
    # Translators: a nod after 'ok' or a thumb up, when all was said.
    chat.say(_("All right."))


@dialogue(intent="deny", passing=True)
def deny(chat: Chat, school: School) -> None:
    """'no' where nothing was asked."""
    _answer_broadcast(chat, school, "deny")
    chat.say(_("All right. {menu} shows what I can do."), menu=keywords.MENU)


@dialogue(intent="maybe", passing=True)
def maybe(chat: Chat, school: School) -> None:
    """'not sure yet' where nothing was asked."""
    _answer_broadcast(chat, school, "maybe")
    chat.say(_("All right."))


def _answer_broadcast(chat: Chat, school: School, said: str) -> None:
    """Leave this dialogue where the school's last words asked many something: then a yes or a no is said to that."""
    if broadcast_replies.question_to(school, chat.adult) is not None:
        chat.go("answer_broadcast", said=said, text=chat.text)


@dialogue(intent="praise", order=95, urgent=True, whole=True)
def praise(chat: Chat, school: School) -> None:
    """Kind words are passed on too: to the class, where they may answer the book."""
    if book.went_home_lately(school, chat.adult):
        chat.go("book_answer", text=chat.text)
    chat.go("pass_on", intent="praise", text=chat.text)


# Translators: names the question 'who are you?' in 'Do you mean: Who I am?'.
@dialogue(intent="ask_bot_identity", about=_("Who I am"), urgent=True)
def ask_bot_identity(chat: Chat, school: School) -> None:
    """A machine says that it is one."""
    chat.say(
        _("I am a computer that answers for {school}. {person} gets you a person. To check this number, ring the school: {phone}."),
        person=keywords.PERSON,
        school=school.settings.name,
        phone=school.settings.phone,
    )
    # Translators: {wrong} is what to text back: WRONG NUMBER.
    chat.say(_("Not for you? Text {wrong}."), wrong=keywords.WRONG_NUMBER)


@dialogue(intent="small_talk", passing=True)
def small_talk(chat: Chat, school: School) -> None:
    """A pleasantry back, and the way on."""
    chat.say(_("I am well, thank you. I am a computer, so I can only help with school things."))
    chat.go("menu")


@dialogue(intent="did_you_mean", passing=True)
def did_you_mean(chat: Chat, school: School) -> None:
    """Understood only half: say what was understood, once. What sounds like a question that anyone asks may as well answer what they got to read."""
    may_answer = book.went_home_lately(school, chat.adult) or broadcast_replies.question_to(school, chat.adult) is not None
    if is_general(chat.args["intent"]) and may_answer and not chat.answered("sure"):
        chat.go("not_understood", text=chat.args["text"])
    if chat.confirm(
        "sure",
        # Translators: {wish} is an entry of the menu, such as 'Move an appointment'.
        _("Do you mean: {wish}?"),
        # Translators: a button. At most 20 characters.
        yes=_("Yes, that"),
        # Translators: a button. At most 20 characters.
        no=_("No, something else"),
        wish=_about(chat.args["intent"]),
    ):
        chat.go(chat.args["intent"])
    chat.go("not_understood", text=chat.args["text"])


@dialogue(intent="resume", passing=True)
def resume(chat: Chat, school: School) -> None:
    """A conversation was left for a day: it is offered again, not continued blindly."""
    if not chat.confirm(
        "go_on",
        # Translators: {about} is an entry of the menu, such as 'Move an appointment', or 'your question'.
        _("Last time we talked about: {about}. Shall we go on?"),
        # Translators: a button. At most 20 characters.
        yes=_("Go on"),
        # Translators: a button. At most 20 characters.
        no=_("No, leave it"),
        about=_about(chat.args["about"]),
    ):
        chat.drop_others()
        chat.go("menu")


def _about(name: str) -> Phrase:
    # Translators: stands for {about} in 'Last time we talked about: {about}.' where it has no name of its own.
    return about(name) or _("your question")
