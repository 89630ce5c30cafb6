"""Shows one hostile text in every kind of place that the program has for text; `SAMPLE_TEXT` holds it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Checkbox, Footer, Header, Input, Label, OptionList, Static, TextArea

from opsdesk.terminal.citizen import CitizenApp, run_citizen
from opsdesk.terminal.text import joined, rich_text, shown, shown_lines, shown_name

MODE = os.environ.get("SAMPLE_MODE", "")
TEXT: str = json.loads(os.environ.get("SAMPLE_TEXT", '""'))


class Rows(ScrollView):
    """Draws its rows itself, from segments, as the tables of the program do."""

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(f"row {y} {TEXT} end")])


class Places:
    """Every sink, filled through the text boundary, or with the bare text when the mode says so."""

    def compose(self) -> ComposeResult:
        yield Header()
        yield Static(shown(TEXT, "bold"))
        yield Static(joined(("Customer: ", "bold"), TEXT, " tail"))
        yield Static(shown_lines(TEXT))
        yield Static(rich_text(TEXT))
        yield Static(TEXT, markup=False)
        yield Label(shown_name(TEXT))
        yield OptionList(shown(TEXT), shown("second"))
        yield Checkbox(shown(TEXT))
        yield Input(TEXT, placeholder=TEXT)
        yield TextArea(TEXT)
        yield Rows()
        yield Footer()

    def on_mount(self: Any) -> None:
        self.title = TEXT
        for widget in self.query(Static).results():
            widget.border_title = shown(TEXT)
            widget.tooltip = shown(TEXT)
        self.notify(TEXT, markup=False, timeout=60)
        for typed in self.query("Input, TextArea"):
            typed.cursor_blink = False

    CSS = "Static, Label, OptionList, Checkbox, Input, TextArea, Rows { height: 2; border: none; }"
    BINDINGS = [Binding("f9", "nothing", "Do it")]  # noqa: RUF012 - Textual reads it from the class


class Guarded(Places, CitizenApp[None]):
    pass


class Unfiltered(Places, CitizenApp[None]):
    """The control: everything but the last guard."""

    def get_line_filters(self) -> Any:
        return App.get_line_filters(self)


if __name__ == "__main__":
    kind = Unfiltered if "unfiltered" in MODE else Guarded
    sys.exit(run_citizen(kind(state_folder=Path(os.environ["SAMPLE_STATE"]))))
