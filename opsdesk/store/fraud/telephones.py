"""What a telephone number says of itself: whether it can exist, of which kind it is, and whose calling code it has."""

from __future__ import annotations

from functools import lru_cache

from opsdesk.domain.fraud.evidence.facts import PhoneTraits

_CHECKS = {0: "is_possible", 1: "invalid_country_code", 2: "too_short", 3: "too_long", 4: "is_possible_local_only"}
_OTHER = "invalid_length"
_TYPES = {
    0: "fixed_line", 1: "mobile", 2: "fixed_line_or_mobile", 3: "toll_free", 4: "premium_rate", 5: "shared_cost",
    6: "voip", 7: "personal_number", 8: "pager", 9: "uan", 10: "voicemail",
}  # fmt: skip


@lru_cache(maxsize=16_384)
def read_phone(number: str, country: str) -> PhoneTraits:
    """Read a number as it would be dialled in a country; of one that cannot be read only that it was given."""
    if not number.strip():
        return PhoneTraits()
    import phonenumbers

    region = country.upper() if country.upper() in phonenumbers.SUPPORTED_REGIONS else None
    try:
        found = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        # Without a country nobody can say whether a number in its national form is right.
        is_known = region is not None or number.strip().startswith(("+", "00"))
        return PhoneTraits(number=number, is_valid=False if is_known else None)
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(found.country_code or 0, ())
    return PhoneTraits(
        number=phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164),
        is_valid=phonenumbers.is_valid_number(found),
        check=_CHECKS.get(int(phonenumbers.is_possible_number_with_reason(found)), _OTHER),
        type=_TYPES.get(int(phonenumbers.number_type(found)), ""),
        countries=tuple(region for region in regions if region != "001") or None,
    )
