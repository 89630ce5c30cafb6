"""Any sequence of what people, customers, banks and broken lines do keeps the money of an order right (trust.md, 6)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from opsdesk.domain.errors import Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import Answer, CallKind, GatewayCall, GatewayOperation
from opsdesk.store.repositories.payments import Payments
from opsdesk.store.tables import PaymentRow, TransactionRow
from tests.operations.bank_double import BankDouble
from tests.operations.machines import first_found
from tests.operations.money_machine import MoneyMachine, write_shop

SOAK = bool(os.environ.get("OPSDESK_SOAK"))
# Each step is a real transaction; a slow disk is no failure.
BOUNDS = settings(
    max_examples=1_000 if SOAK else 50,
    stateful_step_count=80 if SOAK else 50,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)


@pytest.fixture
def template(sqlite_url: str) -> None:
    write_shop(sqlite_url)
    MoneyMachine.template = Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.mark.parametrize("quarter", ["one", "two", "three", "four"])
def test_any_sequence_keeps_the_money_right(template: None, quarter: str) -> None:
    """Two hundred examples of fifty steps, in quarters that processes share; a soak draws four times a thousand anew."""
    run_state_machine_as_test(MoneyMachine if SOAK else seeded(f"quarter {quarter} of the money"), settings=BOUNDS)


def seeded(name: str) -> type[MoneyMachine]:
    """Return a machine that draws the same every time."""
    machine: type[MoneyMachine] = seed(name)(type("SeededMachine", (MoneyMachine,), {}))
    return machine


def forgets_to_set_aside(planted: pytest.MonkeyPatch) -> None:
    """There is a look at what is left, and nothing that keeps the next one from seeing the same."""

    def reserve(work: Payments, payment: PaymentRow, kind: CallKind, amount: Money) -> None:
        facts = work.facts(payment)
        left = facts.refundable if kind is CallKind.REFUND else facts.capturable
        if amount.minor > left:
            raise Refused("There is not that much left.")

    planted.setattr(Payments, "reserve", reserve)
    planted.setattr(Payments, "unreserve", lambda *_: None)
    moved = Payments._sums_moved
    planted.setattr(
        Payments, "_sums_moved", lambda work, payment, kind, minor, booking: moved(
            work, payment, kind, minor, replace(booking, call_key="", is_told=True)
        )
    )  # fmt: skip


def asks_again_under_a_new_key(planted: pytest.MonkeyPatch) -> None:
    def look_up(bank: BankDouble, call: GatewayCall) -> Answer:
        return bank.carry_out(replace(call, key=f"{call.key}-again"))

    planted.setattr(BankDouble, "look_up", look_up)


def believes_that_all_news_are_new(planted: pytest.MonkeyPatch) -> None:
    def by_our_key_alone(rows: list[TransactionRow], done: GatewayOperation, _strangers: list[TransactionRow]) -> bool:
        return bool(done.key) and any(row.call_key == done.key for row in rows)

    def without_guard(work: Payments, *arguments: Any, **named: Any) -> Any:
        return book(work, *arguments[:3], replace(arguments[3], reference=f"{uuid4()}"), *arguments[4:], **named)

    book = Payments.book
    planted.setattr("opsdesk.operations.payments.gateway_snapshots._is_known", by_our_key_alone)
    planted.setattr(Payments, "book", without_guard)


@pytest.mark.parametrize(
    "plant",
    [forgets_to_set_aside, asks_again_under_a_new_key, believes_that_all_news_are_new],
    ids=lambda plant: plant.__name__,
)
def test_a_planted_bug_is_found(template: None, monkeypatch: pytest.MonkeyPatch, plant: Callable[..., None]) -> None:
    """The controls: what machines like this one exist to find."""
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(seeded("planted 9"), settings=first_found(BOUNDS))
