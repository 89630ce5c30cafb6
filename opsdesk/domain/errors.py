"""The four ways in which OpsDesk says no. Anything else that is raised is our bug.

Every message is a sentence that a clerk understands: what was not done, and what would help.
"""

from __future__ import annotations


class OpsDeskError(Exception):
    """A refusal that is shown to the person who asked, word for word."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(OpsDeskError):
    """One field holds something that cannot be accepted.

    Attributes:
        field: the name of the form field that the focus goes back to.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Refused(OpsDeskError):
    """A rule of the shop says no. Nothing was changed."""


class Denied(Refused):
    """The person's role does not allow it. Nothing was changed; the attempt is in the audit."""


class Conflict(OpsDeskError):
    """Somebody else saved first. Nothing was changed; the typed text is kept.

    Attributes:
        who: the name of the person who saved first, if it is known.
        changes: what they changed, one readable line each.
    """

    def __init__(self, message: str, *, who: str | None = None, changes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.who = who
        self.changes = changes


class Unavailable(OpsDeskError):
    """The store, a mail server or a carrier cannot be reached now. Nothing is known to have changed.

    Attributes:
        command_id: the command that may have been saved nevertheless. Asked again under this id, it is done once.
    """

    def __init__(self, message: str, *, command_id: str = "") -> None:
        super().__init__(message)
        self.command_id = command_id
