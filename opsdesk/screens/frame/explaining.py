"""Keys that explain themselves: the key bar, greyed keys with their reason, the leader lane."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from textual import events, on
from textual.actions import parse
from textual.timer import Timer

from opsdesk.key_lane import takes_text
from opsdesk.keys import Command, Mode, command, commands_of, shown_key
from opsdesk.screens.frame.carrying import Carrying
from opsdesk.widgets.key_bar import BarKey, KeyBar

if TYPE_CHECKING:
    from collections.abc import Iterator

ResultT = TypeVar("ResultT")
_LEADER_PANEL_S = 0.3


class Explaining(Carrying[ResultT]):
    """The part of a screen that says what its keys do, and why one does nothing now."""

    KEYS: tuple[str, ...] = ("everywhere",)
    """The groups of commands that are bound here, as `keys.py` names them."""

    _leader_timer: Timer | None = None

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why an action cannot be done now, or None if it can. The same sentence greys its key."""
        if action == "undo" and self.host.undoable is None:
            return "There is nothing of yours to undo."
        if action == "commit":
            return "F9 does nothing here." if self.commit_label() is None else None
        if action in ("choices", "next") and not hasattr(self, f"action_{action}"):
            return "There is nothing to choose here."
        return None

    def commit_label(self) -> str | None:
        """Say what F9 does now and to how much, in capitals; None when it does nothing."""
        return None

    def subject(self) -> str:
        """Return the record that the letters act on, for the key bar."""
        return ""

    def label_of(self, each: Command) -> str:
        """Return the verb that the key bar shows for a command; screens say it by what the record allows."""
        if each.method == "commit":
            return self.commit_label() or each.label
        return each.label

    @property
    def mode(self) -> Mode:
        """What keys do now."""
        return Mode.ENTRY if self.focused is not None and takes_text(self.focused) else Mode.BROWSE

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey an action that cannot be done now."""
        return None if self.is_mounted and self.why_not(action, *parameters) else True

    async def run_command(self, command_id: str) -> None:
        """Do what a command's key would do, from the leader lane, the key bar or the palette."""
        wanted = command(command_id)
        if reason := self.why_not(wanted.method):
            self.say_no(reason)
            return
        await self.run_action(wanted.method)

    def show_keys(self) -> None:
        """Bring the key bar up to date: after the pointer, the focus, the mode or the facts have changed."""
        for bar in self.query(KeyBar):
            bar.set_class(not self._is_wide, "-one-line")
            lane, letters = list(self._lane()), list(self._letters())
            bar.show(lane, letters, self.subject())

    @property
    def _is_wide(self) -> bool:
        return self.app.size.width >= 100 and self.app.size.height >= 28

    def _lane(self) -> Iterator[BarKey]:
        lane = {each.f_key: each for each in commands_of(*self.KEYS) if each.f_key is not None}
        for number in sorted(key for key in lane if key is not None):
            each = lane[number]
            why_not = self.why_not(each.method)
            label = (self.label_of(each) if each.f_key == 9 else "") or each.lane_label or each.label
            yield BarKey(each.id, f"F{number}", label, why_not, is_main=number == 9)

    def _letters(self) -> Iterator[BarKey]:
        if self.mode is not Mode.BROWSE:
            yield from self.entry_hints()
            return
        own = [each for each in commands_of(*self.KEYS) if each.mode is Mode.BROWSE and each.is_taught]
        for each in sorted(own, key=lambda found: "everywhere" in found.screens):
            yield BarKey(each.id, each.shown_key, self.label_of(each), self.why_not(each.method))

    def entry_hints(self) -> Iterator[BarKey]:
        """Return what helps while something is typed."""
        yield BarKey("screen.next_field", "Tab", "next field")
        yield BarKey("screen.back", "F3", "back, text is kept")
        yield BarKey("screen.leader", "Ctrl+G", "then a letter: any command")

    @on(KeyBar.Pressed)
    async def _hint_clicked(self, event: KeyBar.Pressed) -> None:
        event.stop()
        if event.command_id == "screen.next_field":
            self.focus_next()
        else:
            await self.run_command(event.command_id)

    def on_key(self, event: events.Key) -> None:
        """A greyed key says why it is greyed."""
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            _, action, parameters = parse(binding.action)
            if reason := self.why_not(action, *parameters):
                event.stop()
                event.prevent_default()
                self.say_no(reason)
                self.forget_ahead()
                return

    def action_leader(self) -> None:
        """Wait for the key that names a command; after a moment list what works now."""
        self.host.lead()
        self._leader_timer = self.set_timer(_LEADER_PANEL_S, self._list_led)

    def _list_led(self) -> None:
        if not self.host.is_leading:
            return
        lane = [f"{each.f_key} {each.lane_label or each.label}" for each in commands_of(*self.KEYS) if each.f_key]
        letters = [
            f"{each.shown_key} {self.label_of(each)}"
            for each in commands_of(*self.KEYS)
            if each.mode is not Mode.ANY and each.label and not self.why_not(each.method)
        ]
        self.say("Ctrl+G, then:", more=_wrapped("  ".join([*lane, *letters]), self.size.width - 4))

    def led_nowhere(self, key: str) -> None:
        """Say that no command has this key here."""
        self.say_no(f"{shown_key(key)} is no command here. F1 lists the keys.")


def _wrapped(text: str, width: int) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, max(20, width))[:5])
