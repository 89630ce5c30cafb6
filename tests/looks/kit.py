"""What every picture is taken with: its sizes, and the keys that lead to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from tests.operator import Operator

SIZES = {"120x36": (120, 36), "80x24": (80, 24)}
Compare = Callable[..., bool]


def pressing(keys: tuple[str, ...]) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Press keys once nothing is put off any more, and wait for that again before the picture is taken."""

    async def press(pilot: Pilot[int]) -> None:
        operator = Operator(pilot)
        await operator.rest()
        await operator.press(*keys)
        await operator.rest()

    return press
