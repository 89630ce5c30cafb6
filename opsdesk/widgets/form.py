"""A form: labelled fields, keys that go on at once, mistakes shown at their field, every edit told for the draft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static, TextArea

from opsdesk.widgets.fields import AnyField, Field, LineField, SecretField, TextField, put_value, value_of

_DRAFT_PAUSE_S = 0.15
"""What is typed is told for the draft this often, and at once when a field is left."""


class Form(VerticalScroll):
    """Fields one under the other.

    Tab, Enter and their like are priority bindings that move the focus at once, so that what is typed behind them in
    the same burst lands in the next field.
    """

    DEFAULT_CSS = """
    Form { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
    Form .form--row { height: auto; }
    Form .form--label { width: 14; height: 1; color: $tone-dim; }
    Form .form--label.-wrong { color: $tone-alarm; text-style: bold; }
    Form LineField { width: 1fr; height: 1; border: none; padding: 0 1; background: $raised; color: $tone-plain; }
    Form TextField { width: 1fr; border: none; padding: 0 1; background: $raised; color: $tone-plain; }
    Form LineField:focus, Form TextField:focus { background: $raised; text-style: none; border: none;
        background-tint: $tone-now 12%; }
    Form .form--error { height: auto; margin-left: 14; padding-left: 1; color: $tone-alarm; display: none; }
    Form .form--error.-wrong { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next_field", show=False, priority=True),
        Binding("shift+tab", "previous_field", show=False, priority=True),
        Binding("enter,ctrl+j", "enter_field", show=False, priority=True),
        Binding("down", "next_field", show=False),
        Binding("up", "previous_field", show=False),
    ]

    @dataclass
    class Edited(Message):
        """Somebody typed; `values` holds every field that may be kept as a draft."""

        form: Form
        values: Mapping[str, str]

        @property
        def control(self) -> Form:
            """The form that was typed into."""
            return self.form

    @dataclass
    class Completed(Message):
        """Enter was pressed in the last field."""

        form: Form

        @property
        def control(self) -> Form:
            """The form whose last field was left."""
            return self.form

    def __init__(self, fields: Sequence[Field], *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id, classes=classes, can_focus=False)
        self._fields: dict[str, AnyField] = {each.name: _widget_for(each) for each in fields}
        self._labels: dict[str, Static] = {}
        self._errors: dict[str, Static] = {}
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay the fields out, each with its label and a place for its mistake."""
        for name, widget in self._fields.items():
            self._labels[name] = Static(Content(widget.field.label), classes="form--label")
            self._errors[name] = Static(Content(""), classes="form--error")
            with Horizontal(classes="form--row"):
                yield self._labels[name]
                yield widget
            yield self._errors[name]

    @property
    def values(self) -> dict[str, str]:
        """What every field holds now."""
        return {name: value_of(widget) for name, widget in self._fields.items()}

    @property
    def draft(self) -> dict[str, str]:
        """What may be kept as a draft: everything but secrets."""
        return {name: value for name, value in self.values.items() if not self._fields[name].field.is_secret}

    @property
    def is_changed(self) -> bool:
        """True when something differs from what the form began with."""
        return any(value_of(widget) != widget.field.value for widget in self._fields.values())

    def widget(self, name: str) -> AnyField:
        """Return the widget of a field, for what only a widget can say."""
        return self._fields[name]

    def fill(self, values: Mapping[str, str]) -> None:
        """Put values into fields, e.g. those of a draft. Nothing is told; names that are not fields are passed over."""
        for name, value in values.items():
            if widget := self._fields.get(name):
                put_value(widget, value)

    def focus_field(self, name: str | None = None) -> None:
        """Go to a field, or to the first one, at once; nowhere when the program ends before the form is laid out."""
        widget = self._fields.get(name or "") or next(iter(self._fields.values()), None)
        if widget is not None and widget.is_attached:
            self.screen.set_focus(widget)

    def show_error(self, name: str, sentence: str) -> bool:
        """Show at a field what is wrong with it, and go there; return False when the form has no such field."""
        if name not in self._fields:
            return False
        self._errors[name].update(Content(f"▲ {sentence}"))
        self._mark(name, is_wrong=True)
        self.focus_field(name)
        return True

    def clear_errors(self) -> None:
        """Take all mistakes away."""
        for name in self._fields:
            self._mark(name, is_wrong=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave Enter, Up and Down to a text of several lines."""
        return not (isinstance(self.screen.focused, TextField) and action == "enter_field")

    def action_next_field(self) -> None:
        """Go to the next field; behind the last one comes the first."""
        self._step(1)

    def action_previous_field(self) -> None:
        """Go to the field before."""
        self._step(-1)

    def action_enter_field(self) -> None:
        """Accept the field and go on; in the last one say that the form is complete."""
        order = self._order()
        if order and self.screen.focused is order[-1]:
            # Behind the characters that wait for the field in the same burst.
            order[-1].call_later(self.post_message, self.Completed(self))
            return
        self._step(1)

    def _order(self) -> list[AnyField]:
        return [widget for widget in self._fields.values() if widget.focusable]

    def _step(self, by: int) -> None:
        order = self._order()
        focused = self.screen.focused
        if not order:
            return
        at = order.index(focused) if focused in order else -1
        self.screen.set_focus(order[(at + by) % len(order)])

    def _mark(self, name: str, *, is_wrong: bool) -> None:
        self._errors[name].set_class(is_wrong, "-wrong")
        self._labels[name].set_class(is_wrong, "-wrong")

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _typed(self, event: Input.Changed | TextArea.Changed) -> None:
        event.stop()
        widget = event.control
        if isinstance(widget, LineField | TextField) and value_of(widget) != widget.field.value:
            self._mark(widget.field.name, is_wrong=False)
        # Not put off by the next key: somebody who types without a pause must lose no more than this either.
        if self._pause is None:
            self._pause = self.set_timer(_DRAFT_PAUSE_S, self._tell)

    @on(Input.Blurred)
    def _left(self) -> None:
        if self._pause is not None:
            self._tell()

    def _tell(self) -> None:
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        self.post_message(self.Edited(self, self.draft))

    def fields(self) -> Iterator[Field]:
        """Return the fields in their order."""
        return (widget.field for widget in self._fields.values())


def _widget_for(field: Field) -> AnyField:
    if field.is_secret:
        return SecretField(field)
    return TextField(field) if field.is_text else LineField(field)
