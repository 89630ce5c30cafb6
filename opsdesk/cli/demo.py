"""`opsdesk demo`: build a believable shop once, and open it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.options import StoreOption
from opsdesk.cli.output import say

if TYPE_CHECKING:
    from opsdesk.demo.opening import BuiltDemo
    from opsdesk.demo.plan import DemoPlan
    from opsdesk.integrations.mail.quick import QuickWriter

_ORDERS, _SEED = 2_000, 7
_PASSWORD = "harbour and farm"  # noqa: S105  there is nothing to protect, and it is told


def demo(
    orders: Annotated[int, typer.Option("--orders", help="How many orders, 2,000 if not said.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Another number makes other people buy other things.")] = _SEED,
    build_only: Annotated[bool, typer.Option("--build-only", help="Build it, and do not open it.")] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Replace the demo shop that is there.")] = False,
    store: StoreOption = "",
) -> None:
    """Build a demo shop if there is none yet, and open it. It stands beside your own shop and never touches it."""
    from opsdesk.demo.opening import build_demo, clear_demo, find_demo
    from opsdesk.demo.place import demo_url

    url = store or demo_url()
    built = find_demo(url)
    if built is not None and anew:
        clear_demo(url)
        built = None
    if built is None:
        from opsdesk.demo.scoring import score_open
        from opsdesk.integrations.fraud_files import open_fraud
        from opsdesk.settings import data_folder, load_settings
        from opsdesk.store.audit.keys import audit_key

        plan = _plan(orders or _ORDERS, seed)
        build_demo(url, plan, data_folder() / "demo", _writer(), audit_key(), _show_progress)
        score_open(url, open_fraud(data_folder()), load_settings().zone, plan.now)
        say(f"The demo shop has {plan.orders:,} orders: {url}")
        say(f"You are ada, its admin. Mia, anna, lena, piet, tom and sofia sign in with the password: {_PASSWORD}")
    else:
        _require_same(built, orders, seed)
    if not build_only:
        from opsdesk.app import run_app

        raise typer.Exit(run_app(url))


def _plan(orders: int, seed: int) -> DemoPlan:
    from opsdesk.demo.plan import DemoPlan
    from opsdesk.domain.moments import system_clock
    from opsdesk.domain.people.credentials import Proof
    from opsdesk.settings import os_login
    from opsdesk.store.desk.passwords import hashed

    everybody = hashed(Proof.PASSWORD, _PASSWORD, name="demo").value
    return DemoPlan(orders, seed, system_clock(), os_login(), everybody)


def _writer() -> QuickWriter:
    from opsdesk.demo.building import shop_facts
    from opsdesk.integrations.mail.quick import QuickWriter
    from opsdesk.integrations.mail.shelf import TemplateShelf
    from opsdesk.settings import data_folder, load_settings

    return QuickWriter(TemplateShelf(data_folder() / "templates"), shop_facts(load_settings().zone))


def _require_same(built: BuiltDemo, orders: int, seed: int) -> None:
    from opsdesk.domain.errors import Refused

    if (orders or built.orders, seed if orders else built.seed) != (built.orders, built.seed):
        raise Refused(
            f"The demo shop that is there has {built.orders:,} orders of seed {built.seed}. "
            "Replace it with --anew, or name another place with --store."
        )


def _show_progress(done: int, wanted: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == wanted else ""
        print(f"\rBuilding the demo shop: {done:,} of {wanted:,} orders", end=end, file=sys.stderr, flush=True)
