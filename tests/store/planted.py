"""Violations of what must always be true, each as somebody with the bare database at hand could cause it."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import text

from opsdesk.store.engine import connect

READY = "(SELECT max(id) FROM orders WHERE headline = 'ready' AND payment_status = 'paid' AND total_minor > 0)"
SHIPPED = "(SELECT max(id) FROM orders WHERE headline = 'shipped')"
AUTHORISED = "(SELECT max(order_id) FROM payment WHERE state = 'authorised')"
FRAUD = "(SELECT max(order_id) FROM verification_case WHERE state = 'awaiting_customer')"
UNHELD = """(SELECT max(id) FROM orders WHERE lifecycle = 'placed' AND fulfilment_status = 'unfulfilled'
    AND stage <> 'done' AND id NOT IN (SELECT order_id FROM hold WHERE type = 'fraud'))"""
CANCELLED = "(SELECT max(id) FROM orders WHERE lifecycle = 'cancelled')"
LATER = "'2026-11-24 13:31:30.000000'"
PAID_BY_CARD = "(SELECT max(id) FROM payment WHERE state = 'captured' AND gateway = 'stripe')"
HELD_MONEY = "(SELECT max(id) FROM payment WHERE state = 'authorised')"
REFUNDED = "(SELECT max(id) FROM refund WHERE state = 'succeeded' AND needs_approval)"
ALONE = "(SELECT max(id) FROM refund WHERE NOT needs_approval)"


_NUMBERED = "(SELECT coalesce(max(number), 0) + 1 FROM credit_note)"


def _note(refund: str, gross: str, *, at: str, cancels: str = "NULL") -> str:
    """Issue a credit note without tax, and without giving out its number."""
    return (
        "INSERT INTO credit_note (id, series, number, order_id, refund_id, cancels_id, currency, net_minor, tax_minor, "
        f"gross_minor, lines, reason, issued_at, issued_by) SELECT coalesce((SELECT max(id) FROM credit_note), 0) + 1, "
        f"'CN', {_NUMBERED}, order_id, id, {cancels}, currency, {gross}, 0, {gross}, '[]', '', {at}, 'planted' "
        f"FROM refund WHERE id = {refund}"
    )


class Planted(NamedTuple):
    """One violation.

    Attributes:
        wrong: what `verify` must say of it.
        constraints: what the store itself holds against it, as `table.constraint`; taken away first.
        index: a unique index that is taken away first.
    """

    invariant: str
    wrong: str
    statements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    index: str = ""
    kinds: tuple[str, ...] = ("sqlite", "postgres")


def _paid(order: str, kind: str, amount: str, *, state: str = "succeeded", currency: str = "", key: str = "") -> str:
    named = f"'{currency}'" if currency else f"(SELECT currency FROM orders WHERE id = {order})"
    return (
        "INSERT INTO payment_transaction (id, order_id, payment_id, kind, state, amount_minor, currency, gateway, "
        "reference, happened_at, call_key, settled_currency) VALUES ((SELECT max(id) + 1 FROM payment_transaction), "
        f"{order}, (SELECT max(id) FROM payment WHERE order_id = {order}), '{kind}', '{state}', {amount}, {named}, "
        f"'planted', 'planted', {LATER}, '{key}', '')"
    )


def _payment(assignment: str, payment: str) -> str:
    return f"UPDATE payment SET {assignment} WHERE id = {payment}"


def _entry(assignment: str) -> str:
    return f"UPDATE journal SET {assignment} WHERE id = (SELECT max(id) FROM journal)"


def _refund(assignment: str, refund: str) -> str:
    return f"UPDATE refund SET {assignment} WHERE id = {refund}"


def _part(assignment: str, kind: str) -> str:
    return f"UPDATE refund_part SET {assignment} WHERE id = (SELECT max(id) FROM refund_part WHERE kind = '{kind}')"


_RELEASED_BY_TWO = f"""UPDATE verification_case SET fraud_state = 'released', state = 'released', decided_by = 'lena',
    decided_at = {LATER}, second_by = 'tim', second_content = 'just this' WHERE order_id = {FRAUD}"""


def _parcel(order: str) -> str:
    return (
        "INSERT INTO parcel (id, order_id, carrier, tracking_number, tracking_url, shipped_by, shipped_at) VALUES "
        f"((SELECT max(id) + 1 FROM parcel), {order}, 'DHL', 'X', '', 'piet', {LATER})"
    )


def _order(assignment: str, order: str = READY) -> str:
    return f"UPDATE orders SET {assignment} WHERE id = {order}"


def _line(assignment: str, order: str = READY) -> str:
    return f"UPDATE order_line SET {assignment} WHERE id = (SELECT min(id) FROM order_line WHERE order_id = {order})"


_TOTAL = f"(SELECT total_minor FROM orders WHERE id = {READY})"


def _labelled(word: str) -> str:
    return (
        "INSERT INTO order_label (id, order_id, label, source, reference, reason, by, at) "
        f"VALUES (900000, {UNHELD}, '{word}', 'person', '', '', 'lena', {LATER})"
    )


def _scored(told: str) -> str:
    return (
        "INSERT INTO risk_assessment (id, order_id, scored_at, cause, score, band, action, coverage, book, fired, "
        f"result, facts) SELECT 900000, id, {LATER}, 'import', {told}, 50, 'x', '', '', '{{}}' FROM orders "
        f"WHERE id = {UNHELD}"
    )


PLANTED = {
    "goods of another sum": Planted(
        "M1", "its lines do not add up", (_order("goods_minor = goods_minor + 1, total_minor = total_minor + 1"),)
    ),
    "total of another sum": Planted("M1", "its parts do not add up", (_order("shipping_minor = shipping_minor + 1"),)),
    "too much tax": Planted("M2", "the tax of its lines is more", (_line("tax_minor = tax_minor + 100000"),)),
    "no currency": Planted("M3", "its currency is none", (_order("currency = 'eur'"),)),
    "nothing ordered": Planted(
        "M3", "nothing or less than nothing was ordered", (_line("ordered = 0"),)
    ),
    "foreign money": Planted("M3", "not that of its order", (_paid(READY, "sale", "1", currency="XAU"),)),
    "captured too much": Planted(
        "P2", "more was captured and voided from here", (_paid(AUTHORISED, "capture", "99999999", key="planted"),)
    ),
    "a number of a document is missing": Planted(
        "P7", "a number of a document is missing", ("INSERT INTO document_series VALUES ('CN', 7)",)
    ),
    "a refund without a credit note": Planted(
        "P7",
        "it has no credit note",
        (_note(REFUNDED, "1", at="'2020-01-01 00:00:00.000000'"),),
    ),
    "a credit note that is not the refund": Planted(
        "P7", "it is not what went back", (_note(REFUNDED, "1", at=LATER),)
    ),
    "a credit note that is cancelled in part": Planted(
        "P7",
        "not the opposite of what it cancels",
        (
            _note(REFUNDED, "100", at=LATER),
            _note(REFUNDED, "-99", at=LATER, cancels="(SELECT max(id) FROM credit_note)"),
        ),
    ),
    "refunded too much": Planted(
        "P2", "more was refunded, or", (_paid(READY, "refund", f"{_TOTAL} + 1", state="pending"),)
    ),
    "refunded too much of one payment": Planted(
        "P2",
        "more was refunded from here",
        (_payment("refunding_minor = captured_minor + 1", PAID_BY_CARD),),
    ),
    "a payment of other sums": Planted(
        "P2", "its sums are not", (_payment("voided_minor = voided_minor + 1", HELD_MONEY),)
    ),
    "money set aside for nothing": Planted(
        "P2", "what it has set aside", (_payment("capturing_minor = 1", HELD_MONEY),)
    ),
    "credit out of nowhere": Planted(
        "P2",
        "more was paid with it",
        ("UPDATE store_credit SET balance_minor = issued_minor WHERE id = (SELECT max(credit_id) FROM payment)",),
    ),
    "captured and voided": Planted(
        "P3",
        "ended twice",
        (_payment("voided_minor = authorised_minor, captured_minor = 1", HELD_MONEY),),
    ),
    "money that is in no journal": Planted(
        "P1", "missing, doubled", ("DELETE FROM journal WHERE id = (SELECT max(id) FROM journal)",)
    ),
    "an entry of another amount": Planted("P1", "missing, doubled", (_entry("amount_minor = amount_minor + 1"),)),
    "an entry twice": Planted(
        "P1",
        "missing, doubled",
        ("INSERT INTO journal SELECT id + 1, order_id, transaction_id, debit, credit, amount_minor, currency, booked_at "
         "FROM journal ORDER BY id DESC LIMIT 1",),
    ),
    "an entry for nothing": Planted("P1", "no transaction stands", (_entry("transaction_id = 9999999"),)),
    "an account that there is not": Planted("P1", "its accounts or", (_entry("debit = 'pocket'"),)),
    "money in another place": Planted("P1", "lies elsewhere", (_entry("debit = 'cash'"),)),
    "more refunded than sold": Planted("P7", "more of it was refunded", (_part("quantity = 99", "line"),)),
    "more tax refunded than charged": Planted(
        "P7", "more tax or shipping", (_part("tax_minor = 9999999", "line"),)
    ),
    "a part too much": Planted("P7", "its parts are not", (_part("amount_minor = amount_minor + 1", "goodwill"),)),
    "a share too little": Planted(
        "P7", "its shares are not", ("UPDATE refund_share SET amount_minor = amount_minor - 1 WHERE id = 1",)
    ),
    "refunded, but not all of it": Planted(
        "P7",
        "not every share",
        ("UPDATE refund_share SET state = 'failed' WHERE id = "
         "(SELECT max(refund_share.id) FROM refund_share JOIN refund ON refund.id = refund_id "
         "WHERE refund.state = 'succeeded')",),
    ),
    "made outside, by nobody's books": Planted("P7", "made outside", (_refund("submitted_at = NULL", REFUNDED),)),
    "nobody agreed": Planted(
        "A4", "nobody else has agreed", (_refund("content_hash = 'another'", REFUNDED),)
    ),
    "agreed too late": Planted(
        "A4",
        "nobody else has agreed",
        (f"UPDATE approval SET approved_at = {LATER} WHERE subject_id = {REFUNDED}",),
    ),
    "agreed with oneself": Planted(
        "A4", "what they had asked for themselves", ("UPDATE approval SET approved_by = requested_by WHERE id = 1",)
    ),
    "too much on one day": Planted("A6", "more than they may alone", (_refund("amount_minor = 100001", ALONE),)),
    "refund of no state": Planted("A2", "its state or its reason", (_refund("state = 'maybe'", ALONE),)),
    "part of no kind": Planted("A2", "a part or a share", (_part("kind = 'tip'", "goodwill"),)),
    "payment of no method": Planted("A2", "how it ended", (_payment("method = 'shells'", HELD_MONEY),)),
    "payment of a stale state": Planted("A2", "not what its sums say", (_payment("state = 'captured'", HELD_MONEY),)),
    "asking for ever": Planted(
        "E2",
        "on its way to the gateway",
        ("UPDATE gateway_call SET state = 'sending', claimed_at = '2026-11-24 13:10:00.000000' "
         "WHERE state = 'unknown'",),
    ),
    "one key twice": Planted(
        "E2",
        "under the same key",
        ("UPDATE gateway_call SET key = 'twice' WHERE kind = 'create_link'",),
        ("gateway_call.uq_call_key",),
        kinds=("postgres",),
    ),
    "paid back twice": Planted(
        "E2",
        "it went back twice",
        ("UPDATE gateway_call SET state = 'succeeded', share_id = "
         "(SELECT share_id FROM gateway_call WHERE share_id IS NOT NULL AND state = 'succeeded' LIMIT 1) "
         "WHERE state = 'failed'",),
    ),
    "call of no kind": Planted("E2", "its kind or its state", ("UPDATE gateway_call SET kind = 'ask' WHERE id = 1",)),
    "refund in another currency": Planted("M3", "another currency than its order", (_refund("currency = 'XAU'", ALONE),)),
    "two changes at once": Planted(
        "A2",
        "two changes of it",
        ("UPDATE amendment SET state = 'cancelled' WHERE id = 0 OR state <> 'awaiting_payment' OR "
         "id = (SELECT max(id) FROM amendment)",
         "INSERT INTO amendment (id, order_id, state, reason, note, edits, base_fingerprint, base, settle, letters, "
         "old_total_minor, new_total_minor, currency, proposed_by, proposed_at, problem, version) "
         "SELECT id + number, order_id, 'proposed', reason, note, edits, base_fingerprint, base, settle, letters, "
         "old_total_minor, new_total_minor, currency, proposed_by, proposed_at, problem, version "
         "FROM amendment, (SELECT 100 AS number UNION ALL SELECT 200) AS numbers "
         "WHERE id = (SELECT max(id) FROM amendment)"),
        index="uq_amendment_open",
    ),
    "change of no state": Planted(
        "A2", "its state is none that there is", ("UPDATE amendment SET state = 'dreamt' WHERE id = 1",)
    ),
    "disputed and not held": Planted(
        "A2",
        "yet it was never held",
        ("DELETE FROM hold WHERE type = 'dispute' AND order_id IN "
         "(SELECT order_id FROM dispute WHERE closed_at IS NULL)",),
    ),
    "dispute decided at no moment": Planted(
        "A2", "whether it is decided", ("UPDATE dispute SET state = 'won' WHERE closed_at IS NULL",)
    ),
    "link paid by nobody": Planted(
        "A2", "by no payment of its order", ("UPDATE pay_link SET state = 'paid' WHERE state = 'open'",)
    ),
    "link of no state": Planted("A2", "its state is none that there is", ("UPDATE pay_link SET state = 'torn' WHERE id = 1",)),
    "paid without a payment": Planted("P4", "what it says is paid is not", (_order("paid_minor = paid_minor + 1"),)),
    "guard taken away": Planted("P6", "nothing keeps its rows", ("DROP TRIGGER payment_transaction_no_delete",),
                                kinds=("sqlite",)),
    "guard switched off": Planted(
        "P6", "nothing keeps its rows", ("ALTER TABLE activity DISABLE TRIGGER activity_append_only",),
        kinds=("postgres",),
    ),
    "payment of no kind": Planted("A2", "its kind, its state or its amount", (_paid(READY, "gift", "1"),)),
    "shipped more than ordered": Planted(
        "S4", "its quantities cannot be", (_line("shipped = ordered + 1"),), ("order_line.ck_line_shipped",)
    ),
    "more in parcels than shipped": Planted(
        "S4", "more of it is in parcels", (_line("shipped = shipped - 1, cancelled = cancelled", SHIPPED),)
    ),
    "somebody else's goods in a parcel": Planted(
        "S4",
        "something of another order",
        (
            "INSERT INTO parcel_line (parcel_id, line_id, quantity) VALUES "
            f"((SELECT max(id) FROM parcel WHERE order_id = {SHIPPED}), "
            f"(SELECT min(id) FROM order_line WHERE order_id = {READY}), 1)",
        ),
    ),
    "delivered before shipped": Planted(
        "S4",
        "before it was shipped",
        (f"UPDATE parcel SET delivered_at = '2026-01-01 00:00:00.000000' WHERE order_id = {SHIPPED}",),
    ),
    "cancelled and open": Planted("S4", "still has to leave", (_line("cancelled = cancelled - 1", CANCELLED),)),
    "parcel past a fraud hold": Planted("A5", "a parcel left", (_parcel(FRAUD),)),
    "money past a fraud hold": Planted("A5", "money was taken", (_paid(FRAUD, "capture", "1", key="planted"),)),
    "hold of no type": Planted(
        "A2", "its type, or what happens", ("UPDATE hold SET type = 'mood' WHERE id = (SELECT max(id) FROM hold)",)
    ),
    "hold released by nobody": Planted(
        "A2",
        "released by nobody",
        (f"UPDATE hold SET released_at = {LATER} WHERE id = "
         "(SELECT max(id) FROM hold WHERE type = 'address' AND released_at IS NULL)",),
    ),
    "held twice": Planted(
        "A2",
        "held twice",
        (
            "INSERT INTO hold (id, order_id, type, reason, blocks, placed_by, placed_at, on_review, release_note) "
            f"SELECT (SELECT max(id) + 1 FROM hold), order_id, type, 'again', blocks, placed_by, {LATER}, on_review, '' "
            "FROM hold WHERE released_at IS NULL AND type = 'stock' LIMIT 1",
        ),
        index="uq_hold_active",
    ),
    "cancelled and held": Planted(
        "A2",
        "cancelled, and yet on hold",
        (_order("lifecycle = 'cancelled'", "(SELECT max(order_id) FROM hold WHERE released_at IS NULL)"),),
    ),
    "case decided by nobody": Planted(
        "A2",
        "does not fit whether somebody has decided it",
        (f"UPDATE verification_case SET state = 'released' WHERE order_id = {FRAUD}",),
    ),
    "case without a hold": Planted(
        "A2",
        "and yet it is not held",
        (f"UPDATE hold SET released_at = {LATER}, released_by = 'lena' WHERE type = 'fraud' AND order_id = {FRAUD}",),
    ),
    "packed past a fraud hold": Planted("A5", "packing began", (_order(f"packing_since = {LATER}", FRAUD),)),
    "released alone above the limit": Planted("A4", "nobody else has agreed to just that", (_RELEASED_BY_TWO,)),
    "released with another agreement": Planted(
        "A4",
        "nobody else has agreed to just that",
        (
            _RELEASED_BY_TWO,
            "INSERT INTO approval (id, subject_kind, subject_id, content_hash, amount_minor, currency, requested_by, "
            "approved_by, approver_role, approved_at, command_id) SELECT 900000, 'case', id, 'something else', 1, 'EUR', "
            f"'lena', 'tim', 'fraud', {LATER}, 'planted' FROM verification_case WHERE order_id = {FRAUD}",
        ),
    ),
    "captured past a fraud hold": Planted(
        "A5",
        "a capture that was asked for since",
        ("INSERT INTO gateway_call (id, order_id, kind, gateway, reference, key, amount_minor, currency, reason, state, "
         "not_before, attempts, answer_reference, problem, requested_by, requested_at, version) "
         f"SELECT 900000, id, 'capture', 'stripe', 'pi_x', 'key-x', 1, currency, '', 'requested', {LATER}, 0, '', '', "
         f"'mia', {LATER}, 1 FROM orders WHERE id = {FRAUD}",),
    ),
    "flagged and not held": Planted(
        "A5", "and yet it was not held", (_scored("70, 'high', 'hold'"),)
    ),
    "case of no state": Planted(
        "A2",
        "where the fraud desk has it is no state",
        (f"UPDATE verification_case SET fraud_state = 'dreamt' WHERE order_id = {FRAUD}",),
    ),
    "case in two states": Planted(
        "A2",
        "or another one than the house knows",
        (f"UPDATE verification_case SET fraud_state = 'calling' WHERE order_id = {FRAUD}",),
    ),
    "two cases at once": Planted(
        "A2",
        "two cases for the same reason",
        (f"UPDATE verification_case SET order_id = {FRAUD}, decided_at = NULL, decided_by = NULL "
         f"WHERE id = (SELECT max(id) FROM verification_case WHERE order_id <> {FRAUD})",),
        index="uq_case_open",
    ),
    "decided for two": Planted(
        "A4",
        "what they had proposed themselves",
        (f"UPDATE verification_case SET proposed_by = 'lena', second_by = 'lena' WHERE order_id = {FRAUD}",),
    ),
    "decision that waits for nobody": Planted(
        "A2",
        "whether a decision waits for a second person",
        (f"UPDATE verification_case SET proposal = 'x', proposed_by = 'lena' WHERE order_id = {FRAUD}",
         f"UPDATE verification_case SET fraud_state = 'pending_second', state = 'responded', proposal = '' "
         f"WHERE order_id = {FRAUD}"),
    ),
    "gut of six": Planted(
        "A2", "its verdict or its gut", (f"UPDATE verification_case SET gut = 6 WHERE order_id = {FRAUD}",)
    ),
    "score of no band": Planted("A2", "its points, its band", (_scored("70, 'purple', 'release'"),)),
    "trusted for no reason": Planted(
        "A2",
        "nobody said why and until when",
        ("INSERT INTO risk_list_entry (id, kind, entity, digest, shown, reason, author, added_at, rule_id) "
         f"VALUES (900000, 'allow', 'email', 'x', 'x', '', 'lena', {LATER}, '')",),
    ),
    "sampled though held": Planted(
        "A5", "it passed as a sample", (_scored("70, 'high', 'hold'"), _labelled("sampled")),
    ),
    "known as something odd": Planted("A2", "what it turned out to be is no word", (_labelled("haunted"),)),
    "rule of no state": Planted(
        "A2",
        "its state is none that there is",
        ("INSERT INTO risk_rule (id, rule_id, revision, version, state, definition, note, author, written_at) "
         f"VALUES (900000, 'TRY-01', 1, 'x', 'maybe', '{{}}', '', 'lena', {LATER})",),
    ),
    "two mails of one event": Planted(
        "E1",
        "another mail tells of the same event",
        ("UPDATE mail SET event_key = 'twice' WHERE id IN (1, 2)",),
        ("mail.uq_mail_event",),
        kinds=("postgres",),
    ),
    "told without a mail": Planted(
        "E1", "there is no mail of it", ("UPDATE mail SET command_id = 'lost' WHERE status_code = 'potential_fraud'",)
    ),
    "accepted at no moment": Planted(
        "E1", "does not fit whether the mail server took it",
        ("UPDATE mail SET accepted_at = NULL WHERE id = (SELECT max(id) FROM mail WHERE state = 'accepted')",),
    ),
    "sending for ever": Planted(
        "E2",
        "on its way to the mail server for more than a quarter of an hour",
        ("UPDATE mail SET state = 'sending', claimed_at = '2026-11-24 13:10:00.000000', accepted_at = NULL "
         "WHERE id = (SELECT max(id) FROM mail WHERE state = 'retry')",),
    ),
    "cancelled without a trace": Planted(
        "A1",
        "ends in another state",
        (_order("lifecycle = 'placed'", "(SELECT max(order_id) FROM cancellation WHERE reopened_at IS NULL)"),),
    ),
    "order from nowhere": Planted(
        "A1",
        "how it came to be",
        ("UPDATE orders SET id = 900000 WHERE id = (SELECT max(id) FROM orders WHERE headline = 'awaiting_payment' "
         "AND id NOT IN (SELECT order_id FROM mail WHERE order_id IS NOT NULL))",),
    ),
    "hold without a trace": Planted(
        "A1",
        "that nothing in its history placed",
        (
            "INSERT INTO hold (id, order_id, type, reason, blocks, placed_by, placed_at, on_review, release_note) "
            f"VALUES ((SELECT max(id) + 1 FROM hold), {READY}, 'manual', 'quietly', 'ship', 'mia', {LATER}, 'task', '')",
        ),
    ),
    "owner without a trace": Planted("A1", "nothing in its history gave it to", (_order("owner_id = 2"),)),
    "parcel without a trace": Planted("A1", "parcels of it that nothing in its history sent", (_parcel(READY),)),
    "mail accepted without a trace": Planted(
        "A1",
        "other mails that were accepted",
        (f"UPDATE mail SET state = 'accepted', accepted_at = {LATER} WHERE id = "
         "(SELECT max(id) FROM mail WHERE state = 'failed')",),
    ),
    "history without a command": Planted(
        "A1",
        "no accepted command stands behind it",
        ("UPDATE command SET id = 'lost' WHERE name = 'order.claim' AND id = "
         "(SELECT max(id) FROM command WHERE name = 'order.claim')",),
    ),
    "a step that there is not": Planted(
        "A2",
        "takes a step that there is not",
        ("INSERT INTO activity SELECT id + 1, at, actor, role, terminal, 'order.cancelled', 'done', 'order', subject_id, "
         "command_id, 'planted', 'completed', 'cancelled', hash FROM activity WHERE subject_kind = 'order' "
         "ORDER BY id DESC LIMIT 1",),
    ),
    "lifecycle of no name": Planted("A2", "its lifecycle is none", (_order("lifecycle = 'asleep'"),)),
    "reason of no name": Planted("A2", "its reason is none", ("UPDATE cancellation SET reason = 'mood' WHERE id = 1",)),
    "role of no name": Planted("A2", "their role is none", ("UPDATE users SET role = 'king' WHERE id = 1",)),
    "history with a gap": Planted(
        "A3",
        "not numbered without gaps",
        ("INSERT INTO activity SELECT id + 7, at, actor, role, terminal, action, outcome, subject_kind, subject_id, "
         "command_id, summary, before, after, hash FROM activity ORDER BY id DESC LIMIT 1",),
    ),
    "history with a false seal": Planted(
        "A3",
        "its seal does not fit",
        ("INSERT INTO activity SELECT id + 1, at, actor, role, terminal, action, outcome, subject_kind, subject_id, "
         "command_id, summary, before, after, hash FROM activity ORDER BY id DESC LIMIT 1",),
    ),
    "one version made twice": Planted(
        "C1",
        "two accepted commands say",
        ("UPDATE command SET result = (SELECT result FROM command WHERE name = 'order.claim' LIMIT 1) WHERE name IN "
         "('order.claim', 'order.note') AND id IN (SELECT command_id FROM activity WHERE subject_id = "
         "(SELECT subject_id FROM activity WHERE action = 'order.followed' LIMIT 1))",),
    ),
    "a version that nothing made": Planted("C1", "that nothing in its history made", (_order("version = 99"),)),
    "a stale headline": Planted("derived", "headline is shipped", (_order("headline = 'shipped'"),)),
    "a miscounted note": Planted("derived", "note_count is 9", (_order("note_count = 9"),)),
    "a card number in a note": Planted(
        "X1", "card number", ("UPDATE note SET text = 'Card 4111 1111 1111 1111, call back' WHERE id = 1",)
    ),
    "a card number in Arabic digits": Planted(
        "X1", "card number", ("UPDATE mail SET subject = '٤١١١١١١١١١١١١١١١' WHERE id = 1",)
    ),
    "a card number in a refund": Planted(
        "X1", "card number", ("UPDATE refund SET note = 'to 4111 1111 1111 1111' WHERE id = 1",)
    ),
    "an escape in what a gateway said": Planted(
        "X3", "must not be stored", ("UPDATE gateway_call SET problem = 'No.\x1b[2J' WHERE id = 1",)
    ),
    "an escape in a name": Planted("X3", "must not be stored", (_order("customer_name = 'Ada\x1b[2J'"),)),
    "a right-to-left override": Planted("X3", "must not be stored", (_order("customer_name = 'Ada\u202egreB'"),)),
    "a line break in a phone number": Planted("X3", "must not be stored", (_order("phone = '+49\n30'"),)),
}  # fmt: skip


GUARDS_OF_MONEY = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('journal', 'approval') "
    "AND name LIKE '%\\_no\\_%' ESCAPE '\\'"
)
"""Taken away while something is planted, and put back: whoever forges rows would do the same."""


def plant(url: str, violation: Planted) -> None:
    """Write it past every guard."""
    store = connect(url)
    with store.writer.begin() as connection:
        if store.is_sqlite:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN")
            guards = connection.exec_driver_sql(GUARDS_OF_MONEY).all()
            for name, _ in guards:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
            for constraint in violation.constraints:
                table, name = constraint.split(".")
                connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        if violation.index:
            connection.exec_driver_sql(f"DROP INDEX {violation.index}")
        for statement in violation.statements:
            done = connection.execute(text(statement.replace(":", "\\:")))
            assert done.rowcount != 0, f"Nothing was planted: {statement}"
        if store.is_sqlite:
            for _, guard in guards:
                connection.exec_driver_sql(guard)
    store.close()
