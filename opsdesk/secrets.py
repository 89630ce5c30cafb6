"""Reading secrets from where the shop keeps them: the environment, a private file, or the system's keyring."""

from __future__ import annotations
