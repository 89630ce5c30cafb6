"""Every repository of one unit of work."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from sqlmodel import Session

from opsdesk.store.repositories.articles import Articles
from opsdesk.store.repositories.calls import Calls
from opsdesk.store.repositories.desks import Desks
from opsdesk.store.repositories.mails import Mails
from opsdesk.store.repositories.orders import Orders
from opsdesk.store.repositories.payments import Payments
from opsdesk.store.repositories.settlements import Settlements
from opsdesk.store.repositories.users import Users

if TYPE_CHECKING:
    from opsdesk.store.repositories.cases import Cases
    from opsdesk.store.repositories.credit_notes import CreditNotes
    from opsdesk.store.repositories.risk import Risk


class Repositories:
    """What can be found, locked and written in one session.

    What only some commands touch is loaded when they do: the fraud desk alone was a sixth of the start of all others.
    """

    def __init__(self, session: Session, now: datetime, *, by_person: bool) -> None:
        self._session = session
        self.now = now
        self.orders = Orders(session, now, by_person=by_person)
        self.mails = Mails(session)
        self.payments = Payments(session, now)
        self.calls = Calls(session)
        self.settlements = Settlements(session)
        self.users = Users(session)
        self.desks = Desks(session)
        self.articles = Articles(session)

    @cached_property
    def cases(self) -> Cases:
        """The cases of the fraud desk."""
        from opsdesk.store.repositories.cases import Cases

        return Cases(self._session)

    @cached_property
    def risk(self) -> Risk:
        """Scores, rules, lists and labels."""
        from opsdesk.store.repositories.risk import Risk

        return Risk(self._session, self.now)

    @cached_property
    def notes(self) -> CreditNotes:
        """The credit notes of refunds."""
        from opsdesk.store.repositories.credit_notes import CreditNotes

        return CreditNotes(self._session)
