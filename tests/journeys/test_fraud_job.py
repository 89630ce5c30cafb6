"""Two suspected orders, as the fraud desk works them: one is asked, called and cancelled, one is released by two people."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from opsdesk.store.engine import open_store
from opsdesk.store.tables import CaseRow, MailRow, OrderRow
from tests.integrations.files.samples import json_lines, own_order, written
from tests.journeys.shop_floor import ShopFloor, shop_floor
from tests.peers.gateway import Deed, GatewayPeer
from tests.peers.imap_sink import PASSWORD, USER, ImapSink, imap_sink

FIRST, SECOND = "5001", "5002"
ENTER, TAB = "\r", "\t"
F2, F9 = "\x1bOQ", "\x1b[20~"
SECRET = "a lighthouse keeps no secrets"
RECEIVED = Path(__file__).parents[1] / "integrations" / "mail" / "received"
THEIRS = b"mail.0123456789abcdef0123456789abcdef"
AT_ANY_HOUR = "[calls]\nmost = 2\nhours_apart = 0\nday_parts = 1\nday_part_hours = [0, 24]\n"
"""A journey cannot wait for the customer's day, nor four hours between two calls."""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayPeer]:
    with GatewayPeer(tmp_path / "gateway.jsonl") as peer:
        yield peer


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[ImapSink]:
    with imap_sink(tmp_path / "inbox") as sink:
        yield sink


@pytest.fixture
def shop(store_url: str, tmp_path: Path, gateway: GatewayPeer, mailbox: ImapSink) -> Iterator[ShopFloor]:
    own = tmp_path / "own" / "fraud"
    own.mkdir(parents=True)
    (own / "thresholds.toml").write_text(AT_ANY_HOUR)
    with shop_floor(tmp_path, store_url) as shop:
        shop.environment |= {
            "OPSDESK_STRIPE_KEY": gateway.api_key,
            "OPSDESK_STRIPE_URL": gateway.url,
            "OPSDESK_TEMPLATES": str(tmp_path / "own"),
        }
        yield shop


def read_mailbox(shop: ShopFloor, mailbox: ImapSink) -> int:
    """Let the one machine that knows the mailbox's password read it; the worker would within a minute."""
    url = f"imap://{USER.replace('@', '%40')}@127.0.0.1:{mailbox.port}/INBOX"
    known = {"OPSDESK_IMAP_URL": url, "OPSDESK_IMAP_PASSWORD": PASSWORD}
    elsewhere = ShopFloor(shop.folder, shop.store_url, shop.mail_server)
    elsewhere.environment = shop.environment | known
    return int(elsewhere.json("worker", "--once")["received"])


def bring_orders_in(shop: ShopFloor, gateway: GatewayPeer) -> str:
    """Block the address that both customers gave, then import their orders; return the first one's payment."""
    email = "ada5001@example.com"
    shop.run("fraud", "block", "email", "--value", email, "--reason", "ordered on stolen cards before")
    payments = [gateway.authorised(1_200, order_number=FIRST), gateway.authorised(120_000, order_number=SECOND)]
    records = []
    for number, payment, price in ((FIRST, payments[0], "4.00"), (SECOND, payments[1], "400.00")):
        total = f"{3 * float(price):.2f}"
        paid = {
            "kind": "authorise", "amount": total, "gateway": "stripe", "reference": payment,
            "at": "2026-11-24T10:01:00+00:00",
        }  # fmt: skip
        customer = {"name": "Ada Example", "email": email, "phone": "+49 30 5550199", "language": "en"}
        lines = [{"sku": "TEA", "title": "Tea", "quantity": 3, "unit_price": price}]
        records.append(own_order(number, payments=[paid], customer=customer, lines=lines, total=total))
    assert shop.json("import", "orders", str(written(shop.folder, "o.jsonl", json_lines(*records))))["created"] == 2
    return payments[0]


def until(found: Callable[[], Any], what: str, *, patience: float = 60) -> Any:
    """Wait until something is there."""
    deadline = time.monotonic() + patience
    while not (answer := found()):
        assert time.monotonic() < deadline, f"{what} has not come after {patience} s."
        time.sleep(0.3)
    return answer


def second_person(shop: ShopFloor) -> None:
    """Let a supervisor work here too."""
    shop.run("user", "add", "sofia", "--role", "supervisor")
    told = subprocess.run(
        [sys.executable, "-m", "opsdesk", "user", "password", "sofia", "--stdin"],
        env={**os.environ, **shop.environment}, input=SECRET + "\n", capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr


def stand(shop: ShopFloor, number: str) -> tuple[str, str]:
    """Return where the case of an order is, and what the queue says of the order."""
    store = open_store(shop.store_url)
    with store.reading() as session:
        found = select(CaseRow.fraud_state, OrderRow.headline).join(OrderRow, col(OrderRow.id) == col(CaseRow.order_id))
        state, headline = session.execute(found.where(col(OrderRow.number) == number)).one()
    store.close()
    return state, headline


def letters(shop: ShopFloor) -> list[tuple[str, str]]:
    """Return what customers are told, by the status that each mail tells; the last one still waits for its moment."""
    store = open_store(shop.store_url)
    with store.reading() as session:
        mails = session.execute(select(MailRow).order_by(col(MailRow.id))).scalars()
        found = [(mail.status_code, f"{mail.subject} {mail.text}") for mail in mails]
    store.close()
    return found


def release_by_two(shop: ShopFloor, number: str) -> None:
    """Let one propose to release an order, and another one agree; nobody agrees to their own proposal."""
    shop.run("fraud", "claim", number)
    proposed = shop.json("fraud", "decide", number, "release", "--reason", "rule_false_alarm", "--gut", "2")
    assert proposed["state"] == "pending_second"
    content = shop.json("fraud", "show", number)["proposal"]["content"]
    assert shop.run("fraud", "approve", number, "--content", content, code=1) == ""
    shop.environment["OPSDESK_PASSWORD"] = SECRET
    shop.run("fraud", "approve", number, "--content", content, "--as", "sofia")
    shop.environment.pop("OPSDESK_PASSWORD")


def test_from_the_flag_to_two_decisions(shop: ShopFloor, gateway: GatewayPeer, mailbox: ImapSink) -> None:
    payment = bring_orders_in(shop, gateway)
    with nullcontext() if shop.store_url.startswith("sqlite") else shop.worker(), shop.terminal() as desk:
        desk.wait_for("ORDERS")
        desk.send(F2 + FIRST + ENTER)
        desk.wait_for("FRAUD REVIEW")
        desk.send("t")
        desk.wait_for("Potential Fraud")
        desk.send("4")
        desk.wait_for("A quick question")
        desk.send(F9)
        # A mail waits a moment in case somebody takes it back: time for the other order, which two people look at.
        second_person(shop)
        release_by_two(shop, SECOND)
        asked = shop.mail(1)
        assert not {"fraud", "suspicious", "risk"} & set(str(asked.get_body(("plain",))).lower().split())
        desk.wait_for("POT. FRAUD")

        # The mail comes back: the mailbox says so, and a call is due at once.
        named = str(asked["Message-ID"]).strip("<>").partition("@")[0].encode()
        mailbox.deliver((RECEIVED / "postfix_unknown.eml").read_bytes().replace(THEIRS, named))
        assert read_mailbox(shop, mailbox) == 1
        assert stand(shop, FIRST) == ("call_due", "potential_fraud")
        desk.send("\x1b")
        desk.wait_for("ORDERS")
        desk.send("2")
        desk.wait_for("call due")
        desk.send(ENTER)
        desk.wait_for("claimed by you")
        for _ in range(2):
            desk.send("v")
            desk.wait_for("2 no answer")
            desk.send("2")
            desk.wait_for(lambda screen: "2 no answer" not in screen and "no answer. Next" in screen)
            desk.wait_until_quiet(0.3)
        desk.wait_for("CANCEL PROPOSED")
        desk.send(F9)
        until(lambda: stand(shop, FIRST) == ("cancelled_unverified", "cancelled"), "The cancellation")
        for call in shop.json("pay", "show", FIRST)["calls"]:
            shop.run("pay", "send-now", str(call["id"]))
        until(lambda: [each.payment for each in gateway.journal(Deed.VOID)] == [payment], "The void")
        desk.send(":quit" + ENTER)
        assert desk.wait() == 0

    assert stand(shop, SECOND) == ("released", "ready")
    mails = letters(shop)
    assert [status for status, _ in mails] == ["potential_fraud", "cancelled_unverified"]
    assert not [words for _, words in mails if "fraud" in words.lower() or "suspic" in words.lower()]
    assert "violations: none" in shop.run("verify")
