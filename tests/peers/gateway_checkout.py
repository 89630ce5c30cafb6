"""Pages where a customer pays: Checkout sessions (at most a day) and payment links (until they are switched off)."""

from __future__ import annotations

from typing import Any

from tests.peers.gateway_errors import ApiError, check_amount, invalid, refused
from tests.peers.gateway_faults import Fault
from tests.peers.gateway_forms import Form, whole
from tests.peers.gateway_journal import Deed
from tests.peers.gateway_payments import Payments, Wanted, check_minimum, read_currency
from tests.peers.gateway_state import Ask, Book, Cause, Thing

SHORTEST, LONGEST = 30 * 60, 24 * 60 * 60
NOBODY = Cause()


class NotPayable(Exception):
    """The page takes no payment: it was paid, has expired or was switched off."""


class Checkout:
    """Sessions and links, and what customers do on them."""

    def __init__(self, book: Book, payments: Payments) -> None:
        self.book = book
        self.payments = payments
        self.pages = ""
        self._secret: dict[str, dict[str, Any]] = {}
        payments.after_capture = self.captured
        book.includable["checkout.session", "line_items"] = lambda session: self._secret[session["id"]]["lines"]
        book.includable["payment_link", "line_items"] = lambda link: self._secret[link["id"]]["lines"]

    def create_session(self, ask: Ask) -> Thing:
        """POST /v1/checkout/sessions, in mode `payment`."""
        form, now = ask.form, self.book.clock.unix()
        form.choice("mode", of=("payment",), default="")
        form.required("success_url")
        secret = self._read(form)
        expires = form.integer("expires_at")
        expires = now + LONGEST if expires is None else expires
        # Measured from the gateway's own second: a day by the shop's clock may be a second too much here.
        if expires - now > LONGEST:
            raise invalid(
                "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
                param="expires_at",
            )
        if expires - now < SHORTEST:
            raise invalid(
                "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
                param="expires_at",
            )
        _refuse_if(ask)
        session = self._new_session(secret, form.metadata(), expires)
        session.update(
            cancel_url=form.text("cancel_url") or None,
            client_reference_id=form.text("client_reference_id", at_most=200) or None,
            customer_email=form.text("customer_email") or None,
            success_url=form.text("success_url"),
        )
        self.book.set_deadline(session, expires)
        key = ask.cause.key(session["metadata"])
        self.book.note(Deed.CREATE_LINK, session, session["amount_total"], ask.cause, key)
        return session

    def expire_session(self, ask: Ask, reference: str) -> Thing:
        """POST /v1/checkout/sessions/:id/expire."""
        session = self.book.find("checkout.session", reference, param="session")
        if session["status"] != "open":
            raise refused(
                'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status '
                f"of `{session['status']}`."
            )
        _refuse_if(ask)
        self.lapse(session, ask.cause, Deed.CANCEL_LINK)
        return session

    def create_link(self, ask: Ask) -> Thing:
        """POST /v1/payment_links."""
        form = ask.form
        secret = self._read(form)
        limit = form.integer("restrictions", "completed_sessions", "limit")
        _refuse_if(ask)
        reference = self.book.new_id("plink_")
        link = self.book.add(
            {
                "id": reference,
                "object": "payment_link",
                "active": True,
                "currency": secret["currency"],
                "inactive_message": form.text("inactive_message") or None,
                "livemode": False,
                "metadata": form.metadata(),
                "payment_method_types": None,
                "restrictions": {"completed_sessions": {"count": 0, "limit": limit}} if limit else None,
                "url": f"{self.pages}/pay/{reference}",
            }
        )
        self._secret[reference] = secret
        self.book.note(Deed.CREATE_LINK, link, secret["total"], ask.cause, ask.cause.key(link["metadata"]))
        self.book.tell("payment_link.created", link, ask.cause)
        return link

    def update_link(self, ask: Ask, reference: str) -> Thing:
        """POST /v1/payment_links/:id, which switches it off or on."""
        link = self.book.find("payment_link", reference, param="payment_link")
        active = ask.form.choice("active", of=("true", "false", ""), default="")
        metadata = ask.form.metadata()
        _refuse_if(ask)
        link["metadata"].update(metadata)
        if active == "false" and link["active"]:
            total = self._secret[reference]["total"]
            self.book.note(Deed.CANCEL_LINK, link, total, ask.cause, ask.cause.key(metadata))
        if active:
            link["active"] = active == "true"
        self.book.tell("payment_link.updated", link, ask.cause)
        return link

    def lapse(self, session: Thing, cause: Cause, deed: Deed) -> None:
        """Close a session that nobody has paid."""
        session.update(status="expired", url=None)
        deed = Deed.CLOSE_PAGE if session["payment_link"] else deed
        self.book.note(deed, session, session["amount_total"], cause, cause.key())
        self.book.tell("checkout.session.expired", session, cause)

    def total(self, reference: str) -> tuple[int, str, bool, str]:
        """Return what a page asks for: minor units, currency, whether it can be paid now, and for which order."""
        page = self._page(reference)
        is_open = page["status"] == "open" if page["object"] == "checkout.session" else page["active"]
        secret = self._secret[reference]
        return secret["total"], secret["currency"], is_open, page["metadata"].get("order_number", "")

    def visit(self, reference: str) -> Thing:
        """Open the page of a link in a customer's browser, which makes a session of it.

        The session stays open when the link is switched off or used up by somebody else: unkind, so that a shop which
        does not close it will be paid twice here.
        """
        link = self.book.find("payment_link", reference, param="payment_link")
        if not link["active"]:
            raise NotPayable(reference)
        secret = self._secret[reference]
        session = self._new_session(secret, dict(link["metadata"]), self.book.clock.unix() + LONGEST)
        session["payment_link"] = link["id"]
        self.book.set_deadline(session, session["expires_at"])
        return session

    def pay(self, reference: str, method: str, amount: int | None, currency: str | None) -> str:
        """Pay on a page as a customer does, and return the payment. A bank's no leaves the page open.

        Raises:
            NotPayable: the page is closed.
            ApiError: the bank declined.
        """
        is_link = reference.startswith("plink_")
        session = self.visit(reference) if is_link else self.book.find("checkout.session", reference)
        if session["status"] != "open":
            raise NotPayable(reference)
        secret = self._secret[session["id"]]
        wanted = Wanted(
            amount or secret["total"],
            (currency or secret["currency"]).lower(),
            secret["is_manual"],
            dict(secret["metadata"]),
            secret["description"],
            session["customer_email"],
        )
        session.update(amount_subtotal=wanted.amount, amount_total=wanted.amount, currency=wanted.currency)
        intent = self._intent(session, wanted)
        self.payments.pay(intent, method, NOBODY)
        is_paid = intent["status"] == "succeeded"
        session.update(status="complete", payment_status="paid" if is_paid else "unpaid", url=None)
        session["customer_details"] = {"email": session["customer_email"] or "kim@example.org", "name": "Kim Example"}
        self.book.tell("checkout.session.completed", session, NOBODY)
        if session["payment_link"]:
            self._count(self.book.find("payment_link", session["payment_link"]))
        return str(intent["id"])

    def captured(self, intent: Thing) -> None:
        """Call a session paid whose authorised payment was captured."""
        for session in self.book.all("checkout.session"):
            if session["payment_intent"] == intent["id"] and intent["status"] == "succeeded":
                session["payment_status"] = "paid"

    def _page(self, reference: str) -> Thing:
        kind = "payment_link" if reference.startswith("plink_") else "checkout.session"
        return self.book.find(kind, reference)

    def _intent(self, session: Thing, wanted: Wanted) -> Thing:
        # One payment intent per session: a customer whose card is declined tries again on the same one.
        if session["payment_intent"]:
            intent = self.payments.find(session["payment_intent"])
            intent.update(amount=wanted.amount, currency=wanted.currency)
            return intent
        intent = self.payments.open(wanted, NOBODY)
        session["payment_intent"] = intent["id"]
        return intent

    def _count(self, link: Thing) -> None:
        if link["restrictions"]:
            uses = link["restrictions"]["completed_sessions"]
            uses["count"] += 1
            link["active"] = link["active"] and uses["count"] < uses["limit"]

    def _new_session(self, secret: dict[str, Any], metadata: dict[str, str], expires: int) -> Thing:
        reference = self.book.new_id("cs_test_")
        self._secret[reference] = secret
        return self.book.add(
            {
                "id": reference,
                "object": "checkout.session",
                "amount_subtotal": secret["total"],
                "amount_total": secret["total"],
                "cancel_url": None,
                "client_reference_id": None,
                "created": self.book.clock.unix(),
                "currency": secret["currency"],
                "customer": None,
                "customer_details": None,
                "customer_email": None,
                "expires_at": expires,
                "livemode": False,
                "metadata": metadata,
                "mode": "payment",
                "payment_intent": None,
                "payment_link": None,
                "payment_method_types": ["card"],
                "payment_status": "unpaid",
                "status": "open",
                "success_url": None,
                "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
                "ui_mode": "hosted_page",
                "url": f"{self.pages}/pay/{reference}",
            }
        )

    def _read(self, form: Form) -> dict[str, Any]:
        lines = [_line(line, place) for place, line in enumerate(_lines(form))]
        currencies = {line["currency"] for line in lines}
        if len(currencies) != 1:
            raise invalid("All line items must have the same currency.", param="line_items")
        total, currency = sum(line["amount_total"] for line in lines), currencies.pop()
        check_amount(total, currency, "line_items")
        check_minimum(total, currency, "line_items")
        manual = form.choice(
            "payment_intent_data",
            "capture_method",
            of=("automatic", "automatic_async", "manual"),
            default="automatic_async",
        )
        return {
            "lines": [{"id": self.book.new_id("li_"), "object": "item", **line} for line in lines],
            "total": total,
            "currency": currency,
            "is_manual": manual == "manual",
            "metadata": form.metadata("payment_intent_data", "metadata"),
            "description": form.text("payment_intent_data", "description") or None,
        }


def _lines(form: Form) -> list[dict[str, Any]]:
    lines = form.get("line_items")
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise invalid("Missing required param: line_items.", param="line_items", code="parameter_missing")
    return lines


def _line(line: dict[str, Any], place: int) -> dict[str, Any]:
    where = f"line_items[{place}]"
    price = line.get("price_data")
    if not isinstance(price, dict) or "unit_amount" not in price:
        raise invalid(f"Missing required param: {where}[price_data].", param=where, code="parameter_missing")
    product = price.get("product_data")
    if not isinstance(product, dict) or not str(product.get("name", "")).strip():
        raise invalid(f"Missing required param: {where}[price_data][product_data][name].", param=where)
    quantity = whole(line.get("quantity"), f"{where}[quantity]")
    unit = whole(price["unit_amount"], f"{where}[price_data][unit_amount]")
    if quantity < 1 or unit < 0:
        raise invalid("Quantities must be at least 1 and prices at least 0.", param=where)
    currency = read_currency(str(price.get("currency", "")))
    if unit:
        check_amount(unit, currency, f"{where}[price_data][unit_amount]")
    return {
        "amount_total": unit * quantity,
        "currency": currency,
        "description": product["name"],
        "quantity": quantity,
    }


def _refuse_if(ask: Ask) -> None:
    if ask.twist is Fault.DECLINE:
        raise ApiError(400, "invalid_request_error", "Your account cannot do this now.", is_kept=True)
