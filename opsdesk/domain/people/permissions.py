"""Who may do what: one declared table. What is not in it, nobody may do."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from opsdesk.domain.money import Money, exponent
from opsdesk.domain.people.actors import Actor, Role

_AGENT, _WAREHOUSE, _FRAUD = Role.AGENT, Role.WAREHOUSE, Role.FRAUD
_SUPERVISOR, _ADMIN, _SYSTEM = Role.SUPERVISOR, Role.ADMIN, Role.SYSTEM

_LEADS = frozenset({_SUPERVISOR, _ADMIN})
_DESK = _LEADS | {_AGENT, _FRAUD}
_STAFF = _DESK | {_WAREHOUSE}
_CASES = _LEADS | {_FRAUD}
_ALONE = frozenset({_SYSTEM})
"""What no person does: the worker records what happened."""

PERMISSIONS: Mapping[str, frozenset[Role]] = {
    "order.claim": _STAFF,
    "order.assign": _LEADS,
    "order.hand_back": _STAFF,
    "order.snooze": _STAFF,
    "order.wake": _STAFF,
    "order.follow": _STAFF,
    "order.unfollow": _STAFF,
    "order.note": _STAFF,
    "order.hold": _STAFF,
    "order.hold_again": _DESK,
    "order.release": _DESK,
    "order.release_fraud": _LEADS | {_FRAUD},
    "order.edit_contact": _DESK,
    "order.edit_address": _DESK,
    "order.restore_contact": _DESK,
    "order.restore_address": _DESK,
    "order.cancel": _DESK,
    "order.uncancel": _DESK,
    "order.reopen": _DESK,
    "order.start_packing": _STAFF - {_FRAUD},
    "order.stop_packing": _STAFF - {_FRAUD},
    "order.ship": _STAFF - {_FRAUD},
    "order.recall_parcel": _STAFF - {_FRAUD},
    "order.deliver": _STAFF - {_FRAUD},
    "order.undeliver": _STAFF - {_FRAUD},
    "payment.record": _DESK,
    "payment.take_on_account": _LEADS,
    "payment.use_credit": _DESK,
    "payment.capture": _DESK,
    "payment.void": _DESK,
    "payment.expire": _ALONE,
    "call.take_back": _DESK,
    "call.send_now": _DESK,
    "call.settle_by_hand": _LEADS,
    "call.record_answer": _ALONE,
    "call.doubt_abandoned": _ALONE,
    "link.create": _DESK,
    "link.cancel": _DESK,
    "link.expire": _ALONE,
    "gateway.take_event": _ALONE,
    "gateway.move_cursor": _ALONE,
    "gateway.settle_event": _LEADS,
    "dispute.record": _DESK,
    "dispute.answer": _DESK,
    "dispute.accept": _LEADS,
    "dispute.decide": _LEADS,
    "refund.request": _DESK,
    "refund.approve": _LEADS,
    "refund.decline": _LEADS,
    "refund.take_back": _DESK,
    "refund.retry": _DESK,
    "refund.turn_into_credit": _DESK,
    "refund.assign": _DESK,
    "refund.unassign": _DESK,
    "refund.return_overpayment": _DESK,
    "refund.by_hand": _LEADS,
    "credit.issue": _LEADS,
    "order.amend": _DESK,
    "order.override_price": _LEADS,
    "order.unamend": _DESK,
    "amendment.apply": _DESK,
    "amendment.withdraw": _DESK,
    "amendment.acknowledge_recall": _STAFF - {_FRAUD},
    "amendment.expire": _ALONE,
    "status.tell": _DESK,
    "status.take_back": _DESK,
    "mail.take_back": _DESK,
    "mail.edit": _DESK,
    "mail.send_now": _DESK,
    "mail.settle_doubt": _DESK,
    "mail.record_outcome": _ALONE,
    "mail.hold_abandoned": _ALONE,
    "mail.note_bounce": _ALONE,
    "mailbox.move_cursor": _ALONE,
    "case.note_reply": _ALONE,
    "case.open": _CASES,
    "case.claim": _CASES,
    "case.next": _CASES,
    "case.let_go": _CASES,
    "case.log_attempt": _DESK,
    "case.respond": _DESK,
    "case.choose_call": _CASES,
    "case.decide": _CASES,
    "case.approve": _CASES,
    "case.reject": _CASES,
    "case.confirm_cancel": _CASES,
    "case.extend": _CASES,
    "case.reopen": _CASES,
    "risk.trust": _CASES,
    "risk.block": _CASES,
    "risk.block_many": _LEADS,
    "risk.snooze": _CASES,
    "risk.unlist": _CASES,
    "rule.save": _LEADS,
    "rule.set_state": _LEADS,
    "rule.withdraw": _LEADS,
    "rule.restore": _LEADS,
    "case.lapse": _ALONE,
    "case.lose_payment": _ALONE,
    "case.regain_payment": _ALONE,
    "case.escalate": _ALONE,
    "case.remind": _ALONE,
    "hold.review_due": _ALONE,
    "template.save": _LEADS,
    "shop.describe": frozenset({_ADMIN}),
    "shop.set_capture_policy": frozenset({_ADMIN}),
    "shop.set_fraud_scoring": frozenset({_ADMIN}),
    "fraud.rescore": _DESK | {_SYSTEM},
    "fraud.label": _CASES,
    "fraud.unlabel": _CASES,
    "import.orders": _LEADS | {_SYSTEM},
    "import.products": _LEADS | {_SYSTEM},
    "export.orders": _LEADS,
    "export.products": _LEADS,
    "job.begin": _STAFF,
    "job.note_step": _STAFF,
    "job.finish": _STAFF,
    "command.undo": _STAFF,
    "user.add": frozenset({_ADMIN}),
    "user.change_role": frozenset({_ADMIN}),
    "user.deactivate": frozenset({_ADMIN}),
    "user.reactivate": frozenset({_ADMIN}),
    "user.tie_login": frozenset({_ADMIN}),
    "user.set_password": _STAFF,
    "user.set_pin": _STAFF,
    "user.reset_password": frozenset({_ADMIN}),
    "user.reset_pin": frozenset({_ADMIN}),
    "user.make_first": _ALONE,
    "user.sign_in": _STAFF,
    "user.note_failure": _ALONE,
    "user.unlock": _LEADS,
    "terminal.enrol": _LEADS,
}
"""Which roles may carry out each operation, by the operation's name."""

OWN_LIMITS: Mapping[str, Mapping[Role, int]] = {
    "order.cancel": {_AGENT: 500, _FRAUD: 5_000},
    "payment.record": {_AGENT: 1_000, _FRAUD: 0},
    "refund.request": {_AGENT: 200, _FRAUD: 500, _SUPERVISOR: 2_000},
    "refund.day": {_AGENT: 1_000, _FRAUD: 1_000, _SUPERVISOR: 10_000},
    "refund.approve": {_SUPERVISOR: 5_000},
    "order.override_price": {_AGENT: 0, _FRAUD: 0},
}
"""The largest order (for payments: amount) in whole units of its currency that a role may decide alone.

A role that is not named has no limit. Yen and other currencies without cents count a hundred to the unit, so that one
figure means about the same money.
"""

SMALL_UNITS = 100


def why_not_allowed(actor: Actor | None, operation: str) -> str | None:
    """Say why this person may not carry out the operation, or None if they may."""
    if actor is None:
        return "Nobody is signed in. Sign in first."
    allowed = PERMISSIONS.get(operation)
    if allowed is None:
        return f"Nobody may do {operation or 'this'}: it is not in the table of permissions."
    if actor.role in allowed:
        return None
    who = " or ".join(sorted(role.value for role in allowed - {_SYSTEM})) or "the worker alone"
    return f"{actor.name} is {actor.role} and may not do this ({operation}). Ask: {who}."


def why_not_within(actor: Actor, operation: str, *amounts: Money) -> str | None:
    """Say why these amounts are together above what this person may decide alone, or None if they are not.

    Amounts of several currencies are added up unit by unit: no rate is asked, and no currency opens a limit of its own.
    """
    limit = OWN_LIMITS.get(operation, {}).get(actor.role)
    if limit is None or sum(_units(amount) for amount in amounts) <= limit:
        return None
    told = " and ".join(str(amount) for amount in amounts)
    is_above = "is above" if len(amounts) == 1 else "are together above"
    return f"{told} {is_above} the limit of {actor.role} ({limit}). Ask a supervisor."


def _units(amount: Money) -> Decimal:
    return amount.amount if exponent(amount.currency) else amount.amount / SMALL_UNITS
