"""From a key to the painted case, through a terminal: the queue of the fraud desk, a case, decided and the next one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from benchmarks.figures import Row, Table, ms, percentile
from benchmarks.shops import Shop
from benchmarks.wire import SIZE, Answer, Wire, shows_rows, wired

_ROUNDS = 15
_F3, _F8 = b"\x1bOR", b"\x1b[19~"
_CASE_S, _NEXT_S = 0.100, 0.150


@dataclass(frozen=True)
class _Step:
    """A key, what is pressed before and after it, and how long its whole answer may take."""

    what: str
    before: Callable[[int], Sequence[bytes]]
    key: bytes
    after: Sequence[bytes]
    bar_s: float


_STEPS = (
    _Step("the queue of cases", lambda _: (), b"2", (b"1",), _CASE_S),
    _Step("open a case", lambda turn: (b"2", b"j" * (turn % 30)), b"\r", (_F3, b"1"), _CASE_S),
    _Step("the next case, undecided", lambda turn: (b"2", b"\r") if turn == 0 else (), b"]", (), _NEXT_S),
    _Step("released, and the next case", lambda turn: (_F3, b"2", _F8) if turn == 0 else (), b"y", (), _NEXT_S),
)


def measure_case_screens(shop: Shop) -> Table:
    """Measure the desk of one store."""
    with shop.store.reading() as session:
        cases = "SELECT count(*) FROM verification_case WHERE kind = 'fraud' AND decided_at IS NULL"
        there = session.execute(text(cases)).scalar_one()
    table = Table(
        f"Fraud desk from key to paint, {shop.kind}",
        f"a case p95 <= 100 ms, decided to the next case painted p95 <= 150 ms; {there} cases are open",
        remarks=["The floor is the first sign of any answer to a key: what the terminal and an idle screen take."],
    )
    with wired([sys.executable, "-m", "opsdesk"], {"OPSDESK_STORE": shop.url}) as wire:
        wire.wait_until(shows_rows)
        wire.settle(1.0)
        floor = percentile([_pressed(wire, b"j").first for _ in range(_ROUNDS)], 0.5)
        table.rows += [_row(wire, step, floor) for step in _STEPS]
    return table


def _row(wire: Wire, step: _Step, floor: float) -> Row:
    answers = []
    for turn in range(_ROUNDS):
        for keys in step.before(turn):
            wire.send(keys)
            wire.settle(0.4)
        answers.append(_pressed(wire, step.key))
        for keys in step.after:
            wire.send(keys)
            wire.settle(0.4)
    last = [answer.last for answer in answers]
    p95 = percentile(last, 0.95)
    figures = {
        "first sign, median": ms(percentile([answer.first for answer in answers], 0.5)),
        "answer, least": ms(min(last)),
        "answer, median": ms(percentile(last, 0.5)),
        "answer, p95": ms(p95),
        "median : floor": f"{percentile(last, 0.5) / floor:.1f}",
        "its bytes": f"{percentile([answer.size for answer in answers], 0.5):,.0f}",
    }
    return Row(step.what, figures, () if p95 <= step.bar_s else (f"{step.bar_s * 1e3:.0f} ms",))


def _pressed(wire: Wire, key: bytes) -> Answer:
    return wire.press(key, SIZE[0])
