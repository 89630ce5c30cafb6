"""Forms that move the money of one order: capture, void, credit, account, and what is under way at a gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opsdesk.domain.errors import Invalid
from opsdesk.domain.payments.gateways import CallState
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.operations.payments.gateway_calls import send_now, settle_by_hand, take_back
from opsdesk.operations.payments.taking import capture, take_on_account, use_credit, void
from opsdesk.screens.forms.filling import show_field
from opsdesk.screens.money.base import MoneyForm, PickingForm
from opsdesk.screens.money.choices import live
from opsdesk.screens.money.words import MoneySeen, call_words
from opsdesk.store.views.money.parts import CallView, MoneySheet, PaymentView
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.fields import Field


def _payment_entries(payments: Sequence[PaymentView]) -> list[Choice]:
    return [Choice(str(each.id), each.name, f"{each.money(each.facts.capturable)} left") for each in payments]


class CapturePanel(PickingForm):
    """Capture what was authorised, in full or in part."""

    ACTION = KEY = "capture"
    DRAFT = "capture"

    def __init__(self, order_id: int) -> None:
        super().__init__("CAPTURE", [Field("amount", "amount", longest=20)], order_id)

    def entries(self, sheet: MoneySheet) -> list[Choice]:
        """Return the payments with something left to capture."""
        return _payment_entries([each for each in live(sheet) if each.facts.capturable])

    def values_of(self, detail: OrderDetail) -> Mapping[str, str]:
        """Begin with what the order still costs, as far as the payment that is picked goes."""
        sheet = self.sheet
        payment = sheet.payment(int(self.picked)) if sheet is not None and self.picked else None
        if sheet is None or payment is None:
            return {}
        under_way = sum(each.facts.capturing for each in sheet.payments)
        return {"amount": str(payment.money(min(payment.facts.capturable, sheet.due.minor - under_way)).amount)}

    def pick(self, key: str) -> None:
        """Offer what is left of this payment; an amount that was typed stays."""
        super().pick(key)
        if self.detail is not None:
            self.begin_with(self.values_of(self.detail))

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "CAPTURE IT"

    def commit(self, values: Mapping[str, str]) -> None:
        """Ask the gateway for the money; it goes out in a minute."""
        amount = self.amount_in(values)
        if not self.picked:
            self.say_no("Pick the payment first: press its digit.")
        elif amount is not None:
            self.carry_out(capture, int(self.picked), version=self.version, amount=amount)


class VoidPanel(PickingForm):
    """Give an authorisation back."""

    ACTION = KEY = "void"

    def __init__(self, order_id: int) -> None:
        super().__init__("GIVE THE AUTHORISATION BACK", [], order_id)

    def entries(self, sheet: MoneySheet) -> list[Choice]:
        """Return the authorisations that stand."""
        return _payment_entries([each for each in live(sheet) if each.facts.capturable])

    def pick(self, key: str) -> None:
        """Say what giving it back means."""
        super().pick(key)
        self.say("The money is the customer's again, and the order has to be paid anew.")

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "GIVE IT BACK"

    def commit(self, values: Mapping[str, str]) -> None:
        """Void the authorisation."""
        if self.picked:
            self.carry_out(void, int(self.picked), version=self.version)
        else:
            self.say_no("Pick the payment first: press its digit.")


class CreditPanel(PickingForm):
    """Pay with store credit or a gift card."""

    ACTION = KEY = "use_credit"
    DRAFT = "use_credit"

    def __init__(self, order_id: int) -> None:
        super().__init__("USE CREDIT OR A GIFT CARD", [Field("amount", "amount", longest=20)], order_id)

    def entries(self, sheet: MoneySheet) -> list[Choice]:
        """Return what the customer has with us."""
        return [
            Choice(str(each.id), each.kind.replace("_", " "), f"{each.balance} left {each.code_end}".rstrip())
            for each in sheet.credits
        ]

    def values_of(self, detail: OrderDetail) -> Mapping[str, str]:
        """Begin with what is due, as far as the credit goes."""
        if self.sheet is None or not self.sheet.credits:
            return {}
        most = min(self.sheet.still_to_come, self.sheet.credits[0].balance)
        return {"amount": str(most.amount)}

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "USE IT"

    def commit(self, values: Mapping[str, str]) -> None:
        """Pay with it."""
        amount = self.amount_in(values)
        if not self.picked:
            self.say_no("Pick the credit first: press its digit.")
        elif amount is not None:
            self.carry_out(use_credit, self.order_id, version=self.version, credit_id=int(self.picked), amount=amount)


class AccountPanel(MoneyForm):
    """Let a customer pay on account."""

    ACTION = KEY = "on_account"
    DRAFT = "on_account"

    def __init__(self, order_id: int) -> None:
        super().__init__(
            "ON ACCOUNT", [Field("note", "why", hint="who allowed it, and until when it is paid")], order_id
        )

    def arrived(self, detail: OrderDetail) -> None:
        """Say what it means."""
        assert self.sheet is not None, "A money form that has arrived has read its sheet."
        self.say(f"{self.sheet.still_to_come} counts as paid, and stands on the customer's account.")

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "PUT IT ON ACCOUNT"

    def commit(self, values: Mapping[str, str]) -> None:
        """Take it on account."""
        self.carry_out(take_on_account, self.order_id, version=self.version, note=values["note"])


class CallsPanel(PickingForm):
    """What is under way at a gateway: send it now, take it back, or settle by hand what nobody knows of."""

    ACTION = KEY = "gateway_call"

    def __init__(self, order_id: int) -> None:
        fields = [
            Field("happened", "happened", hint="yes or no, as the gateway's own screen says", longest=3),
            Field("reference", "reference", hint="what the gateway calls it"),
            Field("note", "note", hint="where you looked"),
        ]
        super().__init__("UNDER WAY AT A GATEWAY", fields, order_id)

    def entries(self, sheet: MoneySheet) -> list[Choice]:
        """Return each call with what can be done about it."""
        seen = MoneySeen(sheet, self.desk.clock(), self.desk.zone, lambda _name: "")
        listed: list[Choice] = []
        for call in sheet.calls:
            words = call_words(seen, call).strip()
            if call.state is CallState.REQUESTED:
                listed.append(Choice(f"back:{call.id}", "take back", words))
                listed.append(Choice(f"now:{call.id}", "send now", words))
            else:
                is_wait = call.state is CallState.SENDING
                no_right = why_not_allowed(self.desk.actor, "call.settle_by_hand")
                problem = "It is being sent this moment. Wait for the answer." if is_wait else no_right
                listed.append(Choice(f"settle:{call.id}", "settle by hand", words, problem))
        return listed

    def arrived(self, detail: OrderDetail) -> None:
        """Show the fields once something is settled by hand."""
        self._show_fields()
        super().arrived(detail)

    def pick(self, key: str) -> None:
        """Show the fields that settling needs."""
        self.picked = key
        self._show_fields()
        super().pick(key)
        if not key.startswith("settle"):
            self.set_focus(self.list)

    def _show_fields(self) -> None:
        for name in ("happened", "reference", "note"):
            show_field(self.form, name, is_shown=self.picked.startswith("settle"))

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        verb = self.picked.partition(":")[0]
        return {"back": "TAKE IT BACK", "now": "SEND IT NOW", "settle": "SETTLE IT"}.get(verb)

    def commit(self, values: Mapping[str, str]) -> None:
        """Do what was picked."""
        verb, _, number = self.picked.partition(":")
        if verb == "back":
            self.carry_out(take_back, int(number))
        elif verb == "now":
            self.carry_out(send_now, int(number))
        elif verb == "settle":
            self._settle(self._call(int(number)), values)
        else:
            self.say_no("Pick one first: press its digit.")

    def _call(self, call_id: int) -> CallView:
        assert self.sheet is not None, "What was picked was read."
        return next(call for call in self.sheet.calls if call.id == call_id)

    def _settle(self, call: CallView, values: Mapping[str, str]) -> None:
        answer = values["happened"].strip().lower()
        if answer not in ("yes", "no"):
            self.show_refusal(Invalid("happened", "Write yes or no, as the gateway's own screen says."))
            return
        self.carry_out(
            settle_by_hand,
            call.id,
            version=call.version,
            happened=answer == "yes",
            reference=values["reference"],
            note=values["note"],
        )
