"""The main job, from the files of two shops to the second mail, as one person does it at one terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.integrations.files.samples import shopify_order, shopify_text, woo_order, written
from tests.journeys.shop_floor import ShopFloor, shop_floor

NUMBER, LAST_FOUR, CUSTOMER = "204417", "4417", "ada204417@example.com"
TRACKING = "00340434161094042557"
ENTER, TAB = "\r", "\t"
F2, F9 = "\x1bOQ", "\x1b[20~"


@pytest.fixture
def shop(store_url: str, tmp_path: Path) -> Iterator[ShopFloor]:
    with shop_floor(tmp_path, store_url) as shop:
        yield shop


def bring_orders_in(shop: ShopFloor) -> None:
    shopify = written(shop.folder, "orders.csv", shopify_text(*(shopify_order(204410 + n) for n in range(10))))
    woo = written(shop.folder, "woo.json", json.dumps([woo_order(n) for n in range(31, 36)]))
    assert shop.json("import", "orders", str(shopify))["created"] == 10
    assert shop.json("import", "orders", str(woo))["created"] == 5
    assert shop.json("import", "orders", str(shopify))["unchanged"] == 10


def test_from_import_to_the_second_mail(shop: ShopFloor) -> None:
    bring_orders_in(shop)
    works_itself = shop.store_url.startswith("sqlite")
    with nullcontext() if works_itself else shop.worker(), shop.terminal() as desk:
        desk.wait_for("ORDERS")
        desk.wait_for("204412")
        desk.send(F2 + LAST_FOUR + ENTER)
        desk.wait_for(f"{NUMBER}  Ada Example")

        desk.send("t")
        desk.wait_for("Potential Fraud")
        desk.send("4")
        desk.wait_for("Eine kurze Frage zu Ihrer Bestellung")
        desk.send(F9)
        desk.wait_for("fraud review")
        asked = shop.mail(1)
        assert asked["To"] == CUSTOMER
        assert "fraud" not in str(asked).lower()
        desk.wait_for("POT. FRAUD")

        desk.send("h")
        desk.wait_for("Releases: fraud review")
        desk.send(F9)
        desk.wait_for("READY")

        desk.send("s")
        desk.wait_for("tracking number")
        desk.send("DHL" + TAB + TRACKING + F9)
        desk.wait_for("SHIPPED")
        shipped = shop.mail(2)
        assert shipped["To"] == CUSTOMER
        assert TRACKING in shipped.get_body(("plain",)).get_content()
        desk.send(":quit" + ENTER)
        assert desk.wait() == 0
    assert "violations: none" in shop.run("verify")
