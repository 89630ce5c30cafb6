"""Read the statuses of the Order Status menu from their TOML text, refusing what is not one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from opsdesk.domain.errors import Invalid
from opsdesk.domain.orders.holds import NEVER_AUTOMATIC, HoldType
from opsdesk.domain.statuses.menu import (
    RULES,
    Effect,
    EffectKind,
    Question,
    Status,
    StatusBook,
)

LONGEST_ANSWER_DAYS = 30
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
T = TypeVar("T", bound=StrEnum)


def read_statuses(shipped: str, own: str = "") -> StatusBook:
    """Read the shipped statuses and the shop's own, which replace or follow them.

    Raises:
        Invalid: the text is not TOML, or an entry is not a status; the sentence names the entry and the key.
    """
    book = {status.code: status for status in _statuses(shipped)}
    book |= {status.code: status for status in _statuses(own)}
    return StatusBook(tuple(book.values()))


def _statuses(text: str) -> list[Status]:
    try:
        tables = tomllib.loads(text).get("status", [])
    except tomllib.TOMLDecodeError as error:
        raise Invalid("statuses", f"The list of statuses cannot be read: {error}.") from error
    if not isinstance(tables, list):
        raise Invalid("statuses", "The list of statuses must consist of [[status]] entries.")
    return [_status(table, position) for position, table in enumerate(tables, start=1)]


_KEYS = frozenset(
    {
        "code",
        "name",
        "customer_label",
        "template",
        "allowed_when",
        "answer_days",
        "asks",
        "neutral",
        "keeps_deadline",
        "effects",
    }
)


def _status(table: object, position: int) -> Status:
    entry = f"Status {position}"
    if not isinstance(table, dict):
        raise Invalid("statuses", f"{entry} is not a [[status]] entry.")
    code = _text(table, "code", entry)
    if not _CODE.match(code):
        raise Invalid(
            "code",
            f"{entry}: {code[:40]!r} is not a code; use small letters, digits and underscores.",
        )
    entry = f"Status {code!r}"
    if unknown := sorted(set(table) - _KEYS):
        raise Invalid("statuses", f"{entry} has an unknown key {unknown[0]!r}.")
    status = Status(
        code=code,
        name=_text(table, "name", entry),
        customer_label=_text(table, "customer_label", entry),
        template=str(table.get("template", code)),
        allowed_when=tuple(str(name) for name in table.get("allowed_when", ())),
        effects=tuple(_effect(effect, entry) for effect in table.get("effects", ())),
        answer_days=_answer_days(table.get("answer_days"), entry),
        asks=tuple(_member(Question, name, entry) for name in table.get("asks", ())),
        neutral=table.get("neutral", False) is True,
        keeps_deadline=table.get("keeps_deadline", False) is True,
    )
    return _checked(status, entry)


def _checked(status: Status, entry: str) -> Status:
    if not _CODE.match(status.template):
        raise Invalid(
            "template",
            f"{entry}: {status.template[:40]!r} is not the name of a template.",
        )
    for name in status.allowed_when:
        if name not in RULES:
            raise Invalid(
                "allowed_when",
                f"{entry}: there is no rule {name!r}. Known are: {', '.join(RULES)}.",
            )
    if status.keeps_deadline and (status.answer_days is not None or status.opens_case is not None):
        raise Invalid(
            "keeps_deadline", f"{entry} keeps the deadline of the case, and can neither give one nor open one."
        )
    if status.opens_case is not None and not status.has_deadline:
        raise Invalid(
            "answer_days",
            f"{entry} opens a case and must say in how many days the customer should answer.",
        )
    return status


def _effect(table: object, entry: str) -> Effect:
    if not isinstance(table, dict) or set(table) - {
        "kind",
        "hold",
        "reason",
        "review",
        "case",
    }:
        raise Invalid("effects", f"{entry}: an effect has kind, and hold, reason, review or case.")
    kind = _member(EffectKind, table.get("kind"), entry)
    hold = _member(HoldType, table["hold"], entry) if "hold" in table else None
    if (kind in (EffectKind.PLACE_HOLD, EffectKind.RELEASE_HOLD)) != (hold is not None):
        raise Invalid("effects", f"{entry}: {kind} and hold belong together.")
    if kind is EffectKind.RELEASE_HOLD and hold in NEVER_AUTOMATIC:
        raise Invalid(
            "effects",
            f"{entry}: a hold for {hold} is released by a person's decision, never by a mail.",
        )
    if kind is EffectKind.OPEN_CASE and not table.get("case"):
        raise Invalid("effects", f"{entry}: open_case must name the case.")
    return Effect(
        kind,
        hold,
        str(table.get("reason", "")),
        table.get("review") is True,
        str(table.get("case", "")),
    )


def _text(table: Mapping[str, object], key: str, entry: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise Invalid(key, f"{entry} needs {key!r}.")
    return value.strip()


def _answer_days(value: object, entry: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LONGEST_ANSWER_DAYS:
        raise Invalid(
            "answer_days",
            f"{entry}: answer_days must be 1 to {LONGEST_ANSWER_DAYS} working days.",
        )
    return value


def _member(kind: type[T], value: object, entry: str) -> T:
    try:
        return kind(str(value))
    except ValueError as error:
        known = ", ".join(kind)
        raise Invalid("statuses", f"{entry}: {value!r} is not known. Known are: {known}.") from error
