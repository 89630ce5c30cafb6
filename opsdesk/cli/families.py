"""Every family of commands, put together once. The modules import nothing slow before they are called."""

from __future__ import annotations

from functools import cache
from importlib import import_module

import typer

from opsdesk.cli import app, audit, exports, imports, mail, orders, shop, statuses, users
from opsdesk.cli.backup import backup, restore
from opsdesk.cli.demo import demo
from opsdesk.cli.doctor import doctor
from opsdesk.cli.migrate import migrate
from opsdesk.cli.verify import verify
from opsdesk.cli.worker import worker

_MORE_ORDER_COMMANDS = ("opsdesk.cli.order_commands", "opsdesk.cli.order_edits")


@cache
def whole() -> typer.Typer:
    """Return the command line with all its families."""
    for module in _MORE_ORDER_COMMANDS:
        import_module(module)
    app.add_typer(orders.app, name="order")
    app.add_typer(statuses.app, name="status")
    app.add_typer(mail.app, name="mail")
    app.add_typer(imports.app, name="import")
    app.add_typer(exports.app, name="export")
    app.add_typer(audit.app, name="audit")
    app.add_typer(users.app, name="user")
    app.add_typer(shop.app, name="shop")
    app.command("worker")(worker)
    app.command("demo")(demo)
    app.command("verify")(verify)
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("migrate")(migrate)
    app.command("doctor")(doctor)
    return app
