"""Panels about one person: added, changed, given a secret; and the terminal that PINs count on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from opsdesk.domain.errors import Invalid, OpsDeskError
from opsdesk.domain.people.actors import Role
from opsdesk.domain.people.credentials import LONGEST_PASSWORD, LONGEST_PIN, Proof
from opsdesk.screens.frame.panels import ChoicePanel, FormPanel
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.fields import Field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsdesk.store.desk.passwords import Hashed
    from opsdesk.store.views.users import UserLine

_ROLES: Mapping[Role, str] = {
    Role.AGENT: "orders, customers, telephone",
    Role.WAREHOUSE: "picks, packs, ships",
    Role.FRAUD: "decides suspicious orders",
    Role.SUPERVISOR: "hands out work, imports, templates, no limits",
    Role.ADMIN: "people and settings besides",
}


class PersonPanel(FormPanel[object]):
    """A form about a person, with the roles on F4."""

    def why_not(self, action: str, *parameters: object) -> str | None:
        """F4 lists the roles."""
        return None if action == "choices" else super().why_not(action, *parameters)

    def action_choices(self) -> None:
        """Choose the role from a list."""

        def chosen(key: str | None) -> None:
            if key is not None:
                self.form.fill({"role": key})

        entries = [Choice(role.value, role.value, what) for role, what in _ROLES.items()]
        self.app.push_screen(ChoicePanel("ROLE", entries, pointed=self.form.values["role"]), callback=chosen)


class NewPersonPanel(PersonPanel):
    """Somebody new."""

    def __init__(self) -> None:
        super().__init__("NEW PERSON", _fields())

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "ADD"

    def commit(self, values: Mapping[str, str]) -> None:
        """Add the person; a secret follows."""
        from opsdesk.operations.people.users import add

        self.carry_out(
            add,
            values["name"],
            full_name=values["full_name"],
            role=values["role"].strip(),
            os_login=values["os_login"],
        )


class EditPersonPanel(PersonPanel):
    """Role and login of somebody."""

    def __init__(self, line: UserLine) -> None:
        super().__init__(f"{line.name}: {line.full_name}", _fields(line)[2:])
        self._line = line

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "SAVE"

    def commit(self, values: Mapping[str, str]) -> None:
        """Save what differs."""
        self.begin(self._save(values["role"].strip(), values["os_login"].strip()))

    async def _save(self, role: str, login: str) -> None:
        from opsdesk.operations.people.users import change_role, tie_login

        line, done = self._line, None
        version = line.version
        if role != line.role:
            done = await self.attempt(change_role, line.id, version=version, role=role)
            if done is None:
                return
            version = done.version or version
        if login != (line.os_login or ""):
            done = await self.attempt(tie_login, line.id, version=version, os_login=login)
            if done is None:
                return
        if done is None:
            self.say("Nothing was changed.")
        elif self.is_attached:
            self.done(done)


class SecretPanel(FormPanel[object]):
    """A new password or PIN, typed twice."""

    def __init__(self, proof: Proof, line: UserLine, *, is_own: bool) -> None:
        longest = LONGEST_PIN if proof is Proof.PIN else LONGEST_PASSWORD
        fields = [
            Field("secret", f"New {proof.word}", is_secret=True, longest=longest),
            Field("again", "Once more", is_secret=True, longest=longest),
        ]
        super().__init__(f"NEW {proof.word.upper()} OF {line.name}", fields)
        self._proof, self._line, self._is_own = proof, line, is_own

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return f"SET THE {self._proof.word.upper()}"

    def commit(self, values: Mapping[str, str]) -> None:
        """Set it, provided it was typed the same twice."""
        secret, again = str.__str__(values["secret"]), str.__str__(values["again"])
        if secret != again:
            self.form.show_error("again", "The two are not the same.")
        else:
            self.begin(self._set(secret))

    async def _set(self, secret: str) -> None:
        from opsdesk.store.desk.passwords import hashed

        try:
            new = await self.desk.run(hashed, self._proof, secret, name=self._line.name)
        except Invalid as error:
            self.form.show_error("secret", error.message)
        except OpsDeskError as error:
            self.show_refusal(error)
        else:
            await self._give(new)

    async def _give(self, new: Hashed) -> None:
        from opsdesk.operations.people.users import reset_password, reset_pin, set_password, set_pin

        is_pin, user_id = self._proof is Proof.PIN, self._line.id
        if self._is_own:
            done = await (self.attempt(set_pin, pin=new) if is_pin else self.attempt(set_password, password=new))
        elif is_pin:
            done = await self.attempt(reset_pin, user_id, pin=new)
        else:
            done = await self.attempt(reset_password, user_id, password=new)
        if done is not None and self.is_attached:
            self.done(done)


class TerminalPanel(FormPanel[object]):
    """Where this terminal stands."""

    def __init__(self) -> None:
        super().__init__("A PIN IS ENOUGH HERE", [Field("name", "Terminal", hint="e.g. packing bench 2")])

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "ENROL"

    def commit(self, values: Mapping[str, str]) -> None:
        """Enrol the terminal."""
        self.begin(self._enrol(values["name"]))

    async def _enrol(self, name: str) -> None:
        from opsdesk.operations.people.signing_in import enrol_this

        try:
            done = await self.desk.run(enrol_this, self.desk.performer(), name)
        except OpsDeskError as error:
            self.show_refusal(error)
        else:
            if self.is_attached:
                self.done(done)


def _fields(line: UserLine | None = None) -> Sequence[Field]:
    return [
        Field("name", "Sign-in name", hint="short, a-z and digits", longest=32),
        Field("full_name", "Full name", longest=80),
        Field("role", "Role", line.role if line else "", hint="F4 lists them", longest=16),
        Field("os_login", "Login", (line.os_login or "") if line else "", hint="acts without a password", longest=128),
    ]
