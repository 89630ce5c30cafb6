"""Money that is gone while its case is open, and a case that is opened again: said plainly, with a key for each way on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsdesk.domain.people.actors import WORKER
from opsdesk.operations.payments.expiry import expire_authorisation
from opsdesk.screens.fraud import desk as fraud_desk
from opsdesk.screens.fraud.case import CaseScreen
from opsdesk.screens.money.link import PayLinkPanel
from opsdesk.screens.money.panel import MoneyPanel
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import Store, open_store
from opsdesk.store.work import Performer
from opsdesk.worker.deadlines import pass_deadlines
from opsdesk.worker.loop import LEASE
from tests.conftest import StillClock
from tests.operator import NARROW, WIDE, working
from tests.screens.fraud_kit import Cases, case_app, five_cases, fraud_shop, not_asked, queue_app

NUMBER = "104440"


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def cases(shop: Store, clock: StillClock) -> Cases:
    return five_cases(fraud_shop(shop, clock))


@pytest.fixture
def lapsed(cases: Cases) -> Cases:
    """Let the authorisation of the most urgent case end."""
    worker = Performer(cases.staff.store, WORKER, cases.staff.clock)
    cases.staff.clock.advance(hours=31)
    worker.perform(expire_authorisation, not_asked(cases, NUMBER))
    pass_deadlines(worker)
    assert cases.row(NUMBER).fraud_state == "payment_lapsed"
    return cases


async def test_the_queue_keeps_a_case_whose_money_is_gone_and_says_what_can_be_done(lapsed: Cases):
    async with working(queue_app(lapsed)) as operator:
        assert operator.sees("payment lapsed")
        assert operator.sees("no money is held any more. Open it (Enter): ask for the payment anew (m)")


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_a_worker_that_stops_is_seen_without_a_key_and_one_that_starts_too(
    cases: Cases, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fraud_desk, "_WATCH_S", 0.05)
    store, clock = cases.staff.store, cases.staff.clock
    async with working(queue_app(cases), size=size) as operator:
        assert not operator.sees("worker")
        clock.advance(days=31)
        await operator.until_seen("no worker runs")
        await operator.until_seen("No worker runs since")
        take_lease(store, LEASE, "another", lasts=timedelta(minutes=1), clock=clock)
        await operator.until(lambda: not operator.sees("worker"), "The worker is still said to be away.")


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_the_case_says_that_its_money_is_gone_and_m_opens_the_money(lapsed: Cases, size: tuple[int, int]):
    async with working(case_app(lapsed, NUMBER), size=size) as operator:
        assert operator.sees("PAYMENT LAPSED")
        assert operator.sees("The authorisation ended")
        assert operator.sees("CANCEL AS PROPOSED")
        await operator.press("t")
        assert operator.sees(f"No money is held for {NUMBER} any more.")
        await operator.press("m")
        assert isinstance(operator.screen, MoneyPanel)
        await operator.press("2")
        assert isinstance(operator.screen, PayLinkPanel)


async def test_one_key_cancels_an_order_whose_money_is_gone(lapsed: Cases):
    async with working(case_app(lapsed, NUMBER)) as operator:
        await operator.press("f9")
    row = lapsed.row(NUMBER)
    assert (row.fraud_state, row.reason_code, row.decided_by) == ("cancelled_unverified", "auth_lapsed", "farid")


async def test_a_closed_case_is_opened_again_with_a_reason_and_its_order_is_held(cases: Cases):
    async with working(case_app(cases, NUMBER)) as operator:
        await operator.press("O")
        assert operator.sees(f"The case of {NUMBER} is open.")
        await operator.press("x", "2")
    async with working(case_app(cases, NUMBER)) as operator:
        assert operator.sees("O opens it")
        await operator.press("O", "f9")
        assert operator.sees("Say why it is opened again.")
        await operator.type("They rang and proved it")
        await operator.press("f9")
        assert isinstance(operator.screen, CaseScreen)
        assert operator.sees("claimed by you")
    assert (cases.row(NUMBER).fraud_state, cases.order(NUMBER).hold_type) == ("in_review", "fraud")
