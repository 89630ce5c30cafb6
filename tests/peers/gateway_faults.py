"""The fault menu: what the test gateway does wrong with the next calls of a kind, on the wire and in its answers."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from enum import StrEnum


class Call(StrEnum):
    """Kinds of calls, in the shop's words; `ANY` strikes whatever comes next."""

    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    CREATE_LINK = "create_link"
    CANCEL_LINK = "cancel_link"
    PAY = "pay"
    READ = "read"
    EVENTS = "events"
    DISPUTE = "dispute"
    ANY = "any"


class Fault(StrEnum):
    """What goes wrong. In `..._after` the effect has happened and stands in the journal; in the others nothing has."""

    REFUSE = "refuse"
    """The line is reset before the request is answered."""
    HANG_UP_BEFORE = "hang_up_before"
    HANG_UP_AFTER = "hang_up_after"
    """The line is closed without an answer, at once: a timeout for tests that cannot wait for one."""
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    """Nothing is said until the caller gives up, or for the gateway's `patience`."""
    ERROR_BEFORE = "error_before"
    """500, and the key is not remembered."""
    ERROR_AFTER = "error_after"
    """500 after the effect. The gateway remembers the 500: the same key gets it again for a day."""
    EDGE = "edge"
    """502 with a page instead of JSON, from a machine in front of the gateway; nothing was done."""
    CUT_AFTER = "cut_after"
    """Half of the answer, then the line is closed."""
    IN_PROGRESS = "in_progress"
    """409: another request with the same key is said to be under way; nothing was done by this one."""
    BUSY = "busy"
    """429; nothing was done."""
    DECLINE = "decline"
    """A clear no; nothing was done."""
    PENDING = "pending"
    """A refund is accepted and waits until `settle_refund`."""
    FAILED = "failed"
    """A refund is made and answered as failed at once."""
    SLOW_BEFORE = "slow_before"
    SLOW_AFTER = "slow_after"
    """Done or not yet done, the answer waits for its `Hold`."""

    @property
    def has_effect(self) -> bool:
        """True when the call has done its work although its answer is spoilt or late."""
        return self in _WITH_EFFECT


_WITH_EFFECT = {
    Fault.HANG_UP_AFTER,
    Fault.TIMEOUT_AFTER,
    Fault.ERROR_AFTER,
    Fault.CUT_AFTER,
    Fault.SLOW_BEFORE,
    Fault.SLOW_AFTER,
    Fault.PENDING,
}


class Hold:
    """A door at which one call stands. The test sees it arrive and lets it on; or it goes on after some seconds."""

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = seconds
        self._arrived = threading.Event()
        self._open = threading.Event()

    def arrived(self, within: float = 10.0) -> bool:
        """Wait until a call stands at the door; False if none came."""
        return self._arrived.wait(within)

    def release(self) -> None:
        """Let the call on."""
        self._open.set()

    def stand(self) -> None:
        """Stand at the door: the gateway's part."""
        self._arrived.set()
        self._open.wait(self._seconds)


@dataclass(frozen=True)
class Plan:
    """What shall go wrong with one call."""

    fault: Fault | None
    hold: Hold | None = None


class Faults:
    """Plans by kind of call, each used once and in order, then those that last until they are cleared."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[Call, deque[Plan]] = {call: deque() for call in Call}
        self._lasting: dict[Call, Plan] = {}
        self._holds: list[Hold] = []

    def next(self, call: str, *faults: Fault | None) -> None:
        """Let the next calls of a kind go wrong, one fault each; None lets one call go well."""
        for fault in faults:
            _check(Call(call), fault)
        with self._lock:
            self._next[Call(call)].extend(Plan(fault) for fault in faults)

    def always(self, call: str, fault: Fault) -> None:
        """Let every call of a kind go wrong until `clear`."""
        _check(Call(call), fault)
        with self._lock:
            self._lasting[Call(call)] = Plan(fault)

    def hold(self, call: str, *, is_done: bool, seconds: float | None = None) -> Hold:
        """Stop the next call of a kind, before its effect or after it, until it is released or for some seconds."""
        hold = Hold(seconds)
        with self._lock:
            self._holds.append(hold)
            self._next[Call(call)].append(Plan(Fault.SLOW_AFTER if is_done else Fault.SLOW_BEFORE, hold))
        return hold

    def take(self, call: Call) -> Plan | None:
        """Use up the plan for a call that has come."""
        with self._lock:
            for kind in (call, Call.ANY):
                if self._next[kind]:
                    plan = self._next[kind].popleft()
                    return plan if plan.fault else None
            return self._lasting.get(call) or self._lasting.get(Call.ANY)

    def left(self) -> int:
        """Count the plans that no call has met, so that a test can say that each fault did strike."""
        with self._lock:
            return sum(len(plans) for plans in self._next.values())

    def clear(self) -> None:
        """Let everything go well from now on, and release whoever stands at a door."""
        with self._lock:
            for plans in self._next.values():
                plans.clear()
            self._lasting.clear()
        self.release()

    def release(self) -> None:
        """Let on whoever stands at a door, now or later."""
        with self._lock:
            for hold in self._holds:
                hold.release()


def _check(call: Call, fault: Fault | None) -> None:
    # A plan that could not strike would let a test believe what it has not seen.
    if fault in {Fault.SLOW_BEFORE, Fault.SLOW_AFTER}:
        raise ValueError("a slow call needs a door: use hold()")
    if fault in {Fault.PENDING, Fault.FAILED} and call is not Call.REFUND:
        raise ValueError(f"only a refund can be {fault}")
    if fault is Fault.DECLINE and call in {Call.READ, Call.EVENTS, Call.DISPUTE, Call.ANY}:
        raise ValueError(f"{call} cannot be declined")
