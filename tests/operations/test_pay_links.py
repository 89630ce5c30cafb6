"""Pay links: one amount, once, until its day; void when the amount changes; the mail goes out when the link is there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.money import Money
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.payments.gateways import Answer, AnswerKind, CallKind, CallState
from opsdesk.domain.payments.pay_links import ADDRESS_COMES, LASTS, Dues, is_outdated
from opsdesk.domain.people.actors import WORKER, Actor
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.payments.gateway_calls import conclude
from opsdesk.operations.payments.pay_links import (
    ask_for_payment,
    cancel_link,
    expire_link,
    void_outdated_links,
    what_is_due,
)
from opsdesk.operations.payments.taking import record_payment
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import Store
from opsdesk.store.outboxes.gateway_calls import claim_next_call
from opsdesk.store.tables import GatewayCallRow, MailRow, PayLinkRow, RefundPartRow, RefundRow
from opsdesk.store.work import Performer
from opsdesk.worker.loop import MONEY_LEASE
from tests.conftest import START, StillClock
from tests.operations.events_kit import TOTAL
from tests.operations.money_kit import authorised, by_hand, calls, captured, working
from tests.operations.orders_kit import rows, the_order
from tests.shop_orders import write_order

URL = "https://pay.example/l/1?a=1&b=2"
LETTER = Letter(
    "Pay 104458", f"Pay here: {ADDRESS_COMES}\n", f'<html><body><a href="{ADDRESS_COMES}">Pay</a></body></html>', "en"
)


@pytest.fixture
def clerk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    return Performer(store, actor, clock)


@pytest.fixture
def order_id(store: Store) -> int:
    return write_order(store, paid=False)


def ask(clerk: Performer, order_id: int, **more) -> PayLinkRow:
    """Ask for money as the desk does; return the link."""
    version = the_order(clerk.store, order_id).version
    done = clerk.perform(ask_for_payment, order_id, **({"version": version, "tell": LETTER} | more))
    return next(link for link in rows(clerk.store, PayLinkRow) if link.id == done.details["link_id"])


def answered(
    store: Store,
    call: GatewayCallRow,
    kind: AnswerKind = AnswerKind.SUCCEEDED,
    *,
    clock: StillClock | None = None,
    **more,
) -> None:
    """Let the gateway answer a call as the worker writes it down."""
    given = {"reference": f"plink_{call.link_id}", "url": URL} | more
    with working(store, (clock or StillClock())()) as work:
        order = work.orders.locked(call.order_id)
        conclude(work, work.calls.locked(call.id or 0), Answer(kind, **given))
        work.orders.settle(order)


def opened(clerk: Performer, order_id: int, **more) -> PayLinkRow:
    """Ask for money, and let the gateway make the link."""
    link = ask(clerk, order_id, **more)
    call = next(call for call in calls(clerk.store) if call.link_id == link.id)
    answered(clerk.store, call)
    return the_link(clerk.store, link.id)


def the_link(store: Store, link_id: int | None) -> PayLinkRow:
    return next(link for link in rows(store, PayLinkRow) if link.id == link_id)


def test_a_link_asks_for_what_is_due_and_is_made_at_once(clerk: Performer, store: Store, order_id: int) -> None:
    link = ask(clerk, order_id)
    (call,) = calls(store)
    assert (link.state, link.amount_minor, link.currency) == ("requested", TOTAL, "EUR")
    assert link.expires_at == START + LASTS
    assert (call.kind, call.state, call.not_before) == (CallKind.CREATE_LINK, CallState.REQUESTED, START)
    assert rows(store, MailRow) == []


def test_what_is_held_paid_or_asked_for_already_is_not_asked_for_again(
    clerk: Performer, store: Store, order_id: int
) -> None:
    authorised(store, order_id, 1_000)
    by_hand(store, order_id, 500)
    ask(clerk, order_id, amount=Money(20, "EUR"))
    assert ask(clerk, order_id).amount_minor == TOTAL - 1_000 - 500 - 20


def test_the_mail_goes_out_when_the_link_is_open_and_holds_its_address(
    clerk: Performer, store: Store, order_id: int
) -> None:
    link = opened(clerk, order_id)
    (mail,) = rows(store, MailRow)
    assert (link.state, link.url, link.reference) == ("open", URL, f"plink_{link.id}")
    assert mail.text == f"Pay here: {URL}\n"
    assert 'href="https://pay.example/l/1?a=1&amp;b=2"' in mail.html
    assert ADDRESS_COMES not in mail.text + mail.html
    assert (mail.status_code, mail.not_before) == ("awaiting_payment", START)


@pytest.mark.parametrize(
    "url",
    [
        'https://pay.example/"><script>alert(1)</script>',
        "javascript:alert(1)",
        "https://pay.example/\nBcc: all@shop.example",
        "https://pay.example/ {{ shop }}",
        "http://pay.example/plain",
        "",
    ],
)
def test_an_address_that_could_act_in_a_mail_never_gets_into_one(
    clerk: Performer, store: Store, order_id: int, url: str
) -> None:
    link = ask(clerk, order_id)
    answered(store, calls(store)[0], url=url)
    link = the_link(store, link.id)
    assert (link.state, link.url) == ("failed", "")
    assert "none of the web" in link.problem
    assert rows(store, MailRow) == []
    assert calls(store)[-1].kind == CallKind.CANCEL_LINK


def test_what_stands_in_a_letter_is_never_read_as_a_template(clerk: Performer, store: Store, order_id: int) -> None:
    strange = Letter("{{ shop }}", f"{{{{ 7*7 }}}} {{% raw %}} {ADDRESS_COMES}\n", f"<p>{ADDRESS_COMES}</p>", "en")
    opened(clerk, order_id, tell=strange)
    (mail,) = rows(store, MailRow)
    assert mail.text == f"{{{{ 7*7 }}}} {{% raw %}} {URL}\n"


def test_a_letter_that_lost_its_link_is_refused(clerk: Performer, order_id: int) -> None:
    with pytest.raises(Invalid, match="lost its link"):
        ask(clerk, order_id, tell=Letter("Pay", "Pay us please.\n", "<p>Pay</p>", "en"))


def test_a_card_number_in_the_letter_is_masked_before_it_is_kept(clerk: Performer, store: Store, order_id: int) -> None:
    told = Letter("Pay", f"Your card 4242 4242 4242 4242: {ADDRESS_COMES}\n", f"<p>{ADDRESS_COMES}</p>", "en")
    link = ask(clerk, order_id, tell=told)
    assert "4242 4242" not in link.letters


def test_nothing_is_asked_for_an_order_that_owes_nothing(clerk: Performer, store: Store) -> None:
    paid = write_order(store, "200001")
    with pytest.raises(Refused, match="Nothing is due for 200001"):
        ask(clerk, paid)


def test_nothing_is_asked_for_a_cancelled_order(clerk: Performer, order_id: int) -> None:
    clerk.perform(cancel, order_id, reason=CancelReason.CUSTOMER)
    with pytest.raises(Refused, match="cancelled"):
        ask(clerk, order_id)


def test_a_second_link_over_the_same_amount_is_refused_and_says_which_stands(clerk: Performer, order_id: int) -> None:
    ask(clerk, order_id, amount=Money(1_000, "EUR"))
    with pytest.raises(Refused, match=r"A pay link over 10\.00 EUR is open for 104458 already"):
        ask(clerk, order_id, amount=Money(1_000, "EUR"))


def test_no_more_is_asked_for_than_is_due(clerk: Performer, order_id: int) -> None:
    with pytest.raises(Refused, match=r"Only 35\.20 EUR is due"):
        ask(clerk, order_id, amount=Money(TOTAL + 1, "EUR"))
    with pytest.raises(Invalid, match="is in EUR"):
        ask(clerk, order_id, amount=Money(100, "USD"))


def test_a_link_lasts_neither_minutes_nor_months(clerk: Performer, order_id: int) -> None:
    for lasts in (timedelta(minutes=1), timedelta(days=31)):
        with pytest.raises(Invalid, match="half an hour and 30 days"):
            ask(clerk, order_id, expires_in=lasts)


def test_a_link_that_cannot_be_made_is_failed_and_nobody_is_told(clerk: Performer, store: Store, order_id: int) -> None:
    link = ask(clerk, order_id)
    answered(store, calls(store)[0], AnswerKind.FAILED, problem="The account may not take payments yet.")
    link = the_link(store, link.id)
    assert (link.state, link.problem) == ("failed", "The account may not take payments yet.")
    assert rows(store, MailRow) == []


def test_a_link_taken_back_before_it_was_sent_for_never_reaches_the_gateway(
    clerk: Performer, store: Store, order_id: int
) -> None:
    link = ask(clerk, order_id)
    clerk.perform(cancel_link, link.id or 0)
    (call,) = calls(store)
    assert (the_link(store, link.id).state, call.state) == ("cancelled", CallState.CANCELLED)


def test_an_open_link_that_is_taken_back_is_switched_off_and_its_mail_does_not_go_out(
    clerk: Performer, store: Store, order_id: int
) -> None:
    link = opened(clerk, order_id)
    clerk.perform(cancel_link, link.id or 0)
    off = calls(store)[-1]
    assert (off.kind, off.reference, off.not_before) == (CallKind.CANCEL_LINK, link.reference, START)
    assert rows(store, MailRow)[0].state == "cancelled"
    with pytest.raises(Refused, match="nothing to take back"):
        clerk.perform(cancel_link, link.id or 0)


def test_a_link_that_is_made_after_all_when_nobody_wants_it_is_switched_off_unseen(
    clerk: Performer, store: Store, order_id: int
) -> None:
    link = ask(clerk, order_id)
    with working(store) as work:
        work.calls.locked(calls(store)[0].id or 0).state = CallState.SENDING.value
    clerk.perform(cancel_link, link.id or 0)
    answered(store, calls(store)[0])
    assert the_link(store, link.id).state == "cancelled"
    assert [call.kind for call in calls(store)] == [CallKind.CREATE_LINK, CallKind.CANCEL_LINK]
    assert rows(store, MailRow) == []


def test_a_changed_amount_voids_the_link(clerk: Performer, store: Store, order_id: int) -> None:
    """P4: the link is void as soon as something else is due."""
    link = opened(clerk, order_id)
    clerk.perform(record_payment, order_id, amount=Money(500, "EUR"), reference="line 7")
    assert the_link(store, link.id).state == "voided"
    assert calls(store)[-1].kind == CallKind.CANCEL_LINK


def test_a_link_over_a_part_stands_while_that_part_is_still_owed(clerk: Performer, store: Store, order_id: int) -> None:
    link = opened(clerk, order_id, amount=Money(1_000, "EUR"))
    clerk.perform(record_payment, order_id, amount=Money(500, "EUR"), reference="line 7")
    assert the_link(store, link.id).state == "open"
    clerk.perform(record_payment, order_id, amount=Money(2_500, "EUR"), reference="line 8")
    assert the_link(store, link.id).state == "voided"


def test_an_unchanged_order_keeps_its_link(clerk: Performer, store: Store, order_id: int) -> None:
    link = opened(clerk, order_id)
    with working(store) as work:
        assert void_outdated_links(work, work.orders.locked(order_id)) == []
    assert the_link(store, link.id).state == "open"


def test_a_cancelled_order_leaves_no_link_open(clerk: Performer, store: Store, order_id: int) -> None:
    link = opened(clerk, order_id)
    clerk.perform(cancel, order_id, reason=CancelReason.CUSTOMER)
    assert the_link(store, link.id).state == "voided"


def test_a_link_whose_day_has_passed_ends_and_is_switched_off(
    clerk: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    link = opened(clerk, order_id)
    worker = Performer(store, WORKER, clock)
    worker.perform(expire_link, link.id or 0)
    assert the_link(store, link.id).state == "open"
    clock.advance(days=3)
    worker.perform(expire_link, link.id or 0)
    assert the_link(store, link.id).state == "expired"
    assert calls(store)[-1].kind == CallKind.CANCEL_LINK


def test_a_link_of_which_nobody_knows_whether_it_was_made_does_not_end_before_that_is_known(
    clerk: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    link = ask(clerk, order_id)
    with working(store) as work:
        work.calls.locked(calls(store)[0].id or 0).state = CallState.UNKNOWN.value
    clock.advance(days=3)
    Performer(store, WORKER, clock).perform(expire_link, link.id or 0)
    assert the_link(store, link.id).state == "requested"
    answered(store, calls(store)[0], clock=clock)
    assert the_link(store, link.id).state == "expired"
    assert calls(store)[-1].kind == CallKind.CANCEL_LINK


def test_goods_that_were_refunded_are_not_owed_again_but_what_was_paid_too_much_counts_as_never_paid(
    store: Store, order_id: int
) -> None:
    """Vector 25: an overpayment goes back without touching the order's total."""
    captured(store, order_id, TOTAL + 700)
    with working(store) as work:
        order = work.orders.locked(order_id)
        assert what_is_due(work, order).due == 0
        refund = RefundRow(
            order_id=order_id, state="succeeded", reason="overpaid", amount_minor=700, currency="EUR", content_hash="x",
            requested_by="mia", requested_at=START,
        )  # fmt: skip
        work.add(refund)
        work.add(RefundPartRow(refund_id=refund.id or 0, kind="overpayment", amount_minor=700))
        assert what_is_due(work, order).due == 0
        order.total_minor += 300
        assert what_is_due(work, order).due == 300


@pytest.mark.parametrize(
    ("dues", "due"),
    [
        (Dues(10_000), 10_000),
        (Dues(10_000, captured=10_000), 0),
        (Dues(9_000, captured=10_000, given_back=1_000), 0),
        (Dues(9_500, captured=10_000, given_back=1_000), 500),
        (Dues(10_000, coming=6_000, asked=3_000), 1_000),
        (Dues(5_000, captured=10_000), 0),
    ],
)
def test_what_is_due(dues: Dues, due: int) -> None:
    assert dues.due == due


@pytest.mark.parametrize(
    ("amount", "then", "now", "outdated"),
    [
        (100, 100, 100, False),
        (100, 100, 120, True),
        (100, 100, 80, True),
        (30, 100, 120, False),
        (30, 100, 30, False),
        (30, 100, 29, True),
    ],
)
def test_a_link_over_all_that_is_due_follows_it_and_one_over_a_part_may_stay(
    amount: int, then: int, now: int, outdated: bool
) -> None:
    assert is_outdated(amount, then, now) is outdated


@pytest.mark.parametrize("authorise_only", [True, False])
def test_the_gateway_is_told_whether_the_money_is_only_to_be_promised(
    clerk: Performer, store: Store, order_id: int, clock: StillClock, authorise_only: bool
) -> None:
    ask(clerk, order_id, authorise_only=authorise_only)
    lease = take_lease(store, MONEY_LEASE, "worker", lasts=timedelta(minutes=1), clock=clock)
    assert lease is not None
    claimed = claim_next_call(store, lease, ("stripe",), clock=clock)
    assert claimed is not None
    assert claimed.call.authorise_only is authorise_only
