"""Entries of the shop's data files, read key by key: what is missing, wrong or unknown is said with entry and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from opsdesk.domain.errors import Invalid

T = TypeVar("T", bound=StrEnum)
_MISSING: Any = object()
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


def read_tables(text: str, file: str) -> dict[str, Any]:
    """Read a TOML text.

    Raises:
        Invalid: it is not TOML; the sentence names the file and the line.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(file, f"{file} cannot be read: {error}.") from error
    except RecursionError as error:
        raise Invalid(file, f"{file} cannot be read: it is nested too deeply.") from error


def entries(tables: Mapping[str, Any], key: str, file: str, *, named: str = "code") -> Iterator[Entry]:
    """Go through the `[[key]]` entries of a file.

    Raises:
        Invalid: they are no such entries.
    """
    found = tables.get(key, [])
    if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
        raise Invalid(file, f"{file}: {key} must consist of [[{key}]] entries.")
    for position, table in enumerate(found, start=1):
        name = table.get(named)
        yield Entry(table, f"{file}: {key} {name!r}" if isinstance(name, str) and name else f"{file}: {key} {position}")


class Entry:
    """One table of a file. Each key is asked for once; `done` refuses what nobody asked for."""

    def __init__(self, table: Mapping[str, Any], words: str) -> None:
        self._table = table
        self._asked: set[str] = set()
        self.words = words

    def has(self, key: str) -> bool:
        """Say whether the key is there."""
        return key in self._table

    def wrong(self, key: str, sentence: str) -> Invalid:
        """Return the refusal of a key."""
        return Invalid(key, f"{self.words}: {sentence}")

    def text(self, key: str, default: str = _MISSING) -> str:
        """Return a text that is not empty, unless the default is one."""
        value: object = self._value(key, default)
        if not isinstance(value, str) or not (value.strip() or default == ""):
            raise self.wrong(key, f"{key} must be a text in quotes.")
        return value.strip()

    def whole(self, key: str, lowest: int, highest: int, default: int = _MISSING) -> int:
        """Return a whole number within bounds."""
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise self.wrong(key, f"{key} must be a whole number from {lowest} to {highest}.")
        return value

    def flag(self, key: str, default: bool = _MISSING) -> bool:
        """Return true or false."""
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, f"{key} must be true or false.")
        return value

    def day(self, key: str, default: date = _MISSING) -> date:
        """Return a day, which TOML writes without quotes and JSON with them."""
        value = self._value(key, default)
        if isinstance(value, str) and _DAY.match(value):
            with suppress(ValueError):
                value = date.fromisoformat(value)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.wrong(key, f"{key} must be a day such as 2026-11-23,.")
        return value

    def choice(self, key: str, kind: type[T], default: T = _MISSING) -> T:
        """Return one of a closed list of words."""
        value = self._value(key, default)
        try:
            return kind(value)
        except ValueError as error:
            raise self.wrong(key, f"{key} must be one of: {', '.join(kind)}.") from error

    def texts(self, key: str, default: tuple[str, ...] = _MISSING) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self._value(key, default)
        if not isinstance(value, list | tuple) or not all(isinstance(text, str) and text.strip() for text in value):
            raise self.wrong(key, f"{key} must be a list of texts in quotes.")
        return tuple(text.strip() for text in value)

    def wholes(self, key: str, lowest: int, highest: int) -> tuple[int, ...]:
        """Return a list of whole numbers within bounds."""
        value = self._value(key, _MISSING)
        is_list = isinstance(value, list) and all(type(one) is int and lowest <= one <= highest for one in value)
        if not is_list:
            raise self.wrong(key, f"{key} must be a list of whole numbers from {lowest} to {highest}.")
        return tuple(value)

    def tables(self, key: str) -> Iterator[Entry]:
        """Return a list of inline tables as entries."""
        value = self._value(key, [])
        if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
            raise self.wrong(key, f"{key} must be a list of {{ ... }} entries.")
        for position, table in enumerate(value, start=1):
            yield Entry(table, f"{self.words}, {key} {position}")

    def table(self, key: str) -> Entry:
        """Return an inline table as an entry; an absent one is empty."""
        value = self._value(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"{key} must be a {{ ... }} table.")
        return Entry(value, f"{self.words}, {key}")

    def names(self) -> tuple[str, ...]:
        """Return the keys that are there, for tables whose keys are names of the shop's own."""
        return tuple(self._table)

    def done(self) -> None:
        """Refuse keys that mean nothing: a misspelt one would otherwise be passed over in silence.

        Raises:
            Invalid: there is such a key.
        """
        if unknown := sorted(set(self._table) - self._asked):
            known = ", ".join(sorted(self._asked))
            raise self.wrong(unknown[0], f"{unknown[0]!r} means nothing here. Known are: {known}.")

    def _value(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        value = self._table.get(key, default)
        if value is _MISSING:
            raise self.wrong(key, f"{key} is missing.")
        return value
