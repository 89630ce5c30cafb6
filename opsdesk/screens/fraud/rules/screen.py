"""The rules of the fraud desk: by group, with state, points, whose version it is, and how right each was so far."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.keys import bindings
from opsdesk.operations.fraud.rules import withdraw
from opsdesk.screens.frame.list_desk import ListDesk
from opsdesk.screens.frame.panels import ConfirmPanel
from opsdesk.screens.fraud.rules.words import COLUMNS, row_of, rule_lines
from opsdesk.store.views.fraud.rules import RuleLine, rule_sheet
from opsdesk.theme import Tone
from opsdesk.widgets.filter_line import FilterLine
from opsdesk.widgets.paper import Paper
from opsdesk.widgets.record_table import RecordTable
from opsdesk.widgets.rows import Row

if TYPE_CHECKING:
    from opsdesk.store.work import Done

_WRITES = {
    "edit": "rule.save",
    "open": "rule.save",
    "add": "rule.save",
    "state": "rule.set_state",
    "withdraw": "rule.withdraw",
}


class RulesScreen(ListDesk):
    """The list, and below it the rule under the pointer in full."""

    PLACE = "RULES"
    NAME_OF_PLACE = "rules"
    KEYS = ("rules", "everywhere")
    TOPICS = frozenset({"rule"})
    BODY_FOCUS = "#rules"
    BINDINGS: ClassVar[list[BindingType]] = bindings("rules")
    CSS_PATH: ClassVar[list[str | PurePath]] = ["rules.tcss"]

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, RuleLine] = {}
        self.book: FraudBook | None = None
        self.words = ""
        self._point_at = ""

    def compose_body(self) -> ComposeResult:
        """Yield the list and the rule in full."""
        yield FilterLine(id="filter")
        yield RecordTable(COLUMNS, id="rules")
        yield Paper(id="rule-full")

    @property
    def line(self) -> RuleLine | None:
        """The rule under the pointer."""
        return self.lines.get(self.pointed_key)

    async def load(self) -> None:
        """Read the rules with their records."""
        found = await self.fetch(rule_sheet, self.desk.store.fraud, now=self.desk.clock())
        if found is None or not self.is_attached:
            return
        self.book = found.book
        self.lines = {line.key: line for line in found.lines}
        self._show_rows()
        if self._point_at:
            self.table.point_at(self._point_at)
            self._point_at = ""
        self.pointed()

    def _show_rows(self) -> None:
        if self.book is None:
            return
        colour_from = self.book.thresholds.learning.colour_from
        words = self.words.casefold().split()
        rows: dict[str, Row] = {}
        group = ""
        for line in self.lines.values():
            if all(word in _searched(line) for word in words):
                first = line.group != group
                rows[line.key] = row_of(line, self.host.symbol, is_first=first, colour_from=colour_from)
                group = line.group
        self.table.show(rows, empty=("No rule reads like this. Esc empties the filter.",))
        own = sum(line.is_own for line in self.lines.values())
        broken = sum(line.rule is None for line in self.lines.values())
        self.show_state(
            (f"filter: {self.words}" if self.words else "", Tone.LOOK),
            (f"{broken} cannot be read" if broken else "", Tone.ALARM),
            (f"{own} your own" if own else "", Tone.CHANGED),
            (f"{len(self.lines)} rules", Tone.DIM),
        )
        self.show_keys()

    def pointed(self) -> None:
        """Show the rule under the pointer in full."""
        line, book = self.line, self.book
        if line is None or book is None:
            self.query_one("#rule-full", Paper).show(lambda _width: ())
            return
        now, zone = self.desk.clock(), self.desk.zone
        self.query_one("#rule-full", Paper).show(lambda width: tuple(rule_lines(line, book, now, zone, width)))

    def subject(self) -> str:
        """Name what the letters act on."""
        return self.line.key if self.line else ""

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say who may write rules, and what cannot be done with this one."""
        if action in ("down", "up", "filter"):
            return None
        if action in _WRITES and (problem := why_not_allowed(self.desk.actor, _WRITES[action])):
            return problem
        if action in (*_WRITES, "backtest", "why") and action != "add":
            return self._why_not_this(action)
        return super().why_not(action, *parameters)

    def _why_not_this(self, action: str) -> str | None:
        line = self.line
        if line is None:
            return "No rule is selected."
        if action == "withdraw":
            return None if line.is_own else f"{line.key} is the shipped rule. s switches it off, e changes it."
        if line.rule is None and action in ("state", "backtest", "why"):
            return f"{line.key} cannot be read any more. Edit it, or withdraw it."
        return None

    def action_edit(self) -> None:
        """Open the rule in the editor."""
        from opsdesk.screens.fraud.rules.editor import RuleEditor

        if self.line is not None and self.book is not None:
            self.app.push_screen(RuleEditor(self.line, self.book), callback=self.closed)

    action_open = action_edit

    def action_add(self) -> None:
        """Begin a new rule."""
        from opsdesk.screens.fraud.rules.editor import RuleEditor

        if self.book is not None:
            self.app.push_screen(RuleEditor(None, self.book), callback=self.closed)

    def action_state(self) -> None:
        """Choose how the rule stands."""
        from opsdesk.screens.fraud.rules.panels import RuleStatePanel

        if self.line is not None and self.book is not None:
            self.app.push_screen(RuleStatePanel(self.line, self.book), callback=self.closed)

    def action_backtest(self) -> None:
        """Run the rule over all past orders."""
        from opsdesk.screens.fraud.rules.backtest import BacktestPanel

        if self.line is not None and self.line.rule is not None and self.book is not None:
            self.app.push_screen(BacktestPanel(self.line, self.line.rule, self.book), callback=self.closed)

    def action_why(self) -> None:
        """Ask the rule about one order."""
        from opsdesk.screens.fraud.rules.panels import RuleOnOrderPanel

        if self.line is not None and self.line.rule is not None and self.book is not None:
            self.app.push_screen(RuleOnOrderPanel(self.line.key, self.line.rule, self.book), callback=self.closed)

    def action_withdraw(self) -> None:
        """Go back to the shipped rule, or end a trial, once somebody has said yes."""
        line = self.line
        if line is None:
            return

        def answered(is_yes: bool | None) -> None:
            if is_yes:
                self.carry_out(withdraw, line.key, version=line.revision)

        kept = "Every version stays in the history."
        if line.is_trial:
            sentence = f"End the trial of {line.rule_id}? The version that counts stays as it is. {kept}"
        elif line.has_shipped:
            sentence = f"Go back to the shipped {line.key}? {kept}"
        else:
            sentence = f"Withdraw {line.key}? It judges no more. {kept}"
        self.app.push_screen(ConfirmPanel(f"WITHDRAW {line.key}", sentence, verb="withdraw it"), callback=answered)

    def action_filter(self) -> None:
        """Go to the filter."""
        self.add_class("-filtering")
        self.set_focus(self.query_one(FilterLine))

    def done(self, done: Done) -> None:
        """Say what was done, and show the rules as they are now, with the pointer on the one that it was done to."""
        super().done(done)
        rule_id = str(done.details.get("rule", ""))
        is_trial = done.details.get("state") == "trial"
        self._point_at = f"{rule_id}~{done.version}" if is_trial else rule_id
        self.reload()

    @on(FilterLine.Filtered)
    def _filtered(self, event: FilterLine.Filtered) -> None:
        self.words = event.text.strip()
        if event.is_final:
            self.set_class(bool(self.words), "-filtering")
            self.focus_body()
        self._show_rows()


def _searched(line: RuleLine) -> str:
    """Return what the filter looks at."""
    rule = line.rule
    told = f"{rule.name} {rule.when.text} {rule.state}" if rule is not None else "broken"
    return f"{line.key} {line.group} {line.author} {told} {'yours' if line.is_own else 'shipped'}".casefold()
