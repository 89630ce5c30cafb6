"""What staff type as contact or address: right shapes of many countries pass as they are, wrong ones get a sentence."""

from __future__ import annotations

import pytest

from opsdesk.domain.errors import Invalid
from opsdesk.operations.orders.entries import (
    AddressEntry,
    ContactEntry,
    checked_address,
    checked_contact,
    checked_phone,
    country_code,
    country_name,
)


def address(country: str, postcode: str, city: str, region: str = "", **more: str) -> AddressEntry:
    fields = {"name": "Anna Schmidt", "line1": "Hauptstr. 12"} | more
    return AddressEntry(country=country, postcode=postcode, city=city, region=region, **fields)


RIGHT = [
    address("DE", "10115", "Berlin", phone="030 1234567"),
    address("AT", "1010", "Wien", phone="01 5123456"),
    address("CH", "8001", "Zürich", phone="044 668 18 00"),
    address("FR", "75001", "Paris", phone="06 12 34 56 78"),
    address("NL", "1012 AB", "Amsterdam", phone="020 123 4567"),
    address("BE", "1000", "Bruxelles"),
    address("GB", "SW1A 1AA", "London", "Greater London", phone="07911 123456"),
    address("IE", "D02 X285", "Dublin", "Co. Dublin"),
    address("PL", "00-950", "Warszawa", phone="22 123 45 67"),
    address("SE", "111 21", "Stockholm"),
    address("IT", "00184", "Roma", "RM"),
    address("ES", "28001", "Madrid", "Madrid", phone="612 34 56 78"),
    address("US", "94043", "Mountain View", "California", phone="(415) 555-2671"),
    address("US", "94043", "Mountain View", "CA"),
    address("CA", "H2X 1Y4", "Montréal", "Quebec"),
    address("BR", "01310-100", "São Paulo", "Sao Paulo"),
    address("JP", "150-0002", "渋谷区", "東京都", phone="03-1234-5678"),
    address("JP", "150-0002", "Shibuya", "JP-13"),
    address("AU", "2000", "Sydney", "NSW"),
    address("AE", "", "Dubai", "Dubai"),
    address("HK", "", "Central", "Hong Kong Island"),
]


@pytest.mark.parametrize("entry", RIGHT, ids=lambda entry: f"{entry.country}-{entry.city}")
def test_a_right_address_stays_as_the_customer_typed_it(entry: AddressEntry) -> None:
    assert checked_address(entry) == entry


@pytest.mark.parametrize(
    ("entry", "field", "hint"),
    [
        (address("DE", "1011", "Berlin"), "postcode", "26133"),
        (address("PL", "00950", "Warszawa"), "postcode", "00-950"),
        (address("GB", "SW1A", "London"), "postcode", "United Kingdom"),
        (address("US", "94043", "Mountain View", "NY"), "postcode", "NY"),
        (address("US", "94043", "Mountain View", "Californa"), "region", "Did you mean California?"),
        (address("AU", "2000", "Sydney"), "region", "state"),
        (address("DE", "", "Berlin"), "postcode", "missing"),
        (address("DE", "10115", ""), "city", "town"),
        (address("DE", "10115", "Berlin", line1=""), "line1", "street"),
        (address("DE", "10115", "Berlin", name=""), "name", "name"),
        (address("XX", "10115", "Berlin"), "country", "two letters"),
        (address("", "10115", "Berlin"), "country", "two letters"),
        (address("Absurdistan", "1", "Berlin"), "country", "Absurdistan"),
        (address("DE", "10115", "Berlin", phone="12"), "phone", "+49"),
    ],
)
def test_a_wrong_address_is_refused_with_what_would_be_right(entry: AddressEntry, field: str, hint: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_address(entry)
    assert refused.value.field == field
    assert hint in refused.value.message


def test_a_country_may_be_named_and_a_post_code_typed_small() -> None:
    checked = checked_address(address("United Kingdom", "sw1a 1aa", "London"))
    assert (checked.country, checked.postcode, checked.city) == ("GB", "SW1A 1AA", "London")
    assert [country_code(name) for name in ("uk", "Deutschland", "germany", "de")] == ["GB", "DE", "DE", "DE"]


def test_what_an_import_brought_is_not_judged_when_something_else_is_corrected() -> None:
    before = address("DE", "1011", "Berlin", phone="n/a")
    after = AddressEntry(
        **{field: getattr(before, field) for field in AddressEntry.__slots__} | {"name": "Anna Schmitt"}
    )
    assert checked_address(after, before=before) == after
    with pytest.raises(Invalid):
        checked_address(after)


@pytest.mark.parametrize(
    "email", ["Anna.Schmidt@example.com", "a+shop@example.co.uk", "anna@müller.de", "o'brien@example.ie", "x@y.test"]
)
def test_a_right_e_mail_address_passes_without_asking_any_name_server(email: str) -> None:
    assert checked_contact(ContactEntry("Anna", email)).email == email


@pytest.mark.parametrize(
    "email",
    ["anna", "anna@", "@example.com", "anna@example", "anna@@example.com", "anna@example,com", "anna @example.com",
     "Anna <anna@example.com>", "anna@example.com, bob@example.com", "anna@example.com\nBcc: x@y.de"],
)  # fmt: skip
def test_a_wrong_e_mail_address_is_refused(email: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_contact(ContactEntry("Anna", email))
    assert refused.value.field == "email"
    assert "anna@example.com" in refused.value.message


@pytest.mark.parametrize(
    ("phone", "country"),
    [("030 1234567", "DE"), ("+49 30 1234567", ""), ("0049 30 1234567", ""), ("0171/1234567", "DE"), ("1-800-FLOWERS", "US"),
     ("+1 415 555 2671", "DE"), ("030 1234567 ext. 12", "DE"), ("0171 1234567", "")],
)  # fmt: skip
def test_a_telephone_number_stays_as_it_was_typed(phone: str, country: str) -> None:
    assert checked_phone(phone, country=country) == phone


@pytest.mark.parametrize(
    ("phone", "country"),
    [("12", "DE"), ("abc", "DE"), ("abc", ""), ("+1 415 555 2671 99999", ""), ("06 12", "FR"), ("+999 1", "")],
)
def test_an_impossible_telephone_number_is_refused_with_an_example(phone: str, country: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_phone(phone, country=country)
    assert "e.g." in refused.value.message


@pytest.mark.parametrize("number", ["4111 1111 1111 1111", "371449635398431", "3714-496353-98431"])
@pytest.mark.parametrize("country", ["DE", ""])
def test_a_card_number_is_no_telephone_number_and_is_not_repeated(number: str, country: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_phone(number, country=country)
    assert number[-4:] not in refused.value.message


def test_a_customer_keeps_a_name_and_a_way_to_be_reached() -> None:
    with pytest.raises(Invalid, match="no name"):
        checked_contact(ContactEntry(" ", "anna@example.com"))
    with pytest.raises(Invalid, match="Keep an e-mail"):
        checked_contact(ContactEntry("Anna", "", ""), before=ContactEntry("Anna", "anna@example.com"))
    unreachable = ContactEntry("Anna", "", "")
    assert checked_contact(ContactEntry("Anna S", "", ""), before=unreachable).name == "Anna S"


@pytest.mark.parametrize(("typed", "kept"), [("DE", "de"), ("pt_br", "pt-BR"), ("en", "en"), ("", "")])
def test_a_language_is_a_code(typed: str, kept: str) -> None:
    assert checked_contact(ContactEntry("Anna", "anna@example.com", language=typed)).language == kept


def test_no_language_is_a_sentence() -> None:
    with pytest.raises(Invalid, match="pt-BR"):
        checked_contact(ContactEntry("Anna", "anna@example.com", language="german please"))


def test_countries_have_names() -> None:
    assert (country_name("DE"), country_name("DE", "de"), country_name("ZZ9", "xx")) == (
        "Germany",
        "Deutschland",
        "ZZ9",
    )
