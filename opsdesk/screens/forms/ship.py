"""Send a parcel: carrier and number, all that is open or less of it, and the mail that tells the customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from opsdesk.domain.carriers import find_carrier
from opsdesk.domain.errors import Invalid, OpsDeskError
from opsdesk.domain.mails.letters import LetterLine, LetterParcel
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.statuses.menu import Status
from opsdesk.operations.orders.shipping import SHIPPED_STATUS, ship
from opsdesk.operations.statuses.previewing import require_neutral
from opsdesk.screens.forms.filling import show_field
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.panels import ChoicePanel
from opsdesk.screens.frame.writing import LetterForm, mail_fields
from opsdesk.screens.order.words import plural
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.store.views.orders.parts import LineDetail
from opsdesk.terminal.text import fitted
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.fields import Field
from opsdesk.widgets.form import Form
from opsdesk.widgets.key_bar import BarKey

_MOST_LINES = 40
_LINE = "line_"
_MAIL = "@mail"


class ShipPanel(LetterForm):
    """The parcel first, its mail under it; F9 sends both or neither."""

    ACTION = "ship"
    DRAFT = "ship"

    def __init__(self, order_id: int) -> None:
        super().__init__("SHIP", [], order_id)
        self.has_mail = True
        self._in_mail: LetterParcel | None = None

    def compose_form(self) -> ComposeResult:
        """Yield the place of the form; its fields are known when the order is."""
        yield Vertical(id="ship-form")

    async def prepare(self, detail: OrderDetail) -> None:
        """Make a field for each line that is open."""
        self.has_mail = detail.facts.has_email
        self.form = Form(self._fields(detail))
        await self.query_one("#ship-form").mount(self.form)
        for name in ("subject", "text"):
            show_field(self.form, name, is_shown=self.has_mail)
        self.focus_body()

    def _fields(self, detail: OrderDetail) -> list[Field]:
        carrier = self._likely_carrier(detail)
        head = [
            Field("carrier", "carrier", carrier, hint="F4 lists them", longest=60),
            Field("tracking_number", "tracking number", hint="scan or type it; may stay empty", longest=80),
        ]
        units = [
            Field(f"{_LINE}{line.id}", fitted(line.name, 22).rstrip(), str(line.quantities.open), longest=6)
            for line in self._open_lines(detail)
        ]
        return [*head, *units, *mail_fields(9)]

    def arrived(self, detail: OrderDetail) -> None:
        """Write the mail."""
        self.begin(self._write_mail())

    def focus_body(self) -> None:
        """Begin with the tracking number where the carrier is known."""
        has_carrier = bool(self.form.values.get("carrier"))
        self.form.focus_field("tracking_number" if has_carrier else "carrier")

    def commit_label(self) -> str | None:
        """Say what F9 sends."""
        units = sum(_whole(text) or 0 for name, text in self.form.values.items() if name.startswith(_LINE))
        carrier = self.form.values.get("carrier", "").strip()
        by = f" BY {carrier.upper()}" if carrier else ""
        return f"SHIP {plural(units, 'UNIT', 'UNITS')}{by}"

    def commit(self, values: Mapping[str, str]) -> None:
        """Send the parcel, with its mail; a mail that does not know the parcel yet is written first."""
        if self.detail is not None and self.has_mail and self._parcel(self.detail) != self._in_mail:
            self.begin(self._write_and_send())
        else:
            self._send(values)

    async def _write_and_send(self) -> None:
        await self._write_mail()
        if self.is_attached and self.written is not None:
            self._send(self.form.values)

    def _send(self, values: Mapping[str, str]) -> None:
        try:
            quantities = self._quantities(values)
            letter = self._letter(values) if self.has_mail and self.written is not None else None
        except OpsDeskError as error:
            self.show_refusal(error)
            return
        carrier = find_carrier(self.desk.carriers, values["carrier"])
        number = values["tracking_number"].strip()
        self.carry_out(
            ship,
            self.order_id,
            version=self.version,
            carrier=carrier.name,
            tracking_number=number,
            tracking_url=carrier.link(number.replace(" ", "")),
            quantities=quantities,
            letter=letter,
        )

    def _quantities(self, values: Mapping[str, str]) -> dict[int, int] | None:
        typed = {name: text.strip() for name, text in values.items() if name.startswith(_LINE)}
        counted: dict[int, int] = {}
        for name, text in typed.items():
            count = _whole(text or "0")
            if count is None:
                raise Invalid(name, f"{text[:20]!r} is no number of units. Write a whole number; 0 leaves it out.")
            counted[int(name.removeprefix(_LINE))] = count
        return counted if typed else None

    def _letter(self, values: Mapping[str, str]) -> Letter:
        letter = self.reworded(values)
        status = self._status
        if self.written is not None and letter is not self.written.letter and status is not None:
            require_neutral(self.desk.letters, status, letter, titles=self.titles())
        return letter

    # The mail.

    @property
    def _status(self) -> Status | None:
        return next((each for each in self.desk.statuses.statuses if each.code == SHIPPED_STATUS), None)

    async def _write_mail(self) -> None:
        status, detail = self._status, self.detail
        if status is None or detail is None or not self.has_mail:
            return
        self._in_mail = self._parcel(detail)
        if await self.write_letter(status, parcel=self._in_mail) is None or not self.is_attached:
            return
        if self.is_reworded:
            self.say("Your own words stay in the mail.", hint="F5 writes it anew")
        self.show_keys()

    def _parcel(self, detail: OrderDetail) -> LetterParcel:
        values = self.form.values
        carrier = find_carrier(self.desk.carriers, values.get("carrier", ""))
        number = values.get("tracking_number", "").strip()
        inside = tuple(
            LetterLine(line.title, count, line.unit_price * count, line.variant, line.sku)
            for line in detail.lines
            if (count := _whole(values.get(f"{_LINE}{line.id}", "")) or 0)
        )
        return LetterParcel(carrier.name, number, carrier.link(number.replace(" ", "")), inside)

    @on(Form.Edited)
    def _parcel_changed(self, event: Form.Edited) -> None:
        self.show_keys()
        if self.written is None or self.detail is None or self._parcel(self.detail) == self._in_mail:
            return
        run_latest(self, self._write_mail, "letter")

    def action_reread(self) -> None:
        """Write the mail anew, whatever was typed into it."""
        self.form.fill({"subject": "", "text": ""})
        self.begin_with({"subject": "", "text": ""})
        self.written = None
        self.begin(self._write_mail())

    def action_choices(self) -> None:
        """List the carriers, and whether a mail goes out."""
        entries = [
            Choice(each.name, each.name, each.tracking_url and "parcels can be followed") for each in self.desk.carriers
        ]
        if self.detail is not None and self.detail.facts.has_email:
            entries.append(Choice(_MAIL, "send no mail" if self.has_mail else "send the mail"))

        def take(key: str | None) -> None:
            if key == _MAIL:
                self._toggle_mail()
            elif key is not None:
                self.form.fill({"carrier": key})
                self.form.focus_field("tracking_number")
                self.show_keys()
                self.begin(self._write_mail())

        self.app.push_screen(ChoicePanel("SENT BY", entries, narrows=True), callback=take)

    def _toggle_mail(self) -> None:
        self.has_mail = not self.has_mail
        for name in ("subject", "text"):
            show_field(self.form, name, is_shown=self.has_mail)
        self.say("The mail goes out with the parcel." if self.has_mail else "No mail goes out.", hint="F4 changes it")
        self.show_keys()
        if self.has_mail:
            self.begin(self._write_mail())

    def panel_keys(self) -> Sequence[BarKey]:
        """Show the list of carriers, and how to write the mail again."""
        return [
            *super().panel_keys(),
            BarKey("screen.choices", "F4", "carriers"),
            BarKey("screen.refresh", "F5", "mail anew"),
        ]

    def _open_lines(self, detail: OrderDetail) -> list[LineDetail]:
        lines = [line for line in detail.lines if line.quantities.open]
        return lines if len(lines) <= _MOST_LINES else []

    def _likely_carrier(self, detail: OrderDetail) -> str:
        """Return the carrier that the order asks for, or that took its last parcel."""
        method = detail.head.shipping_method.casefold()
        words = method.split()
        asked = [each.name for each in self.desk.carriers if each.name.casefold() in method or each.code in words]
        sent = [parcel.carrier for parcel in detail.parcels if parcel.recalled_at is None]
        return (asked or sent[-1:] or [""])[0]


def _whole(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() else None
