"""A payment gateway in memory that keeps its own journal, honours keys, and does wrong what it is told to do wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from opsdesk.domain.errors import Refused
from opsdesk.domain.payments.gateways import (
    Answer,
    AnswerKind,
    CallKind,
    EventPage,
    GatewayCall,
    GatewayEvent,
    GatewayOperation,
    OperationKind,
    PaymentSnapshot,
)
from tests.conftest import START

_KINDS = {
    CallKind.CAPTURE: OperationKind.CAPTURE,
    CallKind.VOID: OperationKind.VOID,
    CallKind.REFUND: OperationKind.REFUND,
}


class Fault(StrEnum):
    """What goes wrong with one question."""

    LOST_AFTER = "done, and the answer is lost"
    LOST_BEFORE = "lost before anything was done"
    REFUSED = "a clear no"
    SLOW = "done later: pending until `finish`"
    FORGOTTEN = "at look-up: knows of none, although it may have been done"


class GatewayDouble:
    """Does what it is asked once per key, and says so truthfully unless a fault was put into its queue.

    Attributes:
        journal: what it did, one line per effect: this is the witness.
        heard: the cursor of every question for news.
        asked: every question in order, as `carry_out capture-1f..` or `look_up capture-1f..`.
    """

    def __init__(self, name: str = "stripe", *, faults: tuple[Fault | None, ...] = ()) -> None:
        self.name = name
        self.faults: deque[Fault | None] = deque(faults)
        self.journal: list[GatewayOperation] = []
        self.asked: list[str] = []
        self.calls: list[GatewayCall] = []
        self._answers: dict[str, Answer] = {}
        self.heard: list[str] = []
        self.is_closed = False

    def carry_out(self, call: GatewayCall) -> Answer:
        self.asked.append(f"carry_out {call.key}")
        self.calls.append(call)
        fault = self.faults.popleft() if self.faults else None
        if fault is Fault.LOST_BEFORE:
            return Answer(AnswerKind.UNKNOWN, problem="The gateway did not answer in time.")
        answer = self._answers.get(call.key) or self._do(call, fault)
        if fault is Fault.LOST_AFTER:
            return Answer(AnswerKind.UNKNOWN, problem="The gateway did not answer in time.")
        return answer

    def look_up(self, call: GatewayCall) -> Answer:
        self.asked.append(f"look_up {call.key}")
        fault = self.faults.popleft() if self.faults else None
        if fault is Fault.LOST_BEFORE or fault is Fault.LOST_AFTER:
            return Answer(AnswerKind.UNKNOWN, problem="The gateway did not answer in time.")
        if fault is Fault.FORGOTTEN:
            return Answer(AnswerKind.NOT_FOUND)
        return self._answers.get(call.key, Answer(AnswerKind.NOT_FOUND))

    def finish(self, key: str, problem: str = "") -> None:
        """Let what is pending succeed, or fail with a sentence."""
        kind = AnswerKind.FAILED if problem else AnswerKind.SUCCEEDED
        reference = self._answers[key].reference
        self._answers[key] = Answer(kind, reference, problem=problem, at=START)
        self.journal = [
            GatewayOperation(done.reference, done.kind, done.amount, kind, done.at, done.key, problem)
            if done.key == key
            else done
            for done in self.journal
        ]

    def done(self, kind: OperationKind) -> int:
        """Sum up what it did of one kind, in minor units."""
        return sum(
            done.amount.minor for done in self.journal if done.kind is kind and done.state is AnswerKind.SUCCEEDED
        )

    @property
    def captured(self) -> int:
        """What it took in all, in minor units."""
        return self.done(OperationKind.CAPTURE)

    def forget_keys(self) -> None:
        """Do what every gateway does after a day: the same key would do it once more."""
        self._answers.clear()

    def payment(self, reference: str) -> PaymentSnapshot | None:
        return PaymentSnapshot(reference, "EUR", tuple(self.journal))

    def events(self, after: str) -> EventPage:
        self.heard.append(after)
        return EventPage((), after)

    def read_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> GatewayEvent:
        raise Refused("This gateway sends nothing.")

    def check(self) -> str | None:
        return None

    def close(self) -> None:
        self.is_closed = True

    def _do(self, call: GatewayCall, fault: Fault | None) -> Answer:
        reference = f"{call.kind.value[:2]}_{call.key[-12:]}_{len(self.journal)}"
        if fault is Fault.REFUSED:
            answer = Answer(AnswerKind.FAILED, problem="The card was declined.")
        elif call.kind in _KINDS:
            state = AnswerKind.PENDING if fault is Fault.SLOW else AnswerKind.SUCCEEDED
            self.journal.append(GatewayOperation(reference, _KINDS[call.kind], call.amount, state, START, key=call.key))
            answer = Answer(state, reference, at=START)
        else:
            url = f"https://pay.example/{reference}" if call.kind is CallKind.CREATE_LINK else ""
            answer = Answer(AnswerKind.SUCCEEDED, reference, url=url, at=START)
        self._answers[call.key] = answer
        return answer
