"""Questions that the school asks, answered one at a time: by a number, a button, in words; left, and gone on with days later on another phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import NoReturn

from bot.conversation import Chat, dialogue, notice
from school import School, questionnaire_clock, questionnaires, responses
from school.questionnaires import OTHER, Privacy, Question, QuestionKind, Questionnaire
from school.responses import SKIPPED, Closed, Given, NoAnswer, Respondent, RespondentState, Why
from translations import Phrase, _, keywords, ngettext, scales, written

Begun = Callable[[], object]
"""To be called before an answer is asked for that has more than one part, once the first is there."""
LEFT_OUT = ""
"""What stands for an answer that is left out."""
DONE = "done"
FEW = 3
"""So many words beside the answers that a text names are no answer of their own: 'music and swimming please'."""
OWN = "\x1f"
"""Stands before their own words in an answer from before this dialogue began: nobody can write it."""
NOW, LATER, NOT_AT_ALL = "now", "later", "no"
BEGIN = {
    # Translators: a choice: to answer the school's questions now. At most 20 characters. Without the word START, which phone companies take for themselves.
    NOW: _("Now"),
    # Translators: a choice: to answer the school's questions another time. At most 20 characters.
    LATER: _("Later"),
    # Translators: a choice: not to answer the school's questions. At most 20 characters.
    NOT_AT_ALL: _("No, thank you"),
}
# Translators: a choice: to leave a question out. At most 20 characters.
SKIP = _("Skip")
# Translators: a choice: none of those above. At most 20 characters.
SOMETHING_ELSE = _("Something else")
# Translators: a choice: nothing more to add to the answers that were chosen. At most 20 characters.
THAT_IS_ALL = _("That is all")
# Translators: words for the number 0 as an answer to 'How many times …?', with commas between.
NONE = _("none, never, not once, zero, not at all")
HINT_NUMBER = _("Please answer with a number.")
HINT_DAY = _("Please answer with a day, such as 3 March.")
WHICH_ONE = {
    QuestionKind.CHOICE: _("Which fits best?"),
    QuestionKind.SCALE: _("Which fits best?"),
    QuestionKind.YES_NO: _("Yes or no?"),
    QuestionKind.SEVERAL: _("Send the numbers of all that fit, such as 1 3."),
    QuestionKind.NUMBER: HINT_NUMBER,
    QuestionKind.DATE: HINT_DAY,
    QuestionKind.TEXT: _("Please answer in your own words."),
}
"""What is to be done, under a question that staff wrote."""
OTHERWISE = {
    QuestionKind.CHOICE: _("I could not match that with an answer. Choose the one that comes nearest to what you think:"),
    # Translators: above a list of answers from the lowest to the highest.
    QuestionKind.SCALE: _("I could not match that with an answer. The first one is the least, the last one is the most:"),
    QuestionKind.YES_NO: _("I could not tell whether that is a yes or a no."),
    QuestionKind.SEVERAL: _("I could not match that with the answers. You may choose one or more:"),
    QuestionKind.NUMBER: _("I did not find a number in that. How many is it?"),
    QuestionKind.DATE: _("I did not find a day in that. On which day is it?"),
}
"""The question in other words, for whoever did not answer it."""
PLAINLY = {
    QuestionKind.SEVERAL: _("Please send only numbers from the list, such as 1 3."),
    QuestionKind.NUMBER: _("Please send only the number, such as 3."),
    QuestionKind.DATE: _("Please send only the day, such as 3 March."),
}
# Translators: asks for the answer that 'Something else' stood for.
SAY_WHAT = _("Please say what.")
# Translators: words that say that there is nothing to add to the answers that were chosen, with commas between.
NO_MORE = _("that is all, that's all, thats all, nothing else, no more, nothing more, enough, finished, done")
CLOSED = _("These questions are closed now. Thank you all the same.")
NOTHING_ASKED = _("There are no questions for you at the moment.")
# Translators: more answers from a list may follow.
ANYTHING_ELSE = _("Anything else?")


@notice("questionnaire")
def invitation(chat: Chat, school: School) -> None:
    """What the school would like to know, how long it takes, who can see it; and whether to begin now. On a page where nobody can see it."""
    questionnaire = questionnaires.get(school, chat.args["questionnaire"])
    if questionnaire is None or not questionnaires.is_open(school, questionnaire):
        return
    if questionnaire.privacy == Privacy.ANONYMOUS:
        _introduce(chat, school, questionnaire)
        _say_where_the_page_is(chat, questionnaire)
        return
    mine = _unanswered(chat, school, questionnaire)
    if not mine and not chat.answered("begin"):
        return
    if chat.answered("introduced"):
        chat.say(_("{text}"), text=questionnaire.title)  # what was long the first time is not paid for again
    else:
        _introduce(chat, school, questionnaire)
    chat.keep("introduced", value=True)
    _begin_or_not(chat, school, questionnaire, mine)


@notice("questionnaire_reminder")
def reminder(chat: Chat, school: School) -> None:
    """The one reminder: to those who have not answered; where nobody knows who has, to all."""
    questionnaire = questionnaires.get(school, chat.args["questionnaire"])
    if questionnaire is None or not questionnaires.is_open(school, questionnaire):
        return
    if questionnaire.privacy == Privacy.ANONYMOUS:
        chat.say(
            # Translators: a reminder of questions on a web page. {title} is what they are about, {day} a date.
            _("Reminder: {title}. The page is open until {day}; its link is in my earlier message."),
            title=questionnaire.title,
            day=questionnaire.closes_on,
        )
        chat.say(_("If you have answered, thank you: I cannot know."))
        return
    mine = _unanswered(chat, school, questionnaire)
    if not mine and not chat.answered("begin"):
        return
    # Translators: a reminder of questions. {title} is what they are about, {day} a date.
    chat.say(_("Reminder: {title}. You can answer until {day}."), title=questionnaire.title, day=questionnaire.closes_on)
    _begin_or_not(chat, school, questionnaire, mine)


def _unanswered(chat: Chat, school: School, questionnaire: Questionnaire) -> Sequence[Respondent]:
    return [row for row in responses.of_adult(school, chat.adult) if row.questionnaire_id == questionnaire.id]


def _introduce(chat: Chat, school: School, questionnaire: Questionnaire) -> None:
    """What it is about, how long it takes, and who can see it: said before the first question."""
    # Translators: {school} is the school's name, {title} what the questions are about.
    chat.say(_("{school} would like to know: {title}"), school=school.settings.name, title=questionnaire.title)
    if questionnaire.opening is not None:
        chat.say(_("{text}"), text=questionnaire.opening)
    chat.say(ngettext("One question.", "{count} questions.", len(questionnaire.questions)))
    if questionnaire.privacy == Privacy.ANONYMOUS:
        return
    chat.say(ngettext("It takes one text from you.", "It takes at most {count} texts from you.", questionnaires.most_texts(questionnaire)))
    if questionnaire.privacy == Privacy.NAMED:
        chat.say(_("The school sees your name with your answers."))
    else:
        chat.say(
            _(
                "Private, not anonymous: until you finish, staff could read your answers here; then your name comes off and these texts are deleted. "
                "Your phone company carries them."
            )
        )
    chat.say(_("If you write that a child may be in danger, the safeguarding lead is told."))


def _say_where_the_page_is(chat: Chat, questionnaire: Questionnaire) -> None:
    chat.say(
        # Translators: {day} is a date; the link to a web page follows on the next line.
        _("Your answers are anonymous: the page does not know who you are. It can be used once, until {day}. Do not pass it on:"),
        day=questionnaire.closes_on,
        attach=questionnaire,
    )


def _begin_or_not(chat: Chat, school: School, questionnaire: Questionnaire, mine: Sequence[Respondent]) -> None:
    meant = {"affirm": NOW, "deny": NOT_AT_ALL, "maybe": LATER, "answer_questionnaire": NOW}
    has_begun = any(row.state == RespondentState.STARTED for row in mine)
    offered = [NOW, LATER] if chat.keep("has_begun", has_begun) else list(BEGIN)  # a number that was meant for an earlier question must not throw answers away
    # Translators: asks whether to begin with the school's questions.
    chosen = chat.choose("begin", offered, _("Would you like to answer now?"), means=meant, label=BEGIN.__getitem__)
    if chosen != NOW:
        chat.drop("answer_questionnaire")
    if chosen == NOW and mine:
        chat.go("answer_questionnaire", respondent=mine[0].id)
    if not mine:
        chat.say(NOTHING_ASKED)
    elif chosen == NOT_AT_ALL:
        for row in mine:
            responses.decline(school, row)
        chat.say(_("All right. I will not ask again."))
    else:
        # Translators: {keyword} is a word to text back, {day} a date.
        chat.say(_("All right. Text {keyword} when you have time, until {day}."), keyword=keywords.QUESTIONS, day=questionnaire.closes_on)


def _has_questions(school: School, adult: questionnaires.Adult) -> bool:
    return bool(responses.of_adult(school, adult))


@dialogue(
    intent="answer_questionnaire",
    # Translators: an entry of the menu: questions that the school asks parents. At most 20 characters.
    menu=_("Questions for me"),
    order=55,
    keyword=keywords.QUESTIONS,
    offered=_has_questions,
)
def answer(chat: Chat, school: School) -> None:
    """One question after the other, from where they left it."""
    if chat.topic and not chat.answered("begun"):
        questionnaire_clock.forget_what_came_late(school, chat.topic)  # it was taken out of this conversation meanwhile
        chat.say(CLOSED)
        return
    chat.keep("begun", value=True)
    respondent = _whom_about(chat, school)
    if respondent is None:
        return
    chat.confide(responses.topic(respondent))
    questionnaire = respondent.questionnaire
    if chat.args.get("respondent") is None and not chat.keep("was_begun", respondent.state == RespondentState.STARTED):
        _introduce(chat, school, questionnaire)
    before = responses.given(school, respondent)
    chat.recall(_as_answers(questionnaire, before))
    answers: dict[str, Given] = {}
    try:
        chat.once("begin", responses.begin, school, respondent)
        while (question := responses.next_question(questionnaire, answers)) is not None:
            # Of an answer in several parts the first one may be all that is said today: an earlier answer, taken back, must not come back with it.
            begun = partial(chat.once, f"begun:{question.key}", responses.take_back, school, respondent, question)
            answers[question.key] = _ask(chat, questionnaire, question, answers, respondent, begun)
            chat.once(f"keep:{question.key}", responses.keep, school, respondent, question, answers[question.key], _language(chat))
        if responses.next_question(questionnaire, responses.given(school, respondent)) is not None:
            chat.go("answer_questionnaire", respondent=respondent.id)  # something that was answered here is kept no more
        responses.finish(school, respondent)
    except Closed:
        chat.say(CLOSED)
        return
    _thank(chat, questionnaire)
    _go_on_with_the_next(chat, school, respondent)


def _whom_about(chat: Chat, school: School) -> Respondent | None:
    """Which questions, about which child: those that were asked for, that wait alone, or that are chosen."""
    waiting = responses.of_adult(school, chat.adult)
    wanted = [row for row in waiting if row.id == chat.args.get("respondent")] or waiting
    if not wanted and not chat.answered("which"):
        chat.say(NOTHING_ASKED)
        return None
    # Translators: what several sets of questions are about follows, to choose from.
    return chat.choose("which", wanted, _("Which questions?"), label=_about)


def _about(respondent: Respondent) -> Phrase:
    if respondent.child is not None:
        # Translators: one of several sets of questions to choose from: what they are about, and about which child: 'Your year with us (Leo)'.
        return _("{title} ({child})").format(title=respondent.questionnaire.title, child=respondent.child)
    return _("{text}").format(text=respondent.questionnaire.title)


def _language(chat: Chat) -> str:
    return chat.written_in or chat.language


def _thank(chat: Chat, questionnaire: Questionnaire) -> None:
    # Translators: after the last answer to the school's questions.
    chat.say(_("That was the last question. Thank you!"))
    if questionnaire.thanks is not None:
        chat.say(_("{text}"), text=questionnaire.thanks)


def _go_on_with_the_next(chat: Chat, school: School, respondent: Respondent) -> None:
    """The same questions about their next child."""
    others = [row for row in responses.of_adult(school, chat.adult) if row.questionnaire_id == respondent.questionnaire_id and row.child is not None]
    if others:
        # Translators: the same questions follow, about another child.
        chat.say(_("Now the same about {child}."), child=others[0].child)
        chat.go("answer_questionnaire", respondent=others[0].id)


# One question


def _ask(chat: Chat, questionnaire: Questionnaire, question: Question, answers: Mapping[str, Given], respondent: Respondent, begun: Begun) -> Given:
    asked = responses.asked_so_far(questionnaire, answers)
    known = _mentioned(chat, question)
    if known is not None:
        return known
    # Translators: how far one is in a list of questions; the question follows: '3 of 8: How happy is your child at school?'.
    progress = _("{number} of {count}: {text}")
    if respondent.child is not None:
        # Translators: the same, about one child: 'Leo, 3 of 8: How happy is your child at school?'.
        progress = _("{child}, {number} of {count}: {text}").format(child=respondent.child)
    chat.say(progress, attach=question.file, number=asked.index(question) + 1, count=len(asked), text=question.text)
    given = _ASK[QuestionKind(question.kind)](chat, question, begun)
    try:
        return responses.check(question, given)
    except NoAnswer as refusal:
        _again(chat, question, given, refusal.why)


def _again(chat: Chat, question: Question, given: Given, why: Why) -> NoReturn:
    said = given.words or str(given.number or "")
    if why in (Why.LITTLE, Why.MUCH) and question.kind == QuestionKind.NUMBER and (question.least is not None or question.most is not None):
        plainly = _bounds(question).format(least=question.least, most=question.most)
        chat.unclear(question.key, said, otherwise=plainly, plainly=plainly)
    if why is Why.MUCH and question.kind != QuestionKind.NUMBER:
        chat.unclear(question.key, said, otherwise=_("That is too long for me. Please say it in fewer words."), plainly=WHICH_ONE[QuestionKind.TEXT])
    kind = QuestionKind(question.kind)
    chat.unclear(question.key, said, otherwise=OTHERWISE.get(kind, WHICH_ONE[kind]), plainly=PLAINLY.get(kind, WHICH_ONE[kind]))


def _bounds(question: Question) -> Phrase:
    if question.least is None:
        # Translators: {most} is a number.
        return _("Please send a number that is not above {most}.")
    if question.most is None:
        # Translators: {least} is a number.
        return _("Please send a number that is not below {least}.")
    # Translators: {least} and {most} are numbers.
    return _("Please send a number from {least} to {most}.")


def _labels(question: Question) -> Mapping[str, Phrase]:
    """How each answer reads, by its key, in the order in which they are shown."""
    if question.kind == QuestionKind.YES_NO:
        # Translators: a choice under a question of the school. At most 20 characters.
        return {"yes": _("Yes"), "no": _("No")}
    own = {choice.key: _("{text}").format(text=choice.text) for choice in question.choices}
    points = {str(number): words for number, words in enumerate(scales.POINTS.get(question.scale or "", ()), start=1)}
    return (own or points) | ({OTHER: SOMETHING_ELSE} if question.takes_other else {})


def _options(question: Question) -> Mapping[str, Phrase]:
    return {**_labels(question), **({LEFT_OUT: SKIP} if question.is_optional else {})}


def _choice(chat: Chat, question: Question, begun: Begun) -> Given:
    options, kind = _options(question), QuestionKind(question.kind)
    if question.takes_other:
        return _choice_or_own(chat, question, begun)
    means = {"affirm": "yes", "deny": "no"} if kind == QuestionKind.YES_NO else None
    chosen = chat.choose(
        question.key, list(options), WHICH_ONE[kind], label=options.__getitem__, pick_single=False, means=means, otherwise=OTHERWISE[kind], page=len(options)
    )
    return Given((chosen,)) if chosen != LEFT_OUT else SKIPPED


def _choice_or_own(chat: Chat, question: Question, begun: Begun) -> Given:
    """One of the answers, or what they write instead: that is 'something else', said at once."""
    options = _options(question)
    chosen = chat.choose_or_tell(question.key, list(options), WHICH_ONE[QuestionKind.CHOICE], label=options.get)
    if OWN in chosen:
        return Given((OTHER,), words=chosen.partition(OWN)[2])
    if chosen == LEFT_OUT:
        return SKIPPED
    named = [chosen] if chosen in options else _named(chat, question, chosen)
    if len(named) > 1 or not (named or _has_letters(chosen)):
        chat.unclear(question.key, chosen, otherwise=OTHERWISE[QuestionKind.CHOICE], plainly=WHICH_ONE[QuestionKind.CHOICE])
    if OTHER in named:
        begun()
    return _with_words(chat, question, named) if named else Given((OTHER,), words=chosen)


def _several(chat: Chat, question: Question, begun: Begun) -> Given:
    """As many as they name; after one alone it is asked for more, until that is all."""
    options, labels = _options(question), _labels(question)
    said = chat.choose_or_tell(question.key, list(options), WHICH_ONE[QuestionKind.SEVERAL], label=options.get)
    if said == LEFT_OUT:
        return SKIPPED
    if OWN in said:
        places, _own, words = said.partition(OWN)
        return Given((*_named(chat, question, places), *([OTHER] if words else [])), words=words)
    chosen = [said] if said in options else _named(chat, question, said)
    if not chosen and not (question.takes_other and _has_letters(said)):
        chat.unclear(question.key, said, otherwise=OTHERWISE[QuestionKind.SEVERAL], plainly=PLAINLY[QuestionKind.SEVERAL])
    if not chosen:
        return Given((OTHER,), words=said)
    if said in options or OTHER in chosen:
        begun()
    given = _with_words(chat, question, chosen)
    while said in options and len(given.choices) < len(labels):
        left = {key: words for key, words in labels.items() if key not in given.choices} | {DONE: THAT_IS_ALL}
        said = chat.choose_or_tell(f"{question.key}+{len(given.choices)}", list(left), ANYTHING_ELSE, label=left.get, no=DONE)
        if said == DONE or (said not in left and chat.says(NO_MORE, said)):
            break
        more = [said] if said in left else [key for key in _named(chat, question, said) if key in left]
        if not more and OTHER in left and _has_letters(said):
            return Given((*given.choices, OTHER), words=said)
        added = _with_words(chat, question, more)
        given = Given((*given.choices, *added.choices), words=given.words or added.words)
    return given


def _named(chat: Chat, question: Question, text: str) -> list[str]:
    """The answers that a text names, by their numbers or in words; none where a number is none of them."""
    labels = _labels(question)
    numbers = [int(each) for each in re.findall(r"\d+", text)]
    others = re.sub(r"[\d\W_]+", " ", text).split()
    if numbers and len(others) <= len(numbers):  # '1 and 3'; not 'since he was 3'
        return list(dict.fromkeys(list(labels)[number - 1] for number in numbers)) if all(1 <= number <= len(labels) for number in numbers) else []
    named = [key for key, words in labels.items() if chat.says(words, text)]
    said = sum(len(written(labels[key], chat.language).split()) for key in named)
    return named if len(others) <= said + FEW else []


def _has_letters(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


def _with_words(chat: Chat, question: Question, chosen: Sequence[str]) -> Given:
    return Given(tuple(chosen), words=chat.ask(_words_key(question), SAY_WHAT) if OTHER in chosen else "")


def _words_key(question: Question) -> str:
    return f"{question.key}:words"


def _mentioned(chat: Chat, question: Question) -> Given | None:
    """The number or day that stood in what they wrote: 'about three times', 'on Friday if that suits you'."""
    if chat.answered(question.key) or not chat.was_asked_last(question.key) or question.kind not in (QuestionKind.NUMBER, QuestionKind.DATE):
        return None
    if question.kind == QuestionKind.NUMBER:
        numbers = chat.heard("number")
        return Given(number=chat.choose(question.key, numbers, HINT_NUMBER, heard="number", hears="number")) if len(numbers) == 1 else None
    days = {wish.first for wish in chat.heard("time") if wish.first is not None and wish.first == wish.last}
    return Given(on=chat.choose(question.key, list(days), HINT_DAY, hears="time")) if len(days) == 1 else None


def _number(chat: Chat, question: Question, _: Begun) -> Given:
    said: object = chat.choose_or_tell(question.key, [], _hint(question), hears="number")
    if _is_skipped(chat, question, said):
        return SKIPPED
    digits = re.findall(r"-?\d+", str(said)) or (["0"] if chat.says(NONE, str(said)) else [])
    if len(digits) != 1:
        chat.unclear(question.key, str(said), otherwise=OTHERWISE[QuestionKind.NUMBER], plainly=PLAINLY[QuestionKind.NUMBER])
    return Given(number=int(digits[0]))


def _date(chat: Chat, question: Question, _: Begun) -> Given:
    said: object = chat.choose_or_tell(question.key, [], _hint(question), hears="time")
    if isinstance(said, date):
        return Given(on=said)
    if not _is_skipped(chat, question, said):
        chat.unclear(question.key, str(said), otherwise=OTHERWISE[QuestionKind.DATE], plainly=PLAINLY[QuestionKind.DATE])
    return SKIPPED


def _hint(question: Question) -> Phrase:
    hint = WHICH_ONE[QuestionKind(question.kind)]
    # Translators: {hint} is a sentence such as 'Please answer with a number.'; {keyword} is a word to text back.
    return _("{hint} {keyword} leaves it out.").format(hint=hint, keyword=keywords.SKIP) if question.is_optional else hint


def _is_skipped(chat: Chat, question: Question, said: object) -> bool:
    return said == LEFT_OUT or (question.is_optional and isinstance(said, str) and chat.says(keywords.SKIP, said))


def _text(chat: Chat, question: Question, _: Begun) -> Given:
    words = chat.ask(question.key, WHICH_ONE[QuestionKind.TEXT], skip=SKIP if question.is_optional else None, lets_through=True)
    if question.is_optional and words.strip().isdecimal():  # the number of an answer to the question before, where only 'Skip' has one here
        chat.unclear(question.key, words, otherwise=WHICH_ONE[QuestionKind.TEXT], plainly=WHICH_ONE[QuestionKind.TEXT])
    return Given(words=words)


_ASK = {
    QuestionKind.CHOICE: _choice,
    QuestionKind.SCALE: _choice,
    QuestionKind.YES_NO: _choice,
    QuestionKind.SEVERAL: _several,
    QuestionKind.NUMBER: _number,
    QuestionKind.DATE: _date,
    QuestionKind.TEXT: _text,
}


def _as_answers(questionnaire: Questionnaire, given: Mapping[str, Given]) -> Mapping[str, object]:
    """What was answered before, as this dialogue would have heard it."""
    return {question.key: _as_answer(question, given[question.key]) for question in questionnaire.questions if question.key in given}


def _as_answer(question: Question, given: Given) -> object:
    places = [str(place) for place, key in enumerate(_labels(question), start=1) if key in given.choices and key != OTHER]
    if question.kind == QuestionKind.SEVERAL and given.choices:
        return f"{' '.join(places)}{OWN}{given.words}"
    if given.choices:
        return f"{OWN}{given.words}" if OTHER in given.choices else given.choices[0]
    return given.on or (given.number if given.number is not None else given.words)
