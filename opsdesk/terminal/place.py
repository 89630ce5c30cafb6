"""Which terminal this is, for the history, and how one running program is told from another."""

from __future__ import annotations

import os
import socket
import sys
from uuid import uuid4


def terminal_name() -> str:
    """Return e.g. `tty:pts/3`, or `screen` where there is no terminal."""
    try:
        return f"tty:{os.ttyname(sys.__stdin__.fileno()).removeprefix('/dev/')}" if sys.__stdin__ else "screen"
    except (OSError, ValueError):
        return "screen"


def seat_name() -> str:
    """Return a name that no other has: a machine may run the program twice, and two machines both have a `pts/3`."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
