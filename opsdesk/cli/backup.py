"""`opsdesk backup` and `opsdesk restore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import opened, store_url
from opsdesk.cli.options import JsonOption, StoreOption
from opsdesk.cli.output import complain, counted, say, say_json

if TYPE_CHECKING:
    from opsdesk.store.backups.files import Description


def backup(
    file: Annotated[Path, typer.Argument(help="A new file, or a folder for one named after the moment.")],
    store: StoreOption = "",
    as_json: JsonOption = False,
) -> None:
    """Back up the store while others work; it is restored aside and checked, and ends with 1 if it is not right."""
    from opsdesk.store.backups.making import make_backup

    with opened(store) as shop:
        report = make_backup(shop, file)
    if as_json:
        words = {"file": str(report.file), "bytes": report.size, "good": report.is_good}
        say_json({**words, **_described(report.description), **_checked(report.problems, seals=report.seals_checked)})
    else:
        _complain(report.problems, seals=report.seals_checked)
        verdict = "is good: it was restored aside and checked" if report.is_good else "was written but is not right"
        say(f"The backup {verdict}. {_contents(report.description)} {report.file}, {_size(report.size)}.")
        say("Keep a copy of the audit key apart from it: `opsdesk doctor` says where the key is.")
    raise typer.Exit(0 if report.is_good else 1)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `opsdesk backup` made.")],
    store: StoreOption = "",
    anyway: Annotated[bool, typer.Option("--anyway", help="Restore although what it holds is not right.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Restore a backup to where no store is yet; SQLite or Postgres, whichever it came from."""
    from opsdesk.store.backups.restoring import restore as restore_backup

    report = restore_backup(file, store_url(store), despite_problems=anyway)
    if as_json:
        words = {"lost_history_rows": report.lost_rows}
        say_json({**words, **_described(report.description), **_checked(report.problems, seals=report.seals_checked)})
        return
    _complain(report.problems, seals=report.seals_checked)
    say(f"Restored what stood in the store at {report.description.made_at}. {_contents(report.description)}")
    if report.lost_rows:
        lost = counted(report.lost_rows, "later row")
        say(f"Not in this backup: {lost} of history that this machine noted. What they tell has to be done again.")


def _described(description: Description) -> dict[str, object]:
    head = {"id": description.head.id, "hash": description.head.hash}
    return {"made_at": description.made_at, "schema": description.schema, "head": head, "rows": description.rows}


def _checked(problems: tuple[str, ...], *, seals: bool) -> dict[str, object]:
    return {"seals_checked": seals, "problems": problems}


def _complain(problems: tuple[str, ...], *, seals: bool) -> None:
    for problem in problems:
        complain(problem)
    if not seals:
        complain("The seals of the history were not checked: this machine does not have the audit key.")


def _contents(description: Description) -> str:
    orders, history = counted(description.rows.get("orders", 0), "order"), counted(description.head.id, "row")
    return f"It holds {orders} and {history} of history."


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"
