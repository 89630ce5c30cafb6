"""The worker: one per shop at a time, by lease; it sends, asks gateways and watches deadlines until told to stop."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from types import MappingProxyType

from sqlalchemy.exc import OperationalError

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.moments import Clock, system_clock
from opsdesk.domain.people.actors import WORKER
from opsdesk.integrations.ports import Gateway, LetterWriter, Mailbox, Mailer
from opsdesk.store.desk.leases import WORKER_LEASE, Lease, find_lease, give_back, take_lease
from opsdesk.store.engine import Store, unavailable
from opsdesk.store.outboxes.gateway_calls import explain_waiting, has_gateway
from opsdesk.store.views.money.due import is_link_open
from opsdesk.store.work import Performer
from opsdesk.terminal.place import seat_name
from opsdesk.worker.deadlines import pass_deadlines
from opsdesk.worker.effects import hold_what_was_abandoned, send_due
from opsdesk.worker.gateway_events import read_events
from opsdesk.worker.letters import remind
from opsdesk.worker.mailbox import read_mailbox
from opsdesk.worker.money import ask_gateways, doubt_what_was_abandoned

LEASE = WORKER_LEASE
MONEY_LEASE = "gateways"
"""The lease of whoever asks gateways."""
MAILBOX_LEASE = "mailbox"
"""The lease of whoever knows the mailbox's password."""
LEASE_LASTS = timedelta(seconds=60)
"""Longer than one mail can take (20 s a step at the mail server), short enough that another takes over soon."""

NO_GATEWAYS: Mapping[str, Gateway] = MappingProxyType({})
_PAUSE_S = 2.0
_LISTEN_EVERY = timedelta(seconds=10)
"""How often gateways are asked for news; in each round while a customer can pay over a link, because somebody waits."""
_MAILBOX_LASTS = timedelta(minutes=3)
_READ_EVERY = timedelta(seconds=60)
"""How often the mailbox is read: each time is a sign-in, which mail servers count."""
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
    received: int = 0
    money_lease: Lease | None = None
    mailbox_lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class WorkerState:
    """Whether a worker runs, for screens, `doctor` and `worker --status`."""

    is_running: bool
    holder: str
    last_seen: datetime | None


class _Turn:
    """Comes round every so often, and at once."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._last: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Say whether it is its turn; if so, the next one is counted from now."""
        if self._last is not None and now - self._last < self._every:
            return False
        self._last = now
        return True


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
    mailbox: Mailbox | None = None,
    letters: LetterWriter | None = None,
) -> Round:
    """Do one round of what no other worker does: mails and deadlines; calls to gateways and their news; the mailbox.

    Without a mailer the mails wait and the rest runs. Money is for whoever knows the gateways' keys and has a lease of
    its own, so that a terminal without keys never keeps it from the worker that has them; the mailbox likewise. Unless
    `is_listening` gateways are asked for news only while a customer can pay over a link.
    """
    performer = Performer(store, WORKER, clock)
    done = _outgoing(performer, mailer, gateways, holder, is_listening=is_listening, letters=letters)
    if mailbox is None:
        return done
    # Last, because a mail server that does not answer takes its time too.
    desk = take_lease(store, MAILBOX_LEASE, holder, lasts=_MAILBOX_LASTS, clock=clock)
    return done if desk is None else replace(done, received=read_mailbox(performer, mailbox), mailbox_lease=desk)


def _outgoing(  # noqa: PLR0913  a worker has this many parts
    performer: Performer,
    mailer: Mailer | None,
    gateways: Mapping[str, Gateway],
    holder: str,
    *,
    is_listening: bool,
    letters: LetterWriter | None,
) -> Round:
    store, clock = performer.store, performer.clock
    lease = take_lease(store, LEASE, holder, lasts=LEASE_LASTS, clock=clock)
    done = Round(None) if lease is None else _mails_and_deadlines(performer, mailer, lease, letters)
    if gateways:
        # Last, because a gateway that does not answer takes its time.
        till = take_lease(store, MONEY_LEASE, holder, lasts=LEASE_LASTS, clock=clock)
        return done if till is None else _money(performer, gateways, done, till, is_listening=is_listening)
    return done if lease is None else _without_gateways(performer, done, is_listening=is_listening)


def _without_gateways(performer: Performer, done: Round, *, is_listening: bool) -> Round:
    """Say on calls why they wait, and end what is over by the clock in a shop that never had a gateway."""
    with performer.store.reading() as session:
        till, is_connected = find_lease(session, MONEY_LEASE), has_gateway(session)
    if till is not None and till.expires_at > performer.clock():
        return done
    explain_waiting(performer.store, (), clock=performer.clock)
    is_alone = is_listening and not is_connected
    return replace(done, events=read_events(performer, NO_GATEWAYS)) if is_alone else done


def _mails_and_deadlines(
    performer: Performer, mailer: Mailer | None, lease: Lease, letters: LetterWriter | None
) -> Round:
    held = hold_what_was_abandoned(performer, lease)
    sent = send_due(performer, mailer, lease) if mailer is not None else 0
    passed = pass_deadlines(performer)
    # Afterwards, so that nobody is reminded of a deadline that has passed while no worker ran.
    reminded = remind(performer, letters) if letters is not None else 0
    return Round(lease, sent, held, passed + reminded)


def _money(
    performer: Performer, gateways: Mapping[str, Gateway], done: Round, till: Lease, *, is_listening: bool
) -> Round:
    doubt_what_was_abandoned(performer)
    calls = ask_gateways(performer, gateways, till)
    with performer.store.reading() as session:
        is_awaited = is_link_open(session)
    events = read_events(performer, gateways) if is_listening or is_awaited else 0
    return replace(done, calls=calls, events=events, money_lease=till)


def run_worker(  # noqa: PLR0913  a worker has this many parts
    store: Store,
    mailer: Mailer | None,
    gateways: Mapping[str, Gateway] = NO_GATEWAYS,
    *,
    clock: Clock = system_clock,
    stop: Event,
    pause_s: float = _PAUSE_S,
    mailbox: Mailbox | None = None,
    letters: LetterWriter | None = None,
) -> None:
    """Do rounds until `stop` is set, then let the next worker take over at once."""
    holder = seat_name()
    play = partial(run_once, store, mailer, gateways, holder=holder, clock=clock, letters=letters)
    leases: dict[str, Lease] = {}
    listening, reading = _Turn(_LISTEN_EVERY), _Turn(_READ_EVERY)
    while not stop.is_set():
        is_listening = listening.is_due(clock())
        box = mailbox if reading.is_due(clock()) else None
        try:
            done = play(is_listening=is_listening, mailbox=box)
        except OpsDeskError as error:
            # A store that is busy or away is waited for; the rows still say what is to be done.
            _log.warning("The worker's round ended early: %s", error.message)
            stop.wait(pause_s)
            continue
        except OperationalError as error:
            _log.warning("The worker's round ended early: %s", unavailable(error).message)
            stop.wait(pause_s)
            continue
        held = (done.lease, done.money_lease, done.mailbox_lease)
        leases |= {lease.name: lease for lease in held if lease is not None}
        if done.sent == 0 and done.calls == 0:
            stop.wait(pause_s)
    if mailer is not None:
        mailer.close()
    for gateway in gateways.values():
        gateway.close()
    for lease in leases.values():
        give_back(store, lease, clock=clock)
