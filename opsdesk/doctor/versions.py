"""The SQLite library that is really linked, and the patch level of Python."""

from __future__ import annotations

from opsdesk.doctor.findings import Finding, mend, watch, well

Version = tuple[int, ...]

# Two processes on one WAL file could corrupt it from 3.7.0 on; the fix went into these.
_SQLITE_FIXED = (3, 51, 3)
_SQLITE_BACKPORTS: dict[Version, int] = {(3, 50): 7, (3, 44): 6}
# CVE-2024-6923: a line break hidden in a mail header became a header of its own.
_PYTHON_FIXED = (3, 13)
_PYTHON_BACKPORTS: dict[Version, int] = {(3, 11): 10, (3, 12): 5}


def sqlite_library(version: Version) -> Finding:
    """Judge the SQLite library by its version."""
    found = f"SQLite {_dotted(version)} is linked"
    if version >= _SQLITE_FIXED or version[2:3] >= (_SQLITE_BACKPORTS.get(version[:2], 1_000),):
        return well("sqlite library", f"{found}.")
    return mend(
        "sqlite library",
        f"{found}; several processes on one store can corrupt it.",
        "Install the pysqlite3 wheel of OpsDesk's lock, which brings 3.51.3 or newer (3.50.7 and 3.44.6 are good too).",
    )


def python_version(version: Version) -> Finding:
    """Judge the interpreter by its version."""
    found = f"Python {_dotted(version)} runs OpsDesk"
    if version >= _PYTHON_FIXED or version[2:3] >= (_PYTHON_BACKPORTS.get(version[:2], 1_000),):
        return well("python", f"{found}.")
    return watch(
        "python",
        f"{found}; its mail library lets headers be forged (CVE-2024-6923). OpsDesk checks every header itself.",
        "Install the newest patch of your Python: at least 3.11.10, 3.12.5 or 3.13.",
    )


def _dotted(version: Version) -> str:
    return ".".join(map(str, version[:3]))
