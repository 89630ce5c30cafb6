"""A rule as the text of a file: shown, changed in any editor, and saved again."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.entries import entries, read_tables
from opsdesk.domain.fraud.rule_entries import write_rule
from opsdesk.domain.fraud.rules import Rule

_WORDS = "The rule"


def rule_text(rule: Rule) -> str:
    """Return the rule as TOML; `table_in` reads it again."""
    table = {key: value for key, value in write_rule(rule).items() if value not in ("", [])}
    return "\n".join(["[[rule]]", *(f"{key} = {_written(key, value)}" for key, value in table.items())]) + "\n"


def table_in(text: str) -> dict[str, Any]:
    """Return the keys of the one rule in a TOML text: a `[[rule]]`, or the keys of a rule alone.

    Raises:
        Invalid: it is no such text, or there are several rules in it.
    """
    tables = read_tables(text, _WORDS)
    if "rule" not in tables:
        return tables
    list(entries(tables, "rule", _WORDS, named="id"))
    if len(tables["rule"]) != 1:
        raise Invalid("rule", "Write one [[rule]] in the file; each is tried and saved for itself.")
    table: dict[str, Any] = tables["rule"][0]
    return table


def _written(key: str, value: object) -> str:
    if isinstance(value, list):
        return "[\n" + "".join(f"    {_text(one)},\n" for one in value) + "]"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return date.fromisoformat(text).isoformat() if key == "since" else _text(text)


def _text(value: str) -> str:
    # What JSON escapes, TOML reads; a text full of quotes is easier to read between single ones.
    if '"' in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)
