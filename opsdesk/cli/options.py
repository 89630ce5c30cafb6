"""Options that every command spells the same way."""

from __future__ import annotations

from typing import Annotated

import typer

StoreOption = Annotated[
    str, typer.Option("--store", envvar="OPSDESK_STORE", help="Where the orders are.", show_default=False)
]
AsOption = Annotated[str, typer.Option("--as", help="Act as this user instead of the one of your login.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]
