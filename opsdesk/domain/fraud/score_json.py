"""A score as plain JSON, in a form that stays: it is stored with the order and read by other programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.rules import RuleKind, Severity
from opsdesk.domain.fraud.scoring import Action, Band, GroupSum, NotChecked, Reason, Score

FORM = 1
"""Raised when a key changes its meaning; new keys may come without it."""
_PLAIN = ("total", "coverage", "is_thin", "liability", "book")
_REASONS = ("raises", "lowers", "notes", "shadow")
_IDS = ("snoozed", "hard", "not_applicable")


def score_to_json(score: Score) -> dict[str, Any]:
    """Return the score as a plain table; the same score always gives the same table."""
    table: dict[str, Any] = {"form": FORM, "band": score.band.value, "action": score.action.value}
    table |= {name: getattr(score, name) for name in _PLAIN}
    table |= {name: [_reason_to_json(reason) for reason in getattr(score, name)] for name in _REASONS}
    table |= {name: list(getattr(score, name)) for name in _IDS}
    table["not_checked"] = [asdict(one) | {"unknown": list(one.unknown)} for one in score.not_checked]
    table["groups"] = [asdict(group) for group in score.groups]
    return table


def score_from_json(table: Mapping[str, Any]) -> Score:
    """Read a stored score; what a later version has added is passed over.

    Raises:
        Invalid: it is no stored score of this form.
    """
    if table.get("form") != FORM:
        raise Invalid("score", f"This score was stored in form {table.get('form')!r}; only {FORM} is known.")
    try:
        return _score(table)
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("score", "This is no stored score. Score the order again.") from error


def _score(table: Mapping[str, Any]) -> Score:
    raises, lowers, notes, shadow = (tuple(map(_reason_from_json, table[name])) for name in _REASONS)
    snoozed, hard, not_applicable = (tuple(table[name]) for name in _IDS)
    return Score(
        total=table["total"],
        band=Band(table["band"]),
        action=Action(table["action"]),
        coverage=table["coverage"],
        is_thin=table["is_thin"],
        raises=raises,
        lowers=lowers,
        notes=notes,
        shadow=shadow,
        not_checked=tuple(
            NotChecked(one["rule_id"], one["name"], tuple(one["unknown"]), one["why"]) for one in table["not_checked"]
        ),
        groups=tuple(GroupSum(one["group"], one["points"], one["counted"]) for one in table["groups"]),
        snoozed=snoozed,
        hard=hard,
        not_applicable=not_applicable,
        liability=table["liability"],
        book=table["book"],
    )


def _reason_to_json(reason: Reason) -> dict[str, Any]:
    return asdict(reason) | {"severity": reason.severity.value, "kind": reason.kind.value}


def _reason_from_json(table: Mapping[str, Any]) -> Reason:
    return Reason(
        table["rule_id"],
        table["version"],
        table["group"],
        table["points"],
        Severity(table["severity"]),
        RuleKind(table["kind"]),
        table["agent"],
        table["customer_safe"],
    )
