"""`opsdesk audit`: read the history, and check that nobody changed it."""

from __future__ import annotations

from typing import Annotated

import typer

from opsdesk.cli.acting import opened
from opsdesk.cli.options import JsonOption, StoreOption
from opsdesk.cli.output import complain, counted, say, say_json

app = typer.Typer(help="The history of every change: read it, and check that nobody changed it.", no_args_is_help=True)


@app.command("verify")
def verify(store: StoreOption = "", as_json: JsonOption = False) -> None:
    """Check every row against its seal and the noted heads; end with 1 if any was changed, removed, added or cut."""
    from opsdesk.store.audit.checking import verify_audit

    with opened(store) as shop:
        report = verify_audit(shop)
    if as_json:
        answer = {
            "intact": report.is_intact,
            "rows": report.rows,
            "head": {"id": report.head.id, "hash": report.head.hash},
            "noted": {"id": report.noted.id, "hash": report.noted.hash} if report.noted else None,
            "problem_count": report.problem_count,
            "problems": report.problems,
        }
        say_json(answer)
    else:
        for problem in report.problems:
            complain(problem.sentence)
        say(_summary(report.rows, report.head.hash, report.problem_count, is_noted=report.noted is not None))
    raise typer.Exit(0 if report.is_intact else 1)


@app.command("show")
def show(
    store: StoreOption = "",
    after: Annotated[int, typer.Option("--after", help="Only rows with a higher id: the next page.")] = 0,
    order: Annotated[str, typer.Option("--order", help="Only what concerns the order with this number.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="At most so many rows.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List rows of the history, oldest first; without --after the newest ones."""
    from opsdesk.store.views.audit import audit_lines

    with opened(store) as shop, shop.reading() as session:
        lines = audit_lines(session, after_id=after, order_number=order, limit=limit)
    if as_json:
        say_json(lines)
        return
    for line in lines:
        outcome = line.outcome if line.outcome != "done" else ""
        say(f"{line.id:>8}", f"{line.at:%Y-%m-%d %H:%M:%S}", f"{line.actor:<16}", line.action, outcome, line.summary)


def _summary(rows: int, head: str, problems: int, *, is_noted: bool) -> str:
    if problems:
        return f"{counted(problems, 'problem')} in {counted(rows, 'row')} of history."
    noted = "" if is_noted or not rows else " No head was noted on this machine, so a cut tail would not show here."
    return f"{counted(rows, 'row')} of history as written; the newest seal is {head[:16]}.{noted}"
