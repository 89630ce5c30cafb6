"""Settling what came in from a gateway and nobody had asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from opsdesk.operations.payments.gateway_events import settle_event
from opsdesk.screens.frame.panels import FormPanel
from opsdesk.store.views.money.tasks import MoneyTask
from opsdesk.widgets.fields import Field
from opsdesk.widgets.paper import Paper, paragraph

if TYPE_CHECKING:
    from opsdesk.store.work import Done  # noqa: F401  the base class names it in quotes


class EventPanel(FormPanel["Done"]):
    """What the gateway told, and a note of what was done about it."""

    def __init__(self, task: MoneyTask) -> None:
        super().__init__("UNEXPECTED", [Field("note", "what was done", hint="e.g. refunded at the gateway, told Ada")])
        self.event = task

    def compose_body(self) -> ComposeResult:
        """Yield what it is about, then the note."""
        yield Paper(lambda width: paragraph(self._said, width), classes="form--order")
        yield self.form

    @property
    def _said(self) -> str:
        amount, said = str(self.event.amount), self.event.said
        return said if amount in said else f"{amount}: {said}"

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "SETTLED"

    def commit(self, values: Mapping[str, str]) -> None:
        """Close the event."""
        gateway, _, event_id = self.event.subject.partition(":")
        self.carry_out(settle_event, gateway, event_id, note=values["note"])
