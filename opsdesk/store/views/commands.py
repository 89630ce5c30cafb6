"""What somebody did lately, and which of it can still be taken back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlmodel import Session, col

from opsdesk.store.answers import Done, read_answer
from opsdesk.store.tables import CommandRow

PAGE = 100
_ABOUT_ORDERS = ("order.", "payment.", "status.")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One command.

    Attributes:
        order_id: the order that it was about, where it was about one.
        can_undo: somebody may still try to take it back; whether the order allows it, it says itself.
    """

    id: str
    name: str
    at: datetime
    message: str
    order_id: int | None
    can_undo: bool
    is_undone: bool


def commands_by(session: Session, actor: str, *, after: tuple[datetime, str] | None = None) -> list[CommandLine]:
    """Return at most 100 commands of a person, newest first; `after` is the moment and id of the last one seen."""
    mine = select(CommandRow).where(col(CommandRow.actor) == actor)
    if after is not None:
        mine = mine.where(tuple_(col(CommandRow.accepted_at), col(CommandRow.id)) < tuple_(*after))
    newest = mine.order_by(col(CommandRow.accepted_at).desc(), col(CommandRow.id).desc()).limit(PAGE)
    return [_line(row) for row in session.execute(newest).scalars()]


def answered_command(session: Session, command_id: str) -> tuple[str, str, Done] | None:
    """Return the name of a command that was carried out, whose it was, and what it answered; None for an unused id."""
    row = session.get(CommandRow, command_id)
    return (row.name, row.actor, read_answer(row)) if row is not None else None


def _line(row: CommandRow) -> CommandLine:
    result = json.loads(row.result)
    subject = result.get("subject_id")
    return CommandLine(
        id=row.id,
        name=row.name,
        at=row.accepted_at,
        message=str(result.get("message", row.name)),
        order_id=subject if row.name.startswith(_ABOUT_ORDERS) else None,
        can_undo=bool(row.undo) and row.undone_by is None,
        is_undone=row.undone_by is not None,
    )
