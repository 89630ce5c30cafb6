"""The findings as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.figures import Table


def table_text(table: Table) -> str:
    """Write one table."""
    heads = list(dict.fromkeys(head for row in table.rows for head in row.figures))
    lines = [f"## {table.title}", "", f"Bar: {table.bar}", ""]
    lines.append("| | " + " | ".join(heads) + " | |")
    lines.append("|---|" + "--:|" * len(heads) + "---|")
    for row in table.rows:
        cells = [row.figures.get(head, "") for head in heads]
        lines.append(f"| {row.what} | " + " | ".join(cells) + f" | {row.verdict} |")
    lines += ["", *table.remarks] if table.remarks else []
    return "\n".join(lines) + "\n"


def report_text(machine: Sequence[str], tables: Sequence[Table], minutes: float) -> str:
    """Write the whole report."""
    found = [(table, row) for table in tables for row in table.rows]
    missed = [f"- {table.title}: {row.what} misses {', '.join(row.misses)}" for table, row in found if row.misses]
    kept = f"{len(found) - len(missed)} of {len(found)} rows keep every bar; the run took {minutes:.0f} minutes."
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; do not edit it here.",
        "",
        *(f"- {line}" for line in machine),
    ]
    lines += ["", kept, "", *missed, *([""] if missed else [])]
    lines += [
        "Times are milliseconds unless said otherwise. What stands side by side was measured in turn, in one run, so",
        "compare within a row: other work on the machine moves whole rows, seldom their ratios.",
        "",
    ]
    return "\n".join(lines) + "\n" + "\n".join(table_text(table) for table in tables)
