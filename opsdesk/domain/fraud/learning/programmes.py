"""The monitoring programmes of the card networks: how near the shop is to being fined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from opsdesk.domain.fraud.entries import Entry, entries, read_tables
from opsdesk.domain.money import Money, exponent

_FILE = "fraud/programmes.toml"
_LARGEST = 10**9


class Counts(StrEnum):
    """What a programme counts."""

    FRAUD_AND_DISPUTES = "fraud_and_disputes"
    CHARGEBACKS = "chargebacks"
    FRAUD_CHARGEBACKS = "fraud_chargebacks"


class Over(StrEnum):
    """Which sales it is set against."""

    MONTH = "month"
    MONTH_BEFORE = "month_before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """One programme as it stands from a day on.

    Attributes:
        ratio: hundredths of a percent.
        at_least: how many must be counted for the programme to look at a shop.
        at_least_amount: how much must be counted, in the currency that the network names; None where it names none.
        sales_at_least: how many sales there must be.
        secured_below: percent of sales with 3-D Secure from which on it looks away; 0 where it does not ask.
        of_acquirer: it concerns all shops of an acquirer together.
    """

    code: str
    name: str
    network: str
    effective_from: date
    counts: Counts
    over: Over
    ratio: int
    region: str = ""
    at_least: int = 0
    at_least_amount: Money | None = None
    sales_at_least: int = 0
    secured_below: int = 0
    of_acquirer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFigures:
    """What happened on one network in one month.

    Attributes:
        fraud_amounts: what fraud chargebacks came to, a sum for each currency; `dispute_amounts` all disputes.
        secured: sales with 3-D Secure; None where nobody knows.
    """

    sales: int
    sales_before: int
    fraud_reports: int = 0
    disputes: int = 0
    fraud_chargebacks: int = 0
    fraud_amounts: tuple[Money, ...] = ()
    dispute_amounts: tuple[Money, ...] = ()
    secured: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the shop stands in one programme.

    Attributes:
        count: what was counted, which came to `amounts`, a sum for each currency.
        ratio: hundredths of a percent; None without sales.
        is_over: every condition is met.
        is_near: the ratio is past three quarters, or over while the shop is too small to be looked at.
    """

    programme: Programme
    count: int
    sales: int
    ratio: int | None
    is_over: bool
    is_near: bool
    amounts: tuple[Money, ...] = ()

    @property
    def amount_words(self) -> str:
        """Say what was counted comes to where the programme asks for an amount; currencies are never added."""
        least = self.programme.at_least_amount
        if least is None:
            return ""
        told = " and ".join(map(str, self.amounts)) or str(Money.zero(least.currency))
        others = any(amount.currency != least.currency for amount in self.amounts)
        return f"{told} of {least}{'; other currencies do not count here' if others else ''}"

    @property
    def words(self) -> str:
        """Say it for staff: `0.70 % of 1.50 %, count 7 of 1,500`."""
        ratio = "no sales" if self.ratio is None else f"{self.ratio / 100:.2f} %"
        count = f", count {self.count:,} of {self.programme.at_least:,}" if self.programme.at_least else ""
        amount = f", {self.amount_words}" if self.amount_words else ""
        return f"{ratio} of {self.programme.ratio / 100:.2f} %{count}{amount}"

    @property
    def distance(self) -> str:
        """Say how far the shop is from being looked at."""
        programme = self.programme
        if self.is_over:
            return "Over the threshold: the shop is looked at."
        if not self.sales:
            return f"No sales by {programme.network.capitalize()} are known."
        if self.sales < programme.sales_at_least:
            return f"Counts from {programme.sales_at_least:,} sales a month on."
        reaches = -(-programme.ratio * self.sales // 10_000)
        left = max(programme.at_least, reaches) - self.count
        if left <= 0:
            asks = f" ({self.amount_words})" if self.amount_words else ""
            return f"At the threshold; what is missing is the amount{asks}, or too many sales were secured."
        near = "Near: " if self.is_near else ""
        return f"{near}{left:,} more would reach it."


def in_force(
    programmes: Iterable[Programme], day: date, *, region: str = "", with_acquirer: bool = False
) -> tuple[Programme, ...]:
    """Return the programmes of a day: of each the latest that has begun, the region's own before the general one."""
    found: dict[str, Programme] = {}
    for programme in programmes:
        if programme.effective_from > day or (programme.of_acquirer and not with_acquirer):
            continue
        if programme.region not in ("", region):
            continue
        other = found.get(programme.code)
        if other is None or _rank(programme) >= _rank(other):
            found[programme.code] = programme
    return tuple(found.values())


def standing(programme: Programme, figures: MonthFigures) -> Standing:
    """Say where the shop stands."""
    counted, amounts = {
        Counts.FRAUD_AND_DISPUTES: (figures.fraud_reports + figures.disputes, figures.dispute_amounts),
        Counts.CHARGEBACKS: (figures.disputes, figures.dispute_amounts),
        Counts.FRAUD_CHARGEBACKS: (figures.fraud_chargebacks, figures.fraud_amounts),
    }[programme.counts]
    sales = figures.sales if programme.over is Over.MONTH else figures.sales_before
    ratio = counted * 10_000 // sales if sales else None
    reaches = ratio is not None and counted * 10_000 >= programme.ratio * sales
    is_over = reaches and _is_looked_at(programme, figures, counted, amounts)
    is_near = not is_over and (reaches or (ratio is not None and ratio * 4 >= programme.ratio * 3))
    return Standing(programme, counted, sales, ratio, is_over, is_near, amounts)


def read_programmes(shipped: str, own: str = "") -> tuple[Programme, ...]:
    """Read the shipped programmes and the shop's own, which follow them.

    Raises:
        Invalid: an entry is no programme.
    """
    return tuple(
        _programme(entry) for text in (shipped, own) for entry in entries(read_tables(text, _FILE), "programme", _FILE)
    )


def _rank(programme: Programme) -> tuple[bool, date]:
    return (programme.region != "", programme.effective_from)


def _is_looked_at(programme: Programme, figures: MonthFigures, counted: int, amounts: tuple[Money, ...]) -> bool:
    least = programme.at_least_amount
    own = sum(amount.minor for amount in amounts if least is not None and amount.currency == least.currency)
    is_secured = (
        programme.secured_below > 0
        and figures.secured is not None
        and figures.secured * 100 >= programme.secured_below * figures.sales
    )
    return (
        counted >= programme.at_least
        and (least is None or own >= least.minor)
        and figures.sales >= programme.sales_at_least
        and not is_secured
    )


def _amount(entry: Entry) -> Money | None:
    units, currency = entry.whole("at_least_amount", 0, _LARGEST, 0), entry.text("amount_currency", "")
    if bool(units) is not bool(currency):
        raise entry.wrong("amount_currency", "An amount and its currency are said together.")
    return Money(units * 10 ** exponent(currency), currency) if units else None


def _programme(entry: Entry) -> Programme:
    programme = Programme(
        code=entry.text("code"),
        name=entry.text("name"),
        network=entry.text("network"),
        effective_from=entry.day("effective_from"),
        counts=entry.choice("counts", Counts),
        over=entry.choice("over", Over),
        ratio=entry.whole("ratio", 1, 10_000),
        region=entry.text("region", ""),
        at_least=entry.whole("at_least", 0, _LARGEST, 0),
        at_least_amount=_amount(entry),
        sales_at_least=entry.whole("sales_at_least", 0, _LARGEST, 0),
        secured_below=entry.whole("secured_below", 0, 100, 0),
        of_acquirer=entry.flag("of_acquirer", False),
    )
    entry.done()
    return programme
