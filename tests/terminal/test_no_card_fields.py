"""There is no place to put a card number or a check code: no column, no field, no option (bar P1)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import typer
from sqlmodel import SQLModel

import opsdesk.store.tables
from opsdesk.cli.families import whole

PACKAGE = Path(opsdesk.store.tables.__file__).parent.parent.parent
# What a bank answered about a code is a letter or a word; it may be kept, the code never.
_ANSWERED = r"(?!_(?:checks?|results?|matches|does_not_match|not_checked|denied|without)(?:$|_))"
_CARD = re.compile(
    r"(?i)(?:^|[_\W])(?:pan|cvv2?|cvc2?|csc|card_?(?:no|num|number|code|holder|expiry)|security_?code|expiry_?(?:month|year))"
    rf"{_ANSWERED}(?:$|[_\W])"
)
# Where card numbers are looked for in order to take them out.
DETECTORS = {"domain/cards.py", "store/intake/words.py"}


def named_for_cards(names: Iterator[str]) -> list[str]:
    return sorted({name for name in names if _CARD.search(name)})


def columns() -> Iterator[str]:
    for table in SQLModel.metadata.tables.values():
        yield from (f"{table.name}.{column.name}" for column in table.columns)


def options() -> Iterator[str]:
    def below(command: object, path: str) -> Iterator[str]:
        for parameter in getattr(command, "params", ()):
            yield from (f"{path} {name}" for name in (parameter.name or "", *parameter.opts))
        for name, child in getattr(command, "commands", {}).items():
            yield from below(child, f"{path} {name}")

    yield from below(typer.main.get_command(whole()), "opsdesk")


def names_in(tree: ast.Module) -> Iterator[str]:
    """Give every name and every short text of a module: fields, parameters, form names, labels."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[\w -]{2,30}", node.value)
        ):
            yield node.value.replace(" ", "_")


def test_no_column_is_named_for_a_card() -> None:
    found = list(columns())
    assert len(found) > 100
    assert named_for_cards(iter(found)) == []


def test_no_option_is_named_for_a_card() -> None:
    found = list(options())
    assert len(found) > 50
    assert named_for_cards(iter(found)) == []


def test_no_name_in_the_program_is_a_card_field() -> None:
    for file in PACKAGE.rglob("*.py"):
        if file.relative_to(PACKAGE).as_posix() not in DETECTORS:
            assert named_for_cards(names_in(ast.parse(file.read_text(encoding="utf-8")))) == [], file


def test_control_planted_fields_are_found() -> None:
    planted = "class Payment:\n    card_number: str\n    cvv: str\nField('pan', 'Card number')\n"
    assert set(named_for_cards(names_in(ast.parse(planted)))) == {"card_number", "cvv", "pan", "Card_number"}
    assert named_for_cards(iter(("panel", "span", "company", "cards", "expires_at", "payment.pan"))) == ["payment.pan"]


def test_what_a_bank_answered_may_be_kept_and_the_code_not() -> None:
    names = ("cvv_check", "cvv_result", "cvv_results", "read_cvv_results", "cvv_code", "my_cvv")
    assert named_for_cards(iter(names)) == ["cvv_code", "my_cvv"]
