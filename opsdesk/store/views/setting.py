"""A setting of the shop that all terminals share."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.store.tables import SettingRow


def setting(session: Session, key: str) -> str | None:
    """Return the JSON text of a setting, or None while nobody has set it."""
    return session.execute(select(col(SettingRow.value)).where(col(SettingRow.key) == key)).scalar_one_or_none()
