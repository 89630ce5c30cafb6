"""Where an order is delivered as one short code, the same for every spelling of the same flat."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

from opsdesk.domain.fraud.evidence.addresses import Place, address_key

_BYTES = 8


@lru_cache(maxsize=16_384)
def address_digest(country: str, postcode: str, city: str, line1: str, line2: str = "") -> str:
    """Return the code of an address; empty where there is no street."""
    key = address_key(Place(country=country, postcode=postcode, city=city, line1=line1, line2=line2))
    return digest_of(key)


@lru_cache(maxsize=16_384)
def digest_of(value: str) -> str:
    """Return the code of a value that is compared and not shown; of nothing there is none."""
    return blake2b(value.encode(), digest_size=_BYTES).hexdigest() if value else ""
