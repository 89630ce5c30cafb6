"""One case of the fraud desk: the case itself, its score, what is known of the order, and every contact about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.cases.letters import ASKING
from opsdesk.domain.fraud.cases.states import CaseFacts
from opsdesk.domain.fraud.evidence.deriving import FactSheet
from opsdesk.domain.fraud.evidence.facts import OrderEvidence
from opsdesk.domain.fraud.expressions.kinds import Facts
from opsdesk.domain.fraud.scoring import Score
from opsdesk.domain.mails.outgoing import MailState
from opsdesk.store.fraud.cases import CaseMoney, case_facts
from opsdesk.store.fraud.evidence import evidence_of, reading_of
from opsdesk.store.repositories.payments import Payments
from opsdesk.store.repositories.risk import Risk, score_of
from opsdesk.store.tables import CaseRow, ContactRow, MailRow, OrderLineRow, OrderRow
from opsdesk.store.views.fraud.ends import KnownEnd, known_end

_FRAUD = "fraud"
_MOST_NUMBERS = 4
# Made once: making them anew for each case takes longer than asking them.
_GOODS = (
    select(col(OrderLineRow.ordered), col(OrderLineRow.title), col(OrderLineRow.variant))
    .where(col(OrderLineRow.order_id) == bindparam("order_id"), col(OrderLineRow.ordered) > 0)
    .order_by(col(OrderLineRow.position))
)
_MAILS = (
    select(col(MailRow.state), col(MailRow.recipient), col(MailRow.queued_at))
    .where(col(MailRow.order_id) == bindparam("order_id"), col(MailRow.status_code).in_(ASKING))
    .order_by(col(MailRow.id).desc())
    .limit(1)
)
_NUMBERS = (
    select(col(OrderRow.phone), col(OrderRow.phone_reversed))
    .where(col(OrderRow.customer_id) == bindparam("customer_id"), col(OrderRow.placed_at) < bindparam("placed_at"))
    .order_by(col(OrderRow.placed_at).desc())
    .limit(50)
)
_CONTACTS = select(ContactRow).where(col(ContactRow.case_id) == bindparam("case_id")).order_by(col(ContactRow.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactView:
    """One contact with the customer about the case."""

    at: datetime
    by: str
    channel: str
    is_out: bool
    outcome: str
    number: str
    checks_passed: int
    note: str
    call_back_at: datetime | None


@dataclass(frozen=True, slots=True)
class AskedView:
    """The newest mail that asks the customer to call."""

    state: MailState
    recipient: str
    queued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudCase:
    """Everything about one case.

    Attributes:
        score: the newest score; None where the order was never scored.
        book: the shop's rules, settings and words that it is judged by.
        end: the newest word on what the order turned out to be.
        known: the facts that the rules are asked about, by name, as they are now.
        known_numbers: telephone numbers of the customer from before this order.
    """

    case_id: int
    order_id: int
    version: int
    reason: str
    book: FraudBook
    facts: CaseFacts
    score: Score | None
    evidence: OrderEvidence
    customer_name: str
    email: str
    phone: str
    placed_at: datetime
    channel: str
    goods: tuple[tuple[int, str], ...]
    contacts: tuple[ContactView, ...]
    asked: AskedView | None
    known: Facts
    end: KnownEnd | None
    known_numbers: tuple[str, ...]


def fraud_case(
    session: Session, case_id: int, *, fraud: Callable[[], FraudBook], zone: ZoneInfo, now: datetime
) -> FraudCase | None:
    """Return the case as it is at `now`; None where there is no such case. `fraud` reads the files when first asked."""
    row = session.get(CaseRow, case_id)
    order = session.get(OrderRow, row.order_id) if row is not None and row.kind == _FRAUD else None
    if row is None or order is None:
        return None
    book = Risk(session, now).rules_of(fraud())
    contacts = _contacts(session, case_id)
    evidence = evidence_of(session, row.order_id, reading_of(book, zone), now=now)
    sheet = book.facts(evidence)
    facts = case_facts(row, order, contacts, _money(session, row, now), book.contact.outcomes)
    return FraudCase(
        case_id=case_id,
        order_id=row.order_id,
        version=row.version,
        reason=row.reason,
        book=book,
        facts=facts,
        score=_score(session, row.order_id, sheet, book, now),
        evidence=evidence,
        customer_name=order.customer_name,
        email=order.email,
        phone=order.phone,
        placed_at=order.placed_at,
        channel=order.channel,
        goods=_goods(session, row.order_id),
        contacts=tuple(map(_contact, contacts)),
        asked=_asked(session, row.order_id),
        known=sheet.facts,
        end=known_end(session, row.order_id),
        known_numbers=_known_numbers(session, order),
    )


def case_of_order(session: Session, order_id: int) -> int | None:
    """Return the order's newest case of the fraud desk, decided or not."""
    found = select(col(CaseRow.id)).where(col(CaseRow.order_id) == order_id, col(CaseRow.kind) == _FRAUD)
    return session.execute(found.order_by(col(CaseRow.id).desc()).limit(1)).scalar_one_or_none()


def _money(session: Session, row: CaseRow, now: datetime) -> CaseMoney:
    payments = Payments(session, now)
    sums = [payments.facts(payment) for payment in payments.seen(row.order_id)]
    held = [one.expires_at for one in sums if one.capturable and one.expires_at is not None]
    taken = any(one.captured - one.refunded > 0 or one.capturing for one in sums)
    is_captured = taken and not any(one.capturable for one in sums)
    return CaseMoney(min(held, default=row.authorisation_ends), is_captured)


def _score(session: Session, order_id: int, sheet: FactSheet, book: FraudBook, now: datetime) -> Score | None:
    newest = Risk(session, now).newest(order_id)
    if newest is None:
        return None
    return score_of(newest) or book.score(sheet)


def _contacts(session: Session, case_id: int) -> list[ContactRow]:
    return list(session.execute(_CONTACTS, {"case_id": case_id}).scalars())


def _contact(row: ContactRow) -> ContactView:
    return ContactView(
        at=row.at,
        by=row.by,
        channel=row.channel,
        is_out=row.direction == "out",
        outcome=row.outcome,
        number=row.number,
        checks_passed=row.checks_passed,
        note=row.note,
        call_back_at=row.call_back_at,
    )


def _goods(session: Session, order_id: int) -> tuple[tuple[int, str], ...]:
    rows = session.connection().execute(_GOODS, {"order_id": order_id})
    return tuple((ordered, f"{title} {variant}".rstrip()) for ordered, title, variant in rows)


def _asked(session: Session, order_id: int) -> AskedView | None:
    row = session.connection().execute(_MAILS, {"order_id": order_id}).first()
    return AskedView(MailState(row.state), row.recipient, row.queued_at) if row is not None else None


def _known_numbers(session: Session, order: OrderRow) -> tuple[str, ...]:
    asked = {"customer_id": order.customer_id, "placed_at": order.placed_at}
    numbers = {turned: shown for shown, turned in session.connection().execute(_NUMBERS, asked) if turned}
    return tuple(list(numbers.values())[:_MOST_NUMBERS])
