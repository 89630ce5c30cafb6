"""JSON without loading the file: an array is cut into its records while it is read, with a buffer of bounded size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from opsdesk.domain.errors import Invalid
from opsdesk.integrations.files.opening import LONGEST_RECORD, Source

_BLANK = " \t\n\r"
_LONGEST_WHOLE_NUMBER = 100
# An error so near to the end of what was read may only mean that the rest is still to come.
_NEAR_THE_END = 16


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as it stands in the file.

    Attributes:
        line: the line where it begins, or its number in an array.
        problem: why it could not be parsed; `value` is then None.
    """

    line: int
    text: str
    value: object
    problem: str = ""


def _not_a_number(name: str) -> str:
    return name


def _whole_number(digits: str) -> int | Decimal | str:
    return int(digits) if len(digits) <= _LONGEST_WHOLE_NUMBER else digits


_QUICK = json.JSONDecoder(parse_float=Decimal, parse_constant=_not_a_number)
# The quick decoder refuses numbers of thousands of digits, without saying where they end.
_CAREFUL = json.JSONDecoder(parse_float=Decimal, parse_constant=_not_a_number, parse_int=_whole_number)


def parse(text: str) -> object:
    """Parse one text of JSON; numbers with a point are exact, NaN and infinity stay words.

    Raises:
        ValueError: it is no JSON; the sentence says why.
    """
    try:
        return _QUICK.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"This is no JSON: {error.msg} at letter {error.pos + 1}.") from error
    except ValueError:
        return _CAREFUL.decode(text)
    except RecursionError as error:
        raise ValueError("The record is nested too deeply.") from error


def json_lines(source: Source) -> Iterator[RawRecord]:
    """Read one record from each line that is not empty.

    Raises:
        Invalid: the file is cut off.
    """
    for number, line in enumerate(source.lines(), 1):
        text = line.strip(_BLANK)
        if not text:
            continue
        try:
            yield RawRecord(number, text, parse(text))
        except ValueError as error:
            if not line.endswith("\n"):
                raise Invalid("file", f"{source.name} ends in the middle of line {number}: it was cut off.") from error
            yield RawRecord(number, text, None, str(error))


def json_array(source: Source, names: tuple[str, ...]) -> Iterator[RawRecord]:
    """Read the records of an array, or of the array that stands under one of `names` in an object.

    Raises:
        Invalid: the file is no such JSON, or is cut off.
    """
    cutter = _Cutter(source)
    if cutter.peek() == "{":
        cutter.enter(names)
    cutter.expect("[")
    number = 0
    if cutter.peek() != "]":
        while True:
            number += 1
            text, value = cutter.value(f"record {number}")
            yield RawRecord(number, text, value)
            if cutter.peek() != ",":
                break
            cutter.expect(",")
    cutter.expect("]")
    cutter.finish()


def json_alone(source: Source) -> Iterator[RawRecord]:
    """Read the one record that the whole file is.

    Raises:
        Invalid: the file is no such JSON, or is cut off.
    """
    cutter = _Cutter(source)
    text, value = cutter.value("the record")
    cutter.finish()
    yield RawRecord(1, text, value)


class _Cutter:
    """The text of a file with a position in it; what has been passed is forgotten."""

    def __init__(self, source: Source) -> None:
        self._name = source.name
        self._chunks = source.chunks()
        self._text = ""
        self._at = 0
        self._inside = False

    def peek(self) -> str:
        """Return the next character that is not blank, or nothing at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def expect(self, character: str) -> None:
        """Pass this character."""
        found = self.peek()
        if not found:
            raise self._cut_off()
        if found != character:
            raise Invalid("file", f"{self._name} is damaged: {character!r} is missing before {found!r}.")
        self._at += 1

    def enter(self, names: tuple[str, ...]) -> None:
        """Go to the array under one of the names in the object that begins here."""
        self.expect("{")
        self._inside = True
        while self.peek() != "}":
            _, name = self.value("name")
            self.expect(":")
            if name in names and self.peek() == "[":
                return
            self.value(f"{str(name)[:40]}")
            if self.peek() != "}":
                self.expect(",")
        raise Invalid("file", f"{self._name} holds no list of records under {' or '.join(names)}.")

    def finish(self) -> None:
        """Make sure that the file ends as it should."""
        while self._inside and self.peek() == ",":
            self.expect(",")
            self.value("name")
            self.expect(":")
            self.value("what follows the records")
        if self._inside:
            self.expect("}")
        if self.peek():
            raise Invalid("file", f"{self._name} goes on after its end: it is damaged.")

    def value(self, what: str) -> tuple[str, object]:
        """Parse the value that begins here; return its text too."""
        self.peek()
        while True:
            try:
                value, end = self._decode()
            except json.JSONDecodeError as error:
                is_open = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _NEAR_THE_END
                if not is_open:
                    raise Invalid("file", f"{self._name} is no valid JSON in {what}: {error.msg}.") from error
                if len(self._text) - self._at > LONGEST_RECORD:
                    raise Invalid("file", f"{self._name}: {what} is too long for an order.") from error
                if not self._more():
                    raise self._cut_off() from error
                continue
            text = self._text[self._at : end]
            self._at = end
            return text, value

    def _decode(self) -> tuple[object, int]:
        try:
            return _QUICK.raw_decode(self._text, self._at)
        except json.JSONDecodeError:
            raise
        except ValueError:
            return _CAREFUL.raw_decode(self._text, self._at)
        except RecursionError as error:
            raise Invalid("file", f"{self._name} is nested too deeply to be a file of orders.") from error

    def _more(self) -> bool:
        chunk = next(self._chunks, "")
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return bool(chunk)

    def _cut_off(self) -> Invalid:
        return Invalid("file", f"{self._name} ends in the middle: it was cut off. Nothing was imported.")
