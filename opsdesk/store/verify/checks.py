"""One thing that must be true of a store, and what is told of a row for which it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_TOLD = 100
"""So many violations of one kind are told one by one; then it is only said that there are more."""


@dataclass(frozen=True, slots=True)
class Check:
    """A statement that finds what is wrong; it returns nothing in a healthy store.

    Attributes:
        invariant: what it is called, e.g. `M1`.
        subject: what kind of record the found ids are of.
        wrong: what is wrong with such a record, after its name: `order 104458: ...`.
        sql: selects the id, and beside it a detail that is told too.
        postgres: the same for Postgres where the two differ.
    """

    invariant: str
    subject: str
    wrong: str
    sql: str
    postgres: str = ""

    def statement(self, *, on_sqlite: bool) -> str:
        """Return the statement for one kind of store, bounded."""
        return f"{self.sql if on_sqlite or not self.postgres else self.postgres}\nLIMIT {MOST_TOLD + 1}"


@dataclass(frozen=True, slots=True)
class Violation:
    """One record for which an invariant does not hold."""

    invariant: str
    subject: str
    subject_id: str
    wrong: str

    @property
    def sentence(self) -> str:
        """Say what is wrong with which record."""
        return f"{self.invariant}: {self.subject} {self.subject_id}: {self.wrong}"


def words(values: Sequence[StrEnum] | type[StrEnum]) -> str:
    """Return the words of a vocabulary as a list in SQL."""
    return ", ".join(f"'{value.value}'" for value in values)
