"""The judge, who knows nothing of the product: it reads what the stand-in for the providers saw and what `bookbag` commands print, and nothing else.

Parents ask whether there is school on a day, nobody twice about the same one, and the answer names the day. So each answer says by itself what it answers:
none may be missing, none may come twice, and those to one parent come in the order in which their questions were accepted.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Log = Sequence[Mapping[str, Any]]
Asked = tuple[str, str]
"""Who asked, by address, and about which day."""

_DAY = re.compile(r"There is (?:no )?school on \w+ (\d+ [A-Z][a-z]+)\b")
_QUESTION = re.compile(r"is school open on (\d+ [A-Z][a-z]+) \d{4}")
_SENDS = {"twilio.send", "telegram.sendMessage"}


def question(day: date) -> str:
    """How a parent asks about a day."""
    return f"is school open on {day.day} {day:%B %Y}"


def named(day: date) -> str:
    """A day as the judge knows it: nobody asks a year ahead."""
    return f"{day.day} {day:%B}"


def day_told(body: str) -> str | None:
    """The day that an answer is about; None where it is about something else."""
    found = _DAY.search(body)
    return found[1] if found else None


@dataclass
class Judge:
    """One history. `attention` is what `bookbag attention --json` prints."""

    log: Log
    attention: Sequence[Mapping[str, Any]] = ()
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.asked: dict[str, Asked] = {}  # by the provider's id
        self.accepted: dict[Asked, float] = {}  # when each was first answered 200, in that order
        self.answered: list[tuple[Asked, float]] = []  # when the provider took each answer, in that order
        self.waits: dict[Asked, float] = {}  # seconds from the question to its answer
        self.statuses: Counter[int] = Counter()
        self._asked_at: dict[Asked, float] = {}
        self._doubts: dict[str, list[float]] = defaultdict(list)  # when an answer to someone was in doubt
        self._others: Counter[tuple[str, str]] = Counter()
        for entry in self.log:
            self._read(entry)

    def _read(self, entry: Mapping[str, Any]) -> None:
        operation, identity = entry["operation"], str(entry.get("sid") or entry.get("update_id"))
        if operation in {"twilio.inbound", "telegram.inbound"}:
            if about := _QUESTION.search(entry.get("body") or ""):
                self.asked[identity] = (_bare(entry["from"]), about[1])
                self._asked_at[self.asked[identity]] = entry["at"]
        elif operation in {"twilio.webhook", "telegram.webhook"}:
            self.statuses[entry["status"]] += 1
            if entry["accepted"] and identity in self.asked:
                self.accepted.setdefault(self.asked[identity], entry["at"])
        elif operation == "twilio.list":
            self._doubts[_bare(entry["query"].get("To", ""))].append(entry["at"])  # it is being looked up
        elif operation in _SENDS:
            self._read_send(entry)

    def _read_send(self, entry: Mapping[str, Any]) -> None:
        form = entry["form"]  # what was refused is on record there alone
        to, day = _bare(entry["to"]), day_told(entry.get("body") or form.get("Body") or form.get("text") or "")
        if day is not None and entry.get("fault"):
            self._doubts[to].append(entry["at"])
        if entry["accepted"] and day is not None:
            self.answered.append(((to, day), entry["at"]))
            self.waits.setdefault((to, day), entry["at"] - self._asked_at.get((to, day), entry["at"]))
        elif entry["accepted"] and entry.get("outbox_id"):
            self._others[to, entry["outbox_id"]] += 1

    def check(self) -> dict[str, int]:
        """The numbers of a run; every breach is in `faults`."""
        said, wanted = Counter(asked for asked, _ in self.answered), set(self.asked.values())
        shown = Counter(str(row["where"])[-3:] for row in self.attention)
        silent: Counter[str] = Counter()
        for who, day in sorted(wanted - said.keys()):
            silent[who[-3:]] += 1
            if silent[who[-3:]] > shown[who[-3:]]:
                how = "accepted" if (who, day) in self.accepted else "refused, and not caught up"
                self.faults.append(f"{who} was not answered about {day} ({how}), and nobody was told")
        self.faults += [f"{who} was answered {count} times about {day}" for (who, day), count in said.items() if count > 1]
        self.faults += [f"{who} was answered about {day}, and never asked" for who, day in said.keys() - wanted]
        self.faults += [f"{who} was told {count} times, by one id: {uid}" for (who, uid), count in self._others.items() if count > 1]
        self.faults += self.out_of_order()
        self.faults += [f"a webhook said {status}, {self.statuses[status]} times" for status in self.statuses.keys() - {200, 503}]
        return {
            "asked": len(wanted),
            "accepted": len(self.accepted),
            "answered": len(self.answered),
            "refused with 503": self.statuses[503],
            "left to a person": len(self.attention),
            "faults": len(self.faults),
        }

    def unanswered(self) -> set[Asked]:
        """What was asked and has no answer yet."""
        return set(self.asked.values()) - self.waits.keys()

    def out_of_order(self) -> list[str]:
        """The answers that came after another which was asked for later, though nobody doubted that they had left: what is in doubt may be passed."""
        found: list[str] = []
        last: dict[str, Asked] = {}
        for each, at in self.answered:
            who = each[0]
            if each not in self.accepted:
                continue
            if who not in last or self.accepted[each] >= self.accepted[last[who]]:
                last[who] = each
            elif not any(self.accepted[each] <= doubt <= at for doubt in self._doubts[who]):
                found.append(f"{who} was answered about {each[1]} after {last[who][1]}, which was accepted later")
        return found


def told_between(log: Log, begin: float, end: float) -> Counter[int]:
    """What the webhooks said to calls that began and ended between two moments, as the stand-in's clock shows them: a message comes in when its call begins."""
    came, found = defaultdict[str, float](float), Counter[int]()
    for entry in log:
        if entry["operation"] == "twilio.inbound":
            came[entry["sid"]] = entry["at"]
        elif entry["operation"] == "twilio.webhook" and begin < came[entry["sid"]] and entry["at"] < end:
            found[entry["status"]] += 1
    return found


def _bare(address: str) -> str:
    return str(address).removeprefix("whatsapp:")
