"""For how many days a value is trusted, blocked or passed over by a rule, where nobody says for how long."""

from __future__ import annotations

TRUST_DAYS = 365
BLOCK_DAYS = 365
SNOOZE_DAYS = 90
