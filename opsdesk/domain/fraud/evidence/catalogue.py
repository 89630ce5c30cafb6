"""Every fact that a rule can ask about, with its kind and what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from opsdesk.domain.fraud.codes.decoded import AvsSummary, CvvSummary, Match, SecureKind
from opsdesk.domain.fraud.evidence.addresses import Nearness
from opsdesk.domain.fraud.evidence.entities import Entity
from opsdesk.domain.fraud.evidence.facts import COUNTED, DISTINCT, WINDOWS
from opsdesk.domain.fraud.expressions.kinds import Fact, Form, Kind

_TRUTH, _NUMBER, _AMOUNT, _TEXT, _TEXTS, _COUNTS = (
    Kind.TRUTH, Kind.NUMBER, Kind.AMOUNT, Kind.TEXT, Kind.TEXTS, Kind.COUNTS,
)  # fmt: skip
_MATCHES = (Match.MATCH.value, Match.NOMATCH.value)
_ENTITIES = tuple(entity.value for entity in Entity)
_CHECKED = tuple(summary.value for summary in AvsSummary if summary.is_checked)
_SECURE = tuple(kind.value for kind in SecureKind if kind not in (SecureKind.UNKNOWN, SecureKind.IN_PROGRESS))
ANONYMISERS = ("none", "vpn", "hosting", "public_proxy", "tor")
FUNDINGS = ("credit", "debit", "prepaid")
RISK_LEVELS = ("low", "medium", "high")
METHODS = ("card", "account", "bank", "invoice", "cash", "credit", "other")
"""A card in a telephone's wallet is a card; an account is one such as PayPal."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PHONE_TYPES = (
    "fixed_line", "mobile", "fixed_line_or_mobile", "toll_free", "premium_rate", "shared_cost", "voip",
    "personal_number", "pager", "uan", "voicemail",
)  # fmt: skip
PHONE_CHECKS = (
    "is_possible", "invalid_country_code", "too_short", "too_long", "is_possible_local_only", "invalid_length",
)  # fmt: skip

_ORDER = (
    Fact("order.total", _AMOUNT, "what the customer pays"),
    Fact("order.goods", _AMOUNT, "the goods alone"),
    Fact("order.digital", _AMOUNT, "goods that need no shipping, such as gift cards"),
    Fact("order.shipping", _AMOUNT, "what shipping costs the customer"),
    Fact("order.discount", _AMOUNT, "taken off by codes and staff"),
    Fact("order.usual_high", _AMOUNT, "95 of 100 earlier orders stayed below"),
    Fact("order.usual_highest", _AMOUNT, "99 of 100 earlier orders stayed below"),
    Fact("order.currency", _TEXT, "currency, such as EUR"),
    Fact("order.lines", _NUMBER, "lines of the order"),
    Fact("order.units", _NUMBER, "units of all lines"),
    Fact("order.skus", _TEXTS, "article numbers"),
    Fact("order.categories", _TEXTS, "categories of the articles"),
    Fact("order.quantities", _COUNTS, "units by article number"),
    Fact("order.channel", _TEXT, "where it was ordered"),
    Fact("order.shipping_method", _TEXT, "the shipping method as the shop names it, in small letters"),
    Fact("order.is_fastest", _TRUTH, "the fastest shipping was chosen"),
    Fact("order.is_gift", _TRUTH, "it is marked as a gift"),
    Fact("order.hour", _NUMBER, "hour of the day in the shop's zone, 0 to 23"),
    Fact("order.weekday", _TEXT, "day of the week in the shop's zone", WEEKDAYS),
    Fact("order.address_changed", _TRUTH, "the shipping address was changed after payment"),
)
_CUSTOMER = (
    Fact("customer.orders", _NUMBER, "earlier orders"),
    Fact("customer.cancelled", _NUMBER, "earlier orders that were cancelled"),
    Fact("customer.disputed", _NUMBER, "earlier orders that were disputed"),
    Fact("customer.delivered", _NUMBER, "earlier orders that were delivered"),
    Fact("customer.days", _NUMBER, "days since the first order"),
    Fact("customer.account_seconds", _NUMBER, "seconds from signing up to ordering"),
    Fact("customer.median_total", _AMOUNT, "the middle of the customer's earlier totals"),
    Fact("customer.is_nonsense", _TRUTH, "the name looks struck at random"),
)
_EMAIL = (
    Fact("email.given", _TRUTH, "there is an e-mail address"),
    Fact("email.local", _TEXT, "what stands before the @"),
    Fact("email.domain", _TEXT, "what stands after the @", form=Form.DOMAIN),
    Fact("email.is_valid", _TRUTH, "it is well-formed"),
    Fact("email.domain_exists", _TRUTH, "the domain has a mail server or an address"),
    Fact("email.domain_days", _NUMBER, "days since the domain was registered"),
    Fact("email.domain_known_days", _NUMBER, "days since the shop first saw the domain"),
    Fact("email.digits", _NUMBER, "digits before the @"),
    Fact("email.trailing_digits", _NUMBER, "digits right before the @"),
    Fact("email.consonants", _NUMBER, "the longest run of consonants, in percent of what stands before the @"),
    Fact("email.matches_name", _TRUTH, "a word of the customer's name stands in it"),
    Fact("email.bounces", _NUMBER, "mails of the shop that came back for good"),
)
_PHONE = (
    Fact("phone.given", _TRUTH, "there is a phone number"),
    Fact("phone.is_required", _TRUTH, "the shop asks for one"),
    Fact("phone.is_valid", _TRUTH, "it is well-formed; that says nothing of whether it rings"),
    Fact("phone.check", _TEXT, "what is wrong with its length", PHONE_CHECKS),
    Fact("phone.type", _TEXT, "kind of number", PHONE_TYPES),
    Fact("phone.countries", _TEXTS, "countries of its calling code", form=Form.COUNTRY),
    Fact("phone.is_fictional", _TRUTH, "a number reserved for films and books"),
)


def _place(stem: str, word: str) -> tuple[Fact, ...]:
    return (
        Fact(f"{stem}.country", _TEXT, f"country of the {word} address", form=Form.COUNTRY),
        Fact(f"{stem}.postcode", _TEXT, f"postcode of the {word} address"),
        Fact(f"{stem}.city", _TEXT, f"town of the {word} address, in small letters"),
        Fact(f"{stem}.postcode_fits", _TRUTH, "the postcode belongs to the town or region"),
        Fact(f"{stem}.is_po_box", _TRUTH, "a box at a post office"),
        Fact(f"{stem}.is_nonsense", _TRUTH, "the name, street or town looks struck at random"),
    )


_SHIPPING = (
    Fact("shipping.differs", _TRUTH, "shipping and billing address differ, whatever their spelling"),
    Fact("shipping.nearness", _TEXT, "how near the two are", tuple(near.value for near in Nearness)),
    Fact("shipping.km", _NUMBER, "kilometres between the two"),
    Fact("shipping.is_locker", _TRUTH, "a parcel locker or parcel shop"),
    Fact("shipping.is_forwarder", _TRUTH, "a firm that sends parcels on"),
    Fact("shipping.is_served", _TRUTH, "a carrier of the shop delivers there"),
)
_PAYMENT = (
    Fact("payment.gateway", _TEXT, "the gateway, such as stripe"),
    Fact("payment.method", _TEXT, "what is paid with", METHODS),
    Fact("payment.network", _TEXT, "visa, mastercard ...", form=Form.CODE),
    Fact("payment.wallet", _TEXT, "apple_pay, google_pay ...", form=Form.CODE),
    Fact("payment.funding", _TEXT, "what is behind the card", FUNDINGS),
    Fact("payment.is_virtual", _TRUTH, "a card number without a card"),
    Fact("payment.country", _TEXT, "where the card or account was issued", form=Form.COUNTRY),
    Fact("payment.holder_matches", _TRUTH, "the cardholder's name and the customer's share a word"),
    Fact("payment.avs", _TEXT, "address check by the bank; known only where it was made", _CHECKED),
    Fact("payment.avs_status", _TEXT, "the same, with why it was not made", tuple(one.value for one in AvsSummary)),
    Fact("payment.avs_street", _TEXT, "the street alone", _MATCHES),
    Fact("payment.avs_postal", _TEXT, "the postcode alone", _MATCHES),
    Fact("payment.avs_name", _TEXT, "the name alone", _MATCHES),
    Fact("payment.cvv", _TEXT, "security code; known only where it was checked",
         tuple(one.value for one in CvvSummary if one is not CvvSummary.NOT_CHECKED)),
    Fact("payment.three_ds", _TEXT, "result of 3-D Secure", _SECURE),
    Fact("payment.three_ds_reason", _TEXT, "the bank's reason, two digits"),
    Fact("payment.liability", _TEXT, "who bears a fraud loss", ("issuer", "shop")),
    Fact("payment.risk_level", _TEXT, "what the gateway thinks", RISK_LEVELS),
    Fact("payment.risk_score", _NUMBER, "the same as a number, 0 to 100"),
    Fact("payment.declined", _NUMBER, "declined attempts on this order before"),
    Fact("payment.cards_tried", _NUMBER, "different cards tried on this order"),
)  # fmt: skip
_ORIGIN = (
    Fact("ip.country", _TEXT, "country of the IP address", form=Form.COUNTRY),
    Fact("ip.anonymiser", _TEXT, "what hides who uses it", ANONYMISERS),
    Fact("ip.km", _NUMBER, "kilometres from its place to the billing address"),
    Fact("device.other_accounts", _NUMBER, "other accounts that used the device before"),
)
_LINKS = (
    Fact("links.fraud", _TEXTS, "what is shared with orders that were confirmed fraud", _ENTITIES),
    Fact("links.fraud_orders", _NUMBER, "linked orders that were confirmed fraud"),
    Fact("links.disputed_orders", _NUMBER, "linked orders that were disputed for other reasons"),
    Fact("links.cancelled_orders", _NUMBER, "linked orders that were cancelled"),
    Fact("links.delivered_orders", _NUMBER, "linked orders that were delivered and not disputed"),
    Fact("links.hubs", _TEXTS, "what is shared by so many that it proves nothing", _ENTITIES),
    Fact("links.trusted", _NUMBER, "good orders over 120 days old with the same card and device, IP or address"),
    Fact("links.ce3", _NUMBER, "good orders of 120 to 365 days that Visa accepts as evidence (CE 3.0)"),
    Fact("links.clean_here", _NUMBER, "good deliveries over 60 days old to this customer at this address"),
    Fact("lists.allowed", _TEXTS, "what stands on the trust list", _ENTITIES),
    Fact("lists.blocked", _TEXTS, "what stands on the block list", _ENTITIES),
    Fact("contact.outcomes", _COUNTS, "how often a contact with the customer ended how"),
)


def _counted() -> Iterator[Fact]:
    for entity in COUNTED:
        for window in WINDOWS:
            yield Fact(f"count.{entity}.{window}", _NUMBER, f"orders with the same {entity.word} in {window}")
    for what, by, window in DISTINCT:
        yield Fact(f"distinct.{what}.{by}.{window}", _NUMBER, f"different {what.word}s with one {by.word} in {window}")


def _plain() -> tuple[Fact, ...]:
    places = (*_place("billing", "billing"), *_place("shipping", "shipping"))
    return (*_ORDER, *_CUSTOMER, *_EMAIL, *_PHONE, *places, *_SHIPPING, *_PAYMENT, *_ORIGIN, *_LINKS)


NAMED_FACTS = _plain()
"""Facts that a rule names; counts are asked for with `count` and `distinct`."""
CATALOGUE: Mapping[str, Fact] = {fact.name: fact for fact in (*NAMED_FACTS, *_counted())}
"""Every fact by name."""
