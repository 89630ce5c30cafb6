"""Acting on all marked orders: rehearsed first, asked once, a result for each, taken back as one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from textual import work
from textual.screen import Screen

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.queues import QueueLine
from opsdesk.domain.orders.states import Headline
from opsdesk.screens.frame.base import DeskScreen
from opsdesk.widgets.record_table import RecordTable

if TYPE_CHECKING:
    from opsdesk.operations.jobs import JobCommand, JobResult, Step, Target
    from opsdesk.store.work import Operation

_MOST_DETAILS = 6


@dataclass(frozen=True, slots=True)
class Verb:
    """Something that can be done to one order or to many.

    Attributes:
        action: the action of its key.
        label: the words that F9 and the question say.
        operation: the operation, which is also the permission.
        module: where the operation is; imported when it is first used.
        takes_version: True where the order must be as it was when it was marked.
    """

    action: str
    label: str
    operation: str
    module: str
    name: str
    takes_version: bool = False
    arguments: Mapping[str, object] = field(default_factory=dict, hash=False)

    def with_arguments(self, **arguments: object) -> Verb:
        """Return the verb with its arguments chosen."""
        return replace(self, arguments=arguments)

    def function(self) -> Operation[...]:
        """Return the operation itself."""
        from importlib import import_module

        found: Operation[...] = getattr(import_module(self.module), self.name)
        return found


_ORDERS = "opsdesk.operations.orders"
_DESK, _HOLDS, _SHIPPING = f"{_ORDERS}.desk", f"{_ORDERS}.holds", f"{_ORDERS}.shipping"
_SHIP = Verb("ship", "ship", "order.ship", _SHIPPING, "ship", takes_version=True)
_PACK = Verb("pack", "start packing", "order.start_packing", f"{_ORDERS}.packing", "start_packing", takes_version=True)
JOB_VERBS: Mapping[str, Verb] = {
    "hold": Verb("hold", "hold", "order.hold", _HOLDS, "hold", takes_version=True),
    "release": Verb("release", "release", "order.release", _HOLDS, "release", takes_version=True),
    "claim": Verb("claim", "take on", "order.claim", _DESK, "claim"),
    "assign": Verb("assign", "give away", "order.assign", _DESK, "assign"),
    "snooze": Verb("snooze", "snooze", "order.snooze", _DESK, "snooze"),
    "note": Verb("note", "write a note on", "order.note", f"{_ORDERS}.notes", "note"),
    "follow": Verb("follow", "follow", "order.follow", _DESK, "follow"),
    "pack": Verb(
        "pack", "start packing", "order.start_packing", f"{_ORDERS}.packing", "start_packing", takes_version=True
    ),
    "deliver": Verb("deliver", "mark delivered", "order.deliver", _SHIPPING, "deliver", True),
}
"""What can be done to many orders at once, by its action."""


def forward_verb(line: QueueLine) -> Verb | None:
    """Return the one step that brings an order on, as far as its row tells."""
    if line.hold_type is not None:
        return JOB_VERBS["release"]
    steps = {
        Headline.READY: JOB_VERBS["pack"],
        Headline.BEING_PACKED: _SHIP,
        Headline.PARTLY_SHIPPED: _SHIP,
        Headline.SHIPPED: JOB_VERBS["deliver"],
        Headline.AWAITING_PAYMENT: Verb("money", "see to the payment", "payment.record", "", ""),
    }
    return steps.get(line.headline)


class QueueJobs(DeskScreen[None]):
    """The part of the queue that carries things out."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, QueueLine] = {}
        self.marked_versions: dict[str, int] = {}

    @property
    def table(self) -> RecordTable:
        """The list."""
        return self.query_one("#queue", RecordTable)

    def marked_lines(self) -> list[QueueLine]:
        """Return the marked orders, from top to bottom."""
        return [self.lines[key] for key in self.table.marked if key in self.lines]

    def remember_versions(self, keys: Iterable[str]) -> None:
        """Remember marked orders as they are now; one that somebody changes later is left out."""
        self.marked_versions |= {key: self.lines[key].version for key in keys if key in self.lines}

    def marks_changed(self) -> None:
        """Show how many are marked. The screen says how."""

    def do_to_line(self, verb: Verb, line: QueueLine) -> None:
        """Do it to one order."""
        versions = {"version": line.version} if verb.takes_version else {}
        self.carry_out(verb.function(), line.id, **versions, **verb.arguments)

    def act_on_marked(self, verb: Verb) -> None:
        """Do it to all marked orders, after a rehearsal and a question."""
        from opsdesk.screens.queue import job_panels

        count = len(self.table.marked)
        if verb.action == "hold" and not verb.arguments:
            self._ask_first(verb, job_panels.hold_panel(count))
        elif verb.action == "snooze":
            self._ask_first(verb, job_panels.snooze_panel(count, self.desk.clock(), self.desk.zone))
        elif verb.action == "note":
            self._ask_first(verb, job_panels.NoteForAll(count))
        else:
            self._run_job(verb)

    def _ask_first(self, verb: Verb, panel: Screen[str]) -> None:
        def answered(answer: str | None) -> None:
            if answer is not None:
                self._run_job(verb.with_arguments(**_arguments(verb.action, answer)))

        self.app.push_screen(panel, callback=answered)

    @work(exclusive=True, group="job")
    async def _run_job(self, verb: Verb) -> None:
        from opsdesk.operations.jobs import JobCommand, Target, rehearse
        from opsdesk.screens.frame.panels import ConfirmPanel

        lines = self.marked_lines()
        targets = [Target(line.id, line.number, self._version_when_marked(line)) for line in lines]
        command = JobCommand(verb.function(), verb.arguments, verb.takes_version)
        try:
            trial = await self.desk.run(rehearse, self.desk.performer(), command, targets)
        except OpsDeskError as error:
            self.show_refusal(error)
            return
        if trial.done == 0:
            self.say_no(f"None of the {len(targets)} can be done: {trial.left_out[0].message}")
            return
        question = ConfirmPanel(
            f"{verb.label.upper()}: {len(targets)} MARKED",
            _question(verb, trial),
            verb=f"{verb.label} {trial.done}",
            details=_reasons(trial),
        )
        if await self.app.push_screen_wait(question):
            self.begin(self._carry_out_job(command, targets))

    async def _carry_out_job(self, command: JobCommand, targets: list[Target]) -> None:
        from opsdesk.operations.jobs import run_job

        loop, done = asyncio.get_running_loop(), 0

        def progress(step: Step) -> None:
            nonlocal done
            done += 1
            if done % 10 == 0:
                loop.call_soon_threadsafe(self.say, f"{done} of {len(targets)} ... last {step.target.number}")

        try:
            result = await self.desk.run(run_job, self.desk.performer(), command, targets, progress=progress)
        except OpsDeskError as error:
            self.show_refusal(error)
            return
        self.host.note_job(result)
        if self.is_attached:
            self.job_done(result)

    def job_done(self, result: JobResult) -> None:
        """Say what became of the job, and show each order that was left out."""
        more = "\n".join(f"  {step.target.number}  {step.message}" for step in result.left_out[:_MOST_DETAILS])
        self.say_done(result.message, hint="u undoes all of it", more=more)
        self.own_change(step.target.order_id for step in result.steps)

    def own_change(self, order_ids: Iterable[int]) -> None:
        """Show what this terminal has just changed. The screen says how."""

    def _version_when_marked(self, line: QueueLine) -> int:
        return self.marked_versions.get(str(line.id), line.version)


def _arguments(action: str, answer: str) -> dict[str, object]:
    if action == "hold":
        kind = HoldType(answer)
        return {"kind": kind, "reason": kind.label.capitalize()}
    return {"until": datetime.fromisoformat(answer)} if action == "snooze" else {"text": answer}


def _question(verb: Verb, trial: JobResult) -> str:
    if not trial.left_out:
        return f"{verb.label.capitalize()} all {trial.done}?"
    return f"{verb.label.capitalize()} {trial.done}, and leave {len(trial.left_out)} out?"


def _reasons(trial: JobResult) -> tuple[str, ...]:
    shown = [f"{step.target.number}: {step.message}" for step in trial.left_out[:_MOST_DETAILS]]
    more = len(trial.left_out) - len(shown)
    return (*shown, f"and {more} more") if more > 0 else tuple(shown)
