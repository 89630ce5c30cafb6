"""A program that moves money and fails at each step of it in turn, once by an error and once by a lost machine.

Usage: python -m tests.faults.money_points STORE FOLDER KIND EVERY [naive]

Prints how many steps there are, at how many it failed, and what was wrong afterwards. The witness is the gateway's
journal, a file that no kill undoes.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy import event, select, update
from sqlmodel import Session, col

from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import Answer, CallState, GatewayCall, OperationKind
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.domain.refunds.composing import RefundContent
from opsdesk.operations.payments.taking import capture, void
from opsdesk.operations.refunds.asking import request
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import CommandRow, GatewayCallRow, JournalRow, LeaseRow, RefundRow, TransactionRow
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Performer
from opsdesk.worker.loop import run_once
from tests.conftest import START, StillClock
from tests.operations.gateway_double import GatewayDouble
from tests.operations.money_kit import authorised, captured, the_payment
from tests.operations.orders_kit import the_order
from tests.shared_dialects import share_dialects
from tests.shop_orders import write_customer, write_order

TOTAL = 3_520
PART = 1_000
MOST_ROUNDS = 4
"""A minute apart, so that what is in doubt is settled well before anybody has to ask."""


class Dies(BaseException):
    """Something on the way failed."""


class Steps:
    """Counts the steps of one run and lets the chosen one fail."""

    def __init__(self, fail_at: int = 0, *, by_exit: bool = False) -> None:
        self.count, self._fail_at, self._by_exit = 0, fail_at, by_exit

    def pass_one(self, *_: object) -> None:
        self.count += 1
        if self.count == self._fail_at:
            if self._by_exit:
                os._exit(137)
            raise Dies

    def watch(self, store: Store) -> None:
        event.listen(store.writer, "before_cursor_execute", self.pass_one)
        event.listen(store.writer, "commit", self.pass_one)


class LastingGateway(GatewayDouble):
    """Keeps its journal and its keys in a file; a run may end before and after each effect."""

    def __init__(self, file: Path, steps: Steps) -> None:
        super().__init__()
        self._file, self._steps = file, steps
        if file.exists():
            # The file is this program's own.
            self.journal, self._answers = pickle.loads(file.read_bytes())

    def carry_out(self, call: GatewayCall) -> Answer:
        self._steps.pass_one()
        answer = super().carry_out(call)
        self._file.write_bytes(pickle.dumps((self.journal, self._answers)))
        self._steps.pass_one()
        return answer


class Run:
    """One order whose money is moved once, however often it has to begin again."""

    def __init__(self, url: str, folder: Path, kind: str, number: int, customer_id: int, *, naive: bool) -> None:
        self.url, self.kind, self.number, self.naive = url, kind, number, naive
        self.file = folder / f"{number}.gateway"
        self.command_id = str(uuid4())
        store = open_store(url)
        self.order_id = write_order(store, f"{200_000 + number}", paid=False, customer_id=customer_id)
        hold = captured if kind == "refund" else authorised
        self.payment_id = hold(store, self.order_id, reference=f"pi_{number}")
        self.version = the_order(store, self.order_id).version
        store.close()
        self.clock = StillClock(START + timedelta(hours=number))

    def begin(self, steps: Steps) -> None:
        """Ask and let the worker do it, until it is done or something fails."""
        store = open_store(self.url)
        steps.watch(store)
        try:
            self._ask(store)
            self.clock.advance(minutes=1)
            run_once(store, None, {"stripe": LastingGateway(self.file, steps)}, holder="first", clock=self.clock)
        finally:
            store.close()

    def finish(self) -> list[str]:
        """Press Enter again, let a new worker do its rounds, and tell what is wrong."""
        store = open_store(self.url)
        self.clock.advance(minutes=2)
        with Session(store.writer) as session, session.begin():
            session.execute(update(LeaseRow).values(expires_at=START - timedelta(days=1)))
            if self.naive:
                stuck = update(GatewayCallRow).where(col(GatewayCallRow.state) == CallState.SENDING.value)
                session.execute(stuck.values(state=CallState.REQUESTED.value, key=str(uuid4()), first_sent_at=None))
        self._ask(store)
        gateway = LastingGateway(self.file, Steps())
        for _ in range(MOST_ROUNDS):
            self.clock.advance(minutes=1)
            run_once(store, None, {"stripe": gateway}, holder=f"next {self.number}", clock=self.clock)
        wrong = list(self._wrong(store, gateway))
        store.close()
        return wrong

    def _ask(self, store: Store) -> None:
        clerk = Performer(store, Actor(None, "mia", Role.AGENT, "tty:1"), self.clock)
        if self.kind == "refund":
            content = RefundContent(goodwill=Money(PART, "EUR"))
            clerk.perform_as(self.command_id, request, self.order_id, version=self.version, content=content)
        else:
            run = capture if self.kind == "capture" else void
            clerk.perform_as(self.command_id, run, self.payment_id, version=self.version)

    def _wrong(self, store: Store, gateway: GatewayDouble) -> list[str]:
        payment = the_payment(store, self.payment_id)
        moved = {
            "capture": (payment.captured_minor, payment.refunded_minor, payment.voided_minor) == (TOTAL, 0, 0),
            "void": (payment.captured_minor, payment.refunded_minor, payment.voided_minor) == (0, 0, TOTAL),
            "refund": (payment.captured_minor, payment.refunded_minor, payment.voided_minor) == (TOTAL, PART, 0),
        }
        aside = payment.capturing_minor + payment.refunding_minor + payment.voiding_minor
        with store.reading() as session:
            mine = col(GatewayCallRow.order_id) == self.order_id
            states = list(session.execute(select(col(GatewayCallRow.state)).where(mine)).scalars())
            kinds = col(TransactionRow.order_id) == self.order_id
            booked = list(session.execute(select(col(TransactionRow.kind)).where(kinds)).scalars())
            entries = col(JournalRow.order_id) == self.order_id
            balance = sum(
                row.amount_minor if row.credit == "order" else -row.amount_minor
                for row in session.execute(select(JournalRow).where(entries)).scalars()
            )
            commands = list(session.execute(select(CommandRow).where(col(CommandRow.id) == self.command_id)))
            refunds = col(RefundRow.order_id) == self.order_id
            decided = list(session.execute(select(col(RefundRow.state)).where(refunds)).scalars())
        checks = {
            "the gateway did it once": len(gateway.journal) == 1,
            "the gateway moved as much": gateway.done(OperationKind(self.kind)) == _at_gateway(self.kind),
            "the sums say so": moved[self.kind],
            "nothing is set aside": aside == 0,
            "one call, and it succeeded": states == ["succeeded"],
            "it is booked once": booked.count(self.kind) == 1,
            "the journal says the same": balance == payment.captured_minor - payment.refunded_minor,
            "one command": len(commands) == 1,
            "the refund says so": decided == (["succeeded"] if self.kind == "refund" else []),
        }
        return [name for name, holds in checks.items() if not holds]


def _at_gateway(kind: str) -> int:
    return {"capture": TOTAL, "void": 0, "refund": PART}[kind]


class FailingRun(Protocol):
    """Something that is begun, fails at one step of it, and is finished by somebody else."""

    def begin(self, steps: Steps) -> None: ...

    def finish(self) -> list[str]: ...


def fail(run: FailingRun, step: int, *, by_exit: bool) -> None:
    """Let a run fail at one of its steps, by an error or by the end of its process."""
    if not by_exit:
        try:
            run.begin(Steps(step))
        except Dies:
            return
        raise SystemExit(f"Step {step} did not fail.")
    child = os.fork()
    if child == 0:
        run.begin(Steps(step, by_exit=True))
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 137:
        raise SystemExit(f"Step {step} did not end the process.")


def fail_everywhere(make: Callable[[int], FailingRun], every: int, *, until: str = "") -> dict[str, Any]:
    """Count the steps of a run that works, then fail at each of them, or at every so many; say what was wrong.

    A control ends as soon as it is caught: when what is wrong says `until`.
    """
    wrong = []
    for number in range(2):
        # The first run of a store does a little more, so the second one counts.
        whole, run = Steps(), make(number)
        run.begin(whole)
        wrong += [f"without a failure: not {problem}" for problem in run.finish()]
    failed = 0
    for by_exit in (False, True):
        # The two ways begin at different steps, so that together they pass twice as many.
        for step in range(1 + by_exit * (every // 2), whole.count + 1, every):
            failed += 1
            run = make(1 + failed)
            fail(run, step, by_exit=by_exit)
            how = "killed" if by_exit else "failed"
            wrong += [f"{how} at step {step}: not {problem}" for problem in run.finish()]
            if until and any(until in problem for problem in wrong):
                break
    return {"steps": whole.count, "failed": failed, "wrong": wrong}


def money_violations(url: str, now: datetime) -> list[str]:
    """Return what `opsdesk verify` finds about money; the payments of these runs came in without commands."""
    store = open_store(url)
    found = verify_store(store, now=now, with_seals=False).violations
    store.close()
    return [one.sentence for one in found if one.invariant.startswith(("P", "M", "A4", "E2", "derived"))]


def main() -> None:
    url, folder, kind, every = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    share_dialects()
    store = open_store(url)
    customer_id = write_customer(store)
    store.close()
    naive = sys.argv[5:] == ["naive"]
    make = partial(Run, url, folder, kind, customer_id=customer_id, naive=naive)
    answer = fail_everywhere(make, every, until="the gateway did it once" if naive else "")
    answer["wrong"] += money_violations(url, START + timedelta(days=365))
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
