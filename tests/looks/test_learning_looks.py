"""Pictures of what the fraud desk has learned, with a few decided cases and two samples behind it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from opsdesk.store.engine import open_store
from tests.conftest import StillClock
from tests.looks.kit import SIZES
from tests.operator import Operator
from tests.screens.fraud_kit import five_cases, fraud_shop, queue_app
from tests.screens.test_fraud_learning import learn


@pytest.mark.parametrize("size", SIZES)
def test_learned(size: str, sqlite_url: str, clock: StillClock, snap_compare: Callable[..., bool]) -> None:
    cases = five_cases(fraud_shop(open_store(sqlite_url), clock))
    learn(cases.staff.store)

    async def open_it(pilot: Pilot[None]) -> None:
        operator = Operator(pilot)
        await operator.settle()
        await operator.press("l")
        await operator.press("down")

    assert snap_compare(queue_app(cases), terminal_size=SIZES[size], run_before=open_it)
