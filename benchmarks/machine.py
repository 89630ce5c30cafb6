"""What the figures were measured on, without names and paths."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from pysqlite3 import dbapi2


def describe(postgres: str, orders: int) -> list[str]:
    """Return the lines that describe the machine and the run."""
    return [
        f"{orders:,} orders made by `opsdesk demo`",
        f"{os.cpu_count()} cores ({_processor()}), {_memory_gib()} GiB, {platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}, SQLite {dbapi2.sqlite_version}, Postgres {postgres} (64 MB of its own)",
        ", ".join(f"{name} {version(name)}" for name in ("textual", "sqlalchemy", "sqlmodel", "psycopg", "typer")),
        f"Load of the machine when the run began: {os.getloadavg()[0]:.1f}",
    ]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _memory_gib() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
