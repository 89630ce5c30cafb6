"""Early fraud warnings: the order is labelled once, in any order of events; somebody is told while it still helps."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from opsdesk.domain.payments.gateways import EarlyWarning, GatewayEvent, PaymentSnapshot
from opsdesk.operations.payments import warnings
from opsdesk.operations.payments.warnings import WARNED
from opsdesk.store.engine import Store
from opsdesk.store.tables import CaseRow, GatewayEventRow, HoldRow, LabelRow, OrderRow
from opsdesk.store.verify.running import verify_store
from tests.conftest import START
from tests.operations.events_kit import TOTAL, captured, dispute, event, held, refunded, snapshot, tell
from tests.operations.fraud_kit import with_files
from tests.operations.orders_kit import rows
from tests.shop_orders import write_order

PAID = snapshot(captured(), number="104458")
GIVEN_BACK = snapshot(captured(), refunded(TOTAL), number="104458")
DISPUTED = snapshot(captured(), number="104458", disputes=(dispute(),))


@pytest.fixture
def shop(store: Store) -> Store:
    write_order(store, "104458", paid=False)
    return with_files(store)


def warned(
    event_id: str = "evt_w", payment: PaymentSnapshot | None = PAID, *, helps: bool = True, reference: str = "issfr_1"
) -> GatewayEvent:
    """A warning about the payment, created or (where nothing helps any more) updated."""
    told = EarlyWarning(reference, "pi_1", "made_with_stolen_card", helps, START)
    return replace(event(event_id, payment, name="radar.early_fraud_warning"), warning=told)


def labels(store: Store) -> list[tuple[str, str, str]]:
    return [(row.label, row.source, row.reference) for row in rows(store, LabelRow)]


def tasks(store: Store) -> list[str]:
    return [row.problem for row in held(store)]


def test_a_warning_labels_the_order_and_tells_somebody_to_give_the_money_back(shop: Store) -> None:
    tell(shop, event("evt_1", PAID), warned())

    assert labels(shop) == [("early_warning", "stripe", "issfr_1")]
    assert rows(shop, LabelRow)[0].reason == "paid with a stolen card"
    assert tasks(shop) == [WARNED]


def test_what_has_not_left_the_house_is_held_and_its_case_proposes_to_cancel(shop: Store) -> None:
    tell(shop, event("evt_1", PAID), warned())

    (order,), (case,), (hold,) = rows(shop, OrderRow), rows(shop, CaseRow), rows(shop, HoldRow)
    assert (order.hold_type, hold.type, case.fraud_state, case.suggested) == (
        "fraud",
        "fraud",
        "flagged",
        "cancel_fraud",
    )
    assert "stolen card" in case.reason
    assert [one.sentence for one in verify_store(shop, now=START, with_seals=False).violations] == []


def test_it_comes_five_times_and_in_two_kinds_and_counts_once(shop: Store) -> None:
    tell(shop, event("evt_1", PAID), *[warned("evt_w")] * 5, warned("evt_w2", helps=False), warned("evt_w3"))

    assert (len(labels(shop)), tasks(shop), len(rows(shop, CaseRow))) == (1, [WARNED], 1)


@pytest.mark.parametrize("way", permutations(range(3)))
def test_once_the_money_is_back_nobody_is_told_whatever_comes_first(shop: Store, way: tuple[int, ...]) -> None:
    """The payment in each event is as it is now, or was when the event was made: late news tells of an older one."""
    told = (warned("evt_w"), event("evt_r", GIVEN_BACK), warned("evt_u", GIVEN_BACK, helps=False))
    tell(shop, *[told[place] for place in way])

    assert (tasks(shop), len(labels(shop))) == ([], 1)


def test_a_dispute_makes_the_task_its_own(shop: Store) -> None:
    tell(shop, warned(), event("evt_d", DISPUTED))

    assert WARNED not in "\n".join(tasks(shop))
    (settled,) = [row for row in rows(shop, GatewayEventRow) if row.event_id == "evt_w"]
    assert (settled.outcome, settled.settled_note) == ("held", "It settled itself.")


def test_a_warning_that_nothing_helps_against_labels_and_asks_for_nothing(shop: Store) -> None:
    tell(shop, warned(payment=DISPUTED, helps=False))

    assert (len(labels(shop)), tasks(shop)) == (1, [])


def test_two_warnings_of_one_payment_are_two_labels(shop: Store) -> None:
    tell(shop, warned("evt_1"), warned("evt_2", reference="issfr_2"))

    assert [reference for *_, reference in labels(shop)] == ["issfr_1", "issfr_2"]


def test_a_signed_message_without_the_payment_finds_it_by_its_name(shop: Store) -> None:
    tell(shop, event("evt_1", PAID), warned(payment=None))

    assert (len(labels(shop)), tasks(shop)) == (1, [WARNED])


def test_a_warning_about_a_payment_that_nobody_knows_waits_for_somebody(shop: Store) -> None:
    tell(shop, warned(payment=None))

    assert labels(shop) == []
    assert tasks(shop) == ["A bank reports fraud with pi_1, a payment of no order that is known here."]


def test_one_that_forgets_what_it_was_told_is_caught(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wrong variant labels at each event; the store's own rule, one row for one report, stops it."""
    monkeypatch.setattr("opsdesk.store.repositories.risk.Risk.has_report", lambda *_: False)
    tell(shop, event("evt_1", PAID), warned())

    with pytest.raises(Exception, match=r"uq_label_reference|UNIQUE|Conflict|same"):
        tell(shop, warned("evt_w2"))
    assert len(labels(shop)) == 1


def test_one_that_asks_for_money_that_is_back_is_caught(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warnings, "_can_be_spared", lambda *_: True)
    tell(shop, event("evt_r", GIVEN_BACK), warned(payment=GIVEN_BACK))

    assert tasks(shop) == [WARNED]
