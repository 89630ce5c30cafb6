"""A payment that came in outside a gateway."""

from __future__ import annotations

from collections.abc import Mapping

from opsdesk.domain.errors import Invalid
from opsdesk.domain.money import Money
from opsdesk.operations.payments import record_payment
from opsdesk.screens.forms.base import OrderForm
from opsdesk.store.views.order import OrderDetail
from opsdesk.widgets.fields import Field


class PaymentPanel(OrderForm):
    """Amount and reference; the amount begins with what is still to come."""

    ACTION = "record_payment"
    DRAFT = "record_payment"

    def __init__(self, order_id: int) -> None:
        fields = [
            Field("amount", "amount", longest=20),
            Field("reference", "reference", hint="as it stands on the bank statement"),
        ]
        super().__init__("RECORD A PAYMENT", fields, order_id)

    def values_of(self, detail: OrderDetail) -> Mapping[str, str]:
        """Begin with what is still to come."""
        return {"amount": str(detail.due.amount)}

    def arrived(self, detail: OrderDetail) -> None:
        """Say what is still to come."""
        self.say(f"{detail.due} of {detail.amounts.total} is still to come.")

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
        except Invalid as error:
            self.show_refusal(error)
            return
        reference = values["reference"]
        self.carry_out(record_payment, self.order_id, version=self.version, amount=amount, reference=reference)
