"""The outbox of one unit of work: mails found under lock, written once per event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.errors import Conflict, Refused
from opsdesk.store.tables import MailboxCursorRow, MailRow, OrderRow


class Mails:
    """The mails of one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, mail: MailRow) -> MailRow:
        """Write a new mail; its id is known afterwards."""
        self._session.add(mail)
        self._session.flush()
        return mail

    def of_event(self, event_key: str) -> MailRow | None:
        """Return the mail that this event has already written, if it has."""
        found = select(MailRow).where(col(MailRow.event_key) == event_key).with_for_update()
        return self._session.execute(found).scalar_one_or_none()

    def mailbox(self, name: str) -> MailboxCursorRow | None:
        """Return how far a mailbox was read, locked."""
        return self._session.get(MailboxCursorRow, name, with_for_update=True)

    def locked(self, mail_id: int, *, version: int | None = None) -> MailRow:
        """Return the mail for change, provided nobody changed it since `version`.

        Raises:
            Refused: there is no such mail.
            Conflict: it moved on since it was read.
        """
        mail = self._session.get(MailRow, mail_id, with_for_update=True, populate_existing=True)
        if mail is None:
            raise Refused("The mail no longer exists.")
        if version is not None and mail.version != version:
            raise Conflict("The mail was changed or sent in the meantime. Look at it again first.")
        return mail

    def sent_as(self, message_ids: Sequence[str]) -> int | None:
        """Return the mail that bears the first of these Message-IDs that we gave, without locking it."""
        given = select(col(MailRow.message_id), col(MailRow.id)).where(col(MailRow.message_id).in_(message_ids))
        found: dict[str, int | None] = {row[0]: row[1] for row in self._session.execute(given)}
        return next((found[message_id] for message_id in message_ids if message_id in found), None)

    def newest_to(self, address: str, *, since: datetime, asks_case: bool = False) -> int | None:
        """Return the newest mail that a mail server took for this address of an order, without locking it.

        `asks_case`: only one that asks about a case. The address is compared as it stands on the order.
        """
        of_address = col(OrderRow.email).in_({address, address.lower()})
        sent = (
            select(col(MailRow.id))
            .join(OrderRow, col(OrderRow.id) == col(MailRow.order_id))
            .where(
                of_address, col(MailRow.recipient).in_({address, address.lower()}), col(MailRow.accepted_at) >= since
            )
        )
        if asks_case:
            sent = sent.where(col(MailRow.event_key).like("case:%"))
        return self._session.execute(sent.order_by(col(MailRow.id).desc()).limit(1)).scalar()

    def order_of(self, mail_id: int) -> int | None:
        """Return the order that a mail is about, if it is about one, without locking either."""
        return self._session.execute(select(col(MailRow.order_id)).where(col(MailRow.id) == mail_id)).scalar()

    def last_asking(self, order_id: int) -> int | None:
        """Return the order's newest mail that asks about a case."""
        asking = select(col(MailRow.id)).where(col(MailRow.order_id) == order_id, col(MailRow.event_key).like("case:%"))
        return self._session.execute(asking.order_by(col(MailRow.id).desc()).limit(1)).scalar()

    def waiting(self, order_id: int) -> list[MailRow]:
        """Return the order's mails that have not been sent yet, locked, oldest first."""
        waiting = select(MailRow).where(col(MailRow.order_id) == order_id, col(MailRow.state).in_(("queued", "retry")))
        return list(self._session.execute(waiting.order_by(col(MailRow.id)).with_for_update()).scalars())
