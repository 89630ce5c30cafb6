"""What is asked before something is done to many orders at once: why, until when, which words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from opsdesk.domain.orders.holds import HoldType
from opsdesk.screens.frame.panels import ChoicePanel, FormPanel
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.fields import Field

_MORNING = 9


def hold_panel(count: int) -> ChoicePanel:
    """Ask why the orders are held; the plain reasons come first."""
    return ChoicePanel(f"HOLD {count} ORDERS: WHY", [Choice(kind.value, kind.label) for kind in reversed(HoldType)])


def snooze_times(now: datetime, zone: ZoneInfo) -> tuple[tuple[str, datetime], ...]:
    """Return when orders may come back: soon, tomorrow morning, on Monday, in a week."""
    local = now.astimezone(zone)
    morning = local.replace(hour=_MORNING, minute=0, second=0, microsecond=0)
    to_monday = 7 - local.weekday()
    return (
        ("in one hour", now + timedelta(hours=1)),
        ("in four hours", now + timedelta(hours=4)),
        ("tomorrow morning", morning + timedelta(days=1)),
        ("Monday morning", morning + timedelta(days=to_monday)),
        ("in a week", morning + timedelta(days=7)),
    )


def snooze_panel(count: int, now: datetime, zone: ZoneInfo) -> ChoicePanel:
    """Ask until when the orders are out of the way."""
    entries = [
        Choice(moment.isoformat(), label, f"{moment.astimezone(zone):%a %d %b %H:%M}")
        for label, moment in snooze_times(now, zone)
    ]
    return ChoicePanel(f"SNOOZE {count} ORDERS UNTIL", entries)


class NoteForAll(FormPanel[str]):
    """One note for many orders; closes with its words."""

    DRAFT: ClassVar[str] = "note_for_all"

    def __init__(self, count: int) -> None:
        super().__init__(f"NOTE ON {count} ORDERS", [Field("text", "note", rows=4, longest=2_000)])
        self._count = count

    def commit_label(self) -> str | None:
        """Say how many get the note."""
        return f"NOTE ON {self._count}"

    def commit(self, values: Mapping[str, str]) -> None:
        """Close with the words, if there are any."""
        text = values["text"].strip()
        if text:
            self.dismiss(text)
        else:
            self.form.show_error("text", "The note is empty. Write it, or go back with F3.")
