"""From the evidence of an order to its facts: what rules ask about, by name, with what is unknown left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from opsdesk.domain.fraud.codes.decoded import CvvSummary, Match, SecureKind
from opsdesk.domain.fraud.codes.phones import PhoneTables
from opsdesk.domain.fraud.evidence import addresses, traits
from opsdesk.domain.fraud.evidence.addresses import Forwarder, Nearness, Place
from opsdesk.domain.fraud.evidence.catalogue import (
    ANONYMISERS,
    FUNDINGS,
    METHODS,
    PHONE_CHECKS,
    PHONE_TYPES,
    RISK_LEVELS,
    WEEKDAYS,
)
from opsdesk.domain.fraud.evidence.entities import Entity
from opsdesk.domain.fraud.evidence.facts import OrderEvidence
from opsdesk.domain.fraud.evidence.linking import entity_words, link_facts
from opsdesk.domain.fraud.expressions.kinds import Facts, Value
from opsdesk.domain.money import Money
from opsdesk.domain.searching import folded

_HUB = "shared by too many to prove anything"


@dataclass(frozen=True, slots=True)
class FactSheet:
    """The facts of one order.

    Attributes:
        facts: ready to be stored as JSON; what was stored is read back as it is.
        why_unknown: for some facts that are unknown, why nobody knows them.
    """

    facts: Facts
    why_unknown: Mapping[str, str] = field(default_factory=dict)


def derive(
    evidence: OrderEvidence, *, forwarders: tuple[Forwarder, ...] = (), phones: PhoneTables | None = None
) -> FactSheet:
    """Work out every fact that the evidence supports.

    Raises:
        ValueError: the evidence holds what could not have been known when the order was placed.
    """
    if problem := evidence.why_not_causal():
        raise ValueError(problem)
    sheet = _Sheet(evidence)
    sheet.order()
    sheet.customer()
    sheet.email()
    sheet.phone(phones)
    sheet.places(forwarders)
    sheet.payment()
    sheet.origin()
    sheet.velocity()
    sheet.links()
    return FactSheet(sheet.facts, sheet.why_unknown)


class _Sheet:
    def __init__(self, evidence: OrderEvidence) -> None:
        self._evidence = evidence
        self.facts: dict[str, Value] = {}
        self.why_unknown: dict[str, str] = {}

    def put(self, name: str, value: Value | None) -> None:
        if value is not None:
            self.facts[name] = value

    def put_text(self, name: str, text: str, allowed: tuple[str, ...] = ()) -> None:
        """Put a text that is not empty; of a closed list, only what is on it is believed."""
        if text and (not allowed or text in allowed):
            self.facts[name] = text

    def put_money(self, name: str, amount: Money | None) -> None:
        if amount is not None and amount.currency == self._evidence.basket.total.currency:
            self.facts[name] = amount.minor

    def order(self) -> None:
        evidence, basket = self._evidence, self._evidence.basket
        local = evidence.placed_at.astimezone(evidence.zone)
        self.put_money("order.total", basket.total)
        self.put_money("order.shipping", basket.shipping)
        self.put_money("order.discount", basket.discount)
        self.put_money("order.usual_high", basket.usual_high)
        self.put_money("order.usual_highest", basket.usual_highest)
        self.put_text("order.currency", basket.total.currency)
        self.put_text("order.channel", evidence.channel)
        self.put_text("order.shipping_method", basket.shipping_method.lower())
        self.put("order.is_fastest", basket.is_fastest)
        self.put("order.is_gift", basket.is_gift)
        self.put("order.hour", local.hour)
        self.put("order.weekday", WEEKDAYS[local.weekday()])
        self.put("order.address_changed", evidence.changed_after_payment)
        if basket.lines:
            self._lines()

    def _lines(self) -> None:
        lines = self._evidence.basket.lines
        quantities: dict[str, int] = {}
        for line in lines:
            quantities[line.sku] = quantities.get(line.sku, 0) + line.quantity
        self.put("order.lines", len(lines))
        self.put("order.units", sum(quantities.values()))
        self.put("order.skus", tuple(sorted(quantities)))
        self.put("order.quantities", quantities)
        self.put("order.categories", tuple(sorted({name.lower() for line in lines for name in line.categories})))
        if any(line.value.currency != self._evidence.basket.total.currency for line in lines):
            return
        self.put("order.goods", sum(line.value.minor for line in lines))
        if all(line.is_digital is not None for line in lines):
            self.put("order.digital", sum(line.value.minor for line in lines if line.is_digital))

    def customer(self) -> None:
        evidence, history = self._evidence, self._evidence.history
        self.put("customer.orders", history.orders)
        self.put("customer.cancelled", history.cancelled)
        self.put("customer.disputed", history.disputed)
        self.put("customer.delivered", history.delivered)
        self.put_money("customer.median_total", history.median_total)
        if history.first_seen_at is not None:
            self.put("customer.days", (evidence.placed_at - history.first_seen_at).days)
        if history.signed_up_at is not None:
            self.put("customer.account_seconds", int((evidence.placed_at - history.signed_up_at).total_seconds()))
        if evidence.name:
            self.put("customer.is_nonsense", _is_odd(evidence.name))

    def email(self) -> None:
        email = self._evidence.email
        local, domain = traits.split_email(email.address)
        self.put("email.given", bool(email.address.strip()))
        self.put("email.is_valid", email.is_valid)
        self.put("email.domain_exists", email.domain_exists)
        self.put("email.domain_days", email.domain_days)
        self.put("email.domain_known_days", email.domain_known_days)
        self.put("email.bounces", email.bounces)
        if local:
            self.put("email.local", local)
            self.put("email.domain", domain)
            self.put("email.digits", sum(letter.isdigit() for letter in local))
            self.put("email.trailing_digits", traits.trailing_digits(local))
            self.put("email.consonants", traits.longest_consonant_run(local))
            self.put("email.matches_name", traits.names_agree(self._evidence.name, (local, domain)))

    def phone(self, phones: PhoneTables | None) -> None:
        phone = self._evidence.phone
        self.put("phone.given", bool(phone.number.strip()))
        self.put("phone.is_required", phone.is_required)
        self.put("phone.is_valid", phone.is_valid)
        self.put("phone.countries", phone.countries)
        self.put_text("phone.check", phone.check.lower(), PHONE_CHECKS)
        self.put_text("phone.type", phone.type.lower(), PHONE_TYPES)
        if phones is not None and phone.number.strip():
            self.put("phone.is_fictional", phones.is_fictional(phone.number))

    def places(self, forwarders: tuple[Forwarder, ...]) -> None:
        billing, shipping = self._evidence.billing, self._evidence.shipping
        for stem, place in (("billing", billing), ("shipping", shipping)):
            if place is not None:
                self._place(stem, place)
        if shipping is not None and shipping.street:
            self.put("shipping.is_locker", addresses.is_locker(shipping))
            self.put("shipping.is_served", shipping.is_served)
            self.put("shipping.is_forwarder", addresses.forwarder_at(shipping, forwarders) is not None)
        if billing is not None and shipping is not None:
            near = addresses.nearness(billing, shipping)
            self.put("shipping.nearness", None if near is None else near.value)
            self.put("shipping.differs", _differs(billing, shipping, near))
        self.put("shipping.km", self._evidence.km_to_shipping)

    def _place(self, stem: str, place: Place) -> None:
        self.put_text(f"{stem}.country", place.country.upper())
        self.put_text(f"{stem}.postcode", place.postcode.upper())
        self.put_text(f"{stem}.city", folded(place.city))
        self.put(f"{stem}.postcode_fits", place.fits)
        if place.street:
            self.put(f"{stem}.is_po_box", addresses.is_po_box(place))
            self.put(f"{stem}.is_nonsense", any(map(_is_odd, (place.name, place.line1, place.city))))

    def payment(self) -> None:
        payment = self._evidence.payment
        self.put_text("payment.gateway", payment.gateway.lower())
        self.put_text("payment.method", payment.method.lower(), METHODS)
        self.put_text("payment.network", payment.network.lower())
        self.put_text("payment.wallet", payment.wallet.lower())
        self.put_text("payment.funding", payment.funding.lower(), FUNDINGS)
        self.put_text("payment.country", payment.country.upper())
        self.put_text("payment.risk_level", payment.risk_level.lower(), RISK_LEVELS)
        self.put("payment.risk_score", payment.risk_score)
        self.put("payment.is_virtual", payment.is_virtual)
        self.put("payment.declined", payment.declined)
        self.put("payment.cards_tried", payment.cards_tried)
        if payment.holder:
            self.put("payment.holder_matches", traits.names_agree(payment.holder, (self._evidence.name,)))
        self._checks()
        self._secure()

    def _checks(self) -> None:
        avs, cvv_result = self._evidence.payment.avs, self._evidence.payment.cvv_result
        if avs is not None:
            self.put("payment.avs_status", avs.summary.value)
            for name, match in (("street", avs.street), ("postal", avs.postal), ("name", avs.name)):
                self.put(f"payment.avs_{name}", None if match is Match.UNKNOWN else match.value)
            if avs.summary.is_checked:
                self.put("payment.avs", avs.summary.value)
            else:
                self.why_unknown["payment.avs"] = avs.remark or avs.words
        if cvv_result is not None and cvv_result.summary is CvvSummary.NOT_CHECKED:
            self.why_unknown["payment.cvv"] = cvv_result.words
        elif cvv_result is not None:
            self.put("payment.cvv", cvv_result.summary.value)

    def _secure(self) -> None:
        secure = self._evidence.payment.secure
        if secure is None:
            return
        if secure.kind in (SecureKind.UNKNOWN, SecureKind.IN_PROGRESS):
            self.why_unknown["payment.three_ds"] = secure.words
        else:
            self.put("payment.three_ds", secure.kind.value)
        self.put_text("payment.three_ds_reason", secure.reason)
        if secure.shifted is not None:
            self.put("payment.liability", "issuer" if secure.shifted else "shop")

    def origin(self) -> None:
        origin = self._evidence.origin
        self.put_text("ip.country", origin.country.upper())
        self.put_text("ip.anonymiser", origin.anonymiser.lower(), ANONYMISERS)
        self.put("ip.km", origin.km_to_billing)
        self.put("device.other_accounts", origin.device_accounts)

    def velocity(self) -> None:
        evidence = self._evidence
        for (entity, window), orders in evidence.counts.items():
            self._counted(f"count.{entity}.{window}", orders, entity)
        for (what, by, window), different in evidence.distinct.items():
            self._counted(f"distinct.{what}.{by}.{window}", different, by)

    def _counted(self, name: str, count: int, entity: Entity) -> None:
        if entity in self._evidence.hubs:
            self.why_unknown[name] = _HUB
        else:
            self.put(name, count)

    def links(self) -> None:
        evidence = self._evidence
        self.put("links.hubs", entity_words(evidence.hubs))
        self.put("lists.allowed", None if evidence.allowed is None else entity_words(evidence.allowed))
        self.put("lists.blocked", None if evidence.blocked is None else entity_words(evidence.blocked))
        self.put("contact.outcomes", None if evidence.contacts is None else dict(evidence.contacts))
        if evidence.links is not None:
            self.facts |= link_facts(evidence.links, evidence.placed_at, evidence.hubs)


def _is_odd(text: str) -> bool:
    return traits.is_nonsense(text) or traits.lacks_letters(text)


def _differs(billing: Place, shipping: Place, near: Nearness | None) -> bool | None:
    if near is None or near is Nearness.ABROAD:
        return None if near is None else True
    if not addresses.address_key(billing) or not addresses.address_key(shipping):
        return None
    return near is not Nearness.SAME
