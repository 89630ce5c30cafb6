"""How the rules of the fraud desk move a case: opened under the order's lock, moved, written, and what follows done.

Every move of a case goes through here, whoever caused it: a clerk, the Order Status menu, a mail server, the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from opsdesk.domain.fraud.cases.deadlines import next_call
from opsdesk.domain.fraud.cases.deciding import why_two
from opsdesk.domain.fraud.cases.letters import ASKING, STATUS_OF_END
from opsdesk.domain.fraud.cases.states import CaseFacts, Decision, Desk, Effect, FraudState, Move
from opsdesk.domain.fraud.cases.working import rescored
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.mails.outgoing import Letter, MailState
from opsdesk.domain.orders.holds import DEFAULT_BLOCKS, HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.operations.fraud.scoring import score_again
from opsdesk.operations.mails.outbox import queue_mail, take_back
from opsdesk.store.fraud.cases import CaseMoney, case_facts, write_case
from opsdesk.store.tables import CaseRow, HoldRow, LabelRow, OrderRow
from opsdesk.store.work import Done, Plain, Work

REMINDS = "reminds:"
"""Begins the event key of a mail that reminds the customer; the case's id follows."""

_LONGEST_TOUCH_S = 15 * 60
_OFFERS = {
    Effect.OFFER_RELEASE: "release",
    Effect.OFFER_CANCEL: "cancel",
    Effect.OFFER_LISTS: "lists",
    Effect.LOOK_AT_LINKS: "links",
}


@dataclass(slots=True)
class OpenCase:
    """A case that is worked on, with its order locked before it.

    Attributes:
        letter: what the customer is told where the move tells them something.
        told: sentences for whoever works, as they come up.
    """

    order: OrderRow
    row: CaseRow
    case: CaseFacts
    desk: Desk
    decision: Decision | None = None
    letter: Letter | None = None
    told: list[str] = field(default_factory=list)
    offers: tuple[Effect, ...] = ()

    @property
    def case_id(self) -> int:
        """The case's number."""
        assert self.row.id is not None, "A case that is worked on has been saved."
        return self.row.id


def desk_of(work: Work) -> Desk:
    """Return what every move needs besides the case, from the shop's files."""
    book = work.fraud
    if book is None:
        return Desk(work.now, work.zone)
    return Desk(work.now, work.zone, book.thresholds, book.contact, book.decisions)


def open_case(work: Work, case_id: int, *, version: int | None = None) -> OpenCase:
    """Return the case for change, its order locked first, provided nobody changed it since `version`.

    Raises:
        Refused: there is no such case.
        Conflict: somebody was first; who and how is said.
    """
    order = work.orders.locked(work.cases.order_of(case_id))
    row = work.cases.locked(case_id)
    if version is not None and row.version != version:
        raise work.orders.conflict(order)
    return at_work(work, order, row)


def at_work(work: Work, order: OrderRow, row: CaseRow) -> OpenCase:
    """Return a case as the rules see it; order and case are locked already."""
    desk = desk_of(work)
    contacts = work.cases.contacts(row.id or 0)
    return OpenCase(order, row, case_facts(row, order, contacts, money_of(work, row), desk.outcomes.outcomes), desk)


def money_of(work: Work, row: CaseRow) -> CaseMoney:
    """Return until when money is held for the order, and whether it was taken.

    What has lapsed without being taken stays known: that is how the case ends.
    """
    sums = [work.payments.facts(payment) for payment in work.payments.of_order(row.order_id)]
    taken = any(one.captured - one.refunded > 0 or one.capturing for one in sums)
    is_captured = taken and not any(one.capturable for one in sums)
    is_past = row.authorisation_ends is not None and row.authorisation_ends <= work.now
    return CaseMoney(
        authorisation_ends(work, row.order_id) or (row.authorisation_ends if is_past else None), is_captured
    )


def authorisation_ends(work: Work, order_id: int) -> datetime | None:
    """Return when the first of the order's authorisations ends, by the gateway's word or else rather too early."""
    held = [payment for payment in work.payments.of_order(order_id) if work.payments.facts(payment).capturable]
    book = work.fraud
    if book is None or not held:
        return min((payment.expires_at for payment in held if payment.expires_at is not None), default=None)
    brands = {check.payment_id: check.brand for check in work.risk.checks(order_id)}
    return min(
        book.codes.windows.ends_at(
            payment.created_at,
            gateway=payment.gateway,
            network=brands.get(payment.id or 0, ""),
            told=payment.expires_at,
        )
        for payment in held
    )


def is_money_held(work: Work, at: OpenCase) -> bool:
    """Say whether some of the order's money is held still, as far as anybody knows."""
    return any(work.payments.facts(payment).capturable for payment in work.payments.of_order(at.row.order_id))


def carry_out(
    work: Work, at: OpenCase, move: Move, action: str, summary: str, *, moves_order: bool = True
) -> tuple[str, ...]:
    """Write the case as it is after a move and do what follows; return what is offered next."""
    before = at.row.fraud_state
    _count_touch(work, at)
    at.row.second_content = _needed_of_two(at) if move.case.state is FraudState.RELEASED else None
    at.case = move.case
    write_case(at.row, at.case, at.desk)
    at.row.version += 1
    work.record(action, "order", at.row.order_id, summary, before=before, after=at.row.fraud_state)
    for effect in move.effects:
        if effect in _EFFECTS:
            _EFFECTS[effect](work, at)
    work.orders.settle(at.order, moves=moves_order)
    return tuple(dict.fromkeys(_OFFERS[effect] for effect in (*move.effects, *at.offers) if effect in _OFFERS))


def _needed_of_two(at: OpenCase) -> str | None:
    """Return what a second person had to agree to, by the shop's limits and whichever way the case is released."""
    if at.decision is None or why_two(at.case, at.decision, at.desk) is None:
        return None
    return at.case.content(at.decision, at.case.proposal.at if at.case.proposal is not None else at.desk.now)


def done(at: OpenCase, sentence: str, offers: tuple[str, ...] = ()) -> Done:
    """Answer a command about a case: the record is the case, and the version is the case's."""
    details: dict[str, Plain] = {
        "order_id": at.row.order_id,
        "number": at.order.number,
        "state": at.row.fraud_state,
        "offers": " ".join(offers),
    }
    return Done(" ".join([sentence, *at.told]), at.case_id, at.row.version, details)


def _count_touch(work: Work, at: OpenCase) -> None:
    """Count the minutes that somebody sat over the case; a long silence counts as a short one."""
    since = at.row.worked_at
    if at.case.claimant(work.now) == work.actor.name and since is not None:
        at.row.touch_seconds += min(int((work.now - since).total_seconds()), _LONGEST_TOUCH_S)


def _place_hold(work: Work, at: OpenCase) -> None:
    if work.cases.active_hold(at.row.order_id, HoldType.FRAUD.value) is None:
        place_fraud_hold(work, at.row.order_id, at.row.reason or "Its case was opened.")


def place_fraud_hold(work: Work, order_id: int, reason: str) -> None:
    """Hold an order until its case is decided."""
    work.add(
        HoldRow(
            order_id=order_id,
            type=HoldType.FRAUD.value,
            reason=reason,
            blocks=",".join(sorted(DEFAULT_BLOCKS[HoldType.FRAUD])),
            placed_by=work.actor.name,
            placed_at=work.now,
        )
    )
    summary = f"On hold: {HoldType.FRAUD.label}. {reason}"
    work.record("hold.placed", "order", order_id, summary, after=HoldType.FRAUD.value)


def _release_hold(work: Work, at: OpenCase) -> None:
    held = work.cases.active_hold(at.row.order_id, HoldType.FRAUD.value)
    if held is None:
        return
    held.released_by, held.released_at, held.release_note = work.actor.name, work.now, at.row.reason_code
    summary = f"Hold released: {HoldType.FRAUD.label}"
    work.record("hold.released", "order", at.row.order_id, summary, before=held.type)


def _restore_status(work: Work, at: OpenCase) -> None:
    if at.order.told_status in ASKING:
        at.order.told_status = at.row.previous_status


def _stop_reminders(work: Work, at: OpenCase) -> None:
    at.row.remind_at = None
    for mail in work.mails.waiting(at.row.order_id):
        if mail.event_key.startswith(f"{REMINDS}{at.case_id}:") and MailState(mail.state).can_be_changed:
            take_back(work, mail.id or 0)


def _call_task(work: Work, at: OpenCase) -> None:
    at.row.next_call_at = next_call(at.case, at.desk)


def _cancel_order(work: Work, at: OpenCase) -> None:
    # Imported here: cancelling an order decides its case, so the two know each other.
    from opsdesk.operations.orders.cancelling import cancel

    is_fraud = at.decision is not None and at.decision.verdict is Verdict.CANCEL_FRAUD
    reason = CancelReason.FRAUD if is_fraud else CancelReason.UNVERIFIED
    said = cancel(work, at.row.order_id, reason=reason, note=f"Case decided: {at.row.reason_code}.")
    work.undo = None
    at.told.append(said.message)


def _tell_the_end(work: Work, at: OpenCase) -> None:
    if at.letter is None or at.decision is None or not at.order.email:
        return
    event_key = f"decided:{at.case_id}:{work.command_id}"
    queue_mail(work, at.order, at.letter, event_key=event_key, status_code=STATUS_OF_END[at.decision.verdict])
    at.told.append("The customer is told.")


def take_back_end(work: Work, at: OpenCase) -> None:
    """Do not send what tells the customer of an end that is taken back, while it waits."""
    for mail in work.mails.waiting(at.row.order_id):
        if mail.event_key.startswith(f"decided:{at.case_id}:") and MailState(mail.state).can_be_changed:
            take_back(work, mail.id or 0)


def _label_fraud(work: Work, at: OpenCase) -> None:
    label = LabelRow(
        order_id=at.row.order_id,
        label="confirmed_fraud",
        source="case",
        reason=at.row.reason_code,
        by=work.actor.name,
        at=work.now,
    )
    work.add(label)


def _rescore(work: Work, at: OpenCase) -> None:
    if work.fraud is None:
        return
    score = score_again(work, at.order).score
    move = rescored(at.case, score.total, score.action)
    at.case = move.case
    at.offers += move.effects


_EFFECTS: dict[Effect, Callable[[Work, OpenCase], None]] = {
    Effect.PLACE_HOLD: _place_hold,
    Effect.RESCORE: _rescore,
    Effect.RELEASE_HOLD: _release_hold,
    Effect.RESTORE_STATUS: _restore_status,
    Effect.STOP_REMINDERS: _stop_reminders,
    Effect.CALL_TASK: _call_task,
    Effect.CANCEL_ORDER: _cancel_order,
    Effect.TELL_CANCELLED: _tell_the_end,
    Effect.TELL_RELEASED: _tell_the_end,
    Effect.LABEL_FRAUD: _label_fraud,
}
