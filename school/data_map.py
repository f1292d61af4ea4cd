"""What the school holds about people through Bookbag: which kinds of data, whose, why, who sees them, where they come from, and how long they are kept.

Everything that a school shows its families and its data protection officer is made from this: the data map, the privacy notice, the answer to 'what do you
hold about me'. Each table of the database stands here under one kind. A leaf: it knows words and times, and no model.

The times are proposals, which the school's data protection officer confirms. Where a law or the guidance that schools go by says more, the kind says it; the
record that the law asks for (the register, the pupil's file, the child protection file) is the school's own, elsewhere, and Bookbag is no archive of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

_YEAR: Final = timedelta(days=365)
_YEAR_AND_A_MONTH: Final = timedelta(days=400)


@dataclass(frozen=True)
class Kept:
    """How long something is kept: for `time` after `since`; with no time for as long as `since` says. `why` is the reason for just that long."""

    time: timedelta | None
    since: str
    why: str

    @property
    def told(self) -> str:
        """As a person says it: '400 days after they were written'."""
        return self.since if self.time is None else f"{_said(self.time)} {self.since}"


def _said(time: timedelta) -> str:
    years = time // _YEAR
    if years >= 1 and time < years * timedelta(days=366):
        return "1 year" if years == 1 else f"{years} years"
    return "1 day" if time.days == 1 else f"{time.days} days"


KEPT: Final = MappingProxyType(
    {
        "messages": Kept(
            _YEAR_AND_A_MONTH,
            "after they were written",
            "a school year and a month: a question about last year can be answered; as long as Twilio's log",
        ),
        "attention": Kept(_YEAR_AND_A_MONTH, "after they were settled", "as long as the messages that they came from"),
        "files": Kept(_YEAR_AND_A_MONTH, "after they came in", "as long as the messages that they came with"),
        "conversations": Kept(timedelta(days=30), "after the last message", "nobody goes on with a question that is older"),
        "safeguarding": Kept(
            timedelta(days=23 * 365 + 6),
            "after the matter was last added to",
            "a child protection file is kept until the child is 25 (Information and Records Management Society's toolkit for "
            "schools); whoever was two then is 25 by now. The file itself is the school's own",
        ),
        "families": Kept(_YEAR, "after they left the school", "what is asked about the last year is over; the pupil's file is the school's own"),
        "addresses": Kept(_YEAR_AND_A_MONTH, "after anything last came from them, where they are no family's", "as long as the messages that came from them"),
        "closings": Kept(
            _YEAR_AND_A_MONTH,
            "after a closed number was opened again, or a doubt about one ended",
            "who could be reached where must stay clear for a school year",
        ),
        "consents": Kept(None, "as long as the address or the child that they are about is known", "the school must be able to show what was agreed"),
        "absences": Kept(
            _YEAR_AND_A_MONTH,
            "after the day",
            "a school year and a month; the register itself, which the law has kept for six years, is the school's own (School Attendance Regulations 2024)",
        ),
        "collection": Kept(_YEAR_AND_A_MONTH, "after the school decided", "who was handed a child must stay clear for a school year"),
        "book": Kept(_YEAR, "after the day", "a year of school life; a family that wants it longer asks for a copy"),
        "appointments": Kept(_YEAR_AND_A_MONTH, "after the day of the meeting", "a school year and a month, to find last year's yearly meetings"),
        "events": Kept(_YEAR, "after the event", "next year's event is planned by this year's"),
        "broadcasts": Kept(_YEAR, "after they were last sent", "who was told what must stay clear for a year"),
        "questionnaires": Kept(3 * _YEAR, "after they were closed", "answers are compared over three years; inspections come about every fourth year"),
        "pack wishes": Kept(_YEAR, "after they ended", "the figures of a school year"),
        "pack loans": Kept(2 * _YEAR, "after the pack came back; then who had it is forgotten", "what a pack lacks is found late"),
        "translations": Kept(_YEAR, "after they were made", "what a person put right stays: no name and no date is in it"),
        "imports": Kept(timedelta(days=1), "after they were uploaded", "long enough to look at and confirm"),
        "forms": Kept(timedelta(days=2), "after they were sent or ran out", "long enough to know a form that is sent twice"),
        "staff": Kept(None, "as long as someone works at the school or something that they wrote is kept", "who wrote to a family must stay clear"),
        "audit": Kept(None, "as long as the school uses Bookbag", "to show who saw and changed what; the database refuses to change or remove a row"),
        "data requests": Kept(None, "as long as the school uses Bookbag", "to show that it was answered in time; of whom was erased no name is kept"),
        "received ids": Kept(None, "for ever, as a hash that says nothing of anybody", "a message that a provider repeats a year later must change nothing"),
        "school": Kept(None, "as long as the school wants it", "it is about nobody"),
    }
)


def time_of(kept: str) -> timedelta:
    """How long that is kept. Raises KeyError for what KEPT does not name and ValueError for what has no set time."""
    time = KEPT[kept].time
    if time is None:
        raise ValueError(kept)
    return time


PUBLIC_TASK: Final = "public task (UK GDPR article 6(1)(e)): running the school and working with families (Education Act 2002)"
LEGAL_DUTY: Final = "legal duty (UK GDPR article 6(1)(c))"
CONSENT: Final = "consent (UK GDPR article 6(1)(a)); it can be taken back at any time by one word"
SPECIAL: Final = (
    "; it may tell of health, special needs, belief or origin: substantial public interest (article 9(2)(g); Data Protection Act 2018, schedule 1, paragraphs "
    "6, 16 and 18)"
)
SAFE: Final = "legal duty and public task (UK GDPR article 6(1)(c) and (e)): keeping the system and what it holds safe (article 32)"

FAMILIES: Final = "parents, guardians and carers; children"
STAFF: Final = "members of staff"
TEAM: Final = "the office, school leaders and the child's class team"


@dataclass(frozen=True)
class Kind:
    """One kind of data. `tables` are where the database holds it; `kept` are names in KEPT."""

    title: str
    what: str
    whose: str
    why: str
    basis: str
    seen_by: str
    source: str
    kept: tuple[str, ...]
    tables: tuple[str, ...]


KINDS: Final = MappingProxyType(
    {
        "families": Kind(
            title="Families",
            what="An adult's name, language and the school's reference; a child's name, class and reference; what each adult may do about each child; groups; "
            "when they were welcomed and first wrote",
            whose=FAMILIES,
            why="To know who is writing and whom to tell, and to keep one family's matters from another",
            basis=PUBLIC_TASK,
            seen_by=TEAM,
            source="the school's pupil records, by import; the office",
            kept=("families",),
            tables=("adults", "adult_groups", "children", "guardianships", "welcomes"),
        ),
        "addresses": Kind(
            title="Numbers and addresses",
            what="Telephone numbers, WhatsApp and Telegram identities, e-mail addresses; whether messages may go there; who last wrote on a shared "
            "telephone; which numbers are closed or doubted, and why",
            whose="parents, guardians and carers; whoever writes to the school's number",
            why="To reach people where they can be reached, and nobody else",
            basis=PUBLIC_TASK,
            seen_by="the office and school leaders",
            source="the school's pupil records; the person, by writing",
            kept=("families", "addresses", "closings"),
            tables=("addresses", "adult_addresses", "start_links", "closings", "doubts"),
        ),
        "consents": Kind(
            title="What was agreed",
            what="Each time that someone agreed to a kind of message or a channel, or took it back, with when and how",
            whose="parents, guardians and carers",
            why="To send only what is wanted, and to be able to show it",
            basis="legal duty (UK GDPR article 7(1)): consent must be shown",
            seen_by="the office and school leaders; a class team, of its own families, without staff's notes",
            source="the person; staff, who note how the person told them",
            kept=("consents",),
            tables=("consents", "preferences"),
        ),
        "messages": Kind(
            title="Messages",
            what="What families and the school wrote to each other, in both languages; what became of each message; what Bookbag understood; staff's notes",
            whose=FAMILIES + "; " + STAFF,
            why="To answer, to pass on to a person, to know what was said, and to try again what did not arrive",
            basis=PUBLIC_TASK + SPECIAL,
            seen_by="the office and school leaders; a class team what was written to it",
            source="the person; staff",
            kept=("messages",),
            tables=(
                "inbox",
                "outbox",
                "callbacks",
                "texts",
                "text_messages",
                "text_translations",
                "staff_messages",
                "thread_notes",
            ),
        ),
        "conversations": Kind(
            title="Open conversations",
            what="The question that Bookbag asked last and the answers so far; which member of staff has taken over",
            whose="parents, guardians and carers",
            why="To go on where a conversation stopped",
            basis=PUBLIC_TASK,
            seen_by="nobody; it is what Bookbag works with",
            source="the person",
            kept=("conversations",),
            tables=("conversations", "talks"),
        ),
        "files": Kind(
            title="Photos, voice notes and documents",
            what="What came with a message or was put into the book, without what the camera wrote into it; the one-time links by which it is opened",
            whose=FAMILIES,
            why="To pass on what a family or a class wants seen",
            basis=PUBLIC_TASK + SPECIAL,
            seen_by="as the message or the page of the book that it belongs to",
            source="the person; staff",
            kept=("files", "book"),
            tables=("kept_files", "incoming_files", "file_links"),
        ),
        "attention": Kind(
            title="What waits for a person",
            what="What a family wants that Bookbag may not settle, and who settled it",
            whose=FAMILIES,
            why="So that nothing that needs a person is forgotten",
            basis=PUBLIC_TASK + SPECIAL,
            seen_by="the office and school leaders; a class team what concerns its class",
            source="the person; staff",
            kept=("attention", "safeguarding"),
            tables=("attention",),
        ),
        "safeguarding": Kind(
            title="Safeguarding",
            what="Messages in which a child may be at risk, and what the named persons noted",
            whose=FAMILIES + "; whoever a message names",
            why="To keep children safe",
            basis="legal duty (UK GDPR article 6(1)(c); Education Act 2002, section 175)"
            "; safeguarding of children (article 9(2)(g); Data Protection Act 2018, schedule 1, paragraph 18)",
            seen_by="the safeguarding lead and deputy alone; what concerns the lead, the deputy alone",
            source="the person; the named persons",
            kept=("safeguarding",),
            tables=("safeguarding_notes",),
        ),
        "absences": Kind(
            title="Absences",
            what="That a child is absent or late, until when and why, who said it; that the school asked",
            whose=FAMILIES,
            why="To know that a child is safe, and to fill in the register",
            basis=LEGAL_DUTY + ": the register (School Attendance (Pupil Registration) (England) Regulations 2024)" + SPECIAL,
            seen_by=TEAM,
            source="the person; staff",
            kept=("absences",),
            tables=("absences", "absence_asked", "absence_chases"),
        ),
        "collection": Kind(
            title="Who collects a child",
            what="What a family wants changed about who collects a child or how they are reached, and what staff agreed by telephone",
            whose=FAMILIES + "; whoever is to collect",
            why="So that no child is handed to the wrong person",
            basis=PUBLIC_TASK,
            seen_by="the office and school leaders",
            source="the person; staff",
            kept=("collection",),
            tables=("collection_requests", "collection_children"),
        ),
        "book": Kind(
            title="The home and school book",
            what="What a class writes about a child's day, what a family writes for the class, and whether the child may be photographed",
            whose=FAMILIES,
            why="So that home and school know of each other's day",
            basis=PUBLIC_TASK + SPECIAL + "; photographs: " + CONSENT,
            seen_by="school leaders and the child's class team; adults who may hear about the child",
            source="staff; the person",
            kept=("book", "consents"),
            tables=("book_entries", "book_parts", "class_lines", "photo_consents"),
        ),
        "appointments": Kind(
            title="Meetings",
            what="Who meets whom, about which child, when and how, with an interpreter or other help; who waits for a time or is asked to book one",
            whose=FAMILIES + "; " + STAFF,
            why="To agree on a time",
            basis=PUBLIC_TASK + SPECIAL,
            seen_by=TEAM + "; whoever takes part",
            source="the person; staff",
            kept=("appointments",),
            tables=(
                "appointments",
                "appointment_staff",
                "holds",
                "occupied",
                "invitations",
                "waiting",
                "parents_evenings",
                "availability",
                "availability_exceptions",
            ),
        ),
        "events": Kind(
            title="Events and groups",
            what="What is on, who is invited, who comes and came; who asks to join a group",
            whose="parents, guardians and carers",
            why="To invite and to plan",
            basis=PUBLIC_TASK,
            seen_by="the office and school leaders; a class team the events of its class",
            source="the person; staff",
            kept=("events",),
            tables=("events", "event_guests", "event_staff", "rsvps", "groups", "group_terms", "group_wishes", "feeds"),
        ),
        "broadcasts": Kind(
            title="News to many",
            what="What the school told many at once, when, and for whom it was",
            whose="parents, guardians and carers",
            why="To inform families",
            basis=PUBLIC_TASK,
            seen_by="the office and school leaders",
            source="staff",
            kept=("broadcasts",),
            tables=("broadcasts", "broadcast_dates", "broadcast_runs"),
        ),
        "questionnaires": Kind(
            title="Questionnaires",
            what="What was asked and answered. Private answers stand apart from whoever gave them; anonymous ones were never theirs",
            whose="parents, guardians and carers",
            why="To learn what families think and need",
            basis=PUBLIC_TASK,
            seen_by="whoever made the questionnaire and school leaders; small groups are shown to nobody",
            source="the person",
            kept=("questionnaires",),
            tables=(
                "questionnaires",
                "questions",
                "question_choices",
                "questionnaire_links",
                "questionnaire_tallies",
                "respondents",
                "responses",
                "sealed_responses",
                "answers",
            ),
        ),
        "packs": Kind(
            title="Home Learning Packs",
            what="Who wants, has or had which pack for which child, and what is missing from it",
            whose=FAMILIES,
            why="To lend things for learning at home, and to have them back",
            basis=PUBLIC_TASK,
            seen_by=TEAM,
            source="the person; staff",
            kept=("pack wishes", "pack loans"),
            tables=(
                "packs",
                "pack_items",
                "pack_copies",
                "pack_holds",
                "pack_loans",
                "pack_problems",
                "pack_rules",
                "weekly_places",
                "holiday_packs",
                "holiday_wishes",
            ),
        ),
        "translations": Kind(
            title="Translations",
            what="What was translated once, with names, numbers and dates taken out, so that it need not be translated again",
            whose="nobody by name; the words may be a family's",
            why="So that less is sent to translators",
            basis=PUBLIC_TASK,
            seen_by="nobody; it is what Bookbag works with",
            source="messages; readers who put a sentence right",
            kept=("translations",),
            tables=("translations", "catalog_corrections"),
        ),
        "staff": Kind(
            title="Staff",
            what="Name, role, class, hours, e-mail address and telephone; how they log in (as hashes), their sessions and the school's tablets",
            whose=STAFF,
            why="So that families can be answered by the right person, and only staff get in",
            basis=PUBLIC_TASK + "; " + SAFE,
            seen_by="school leaders and the technician; parents see the name",
            source="the school",
            kept=("staff", "forms"),
            tables=(
                "staff",
                "class_staff",
                "staff_addresses",
                "working_hours",
                "accounts",
                "staff_sessions",
                "staff_told",
                "log_in_links",
                "log_in_failures",
                "tablets",
                "phone_checks",
                "sent_forms",
            ),
        ),
        "audit": Kind(
            title="Who saw and changed what",
            what="Which member of staff looked at or changed what, and when; no words of anyone",
            whose=STAFF + "; whom it was about, by number",
            why="To find out what happened, and to keep staff from looking at what is not their work",
            basis=SAFE,
            seen_by="school leaders",
            source="Bookbag",
            kept=("audit",),
            tables=("audit",),
        ),
        "imports": Kind(
            title="Files being imported",
            what="A list from the school's pupil records while someone looks at it before it counts; a step that can be taken back on the same day",
            whose=FAMILIES + "; " + STAFF,
            why="So that a mistake is seen before it counts",
            basis=PUBLIC_TASK,
            seen_by="whoever uploaded it; school leaders",
            source="the school's pupil records",
            kept=("imports",),
            tables=("uploads", "steps"),
        ),
        "school": Kind(
            title="The school itself",
            what="Classes, terms, settings, the school's answers to usual questions, saved replies; what the program works by",
            whose="nobody",
            why="So that answers are true",
            basis="none is needed: it is about nobody",
            seen_by="staff; families what is for them",
            source="the school",
            kept=("school",),
            tables=(
                "school_classes",
                "terms",
                "edited_settings",
                "facts",
                "saved_replies",
                "leases",
                "marks",
                "paid_parts",
                "processes",
                "turn_claims",
                "sender_paces",
                "restorations",
            ),
        ),
        "data requests": Kind(
            title="What someone asked about their own data",
            what="That a copy or an erasure was asked for, by when it is due, who decided it; what was removed, what stays, what providers still hold",
            whose="parents, guardians and carers",
            why="To answer in time, and to be able to show it",
            basis=LEGAL_DUTY + ": UK GDPR articles 12, 15 and 17",
            seen_by="school leaders and the safeguarding lead and deputy",
            source="the person; staff",
            kept=("data requests",),
            tables=("data_requests", "provider_deletions", "retention_runs"),
        ),
        "received ids": Kind(
            title="What was taken in already",
            what="A hash of each message's number at its provider",
            whose="nobody: it cannot be turned back",
            why="So that a message that is repeated changes nothing, also after it was erased",
            basis=SAFE,
            seen_by="nobody",
            source="providers",
            kept=("received ids",),
            tables=("seen",),
        ),
    }
)
