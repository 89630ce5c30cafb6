"""`opsdesk worker`: send mails and watch deadlines until it is told to stop."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Mapping
from threading import Event
from typing import Annotated

import typer


def worker(
    store: Annotated[str, typer.Option("--store", envvar="OPSDESK_STORE", help="Where the orders are.")] = "",
    once: Annotated[bool, typer.Option("--once", help="Do one round and end.")] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Say whether a worker runs; end with 1 if none does.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Send what waits in the outbox and watch deadlines. One worker works at a time; a second one stands by."""
    from opsdesk.domain.moments import system_clock
    from opsdesk.integrations.mail.opening import open_mailer
    from opsdesk.settings import load_settings
    from opsdesk.store.engine import open_store
    from opsdesk.store.views.shop import shop
    from opsdesk.worker.loop import new_holder, run_once, run_worker, worker_state

    settings = load_settings()
    opened = open_store(store or settings.store_url)
    try:
        if status:
            state = worker_state(opened, now=system_clock())
            seen = state.last_seen.isoformat() if state.last_seen else None
            _print({"running": state.is_running, "holder": state.holder, "last_seen": seen}, as_json=as_json)
            raise typer.Exit(0 if state.is_running else 1)
        with opened.reading() as session:
            sender = shop(session, settings.zone).sender
        mailer = open_mailer(settings.smtp_url, sender)
        if mailer is None:
            print("OPSDESK_SMTP_URL is not set: mails wait in the outbox.", file=sys.stderr)
        if once:
            done = run_once(opened, mailer, holder=new_holder())
            works = done.lease is not None
            counts = {"worked": works, "sent": done.sent, "held": done.held, "deadlines": done.deadlines}
            _print(counts, as_json=as_json)
            return
        run_worker(opened, mailer, stop=_stop_on_signals())
    finally:
        opened.close()


def _stop_on_signals() -> Event:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop


def _print(values: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(values))
        return
    for name, value in values.items():
        print(f"{name}: {value}")
