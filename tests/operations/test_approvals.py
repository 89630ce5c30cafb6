"""Four eyes: nothing above somebody's own limit moves unless another person agreed to exactly that, before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from opsdesk.domain.errors import Denied, Invalid, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.transactions import Method
from opsdesk.domain.people import permissions
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.domain.refunds.composing import RefundContent
from opsdesk.domain.refunds.shares import ShareChoice
from opsdesk.operations.people.users import change_role, deactivate
from opsdesk.operations.refunds.approvals import approve, decline
from opsdesk.operations.refunds.asking import retry, take_back, turn_into_credit
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store
from opsdesk.store.repositories.settlements import Settlements
from opsdesk.store.tables import ActivityRow, ApprovalRow, RefundRow, UserRow
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.operations.gateway_double import Fault
from tests.operations.money_kit import captured
from tests.operations.orders_kit import rows
from tests.operations.refund_kit import LETTER, RefundShop, eur

LIMIT, DAY = 200_00, 1_000_00
"""What an agent may refund at once, and within 24 hours."""


@pytest.fixture
def shop(store: Store, clock: StillClock) -> RefundShop:
    return RefundShop(store, clock)


def goodwill(minor: int) -> RefundContent:
    return RefundContent(goodwill=eur(minor))


def nothing_moved(shop: RefundShop) -> bool:
    """Say whether no money moved, none is set aside, and none is about to."""
    shop.work()
    return shop.going_back == (0, 0) and shop.given_back == 0 and not shop.calls


def unapproved(shop: RefundShop) -> list[str]:
    """Return the refunds that break INV-A4 or A6, asked of the rows alone, as `opsdesk verify` would."""
    limits = {
        role.value: (permissions.OWN_LIMITS["refund.request"].get(role), permissions.OWN_LIMITS["refund.day"].get(role))
        for role in Role
    }
    roles = {user.name: user.role for user in rows(shop.store, UserRow)}
    agreed = {(row.subject_id, row.content_hash): row for row in rows(shop.store, ApprovalRow)}
    moved = [row for row in rows(shop.store, RefundRow) if row.submitted_at is not None and row.state != "cancelled"]
    wrong = []
    for refund in moved:
        once, day = limits[roles[refund.requested_by]]
        approval = agreed.get((refund.id or 0, refund.content_hash))
        if approval is not None and approval.approved_by != approval.requested_by:
            continue
        since = refund.requested_at - timedelta(hours=24)
        alone = sum(
            row.amount_minor
            for row in moved
            if row.requested_by == refund.requested_by
            and since < row.requested_at <= refund.requested_at
            and not row.needs_approval
        )
        if once is not None and refund.amount_minor > once * 100:
            wrong.append(f"refund {refund.id}: {refund.amount_minor} by {refund.requested_by} alone")
        elif day is not None and alone > day * 100:
            wrong.append(f"refund {refund.id}: {alone} within a day by {refund.requested_by} alone")
    return wrong


# --- asked for, agreed to, declined


def test_above_the_own_limit_it_waits_and_says_who_can_agree(shop: RefundShop) -> None:
    done = shop.refund(shop.mia, goodwill(LIMIT + 1), letter=LETTER)
    assert done.message == ("104501: the refund of 200.01 EUR waits for a second person. Ask ada or sofia or sven.")
    assert shop.states == ("pending_approval", ["waiting"])
    assert (done.details["approvers"], done.can_undo) == ("ada, sofia, sven", True)
    assert nothing_moved(shop)


def test_agreed_to_it_goes_out_and_who_agreed_is_kept(shop: RefundShop) -> None:
    shop.refund(shop.mia, goodwill(LIMIT + 1), letter=LETTER)
    shop.agree(shop.sofia)
    assert shop.states == ("submitted", ["submitted"])
    shop.work()
    assert (shop.states[0], shop.given_back, len(shop.mails)) == ("succeeded", LIMIT + 1, 1)
    (kept,) = rows(shop.store, ApprovalRow)
    assert (kept.requested_by, kept.approved_by, kept.approver_role, kept.amount_minor) == (
        "mia", "sofia", "supervisor", LIMIT + 1,
    )  # fmt: skip
    assert kept.content_hash == shop.row.content_hash
    assert (unapproved(shop), shop.wrong()) == ([], [])


def test_declined_it_moves_nothing_and_frees_what_it_was_for(shop: RefundShop) -> None:
    shop.refund(shop.mia, shop.chairs(3))
    with pytest.raises(Invalid, match="mia reads it"):
        shop.sofia.perform(decline, shop.row.id, note=" ")
    shop.sofia.perform(decline, shop.row.id, note="Ask for photos first")
    assert (shop.row.state, shop.row.problem) == ("declined", "sofia: Ask for photos first")
    assert nothing_moved(shop)
    shop.refund(shop.ada, shop.chairs(20))


def test_what_waits_is_taken_back_by_undo(shop: RefundShop) -> None:
    done = shop.refund(shop.mia, shop.chairs(3))
    shop.mia.perform(undo, done.command_id)
    assert shop.row.state == "cancelled"
    with pytest.raises(Refused, match="does not wait"):
        shop.agree(shop.sofia)


# --- who is a second person


def test_a_supervisor_does_not_agree_to_their_own(store: Store, clock: StillClock) -> None:
    shop = RefundShop(store, clock, paid=False)
    captured(store, shop.order_id, 400_000)
    shop.refund(shop.sofia, goodwill(2_000_01))
    assert shop.row.state == "pending_approval"
    with pytest.raises(Denied, match="sofia asked for this refund"):
        shop.agree(shop.sofia)
    denied = [row for row in rows(store, ActivityRow) if row.outcome == "denied"]
    assert [(row.actor, row.action) for row in denied] == [("sofia", "refund.approve")]
    shop.agree(shop.sven)
    assert shop.row.state == "submitted"


def test_two_names_of_one_login_are_one_person(shop: RefundShop) -> None:
    with Session(shop.store.writer) as session, session.begin():
        session.execute(text("UPDATE users SET os_login = 'mw' WHERE name IN ('mia', 'sofia')"))
    shop.refund(shop.mia, shop.chairs(3))
    with pytest.raises(Denied, match="one person"):
        shop.agree(shop.sofia)
    assert nothing_moved(shop)


def test_an_agent_does_not_agree_and_a_supervisor_only_up_to_their_limit(store: Store, clock: StillClock) -> None:
    shop = RefundShop(store, clock, paid=False)
    captured(store, shop.order_id, 600_000)
    shop.refund(shop.mia, goodwill(5_000_01))
    with pytest.raises(Denied):
        shop.agree(shop.max)
    with pytest.raises(Denied, match="above the limit"):
        shop.agree(shop.sofia)
    shop.agree(shop.ada)
    assert shop.row.state == "submitted"


def test_who_was_disabled_or_demoted_in_between_does_not_agree(shop: RefundShop) -> None:
    shop.refund(shop.mia, shop.chairs(3))
    users = {user.name: user for user in rows(shop.store, UserRow)}
    shop.ada.perform(deactivate, users["sofia"].id, version=users["sofia"].version)
    shop.ada.perform(change_role, users["sven"].id, version=users["sven"].version, role="agent")
    for who in (shop.sofia, shop.sven):
        with pytest.raises(Denied):
            shop.agree(who)
    as_if_still = Performer(shop.store, Actor(users["sven"].id, "sven", Role.AGENT, "test"), shop.clock)
    with pytest.raises(Denied):
        shop.agree(as_if_still)
    assert nothing_moved(shop)


# --- agreed to exactly what was read


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE refund_part SET amount_minor = amount_minor + 1",
        "UPDATE refund_part SET quantity = 4",
        "UPDATE refund_share SET amount_minor = amount_minor + 100",
        "UPDATE refund_share SET method = 'bank_transfer', reference = 'DE00'",
        "UPDATE refund SET content_hash = 'abc'",
    ],
)
def test_what_was_edited_after_it_was_asked_for_is_not_agreed_to(shop: RefundShop, edit: str) -> None:
    shop.refund(shop.mia, shop.chairs(3))
    read = shop.row.content_hash
    with Session(shop.store.writer) as session, session.begin():
        session.execute(text(edit))
    with pytest.raises(Refused, match="was changed after"):
        shop.sofia.perform(approve, shop.row.id, content_hash=read)
    assert (rows(shop.store, ApprovalRow), nothing_moved(shop)) == ([], True)


def test_an_approval_is_good_once(shop: RefundShop) -> None:
    shop.refund(shop.mia, shop.chairs(3))
    shop.agree(shop.sofia)
    shop.mia.perform(take_back, shop.row.id)
    with pytest.raises(Refused, match="does not wait"):
        shop.agree(shop.sofia)
    read = shop.row.content_hash
    shop.refund(shop.mia, shop.chairs(3))
    assert shop.row.content_hash == read
    assert shop.row.state == "pending_approval"
    shop.work()
    assert ([call.state for call in shop.calls], shop.given_back) == (["cancelled"], 0)


def test_a_replayed_approval_pays_once(shop: RefundShop) -> None:
    shop.refund(shop.mia, shop.chairs(3))
    read = shop.row.content_hash
    for _ in range(3):
        shop.sofia.perform_as("one-approval", approve, shop.row.id, content_hash=read)
    with pytest.raises(Refused, match="does not wait"):
        shop.sven.perform(approve, shop.row.id, content_hash=read)
    shop.work()
    assert shop.given_back == 27_000


def test_what_moved_in_between_is_named(shop: RefundShop) -> None:
    shop.refund(shop.mia, shop.chairs(3))
    waiting = shop.row
    shop.refund(shop.ada, goodwill(180_000))
    with pytest.raises(Refused, match=r"only 104\.90 EUR can still go back over visa \.\.4242"):
        shop.sofia.perform(approve, waiting.id, content_hash=waiting.content_hash)
    with Session(shop.store.writer) as session, session.begin():
        session.execute(text("UPDATE order_line SET ordered = 2 WHERE sku = '50001'"))
    with pytest.raises(Refused, match="only 2 of Chair"):
        shop.sofia.perform(approve, waiting.id, content_hash=waiting.content_hash)
    assert rows(shop.store, ApprovalRow) == []


# --- the limit of a day


def slices(shop: RefundShop, count: int, each: int) -> list[str]:
    """Refund so many slices one after the other; return how each was answered."""
    answered = []
    for _ in range(count):
        shop.clock.advance(minutes=20)
        shop.refund(shop.mia, goodwill(each))
        answered.append(shop.row.state)
    return answered


def test_twenty_slices_below_the_limit_do_not_slip_through(shop: RefundShop) -> None:
    answered = slices(shop, 20, 9_000)
    assert answered == ["submitted"] * 11 + ["pending_approval"] * 9
    shop.work()
    assert (shop.given_back, unapproved(shop)) == (11 * 9_000, [])
    shop.clock.advance(hours=24)
    shop.refund(shop.mia, goodwill(9_000))
    assert shop.row.state == "submitted"


def test_without_the_rolling_sum_they_do(shop: RefundShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a product that forgets what was refunded before is caught by the same question."""
    monkeypatch.setattr(Settlements, "refunded_since", lambda *_: [])
    slices(shop, 20, 9_000)
    shop.work()
    assert len(unapproved(shop)) == 9


def test_two_orders_of_one_customer_add_up(store: Store, clock: StillClock) -> None:
    shop = RefundShop(store, clock)
    other = shop.add_order("104502")
    captured(store, other, reference="pi_2")
    for order_id in (shop.order_id, other) * 3:
        shop.refund(shop.mia, goodwill(19_000), order_id)
    states = [row.state for row in rows(store, RefundRow)]
    assert states == ["submitted"] * 5 + ["pending_approval"]
    assert unapproved(shop) == []


def test_another_currency_opens_no_limit_of_its_own(store: Store, clock: StillClock) -> None:
    """INV-A6: units are added up across currencies, and `verify` says so of what went out otherwise."""
    shop = RefundShop(store, clock)
    other = shop.add_order("104502", currency="USD")
    captured(store, other, reference="pi_2")
    slices(shop, 4, 20_000)
    shop.refund(shop.mia, RefundContent(goodwill=Money(20_000, "USD")), other)
    assert shop.row.state == "submitted"
    done = shop.refund(shop.mia, RefundContent(goodwill=Money(1, "USD")), other)
    assert shop.row.state == "pending_approval"
    assert "200.01 USD and 800.00 EUR are together above the limit of agent (1000)" in str(done.details)
    assert shop.wrong() == []
    with Session(store.writer) as session:
        session.execute(text("UPDATE refund SET needs_approval = false WHERE state = 'pending_approval'"))
        session.commit()
    assert any("more than they may alone" in wrong for wrong in shop.wrong())


def test_the_day_is_each_persons_own(shop: RefundShop) -> None:
    slices(shop, 11, 9_000)
    shop.refund(shop.max, goodwill(9_000))
    assert shop.row.state == "submitted"


def test_what_a_second_person_agreed_to_does_not_use_up_the_day(shop: RefundShop) -> None:
    shop.refund(shop.mia, goodwill(50_000))
    shop.agree(shop.sofia)
    assert slices(shop, 11, 9_000) == ["submitted"] * 11


@contextmanager
def limit(monkeypatch: pytest.MonkeyPatch, **limits: int) -> Iterator[None]:
    """Let an agent's limits be others for a while."""
    names = {"once": "refund.request", "day": "refund.day"}
    changed = {
        names[name]: {**permissions.OWN_LIMITS[names[name]], Role.AGENT: value} for name, value in limits.items()
    }
    with monkeypatch.context() as patched:
        patched.setattr(permissions, "OWN_LIMITS", {**permissions.OWN_LIMITS, **changed})
        yield


def test_a_limit_that_was_raised_and_lowered_again_counts_what_went_meanwhile(
    shop: RefundShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.refund(shop.mia, goodwill(40_000))
    with limit(monkeypatch, once=900, day=900):
        assert shop.row.state == "pending_approval", "What waits goes on waiting."
        shop.refund(shop.mia, goodwill(90_000))
        assert shop.row.state == "submitted"
    shop.refund(shop.mia, goodwill(10_001))
    assert shop.row.state == "pending_approval"


def test_a_refund_from_before_the_limit_was_lowered_is_not_tried_again_alone(
    shop: RefundShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.refund(shop.mia, goodwill(15_000))
    shop.gateway.faults.append(Fault.REFUSED)
    shop.work()
    with limit(monkeypatch, once=100):
        shop.mia.perform(retry, shop.row.id)
        assert shop.states == ("pending_approval", ["waiting"])
        with pytest.raises(Denied):
            shop.agree(shop.mia)
        shop.agree(shop.sofia)
    shop.work()
    assert shop.given_back == 15_000


def test_failed_refunds_of_yesterday_that_are_tried_again_count_today(shop: RefundShop) -> None:
    for _ in range(5):
        shop.refund(shop.mia, goodwill(19_000))
        shop.gateway.faults.append(Fault.REFUSED)
    shop.work()
    shop.clock.advance(hours=25)
    for row in rows(shop.store, RefundRow):
        shop.mia.perform(retry, row.id)
    shop.refund(shop.mia, goodwill(19_000))
    assert [row.state for row in rows(shop.store, RefundRow)] == ["submitted"] * 5 + ["pending_approval"]


# --- another way than the money came in


def test_another_way_out_of_the_house_needs_a_second_person(shop: RefundShop) -> None:
    by_bank = ShareChoice(shop.payment_id, eur(9_000), Method.BANK_TRANSFER, "DE02 1203")
    shop.refund(shop.mia, shop.chairs(1), shares=(by_bank,))
    assert (shop.row.state, nothing_moved(shop)) == ("pending_approval", True)
    shop.agree(shop.sofia)
    assert (shop.row.state, shop.payment.refunded_minor) == ("succeeded", 9_000)
    assert shop.wrong() == []


def test_another_bank_account_for_what_failed_is_agreed_to_anew(shop: RefundShop) -> None:
    shop.refund(shop.mia, goodwill(30_000))
    shop.agree(shop.sofia)
    shop.gateway.faults.append(Fault.REFUSED)
    shop.work()
    by_bank = ShareChoice(shop.payment_id, eur(30_000), Method.BANK_TRANSFER, "XX99")
    shop.mia.perform(retry, shop.row.id, shares=(by_bank,))
    assert shop.row.state == "pending_approval"
    assert shop.payment.refunded_minor == 0
    shop.sofia.perform(decline, shop.row.id, note="Whose account is that?")
    assert shop.row.state == "declined"


def test_the_same_way_again_needs_nobody_anew_nor_does_store_credit(shop: RefundShop) -> None:
    shop.refund(shop.mia, goodwill(30_000))
    shop.agree(shop.sofia)
    shop.gateway.faults += [Fault.REFUSED, Fault.REFUSED]
    shop.work()
    shop.mia.perform(retry, shop.row.id)
    assert shop.row.state == "submitted"
    shop.work()
    shop.mia.perform(turn_into_credit, shop.row.id)
    assert (shop.row.state, unapproved(shop)) == ("converted_to_credit", [])


def test_declining_another_way_leaves_what_went_already(store: Store, clock: StillClock) -> None:
    shop = RefundShop(store, clock, paid=False)
    captured(store, shop.order_id, 180_000, "pi_1")
    captured(store, shop.order_id, 10_490, "pi_2")
    shop.refund(shop.mia, shop.chairs(2))
    shop.gateway.faults += [None, Fault.REFUSED]
    shop.work()
    stuck = next(share for share in shop.shares if share.state == "failed")
    by_bank = ShareChoice(stuck.payment_id, eur(stuck.amount_minor), Method.BANK_TRANSFER, "XX99")
    shop.mia.perform(retry, shop.row.id, shares=(by_bank,))
    assert shop.row.state == "pending_approval"
    shop.sofia.perform(decline, shop.row.id, note="Back to the card")
    assert (shop.row.state, "Back to the card" in shop.row.problem) == ("failed", True)
    with pytest.raises(Invalid, match="Only 18 of Chair"):
        shop.refund(shop.ada, shop.chairs(19))
