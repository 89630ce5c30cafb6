"""One operation, one transaction, one answer for one command id.

An operation gets a `Work` and has no way to commit; `perform` commits when it returns and rolls back when it raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Concatenate, Generic, ParamSpec
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import Session, SQLModel

from opsdesk.domain.errors import Conflict, Denied, Unavailable
from opsdesk.domain.moments import Clock, system_clock
from opsdesk.domain.people.actors import NOBODY, Actor, Role
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.store.answers import Done, Plain, answer_row, read_answer
from opsdesk.store.audit import chain
from opsdesk.store.audit.anchor import remember_head
from opsdesk.store.audit.sealing import sealing_key
from opsdesk.store.engine import UTC, Store, unavailable
from opsdesk.store.repositories.together import Repositories
from opsdesk.store.tables import CommandRow

if TYPE_CHECKING:
    from opsdesk.domain.fraud.books import FraudBook

__all__ = ["OPERATIONS", "Done", "Operation", "Performer", "Plain", "Work", "operation", "perform"]

P = ParamSpec("P")
_RETRIES = 3
# Postgres: serialisation failure and deadlock; both mean that nothing happened and that trying again may help.
_WORTH_RETRYING = frozenset({"40001", "40P01"})


class Operation(Generic[P]):
    """A named thing that people can do; the name is also the permission that it needs."""

    def __init__(self, name: str, function: Callable[Concatenate[Work, P], Done]) -> None:
        self.name = name
        self.function = function
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__

    def __call__(self, work: Work, *args: P.args, **kwargs: P.kwargs) -> Done:
        """Run inside a transaction that is already open, as part of a larger operation."""
        return self.function(work, *args, **kwargs)


OPERATIONS: dict[str, Operation[...]] = {}
"""Every operation by its name; undo and jobs look them up here."""


def operation(name: str) -> Callable[[Callable[Concatenate[Work, P], Done]], Operation[P]]:
    """Name a function as an operation, and register it."""

    def register(function: Callable[Concatenate[Work, P], Done]) -> Operation[P]:
        if name in OPERATIONS:
            raise ValueError(f"There are two operations called {name}.")
        made = Operation(name, function)
        OPERATIONS[name] = made
        return made

    return register


class Work(Repositories):
    """What an operation may touch: repositories, who acts, and what time it is. There is no commit."""

    def __init__(
        self, session: Session, *, actor: Actor, now: datetime, command_id: str, store: Store | None = None
    ) -> None:
        super().__init__(session, now, by_person=actor.role is not Role.SYSTEM)
        self._store = store
        self.actor = actor
        self.command_id = command_id
        self.entries: list[chain.Entry] = []
        self.undo: tuple[str, Mapping[str, Plain]] | None = None

    @property
    def fraud(self) -> FraudBook | None:
        """What the fraud desk knows from files; None in a shop that was opened without."""
        return self._store.fraud() if self._store is not None and self._store.fraud is not None else None

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return self._store.zone if self._store is not None else UTC

    def add(self, row: SQLModel) -> None:
        """Write a new row; its id is known afterwards."""
        self._session.add(row)
        self._session.flush()

    def record(  # noqa: PLR0913  a history line has this many parts
        self, action: str, subject_kind: str, subject_id: int, summary: str, *, before: str = "", after: str = ""
    ) -> None:
        """Add a line to the history of a subject."""
        self.entries.append(chain.Entry(action, subject_kind, subject_id, summary, before, after))

    def undo_with(self, name: str, /, **arguments: Plain) -> None:
        """Say which operation, with which arguments, takes this command back."""
        self.undo = (name, arguments)

    def command(self, command_id: str) -> CommandRow | None:
        """Return an earlier command, locked."""
        return self._session.get(CommandRow, command_id, with_for_update=True)


def perform(
    store: Store,
    run: Callable[Concatenate[Work, P], Done],
    actor: Actor,
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Done:
    """Carry out one operation in one transaction, with a new command id and the system's clock."""
    return Performer(store, actor).perform(run, *args, **kwargs)


class _CommitUnanswered(Exception):
    """The commit itself ended in an error."""

    def __init__(self, error: OperationalError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Performer:
    """Carries out operations for one actor."""

    store: Store
    actor: Actor
    clock: Clock = system_clock

    def perform(self, run: Callable[Concatenate[Work, P], Done], *args: P.args, **kwargs: P.kwargs) -> Done:
        """Carry out one operation under a new command id.

        Raises:
            Denied, Refused, Conflict, Invalid: nothing was changed.
            Unavailable: the store did not answer; nothing was changed, unless the error names an unsettled command.
        """
        return self.perform_as(str(uuid4()), run, *args, **kwargs)

    def perform_as(
        self, command_id: str, run: Callable[Concatenate[Work, P], Done], /, *args: P.args, **kwargs: P.kwargs
    ) -> Done:
        """Carry out one operation under a given command id; a repeated id is answered with the first result."""
        name = getattr(run, "name", "")
        if problem := why_not_allowed(self.actor, name):
            self._record_denial(command_id, name, problem)
            raise Denied(problem)
        for attempt in range(1, _RETRIES + 1):
            try:
                return self._once(command_id, name, run, *args, **kwargs)
            except Denied as refused:
                self._record_denial(command_id, name, refused.message)
                raise
            except IntegrityError as error:
                if saved := self._saved(command_id):
                    return saved
                raise Conflict("Somebody else saved the same thing first. Nothing was changed.") from error
            except _CommitUnanswered as lost:
                return self._settled(command_id, lost.error)
            except OperationalError as error:
                if attempt == _RETRIES or getattr(error.orig, "sqlstate", None) not in _WORTH_RETRYING:
                    raise unavailable(error) from error
        raise AssertionError("unreachable")

    def _once(
        self,
        command_id: str,
        name: str,
        run: Callable[Concatenate[Work, P], Done],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Done:
        with self._transaction(command_id) as (session, work):
            if first := session.get(CommandRow, command_id):
                return read_answer(first)
            work.users.require_current(self.actor)
            done = run(work, *args, **kwargs)
            row = answer_row(done, name, work.actor.name, work.now, work.command_id, work.undo)
            session.add(row)
            link = self._seal(session, work)
            answer = read_answer(row)
        remember_head(self.store.url, link)
        return answer

    def rehearse(self, run: Callable[Concatenate[Work, P], Done], /, *args: P.args, **kwargs: P.kwargs) -> Done:
        """Answer what an operation would do, by doing it and rolling it back.

        Raises:
            Denied, Refused, Conflict, Invalid: what carrying it out would raise.
            Unavailable: the store did not answer.
        """
        if problem := why_not_allowed(self.actor, getattr(run, "name", "")):
            raise Denied(problem)
        try:
            with Session(self.store.writer, expire_on_commit=False) as session:
                work = self._work(session, str(uuid4()))
                done = run(work, *args, **kwargs)
                session.rollback()
                return done
        except IntegrityError as error:
            raise Conflict("Somebody else saved the same thing first.") from error
        except OperationalError as error:
            raise unavailable(error) from error

    def _work(self, session: Session, command_id: str) -> Work:
        actor = self.actor or NOBODY
        return Work(session, actor=actor, now=self.clock(), command_id=command_id, store=self.store)

    @contextmanager
    def _transaction(self, command_id: str) -> Iterator[tuple[Session, Work]]:
        with Session(self.store.writer, expire_on_commit=False) as session:
            yield session, self._work(session, command_id)
            try:
                session.commit()
            except OperationalError as error:
                raise _CommitUnanswered(error) from error

    def _seal(self, session: Session, work: Work) -> chain.Link:
        session.flush()
        common = chain.Sealed(work.now, work.actor.name, work.actor.role, work.actor.terminal, work.command_id)
        link = chain.append(session, sealing_key(session, self.store), common, work.entries)
        if not self.store.is_sqlite:
            session.execute(text("NOTIFY opsdesk"))
        return link

    def _saved(self, command_id: str) -> Done | None:
        """Return the answer of a command that is in the store, None if it is not or cannot be asked."""
        try:
            with self.store.reading() as session:
                found = session.get(CommandRow, command_id)
        except Unavailable:
            return None
        return read_answer(found) if found else None

    def _settled(self, command_id: str, error: DBAPIError) -> Done:
        """Look whether a command whose commit ended in an error was saved after all."""
        if saved := self._saved(command_id):
            return saved
        # SQLite has rolled back when its commit fails; a server that went away may have saved and not said so.
        raise unavailable(error, unsettled="" if self.store.is_sqlite else command_id) from error

    def _record_denial(self, command_id: str, name: str, problem: str) -> None:
        try:
            with self._transaction(command_id) as (session, work):
                work.entries.append(chain.Entry(name or "unknown", "permission", 0, problem, outcome="denied"))
                link = self._seal(session, work)
        except (_CommitUnanswered, OperationalError) as error:
            raise unavailable(error.error if isinstance(error, _CommitUnanswered) else error) from error
        remember_head(self.store.url, link)
