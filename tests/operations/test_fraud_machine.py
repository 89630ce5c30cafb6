"""Any sequence of what people, mail servers and clocks do to a case: its hold ends by a person's release alone (INV-A5)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.fraud.cases import deciding
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.people.actors import WORKER, Actor
from opsdesk.operations.fraud import cases as fraud_cases
from opsdesk.operations.fraud import contact as fraud_contact
from opsdesk.operations.fraud import deciding as fraud_deciding
from opsdesk.operations.orders import cancelling as orders
from opsdesk.operations.orders import holds, packing, shipping
from opsdesk.operations.payments.taking import capture
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import CaseRow, GatewayCallRow, HoldRow, OrderRow, ParcelRow, PaymentRow
from opsdesk.store.work import Done, Performer
from opsdesk.worker.deadlines import pass_deadlines
from tests.conftest import StillClock
from tests.operations.fraud_kit import AMY, BOB, SOFIA, suspected, the_case, with_files
from tests.operations.money_witness import Invariants, wrong_repetitions
from tests.operations.orders_kit import rows

SOAK = bool(os.environ.get("OPSDESK_SOAK"))
# Each step is a real transaction; a slow disk is no failure.
BOUNDS = settings(
    max_examples=200 if SOAK else 25,
    stateful_step_count=50 if SOAK else 20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
FIRST_FOUND = settings(BOUNDS, max_examples=100, phases=[Phase.generate], report_multiple_bugs=False)
"""Found is enough; neither the shortest way to it nor another one is of interest."""
WHO = st.sampled_from([AMY, BOB, SOFIA])
OUTCOMES = st.sampled_from(["no_answer", "voicemail_left", "failed_challenge", "denies_order", "refused_to_answer"])
VERDICTS = st.sampled_from(
    [("release", "explained_mismatch"), ("cancel_unverified", "gut_only"), ("cancel_fraud", "issuer_warning")]
)


class CaseMachine(RuleBasedStateMachine):
    """One order with money that is held, and its case; every rule is something that may happen at any time."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.file = shutil.copy(self.template, Path(self.folder.name) / "shop.db")
        self.store: Store = with_files(open_store(f"sqlite:///{self.file}"))
        self.clock = StillClock()
        self.done: list[tuple[Actor, str]] = []
        self.sentences: set[str] = set()
        self.asked = Invariants(self.file)

    @initialize(is_large=st.booleans(), score=st.sampled_from([30, 69, 90]))
    def suspect(self, is_large: bool, score: int) -> None:
        self.case_id = suspected(self.store, is_large=is_large, score=score)
        self.order_id = the_case(self.store, self.case_id).order_id

    def teardown(self) -> None:
        # The money was put there by hand, so the order has one version more than its history.
        wrong = [found for found in self.asked.wrong(self.clock()) if "nothing in its history" not in found]
        wrong += wrong_repetitions(self.store)
        self.asked.close()
        self.store.close()
        self.folder.cleanup()
        assert wrong == []

    def give(self, who: Actor, command: Callable[..., Done], *arguments: Any, **named: Any) -> None:
        self.clock.advance(seconds=1)
        try:
            done = Performer(self.store, who, self.clock).perform(command, *arguments, **named)
        except OpsDeskError as refused:
            self.sentences.add(refused.message)
            return
        self.done.append((who, done.command_id))

    @property
    def seen(self) -> CaseRow:
        return the_case(self.store, self.case_id)

    @rule(hours=st.sampled_from([1, 5, 24, 80]))
    def let_time_pass(self, hours: int) -> None:
        self.clock.advance(hours=hours)
        pass_deadlines(Performer(self.store, WORKER, self.clock))

    @rule(who=WHO, takes_over=st.booleans())
    def claim(self, who: Actor, takes_over: bool) -> None:
        self.give(who, fraud_cases.claim, self.case_id, takes_over=takes_over)

    @rule(who=WHO)
    def let_go(self, who: Actor) -> None:
        self.give(who, fraud_cases.let_go, self.case_id)

    @rule(who=WHO, outcome=OUTCOMES)
    def call(self, who: Actor, outcome: str) -> None:
        self.give(who, fraud_contact.log_attempt, self.case_id, outcome=outcome)

    @rule(who=WHO, channel=st.sampled_from(["phone", "mail"]))
    def answer(self, who: Actor, channel: str) -> None:
        self.give(who, fraud_contact.respond, self.case_id, channel=channel)

    @rule(who=WHO, what=VERDICTS)
    def decide(self, who: Actor, what: tuple[str, str]) -> None:
        verdict, reason = what
        version = self.seen.version
        self.give(who, fraud_deciding.decide, self.case_id, version=version, verdict=verdict, reason_code=reason, gut=3)

    @rule(who=WHO)
    def approve(self, who: Actor) -> None:
        self.give(who, fraud_deciding.approve, self.case_id, content=self.seen.proposal_content)

    @rule(who=WHO)
    def reject(self, who: Actor) -> None:
        self.give(who, fraud_deciding.reject, self.case_id, note="Look again.")

    @rule(who=WHO)
    def confirm(self, who: Actor) -> None:
        self.give(who, fraud_deciding.confirm_cancel, self.case_id, version=self.seen.version)

    @rule(who=WHO)
    def reopen(self, who: Actor) -> None:
        self.give(who, fraud_deciding.reopen, self.case_id, reason="Appeal.")

    @rule(who=WHO)
    def release_the_hold(self, who: Actor) -> None:
        self.give(who, holds.release, self.order_id)

    @rule(who=WHO, reason=st.sampled_from([CancelReason.CUSTOMER, CancelReason.FRAUD]))
    def cancel_the_order(self, who: Actor, reason: CancelReason) -> None:
        self.give(who, orders.cancel, self.order_id, reason=reason)

    @rule()
    def reopen_the_order(self) -> None:
        self.give(SOFIA, orders.reopen, self.order_id)

    @rule()
    def try_to_capture(self) -> None:
        (payment,) = rows(self.store, PaymentRow)
        self.give(SOFIA, capture, payment.id, version=None)

    @rule()
    def try_to_ship(self) -> None:
        self.give(SOFIA, packing.start_packing, self.order_id)
        self.give(SOFIA, shipping.ship, self.order_id, carrier="DHL")

    @rule(which=st.integers(0, 4))
    def take_back(self, which: int) -> None:
        if self.done:
            who, command_id = self.done[max(0, len(self.done) - 1 - which)]
            self.give(who, undo, command_id)

    @invariant()
    def nothing_leaves_and_nothing_is_captured_while_it_is_held(self) -> None:
        for held in rows(self.store, HoldRow):
            if held.type != "fraud":
                continue
            until = held.released_at or self.clock()
            moved = [row.shipped_at for row in rows(self.store, ParcelRow) if row.shipped_at is not None]
            moved += [row.requested_at for row in rows(self.store, GatewayCallRow) if row.kind == "capture"]
            assert not [at for at in moved if held.placed_at < at < until]

    @invariant()
    def a_large_order_is_released_by_two_alone(self) -> None:
        if not hasattr(self, "case_id"):
            return
        case, (order,) = self.seen, rows(self.store, OrderRow)
        if case.fraud_state == "released" and (order.total_minor >= 100_000 or case.score >= 85):
            assert case.second_by is not None
            assert case.second_by != case.proposed_by

    @invariant()
    def every_no_is_a_sentence(self) -> None:
        assert all(sentence.endswith(".") for sentence in self.sentences)


@pytest.mark.parametrize("breaks", [False, True], ids=["as it is", "with one who decides for two"])
def test_whatever_happens_to_a_case_its_hold_ends_by_a_persons_decision(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, breaks: bool
) -> None:
    CaseMachine.template = Path(sqlite_url.removeprefix("sqlite:///"))
    if not breaks:
        run_state_machine_as_test(CaseMachine, settings=BOUNDS)
        return
    monkeypatch.setattr(deciding, "why_two", lambda *_args: None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(CaseMachine, settings=FIRST_FOUND)
