"""How a questionnaire reads to a parent, message after message, on each channel: worded by the same dialogue that will ask it, in a transaction that is undone.

Nothing is sent and nothing kept. Every question is shown in its order, those too that are asked only after some answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select

from bot.channels.base import PHONES, AddressKind, ChannelName, Choice
from bot.channels.simulator import LIMITS
from bot.channels.text import Layout, laid_out, split
from bot.conversation.engine import Conversation, Reply
from bot.conversation.registry import NOTICE
from bot.conversation.state import State
from bot.preview import sms_parts
from bot.words_last import let_read
from console.desk import Message as Shown
from console.desk import OnChannel
from data.addresses import Address
from data.outbox import Message
from data.people import Adult
from data.questionnaires import Privacy, Question, QuestionKind, Questionnaire, Respondent, RespondentState
from data.store import Store
from school import School, SchoolSettings, questionnaires, responses, texts
from school.questionnaires import INVITATION, NobodyToAsk, NotNow, NotReady
from school.responses import PLACE, Given
from translations.sms import fold_letters, fold_typography

__all__ = ["Script", "on_channels", "script"]

ITS_OWN = "…"
"""What stands for the token in the link to a page: each reader has their own."""


@dataclass(frozen=True)
class Line:
    """One message as the dialogue words it. `question` is the place of what it asks, 0 of none; `is_on_page`: that stands on the page, and is sent nowhere."""

    text: str
    choices: Sequence[Choice] = ()
    question: int = 0
    is_on_page: bool = False


@dataclass(frozen=True)
class Script:
    """All that a parent reads, in its order; and what staff wrote of it, by the text's id."""

    lines: Sequence[Line]
    written: Mapping[int, str] = field(default_factory=dict)


def script(
    store: Store,
    settings: SchoolSettings,
    now: datetime,
    questionnaire_id: int,
    language: str,
    *,
    public_url: str | None,
    translated: Mapping[int, str] | None = None,
) -> Script | None:
    """What a parent who reads `language` would read if it were opened now; None where it cannot be opened, or is gone.

    `translated` are the words of texts in that language, by id, in place of those that are kept.
    """
    with store.write(durable=False) as session:
        try:
            return _tried(School(session, now, settings), questionnaire_id, language, public_url, translated or {})
        except (NotReady, NobodyToAsk, NotNow):
            return None
        finally:
            session.rollback()


def _tried(school: School, questionnaire_id: int, language: str, public_url: str | None, translated: Mapping[int, str]) -> Script | None:
    questionnaire = questionnaires.get(school, questionnaire_id)
    if questionnaire is None:
        return None
    written = {text.id: text.words for text in questionnaires.all_texts(questionnaire)}
    readers = questionnaires.to_ask(school, questionnaire)
    questionnaires.open_up(school, None, questionnaire)
    reader = next((adult for adult in readers if adult.language == language), readers[0])
    reader.language = language
    let_read(school, language, translated)
    return Script(list(_lines(school, questionnaire, reader, public_url)), written)


def _lines(school: School, questionnaire: Questionnaire, reader: Adult, public_url: str | None) -> Iterator[Line]:
    said = _conversation(school, reader).begin(f"{NOTICE}{INVITATION}", questionnaire=questionnaire.id)
    _has_left(school, reader, said)
    is_page = questionnaire.privacy == Privacy.ANONYMOUS
    link = f"\n{public_url}{PLACE}{ITS_OWN}" if is_page and public_url else ""
    yield Line(f"{said.text}{link}", _choices(said))
    respondent = _as_asked(school, questionnaire, reader)
    for place, question in enumerate(questionnaire.questions, start=1):
        asked = _conversation(school, reader).begin("answer_questionnaire", respondent=respondent.id)
        words = question.text.read_in(reader.language).words if is_page else asked.text
        yield Line(words, _choices(asked), place, is_page)
        responses.keep(school, respondent, question, _an_answer(school, question), reader.language)
    ended = _conversation(school, reader).begin("answer_questionnaire", respondent=respondent.id)
    if not is_page:
        yield Line(ended.text)


def _has_left(school: School, reader: Adult, said: Reply) -> None:
    """The invitation is sent: what is said once a day, that a computer translated it, is not said again."""
    message = school.session.scalars(select(Message).where(Message.adult_id == reader.id, Message.kind == INVITATION).order_by(Message.id.desc())).first()
    if message is not None:
        message.claimed_at = school.now
        texts.carried(school, message, said.texts)


def _as_asked(school: School, questionnaire: Questionnaire, reader: Adult) -> Respondent:
    """The reader as one who is asked all of it in the chat, whatever they answer."""
    questionnaire.privacy = Privacy.PRIVATE if questionnaire.privacy == Privacy.ANONYMOUS else questionnaire.privacy
    for question in questionnaire.questions:
        question.only_if = {}
    found = next((row for row in responses.of_adult(school, reader) if row.questionnaire_id == questionnaire.id), None)
    if found is None:
        found = Respondent(questionnaire_id=questionnaire.id, adult_id=reader.id)
        school.session.add(found)
    for other in responses.of_adult(school, reader):  # what else they are asked, and the same about another child, would follow
        if other is not found:
            other.state = RespondentState.FINISHED
    school.session.flush()
    return found


def _an_answer(school: School, question: Question) -> Given:
    """Some answer that is taken, so that the next question is reached."""
    kind = QuestionKind(question.kind)
    if kind is QuestionKind.NUMBER:
        return Given(number=question.least if question.least is not None else min(question.most or 0, 0))
    if kind is QuestionKind.DATE:
        return Given(on=school.today)
    return Given(words=".") if kind is QuestionKind.TEXT else Given((responses.keys_of(question)[0],))


def _conversation(school: School, reader: Adult) -> Conversation:
    """A number that was greeted before: the first message to a new one also says which school it is."""
    phone = Address(channel=ChannelName.SMS, kind=AddressKind.PHONE, value="", first_greeted_at=school.now)
    return Conversation(school, reader, phone, State(), language=reader.language)


def _choices(said: Reply) -> Sequence[Choice]:
    return [Choice(*choice) for choice in said.choices]


# On each channel


def on_channels(school: School, script_: Script, language: str, back: Script | None) -> Sequence[Shown]:
    """How each message looks on each channel, what it counts as there, and what it says in English again, where it was put back into that."""
    backs = [_written_out(line) for line in back.lines] if back is not None else [""] * len(script_.lines)
    return [_message(school, line, language, said) for line, said in zip(script_.lines, backs, strict=True)]


def _written_out(line: Line) -> str:
    return "\n".join([line.text, *(f"{number} {choice.label}" for number, choice in enumerate(line.choices, start=1))])


def _message(school: School, line: Line, language: str, back: str) -> Shown:
    if line.is_on_page:
        return Shown(line.question, back, page=OnChannel(line.text, [choice.label for choice in line.choices]))
    return Shown(line.question, back, {channel.value: _on(school, channel, line, language) for channel in PHONES})


def _on(school: School, channel: ChannelName, line: Line, language: str) -> OnChannel:
    layout = laid_out(line.text, line.choices, LIMITS[channel])
    if channel is ChannelName.SMS:
        return OnChannel(_as_sms(school, layout, language), parts=sms_parts(school, layout.text, language))
    pieces = split(layout.text, LIMITS[channel].text_characters)
    return OnChannel(layout.text, [choice.label for choice in layout.buttons], len(pieces))


def _as_sms(school: School, layout: Layout, language: str) -> str:
    """The words as they leave, folded where the school wants that and it is cheaper."""
    words = fold_typography(layout.text)
    folded = fold_typography(fold_letters(words, language)) if language.split("-", maxsplit=1)[0] in school.settings.fold_letters else words
    plain_settings = School(school.session, school.now, replace(school.settings, fold_letters=()))
    return min(words, folded, key=lambda each: sms_parts(plain_settings, each, language))
