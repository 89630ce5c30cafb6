"""Trust or block one value of an order, or trust it before one rule alone: a digit, and why; all of it ends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.evidence.entities import Entity
from opsdesk.domain.fraud.spans import BLOCK_DAYS, SNOOZE_DAYS, TRUST_DAYS
from opsdesk.operations.fraud.lists import block, snooze, trust
from opsdesk.screens.frame.panels import FormPanel
from opsdesk.screens.fraud.seen import Seen
from opsdesk.widgets.choices import Choice, Choices
from opsdesk.widgets.fields import Field

if TYPE_CHECKING:
    from opsdesk.store.work import Done  # noqa: F401  the base class names it in quotes

_LISTED = (Entity.EMAIL, Entity.CARD, Entity.ADDRESS, Entity.PHONE, Entity.CUSTOMER)
"""The same values have the same digits on every case: 1 to 5 trust them, 6 to 0 block them."""


class ListingPanel(FormPanel["Done"]):
    """What the order says of who placed it, to be trusted or blocked for a year."""

    BODY_FOCUS = "Choices"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["../forms/forms.tcss", "fraud.tcss"]

    def __init__(self, seen: Seen) -> None:
        fields = [
            Field("reason", "why", hint="whoever reads the list in a year must understand it", longest=200),
            Field("rule", "one rule", hint="silent about it, e.g. EML-04; empty: trusted before all", longest=20),
        ]
        super().__init__(f"TRUST OR BLOCK: {seen.facts.number}", fields)
        self.order_id = seen.sheet.order_id
        shown = {row.what: row.shown for row in seen.sheet.identity}
        self.list = Choices(
            [
                Choice(f"{verb}:{entity.value}", f"{verb} the {entity.word}", shown.get(entity.word, ""))
                for verb in ("trust", "block")
                for entity in _LISTED
            ]
        )
        self.form.add_class("form--below")
        self.picked = ""

    def compose_body(self) -> ComposeResult:
        """Yield the values above the reason."""
        yield self.list
        yield self.form

    def on_mount(self) -> None:
        """Say what comes of it."""
        self.say("Trusted: what the rules find does not hold it. Blocked: its orders are held.", hint="for a year")

    def focus_body(self) -> None:
        """Begin with the list."""
        self.set_focus(self.list)

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "BLOCK IT" if self.picked.startswith("block") else "TRUST IT"

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say that something has to be picked first."""
        if action == "commit" and not self.picked:
            return "Pick a value first: press its digit."
        return None if action == "choices" else super().why_not(action, *parameters)

    def action_choices(self) -> None:
        """Go back to the list."""
        self.set_focus(self.list)

    @on(Choices.Chosen)
    def _chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        self.picked = event.key
        self.form.focus_field("reason")
        self.show_keys()

    def commit(self, values: Mapping[str, str]) -> None:
        """Put the value on the list."""
        verb, _, entity = self.picked.partition(":")
        if verb == "block" and values["rule"].strip():
            self.show_refusal(Invalid("rule", "What is blocked is blocked before every rule. Leave this empty."))
        elif verb == "block":
            self.carry_out(block, Entity(entity), order_id=self.order_id, reason=values["reason"], days=BLOCK_DAYS)
        elif rule := values["rule"].strip().upper():
            why, days = values["reason"], SNOOZE_DAYS
            self.carry_out(snooze, rule, Entity(entity), order_id=self.order_id, reason=why, days=days)
        elif verb == "trust":
            self.carry_out(trust, Entity(entity), order_id=self.order_id, reason=values["reason"], days=TRUST_DAYS)
