"""A case made by hand, for lines that are drawn from it: three cards tried, a parcel station far away, a mail that came back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.cases.contact import Attempt
from opsdesk.domain.fraud.cases.states import CaseFacts, FraudState
from opsdesk.domain.fraud.cases.states import Desk as CaseDesk
from opsdesk.domain.fraud.evidence.facts import Outcome
from opsdesk.domain.fraud.rules import RuleKind, Severity
from opsdesk.domain.fraud.scoring import Action, Band, NotChecked, Reason, Score
from opsdesk.domain.money import Money
from opsdesk.integrations.fraud_files import open_fraud
from opsdesk.screens.fraud.seen import CaseSheet, CheckRow, ContactRow, IdentityRow, LinkRow, Seen
from opsdesk.settings import Glyphs, data_folder
from opsdesk.theme import SYMBOLS, Tone
from tests.conftest import START

BERLIN = ZoneInfo("Europe/Berlin")
ALL_DAY = START.replace(hour=13)


@cache
def book() -> FraudBook:
    """Read the shipped files once."""
    return open_fraud(data_folder())


def symbol(name: str) -> str:
    return SYMBOLS[name].shown(Glyphs.UNICODE)


def _reason(rule_id: str, points: int, agent: str, severity: Severity = Severity.MEDIUM) -> Reason:
    return Reason(rule_id, "v1", "pay", points, severity, RuleKind.SCORE, agent, "CS-NONE")


SCORE = Score(
    total=79,
    band=Band.HIGH,
    action=Action.HOLD,
    coverage=71,
    is_thin=False,
    raises=(
        _reason("PAY-04", 25, "the security code does not match", Severity.STRONG),
        _reason("EML-03", 20, "a mail to the address came back"),
        _reason("PAY-06", 18, "the card is from FR, everything else from GB"),
        _reason("ADR-02", 5, "shipping and billing address differ"),
        _reason("CUS-01", 3, "first order", Severity.WEAK),
    ),
    lowers=(_reason("SEC-02", -10, "3-D Secure was attempted"),),
    not_checked=(
        NotChecked("PAY-01", "address check", ("payment.avs",), "the bank does not support address checks"),
        NotChecked("DEV-01", "device", ("device.other_accounts",), "the shop tells of no device"),
    ),
    liability="issuer",
)


def facts(state: FraudState = FraudState.IN_REVIEW, **changes: object) -> CaseFacts:
    """Return what is known of the case; mia works on it."""
    told = CaseFacts(
        number="104463",
        state=state,
        score=79,
        total=Money(89_900, "EUR"),
        opened_at=START - timedelta(hours=2),
        authorisation_ends=START + timedelta(days=2, hours=1),
        claimed_by="mia",
        claimed_until=START + timedelta(minutes=41),
    )
    return replace(told, **changes)


def called(outcome: str, hours: int = 5) -> Attempt:
    return Attempt(at=START - timedelta(hours=hours), outcome=outcome, by="mia")


def sheet(case: CaseFacts | None = None, **changes: object) -> CaseSheet:
    """Return the whole case."""
    told = CaseSheet(
        case_id=1,
        order_id=1,
        version=3,
        facts=case or facts(),
        score=SCORE,
        customer_name="Otto Falk",
        email="otto.falk77@mail.example",
        placed_at=START - timedelta(hours=2, minutes=5),
        channel="web",
        goods=("1 × Espresso machine Pro",),
        identity=(
            IdentityRow(what="customer", shown="Otto Falk", orders=0, note="first order"),
            IdentityRow(what="card", shown="visa debit 4412", country="FR", orders=0),
            IdentityRow(what="billing address", shown="Lindenstr. 4, 28755 Bremen", country="DE"),
            IdentityRow(
                what="shipping address",
                shown="Packstation 118, 01099 Dresden",
                country="DE",
                first_seen=START - timedelta(days=600),
                orders=6,
                good=4,
                bad=1,
                note="471 km from the billing address",
                is_odd=True,
            ),
            IdentityRow(what="phone", shown="+49 151 555 0199", orders=0),
            IdentityRow(what="e-mail", shown="otto.falk77@mail.example", orders=0),
        ),
        links=(
            LinkRow(
                number="104377",
                placed_at=START - timedelta(days=20),
                outcome=Outcome.DELIVERED,
                shares=("shipping address",),
                total=Money(4_100, "EUR"),
            ),
            LinkRow(
                number="104101",
                placed_at=START - timedelta(days=90),
                outcome=Outcome.DISPUTED,
                shares=("shipping address", "phone"),
                total=Money(5_800, "EUR"),
            ),
        ),
        checks=(
            CheckRow(what="address", words="the bank does not support address checks", tone=Tone.DIM),
            CheckRow(what="code", words="the security code does not match", tone=Tone.ALARM),
            CheckRow(what="3-D Secure", words="attempted; the bank bears a fraud loss", tone=Tone.GOOD),
        ),
        contacts=(
            ContactRow(at=START - timedelta(hours=1), by="system", words="the mail came back for good", is_call=False),
        ),
        mail=f"mail sent {START - timedelta(hours=1):%H:%M}, came back",
        numbers=(("+49 421 555 0144", "known"), ("+49 151 555 0199", "order")),
        expected=(
            ("name", "Otto Falk"),
            ("item", "Espresso machine Pro"),
            ("billing_address", "Lindenstr. 4, 28755 Bremen"),
            ("shipping_address", "Packstation 118, 01099 Dresden"),
        ),
    )
    return replace(told, **changes)


def seen(case: CaseFacts | None = None, who: str = "mia", **changes: object) -> Seen:
    """Return the case as somebody looks at it at START, in the shop's hours."""
    read = book()
    desk = CaseDesk(START, BERLIN, read.thresholds, read.contact, read.decisions)
    return Seen(sheet(case, **changes), desk, who, symbol)
