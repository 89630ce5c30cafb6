"""Taking back what one has just done, where the command has said how."""

from __future__ import annotations

import json

from opsdesk.domain.errors import Denied, Refused
from opsdesk.domain.people.actors import Role
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.store.work import OPERATIONS, Done, Work, operation


@operation("command.undo")
def undo(work: Work, command_id: str) -> Done:
    """Take a command back by the operation that it named when it was carried out.

    Raises:
        Refused: it was taken back already, cannot be, or was somebody else's.
        Denied: the person may not do what taking it back needs.
    """
    command = work.command(command_id)
    if command is None:
        raise Refused("There is nothing to undo.")
    if command.actor != work.actor.name and work.actor.role not in (Role.SUPERVISOR, Role.ADMIN):
        raise Refused(f"That was {command.actor}. Ask {command.actor} or a supervisor to take it back.")
    if command.undone_by is not None:
        raise Refused("That was taken back already.")
    if not command.undo:
        raise Refused("That cannot be taken back.")
    name, arguments = json.loads(command.undo)
    if problem := why_not_allowed(work.actor, name):
        raise Denied(problem)
    done = OPERATIONS[name](work, **arguments)
    work.undo = None
    command.undone_by = work.command_id
    return done
