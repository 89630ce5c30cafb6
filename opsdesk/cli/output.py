"""What commands print: text that cannot do anything to a terminal, and JSON that other programs build on."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING

from opsdesk.domain.money import Money
from opsdesk.domain.text import visible

if TYPE_CHECKING:
    from opsdesk.domain.mails.outgoing import Letter
    from opsdesk.store.work import Done

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def plain(value: object) -> Json:
    """Return a value as JSON holds it: money with minor units, currency and a decimal text, moments in ISO 8601."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency, "amount": str(value.amount)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, frozenset | set):
        return [plain(item) for item in sorted(value)]
    raise TypeError(f"{type(value).__name__} has no JSON form.")


def say(*parts: object) -> None:
    """Print one line; control characters in what came from outside become visible marks."""
    print(visible("  ".join(str(part) for part in parts if part not in (None, "")), lines=True))


def complain(sentence: str) -> None:
    """Print one sentence to the error stream."""
    print(visible(sentence, lines=True), file=sys.stderr)


def say_json(value: object) -> None:
    """Print a value as one line of JSON."""
    print(json.dumps(plain(value)))


def counted(count: int, one: str) -> str:
    """Say how many there are: `1 order`, `1,204 orders`."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def say_in_full(done: Done, letter: Letter | None, *details: str, as_json: bool) -> None:
    """Print what a command did with these of its details, and of a rehearsal the mail that the customer would read."""
    if as_json:
        told = {"mail_subject": letter.subject, "mail_text": letter.text} if letter is not None else {}
        say_done(replace(done, details={**done.details, **told}), as_json=True)
        return
    for name in details:
        if words := done.details.get(name):
            say(words)
    say_done(done, as_json=False)
    if letter is not None:
        say(f"Subject: {letter.subject}")
        say(letter.text)


def say_done(done: Done, *, as_json: bool) -> None:
    """Print what a command did."""
    if as_json:
        say_json(
            {
                "message": done.message,
                "id": done.subject_id,
                "version": done.version,
                "command": done.command_id,
                "can_undo": done.can_undo,
                **done.details,
            }
        )
        return
    say(done.message)
