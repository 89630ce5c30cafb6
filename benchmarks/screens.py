"""From a key to the painted answer, through a terminal: cursor, list, filter, finding, one order; and memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.figures import Row, Table, ms, percentile
from benchmarks.questions import Sample, sample
from benchmarks.shops import Shop
from benchmarks.wire import SIZE, Answer, Wire, shows_rows, wired

_ROUNDS = 15
_LIST, _ALL = 84, SIZE[0]
"""Columns of the list, beside which the preview follows a tenth of a second later on purpose; and all of them."""
_ESCAPE, _F2, _F3 = b"\x1b", b"\x1bOQ", b"\x1bOR"
_PAGE_DOWN, _END, _HOME = b"\x1b[6~", b"\x1b[F", b"\x1b[H"
_ECHO_S, _ANSWER_S, _CURSOR_BYTES, _MEMORY_MB = 0.030, 0.050, 2048, 150


@dataclass(frozen=True)
class Step:
    """A key whose answer is measured, what is pressed before it, and after it."""

    what: str
    keys: Callable[[int], tuple[Sequence[bytes], bytes, Sequence[bytes]]]
    is_echo: bool = False
    is_cursor: bool = False
    columns: int = _LIST


def measure_screens(shops: Sequence[Shop]) -> list[Table]:
    """Measure the app on both stores."""
    return [_measure(shop) for shop in shops]


def _measure(shop: Shop) -> Table:
    table = Table(
        f"From key to paint, {shop.kind}",
        "list, filter, find, one order: p95 <= 50 ms to the whole answer; echo of a key p95 <= 30 ms; a cursor move "
        "sends <= 2 KB; the app holds <= 150 MB",
    )
    with shop.store.reading() as session:
        known = sample(session)
    with wired([sys.executable, "-m", "opsdesk"], {"OPSDESK_STORE": shop.url}) as wire:
        wire.wait_until(shows_rows)
        wire.settle(1.0)
        table.rows += [_step_row(wire, step) for step in _steps(known)]
        held = wire.resident_mb()
    table.remarks.append(
        "The preview beside the list follows a tenth of a second after it, on purpose; it is not counted."
    )
    misses = () if held <= _MEMORY_MB else (f"{_MEMORY_MB} MB",)
    table.rows.append(Row("memory after all this", {"MB": f"{held:.0f}"}, misses))
    return table


def _steps(known: Sample) -> Iterator[Step]:
    surnames = [name.split()[-1].encode() for name in known.names]
    numbers = [number.encode() for number in known.numbers]

    def filtering(turn: int) -> tuple[Sequence[bytes], bytes, Sequence[bytes]]:
        word = surnames[turn % len(surnames)]
        return (b"/", word[:-1]), word[-1:], (_ESCAPE,)

    def finding(turn: int) -> tuple[Sequence[bytes], bytes, Sequence[bytes]]:
        number = numbers[turn % len(numbers)]
        return (_F2, number[:-1]), number[-1:], (_ESCAPE,)

    def finding_words(turn: int) -> tuple[Sequence[bytes], bytes, Sequence[bytes]]:
        word = surnames[turn % len(surnames)]
        return (_F2, word[:-1]), word[-1:], (_ESCAPE,)

    yield Step("cursor down", lambda _: ((), b"j", ()), is_cursor=True)
    yield Step("page down", lambda turn: ((_HOME,) if turn % 3 == 0 else (), _PAGE_DOWN, ()))
    yield Step("to the far end", lambda _: ((_HOME,), _END, ()))
    yield Step("next view", lambda _: ((), b">", ()))
    yield Step("sort", lambda _: ((), b"S", ()))
    yield Step("echo of a key in the filter", lambda _: ((b"/",), b"q", (_ESCAPE,)), is_echo=True)
    yield Step("filter by a surname", filtering)
    yield Step("find by number", finding, columns=_ALL)
    yield Step("find by surname", finding_words, columns=_ALL)
    yield Step("open an order", lambda _: ((b"j",), b"\r", (_F3,)), columns=_ALL)


def _step_row(wire: Wire, step: Step) -> Row:
    answers = []
    for turn in range(_ROUNDS):
        before, key, after = step.keys(turn)
        for keys in before:
            wire.send(keys)
            wire.settle(0.2)
        answers.append(wire.press(key, step.columns))
        for keys in after:
            wire.send(keys)
            wire.settle(0.2)
    return _judged(step, answers)


def _judged(step: Step, answers: Sequence[Answer]) -> Row:
    misses = []
    first, last = [answer.first for answer in answers], [answer.last for answer in answers]
    echo, whole = percentile(first, 0.95), percentile(last, 0.95)
    size = percentile([answer.size for answer in answers], 0.5)
    if echo > _ECHO_S and (step.is_echo or step.is_cursor):
        misses.append("30 ms echo")
    if whole > _ANSWER_S and not step.is_echo:
        misses.append("50 ms answer")
    if step.is_cursor and size > _CURSOR_BYTES:
        misses.append("2 KB")
    figures = {
        "first sign, median": ms(percentile(first, 0.5)),
        "first sign, p95": ms(echo),
        "answer, least": ms(min(last)),
        "answer, median": ms(percentile(last, 0.5)),
        "answer, p95": ms(whole),
        "its bytes": f"{size:,.0f}",
        "all bytes": f"{percentile([answer.whole_size for answer in answers], 0.5):,.0f}",
    }
    return Row(step.what, figures, tuple(misses))
