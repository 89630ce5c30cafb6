"""Screens that are kept: closed, they are set aside, and opened again for the next record instead of being built anew.

Building a screen, matching its styles and laying it out takes several times as long as showing other lines on one that
is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen

    from opsdesk.screens.frame.base import DeskScreen
    from opsdesk.screens.frame.host import DeskHost


class Kept:
    """One screen of each kind that says of itself `IS_KEPT`."""

    def __init__(self, host: DeskHost) -> None:
        self._host = host
        self._screens: dict[type[Screen[Any]], DeskScreen[Any]] = {}

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
        """Build every screen anew from now on: somebody else sits down."""
        for kept in self._screens.values():
            if kept.is_aside:
                self._host.uninstall_screen(kept)
                kept.remove()
        self._screens = {kind: kept for kind, kept in self._screens.items() if not kept.is_aside}
