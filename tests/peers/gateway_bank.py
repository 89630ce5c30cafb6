"""The test gateway without its wire: requests come in, answers go out, and everything happens under one lock."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from tests.peers.gateway_charges import refunds_of
from tests.peers.gateway_checkout import Checkout
from tests.peers.gateway_disputes import Disputes
from tests.peers.gateway_errors import ApiError
from tests.peers.gateway_faults import Fault, Plan
from tests.peers.gateway_forms import Form
from tests.peers.gateway_journal import Deed
from tests.peers.gateway_keys import Keys, Reply
from tests.peers.gateway_payments import Payments
from tests.peers.gateway_refunds import Refunds
from tests.peers.gateway_routes import find_route
from tests.peers.gateway_state import EVENTS_LAST, Ask, Book, Cause, Thing


@dataclass(frozen=True)
class Request:
    """One request as it came over the wire.

    Attributes:
        encoded: the form, from the body or the query.
    """

    method: str
    path: str
    encoded: str
    key: str = ""

    @property
    def fingerprint(self) -> str:
        """Return what must be the same when a key comes again."""
        pairs = sorted(("][".join(parts), value) for parts, value in Form(self.encoded).pairs)
        return f"{self.method} {self.path} {urlencode(pairs)}"


class Bank:
    """All that the gateway keeps, and how a request acts on it."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.keys = Keys()
        self.payments = Payments(book)
        self.refunds = Refunds(book, self.payments)
        self.checkout = Checkout(book, self.payments)
        self.disputes = Disputes(book, self.payments)
        book.includable["charge", "refunds"] = lambda charge: refunds_of(book, charge)

    def sweep(self) -> None:
        """End what has reached its end: authorisations and sessions."""
        for thing in list(self.book.overdue()):
            if thing["object"] == "payment_intent" and thing["status"] == "requires_capture":
                self.payments.release(thing, None, Cause(), has_expired=True)
            elif thing["object"] == "checkout.session" and thing["status"] == "open":
                self.checkout.lapse(thing, Cause(), Deed.EXPIRE_LINK)

    def events(self) -> list[Thing]:
        """Return the events of the last thirty days, newest first."""
        since = self.book.clock.unix() - EVENTS_LAST.total_seconds()
        return [event for event in self.book.all("event") if event["created"] >= since]

    def balance(self) -> Thing:
        """Sum up the account by currency."""
        sums: dict[str, int] = {}
        for moved in self.book.all("balance_transaction"):
            sums[moved["currency"]] = sums.get(moved["currency"], 0) + moved["net"]
        amounts = [{"amount": amount, "currency": currency, "source_types": {}} for currency, amount in sums.items()]
        return {"object": "balance", "available": amounts, "livemode": False, "pending": []}

    def answer(self, request: Request, plan: Plan | None) -> Reply:
        """Carry a request out, or give the answer that it has had before."""
        try:
            if request.method == "POST" and request.key:
                return self._answer_once(request, plan)
            return self._act(request, plan)[0]
        except ApiError as problem:
            return reply_to(problem)

    def _answer_once(self, request: Request, plan: Plan | None) -> Reply:
        known = self.keys.enter(request.key, request.fingerprint, self.book.clock.unix())
        if known is not None:
            return replace(known, is_replayed=True)
        try:
            reply, is_kept = self._act(request, plan)
        except BaseException:
            self.keys.forget(request.key)
            raise
        if is_kept:
            self.keys.keep(request.key, reply)
        else:
            self.keys.forget(request.key)
        return reply

    def _act(self, request: Request, plan: Plan | None) -> tuple[Reply, bool]:
        fault, hold = (plan.fault, plan.hold) if plan else (None, None)
        if hold and fault is Fault.SLOW_BEFORE:
            hold.stand()
        with self.book.lock:
            reply, is_kept = self._act_alone(request, fault)
        if fault is Fault.ERROR_AFTER:
            reply, is_kept = reply_to(api_error()), True
        if hold and fault is Fault.SLOW_AFTER:
            hold.stand()
        return reply, is_kept

    def _act_alone(self, request: Request, fault: Fault | None) -> tuple[Reply, bool]:
        self.sweep()
        try:
            route, references = find_route(request.method, request.path)
            form = Form(request.encoded)
            form.check(route.params | {"expand.#"})
            ask = Ask(form, Cause(request.key, self.book.new_id("req_")), fault)
            return _reply(200, self.book.shown(route.act(self, ask, *references), form.expand)), True
        except ApiError as problem:
            return reply_to(problem), problem.is_kept


def reply_to(problem: ApiError) -> Reply:
    """Write an error out."""
    return _reply(problem.status, problem.body)


def api_error() -> ApiError:
    """Say that something went wrong inside."""
    return ApiError(500, "api_error", "An unknown error occurred")


def _reply(status: int, body: Thing) -> Reply:
    return Reply(status, json.dumps(body).encode())
