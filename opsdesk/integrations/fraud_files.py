"""Everything that the fraud desk reads from files, read and checked together: what one file names stands in another."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.cases.contact import read_contact
from opsdesk.domain.fraud.cases.script import read_script
from opsdesk.domain.fraud.codes.authorisations import read_windows
from opsdesk.domain.fraud.codes.avs import read_avs
from opsdesk.domain.fraud.codes.cvv_results import read_cvv_results
from opsdesk.domain.fraud.codes.disputes import read_disputes
from opsdesk.domain.fraud.codes.phones import read_phones
from opsdesk.domain.fraud.codes.reasons import read_decisions, read_foreign_reasons
from opsdesk.domain.fraud.codes.risk_levels import read_risk_levels
from opsdesk.domain.fraud.codes.tables import Codes
from opsdesk.domain.fraud.codes.three_d_secure import read_secure
from opsdesk.domain.fraud.evidence.catalogue import CATALOGUE
from opsdesk.domain.fraud.expressions.kinds import Vocabulary
from opsdesk.domain.fraud.learning.programmes import read_programmes
from opsdesk.domain.fraud.lists import read_lists
from opsdesk.domain.fraud.phrases import read_phrases
from opsdesk.domain.fraud.rule_entries import read_rules
from opsdesk.domain.fraud.thresholds import read_thresholds
from opsdesk.integrations.shop_files import read_pair


def open_fraud(data: Path, own: Path | None = None) -> FraudBook:
    """Read the shipped files of the fraud desk, and the shop's own from the folder `fraud` in its settings folder.

    Raises:
        Invalid: an entry cannot be used; the sentence names file, entry and key.
    """

    def pair(name: str) -> tuple[str, str]:
        return read_pair(f"fraud/{name}.toml", data, own)

    lists, phrases, contact = read_lists(*pair("lists")), read_phrases(*pair("phrases")), read_contact(*pair("contact"))
    vocabulary = Vocabulary(CATALOGUE, lists.lists, frozenset(contact.outcomes))
    book = FraudBook(
        rules=read_rules(*pair("rules"), vocabulary, phrases),
        vocabulary=vocabulary,
        lists=lists,
        phrases=phrases,
        thresholds=read_thresholds(*pair("thresholds")),
        codes=Codes(
            avs=read_avs(*pair("avs")),
            cvv_results=read_cvv_results(*pair("cvv_results")),
            secure=read_secure(*pair("three_d_secure")),
            disputes=read_disputes(*pair("disputes")),
            phones=read_phones(*pair("phones")),
            foreign=read_foreign_reasons(*pair("minfraud")),
            windows=read_windows(*pair("authorisations")),
            levels=read_risk_levels(*pair("risk_levels")),
        ),
        contact=contact,
        decisions=read_decisions(*pair("decisions")),
        script=read_script(*pair("script")),
        programmes=read_programmes(*pair("programmes")),
    )
    _check_counts(book)
    return book


def fraud_on_demand(data: Path, own: Path | None = None) -> Callable[[], FraudBook]:
    """Return what reads the files of the fraud desk when they are first needed: most commands never ask."""
    return cache(partial(open_fraud, data, own))


def _check_counts(book: FraudBook) -> None:
    for outcome in book.contact.outcomes.values():
        for rule_id in outcome.counts:
            if book.rules.find(rule_id) is None:
                raise Invalid("counts", f"fraud/contact.toml: outcome {outcome.code!r}: there is no rule {rule_id!r}.")
