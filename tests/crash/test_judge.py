"""A judge that never complains would prove nothing: each breach that it is there for, made up, is seen."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.crash.judge import Judge, question, told_between

TOM = "+447700900102"
ONE, TWO = date(2027, 3, 1), date(2027, 3, 2)


def asked(sid: str, day: date, at: float = 0) -> dict[str, Any]:
    return {"operation": "twilio.inbound", "accepted": True, "sid": sid, "from": f"whatsapp:{TOM}", "body": question(day), "at": at}


def told(sid: str, status: int, at: float = 0) -> dict[str, Any]:
    return {"operation": "twilio.webhook", "accepted": status == 200, "sid": sid, "status": status, "at": at}


def said(day: date, fault: str | None = None, *, accepted: bool = True) -> dict[str, Any]:
    body = f"There is school on {day:%a} {day.day} {day:%B}."
    return {
        "operation": "twilio.send",
        "accepted": accepted,
        "to": f"whatsapp:{TOM}",
        "body": body if accepted else None,
        "fault": fault,
        "at": 5,
        "form": {"Body": body},
    }


def looked_up(number: str) -> dict[str, Any]:
    return {"operation": "twilio.list", "accepted": True, "query": {"To": f"whatsapp:{number}"}, "at": 4}


BOTH = [asked("1", ONE), told("1", 200, at=1), asked("2", TWO), told("2", 200, at=2)]


def faults(*log: dict[str, Any], attention: tuple[str, ...] = ()) -> list[str]:
    judge = Judge(log, [{"where": f"whatsapp …{digits}"} for digits in attention])
    judge.check()
    return judge.faults


def test_what_is_answered_once_and_in_order_is_well() -> None:
    assert not faults(*BOTH, said(ONE), said(TWO))


def test_what_is_not_answered_is_lost_unless_a_person_is_told() -> None:
    assert faults(*BOTH, said(ONE)) == [f"{TOM} was not answered about 2 March (accepted), and nobody was told"]
    assert not faults(*BOTH, said(ONE), attention=("102",))
    assert faults(*BOTH, said(ONE), attention=("103",))
    assert len(faults(*BOTH, attention=("102",))) == 1


def test_what_is_refused_must_be_caught_up() -> None:
    assert faults(asked("1", ONE), told("1", 503)) == [f"{TOM} was not answered about 1 March (refused, and not caught up), and nobody was told"]
    assert not faults(asked("1", ONE), told("1", 503), said(ONE))


def test_what_is_said_twice_is_seen_whatever_the_provider_answered() -> None:
    assert faults(*BOTH, said(ONE, "drop_after"), said(ONE), said(TWO)) == [f"{TOM} was answered 2 times about 1 March"]
    assert not faults(*BOTH, said(ONE, "drop_before", accepted=False), said(ONE), said(TWO))


def test_an_answer_that_nobody_asked_for_is_seen() -> None:
    assert faults(said(ONE)) == [f"{TOM} was answered about 1 March, and never asked"]


def test_answers_come_in_the_order_of_what_was_accepted_unless_one_was_in_doubt() -> None:
    passed = [f"{TOM} was answered about 1 March after 2 March, which was accepted later"]
    assert faults(*BOTH, said(TWO), said(ONE)) == passed
    assert not faults(*BOTH, said(ONE, "drop_before", accepted=False), said(TWO), said(ONE))
    assert not faults(*BOTH, looked_up(TOM), said(TWO), said(ONE))
    assert faults(*BOTH, looked_up("+447700900103"), said(TWO), said(ONE)) == passed
    refused = [asked("1", ONE), told("1", 503), asked("2", TWO), told("2", 200)]
    assert not faults(*refused, said(TWO), said(ONE))


def test_a_webhook_says_200_or_503() -> None:
    assert faults(asked("1", ONE), told("1", 500), said(ONE)) == ["a webhook said 500, 1 times"]
    assert faults(asked("1", ONE), told("1", 0), said(ONE)) == ["a webhook said 0, 1 times"]


def test_other_words_are_told_apart_by_our_own_id() -> None:
    menu = {"operation": "twilio.send", "accepted": True, "to": TOM, "body": "What would you like to do?", "outbox_id": "u1", "form": {}}
    assert not faults(menu, menu | {"outbox_id": "u2"})
    assert faults(menu, menu) == [f"{TOM} was told 2 times, by one id: u1"]


def test_only_calls_that_lie_wholly_between_two_moments_are_counted() -> None:
    log = [asked("1", ONE, at=1), told("1", 200, at=3), asked("2", TWO, at=4), told("2", 503, at=5), asked("3", TWO, at=6), told("3", 200, at=9)]
    assert told_between(log, 2, 8) == {503: 1}
