"""The money panel: what has come in, what can be moved, and one digit for each thing that can be done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from opsdesk.screens.frame.panels import DeskPanel
from opsdesk.screens.money.choices import money_choices
from opsdesk.screens.money.words import MoneySeen, sheet_lines
from opsdesk.store.views.money.parts import MoneySheet
from opsdesk.store.views.money.sheet import money_sheet
from opsdesk.store.views.orders.detail import OrderDetail, order_detail
from opsdesk.widgets.choices import Choices
from opsdesk.widgets.key_bar import BarKey
from opsdesk.widgets.paper import Paper

if TYPE_CHECKING:
    from textual.screen import Screen

    from opsdesk.screens.frame.host import StoreChange
    from opsdesk.store.work import Done


class MoneyPanel(DeskPanel["Done"]):
    """The sheet of one order's money, and a numbered list of what can be done with it."""

    TOPICS = frozenset({"order"})
    BODY_FOCUS = "Choices"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["money.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "turn(-1)", show=False),
        Binding("pagedown", "turn(1)", show=False),
    ]

    def __init__(self, order_id: int) -> None:
        super().__init__("MONEY")
        self.order_id = order_id
        self.sheet: MoneySheet | None = None
        self.detail: OrderDetail | None = None
        self.list = Choices([])

    def compose_body(self) -> ComposeResult:
        """Yield the sheet above the list."""
        with VerticalScroll(classes="money--sheet", can_focus=False):
            yield Paper(id="money-sheet")
        yield self.list

    async def load(self) -> None:
        """Read the money of the order, and what can be done with it now."""
        now, user_id = self.desk.clock(), self.desk.actor.user_id
        sheet = await self.fetch(money_sheet, self.order_id)
        detail = await self.fetch(order_detail, self.order_id, user_id=user_id, now=now)
        if sheet is None or detail is None or not self.is_attached:
            return
        self.sheet, self.detail = sheet, detail
        self.heading = f"MONEY  {sheet.number} {detail.head.customer_name}"
        self.show_title()
        seen = MoneySeen(sheet, now, self.desk.zone, self.host.symbol)
        self.query_one("#money-sheet", Paper).show(lambda width: sheet_lines(seen, width))
        self.list.show(money_choices(sheet, detail, self.desk.actor, now))

    def take_in(self, change: StoreChange) -> None:
        """Read again what moved."""
        if not change.order_ids or self.order_id in change.order_ids:
            self.reload()

    def action_turn(self, by: int) -> None:
        """Turn the sheet a page, while the list below it keeps the keys."""
        sheet = self.query_one(".money--sheet", VerticalScroll)
        sheet.scroll_relative(y=by * max(1, sheet.size.height - 1), animate=False)

    def panel_keys(self) -> Sequence[BarKey]:
        """Return what a list is worked with."""
        pages = BarKey("screen.commit", "PgDn", "more of the sheet", None)
        return (BarKey("screen.commit", "0-9", "choose", None), pages, BarKey("screen.back", "F3", "back"))

    @on(Choices.Chosen)
    def _chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        panel = self.host.screen_for(event.key, self.order_id)
        if panel is None:
            self.say_no("This is not part of this version.")
            return
        self.app.push_screen(cast("Screen[Done]", panel), callback=self._came_back)

    def _came_back(self, result: Done | None) -> None:
        """Close behind what was done, so that the desk says it; stay when nothing was."""
        if result is not None:
            self.dismiss(result)
        else:
            self.reload()

    @on(Choices.Refused)
    def _refused(self, event: Choices.Refused) -> None:
        event.stop()
        self.say_no(event.reason)
