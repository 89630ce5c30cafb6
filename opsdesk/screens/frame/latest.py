"""Readings that run beside the keys, of which only the newest counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from textual.dom import DOMNode
    from textual.worker import WorkType


def run_latest(owner: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
    """Run a reading in the background; a newer one of its group ends it, even before it has begun.

    It takes the function and not its coroutine: one that is ended before it has begun would be left unawaited.
    """
    beginning: WorkType[None] = work
    owner.run_worker(beginning, exclusive=True, group=group)
