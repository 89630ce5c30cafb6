"""A program that takes and decides cases and fails at each step of that in turn, like `money_points`.

Usage: python -m tests.faults.case_points STORE FOLDER EVERY [halves]

Each case is taken, decided as fraud, its order cancelled, its held money given back and its customer told. The witnesses
are the gateway's journal and the mail server's, files that no kill undoes. `halves` is the control: the case is decided in
one transaction and its order cancelled in another.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

from sqlalchemy import select, update
from sqlmodel import Session, SQLModel, col

from opsdesk.domain.fraud.cases.states import Effect
from opsdesk.domain.mails.outgoing import Letter, MailState, OutgoingMail
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.payments.gateways import OperationKind
from opsdesk.integrations.ports import SendOutcome, SendResult
from opsdesk.operations.fraud import moves
from opsdesk.operations.fraud.cases import claim
from opsdesk.operations.fraud.deciding import decide
from opsdesk.operations.mails.outbox import settle_doubt
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import ActivityRow, CommandRow, GatewayCallRow, HoldRow, LeaseRow, MailRow
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Performer
from opsdesk.worker.loop import run_once
from tests.conftest import START, StillClock
from tests.faults.money_points import MOST_ROUNDS, LastingGateway, Steps, fail_everywhere
from tests.operations.fraud_kit import AMY, suspected, the_case, with_files
from tests.operations.orders_kit import the_order
from tests.shared_dialects import share_dialects

LETTER = Letter("Your order", "We have cancelled your order. Nothing will be charged.", "", "en")


class LastingMailer:
    """Keeps what it took in a file; a run may end before and after that."""

    def __init__(self, file: Path, steps: Steps) -> None:
        self._file, self._steps = file, steps

    @property
    def taken(self) -> int:
        """How many mails it took."""
        return len(self._file.read_text().splitlines()) if self._file.exists() else 0

    def send(self, mail: OutgoingMail) -> SendOutcome:
        self._steps.pass_one()
        with self._file.open("a") as file:
            file.write(f"{mail.message_id}\n")
        self._steps.pass_one()
        return SendOutcome(SendResult.ACCEPTED, "250 ok")

    def check(self) -> str | None:
        return None

    def close(self) -> None:
        """Keep no connection."""


class Decision:
    """One case that is taken and decided once, however often that has to begin again."""

    def __init__(self, url: str, folder: Path, number: int, *, halves: bool) -> None:
        self.url, self.halves = url, halves
        self.gateway_file, self.mail_file = folder / f"{number}.gateway", folder / f"{number}.mails"
        self.number = f"{400_000 + number}"
        self.claimed, self.decided = str(uuid4()), str(uuid4())
        self.clock = StillClock(START + timedelta(minutes=3 * number))
        with _opened(url) as store:
            self.case_id = suspected(store, self.number)
            self.order_id = the_case(store, self.case_id).order_id

    def begin(self, steps: Steps) -> None:
        """Take and decide the case, and let the worker do its part, until it is done or fails."""
        with _opened(self.url) as store:
            steps.watch(store)
            self._decide(store)
            self.clock.advance(minutes=1)
            self._work(store, steps, "first")

    def finish(self) -> list[str]:
        """Tell what is there by half, press Enter again, let a new worker do its rounds, and tell what is wrong."""
        with _opened(self.url) as store:
            wrong = list(self._halves(store))
            self.clock.advance(minutes=1)
            with Session(store.writer) as session, session.begin():
                session.execute(update(LeaseRow).values(expires_at=START - timedelta(days=1)))
            self._decide(store)
            for _ in range(MOST_ROUNDS):
                self.clock.advance(minutes=1)
                self._work(store, Steps(), "next")
                self._settle(store)
            return wrong + list(self._wrong(store))

    def _decide(self, store: Store) -> None:
        amy = Performer(store, AMY, self.clock)
        version = amy.perform_as(self.claimed, claim, self.case_id).version or 0
        how = {"verdict": "cancel_fraud", "reason_code": "issuer_warning", "gut": 5, "letter": LETTER}
        amy.perform_as(self.decided, decide, self.case_id, version=version, **how)
        if self.halves and the_order(store, self.order_id).lifecycle == "placed":
            amy.perform(cancel, self.order_id, reason=CancelReason.FRAUD)

    def _work(self, store: Store, steps: Steps, who: str) -> None:
        gateways = {"stripe": LastingGateway(self.gateway_file, steps)}
        mailer = LastingMailer(self.mail_file, steps)
        run_once(store, mailer, gateways, holder=f"{who} {self.number}", clock=self.clock)

    def _settle(self, store: Store) -> None:
        """Say of a mail in doubt whether it arrived, as a person does who looks into the mail server's log."""
        for mail in self._rows(store, MailRow):
            if mail.state == MailState.HELD:
                arrived = bool(LastingMailer(self.mail_file, Steps()).taken)
                amy = Performer(store, AMY, self.clock)
                amy.perform(settle_doubt, mail.id, version=mail.version, arrived=arrived)

    def _rows(self, store: Store, table: type[SQLModel]) -> list:
        with store.reading() as session:
            found = select(table).where(table.order_id == self.order_id)  # type: ignore[attr-defined]
            return list(session.execute(found).scalars())

    def _did(self, store: Store, action: str) -> bool:
        with store.reading() as session:
            told = col(ActivityRow.action) == action, col(ActivityRow.subject_id) == self.order_id
            return bool(session.execute(select(ActivityRow).where(*told)).first())

    def _commanded(self, store: Store, command_id: str) -> bool:
        with store.reading() as session:
            return session.get(CommandRow, command_id) is not None

    def _halves(self, store: Store) -> Iterator[str]:
        case, order = the_case(store, self.case_id), the_order(store, self.order_id)
        claiming = {
            "claimant": bool(case.claimed_by or case.decided_at),
            "history": self._did(store, "case.claimed"),
            "command": self._commanded(store, self.claimed),
        }
        deciding = {
            "case": case.decided_at is not None,
            "verdict": bool(case.verdict),
            "label": self._did(store, "case.decided"),
            "order": order.lifecycle == "cancelled",
            "hold": all(hold.released_at is not None for hold in self._rows(store, HoldRow)),
            "void": bool(self._rows(store, GatewayCallRow)),
            "mail": bool(self._rows(store, MailRow)),
            "command": self._commanded(store, self.decided),
        }
        for what, parts in (("claim", claiming), ("decision", deciding)):
            if len(set(parts.values())) > 1:
                yield f"the {what} was there as a whole: {[name for name, is_there in parts.items() if is_there]} alone"

    def _wrong(self, store: Store) -> Iterator[str]:
        case, order = the_case(store, self.case_id), the_order(store, self.order_id)
        done = LastingGateway(self.gateway_file, Steps()).journal
        checks = {
            "the case is decided by amy": (case.fraud_state, case.decided_by) == ("cancelled_fraud", "amy"),
            "the order is cancelled": (order.lifecycle, order.hold_type) == ("cancelled", None),
            "the money is given back once": [each.kind for each in done] == [OperationKind.VOID],
            "one call, and it succeeded": [row.state for row in self._rows(store, GatewayCallRow)] == ["succeeded"],
            "the customer is told once": LastingMailer(self.mail_file, Steps()).taken == 1,
            "the outbox says so": [row.state for row in self._rows(store, MailRow)] == [MailState.ACCEPTED],
            "the order says so": order.told_status == "cancelled_neutral",
        }
        yield from (name for name, holds in checks.items() if not holds)


class _opened:
    """A store with the shop's files, closed again whatever happens."""

    def __init__(self, url: str) -> None:
        self._store = with_files(open_store(url))

    def __enter__(self) -> Store:
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


def main() -> None:
    url, folder, every, halves = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] == ["halves"]
    share_dialects()
    if halves:
        for effect in (Effect.CANCEL_ORDER, Effect.RELEASE_HOLD):
            moves._EFFECTS.pop(effect, None)
    until = "the decision was there as a whole" if halves else ""
    answer = fail_everywhere(partial(Decision, url, folder, halves=halves), every, until=until)
    store = open_store(url)
    found = verify_store(store, now=START + timedelta(days=2), with_seals=True).violations
    store.close()
    # The payments of these runs came in without commands.
    answer["wrong"] += [one.sentence for one in found if "nothing in its history" not in one.sentence]
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
