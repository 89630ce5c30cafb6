"""Who acts, and what their role allows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person does in the shop. The set is closed; a person has exactly one."""

    AGENT = "agent"
    WAREHOUSE = "warehouse"
    FRAUD = "fraud"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """The person, or the worker, on whose behalf a command runs.

    Attributes:
        user_id: row of the user; None for the worker and the first set-up.
        name: sign-in name, as it stands in the history.
        terminal: where it was asked for, e.g. `tty:pts/3`, `cli`, `worker`.
    """

    user_id: int | None
    name: str
    role: Role
    terminal: str = "cli"


WORKER = Actor(user_id=None, name="worker", role=Role.SYSTEM, terminal="worker")
"""Acts for nobody: deadlines, mail, imports that run by the clock."""

NOBODY = Actor(user_id=None, name="nobody", role=Role.SYSTEM, terminal="unknown")
"""Stands in the history where somebody tried to act without being signed in. Nothing is ever done as them."""
