"""One table says who may do what; limits speak of money in the order's own currency."""

from __future__ import annotations

import pytest

from opsdesk.domain.money import Money
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.domain.people.permissions import OWN_LIMITS, PERMISSIONS, why_not_allowed, why_not_within


def of(role: Role) -> Actor:
    return Actor(1, "mia", role)


def test_what_is_not_in_the_table_nobody_may_do() -> None:
    for role in Role:
        assert why_not_allowed(of(role), "order.launch_rocket") is not None
        assert why_not_allowed(of(role), "") is not None
    assert why_not_allowed(None, "order.note") == "Nobody is signed in. Sign in first."


def test_a_no_says_whom_to_ask() -> None:
    assert why_not_allowed(of(Role.WAREHOUSE), "user.add") == (
        "mia is warehouse and may not do this (user.add). Ask: admin."
    )


def test_the_worker_does_nothing_that_people_decide() -> None:
    for name in ("order.release", "order.cancel", "order.ship", "status.tell", "user.add"):
        assert why_not_allowed(of(Role.SYSTEM), name) is not None


def test_whoever_leads_may_do_what_their_people_may() -> None:
    for name, roles in PERMISSIONS.items():
        if roles & {Role.AGENT, Role.FRAUD, Role.WAREHOUSE}:
            assert {Role.SUPERVISOR, Role.ADMIN} <= roles, name


@pytest.mark.parametrize(
    ("role", "amount", "allowed"),
    [
        (Role.AGENT, Money(50_000, "EUR"), True),
        (Role.AGENT, Money(50_001, "EUR"), False),
        (Role.AGENT, Money(50_000, "JPY"), True),
        (Role.AGENT, Money(50_001, "JPY"), False),
        (Role.AGENT, Money(500_001, "KWD"), False),
        (Role.SUPERVISOR, Money(10**12, "EUR"), True),
    ],
)
def test_an_agent_cancels_up_to_five_hundred_of_any_currency(role: Role, amount: Money, allowed: bool) -> None:
    assert (why_not_within(of(role), "order.cancel", amount) is None) == allowed


def test_limits_are_about_operations_that_exist() -> None:
    # The limit of a day is about the sum of requests.
    assert set(OWN_LIMITS) - {"refund.day"} <= set(PERMISSIONS)
