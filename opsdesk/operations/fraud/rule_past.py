"""What is known of a rule before a version of it is saved: the shipped one, the shop's own, and the one on trial."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from opsdesk.domain.errors import Conflict, Invalid, Refused
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.drafting.versions import Kept, base_id, trial_id
from opsdesk.domain.fraud.rule_entries import write_rule
from opsdesk.domain.fraud.rules import Rule, RuleState
from opsdesk.operations.words import kept_line
from opsdesk.store.repositories.risk import rule_of
from opsdesk.store.tables import RuleRow
from opsdesk.store.work import Work

SUBJECT = "rule"
_MOST_CHANGES = 6


@dataclass(frozen=True, slots=True)
class RulePast:
    """What there is of one rule.

    Attributes:
        book: the shop's rules as they are now; `shipped` those of the files alone.
        rows: the shop's versions of this rule, oldest first.
        standing: what counts, judges in silence or is off now; None where there is no such rule.
        trial: the version that is on trial beside it.
    """

    rule_id: str
    book: FraudBook
    shipped: Rule | None
    rows: Sequence[RuleRow]
    standing: Rule | None
    trial: Rule | None

    @property
    def revision(self) -> int:
        """The number of the newest version; 0 where only the files have the rule."""
        return self.rows[-1].revision if self.rows else 0

    @property
    def own(self) -> RuleRow | None:
        """The shop's version that stands in place of the shipped one."""
        return standing_of(self.rows)

    @property
    def tried(self) -> RuleRow | None:
        """The version on trial as it is stored."""
        return tried_of(self.rows)

    @property
    def newest(self) -> Rule | None:
        """What a change begins with: the version on trial, or else the one that stands."""
        return self.trial or self.standing

    def names_trial(self, rule_id: str) -> bool:
        """Say whether an id such as `PAY-01~2` names the version on trial.

        Raises:
            Refused: it names a trial that is over.
        """
        if rule_id == self.rule_id:
            return False
        if self.tried is None or rule_id != trial_id(self.rule_id, self.revision):
            raise Refused(gone(rule_id))
        return True

    def has_counted(self, rule: Rule) -> bool:
        """Say whether this very rule has counted before, so that nobody has to wait for it again."""
        shipped = self.shipped
        is_shipped = shipped is not None and shipped.state is RuleState.LIVE and shipped.version == rule.version
        return is_shipped or any(row.state == Kept.LIVE.value and row.version == rule.version for row in self.rows)


def standing_of(rows: Sequence[RuleRow]) -> RuleRow | None:
    """Return the version that stands after these, oldest first; None where the shipped one does, or none."""
    row = next((row for row in reversed(rows) if row.state != Kept.TRIAL.value), None)
    return row if row is not None and row.state != Kept.WITHDRAWN.value else None


def tried_of(rows: Sequence[RuleRow]) -> RuleRow | None:
    """Return the version that is on trial after these."""
    return rows[-1] if rows and rows[-1].state == Kept.TRIAL.value else None


def judged_of(row: RuleRow) -> tuple[str, str]:
    """Return what a version judges, by name, and its definition."""
    return row.version, row.definition


def past_of(work: Work, rule_id: str, version: int | None) -> RulePast:
    """Read what there is of a rule, or of the rule that a trial is a version of.

    Raises:
        Conflict: somebody saved another version since `version` was read.
        Refused: the rules are not known here.
    """
    if work.fraud is None:
        raise Refused("The rules of the fraud desk are not known here.")
    own_id = base_id(rule_id)
    book = work.risk.rules_of(work.fraud)
    rows = work.risk.rule_versions(own_id)
    trial = None
    if rows and rows[-1].state == Kept.TRIAL.value:
        with suppress(Invalid):
            trial = rule_of(rows[-1], book)
    past = RulePast(own_id, book, work.fraud.rules.find(own_id), rows, book.rules.find(own_id), trial)
    if version is not None and version != past.revision:
        raise _conflict(past, version)
    return past


def write_version(work: Work, past: RulePast, kept: Kept, rule: Rule, *, note: str, summary: str) -> RuleRow:
    """Add a version of a rule."""
    definition = json.dumps(write_rule(rule), ensure_ascii=False)
    return write_row(work, past, kept, (rule.version, definition), note=note, summary=summary)


def write_row(
    work: Work, past: RulePast, kept: Kept, judged: tuple[str, str], *, note: str, summary: str
) -> RuleRow:  # fmt: skip
    """Add a version as it is stored: `judged` is the name of what it judges, and its definition."""
    version, definition = judged
    row = RuleRow(
        rule_id=past.rule_id,
        revision=past.revision + 1,
        version=version,
        state=kept.value,
        definition=definition,
        note=kept_line(note),
        author=work.actor.name,
        written_at=work.now,
    )
    work.add(row)
    assert row.id is not None, "A row that was written has an id."
    before = past.rows[-1].definition if past.rows else ""
    if not before and past.standing is not None:
        before = json.dumps(write_rule(past.standing), ensure_ascii=False)
    action = "rule.withdrawn" if kept is Kept.WITHDRAWN else "rule.saved"
    because = f"; because {row.note}" if row.note else ""
    work.record(action, SUBJECT, row.id, summary + because, before=before, after=definition)
    return row


def gone(rule_id: str) -> str:
    """Say that there is no such rule."""
    return f"There is no rule {rule_id[:40]}. F5 reads the rules again."


def _conflict(past: RulePast, version: int) -> Conflict:
    if not past.rows or past.revision < version:
        return Conflict(f"{past.rule_id} has no version {version}. Read the rules again.")
    newest = past.rows[-1]
    if newest.state == Kept.WITHDRAWN.value:
        return Conflict(f"{newest.author} withdrew {past.rule_id} meanwhile.", who=newest.author)
    told = f"{newest.author} saved version {newest.revision} of {past.rule_id} first."
    return Conflict(told, who=newest.author, changes=_changes(past, version)[:_MOST_CHANGES])


def _changes(past: RulePast, version: int) -> tuple[str, ...]:
    """Return what differs between the version that was read and the newest, one line each."""
    seen = next((row.definition for row in past.rows if row.revision == version), "")
    if not seen and past.shipped is not None:
        seen = json.dumps(write_rule(past.shipped))
    before, now = json.loads(seen or "{}"), json.loads(past.rows[-1].definition)
    told = {key: value for key, value in now.items() if value != before.get(key) and key not in ("since", "author")}
    return tuple(f"{key}: {value}" for key, value in told.items())
