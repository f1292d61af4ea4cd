"""Absence, as a parent says it and as the school asks after a child: ill, an appointment, late, coming after all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time
from enum import StrEnum

from bot.conversation import Chat, dialogue, identified, notice
from school import School, absence, absence_days, families
from school.absence import Absence, AbsenceKind, AbsenceReason, Chase, Telling
from school.families import Child
from translations import Phrase, _

identified(AbsenceKind)
identified(AbsenceReason)


@identified
class Back(StrEnum):
    """An answer to when a child is back that names no day."""

    LATER = "later"
    UNKNOWN = "unknown"


ALL = "all"
REASONS = {
    # Translators: a choice: why a child is not in school. At most 20 characters.
    AbsenceReason.ILL: _("Ill"),
    # Translators: a choice: why a child is not in school. At most 20 characters.
    AbsenceReason.MEDICAL: _("Medical appointment"),
    # Translators: a choice: why a child is not in school. At most 20 characters.
    AbsenceReason.OTHER: _("Something else"),
}
ANSWERS: dict[AbsenceReason | AbsenceKind, Phrase] = {
    **{AbsenceReason(reason): label for reason, label in REASONS.items()},
    # Translators: a choice: the child is late, and on the way to school. At most 20 characters.
    AbsenceKind.LATE: _("On the way"),
}
RETURNS: dict[object, Phrase] = {
    # Translators: a choice: the child comes to school on the same day, after an appointment. At most 20 characters.
    Back.LATER: _("Later that day"),
    # Translators: a choice, in the reader's own voice. At most 20 characters.
    Back.UNKNOWN: _("I do not know yet"),
}
KNOWN = {
    # Translators: {facts}, in 'Leo: ill, back on Thu 5 March.'
    AbsenceReason.ILL: _("ill"),
    # Translators: {facts}, in 'Leo: medical appointment, back on Thu 5 March.'
    AbsenceReason.MEDICAL: _("medical appointment"),
}
# Translators: words that say that a child is ill, with commas between; a * after a word's beginning stands for any ending. Write those of your language.
ILL = _(
    "ill, illness, sick, sickness, unwell, not well, poorly, fever, temperature, cough*, a cold, flu, vomit*, throwing up, diarrh*, tummy, stomach*, "
    "headache*, chicken pox, chickenpox, rash, infection*, covid"
)
# Translators: words that say that a child has a medical appointment, as above. Write those of your language.
MEDICAL = _("hospital*, doctor*, dentist*, appointment*, clinic*, gp, surgery, operation*, blood test, scan, optician*, therap*, vaccination*")
# Translators: words that say that a child who was to be absent comes to school after all, as above. Write those of your language.
COMING = _("after all, better now, is better today, feels better, feeling better")
# Translators: words that say so where the school has just asked why a child is ill or when it is back, as above. Write those of your language.
FINE = _("is fine, hes fine, shes fine, is ok, hes ok, shes ok, coming in, is coming, hes coming, shes coming")
# Translators: words that turn a sentence round ('he is not coming'), as above. Write those of your language.
NOT = _("not, no, never, cant, cannot, wont, isnt, dont")
# Translators: words that say on which day a child comes back ('back on Thursday'), as above. Write those of your language.
RETURN = _("back, return*")
# Translators: words that say that a child is late and on the way to school, as above. Write those of your language.
ON_THE_WAY = _("on the way, on our way, on his way, on her way, on the bus, in the taxi, late, coming now, nearly there")
# Translators: words that mean each of someone's children, as above. Write those of your language.
EACH = _("both, all my, all of them, my kids, my children, the kids, the children")
ABOUT_IT = ("report_absence", "report_lateness", "report_medical", "running_late", "ask_illness_rules", "ask_transport", "safeguarding")
"""What the answer to 'why?' may be taken for: still an answer."""

_BEFORE_A_COMMA = re.compile(r"\s*(\w+)\s*[,.!;،，。፡]\s*")

# Translators: {child} is one child's name, or several: it must read well with both.
WHY = _("Why is {child} not coming to school?")
# Translators: they chose 'Something else' as the reason of an absence.
IN_WORDS = _("Please tell us why, in a few words.")
# Translators: {child} is one child's name, or several. Some days follow as choices.
BACK = _("When will {child} be back in school? You can also write a day.")
# Translators: {child} is one child's name, or several. Some times of day follow as choices.
ABOUT_WHEN = _("About when will {child} be in school? You can also write a time.")
# Translators: the school had asked why a child was missing, and found it in class.
IN_SCHOOL = _("Sorry, {child} is in school.")


@dialogue(
    intent="report_absence",
    # Translators: an entry of the menu.
    menu=_("My child is absent"),
    order=45,
    urgent=True,
    hears=("child", "time"),
)
def report_absence(chat: Chat, school: School) -> None:
    """A child is not in school: kept from the first message on; what is missing is asked."""
    source, children = _whom(chat, school, "report_absence")
    if _are_coming(chat, school, children):
        _say_coming(chat, school, _telling(chat, source, chat.text), children, absence.first_day(school))
        return
    spell = absence_days.spell(school, chat.heard("time"), names_return=chat.says(RETURN))
    first = chat.choose("first", [spell.first], BACK, hears="time")
    until, back = chat.keep("until", spell.until), chat.keep("said_back", spell.back)
    telling = _telling(chat, source, chat.text)
    rows = [
        chat.once(f"report:{child.id}", absence.report, school, child, telling, first_on=first, back_on=back, reason=_reason(chat, chat.text))
        for child in children
    ]
    is_away = not chat.keep("lacks_reason", rows[0].reason is None) or _ask_why(chat, school, rows, source)
    if is_away and chat.keep("lacks_return", rows[0].back_on is None):
        is_away = _ask_return(chat, school, rows, source, until=until)
    if is_away:
        _say_known(chat, school, rows)


# Translators: names what someone wants, in 'Do you mean: A child who comes late?'.
@dialogue(intent="report_lateness", about=_("A child who comes late"), urgent=True, hears=("child", "time"))
def report_lateness(chat: Chat, school: School) -> None:
    """A child comes late: about when."""
    source, children = _whom(chat, school, "report_lateness")
    if _are_coming(chat, school, children):
        _say_coming(chat, school, _telling(chat, source, chat.text), children, absence.first_day(school))
        return
    heard_at, spell = absence_days.clock_time(chat.heard("time")), absence_days.spell(school, chat.heard("time"))
    day = chat.choose("first", [spell.first], ABOUT_WHEN, hears="time")
    at = chat.keep("said_at", heard_at)
    telling, reason = _telling(chat, source, chat.text), AbsenceReason.MEDICAL if chat.says(MEDICAL) else None
    rows = [
        chat.once(f"report:{child.id}", absence.report, school, child, telling, first_on=day, kind=AbsenceKind.LATE, expected_at=at, reason=reason)
        for child in children
    ]
    if chat.keep("lacks_time", rows[0].expected_at is None):
        _ask_time(chat, school, rows, source)
    _say_known(chat, school, rows)


@notice("absence_question")
def absence_question(chat: Chat, school: School) -> None:
    """The school asks why a child is not in class. Whoever answers second is thanked, and learns nothing of the first."""
    asked = _chase(chat, school)
    if asked is None:
        return
    if asked.taken_back_at is not None:
        if chat.answered("why"):
            chat.say(IN_SCHOOL, child=asked.child)
        return
    is_known = absence.is_explained(school, asked.child, asked.day)
    if is_known and not chat.answered("why"):
        return
    why = chat.choose_or_tell(
        "why",
        list(ANSWERS),
        # Translators: sent in the morning, where nobody has said why a child is not in class. {child} is a child's name.
        _("We have not seen {child} today. Is it because of illness?"),
        like=ABOUT_IT,
        yes=AbsenceReason.ILL,
        no=AbsenceReason.OTHER,
        until=absence.end_of(asked.day),
        label=ANSWERS.__getitem__,
        child=asked.child,
    )
    _take_answer(chat, school, asked, why, was_known=chat.keep("was_known", is_known))


@notice("absence_mistake")
def absence_mistake(chat: Chat, school: School) -> None:
    """The child is in class after all."""
    asked = _chase(chat, school)
    if asked is not None:
        chat.say(IN_SCHOOL, child=asked.child)


def _chase(chat: Chat, school: School) -> Chase | None:
    """Whom the school asks after, as long as it is that day, and as long as this adult is one who may be asked."""
    asked = absence.find_chase(school, chat.args["chase"])
    is_theirs = asked is not None and asked.child in families.children(school, chat.adult, may="be_asked")
    return asked if asked is not None and is_theirs and asked.day == school.today else None


def _take_answer(chat: Chat, school: School, asked: Chase, why: object, *, was_known: bool) -> None:
    """What was answered stands on the list at once; what explains nothing is read by a person at once."""
    words = why if type(why) is str else ""
    if why is AbsenceReason.OTHER and not was_known:
        words = str(chat.choose_or_tell("words", [], IN_WORDS, like=ABOUT_IT, until=absence.end_of(asked.day)))
    reason = why if isinstance(why, AbsenceReason) else _reason(chat, words)
    is_late = why is AbsenceKind.LATE or (reason is None and chat.says(ON_THE_WAY, words))
    telling = _telling(chat, f"chase:{asked.id}:{chat.adult.id}", words)
    kind = AbsenceKind.LATE if is_late else AbsenceKind.ABSENT
    reason = reason if is_late else reason or AbsenceReason.OTHER
    row = chat.once("answer", absence.report, school, asked.child, telling, first_on=asked.day, kind=kind, reason=reason, chase=asked)
    is_odd = reason is AbsenceReason.OTHER
    if is_odd:
        chat.once("read", absence.read_this, school, asked, telling)
    if was_known:
        # Translators: to someone who answers a question about an absent child that was answered already. It must not say by whom.
        chat.say(_("Thank you, we know already."))
    elif is_odd:
        # Translators: to someone who has told us why a child is not in school.
        chat.say(_("Thank you. Someone at school will read this now."))
    elif is_late or _ask_return(chat, school, [row], telling.source, ends_today=True):
        _say_known(chat, school, [row])


def _whom(chat: Chat, school: School, intent: str) -> tuple[str, list[Child]]:
    """The message that this began with, and the children it is about: those named, the only one, or those chosen. Others' words go to the office."""
    theirs = list(families.children(school, chat.adult, may="be_asked"))
    if not theirs:
        chat.go("pass_on", intent=intent, text=chat.text)
    source = chat.keep("source", chat.reference)
    named = [child for child in theirs if child in chat.heard("child")]
    several = theirs if not named and chat.says(EACH) else named if len(named) > 1 else []
    meant = chat.keep("several", " ".join(str(child.id) for child in several))
    if meant:
        children = [child for child in theirs if str(child.id) in meant.split()]
    else:
        options: list[Child | str] = [*theirs, ALL] if len(theirs) > 1 else [*theirs]
        # Translators: a choice: each of the children in the list. At most 20 characters.
        every = _("All of them")
        chosen = chat.choose(
            "child", options, _("Which child is it about?"), heard="child", hears="child", label=lambda child: every if child == ALL else child
        )
        children = [chosen] if isinstance(chosen, Child) else theirs
    chat.once("about", absence.only_about, school, source, children)
    return source, children


def _are_coming(chat: Chat, school: School, children: Sequence[Child]) -> bool:
    """Whether they say that the child comes after all: in so many words, or in fewer where it is known to be away."""
    says_so = chat.says(COMING) and not chat.says(NOT, _after_no(chat, chat.text))
    is_away = any(absence.is_explained(school, child, absence.first_day(school)) for child in children)
    return chat.keep("are_coming", says_so or (is_away and _comes(chat, chat.text)))


def _after_no(chat: Chat, words: str) -> str:
    """What follows a 'no,' that answers: it turns nothing round."""
    found = _BEFORE_A_COMMA.match(words)
    return words[found.end() :] if found and chat.says(NOT, found[1]) else words


def _comes(chat: Chat, words: str) -> bool:
    """Whether what was answered takes the absence back: 'sorry, she is fine, she is coming in'."""
    rest = _after_no(chat, words)
    return any(chat.says(said, rest) for said in (COMING, FINE)) and not any(chat.says(said, rest) for said in (NOT, ILL))


def _say_coming(chat: Chat, school: School, telling: Telling, children: Sequence[Child], expected_on: date) -> None:
    """They come on the day that was named, else on the one that was spoken of."""
    day = max(absence_days.return_day(school, chat.heard("time")) or expected_on, school.today)
    for child in children:
        absence.report(school, child, telling, first_on=day, kind=AbsenceKind.COMING)
    # Translators: {child} is one child's name, or several; {day} is a date.
    chat.say(_("Thank you. We expect {child} on {day}."), child=children, day=day, must_arrive=True)


def _ask_why(chat: Chat, school: School, rows: Sequence[Absence], source: str) -> bool:
    """Why a child is away. False where they say instead that it is coming after all."""
    why = chat.choose_or_tell("why", list(REASONS), WHY, like=ABOUT_IT, no=AbsenceReason.OTHER, label=REASONS.__getitem__, child=[row.child for row in rows])
    words = why if type(why) is str else ""
    if why is AbsenceReason.OTHER:
        words = chat.ask("words", IN_WORDS)
    if _comes(chat, words):
        _say_coming(chat, school, _telling(chat, source, words), [row.child for row in rows], rows[0].first_on)
        return False
    reason = why if isinstance(why, AbsenceReason) else _reason(chat, words) or AbsenceReason.OTHER
    for row in rows:
        chat.once(f"why:{row.id}", absence.add, school, row, _telling(chat, source, words), reason=reason)
    return True


def _ask_return(chat: Chat, school: School, rows: Sequence[Absence], source: str, *, until: date | None = None, ends_today: bool = False) -> bool:
    """When the child is back: a day of the list, one that they write, or nobody knows. False where they say instead that it is coming after all."""
    first, day = rows[0].first_on, absence_days.return_day(school, chat.heard("time"))
    children = [row.child for row in rows]
    answer: object
    if day is not None and day >= first:
        answer = chat.choose("back", [day], BACK, hears="time", child=children)
    else:
        later = [Back.LATER] if rows[0].reason == AbsenceReason.MEDICAL else []
        options: list[object] = [*later, *absence_days.returns_to_choose(school, first, until), Back.UNKNOWN]
        answer = chat.choose_or_tell(
            "back",
            options,
            BACK,
            like=ABOUT_IT,
            hears="time",
            no=Back.UNKNOWN,
            until=absence.end_of(first) if ends_today else None,
            label=lambda option: RETURNS.get(option, option),
            child=children,
        )
    words = answer if type(answer) is str else ""
    telling = _telling(chat, source, words)
    if _comes(chat, words):
        _say_coming(chat, school, telling, children, first)
        return False
    is_later = answer is Back.LATER or answer == first
    for row in rows:
        if is_later:
            absence.add(school, row, telling, kind=AbsenceKind.LATE)
        else:
            absence.add(school, row, telling, back_on=answer if isinstance(answer, date) else None)
    return True


def _ask_time(chat: Chat, school: School, rows: Sequence[Absence], source: str) -> None:
    """About when a late child comes."""
    at, children = absence_days.clock_time(chat.heard("time")), [row.child for row in rows]
    answer: object
    if at is not None:
        answer = chat.choose("at", [at], ABOUT_WHEN, hears="time", child=children)
    else:
        options: list[object] = [*absence_days.times_to_choose(school, rows[0].first_on), Back.UNKNOWN]
        answer = chat.choose_or_tell(
            "at", options, ABOUT_WHEN, like=ABOUT_IT, hears="time", no=Back.UNKNOWN, label=lambda option: RETURNS.get(option, option), child=children
        )
    for row in rows:
        absence.add(school, row, _telling(chat, source, answer if type(answer) is str else ""), expected_at=answer if isinstance(answer, time) else None)


def _say_known(chat: Chat, school: School, rows: Sequence[Absence]) -> None:
    """What was understood, spoken back once."""
    row, children = rows[0], [each.child for each in rows]
    facts = _facts(school, row)
    if facts:
        # Translators: {child} is one child's name, or several; {facts} is a list such as 'ill, back on Thu 5 March'.
        chat.say(_("Thank you, the school knows. {child}: {facts}."), child=children, facts=facts, must_arrive=True)
    else:
        # Translators: {child} is one child's name, or several, who will not be in school.
        chat.say(_("Thank you, the school knows about {child}."), child=children, must_arrive=True)
    if row.reason == AbsenceReason.ILL:
        # Translators: a kind word for a child who is ill.
        chat.say(_("Get well soon!"))


def _facts(school: School, row: Absence) -> tuple[object, ...]:
    facts: list[object] = []
    if row.reason in KNOWN:
        facts.append(KNOWN[AbsenceReason(row.reason)])
    if row.kind == AbsenceKind.LATE:
        # Translators: {facts}, in 'Leo: late, about 09:45.': the child comes late.
        facts.append(_("late"))
    if row.first_on > school.today:
        # Translators: {facts}, in 'Leo: ill, from Tue 3 March.'
        begins = _("from {day}")
        # Translators: {facts}, in 'Leo: medical appointment, late, on Tue 3 March.'
        alone = _("on {day}")
        facts.append((alone if row.kind == AbsenceKind.LATE else begins).format(day=row.first_on))
    if row.back_on is not None:
        # Translators: {facts}, in 'Leo: ill, back on Thu 5 March.'
        facts.append(_("back on {day}").format(day=row.back_on))
    if row.expected_at is not None:
        # Translators: {facts}, in 'Leo: late, about 09:45.'
        facts.append(_("about {time}").format(time=row.expected_at))
    return tuple(facts)


def _reason(chat: Chat, words: str) -> AbsenceReason | None:
    """Why, where a word tells it: who is ill and sees a doctor is ill."""
    if chat.says(ILL, words, misspelt=True):
        return AbsenceReason.ILL
    return AbsenceReason.MEDICAL if chat.says(MEDICAL, words, misspelt=True) else None


def _telling(chat: Chat, source: str, words: str) -> Telling:
    return Telling(chat.address.channel, chat.adult, source=source, words=words, language=chat.written_in or chat.adult.language)
