"""Screens that are kept: closed, they are set aside, and opened again for the next record instead of being built anew.

Building a screen, matching its styles and laying it out takes several times as long as showing other lines on one that
is there.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.screens.frame.registry import SCREENS

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen
    from textual.worker import WorkType

    from opsdesk.screens.frame.base import DeskScreen
    from opsdesk.screens.frame.host import DeskHost


_AHEAD: tuple[tuple[str, tuple[object, ...]], ...] = (("order", (0,)),)
_AHEAD_ON_FRAUD: tuple[tuple[str, tuple[object, ...]], ...] = (("fraud", ()), ("case", (0,)))
"""What is built before it is asked for, by the names of the screens; some of it for those who work on cases."""


class Kept:
    """One screen of each kind that says of itself `IS_KEPT`."""

    def __init__(self, host: DeskHost) -> None:
        self._host = host
        self._screens: dict[type[Screen[Any]], DeskScreen[Any]] = {}
        self._has_rested = False

    def screen(self, kind: type[Screen[Any]], *args: object, **kwargs: object) -> Screen[Any]:
        """Return the kept screen of a kind, begun anew, if it is free; else one that is new."""
        kept = self._screens.get(kind)
        if kept is not None and kept.is_free:
            kept.open_again(*args, **kwargs)
            return kept
        build: Callable[..., Any] = kind
        made = build(*args, **kwargs)
        if kept is None and getattr(kind, "IS_KEPT", False):
            self._host.install_screen(made, kind.__name__)
            self._screens[kind] = made
        return made  # type: ignore[no-any-return]  # it is of that kind

    def closed(self, screen: Screen[Any]) -> None:
        """Set a screen aside if it is a kept one."""
        kept = self._screens.get(type(screen))
        if kept is screen:
            kept.set_aside()

    def forget(self) -> None:
        """Build every screen anew: somebody else sits down."""
        for kept in self._screens.values():
            if kept.is_aside:
                self._host.uninstall_screen(kept)
                kept.remove()
        self._has_rested = False
        self._screens = {kind: kept for kind, kept in self._screens.items() if not kept.is_aside}

    def rest(self) -> None:
        """Build what will be asked for, since nobody waits now."""
        if not self._has_rested:
            self._has_rested = True
            building: WorkType[None] = self._build_ahead
            self._host.run_worker(building, group="opening")

    async def _build_ahead(self) -> None:
        desk, wanted = self._host.desk, _AHEAD
        if not desk.is_signed_in:
            return
        if why_not_allowed(desk.actor, "case.claim") is None and desk.store.fraud is not None:
            wanted += _AHEAD_ON_FRAUD
            with suppress(OpsDeskError):
                await desk.run(desk.store.fraud)
        for name, args in wanted:
            module, _, kind = SCREENS[name].partition(":")
            await self._build(getattr(await desk.run(import_module, module), kind), *args)

    async def _build(self, kind: type[DeskScreen[Any]], *args: object) -> None:
        if kind in self._screens:
            return
        made: Any = self.screen(kind, *args)
        made.is_ahead = True
        await self._host.ops_build(made)
        await made.lay_out(self._host.size)
        made.is_ahead = False
        made.set_aside()
