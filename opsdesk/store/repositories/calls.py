"""The calls to gateways of one unit of work: added with what they belong to, found under lock."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.errors import Conflict, Refused
from opsdesk.domain.payments.gateways import CallState
from opsdesk.store.tables import GatewayCallRow

_OPEN = tuple(state.value for state in CallState if state.is_open)


class Calls:
    """The calls of one unit of work; the order is locked before any of them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, call: GatewayCallRow) -> GatewayCallRow:
        """Write a new call; its id is known afterwards."""
        self._session.add(call)
        self._session.flush()
        return call

    def order_of(self, call_id: int) -> int:
        """Return which order the call is about, without locking anything.

        Raises:
            Refused: there is no such call.
        """
        found = self._session.execute(select(col(GatewayCallRow.order_id)).where(col(GatewayCallRow.id) == call_id))
        order_id: int | None = found.scalar_one_or_none()
        if order_id is None:
            raise Refused("The call to the gateway no longer exists.")
        return order_id

    def locked(self, call_id: int, *, version: int | None = None) -> GatewayCallRow:
        """Return the call for change, provided nobody changed it since `version`.

        Raises:
            Refused: there is no such call.
            Conflict: it moved on since it was read.
        """
        call = self._session.get(GatewayCallRow, call_id, with_for_update=True, populate_existing=True)
        if call is None:
            raise Refused("The call to the gateway no longer exists.")
        if version is not None and call.version != version:
            raise Conflict("The call moved on in the meantime. Look at it again first.")
        return call

    def by_key(self, key: str) -> GatewayCallRow | None:
        """Return the call that has this key, locked."""
        found = select(GatewayCallRow).where(col(GatewayCallRow.key) == key).with_for_update()
        return self._session.execute(found).scalar_one_or_none()

    def open_of_order(self, order_id: int) -> list[GatewayCallRow]:
        """Return the order's calls that are not over, locked, oldest first."""
        found = select(GatewayCallRow).where(
            col(GatewayCallRow.order_id) == order_id, col(GatewayCallRow.state).in_(_OPEN)
        )
        return list(self._session.execute(found.order_by(col(GatewayCallRow.id)).with_for_update()).scalars())

    def of_share(self, share_id: int) -> list[GatewayCallRow]:
        """Return the calls that were made for a share of a refund, oldest first, locked."""
        found = select(GatewayCallRow).where(col(GatewayCallRow.share_id) == share_id)
        return list(self._session.execute(found.order_by(col(GatewayCallRow.id)).with_for_update()).scalars())

    def failed_before(self, call: GatewayCallRow) -> list[GatewayCallRow]:
        """Return the calls that failed for what this new one asks again and that nobody has settled, locked."""
        found = select(GatewayCallRow).where(
            col(GatewayCallRow.order_id) == call.order_id,
            col(GatewayCallRow.kind) == call.kind,
            col(GatewayCallRow.state) == CallState.FAILED.value,
            col(GatewayCallRow.settled_by).is_(None),
        )
        if call.share_id is None:
            found = found.where(
                col(GatewayCallRow.payment_id).is_not_distinct_from(call.payment_id),
                col(GatewayCallRow.link_id).is_not_distinct_from(call.link_id),
            )
        found = found.where(col(GatewayCallRow.share_id).is_not_distinct_from(call.share_id))
        return list(self._session.execute(found.order_by(col(GatewayCallRow.id)).with_for_update()).scalars())
