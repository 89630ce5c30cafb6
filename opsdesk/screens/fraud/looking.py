"""What can be looked at from an open case: its rules, its order, the log, and what of it is trusted or blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsdesk.screens.frame.attending import Attending
from opsdesk.screens.fraud.seen import Seen

if TYPE_CHECKING:
    from textual.screen import Screen

    from opsdesk.domain.fraud.books import FraudBook


class CaseLooking(Attending[None]):
    """The part of the case's screen that changes no case."""

    case_id: int = 0
    book: FraudBook | None = None

    @property
    def case(self) -> Seen | None:
        """The case as it is looked at now."""
        raise NotImplementedError

    def show_panel(self, panel: Screen[Any]) -> None:
        """Open a panel over the case; what it did is said here when it closes."""
        self.app.push_screen(panel, callback=self.closed)

    def action_why(self) -> None:
        """Show the rules that judged the order."""
        from opsdesk.screens.fraud.why import WhyPanel

        if self.case is not None and self.book is not None:
            self.show_panel(WhyPanel(self.case, self.book))

    def action_lists(self) -> None:
        """Trust or block a value of the order."""
        from opsdesk.screens.fraud.listing import ListingPanel

        if self.case is not None:
            self.show_panel(ListingPanel(self.case))

    def action_order(self) -> None:
        """Open the order."""
        self.open_named("order", self.order_id)

    def action_money(self) -> None:
        """Open the order's money: what is held, and asking for it anew by pay link."""
        self.open_named("order_money", self.order_id)

    def action_note(self) -> None:
        """Write a note."""
        self.open_named("note", self.order_id)

    def action_outcome(self) -> None:
        """Say what the order turned out to be; it decides nothing about the case."""
        self.open_named("outcome", self.order_id)

    def action_log(self) -> None:
        """Show everything that happened to the order."""
        self.open_named("log", self.order_id)
