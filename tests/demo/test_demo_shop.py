"""The demo shop is the same every time, and shows everything that the desks know."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from opsdesk.domain.holds import HoldType
from opsdesk.domain.mailing import MailState
from opsdesk.domain.orders import CancelReason, CaseState, FulfilmentStatus, Headline, PaymentStatus, Stage
from opsdesk.store.engine import connect


def values(url: str, statement: str) -> set[str]:
    store = connect(url)
    with store.reading() as session:
        found = {row[0] for row in session.execute(text(statement))}
    store.close()
    return found


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_state_that_a_desk_knows_is_there(demo_store, kind: str) -> None:
    url = demo_store(kind)

    assert values(url, "SELECT headline FROM orders") == {word.value for word in Headline}
    assert values(url, "SELECT payment_status FROM orders") == {word.value for word in PaymentStatus}
    assert values(url, "SELECT fulfilment_status FROM orders") == {word.value for word in FulfilmentStatus}
    assert values(url, "SELECT stage FROM orders") == {word.value for word in Stage}
    assert values(url, "SELECT type FROM hold WHERE released_at IS NULL") == {kind.value for kind in HoldType}
    assert values(url, "SELECT reason FROM cancellation") == {reason.value for reason in CancelReason}
    assert values(url, "SELECT state FROM verification_case") == {state.value for state in CaseState}
    # A mail is only `sending` while a worker holds it.
    assert values(url, "SELECT state FROM mail") == {state.value for state in MailState} - {MailState.SENDING.value}
