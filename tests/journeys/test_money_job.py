"""The money of one order, as one person moves it at one terminal: authorised, made larger, paid, captured, refunded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.files.samples import json_lines, own_order, written
from tests.journeys.shop_floor import ShopFloor, shop_floor
from tests.peers.gateway import Deed, GatewayPeer

NUMBER = "5001"
ENTER, TAB = "\r", "\t"
F2, F4, F9 = "\x1bOQ", "\x1bOS", "\x1b[20~"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayPeer]:
    with GatewayPeer(tmp_path / "gateway.jsonl") as peer:
        yield peer


@pytest.fixture
def shop(store_url: str, tmp_path: Path, gateway: GatewayPeer) -> Iterator[ShopFloor]:
    with shop_floor(tmp_path, store_url) as shop:
        shop.environment |= {"OPSDESK_STRIPE_KEY": gateway.api_key, "OPSDESK_STRIPE_URL": gateway.url}
        yield shop


def bring_order_in(shop: ShopFloor, gateway: GatewayPeer) -> str:
    """Let a customer order three teas for 12.00, authorised at the gateway; return the payment there."""
    payment = gateway.authorised(1_200, order_number=NUMBER)
    paid = {
        "kind": "authorise", "amount": "12.00", "gateway": "stripe", "reference": payment,
        "at": "2026-11-20T10:01:00+00:00",
    }  # fmt: skip
    orders = written(shop.folder, "orders.jsonl", json_lines(own_order(NUMBER, payments=[paid])))
    assert shop.json("import", "orders", str(orders))["created"] == 1
    return payment


def until(found: Callable[[], Any], what: str, *, patience: float = 60) -> Any:
    """Wait until something is there."""
    deadline = time.monotonic() + patience
    while not (answer := found()):
        assert time.monotonic() < deadline, f"{what} has not come after {patience} s."
        time.sleep(0.2)
    return answer


def test_from_the_authorisation_to_a_refund_over_two_payments(shop: ShopFloor, gateway: GatewayPeer) -> None:
    first = bring_order_in(shop, gateway)
    works_itself = shop.store_url.startswith("sqlite")

    def money() -> Any:
        return shop.json("pay", "show", NUMBER)

    def send_all_now() -> None:
        for call in money()["calls"]:
            shop.run("pay", "send-now", str(call["id"]))

    with nullcontext() if works_itself else shop.worker(), shop.terminal() as desk:
        desk.wait_for("ORDERS")
        desk.send(F2 + NUMBER + ENTER)
        desk.wait_for(f"{NUMBER}  Bea Example")
        desk.wait_for("AUTH 12.00 EUR")

        # Two more teas cost 8.00 more than was authorised: the customer is asked for them first.
        desk.send("E")
        desk.wait_for("shipping costs")
        desk.send("\b5")
        desk.wait_for("CHANGE +8.00 EUR")
        desk.send(F9)
        desk.wait_for("AMENDING")
        asked = shop.mail(1)
        link = until(lambda: next((each for each in money()["links"] if each["state"] == "open"), None), "The link")
        assert link["amount"]["minor"] == 800
        assert link["url"] in asked.get_body(("plain",)).get_content()
        desk.send("m")
        desk.wait_for("show the pay link")
        desk.send("2")
        desk.wait_for("can be paid until")
        desk.wait_for("█")

        # The customer pays; the terminal says so by itself, and the order is what was agreed.
        gateway.pay(link["url"])
        desk.wait_for("8.00 EUR: paid", timeout=30)
        desk.send("\x1b")
        desk.send("\x1b")
        desk.wait_for("20.00 EUR")
        assert money()["total"]["minor"] == 2_000

        # A mail that is accepted moves the order; what is typed would be saved on top of that with a second F9.
        until(lambda: not [each for each in shop.json("mail", "list") if each["state"] != "accepted"], "The mails")
        desk.wait_until_quiet(1.0)

        # What was authorised at the start is captured; a minute of grace is not waited for.
        desk.send("m3")
        desk.wait_for("CAPTURE IT")
        desk.send(F9)
        desk.wait_for("is captured in a minute")
        send_all_now()
        until(lambda: money()["due"]["minor"] == 0, "The capture")
        desk.wait_for("PAID 20.00 EUR")

        # Four of the five teas come back: 16.00, more than either payment alone.
        desk.send("m4")
        desk.wait_for("units, 5 left")
        desk.send("4")
        desk.wait_for("REFUND 16.00 EUR")
        desk.send(F9)
        desk.wait_for("goes back in a minute")
        send_all_now()
        until(lambda: [each["state"] for each in money()["refunds"]] == ["succeeded"], "The refund")
        desk.wait_for("PREF")
        assert "16,00" in shop.mail(3).get_body(("plain",)).get_content()
        desk.send(":quit" + ENTER)
        assert desk.wait() == 0

    after = money()
    assert (after["paid"]["minor"], after["ledger"]["minor"]) == (400, 400)
    assert sorted(share["amount"]["minor"] for share in after["refunds"][0]["shares"]) == [800, 800]
    effects = gateway.journal()
    assert sum(each.amount for each in effects if each.kind in (Deed.CAPTURE, Deed.SALE)) == 2_000
    assert sum(each.amount for each in effects if each.kind is Deed.REFUND) == 1_600
    assert {each.payment for each in effects if each.kind is Deed.REFUND} > {first}
    assert [NUMBER in str(mail["Subject"]) for mail in shop.mail_server.taken()] == [True, True, True]
    assert "violations: none" in shop.run("verify")
