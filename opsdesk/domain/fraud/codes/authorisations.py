"""How long an authorisation keeps the money, where the gateway does not say so itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from opsdesk.domain.fraud.entries import Entry, entries, read_tables

_FILE = "fraud/authorisations.toml"
_MOST_HOURS = 24 * 60


@dataclass(frozen=True, slots=True)
class Windows:
    """Hours by gateway and network; an empty network is every network."""

    default_hours: int
    hours: Mapping[tuple[str, str], int]
    without_customer: Mapping[tuple[str, str], int]

    def ends_at(
        self,
        authorised_at: datetime,
        *,
        gateway: str,
        network: str = "",
        with_customer: bool = True,
        told: datetime | None = None,
    ) -> datetime:
        """Return when the authorisation ends: the gateway's own word first, else the table, else rather too early."""
        if told is not None:
            return told
        wire, card = gateway.strip().lower(), network.strip().lower()
        tables = (self.hours,) if with_customer else (self.without_customer, self.hours)
        for table in tables:
            for key in ((wire, card), (wire, "")):
                if key in table:
                    return authorised_at + timedelta(hours=table[key])
        return authorised_at + timedelta(hours=self.default_hours)


def read_windows(shipped: str, own: str = "") -> Windows:
    """Read the shipped windows and the shop's own, which replace or follow them.

    Raises:
        Invalid: an entry is no window.
    """
    default = 0
    hours: dict[tuple[str, str], int] = {}
    without: dict[tuple[str, str], int] = {}
    for text in (shipped, own):
        read = read_tables(text, _FILE)
        default = Entry(read, _FILE).whole("default_hours", 1, _MOST_HOURS, default or 144)
        for entry in entries(read, "authorisation", _FILE, named="gateway"):
            key = (entry.text("gateway"), entry.text("network", ""))
            hours[key] = entry.whole("hours", 1, _MOST_HOURS)
            without[key] = entry.whole("without_customer_hours", 1, _MOST_HOURS, hours[key])
            entry.done()
    return Windows(default, hours, without)
