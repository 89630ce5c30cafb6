"""A counter for tests of the money commands: one store, its people, and the shell of whoever stands there."""

from __future__ import annotations

import json
import shlex
from typing import Any
from uuid import UUID

import pytest

from opsdesk.domain.people.actors import Role
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import MailRow, OrderRow
from opsdesk.store.verify.running import verify_store
from opsdesk.worker.loop import run_once
from tests.cli.kit import Ran, runner
from tests.conftest import START, StillClock
from tests.operations.gateway_double import GatewayDouble
from tests.operations.orders_kit import rows, the_order
from tests.operations.people import add_person
from tests.shop_orders import write_order

PEOPLE = {"mia": Role.AGENT, "max": Role.AGENT, "sofia": Role.SUPERVISOR, "ada": Role.ADMIN}
NUMBER = "104458"
"""35.20: two granola (40021) at 8.90, a honey jar (40177) at 12.50, shipping 4.90."""
FOREVER = START.replace(year=2099)
"""Until when the gateway holds the money: commands go by the real clock."""


class Counter:
    """Commands as the shell runs them, by the name of the login that runs them."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        self.store: Store = open_store(url)
        self.gateway = GatewayDouble()
        self._run, self._patch = runner(capsys, monkeypatch, url), monkeypatch
        for name, role in PEOPLE.items():
            add_person(self.store, name, role, os_login=name, secrets=False)
        self.order_id = write_order(self.store, NUMBER, paid=False)

    def run(self, line: str, by: str = "mia") -> Ran:
        """Run one command."""
        self._patch.setattr("opsdesk.cli.acting.os_login", lambda: by)
        return self._run(*shlex.split(line))

    def done(self, line: str, by: str = "mia") -> dict[str, Any]:
        """Run one command that must be done, and return its JSON."""
        ran = self.run(f"{line} --json", by=by)
        assert (ran.code, ran.err) == (0, ""), ran.err
        return json.loads(ran.out)

    def refused(self, line: str, by: str = "mia") -> str:
        """Run one command that must be refused, see that nothing changed, and return the sentence."""
        before = (self.order, len(rows(self.store, MailRow)))
        ran = self.run(line, by=by)
        assert (ran.code, ran.out) == (1, ""), ran
        assert (self.order, len(rows(self.store, MailRow))) == before
        assert ran.err.count("\n") == 1
        return ran.err.strip()

    def work(self, clock: StillClock) -> None:
        """Let the worker ask the gateway for what is due."""
        clock.moment = FOREVER
        for _ in range(3):
            run_once(self.store, None, {"stripe": self.gateway}, holder="worker", clock=clock)

    @property
    def order(self) -> OrderRow:
        return the_order(self.store, self.order_id)

    @property
    def mails(self) -> list[MailRow]:
        return rows(self.store, MailRow)

    @property
    def sheet(self) -> dict[str, Any]:
        """The money of the order, as `pay show` has it."""
        return self.done(f"pay show {NUMBER}")

    def is_sound(self) -> bool:
        found = verify_store(self.store, now=FOREVER, with_seals=False).violations
        return [one.sentence for one in found if "nothing in its history made" not in one.sentence] == []


def an_id(number: int) -> str:
    """Return an id that a script might give its command."""
    return str(UUID(int=number))
