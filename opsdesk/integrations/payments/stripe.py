"""The `Gateway` of the ports over Stripe. Money moves at most once: a call is repeated under its own key alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.moments import Clock, system_clock
from opsdesk.domain.payments.gateways import (
    Answer,
    AnswerKind,
    CallKind,
    EventKind,
    EventPage,
    GatewayCall,
    GatewayEvent,
    PaymentSnapshot,
)
from opsdesk.domain.secrets import Secret
from opsdesk.integrations.payments import stripe_effects, stripe_links
from opsdesk.integrations.payments.stripe_client import ANSWER_S, open_client
from opsdesk.integrations.payments.stripe_events import KINDS, Cursor, event_of, kind_of, news, payment_of
from opsdesk.integrations.payments.stripe_fields import Raw, text
from opsdesk.integrations.payments.stripe_objects import legacy_intent, partial_snapshot
from opsdesk.integrations.payments.stripe_reading import snapshot
from opsdesk.integrations.payments.stripe_refusals import answer_to, why_unknown
from opsdesk.integrations.payments.stripe_webhooks import read_signed

if TYPE_CHECKING:
    from stripe import StripeClient
    from stripe.params import EventListParams

_EFFECTS: dict[CallKind, Callable[[StripeClient, GatewayCall], Answer]] = {
    CallKind.CAPTURE: stripe_effects.capture,
    CallKind.VOID: stripe_effects.void,
    CallKind.REFUND: stripe_effects.give_back,
    CallKind.CREATE_LINK: stripe_links.create_link,
    CallKind.CANCEL_LINK: stripe_links.cancel_link,
}
_LINKS = frozenset({CallKind.CREATE_LINK, CallKind.CANCEL_LINK})
_MOVED_ON = frozenset(
    {"payment_intent_unexpected_state", "charge_already_refunded", "charge_already_captured", "amount_too_large"}
)
"""Refusals that may speak of our own earlier request, whose answer was lost."""
_JUST_SENT = timedelta(seconds=2)
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, Invalid)
"""What an answer in another form than Stripe's raises in its library or in our reading."""


class StripeGateway:
    """Stripe with the shop's key. Nothing is kept but the connections, so several threads may ask at once."""

    def __init__(
        self,
        key: Secret,
        *,
        url: str | None = None,
        webhook_secrets: Sequence[Secret] = (),
        clock: Clock = system_clock,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._client, self._connections = open_client(key, url=url, answer_s=answer_s)
        self._webhook_secrets = tuple(webhook_secrets)
        self._clock = clock

    @property
    def name(self) -> str:
        """What payments call it."""
        return "stripe"

    def carry_out(self, call: GatewayCall) -> Answer:
        """Ask for one effect under its key. No answer, a cut one or a server error is `UNKNOWN`, never `FAILED`."""
        import stripe

        if call.kind is CallKind.CREATE_LINK and call.expires_at is not None and call.expires_at <= self._clock():
            return Answer(AnswerKind.FAILED, problem="The link would have ended before it was made. Make a new one.")
        is_first = call.first_sent_at is None or self._clock() - call.first_sent_at <= _JUST_SENT
        try:
            return _EFFECTS[call.kind](self._client, call)
        except Refused as refusal:
            return Answer(AnswerKind.FAILED, problem=refusal.message)
        except stripe.StripeError as error:
            answer = answer_to(error, is_first=is_first)
            doubtful = answer.kind is AnswerKind.FAILED and (not is_first or error.code in _MOVED_ON)
            return self._unless_done(call, answer) if doubtful else answer
        except _UNREADABLE as error:
            return Answer(AnswerKind.UNKNOWN, problem=_unreadable(error))

    def look_up(self, call: GatewayCall) -> Answer:
        """Say what became of a call that may have been carried out; `NOT_FOUND` when Stripe knows of none."""
        import stripe

        look = stripe_links.look_up_link if call.kind in _LINKS else stripe_effects.look_up_effect
        try:
            return look(self._client, call)
        except stripe.InvalidRequestError:
            return Answer(AnswerKind.UNKNOWN, problem="Stripe knows no such payment. Is its key of another account?")
        except stripe.StripeError as error:
            return Answer(AnswerKind.UNKNOWN, problem=why_unknown(error))
        except _UNREADABLE as error:
            return Answer(AnswerKind.UNKNOWN, problem=_unreadable(error))

    def payment(self, reference: str) -> PaymentSnapshot | None:
        """Return the payment as Stripe has it now; None when it does not answer or knows of none."""
        import stripe

        try:
            return self._payment(reference)
        except (stripe.StripeError, *_UNREADABLE):
            return None

    def events(self, after: str) -> EventPage:
        """Return what happened after the cursor, oldest first; the empty cursor stands for now less one day."""
        import stripe

        cursor = Cursor.parse(after, self._clock())
        told: list[GatewayEvent] = []
        problem = ""
        try:
            found = news(self._list_events, cursor, self._clock())
            read = list(found.again)
            cursor = found.cursor.after(read)
            payments: dict[str, PaymentSnapshot | None] = {}
            for event in found.fresh:
                told.append(self._told(event, payments))
                read.append(event)
                cursor = found.cursor.after(read)
        except stripe.StripeError as error:
            problem = why_unknown(error)
        except _UNREADABLE as error:
            problem = _unreadable(error)
        return EventPage(tuple(told), str(cursor), problem)

    def read_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> GatewayEvent:
        """Return the event that a signed message tells of, with as much of the payment as is in the message.

        Raises:
            Refused: the signature is wrong or old, or the message is none.
        """
        event = read_signed(body, headers, self._webhook_secrets, now=now)
        try:
            return event_of(event, partial_snapshot(event))
        except _UNREADABLE:
            # The cause would quote what is in the message.
            raise Refused("The message is signed, but it cannot be read.") from None

    def check(self) -> str | None:
        """Say why Stripe cannot be used now, or None if it can."""
        import stripe

        try:
            self._client.v1.events.list({"limit": 1})
        except stripe.StripeError as error:
            return why_unknown(error)
        except _UNREADABLE as error:
            return _unreadable(error)
        return None

    def close(self) -> None:
        """Let go of the connections."""
        self._connections.close()

    def _unless_done(self, call: GatewayCall, answer: Answer) -> Answer:
        """Believe a no only if Stripe does not know our effect: the no may be because it has happened."""
        found = self.look_up(call)
        return answer if found.kind in (AnswerKind.NOT_FOUND, AnswerKind.FAILED) else found

    def _payment(self, asked: str) -> PaymentSnapshot:
        client = self._client
        intent: Raw
        if (known := stripe_effects.intent_of(client, asked)) is None:
            intent = legacy_intent(client.v1.charges.retrieve(asked, {"expand": ["balance_transaction"]}).to_dict())
            disputes = client.v1.disputes.list({"charge": asked, "limit": 100})
        else:
            intent = client.v1.payment_intents.retrieve(
                known, {"expand": ["latest_charge.balance_transaction"]}
            ).to_dict()
            disputes = client.v1.disputes.list({"payment_intent": known, "limit": 100})
        found = snapshot(
            intent,
            refunds=stripe_effects.refunds_of(client, known or asked),
            disputes=[one.to_dict() for one in disputes.auto_paging_iter()],
            link=stripe_links.link_of(client, intent) if known else "",
        )
        return replace(found, reference=asked)

    def _list_events(self, since: int, before: int | None) -> list[Raw]:
        wanted: EventListParams = {"limit": 100, "types": list(KINDS), "created": {"gte": since}}
        if before is not None:
            wanted["created"] = {"gte": since, "lt": before}
        return [one.to_dict() for one in self._client.v1.events.list(wanted).auto_paging_iter()]

    def _told(self, event: Raw, payments: dict[str, PaymentSnapshot | None]) -> GatewayEvent:
        """Return the event with its payment as it is now; several events of one payment ask for it once."""
        import stripe

        about = payment_of(event) if kind_of(text(event, "type")) is not EventKind.OTHER else ""
        if about and about not in payments:
            try:
                payments[about] = self._payment(about)
            except stripe.InvalidRequestError:
                payments[about] = None
        return event_of(event, payments.get(about))


def _unreadable(error: Exception) -> str:
    return f"Stripe's answer could not be read ({type(error).__name__})."
