"""Panels of the rules: how a rule stands, and one rule asked about one order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.rules import Rule, RuleState
from opsdesk.operations.fraud.rules import set_state
from opsdesk.screens.frame.panels import FormPanel
from opsdesk.screens.fraud.rules.checking import answer_lines, symbols
from opsdesk.store.views.fraud.rules import RuleLine, known_order
from opsdesk.widgets.choices import Choice, Choices
from opsdesk.widgets.fields import Field
from opsdesk.widgets.form import Form
from opsdesk.widgets.paper import Paper

if TYPE_CHECKING:
    from opsdesk.store.work import Done  # noqa: F401  the base class names it in quotes

_STATES = (
    (RuleState.LIVE, "live", "it counts"),
    (RuleState.SHADOW, "shadow", "it judges in silence, and its hits are kept"),
    (RuleState.OFF, "off", "it is not asked"),
)


class RuleStatePanel(FormPanel["Done"]):
    """A digit says how the rule stands, F9 does it; before its trial is over a note must say why it counts."""

    BODY_FOCUS = "Choices"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["../../forms/forms.tcss", "rules.tcss"]

    def __init__(self, line: RuleLine, book: FraudBook) -> None:
        hint = "why; needed where it counts before its trial is over"
        super().__init__(f"STATE OF {line.key}", [Field("note", "note", hint=hint, longest=200)])
        self.line, self.book = line, book
        self.list = Choices([Choice(state, word, told, self._why_not(state)) for state, word, told in _STATES])
        self.form.add_class("form--below")
        self.picked = ""

    def compose_body(self) -> ComposeResult:
        """Yield the states above the note."""
        yield self.list
        yield self.form

    def focus_body(self) -> None:
        """Begin with the states."""
        self.set_focus(self.list)

    def _why_not(self, state: RuleState) -> str | None:
        rule = self.line.rule
        if rule is not None and rule.state is state:
            return "it is that now"
        return None

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        if not self.picked:
            return "SET IT"
        if self.line.is_trial and self.picked == RuleState.OFF:
            return "END THE TRIAL"
        return {RuleState.LIVE: "LET IT COUNT", RuleState.SHADOW: "SILENCE IT"}.get(
            RuleState(self.picked), "SWITCH IT OFF"
        )

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say that a state has to be picked first."""
        if action == "commit" and not self.picked:
            return "Pick a state first: press its digit."
        return None if action == "choices" else super().why_not(action, *parameters)

    def action_choices(self) -> None:
        """Go back to the states."""
        self.set_focus(self.list)

    @on(Choices.Chosen)
    def _chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        self.picked = event.key
        self.list.point_at(event.key)
        self.form.focus_field("note")
        self.say(f"{self.line.key} becomes {event.key}.", hint="F9 does it, F4 picks another")
        self.show_keys()

    @on(Choices.Refused)
    def _refused(self, event: Choices.Refused) -> None:
        event.stop()
        self.say_no(f"{self.line.key} is {event.key} already.")

    def commit(self, values: Mapping[str, str]) -> None:
        """Set the state."""
        note = values["note"].strip()
        self.carry_out(set_state, self.line.key, state=self.picked, version=self.line.revision, note=note)


class RuleOnOrderPanel(FormPanel[None]):
    """One rule asked about one order, with every fact that it asks for; F9 asks, and nothing is changed."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["../../forms/forms.tcss", "rules.tcss"]

    def __init__(self, key: str, rule: Rule, book: FraudBook) -> None:
        hint = "its number, or the last digits of it"
        super().__init__(f"{key} ON ONE ORDER", [Field("order", "order", hint=hint, longest=60)])
        self.rule, self.book = rule, book

    def compose_body(self) -> ComposeResult:
        """Yield the field above the answer."""
        yield self.form
        yield Paper(id="order-answer")

    def on_mount(self) -> None:
        """Say what is asked."""
        self.say(f"when {self.rule.when.text}")

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "ASK THE RULE"

    def commit(self, values: Mapping[str, str]) -> None:
        """Ask the rule about the order."""
        self.begin(self._ask(values["order"].strip()))

    @on(Form.Completed)
    def _entered(self, event: Form.Completed) -> None:
        event.stop()
        self.commit(self.form.values)

    async def _ask(self, number: str) -> None:
        desk = self.desk
        self.form.clear_errors()
        if not number:
            self.say_no("Type the number of an order first.")
            return
        known = await self.fetch(
            known_order, number, fraud=desk.store.fraud, zone=desk.zone, now=desk.clock()
        )  # fmt: skip
        if known is not None and self.is_attached:
            vocabulary, marks = self.book.vocabulary, symbols(self.host.symbol)
            draw = lambda width: tuple(answer_lines(self.rule, known, vocabulary, marks, width))  # noqa: E731  short
            self.query_one("#order-answer", Paper).show(draw)
            self.say("Judged by what is known of the order now.", hint="F9 asks again")
