"""Everything that the fraud desk knows from data, in one hand."""

from __future__ import annotations

from dataclasses import dataclass

from opsdesk.domain.fraud.cases.contact import ContactBook
from opsdesk.domain.fraud.cases.script import CallScript
from opsdesk.domain.fraud.codes.reasons import DecisionTable
from opsdesk.domain.fraud.codes.tables import Codes
from opsdesk.domain.fraud.evidence.deriving import FactSheet, derive
from opsdesk.domain.fraud.evidence.facts import OrderEvidence
from opsdesk.domain.fraud.expressions.kinds import Vocabulary
from opsdesk.domain.fraud.learning.programmes import Programme
from opsdesk.domain.fraud.lists import Lists
from opsdesk.domain.fraud.phrases import PhraseBook
from opsdesk.domain.fraud.rules import RuleBook
from opsdesk.domain.fraud.scoring import Score, score
from opsdesk.domain.fraud.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class FraudBook:
    """Everything that the fraud desk knows from files."""

    rules: RuleBook
    vocabulary: Vocabulary
    lists: Lists
    phrases: PhraseBook
    thresholds: Thresholds
    codes: Codes
    contact: ContactBook
    decisions: DecisionTable
    script: CallScript
    programmes: tuple[Programme, ...]

    def facts(self, evidence: OrderEvidence) -> FactSheet:
        """Work out the facts of an order with the shop's forwarders and reserved numbers."""
        return derive(evidence, forwarders=self.lists.forwarders, phones=self.codes.phones)

    def score(self, sheet: FactSheet, *, snoozed: frozenset[str] = frozenset()) -> Score:
        """Score the facts of an order by the shop's rules and bands."""
        return score(self.rules, sheet, bands=self.thresholds.bands, snoozed=snoozed)
