"""What happens in a transcript about questionnaires, and what can be looked up of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import select

from data.inbox import Received
from data.questionnaires import Questionnaire, SealedResponse
from school import School, demo, questionnaires, responses
from school.questionnaire_file import read
from tests.transcripts.event_acts import acting
from tests.world import World

FOLDER = Path(__file__).parent / "questionnaires"


def asks(world: World, name: str) -> None:
    """A questionnaire of this folder is opened."""
    with acting(world) as school:
        form = read(school, (FOLDER / f"{name}.yml").read_bytes())
        questionnaires.open_up(school, None, questionnaires.make(school, None, form))


def closes(world: World) -> None:
    with acting(world) as school:
        for questionnaire in school.session.scalars(select(Questionnaire).where(Questionnaire.state == "open")).all():
            questionnaires.close(school, None, questionnaire)


def answers_of(school: School, name: str) -> list[str]:
    """What someone has answered so far, or by name."""
    rows = responses.of_adult(school, demo.adult(school, name))
    return [_said(key, given) for row in rows for key, given in responses.given(school, row).items()]


def sealed(school: School) -> list[str]:
    """What is answered, and nobody's."""
    rows = school.session.scalars(select(SealedResponse).order_by(SealedResponse.token))
    return [", ".join(_said(key, responses._given(kept)) for key, kept in _answers(row)) for row in rows]


def _answers(row: SealedResponse) -> list[tuple[str, Mapping[str, object]]]:
    return list(row.answers.items())


def _said(key: str, given: responses.Given) -> str:
    said = [*given.choices, *([str(given.number)] if given.number is not None else []), *([str(given.on)] if given.on else [])]
    return f"{key} {' '.join(said + ([repr(given.words)] if given.words else [])) or 'left out'}"


def still_there(school: School, name: str) -> list[str]:
    """What can still be read of someone's messages."""
    adult = demo.adult(school, name)
    return [repr(words) for words in school.session.scalars(select(Received.text).where(Received.thread == f"a{adult.id}", Received.text != ""))]


ACTS: dict[str, Callable[..., None]] = {
    r"the school asks the (\w+) questions": asks,
    r"the questions are closed": closes,
}
FACTS: dict[str, Callable[..., list[str]]] = {
    r"answers so far of (\w+)": answers_of,
    r"sealed answers": sealed,
    r"texts still there of (\w+)": still_there,
}
