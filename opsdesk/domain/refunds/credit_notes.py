"""Credit notes: the document of one refund, with net, tax and gross of each part exactly as they went back.

What was paid too much was never charged, so giving it back credits nothing and stands in no document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from opsdesk.domain.errors import Invalid
from opsdesk.domain.money import Money
from opsdesk.domain.refunds.parts import RefundPart
from opsdesk.domain.refunds.states import PartKind

SERIES = "CN"
_NUMBER = re.compile(r"(?:CN-?)?0*(\d{1,9})\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One amount of a credit note, in minor units; a fee that was kept is below zero."""

    kind: str
    label: str
    quantity: int
    line_id: int | None
    net: int
    tax: int

    @property
    def gross(self) -> int:
        """What the customer got for it."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class NoteSums:
    """What a credit note comes to, in minor units."""

    net: int
    tax: int

    @property
    def gross(self) -> int:
        """Net and tax together."""
        return self.net + self.tax


def note_lines(parts: Iterable[RefundPart]) -> tuple[NoteLine, ...]:
    """Return what a refund of these parts credits; nothing where it only gives back what was paid too much."""
    return tuple(
        NoteLine(part.kind.value, part.label, part.quantity, part.line_id, part.amount - part.tax, part.tax)
        for part in parts
        if part.kind is not PartKind.OVERPAYMENT
    )


def opposite(lines: Iterable[NoteLine]) -> tuple[NoteLine, ...]:
    """Return the lines of the document that cancels one with these lines."""
    return tuple(NoteLine(line.kind, line.label, -line.quantity, line.line_id, -line.net, -line.tax) for line in lines)


def sums_of(lines: Iterable[NoteLine]) -> NoteSums:
    """Add the lines up."""
    kept = tuple(lines)
    return NoteSums(sum(line.net for line in kept), sum(line.tax for line in kept))


def lines_to_json(lines: Iterable[NoteLine]) -> str:
    """Write lines as they are kept with their document."""
    return json.dumps([asdict(line) for line in lines])


def lines_from_json(text: str) -> tuple[NoteLine, ...]:
    """Read what `lines_to_json` has written."""
    return tuple(NoteLine(**line) for line in json.loads(text))


def note_number(number: int, series: str = SERIES) -> str:
    """Return a number as it stands on the document, e.g. `CN-000012`."""
    return f"{series}-{number:06}"


def read_number(text: str) -> int:
    """Read the number of a credit note as somebody types it.

    Raises:
        Invalid: it is none.
    """
    found = _NUMBER.match(text.strip())
    if found is None:
        raise Invalid("number", f"{text.strip()[:40]!r} is no number of a credit note. Write it e.g. as CN-000012.")
    return int(found[1])


def note_words(parts: Iterable[RefundPart], currency: str) -> str:
    """Say for staff which credit note a refund will have; nothing where it has none."""
    lines = note_lines(parts)
    if not lines:
        return ""
    sums = sums_of(lines)
    return f"Credit note to come: {Money(sums.gross, currency)}, of it {Money(sums.tax, currency)} tax"
