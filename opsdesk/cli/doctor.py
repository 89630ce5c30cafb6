"""`opsdesk doctor`: look the installation over."""

from __future__ import annotations

from typing import Annotated

import typer

from opsdesk.cli.acting import store_url
from opsdesk.cli.options import JsonOption, StoreOption
from opsdesk.cli.output import counted, say, say_json


def doctor(
    store: StoreOption = "",
    deep: Annotated[bool, typer.Option("--deep", help="Read every page of the store too; takes longer.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Look at store, disk, keys, mail, worker, clock and templates; end with 1 if something must be mended."""
    from opsdesk.doctor.examining import examine, key_file
    from opsdesk.doctor.findings import Level
    from opsdesk.settings import load_settings

    settings = load_settings()
    findings = examine(settings, store_url(store), deep=deep)
    to_mend = sum(finding.level is Level.MEND for finding in findings)
    if as_json:
        say_json({"healthy": not to_mend, "audit_key": str(key_file(settings)), "findings": findings})
        raise typer.Exit(1 if to_mend else 0)
    for finding in findings:
        say(f"{finding.level.value:<6}", f"{finding.check:<16}", finding.sentence)
        if finding.remedy:
            say(" " * 6, " " * 16, f"-> {finding.remedy}")
    say(f"The audit key is {key_file(settings)}; a copy of it belongs in a safe place, apart from the backups.")
    if to_mend:
        say(f"{counted(to_mend, 'thing')} must be mended.")
        raise typer.Exit(1)
