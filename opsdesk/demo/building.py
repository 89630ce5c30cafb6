"""Building a demo shop: orders are told one after the other and written in pieces, so memory stays flat."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from opsdesk.demo.catalogue import SHOP_CURRENCY, Article, read_catalogue
from opsdesk.demo.counter import Counter
from opsdesk.demo.history import History
from opsdesk.demo.moments import stamp
from opsdesk.demo.ordinary import Stage, ordinary
from opsdesk.demo.pages import write_tale
from opsdesk.demo.people import People
from opsdesk.demo.plan import DAY, DemoPlan
from opsdesk.demo.post import Post, Writes
from opsdesk.demo.script import Scene, scripted
from opsdesk.demo.sheets import Sheets
from opsdesk.demo.staff import ADA, GONE, STAFF
from opsdesk.demo.tales import Tale
from opsdesk.domain.mails.letters import ShopFacts
from opsdesk.domain.searching import product_search_text
from opsdesk.store.audit.chain import Link
from opsdesk.store.filling import Filling

MARKER = "demo"
"""Key of the setting that says that a store holds a demo shop, and which."""

SHOP = {
    "name": "Hafen & Hof",
    "phone": "+49 30 23125 100",
    "hours": "Mon-Fri 9-17",
    "website": "https://hafen-hof.example",
    "address": "Am Speicher 2, 28195 Bremen",
    "language": "en",
    "mail_from": "orders@hafen-hof.example",
}
_REPORT_EVERY = 5_000
_PRESSED_AGAIN = 260
"""Seconds until somebody who ordered twice by mistake has done so."""


def shop_facts(zone: ZoneInfo) -> ShopFacts:
    """Return the demo shop as it signs its letters."""
    return ShopFacts(SHOP["name"], SHOP["phone"], SHOP["hours"], SHOP["website"], SHOP["address"], zone)


Progress = Callable[[int, int], None]
"""Is told how many orders of how many have been written."""


def fill(load: Filling, plan: DemoPlan, folder: Path, writer: Writes, key: bytes, progress: Progress) -> Link:
    """Write the whole shop through the loader, and return what that added to the history's chain."""
    sheets = Sheets(load)
    history = History(sheets, key, plan.seed)
    articles = read_catalogue(folder)
    counter = Counter(plan, articles, People(folder, plan.seed), sheets, history)
    stage = Stage(counter.dice, Post(sheets, writer, plan.end), plan.end)
    _write_house(sheets, plan, articles)
    scenes = scripted(plan)
    before: Tale | None = None
    for index in range(plan.orders):
        placed = plan.placed(index, counter.dice.random())
        history.write_until(placed)
        before = _tell(stage, counter, index, placed, scenes.get(index), before)
        write_tale(sheets, before)
        sheets.hand_on()
        if index % _REPORT_EVERY == 0:
            progress(index, plan.orders)
    history.write_until(sys.maxsize)
    sheets.add("setting", (MARKER, json.dumps({"orders": plan.orders, "seed": plan.seed})))
    sheets.hand_on(all_of_it=True)
    progress(plan.orders, plan.orders)
    return history.link


def _tell(stage: Stage, counter: Counter, index: int, placed: int, scene: Scene | None, before: Tale | None) -> Tale:
    if scene is None:
        tale = counter.order(index, placed, is_full=index >= counter.plan.first_full)
        ordinary(stage, tale)
        return tale
    if scene.twins < 0 and before is not None:
        again = counter.same_again(before.basket)
        placed = before.placed_at + _PRESSED_AGAIN
        tale = counter.order(index, placed, person=before.person, basket=again, channel=before.channel)
    else:
        tale = counter.order(
            index, placed, skus=scene.skus, units=scene.units, country=scene.country, channel=scene.channel
        )
    scene.story(stage, tale)
    return tale


def _write_house(sheets: Sheets, plan: DemoPlan, articles: tuple[Article, ...]) -> None:
    opened = stamp(plan.placed(0, 0.0) - DAY)
    for clerk in STAFF:
        login = plan.os_login or None if clerk is ADA else None
        sheets.add("users", (
            clerk.id, clerk.name, clerk.full_name, clerk.role, login, plan.password_hash or None, None,
            int(clerk is not GONE), 0, 0, None,
            None, opened, 1,
        ))  # fmt: skip
    sheets.add("setting", ("shop", json.dumps(SHOP)))
    for article in articles:
        sheets.add("product", (
            sheets.next_id("product"), article.sku, "webshop", f"p-{article.sku}", article.title, article.variant,
            article.ean, article.prices[SHOP_CURRENCY], SHOP_CURRENCY, article.temperature, article.weight, 40, 1,
            product_search_text(article.sku, article.title, article.variant, article.ean), 1, opened,
        ))  # fmt: skip
