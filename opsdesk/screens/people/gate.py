"""The gate in front of the desks: nobody passes without a name and its secret, and nothing of the shop is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Digits, Static

from opsdesk.domain.errors import Invalid, OpsDeskError
from opsdesk.keys import bindings
from opsdesk.screens.frame.base import DeskScreen
from opsdesk.screens.frame.carrying import Banner
from opsdesk.screens.frame.host import StoreChange
from opsdesk.settings import Glyphs
from opsdesk.theme import Tone
from opsdesk.widgets.fields import Field, SecretField
from opsdesk.widgets.form import Form
from opsdesk.widgets.key_bar import BarKey, KeyBar
from opsdesk.widgets.lines import MessageLine, TitleLine

if TYPE_CHECKING:
    from opsdesk.domain.people.actors import Actor

_OPEN_HERE = ("screen.back", "screen.commit", "screen.saved", "screen.stay", "screen.redraw")
_BADGE = "USR-"
_LONGEST_PIN = 12


def _bindings() -> list[BindingType]:
    """Return the few keys that work in front of the gate; no other command can be reached from there."""
    everywhere = (each for each in bindings("everywhere") if isinstance(each, Binding))
    return [each for each in everywhere if (each.id or "").startswith(_OPEN_HERE)]


class Gate(DeskScreen[None], inherit_bindings=False):
    """Asks for name and secret. Subclasses say why they ask, and what becomes of the work behind them."""

    CSS_PATH = "gate.tcss"
    KEYS = ()
    SPEAKS_FOR_OTHERS = False
    BINDINGS: ClassVar[list[BindingType]] = _bindings()
    HEADING: ClassVar[str] = ""
    ACT: ClassVar[str] = "SIGN IN"

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self._name_first = name
        self.form = Form(
            [
                Field("name", "Name", value=name, hint="sign-in name, or scan a badge", longest=64),
                Field("secret", "Password", hint="your password", is_secret=True, longest=256),
            ]
        )

    def compose(self) -> ComposeResult:
        """Lay out the box: title, time, why it asks, form, message, keys."""
        with Vertical(classes="gate--box"):
            yield TitleLine()
            with Vertical(classes="gate--body"):
                yield Digits("", classes="gate--time")
                yield Static(Content(""), classes="gate--why")
                yield self.form
            yield Banner()
            yield MessageLine()
            yield KeyBar()

    def why(self) -> str:
        """Say why it asks."""
        return ""

    def on_mount(self) -> None:
        """Ask, and give the focus back to the form whenever it would be lost."""
        for why in self.query(".gate--why").results(Static):
            why.update(Content.styled(self.why(), Tone.DIM.style))
        self.watch(self, "focused", self._keep_focus, init=False)

    async def load(self) -> None:
        """Say in the empty field whether a PIN is enough here."""
        from opsdesk.operations.people.signing_in import pin_is_enough

        try:
            is_enough = await self.desk.write(pin_is_enough)
        except OpsDeskError as error:
            self.show_refusal(error)
            return
        self._secret.placeholder = "your PIN or password" if is_enough else "your password"

    def focus_body(self) -> None:
        """Go to what is still to be typed."""
        self.form.focus_field("secret" if self.form.values["name"] else "name")

    def show_title(self) -> None:
        """Show heading and time, and nothing of the shop."""
        now = self.desk.clock().astimezone(self.desk.zone)
        for line in self.query(TitleLine):
            line.show(self.HEADING, self.mode.value, (), f"{now:%a %d %b %H:%M}")
        for time in self.query(Digits):
            time.display = self.host.glyphs is Glyphs.UNICODE and self.app.size.height >= 20
            time.update(f"{now:%H:%M}")

    def show_keys(self) -> None:
        """Show the keys of the gate."""
        for bar in self.query(KeyBar):
            bar.set_class(True, "-one-line")
            bar.show(tuple(self.gate_keys()), ())

    def gate_keys(self) -> Sequence[BarKey]:
        """Return the keys that work here."""
        return (BarKey("screen.commit", "F9", self.ACT, None, is_main=True),)

    def commit_label(self) -> str | None:
        """F9 and Enter in the last field do the same."""
        return self.ACT

    def action_commit(self) -> None:
        """Sign in, behind the characters that still wait for a field in the same burst."""
        (self.focused or self).call_later(self._ask)

    def take_in(self, change: StoreChange) -> None:
        """Show nothing of what happens in the shop."""

    async def passed(self, actor: Actor) -> None:
        """Somebody has proved who they are. Subclasses say what that opens."""

    @on(Form.Edited)
    def _edited(self, event: Form.Edited) -> None:
        event.stop()

    @on(Form.Completed)
    def _completed(self, event: Form.Completed) -> None:
        event.stop()
        self._ask()

    @property
    def _secret(self) -> SecretField:
        return cast("SecretField", self.form.widget("secret"))

    def _ask(self) -> None:
        name = self.form.values["name"].strip().removeprefix(_BADGE).lower()
        secret = self._secret.take()
        self.form.clear_errors()
        if not name or not secret:
            self.form.show_error("secret" if name else "name", "It is empty.")
            return
        self.say("One moment ...")
        self.begin(self._prove(name, secret))

    async def _prove(self, name: str, secret: str) -> None:
        from opsdesk.domain.people.credentials import Proof
        from opsdesk.operations.people.signing_in import pin_is_enough, sign_in

        terminal = self.host.terminal
        try:
            is_pin = secret.isdigit() and len(secret) <= _LONGEST_PIN and await self.desk.write(pin_is_enough)
            proof = Proof.PIN if is_pin else Proof.PASSWORD
            actor = await self.desk.write(
                sign_in, name=name, secret=secret, proof=proof, terminal=terminal, clock=self.desk.clock
            )
        except Invalid as error:
            self.say("")
            self.form.show_error("secret", error.message)
        except OpsDeskError as error:
            self.show_refusal(error)
            self.focus_body()
        else:
            if self.is_attached:
                await self.passed(actor)

    def _keep_focus(self) -> None:
        if self.focused is None and self.is_attached:
            self.call_later(self.focus_body)
