"""A question that only `y` answers with yes. Enter does nothing, so two quick Enters never carry anything out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from opsdesk.theme import Tone


class Confirm(Widget, can_focus=True):
    """The sentence says what would happen to what; the verb says it again beside its key."""

    TAKES_TEXT: ClassVar[bool] = False
    """Letters choose here; they are no text that anybody types."""

    DEFAULT_CSS = """
    Confirm { height: auto; width: 1fr; }
    """

    @dataclass
    class Answered(Message):
        """`y` or `n` was pressed."""

        is_yes: bool

    def __init__(self, sentence: str, *, verb: str, keep: str = "leave it", details: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._sentence, self._verb, self._keep, self._details = sentence, verb, keep, details
        self._reminds = False

    def render(self) -> Content:
        """Draw sentence, details and the two answers."""
        lines = [Content.styled(self._sentence, Tone.PLAIN.style)]
        lines += [Content.styled(f"  {detail}", Tone.DIM.style) for detail in self._details]
        answers = Content.assemble(
            (" y ", "bold $pointer-text on $pointer"),
            (f" {self._verb}   ", Tone.PLAIN.style),
            (" n ", "bold $tone-plain on $raised"),
            (f" {self._keep}", Tone.PLAIN.style),
        )
        lines += [Content(""), answers]
        if self._reminds:
            lines.append(Content.styled("Only y says yes.", Tone.LOOK.style))
        return Content("\n").join(lines)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Say that letters are answers here."""
        return character is not None and character.isprintable()

    async def _on_key(self, event: events.Key) -> None:
        if event.key in ("y", "n"):
            self.post_message(self.Answered(event.key == "y"))
        elif event.key in ("enter", "ctrl+j", "space") or event.is_printable:
            self._reminds = True
            self.refresh(layout=True)
        else:
            return
        event.stop()
        event.prevent_default()

    async def _on_click(self, event: events.Click) -> None:
        answers_row = len(self._details) + 2
        if event.y == answers_row:
            self.post_message(self.Answered(event.x < len(self._verb) + 5))
