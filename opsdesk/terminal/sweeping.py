"""Sweeping up unused objects while nobody types: in the middle of an answer it takes longer than the answer may.

Every so often Python looks through all objects that there are: a tenth of a second and more in a program like this one,
and mostly while a screen opens, because that makes many. So it does that seldom by itself, and is told to when a
person rests; what was there from the beginning, modules and tables above all, is looked through no more.
"""

from __future__ import annotations

import gc

_SELDOM = (5_000, 20, 200)
"""Many new objects, sweeps of the youngest, and of the younger ones, before everything is swept uncalled."""
_MOST_KEPT = 3
_WORTH_KEEPING = 20_000


class Sweeper:
    """Sweeps when it is told that nobody waits."""

    def __init__(self) -> None:
        self._kept = 0

    def begin(self) -> None:
        """Sweep seldom from now on."""
        gc.set_threshold(*_SELDOM)

    def sweep(self) -> bool:
        """Sweep everything if much was made since the last time; return whether it was done."""
        if self._kept and gc.get_count()[2] == 0:
            return False
        gc.collect()
        # Each time some of what is on the screen is kept for good with it, so this is not done for ever.
        if self._kept < _MOST_KEPT and len(gc.get_objects()) > _WORTH_KEEPING:
            gc.freeze()
            self._kept += 1
        return True
