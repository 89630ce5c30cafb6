"""People: who may work here, in which role, and how they prove it. Only an admin changes others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from opsdesk.domain.moments import age
from opsdesk.domain.people.credentials import Proof
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.keys import Command, bindings
from opsdesk.screens.frame.list_desk import ListDesk
from opsdesk.screens.frame.panels import ChoicePanel, ConfirmPanel
from opsdesk.screens.people.panels import EditPersonPanel, NewPersonPanel, SecretPanel, TerminalPanel
from opsdesk.theme import Tone
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.record_table import RecordTable
from opsdesk.widgets.rows import Cell, Column, Row

if TYPE_CHECKING:
    from opsdesk.store.views.users import UserLine
    from opsdesk.store.work import Done

COLUMNS = (
    Column("name", "NAME", 14),
    Column("full", "FULL NAME", 16, grows=True),
    Column("role", "ROLE", 10),
    Column("proof", "SIGNS IN BY", 16),
    Column("login", "LOGIN", 12, needs=90),
    Column("seen", "SEEN", 6, "right"),
    Column("state", "STATE", 10),
)
_OPERATIONS: Mapping[str, str] = {
    "add": "user.add",
    "edit": "user.change_role",
    "unlock": "user.unlock",
    "enrol": "terminal.enrol",
}


class UsersScreen(ListDesk):
    """The people of the shop."""

    PLACE = "PEOPLE"
    NAME_OF_PLACE = "users"
    KEYS = ("users", "everywhere")
    TOPICS = frozenset({"user"})
    BODY_FOCUS = "#people"
    BINDINGS: ClassVar[list[BindingType]] = bindings("users")

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, UserLine] = {}

    def compose_body(self) -> ComposeResult:
        """Yield the list."""
        yield RecordTable(COLUMNS, id="people")

    @property
    def line(self) -> UserLine | None:
        """The person under the pointer."""
        return self.lines.get(self.pointed_key)

    async def load(self) -> None:
        """Read everybody."""
        from opsdesk.store.views.users import users

        people = await self.fetch(users)
        if people is None or not self.is_attached:
            return
        self.lines = {str(line.id): line for line in people}
        self.table.show({key: self._row(line) for key, line in self.lines.items()})
        self.show_state((f"{sum(line.is_active for line in people)} people", Tone.DIM))

    def _row(self, line: UserLine) -> Row:
        now = self.desk.clock()
        proofs = [word for word, has in (("password", line.has_password), ("PIN", line.has_pin)) if has]
        tone = Tone.PLAIN if line.is_active else Tone.DIM
        return (
            Cell(line.name, Tone.NOW if line.id == self.desk.actor.user_id else tone),
            Cell(line.full_name, tone),
            Cell(line.role, tone),
            Cell(" + ".join(proofs) or ("login" if line.os_login else "nothing yet"), tone if proofs else Tone.DIM),
            Cell(line.os_login or "-", Tone.DIM),
            Cell(age(line.last_seen_at, now) if line.last_seen_at else "-", Tone.DIM),
            self._state(line),
        )

    def _state(self, line: UserLine) -> Cell:
        if not line.is_active:
            return Cell(f"{self.host.symbol('gone')[:1]} closed", Tone.DIM)
        if line.is_locked(self.desk.clock()):
            return Cell("! locked", Tone.LOOK)
        return Cell("")

    def subject(self) -> str:
        """Name what the letters act on."""
        return self.line.name if self.line else ""

    # What can be done.

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why an action cannot be done to the person under the pointer."""
        if action in ("down", "up"):
            return None
        if action not in (*_OPERATIONS, "secret", "close", "open"):
            return super().why_not(action, *parameters)
        line = self.line
        if line is None and action not in ("add", "enrol"):
            return "Nobody is selected."
        return self._why_not_person(action, line)

    def _why_not_person(self, action: str, line: UserLine | None) -> str | None:
        actor = self.desk.actor
        is_me = line is not None and line.id == actor.user_id
        if action == "secret":
            return None if is_me else why_not_allowed(actor, "user.reset_password")
        if action == "close":
            name = "user.deactivate" if line is None or line.is_active else "user.reactivate"
            return why_not_allowed(actor, name) or ("Nobody can close their own account." if is_me else None)
        problem = why_not_allowed(actor, _OPERATIONS.get(action, "user.change_role"))
        if problem is None and action == "unlock" and line is not None and not line.is_locked(self.desk.clock()):
            return f"{line.name} is not locked."
        return problem

    def label_of(self, each: Command) -> str:
        """Say that closing an account that is closed opens it."""
        if each.method == "close" and self.line is not None and not self.line.is_active:
            return "let in"
        return super().label_of(each)

    # What is done.

    def action_add(self) -> None:
        """Add a person."""
        self.open_panel(NewPersonPanel())

    def action_edit(self) -> None:
        """Change a person's role and login."""
        if self.line is not None:
            self.open_panel(EditPersonPanel(self.line))

    action_open = action_edit

    def action_secret(self) -> None:
        """Ask for a new password or PIN."""
        line = self.line
        if line is None:
            return
        is_own = line.id == self.desk.actor.user_id

        def chosen(key: str | None) -> None:
            if key is not None:
                self.open_panel(SecretPanel(Proof(key), line, is_own=is_own))

        entries = [
            Choice(Proof.PASSWORD, "Password", "at least 15 characters; counts everywhere"),
            Choice(Proof.PIN, "PIN", "6 to 12 digits; counts on enrolled terminals alone"),
        ]
        self.app.push_screen(ChoicePanel(f"NEW SECRET OF {line.name}", entries), callback=chosen)

    def action_unlock(self) -> None:
        """Give somebody new tries."""
        from opsdesk.operations.people.users import unlock

        if self.line is not None:
            self.carry_out(unlock, self.line.id)

    def action_enrol(self) -> None:
        """Let a PIN be enough on this terminal."""
        self.open_panel(TerminalPanel())

    def action_close(self) -> None:
        """Let somebody sign in no more, after a question; or let them in again."""
        from opsdesk.operations.people.users import deactivate, reactivate

        line = self.line
        if line is None:
            return
        if not line.is_active:
            self.carry_out(reactivate, line.id, version=line.version)
            return

        def answered(is_yes: bool | None) -> None:
            if is_yes:
                self.carry_out(deactivate, line.id, version=line.version)

        sentence = f"Let {line.name} ({line.full_name}) sign in no more? What is open on their terminal ends at once."
        self.app.push_screen(ConfirmPanel("CLOSE", sentence, verb="close the account"), callback=answered)

    def done(self, done: Done) -> None:
        """Say what was done, and show it."""
        super().done(done)
        self.reload()

    async def opened(self) -> None:
        """Open the account under the pointer."""
        await self.run_command("user.edit")

    def action_next(self) -> None:
        """Go to the next person."""
        self.table.action_step(1)
