"""Reads form-encoded requests with bracketed names, and refuses a name that the endpoint does not know."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from tests.peers.gateway_errors import invalid

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


class Form:
    """The parameters of one request."""

    def __init__(self, encoded: str) -> None:
        self.pairs = [(_parts(name), value) for name, value in parse_qsl(encoded, keep_blank_values=True)]
        self.tree: dict[str, Any] = _listed(_grown(self.pairs))

    def check(self, known: Iterable[str]) -> None:
        """Refuse unknown names. `#` stands for a place in a list, a last `*` for names of the shop's choice."""
        known = set(known)
        for parts, _ in self.pairs:
            pattern = ".".join("#" if part.isdecimal() or not part else part for part in parts)
            open_ended = ".".join([*pattern.split(".")[:-1], "*"])
            if pattern not in known and open_ended not in known:
                shown = parts[0] + "".join(f"[{part}]" for part in parts[1:])
                raise invalid(f"Received unknown parameter: {shown}", param=shown, code="parameter_unknown")

    def get(self, *path: str) -> Any:
        """Return what stands at a path, as it came; None where nothing stands."""
        found: Any = self.tree
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def text(self, *path: str, default: str = "", at_most: int = 5000) -> str:
        """Return a text; the default where there is none."""
        found = self.get(*path)
        if found is None:
            return default
        if not isinstance(found, str) or len(found) > at_most:
            raise invalid(f"Invalid string: at most {at_most} characters.", param=_shown(path))
        return found

    def required(self, *path: str) -> str:
        """Return a text that must be there."""
        found = self.text(*path)
        if not found:
            raise invalid(f"Missing required param: {_shown(path)}.", param=_shown(path), code="parameter_missing")
        return found

    def integer(self, *path: str) -> int | None:
        """Return a whole number; None where there is none."""
        found = self.get(*path)
        return None if found is None else whole(found, _shown(path))

    def choice(self, *path: str, of: tuple[str, ...], default: str) -> str:
        """Return one of some words."""
        found = self.text(*path, default=default)
        if found not in of:
            raise invalid(f"Invalid {_shown(path)}: must be one of {', '.join(of)}", param=_shown(path))
        return found

    def metadata(self, *path: str) -> dict[str, str]:
        """Return notes of the shop's own, within the limits of number and length."""
        found = self.get(*(path or ("metadata",))) or {}
        if not isinstance(found, dict) or len(found) > 50:
            raise invalid("Metadata must be up to 50 pairs.", param="metadata")
        for name, value in found.items():
            if not isinstance(value, str) or len(name) > 40 or len(value) > 500:
                raise invalid(
                    f"Metadata values can have up to 500 characters, names up to 40: {name[:40]}",
                    param=f"metadata[{name[:40]}]",
                )
        return {name: value for name, value in found.items() if value}

    @property
    def expand(self) -> tuple[str, ...]:
        """Return what is to be told in full instead of by its id."""
        found = self.get("expand") or []
        return tuple([found] if isinstance(found, str) else found)


def whole(found: object, param: str) -> int:
    """Read a whole number."""
    if not isinstance(found, str) or not re.fullmatch(r"-?\d{1,15}", found):
        raise invalid(f"Invalid integer: {found}", param=param, code="parameter_invalid_integer")
    return int(found)


def _parts(name: str) -> list[str]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise invalid(f"Invalid parameter name: {name[:80]}", param=name[:80])
    return [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]


def _grown(pairs: list[tuple[list[str], str]]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for parts, value in pairs:
        branch = tree
        for part in parts[:-1]:
            branch = branch.setdefault(part, {})
            if not isinstance(branch, dict):
                raise invalid("A parameter has both a value and parts.", param=parts[0])
        branch[parts[-1] or str(len(branch))] = value
    return tree


def _listed(branch: Any) -> Any:
    if not isinstance(branch, dict):
        return branch
    grown = {name: value if name == "metadata" else _listed(value) for name, value in branch.items()}
    if grown and all(name.isdecimal() for name in grown):
        return [grown[name] for name in sorted(grown, key=int)]
    return grown


def _shown(path: tuple[str, ...]) -> str:
    return path[0] + "".join(f"[{part}]" for part in path[1:])
