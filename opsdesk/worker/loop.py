"""The worker: one per shop at a time, by lease; it sends, asks gateways and watches deadlines until told to stop."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from types import MappingProxyType
from uuid import uuid4

from sqlalchemy.exc import OperationalError

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.moments import Clock, system_clock
from opsdesk.domain.people import WORKER
from opsdesk.integrations.ports import Gateway, Mailer
from opsdesk.store.engine import Store, unavailable
from opsdesk.store.leases import Lease, find_lease, give_back, take_lease
from opsdesk.store.work import Performer
from opsdesk.worker.deadlines import pass_deadlines
from opsdesk.worker.effects import hold_what_was_abandoned, send_due
from opsdesk.worker.gateway_events import read_events
from opsdesk.worker.money import ask_gateways, doubt_what_was_abandoned

LEASE = "worker"
LEASE_LASTS = timedelta(seconds=60)
"""Longer than one mail can take (20 s a step at the mail server), short enough that another takes over soon."""

NO_GATEWAYS: Mapping[str, Gateway] = MappingProxyType({})
_PAUSE_S = 2.0
_LISTEN_EVERY = timedelta(seconds=10)
"""How often gateways are asked for news. They allow it more often, but nobody waits for it."""
_log = logging.getLogger("opsdesk.worker")


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    lease: Lease | None
    sent: int = 0
    held: int = 0
    deadlines: int = 0
    calls: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True)
class WorkerState:
    """Whether a worker runs, for screens, `doctor` and `worker --status`."""

    is_running: bool
    holder: str
    last_seen: datetime | None


def new_holder() -> str:
    """Return a name for this worker that no other has."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"


def worker_state(store: Store, *, now: datetime) -> WorkerState:
    """Say whether a worker runs, and when it was last seen."""
    with store.reading() as session:
        lease = find_lease(session, LEASE)
    if lease is None:
        return WorkerState(is_running=False, holder="", last_seen=None)
    return WorkerState(lease.expires_at > now, lease.holder, lease.beat_at)


def run_once(  # noqa: PLR0913  a worker has this many parts
    store: Store,
    mailer: Mailer | None,
    gateways: Mapping[str, Gateway] = NO_GATEWAYS,
    *,
    holder: str,
    clock: Clock = system_clock,
    is_listening: bool = True,
) -> Round:
    """Do one round if no other worker holds the lease: what was abandoned, mails, deadlines, calls, gateways' news.

    Without a mailer the mails wait, without its gateway a call does, and the rest runs. Unless `is_listening` no
    gateway is asked for news.
    """
    lease = take_lease(store, LEASE, holder, lasts=LEASE_LASTS, clock=clock)
    if lease is None:
        return Round(None)
    performer = Performer(store, WORKER, clock)
    held = hold_what_was_abandoned(performer, lease)
    doubt_what_was_abandoned(performer)
    sent = send_due(performer, mailer, lease) if mailer is not None else 0
    deadlines = pass_deadlines(performer)
    # Last, because a gateway that does not answer takes its time.
    calls = ask_gateways(performer, gateways, lease)
    events = read_events(performer, gateways) if is_listening else 0
    return Round(lease, sent, held, deadlines, calls, events)


def run_worker(  # noqa: PLR0913  a worker has this many parts
    store: Store,
    mailer: Mailer | None,
    gateways: Mapping[str, Gateway] = NO_GATEWAYS,
    *,
    clock: Clock = system_clock,
    stop: Event,
    pause_s: float = _PAUSE_S,
) -> None:
    """Do rounds until `stop` is set, then let the next worker take over at once."""
    holder = new_holder()
    lease: Lease | None = None
    listened: datetime | None = None
    while not stop.is_set():
        is_listening = listened is None or clock() - listened >= _LISTEN_EVERY
        listened = clock() if is_listening else listened
        try:
            done = run_once(store, mailer, gateways, holder=holder, clock=clock, is_listening=is_listening)
        except OpsDeskError as error:
            # A store that is busy or away is waited for; the rows still say what is to be done.
            _log.warning("The worker's round ended early: %s", error.message)
            stop.wait(pause_s)
            continue
        except OperationalError as error:
            _log.warning("The worker's round ended early: %s", unavailable(error).message)
            stop.wait(pause_s)
            continue
        lease = done.lease
        if done.sent == 0 and done.calls == 0:
            stop.wait(pause_s)
    if mailer is not None:
        mailer.close()
    for gateway in gateways.values():
        gateway.close()
    if lease is not None:
        give_back(store, lease, clock=clock)
