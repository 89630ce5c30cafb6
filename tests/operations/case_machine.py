"""One suspected order and everything that people, mail servers, gateways and clocks may do to it, in any order.

After each step the statements of `opsdesk verify` about cases and holds are asked, so that INV-A5 holds at every moment.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pysqlite3 import dbapi2
from sqlalchemy import TextClause, text

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.people.actors import WORKER, Actor
from opsdesk.integrations.ports import SendOutcome, SendResult
from opsdesk.operations.fraud import cases as fraud_cases
from opsdesk.operations.fraud import contact as fraud_contact
from opsdesk.operations.fraud import deciding as fraud_deciding
from opsdesk.operations.mails.outbox import record_outcome
from opsdesk.operations.orders import cancelling as orders
from opsdesk.operations.orders import holds, packing, shipping
from opsdesk.operations.payments.expiry import expire_authorisation
from opsdesk.operations.payments.taking import capture
from opsdesk.operations.statuses.previewing import Telling
from opsdesk.operations.statuses.telling import tell
from opsdesk.operations.undo import undo
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import Store, open_store
from opsdesk.store.outboxes.mails import claim_next
from opsdesk.store.verify import fraud as fraud_checks
from opsdesk.store.verify import holds as hold_checks
from opsdesk.store.verify.running import CHECKS
from opsdesk.store.work import Done, Operation, Performer, Work
from opsdesk.worker.deadlines import pass_deadlines
from opsdesk.worker.loop import LEASE
from tests.conftest import StillClock
from tests.operations.fraud_kit import AMY, BOB, SOFIA, suspected, with_files
from tests.operations.money_kit import captured
from tests.operations.money_witness import wrong_repetitions
from tests.operations.test_statuses import BOOK as STATUSES

WHO = st.sampled_from([AMY, BOB, SOFIA])
OUTCOMES = st.sampled_from(["no_answer", "voicemail_left", "failed_challenge", "denies_order", "refused_to_answer"])
VERDICTS = st.sampled_from(
    [("release", "explained_mismatch"), ("cancel_unverified", "gut_only"), ("cancel_fraud", "issuer_warning")]
)
POST = st.sampled_from([SendResult.ACCEPTED, SendResult.ACCEPTED, SendResult.REJECTED])
LETTER = Letter("A question", "Please call us on Friday.", "", "en")
_ABOUT_CASES = (*fraud_checks.CHECKS, *hold_checks.CHECKS)
_BY_HAND = "nothing in its history"
"""The money was put there by hand, so an order has a version more than its history."""


class World(Protocol):
    """A store in which one example after the other happens."""

    store: Store

    def begin(self, *, is_large: bool, score: int, gateway: str) -> int:
        """Let there be one suspected order, and return its case's id."""
        ...


class SqliteWorld:
    """One file, filled anew for each example from a copy; the engine and all it has compiled stay."""

    def __init__(self, template: Path) -> None:
        shared_memory = Path("/dev/shm")
        self._folder = tempfile.TemporaryDirectory(dir=shared_memory if shared_memory.is_dir() else None)
        self._template = template
        self._beginnings: dict[object, tuple[Any, int]] = {}
        file = self._copy("shop")
        self.store = with_files(open_store(f"sqlite:///{file}"))
        self._raw: Any = dbapi2.connect(file)

    def _copy(self, name: str) -> str:
        return str(shutil.copy(self._template, Path(self._folder.name) / f"{name}.db"))

    def begin(self, *, is_large: bool, score: int, gateway: str) -> int:
        kind = (is_large, score, gateway)
        if kind not in self._beginnings:
            file = self._copy(f"beginning-{len(self._beginnings)}")
            store = with_files(open_store(f"sqlite:///{file}"))
            case_id = suspected(store, is_large=is_large, score=score, gateway=gateway)
            store.close()
            self._beginnings[kind] = dbapi2.connect(file), case_id
        beginning, case_id = self._beginnings[kind]
        beginning.backup(self._raw)
        return case_id

    def close(self) -> None:
        self.store.close()
        for connection in (self._raw, *(beginning for beginning, _ in self._beginnings.values())):
            connection.close()
        self._folder.cleanup()


class PostgresWorld:
    """One database, in which each example has an order of its own."""

    def __init__(self, url: str) -> None:
        self.store = with_files(open_store(url))
        self._numbers = itertools.count(104_458)

    def begin(self, *, is_large: bool, score: int, gateway: str) -> int:
        number = str(next(self._numbers))
        return suspected(self.store, number, is_large=is_large, score=score, gateway=gateway)

    def close(self) -> None:
        self.store.close()


class CaseMachine(RuleBasedStateMachine):
    """One order with money that is held, and its case; every rule is something that may happen at any time."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.store = self.world.store
        self.clock = StillClock()
        self.done: list[tuple[Actor, str]] = []
        self.sentences: set[str] = set()
        self.case_id = self.order_id = 0
        self.payments = itertools.count(1)

    @initialize(
        is_large=st.booleans(), score=st.sampled_from([30, 69, 90]), gateway=st.sampled_from(["stripe", "card"])
    )
    def suspect(self, is_large: bool, score: int, gateway: str) -> None:
        self.case_id = self.world.begin(is_large=is_large, score=score, gateway=gateway)
        self.order_id = self.asked("SELECT order_id FROM verification_case WHERE id = :case")

    def teardown(self) -> None:
        wrong = list(self.wrong(CHECKS))
        assert not wrong, wrong
        assert wrong_repetitions(self.store) == []

    # Asking.

    def asked(self, question: str) -> Any:
        """Return one value of a question about this order or case."""
        with self.store.reader.connect() as connection:
            bound = {
                name: value
                for name, value in (("case", self.case_id), ("number", self.order_id))
                if f":{name}" in question
            }
            return connection.execute(_clause(question), bound).scalar()

    def wrong(self, checks: tuple[Any, ...]) -> Iterator[str]:
        """Ask what `opsdesk verify` asks, and return what is wrong."""
        is_sqlite = self.store.is_sqlite
        moment: Any = self.clock() - timedelta(minutes=15)
        with self.store.reader.connect() as connection:
            for check in checks:
                statement = check.statement(on_sqlite=is_sqlite)
                bound = {"quarter_ago": f"{moment:%Y-%m-%d %H:%M:%S.%f}" if is_sqlite else moment}
                found = connection.execute(_clause(statement), bound if ":quarter_ago" in statement else {})
                for key, detail in found:
                    if _BY_HAND not in check.wrong:
                        yield f"{check.invariant}: {check.subject} {key}: {check.wrong} ({detail})"

    def version(self) -> int:
        return int(self.asked("SELECT version FROM verification_case WHERE id = :case"))

    # What may happen.

    def give(self, who: Actor, command: Callable[..., Done], *arguments: Any, **named: Any) -> None:
        self.clock.advance(seconds=1)
        try:
            done = Performer(self.store, who, self.clock).perform(command, *arguments, **named)
        except OpsDeskError as refused:
            self.sentences.add(refused.message)
            return
        self.done.append((who, done.command_id))

    @rule(hours=st.sampled_from([1, 5, 24, 80]))
    def let_time_pass(self, hours: int) -> None:
        self.clock.advance(hours=hours)
        pass_deadlines(Performer(self.store, WORKER, self.clock))

    @rule(who=WHO, takes_over=st.booleans())
    def claim(self, who: Actor, takes_over: bool) -> None:
        self.give(who, fraud_cases.claim, self.case_id, takes_over=takes_over)

    @rule(who=WHO)
    def let_go(self, who: Actor) -> None:
        self.give(who, fraud_cases.let_go, self.case_id)

    @rule(who=WHO)
    def ask(self, who: Actor) -> None:
        telling = Telling(STATUSES.find("potential_fraud"), LETTER, self.clock() + timedelta(hours=72))
        version = self.asked("SELECT version FROM orders WHERE id = :number")
        self.give(who, tell, self.order_id, version=version, telling=telling)

    @rule(result=POST)
    def post(self, result: SendResult) -> None:
        """Let the mail server answer for the next mail."""
        self.clock.advance(seconds=21)
        lease = take_lease(self.store, LEASE, "test", lasts=timedelta(hours=1), clock=self.clock)
        mail = claim_next(self.store, lease, clock=self.clock) if lease is not None else None
        if mail is not None:
            self.give(WORKER, record_outcome, mail.mail_id, claim=mail.claim, outcome=SendOutcome(result, "said"))

    @rule()
    def come_back(self) -> None:
        """Let the newest mail that asks come back."""
        mail_id = self.asked(
            "SELECT max(id) FROM mail WHERE order_id = :number AND event_key LIKE 'case:%' AND accepted_at IS NOT NULL"
        )

        def run(work: Work) -> Done:
            work.orders.locked(self.order_id)
            return fraud_contact.on_bounce(work, work.mails.locked(mail_id)) or Done("Nobody asks.")

        if mail_id is not None:
            self.give(WORKER, Operation("mail.note_bounce", run))

    @rule(who=WHO, outcome=OUTCOMES)
    def call(self, who: Actor, outcome: str) -> None:
        self.give(who, fraud_contact.log_attempt, self.case_id, outcome=outcome)

    @rule(who=WHO)
    def call_instead(self, who: Actor) -> None:
        self.give(who, fraud_contact.choose_call, self.case_id)

    @rule(who=WHO, channel=st.sampled_from(["phone", "mail"]))
    def answer(self, who: Actor, channel: str) -> None:
        self.give(who, fraud_contact.respond, self.case_id, channel=channel)

    @rule(who=WHO, what=VERDICTS)
    def decide(self, who: Actor, what: tuple[str, str]) -> None:
        decision = {"verdict": what[0], "reason_code": what[1], "gut": 3, "letter": LETTER}
        self.give(who, fraud_deciding.decide, self.case_id, version=self.version(), **decision)

    @rule(who=WHO)
    def approve(self, who: Actor) -> None:
        content = self.asked("SELECT proposal_content FROM verification_case WHERE id = :case")
        self.give(who, fraud_deciding.approve, self.case_id, content=content)

    @rule(who=WHO)
    def reject(self, who: Actor) -> None:
        self.give(who, fraud_deciding.reject, self.case_id, note="Look again.")

    @rule(who=WHO)
    def confirm(self, who: Actor) -> None:
        self.give(who, fraud_deciding.confirm_cancel, self.case_id, version=self.version())

    @rule(who=WHO, hours=st.sampled_from([20, 200]))
    def extend(self, who: Actor, hours: int) -> None:
        until = self.clock() + timedelta(hours=hours)
        self.give(who, fraud_deciding.extend, self.case_id, version=self.version(), until=until)

    @rule(who=WHO)
    def reopen(self, who: Actor) -> None:
        self.give(who, fraud_deciding.reopen, self.case_id, reason="Appeal.")

    @rule(who=WHO)
    def release_the_hold(self, who: Actor) -> None:
        self.give(who, holds.release, self.order_id)

    @rule(who=WHO, reason=st.sampled_from([CancelReason.CUSTOMER, CancelReason.FRAUD]))
    def cancel_the_order(self, who: Actor, reason: CancelReason) -> None:
        self.give(who, orders.cancel, self.order_id, reason=reason)

    @rule()
    def reopen_the_order(self) -> None:
        self.give(SOFIA, orders.reopen, self.order_id)

    @rule()
    def end_the_authorisation(self) -> None:
        """Let the held money be written off, where its time is up and no gateway can be asked."""
        self.clock.advance(hours=40)
        payment_id = self.asked("SELECT max(id) FROM payment WHERE order_id = :number")
        self.give(WORKER, expire_authorisation, payment_id)
        pass_deadlines(Performer(self.store, WORKER, self.clock))

    @rule()
    def pay_anew(self) -> None:
        """Let the customer pay once more where the money was lost."""
        if self.asked("SELECT fraud_state FROM verification_case WHERE id = :case") == "payment_lapsed":
            reference = f"pi_anew_{self.order_id}_{next(self.payments)}"
            captured(self.store, self.order_id, reference=reference, at=self.clock())
            pass_deadlines(Performer(self.store, WORKER, self.clock))

    @rule()
    def try_to_capture(self) -> None:
        payment_id = self.asked("SELECT max(id) FROM payment WHERE order_id = :number")
        self.give(SOFIA, capture, payment_id, version=None)

    @rule()
    def try_to_ship(self) -> None:
        self.give(SOFIA, packing.start_packing, self.order_id)
        self.give(SOFIA, shipping.ship, self.order_id, carrier="DHL")

    @rule(which=st.integers(0, 4))
    def take_back(self, which: int) -> None:
        if self.done:
            who, command_id = self.done[max(0, len(self.done) - 1 - which)]
            self.give(who, undo, command_id)

    # What must be true at every moment.

    @invariant()
    def nothing_passes_a_hold_and_no_case_is_where_none_can_be(self) -> None:
        if self.case_id:
            wrong = list(self.wrong(_ABOUT_CASES))
            assert not wrong, wrong

    @invariant()
    def a_large_order_is_released_by_two_alone(self) -> None:
        if self.case_id:
            alone = self.asked(
                "SELECT count(*) FROM verification_case JOIN orders ON orders.id = order_id"
                " WHERE verification_case.id = :case AND fraud_state = 'released'"
                " AND (total_minor >= 100000 OR score >= 85) AND (second_by IS NULL OR second_by = proposed_by)"
            )
            assert alone == 0, "one person released what takes two"

    @invariant()
    def every_no_is_a_sentence(self) -> None:
        assert all(sentence.endswith(".") for sentence in self.sentences)


_CLAUSES: dict[str, TextClause] = {}


def _clause(statement: str) -> TextClause:
    return _CLAUSES.setdefault(statement, text(statement))
