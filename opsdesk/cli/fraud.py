"""`opsdesk fraud`: score orders, say why, and try rules over past orders."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting, opened
from opsdesk.cli.fraud_reports import report_to_plain, say_report, say_score
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.output import complain, counted, say, say_done, say_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsdesk.domain.fraud.books import FraudBook
    from opsdesk.domain.fraud.rules import Rule
    from opsdesk.store.engine import Store

app = typer.Typer(help="The fraud desk: scores, rules, and what they would have done.", no_args_is_help=True)

_SHOWN_EVERY = 0.2
_ENDED = 130


@app.command("score")
def score(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Orders that are not imported by this.")] = None,
    order: Annotated[str, typer.Option("--order", help="A stored order instead of a file, scored anew.")] = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    source: Annotated[str, typer.Option("--source", help="The name of the shop that the file is from.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Score the orders of a file as if they came in, each by what was before it alone; or one stored order anew."""
    from opsdesk.domain.errors import Invalid

    if (file is None) == (not order):
        raise Invalid("file", "Name a file of orders, or one order with --order.")
    if file is not None:
        _score_file(file, store, source, as_json=as_json)
        return
    from opsdesk.cli.orders import required_order
    from opsdesk.operations.fraud.scoring import rescore

    with acting(store, as_name) as performer:
        with performer.store.reading() as session:
            order_id = required_order(session, order)
        say_done(performer.perform(rescore, order_id), as_json=as_json)


@app.command("why")
def why(number: str, store: StoreOption = "", as_json: JsonOption = False) -> None:
    """Say what raises and lowers the score of an order, and what could not be checked."""
    from opsdesk.cli.orders import required_order
    from opsdesk.domain.fraud.score_json import score_to_json
    from opsdesk.domain.moments import system_clock
    from opsdesk.operations.fraud.backtests import explain

    with opened(store) as shop, shop.reading() as session:
        found = explain(session, shop, required_order(session, number), now=system_clock())
    if as_json:
        told = None if found.stored is None else {"score": found.stored, "at": found.scored_at, "cause": found.cause}
        say_json({"number": number, "stored": told, "now": score_to_json(found.score), "facts": found.facts})
        return
    if found.stored is not None:
        say(f"{number} was scored {found.stored} ({found.cause}).")
    say_score(number, found.score)


@app.command("rules")
def rules(store: StoreOption = "", as_json: JsonOption = False) -> None:
    """List every rule with its points and whether it counts."""
    from opsdesk.domain.fraud.rule_entries import write_rule

    with opened(store) as shop:
        book = _book(shop)
    if as_json:
        say_json([write_rule(rule) | {"version": rule.version} for rule in book.rules.rules])
        return
    for rule in book.rules.rules:
        say(f"{rule.id:<8} {rule.points:>4}  {rule.state.value:<6}  {rule.group:<9}  {rule.name}")


@app.command("backtest")
def backtest(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A TOML file with one rule, or the id of a rule.")],
    store: StoreOption = "",
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not show how far it is.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what a rule would have done to past orders, each judged by what was known when it was placed."""
    from opsdesk.domain.moments import system_clock
    from opsdesk.operations.fraud.backtests import order_count, try_rule

    with opened(store) as shop:
        book = _book(shop)
        tried = _rule(rule, book)
        with shop.reading() as session:
            total = order_count(session)
        is_watched = sys.stderr.isatty() and not quiet
        with stoppable() as is_wanted, _progress(total, is_watched=is_watched) as show:
            report = try_rule(shop, book, tried, now=system_clock(), progress=lambda done: show(done) and is_wanted())
    if as_json:
        say_json({"rule": tried.id, "version": tried.version, **report_to_plain(report)})
    else:
        say_report(tried, report)
    if not report.is_complete:
        complain("Ended before all orders were judged; the figures are those of the orders so far.")
        raise typer.Exit(_ENDED)


def _score_file(file: Path, store: str, source: str, *, as_json: bool) -> None:
    from opsdesk.cli.imports import reading
    from opsdesk.domain.fraud.score_json import score_from_json
    from opsdesk.integrations.files.formats import open_orders
    from opsdesk.operations.fraud.backtests import score_file

    refused = 0

    def refuse(rejection: object) -> None:
        nonlocal refused
        refused += 1

    with opened(store) as shop, open_orders(file, reading(source)) as orders:
        for told in score_file(shop, _book(shop), orders, refused=refuse):
            if as_json:
                say_json(told)
            else:
                say_score(told["number"], score_from_json(told))
    if refused:
        complain(f"{counted(refused, 'record')} of the file could not be read; `opsdesk import orders` says why.")


def _book(shop: Store) -> FraudBook:
    from opsdesk.domain.moments import system_clock
    from opsdesk.operations.fraud.backtests import rules_now

    return rules_now(shop, system_clock())


def _rule(named: str, book: FraudBook) -> Rule:
    from opsdesk.domain.errors import Invalid
    from opsdesk.operations.fraud.backtests import rule_in

    if known := book.rules.find(named):
        return known
    path = Path(named)
    if not path.is_file():
        known_ids = ", ".join(rule.id for rule in book.rules.rules[:5])
        raise Invalid("rule", f"{named} is neither a file nor the id of a rule such as {known_ids}.")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("rule", f"{path.name} cannot be read as text.") from error
    return rule_in(text, book)


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C end the work after the orders that are being judged; a second one ends it at once."""
    is_wanted = True

    def stop(_signal: int, _frame: object) -> None:
        nonlocal is_wanted
        if not is_wanted:
            raise KeyboardInterrupt
        is_wanted = False

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: is_wanted
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(total: int, *, is_watched: bool) -> Iterator[Callable[[int], bool]]:
    """Show on the error stream how many orders are done."""
    shown = 0.0

    def show(done: int) -> bool:
        nonlocal shown
        now = time.monotonic()
        if is_watched and now - shown >= _SHOWN_EVERY:
            shown = now
            share = min(100, done * 100 // max(1, total))
            print(f"\r\x1b[K{done:,} of {total:,} orders ({share} %)", end="", file=sys.stderr, flush=True)
        return True

    try:
        yield show
    finally:
        if is_watched:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
