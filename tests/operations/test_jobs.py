"""One command over many orders: rehearsed, carried out one by one, left out with a reason, taken back as one."""

from __future__ import annotations

import pytest

from opsdesk.domain.errors import Refused
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.jobs import MOST_TARGETS, JobCommand, Outcome, Target, rehearse, run_job, undo_job
from opsdesk.operations.orders.desk import claim
from opsdesk.operations.orders.holds import hold
from opsdesk.operations.orders.notes import note
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow, HoldRow, JobRow, JobStepRow
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.operations.orders_kit import person, rows, the_order
from tests.shop_orders import write_customer, write_order

HOLD = JobCommand(hold, {"kind": HoldType.MANUAL, "reason": "Recall of granola."})


@pytest.fixture
def targets(store: Store) -> list[Target]:
    customer = write_customer(store)
    ids = [write_order(store, str(104_500 + index), customer_id=customer) for index in range(3)]
    return [Target(order_id, str(104_500 + index), 1) for index, order_id in enumerate(ids)]


@pytest.fixture
def clerk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    return Performer(store, actor, clock)


def test_a_job_does_what_it_can_and_says_what_it_left_out(
    clerk: Performer, store: Store, targets: list[Target]
) -> None:
    clerk.perform(note, targets[1].order_id, text="Changed meanwhile.")
    seen = []
    result = run_job(clerk, HOLD, targets, progress=seen.append)
    assert [step.outcome for step in result.steps] == [Outcome.DONE, Outcome.LEFT_OUT, Outcome.DONE]
    assert result.message.startswith("2 done, 1 left out: 104501 was changed by mia")
    assert seen == list(result.steps)
    assert len(rows(store, HoldRow)) == 2
    assert [step.outcome for step in rows(store, JobStepRow)] == ["done", "left_out", "done"]
    assert rows(store, JobRow)[0].finished_at is not None


def test_the_rehearsal_says_the_same_and_changes_nothing(clerk: Performer, store: Store, targets: list[Target]) -> None:
    clerk.perform(note, targets[1].order_id, text="Changed meanwhile.")
    before = len(rows(store, ActivityRow))
    rehearsed = rehearse(clerk, HOLD, targets)
    assert (rows(store, HoldRow), rows(store, JobRow), len(rows(store, ActivityRow))) == ([], [], before)
    assert rehearsed.steps == run_job(clerk, HOLD, targets).steps


def test_a_job_is_taken_back_as_one_except_what_has_moved_on(
    clerk: Performer, store: Store, targets: list[Target]
) -> None:
    from opsdesk.operations.orders.holds import release

    result = run_job(clerk, HOLD, targets)
    clerk.perform(release, targets[0].order_id)
    back = undo_job(clerk, result)
    assert back.done == 2
    assert back.left_out[0].message == "104500 is not on hold."
    assert all(row.released_at is not None for row in rows(store, HoldRow))


def test_a_job_that_the_role_may_not_do_leaves_everything_out(
    store: Store, packer: Actor, clock: StillClock, targets: list[Target]
) -> None:
    from opsdesk.domain.orders.rules import CancelReason
    from opsdesk.operations.orders.cancelling import cancel

    result = run_job(Performer(store, packer, clock), JobCommand(cancel, {"reason": CancelReason.STAFF}), targets)
    assert result.done == 0
    assert {the_order(store, target.order_id).lifecycle for target in targets} == {"placed"}
    assert [row.outcome for row in rows(store, ActivityRow)].count("denied") == 3


def test_the_same_job_step_never_happens_twice(clerk: Performer, store: Store, targets: list[Target]) -> None:
    result = run_job(clerk, HOLD, targets[:1])
    first = f"{result.job_id}:{targets[0].order_id}"
    again = clerk.perform_as(first, hold, targets[0].order_id, kind=HoldType.ADDRESS, reason="y")
    assert again.message == result.steps[0].message
    assert len(rows(store, HoldRow)) == 1


@pytest.mark.parametrize("count", [0, MOST_TARGETS + 1])
def test_a_job_over_nothing_or_over_everything_is_refused(clerk: Performer, count: int) -> None:
    with pytest.raises(Refused):
        run_job(clerk, HOLD, [Target(1, "1", 1)] * count)


def test_claiming_many_needs_no_version(store: Store, clock: StillClock, targets: list[Target]) -> None:
    mia = Performer(store, person(store, "mia"), clock)
    assert run_job(mia, JobCommand(claim, takes_version=False), targets).done == 3
    assert {the_order(store, target.order_id).owner_id for target in targets} == {mia.actor.user_id}
