"""The rules of the fraud desk as a list, with how each has done so far; and one rule asked about one order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.drafting.examples import Answer, answer_of
from opsdesk.domain.fraud.drafting.lately import Recent
from opsdesk.domain.fraud.drafting.versions import Kept, trial_id
from opsdesk.domain.fraud.expressions.kinds import Facts
from opsdesk.domain.fraud.learning.precision import share
from opsdesk.domain.fraud.rules import Rule
from opsdesk.domain.lookup import read_query
from opsdesk.store.fraud.evidence import read_evidence, reading_of
from opsdesk.store.fraud.recent import recent_orders
from opsdesk.store.repositories.risk import Risk, rule_of
from opsdesk.store.tables import RuleRow
from opsdesk.store.views.fraud.rule_record import RuleSoFar, rules_so_far
from opsdesk.store.views.orders.detail import order_id_of
from opsdesk.store.views.queue.finding import find

NOTHING_YET = RuleSoFar(0, share(0, 0), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule as it is listed.

    Attributes:
        key: its id; of a version on trial that of the trial, such as `PAY-01~2`.
        rule: the rule; None where the shop's version cannot be read any more, `problem` says why.
        rule_id: the id of the rule itself.
        group: what its group is called.
        revision: the number of the shop's newest version of the rule; 0 where only the files have it.
        is_own: the shop has written or changed it.
        stored: its keys as they were saved, where it cannot be read any more.
        has_shipped: the files have a rule of this id, which is there again when the shop's is withdrawn.
    """

    key: str
    rule: Rule | None
    rule_id: str
    group: str
    revision: int
    is_own: bool
    is_trial: bool
    has_shipped: bool
    author: str
    written_at: datetime | None = None
    note: str = ""
    problem: str = ""
    stored: Mapping[str, Any] = field(default_factory=dict)
    record: RuleSoFar = NOTHING_YET


@dataclass(frozen=True, slots=True)
class RuleSheet:
    """All rules by group, and what they are written with."""

    lines: tuple[RuleLine, ...]
    book: FraudBook


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """One version that the shop has saved."""

    revision: int
    version: str
    state: Kept
    author: str
    written_at: datetime
    note: str
    fields: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderKnown:
    """What is known of one order, for asking rules about it."""

    order_id: int
    number: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """What a rule says of one order, and what it asked for: each fact with its value, None where it is not known."""

    answer: Answer
    asked: tuple[tuple[str, object], ...]


def rule_sheet(
    session: Session, fraud: Callable[[], FraudBook] | None, *, now: datetime, rule_ids: tuple[str, ...] = ()
) -> RuleSheet:
    """Return all rules, or some, with their record among the newest scored orders; five statements for any number.

    Raises:
        Refused: this shop was opened without the files of the fraud desk.
    """
    shipped = known_rules(fraud)
    risk = Risk(session, now)
    book = risk.rules_of(shipped)
    lines = [line for line in _lines(book, shipped, risk.own_rules()) if not rule_ids or line.rule_id in rule_ids]
    records = rules_so_far(
        session,
        [line.key for line in lines],
        disputes=book.codes.disputes,
        now=now,
        good_after=book.thresholds.learning.good_after,
    )
    places = {group.name: place for place, group in enumerate(book.rules.groups.values())}
    lines.sort(key=lambda line: (places.get(line.group, len(places)), line.rule_id, line.is_trial))
    return RuleSheet(tuple(_with(line, records) for line in lines), book)


def _with(line: RuleLine, records: dict[str, RuleSoFar]) -> RuleLine:
    return replace(line, record=records.get(line.key, NOTHING_YET))


def _lines(book: FraudBook, shipped: FraudBook, own: list[RuleRow]) -> Iterator[RuleLine]:
    rows = {_key(row): row for row in own if row.state != Kept.WITHDRAWN.value}
    newest = {row.rule_id: row.revision for row in own}
    files = {rule.id for rule in shipped.rules.rules}
    keys = dict.fromkeys([rule.id for rule in book.rules.rules] + list(rows))
    for key in keys:
        row, rule = rows.get(key), book.rules.find(key)
        rule_id = row.rule_id if row is not None else key
        problem = _why_unreadable(row, book) if row is not None else ""
        yield RuleLine(
            key=key,
            rule=None if problem else rule,
            rule_id=rule_id,
            group=book.rules.groups[rule.group].name if rule is not None else "",
            revision=newest.get(rule_id, 0),
            is_own=row is not None,
            is_trial=key != rule_id,
            has_shipped=rule_id in files,
            author=row.author if row is not None else rule.author if rule is not None else "",
            written_at=row.written_at if row is not None else None,
            note=row.note if row is not None else "",
            problem=problem,
            stored=json.loads(row.definition) if row is not None and problem else {},
        )


def _key(row: RuleRow) -> str:
    return trial_id(row.rule_id, row.revision) if row.state == Kept.TRIAL.value else row.rule_id


def _why_unreadable(row: RuleRow, book: FraudBook) -> str:
    try:
        rule_of(row, book)
    except Invalid as error:
        return error.message
    return ""


def rule_versions(session: Session, rule_id: str, *, now: datetime) -> tuple[RuleVersion, ...]:
    """Return every version of a rule that the shop has saved, the newest first."""
    return tuple(
        RuleVersion(
            revision=row.revision,
            version=row.version,
            state=Kept(row.state),
            author=row.author,
            written_at=row.written_at,
            note=row.note,
            fields=json.loads(row.definition),
        )
        for row in reversed(Risk(session, now).rule_versions(rule_id))
    )


def recently_scored(session: Session) -> tuple[Recent, ...]:
    """Return the orders that were scored last, with what was known of them."""
    return recent_orders(session)


def known_order(
    session: Session, number: str, *, fraud: Callable[[], FraudBook] | None, zone: ZoneInfo, now: datetime
) -> OrderKnown:
    """Return what is known now of one order, by its number or by the last digits of it.

    Raises:
        Invalid: there is no such order, or several; `field` is `order`.
        Refused: this shop was opened without the files of the fraud desk.
    """
    book = known_rules(fraud)
    order_id = order_id_of(session, number)
    if order_id is None:
        hits = [hit for hit in find(session, read_query(number), limit=3) if hit.order_id is not None]
        if len(hits) != 1:
            several = f"{number[:40]} could be several orders. Write its whole number."
            raise Invalid("order", several if hits else f"There is no order {number[:40]}.")
        order_id = hits[0].order_id
        assert order_id is not None, "Hits without an order are left out."
    (told,) = read_evidence(session, [order_id], reading_of(book, zone), now=now)
    return OrderKnown(order_id, told.evidence.number, book.facts(told.evidence).facts)


def answer_for(rule: Rule, known: OrderKnown) -> RuleAnswer:
    """Ask a rule about one order."""
    return RuleAnswer(answer_of(rule, known.facts), tuple((name, known.facts.get(name)) for name in rule.names))


def known_rules(fraud: Callable[[], FraudBook] | None) -> FraudBook:
    """Return the rules and words of the shop's files.

    Raises:
        Refused: this shop was opened without them.
    """
    if fraud is None:
        raise Refused("The rules of the fraud desk are not known here.")
    return fraud()
