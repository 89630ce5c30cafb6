"""Ctrl+P: every command that is bound here and every screen, found by typing; greyed ones say why."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from opsdesk.keys import PLACES, commands_of
from opsdesk.screens.frame.panels import ChoicePanel
from opsdesk.widgets.choices import Choice

if TYPE_CHECKING:
    from opsdesk.screens.frame.base import DeskScreen

ResultT = TypeVar("ResultT")
_GO = "go "


def open_palette(screen: DeskScreen[ResultT]) -> None:
    """List the commands; the order under the pointer is the one that they act on when one is chosen."""
    commands = [each for each in commands_of(*screen.KEYS) if each.label and each.id != "screen.palette"]
    entries = [
        Choice(each.id, f"{screen.label_of(each):<11}", f"{each.shown_key:<6} {each.help}", screen.why_not(each.method))
        for each in commands
    ]
    entries += [Choice(_GO + place.name, f"{place.title:<11}", f":{place.name}") for place in PLACES]

    async def chosen(key: str | None) -> None:
        if key is None:
            return
        if key.startswith(_GO):
            screen.go_to(key.removeprefix(_GO))
        else:
            await screen.run_command(key)

    screen.app.push_screen(ChoicePanel("COMMANDS", entries, narrows=True, note="Type to narrow."), callback=chosen)
