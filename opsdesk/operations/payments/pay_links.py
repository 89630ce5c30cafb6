"""Pay links: asked for, opened when the gateway has made them, ended when the amount changes or their time is up.

What an answer of the gateway means for a link is `link_answered`; a payment over one comes with the gateway's events.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import timedelta

from opsdesk.domain.cards import mask_cards
from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.mails.outgoing import Letter, MailState, require_address, require_letter
from opsdesk.domain.money import Money
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.domain.payments.gateways import Answer, CallKind, CallState
from opsdesk.domain.payments.pay_links import (
    LASTS,
    LINK_GATEWAY,
    LINK_STATUS,
    OPEN_LINKS,
    PAID_STATUS,
    Dues,
    LinkState,
    filled_in,
    is_outdated,
    require_lasting,
    require_place,
    why_not_address,
    why_not_ask,
)
from opsdesk.operations.mails.outbox import queue_mail, take_back
from opsdesk.operations.payments.call_answers import concludes
from opsdesk.operations.payments.gateway_calls import request_call, withdraw
from opsdesk.store.tables import AmendmentRow, GatewayCallRow, OrderRow, PayLinkRow
from opsdesk.store.work import Done, Work, operation

AT_ONCE = timedelta(0)


@operation("link.create")
def ask_for_payment(
    work: Work,
    order_id: int,
    *,
    version: int | None = None,
    amount: Money | None = None,
    expires_in: timedelta = LASTS,
    tell: Letter | None = None,
    thanks: Letter | None = None,
    amendment_id: int | None = None,
    authorise_only: bool = False,
    gateway: str = LINK_GATEWAY,
) -> Done:
    """Ask for money with a pay link, for all that is due if no amount is named; its mail goes out once it is open.

    `tell` holds `ADDRESS_COMES` where the link belongs; `thanks` goes out when the order is paid with it. With
    `authorise_only` the customer's bank only promises the money, and it is captured later. The details of the answer
    hold the new link's id (`link_id`).

    Raises:
        Refused: nothing is due, less than the amount is, the order is cancelled, or a link asks for it already.
        Invalid: the amount, the time or the mail cannot be like this.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(order_id, version=version)
    amendment = work.settlements.amendment(amendment_id) if amendment_id is not None else None
    if amount is not None and amount.currency != order.currency:
        raise Invalid("amount", f"{order.number} is in {order.currency}. Ask for the amount in that currency.")
    dues = what_is_due(work, order, amendment)
    wanted = Money(dues.due, order.currency) if amount is None else amount
    if problem := why_not_ask(work.orders.facts(order), dues, wanted, _open_amounts(work, order_id)):
        raise Refused(problem)
    letters = _kept_letters(order, tell, thanks)
    link = PayLinkRow(
        order_id=order_id,
        gateway=gateway,
        amount_minor=wanted.minor,
        currency=wanted.currency,
        state=LinkState.REQUESTED.value,
        due_minor=dues.due,
        authorise_only=authorise_only,
        tell=tell is not None,
        letters=letters,
        expires_at=work.now + require_lasting(expires_in),
        asked_by=work.actor.name,
        asked_at=work.now,
    )
    work.add(link)
    if amendment is not None:
        amendment.link_id = link.id
    return _asked(work, order, link, wanted)


@operation("link.cancel")
def cancel_link(work: Work, link_id: int) -> Done:
    """Take a pay link back, so that nobody pays over it any more.

    Raises:
        Refused: it is paid, or over already.
    """
    order = work.orders.locked(work.settlements.order_of(PayLinkRow, link_id, "pay link"))
    link = work.settlements.link(link_id)
    if not LinkState(link.state).is_open:
        raise Refused(f"The pay link is {LinkState(link.state).word}; there is nothing to take back.")
    end_link(work, order, link, LinkState.CANCELLED)
    work.orders.settle(order)
    return Done(f"{order.number}: the pay link over {_amount(link)} is taken back.", order.id, order.version)


@operation("link.expire")
def expire_link(work: Work, link_id: int) -> Done:
    """End a pay link whose time is up. Whoever calls has read what the gateway tells of it before."""
    order = work.orders.locked(work.settlements.order_of(PayLinkRow, link_id, "pay link"))
    link = work.settlements.link(link_id)
    if not LinkState(link.state).is_open or link.expires_at > work.now:
        return Done("The pay link has moved on.", order.id, order.version)
    if any(call.state != CallState.REQUESTED for call in _making(work, link)):
        return Done("Whether the pay link was made is not known yet.", order.id, order.version)
    end_link(work, order, link, LinkState.EXPIRED)
    work.orders.settle(order)
    return Done(f"{order.number}: the pay link over {_amount(link)} has expired.", order.id, order.version)


def what_is_due(
    work: Work, order: OrderRow, amendment: AmendmentRow | None = None, *, besides: PayLinkRow | None = None
) -> Dues:
    """Add up what an order still has to bring in, leaving out one link; nothing once it is cancelled."""
    assert order.id is not None, "An order that is paid for has been saved."
    facts = work.orders.facts(order)
    if facts.lifecycle is Lifecycle.CANCELLED:
        return Dues(0)
    payments = [work.payments.facts(payment) for payment in work.payments.of_order(order.id)]
    links = [link for link in work.settlements.links(order.id, *OPEN_LINKS) if besides is None or link.id != besides.id]
    return Dues(
        total=amendment.new_total_minor if amendment is not None else order.total_minor,
        captured=facts.money.captured,
        given_back=work.settlements.overpayment_returned(order.id),
        coming=facts.money.pending + sum(payment.capturable + payment.capturing for payment in payments),
        asked=sum(link.amount_minor for link in links),
    )


def void_outdated_links(work: Work, order: OrderRow) -> list[PayLinkRow]:
    """End every open link that no longer asks for what is due; return them. For whoever changes what is due."""
    assert order.id is not None, "An order that is paid for has been saved."
    ended = []
    amendment = work.settlements.open_amendment(order.id)
    for link in work.settlements.links(order.id, *OPEN_LINKS):
        waiting = amendment if amendment is not None and amendment.link_id == link.id else None
        due = what_is_due(work, order, waiting, besides=link).due
        if is_outdated(link.amount_minor, link.due_minor, due):
            end_link(work, order, link, LinkState.VOIDED)
            ended.append(link)
    return ended


def end_link(work: Work, order: OrderRow, link: PayLinkRow, state: LinkState, *, is_told: bool = False) -> None:
    """End a link here and at the gateway; one that was never made there is just taken back, and so is its mail.

    `is_told`: the gateway itself says that it has ended.
    """
    before, link.state, link.ended_at = link.state, state.value, work.now
    link.version += 1
    for call in _making(work, link):
        if call.state == CallState.REQUESTED and call.first_sent_at is None:
            withdraw(work, call)
    if link.reference and not is_told:
        _switch_off(work, order, link)
    mail = work.mails.of_event(_event_key(link))
    if mail is not None and mail.id is not None and MailState(mail.state).can_be_changed:
        take_back(work, mail.id)
    summary = f"Pay link over {_amount(link)}: {state.word}"
    work.record(f"link.{state.value}", "order", link.order_id, summary, before=before, after=state.value)


@concludes(CallKind.CREATE_LINK, CallKind.CANCEL_LINK)
def link_answered(work: Work, call: GatewayCallRow, answer: Answer) -> None:
    """Do what the gateway's answer means for a link: it opens and its mail goes out, or it failed."""
    if call.link_id is None:
        return
    link = work.settlements.link(call.link_id)
    if call.kind == CallKind.CANCEL_LINK:
        if call.state == CallState.FAILED and link.payment_id is not None:
            # It was paid first; the payment's own event says what to do.
            call.settled_by, call.settled_at = work.actor.name, work.now
        return
    if call.state == CallState.FAILED and link.state == LinkState.REQUESTED:
        link.state, link.problem, link.ended_at = LinkState.FAILED.value, answer.problem, work.now
        link.version += 1
    elif call.state == CallState.SUCCEEDED:
        _open(work, link, answer)


def tell_paid(work: Work, order: OrderRow, link: PayLinkRow) -> None:
    """Let the thanks for the money go out that were written when the link was asked for."""
    if (letter := _letter(link, "thanks")) is not None:
        _queue(work, order, link, letter, f"{_event_key(link)}:paid", PAID_STATUS)


def _asked(work: Work, order: OrderRow, link: PayLinkRow, wanted: Money) -> Done:
    kind = CallKind.CREATE_LINK
    request_call(work, order, kind=kind, link=link, amount=wanted, gateway=link.gateway, reference="", grace=AT_ONCE)
    told = "by mail" if link.tell else "without a mail"
    work.record(
        "link.requested", "order", link.order_id, f"Pay link over {wanted} asked for, {told}", after=str(wanted)
    )
    work.orders.settle(order)
    work.undo_with("link.cancel", link_id=link.id)
    how = "The mail goes out once it is there." if link.tell else "Look at the order's money for the link."
    return Done(
        f"{order.number}: a pay link over {wanted} is being made. {how}", order.id, order.version, {"link_id": link.id}
    )


def _open(work: Work, link: PayLinkRow, answer: Answer) -> None:
    order = work.orders.locked(link.order_id)
    link.reference, link.version = answer.reference or link.reference, link.version + 1
    problem = why_not_address(answer.url)
    link.url = "" if problem else answer.url
    if link.payment_id is not None:
        return
    if link.state != LinkState.REQUESTED:
        _switch_off(work, order, link)
        return
    if problem is not None or link.expires_at <= work.now:
        end_link(work, order, link, LinkState.FAILED if problem else LinkState.EXPIRED)
        link.problem = problem or ""
        return
    link.state = LinkState.OPEN.value
    work.record("link.open", "order", link.order_id, f"Pay link over {_amount(link)} is open", after=link.state)
    if link.tell and (letter := _letter(link, "tell")) is not None:
        _queue(work, order, link, filled_in(letter, link.url), _event_key(link), LINK_STATUS)


def _queue(work: Work, order: OrderRow, link: PayLinkRow, letter: Letter, event_key: str, status: str) -> None:
    """Queue a mail of a link; an address that was made unusable since does not undo what happened at the gateway."""
    try:
        queue_mail(work, order, letter, event_key=event_key, status_code=status, grace=AT_ONCE)
    except Invalid as error:
        link.problem = error.message
        work.record("mail.not_written", "order", link.order_id, f"No mail about the pay link: {error.message}")


def _switch_off(work: Work, order: OrderRow, link: PayLinkRow) -> None:
    request_call(
        work,
        order,
        kind=CallKind.CANCEL_LINK,
        link=link,
        amount=Money.zero(link.currency),
        gateway=link.gateway,
        reference=link.reference,
        grace=AT_ONCE,
    )


def _making(work: Work, link: PayLinkRow) -> list[GatewayCallRow]:
    """Return the calls that make this link and are not over."""
    calls = work.calls.open_of_order(link.order_id)
    return [call for call in calls if call.link_id == link.id and call.kind == CallKind.CREATE_LINK]


def _open_amounts(work: Work, order_id: int) -> tuple[Money, ...]:
    return tuple(_amount(link) for link in work.settlements.links(order_id, *OPEN_LINKS))


def _kept_letters(order: OrderRow, tell: Letter | None, thanks: Letter | None) -> str:
    """Check the letters now, while somebody can still change them, and put them into one text without card numbers."""
    if tell is not None:
        require_address(order.email, "email")
        require_place(tell)
    found = {name: letter for name, letter in (("tell", tell), ("thanks", thanks)) if letter is not None}
    kept = {name: asdict(_without_cards(require_letter(letter))) for name, letter in found.items()}
    return json.dumps(kept) if kept else ""


def _without_cards(letter: Letter) -> Letter:
    subject, text, html = (mask_cards(part).text for part in (letter.subject, letter.text, letter.html))
    return replace(letter, subject=subject, text=text, html=html)


def _letter(link: PayLinkRow, name: str) -> Letter | None:
    found = json.loads(link.letters).get(name) if link.letters else None
    return Letter(**found) if found else None


def _amount(link: PayLinkRow) -> Money:
    return Money(link.amount_minor, link.currency)


def _event_key(link: PayLinkRow) -> str:
    return f"link:{link.id}"
