"""localstripe as a program of its own: another reading of Stripe's interface than ours, and GPL, so never imported here.

It listens on every address by itself, hence the few lines that start it on 127.0.0.1. Its known gaps: it ignores
idempotency keys, refuses notes on a capture (they are taken off here), refuses kinds of events, has no disputes, no
pages to pay on, and lets more be refunded than was captured.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_START = """
import sys
from aiohttp import web
from localstripe import server

read = server.get_post_data

async def without_notes(request, remove_auth=True):
    found = await read(request, remove_auth)
    if found and request.path.endswith("/capture"):
        found.pop("metadata", None)
    return found

server.get_post_data = without_notes
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""
_LONGEST_START_S = 60.0


@contextmanager
def localstripe(folder: Path) -> Iterator[str]:
    """Run it while the block lasts, with its files in a folder of its own; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "TMPDIR": str(folder)}
    with (folder / "localstripe.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-c", _START, str(port)], env=environment, stdout=log, stderr=log, cwd=folder
        )
    try:
        _wait_until_open(port, running)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(timeout=30)


def _wait_until_open(port: int, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _LONGEST_START_S
    while running.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("localstripe did not start")
