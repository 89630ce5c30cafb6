"""Pictures of the rules: the list with versions and trials, the editor with and without a mistake, the back-test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from opsdesk.operations.fraud.rules import save, set_state
from opsdesk.screens.fraud.rules.screen import RulesScreen
from opsdesk.settings import Glyphs
from opsdesk.store.engine import Store, open_store
from tests.conftest import StillClock
from tests.looks.kit import SIZES
from tests.operator import Operator
from tests.screens.fraud_kit import Cases, five_cases, fraud_shop
from tests.screens.order_kit import app_of

OWN = {
    "id": "OWN-01",
    "name": "an espresso machine on a first order",
    "when": "order.total >= 800 EUR and customer.orders == 0",
    "points": 12,
    "group": "payment",
    "agent": "{order.total} on a first order",
    "customer_safe": "CS-VOLUME",
    "tests": ["order.total == 900 EUR and customer.orders == 0 -> fires", "customer.orders == 2 -> clear"],
}


@dataclass(frozen=True)
class Look:
    """One picture: which keys are pressed, and what is pasted then."""

    name: str
    keys: tuple[str, ...] = ()
    pasted: str = ""
    then: tuple[str, ...] = ()
    who: str = "sofia"
    glyphs: Glyphs = Glyphs.UNICODE


LOOKS = (
    Look("rules", ("j", "j")),
    Look("rules-ascii", ("j", "j"), glyphs=Glyphs.ASCII),
    Look("editor", ("e",)),
    Look("editor-mistake", ("n", "tab", "tab"), "order.total > 500 and customer.order == 0"),
    Look("editor-on-an-order", ("e", "shift+tab"), "4441", ("f8",)),
    Look("state", ("s", "1")),
    Look("backtest", ("b",)),
    Look("on-an-order", ("w", *"4463", "enter"), who="farid"),
)


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing blinks."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _: None)
    monkeypatch.setattr(TextArea, "_toggle_cursor_blink_visible", lambda _: None, raising=False)


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Store]:
    store = open_store(sqlite_url)
    yield store
    store.close()


def written(cases: Cases) -> None:
    """Let sofia have written one rule, changed another, and switched one off."""
    cases.staff.do("sofia", save, fields=OWN)
    cases.staff.do("sofia", save, fields={"id": "PAY-01", "points": 35, "state": "shadow"}, note="too many got through")
    cases.staff.do("sofia", set_state, "PAY-06", state="off")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_look(look: Look, size: str, shop: Store, clock: StillClock, snap_compare: Callable[..., bool]) -> None:
    cases = five_cases(fraud_shop(shop, clock))
    written(cases)

    async def work(pilot: Pilot[int]) -> None:
        operator = Operator(pilot)
        await operator.settle()
        screen = operator.screen
        assert isinstance(screen, RulesScreen)
        screen.table.point_at("PAY-01" if look.name == "on-an-order" else "OWN-01")
        await operator.settle()
        await operator.press(*look.keys)
        if look.pasted:
            await operator.paste(look.pasted)
        await operator.rest()
        await operator.press(*look.then)

    app = app_of(cases.staff, look.who, RulesScreen, glyphs=look.glyphs)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=work)
