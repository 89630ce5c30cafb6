"""The short way to a score, for the many orders of which nobody reads the reasons: the same sum, band and action."""

from __future__ import annotations

from opsdesk.domain.fraud.evidence.deriving import FactSheet
from opsdesk.domain.fraud.rules import Rule, RuleBook, RuleState
from opsdesk.domain.fraud.scoring import Action, Bands, Score, action_of, add_up, ask, score


def sum_up(
    book: RuleBook, sheet: FactSheet, *, bands: Bands, snoozed: frozenset[str] = frozenset()
) -> tuple[Score, tuple[str, ...]]:
    """Return the score and every rule that fired; without reasons where the order passes."""
    asked = ask(book.active, sheet.facts)
    fired = tuple(sorted(rule.id for rule in asked.fired))
    live = [rule for rule in asked.fired if rule.state is RuleState.LIVE and (rule.is_hard or rule.id not in snoozed)]
    total, _ = add_up(book, live)
    action = action_of(total, live, bands)
    if action is not Action.RELEASE:
        return score(book, sheet, bands=bands, snoozed=snoozed), fired
    coverage = _coverage(book, asked.unknown, asked.not_applicable)
    short = Score(
        total=total,
        band=bands.of(total),
        action=action,
        coverage=coverage,
        is_thin=coverage < bands.thin_below,
        book=book.version,
    )
    return short, fired


def _coverage(book: RuleBook, unknown: list[Rule], left_out: list[Rule]) -> int:
    applicable = _weight(book.active) - _weight(left_out)
    return (applicable - _weight(unknown)) * 100 // applicable if applicable else 0


def _weight(rules: tuple[Rule, ...] | list[Rule]) -> int:
    return sum([abs(rule.points) for rule in rules if rule.state is RuleState.LIVE])
