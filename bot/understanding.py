"""From a stored message to an utterance: exact lists first, the classifier only where they do not know. Runs before the transaction of the turn opens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from bot.conversation import answers
from bot.conversation.engine import Utterance
from bot.conversation.mentions import behind
from bot.conversation.registry import by_keyword, find, is_general, that_tells_of
from bot.conversation.state import State
from bot.conversation.wishes import Instead
from data.inbox import Received
from data.people import Adult, Child, SchoolClass, Staff
from data.school_year import Term
from data.texts import Text
from nlu import names
from nlu.clean import clean
from nlu.face import Alarm, Context, Decision, Level, Name, Understanding
from school import School, families, openers
from school.capability import capabilities
from translations import _

# Translators: what people write before the answer that they meant, after they have sent another: 'no, I meant 4'. With commas between.
I_MEANT = _("i meant, i mean, i wanted to say, i meant to say, i should have said, sorry it is, oops")
JOINTS = re.compile(r"(?:[.!?;]\s+|\s+(?:and also|also|and then|and can i|and)\s+)", re.IGNORECASE)
"""Where one message may hold two wishes."""


SAFEGUARDING = "safeguarding"
FEW_AFTER_YES = 5
"""Words of a message that begins with a yes or no and means no more than that."""
ASKED_ABOUT = frozenset({"stop", "wrong_number"})
"""What cuts somebody off: all messages, or the number itself."""
PLEASANTRIES = frozenset({"greet", "thanks", "goodbye", "small_talk", "affirm", "deny", "out_of_scope"})
"""What stands beside a wish in a polite message, and is none."""
TELLING = 5
"""Letters of a word by which an event or a group can be known."""
IN_MANY_TITLES = frozenset(
    "morning evening afternoon school class classes parent parents children child family families mother mothers father fathers meeting group groups session "
    "pack packs event events today monday tuesday wednesday thursday friday spring summer autumn winter after about welcome annual weekly "
    "monthly".split()
)
NAMED = {Decision.CONFIRM: 1, Decision.ACT: 2}
"""How many things at home in a guess a message must name for the guess to count as this sure."""
SURELY_GENERAL = 0.6
"""From this confidence on a general answer is meant, whatever the message names: 'is there halal lunch', though a 'family lunch' is to come."""


class Understander(Protocol):
    """What the turns need of an engine: the embedded one, or Rasa's client."""

    def exact(self, text: str, language: str) -> str | None:
        """The intent of a whole message that stands in the exact lists."""

    def number(self, text: str, language: str) -> int | None:
        """The number that a whole message is; negative counts from the end."""

    def parse(self, text: str, context: Context) -> Understanding:
        """What a text means. Never raises."""

    def watch(self, text: str, language: str) -> Alarm | None:
        """Whether a text, from someone who has this language, suggests that someone may be at risk. Never raises."""


def understand(engine: Understander, school: School, adult: Adult | None, state: State, message: Received, text: str) -> Utterance:
    """The message as far as it can be understood without acting on it. The encoder is not touched where a list, a number or a shown option says it all."""
    language = adult.language if adult else "en"
    if message.kind == "button" and message.payload == openers.BUTTON:
        return Utterance(text, message.received_at, exact=openers.BUTTON)  # it stands under no question of a dialogue: the word itself is meant
    if message.kind == "button":
        return Utterance(text, message.received_at, button=message.payload)
    exact, number = engine.exact(text, language) or by_keyword(text, language), engine.number(text, language)
    question = None if state.question is None or state.question.is_over(message.received_at) else state.question
    needs_parse = adult is not None and exact is None and number is None
    if needs_parse and question is not None:
        needs_parse = (question.kind != "text" or question.lets_through) and answers.by_words(question, text) is None
    wishes = _wishes(engine, text, _context(engine, school, adult)) if needs_parse and adult else []
    alarm = None if exact or number is not None else _alarm(engine, text, language, wishes)
    if alarm is None:
        opening = _opening(engine, text, language) if needs_parse and not any(wish.entities for wish in wishes) else None
        instead = _instead(engine, text, language)
        return Utterance(text, message.received_at, exact=exact, number=number, opening=opening, wishes=wishes, instead=instead)
    about = staff_named(school, text)
    return Utterance(text, message.received_at, exact=exact, number=number, wishes=list(map(_otherwise, wishes)), alarm=alarm, about_staff=about)


def _opening(engine: Understander, text: str, language: str) -> str | None:
    """The yes that a few words begin with: 'sí, anúlela por favor'. Not the no: 'no interpreter this time' agrees to the rest."""
    words = text.replace(",", " ").replace("،", " ").replace(".", " ").split()
    if not 2 <= len(words) <= FEW_AFTER_YES:
        return None
    said = engine.exact(words[0], language)
    return said if said == "affirm" else None


def _instead(engine: Understander, text: str, language: str) -> Instead | None:
    """What they say that they meant, in place of their last answer: 'no, I meant 4'."""
    rest = next((found for each in ("en", language) if (found := behind(text, I_MEANT.render(each))) is not None), None)
    return Instead(rest, engine.number(rest, language)) if rest is not None else None


def _otherwise(wish: Understanding) -> Understanding:
    """What a wish may mean besides harm, to be asked about: the lead sees it in any case, and the parent is not left standing."""
    others = [intent for intent, _confidence in wish.ranking if intent != SAFEGUARDING]
    return replace(wish, intent=others[0], decision=Decision.CONFIRM) if wish.intent == SAFEGUARDING and others else wish


def _alarm(engine: Understander, text: str, language: str, wishes: Sequence[Understanding]) -> Alarm | None:
    """What the watch hears in it; where it hears nothing and the classifier took it for harm, the lead looks at it: the watch is the better judge."""
    heard = engine.watch(text, language)
    is_guessed = any(wish.intent == SAFEGUARDING and wish.decision is not Decision.HAND_OVER for wish in wishes)
    return heard or (Alarm(Level.LOOK, "model") if is_guessed else None)


def staff_named(school: School, text: str) -> frozenset[int]:
    """The members of staff whom a text names, whoever wrote it."""
    everyone = [_staff_name(person) for person in school.session.scalars(select(Staff).where(Staff.has_left.is_(False)))]
    return frozenset(entity.value.id for entity in names.find(clean(text, None), everyone) if isinstance(entity.value, Name))


def _wishes(engine: Understander, text: str, context: Context) -> Sequence[Understanding]:
    """What is wished: usually one thing; several where each part of the message is clearly a wish of its own."""
    whole = _about_what_it_names(_careful(_believed(engine.parse(text, context))))
    parts = [part for part in JOINTS.split(text) if len(part.split()) >= 2]
    if len(parts) < 2:
        return [whole]
    each = [_careful(_believed(engine.parse(part, context))) for part in parts[:4]]
    clear = _not_from_a_letter([wish for wish in each if wish.decision is Decision.ACT and wish.intent not in PLEASANTRIES])
    if len({wish.intent for wish in clear}) > 1:
        return clear
    # 'Good morning. I want to see the teacher. Thank you' is one wish, and better understood without what stands around it.
    is_wrapped = all(wish in clear or wish.intent in PLEASANTRIES for wish in each)
    return clear if clear and (is_wrapped or whole.decision is not Decision.ACT or whole.intent in PLEASANTRIES) else [whole]


def _careful(wish: Understanding) -> Understanding:
    """A guess that would end all messages is asked about: only exact words do that at once."""
    return replace(wish, decision=Decision.CONFIRM) if wish.intent in ASKED_ABOUT and wish.decision is Decision.ACT else wish


def _believed(wish: Understanding) -> Understanding:
    """The guess, one step surer where the message names things that are at home in what was guessed: misspelt words beside a clear name and a clear day.

    One such thing is worth a question ('did you mean …?'), two are worth acting, since a dialogue says back what it heard before it does anything.
    """
    meant = find(wish.intent if wish.intent != "out_of_scope" or not wish.ranking else wish.ranking[0][0])
    if meant is None or wish.decision is Decision.ACT:
        return wish
    named = len({entity.kind for entity in wish.entities} & set(meant.hears))
    surer = Decision.CONFIRM if wish.decision is Decision.HAND_OVER else Decision.ACT
    return replace(wish, intent=meant.name, decision=surer) if named >= NAMED[surer] else wish


def _not_from_a_letter(wishes: list[Understanding]) -> list[Understanding]:
    """The wishes; beside one that gives the whole message to a person, what sounds like a general question is part of what that person is told."""
    is_letter = any((meant := find(wish.intent)) is not None and meant.whole for wish in wishes)
    return [wish for wish in wishes if not is_general(wish.intent)] if is_letter else wishes


def _about_what_it_names(wish: Understanding) -> Understanding:
    """What was not understood, is no dialogue's, or is a general answer without much for it, and names something that a dialogue tells of, asks for that."""
    is_understood = wish.decision is not Decision.HAND_OVER and find(wish.intent) is not None
    if is_understood and (not is_general(wish.intent) or wish.confidence >= SURELY_GENERAL):
        return wish
    told = next((found for entity in wish.entities if (found := that_tells_of(entity.kind)) is not None), None)
    return replace(wish, intent=told.name, decision=Decision.ACT) if told is not None else wish


def _context(engine: Understander, school: School, adult: Adult) -> Context:
    terms = [(row.starts, row.ends, row.what) for row in school.session.execute(select(Term.starts, Term.ends, Term.what))]
    return Context(now=school.clock, language=adult.language, names=_names(engine, school, adult), terms=terms)


def _names(engine: Understander, school: School, adult: Adult) -> list[Name]:
    """This parent's children, their staff, the school's staff and classes, and what each capability has that they may call by its name. No other child."""
    children = families.known_to(school, adult)
    classes = {child.class_id for child in children}
    staff = school.session.scalars(select(Staff).where(Staff.has_left.is_(False)).options(joinedload(Staff.classes))).unique().all()
    near = sorted(staff, key=lambda person: not any(group.id in classes for group in person.classes))
    all_classes = school.session.scalars(select(SchoolClass)).all()
    named = [found.named for found in capabilities() if found.named is not None]
    titled = [_titled(engine, each.kind, row_id, title, adult.language) for each in named for row_id, title in each.known(school, adult)]
    return [*map(_child_name, children), *map(_staff_name, near), *(Name("class", each.id, each.name) for each in all_classes), *titled]


def _child_name(child: Child) -> Name:
    return Name("child", child.id, child.name, (child.first_name,))


def _staff_name(person: Staff) -> Name:
    return Name("staff", person.id, person.name)


def _titled(engine: Understander, kind: str, value_id: int, title: Text, language: str) -> Name:
    """Something by its title, in English and as its reader knows it, and by each word of it that says more than 'morning' or 'first' does."""
    read = title.read_in(language).words
    words = [word for each in (title.words, read) for word in each.split() if len(word) >= TELLING and word.casefold() not in IN_MANY_TITLES]
    words = [word for word in words if engine.number(word, language) is None]
    return Name(kind, value_id, title.words, (read, *words))
