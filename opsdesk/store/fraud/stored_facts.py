"""Single facts out of the long text in which all facts of an order are stored, without reading the others."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from opsdesk.domain.fraud.expressions.kinds import Facts

_FEW = 8
"""Reading more of them one by one takes longer than reading all."""
_FOREIGN = '"order.quantities":'
"""The one fact whose own keys are words of others: an article may be called like a fact."""
_scan = json.JSONDecoder().raw_decode


def facts_reader(names: Sequence[str]) -> Callable[[str], Facts]:
    """Return what reads facts with these names, and perhaps others, out of what `Risk.assess` has stored."""
    if len(names) > _FEW:
        return _read_all
    keys = tuple((name, f'"{name}":') for name in names)

    def read(stored: str) -> Facts:
        # Quotation marks inside a text are escaped, so that only a key can look like one.
        begin = stored.find(_FOREIGN)
        end = _scan(stored, begin + len(_FOREIGN))[1] if begin >= 0 else 0
        found: dict[str, Any] = {}
        for name, key in keys:
            at = stored.find(key, 0, begin + len(_FOREIGN)) if begin >= 0 else -1
            if at < 0:
                at = stored.find(key, end)
            if at >= 0:
                found[name] = _scan(stored, at + len(key))[0]
        return found

    return read


def _read_all(stored: str) -> Facts:
    facts: Facts = json.loads(stored)
    return facts
