"""Turn the facts of an order into what a template sees: plain values, nothing that can act."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_currency

from opsdesk.domain.mails.letters import (
    AskedPayment,
    LetterFacts,
    LetterLine,
    LetterParcel,
    LetterRefund,
    LetterRefundPart,
    LetterRefundShare,
    ShopFacts,
)
from opsdesk.domain.money import Money
from opsdesk.integrations.ports import Plain

_EXAMPLE_TIME = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def mail_context(facts: LetterFacts, shop: ShopFacts, language: str) -> dict[str, Plain]:
    """Return the plain snapshot that a template in this language is filled in with."""
    locale = _locale(language)
    context: dict[str, Plain] = {
        "language": language,
        "shop": _shop(shop),
        "customer": {
            "name": facts.customer_name,
            "first_name": facts.customer_name.split(" ")[0],
        },
        "order": _order(facts, shop.zone, locale),
        "parcels": [_parcel(parcel, locale) for parcel in facts.parcels],
        "refund": _refund(facts.refund or LetterRefund(facts.refunded), locale),
        "agent": {"name": facts.agent or shop.name},
        "payment": _payment(facts.asked, shop.zone, language),
        "expected_on": format_date(facts.expected_on, "full", locale) if facts.expected_on else "",
    }
    if facts.deadline is not None:
        context["deadline"] = spelt_out(facts.deadline, shop.zone, language)
    return context


def spelt_out(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """Spell out a moment in the shop's zone: weekday, date, time and zone, in the customer's language."""
    locale = _locale(language)
    local = moment.astimezone(zone)
    zone_name = get_timezone_name(local, width="long", locale=locale)
    day, time = (
        format_date(local.date(), "full", locale),
        format_time(local.timetz(), "short", tzinfo=zone, locale=locale),
    )
    return f"{day}, {time} ({zone_name})"


def example_facts(*, has_deadline: bool = True) -> LetterFacts:
    """Return an invented order that has everything a template may show; previews and checks use it."""
    oil = LetterLine("Olive oil <extra>", 2, Money(2_590, "EUR"), "0.5 l", "OIL-05")
    lines = (oil, LetterLine("Sea salt", 1, Money(490, "EUR")))
    return LetterFacts(
        order_number="104501",
        placed_at=_EXAMPLE_TIME,
        customer_name="Ada Example",
        language="en",
        lines=lines,
        address=("Ada Example", "1 Example Street", "Exampleton", "EX1 2MP"),
        total=Money(3_080, "EUR"),
        paid=Money(1_000, "EUR"),
        refunded=Money(490, "EUR"),
        parcels=(
            LetterParcel(
                "Example Parcel",
                "EX123456789",
                "https://tracking.example/EX123456789",
                lines,
            ),
        ),
        agent="Mia",
        deadline=_EXAMPLE_TIME.replace(day=5) if has_deadline else None,
        expected_on=date(2026, 3, 20),
        asked=AskedPayment("https://pay.example/EX1", Money(2_080, "EUR"), _EXAMPLE_TIME.replace(day=5)),
        refund=LetterRefund(
            Money(490, "EUR"),
            (LetterRefundPart("line", Money(590, "EUR"), "Sea salt", 1), LetterRefundPart("fee", Money(-100, "EUR"))),
            (LetterRefundShare("card", Money(490, "EUR"), "visa ..4242"),),
        ),
    )


def sparse_facts(*, has_deadline: bool = True) -> LetterFacts:
    """Return an invented order with as little in it as an order can have."""
    return LetterFacts(
        order_number="1",
        placed_at=_EXAMPLE_TIME,
        customer_name="",
        language="en",
        lines=(),
        address=(),
        total=Money(0, "JPY"),
        paid=Money(0, "JPY"),
        refunded=Money(0, "JPY"),
        deadline=_EXAMPLE_TIME if has_deadline else None,
    )


EXAMPLE_SHOP = ShopFacts(
    "Example Shop",
    "+44 20 7946 0000",
    "Mon-Fri 9-17",
    "https://shop.example",
    "2 Example Road",
    ZoneInfo("Europe/London"),
)


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale.parse("en_GB")


def _shop(shop: ShopFacts) -> dict[str, Plain]:
    return {
        "name": shop.name,
        "phone": shop.phone,
        "hours": shop.hours,
        "website": shop.website,
        "address": shop.address,
    }


def _order(facts: LetterFacts, zone: ZoneInfo, locale: Locale) -> dict[str, Plain]:
    due = facts.total - facts.paid
    return {
        "number": facts.order_number,
        "placed_on": format_date(facts.placed_at.astimezone(zone).date(), "long", locale),
        "item": facts.lines[0].title if facts.lines else facts.order_number,
        "lines": [_line(line, locale) for line in facts.lines],
        "address": list[Plain](facts.address),
        "total": _money(facts.total, locale),
        "paid": _money(facts.paid, locale),
        "due": _money(max(Money.zero(due.currency), due), locale),
        "refunded": _money(facts.refunded, locale),
        "is_paid": facts.paid.minor > 0,
    }


def _line(line: LetterLine, locale: Locale) -> dict[str, Plain]:
    return {
        "title": line.title,
        "variant": line.variant,
        "sku": line.sku,
        "quantity": line.quantity,
        "price": _money(line.price, locale),
    }


def _payment(asked: AskedPayment | None, zone: ZoneInfo, language: str) -> dict[str, Plain]:
    if asked is None:
        return {"url": "", "amount": "", "until": "", "is_for_change": False}
    return {
        "url": asked.url if asked.url.startswith(("https://", "http://")) else "",
        "amount": _money(asked.amount, _locale(language)),
        "until": spelt_out(asked.until, zone, language),
        "is_for_change": asked.is_for_change,
    }


def _parcel(parcel: LetterParcel, locale: Locale) -> dict[str, Plain]:
    # Only an address of the web may become a link.
    url = parcel.tracking_url if parcel.tracking_url.startswith(("https://", "http://")) else ""
    return {
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "tracking_url": url,
        "lines": [_line(line, locale) for line in parcel.lines],
    }


def _refund(refund: LetterRefund, locale: Locale) -> dict[str, Plain]:
    return {
        "total": _money(refund.total, locale),
        "parts": [
            {"kind": part.kind, "title": part.title, "quantity": part.quantity, "amount": _money(part.amount, locale)}
            for part in refund.parts
        ],
        "shares": [
            {"way": share.way, "name": share.name, "amount": _money(share.amount, locale)} for share in refund.shares
        ],
    }


def _money(money: Money, locale: Locale) -> str:
    return format_currency(money.amount, money.currency, locale=locale)
