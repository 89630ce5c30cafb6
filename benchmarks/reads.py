"""Every question of the screens three ways: as the screen asks, through plain SQLAlchemy Core, and through the driver.

The statements are the ones that the view itself runs: they are overheard once, then run again without its layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlmodel import Session

from benchmarks.figures import Row, Table, ms, percentile, side_by_side
from benchmarks.questions import Ask, Question, questions
from benchmarks.shops import Shop
from opsdesk.domain.moments import system_clock

_ROUNDS = 60
_VIEW_MS, _RAW_MS = 0.010, 0.003
_LAYERS = 2.0


@dataclass
class Overheard:
    """What one view asked of the store."""

    statements: list[tuple[Any, Any]] = field(default_factory=list)
    texts: list[tuple[str, Any]] = field(default_factory=list)


def measure_reads(shop: Shop) -> Table:
    """Measure every question on one store."""
    table = Table(
        f"Store queries, {shop.kind}",
        "p95 of the view <= 10 ms; the same SQL through the driver p95 <= 3 ms; the layers of the view cost no more "
        "than a plain Core select of the same rows (view <= 2 x Core).",
    )
    with shop.store.reading() as session:
        asked = questions(session, user_id=1, now=system_clock())
        table.rows += [_measure(session, question) for question in asked if question.variants]
    return table


def _measure(session: Session, question: Question) -> Row:
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    heard = [overhear(session, ask) for ask in question.variants]
    place = 0

    def turn() -> None:
        nonlocal place
        place = (place + 1) % len(heard)

    def raw() -> None:
        for text, parameters in heard[place].texts:
            driver.execute(text, parameters).fetchall()

    def core() -> None:
        for statement, parameters in heard[place].statements:
            connection.execute(statement, parameters).all()

    def view() -> None:
        question.variants[place](session)

    acts: dict[str, Callable[[], object]] = {"raw": raw, "core": core, "view": view, "turn": turn}
    side_by_side(acts, len(heard) + 2)
    times = side_by_side(acts, max(_ROUNDS, 2 * len(heard)))
    return _row(question, times)


def _row(question: Question, times: dict[str, list[float]]) -> Row:
    p95 = {name: percentile(times[name], 0.95) for name in ("raw", "core", "view")}
    middle = {name: percentile(times[name], 0.5) for name in ("raw", "core", "view")}
    layers = middle["view"] / middle["core"]
    misses = [
        *(["10 ms"] if p95["view"] > _VIEW_MS else []),
        *(["3 ms raw"] if p95["raw"] > _RAW_MS else []),
        *(["2 x Core"] if layers > _LAYERS else []),
    ]
    figures = {
        "raw p95": ms(p95["raw"]),
        "Core p95": ms(p95["core"]),
        "view p95": ms(p95["view"]),
        "median raw / Core / view": " / ".join(ms(middle[name]) for name in ("raw", "core", "view")),
        "view : Core": f"{layers:.2f}",
    }
    return Row(f"{question.screen}: {question.what}", figures, tuple(misses))


def overhear(session: Session, ask: Ask) -> Overheard:
    """Run a view once and write down its statements, as Core has them and as the driver gets them."""
    heard = Overheard()
    with _listening(session.connection(), heard):
        ask(session)
    return heard


@contextmanager
def _listening(connection: Connection, heard: Overheard) -> Iterator[None]:
    def before_execute(_c: Any, statement: Any, several: Any, single: Any, _options: Any) -> None:
        heard.statements.append((statement, several or single))

    def before_cursor(_c: Any, _cursor: Any, text: str, parameters: Any, _context: Any, _many: bool) -> None:
        heard.texts.append((text, parameters))

    hooks = (("before_execute", before_execute), ("before_cursor_execute", before_cursor))
    for name, hook in hooks:
        event.listen(connection, name, hook)
    try:
        yield
    finally:
        for name, hook in hooks:
            event.remove(connection, name, hook)
