"""What a gateway's answer means: what happened is booked once, what did not is let go, what is unknown is looked up.

What stands behind a call ends with it: `refunds` says with `@concludes(CallKind.REFUND)` what an answer means for a
share, `pay_links` what it means for a link. The function gets the call as it stands after the answer (its `state` says
what came of it: succeeded, failed, pending or unknown; what there was to book is booked) and the answer, under the
order's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import KEY_LASTS, Answer, AnswerKind, CallKind, CallState
from opsdesk.domain.payments.transactions import TransactionKind, TransactionState
from opsdesk.store.repositories.payments import Booking
from opsdesk.store.tables import GatewayCallRow
from opsdesk.store.work import Work

Conclusion = Callable[[Work, GatewayCallRow, Answer], None]

on_answer: dict[CallKind, Conclusion] = {}
"""What an answer means for what stands behind a call, by the kind of the call."""

DID_NOT_HAPPEN = "It did not happen; ask again."
MOVES_MONEY = {
    CallKind.CAPTURE: TransactionKind.CAPTURE,
    CallKind.VOID: TransactionKind.VOID,
    CallKind.REFUND: TransactionKind.REFUND,
}
"""Kinds of calls that have money set aside for them, and what is booked when they happen."""

_LOOK_UP_AFTER = tuple(timedelta(seconds=seconds) for seconds in (5, 10, 15, 30, 60, 300, 900, 3_600))
"""By how often it was asked. After two failures more on top of the first, what came of it is known within a minute."""
_PENDING_AT_LEAST = timedelta(seconds=60)
_STATES = {
    AnswerKind.SUCCEEDED: CallState.SUCCEEDED,
    AnswerKind.FAILED: CallState.FAILED,
    AnswerKind.PENDING: CallState.PENDING,
    AnswerKind.UNKNOWN: CallState.UNKNOWN,
}
_WORDS = {
    CallKind.CAPTURE: "capture of {amount}",
    CallKind.VOID: "void of {amount}",
    CallKind.REFUND: "refund of {amount}",
    CallKind.CREATE_LINK: "pay link over {amount}",
    CallKind.CANCEL_LINK: "end of the pay link",
}
_SAID = {
    CallState.SUCCEEDED: "Done",
    CallState.FAILED: "Failed",
    CallState.PENDING: "Under way at the gateway",
    CallState.UNKNOWN: "No answer yet",
}


def concludes(*kinds: CallKind) -> Callable[[Conclusion], Conclusion]:
    """Name a function as the one that says what an answer means for what stands behind calls of these kinds."""

    def register(function: Conclusion) -> Conclusion:
        on_answer.update(dict.fromkeys(kinds, function))
        return function

    return register


def in_words(call: GatewayCallRow) -> str:
    """Name a call for staff, e.g. `capture of 12.50 EUR`."""
    return _WORDS[CallKind(call.kind)].format(amount=Money(call.amount_minor, call.currency))


def conclude(work: Work, call: GatewayCallRow, answer: Answer) -> None:
    """Let a call end or wait on as the gateway says, book what happened once, and tell what stands behind it.

    For events too, which may come before the answer or long after it. Whoever calls has locked the order, and settles
    it. A call that was given up takes only the news that it happened after all: that is booked as told.
    """
    if not CallState(call.state).is_open and answer.kind is not AnswerKind.SUCCEEDED:
        return
    if call.state == CallState.SUCCEEDED:
        return
    if answer.kind is AnswerKind.NOT_FOUND:
        if not is_key_old(call, work.now):
            _wait_again(work, call)
            return
        answer = replace(answer, kind=AnswerKind.FAILED, problem=DID_NOT_HAPPEN)
    state = _STATES[answer.kind]
    if state is CallState.SUCCEEDED:
        _book(work, call, answer)
    elif state is CallState.FAILED:
        let_go(work, call)
    else:
        call.not_before = work.now + _pause(call, state)
    call.problem, call.claimed_by = answer.problem, None
    call.answer_reference = answer.reference or call.answer_reference
    if call.state != state:
        move(work, call, state, f"{_SAID[state]}: {in_words(call)}. {answer.problem}".removesuffix(" "))
        if conclusion := _conclusion(CallKind(call.kind)):
            conclusion(work, call, answer)


def _conclusion(kind: CallKind) -> Conclusion | None:
    # Imported here, not above: they ask for calls themselves. Whoever records an answer needs them.
    from opsdesk.operations.payments import held_money, pay_links  # noqa: F401  they say what answers mean
    from opsdesk.operations.refunds import paying  # noqa: F401  it says what answers mean

    return on_answer.get(kind)


def is_key_old(call: GatewayCallRow, now: datetime) -> bool:
    """Say whether the gateway may have forgotten the key, so that sending it again could do it twice."""
    return call.first_sent_at is not None and now - call.first_sent_at >= KEY_LASTS


def _book(work: Work, call: GatewayCallRow, answer: Answer) -> None:
    kind = MOVES_MONEY.get(CallKind(call.kind))
    if kind is None or call.payment_id is None:
        return
    payment, amount = work.payments.locked(call.payment_id), Money(call.amount_minor, call.currency)
    is_open = CallState(call.state).is_open
    for row in work.payments.transactions(payment):
        if row.kind != kind or row.state != TransactionState.SUCCEEDED:
            continue
        if row.call_key == call.key:
            return
        if answer.reference and row.reference == answer.reference:
            let_go(work, call)
            return
    key = call.key if is_open else ""
    booking = Booking(answer.reference or call.key, key, answer.at, answer.settled, is_told=not is_open)
    work.payments.book(payment, kind, amount, booking)


def let_go(work: Work, call: GatewayCallRow) -> None:
    """Let go of the money that was set aside for an open call."""
    kind = CallKind(call.kind)
    if kind in MOVES_MONEY and call.payment_id is not None and CallState(call.state).is_open:
        payment = work.payments.locked(call.payment_id)
        work.payments.unreserve(payment, kind, Money(call.amount_minor, call.currency))


def _wait_again(work: Work, call: GatewayCallRow) -> None:
    """The gateway knows of none, and its key is young: it may be sent again under the same key."""
    call.not_before, call.claimed_by, call.problem = work.now, None, ""
    move(work, call, CallState.REQUESTED, f"The gateway knows of none, it is asked again: {in_words(call)}")


def _pause(call: GatewayCallRow, state: CallState) -> timedelta:
    step = _LOOK_UP_AFTER[min(max(call.attempts, 1), len(_LOOK_UP_AFTER)) - 1]
    return max(step, _PENDING_AT_LEAST) if state is CallState.PENDING else step


def move(work: Work, call: GatewayCallRow, state: CallState, summary: str) -> None:
    """Write down how far a call is, and why."""
    before, call.state = call.state, state.value
    call.version += 1
    if not state.is_open:
        call.claimed_by = None
    if state in (CallState.SUCCEEDED, CallState.CANCELLED):
        call.settled_at = work.now
    work.record(f"call.{state.value}", "order", call.order_id, summary, before=before, after=call.state)


def how_far(call: GatewayCallRow) -> str:
    """Say for staff how far a call is."""
    was_asked = call.state == CallState.REQUESTED and call.first_sent_at is not None
    return "asked before, and waits" if was_asked else CallState(call.state).word
