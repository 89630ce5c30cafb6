"""The fields of the refund composer, and what their text means: units, amounts, and over which payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsdesk.domain.errors import Invalid
from opsdesk.domain.money import Money
from opsdesk.domain.refunds.parts import Fee, RefundContent, RefundLine
from opsdesk.domain.refunds.shares import Share, ShareChoice
from opsdesk.domain.refunds.states import FeeKind, RefundReason
from opsdesk.store.views.money.refunding import RefundGrounds
from opsdesk.terminal.text import fitted
from opsdesk.widgets.fields import Field

_LINE, _OVER, _REFERENCE = "line_", "over_", "ref_"
_FEES = {"restocking": FeeKind.RESTOCKING, "return_label": FeeKind.RETURN_LABEL}
_MOST_LINES = 40


def fields_of(grounds: RefundGrounds) -> list[Field]:
    """Return a field for each line and payment that something is left of, and those that every refund has."""
    left = grounds.left
    lines = [
        Field(
            f"{_LINE}{line.line_id}",
            fitted(line.title, 22).rstrip(),
            hint=f"units, {line.units} left, {line.amount} in all",
            longest=6,
        )
        for line in left.lines[:_MOST_LINES]
        if line.units
    ]
    shipping = [Field("shipping", "shipping", hint=f"up to {left.shipping}", longest=20)] if left.shipping else []
    if grounds.too_much:
        shipping.append(Field("overpayment", "paid too much", hint=f"up to {grounds.too_much}", longest=20))
    plain = [
        Field("goodwill", "goodwill", hint="an amount without goods", longest=20),
        Field("restocking", "less restocking", hint="kept as a fee", longest=20),
        Field("return_label", "less label", hint="kept for the return label", longest=20),
    ]
    return [*lines, *shipping, *plain, *_payment_fields(grounds), Field("note", "note", hint="for the history")]


def is_about_payment(name: str) -> bool:
    """Say whether a field is about the way that money goes back."""
    return name.startswith((_OVER, _REFERENCE))


def _payment_fields(grounds: RefundGrounds) -> list[Field]:
    fields: list[Field] = []
    usable = [source for source in grounds.sources if source.left]
    for source in usable:
        name = fitted(source.name, 16).rstrip()
        if len(usable) > 1:
            most = Money(source.left, source.facts.currency)
            fields.append(
                Field(f"{_OVER}{source.payment_id}", f"over {name}", hint=f"by itself; at most {most}", longest=20)
            )
        if not source.is_live and not source.is_credit:
            hint = "what was paid by hand: the bank's line, the receipt"
            fields.append(Field(f"{_REFERENCE}{source.payment_id}", f"ref. {name}", hint=hint, longest=120))
    return fields


def content_of(grounds: RefundGrounds, values: Mapping[str, str], reason: RefundReason) -> RefundContent:
    """Return what the fields say is to go back.

    Raises:
        Invalid: a field holds no number, or no amount.
    """
    currency = grounds.charged.currency
    lines = tuple(
        RefundLine(int(name.removeprefix(_LINE)), _units(name, text))
        for name, text in values.items()
        if name.startswith(_LINE) and text.strip()
    )
    fees = tuple(
        Fee(kind, amount)
        for name, kind in _FEES.items()
        if (amount := _amount(values, name, currency)) is not None and amount
    )
    overpayment = _amount(values, "overpayment", currency)
    if overpayment is not None and overpayment.minor > grounds.too_much.minor:
        raise Invalid("overpayment", f"Only {grounds.too_much} was paid too much.")
    return RefundContent(
        lines=lines,
        shipping=_amount(values, "shipping", currency),
        fees=fees,
        goodwill=_amount(values, "goodwill", currency),
        overpayment=overpayment,
        reason=reason,
        note=values.get("note", "").strip(),
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """Over which payments somebody wants it to go, and how what is paid by hand is called."""

    overrides: Mapping[int, Money]
    references: Mapping[int, str]
    currency: str

    def shares(self, worked_out: Sequence[Share]) -> tuple[ShareChoice, ...]:
        """Return the shares as they were worked out, with the references that were typed."""
        return tuple(
            ShareChoice(
                share.payment_id,
                Money(share.amount, self.currency),
                reference=self.references.get(share.payment_id, ""),
            )
            for share in worked_out
        )


def choices_of(grounds: RefundGrounds, values: Mapping[str, str]) -> Chosen:
    """Return what the fields say about payments.

    Raises:
        Invalid: a field holds no amount.
    """
    currency = grounds.charged.currency
    overrides = {
        int(name.removeprefix(_OVER)): amount
        for name in values
        if name.startswith(_OVER) and (amount := _amount(values, name, currency)) is not None
    }
    references = {
        int(name.removeprefix(_REFERENCE)): text.strip() for name, text in values.items() if name.startswith(_REFERENCE)
    }
    return Chosen(overrides, references, currency)


def whole_refund(grounds: RefundGrounds) -> dict[str, str]:
    """Return what the fields hold when everything that is left goes back."""
    left = grounds.left
    values = {f"{_LINE}{line.line_id}": str(line.units) for line in left.lines if line.units}
    return {**values, "shipping": str(left.shipping.amount)} if left.shipping else values


def _units(name: str, text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        raise Invalid(name, f"{text[:20]!r} is no number of units. Write a whole number.")
    return int(text)


def _amount(values: Mapping[str, str], name: str, currency: str) -> Money | None:
    text = values.get(name, "").upper().replace(currency, "").strip()
    return Money.parse(text, currency, field=name) if text else None
