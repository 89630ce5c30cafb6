"""What was learned, as rows: each a share with the interval that says how far to believe it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from opsdesk.domain.fraud.learning.calibration import GutStep
from opsdesk.domain.fraud.learning.figures import HeldBand, Sample
from opsdesk.domain.fraud.learning.labels import Label
from opsdesk.domain.fraud.learning.precision import Share
from opsdesk.store.views.fraud.learning import Learning
from opsdesk.store.views.fraud.programmes import MonthStanding
from opsdesk.theme import Tone
from opsdesk.widgets.rows import Cell, Column, Row

COLUMNS = (
    Column("group", "", 8),
    Column("what", "WHAT", 25, grows=True),
    Column("known", "KNOWN", 10, "right"),
    Column("share", "SHARE", 7, "right"),
    Column("range", "0 %            100 %", 20),
    Column("words", "SO", 34, grows=True, needs=112),
)
_CELLS = 20
_OFF = "None pass: the share in the settings is 0."
_KNOWN = "Known are disputes, banks' warnings, calls, and orders that arrived long ago without a complaint."
_UNSURE = "What was cancelled without proof counts neither way: or else a rule would judge itself."
_GUTS = {1: "sure genuine", 2: "rather genuine", 3: "no idea", 4: "rather fraud", 5: "sure fraud"}
_LABELS = {
    Label.FRAUD: ("fraud", Tone.ALARM),
    Label.LEGIT: ("good", Tone.GOOD),
    Label.SUSPECTED: ("cancelled without proof", Tone.DOUBT),
    Label.UNKNOWN: ("not known yet", Tone.DIM),
}


@dataclass(frozen=True, slots=True)
class Learned:
    """One row, what it says in full, and the name of what Enter opens, if anything."""

    key: str
    row: Row
    told: str
    opens: str = ""


def learned_rows(found: Learning, *, is_lead: bool) -> Iterator[Learned]:
    """Return the rows for whoever asks; guts of others are for the lead alone."""
    yield from _holds(found)
    yield from _cases(found)
    yield from _guts(found, is_lead=is_lead)
    yield _samples(found)
    yield from _months(found)


def sample_words(one: Sample) -> tuple[str, Tone]:
    """Say what became of a sample."""
    return _LABELS[one.label]


def range_bar(share: Share) -> str:
    """Draw where a share lies between 0 and 100 %: `[` and `]` are its interval, `*` is itself."""
    if share.value is None:
        return ""
    low, high = (min(_CELLS - 1, int(part * _CELLS)) for part in (share.low, share.high))
    at = min(_CELLS - 1, int(share.value * _CELLS))
    cells = [" "] * _CELLS
    cells[low : high + 1] = "-" * (high + 1 - low)
    cells[low], cells[high] = "[", "]"
    cells[at] = "*"
    return "".join(cells)


def limit_bar(month: MonthStanding) -> str:
    """Draw how much of a limit is used up; `|` is the limit, at three quarters of the cells."""
    limit = _CELLS * 3 // 4
    ratio = month.standing.ratio or 0
    used = min(_CELLS, ratio * limit // month.standing.programme.ratio)
    cells = list("#" * used + "." * (limit - used))[:_CELLS]
    cells[limit:limit] = ["|"]
    return "".join(cells[:_CELLS])


def _holds(found: Learning) -> Iterator[Learned]:
    for place, one in enumerate(found.held):
        name = f"  score is {one.band.value}" if one.band else "holds that were right"
        cut = " These are the newest ones." if found.is_cut else ""
        said = _said(one.right, "was fraud", "were fraud")
        told = f"{_counted(one.held, 'order')} held. {said} {_KNOWN} {_UNSURE}{cut}"
        row = _row("HOLDS" if place == 0 else "", name, one.right, _held_words(one, found), Tone.PLAIN)
        yield Learned(f"held-{place}", row, told, "rules")


def _held_words(one: HeldBand, found: Learning) -> str:
    if not one.right.of:
        return f"{one.held:,} held, none known yet"
    few = f", fewer than {found.colour_from} known" if one.right.of < found.colour_from else ""
    return f"{one.held:,} held{few}"


def _cases(found: Learning) -> Iterator[Learned]:
    work = found.work
    half = f"half within {_span(work.median_wait)}"
    touch = f" Somebody sits {_span(work.median_touch)} over one." if work.median_touch else ""
    told = (
        f"Of the decided cases {work.released.words} were released, {half}, nine of ten within {_span(work.slow_wait)}."
    )
    if not work.decided:
        half, told = "none decided yet", "No case is decided yet."
    yield Learned("released", _row("CASES", "released after a look", work.released, half, Tone.PLAIN), told + touch)
    answer = f"Worth it: {work.worth.words}." if work.worth.of else "Nobody has said yet."
    worth = _row("", "worth a look, people said", work.worth, "asked with each decision", Tone.PLAIN)
    yield Learned("worth", worth, f"Who decides is asked whether it was worth a look. {answer}")


def _guts(found: Learning, *, is_lead: bool) -> Iterator[Learned]:
    shown = [("your gut", found.guts)]
    if is_lead:
        shown.append(("all guts", found.guts_of_all))
    for whose, steps in shown:
        said = [step for step in steps if step.decisions]
        for place, step in enumerate(said):
            is_own = whose == shown[0][0]
            more = "Only you see this, and the lead." if is_own else _by_person(found, step.gut)
            yield _gut(whose, step, more, is_first=place == 0 and is_own)
        if not said and whose == shown[0][0]:
            row = _row("GUT", "you have not said yet", None, "asked with each decision", Tone.DIM)
            yield Learned(
                "gut-none", row, "With each decision your gut is asked, 1 to 5. How often it was right stands here."
            )


def _gut(whose: str, step: GutStep, more: str, *, is_first: bool) -> Learned:
    who = "you" if whose.startswith("your") else "anybody"
    said = _said(step.fraud, "was fraud", "were fraud")
    told = f"When {who} said {step.gut}, {_GUTS[step.gut]}: {_counted(step.decisions, 'decision')}. {said} {more}"
    words = f"fraud, of {_counted(step.decisions, 'decision')}"
    row = _row("GUT" if is_first else "", f"{whose} {step.gut}, {_GUTS[step.gut]}", step.fraud, words, Tone.PLAIN)
    return Learned(f"{whose}-{step.gut}", row, told)


def _by_person(found: Learning, gut: int) -> str:
    steps = ((name, step) for name, each in found.people for step in each if step.gut == gut and step.fraud.of)
    said = ", ".join(f"{name} {step.fraud.hits} of {step.fraud.of}" for name, step in steps)
    return f"By person: {said}." if said else ""


def _samples(found: Learning) -> Learned:
    percent, largest, passed = found.sampling.percent, found.sampling.largest, found.samples.passed
    alarms = found.samples.false_alarms
    what = f"good, of {percent} % let pass" if percent else "samples that were good"
    row = _row("SAMPLES", what, alarms, f"{passed:,} passed; Enter lists them" if passed else "none so far", Tone.PLAIN)
    setting = f"{percent} % of the orders between review and hold, up to {largest:,}, pass unseen." if percent else _OFF
    said = _said(alarms, "was good", "were good")
    meaning = "A good one would have been looked at in vain. The share is `percent` in thresholds.toml."
    return Learned("samples", row, f"{setting} {said} {meaning}", "samples" if passed else "")


def _months(found: Learning) -> Iterator[Learned]:
    months = [month for month in found.months if month.standing.sales or month.standing.count]
    if not months:
        row = _row("NETWORKS", "no card sales are known", None, "gateways tell of them", Tone.DIM)
        yield Learned("networks", row, "How near the networks' limits the shop is shows once gateways tell of cards.")
    for place, month in enumerate(months):
        standing = month.standing
        tone = Tone.ALARM if standing.is_over else Tone.LOOK if standing.is_near else Tone.PLAIN
        least = standing.programme.at_least
        ratio = "-" if standing.ratio is None else f"{standing.ratio / 100:.2f} %"
        name = f"{standing.programme.name.removesuffix(', merchant excessive')}, {month.month:%b}"
        row = (
            Cell("NETWORKS" if place == 0 else "", Tone.DIM),
            Cell(name, tone),
            Cell(f"{standing.count:,}/{least:,}" if least else f"{standing.count:,}"),
            Cell(ratio, tone),
            Cell(limit_bar(month), tone),
            Cell(standing.distance, Tone.DIM),
        )
        since = "so far" if not month.has_ended else "in all"
        told = (
            f"{standing.programme.name}, {month.month:%B} {since}: {standing.words}, of {standing.sales:,} sales. "
            f"{standing.distance} The bar ends at the limit. Networks change their rules: ask your acquirer."
        )
        yield Learned(f"{standing.programme.code}-{month.month}", row, told)


def _row(group: str, what: str, share: Share | None, words: str, tone: Tone) -> Row:
    is_known = share is not None and share.value is not None
    return (
        Cell(group, Tone.DIM),
        Cell(what, tone if is_known else Tone.DIM),
        Cell(f"{share.hits:,} of {share.of:,}" if share is not None and is_known else "-", Tone.PLAIN),
        Cell(f"{share.value:.0%}".replace("%", " %") if share is not None and share.value is not None else "-", tone),
        Cell(range_bar(share) if share is not None else "", Tone.NOW),
        Cell(words, Tone.DIM),
    )


def _said(share: Share, one: str, many: str) -> str:
    """Say what is known: `3 of the 20 that are known were fraud: 15 %, likely between 5 and 36 %.`"""
    if share.value is None:
        return "Of none is it known yet how it ended."
    low, high = round(100 * share.low), round(100 * share.high)
    verb, percent = one if share.hits == 1 else many, round(100 * share.value)
    return f"{share.hits:,} of the {share.of:,} that are known {verb}: {percent} %, likely between {low} and {high} %."


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _span(span: timedelta | None) -> str:
    if span is None:
        return "no time known"
    minutes = round(span.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
