"""Scores, labels, lists and the shop's own rules in one unit of work."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Integer, String, cast, func, or_, select, update
from sqlmodel import Session, col

from opsdesk.domain.address_digests import digest_of
from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.drafting.lately import Recent
from opsdesk.domain.fraud.drafting.versions import Kept, on_trial
from opsdesk.domain.fraud.evidence.entities import Entity, Identity, Key, keys_of
from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.domain.fraud.lists import ListKind
from opsdesk.domain.fraud.rule_entries import read_rule
from opsdesk.domain.fraud.rules import Rule, RuleBook
from opsdesk.domain.fraud.score_json import score_from_json, score_to_json
from opsdesk.domain.fraud.scoring import Action, Band, Score
from opsdesk.domain.fraud.summing import sum_up
from opsdesk.store.bulk import Row, write_rows
from opsdesk.store.fraud.evidence import Testimony, read_evidence
from opsdesk.store.fraud.evidence_parts import Reading
from opsdesk.store.fraud.judged_orders import judged_orders
from opsdesk.store.fraud.recent import recent_orders
from opsdesk.store.tables import AssessmentRow, LabelRow, ListEntryRow, OrderRow, PaymentCheckRow, RuleRow

_NEWEST = select(func.max(col(RuleRow.id))).group_by(col(RuleRow.rule_id))
_STANDING = _NEWEST.where(col(RuleRow.state) != Kept.TRIAL.value)
_OWN = select(RuleRow).where(or_(col(RuleRow.id).in_(_NEWEST), col(RuleRow.id).in_(_STANDING)))
_OWN_IN_ORDER = _OWN.order_by(col(RuleRow.rule_id), col(RuleRow.id))
_AS_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Cause(StrEnum):
    """Why an order was scored."""

    IMPORT = "import"
    SYNC = "sync"
    PHONE = "phone"
    CHANGE = "change"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Assessed:
    """One order with its score, without reasons where it passes; what was known and what was found are stored."""

    order_id: int
    number: str
    score: Score


class Risk:
    """What the fraud desk has of orders, of one unit of work."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self._now = now

    def rules_of(self, book: FraudBook) -> FraudBook:
        """Return the book with the shop's own versions of rules in the places of the shipped ones.

        A changed version that is on trial stands beside the one that counts. One that cannot be read any more, because
        a list or a phrase of the shop's files has gone, is left out: no order may stay away because of it. The list of
        rules shows it.
        """
        rules = rules_with(book, self.own_rules())
        return replace(book, rules=rules) if rules is not book.rules else book

    def own_rules(self) -> list[RuleRow]:
        """Return of each rule that the shop has written or changed the version that stands, and the one on trial."""
        return list(self._session.execute(_OWN_IN_ORDER).scalars())

    def rule_versions(self, rule_id: str) -> list[RuleRow]:
        """Return every version of a rule that the shop has saved, oldest first."""
        found = select(RuleRow).where(col(RuleRow.rule_id) == rule_id).order_by(col(RuleRow.revision))
        return list(self._session.execute(found).scalars())

    def recent(self) -> tuple[Recent, ...]:
        """Return the orders that were scored last with what was known of them, the newest first."""
        return recent_orders(self._session)

    def assess(self, order_ids: Sequence[int], book: FraudBook, reading: Reading, cause: Cause) -> list[Assessed]:
        """Score orders, keep scores and facts, and let the orders show how high the risk is.

        The book is the shop's, see `rules_of`.
        """
        told = read_evidence(self._session, order_ids, reading, now=self._now)
        rows: list[Row] = []
        found = [self._assess(one, book, cause, rows) for one in told]
        write_rows(self._session, AssessmentRow, rows)
        self._show(found)
        return found

    def _assess(self, told: Testimony, book: FraudBook, cause: Cause, rows: list[Row]) -> Assessed:
        sheet = book.facts(told.evidence)
        score, fired = sum_up(book.rules, sheet, bands=book.thresholds.bands, snoozed=told.snoozed)
        rows.append(
            {
                "order_id": told.order_id,
                "scored_at": self._now,
                "cause": cause.value,
                "score": score.total,
                "band": score.band.value,
                "action": score.action.value,
                "coverage": score.coverage,
                "book": score.book,
                "fired": " ".join(fired),
                "result": "" if score.action is Action.RELEASE else json.dumps(score_to_json(score)),
                "facts": _AS_JSON(dict(sheet.facts)),
            }
        )
        return Assessed(told.order_id, told.evidence.number, score)

    def _show(self, found: Iterable[Assessed]) -> None:
        """Write the band to the orders; a low one only in place of a band of ours, for a shop may know better."""
        by_band: dict[Band, list[int]] = {}
        for one in found:
            by_band.setdefault(one.score.band, []).append(one.order_id)
        for band, ids in by_band.items():
            shown = update(OrderRow).where(col(OrderRow.id).in_(ids)).values(risk_level=band.value)
            if band is Band.LOW:
                if len(ids) > 1:
                    continue
                shown = shown.where(col(OrderRow.risk_level).in_([band.value for band in Band if band is not Band.LOW]))
            self._session.execute(shown)

    def newest(self, order_id: int) -> AssessmentRow | None:
        """Return the order's newest scoring."""
        found = select(AssessmentRow).where(col(AssessmentRow.order_id) == order_id)
        return self._session.execute(found.order_by(col(AssessmentRow.id).desc()).limit(1)).scalar_one_or_none()

    def add_label(  # noqa: PLR0913  who says what, why, and as which of their reports
        self, order_id: int, word: Word, *, source: str, reason: str, by: str, reference: str = ""
    ) -> LabelRow:
        """Say what an order turned out to be; `reference` is what the source calls its report."""
        row = LabelRow(
            order_id=order_id,
            label=word.value,
            source=source,
            reference=reference,
            reason=reason,
            by=by,
            at=self._now,
        )
        self._session.add(row)
        self._session.flush()
        return row

    def has_report(self, source: str, reference: str) -> bool:
        """Say whether a report was taken in already."""
        found = select(col(LabelRow.id)).where(col(LabelRow.source) == source, col(LabelRow.reference) == reference)
        return self._session.execute(found.where(col(LabelRow.reference) != "").limit(1)).first() is not None

    def labels(self, order_id: int) -> list[LabelRow]:
        """Return everything that was said of the order, oldest first."""
        found = select(LabelRow).where(col(LabelRow.order_id) == order_id).order_by(col(LabelRow.id))
        return list(self._session.execute(found).scalars())

    def entry(self, entry_id: int) -> ListEntryRow:
        """Return an entry of the shop's lists for change.

        Raises:
            Refused: there is no such entry.
        """
        row = self._session.get(ListEntryRow, entry_id, with_for_update=True, populate_existing=True)
        if row is None:
            raise Refused("The entry no longer exists.")
        return row

    def standing_entry(self, kind: ListKind, key: Key, rule_id: str = "") -> ListEntryRow | None:
        """Return the entry of this kind that nobody has removed, locked; it may have expired."""
        found = select(ListEntryRow).where(
            col(ListEntryRow.kind) == kind.value,
            col(ListEntryRow.entity) == key.entity.value,
            col(ListEntryRow.digest) == digest_of(key.value),
            col(ListEntryRow.rule_id) == rule_id,
            col(ListEntryRow.removed_at).is_(None),
        )
        return self._session.execute(found.with_for_update()).scalar_one_or_none()

    def keys(self, order_id: int) -> tuple[Key, ...]:
        """Return everything by which the shop's lists may know the order."""
        (order,) = judged_orders(self._session, [order_id])
        head = order.head
        identity = Identity(
            email=head.email,
            phone=head.phone,
            card=order.cards[0] if order.cards else "",
            shipping=order.places.get("shipping"),
            billing=order.places.get("billing"),
            customer=str(head.customer_id),
            name=head.customer_name,
        )
        return keys_of(identity)

    def orders_sharing(self, key: Key, most: int) -> int:
        """Count the orders that have this in common, up to `most`; of what has no column of its own there are none."""
        same = {
            Entity.EMAIL: col(OrderRow.email) == key.value,
            Entity.PHONE: col(OrderRow.phone_reversed) == key.value[::-1],
            Entity.ADDRESS: col(OrderRow.ship_digest) == digest_of(key.value),
            Entity.CUSTOMER: cast(col(OrderRow.customer_id), String) == key.value,
        }
        if key.entity is Entity.CARD:
            found = (
                select(col(PaymentCheckRow.order_id)).where(col(PaymentCheckRow.fingerprint) == key.value).distinct()
            )
        elif key.entity in same:
            found = select(cast(col(OrderRow.id), Integer)).where(same[key.entity])
        else:
            return 0
        return int(self._session.execute(select(func.count()).select_from(found.limit(most).subquery())).scalar_one())

    def check(self, payment_id: int) -> PaymentCheckRow | None:
        """Return what the gateway told of a payment, for change."""
        return self._session.get(PaymentCheckRow, payment_id)

    def checks(self, order_id: int) -> list[PaymentCheckRow]:
        """Return what gateways told of the order's payments."""
        found = select(PaymentCheckRow).where(col(PaymentCheckRow.order_id) == order_id)
        return list(self._session.execute(found.order_by(col(PaymentCheckRow.payment_id))).scalars())


def rules_with(book: FraudBook, rows: Iterable[RuleRow]) -> RuleBook:
    """Return the shipped rules with a shop's own versions, which come by the rule's id and then by their own."""
    rules = book.rules
    for row in rows:
        with suppress(Invalid):
            if row.state == Kept.TRIAL.value:
                rules = rules.with_rule(on_trial(rule_of(row, book), row.revision))
            elif row.state != Kept.WITHDRAWN.value:
                rules = rules.with_rule(rule_of(row, book))
    return rules


def rule_of(row: RuleRow, book: FraudBook) -> Rule:
    """Return a stored version of a rule.

    Raises:
        Invalid: it cannot be read any more; something that it names has gone.
    """
    return read_rule(json.loads(row.definition), book.vocabulary, book.phrases, book.rules.groups)


def score_of(row: AssessmentRow) -> Score | None:
    """Return the whole score as it was stored; None of an order that passed, which is scored anew from its facts."""
    return score_from_json(json.loads(row.result)) if row.result else None
