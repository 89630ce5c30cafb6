"""`opsdesk verify`: check everything that must always be true of the store."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from opsdesk.cli.acting import opened
from opsdesk.cli.options import JsonOption, StoreOption
from opsdesk.cli.output import complain, say, say_json


def verify(
    store: StoreOption = "",
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not show what is being checked.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check totals, payments, goods, holds, mails, history and text in plain SQL; end with 1 if anything is wrong."""
    from opsdesk.domain.moments import system_clock
    from opsdesk.store.verify.running import verify_store

    is_watched = sys.stderr.isatty() and not quiet and not as_json
    with opened(store) as shop:
        report = verify_store(shop, now=system_clock(), progress=_show if is_watched else _ignore)
    if is_watched:
        print("\r\x1b[K", end="", file=sys.stderr)
    if as_json:
        say_json(
            {
                "sound": not report.violations,
                "orders": report.orders,
                "checks": report.checks,
                "violations": report.violations,
                "more": report.is_cut,
            }
        )
    else:
        for violation in report.violations:
            complain(violation.sentence)
        found = f"{len(report.violations)}{' or more' if report.is_cut else ''}" if report.violations else "none"
        say(f"{report.orders:,} orders, {report.checks} checks; violations: {found}.")
    raise typer.Exit(1 if report.violations else 0)


def _show(name: str) -> None:
    print(f"\r\x1b[KChecking {name}", end="", file=sys.stderr, flush=True)


def _ignore(name: str) -> None:
    """Show nothing."""
