"""What falls due about questionnaires: the reminder, the end, opening what is sealed; and forgetting. May be called at any time, twice, or late.

The texts that carried private answers are deleted as whole rows, in both directions, and out of the conversation. docs/decisions/0020-private-and-anonymous.md
says why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, delete, exists, func, literal, or_, select

from data.addresses import Address
from data.conversation import Conversation
from data.inbox import Received
from data.outbox import STILL_TO_LEAVE, Message, OutboxState
from data.people import Adult
from data.questionnaires import Privacy, Questionnaire, QuestionnaireState, QuestionnaireTally, Respondent, RespondentState, SealedResponse
from data.texts import Text
from school import LONDON, School, learnt, questionnaires, responses
from school.capability import Capability
from school.data_map import time_of
from school.questionnaires import INVITATION, SMALLEST_GROUP
from school.responses import PLACE

DELIVERED_BY = timedelta(days=1)
"""When nothing was reported of a message by then, it is taken to have arrived."""
KEPT = time_of("questionnaires")
"""How long a closed questionnaire and its answers are kept: to compare a year with the one before."""
SENT = "sent"
"""The dimension of tallies that say what forgotten messages cost."""
AT_ONCE = 200
"""How many that one tick forgets."""
_TOKEN = re.compile(r"/q/[A-Za-z0-9_-]{20,}")


def due(school: School) -> None:
    """Remind, close and open what the time has come for, and forget what is to be forgotten. May be called at any time, twice, or late."""
    _forget_unfinished(school)
    _forget_words(school)  # first, so that conversations are locked before questionnaires, as in a turn
    live = select(Questionnaire).where(Questionnaire.state == QuestionnaireState.OPEN).order_by(Questionnaire.id)
    for questionnaire in school.session.scalars(live.with_for_update(of=Questionnaire).execution_options(populate_existing=True)).all():
        if questionnaire.closes_on is not None and questionnaire.closes_on < school.today:
            questionnaires.close_down(school, questionnaire)
        elif questionnaire.remind_on is not None and questionnaire.remind_on <= school.today:
            questionnaires.remind(school, questionnaire)
        responses.open_sealed(school, questionnaire)
    for questionnaire in school.session.scalars(_closed_with_seals()).all():
        responses.open_sealed(school, questionnaire)
    _forget_links(school)
    school.session.flush()


def _closed_with_seals() -> Any:
    sealed = select(SealedResponse.questionnaire_id).group_by(SealedResponse.questionnaire_id).having(func.count() >= SMALLEST_GROUP)
    return select(Questionnaire).where(Questionnaire.state == QuestionnaireState.CLOSED, Questionnaire.id.in_(sealed)).with_for_update(of=Questionnaire)


def _forget_unfinished(school: School) -> None:
    """What was begun and not finished before it closed is nobody's answer: it is forgotten."""
    closed = select(Questionnaire.id).where(Questionnaire.state == QuestionnaireState.CLOSED, Questionnaire.privacy != Privacy.NAMED)
    begun = select(Respondent).where(Respondent.state == RespondentState.STARTED, Respondent.questionnaire_id.in_(closed))
    for respondent in school.session.scalars(begun.limit(AT_ONCE)).all():
        responses.drop(school, responses.response_of(school, respondent))
        respondent.state, respondent.words_to_forget = RespondentState.INVITED, True
    school.session.flush()


def _forget_words(school: School) -> None:
    """Delete the texts that carried the answers of those who have finished, or will not; what is still on its way when that is over.

    Whole rows: how many texts someone needed, and which questions they were sent, says much about what they answered.
    """
    has_begun_again = and_(Respondent.state == RespondentState.STARTED, Questionnaire.state == QuestionnaireState.OPEN)
    newest = school.session.scalar(select(func.max(Received.id))) or 0
    waiting = select(Respondent).join(Questionnaire).where(Respondent.words_to_forget, ~has_begun_again, _can_be_forgotten(school, newest)).limit(AT_ONCE)
    for respondent in school.session.scalars(waiting).all():
        about = responses.topic(respondent)
        _leave_the_conversation(school, respondent.adult_id, about)
        for received in school.session.scalars(select(Received).where(Received.topic == about)).all():
            _forget_received(school, received, newest)
        for message in school.session.scalars(select(Message).where(Message.topic == about, _is_over(school))).all():
            _bill(school, respondent.questionnaire_id, message)
            school.session.delete(message)
        school.session.flush()
        left = (select(Message.id).where(Message.topic == about), select(Received.id).where(Received.topic == about))
        respondent.words_to_forget = any(school.session.scalar(rows.limit(1)) is not None for rows in left)


def forget_what_came_late(school: School, about: str) -> None:
    """Something was written about a `topic` whose words were forgotten already: forget that too."""
    respondent = school.session.get(Respondent, int(about.partition(":")[2]))
    if respondent is not None:
        respondent.words_to_forget = True
        school.session.flush()


def is_forgotten(received: Received) -> bool:
    """Whether its words carried an answer and are gone: the newest message stays, empty, until another comes."""
    return bool(received.topic) and not received.text and received.payload is None and not received.media


def _can_be_forgotten(school: School, newest: int) -> ColumnElement[bool]:
    """Whether something of a respondent's can go now, or nothing is left of it: those whose last message is still on its way hold up nobody else."""
    about = literal("questionnaire:", String) + cast(Respondent.id, String)
    texts_in = exists().where(Received.topic == about, or_(Received.text != "", Received.id < newest))
    messages_out = exists().where(Message.topic == about, _is_over(school))
    is_done = ~exists().where(Received.topic == about) & ~exists().where(Message.topic == about)
    return or_(texts_in, messages_out, is_done)


def _forget_received(school: School, received: Received, newest: int) -> None:
    """Empty it at once; it goes itself as soon as it is not the newest, whose number SQLite would give to the next."""
    learnt.is_removed(school, Received.id == received.id)
    if received.text_id is not None:
        written, received.text_id = received.text_id, None
        school.session.flush()
        school.session.execute(delete(Text).where(Text.id == written))
    received.text, received.payload, received.intent, received.confidence, received.corrected = "", None, None, None, None
    if received.id < newest:
        school.session.delete(received)


def _leave_the_conversation(school: School, adult_id: int, about: str) -> None:
    """Take what was answered out of where their conversation stands: a dialogue that was left, or has been taken over by another's answers."""
    kept = school.session.get(Conversation, f"a{adult_id}", with_for_update=True)
    if kept is None or not about:
        return
    before, waiting = list(kept.state.get("frames", ())), list(kept.state.get("waiting", ()))
    if all(frame.get("topic") != about for frame in (*before, *waiting)):
        return
    frames = [frame for frame in before if frame.get("topic") != about]
    question, top = kept.state.get("question"), before[-1] if before else {}
    if top.get("topic") == about and question is not None:
        # What they answer to what is on their phone must not pass for a wish, and reach staff with their name: they hear that it is closed.
        frames.append({name: top[name] for name in ("dialogue", "args", "topic") if name in top})
    elif top.get("topic") == about:
        question = None
    others = [frame for frame in waiting if frame.get("topic") != about]
    kept.state = {**kept.state, "frames": frames, "waiting": others, "question": question, "unclear": ""}


def _bill(school: School, questionnaire_id: int, message: Message) -> None:
    """Remember what a message cost that is about to be forgotten: by channel and month, and no more."""
    if message.sent_at is None or message.address_id is None:
        return
    channel = school.session.get_one(Address, message.address_id).channel
    key = (questionnaire_id, SENT, f"{channel} {message.sent_at.astimezone(LONDON):%Y-%m}")
    row = school.session.get(QuestionnaireTally, key)
    if row is None:
        row = QuestionnaireTally(questionnaire_id=key[0], dimension=key[1], value=key[2], asked=0, answered=0)
        school.session.add(row)
    row.asked, row.answered = row.asked + 1, row.answered + (message.parts or 1)
    school.session.flush()


def _is_over(school: School) -> Any:
    """Whether a message will not be sent again: it arrived, or long ago it left, or it will never."""
    left = (Message.state == OutboxState.SENT) & (Message.sent_at <= school.now - DELIVERED_BY)
    return or_(Message.state.not_in((*STILL_TO_LEAVE, OutboxState.SENT)), left)


def _forget_links(school: School) -> None:
    """Take the tokens of pages out of the messages that brought them."""
    holding = (Message.kind == INVITATION, Message.text.contains(PLACE), ~Message.text.contains(f"{PLACE}…"), _is_over(school))
    for message in school.session.scalars(select(Message).where(*holding).limit(AT_ONCE)):
        message.text = _TOKEN.sub(f"{PLACE}…", message.text or "")
        message.english = _TOKEN.sub(f"{PLACE}…", message.english) if message.english else message.english


def _retain(school: School) -> None:
    for questionnaire in school.session.scalars(select(Questionnaire).where(Questionnaire.closed_at < school.now - KEPT)).all():
        questionnaires.remove(school, questionnaire)


def _export(school: School, adult: Adult) -> Mapping[str, Any]:
    """What this adult was asked, and what of their answers is tied to them."""
    rows = school.session.scalars(select(Respondent).where(Respondent.adult_id == adult.id).order_by(Respondent.id)).all()
    return {
        "questionnaires": [
            {
                "title": row.questionnaire.title.words,
                "child": row.child.first_name if row.child else None,
                "state": str(row.state),
                "answers": {key: responses.plain(answer) for key, answer in responses.given(school, row).items()},
            }
            for row in rows
        ]
    }


def _erase(school: School, adult: Adult) -> None:
    for row in school.session.scalars(select(Respondent).where(Respondent.adult_id == adult.id)).all():
        responses.drop(school, responses.response_of(school, row))
        school.session.delete(row)
    school.session.flush()


OPTIONAL = {"questionnaire": ("questions",), "questionnaire_reminder": ("questions", "reminders")}

capability = Capability("questionnaires", due=due, export=_export, erase=_erase, retain=_retain, files={"Questionnaire": responses.page}, optional=OPTIONAL)
