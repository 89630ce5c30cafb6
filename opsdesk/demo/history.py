"""The demo shop's history: what happened to all orders, in the order in which it happened, sealed row by row."""

from __future__ import annotations

import json
from heapq import heappop, heappush
from typing import NamedTuple

from opsdesk.demo.moments import moment_of, stamp
from opsdesk.demo.people import mixed
from opsdesk.demo.sheets import Sheets
from opsdesk.demo.staff import Clerk
from opsdesk.store.audit.chain import START, Head, Link, seal


class Line(NamedTuple):
    """One line of an order's history."""

    action: str
    summary: str
    before: str = ""
    after: str = ""


class History:
    """Takes events of orders that are told one after the other, and writes them as one chain."""

    def __init__(self, sheets: Sheets, key: bytes, seed: int) -> None:
        self._sheets = sheets
        self._key = key
        self._seed = mixed(seed)
        self._waiting: list[tuple[int, int, Clerk, str, int, str, Line]] = []
        self._count = 0
        self._commands = 0
        self._runs: dict[int, str] = {}
        self.head = Head(0, START)

    def happened(self, at: int, who: Clerk, order_id: int, command_id: str, line: Line, kind: str = "order") -> None:
        """Remember one thing that happened; it is written when nothing earlier can come any more."""
        self._count += 1
        heappush(self._waiting, (at, self._count, who, kind, order_id, command_id, line))

    def command(self, at: int, who: Clerk, name: str, subject_id: int, version: int, message: str) -> str:
        """Write a command that was accepted and return its id."""
        self._commands += 1
        command_id = _uuid(self._seed ^ self._commands)
        self._write_command(command_id, at, who, name, subject_id, version, message)
        return command_id

    def run_of(self, at: int, who: Clerk) -> str:
        """Return the id of the import that ran in this hour, writing it when it is named for the first time."""
        hour = at // 3_600
        found = self._runs.get(hour)
        if found is None:
            found = self._runs[hour] = _uuid(self._seed ^ mixed(hour))
            self._write_command(found, hour * 3_600, who, "import.orders", None, None, "Orders read from the shop.")
        return found

    def write_until(self, moment: int) -> None:
        """Seal and write everything that happened up to a moment."""
        waiting, previous, number = self._waiting, self.head.hash, self.head.id
        while waiting and waiting[0][0] <= moment:
            at, _, who, kind, subject_id, command_id, line = heappop(waiting)
            number += 1
            row = (
                number, who.name, who.role, who.terminal, line.action, "done", kind, subject_id, command_id,
                line.summary, line.before, line.after,
            )  # fmt: skip
            previous = seal(self._key, previous, moment_of(at), row)
            self._sheets.add("activity", (number, stamp(at), *row[1:], previous))
        self.head = Head(number, previous)

    @property
    def link(self) -> Link:
        """The whole history as one step of the chain."""
        return Link(Head(0, START), self.head)

    def _write_command(
        self, command_id: str, at: int, who: Clerk, name: str, subject_id: int | None, version: int | None, message: str
    ) -> None:
        result: dict[str, object] = {"message": message, "subject_id": subject_id, "version": version, "details": {}}
        self._sheets.add("command", (command_id, name, who.name, stamp(at), json.dumps(result), "", None))


def _uuid(number: int) -> str:
    text = f"{mixed(number):016x}{mixed(number + 1):016x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
