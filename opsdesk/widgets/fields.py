"""Fields to type into. They lose no byte of a burst, take no control characters, and show their own mistakes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Input, TextArea

from opsdesk.terminal.masked_input import SecretInput

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROL_BUT_LINES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]+")
LONGEST_LINE = 500
LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    Attributes:
        name: what `Invalid.field` calls it.
        label: what stands before it.
        value: what it holds at first.
        hint: shown in the empty field.
        rows: more than one makes it a text of several lines, where Enter begins a new one.
        is_secret: shows dots, and is never kept as a draft.
        longest: characters that it takes.
    """

    name: str
    label: str
    value: str = ""
    hint: str = ""
    rows: int = 1
    is_secret: bool = False
    longest: int = LONGEST_LINE

    @property
    def is_text(self) -> bool:
        """True for a text of several lines."""
        return self.rows > 1


class LineField(Input):
    """One line of text. A paste of several lines becomes one line with spaces."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+j", "submit", show=False)]

    def __init__(self, field: Field) -> None:
        super().__init__(
            value=field.value,
            placeholder=field.hint,
            max_length=field.longest,
            select_on_focus=False,
            compact=True,
        )
        self.field = field
        self.cursor_blink = False

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert_text_at_cursor(_CONTROL.sub(" ", event.text[: self.field.longest]).strip())


class SecretField(LineField, SecretInput):
    """One line that shows dots: it can be neither seen, copied, logged nor kept as a draft."""


class TextField(TextArea):
    """A text of several lines. Tab leaves it, Enter begins a new line."""

    def __init__(self, field: Field) -> None:
        super().__init__(
            field.value,
            soft_wrap=True,
            tab_behavior="focus",
            show_line_numbers=False,
            compact=True,
            placeholder=field.hint,
        )
        self.field = field
        self.cursor_blink = False
        self.styles.height = field.rows

    async def _on_key(self, event: events.Key) -> None:
        if event.is_printable and len(self.text) >= self.field.longest:
            event.stop()
            event.prevent_default()
            return
        if event.key == "ctrl+j":
            event.stop()
            event.prevent_default()
            self.insert("\n")
            return
        await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        room = max(0, self.field.longest - len(self.text))
        lines = event.text.replace("\r\n", "\n").replace("\r", "\n")
        self.insert(_CONTROL_BUT_LINES.sub(" ", lines)[:room])


AnyField = LineField | TextField


def value_of(widget: AnyField) -> str:
    """Return what stands in a field now."""
    return widget.text if isinstance(widget, TextField) else widget.value


def put_value(widget: AnyField, value: str) -> None:
    """Set a field without telling anybody that it was typed."""
    if isinstance(widget, TextField):
        with widget.prevent(TextArea.Changed):
            widget.load_text(value)
        return
    with widget.prevent(Input.Changed):
        widget.value = value
        widget.cursor_position = len(value)
