"""Signing in at the start, and letting somebody else take over the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsdesk.screens.people.gate import Gate
from opsdesk.widgets.key_bar import BarKey

if TYPE_CHECKING:
    from opsdesk.domain.people.actors import Actor


class SignInScreen(Gate):
    """Asks who works here now. Until somebody has proved it, the one before stays signed in."""

    HEADING = "SIGN IN"

    def why(self) -> str:
        """Say whose work is parked."""
        if self.desk.is_signed_in:
            return f"{self.desk.actor.name} works here now. Their open work is kept under their name."
        return "Nobody works at this terminal yet."

    def gate_keys(self) -> Sequence[BarKey]:
        """Offer the way back, or out of the program."""
        way_out = "back" if self.desk.is_signed_in else "quit"
        return (*super().gate_keys(), BarKey("screen.back", "F3", way_out))

    def action_back(self) -> None:
        """Go back to the work of who is signed in; without anybody, end the program."""
        if self.desk.is_signed_in:
            self.dismiss(None)
        else:
            self.app.exit(return_code=0)

    async def passed(self, actor: Actor) -> None:
        """Let them work."""
        await self.host.seat(actor)
