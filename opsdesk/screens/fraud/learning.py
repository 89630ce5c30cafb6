"""What the fraud desk has learned: right holds, worthwhile looks, one's own gut, samples, and the networks' limits."""

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from opsdesk.domain.people.actors import Role
from opsdesk.keys import bindings
from opsdesk.screens.frame.list_desk import ListDesk
from opsdesk.screens.frame.panels import ChoicePanel
from opsdesk.screens.fraud.learned_rows import COLUMNS, Learned, learned_rows, sample_words
from opsdesk.screens.order.words import moment
from opsdesk.store.views.fraud.learning import Learning, learned
from opsdesk.theme import Tone
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.paper import Paper, paragraph
from opsdesk.widgets.record_table import RecordTable

_LEADS = (Role.SUPERVISOR, Role.ADMIN)
_MOST_LISTED = 60


class LearningScreen(ListDesk):
    """The figures, and below them the one under the pointer in a sentence."""

    PLACE = "LEARNED"
    NAME_OF_PLACE = "learning"
    KEYS = ("learning", "everywhere")
    TOPICS = frozenset()
    BODY_FOCUS = "#learned"
    BINDINGS: ClassVar[list[BindingType]] = bindings("learning")
    CSS_PATH: ClassVar[list[str | PurePath]] = ["fraud.tcss"]

    def __init__(self) -> None:
        super().__init__()
        self.found: Learning | None = None
        self.lines: dict[str, Learned] = {}

    def compose_body(self) -> ComposeResult:
        """Yield the figures, and a place for one of them in full."""
        yield RecordTable(COLUMNS, id="learned")
        yield Paper(id="learned-full")

    @property
    def line(self) -> Learned | None:
        """The figure under the pointer."""
        return self.lines.get(self.pointed_key)

    async def load(self) -> None:
        """Read the figures."""
        fraud, actor = self.desk.store.fraud, self.desk.actor
        if fraud is None:
            self.say_no("This shop was opened without the files of the fraud desk.")
            return
        found = await self.fetch(learned, fraud=fraud, zone=self.desk.zone, now=self.desk.clock(), who=actor.name)
        if found is None or not self.is_attached:
            return
        self.found = found
        self.lines = {line.key: line for line in learned_rows(found, is_lead=actor.role in _LEADS)}
        self.table.show({key: line.row for key, line in self.lines.items()})
        over = sum(month.standing.is_over for month in found.months if not month.has_ended)
        near = sum(month.standing.is_near for month in found.months if not month.has_ended)
        known = found.held[0].right.of
        self.show_state(
            (f"{over} over a limit" if over else "", Tone.ALARM),
            (f"{near} near a limit" if near else "", Tone.LOOK),
            (f"{known} known of {found.held[0].held}", Tone.DIM),
        )
        self.show_keys()
        self.pointed()

    def pointed(self) -> None:
        """Say in full what the figure under the pointer means."""
        told = self.line.told if self.line is not None else ""
        self.query_one("#learned-full", Paper).show(lambda width: paragraph(told, width, style=Tone.DIM.style)[:4])

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say that nothing lies behind most figures."""
        if action in ("down", "up"):
            return None
        if action == "open" and (self.line is None or not self.line.opens):
            return "Nothing lies behind this row. Holds open the rules, samples their orders."
        return super().why_not(action, *parameters)

    def action_open(self) -> None:
        """Open the rules behind the holds, or list the samples."""
        line = self.line
        if line is not None and line.opens == "samples":
            self._list_samples()
        elif line is not None:
            self.go_to("rules")

    def action_rules(self) -> None:
        """Open the rules with the record of each."""
        self.go_to("rules")

    def _list_samples(self) -> None:
        if self.found is None:
            return
        now, zone = self.desk.clock(), self.desk.zone
        entries = [
            Choice(
                str(one.order_id),
                f"{one.number:<9} {one.total!s:>12}",
                f"{sample_words(one)[0]}; passed {moment(one.passed_at, now, zone)}",
            )
            for one in self.found.samples.newest[:_MOST_LISTED]
        ]

        def chosen(key: str | None) -> None:
            if key is not None:
                self.open_named("order", int(key))

        self.app.push_screen(ChoicePanel("PASSED UNSEEN", entries), callback=chosen)
