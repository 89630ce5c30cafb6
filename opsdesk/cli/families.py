"""Every family of commands, put together. One run needs one family; of the others only their names are told."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module

import typer

from opsdesk.cli import opsdesk

_ALONE = {
    "worker": ("opsdesk.cli.worker", "Send mails, ask gateways, read the mailbox, watch deadlines."),
    "demo": ("opsdesk.cli.demo", "Build a demo shop if there is none yet, and open it."),
    "verify": ("opsdesk.cli.verify", "Check totals, payments, goods, holds, mails, history and text in plain SQL."),
    "backup": ("opsdesk.cli.backup", "Back up the store while others work; it is restored aside and checked."),
    "restore": ("opsdesk.cli.backup", "Restore a backup to where no store is yet; SQLite or Postgres."),
    "migrate": ("opsdesk.cli.migrate", "Make the store if there is none, or bring it to this program's schema."),
    "keys": ("opsdesk.cli.keys", "List every key of every screen."),
    "doctor": ("opsdesk.cli.doctor", "Look at store, disk, keys, mail, worker, clock and templates."),
}
"""Commands that belong to no family: where they are, and what the list of commands says about them."""

_FAMILIES = {
    "order": ("opsdesk.cli.orders", "Orders: list, show, and everything that can be done with one."),
    "pay": ("opsdesk.cli.pay", "Money: what came in, what can be moved, pay links, disputes."),
    "refund": ("opsdesk.cli.refunds", "Refunds: compose, approve, take back, try again."),
    "fraud": ("opsdesk.cli.fraud", "The fraud desk: scores, rules, and what they would have done."),
    "status": ("opsdesk.cli.statuses", "The Order Status menu: what can be told, and telling it."),
    "mail": ("opsdesk.cli.mail", "Mails to customers: the outbox, the templates, the mail server."),
    "import": ("opsdesk.cli.imports", "Bring orders and products in from a file."),
    "export": ("opsdesk.cli.exports", "Take orders and products out into a file."),
    "audit": ("opsdesk.cli.audit", "The history of every change: read it, and check that nobody changed it."),
    "user": ("opsdesk.cli.users", "People: names, roles, passwords, PINs, and terminals for PINs."),
    "shop": ("opsdesk.cli.shop", "The shop: its name, telephone, hours, addresses, captures."),
}
_MORE = {
    "order": ("opsdesk.cli.order_commands", "opsdesk.cli.order_edits", "opsdesk.cli.order_amend"),
    "pay": ("opsdesk.cli.pay_asking",),
    "refund": ("opsdesk.cli.refund_again", "opsdesk.cli.refund_note", "opsdesk.cli.refund_outside"),
    "fraud": (
        "opsdesk.cli.fraud_cases",
        "opsdesk.cli.fraud_deciding",
        "opsdesk.cli.fraud_rules",
        "opsdesk.cli.fraud_learning",
    ),
}
"""Modules that add commands to a family."""


@cache
def whole() -> typer.Typer:
    """Return the command line with all its families."""
    return _put_together([*_ALONE, *_FAMILIES])


def part(words: Sequence[str]) -> typer.Typer:
    """Return the command line with the families that these words name; it answers them as the whole one does."""
    return _put_together(words)


def _put_together(wanted: Sequence[str]) -> typer.Typer:
    root = typer.Typer(
        name="opsdesk",
        help="The engine room of an online shop. Without a command it opens on your terminal.",
        no_args_is_help=False,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    root.callback(invoke_without_command=True)(opsdesk)
    for name, (module, told) in _ALONE.items():
        command = getattr(import_module(module), name) if name in wanted else _unwanted
        root.command(name, short_help=told)(command)
    for name, (module, told) in _FAMILIES.items():
        root.add_typer(_family(name, module) if name in wanted else typer.Typer(), name=name, short_help=told)
    return root


def _family(name: str, module: str) -> typer.Typer:
    for more in _MORE.get(name, ()):
        import_module(more)
    family = import_module(module).app
    assert isinstance(family, typer.Typer), "Each family is a Typer."
    return family


def _unwanted() -> None:
    """Stand for a command that this run does not call."""
