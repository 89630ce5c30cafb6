"""Which request goes where, and which parameters it may have: those of Stripe that the test gateway acts on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.peers.gateway_errors import ApiError
from tests.peers.gateway_faults import Call
from tests.peers.gateway_state import Ask, Thing

if TYPE_CHECKING:
    from tests.peers.gateway_bank import Bank

_PAGE = frozenset(
    ["limit", "starting_after", "ending_before", "created", "created.gte", "created.gt", "created.lte", "created.lt"]
)
_LINES = frozenset(
    {
        "line_items.#.quantity",
        "line_items.#.price_data.currency",
        "line_items.#.price_data.unit_amount",
        "line_items.#.price_data.product_data.name",
        "line_items.#.price_data.product_data.description",
        "line_items.#.price_data.product_data.metadata.*",
    }
)
_LINK = frozenset(
    {
        "metadata.*",
        "payment_intent_data.capture_method",
        "payment_intent_data.description",
        "payment_intent_data.metadata.*",
        "payment_intent_data.statement_descriptor_suffix",
        "submit_type",
        "phone_number_collection.enabled",
        "billing_address_collection",
    }
)
_NOTHING: frozenset[str] = frozenset()
PARAMS = {
    "payment_intents.create": frozenset(
        [
            "amount",
            "currency",
            "capture_method",
            "confirm",
            "description",
            "metadata.*",
            "payment_method",
            "receipt_email",
            "return_url",
            "off_session",
            "payment_method_options.card.*",
            "automatic_payment_methods.enabled",
            "automatic_payment_methods.allow_redirects",
            "statement_descriptor_suffix",
        ]
    ),
    "payment_intents.confirm": frozenset(["payment_method", "return_url", "off_session"]),
    "payment_intents.capture": frozenset(
        ["amount_to_capture", "final_capture", "metadata.*", "statement_descriptor_suffix"]
    ),
    "payment_intents.cancel": frozenset({"cancellation_reason"}),
    "payment_intents.list": _PAGE,
    "refunds.create": frozenset(["amount", "charge", "payment_intent", "reason", "metadata.*"]),
    "refunds.list": _PAGE | {"charge", "payment_intent"},
    "checkout.sessions.create": _LINES
    | _LINK
    | frozenset(
        [
            "mode",
            "success_url",
            "cancel_url",
            "client_reference_id",
            "customer_email",
            "expires_at",
            "locale",
            "ui_mode",
        ]
    )
    | {"payment_intent_data.receipt_email", "custom_text.submit.message", "adaptive_pricing.enabled"},
    "checkout.sessions.list": _PAGE | {"payment_intent", "payment_link", "status"},
    "payment_links.create": _LINES
    | _LINK
    | {
        "restrictions.completed_sessions.limit",
        "inactive_message",
        "payment_method_types.#",
        "after_completion.type",
        "after_completion.redirect.url",
        "after_completion.hosted_confirmation.custom_message",
    },
    "payment_links.update": frozenset({"active", "inactive_message", "metadata.*"}),
    "payment_links.list": frozenset(["limit", "starting_after", "ending_before", "active"]),
    "events.list": _PAGE | {"type", "types.#", "delivery_success"},
    "disputes.update": frozenset({"evidence.*", "submit", "metadata.*"}),
    "disputes.list": _PAGE | {"charge", "payment_intent"},
    "charges.list": _PAGE | {"payment_intent"},
}


@dataclass(frozen=True)
class Route:
    """One endpoint: what it does, and which parameters it knows besides `expand`."""

    method: str
    pattern: re.Pattern[str]
    call: Call
    act: Callable[..., Thing]
    params: frozenset[str]


def find_route(method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    """Return the endpoint of a path, and the ids in it."""
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match and route.method == method:
            return route, match.groups()
    raise ApiError(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).")


def _route(line: str, call: Call, act: Callable[..., Thing], params: str = "") -> Route:
    method, path = line.split()
    pattern = re.compile("/v1/" + path.replace(":id", r"([A-Za-z0-9_]+)"))
    return Route(method, pattern, call, act, PARAMS.get(params, _NOTHING))


def _get(kind: str, param: str) -> Callable[..., Thing]:
    return lambda bank, _, reference: bank.book.find(kind, reference, param=param)


def _list(path: str, kind: str, *filters: str) -> Callable[..., Thing]:
    def act(bank: Bank, ask: Ask) -> Thing:
        things = bank.events() if kind == "event" else bank.book.all(kind)
        wanted = {name: ask.form.text(name) for name in filters if ask.form.text(name)}
        found = things
        if wanted:
            found = [thing for thing in things if all(_is(thing.get(name), value) for name, value in wanted.items())]
        types = ask.form.get("types")
        if types:
            found = [thing for thing in found if thing["type"] in types]
        return bank.book.page(f"/v1/{path}", found, ask.form)

    return act


def _is(value: object, wanted: str) -> bool:
    return (str(value).lower() if isinstance(value, bool) else value) == wanted


ROUTES = (
    _route("POST payment_intents", Call.PAY, lambda b, a: b.payments.create(a), "payment_intents.create"),
    _route("GET payment_intents", Call.READ, _list("payment_intents", "payment_intent"), "payment_intents.list"),
    _route("GET payment_intents/:id", Call.READ, _get("payment_intent", "intent")),
    _route(
        "POST payment_intents/:id/confirm",
        Call.PAY,
        lambda b, a, i: b.payments.confirm(a, i),
        "payment_intents.confirm",
    ),
    _route(
        "POST payment_intents/:id/capture",
        Call.CAPTURE,
        lambda b, a, i: b.payments.capture(a, i),
        "payment_intents.capture",
    ),
    _route(
        "POST payment_intents/:id/cancel", Call.VOID, lambda b, a, i: b.payments.cancel(a, i), "payment_intents.cancel"
    ),
    _route("POST refunds", Call.REFUND, lambda b, a: b.refunds.create(a), "refunds.create"),
    _route("GET refunds", Call.READ, _list("refunds", "refund", "payment_intent", "charge"), "refunds.list"),
    _route("GET refunds/:id", Call.READ, _get("refund", "refund")),
    _route(
        "POST checkout/sessions",
        Call.CREATE_LINK,
        lambda b, a: b.checkout.create_session(a),
        "checkout.sessions.create",
    ),
    _route(
        "GET checkout/sessions",
        Call.READ,
        _list("checkout/sessions", "checkout.session", "payment_intent", "payment_link", "status"),
        "checkout.sessions.list",
    ),
    _route("GET checkout/sessions/:id", Call.READ, _get("checkout.session", "session")),
    _route("POST checkout/sessions/:id/expire", Call.CANCEL_LINK, lambda b, a, i: b.checkout.expire_session(a, i)),
    _route("POST payment_links", Call.CREATE_LINK, lambda b, a: b.checkout.create_link(a), "payment_links.create"),
    _route("GET payment_links", Call.READ, _list("payment_links", "payment_link", "active"), "payment_links.list"),
    _route("GET payment_links/:id", Call.READ, _get("payment_link", "payment_link")),
    _route(
        "POST payment_links/:id", Call.CANCEL_LINK, lambda b, a, i: b.checkout.update_link(a, i), "payment_links.update"
    ),
    _route("GET events", Call.EVENTS, _list("events", "event", "type"), "events.list"),
    _route("GET events/:id", Call.EVENTS, _get("event", "id")),
    _route("GET disputes", Call.READ, _list("disputes", "dispute", "payment_intent", "charge"), "disputes.list"),
    _route("GET disputes/:id", Call.READ, _get("dispute", "dispute")),
    _route("POST disputes/:id", Call.DISPUTE, lambda b, a, i: b.disputes.update(a, i), "disputes.update"),
    _route("POST disputes/:id/close", Call.DISPUTE, lambda b, a, i: b.disputes.close(a, i)),
    _route("GET charges", Call.READ, _list("charges", "charge", "payment_intent"), "charges.list"),
    _route("GET charges/:id", Call.READ, _get("charge", "charge")),
    _route("GET balance_transactions/:id", Call.READ, _get("balance_transaction", "id")),
    _route("GET balance", Call.READ, lambda b, _: b.balance()),
)
