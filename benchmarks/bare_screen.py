"""The limit of opening a screen: a bare Textual app that puts a new screen with a page of coloured text on top."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.figures import percentile
from benchmarks.wire import SIZE, wired

_BARE = """
from textual.app import App
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

COLOURS = ("#d7dde5", "#8e99a8", "#6fb7ff", "#f0b45a")

class Page(Screen):
    turn = 0

    def compose(self):
        Page.turn += 1
        words = [f"{Page.turn * 7919 + number * 104729:>13} " for number in range(ROWS * 8)]
        parts = [(word, COLOURS[place % 4]) for place, word in enumerate(words)]
        rows = [Content.assemble(*parts[row * 8:row * 8 + 8]) for row in range(ROWS)]
        yield Static(Content("\\n").join(rows))

class Bare(App):
    BINDINGS = [("n", "new", "")]

    def compose(self):
        yield Static("ready")

    def action_new(self):
        self.push_screen(Page())

Bare().run()
"""


def bare_screen(rounds: int) -> float:
    """Return the median of seconds from a key to the whole page of a new screen."""
    with tempfile.TemporaryDirectory(prefix="opsdesk-bare-") as folder:
        program = Path(folder) / "bare_screen.py"
        program.write_text(_BARE.replace("ROWS", str(SIZE[1])))
        with wired([sys.executable, str(program)]) as wire:
            wire.wait_until(str.strip)
            wire.settle(1.0)
            return percentile([wire.press(b"n", SIZE[0]).last for _ in range(rounds)], 0.5)
