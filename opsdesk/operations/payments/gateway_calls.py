"""What a gateway is to be asked for: written down with its key before it is sent, taken back, answered, settled.

The worker claims a call in one transaction, asks the gateway outside any, and records the answer in another. Nobody
else talks to a gateway. What became of a call that was not answered is looked up under the same key, never guessed.
What an answer means for a refund or a link, their modules say with `concludes` (see `call_answers`).
"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import GRACE, Answer, AnswerKind, CallKind, CallState
from opsdesk.operations.payments.call_answers import (
    MOVES_MONEY,
    conclude,
    concludes,
    how_far,
    in_words,
    let_go,
    move,
    on_answer,
)
from opsdesk.operations.words import kept_line, required_line
from opsdesk.store.tables import GatewayCallRow, OrderRow, PayLinkRow, PaymentRow, RefundShareRow
from opsdesk.store.work import Done, Work, operation

__all__ = [
    "conclude",
    "concludes",
    "doubt_abandoned",
    "in_words",
    "on_answer",
    "record_answer",
    "request_call",
    "send_now",
    "settle_by_hand",
    "take_back",
    "withdraw",
]

_SENT = (CallState.SENDING, CallState.PENDING, CallState.UNKNOWN)


def request_call(
    work: Work,
    order: OrderRow,
    *,
    kind: CallKind,
    payment: PaymentRow | None = None,
    link: PayLinkRow | None = None,
    share: RefundShareRow | None = None,
    amount: Money,
    gateway: str,
    reference: str,
    reason: str = "",
    grace: timedelta = GRACE,
) -> GatewayCallRow:
    """Write down what a gateway is to be asked for, and set the money aside for it; it is sent when `grace` is over.

    A capture, a void or a refund names its payment, which this reserves on: do not reserve before. Asking anew settles
    what failed before.

    Raises:
        Refused: there is not that much left of the payment; somebody else may have been first.
    """
    assert order.id is not None, "An order whose money moves has been saved."
    if kind in MOVES_MONEY:
        assert payment is not None, "What moves money names the payment."
        work.payments.reserve(payment, kind, amount)
    call = GatewayCallRow(
        order_id=order.id,
        payment_id=payment.id if payment else None,
        link_id=link.id if link else None,
        share_id=share.id if share else None,
        kind=kind.value,
        gateway=gateway,
        reference=reference,
        key=f"{kind.value}-{uuid4().hex}",
        amount_minor=amount.minor,
        currency=amount.currency,
        reason=kept_line(reason),
        state=CallState.REQUESTED.value,
        not_before=work.now + grace,
        requested_by=work.actor.name,
        requested_at=work.now,
    )
    for failed in work.calls.failed_before(call):
        failed.settled_by, failed.settled_at = work.actor.name, work.now
        failed.version += 1
    return work.calls.add(call)


def withdraw(work: Work, call: GatewayCallRow) -> None:
    """Take a call back before it is sent, and let go of the money; for whoever takes back what stands behind it.

    Raises:
        Refused: it was sent, so the gateway may have done it.
    """
    if call.state != CallState.REQUESTED or call.first_sent_at is not None:
        raise Refused(f"The {in_words(call)} cannot be taken back any more ({how_far(call)}).")
    let_go(work, call)
    move(work, call, CallState.CANCELLED, f"Taken back: {in_words(call)}")


@operation("call.take_back")
def take_back(work: Work, call_id: int) -> Done:
    """Take a capture or a void back while it waits. A refund and a link are taken back whole, which `withdraw` is for.

    Raises:
        Refused: it was sent, so the gateway may have done it; or it belongs to a refund or a link.
    """
    order = work.orders.locked(work.calls.order_of(call_id))
    call = work.calls.locked(call_id)
    if call.share_id is not None:
        raise Refused("This belongs to a refund. Take the refund back instead.")
    if call.link_id is not None:
        raise Refused("This belongs to a pay link. End the link instead.")
    withdraw(work, call)
    work.orders.settle(order)
    return Done(f"{order.number}: the {in_words(call)} is taken back.", order.id, order.version)


@operation("call.send_now")
def send_now(work: Work, call_id: int) -> Done:
    """Let a call go out, or be looked up, without waiting longer.

    Raises:
        Refused: it is under way, or over.
    """
    order = work.orders.locked(work.calls.order_of(call_id))
    call = work.calls.locked(call_id)
    if call.state not in (CallState.REQUESTED, CallState.PENDING, CallState.UNKNOWN):
        raise Refused(f"The {in_words(call)} cannot be hurried ({how_far(call)}).")
    call.not_before = work.now
    call.version += 1
    what = "goes out now" if call.state == CallState.REQUESTED else "is looked up now"
    work.record("call.hurried", "order", call.order_id, f"Without waiting: {in_words(call)}")
    return Done(f"{order.number}: the {in_words(call)} {what}.", order.id, order.version)


@operation("call.record_answer")
def record_answer(work: Work, call_id: int, *, claim: str, answer: Answer) -> Done:
    """Write down what the gateway answered to whoever claimed the call. A claim that was taken away changes nothing."""
    order = work.orders.locked(work.calls.order_of(call_id))
    call = work.calls.locked(call_id)
    if call.claimed_by != claim or call.state not in _SENT:
        return Done("The call was settled by somebody else.", call_id)
    return _answered(work, order, call, answer)


@operation("call.doubt_abandoned")
def doubt_abandoned(work: Work, call_id: int, *, claim: str) -> Done:
    """Doubt a call whose sender, `claim`, stopped in the middle: whether it happened is looked up."""
    order = work.orders.locked(work.calls.order_of(call_id))
    call = work.calls.locked(call_id)
    if call.state != CallState.SENDING or call.claimed_by != claim:
        return Done("The call was settled in the meantime.", call_id)
    problem = "The program stopped while the gateway was asked. It is looked up."
    done = _answered(work, order, call, Answer(AnswerKind.UNKNOWN, problem=problem))
    call.not_before = work.now
    return done


@operation("call.settle_by_hand")
def settle_by_hand(
    work: Work, call_id: int, *, version: int | None = None, happened: bool, reference: str = "", note: str
) -> Done:
    """Decide about a call of which the gateway does not say what came of it, after looking at the gateway's screens.

    Raises:
        Refused: it waits, is under way, is over, or was settled.
        Conflict: it moved on since `version` was read.
        Invalid: the note, or the gateway's reference of what happened, is missing.
    """
    order = work.orders.locked(work.calls.order_of(call_id))
    call = work.calls.locked(call_id, version=version)
    is_failed = call.state == CallState.FAILED and call.settled_by is None
    if not is_failed and call.state not in (CallState.PENDING, CallState.UNKNOWN):
        raise Refused(f"The {in_words(call)} needs no decision ({how_far(call)}).")
    if happened and call.kind == CallKind.CREATE_LINK:
        raise Refused("A link without its address is of no use. Say that it did not happen, and make a new one.")
    why = required_line(note, "note", "Say how you know; whoever looks at the money later needs it.")
    called = kept_line(reference)
    if happened and not called and call.kind in MOVES_MONEY:
        raise Invalid("reference", "Enter what the gateway calls it, so that its own news of it is not counted again.")
    kind = AnswerKind.SUCCEEDED if happened else AnswerKind.FAILED
    conclude(work, call, Answer(kind, called, problem="" if happened else why))
    call.settled_by, call.settled_at = work.actor.name, work.now
    verdict = "happened" if happened else "did not happen"
    work.record("call.settled", "order", call.order_id, f"Settled by hand: the {in_words(call)} {verdict}. {why}")
    work.orders.settle(order)
    return Done(f"{order.number}: noted that the {in_words(call)} {verdict}.", order.id, order.version)


def _answered(work: Work, order: OrderRow, call: GatewayCallRow, answer: Answer) -> Done:
    conclude(work, call, answer)
    if not CallState(call.state).is_open:
        work.orders.settle(order)
    return Done(f"{order.number}: {in_words(call)}, {how_far(call)}.", call.id, call.version)
