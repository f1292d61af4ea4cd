"""The home/school book, as a parent reads it; 'how was Leo today?'; and what a parent writes for the class."""

from __future__ import annotations

from collections.abc import Sequence

from bot.conversation import Chat, dialogue, notice
from school import School, book, class_lines, families, kept_files
from school.attention import Need
from school.book import Part
from school.families import Child
from translations import Phrase, _, keywords, written

SAID = {
    # Translators: from the book about a child's day. If your language needs he or she here, say it without: 'A happy day.'
    "happy_day": _("Had a happy day"),
    # Translators: from the book about a child's day. Without he or she: 'A calm day.'
    "calm_day": _("Had a calm day"),
    # Translators: from the book about a child's day. Without he or she.
    "tired": _("Tired today"),
    # Translators: from the book about a child's day: restless, not at ease. Kind; without he or she.
    "unsettled": _("Was unsettled"),
    # Translators: from the book about a child's day. Without he or she.
    "upset_then_better": _("Was upset, then felt better"),
    # Translators: from the book about a child's day. Without he or she.
    "played_well": _("Played well with others"),
    # Translators: from the book about a child's day. Without he or she.
    "worked_hard": _("Worked hard today"),
    # Translators: from the book about a child's day. Without he or she.
    "something_new": _("Tried something new"),
    # Translators: from the book about a child's day. Without he or she: 'Swimming was fun.'
    "swimming": _("Enjoyed swimming"),
    # Translators: from the book about a child's day. Without he or she.
    "outside": _("Enjoyed playing outside"),
    # Translators: from the book about a child's day. Without he or she.
    "music": _("Enjoyed music"),
    # Translators: from the book about a child's day. The sensory room is a calm room with lights and soft things. Without he or she.
    "sensory_room": _("Enjoyed the sensory room"),
    # Translators: from the book about a child's day. Without he or she: 'Lunch: all eaten.'
    "lunch_all": _("Ate all of lunch"),
    # Translators: from the book about a child's day. Without he or she: 'Lunch: some eaten.'
    "lunch_some": _("Ate some of lunch"),
    # Translators: from the book about a child's day. Without he or she: 'Lunch: not wanted.'
    "lunch_none": _("Did not want lunch"),
    # Translators: from the book about a child's day. Without he or she.
    "drank_well": _("Drank well"),
    # Translators: from the book about a child's day. Without he or she.
    "drank_little": _("Drank only a little"),
    # Translators: from the book about a child's day. Without he or she.
    "slept": _("Slept for a while"),
    # Translators: from the book about a child's day. Without he or she.
    "toilet": _("Used the toilet"),
    # Translators: from the book about a child's day. Plain and kind; without he or she.
    "accident": _("Had a toilet accident, changed clothes"),
    # Translators: from the book about a child's day: the child's school bag.
    "wet_clothes": _("Wet clothes are in the bag"),
    # Translators: from the book about a child's day: the school asks the parents for something.
    "spare_clothes": _("Please send spare clothes"),
    # Translators: from the book about a child's day: the school asks the parents for something.
    "nappies": _("Please send nappies"),
    # Translators: from the book about a child's day: the school asks the parents for something.
    "swimming_bag": _("Please send the swimming bag"),
}
"""The phrases of `school.book.PHRASES`, as parents read them."""
LONG_QUESTION = 8
"""A question of more words asks for more than the book says: the class gets it too."""
# Translators: an entry of the menu: a message to the team of the child's class.
TO_THE_CLASS = _("Write to the class")
WISHED_BY = frozenset(
    "i we want would like to can could you please pls plz send write tell say ask give let know pass message msg note text line word reply answer for on in of "
    "the a an this my our his her their your son sons son's daughter daughters daughter's child childs child's kid class classes teacher teachers teacher's "
    "miss sir team staff school home book morning hi hello good thanks thank".split()
)
"""A text of these words alone, and of names of staff, classes and children, is the wish to write to the class; any other says already what it is about."""
LONG_WORD = 5  # letters; shorter ones are articles and the like
WISH_WORDS = 4


@notice("book_entry")
def page(chat: Chat, school: School) -> None:
    """What a class wrote about a child's day; a later part of it says that it is one."""
    part = book.find(school, chat.args["part"])
    if part is not None and book.may_hear(school, chat.adult, part.entry.child):
        _say(chat, school, [part])


@dialogue(
    intent="ask_child_day",
    # Translators: names the question 'how was my child today?' in 'Do you mean: How the day was?'.
    about=_("How the day was"),
    hears=("child", "time"),
)
def how_was_the_day(chat: Chat, school: School) -> None:
    """What has gone home of the day's page; where there is nothing, the class is asked."""
    children = families.children(school, chat.adult, may="hear")
    if not children:
        chat.say(_("I cannot tell you about that here. The office will help you."))
        chat.go("pass_on", intent="ask_child_day", text=chat.text)
    child = chat.choose("child", children, _("Which child is it about?"), heard="child", hears="child")
    day = book.day_meant(school, next((time.first for time in chat.heard("time") if time.first is not None), None))
    entry = book.entry_of(school, child, day)
    is_long = len(chat.text.split()) > LONG_QUESTION
    if entry is None or (is_long and entry.gone_home):
        class_lines.ask_for_day(school, chat.adult, chat.address, child, key=_key(chat, Need.CHILD_DAY), text=chat.text, language=chat.written_in)
    if entry is None:
        chat.say(_("There is nothing about {child} in the book yet. I have asked the class. They will answer you."), child=child)
        _say_when(chat, school)
    elif not entry.gone_home:
        # Translators: the class has begun its page about the child's day, and Bookbag sends it later today.
        chat.say(_("The class is writing about {child} now. I will send it to you today."), child=child)
    else:
        _say(chat, school, entry.gone_home)
        if is_long:
            chat.say(_("I have given your question to the class."))
            _say_when(chat, school)


@dialogue(intent="message_teacher", menu=TO_THE_CLASS, order=50, hears=("staff", "class", "child"), whole=True)
def write_to_the_class(chat: Chat, school: School) -> None:
    """A message to the class in the parent's own words: the morning line, and whatever else."""
    children = _children(chat, school)
    if not children and not chat.answered("child"):
        chat.go("pass_on", intent="message_teacher", text=chat.text)
    text = chat.ask("text", _("What would you like to tell the class?")) if _is_only_the_wish(chat) else chat.text
    _give(chat, school, Need.FOR_CLASS, text, children)
    chat.say(_("Thank you. The class has your message."))
    _say_when(chat, school, says_today=True)


# Translators: names a message about a child's health in 'Do you mean: News about health?'.
@dialogue(intent="report_medical", about=_("News about health"), order=45, urgent=True, hears=("child",), whole=True)
def report_medical(chat: Chat, school: School) -> None:
    """Health news: the class has it, and it waits until a person has seen it."""
    children = _children(chat, school)
    if not children and not chat.answered("child"):
        chat.go("pass_on", intent="report_medical", text=chat.text)
    text = chat.text or chat.ask("text", _("What would you like to tell the class?"))
    _give(chat, school, Need.MEDICAL, text, children)
    chat.say(_("Thank you. The class has your message."))
    _say_when(chat, school, says_today=True)
    # Translators: {phone} is the school's telephone number.
    chat.say(_("If it cannot wait, ring {phone}."), phone=school.settings.phone)


@dialogue(intent="book_answer")
def answer_to_the_book(chat: Chat, school: School) -> None:
    """What nobody understood, within a day of a page of the book, most likely answers it: the class gets it."""
    answered = {child.id for child in book.went_home_lately(school, chat.adult)}
    children = [child for child in class_lines.children_of(school, chat.adult) if child.id in answered]
    if not children and not chat.answered("child"):
        chat.go("pass_on", intent="book_answer", text=chat.args["text"])
    _give(chat, school, Need.BOOK_ANSWER, chat.args["text"], children)
    chat.say(_("I have passed your message to the class. {menu} shows what I can do."), menu=keywords.MENU)
    _say_when(chat, school)


def _say(chat: Chat, school: School, parts: Sequence[Part]) -> None:
    """What these parts of one page say, a line each; the newest photo goes along."""
    first, photos = parts[0], [part.photo_id for part in parts if part.photo_id is not None]
    photo = kept_files.find(school, photos[-1]) if photos else None
    chat.say(_heading(first, is_today=first.entry.on == school.today), child=first.entry.child, day=first.entry.on, attach=photo)
    for part in parts:
        for phrase in part.phrases:
            if phrase in SAID:
                chat.say(SAID[phrase])
        if part.text is not None:
            # Translators: what a member of staff or a parent wrote, alone on its line.
            chat.say(_("{text}"), text=part.text)


def _heading(part: Part, *, is_today: bool) -> Phrase:
    if part.number == 1:
        # Translators: above a few lines about a child's day, the second for another day: {day} is a date such as 'Monday 2 March'.
        return _("{child} at school today:") if is_today else _("{child} at school on {day}:")
    # Translators: above some more lines about a child's day, the second for another day: {day} is a date such as 'Monday 2 March'.
    return _("More about {child} today:") if is_today else _("More about {child} on {day}:")


def _children(chat: Chat, school: School) -> Sequence[Child]:
    """Whom it can be about: the children whose team or class was named, else all of theirs; none where it is for someone else at school."""
    children = class_lines.children_of(school, chat.adult)
    staff, classes = {person.id for person in chat.heard("staff")}, {each.id for each in chat.heard("class")}
    named = [child for child in children if child.class_id in classes or staff & {person.id for person in child.school_class.team}]
    return named or ([] if staff else children)


def _give(chat: Chat, school: School, need: Need, text: str, children: Sequence[Child]) -> None:
    """The class has it; kept before it is asked which child it is about, so that it is not lost where they do not answer that."""
    kept = chat.once("kept", class_lines.keep, school, _key(chat, need), need, chat.adult, chat.address, text=text, language=chat.written_in)
    child = chat.choose("child", children, _("Which child is it about?"), heard="child")
    class_lines.give(school, kept, child)


def _key(chat: Chat, need: Need) -> str:
    return f"{need}:{chat.reference}"


def _say_when(chat: Chat, school: School, *, says_today: bool = False) -> None:
    """When someone reads it: no more is promised than the school's hours hold."""
    day = class_lines.read_on(school)
    if day != school.today:
        # Translators: 'they' are the people of the child's class. {day} is a date such as 'Monday 2 March'.
        chat.say(_("They will read it on {day}."), day=day)
    elif says_today:
        # Translators: 'they' are the people of the child's class.
        chat.say(_("They will read it today."))


def _is_only_the_wish(chat: Chat) -> bool:
    """Whether there is nothing in it for the class yet: 'message for ms okafor please', or few words with one of the menu's entry in their own language."""
    words = [word.strip(".,!?:;") for word in chat.text.casefold().split()]
    theirs = {word for word in written(TO_THE_CLASS, chat.language).casefold().split() if len(word) >= LONG_WORD}
    named = [thing.name for kind in ("staff", "class", "child") for thing in chat.heard(kind)]
    names = {word for name in named for word in name.casefold().split()}
    return set(words) <= WISHED_BY | names or (chat.language != "en" and len(words) <= WISH_WORDS and not theirs.isdisjoint(words))
