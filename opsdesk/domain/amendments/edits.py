"""The edits that an amendment of an order consists of: frozen values, kept as strict JSON, said in one line each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NoReturn

from opsdesk.domain.errors import Invalid
from opsdesk.domain.money import LARGEST_MINOR, Money
from opsdesk.domain.text import is_clean

JSON_VERSION = 1
MOST_EDITS = 200
LARGEST_QUANTITY = 1_000_000
LONGEST_JSON = 1_000_000
ADDRESS_FIELDS = ("name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone")
_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class AddLine:
    """Put goods on the order. Without `tax` the rate of the order is taken; the n-th new line is called line -n."""

    sku: str
    quantity: int
    unit_price: Money
    title: str = ""
    tax: Money | None = None


@dataclass(frozen=True, slots=True)
class SetQuantity:
    """Let a line have so many units; its own discount grows or shrinks with them."""

    line_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class RemoveLine:
    """Take a line off the order; its row stays, with nothing ordered."""

    line_id: int


@dataclass(frozen=True, slots=True)
class SwapLine:
    """Give other goods instead of a line; the new line is numbered as one that was added."""

    line_id: int
    sku: str
    quantity: int
    unit_price: Money
    title: str = ""


@dataclass(frozen=True, slots=True)
class OverridePrice:
    """Sell a line at another price per unit, for a reason."""

    line_id: int
    unit_price: Money
    reason: str


@dataclass(frozen=True, slots=True)
class DiscountLine:
    """Let the discount of a whole line be this amount (in place of the one that it has)."""

    line_id: int
    amount: Money


@dataclass(frozen=True, slots=True)
class DiscountOrder:
    """Let the discount of the order be this amount (in place of the one that it has)."""

    amount: Money


@dataclass(frozen=True, slots=True)
class SetShipping:
    """Send it another way, or at another price: the same amount keeps the price, nothing waives it."""

    method: str
    amount: Money


@dataclass(frozen=True, slots=True)
class SetAddress:
    """Send it elsewhere: pairs of a field of the shipping address and its new value; the others stay."""

    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ExemptTax:
    """Take all tax off: the customer is exempt from it, for a reason."""

    reason: str


Edit = (
    AddLine
    | SetQuantity
    | RemoveLine
    | SwapLine
    | OverridePrice
    | DiscountLine
    | DiscountOrder
    | SetShipping
    | SetAddress
    | ExemptTax
)

KINDS: Mapping[str, type[Edit]] = {
    "add_line": AddLine,
    "set_quantity": SetQuantity,
    "remove_line": RemoveLine,
    "swap_line": SwapLine,
    "override_price": OverridePrice,
    "discount_line": DiscountLine,
    "discount_order": DiscountOrder,
    "set_shipping": SetShipping,
    "set_address": SetAddress,
    "exempt_tax": ExemptTax,
}
"""The edits by the names under which they are kept."""

_NAMES = {kind: name for name, kind in KINDS.items()}


def edits_to_json(edits: Iterable[Edit], currency: str) -> str:
    """Write edits as they are kept; every amount is in minor units of the one currency."""
    return json.dumps({"version": JSON_VERSION, "currency": currency, "edits": [_plain(edit) for edit in edits]})


def edits_from_json(text: str) -> tuple[Edit, ...]:
    """Read edits back, and nothing else: no unknown key, no float, no control character.

    Raises:
        Invalid: it is not what `edits_to_json` writes.
    """
    document = strict_json(text)
    if not isinstance(document, dict) or set(document) != {"version", "currency", "edits"}:
        _refuse("it is no list of edits")
    if type(document["version"]) is not int or document["version"] != JSON_VERSION:
        _refuse("it was written by another version of OpsDesk")
    found, currency = document["edits"], document["currency"]
    if not isinstance(found, list) or not 0 < len(found) <= MOST_EDITS or not isinstance(currency, str):
        _refuse("it holds no edits, or too many")
    return tuple(_edit(each, currency) for each in found)


def strict_json(text: str) -> object:
    """Read JSON that has no key twice, no number that is none, and an end.

    Raises:
        Invalid: it cannot be read, or is too long.
    """
    if len(text) > LONGEST_JSON:
        _refuse("it is too long")
    try:
        return json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number, parse_float=_no_number)
    except (ValueError, RecursionError) as error:
        raise Invalid("edits", "The amendment cannot be read: it is not JSON.") from error


def words(edit: Edit, titles: Mapping[int, str]) -> str:
    """Say in one line what an edit does; `titles` names the lines by their ids."""
    line = titles.get(getattr(edit, "line_id", 0), "a line that is gone")
    match edit:
        case AddLine():
            return f"Add {edit.quantity} × {edit.title or edit.sku} at {edit.unit_price}"
        case SetQuantity():
            return f"{line}: {edit.quantity} units"
        case RemoveLine():
            return f"Remove {line}"
        case SwapLine():
            return f"{edit.quantity} × {edit.title or edit.sku} at {edit.unit_price} instead of {line}"
        case OverridePrice():
            return f"{line}: price {edit.unit_price} ({edit.reason})"
        case DiscountLine():
            return f"{line}: discount {edit.amount}"
        case DiscountOrder():
            return f"Discount of the order {edit.amount}"
        case SetShipping():
            return f"Shipping {edit.method}, {edit.amount}".replace(" ,", ",")
        case ExemptTax():
            return f"Take the tax off ({edit.reason})"
        case SetAddress():
            return f"Ship to {', '.join(value for _, value in edit.fields if value)}"


def edit_words(edits: Iterable[Edit], titles: Mapping[int, str]) -> tuple[str, ...]:
    """Say what each edit does, one line each; what an edit has added is known by name to those after it."""
    known, said, added = dict(titles), [], 0
    for edit in edits:
        said.append(words(edit, known))
        if isinstance(edit, AddLine | SwapLine):
            added -= 1
            known[added] = edit.title or edit.sku
    return tuple(said)


def _plain(edit: Edit) -> dict[str, object]:
    values = {field.name: getattr(edit, field.name) for field in fields(edit)}
    plain = {name: value.minor if isinstance(value, Money) else value for name, value in values.items()}
    return {"kind": _NAMES[type(edit)], **plain}


def _edit(found: object, currency: str) -> Edit:
    if not isinstance(found, dict) or found.get("kind") not in _NAMES.values():
        _refuse("it holds an edit that there is not")
    made = KINDS[found["kind"]]
    names = {field.name for field in fields(made)}
    if set(found) != names | {"kind"}:
        _refuse(f"an edit ({found['kind']}) has other parts than it should")
    values: dict[str, Any] = {name: _READ[name](found[name], currency) for name in names}
    return made(**values)


def _text(value: object, _currency: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not is_clean(value):
        _refuse("a text in it is too long, or holds what must not be shown")
    return value


def _whole(value: object, _currency: str) -> int:
    if type(value) is not int or abs(value) > LARGEST_MINOR:
        _refuse("a number in it is no whole number")
    return value


def _money(value: object, currency: str) -> Money:
    return Money(_whole(value, currency), currency)


def _money_if_any(value: object, currency: str) -> Money | None:
    return None if value is None else _money(value, currency)


def _address(value: object, currency: str) -> tuple[tuple[str, str], ...]:
    pairs = value if isinstance(value, list) else _refuse("an address in it is none")
    if not all(isinstance(pair, list) and len(pair) == 2 and pair[0] in ADDRESS_FIELDS for pair in pairs):
        _refuse("an address in it has a field that there is not")
    return tuple((pair[0], _text(pair[1], currency)) for pair in pairs)


_READ: Mapping[str, Callable[[object, str], object]] = {
    "sku": _text,
    "title": _text,
    "reason": _text,
    "method": _text,
    "quantity": _whole,
    "line_id": _whole,
    "unit_price": _money,
    "amount": _money,
    "tax": _money_if_any,
    "fields": _address,
}


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A key stands there twice.")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no whole number.")


def _refuse(why: str) -> NoReturn:
    raise Invalid("edits", f"The amendment cannot be read: {why}.")
