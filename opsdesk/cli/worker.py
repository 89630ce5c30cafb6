"""`opsdesk worker`: send mails, ask gateways, read the mailbox and watch deadlines until it is told to stop."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import opened, telling
from opsdesk.cli.options import JsonOption, StoreOption
from opsdesk.cli.output import complain, say, say_json

if TYPE_CHECKING:
    from opsdesk.worker.loop import Round


def worker(
    store: StoreOption = "",
    once: Annotated[bool, typer.Option("--once", help="Do one round and end.")] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Say whether a worker runs; end with 1 if none does.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Send mails, ask gateways, read the mailbox, watch deadlines. One works at a time; a second one stands by."""
    from opsdesk.domain.moments import system_clock
    from opsdesk.integrations.mail.opening import open_mailbox, open_mailer
    from opsdesk.integrations.payments.opening import open_gateways
    from opsdesk.settings import load_settings
    from opsdesk.store.views.shop import shop
    from opsdesk.terminal.place import seat_name
    from opsdesk.worker.loop import run_once, run_worker, worker_state

    settings = load_settings()
    with opened(store) as found:
        if status:
            state = worker_state(found, now=system_clock())
            _print({"running": state.is_running, "holder": state.holder, "last_seen": state.last_seen}, as_json=as_json)
            raise typer.Exit(0 if state.is_running else 1)
        with found.reading() as session:
            sender = shop(session, settings.zone).sender
        mailer = open_mailer(settings.smtp_url, sender)
        if mailer is None:
            complain("OPSDESK_SMTP_URL is not set: mails wait in the outbox.")
        gateways, mailbox = open_gateways(settings), open_mailbox(settings)
        with telling(found) as (_, letters, _):
            if once:
                done = run_once(found, mailer, gateways, holder=seat_name(), mailbox=mailbox, letters=letters)
                _print(_counts(done), as_json=as_json)
                return
            run_worker(found, mailer, gateways, stop=_stop_on_signals(), mailbox=mailbox, letters=letters)


def _counts(done: Round) -> dict[str, object]:
    works = any(lease is not None for lease in (done.lease, done.money_lease, done.mailbox_lease))
    return {
        "worked": works,
        "sent": done.sent,
        "held": done.held,
        "deadlines": done.deadlines,
        "calls": done.calls,
        "events": done.events,
        "received": done.received,
    }


def _stop_on_signals() -> Event:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop


def _print(values: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        say_json(values)
        return
    for name, value in values.items():
        say(f"{name}: {value}")
