"""From a key to the painted case, through a terminal: the queue of the fraud desk, a case, decided and the next one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from benchmarks.bare_screen import bare_screen
from benchmarks.figures import Row, Table, ms, percentile
from benchmarks.shops import Shop
from benchmarks.wire import SIZE, Answer, Wire, shows_rows, wired

_ROUNDS = 30
_A_REST_S = 3.0
"""As long as anybody takes who has just sat down: by then the screens of this desk have been built."""

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
        remarks=[
            "The limit is a bare Textual app that opens a new screen with one page of coloured text, and reads nothing."
        ],
    )
    bare = bare_screen(_ROUNDS)
    with wired([sys.executable, "-m", "opsdesk"], {"OPSDESK_STORE": shop.url}) as wire:
        wire.wait_until(shows_rows)
        wire.settle(_A_REST_S)
        table.rows += [_row(wire, step, bare) for step in _STEPS]
    return table


def _row(wire: Wire, step: _Step, bare: float) -> Row:
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
        "limit, median": ms(bare),
        "first sign, median": ms(percentile([answer.first for answer in answers], 0.5)),
        "answer, least": ms(min(last)),
        "answer, median": ms(percentile(last, 0.5)),
        "answer, p95": ms(p95),
        "median : limit": f"{percentile(last, 0.5) / bare:.2f}",
        "its bytes": f"{percentile([answer.size for answer in answers], 0.5):,.0f}",
    }
    return Row(step.what, figures, () if p95 <= step.bar_s else (f"{step.bar_s * 1e3:.0f} ms",))


def _pressed(wire: Wire, key: bytes) -> Answer:
    return wire.press(key, SIZE[0])
