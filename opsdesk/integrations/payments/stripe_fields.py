"""Reading Stripe's objects, which are plain dictionaries here, without trusting what is in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from opsdesk.domain.cards import safe_line

Raw = Mapping[str, Any]

KEY, LINK_KEY, ORDER, AUTHORISE_ONLY = "opsdesk_key", "opsdesk_link", "opsdesk_order", "opsdesk_authorise"
"""What OpsDesk writes into an object's metadata: the key of the call that made it or its link, the order's number."""
_LONGEST_TEXT = 200
_OPAQUE = re.compile(r"(?:[a-z]{2,12}_[A-Za-z0-9_]{6,200}|https?://[!-~]{4,2000})\Z")
"""What Stripe names its objects, and where pages are."""
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999; no moment is later."""


def field(found: object, *names: str) -> Any:
    """Follow names into an object; None where one of them leads nowhere."""
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def text(found: object, *names: str) -> str:
    """Return a text from an object, cleaned to one line; empty where there is none.

    Ids and addresses stay as they are: the letters of a random id may spell a card's code, and masked it names nothing.
    """
    value = field(found, *names)
    if isinstance(value, str) and _OPAQUE.match(value):
        return value
    return safe_line(value, longest=_LONGEST_TEXT).text if isinstance(value, str) else ""


def reference(found: object, *names: str) -> str:
    """Return the id of another object, whether Stripe sent its id or the object itself."""
    value = field(found, *names)
    return text(value, "id") if isinstance(value, Mapping) else text(found, *names)


def number(found: object, *names: str) -> int:
    """Return a whole number from an object; nothing is zero."""
    value = field(found, *names)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def second_of(found: object, *names: str) -> int:
    """Return a moment from an object in seconds since 1970; zero where there is none that can be."""
    second = number(found, *names)
    return second if 0 < second <= _LAST_SECOND else 0


def moment(found: object, *names: str) -> datetime | None:
    """Return a moment from an object."""
    second = second_of(found, *names)
    return datetime.fromtimestamp(second, UTC) if second else None


def objects(found: object, *names: str) -> list[Raw]:
    """Return the objects of a list."""
    value = field(found, *names)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
