"""Whatever stands in Stripe's objects, reading them ends in a payment or in one of the errors that the adapter expects."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.secrets import Secret
from opsdesk.integrations.payments.stripe import _UNREADABLE
from opsdesk.integrations.payments.stripe_effects import _of_capture, _of_refund, _of_void
from opsdesk.integrations.payments.stripe_events import Cursor, event_of, news
from opsdesk.integrations.payments.stripe_fields import text
from opsdesk.integrations.payments.stripe_objects import legacy_intent, partial_snapshot
from opsdesk.integrations.payments.stripe_reading import dispute, refund, snapshot
from opsdesk.integrations.payments.stripe_webhooks import read_signed, signature
from tests.conftest import START
from tests.integrations.payments.test_reading import charge, intent

ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=8)
    | st.sampled_from(["succeeded", "manual", "eur", "ISK", "pi_1", "ch_1", "charge", "checkout.session"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def _places(found: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = found.items() if isinstance(found, dict) else []
    return [one for name, value in inside for one in [(*path, name), *_places(value, (*path, name))]]


PLACES = _places(intent(charge(captured=True, amount_captured=3000), status="succeeded"))


@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=4), st.lists(ODD, max_size=3))
def test_a_payment_with_anything_in_it_is_read_or_refused(
    changes: list[tuple[tuple[Any, ...], Any]], more: list[Any]
) -> None:
    found = copy.deepcopy(intent(charge(captured=True, amount_captured=3000), status="succeeded"))
    for path, value in changes:
        _put(found, path, value)
    objects = [one for one in more if isinstance(one, dict)]
    for read in (
        lambda: snapshot(found, refunds=objects, disputes=objects),
        lambda: snapshot(legacy_intent(found["latest_charge"] if isinstance(found["latest_charge"], dict) else {})),
        lambda: (_of_capture(found), _of_void(found), _of_refund(found)),
    ):
        try:
            read()
        except _UNREADABLE:
            continue


@given(
    ODD,
    st.sampled_from(
        [
            "charge.captured",
            "refund.updated",
            "charge.dispute.created",
            "checkout.session.completed",
            "payment_link.updated",
            "",
        ]
    ),
)
def test_an_event_with_anything_in_it_is_read_or_refused(about: Any, name: str) -> None:
    event = {"id": "evt_1", "object": "event", "type": name, "created": 5, "data": {"object": about}}
    body = json.dumps(event).encode()
    moment = int(START.timestamp())
    read = read_signed(
        body, {"Content-Type": "application/json", "Stripe-Signature": signature(Secret("whsec_x"), body, moment)}, [Secret("whsec_x")], now=START
    )  # fmt: skip
    for attempt in (lambda: event_of(read, partial_snapshot(read)), lambda: refund(read), lambda: dispute(read)):
        try:
            attempt()
        except _UNREADABLE:
            continue


@given(st.lists(st.dictionaries(st.sampled_from(["id", "created", "type"]), ODD, max_size=3), max_size=5))
def test_a_list_of_anything_moves_the_cursor_only_forwards(events: list[dict[str, Any]]) -> None:
    found = news(lambda *_: events, Cursor(int(START.timestamp())), START)

    assert Cursor.parse(str(found.cursor.after([*found.again, *found.fresh])), START).second >= int(START.timestamp())


def _put(found: Any, path: tuple[Any, ...], value: Any) -> None:
    for name in path[:-1]:
        if not isinstance(found, dict) or name not in found:
            return
        found = found[name]
    if isinstance(found, dict):
        found[path[-1]] = value


def test_a_random_id_that_spells_a_code_stays_whole() -> None:
    assert text({"id": "plink_9LKU9ootCkW123cVV4Qcsy8U"}, "id") == "plink_9LKU9ootCkW123cVV4Qcsy8U"
    assert text({"url": "https://buy.stripe.com/123cvv4"}, "url") == "https://buy.stripe.com/123cvv4"
    assert "123" not in text({"reason": "the code is 123 cvv"}, "reason")
