"""The shop's own rules: saved as versions, tested as they are saved, switched between judging and silence, withdrawn.

Nothing that was saved is ever changed: each save is a version, and scores keep the name of the book that gave them. A
new rule, and a changed version of one that counts, judges in silence first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.fraud.drafting.examples import check_examples
from opsdesk.domain.fraud.drafting.lately import lately
from opsdesk.domain.fraud.drafting.versions import Kept, kept_as, why_too_early
from opsdesk.domain.fraud.rule_entries import read_rule, write_rule
from opsdesk.domain.fraud.rules import Rule, RuleState
from opsdesk.operations.fraud.rule_past import (
    RulePast,
    gone,
    judged_of,
    past_of,
    standing_of,
    tried_of,
    write_row,
    write_version,
)
from opsdesk.operations.words import kept_line, kept_text
from opsdesk.store.tables import RuleRow
from opsdesk.store.work import Done, Plain, Work, operation

_SAID = {
    Kept.LIVE: "it counts from now on",
    Kept.SHADOW: "it judges in silence",
    Kept.OFF: "it is off",
    Kept.TRIAL: "it is on trial beside the version that counts",
}
_MAY_BE_EMPTY = frozenset({"applies_when", "tests", "source"})


@operation("rule.save")
def save(
    work: Work, *, fields: Mapping[str, Any], version: int | None = None, is_new: bool = False, note: str = ""
) -> Done:
    """Save a version of a rule: `fields` as in a file of rules; what they do not name stays as it is.

    It is tested first: each of its examples must hold, and the answer says on how many recent orders it would have
    fired. To let it count before its trial is over, `note` must say why.

    Raises:
        Invalid: it is no rule, or an example does not hold; `field` names the key.
        Conflict: somebody saved another version since `version` was read.
        Refused: nothing would change, or the rules are not known here.
    """
    past = past_of(work, str(fields.get("id", "")), version)
    if is_new and past.standing is not None:
        raise Invalid("id", f"There is a rule {past.rule_id} already. Open that one, or take another id.")
    rule = _rule(work, past, fields)
    count = check_examples(rule, past.book.vocabulary)
    if any(one is not None and _is_same(rule, one) for one in (past.standing, past.trial)):
        raise Refused(f"Nothing was saved: {rule.id} reads like this already.")
    if past.trial is not None and kept_as(rule, past.standing) is Kept.SHADOW and _counts(past):
        raise Refused(f"Nothing was saved: this judges like the version of {rule.id} that counts.")
    return _keep(work, past, rule, note=note, tested=f" {count} of {count} examples hold." if count else "")


@operation("rule.set_state")
def set_state(work: Work, rule_id: str, *, state: str, version: int | None = None, note: str = "") -> Done:
    """Let a rule count, judge in silence, or be off. The id of a version on trial, such as `PAY-01~2`, names that one.

    Raises:
        Invalid: there is no such state; or it should count before its trial is over and `note` does not say why.
        Conflict: somebody saved another version since `version` was read.
        Refused: there is no such rule, or it is in that state.
    """
    past = past_of(work, rule_id, version)
    is_trial = past.names_trial(rule_id)
    rule = past.trial if is_trial else past.standing
    if rule is None:
        raise Refused(gone(rule_id))
    try:
        wanted = RuleState(state)
    except ValueError as error:
        raise Invalid("state", f"A rule is one of: {', '.join(RuleState)}.") from error
    if rule.state is wanted:
        raise Refused(f"{rule_id} is {wanted} already.")
    if is_trial and wanted is RuleState.OFF:
        return _end_trial(work, past, note)
    return _keep(work, past, replace(rule, state=wanted, author=work.actor.name), note=note)


@operation("rule.withdraw")
def withdraw(work: Work, rule_id: str, *, version: int | None = None, note: str = "") -> Done:
    """Go back to the shipped version of a rule; a rule of the shop's own judges no more. Its versions are kept.

    The id of a version on trial, such as `PAY-01~2`, ends that trial alone.

    Raises:
        Conflict: somebody saved another version since `version` was read.
        Refused: there is no such rule, or it is the shipped one already.
    """
    past = past_of(work, rule_id, version)
    if past.names_trial(rule_id):
        return _end_trial(work, past, note)
    own = past.own
    if own is None:
        is_known = past.standing is not None
        raise Refused(f"{rule_id} is the shipped version already." if is_known else gone(rule_id))
    became = _after_withdrawal(past)
    summary = f"{past.rule_id} withdrawn: {became}"
    row = write_row(work, past, Kept.WITHDRAWN, (own.version, own.definition), note=note, summary=summary)
    return _done(work, past, row, f"{past.rule_id} is withdrawn: {became}.{_trial_ended(past, Kept.WITHDRAWN, '')}")


@operation("rule.restore")
def restore(work: Work, rule_id: str, *, revision: int, version: int) -> Done:
    """Let a rule be again as it was after its version `revision`, 0 for the shipped one: the versions since are kept.

    Raises:
        Conflict: somebody saved another version since `version` was read.
        Refused: there was no such version.
    """
    past = past_of(work, rule_id, version)
    if not 0 <= revision < past.revision:
        raise Refused(f"{past.rule_id} has no version {revision} before this one.")
    earlier = [row for row in past.rows if row.revision <= revision]
    stood, tried = standing_of(earlier), tried_of(earlier)
    summary = f"{past.rule_id} is as it was before version {past.revision}"
    if tried is None or past.tried is None:
        kept = Kept(stood.state) if stood is not None else Kept.WITHDRAWN
        row = write_row(work, past, kept, judged_of(stood or past.rows[-1]), note="", summary=summary)
        past = past_of(work, rule_id, None)
    if tried is not None:
        row = write_row(work, past, Kept.TRIAL, judged_of(tried), note="", summary=f"{summary}, with its trial")
    return Done(f"{summary}.", row.id, row.revision)


def _rule(work: Work, past: RulePast, fields: Mapping[str, Any]) -> Rule:
    """Read what was typed; texts are cleaned, and day and author are those of this save."""
    base = write_rule(past.newest) if past.newest is not None else {}
    typed = {key: _kept(value) for key, value in fields.items()}
    table = {
        key: value for key, value in {**base, **typed}.items() if value not in ("", []) or key not in _MAY_BE_EMPTY
    }
    table |= {"since": _today(work).isoformat(), "author": work.actor.name}
    book = past.book
    return read_rule(table, book.vocabulary, book.phrases, book.rules.groups)


def _kept(value: object) -> object:
    if isinstance(value, str):
        return kept_text(value)
    return [_kept(one) for one in value] if isinstance(value, list | tuple) else value


def _today(work: Work) -> date:
    return work.now.astimezone(work.zone).date()


def _is_same(rule: Rule, other: Rule) -> bool:
    return replace(rule, since=other.since, author=other.author) == other


def _counts(past: RulePast) -> bool:
    return past.standing is not None and past.standing.state is RuleState.LIVE


def _keep(work: Work, past: RulePast, rule: Rule, *, note: str, tested: str = "") -> Done:
    kept, note = kept_as(rule, past.standing), kept_line(note)
    rule = replace(rule, since=_begun(work, past, rule))
    if kept is Kept.LIVE and not note and not past.has_counted(rule):
        _require_trial(work, past, rule)
    found = lately(rule, work.risk.recent())
    said = _SAID[kept]
    summary = f"{rule.id}, version {past.revision + 1}: {said}"
    row = write_version(work, past, kept, rule, note=note, summary=summary)
    ended = _trial_ended(past, kept, rule.version)
    told = f"{rule.id} is saved as version {row.revision}: {said}.{ended}{tested} {found.words}"
    figures = {"fired": found.fired, "of": found.of, "clear": found.clear, "unknown": found.unknown}
    return _done(work, past, row, told, **figures, does_not_apply=found.apart)


def _done(work: Work, past: RulePast, row: RuleRow, told: str, **figures: int) -> Done:
    work.undo_with("rule.restore", rule_id=past.rule_id, revision=past.revision, version=row.revision)
    details: dict[str, Plain] = {"rule": past.rule_id, "revision": row.revision, "state": row.state, **figures}
    return Done(told, row.id, row.revision, details=details)


def _begun(work: Work, past: RulePast, rule: Rule) -> date:
    """Return since when this version judges: other words or another state begin no new one."""
    same = [one.since for one in (past.standing, past.trial) if one is not None and one.version == rule.version]
    return min(same, default=_today(work))


def _require_trial(work: Work, past: RulePast, rule: Rule) -> None:
    days, today = past.book.thresholds.learning.trial_days, _today(work)
    problem = why_too_early(rule, rule.since, today, days)
    if problem is None:
        return
    if rule.since == today:
        problem = (
            f"{rule.id} would count without a trial. Save it as shadow for {days} days, as new and changed rules are."
        )
    raise Invalid("note", f"{problem} Or say in the note why it must count now.")


def _trial_ended(past: RulePast, kept: Kept, version: str) -> str:
    """Say that a trial ends by this; one that is taken over, or put off by the next one, needs no word."""
    if past.tried is None or kept is Kept.TRIAL or past.tried.version == version:
        return ""
    return f" The trial of version {past.revision} is over."


def _after_withdrawal(past: RulePast) -> str:
    if past.shipped is None:
        return "it judges no more, and its versions are kept"
    if past.shipped.state is RuleState.LIVE:
        return "the shipped version counts again"
    return f"the shipped version is back, which is {past.shipped.state}"


def _end_trial(work: Work, past: RulePast, note: str) -> Done:
    tried, own = past.tried, past.own
    assert tried is not None, "A trial that ends has begun."
    summary = f"{past.rule_id}: the trial of version {tried.revision} is over"
    stays = own if own is not None else tried
    kept = Kept(own.state) if own is not None else Kept.WITHDRAWN
    row = write_row(work, past, kept, (stays.version, stays.definition), note=note, summary=summary)
    return _done(work, past, row, f"{summary}. The version that counts stays as it is.")
