"""The test gateway's journal file: what really happened to money, written before anybody is told of it.

It is the witness against which a shop's own books are held: append-only, one JSON object a line, read back by tests
that share no code with the books. It knows nothing of keys that were replayed or answers that were lost.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class Deed(StrEnum):
    """What can happen to money or to a link.

    A refund counts when the money has gone, not when it was accepted. `CLOSE_PAGE` is the end of a page that a customer
    had open of a payment link; a link itself is cancelled or, if it is a session, expires.
    """

    AUTHORISE = "authorise"
    SALE = "sale"
    CAPTURE = "capture"
    VOID = "void"
    EXPIRE = "expire"
    REFUND = "refund"
    REFUND_PENDING = "refund_pending"
    REFUND_FAILED = "refund_failed"
    CREATE_LINK = "create_link"
    CANCEL_LINK = "cancel_link"
    EXPIRE_LINK = "expire_link"
    CLOSE_PAGE = "close_page"
    DISPUTE_DEBIT = "dispute_debit"
    DISPUTE_REVERSAL = "dispute_reversal"


@dataclass(frozen=True)
class Effect:
    """One line of the journal.

    Attributes:
        reference: what the gateway calls the effect: a charge, a refund, a link or a dispute.
        payment: the payment that it concerns; empty for a link.
        amount: in the minor units of the gateway.
        key: the shop's own key, from `metadata[opsdesk_key]`, otherwise the idempotency key; empty for what was done
            outside the shop.
        sent_key: the idempotency key that came with the request.
        at: seconds since 1970 by the gateway's clock.
    """

    kind: Deed
    reference: str
    payment: str
    amount: int
    currency: str
    key: str
    at: int
    order_number: str = ""
    sent_key: str = ""


class Journal:
    """Writes effects to a file and reads them back from there, never from memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def write(self, effect: Effect) -> None:
        """Add a line."""
        with self._lock, self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(effect)) + "\n")

    def effects(self, *kinds: str, payment: str = "", key: str = "") -> list[Effect]:
        """Return what happened, oldest first: all, or only some kinds, of one payment, under one key."""
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        effects = [Effect(**{**line, "kind": Deed(line["kind"])}) for line in map(json.loads, lines)]
        return [
            effect
            for effect in effects
            if (not kinds or effect.kind in kinds)
            and (not payment or effect.payment == payment)
            and (not key or effect.key == key)
        ]

    def standing(self, *kinds: str, payment: str = "") -> list[Effect]:
        """Return what happened and still holds: without refunds that failed and the notes that they were pending."""
        failed = {effect.reference for effect in self.effects(Deed.REFUND_FAILED)}
        gone = {Deed.REFUND_PENDING, Deed.REFUND_FAILED}
        return [
            effect
            for effect in self.effects(*kinds, payment=payment)
            if effect.kind not in gone and not (effect.kind is Deed.REFUND and effect.reference in failed)
        ]

    def total(self, *kinds: str, payment: str = "") -> int:
        """Sum up what still holds, in minor units."""
        return sum(effect.amount for effect in self.standing(*kinds, payment=payment))
