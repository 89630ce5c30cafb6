"""The box that a wedge scanner types into, and people too. No scan of a burst is ever lost or joined to the next."""

from __future__ import annotations

import re
from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.widgets import Input

GS = "\x1d"
"""The separator inside a GS1 element string; terminals send it as `Ctrl+]`."""

_CONTROL = re.compile("[\x00-\x1c\x1e-\x1f\x7f-\x9f\u2028\u2029]+")
LONGEST_SCAN = 200


class ScanBox(Input):
    """Reads, empties and tells in its own key handler: what comes behind Enter belongs to the next scan.

    Textual's `Input` queues characters but resolves Enter through bubbling bindings; two scans in one read then become
    one. CR, LF and Tab all end a scan, because scanners are set up with any of them.
    """

    DEFAULT_CSS = """
    ScanBox { width: 1fr; height: 1; border: none; padding: 0; background: $ground; color: $tone-plain; }
    ScanBox:focus { border: none; background: $raised; background-tint: $tone-now 12%; }
    """

    ENDS = frozenset({"enter", "ctrl+j", "tab"})

    @dataclass
    class Scanned(Message):
        """A scan, or something typed and ended with Enter. Never empty."""

        box: ScanBox
        text: str

        @property
        def control(self) -> ScanBox:
            """The box that it came from."""
            return self.box

    @dataclass
    class Left(Message):
        """Esc, or Enter in the empty box: back to where one was."""

        box: ScanBox

        @property
        def control(self) -> ScanBox:
            """The box that was left."""
            return self.box

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(placeholder=placeholder, id=id, max_length=LONGEST_SCAN, compact=True, select_on_focus=False)
        self.cursor_blink = False

    async def _on_key(self, event: events.Key) -> None:
        if event.key in self.ENDS:
            text, self.value = self.value.strip(" "), ""
            self.post_message(self.Scanned(self, text) if text else self.Left(self))
        elif event.key == "escape":
            self.value = ""
            self.post_message(self.Left(self))
        elif event.key == "ctrl+right_square_bracket":
            self.insert_text_at_cursor(GS)
        else:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert_text_at_cursor(_CONTROL.sub(" ", event.text[:LONGEST_SCAN]).strip(" "))
