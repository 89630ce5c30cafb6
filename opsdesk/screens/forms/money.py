"""A payment that came in outside a gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opsdesk.domain.errors import Invalid
from opsdesk.domain.money import Money
from opsdesk.domain.payments.transactions import Method
from opsdesk.operations.payments.taking import record_payment
from opsdesk.screens.forms.base import OrderForm
from opsdesk.screens.frame.panels import ChoicePanel
from opsdesk.store.views.money.parts import MoneySheet
from opsdesk.store.views.money.sheet import money_sheet
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.fields import Field
from opsdesk.widgets.key_bar import BarKey

_WAYS = {
    Method.BANK_TRANSFER: ("as it stands on the bank statement", "the money is on the shop's account"),
    Method.CASH: ("the number of the receipt", "counted, and in the till"),
    Method.CHEQUE: ("the number of the cheque", "the cheque is here"),
}


class PaymentPanel(OrderForm):
    """Amount, how it came and reference; the amount begins with what is still to come."""

    ACTION = "record_payment"
    DRAFT = "record_payment"
    sheet: MoneySheet | None = None

    def __init__(self, order_id: int) -> None:
        fields = [
            Field("amount", "amount", longest=20),
            Field("method", "how", Method.BANK_TRANSFER.label, hint="F4 lists the ways", longest=20),
            Field("reference", "reference", hint=_WAYS[Method.BANK_TRANSFER][0]),
        ]
        super().__init__("RECORD A PAYMENT", fields, order_id)

    async def prepare(self, detail: OrderDetail) -> None:
        """Read the money of the order."""
        self.sheet = await self.fetch(money_sheet, self.order_id)

    def values_of(self, detail: OrderDetail) -> Mapping[str, str]:
        """Begin with what is still to come."""
        return {"amount": str(self._to_come(detail).amount)}

    def arrived(self, detail: OrderDetail) -> None:
        """Say what is still to come."""
        whole = detail.amounts.total
        if self.sheet is not None and self.sheet.amendment is not None:
            whole = self.sheet.amendment.new_total
        self.say(f"{self._to_come(detail)} of {whole} is still to come.")

    def _to_come(self, detail: OrderDetail) -> Money:
        return self.sheet.still_to_come if self.sheet is not None else detail.due

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "RECORD IT"

    def commit(self, values: Mapping[str, str]) -> None:
        """Record the payment."""
        if self.detail is None:
            return
        currency = self.detail.amounts.total.currency
        try:
            amount = Money.parse(values["amount"].upper().replace(currency, ""), currency)
            method = _method(values["method"])
        except Invalid as error:
            self.show_refusal(error)
            return
        reference = values["reference"]
        self.carry_out(
            record_payment,
            self.order_id,
            version=self.version,
            amount=amount,
            method=method,
            reference=reference,
        )

    def action_choices(self) -> None:
        """List the ways in which money comes without a gateway."""
        entries = [Choice(method.value, method.label, words) for method, (_, words) in _WAYS.items()]
        now = self.form.values["method"].strip().replace(" ", "_")

        def take(key: str | None) -> None:
            if key is not None:
                self.form.fill({"method": Method(key).label})
                self._keep(self.form.draft)
                self.form.focus_field("reference")

        self.app.push_screen(ChoicePanel("HOW IT CAME", entries, pointed=now), callback=take)

    def panel_keys(self) -> Sequence[BarKey]:
        """Show what F4 lists."""
        return [*super().panel_keys(), BarKey("screen.choices", "F4", "how it came")]


def _method(text: str) -> Method:
    typed = text.strip().casefold()
    found = [method for method in _WAYS if typed and method.label.startswith(typed)]
    if len(found) == 1:
        return found[0]
    raise Invalid("method", f"{text.strip()[:20]!r} is no way to pay. Write bank transfer, cash or cheque (F4).")
