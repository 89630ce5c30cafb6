"""Why an order has its score: each rule with what it asks, what it found, what it weighs, and what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.expressions.kinds import Facts, Vocabulary
from opsdesk.domain.fraud.rules import Rule, shown_fact
from opsdesk.domain.fraud.scoring import NotChecked, Reason
from opsdesk.screens.frame.panels import DeskPanel
from opsdesk.screens.fraud.seen import Seen
from opsdesk.store.views.fraud.rule_record import RuleSoFar, rules_so_far
from opsdesk.theme import Tone
from opsdesk.widgets.key_bar import BarKey
from opsdesk.widgets.paper import Paper, heading, paragraph, row

_PLAIN, _DIM = Tone.PLAIN.style, Tone.DIM.style


Records = Mapping[str, RuleSoFar]


def why_lines(seen: Seen, book: FraudBook, records: Records, width: int) -> list[Content]:
    """Return the rules that judged the order, those that weigh most first, each with how it has done so far."""
    score = seen.sheet.score
    if score is None:
        return paragraph("No rules have judged this order yet.", width, style=_DIM)
    lines = [heading("THAT COUNT", width, f"{score.total} {score.words}, {score.coverage} % judged")]
    for reason in (*score.raises, *score.lowers, *score.notes):
        lines += _fired(reason, book, seen.sheet.known, width)
        lines += _so_far(records.get(reason.rule_id), width)
    lines += _groups(seen, book, width)
    if score.not_checked:
        lines += [Content(""), heading("THAT NOBODY COULD JUDGE", width)]
        for unknown in score.not_checked:
            lines += _unknown(unknown, width)
    if score.shadow:
        lines += [Content(""), heading("ON TRIAL, WEIGHING NOTHING", width)]
        for reason in score.shadow:
            lines += _fired(reason, book, seen.sheet.known, width)
    return lines


def _fired(reason: Reason, book: FraudBook, known: Facts, width: int) -> list[Content]:
    rule = book.rules.find(reason.rule_id)
    tone = Tone.GOOD if reason.points < 0 else Tone.LOOK if reason.points else Tone.PLAIN
    points = f"{reason.points:+d}".replace("-", "−") if reason.points else "·"
    lines = [
        row((points, -4, f"bold {tone.style}"), (reason.rule_id, 9, _DIM), (reason.agent, max(8, width - 15), _PLAIN))
    ]
    if rule is None:
        return [*lines, Content.styled(" " * 15 + "The shop has no such rule any more.", _DIM)]
    lines += paragraph(f"when {rule.when.text}", width, style=_DIM, indent=15)[:2]
    lines += paragraph(inputs_of(rule, book.vocabulary, known), width, style=Tone.COLD.style, indent=15)[:2]
    about = (
        f"{rule.name}; group {rule.group}, version {reason.version[:7]} since {rule.since:%d %b %Y} by {rule.author}"
    )
    changed = "" if rule.version == reason.version else "; it has changed since"
    return [*lines, *paragraph(about + changed, width, style=_DIM, indent=15)[:1]]


def _so_far(record: RuleSoFar | None, width: int) -> list[Content]:
    if record is None:
        return []
    last = ", ".join(f"{number} {outcome.value}" for number, outcome in record.last)
    words = f"fraud so far: {record.precision.words}" if record.precision.of else "no order that it hit is labelled yet"
    said = f"{words}; last hits: {last}" if last else words
    return paragraph(said, width, style=_DIM, indent=15)[:2]


def inputs_of(rule: Rule, vocabulary: Vocabulary, known: Facts) -> str:
    """Return what the rule asks for, each with what was found; a text from outside is shown as it is."""
    found = {
        name: "unknown" if known.get(name) is None else shown_fact(known, name, vocabulary.facts[name].kind)
        for name in rule.names
    }
    return ", ".join(f"{name} = {shown}" for name, shown in found.items())


def _groups(seen: Seen, book: FraudBook, width: int) -> Iterator[Content]:
    score = seen.sheet.score
    capped = [group for group in score.groups if group.points != group.counted] if score is not None else []
    for group in capped:
        name = book.rules.groups[group.group].name if group.group in book.rules.groups else group.group
        said = f"{name}: {group.points} together, of which {group.counted} count, for they say the same."
        yield from paragraph(said, width, style=Tone.COLD.style)


def _unknown(unknown: NotChecked, width: int) -> list[Content]:
    why = unknown.why or f"unknown: {', '.join(unknown.unknown[:3])}"
    return [
        row(("?", -4, _DIM), (unknown.rule_id, 9, _DIM), (f"{unknown.name}: {why}", max(8, width - 15), _PLAIN)),
    ]


class WhyPanel(DeskPanel[None]):
    """The rules of one score, to be read; PgUp and PgDn turn."""

    BODY_FOCUS = ".why--rules"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["fraud.tcss"]

    def __init__(self, seen: Seen, book: FraudBook) -> None:
        super().__init__(f"WHY {seen.facts.number}")
        self.seen, self.book = seen, book

    def compose_body(self) -> ComposeResult:
        """Yield the rules."""
        with VerticalScroll(classes="why--rules", can_focus=True):
            yield Paper(lambda width: why_lines(self.seen, self.book, {}, width), id="why-rules")

    async def load(self) -> None:
        """Read how the rules have done so far; the rest is there at once."""
        score = self.seen.sheet.score
        if score is None:
            return
        ids = [reason.rule_id for reason in (*score.raises, *score.lowers, *score.notes)]
        good_after = self.book.thresholds.learning.good_after
        disputes, now = self.book.codes.disputes, self.desk.clock()
        found = await self.fetch(rules_so_far, ids, disputes=disputes, now=now, good_after=good_after)
        if found is not None and self.is_attached:
            paper = self.query_one("#why-rules", Paper)
            paper.show(lambda width: why_lines(self.seen, self.book, found, width))

    def panel_keys(self) -> Sequence[BarKey]:
        """Return how to read it."""
        return (BarKey("screen.commit", "PgDn", "more", None), BarKey("screen.back", "F3", "back"))
