"""Score an order: every rule is asked, groups are capped, and what could not be judged is said, never guessed.

`score = clamp(0 .. 100, sum over groups of clamp(-cap .. cap, sum of points))`. All rules are always asked, so that
each can be measured; what is done with the order follows from hard rules first, then from the band of the score.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from opsdesk.domain.fraud.evidence.deriving import FactSheet
from opsdesk.domain.fraud.expressions.kinds import Facts
from opsdesk.domain.fraud.rules import Rule, RuleBook, RuleKind, RuleState, Severity


class Band(StrEnum):
    """How high a score is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Action(StrEnum):
    """What is done with the order."""

    RELEASE = "release"
    REVIEW = "review"
    HOLD = "hold"
    PROPOSE_CANCEL = "propose_cancel"

    @property
    def holds(self) -> bool:
        """True where the order waits for a person."""
        return self in (Action.HOLD, Action.PROPOSE_CANCEL)


@dataclass(frozen=True, slots=True)
class Bands:
    """From which score on an order is looked at, held, and released by two people alone; and what thin data is."""

    review_from: int = 25
    hold_from: int = 60
    two_person_from: int = 85
    thin_below: int = 40

    def of(self, score: int) -> Band:
        """Return the band of a score."""
        if score >= self.two_person_from:
            return Band.CRITICAL
        if score >= self.hold_from:
            return Band.HIGH
        return Band.MEDIUM if score >= self.review_from else Band.LOW


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that fired: what it weighs, what staff read, and the code of what the customer may be told."""

    rule_id: str
    version: str
    group: str
    points: int
    severity: Severity
    kind: RuleKind
    agent: str
    customer_safe: str


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A rule that could not be judged, and why."""

    rule_id: str
    name: str
    unknown: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class GroupSum:
    """What a group of signs adds up to, and what of it counts."""

    group: str
    points: int
    counted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The result for one order.

    Attributes:
        coverage: the share of the weight that could be judged, in percent.
        is_thin: so little could be judged that a low score says nothing.
        raises, lowers: what counts, the weightiest first; `notes` is shown and weighs nothing.
        shadow: what rules on trial would have said.
        snoozed: rules that fired and are silent about something in this order.
        hard: rules that settle what is done, whatever the score.
        liability: who bears a fraud loss: `issuer`, `shop`, or empty where nobody has said so.
        not_applicable: rules that have nothing to say of such an order.
        book: version of the rules.
    """

    total: int
    band: Band
    action: Action
    coverage: int
    is_thin: bool
    raises: tuple[Reason, ...] = ()
    lowers: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()
    shadow: tuple[Reason, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    groups: tuple[GroupSum, ...] = ()
    snoozed: tuple[str, ...] = ()
    hard: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    liability: str = ""
    book: str = ""

    @property
    def fired(self) -> tuple[str, ...]:
        """Every rule that fired, those on trial and the silent ones included."""
        reasons = (*self.raises, *self.lowers, *self.notes, *self.shadow)
        return tuple(sorted({reason.rule_id for reason in reasons} | set(self.snoozed)))

    @property
    def words(self) -> str:
        """Say the band for staff: a low score on thin data is no good news."""
        return "thin data" if self.is_thin and self.band is Band.LOW else self.band.value


@dataclass(slots=True)
class Asked:
    """What the rules answered for one order."""

    fired: list[Rule] = field(default_factory=list)
    unknown: list[Rule] = field(default_factory=list)
    not_applicable: list[Rule] = field(default_factory=list)


def ask(rules: tuple[Rule, ...], facts: Facts) -> Asked:
    """Ask each rule; one that is neither fired, unknown nor out of place is clear."""
    asked = Asked()
    for rule in rules:
        if rule.applies is not None and rule.applies.run(facts) is False:
            asked.not_applicable.append(rule)
            continue
        answer = rule.when.run(facts)
        if answer is True:
            asked.fired.append(rule)
        elif answer is None:
            asked.unknown.append(rule)
    return asked


def add_up(book: RuleBook, fired: list[Rule]) -> tuple[int, dict[str, int]]:
    """Return the score of live rules that fired, and the sum of each group before its cap."""
    sums: dict[str, int] = {}
    for rule in fired:
        sums[rule.group] = sums.get(rule.group, 0) + rule.points
    groups = book.groups
    total = sum(max(-groups[code].cap, min(groups[code].cap, points)) for code, points in sums.items())
    return max(0, min(100, total)), sums


def action_of(total: int, fired: list[Rule], bands: Bands) -> Action:
    """Return what is done: a cancel proposal first, then trust, then a hard hold, then the band."""
    kinds = {rule.kind for rule in fired}
    if RuleKind.HARD_CANCEL in kinds:
        return Action.PROPOSE_CANCEL
    if RuleKind.PASS in kinds:
        return Action.RELEASE
    if RuleKind.HARD_HOLD in kinds or total >= bands.hold_from:
        return Action.HOLD
    return Action.REVIEW if total >= bands.review_from else Action.RELEASE


def score(
    book: RuleBook, sheet: FactSheet, *, bands: Bands | None = None, snoozed: frozenset[str] = frozenset()
) -> Score:
    """Score the facts of one order by all rules of the book; snoozed rules are asked, and weigh nothing."""
    bands = bands or Bands()
    asked = ask(book.active, sheet.facts)
    silent = [rule for rule in asked.fired if rule.id in snoozed and not rule.is_hard]
    live = [rule for rule in asked.fired if rule.state is RuleState.LIVE and rule not in silent]
    total, sums = add_up(book, live)
    coverage = _coverage(book, asked)
    reasons = sorted((_reason(rule, sheet.facts) for rule in live), key=_rank)
    return Score(
        total=total,
        band=bands.of(total),
        action=action_of(total, live, bands),
        coverage=coverage,
        is_thin=coverage < bands.thin_below,
        raises=tuple(reason for reason in reasons if reason.points > 0),
        lowers=tuple(reason for reason in reasons if reason.points < 0),
        notes=tuple(reason for reason in reasons if reason.points == 0),
        shadow=tuple(_reason(rule, sheet.facts) for rule in asked.fired if rule.state is RuleState.SHADOW),
        not_checked=tuple(_not_checked(rule, sheet) for rule in asked.unknown if rule.state is RuleState.LIVE),
        groups=tuple(_group_sum(book, code, points) for code, points in sorted(sums.items())),
        snoozed=tuple(rule.id for rule in silent),
        hard=tuple(rule.id for rule in live if rule.is_hard),
        not_applicable=tuple(rule.id for rule in asked.not_applicable),
        liability=str(sheet.facts.get("payment.liability", "")),
        book=book.version,
    )


def _coverage(book: RuleBook, asked: Asked) -> int:
    """Return the evaluable share of the weight of live rules that have something to say, in percent."""
    left_out = {rule.id for rule in asked.not_applicable}
    applicable = sum(
        abs(rule.points) for rule in book.active if rule.state is RuleState.LIVE and rule.id not in left_out
    )
    unknown = sum(abs(rule.points) for rule in asked.unknown if rule.state is RuleState.LIVE)
    return (applicable - unknown) * 100 // applicable if applicable else 0


def _reason(rule: Rule, facts: Facts) -> Reason:
    return Reason(
        rule.id,
        rule.version,
        rule.group,
        rule.points,
        rule.severity,
        rule.kind,
        rule.agent.say(facts),
        rule.customer_safe,
    )


_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(Severity)}


def _rank(reason: Reason) -> tuple[int, int, str]:
    return (-abs(reason.points), _SEVERITY_RANK[reason.severity], reason.rule_id)


def _not_checked(rule: Rule, sheet: FactSheet) -> NotChecked:
    unknown = rule.when.unknown_names(sheet.facts)
    why = next((sheet.why_unknown[name] for name in unknown if name in sheet.why_unknown), "")
    return NotChecked(rule.id, rule.name, unknown, why)


def _group_sum(book: RuleBook, code: str, points: int) -> GroupSum:
    cap = book.groups[code].cap
    return GroupSum(code, points, max(-cap, min(cap, points)))
