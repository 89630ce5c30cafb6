"""Writing a refund down with its parts, its shares and its letter, and saying what became of it."""

from __future__ import annotations

from dataclasses import replace

from opsdesk.domain.cards import mask_cards
from opsdesk.domain.mails.outgoing import Letter, require_address, require_letter
from opsdesk.domain.refunds.parts import RefundContent, RefundPlan
from opsdesk.domain.refunds.shares import Share, content_hash
from opsdesk.domain.refunds.states import RefundState, ShareState
from opsdesk.operations.refunds.grounds import Grounds, in_lines, plan_of, shares_of
from opsdesk.operations.refunds.limits import Decision
from opsdesk.operations.refunds.paying import in_money
from opsdesk.operations.words import kept_text
from opsdesk.store.repositories.refundables import share_of
from opsdesk.store.tables import RefundPartRow, RefundRow, RefundShareRow
from opsdesk.store.work import Done, Plain, Work


def write_refund(
    work: Work, grounds: Grounds, content: RefundContent, plan: RefundPlan, shares: tuple[Share, ...]
) -> RefundRow:
    """Write a new refund; nothing has gone out yet."""
    refund = RefundRow(
        order_id=grounds.order_id,
        state=RefundState.PENDING_APPROVAL.value,
        reason=content.reason.value,
        note=kept_text(content.note),
        amount_minor=plan.total.minor,
        tax_minor=plan.tax.minor,
        currency=plan.currency,
        content_hash=content_hash(plan, shares),
        requested_by=work.actor.name,
        requested_at=work.now,
    )
    work.add(refund)
    assert refund.id is not None, "What was added has an id."
    write_parts(work, refund, plan)
    for share in shares:
        work.add(share_row(refund.id, share))
    return refund


def write_parts(work: Work, refund: RefundRow, plan: RefundPlan) -> None:
    """Write down what a refund is for."""
    for part in plan.parts:
        work.add(
            RefundPartRow(
                refund_id=refund.id or 0,
                kind=part.kind.value,
                line_id=part.line_id,
                quantity=part.quantity,
                amount_minor=part.amount,
                tax_minor=part.tax,
                label=part.label,
            )
        )


def share_row(refund_id: int, share: Share) -> RefundShareRow:
    """Return a share as it is kept, before anything is done about it."""
    return RefundShareRow(
        refund_id=refund_id,
        payment_id=share.payment_id,
        credit_id=share.credit_id,
        method=share.method.value,
        reference=share.reference,
        amount_minor=share.amount,
        state=ShareState.WAITING.value,
    )


def keep_letter(refund: RefundRow, letter: Letter | None, address: str) -> None:
    """Keep the customer's letter until the refund has succeeded; None for nobody to be told.

    Raises:
        Invalid: the letter or the address cannot stand in a mail.
    """
    refund.tell = letter is not None
    if letter is None:
        refund.letter_subject = refund.letter_text = refund.letter_html = refund.letter_language = ""
        return
    require_address(address, "email")
    text, html = mask_cards(letter.text).text, mask_cards(letter.html).text
    kept = require_letter(replace(letter, subject=mask_cards(letter.subject).text, text=text, html=html))
    refund.letter_subject, refund.letter_language = kept.subject, kept.language
    refund.letter_text, refund.letter_html = kept.text, kept.html


def wait_for_second(work: Work, grounds: Grounds, refund: RefundRow, decision: Decision) -> Done:
    """Let a refund wait for a second person; nothing has moved until they agree."""
    number, amount = grounds.order.number, in_money(refund)
    summary = f"Refund of {amount} waits for a second person. {decision.why_not_alone}"
    work.record("refund.pending_approval", "order", refund.order_id, summary, after=refund.state)
    work.undo_with("refund.take_back", refund_id=refund.id)
    work.orders.settle(grounds.order)
    who = " or ".join(decision.approvers)
    asked = f"Ask {who}." if who else "Nobody here may agree to so much; ask an admin to add a second person."
    message = f"{number}: the refund of {amount} waits for a second person. {asked}"
    details = details_of(work, grounds, refund) | {
        "approvers": ", ".join(decision.approvers),
        "why": decision.why_not_alone,
    }
    return Done(message, refund.order_id, grounds.order.version, details)


def done_of(work: Work, grounds: Grounds, refund: RefundRow) -> Done:
    """Answer what became of a refund, after the order was settled."""
    order = grounds.order
    return Done(sentence(refund, order.number), order.id, order.version, details_of(work, grounds, refund))


def details_of(work: Work, grounds: Grounds, refund: RefundRow) -> dict[str, Plain]:
    """Return a refund as plain values: what a preview shows, and what a script reads."""
    told = in_lines(plan_of(work, refund), [share_of(row) for row in shares_of(work, refund)], grounds)
    return {
        "refund_id": refund.id,
        "state": refund.state,
        "content_hash": refund.content_hash,
        "mail_subject": refund.letter_subject,
        **told,
    }


_SAID = {
    RefundState.SUCCEEDED: "{amount} refunded.",
    RefundState.SUBMITTED: "{amount} goes back in a minute.",
    RefundState.CONVERTED_TO_CREDIT: "{amount} is store credit now.",
}


def sentence(refund: RefundRow, number: str) -> str:
    """Say what became of a refund that was just sent on its way."""
    state = RefundState(refund.state)
    said = _SAID.get(state, f"the refund of {{amount}}: {state.word}.").format(amount=in_money(refund))
    if not refund.tell:
        return f"{number}: {said}"
    mail = "The mail is on its way." if state is RefundState.SUCCEEDED else "The mail follows when it has gone."
    return f"{number}: {said} {mail}"
