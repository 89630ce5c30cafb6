"""Being seen at an order, and seeing who else is: told every few seconds, looked up a little more often."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from textual import events

from opsdesk.screens.frame.base import DeskScreen
from opsdesk.screens.frame.latest import run_latest
from opsdesk.store.desk.presence import BEAT, beat, leave, who_is_here

if TYPE_CHECKING:
    from opsdesk.store.views.orders.parts import Present

ResultT = TypeVar("ResultT")
LOOK_ROUND_S = 1.5
"""A colleague who opens the order is shown within two seconds; one look costs a read by key."""


class Attending(DeskScreen[ResultT]):
    """The part of a screen that has one order open."""

    order_id: int = 0
    IS_EDITING = False
    """True where the order is being changed, not only read."""

    here: tuple[Present, ...] = ()
    """Others who have the order open now."""

    def on_mount(self) -> None:
        """Be seen at once, and look round; Textual runs the handlers of the base classes by itself."""
        self.set_interval(BEAT.total_seconds(), self.be_seen)
        self.set_interval(LOOK_ROUND_S, self._look_round)
        self.be_seen()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Be seen reading again after a form has closed."""
        self.be_seen()

    def be_seen(self) -> None:
        """Tell the others that somebody is at this order here."""
        if not (self.desk.is_open and self.desk.is_signed_in and self.is_active):
            return
        user_id = self.desk.actor.user_id
        if user_id is not None:
            self.begin_quietly(
                self.attempt_write(
                    beat,
                    user_id,
                    self.desk.seat,
                    "order",
                    self.order_id,
                    is_editing=self.IS_EDITING,
                    clock=self.desk.clock,
                )
            )

    def go_away(self) -> None:
        """Tell the others that nobody is at the order here any more."""
        if self.desk.is_open and self.desk.is_signed_in and self.desk.actor.user_id is not None:
            self.begin_quietly(self.attempt_write(leave, self.desk.seat))

    def _look_round(self) -> None:
        if self.is_active and self.desk.is_open and self.desk.is_signed_in:
            run_latest(self, self._see_who_is_here, "presence")

    async def _see_who_is_here(self) -> None:
        found = await self.fetch(who_is_here, "order", self.order_id, now=self.desk.clock())
        if found is not None and self.is_attached:
            self.show_here(found)

    def show_here(self, found: tuple[Present, ...]) -> None:
        """Show who else is here; nothing is drawn while that stays the same."""
        others = tuple(one for one in found if one.terminal != self.desk.seat)
        if [(one.name, one.is_editing) for one in others] != [(one.name, one.is_editing) for one in self.here]:
            self.here = others
            self.here_changed()
        self.here = others

    def here_changed(self) -> None:
        """Draw again what says who is here."""

    def here_words(self) -> str:
        """Say who else has the order open: `@ tim is editing, eva is reading`."""
        names = [f"{one.name} is {'editing' if one.is_editing else 'reading'}" for one in self.here]
        return f"@ {', '.join(dict.fromkeys(names))}" if names else ""
