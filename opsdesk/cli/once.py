"""A command that a script may say again: the same id is answered with what was done the first time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Concatenate, ParamSpec
from uuid import UUID

import typer

from opsdesk.cli.output import say_done

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsdesk.store.answers import Done
    from opsdesk.store.work import Performer, Work

P = ParamSpec("P")
CommandOption = Annotated[
    UUID | None,
    typer.Option(
        "--command",
        help="A UUID of your own: said again, it answers what it did, and does nothing twice.",
        metavar="ID",
    ),
]


@dataclass(frozen=True, slots=True)
class Once:
    """The id that a command was given, the operation that it means, and how its answer is printed."""

    command: UUID | None
    name: str
    as_json: bool
    is_rehearsal: bool = False

    @property
    def is_about_customer(self) -> bool:
        """True for what is given to the customer of an order, not to the order."""
        return self.name.startswith("credit.")

    def answer_again(self, performer: Performer, subject_id: int) -> None:
        """End here with the first answer where the command was carried out before.

        Raises:
            Refused: the id belongs to somebody else's command, or to one about something else.
        """
        from opsdesk.domain.errors import Refused
        from opsdesk.store.views.commands import answered_command

        if self.command is None or self.is_rehearsal:
            return
        with performer.store.reading() as session:
            known = answered_command(session, str(self.command))
        if known is None:
            return
        name, actor, done = known
        if (name, actor) != (self.name, performer.actor.name) or done.subject_id != subject_id:
            raise Refused(f"The id {self.command} was used for something else: {done.message} Choose another.")
        say_done(done, as_json=self.as_json)
        raise typer.Exit

    def carry_out(
        self, performer: Performer, run: Callable[Concatenate[Work, P], Done], /, *args: P.args, **kwargs: P.kwargs
    ) -> Done:
        """Carry out an operation under the id that was given, or under a new one; a rehearsal changes nothing."""
        if self.is_rehearsal:
            return performer.rehearse(run, *args, **kwargs)
        if self.command is None:
            return performer.perform(run, *args, **kwargs)
        return performer.perform_as(str(self.command), run, *args, **kwargs)
