"""All tables of codes in one hand, and a payment read with them."""

from __future__ import annotations

from dataclasses import dataclass

from opsdesk.domain.fraud.codes.authorisations import Windows
from opsdesk.domain.fraud.codes.avs import AvsTables
from opsdesk.domain.fraud.codes.cvv_results import CvvResults
from opsdesk.domain.fraud.codes.disputes import DisputeTable
from opsdesk.domain.fraud.codes.phones import PhoneTables
from opsdesk.domain.fraud.codes.reasons import WordTable
from opsdesk.domain.fraud.codes.risk_levels import RiskLevels
from opsdesk.domain.fraud.codes.three_d_secure import SecureTables


@dataclass(frozen=True, slots=True)
class Codes:
    """The tables of codes."""

    avs: AvsTables
    cvv_results: CvvResults
    secure: SecureTables
    disputes: DisputeTable
    phones: PhoneTables
    foreign: WordTable
    windows: Windows
    levels: RiskLevels
