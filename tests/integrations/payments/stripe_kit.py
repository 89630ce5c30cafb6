"""Calls with keys of their own, for the tests of Stripe's adapter."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import CallKind, GatewayCall
from tests.conftest import StillClock


class Calls:
    """Calls with keys of their own, as the worker makes them: the key is there before the call is."""

    def __init__(self, now: StillClock) -> None:
        self._now = now
        self._count = 0

    def make(self, kind: CallKind, reference: str = "", amount: Money | None = None, **more: object) -> GatewayCall:
        self._count += 1
        call = GatewayCall(
            kind, f"opsdesk-{kind}-{self._count}", reference, amount or Money(1, "EUR"), first_sent_at=self._now()
        )
        return replace(call, **more)  # type: ignore[arg-type]

    def capture(self, payment: str, minor: int, currency: str = "EUR") -> GatewayCall:
        return self.make(CallKind.CAPTURE, payment, Money(minor, currency))

    def void(self, payment: str) -> GatewayCall:
        return self.make(CallKind.VOID, payment)

    def refund(self, payment: str, minor: int, currency: str = "EUR", reason: str = "") -> GatewayCall:
        return self.make(CallKind.REFUND, payment, Money(minor, currency), reason=reason)

    def link(
        self, minor: int, currency: str = "EUR", *, expires_at: datetime | None = None, authorise_only: bool = False
    ) -> GatewayCall:
        until = expires_at or self._now() + timedelta(days=3)
        return self.make(
            CallKind.CREATE_LINK, "", Money(minor, currency), order_number="1042", expires_at=until,
            authorise_only=authorise_only,
        )  # fmt: skip

    def cancel(self, link: str) -> GatewayCall:
        return self.make(CallKind.CANCEL_LINK, link)
