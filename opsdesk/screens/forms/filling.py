"""Filling the fields of a form from what is known, and showing or hiding them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from opsdesk.widgets.choices import Choices
from opsdesk.widgets.fields import LineField, TextField, put_value, value_of

if TYPE_CHECKING:
    from textual.widget import Widget

    from opsdesk.widgets.form import Form


def begin_with(form: Form, values: Mapping[str, str]) -> None:
    """Set what the fields of a form hold unchanged, and tell nobody; what somebody typed stays, as changed."""
    for widget in (*form.query(LineField), *form.query(TextField)):
        value = values.get(widget.field.name)
        if value is not None and value != widget.field.value:
            is_typed = value_of(widget) != widget.field.value
            widget.field = replace(widget.field, value=value)
            if not is_typed:
                put_value(widget, value)


def point_at(choices: Choices, key: str) -> None:
    """Put the pointer of a list on an entry."""
    for number, entry in enumerate(choices.shown):
        if entry.key == key:
            choices.pointer = number


def show_field(form: Form, name: str, *, is_shown: bool) -> None:
    """Show or hide a field; a hidden one is not gone to and keeps what it holds."""
    for widget in (*form.query(LineField), *form.query(TextField)):
        if widget.field.name == name and widget.parent is not None:
            widget.disabled = not is_shown
            cast("Widget", widget.parent).display = is_shown
