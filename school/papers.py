"""The paper that a school needs before it may use Bookbag, made from what is true here: the data map, who works for the school, and a draft of its assessment.

The drafts are for the school's data protection officer to change and to answer for. The headings of the assessment are those of the Information Commissioner's
template; its words are Bookbag's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from data.people import Adult, Child
from school import School
from school.data_map import KEPT, KINDS
from school.processors import PROCESSORS

Cells = Sequence[str]
TO_FILL_IN = "(the school fills this in)"


@dataclass(frozen=True)
class Table:
    """Rows under a head."""

    head: Cells
    rows: Sequence[Cells]


@dataclass(frozen=True)
class Section:
    """A heading, paragraphs and perhaps a table."""

    title: str
    told: Sequence[str] = ()
    table: Table | None = None


@dataclass(frozen=True)
class Paper:
    """One document. `name` is that of its file; `language` a BCP 47 tag."""

    name: str
    title: str
    sections: Sequence[Section]
    language: str = "en"
    is_draft: bool = False


def data_map(school: School) -> Paper:
    """What is held, whose, why, who sees it, where it comes from and how long it is kept; then in which tables it stands."""
    head = ("Kind", "What", "Whose", "Why", "Lawful basis", "Who sees it", "Where from", "How long")
    rows = [
        (kind.title, kind.what, kind.whose, kind.why, kind.basis, kind.seen_by, kind.source, "; ".join(KEPT[name].told for name in kind.kept))
        for kind in KINDS.values()
    ]
    times = [(kept.told, kept.why, ", ".join(kind.title for kind in KINDS.values() if name in kind.kept)) for name, kept in KEPT.items()]
    tables = [(kind.title, ", ".join(kind.tables)) for kind in KINDS.values()]
    return Paper(
        "data-map",
        f"{school.settings.name}: data map of Bookbag",
        (
            Section("What is held", ("The record of processing that UK GDPR article 30 asks for, as far as it is about Bookbag.",), Table(head, rows)),
            Section("How long, and why just that long", (), Table(("How long", "Why", "What"), times)),
            Section("Where it stands in the database", (), Table(("Kind", "Tables"), tables)),
        ),
    )


def processors(school: School) -> Paper:
    """Who works for the school with what families write: only those that are switched on here."""
    rows = [(each.title, each.gets, each.place, each.contract, each.kept) for name, each in PROCESSORS.items() if name in school.settings.processors]
    rows.append(
        (
            "Whoever runs the computer that Bookbag is on",
            "everything, as the disk holds it",
            TO_FILL_IN,
            TO_FILL_IN,
            "as the data map says; backups as the school says",
        )
    )
    told = "Only what is switched on in the settings of this school stands here. Read their terms again before you sign: they change."
    return Paper(
        "processors",
        f"{school.settings.name}: who works for the school with this data",
        (Section("Processors", (told,), Table(("Who", "What they get", "Where", "Contract and transfer", "How long they keep it"), rows)),),
    )


RISKS: Sequence[tuple[str, str, str, str, str]] = (
    (
        "One parent learns of the other, or of another family",
        "possible",
        "severe",
        "rights by adult and child, initials on shared telephones, no answer that names another adult",
        "low",
    ),
    (
        "Someone writes in a parent's name",
        "possible",
        "severe",
        "no message changes who collects a child or how a family is reached: the office rings the number it holds",
        "low",
    ),
    ("A number has a new owner", "probable", "significant", "'wrong number' closes it on every channel, and the office is told", "low"),
    (
        "A worry about a child is read too late or by the wrong person",
        "possible",
        "severe",
        "told to the lead at once, to the deputy after half an hour; nobody else sees it",
        "medium",
    ),
    (
        "Carriers and messaging firms read along",
        "probable",
        "significant",
        "little is sent, no diagnosis, no whole name of a child; the privacy notice says it",
        "medium",
    ),
    (
        "A machine translates wrongly",
        "probable",
        "significant",
        "names, dates and numbers are kept out and checked; the reader is told and can have the original",
        "medium",
    ),
    ("Staff look at what is not their work", "possible", "significant", "by class and role; each look is kept", "low"),
    (
        "The computer, a tablet or a backup is stolen",
        "possible",
        "severe",
        "disk encryption, hashed secrets, sessions that end, devices taken back at once",
        "low",
    ),
    ("More is kept than is needed", "possible", "significant", "each kind has a time, carried out each night", "low"),
    ("A family cannot use it, or does not want to", "probable", "minimal", "paper, telephone and a person remain; STOP is one word", "low"),
)
"""What could go wrong, how probable, how bad, what is done about it, and what is left."""


def assessment(school: School) -> Paper:
    """A data protection impact assessment, drafted."""
    children = school.session.scalar(select(func.count()).where(Child.left_on.is_(None))) or 0
    adults = school.session.scalar(select(func.count()).where(Adult.left_on.is_(None))) or 0
    working = [PROCESSORS[name].title for name in PROCESSORS if name in school.settings.processors]
    return Paper("dpia", f"{school.settings.name}: data protection impact assessment of Bookbag", _steps(children, adults, working), is_draft=True)


def _steps(children: int, adults: int, working: Sequence[str]) -> Sequence[Section]:
    scope = f"{children} children and {adults} adults are known on the day of printing; {len(KINDS)} kinds of data, which the data map lists with their times."
    risks = [(what, likely, bad) for what, likely, bad, _, _ in RISKS]
    measures = [(what, done, left, TO_FILL_IN) for what, _, _, done, left in RISKS]
    return (
        Section(
            "1. Why an assessment is needed",
            (
                "Bookbag answers and sends messages between the school and families by text, WhatsApp, Telegram and e-mail, in the family's language.",
                (
                    "An assessment is needed: it is about children, many with special needs, and so about health; firms outside the school take part; a "
                    "computer decides what a message means, though never about a child's care or rights."
                ),
            ),
        ),
        Section(
            "2. What is done with the data",
            (
                (
                    "Nature: names, numbers, languages and rights come from the school's records by import; messages come from families. The program "
                    "understands them on the school's own computer, answers what it may, and hands the rest to staff. No message trains a model elsewhere."
                ),
                f"Scope: {scope}",
                (
                    "Context: parents and carers of pupils, who know the school and expect to hear from it; some share a telephone, some are separated, some "
                    "read little English. Children do not use it themselves."
                ),
                "Purposes: to tell families what they need to know, to hear from them, and to keep children safe.",
                f"Who else takes part: {'; '.join(working) or 'nobody besides whoever runs the computer'}. See the list of processors.",
            ),
        ),
        Section(
            "3. Whom the school has asked",
            ("Families, staff, the governors, the data protection officer, the processors: when, and what they said.", TO_FILL_IN),
        ),
        Section(
            "4. Why it is necessary, and not too much",
            (
                "Lawful bases stand in the data map, kind by kind: mostly the public task of a school. WhatsApp, Telegram and photographs: consent.",
                "Less would not do: a text needs a number, an answer a child. More is not taken: no dates of birth, no addresses of homes.",
                "Function creep: each kind of data has one purpose and one time in the data map, and a test of the program fails for a table that is in none.",
                "Rights: families may ask by message what is held, have it put right or erased, and stop messages with one word. A person decides.",
            ),
        ),
        Section("5. What could go wrong", (), Table(("Risk", "How likely", "How bad"), risks)),
        Section("6. What is done about it", (), Table(("Risk", "What is done", "What is left", "Agreed by"), measures)),
        Section(
            "7. Who has signed",
            (
                f"Measures agreed by, and when: {TO_FILL_IN}",
                f"Remaining risks accepted by, and when (if one is high, ask the Information Commissioner first): {TO_FILL_IN}",
                f"Advice of the data protection officer: {TO_FILL_IN}",
                f"Advice taken or not, by whom, and why: {TO_FILL_IN}",
                f"This is looked at again on: {TO_FILL_IN}",
            ),
        ),
    )
