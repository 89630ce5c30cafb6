"""Pictures of every screen at 120x36 and 80x24: the same on any machine, at any hour, in any zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from textual.screen import Screen
from textual.widgets import Input, TextArea

from opsdesk.desk import Desk
from opsdesk.domain.orders.queues import SavedView
from opsdesk.screens.frame.host import DeskHost
from opsdesk.screens.mails.outbox import OutboxScreen
from opsdesk.screens.mails.templates import TemplatesScreen
from opsdesk.screens.people.users import UsersScreen
from opsdesk.screens.queue.screen import OrdersScreen
from opsdesk.settings import Glyphs
from opsdesk.store.engine import Store, open_store
from tests.conftest import StillClock
from tests.looks.kit import SIZES, Compare, pressing
from tests.looks.shop import afternoon, with_an_unpaid_order, with_mails
from tests.operator import DeskApp, desk_at
from tests.screens.order_kit import People


@dataclass(frozen=True)
class Look:
    """One picture: who looks at what, after which keys."""

    name: str
    keys: tuple[str, ...] = ()
    view: SavedView = SavedView.TO_SHIP
    first: Callable[[], Screen[object]] | None = None
    who: str = "mia"
    shop: Callable[[Store, StillClock], People] = afternoon
    theme: str = "dark"
    glyphs: Glyphs = Glyphs.UNICODE


LOOKS = (
    Look("queue"),
    Look("queue-marked", ("space", "down", "space", "down")),
    Look("queue-to-check", view=SavedView.TO_CHECK),
    Look("queue-everything", view=SavedView.EVERYTHING),
    Look("queue-empty", view=SavedView.ON_HOLD),
    Look("queue-filter", ("slash", *"berg", "enter")),
    Look("queue-filter-without-hits", ("slash", *"nobody", "enter")),
    Look("queue-light", theme="light"),
    Look("queue-safe", theme="safe"),
    Look("queue-terminal", theme="terminal"),
    Look("queue-ascii", glyphs=Glyphs.ASCII, keys=("space",)),
    Look("queue-greyed-key", ("A",)),
    Look("views", ("f4",)),
    Look("job-question", ("space", "space", "space", "b")),
    Look("palette", ("ctrl+p", *"sh")),
    Look("keys", ("f1",)),
    Look("found-several", ("f2", *"ada berg", "enter")),
    Look("order", ("enter",)),
    Look("order-held", ("enter",), view=SavedView.TO_CHECK),
    Look("order-log", ("l",)),
    Look("hold", ("h",)),
    Look("tell", ("t",)),
    Look("note", ("n", *"Rings again at five")),
    Look("edit", ("e",)),
    Look("ship", ("s",)),
    Look("cancel", ("x",)),
    Look("snooze", ("z",)),
    Look("money", ("m",), view=SavedView.ON_HOLD, shop=with_an_unpaid_order),
    Look("assign", ("A",), who="sofia"),
    Look("outbox", first=OutboxScreen, shop=with_mails),
    Look("templates", first=TemplatesScreen, who="sofia"),
    Look("people", first=UsersScreen, who="sofia"),
    Look("sign-in", ("U",)),
    Look("locked", ("L",)),
)


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing blinks, nothing slides."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _: None)
    monkeypatch.setattr(TextArea, "_toggle_cursor_blink_visible", lambda _: None, raising=False)


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Store]:
    store = open_store(sqlite_url)
    yield store
    store.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_look(look: Look, size: str, shop: Store, clock: StillClock, snap_compare: Compare) -> None:
    staff = look.shop(shop, clock)
    desk = desk_at(shop.url, staff.actor(look.who), clock, glyphs=look.glyphs)
    app = DeskApp(desk, look.first or (lambda: OrdersScreen(look.view)), theme_name=look.theme)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=pressing(look.keys))


@pytest.mark.parametrize("size", SIZES)
def test_the_frame_before_the_store_is_open(size: str, clock: StillClock, snap_compare: Compare) -> None:
    def never() -> None:
        raise AssertionError("The frame does not wait for the store.")

    template = desk_at("sqlite://", None, clock)
    desk = Desk(never, template.settings, clock=clock)  # type: ignore[arg-type]  # nothing is opened here

    class Frame(DeskHost):
        def on_mount(self) -> None:
            self.push_screen(OrdersScreen())

    assert snap_compare(Frame(desk), terminal_size=SIZES[size])


def test_no_colour_at_all_leaves_the_pointer_to_be_seen(
    shop: Store, clock: StillClock, snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    staff = afternoon(shop, clock)
    app = DeskApp(desk_at(shop.url, staff.actor("mia"), clock), OrdersScreen)
    assert snap_compare(app, terminal_size=SIZES["120x36"], run_before=pressing(("down", "space")))
