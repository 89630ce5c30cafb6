"""The command line: the same operations and rules as the screens. Each family is a module; slow imports come late."""

from __future__ import annotations

from typing import Annotated

import typer

from opsdesk import __version__
from opsdesk.cli.options import StoreOption


def opsdesk(
    context: typer.Context,
    store: StoreOption = "",
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Open the app, or run one command."""
    if version:
        print(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        from opsdesk.app import run_app
        from opsdesk.cli.acting import store_url

        raise typer.Exit(run_app(store_url(store)))
