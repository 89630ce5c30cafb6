"""The counter of the demo shop: who buys what, and the order that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from opsdesk.demo.catalogue import Article, price_in
from opsdesk.demo.history import History
from opsdesk.demo.moments import stamp, working_days_later
from opsdesk.demo.parts import Basket, Goods
from opsdesk.demo.paying import CARD, STRIPE
from opsdesk.demo.people import People, Person
from opsdesk.demo.plan import DAY, DemoPlan
from opsdesk.demo.sheets import Sheets
from opsdesk.demo.tales import Tale
from opsdesk.domain.searching import reversed_digits

_FIRST_NUMBER = 102_500
_LINE_COUNTS = (1,) * 40 + (2,) * 28 + (3,) * 17 + (4,) * 9 + (5, 5, 6, 6, 7, 8)
_UNITS = (1,) * 70 + (2,) * 19 + (3,) * 6 + (4, 5, 6, 6, 10)
_FREE_FROM = 7_000
_SHIPPING = 490
_EXPRESS = 1_290
_UNTAXED = {"US": 8, "CA": 13}
"""Countries whose prices are shown without tax, and its percentage."""

_CHANNELS = ("web",) * 74 + ("marketplace",) * 16 + ("phone",) * 7 + ("wholesale",) * 3
_AT_STRIPE = frozenset({"web", "wholesale"})
"""Where customers pay over Stripe since the shop moved here; older orders were paid at the old shop's terminal."""
_SOURCES = {"web": "webshop", "marketplace": "marketplace", "phone": "phone", "wholesale": "webshop"}


class Counter:
    """Makes orders, and a customer where a new one comes in."""

    def __init__(
        self, plan: DemoPlan, articles: Sequence[Article], people: People, sheets: Sheets, history: History
    ) -> None:
        self.plan = plan
        self.dice = Random(plan.seed)  # noqa: S311  believable, not secret
        self.articles = articles
        self._people = people
        self._sheets = sheets
        self._history = history
        self._customers = 0
        self._warm = [article for article in articles if article.temperature == "ambient"]
        self._cold = [article for article in articles if article.temperature == "chilled"]
        self._frozen = [article for article in articles if article.temperature == "frozen"]
        self._by_sku = {article.sku: article for article in articles}

    def order(
        self, index: int, placed_at: int, *, person: Person | None = None, basket: Basket | None = None,
        skus: Sequence[str] = (), units: int = 0, country: str = "", channel: str = "", is_full: bool = True,
    ) -> Tale:  # fmt: skip
        """Take an order; what is not named is left to chance."""
        dice = self.dice
        channel = channel or _CHANNELS[int(dice.random() * len(_CHANNELS))]
        buyer = person or self._buyer(placed_at, country)
        bought = basket or self.basket(buyer, skus, units)
        order_id = index + 1
        chance = dice.random()
        is_express = chance < 0.15 and bought.temperature != "frozen"
        if is_express and bought.shipping:
            bought.shipping = price_in(bought.currency, _EXPRESS)
        return Tale(
            id=order_id,
            number=str(_FIRST_NUMBER + order_id),
            placed_at=placed_at,
            person=buyer,
            channel=channel,
            basket=bought,
            sheets=self._sheets,
            history=self._history,
            ship_to=buyer.place,
            bill_to=self._people.place(order_id, buyer.place.country) if chance > 0.94 else None,
            is_full=is_full,
            email="" if channel == "phone" and chance > 0.75 else buyer.email,
            phone=buyer.phone,
            source=_SOURCES[channel],
            method="frozen" if bought.temperature == "frozen" else "express" if is_express else "standard",
            promised_at=working_days_later(placed_at, 1 if is_express else 2),
            risk="low",
            gateway=STRIPE if is_full and channel in _AT_STRIPE else CARD,
        )

    def basket(self, buyer: Person, skus: Sequence[str] = (), units: int = 0) -> Basket:
        """Fill a basket with what is named, or with what chance brings."""
        chosen = [self._by_sku[sku] for sku in skus] or self._chosen()
        lines = [self._line(article, buyer.currency, units) for article in chosen]
        basket = Basket(buyer.currency, lines)
        goods = basket.goods
        if self.dice.random() < 0.08:
            basket.discount = goods // 10
        if goods - basket.discount < price_in(buyer.currency, _FREE_FROM):
            basket.shipping = price_in(buyer.currency, _SHIPPING)
        _tax(basket, buyer.place.country)
        return basket

    def same_again(self, basket: Basket) -> Basket:
        """Return the same goods a second time, as somebody buys who pressed the key twice."""
        lines = [
            Goods(self._sheets.next_id("order_line"), line.sku, line.title, line.variant, line.temperature,
                  line.ordered, line.price, line.discount, line.tax, line.needs_shipping)
            for line in basket.lines
        ]  # fmt: skip
        return Basket(basket.currency, lines, basket.discount, basket.shipping, basket.tax, basket.tax_included)

    def _buyer(self, placed_at: int, country: str) -> Person:
        if self._customers > 50 and not country and self.dice.random() < 0.45:
            # Those who came lately come again sooner than those who came once, long ago.
            back = int(self._customers * self.dice.random() ** 2)
            return self._people.person(self._customers - back)
        self._customers += 1
        person = self._people.person(self._customers, country)
        self._sheets.add("customer", (
            person.number, person.email, person.name, person.email, person.phone, reversed_digits(person.phone),
            person.language, person.place.country, stamp(placed_at), 1,
        ))  # fmt: skip
        return person

    def _chosen(self) -> list[Article]:
        dice = self.dice
        count = _LINE_COUNTS[int(dice.random() * len(_LINE_COUNTS))]
        chance = dice.random()
        shelf = self._frozen if chance < 0.09 else self._cold if chance < 0.22 else self._warm
        found = {}
        for place in range(count):
            goods = shelf if place < 2 else self._warm
            # The front of each shelf sells best.
            article = goods[int(len(goods) * dice.random() * dice.random())]
            found[article.sku] = article
        return list(found.values())

    def _line(self, article: Article, currency: str, units: int) -> Goods:
        dice = self.dice
        price = article.prices[currency]
        ordered = units or (1 if article.prices["EUR"] > 4_000 else _UNITS[int(dice.random() * len(_UNITS))])
        off = price * ordered // 20 if dice.random() < 0.04 else 0
        return Goods(
            self._sheets.next_id("order_line"), article.sku, article.title, article.variant, article.temperature,
            ordered, price, off, needs_shipping=article.sku != "50433",
        )  # fmt: skip


def _tax(basket: Basket, country: str) -> None:
    rate = _UNTAXED.get(country)
    basket.tax_included = rate is None
    for line in basket.lines:
        line.tax = line.amount * rate // 100 if rate else line.amount - line.amount * 100 // 107
    basket.tax = sum(line.tax for line in basket.lines)


def hours(count: float) -> int:
    """Return so many hours in seconds."""
    return int(count * 3_600)


def days(count: float) -> int:
    """Return so many days in seconds."""
    return int(count * DAY)
