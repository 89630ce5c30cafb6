"""Evidence becomes facts: what is known is named, what is unknown is left out, and nothing comes from the future."""

from __future__ import annotations

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.fraud.codes.decoded import Avs, AvsSummary, CvvResult, CvvSummary, Match, Secure, SecureKind
from opsdesk.domain.fraud.codes.phones import read_phones
from opsdesk.domain.fraud.evidence.addresses import (
    Forwarder,
    Nearness,
    Place,
    address_key,
    distance_words,
    forwarder_at,
    is_locker,
    is_po_box,
    nearness,
)
from opsdesk.domain.fraud.evidence.catalogue import CATALOGUE
from opsdesk.domain.fraud.evidence.deriving import derive
from opsdesk.domain.fraud.evidence.entities import Entity, Identity, email_key, ip_keys, keys_of
from opsdesk.domain.fraud.evidence.facts import (
    Basket,
    EmailTraits,
    History,
    OrderedLine,
    Origin,
    Outcome,
    PaymentTraits,
    PhoneTraits,
)
from opsdesk.domain.fraud.evidence.paying import payment_traits
from opsdesk.domain.fraud.evidence.traits import is_nonsense, longest_consonant_run, names_agree, trailing_digits
from opsdesk.domain.fraud.expressions.kinds import Kind
from opsdesk.domain.payments.instruments import Check, Checks, Instrument, Risk
from opsdesk.integrations.fraud_files import open_fraud
from tests.domain.fraud.evidence_kit import DOVER, FOLDER, LEEDS, NOON, evidence, link, money, place

PHONES = read_phones((FOLDER / "fraud/phones.toml").read_text("utf-8"))
CARD, ADDRESS, DEVICE, IP, EMAIL, CUSTOMER = (
    Entity.CARD, Entity.ADDRESS, Entity.DEVICE, Entity.IP, Entity.EMAIL, Entity.CUSTOMER,
)  # fmt: skip
_TYPES = {
    Kind.TRUTH: bool, Kind.NUMBER: int, Kind.AMOUNT: int, Kind.TEXT: str, Kind.TEXTS: tuple, Kind.COUNTS: dict,
}  # fmt: skip


def facts(**changes: object):
    return derive(evidence(**changes), phones=PHONES).facts


@pytest.mark.parametrize(
    "changes",
    [
        {"line1": "Suite 4B, 12 High Street", "line2": ""},
        {"line1": "12 High St.", "line2": "Apartment 4B"},
        {"line1": "12 high street, Unit #4B", "line2": ""},
        {"line1": "12 HIGH ST", "line2": "flat 4 b", "postcode": "ls14ab"},
        {"city": "LEEDS (centre)", "name": "Somebody Else"},
    ],
)
def test_one_flat_has_one_key_however_it_is_spelt(changes: dict[str, str]) -> None:
    assert address_key(place(**changes)) == address_key(LEEDS)


@pytest.mark.parametrize(
    "changes",
    [{"line2": "Flat 4C"}, {"line1": "13 High Street"}, {"postcode": "LS1 4AC"}, {"country": "IE"}, {"line1": "12 High Road"}],
)  # fmt: skip
def test_the_neighbour_has_another_key(changes: dict[str, str]) -> None:
    assert address_key(place(**changes)) != address_key(LEEDS)


def test_german_streets_and_foreign_scripts_have_keys_too() -> None:
    spellings = ["Lindenstraße 4", "Lindenstr. 4", "Linden Strasse 4", "LINDEN-STR. 4"]
    assert len({address_key(Place(line1=line, postcode="28755", country="DE")) for line in spellings}) == 1
    assert address_key(Place(line1="ул. Ленина 5", postcode="1", country="RU")) != ""
    assert address_key(Place(city="Leeds", country="GB")) == ""


@pytest.mark.parametrize(
    ("other", "near"),
    [(LEEDS, Nearness.SAME), (place(line2="Flat 9"), Nearness.POSTCODE), (place(postcode="LS2 1AA"), Nearness.CITY),
     (DOVER, Nearness.COUNTRY), (place(country="FR"), Nearness.ABROAD), (place(country=""), None)],
)  # fmt: skip
def test_how_near_two_addresses_are(other: Place, near: Nearness | None) -> None:
    assert nearness(LEEDS, other) is near
    assert nearness(other, LEEDS) is near


def test_distance_is_said_in_words() -> None:
    assert distance_words(Nearness.SAME, 3) == "the same address"
    assert distance_words(Nearness.COUNTRY, 388) == "388 km"
    assert distance_words(Nearness.ABROAD, 388) == "388 km, another country"
    assert distance_words(Nearness.CITY, None) == "the same town"
    assert distance_words(None, None) == "not known"


def test_boxes_lockers_and_forwarders_are_recognised_by_their_address() -> None:
    assert is_po_box(place(line1="P.O. Box 12"))
    assert is_po_box(place(line1="Postfach 3 11"))
    assert not is_po_box(place(line1="Boxing Lane 4"))
    assert is_locker(place(line1="Packstation 118"))
    forwarder = Forwarder("MyUS", Place(line1="4283 Express Lane", postcode="34249", country="US"))
    customer = Place(
        line1="4283 Express Ln", line2="Suite 987-654", city="Sarasota", postcode="34249-1234", country="us"
    )
    assert forwarder_at(customer, (forwarder,)) is forwarder
    assert forwarder_at(place(line1="4283 Express Lane"), (forwarder,)) is None


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("A.da+tea@GMAIL.com", "ada@gmail.com"),
        ("ada@googlemail.com", "ada@gmail.com"),
        ("a.da+tea@outlook.com", "a.da@outlook.com"),
        ("orders+uk@firm.example", "orders+uk@firm.example"),
        ("nonsense", ""),
    ],
)
def test_one_mailbox_has_one_key(address: str, key: str) -> None:
    assert email_key(address) == key


@pytest.mark.parametrize(
    ("address", "keys"),
    [("81.2.69.160", ("81.2.69.160", "81.2.69.0/24")), ("2001:db8:1:2:3::4", ("2001:db8:1:2::/64", "2001:db8:1::/48")),
     ("::ffff:81.2.69.160", ("81.2.69.160", "81.2.69.0/24")), ("", ("", "")), ("nonsense", ("", ""))],
)  # fmt: skip
def test_addresses_of_the_net_have_keys(address: str, keys: tuple[str, str]) -> None:
    assert ip_keys(address) == keys


def test_what_is_not_known_is_no_key() -> None:
    identity = Identity(email="Ada@example.com", phone="+44 113 496 0018", shipping=LEEDS, name="Ada  BYRON")
    keys = {key.entity: key.value for key in keys_of(identity)}
    assert keys == {
        EMAIL: "ada@example.com", Entity.PHONE: "441134960018", ADDRESS: address_key(LEEDS), Entity.NAME: "ada byron",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "odd"),
    [("qwerty street", True), ("asdfghjk", True), ("aaaaa", True), ("zxcvbn", True), ("Schillerstrasse", False), ("Ada Byron", False),
     ("12345 Sunset Way", False), ("1111 Main Street", False), ("Muller-Luedenscheidt", False)],
)  # fmt: skip
def test_what_looks_struck_at_random(text: str, odd: bool) -> None:
    assert is_nonsense(text) is odd


def test_traits_of_an_address_of_e_mail() -> None:
    assert trailing_digits("otto19841122") == 8
    assert longest_consonant_run("xkcdwtfq") == 100
    assert longest_consonant_run("otto") == 50
    assert longest_consonant_run("") == 0
    assert names_agree("Jörg Müller", ("info", "mueller-bau.example")) is True
    assert names_agree("Jörg Müller", ("info", "example.com")) is False
    assert names_agree("Jörg Müller", ("joerg.muller", "example.com")) is True
    assert names_agree("Wu Li", ("wuli", "example.com")) is None


def test_an_order_of_which_little_is_known_has_few_facts_and_no_false_ones() -> None:
    sheet = derive(evidence(billing=None, history=History(), payment=PaymentTraits(), phone=PhoneTraits()))
    absent = {
        "shipping.differs",
        "customer.orders",
        "payment.avs",
        "payment.cvv",
        "links.fraud",
        "lists.blocked",
        "phone.is_valid",
    }
    assert not absent & set(sheet.facts)
    assert sheet.facts["phone.given"] is False


def test_every_fact_is_in_the_catalogue_with_its_kind_and_vocabulary() -> None:
    full = derive(
        evidence(
            basket=Basket(
                total=money(100), shipping=money(5), discount=money(0), shipping_method="Express", is_fastest=True,
                is_gift=False, usual_high=money(200), usual_highest=money(400),
                lines=(OrderedLine(sku="A", quantity=1, value=money(95), categories=("Mugs",), is_digital=False),),
            ),
            channel="web", km_to_shipping=388, changed_after_payment=False, shipping=DOVER,
            history=History(
                first_seen_at=NOON - timedelta(days=3), signed_up_at=NOON - timedelta(seconds=40), orders=2, cancelled=0,
                disputed=1, delivered=1, median_total=money(40),
            ),
            email=EmailTraits(address="a1@example.com", is_valid=True, domain_exists=True, domain_days=9, domain_known_days=0, bounces=0),
            phone=PhoneTraits(number="+447911123456", is_required=True, is_valid=True, check="IS_POSSIBLE", type="MOBILE", countries=("GB", "GG")),
            payment=PaymentTraits(
                gateway="Stripe", method="card", network="Visa", wallet="apple_pay", funding="debit", is_virtual=False, country="fr",
                holder="Ada Byron", avs=Avs(AvsSummary.FULL, Match.MATCH, Match.MATCH, Match.MATCH), cvv_result=CvvResult(CvvSummary.MATCH, "ok"),
                secure=Secure(SecureKind.AUTHENTICATED, "ok", True, reason="15"), risk_level="low", risk_score=3, declined=0, cards_tried=1,
            ),
            origin=Origin(ip="81.2.69.160", country="gb", anonymiser="vpn", km_to_billing=3, device_accounts=0),
            counts={(EMAIL, "24h"): 1}, distinct={(CARD, EMAIL, "7d"): 1}, links=(), hubs=frozenset({IP}),
            allowed=frozenset(), blocked=frozenset(), contacts={"no_answer": 1},
        ),
        phones=PHONES,
    )  # fmt: skip
    place_facts = {"billing.postcode_fits", "shipping.postcode_fits", "shipping.is_served"}
    counted = {name for name in CATALOGUE if name.startswith(("count.", "distinct."))}
    assert set(CATALOGUE) - set(full.facts) == (counted - {"count.email.24h", "distinct.card.email.7d"}) | place_facts
    for name, value in full.facts.items():
        fact = CATALOGUE[name]
        assert type(value) is _TYPES[fact.kind], name
        if fact.kind is Kind.TEXT:
            assert fact.why_never(value) is None, name


def test_facts_survive_being_stored_as_json() -> None:
    known = facts(counts={(EMAIL, "24h"): 3}, links=(link(9, CARD, outcome=Outcome.FRAUD),), contacts={"no_answer": 2})
    again = json.loads(json.dumps(known))
    assert json.dumps(again, sort_keys=True) == json.dumps(known, sort_keys=True)


def test_the_hour_is_the_shops_own() -> None:
    assert facts(zone=ZoneInfo("Asia/Tokyo"))["order.hour"] == 21


def test_amounts_in_another_currency_are_not_compared() -> None:
    known = facts(history=History(orders=1, median_total=money(40, "EUR")))
    assert "customer.median_total" not in known


@pytest.mark.parametrize(
    ("avs", "known", "status"),
    [
        (Avs(AvsSummary.NONE, Match.NOMATCH, Match.NOMATCH), "none", "none"),
        (Avs(AvsSummary.UNSUPPORTED), None, "unsupported"),
        (Avs(AvsSummary.UNVERIFIED, remark="international, not verified"), None, "unverified"),
    ],
)
def test_an_address_that_nobody_checked_is_not_a_mismatch(avs: Avs, known: str | None, status: str) -> None:
    sheet = derive(evidence(payment=PaymentTraits(method="card", avs=avs)))
    assert (sheet.facts.get("payment.avs"), sheet.facts["payment.avs_status"]) == (known, status)
    assert (sheet.why_unknown.get("payment.avs") is None) is (known is not None)


def test_a_code_that_was_not_checked_and_a_shift_that_nobody_told_stay_unknown() -> None:
    unknown = facts(
        payment=PaymentTraits(cvv_result=CvvResult(CvvSummary.NOT_CHECKED, "not sent"), secure=Secure(SecureKind.UNKNOWN, "could not be performed"))
    )  # fmt: skip
    assert not {"payment.cvv", "payment.three_ds", "payment.liability"} & set(unknown)


def test_an_order_sees_earlier_orders_alone() -> None:
    """Planted leak: a link, a first visit and a sign-up from the future each make the evidence worthless."""
    for leak in (
        {"links": (link(-1, CARD),)},
        {"links": (link(0, CARD),)},
        {"history": History(first_seen_at=NOON + timedelta(seconds=1))},
        {"history": History(signed_up_at=NOON + timedelta(days=1))},
    ):
        with pytest.raises(ValueError, match=r"after|alone"):
            derive(evidence(**leak))


def test_an_outcome_counts_only_from_the_day_it_was_known() -> None:
    told_later = link(30, CARD, outcome=Outcome.FRAUD, known_days=-5)
    assert facts(links=(told_later,))["links.fraud"] == ()
    told_before = link(30, CARD, EMAIL, outcome=Outcome.FRAUD)
    known = facts(links=(told_before,))
    assert (known["links.fraud"], known["links.fraud_orders"]) == (("card", "email"), 1)


def test_a_hub_proves_nothing() -> None:
    bad = link(9, IP, outcome=Outcome.FRAUD)
    sheet = derive(evidence(links=(bad,), hubs=frozenset({IP}), counts={(IP, "24h"): 40, (EMAIL, "24h"): 1}))
    assert sheet.facts["links.fraud"] == ()
    assert sheet.facts["links.hubs"] == ("ip",)
    assert "count.ip.24h" not in sheet.facts and "count.ip.24h" in sheet.why_unknown
    assert sheet.facts["count.email.24h"] == 1


@pytest.mark.parametrize(
    ("days", "shares", "trusted", "ce3", "clean"),
    [
        (121, (CARD, DEVICE), 1, 0, 0),
        (121, (CARD, DEVICE, ADDRESS), 1, 1, 0),
        (121, (CARD, ADDRESS, CUSTOMER), 1, 0, 1),
        (120, (CARD, DEVICE, IP), 0, 1, 0),
        (366, (CARD, DEVICE, IP), 1, 0, 0),
        (200, (DEVICE, IP, ADDRESS, EMAIL), 0, 0, 1),
        (60, (ADDRESS, CUSTOMER), 0, 0, 0),
        (61, (ADDRESS, CUSTOMER), 0, 0, 1),
    ],
)
def test_which_old_orders_speak_for_a_customer(days: int, shares, trusted: int, ce3: int, clean: int) -> None:
    known = facts(links=(link(days, *shares, outcome=Outcome.DELIVERED),))
    assert (known["links.trusted"], known["links.ce3"], known["links.clean_here"]) == (trusted, ce3, clean)
    # A dispute speaks for nobody.
    disputed = facts(links=(link(days, *shares, outcome=Outcome.DISPUTED),))
    assert (disputed["links.trusted"], disputed["links.ce3"], disputed["links.clean_here"]) == (0, 0, 0)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=20), st.text(max_size=60))
def test_whatever_customers_type_facts_come_of_it(name: str, line: str, postcode: str, mail: str) -> None:
    typed = Place(name=name, line1=line, city=line, postcode=postcode, country="GB")
    known = facts(
        name=name, billing=typed, shipping=typed, email=EmailTraits(address=mail), phone=PhoneTraits(number=postcode)
    )
    assert known["shipping.nearness"] in {"same", "postcode", "city", "country"}
    for value in known.values():
        json.dumps(value)


def test_a_payment_told_in_words_is_read_like_one_in_codes() -> None:
    book = open_fraud(FOLDER)
    traits = payment_traits(
        book.codes,
        "stripe",
        Instrument(kind="card", brand="visa", last4="4242", funding="debit", country="FR", wallet="apple_pay"),
        Checks(
            line=Check.FAIL, postcode=Check.PASS, security_code_check=Check.UNCHECKED, sca="authenticated", eci="05"
        ),
        Risk(level="highest", score=80),
    )
    known = facts(payment=traits)
    told = {name: value for name, value in known.items() if name.startswith("payment.")}
    assert told == {
        "payment.gateway": "stripe", "payment.method": "card", "payment.network": "visa", "payment.wallet": "apple_pay",
        "payment.funding": "debit", "payment.country": "FR", "payment.avs": "postal_only", "payment.avs_status": "postal_only",
        "payment.avs_street": "nomatch", "payment.avs_postal": "match", "payment.three_ds": "authenticated",
        "payment.liability": "issuer", "payment.risk_level": "high", "payment.risk_score": 80,
    }  # fmt: skip
    silent = payment_traits(book.codes, "stripe", Instrument(), Checks(), Risk())
    assert set(facts(payment=silent)) - set(facts(payment=PaymentTraits())) == {"payment.gateway"}
