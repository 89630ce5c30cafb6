"""Rules as rows and lines: state as symbol and word, whose it is, how right it was, and what it says in full."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from textual.content import Content

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.learning.precision import Share
from opsdesk.domain.fraud.rules import Rule, RuleKind, RuleState
from opsdesk.screens.order.words import moment
from opsdesk.store.views.fraud.rules import RuleLine
from opsdesk.theme import Tone
from opsdesk.widgets.paper import paragraph
from opsdesk.widgets.rows import Cell, Column, Row

_WIDE = 100
"""From this width on the list itself says how far a rule's record can be believed."""
COLUMNS = (
    Column("group", "GROUP", 12, needs=_WIDE),
    Column("id", "ID", 9),
    Column("name", "RULE", 16, grows=True),
    Column("points", "PTS", 4, "right"),
    Column("state", "STATE", 10),
    Column("who", "VERSION", 12, needs=90),
    Column("fired", "FIRED", 5, "right"),
    Column("right", "FRAUD AMONG THEM", 28, needs=_WIDE),
    Column("short", "FRAUD", 8, needs=0, until=_WIDE),
)
STATE_LOOKS: Mapping[str, tuple[str, Tone]] = {
    RuleState.LIVE: ("ready", Tone.GOOD),
    RuleState.SHADOW: ("open", Tone.NOW),
    RuleState.OFF: ("gone", Tone.DIM),
    "trial": ("asked", Tone.DOUBT),
    "broken": ("wrong", Tone.ALARM),
}
KIND_WORDS: Mapping[RuleKind, str] = {
    RuleKind.SCORE: "adds to the score",
    RuleKind.HARD_HOLD: "holds the order whatever the score",
    RuleKind.HARD_CANCEL: "proposes to cancel, whatever the score",
    RuleKind.PASS: "lets the order pass, whatever the score",
}
_PLAIN, _DIM = Tone.PLAIN.style, Tone.DIM.style
Symbol = Callable[[str], str]


def state_word(line: RuleLine) -> str:
    """Return the word for how a rule stands."""
    if line.rule is None:
        return "broken"
    return "trial" if line.is_trial else line.rule.state.value


def row_of(line: RuleLine, symbol: Symbol, *, is_first: bool, colour_from: int) -> Row:
    """Return a rule as a row; only the first one of a group names it."""
    word = state_word(line)
    mark, tone = STATE_LOOKS[word]
    rule = line.rule
    quiet = Tone.PLAIN if word in ("live", "trial", "shadow") else Tone.DIM
    right, share = _right(line.record.precision, colour_from), line.record.precision
    who = f"{symbol('changed')} {line.revision} {line.author}" if line.is_own else "shipped"
    return (
        Cell(line.group if is_first else "", Tone.DIM),
        Cell(line.key, quiet),
        Cell(rule.name if rule is not None else "cannot be read any more", quiet),
        Cell(points_words(rule) if rule is not None else "", quiet),
        Cell(f"{symbol(mark)} {word}", tone),
        Cell(who, Tone.CHANGED if line.is_own else Tone.DIM),
        Cell(f"{line.record.hits:,}" if line.record.hits else "-", quiet if line.record.hits else Tone.DIM),
        Cell(share.words if share.of else "-", right),
        Cell(f"{share.hits} of {share.of}" if share.of else "-", right),
    )


def _right(share: Share, colour_from: int) -> Tone:
    """Return the tone of a precision; it has a colour only where enough orders are labelled to mean anything."""
    if share.of < colour_from or share.value is None:
        return Tone.DIM
    return Tone.GOOD if share.value >= 0.5 else Tone.LOOK


def points_words(rule: Rule) -> str:
    """Say what a rule weighs."""
    return f"{rule.points:+d}".replace("-", "−") if rule.points else "0"


def rule_lines(line: RuleLine, book: FraudBook, now: datetime, zone: ZoneInfo, width: int) -> Iterator[Content]:
    """Return a rule in full: what it asks, what it does, what is said of it, and who wrote it."""
    rule = line.rule
    if rule is None:
        said = f"{line.key} is left out: {line.problem} Edit it, or withdraw it with x."
        yield from paragraph(said, width, style=Tone.ALARM.style)
        return
    yield from paragraph(f"when {rule.when.text}", width, style=f"bold {_PLAIN}")[:3]
    if rule.applies is not None:
        yield from paragraph(f"only where {rule.applies.text}", width)[:1]
    if line.record.precision.of and width < _WIDE:
        yield from paragraph(f"fraud among its hits: {line.record.precision.words}", width)[:1]
    safe = book.phrases.say(rule.customer_safe, "en") or "nothing"
    yield from paragraph(f"staff read: {rule.agent.text}", width, style=_DIM)[:1]
    yield from paragraph(f"customers may be told: {safe}", width, style=_DIM)[:1]
    group = book.rules.groups.get(rule.group)
    weight = f"{line.group}, at most {group.cap} together" if group is not None else line.group
    does = f"{_since(line, rule, book, now, zone)} {KIND_WORDS[rule.kind].capitalize()}; {weight}."
    yield from paragraph(does, width, style=_DIM)[:2]
    if line.record.last:
        last = ", ".join(f"{number} {outcome.value}" for number, outcome in line.record.last)
        yield from paragraph(f"last hits: {last}", width, style=_DIM)[:1]


def _since(line: RuleLine, rule: Rule, book: FraudBook, now: datetime, zone: ZoneInfo) -> str:
    if line.written_at is None:
        return f"Shipped, since {rule.since:%d %b %Y}."
    told = f"Version {line.revision}, {moment(line.written_at, now, zone)} by {line.author}."
    note = f" Because: {line.note}." if line.note else ""
    if rule.state is not RuleState.SHADOW:
        return told + note
    ends = rule.since + timedelta(days=book.thresholds.learning.trial_days)
    beside = "On trial beside the version that counts" if line.is_trial else "Judging in silence"
    return f"{beside} until {ends:%d %b}. {told}{note}"
