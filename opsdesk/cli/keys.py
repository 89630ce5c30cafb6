"""`opsdesk keys`: every key, from the table that the screens use."""

from __future__ import annotations

from typing import Annotated

import typer

from opsdesk.cli.output import say


def keys(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page of the documentation.")] = False,
) -> None:
    """List every key of every screen."""
    from opsdesk.key_docs import help_rows, keys_markdown, screen_names, title_of

    if markdown:
        print(keys_markdown(), end="")
        return
    for screen in screen_names():
        say(f"\n{title_of(screen)}")
        for pressed, label, told in help_rows(screen):
            say(f"  {pressed:<12} {label:<10} {told}")
