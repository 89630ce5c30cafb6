"""The rules of the fraud desk: whether each can be asked, and whether the newest scores were given by them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from opsdesk.doctor.findings import Finding, mend, watch, well
from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.drafting.versions import Kept, trial_id
from opsdesk.integrations.fraud_files import open_fraud
from opsdesk.settings import Settings, data_folder
from opsdesk.store.engine import Store
from opsdesk.store.fraud.past_books import past_books
from opsdesk.store.repositories.risk import Risk, rule_of
from opsdesk.store.tables import RuleRow

NEWEST = 1_000
"""So many of the newest scores are looked at: by them orders are decided, older ones are history."""
_BOOKS = text("SELECT book, count(*) FROM (SELECT book FROM risk_assessment ORDER BY id DESC LIMIT :most) AS newest "
              "GROUP BY book")  # fmt: skip
_BACK = "Put back what it names, correct the rule (`:rules`, e), or `opsdesk fraud rule withdraw {rule}`."


def rules(store: Store, settings: Settings, *, now: datetime) -> Iterator[Finding]:
    """Look whether every rule can still be asked, and whether the newest scores are those of these rules."""
    try:
        shipped = open_fraud(data_folder(), settings.template_folder)
    except Invalid as error:
        folder = settings.template_folder / "fraud"
        remedy = f"Correct the file in {folder}, or take it away: the shipped one then counts."
        yield mend("rules", f"No order can be scored, and none comes in: {error.message}", remedy)
        return
    with store.reading() as session:
        risk = Risk(session, now)
        own = [row for row in risk.own_rules() if row.state != Kept.WITHDRAWN.value]
        broken = [(row, why) for row in own if (why := _why_broken(row, shipped))]
        older, looked = _of_other_books(session, shipped, risk.rules_of(shipped))
    for row, why in broken:
        yield _broken(row, why)
    if older:
        sentence = f"Of the {looked:,} newest scores, {older:,} were given by rules of another release."
        remedy = (
            "Nothing has to be done: back-tests ask those orders anew. `opsdesk fraud score --order N` scores one anew."
        )
        yield watch("scores", sentence, remedy)
    if not broken:
        yield well("rules", f"All {len(shipped.rules.rules)} shipped rules and {len(own)} of the shop's can be asked.")


def _why_broken(row: RuleRow, book: FraudBook) -> str:
    try:
        rule_of(row, book)
    except Invalid as error:
        return error.message
    return ""


def _broken(row: RuleRow, why: str) -> Finding:
    is_trial = row.state == Kept.TRIAL.value
    name = trial_id(row.rule_id, row.revision) if is_trial else row.rule_id
    remedy = _BACK.format(rule=name)
    if row.state == Kept.LIVE.value:
        return mend("rules", f"{name} by {row.author} judges no order any more: {why}", remedy)
    words = "is on trial and cannot be measured" if is_trial else f"is {row.state} and cannot be asked"
    return watch("rules", f"{name} by {row.author} {words}: {why}", remedy)


def _of_other_books(session: Session, shipped: FraudBook, now: FraudBook) -> tuple[int, int]:
    """Count the newest scores that no version of these rules has given, and how many were looked at."""
    known = {now.rules.version, *past_books(session, shipped)}
    found = [(book in known, count) for book, count in session.execute(_BOOKS, {"most": NEWEST})]
    return sum(count for is_known, count in found if not is_known), sum(count for _, count in found)
