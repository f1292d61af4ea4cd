"""What must be true when all is over: judged from the stand-in's log and the rows of the database, by nothing of the product's own code."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import create_engine, text

Rows = list[dict[str, Any]]
Log = Sequence[dict[str, Any]]

ARRIVED = {"sent", "delivered", "read"}
OVER = {*ARRIVED, "undelivered", "failed", "cancelled", "expired", "unconfirmed"}


@dataclass
class History:
    """The rows that matter and all that the stand-in saw."""

    inbox: Rows
    outbox: Rows
    appointments: Rows
    cells: Rows
    people: Rows
    attention: Rows
    log: Log
    invented: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, database_url: str, log: Log, invented: Collection[int] = ()) -> History:
        """Read it; `invented` are the demo's own appointments, of which nobody was told."""
        engine = create_engine(database_url)
        try:
            with engine.connect() as connection:

                def rows(query: str) -> Rows:
                    return [dict(row._mapping) for row in connection.execute(text(query))]

                return cls(
                    inbox=rows("SELECT id, provider_id, thread, kind, text, state, handled_at, address_id FROM inbox ORDER BY id"),
                    outbox=rows(
                        'SELECT o.id, o.uid, o."key", o.kind, o.text, o.state, o.attempts, o.code, o.must_arrive, o.attachment, o.choices, o.address_id,'
                        " a.channel, a.value FROM outbox o LEFT JOIN addresses a ON a.id = o.address_id ORDER BY o.id"
                    ),
                    appointments=rows("SELECT id, starts_at, minutes, state, token, adult_id FROM appointments ORDER BY id"),
                    invented=set(invented),
                    cells=rows("SELECT staff_id, cell, appointment_id FROM occupied WHERE appointment_id IS NOT NULL"),
                    people=rows("SELECT appointment_id, staff_id FROM appointment_staff"),
                    attention=rows('SELECT "key", need FROM attention'),
                    log=log,
                )
        finally:
            engine.dispose()

    def check(self) -> dict[str, int]:
        """The numbers of a run; every breach is in `faults`."""
        self._lost()
        self._answered()
        self._said_twice()
        self._left_unsaid()
        self._order()
        self._half_done()
        return {
            "acknowledged": len(self.acknowledged()),
            "received": len(self.inbox),
            "replies": len(self.outbox),
            "accepted by providers": sum(len(self.accepted(operation)) for operation in ("twilio.send", "telegram.sendMessage")),
            "lies told": sum(1 for entry in self.log if entry.get("fault")),
            "looked up or repeated": sum(1 for row in self.outbox if row["attempts"] > 1 or row["code"] == "restarted"),
            "unconfirmed on Telegram": sum(1 for row in self.outbox if row["state"] == "unconfirmed"),
            "appointments": len(self.appointments) - len(self.invented),
            "faults": len(self.faults),
        }

    def fault(self, words: str) -> None:
        self.faults.append(words)

    def accepted(self, operation: str) -> Log:
        return [entry for entry in self.log if entry["operation"] == operation and entry["accepted"]]

    def acknowledged(self) -> set[str]:
        """The provider's ids for which we have said 200."""
        twilio = {entry["sid"] for entry in self.accepted("twilio.webhook")}
        return twilio | {f"tg:{entry['update_id']}" for entry in self.accepted("telegram.webhook")}

    def missing(self) -> set[str]:
        """The provider's ids of what was written to the school and has not come in."""
        written = {entry["sid"] for entry in self.accepted("twilio.inbound")} | {f"tg:{entry['update_id']}" for entry in self.accepted("telegram.inbound")}
        return written - {row["provider_id"] for row in self.inbox}

    def _lost(self) -> None:
        kept = Counter(row["provider_id"] for row in self.inbox)
        for lost in self.acknowledged() - kept.keys():
            self.fault(f"acknowledged and lost: {lost}")
        for lost in self.missing() - self.acknowledged():
            self.fault(f"never caught up: {lost}")
        for provider_id, count in kept.items():
            if count > 1:
                self.fault(f"stored {count} times: {provider_id}")

    def _answered(self) -> None:
        """Each message has its turn and its reply: its own, or that of texts it was read together with. A number sent before its question is let be."""
        answered = {int(row["key"].split(":")[1]) for row in self.outbox if row["key"].startswith("reply:")}
        together = {(row["thread"], row["handled_at"]) for row in self.inbox if row["id"] in answered}
        robots = {int(row["key"].split(":")[1]) for row in self.attention if row["key"].startswith("too-much:")}
        strangers = Counter(row["thread"] for row in self.inbox if row["thread"].startswith("x"))
        for row in self.inbox:
            if row["state"] not in {"handled", "for_staff"}:
                self.fault(f"inbox {row['id']} is {row['state']}")
            elif (
                row["id"] not in answered
                and (row["thread"], row["handled_at"]) not in together
                and not row["text"].lstrip("-").isdigit()
                and row["thread"] not in strangers
                and row["address_id"] not in robots
            ):
                self.fault(f"inbox {row['id']} was not answered: {row['text']!r}")

    def _said_twice(self) -> None:
        """By our own id, which Twilio repeats. Of two texts that look equal to one person, both in doubt, one may stand for the other: counted together."""
        rows = {row["uid"]: (row["value"], row["text"], _labels(row["choices"])) for row in self.outbox if row["channel"] in {"sms", "whatsapp"}}
        wanted = Counter(rows[row["uid"]] for row in self.outbox if row["uid"] in rows and row["state"] in {*ARRIVED, "undelivered"})
        said = Counter(rows.get(entry["outbox_id"], (entry["to"], entry["body"], ("unknown",))) for entry in self.accepted("twilio.send"))
        for words in wanted | said:
            if said[words] > wanted[words]:
                self.fault(f"said {said[words]} times and not {wanted[words]}: {words}")
            if said[words] < wanted[words]:
                self.fault(f"on record {wanted[words]} times and accepted {said[words]}: {words}")
        self._said_twice_on_telegram()

    def _said_twice_on_telegram(self) -> None:
        """By words, since Telegram knows no id of ours: never more often than there are rows; a plain reply has no second row."""
        rows = Counter((row["value"], row["text"]) for row in self.outbox if row["channel"] == "telegram")
        said = Counter((entry["to"], _words(entry["body"])) for entry in self.accepted("telegram.sendMessage"))
        for (chat, words), count in said.items():
            known = sum(number for (value, row_words), number in rows.items() if value == chat and _words(row_words) == words)
            if count > known:
                self.fault(f"Telegram {chat}: said {count} times, {known} rows: {words!r}")
        for row in self.outbox:
            if row["key"].endswith(":again") and (not row["must_arrive"] or row["key"].count(":again") > 1):
                self.fault(f"outbox {row['id']} was repeated and must not be")

    def _left_unsaid(self) -> None:
        called = {row["key"] for row in self.attention}
        again = {row["key"].removesuffix(":again") for row in self.outbox if row["key"].endswith(":again")}
        for row in self.outbox:
            if row["state"] not in OVER:
                self.fault(f"outbox {row['id']} is still {row['state']}")
            if row["state"] in {"failed", "unconfirmed", "expired"} and f"outbox:{row['id']}" not in called:
                self.fault(f"outbox {row['id']} is {row['state']} and nobody was told")
            if row["channel"] in {"sms", "whatsapp"} and row["state"] not in ARRIVED:
                self.fault(f"outbox {row['id']} is {row['state']} {row['code']}: nothing was refused")
            if row["state"] == "unconfirmed" and row["must_arrive"] and not row["key"].endswith(":again") and row["key"] not in again:
                self.fault(f"outbox {row['id']} must arrive and was not repeated")

    def places(self) -> dict[str, tuple[int, int]]:
        """Where each message stands among those to its recipient, by our own id: as they were written, the rest of a long text behind its beginning."""
        written = {row["key"]: row["id"] for row in self.outbox}
        return {row["uid"]: (written[row["key"].rstrip("+")], row["key"].count("+")) for row in self.outbox}

    def _order(self) -> None:
        """For each recipient, messages that were never in doubt arrive in the order in which they were written."""
        lied, places = {entry.get("outbox_id") for entry in self.log if entry.get("fault")}, self.places()
        clean = {row["uid"]: places[row["uid"]] for row in self.outbox if row["attempts"] == 1 and row["code"] is None and row["uid"] not in lied}
        last: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for entry in self.accepted("twilio.send"):
            number = clean.get(entry["outbox_id"])
            if number is not None:
                if number < last[entry["to"]]:
                    self.fault(f"{entry['to']}: outbox {number} came after {last[entry['to']]}")
                last[entry["to"]] = number

    def _half_done(self) -> None:
        """What was told is true, and what is true was told."""
        told = " ".join(row["text"] or "" for row in self.outbox)
        attached = {json.dumps(row["attachment"]) if not isinstance(row["attachment"], str) else row["attachment"] for row in self.outbox if row["attachment"]}
        cells: dict[int, set[tuple[int, int]]] = defaultdict(set)
        for cell in self.cells:
            cells[cell["appointment_id"]].add((cell["staff_id"], cell["cell"]))
        staff: dict[int, set[int]] = defaultdict(set)
        for person in self.people:
            staff[person["appointment_id"]].add(person["staff_id"])
        for row in self.appointments:
            number = row["id"]
            if number not in self.invented and row["token"] not in told and not any(f"[{number}]" in each for each in attached):
                self.fault(f"appointment {number} was booked and nobody was told")
            if (row["state"] == "booked") != bool(cells[number]):
                self.fault(f"appointment {number} is {row['state']} with {len(cells[number])} cells")
            if row["state"] == "booked" and {who for who, _ in cells[number]} != staff[number]:
                self.fault(f"appointment {number} does not hold the time of its staff")
        tokens = {row["token"] for row in self.appointments}
        for row in self.outbox:
            for link in (row["text"] or "").split("/a/")[1:]:
                if link.split(".ics")[0] not in tokens:
                    self.fault(f"outbox {row['id']} tells of an appointment that is not")


def _labels(choices: Any) -> tuple[str, ...]:
    """What a person sees of the choices: which question they belong to, and so their ids, shows on Telegram's buttons alone."""
    return tuple(label for _, label in (json.loads(choices) if isinstance(choices, str) else choices or []))


def _words(text: str | None) -> str:
    """Words alone: what a channel adds (numbers, white space) falls away."""
    return " ".join((text or "").split("\n1 ")[0].split())
