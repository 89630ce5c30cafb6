"""A shop for one journey: a fresh store, a mail server, and people at a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.peers.smtp_sink import Sink, smtp_sink
from tests.pty_driver import Terminal


@dataclass
class ShopFloor:
    """Everything that stands around the program.

    Attributes:
        environment: what the program finds set.
    """

    folder: Path
    store_url: str
    mail_server: Sink
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = {
            "OPSDESK_STORE": self.store_url,
            "OPSDESK_STATE": str(self.folder / "state"),
            "OPSDESK_SMTP_URL": f"smtp://127.0.0.1:{self.mail_server.port}",
            "OPSDESK_ZONE": "Europe/Berlin",
        }

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run one command and return what it printed; it must end with `code`."""
        ran = subprocess.run(
            [sys.executable, "-m", "opsdesk", *arguments],
            env={**os.environ, **self.environment}, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert ran.returncode == code, f"{arguments} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def json(self, *arguments: str) -> Any:
        """Run one command and read the JSON that it printed."""
        return json.loads(self.run(*arguments, "--json"))

    @contextmanager
    def terminal(self, **options: Any) -> Iterator[Terminal]:
        """Open the program on a terminal of its own."""
        with Terminal.opsdesk(environment=self.environment, **options) as terminal:
            yield terminal

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Run a worker beside everything else."""
        running = subprocess.Popen(
            [sys.executable, "-m", "opsdesk", "worker"],
            env={**os.environ, **self.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield
        finally:
            running.terminate()
            running.wait(30)

    def mail(self, number: int, *, patience: float = 60) -> EmailMessage:
        """Wait for the nth mail that arrives at the mail server, from 1."""
        deadline = time.monotonic() + patience
        while len(self.mail_server.lines()) < number:
            assert time.monotonic() < deadline, f"Mail {number} has not arrived after {patience} s."
            time.sleep(0.1)
        return self.mail_server.taken()[number - 1]


@contextmanager
def shop_floor(folder: Path, store_url: str) -> Iterator[ShopFloor]:
    """Set a shop up around a migrated store, and take it down."""
    with smtp_sink(folder / "mails.jsonl") as sink:
        yield ShopFloor(folder, store_url, sink)
