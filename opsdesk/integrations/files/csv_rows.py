"""Rows of a table: cells by the name of their column, the separator found by itself, damage refused with its line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from opsdesk.domain.errors import Invalid
from opsdesk.integrations.files.opening import Source

SEPARATORS = (",", ";", "\t")
_MOST_COLUMNS = 2_000


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row.

    Attributes:
        line: the line of the file where it begins.
        cells: what is in it, by the name of the column.
        problem: why it cannot be used.
    """

    line: int
    cells: dict[str, str]
    problem: str = ""


def header_of(line: str) -> tuple[tuple[str, ...], str]:
    """Return the names of the columns that the first line of a table holds, and what separates them."""
    separator = max(SEPARATORS, key=line.count)
    try:
        names = next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return (), separator
    return tuple(name.strip() for name in names), separator


def rows(source: Source) -> Iterator[TableRow]:
    """Read the rows below the header, without those that are empty.

    Raises:
        Invalid: the file is no table, or is cut off.
    """
    lines = source.lines()
    first = next(lines, "")
    names, separator = header_of(first)
    if len(names) > _MOST_COLUMNS or len(set(names)) != len(names):
        raise Invalid("file", f"{source.name} has too many columns, or two of the same name; it is no such table.")
    reader = csv.reader(lines, delimiter=separator, strict=True)
    line = 2
    cells: list[str] = []
    ended = True
    try:
        for cells in reader:
            if any(cells):
                yield _row(line, names, cells)
            line = reader.line_num + 2
    except csv.Error as error:
        raise _damaged(source.name, line, error) from error
    ended = not cells or len(cells) == len(names)
    if not ended:
        raise Invalid("file", f"{source.name} ends in the middle of a row: it was cut off. Nothing was imported.")


def _row(line: int, names: tuple[str, ...], cells: list[str]) -> TableRow:
    if len(cells) != len(names):
        problem = f"The row has {len(cells)} cells, the header {len(names)}."
        return TableRow(line, dict(zip(names, cells, strict=False)), problem)
    return TableRow(line, dict(zip(names, cells, strict=True)))


def _damaged(name: str, line: int, error: csv.Error) -> Invalid:
    if "unexpected end" in str(error):
        return Invalid("file", f"{name} ends inside the quotes of line {line}: it was cut off. Nothing was imported.")
    if "limit" in str(error):
        return Invalid("file", f"{name} has a cell in line {line} that is too long for an order. Nothing was imported.")
    return Invalid("file", f"{name} has quotes in line {line} that do not match. Save it anew as CSV, then try again.")
