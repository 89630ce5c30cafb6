"""A numbered list that owns the digits: one digit chooses. A greyed entry stays in its place and says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from opsdesk.theme import Tone

_DIGITS = "1234567890"


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry.

    Attributes:
        key: what is told when it is chosen.
        label: the words of the entry.
        detail: a few words more, dimmed.
        why_not: why it cannot be chosen now; None when it can.
    """

    key: str
    label: str
    detail: str = ""
    why_not: str | None = None


class Choices(Widget, can_focus=True):
    """The list. Digits choose at once; Up, Down and Enter work too; letters narrow it when there are many entries."""

    TAKES_TEXT: ClassVar[bool] = False
    """Letters choose here; they are no text that anybody types."""

    DEFAULT_CSS = """
    Choices { height: auto; width: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("enter,ctrl+j", "choose", show=False),
        Binding("home", "move(-999)", show=False),
        Binding("end", "move(999)", show=False),
    ]

    pointer: reactive[int] = reactive(0)

    @dataclass
    class Chosen(Message):
        """An entry was chosen."""

        choices: Choices
        key: str

        @property
        def control(self) -> Choices:
            """The list that it was chosen from."""
            return self.choices

    @dataclass
    class Refused(Message):
        """A greyed entry was chosen; `reason` says why it cannot be."""

        choices: Choices
        key: str
        reason: str

        @property
        def control(self) -> Choices:
            """The list that it was chosen from."""
            return self.choices

    @dataclass
    class Pointed(Message):
        """The pointer stands on another entry now."""

        choices: Choices
        key: str

        @property
        def control(self) -> Choices:
            """The list whose pointer moved."""
            return self.choices

    def __init__(
        self,
        entries: Sequence[Choice],
        *,
        pointed: str | None = None,
        narrows: bool = False,
        id: str | None = None,  # noqa: A002  Textual's own word
    ) -> None:
        super().__init__(id=id)
        self._entries = tuple(entries)
        self._narrows = narrows
        self._typed = ""
        self._shown = self._entries
        self.set_reactive(Choices.pointer, max(0, self._index(pointed)))

    @property
    def pointed(self) -> Choice | None:
        """The entry under the pointer."""
        return self._shown[self.pointer] if self.pointer < len(self._shown) else None

    @property
    def shown(self) -> tuple[Choice, ...]:
        """The entries that match what was typed."""
        return self._shown

    def show(self, entries: Sequence[Choice]) -> None:
        """Show other entries; the pointer stays on its entry if that is still there."""
        pointed = self.pointed
        self._entries = tuple(entries)
        self._narrow(pointed.key if pointed else None)

    def point_at(self, key: str) -> None:
        """Put the pointer on an entry, if it is shown."""
        self.pointer = max(0, self._index(key))

    def render(self) -> Content:
        """Draw each entry on one line, its digit first."""
        if not self._shown:
            return Content.styled("Nothing begins so. Backspace takes a letter back.", Tone.DIM.style)
        lines = [self._line(number, entry) for number, entry in enumerate(self._shown)]
        if self._typed:
            lines.append(Content.styled(f"matching: {self._typed}", Tone.DIM.style))
        return Content("\n").join(lines)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Say that letters and digits are this list's own."""
        return character is not None and character.isprintable()

    def action_move(self, by: int) -> None:
        """Move the pointer."""
        self.pointer = min(max(0, self.pointer + by), max(0, len(self._shown) - 1))

    def action_choose(self) -> None:
        """Choose the entry under the pointer."""
        if self.pointed is not None:
            self._choose(self.pointed)

    def watch_pointer(self) -> None:
        """Say which entry the pointer stands on."""
        if self.pointed is not None and self.is_mounted:
            self.post_message(self.Pointed(self, self.pointed.key))

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "backspace" and self._typed:
            self._typed = self._typed[:-1]
            self._narrow()
        elif event.character is not None and event.character in _DIGITS:
            self._choose_digit(_DIGITS.index(event.character))
        elif self._narrows and event.is_printable and event.character is not None:
            self._typed += event.character
            self._narrow()
        elif not event.is_printable:
            return
        event.stop()
        event.prevent_default()

    async def _on_click(self, event: events.Click) -> None:
        row = event.y - self.gutter.top
        if 0 <= row < len(self._shown):
            self.pointer = row
            self._choose(self._shown[row])

    def _choose_digit(self, index: int) -> None:
        if index < len(self._shown):
            self.pointer = index
            self._choose(self._shown[index])

    def _choose(self, entry: Choice) -> None:
        if entry.why_not:
            self.post_message(self.Refused(self, entry.key, entry.why_not))
        else:
            self.post_message(self.Chosen(self, entry.key))

    def _narrow(self, keep: str | None = None) -> None:
        words = self._typed.casefold().split()
        self._shown = tuple(each for each in self._entries if all(word in each.label.casefold() for word in words))
        self.pointer = max(0, self._index(keep))
        self.refresh(layout=True)

    def _index(self, key: str | None) -> int:
        return next((number for number, entry in enumerate(self._shown) if entry.key == key), -1)

    def _line(self, number: int, entry: Choice) -> Content:
        digit = _DIGITS[number] if number < len(_DIGITS) else " "
        is_pointed = number == self.pointer
        ground = "$pointer-text on $pointer" if is_pointed else (Tone.DIM.style if entry.why_not else Tone.PLAIN.style)
        head = Content.assemble(
            (">" if is_pointed else " ", ground), (f" {digit} ", f"bold {ground}"), (entry.label, ground)
        )
        rest = entry.why_not or entry.detail
        return Content.assemble(head, (f"  {rest}", ground if is_pointed else Tone.DIM.style)) if rest else head
