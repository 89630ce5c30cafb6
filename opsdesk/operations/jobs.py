"""One command over many marked orders: rehearsed first, carried out one by one, taken back as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from uuid import uuid4

from opsdesk.domain.errors import OpsDeskError, Refused, Unavailable
from opsdesk.operations.undo import undo
from opsdesk.store.tables import JobRow, JobStepRow
from opsdesk.store.work import Done, Operation, Performer, Work, operation

MOST_TARGETS = 1_000
"""A job over more than this is a mistake or an import."""


class Outcome(StrEnum):
    """What became of one order in a job."""

    DONE = "done"
    LEFT_OUT = "left_out"
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True)
class Target:
    """An order as it was when it was marked."""

    order_id: int
    number: str
    version: int


@dataclass(frozen=True, slots=True)
class JobCommand:
    """What is done with each order; `takes_version` where it must be as it was when it was marked."""

    operation: Operation[...]
    arguments: Mapping[str, object] = field(default_factory=dict)
    takes_version: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one order, and the sentence about it."""

    target: Target
    outcome: Outcome
    message: str


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a job did, order by order; `job_id` takes it back."""

    job_id: str
    steps: tuple[Step, ...]

    @property
    def done(self) -> int:
        """How many orders it was done with."""
        return sum(step.outcome is Outcome.DONE for step in self.steps)

    @property
    def left_out(self) -> tuple[Step, ...]:
        """The orders that it was not done with, each with its reason."""
        return tuple(step for step in self.steps if step.outcome is Outcome.LEFT_OUT)

    @property
    def message(self) -> str:
        """What happened, in one line: `14 done, 1 left out: 104458 is cancelled.`"""
        if not self.left_out:
            return f"{self.done} done."
        return f"{self.done} done, {len(self.left_out)} left out: {self.left_out[0].message}"


Progress = Callable[[Step], None]


def rehearse(performer: Performer, command: JobCommand, targets: Sequence[Target]) -> JobResult:
    """Say what the job would do, by doing it and taking each step back before it is saved.

    Raises:
        Refused: too many orders are marked.
    """
    _require_sensible(targets)
    steps = [_attempt(partial(performer.rehearse, _call(command, target)), target) for target in targets]
    return JobResult("", tuple(steps))


def run_job(
    performer: Performer, command: JobCommand, targets: Sequence[Target], *, progress: Progress | None = None
) -> JobResult:
    """Carry the command out order by order; one that is refused is left out with its reason, and the others go on.

    Raises:
        Refused: too many orders are marked.
        Unavailable: the store stopped answering; what was done so far stays done.
    """
    _require_sensible(targets)
    job_id = str(uuid4())
    performer.perform(begin_job, job_id=job_id, command=command.operation.name)
    steps = []
    for target in targets:
        carry_out = partial(performer.perform_as, f"{job_id}:{target.order_id}", _step(command, job_id, target))
        step = _attempt(carry_out, target)
        if step.outcome is Outcome.LEFT_OUT:
            performer.perform(note_step, job_id=job_id, target=target, message=step.message)
        steps.append(step)
        if progress is not None:
            progress(step)
    performer.perform(finish_job, job_id=job_id)
    return JobResult(job_id, tuple(steps))


def undo_job(performer: Performer, result: JobResult) -> JobResult:
    """Take back every step of a job that can be; those that have moved on stay, with the reason."""
    done = [step.target for step in result.steps if step.outcome is Outcome.DONE]
    steps = [
        _attempt(partial(performer.perform, undo, f"{result.job_id}:{target.order_id}"), target) for target in done
    ]
    return JobResult("", tuple(steps))


@operation("job.begin")
def begin_job(work: Work, *, job_id: str, command: str) -> Done:
    """Write down that a job has begun."""
    work.add(JobRow(id=job_id, command=command, actor=work.actor.name, started_at=work.now))
    return Done("The job has begun.")


@operation("job.note_step")
def note_step(work: Work, *, job_id: str, target: Target, message: str) -> Done:
    """Write down why an order was left out."""
    work.add(_step_row(job_id, target, Outcome.LEFT_OUT, message, ""))
    return Done(message)


@operation("job.finish")
def finish_job(work: Work, *, job_id: str) -> Done:
    """Write down that the job is over."""
    job = work.desks.job(job_id)
    job.finished_at = work.now
    steps = work.desks.steps(job_id)
    done = sum(step.outcome == Outcome.DONE for step in steps)
    work.record("job.finished", "job", 0, f"{job.command} over {len(steps)} orders: {done} done", after=job_id)
    return Done(f"{done} done.")


def _call(command: JobCommand, target: Target) -> Operation[[]]:
    version = {"version": target.version} if command.takes_version else {}

    def call(work: Work) -> Done:
        return command.operation(work, target.order_id, **version, **command.arguments)

    return Operation(command.operation.name, call)


def _step(command: JobCommand, job_id: str, target: Target) -> Operation[[]]:
    call = _call(command, target)

    def step(work: Work) -> Done:
        done = call(work)
        work.add(_step_row(job_id, target, Outcome.DONE, done.message, work.command_id))
        return done

    return Operation(command.operation.name, step)


def _step_row(job_id: str, target: Target, outcome: Outcome, message: str, command_id: str) -> JobStepRow:
    return JobStepRow(
        job_id=job_id,
        order_id=target.order_id,
        number=target.number,
        outcome=outcome.value,
        message=message,
        command_id=command_id,
    )


def _attempt(carry_out: Callable[[], Done], target: Target) -> Step:
    try:
        return Step(target, Outcome.DONE, carry_out().message)
    except Unavailable:
        raise
    except OpsDeskError as error:
        return Step(target, Outcome.LEFT_OUT, error.message)


def _require_sensible(targets: Sequence[Target]) -> None:
    if not targets:
        raise Refused("No order is marked. Mark some with Space first.")
    if len(targets) > MOST_TARGETS:
        raise Refused(f"{len(targets)} orders are marked; a job takes at most {MOST_TARGETS}. Mark fewer.")
