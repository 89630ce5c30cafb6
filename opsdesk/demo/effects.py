"""What a gateway was asked for in the demo shop: the calls, and the pay links that some of them made."""

from __future__ import annotations

from dataclasses import dataclass

from opsdesk.demo.history import Line
from opsdesk.demo.moments import moment_of
from opsdesk.demo.parts import Payment
from opsdesk.demo.paying import STRIPE
from opsdesk.demo.people import mixed
from opsdesk.demo.staff import WORKER, Clerk
from opsdesk.demo.tales import Tale
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import GRACE, CallKind, CallState
from opsdesk.domain.payments.pay_links import LinkState
from opsdesk.store.tables import GatewayCallRow, PayLinkRow

_GRACE = int(GRACE.total_seconds())
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Call:
    """What a gateway is asked for, by whom and when, and what came of it.

    Attributes:
        next_at: when an answer that did not come is looked up again.
    """

    kind: CallKind
    amount: int
    who: Clerk
    at: int
    state: CallState = CallState.SUCCEEDED
    problem: str = ""
    next_at: int | None = None

    @property
    def answered_at(self) -> int:
        """When the gateway had been asked; links are made at once."""
        return self.at + (3 if self.kind in (CallKind.CREATE_LINK, CallKind.CANCEL_LINK) else _GRACE + 3)


def key_of(number: int, kind: CallKind) -> str:
    """Return the idempotency key of a call of the demo."""
    return f"{kind.value}-{mixed(number):016x}{mixed(number + 1):016x}"


def write_call(
    tale: Tale, call: Call, *, payment: Payment | None = None, link_id: int | None = None, share_id: int | None = None,
    answer: str = "",
) -> str:  # fmt: skip
    """Write the row of a call, and return its key."""
    number = tale.sheets.next_id("gateway_call")
    key, is_done = key_of(number, call.kind), call.state is CallState.SUCCEEDED
    tale.sheets.put(
        GatewayCallRow(
            id=number,
            order_id=tale.id,
            payment_id=payment.id if payment else None,
            link_id=link_id,
            share_id=share_id,
            kind=call.kind.value,
            gateway=STRIPE,
            reference=payment.reference if payment else "",
            key=key,
            amount_minor=call.amount,
            currency=tale.basket.currency,
            reason="requested_by_customer" if call.kind is CallKind.REFUND else "",
            state=call.state.value,
            not_before=moment_of(call.next_at or call.answered_at - 3),
            attempts=1,
            first_sent_at=moment_of(call.answered_at - 2),
            claimed_at=moment_of(call.answered_at - 2),
            answer_reference=answer,
            problem=call.problem,
            requested_by=call.who.name,
            requested_at=moment_of(call.at),
            settled_at=moment_of(call.answered_at) if is_done else None,
            version=3,
        )
    )
    return key


def answered(tale: Tale, call: Call, *lines: Line) -> None:
    """Let the worker write down what the gateway answered."""
    said = {CallState.SUCCEEDED: "Done", CallState.FAILED: "Failed", CallState.UNKNOWN: "Not answered"}[call.state]
    what = f"{call.kind.value.replace('_', ' ')} of {Money(call.amount, tale.basket.currency)}"
    told = f"{said}: {what}. {call.problem}".removesuffix(" ")
    line = Line(f"call.{call.state.value}", told, "sending", call.state.value)
    tale.act(call.answered_at, WORKER, "call.record_answer", line, *lines)


def make_link(
    tale: Tale, who: Clerk, at: int, amount: int, state: LinkState, *, expires_at: int, ended_at: int | None = None,
    payment: Payment | None = None,
) -> int:  # fmt: skip
    """Ask for a payment over a link, and return its id."""
    link_id, money = tale.sheets.next_id("pay_link"), Money(amount, tale.basket.currency)
    requested = Line("link.requested", f"Pay link over {money} asked for, without a mail", after=str(money))
    tale.act(at, who, "link.create", requested)
    call = Call(CallKind.CREATE_LINK, amount, who, at)
    session = f"cs_test_{link_id}{'KsHafenQd'[link_id % 7 :]}"
    write_call(tale, call, link_id=link_id, answer=session)
    answered(tale, call, Line("link.open", f"Pay link over {money} is open", after="open"))
    if ended_at is not None and state is LinkState.EXPIRED:
        told = Line("link.expired", f"Pay link over {money}: expired", "open", "expired")
        tale.act(ended_at, WORKER, "link.expire", told)
    tale.sheets.put(
        PayLinkRow(
            id=link_id,
            order_id=tale.id,
            gateway=STRIPE,
            reference=session,
            url=f"https://pay.hafen-hof.example/c/{session}",
            amount_minor=amount,
            currency=tale.basket.currency,
            state=state.value,
            due_minor=amount,
            tell=False,
            expires_at=moment_of(expires_at),
            asked_by=who.name,
            asked_at=moment_of(at),
            paid_at=moment_of(ended_at) if ended_at and state is LinkState.PAID else None,
            payment_id=payment.id if payment else None,
            ended_at=moment_of(ended_at) if ended_at else None,
            version=2 + (ended_at is not None),
        )
    )
    return link_id
