"""How scores and back-tests are told on the command line: in words, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsdesk.cli.output import counted, plain, say

if TYPE_CHECKING:
    from opsdesk.domain.fraud.learning.backtest import BacktestReport, Bucket, Difference, Hits
    from opsdesk.domain.fraud.rules import Rule
    from opsdesk.domain.fraud.scoring import Score


def say_score(number: str, score: Score) -> None:
    """Print a score with its reasons."""
    action = score.action.value.replace("_", " ")
    say(f"{number}  {score.total:>3} {score.words}, {action}; {score.coverage} % checked")
    for reason in (*score.raises, *score.lowers):
        say(f"    {reason.points:>+4}  {reason.agent}  [{reason.rule_id}]")
    if score.hard:
        say(f"    decides: {', '.join(score.hard)}")
    if score.not_checked:
        say(f"    not checked: {', '.join(missing.rule_id for missing in score.not_checked)}")


def say_report(rule: Rule, report: BacktestReport) -> None:
    """Print what a rule would have done, the last fifth of the time apart."""
    say(f"{rule.id}: {rule.name}")
    _say_difference("All orders", report.whole)
    if report.cut is not None:
        _say_difference(f"The last fifth, since {report.cut:%Y-%m-%d}", report.recent)


def report_to_plain(report: BacktestReport) -> dict[str, object]:
    """Return the same as JSON holds it; shares in whole percent."""
    return {
        "before": report.before,
        "after": report.after,
        "changed": report.changed,
        "is_complete": report.is_complete,
        "whole": _difference(report.whole),
        "recent": _difference(report.recent),
        "cut": report.cut,
    }


def _difference(found: Difference) -> dict[str, object]:
    return {
        "orders": found.orders,
        "held_before": found.held_before,
        "held_after": found.held_after,
        "newly_held": _bucket(found.newly_held),
        "newly_passed": _bucket(found.newly_passed),
        "minutes": found.minutes,
        "minutes_a_day": str(round(found.minutes_a_day, 2)),
        "days": found.days,
        "hits": [_hits(hits) for hits in found.hits],
    }


def _bucket(bucket: Bucket) -> dict[str, object]:
    return {
        "orders": bucket.orders,
        "by_label": {label.value: count for label, count in bucket.by_label},
        "fraud": plain(bucket.fraud),
        "good": plain(bucket.good),
    }


def _hits(hits: Hits) -> dict[str, object]:
    share = hits.precision
    return {
        "rule": hits.rule_id,
        "hits": hits.hits,
        "fraud": share.hits,
        "labelled": share.of,
        "percent": None if share.value is None else round(100 * share.value),
        "low_percent": round(100 * share.low),
        "high_percent": round(100 * share.high),
    }


def _say_difference(title: str, found: Difference) -> None:
    say(f"{title}: {counted(found.orders, 'order')}, held before {found.held_before:,}, after {found.held_after:,}")
    say(f"    newly held: {_in_words(found.newly_held)}")
    say(f"    newly passed: {_in_words(found.newly_passed)}")
    say(f"    work: {found.minutes:+,} minutes, {found.minutes_a_day:+.1f} a day")
    for hits in found.hits:
        say(f"    {hits.rule_id} fired {hits.hits:,} times; right: {hits.precision.words}")


def _in_words(bucket: Bucket) -> str:
    told = ", ".join(f"{count:,} {label.value.replace('_', ' ')}" for label, count in bucket.by_label if count)
    return f"{bucket.orders:,}{f' ({told})' if told else ''}"
