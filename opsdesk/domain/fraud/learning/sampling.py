"""A few orders between review and hold pass unseen: what becomes of them is the only honest rate of false alarms."""

from __future__ import annotations

from hashlib import sha256

from opsdesk.domain.fraud.scoring import Action, Score
from opsdesk.domain.fraud.thresholds import Sampling, is_at_least
from opsdesk.domain.money import Money


def lot(order_id: str, seed: str) -> int:
    """Draw a lot from 0 to 9999 for an order. The same order and seed always draw the same one."""
    digest = sha256(f"{seed}\x00{order_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % 10_000


def passes_unseen(order_id: str, score: Score, total: Money, sampling: Sampling) -> bool:
    """Say whether an order that would be looked at passes as a sample.

    Held orders never do, nor large ones, nor those that stand on a block list.
    """
    if score.action is not Action.REVIEW or score.hard or is_at_least(total, sampling.largest + 1):
        return False
    return lot(order_id, sampling.seed) < sampling.percent * 100
