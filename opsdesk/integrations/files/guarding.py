"""Cells that a spreadsheet would run as a formula: neutralised when written, and put back when read."""

from __future__ import annotations

_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
# A spreadsheet that takes another separator, or skips blanks and quotes, begins its cell behind these.
_BEFORE = " \"',;|\u00a0\ufeff"


def guarded(cell: str) -> str:
    """Return the cell with a single quote before it where a spreadsheet could run it."""
    return f"'{cell}" if _is_dangerous(cell) else cell


def unguarded(cell: str) -> str:
    """Return the cell as it was before `guarded`."""
    return cell[1:] if cell.startswith("'") and _is_dangerous(cell[1:]) else cell


def _is_dangerous(cell: str) -> bool:
    if not cell:
        return False
    # A quote at the beginning counts too: otherwise it could not be told from one that was put there.
    if cell[0] == "'" or cell[0] in _FORMULA:
        return True
    return any(part.lstrip(_BEFORE)[:1] in _FORMULA for part in _parts(cell) if part.lstrip(_BEFORE))


def _parts(cell: str) -> list[str]:
    """Return what could become a cell of its own under another separator."""
    parts = [cell]
    for separator in ",;\t|\r\n":
        parts = [piece for part in parts for piece in part.split(separator)]
    return parts
