"""Columns and cells of a list, and how they are cut to the width that there is. Pure: no widget, no colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, set_cell_size

from opsdesk.theme import Tone


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        width: its cells; the least that it gets when it grows.
        grows: takes what is left over; several share it.
        needs: the width of the whole list from which on the column is shown.
        until: the width from which on another column takes its place.
    """

    key: str
    title: str
    width: int
    align: Literal["left", "right"] = "left"
    grows: bool = False
    needs: int = 0
    until: int = 10_000


@dataclass(frozen=True, slots=True)
class Cell:
    """A text of one line, and what its colour means."""

    text: str
    tone: Tone = Tone.PLAIN


Row = tuple[Cell, ...]
"""The cells of one record, in the order of all columns, shown or not."""

GAP = 1


def fit(columns: Sequence[Column], width: int) -> tuple[tuple[int, Column, int], ...]:
    """Return which columns are shown at this width: index, column and cells."""
    shown = [(index, column) for index, column in enumerate(columns) if column.needs <= width < column.until]
    left = width - sum(column.width + GAP for _, column in shown) + GAP
    growing = [index for index, column in shown if column.grows]
    share, rest = divmod(max(0, left), len(growing)) if growing else (0, 0)
    extra = {index: share + (1 if number < rest else 0) for number, index in enumerate(growing)}
    return tuple((index, column, column.width + extra.get(index, 0)) for index, column in shown)


def cut(text: str, cells: int, align: Literal["left", "right"] = "left") -> str:
    """Return exactly so many cells of a text; what was cut off shows as an ellipsis."""
    length = cell_len(text)
    if length == cells:
        return text
    if length > cells:
        return set_cell_size(set_cell_size(text, max(0, cells - 1)).rstrip() + "…", cells)
    space = " " * (cells - length)
    return space + text if align == "right" else text + space


def differing(old: Row | None, new: Row) -> bool:
    """Say whether a row has to be drawn again."""
    return old != new


def in_order(keys: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """Return those of `keys` that are wanted, in the order of `keys`."""
    chosen = set(wanted)
    return tuple(key for key in keys if key in chosen)
