"""The call script: what to say, what to compare, and answers shown so that nobody can read them out by mistake."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from opsdesk.domain.fraud.entries import Entry, entries, read_tables

_FILE = "fraud/script.toml"
_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"\{([a-z_]+)\}")
TOKENS = frozenset({"agent", "store", "name"})


class Expected(StrEnum):
    """What the customer should say by themselves."""

    NAME = "name"
    ITEM = "item"
    BILLING_ADDRESS = "billing_address"
    SHIPPING_ADDRESS = "shipping_address"
    BANK = "bank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; a check is ticked when the answer was right."""

    code: str
    say: str
    if_asked: str = ""
    expects: Expected | None = None
    is_check: bool = False


@dataclass(frozen=True, slots=True)
class CallScript:
    """The steps in their order, and what must never be asked for."""

    steps: tuple[Step, ...]
    never_ask: tuple[str, ...]


def masked(text: str) -> str:
    """Show the first letter of each word alone: enough to compare with, too little to read out."""
    return _WORD.sub(lambda word: word.group()[0] + "." * (len(word.group()) - 1), text)


def spoken(text: str, values: Mapping[str, str]) -> str:
    """Fill in who calls whom."""
    return _TOKEN.sub(lambda found: values.get(found[1], ""), text)


def read_script(shipped: str, own: str = "") -> CallScript:
    """Read the script; the shop's own replaces the shipped one as a whole, so that its order is the shop's.

    Raises:
        Invalid: a step is none.
    """
    read = read_tables(own if own.strip() else shipped, _FILE)
    steps = tuple(map(_step, entries(read, "step", _FILE)))
    whole = Entry({key: value for key, value in read.items() if key != "step"}, _FILE)
    script = CallScript(steps, whole.texts("never_ask", ()))
    whole.done()
    return script


def _step(entry: Entry) -> Step:
    step = Step(
        code=entry.text("code"),
        say=entry.text("say"),
        if_asked=entry.text("if_asked", ""),
        expects=entry.choice("expects", Expected) if entry.has("expects") else None,
        is_check=entry.flag("check", False),
    )
    entry.done()
    for token in _TOKEN.findall(step.say):
        if token not in TOKENS:
            raise entry.wrong("say", f"there is no {{{token}}}. Known are: {', '.join(sorted(TOKENS))}.")
    return step
