"""The outbox of one unit of work: mails found under lock, written once per event."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.errors import Conflict, Refused
from opsdesk.store.tables import MailRow


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

    def waiting(self, order_id: int) -> list[MailRow]:
        """Return the order's mails that have not been sent yet, locked, oldest first."""
        waiting = select(MailRow).where(col(MailRow.order_id) == order_id, col(MailRow.state).in_(("queued", "retry")))
        return list(self._session.execute(waiting.order_by(col(MailRow.id)).with_for_update()).scalars())
