"""Which terminal this is, for the history."""

from __future__ import annotations

import os
import sys


def terminal_name() -> str:
    """Return e.g. `tty:pts/3`, or `screen` where there is no terminal."""
    try:
        return f"tty:{os.ttyname(sys.__stdin__.fileno()).removeprefix('/dev/')}" if sys.__stdin__ else "screen"
    except (OSError, ValueError):
        return "screen"
