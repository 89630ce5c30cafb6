"""One order: what it is, why it stands where it stands, everything that happened, and every command for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content

from opsdesk.domain.errors import OpsDeskError
from opsdesk.keys import Command, bindings
from opsdesk.screens.frame.host import StoreChange
from opsdesk.screens.order import panels, people
from opsdesk.screens.order.commands import OrderCommands
from opsdesk.screens.order.rules import forward_step
from opsdesk.screens.order.timeline import timeline_lines
from opsdesk.screens.order.words import why_headline
from opsdesk.store.desk.looks import mark_looked
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.store.views.orders.opened import opened_order
from opsdesk.store.views.orders.parts import LastLook
from opsdesk.store.views.orders.timeline import TimelineLine
from opsdesk.theme import Tone
from opsdesk.widgets.paper import Draw, Paper, heading

_SHOWN_MOMENTS = 60


class OrderScreen(OrderCommands):
    """One order on the whole screen; F3 goes back to where one came from."""

    PLACE = "ORDER"
    KEYS = ("order", "everywhere")
    TOPICS = frozenset({"order", "mail"})
    BODY_FOCUS = "#order-main"
    BINDINGS: ClassVar[list[BindingType]] = bindings("order")
    CSS_PATH = "order.tcss"
    IS_KEPT = READS_AHEAD = True

    def __init__(self, order_id: int, *, neighbours: Sequence[int] = ()) -> None:
        super().__init__()
        self._begin_with(order_id, neighbours=neighbours)

    def open_again(self, *args: object, **kwargs: object) -> None:
        """Show another order."""
        super().open_again()
        self._begin_with(*args, **kwargs)  # type: ignore[arg-type]  # as for a new one
        for part in self.query(VerticalScroll):
            part.scroll_home(animate=False)

    def _begin_with(self, order_id: int, *, neighbours: Sequence[int] = ()) -> None:
        self.order_id, self.neighbours, self.here = order_id, tuple(neighbours), ()
        self._forget()

    def _forget(self) -> None:
        self.detail: OrderDetail | None = None
        self.moments: list[TimelineLine] = []
        self.looked_before: LastLook | None = None
        self._has_looked = False

    @property
    def is_empty(self) -> bool:
        """True where the order has not been read."""
        return self.detail is None

    def show_nothing(self) -> None:
        """Take away who was at the order before, too."""
        super().show_nothing()
        self.here_changed()

    def compose_body(self) -> ComposeResult:
        """Yield the head, goods and money to the left, people and timeline to the right."""
        yield Paper(id="order-head")
        with Horizontal(id="order-columns"):
            with VerticalScroll(id="order-main", can_focus=True):
                yield Paper(id="order-goods")
                yield Paper(id="order-ship-narrow")
                yield Paper(id="order-work")
                yield Paper(id="order-customer-narrow")
                yield Paper(id="order-log-narrow")
            with VerticalScroll(id="order-side", can_focus=True):
                yield Paper(id="order-people")
                yield Paper(id="order-log")

    async def load(self) -> None:
        """Read the order with its newest history, and remember that it was looked at."""
        user_id = self.desk.actor.user_id
        now = self.desk.clock()
        opened = await self.fetch(opened_order, self.order_id, user_id=user_id, now=now, moments=_SHOWN_MOMENTS)
        if opened is None or not self.is_attached:
            return
        detail, moments = opened
        if detail is None:
            self.say_no("This order is not in the store. F3 goes back.")
            return
        if not self._has_looked:
            self._has_looked, self.looked_before = True, detail.last_look
        self.detail, self.moments = detail, moments
        self.show_here(detail.present)
        # One picture instead of one per sheet; the look is remembered behind it.
        with self.app.batch_update():
            self.show_order()
            self.show_title()
            self.show_keys()
        self.begin_quietly(self._remember_look(detail))

    async def _remember_look(self, detail: OrderDetail) -> None:
        user_id, look = self.desk.actor.user_id, detail.last_look
        if user_id is None or (look is not None and look.activity_id >= detail.newest_activity):
            return
        newest = detail.newest_activity
        try:
            await self.desk.write(mark_looked, user_id, self.order_id, newest, clock=self.desk.clock)
        except OpsDeskError as error:
            self.show_refusal(error)

    def show_order(self) -> None:
        """Draw everything; what reads the same as before sends nothing to the terminal."""
        detail = self.detail
        if detail is None:
            return
        seen = self.seen(detail)
        draw: dict[str, Draw] = {
            "order-head": lambda width: panels.head(seen, why_headline(detail, seen.now, seen.zone), width),
            "order-goods": lambda width: _spaced(panels.goods(seen, width)),
            "order-work": lambda width: _spaced(*panels.work(seen, width)),
            "order-people": lambda width: _spaced(people.ship_to(seen, width), people.customer(seen, width)),
            "order-log": lambda width: self._log(seen, width),
            "order-ship-narrow": lambda width: _spaced(people.ship_to_briefly(seen, width)),
            "order-customer-narrow": lambda width: _spaced(people.customer(seen, width)),
            "order-log-narrow": lambda width: self._log(seen, width),
        }
        for name, lines in draw.items():
            self.query_one(f"#{name}", Paper).show(lines)
        self.here_changed()

    def seen(self, detail: OrderDetail) -> panels.Seen:
        """Return the order as it is looked at here and now."""
        return panels.Seen(detail, self.desk.clock(), self.desk.zone, self.host.symbol)

    def take_in(self, change: StoreChange) -> None:
        """Read the order again if it is the one that changed."""
        if not change.order_ids or self.order_id in change.order_ids:
            self.reload()

    def here_changed(self) -> None:
        """Say beside the find line who else is here, and whether something is new."""
        news = self.looked_before.news if self.looked_before else 0
        said = "100+" if news >= 100 else str(news)
        self.show_state(
            (self.here_words(), Tone.COLD),
            (f"~ {said} new since you looked (w)" if news else "", Tone.CHANGED),
            ("f following" if self.detail is not None and self.detail.is_followed else "", Tone.DIM),
        )

    def opened_another(self) -> None:
        """Forget what was known of the order before, and read the new one."""
        self._forget()
        self.be_seen()
        self.reload()

    def leaving(self) -> bool:
        """Let others see that nobody is here any more."""
        self.go_away()
        return True

    def subject(self) -> str:
        """Name the order before the letters of the key bar."""
        return self.detail.number if self.detail else ""

    def commit_label(self) -> str | None:
        """Say which step F9 takes."""
        step = forward_step(self.detail) if self.detail else None
        return step[1] if step else None

    def label_of(self, each: Command) -> str:
        """Name the verb that a toggle has now."""
        detail = self.detail
        if detail is not None and each.method == "hold" and detail.active_holds:
            return "release"
        if detail is not None and each.method == "follow" and detail.is_followed:
            return "unfollow"
        if detail is not None and each.method == "snooze" and detail.head.snoozed_until:
            return "wake"
        if detail is not None and each.method == "pack" and detail.recall_id is not None:
            return "put back"
        return super().label_of(each)

    def title_parts(self) -> tuple[tuple[str, Tone], ...]:
        """Say which order it is."""
        return ((f"{self.detail.number} {self.detail.head.customer_name}", Tone.PLAIN),) if self.detail else ()

    def _log(self, seen: panels.Seen, width: int) -> list[Content]:
        looked = self.looked_before
        lines = timeline_lines(seen, self.moments, width, seen_up_to=looked.activity_id if looked else None)
        return [heading("TIMELINE", width, "l all"), *lines]


def _spaced(*sections: Sequence[Content]) -> list[Content]:
    """Put sections under each other, a blank line behind each that holds anything."""
    lines: list[Content] = []
    for section in sections:
        if section:
            lines += [*section, Content("")]
    return lines
