"""How versions of a rule stand to each other: one counts, and a changed one may be on trial beside it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from enum import StrEnum

from opsdesk.domain.fraud.rules import Rule, RuleState, why_not_live

_TRIAL = re.compile(r"(.+)~(\d+)\Z")


class Kept(StrEnum):
    """As what a version is kept.

    A changed version of a rule that counts goes on `trial` beside it: nobody is unprotected while it is measured.
    `withdrawn` gives the place back to the rule of the files, if there is one.
    """

    LIVE = "live"
    SHADOW = "shadow"
    OFF = "off"
    TRIAL = "trial"
    WITHDRAWN = "withdrawn"


def kept_as(rule: Rule, standing: Rule | None) -> Kept:
    """Return as what a version is kept beside or in place of the one that stands."""
    counts = standing is not None and standing.state is RuleState.LIVE
    if counts and rule.state is RuleState.SHADOW and standing is not None and standing.version != rule.version:
        return Kept.TRIAL
    return Kept(rule.state.value)


def trial_id(rule_id: str, revision: int) -> str:
    """Name the version of a rule that is on trial beside the one that counts, e.g. `PAY-01~2`."""
    return f"{rule_id}~{revision}"


def base_id(rule_id: str) -> str:
    """Return the id of the rule that a trial is a version of; of any other rule its own."""
    found = _TRIAL.match(rule_id)
    return found[1] if found else rule_id


def on_trial(rule: Rule, revision: int) -> Rule:
    """Return a version as it stands in the rules while it is on trial: under a name of its own, weighing nothing."""
    return replace(rule, id=trial_id(rule.id, revision), state=RuleState.SHADOW)


def why_too_early(rule: Rule, begun: date, today: date, trial_days: int) -> str | None:
    """Say why a version that has judged in silence since `begun` should not count yet, or None if it may."""
    return why_not_live(replace(rule, state=RuleState.SHADOW, since=begun), today, trial_days)
