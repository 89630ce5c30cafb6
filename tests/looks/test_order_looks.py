"""Pictures of one order, its forms and its mails at 120x36 and 80x24, each in the states that matter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, TextArea

from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.orders.contacts import edit_address
from opsdesk.operations.orders.holds import hold
from opsdesk.operations.orders.shipping import ship
from opsdesk.screens.log import LogScreen
from opsdesk.screens.mails.templates import TemplatesScreen
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.settings import Glyphs
from opsdesk.store.desk.presence import beat
from opsdesk.store.engine import Store, open_store
from tests.conftest import StillClock
from tests.looks.kit import SIZES, Compare
from tests.operator import Operator
from tests.screens.order_kit import People, app_of, now_of, order_with_a_past, people

Happens = Callable[[People, int], None]


def _nothing(_staff: People, _order_id: int) -> None:
    """Leave the order as it is."""


def _somebody_edits(staff: People, order_id: int) -> None:
    beat(staff.store, staff.ids["tim"], "elsewhere", "order", order_id, is_editing=True, clock=staff.clock)


def _part_shipped(staff: People, order_id: int) -> None:
    first = now_of(staff, order_id).lines[0].id
    number = "00340434161094042557"
    staff.do("piet", ship, order_id, carrier="DHL", tracking_number=number, quantities={first: 1})


def _cancelled(staff: People, order_id: int) -> None:
    staff.do("sofia", cancel, order_id, reason=CancelReason.CUSTOMER, note="Changed her mind")


def _held_twice(staff: People, order_id: int) -> None:
    staff.do("tim", hold, order_id, kind=HoldType.CUSTOMER_REQUEST, reason="On holiday until Friday")
    staff.do("sofia", hold, order_id, kind=HoldType.FRAUD, reason="Three cards were tried")


def _tim_moves(staff: People, order_id: int) -> None:
    detail = now_of(staff, order_id)
    fields = asdict(detail.shipping_address) | {"line1": "Am Dobben 14", "city": "Kiel"}
    staff.do("tim", edit_address, order_id, version=detail.version, kind="shipping", **fields)


@dataclass(frozen=True)
class Look:
    """One picture: what happened, which keys were pressed, what happened then, which keys after that."""

    name: str
    keys: tuple[str, ...] = ()
    before: Happens = _nothing
    between: Happens = _nothing
    then: tuple[str, ...] = ()
    first: Callable[[int], Screen[object]] = OrderScreen
    who: str = "mia"
    glyphs: Glyphs = Glyphs.UNICODE
    theme: str = "dark"


def _templates(_order_id: int) -> TemplatesScreen:
    return TemplatesScreen()


LOOKS = (
    Look("order-with-news", before=_somebody_edits),
    Look("order-ascii", before=_somebody_edits, glyphs=Glyphs.ASCII),
    Look("order-light", before=_held_twice, theme="light"),
    Look("order-part-shipped", before=_part_shipped),
    Look("order-cancelled", before=_cancelled),
    Look("order-what-changed", ("w",)),
    Look("order-greyed-key", ("D",)),
    Look("order-others", ("equals_sign",)),
    Look("log", before=_part_shipped, first=LogScreen),
    Look("log-mail", ("t", "1", "f9", "l")),
    Look("release-one-of-several", ("h", "2"), before=_held_twice, who="sofia"),
    Look("hold-picked", ("h", "1", "tab", *"fri 10:30")),
    Look("tell-fraud", ("t", "4")),
    Look("tell-backordered", ("t", "7", "shift+tab", *"4 Dec")),
    Look("tell-reason", ("t", *["down"] * 10, "enter")),
    Look("tell-suspicion", ("t", "4", "tab", "ctrl+home", *"fraud ", "f9")),
    Look("ship-the-rest", ("s", *"00340434161094"), before=_part_shipped),
    Look("edit-contact", ("e", "f8")),
    Look("edit-both", ("e", "tab", "tab", "end", *"b"), between=_tim_moves, then=("f9",)),
    Look("reopen", ("O",), before=_cancelled),
    Look("template-editor", ("down", "down", "down", "e"), first=_templates, who="sofia"),
    Look(
        "template-problem",
        ("down", "down", "down", "e", "tab", "paste {{ order.nubmer }}"),
        first=_templates,
        who="sofia",
    ),
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


def working_on(look: Look, staff: People, order_id: int) -> Callable[[Pilot[int]], Awaitable[None]]:
    async def work(pilot: Pilot[int]) -> None:
        operator = Operator(pilot)
        await operator.settle()
        for keys, happens in ((look.keys, look.between), (look.then, _nothing)):
            for key in keys:
                # Typed letter by letter, it would hang on the machine's speed which half of it is judged.
                await (operator.paste(key.removeprefix("paste ")) if key.startswith("paste ") else operator.press(key))
            await operator.rest()
            happens(staff, order_id)
        await operator.rest()

    return work


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_look(look: Look, size: str, shop: Store, clock: StillClock, snap_compare: Compare) -> None:
    staff = people(shop, clock)
    order_id = order_with_a_past(staff)
    look.before(staff, order_id)
    app = app_of(staff, look.who, lambda: look.first(order_id), glyphs=look.glyphs, theme_name=look.theme)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=working_on(look, staff, order_id))
