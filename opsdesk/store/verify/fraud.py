"""The fraud desk: no way past a hold, cases in states that there are, decisions by whom they need (INV-A2, A4, A5)."""

from __future__ import annotations

from opsdesk.domain.fraud.cases.states import CLOSED, FraudState
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.fraud.drafting.versions import Kept
from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.domain.fraud.lists import ListKind
from opsdesk.domain.fraud.scoring import Action, Band
from opsdesk.store.verify.checks import Check, words

_CLOSED = words(sorted(CLOSED))
_PLAIN = " ".join(f"WHEN '{state.value}' THEN '{state.plain.value}'" for state in FraudState)
_SECOND = FraudState.PENDING_SECOND.value

CHECKS = (
    Check(
        "A5",
        "order",
        "it is held for fraud, and a capture that was asked for since is under way or done",
        """
        SELECT DISTINCT number, 'call ' || gateway_call.id
        FROM hold
            JOIN gateway_call ON gateway_call.order_id = hold.order_id
            JOIN orders ON orders.id = hold.order_id
        WHERE hold.type = 'fraud' AND gateway_call.kind = 'capture'
            AND gateway_call.state IN ('requested', 'sending', 'pending', 'unknown', 'succeeded')
            AND requested_at > hold.placed_at AND (released_at IS NULL OR requested_at < released_at)
        """,
    ),
    Check(
        "A5",
        "order",
        "packing began while it was held for fraud",
        """
        SELECT DISTINCT number, 'hold ' || hold.id
        FROM hold JOIN orders ON orders.id = hold.order_id
        WHERE hold.type = 'fraud' AND hold.blocks LIKE '%pack%' AND packing_since > hold.placed_at
            AND (released_at IS NULL OR packing_since < released_at)
        """,
    ),
    Check(
        "A5",
        "order",
        "its score holds it, and yet it was not held",
        f"""
        SELECT DISTINCT number, 'score ' || risk_assessment.score
        FROM risk_assessment JOIN orders ON orders.id = risk_assessment.order_id
        WHERE risk_assessment.action IN ({words([action for action in Action if action.holds])})
            AND risk_assessment.cause IN ('import', 'sync', 'phone', 'change') AND orders.lifecycle = 'placed'
            AND orders.fulfilment_status = 'unfulfilled' AND orders.stage <> 'done' AND NOT EXISTS (
                SELECT 1 FROM hold WHERE hold.order_id = orders.id AND hold.type = 'fraud'
            )
        """,
    ),
    Check(
        "A5",
        "order",
        "it passed as a sample, and yet its score holds it or asks for nothing",
        """
        SELECT DISTINCT number, 'score ' || risk_assessment.score
        FROM order_label JOIN orders ON orders.id = order_label.order_id
            JOIN risk_assessment ON risk_assessment.order_id = order_label.order_id
        WHERE order_label.label = 'sampled' AND risk_assessment.cause NOT IN ('again', 'change')
            AND risk_assessment.action <> 'review'
        """,
    ),
    Check(
        "A2",
        "order",
        "what it turned out to be is no word that there is",
        f"""
        SELECT number, label || ' ' || order_label.source
        FROM order_label JOIN orders ON orders.id = order_label.order_id
        WHERE label NOT IN ({words(Word)})
        """,
    ),
    Check(
        "A2",
        "case",
        "where the fraud desk has it is no state that there is, or another one than the house knows",
        f"""
        SELECT id, coalesce(fraud_state, '') || ' ' || state FROM verification_case
        WHERE kind = 'fraud' AND (fraud_state NOT IN ({words(FraudState)})
            OR state <> CASE fraud_state {_PLAIN} ELSE '' END
            OR (fraud_state IN ({_CLOSED})) <> (decided_at IS NOT NULL))
        """,
    ),
    Check(
        "A2",
        "order",
        "it has two cases for the same reason that nobody has decided",
        """
        SELECT number, 'cases ' || count(*) FROM verification_case JOIN orders ON orders.id = order_id
        WHERE decided_at IS NULL GROUP BY number, order_id, kind HAVING count(*) > 1
        """,
    ),
    Check(
        "A4",
        "case",
        "somebody agreed to what they had proposed themselves",
        "SELECT id, second_by FROM verification_case WHERE second_by IS NOT NULL AND second_by = proposed_by",
    ),
    Check(
        "A4",
        "case",
        "it was released above what one may release alone, and nobody else has agreed to just that",
        """
        SELECT id, coalesce(second_by, 'nobody') FROM verification_case
        WHERE fraud_state = 'released' AND second_content IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM approval WHERE subject_kind = 'case' AND subject_id = verification_case.id
                AND content_hash = second_content AND approved_by = second_by AND requested_by = decided_by
                AND approved_by <> requested_by
        )
        """,
    ),
    Check(
        "A2",
        "case",
        "whether a decision waits for a second person does not fit its state",
        f"""
        SELECT id, fraud_state FROM verification_case
        WHERE kind = 'fraud' AND (fraud_state = '{_SECOND}') <> (proposal <> '' AND proposed_by IS NOT NULL
            AND decided_at IS NULL)
        """,
    ),
    Check(
        "A2",
        "case",
        "its verdict or its gut is none that there is",
        f"""
        SELECT id, verdict FROM verification_case
        WHERE verdict <> '' AND verdict NOT IN ({words(Verdict)}) OR gut NOT BETWEEN 1 AND 5
        """,
    ),
    Check(
        "A2",
        "score",
        "its points, its band or what follows is none that there is",
        f"""
        SELECT id, score || ' ' || band || ' ' || action FROM risk_assessment
        WHERE score NOT BETWEEN 0 AND 100 OR band NOT IN ({words(Band)}) OR action NOT IN ({words(Action)})
        """,
    ),
    Check(
        "A2",
        "list entry",
        "its kind is none that there is, or nobody said why and until when",
        f"""
        SELECT id, kind || ' ' || entity FROM risk_list_entry
        WHERE kind NOT IN ({words(ListKind)}) OR reason = '' OR author = ''
            OR (kind <> 'hub' AND expires_at IS NULL) OR (kind = 'snooze') <> (rule_id <> '')
        """,
    ),
    Check(
        "A2",
        "rule",
        "its state is none that there is",
        f"SELECT id, rule_id || ' ' || state FROM risk_rule WHERE state NOT IN ({words(Kept)})",
    ),
)
