"""The field for passwords, PINs and tokens: what is typed can be used, and neither seen, copied, logged nor drafted."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.actions import SkipAction
from textual.message import Message
from textual.selection import Selection
from textual.widgets import Input

_HIDDEN = "'•••'"


class Secret(str):
    """A text that does not show itself in a `repr`, and so neither in logs, messages nor tracebacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _HIDDEN


class SecretInput(Input):
    """An input that shows dots and gives its text to nobody but whoever reads `value`.

    Stock `Input(password=True)` copies its plain value to the clipboard, and shows it in the `repr` of its messages.
    Drafts leave out each widget whose `IS_SECRET` is true. `take()` reads the value and empties the field.
    """

    IS_SECRET: ClassVar[bool] = True

    def __init__(self, *, placeholder: str = "", max_length: int = 256, **options: Any) -> None:
        super().__init__(placeholder=placeholder, password=True, max_length=max_length, **options)
        self.select_on_focus = False

    def take(self) -> str:
        """Return what was typed, as a plain text, and empty the field."""
        typed = str.__str__(self.value)
        self.value = ""
        return typed

    def validate_value(self, value: str) -> str:
        """Wrap every value on its way into the widget."""
        return Secret(value)

    def validate_password(self, _password: bool) -> bool:
        """Stay masked, whatever is asked."""
        return True

    @property
    def selected_text(self) -> str:
        """Offer nothing that could be copied."""
        return ""

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Offer nothing to the mouse either."""
        return None

    def action_copy(self) -> None:
        """Copy nothing."""
        raise SkipAction

    def action_cut(self) -> None:
        """Cut nothing: a cut would be a copy."""
        raise SkipAction

    def post_message(self, message: Message) -> bool:
        """Hide the value in each message; whoever handles it can still use it."""
        if isinstance(message, Input.Changed | Input.Submitted | Input.Blurred):
            message.value = Secret(message.value)
            message.validation_result = None
        return super().post_message(message)
