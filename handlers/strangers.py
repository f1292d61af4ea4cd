"""Who is writing: someone the school does not know learns nothing about anyone; a shared phone is asked; Telegram is told who it is."""

from __future__ import annotations

from bot.conversation import Chat, dialogue
from school import School, recognition
from school.attention import Need, add_words, call_for_a_person, has_asked
from translations import _

WORDS_TO_KEEP = 3
"""From so many words on, what a stranger writes first is more than a greeting, and goes to the office with the message that follows."""


@dialogue(intent="stranger", strangers=True)
def stranger(chat: Chat, school: School) -> None:
    """The same words to everyone the school does not know. They may leave one message for the office; what they wrote first, and later, stands with it."""
    key, first = f"stranger:{chat.address.id}:{school.today}", chat.args.get("text", "")
    if has_asked(school, key):
        add_words(school, key, first)
        chat.end()  # one message was left today: two robots would go on for ever
    text = chat.ask(
        "text",
        # Translators: the same words to everyone whose number the school does not know.
        _("This is {school}. I do not know you here, so I say nothing about any child. Write one message for the office now, or ring {phone}."),
        school=school.settings.name,
        phone=school.settings.phone,
    )
    words = f"{first} / {text}" if len(first.split()) >= WORDS_TO_KEEP else text
    call_for_a_person(school, Need.FOR_OFFICE, key=key, address=chat.address, text=words, language=chat.written_in, detail="unknown number")
    chat.say(_("Thank you. The office will read your message."))


@dialogue(intent="unknown_chat", strangers=True)
def unknown_chat(chat: Chat, school: School) -> None:
    """Telegram gives no number: they can share theirs by a button, or leave one message."""
    chat.ask_for_contact()
    chat.go("stranger", text=chat.args.get("text", ""))


@dialogue(intent="recognised", strangers=True, urgent=True)
def recognised(chat: Chat, school: School) -> None:
    """Their own number, shared by their own account, or a link that only they were sent: from now on the school knows this chat."""
    if not chat.known:
        chat.go("stranger")
    chat.say(_("Thank you. {school} knows you here now."), school=school.settings.name)
    chat.go("menu")


@dialogue(intent="who_is_writing", strangers=True)
def who_is_writing(chat: Chat, school: School) -> None:
    """Two adults share this phone: they are asked by initials, so that neither sees the other's matters."""
    people = recognition.sharing(school, chat.address)
    # Translators: two people share this phone; their initials follow as choices.
    chosen = chat.choose("who", people, _("Who is writing?"), pick_single=False, label=recognition.initials)
    recognition.remember_speaker(school, chat.address, chosen)  # what they wrote before is answered now: nothing need be said here
