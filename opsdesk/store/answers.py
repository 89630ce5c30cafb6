"""What a command answers, and how the answer is kept: a repeated command is answered from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from opsdesk.store.tables import CommandRow

Plain = str | int | bool | None
"""Values that a command's answer and its undo may hold; they are kept as JSON."""


@dataclass(frozen=True, slots=True)
class Done:
    """The answer of a command.

    Attributes:
        message: what was done, one sentence for the message line.
        subject_id: the record it was done to.
        version: the version that the record has now.
        details: further plain values, by name.
    """

    message: str
    subject_id: int | None = None
    version: int | None = None
    details: Mapping[str, Plain] = field(default_factory=dict)
    command_id: str = ""
    can_undo: bool = False


def answer_row(  # noqa: PLR0913  a command that was carried out has this many parts
    done: Done,
    name: str,
    actor: str,
    now: datetime,
    command_id: str,
    undo: tuple[str, Mapping[str, Plain]] | None,
) -> CommandRow:
    """Return the row that keeps what a command answered and how it is taken back."""
    told = {name: getattr(done, name) for name in ("message", "subject_id", "version")}
    result = json.dumps({**told, "details": dict(done.details)})
    taken_back = json.dumps(undo) if undo else ""
    return CommandRow(id=command_id, name=name, actor=actor, accepted_at=now, result=result, undo=taken_back)


def read_answer(row: CommandRow) -> Done:
    """Return what the command answered."""
    return Done(**json.loads(row.result), command_id=row.id, can_undo=bool(row.undo) and row.undone_by is None)
