"""Any sequence of what people, mail servers and clocks do to a case: its hold ends by a person's release alone (INV-A5)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from opsdesk.domain.fraud.cases import deciding
from opsdesk.integrations.ports import SendResult
from opsdesk.operations import deadlines
from opsdesk.operations.fraud.moves import _release_hold
from opsdesk.store.work import Operation
from tests.operations.case_machine import CaseMachine, PostgresWorld, SqliteWorld
from tests.operations.fraud_kit import AMY
from tests.operations.machines import first_found

SOAK = bool(os.environ.get("OPSDESK_SOAK"))
# Each step is a real transaction; a slow disk is no failure.
BOUNDS = settings(
    max_examples=1_000 if SOAK else 100,
    stateful_step_count=50 if SOAK else 30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
FEWER = settings(BOUNDS, max_examples=100 if SOAK else 8)
FIRST_FOUND = first_found(BOUNDS)


@pytest.fixture
def machine(sqlite_url: str) -> Iterator[type[CaseMachine]]:
    """Let the machine run in one file."""
    world = SqliteWorld(Path(sqlite_url.removeprefix("sqlite:///")))
    yield type("CaseOnSqlite", (CaseMachine,), {"world": world})
    world.close()


def test_whatever_happens_to_a_case_its_hold_ends_by_a_persons_decision(machine: type[CaseMachine]) -> None:
    run_state_machine_as_test(machine, settings=BOUNDS)


def test_the_same_on_postgres(postgres_url: str) -> None:
    world = PostgresWorld(postgres_url)
    run_state_machine_as_test(type("CaseOnPostgres", (CaseMachine,), {"world": world}), settings=FEWER)
    world.close()


def test_one_who_decides_for_two_is_found(machine: type[CaseMachine], monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: nobody asks whether it takes a second person."""
    monkeypatch.setattr(deciding, "why_two", lambda *_args: None)
    with pytest.raises(AssertionError, match=r"one person released what takes two|nobody else has agreed to just that"):
        run_state_machine_as_test(machine, settings=FIRST_FOUND)


def test_a_clock_that_releases_is_found(machine: type[CaseMachine], monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what some shops' plug-ins do, the hold ends when the customer's time is over."""
    lapse = deadlines.lapse_case.function

    def careless(work, case_id):
        done = lapse(work, case_id)
        at = deadlines.open_case(work, case_id)
        _release_hold(work, at)
        work.orders.settle(at.order)
        return done

    monkeypatch.setattr("opsdesk.worker.deadlines.lapse_case", Operation("case.lapse", careless))
    walk = machine()
    walk.suspect(is_large=False, score=69, gateway="card")
    walk.ask(AMY)
    walk.post(SendResult.ACCEPTED)
    walk.nothing_passes_a_hold_and_no_case_is_where_none_can_be()
    walk.let_time_pass(80)
    with pytest.raises(AssertionError, match="it is not held"):
        walk.nothing_passes_a_hold_and_no_case_is_where_none_can_be()
