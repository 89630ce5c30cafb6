"""`opsdesk fraud`: what was learned, and saying by hand what an order turned out to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting, opened
from opsdesk.cli.fraud import app
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.orders import NumberArgument, required_order
from opsdesk.cli.output import plain, say, say_done, say_json

if TYPE_CHECKING:
    from datetime import timedelta

    from opsdesk.domain.fraud.learning.calibration import GutStep
    from opsdesk.domain.fraud.learning.figures import HeldBand, Sample
    from opsdesk.domain.fraud.learning.precision import Share
    from opsdesk.store.views.fraud.learning import Learning
    from opsdesk.store.views.fraud.programmes import MonthStanding

_SHOWN = 10


@app.command("report")
def report(store: StoreOption = "", as_json: JsonOption = False) -> None:
    """Say which holds were right, what became of samples, what guts were worth, and how near fines are."""
    from opsdesk.domain.errors import Invalid
    from opsdesk.domain.moments import system_clock
    from opsdesk.store.views.fraud.learning import learned

    with opened(store) as shop, shop.reading() as session:
        if shop.fraud is None:
            raise Invalid("rules", "The rules of the fraud desk are not known here.")
        found = learned(session, fraud=shop.fraud, zone=shop.zone, now=system_clock())
    if as_json:
        say_json(report_to_plain(found))
    else:
        _say(found)


@app.command("label")
def label(
    number: NumberArgument,
    verdict: Annotated[str, typer.Argument(help="fraud or legit.")],
    note: Annotated[str, typer.Option("--note", help="How you know; rules and people are judged by it.")],
    version: Annotated[int | None, typer.Option("--version", help="The version of the order that you saw.")] = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say what an order turned out to be. It counts from now on, and can be taken back like any command."""
    from opsdesk.operations.fraud.labelling import label_order

    with acting(store, as_name) as performer:
        with performer.store.reading() as session:
            order_id = required_order(session, number)
        done = performer.perform(label_order, order_id, verdict=verdict, note=note, version=version)
        say_done(done, as_json=as_json)


def report_to_plain(found: Learning) -> dict[str, object]:
    """Return the figures as JSON holds them: shares in whole percent, ratios in hundredths of a percent."""
    work = found.work
    return {
        "holds": [_held(one) for one in found.held],
        "decided": {
            "cases": work.decided,
            "released": share_to_plain(work.released),
            "worth_a_look": share_to_plain(work.worth),
            "median_minutes": _minutes(work.median_wait),
            "p90_minutes": _minutes(work.slow_wait),
            "median_touch_minutes": _minutes(work.median_touch),
        },
        "gut": [_gut(step) for step in found.guts_of_all],
        "samples": {
            "percent": found.sampling.percent,
            "largest": found.sampling.largest,
            "passed": found.samples.passed,
            "false_alarms": share_to_plain(found.samples.false_alarms),
            "newest": [_sample(one) for one in found.samples.newest],
        },
        "programmes": [_month(one) for one in found.months],
        "is_cut": found.is_cut,
    }


def share_to_plain(found: Share) -> dict[str, object]:
    """Return a share with its interval."""
    return {
        "hits": found.hits,
        "of": found.of,
        "percent": None if found.value is None else round(100 * found.value),
        "low_percent": round(100 * found.low),
        "high_percent": round(100 * found.high),
    }


def _held(one: HeldBand) -> dict[str, object]:
    return {"band": one.band.value if one.band else "all", "held": one.held, "right": share_to_plain(one.right)}


def _gut(step: GutStep) -> dict[str, object]:
    return {"gut": step.gut, "decisions": step.decisions, "fraud": share_to_plain(step.fraud)}


def _sample(one: Sample) -> dict[str, object]:
    return {
        "number": one.number,
        "total": plain(one.total),
        "passed_at": one.passed_at,
        "why": one.why,
        "label": one.label.value,
    }


def _month(one: MonthStanding) -> dict[str, object]:
    programme, standing = one.standing.programme, one.standing
    return {
        "month": f"{one.month:%Y-%m}",
        "programme": programme.code,
        "network": programme.network,
        "count": standing.count,
        "at_least": programme.at_least,
        "amounts": [plain(amount) for amount in standing.amounts],
        "at_least_amount": plain(programme.at_least_amount) if programme.at_least_amount else None,
        "sales": standing.sales,
        "ratio": standing.ratio,
        "threshold": programme.ratio,
        "is_over": standing.is_over,
        "is_near": standing.is_near,
        "distance": standing.distance,
    }


def _minutes(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds() / 60)


def _say(found: Learning) -> None:
    for one in found.held:
        say(f"{f'Held, {one.band.value}' if one.band else 'Holds'}: {one.held:,}; right: {one.right.words}")
    say(f"Cases decided: {found.work.decided:,}; released: {found.work.released.words}")
    say(f"Worth a look: {found.work.worth.words}")
    for step in found.guts_of_all:
        if step.decisions:
            say(f"Gut {step.gut}: {step.decisions:,} decisions; fraud: {step.fraud.words}")
    samples = found.samples
    say(f"Samples ({found.sampling.percent} % pass unseen): {samples.passed:,}; good: {samples.false_alarms.words}")
    for sample in samples.newest[:_SHOWN]:
        say(f"    {sample.number}  {sample.total}  {sample.label.value.replace('_', ' ')}")
    for month in found.months:
        standing = month.standing
        say(f"{standing.programme.name}, {month.month:%b %Y}: {standing.words}. {standing.distance}")
