"""The mail that goes out with a parcel, written before the parcel is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from opsdesk.domain.letters import LetterFacts, LetterParcel, ShopFacts
from opsdesk.domain.statuses import StatusBook
from opsdesk.integrations.ports import LetterWriter
from opsdesk.operations.shipping import SHIPPED_STATUS
from opsdesk.operations.statuses import Preview, preview


def shipped_preview(
    writer: LetterWriter,
    shop: ShopFacts,
    book: StatusBook,
    facts: LetterFacts,
    parcel: LetterParcel,
    *,
    now: datetime,
) -> Preview:
    """Write the shipped mail as it will read once this parcel has left; earlier parcels had theirs.

    Raises:
        Invalid: there is no template, or it cannot be filled in.
    """
    return preview(writer, shop, book.find(SHIPPED_STATUS), replace(facts, parcels=(parcel,)), now=now)
