"""The locked terminal: it shows the time and who works here, and nothing of the shop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsdesk.screens.people.gate import Gate

if TYPE_CHECKING:
    from opsdesk.domain.people.actors import Actor


class LockScreen(Gate):
    """Stands before everything that is open until its owner proves who they are, or somebody else signs in."""

    HEADING = "LOCKED"
    ACT = "UNLOCK"

    has_secret = True

    def __init__(self, name: str = "", *, after_pause: bool = False) -> None:
        super().__init__(name)
        self._after_pause = after_pause

    def why(self) -> str:
        """Say that nothing is lost."""
        cause = "Nobody touched the keys for a while. " if self._after_pause else ""
        return f"{cause}Everything that is open or half typed is kept."

    async def load(self) -> None:
        """Find out whether its owner has anything to unlock it with."""
        from opsdesk.store.views.users import user_named

        await super().load()
        owner = await self.fetch(user_named, self.desk.actor.name) if self.desk.is_signed_in else None
        self.has_secret = owner is None or owner.has_password or owner.has_pin
        if not self.has_secret:
            self._secret.placeholder = "none is set: Enter unlocks"
            self.say("Give yourself one with `opsdesk user password`, so that nobody else can unlock it.")

    def action_back(self) -> None:
        """Nobody goes back past a lock."""
        self.say_no("The terminal is locked. Type the password, or sign in as somebody else.")

    async def passed(self, actor: Actor) -> None:
        """Open what was open to its owner; park it for anybody else."""
        if actor.user_id == self.desk.actor.user_id:
            self.dismiss(None)
        else:
            await self.host.seat(actor)

    def _ask(self) -> None:
        own_name = self.form.values["name"].strip() == self.desk.actor.name
        if not self.has_secret and own_name and not self.form.values["secret"]:
            self.dismiss(None)
        else:
            super()._ask()
