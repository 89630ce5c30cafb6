"""The test gateway's memory of idempotency keys: a key is good for one request, and for a day."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from tests.peers.gateway_errors import ApiError

LASTS = 24 * 60 * 60


@dataclass(frozen=True)
class Reply:
    """What is sent back."""

    status: int
    body: bytes
    content_type: str = "application/json"
    is_replayed: bool = False


@dataclass
class _Memory:
    fingerprint: str
    made_at: int
    reply: Reply | None = None


class Keys:
    """Requests by their key, with their first answer once there is one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._memories: dict[str, _Memory] = {}

    def enter(self, key: str, fingerprint: str, now: int) -> Reply | None:
        """Take a key for a request, or return the answer that the same request has had.

        Raises:
            ApiError: 409, another request with the key is under way; 400, the key was used for something else.
        """
        if len(key) > 255:
            raise ApiError(400, "invalid_request_error", "Idempotency keys may have up to 255 characters.")
        with self._lock:
            memory = self._memories.get(key)
            if memory is not None and now - memory.made_at >= LASTS:
                memory = None
            if memory is None:
                self._memories[key] = _Memory(fingerprint, now)
                return None
            if memory.fingerprint != fingerprint:
                raise ApiError(
                    400,
                    "idempotency_error",
                    "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                    f"Try using a key other than '{key}' if you meant to execute a different request.",
                )
            if memory.reply is None:
                raise in_progress(key)
            return memory.reply

    def keep(self, key: str, reply: Reply) -> None:
        """Remember the first answer."""
        with self._lock:
            self._memories[key].reply = reply

    def forget(self, key: str) -> None:
        """Set a key free: its request was refused before it began."""
        with self._lock:
            self._memories.pop(key, None)


def in_progress(key: str) -> ApiError:
    """Say that a request with this key is under way."""
    return ApiError(
        409,
        "idempotency_error",
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted "
        f"twice, and the other request is still going through): {key}. Please try again later.",
        code="idempotency_key_in_use",
    )
