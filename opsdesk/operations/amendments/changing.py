"""Amendments: an order changed after it was placed, also after it was paid and while it is being packed."""

from __future__ import annotations

from collections.abc import Sequence

from opsdesk.domain.amendments.arithmetic import fingerprint
from opsdesk.domain.amendments.edits import Edit
from opsdesk.domain.amendments.elsewhere import elsewhere_words
from opsdesk.domain.amendments.rules import Settle, why_not_amend
from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.errors import Refused
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.operations.amendments.parts import (
    SHIPPING,
    amounts,
    cover_of,
    id_of,
    letters_to_json,
    order_parts,
    put_back,
)
from opsdesk.operations.amendments.proposals import (
    details_of,
    offer_undo,
    proposal,
    recall,
    return_too_much,
    standing_of,
    with_rest,
)
from opsdesk.operations.amendments.steps import (
    apply_now,
    base_of,
    conflict,
    conflict_of,
    end,
    end_without,
    go_on,
    is_about_address,
    let_go,
    paid,
)
from opsdesk.operations.fraud.scoring import score_change
from opsdesk.operations.mails.outbox import take_back
from opsdesk.operations.orders.contacts import edit_address
from opsdesk.operations.orders.packing import stop_packing
from opsdesk.operations.refunds.asking import take_back as take_refund_back
from opsdesk.operations.words import kept_line, kept_text
from opsdesk.store.tables import AmendmentRow, OrderRow
from opsdesk.store.work import Done, Work, operation

__all__ = ["Settle", "acknowledge_recall", "apply", "expire", "paid", "propose", "unamend", "withdraw"]


@operation("order.amend")
def propose(
    work: Work,
    order_id: int,
    *,
    version: int | None,
    edits: Sequence[Edit],
    reason: str = "",
    note: str = "",
    settle: Settle = Settle.AUTO,
    ask: bool | None = None,
    letter: Letter | None = None,
    link_letter: Letter | None = None,
) -> Done:
    """Change an order, at once or when the packer or the customer's money allows it; rehearsed, it is the preview.

    The answer's details hold the totals, what will be owed or was paid too much (minor units), changes and warnings.
    `letter` goes out when the change is made. `ask`: True for a pay link in any case, False for none; by default there
    is one where the change waits for it.

    Raises:
        Refused: the rules or the state of a line do not allow it, or nothing would change.
        Denied: a price is set by hand, which needs a supervisor.
        Conflict: the order changed since `version` was read.
        Invalid: an edit cannot be like this, or a reason is missing.
    """
    order = work.orders.locked(order_id, version=version)
    facts = work.orders.facts(order)
    if problem := why_not_amend(facts, standing_of(work, order_id)):
        raise Refused(problem)
    row, amended = proposal(work, order, edits, kept_line(reason))
    row.note, row.settle, row.letters = kept_text(note), settle.value, letters_to_json(letter, link_letter)
    work.add(row)
    before = cover_of(work, order)
    said = recall(work, order, row) if order.packing_since is not None else go_on(work, order, row, ask=ask)
    return_too_much(work, order, row)
    offer_undo(work, order, row)
    details = details_of(row, amended, before, elsewhere_words(amended, facts))
    return Done(with_rest(said, order, details), order_id, order.version, details)


@operation("amendment.apply")
def apply(work: Work, amendment_id: int, *, version: int | None = None) -> Done:
    """Make a change that waits without waiting longer; the order then owes what has not come.

    Raises:
        Refused: it is over, or somebody is packing the order.
        Conflict: the order changed since `version` was read.
    """
    order, row = _open(work, amendment_id, version)
    if order.packing_since is not None:
        raise Refused(f"{order.number} is being packed. Wait until the packer has put it back.")
    if problem := conflict_of(work, order, row):
        return Done(conflict(work, order, row, problem), id_of(order), order.version)
    row.settle = Settle.OWE.value
    said = apply_now(work, order, row)
    offer_undo(work, order, row)
    missing = -cover_of(work, order).balance
    rest = f" {amounts(order, missing)} is owed." if missing > 0 else ""
    return Done(said + rest, id_of(order), order.version)


@operation("amendment.withdraw")
def withdraw(work: Work, amendment_id: int, *, version: int | None = None) -> Done:
    """Take back a change that was not made yet; the order goes on as it is.

    Raises:
        Refused: it is over.
        Conflict: the order changed since `version` was read.
    """
    order, row = _open(work, amendment_id, version)
    end_without(work, order, row, AmendmentState.CANCELLED, "Change withdrawn")
    return Done(f"{order.number}: the change is withdrawn; the order is as it was.", id_of(order), order.version)


@operation("amendment.acknowledge_recall")
def acknowledge_recall(work: Work, amendment_id: int, *, version: int | None = None) -> Done:
    """Put an order back that is to be changed: packing stops, and the change goes on.

    Raises:
        Refused: nothing waits for the packer.
        Conflict: the order changed since `version` was read.
    """
    order, row = _open(work, amendment_id, version)
    if row.state != AmendmentState.AWAITING_PACKER:
        raise Refused(f"{order.number} waits for nobody who packs.")
    if order.packing_since is not None:
        stop_packing(work, id_of(order))
    row.recall_acknowledged_by = work.actor.name
    work.record("amendment.recalled", "order", id_of(order), "Put back for a change")
    said = go_on(work, order, row)
    work.orders.settle(order)
    work.undo = None
    return Done(said, id_of(order), order.version)


@operation("amendment.expire")
def expire(work: Work, amendment_id: int) -> Done:
    """End a change that was never paid; the order ships unchanged."""
    order = work.orders.locked(work.settlements.order_of(AmendmentRow, amendment_id, "amendment"))
    row = work.settlements.amendment(amendment_id)
    is_due = row.expires_at is not None and row.expires_at <= work.now
    if row.state != AmendmentState.AWAITING_PAYMENT or not is_due:
        return Done("The amendment has moved on.", id_of(order), order.version)
    if said := paid(work, row):
        return Done(said, id_of(order), order.version)
    end_without(work, order, row, AmendmentState.EXPIRED, "Change not paid in time; the order stays as it was")
    return Done(f"{order.number}: the change was not paid; the order stays as it was.", id_of(order), order.version)


@operation("order.unamend")
def unamend(
    work: Work,
    order_id: int,
    *,
    amendment_id: int,
    after: str,
    held: int,
    refund_id: int | None = None,
    mail_id: int | None = None,
) -> Done:
    """Put an order back to what it was before a change.

    `after` is the fingerprint of what the change made of it, `held` the money that it had then, in minor units.

    Raises:
        Refused: something has moved since, it is being packed, or the customer has been told.
    """
    order = work.orders.locked(order_id)
    row = work.settlements.amendment(amendment_id)
    now = order_parts(work, order, with_address=is_about_address(row))
    if row.state != AmendmentState.APPLIED or order.lifecycle != Lifecycle.PLACED or fingerprint(now) != after:
        raise Refused(f"{order.number} has moved on since it was changed. Change it again instead.")
    if order.packing_since is not None:
        raise Refused(f"{order.number} is being packed as it is now. Change it again instead.")
    if cover_of(work, order).held != held:
        raise Refused(f"Money of {order.number} has moved since it was changed. Change it again instead.")
    if refund_id is not None:
        take_refund_back(work, refund_id)
    if mail_id is not None:
        take_back(work, mail_id)
    base = base_of(row)
    put_back(work, order, base)
    if base.address:
        edit_address(work, order_id, version=order.version, kind=SHIPPING, **base.address)
    end(work, row, AmendmentState.CANCELLED)
    row.problem = "Taken back."
    work.record("order.unamended", "order", order_id, f"Change taken back: the total is {base.money(base.total)} again")
    let_go(work, order)
    suspicion = score_change(work, order)
    work.undo = None
    return Done(f"{order.number} is as it was before the change.{suspicion}", order_id, order.version)


def _open(work: Work, amendment_id: int, version: int | None) -> tuple[OrderRow, AmendmentRow]:
    order = work.orders.locked(work.settlements.order_of(AmendmentRow, amendment_id, "amendment"), version=version)
    row = work.settlements.amendment(amendment_id)
    state = AmendmentState(row.state)
    if not state.is_open:
        raise Refused(f"The change of {order.number} is over already ({state.word}).")
    return order, row
