"""A keyring that is nobody's: it holds what the environment of a test says, and nothing outlives the process."""

from __future__ import annotations

import os
from pathlib import Path

from keyring.backend import KeyringBackend


class MemoryKeyring(KeyringBackend):
    """Entries are lines `service/name=secret` in the file that `TEST_KEYRING` names, or were set in this process."""

    priority = 1  # type: ignore[assignment]  # the base class computes it

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[str, str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._all().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[f"{service}/{username}"] = password

    def delete_password(self, service: str, username: str) -> None:
        self.entries.pop(f"{service}/{username}", None)

    def _all(self) -> dict[str, str]:
        named = os.environ.get("TEST_KEYRING")
        lines = Path(named).read_text().splitlines() if named else []
        return {**dict(line.split("=", 1) for line in lines), **self.entries}
