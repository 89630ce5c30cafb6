"""The shop as it signs its letters, from the settings that all terminals share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.mails.letters import ShopFacts
from opsdesk.domain.mails.outgoing import Sender
from opsdesk.store.tables import SettingRow

SHOP_SETTING = "shop"
"""Key of the setting: a JSON object with the texts of `_UNSET`."""

_UNSET = {
    "name": "Example Shop",
    "phone": "+44 20 7946 0000",
    "hours": "Mon-Fri 9-17",
    "website": "https://shop.example",
    "address": "2 Example Road, Exampleton",
    "language": "en",
    "mail_from": "orders@shop.example",
    "mail_reply_to": "",
}
SHOP_FIELDS = tuple(_UNSET)
"""The texts that describe the shop."""


@dataclass(frozen=True, slots=True)
class Shop:
    """How the shop signs, and which address its mails come from."""

    facts: ShopFacts
    sender: Sender
    is_described: bool


def shop(session: Session, zone: ZoneInfo) -> Shop:
    """Return the shop; until somebody describes it, an invented one that no customer should read."""
    saved = _saved(session)
    texts = _UNSET | saved
    facts = ShopFacts(
        texts["name"], texts["phone"], texts["hours"], texts["website"], texts["address"], zone, texts["language"]
    )
    return Shop(facts, Sender(texts["name"], texts["mail_from"], texts["mail_reply_to"]), is_described=bool(saved))


def shop_texts(session: Session) -> dict[str, str]:
    """Return every text that describes the shop, invented where nobody has set it."""
    return _UNSET | _saved(session)


def _saved(session: Session) -> dict[str, str]:
    saved = session.execute(select(col(SettingRow.value)).where(col(SettingRow.key) == SHOP_SETTING)).scalar()
    told = json.loads(saved) if saved else {}
    return {name: value for name, value in told.items() if name in _UNSET and isinstance(value, str)}
