"""Pay links end to end (trust.md, P4): one amount of one order, once, until its day; and never a card's number in here."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from opsdesk.domain.money import Money
from opsdesk.domain.payments.pay_links import LASTS
from opsdesk.domain.people.actors import Role
from opsdesk.domain.secrets import Secret
from opsdesk.integrations.payments.stripe import StripeGateway
from opsdesk.operations.payments.pay_links import ask_for_payment
from opsdesk.operations.payments.taking import record_payment
from opsdesk.store.engine import Store
from opsdesk.store.tables import PayLinkRow, PaymentRow
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Performer
from opsdesk.worker.loop import run_once
from tests.conftest import StillClock
from tests.domain.test_cards import FORMS
from tests.integrations.files.samples import json_lines, own_order, written
from tests.journeys.shop_floor import ShopFloor, shop_floor
from tests.operations.events_kit import held
from tests.operations.orders_kit import person, rows, the_order
from tests.peers.gateway import Call, GatewayPeer
from tests.peers.gateway_cards import Card
from tests.peers.gateway_checkout import NotPayable
from tests.peers.gateway_errors import ApiError
from tests.shop_orders import write_arrival, write_order

NUMBER = "5001"
ENTER = "\r"
F2, F9 = "\x1bOQ", "\x1b[20~"
PLANTED = "4539578763621486"
"""A card's number that passes every check; the bank of the test puts it into what it says."""
TOTAL = 3_520


# At a terminal, with the program as it is.


@pytest.fixture
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayPeer]:
    with GatewayPeer(tmp_path_factory.mktemp("gateway") / "gateway.jsonl") as peer:
        said = f"{PLANTED[:4]} {PLANTED[4:8]} {PLANTED[8:12]} {PLANTED[12:]} was declined, CVC 123."
        peer.add_card("pm_card_talkative", Card(code="card_declined", decline_code="generic_decline", message=said))
        yield peer


@pytest.fixture
def shop(store_url: str, tmp_path: Path, gateway: GatewayPeer) -> Iterator[ShopFloor]:
    with shop_floor(tmp_path, store_url) as shop:
        shop.environment |= {"OPSDESK_STRIPE_KEY": gateway.api_key, "OPSDESK_STRIPE_URL": gateway.url}
        orders = written(shop.folder, "orders.jsonl", json_lines(own_order(NUMBER, payments=[])))
        assert shop.json("import", "orders", str(orders))["created"] == 1
        yield shop


def until(found: Callable[[], Any], what: str, *, patience: float = 60) -> Any:
    """Wait until something is there."""
    deadline = time.monotonic() + patience
    while not (answer := found()):
        assert time.monotonic() < deadline, f"{what} has not come after {patience} s."
        time.sleep(0.2)
    return answer


def looks_before_it_was_noticed(gateway: GatewayPeer, payment: str, since: int) -> int:
    """Count how often the worker asked for news after a payment before it read that payment."""
    looks = 0
    for seen in gateway.seen[since:]:
        if seen.path.endswith(payment):
            return looks
        looks += seen.call is Call.EVENTS
    raise AssertionError("The payment was never read.")


def traces_of_the_card(content: bytes) -> list[str]:
    return [form(PLANTED) for form in FORMS if form(PLANTED).encode() in content]


def all_bytes(shop: ShopFloor) -> Iterator[tuple[str, bytes]]:
    """Read everything that is kept: files, mails, and every row of a database that is no file."""
    for path in shop.folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
    if shop.store_url.startswith("postgresql"):
        engine = create_engine(shop.store_url)
        with engine.connect() as connection:
            for table in inspect(engine).get_table_names():
                found = connection.execute(text(f'SELECT CAST(found AS text) FROM "{table}" AS found')).scalars()
                yield table, "\n".join(found).encode()
        engine.dispose()


def test_a_link_is_paid_once_and_the_terminal_says_so(shop: ShopFloor, gateway: GatewayPeer) -> None:
    works_itself = shop.store_url.startswith("sqlite")

    def money() -> Any:
        return shop.json("pay", "show", NUMBER)

    with nullcontext() if works_itself else shop.worker(), shop.terminal() as desk:
        desk.wait_for("ORDERS")
        desk.send(F2 + NUMBER + ENTER)
        desk.wait_for(f"{NUMBER}  Bea Example")
        desk.send("m2")
        desk.wait_for("PAY LINK")
        desk.wait_for("12.00")
        desk.send(F9)
        desk.wait_for("can be paid until")
        desk.send("m")
        desk.wait_for("show the pay link")
        desk.send("2")
        desk.wait_for("█")
        (link,) = money()["links"]
        assert (link["state"], link["amount"]) == ("open", {"minor": 1_200, "currency": "EUR", "amount": "12.00"})

        # It is tied to this order, this amount and this currency, and can be paid once.
        (page,) = gateway.things("payment_link")
        assert page["metadata"]["opsdesk_order"] == NUMBER
        assert (page["currency"], page["restrictions"]["completed_sessions"]["limit"]) == ("eur", 1)
        assert gateway.bank.checkout.total(page["id"])[:2] == (1_200, "eur")

        # Two people have the page open; the bank declines the first card, and says too much about it.
        first, second = gateway.visit(link["url"]), gateway.visit(link["url"])
        with pytest.raises(ApiError):
            gateway.pay(first, "pm_card_talkative")
        before = len(gateway.seen)
        payment = gateway.pay(first)
        desk.wait_for("12.00 EUR: paid")
        assert looks_before_it_was_noticed(gateway, payment, before) <= 2, "the one under way, and the next"

        # The second one pays as well: that is held for somebody, and not lost.
        again = gateway.pay(second)
        tasks = until(lambda: shop.json("pay", "tasks"), "The task")
        assert "paid more than once" in str(tasks)
        after = money()
        assert (after["paid"]["minor"], after["ledger"]["minor"]) == (2_400, 2_400)
        assert {each["reference"] for each in after["payments"]} == {payment, again}
        desk.signal(signal.SIGTERM)
        desk.wait()
        shown = bytes(desk.raw)

    said = shop.run("pay", "show", NUMBER) + shop.run("pay", "tasks") + shop.run("order", "show", NUMBER)
    assert "violations: none" in shop.run("verify")
    places = [*all_bytes(shop), ("terminal", shown), ("commands", said.encode())]
    assert any(b"4242" in content for _, content in places), "its last four digits are kept"
    assert {name: found for name, content in places if (found := traces_of_the_card(content))} == {}


def test_the_search_finds_a_card_that_somebody_kept(shop: ShopFloor) -> None:
    """The control: one number in a log."""
    (shop.folder / "state").mkdir(exist_ok=True)
    (shop.folder / "state" / "opsdesk.log").write_text(f"declined: {FORMS[2](PLANTED)}\n")
    assert [name for name, content in all_bytes(shop) if traces_of_the_card(content)] == ["opsdesk.log"]


# Days pass: with a clock that is moved on, over a real line to the same gateway.


class Counter:
    """An order that is not paid, a clerk, and a worker at a gateway whose clock is the shop's."""

    def __init__(self, store: Store, clock: StillClock, peer: GatewayPeer) -> None:
        self.store, self.clock, self.peer = store, clock, peer
        self.gateway = StripeGateway(Secret(peer.api_key), url=peer.url, clock=clock)
        self.clerk = Performer(store, person(store, "sofia", Role.SUPERVISOR), clock)
        self.order_id = write_order(store, NUMBER, paid=False)
        write_arrival(store, self.order_id)

    def ask(self, **more: Any) -> PayLinkRow:
        version = the_order(self.store, self.order_id).version
        self.clerk.perform(ask_for_payment, self.order_id, version=version, **more)
        self.work()
        return self.link

    def work(self, **later: float) -> None:
        self.clock.advance(**later or {"seconds": 2})
        run_once(self.store, None, {"stripe": self.gateway}, holder="worker", clock=self.clock)

    @property
    def link(self) -> PayLinkRow:
        return rows(self.store, PayLinkRow)[-1]

    @property
    def problems(self) -> str:
        return "\n".join(event.problem for event in held(self.store))

    @property
    def paid(self) -> int:
        return the_order(self.store, self.order_id).paid_minor


@pytest.fixture
def counter(store: Store, clock: StillClock, tmp_path: Path) -> Iterator[Counter]:
    with GatewayPeer(tmp_path / "gateway.jsonl", clock=clock, seed=7) as peer:
        opened = Counter(store, clock, peer)
        yield opened
        opened.gateway.close()
        found = verify_store(store, now=clock(), with_seals=False).violations
        assert [one.sentence for one in found] == []


def test_a_link_ends_on_its_day(counter: Counter) -> None:
    link = counter.ask()
    counter.work(seconds=LASTS.total_seconds() - 10)
    assert counter.link.state == "open"
    counter.work(seconds=10)
    assert counter.link.state == "expired"
    counter.work()
    with pytest.raises(NotPayable):
        counter.peer.pay(link.url)
    assert counter.ask().id != link.id, "the order can be paid with a new one"


def test_what_is_paid_at_the_last_moment_counts(counter: Counter) -> None:
    link = counter.ask()
    counter.clock.advance(seconds=LASTS.total_seconds() - 5)
    counter.peer.pay(link.url)
    counter.work(minutes=30)
    assert (counter.link.state, counter.paid, counter.problems) == ("paid", TOTAL, "")


def test_what_is_paid_after_its_day_is_held_and_not_lost(counter: Counter) -> None:
    """The worker was off; nobody has switched the page off."""
    link = counter.ask()
    counter.clock.advance(seconds=LASTS.total_seconds() + 60)
    counter.peer.pay(link.url)
    counter.work()
    assert counter.paid == TOTAL
    assert "paid after its last day" in counter.problems


def test_another_amount_due_makes_the_link_void(counter: Counter) -> None:
    link = counter.ask()
    counter.clerk.perform(record_payment, counter.order_id, amount=Money(500, "EUR"))
    assert counter.link.state == "voided"
    counter.work()
    with pytest.raises(NotPayable):
        counter.peer.pay(link.url)
    renewed = counter.ask()
    assert renewed.amount_minor == TOTAL - 500
    counter.peer.pay(renewed.url)
    counter.work()
    assert (counter.link.state, counter.paid, counter.problems) == ("paid", TOTAL, "")


def test_what_is_paid_over_a_void_link_before_it_is_off_is_held_and_not_lost(counter: Counter) -> None:
    link = counter.ask()
    counter.clerk.perform(record_payment, counter.order_id, amount=Money(500, "EUR"))
    counter.clock.advance(seconds=1)
    counter.peer.pay(link.url)
    counter.work()
    assert counter.paid == TOTAL + 500
    assert "paid after it had ended" in counter.problems
    assert len(rows(counter.store, PaymentRow)) == 2


@pytest.mark.parametrize(
    ("paid", "said"),
    [
        ({"amount": 2_000}, "asked for 35.20 EUR, and 20.00 EUR came in"),
        ({"amount": 4_000}, "asked for 35.20 EUR, and 40.00 EUR came in"),
        ({"currency": "USD"}, "came in, but the order is in EUR"),
    ],
    ids=["less", "more", "another currency"],
)
def test_anything_else_than_what_the_link_asks_for_is_held(counter: Counter, paid: dict[str, Any], said: str) -> None:
    link = counter.ask()
    counter.peer.pay(link.url, **paid)
    counter.work()
    assert said in counter.problems
    assert counter.paid == (0 if "currency" in paid else paid["amount"])


def test_a_link_lasts_as_long_as_it_was_asked_for(counter: Counter) -> None:
    link = counter.ask(expires_in=timedelta(minutes=30))
    counter.work(minutes=29)
    assert counter.link.state == "open"
    counter.work(minutes=1)
    counter.work()
    with pytest.raises(NotPayable):
        counter.peer.pay(link.url)
