"""A back-test: one rule over every past order, off the screen's own thread, with how far it is; then the difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.learning.backtest import BacktestReport, Bucket, Difference
from opsdesk.domain.fraud.learning.labels import Label
from opsdesk.domain.fraud.rules import Rule, RuleState
from opsdesk.operations.fraud.backtests import order_count, try_rule
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.panels import DeskPanel
from opsdesk.store.views.fraud.rules import RuleLine
from opsdesk.theme import Tone
from opsdesk.widgets.key_bar import BarKey
from opsdesk.widgets.paper import Paper, heading, paragraph, row

_PLAIN, _DIM = Tone.PLAIN.style, Tone.DIM.style
_SHOWN_EVERY_S = 0.3
_LABELS = ((Label.FRAUD, "fraud"), (Label.LEGIT, "genuine"), (Label.SUSPECTED, "cancelled"), (Label.UNKNOWN, "unknown"))


@dataclass(frozen=True, slots=True)
class Words:
    """How a difference is told: of a rule that counts already it is what that rule does now."""

    title: str
    held: str
    passed: str
    before: str
    after: str


_IF = Words("If it counted", "newly held", "newly passed", "before", "after")
_NOW = Words("What it does now", "held by it", "passed by it", "without it", "with it")


class BacktestPanel(DeskPanel[None]):
    """Runs as soon as it is open. F3 stops it with the figures so far, and once more closes it."""

    BODY_FOCUS = "#backtest-body"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["rules.tcss"]

    def __init__(self, line: RuleLine, rule: Rule, book: FraudBook) -> None:
        super().__init__(f"BACK-TEST OF {line.key}")
        self.rule = replace(rule, id=line.rule_id)
        self.book = book
        self.counts_already = not line.is_trial and rule.state is RuleState.LIVE
        self.is_wanted = True
        self.is_trying = True
        self.total = 0
        self.seen = 0
        self.report: BacktestReport | None = None

    def compose_body(self) -> ComposeResult:
        """Yield how far it is, and then the difference."""
        with VerticalScroll(id="backtest-body", can_focus=True):
            yield Paper(self._far, id="backtest-paper")

    def on_mount(self) -> None:
        """Show how far it is while it runs."""
        self._ticking = self.set_interval(_SHOWN_EVERY_S, self._tick)

    async def load(self) -> None:
        """Begin; the panel can be left at any time."""
        if self.report is None and self.seen == 0:
            self.total = await self.fetch(order_count) or 0
            run_latest(self, self._try, "backtest")

    async def _try(self) -> None:
        try:
            self.report = await self.desk.run(
                try_rule, self.desk.store, self.book, self.rule, now=self.desk.clock(), progress=self._progressed
            )
        except OpsDeskError as error:
            self.show_refusal(error)
        self.is_trying = False
        if not self.is_attached:
            return
        self._ticking.stop()
        report = self.report
        if report is not None:
            self.query_one("#backtest-paper", Paper).show(lambda width: tuple(self._told(report, width)))
            done = "Every order was judged by what was known when it was placed."
            self.say(done if report.is_complete else "Stopped: the figures are those of the orders so far.")
        self.show_keys()

    def _progressed(self, done: int) -> bool:
        """Hear on the other thread how many orders are done; it only sets a number, and answers whether to go on."""
        self.seen = done
        return self.is_wanted

    def _tick(self) -> None:
        if self.is_trying:
            self.query_one("#backtest-paper", Paper).show(self._far)

    def leaving(self) -> bool:
        """Stop what still runs, and stay to show what there is."""
        if self.is_trying and self.is_wanted:
            self.is_wanted = False
            self.say("Stopping ...", hint="F3 closes")
            return False
        return True

    def on_unmount(self) -> None:
        """Stop what nobody looks at any more."""
        self.is_wanted = False

    def panel_keys(self) -> Sequence[BarKey]:
        """Return how to stop it, or how to read it."""
        if self.is_trying:
            return (BarKey("screen.back", "F3", "stop"),)
        return (BarKey("screen.commit", "PgDn", "more", None), BarKey("screen.back", "F3", "back"))

    def _far(self, width: int) -> Sequence[Content]:
        cells = max(8, min(50, width - 40))
        share = min(1.0, self.seen / self.total) if self.total else 0.0
        bar = "▓" * int(share * cells) + "─" * (cells - int(share * cells))
        total = f"{self.seen:,} of about {self.total:,} orders ({int(share * 100)} %)"
        question = "with it against without it" if self.counts_already else "as if it counted"
        return (
            *paragraph(f"{self.rule.name}: {question}, over every past order.", width, style=_DIM),
            Content(""),
            Content.assemble((bar, Tone.NOW.style), (f"  {total}", _PLAIN)),
        )

    def _told(self, report: BacktestReport, width: int) -> Iterator[Content]:
        words = _NOW if self.counts_already else _IF
        yield from paragraph(f"{words.title}: {self.rule.name}, when {self.rule.when.text}", width, style=_DIM)[:2]
        yield Content("")
        yield from difference_lines("ALL ORDERS", report.whole, words, width)
        if report.cut is not None:
            since = report.cut.astimezone(self.desk.zone)
            yield Content("")
            yield from difference_lines("THE LAST FIFTH", report.recent, words, width, note=f"since {since:%d %b %Y}")


def difference_lines(title: str, found: Difference, words: Words, width: int, *, note: str = "") -> Iterator[Content]:
    """Return what would be different: orders by what they turned out to be, work, and how right it was."""
    days = "1 day" if found.days == 1 else f"{found.days:,} days"
    yield heading(title, width, note or f"{found.orders:,} in {days}")
    heads = [(word, -10, _DIM) for _, word in _LABELS]
    yield row(("", 14, _DIM), ("orders", -8, _DIM), *heads)
    yield _bucket(words.held, found.newly_held)
    yield _bucket(words.passed, found.newly_passed)
    work = f"{found.minutes:+,} minutes of work, {found.minutes_a_day:+.1f} a day".replace("-", "−")
    yield from paragraph(
        f"held {found.held_before:,} {words.before}, {found.held_after:,} {words.after}: {work}", width
    )
    for hits in found.hits:
        said = f"{hits.rule_id} fired {hits.hits:,} times; fraud among them: {hits.precision.words}"
        yield from paragraph(said, width)
    yield from _money(found, width)


def _bucket(title: str, bucket: Bucket) -> Content:
    counts = [(f"{bucket.count(label):,}", -10, _PLAIN if bucket.count(label) else _DIM) for label, _ in _LABELS]
    return row((title, 14, _PLAIN), (f"{bucket.orders:,}", -8, f"bold {_PLAIN}"), *counts)


def _money(found: Difference, width: int) -> Iterator[Content]:
    caught = ", ".join(map(str, found.newly_held.fraud))
    annoyed = ", ".join(map(str, found.newly_held.good))
    if caught or annoyed:
        said = f"fraud caught: {caught or 'nothing'}; genuine orders stopped: {annoyed or 'nothing'}"
        yield from paragraph(said, width, style=_DIM)
