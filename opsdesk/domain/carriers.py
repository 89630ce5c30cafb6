"""The carriers of the shop, read from their TOML text, and the links under which their parcels are followed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from urllib.parse import quote

from opsdesk.domain.errors import Invalid

_KEYS = frozenset({"code", "name", "tracking_url"})


@dataclass(frozen=True, slots=True)
class Carrier:
    """One carrier; `tracking_url` holds `{number}`, or is empty where nothing can be followed."""

    code: str
    name: str
    tracking_url: str = ""

    def link(self, tracking_number: str) -> str:
        """Return where the parcel can be followed, or nothing."""
        if not self.tracking_url or not tracking_number:
            return ""
        return self.tracking_url.replace("{number}", quote(tracking_number, safe=""))


def read_carriers(shipped: str, own: str = "") -> tuple[Carrier, ...]:
    """Read the shipped carriers and the shop's own, which replace or follow them.

    Raises:
        Invalid: the text is not TOML, or an entry is not a carrier; the sentence names the entry.
    """
    book = {carrier.code: carrier for carrier in _carriers(shipped)}
    book |= {carrier.code: carrier for carrier in _carriers(own)}
    return tuple(book.values())


def find_carrier(carriers: tuple[Carrier, ...], name: str) -> Carrier:
    """Return the carrier with this code or name; one that the list does not know has no links."""
    wanted = name.strip().casefold()
    for carrier in carriers:
        if wanted in (carrier.code, carrier.name.casefold()):
            return carrier
    return Carrier("", name.strip())


def _carriers(text: str) -> list[Carrier]:
    try:
        tables = tomllib.loads(text).get("carrier", [])
    except tomllib.TOMLDecodeError as error:
        raise Invalid("carriers", f"The list of carriers cannot be read: {error}.") from error
    return [_carrier(table, position) for position, table in enumerate(tables, start=1)]


def _carrier(table: object, position: int) -> Carrier:
    if not isinstance(table, dict) or not _KEYS >= set(table) >= {"code", "name"}:
        raise Invalid("carriers", f"Carrier {position} needs code and name, and may have tracking_url.")
    if not all(isinstance(value, str) for value in table.values()):
        raise Invalid("carriers", f"Carrier {position}: each value is a text in quotes.")
    carrier = Carrier(**table)
    is_link = carrier.tracking_url.startswith("https://") and "{number}" in carrier.tracking_url
    if carrier.tracking_url and not is_link:
        raise Invalid("tracking_url", f"Carrier {carrier.code!r}: the link begins with https:// and holds {{number}}.")
    return carrier
