"""F1: every key that works on the desk one comes from, with a sentence each."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from opsdesk.key_docs import help_rows, screen_names, title_of
from opsdesk.screens.frame.panels import DeskPanel
from opsdesk.theme import Tone


class HelpScreen(DeskPanel[None]):
    """The keys of one desk; F1 again lists those of every desk."""

    BODY_FOCUS = "VerticalScroll"

    def __init__(self, groups: tuple[str, ...]) -> None:
        super().__init__("KEYS")
        self._groups = groups
        self._shows_all = False

    def compose_body(self) -> ComposeResult:
        """Yield the list, which scrolls."""
        with VerticalScroll(can_focus=True):
            yield Static(self._text(), classes="help--text")

    def on_mount(self) -> None:
        """Say how to see more."""
        self.say("F1 again lists every screen's keys.", hint="F3 goes back")

    def action_help(self) -> None:
        """Turn between this desk's keys and all keys."""
        self._shows_all = not self._shows_all
        self.query_one(".help--text", Static).update(self._text())

    def _text(self) -> Content:
        names = screen_names() if self._shows_all else self._groups
        lines: list[Content] = []
        for name in sorted(names, key=lambda found: found == "everywhere"):
            lines += [Content.styled(title_of(name), f"bold {Tone.NOW.style}")]
            for keys, label, sentence in help_rows(name):
                lines.append(
                    Content.assemble(
                        (f" {keys:<14}", f"bold {Tone.PLAIN.style}"), (f"{label:<10}", ""), (sentence, Tone.DIM.style)
                    )
                )
            lines.append(Content(""))
        return Content("\n").join(lines)
