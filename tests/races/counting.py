"""A program whose six processes read a number, add one and write it back, as fast as they can.

Usage: python -m tests.races.counting URL (product|stock)

`product` writes notes through the product, which counts them on the order; `stock` does the same on a stock engine.
It prints as JSON how often it was said to be done, what was said instead, and the longest wait in seconds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

from pysqlite3 import dbapi2
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.orders.notes import note
from opsdesk.store.engine import open_store
from opsdesk.store.tables import OrderRow
from opsdesk.store.work import Performer

PROCESSES, TIMES = 6, 50


def product(url: str) -> Callable[[], None]:
    performer = Performer(open_store(url), Actor(None, "mia", Role.AGENT, f"tty:{os.getpid()}"))

    def add_one() -> None:
        performer.perform(note, 1, text="Called")

    return add_one


def stock(url: str) -> Callable[[], None]:
    engine = create_engine(url, **({"module": dbapi2} if url.startswith("sqlite") else {}))

    def add_one() -> None:
        with Session(engine) as session:
            order = session.get_one(OrderRow, 1)
            order.note_count += 1
            session.commit()

    return add_one


def count(add_one: Callable[[], None]) -> str:
    """Add one so many times; return a line for each: `done` or what was said instead, and how long it took."""
    said = ""
    for _ in range(TIMES):
        began, answer = time.monotonic(), "done"
        try:
            add_one()
        except (DBAPIError, OpsDeskError) as error:
            answer = str(error).splitlines()[0]
        said += f"{time.monotonic() - began:.3f} {answer}\n"
    return said


def main() -> None:
    url, how = sys.argv[1], {"product": product, "stock": stock}[sys.argv[2]]
    answers, answer = os.pipe()
    begin, may_begin = os.pipe()
    for _ in range(PROCESSES):
        if os.fork() == 0:
            os.close(may_begin)
            add_one = how(url)
            os.read(begin, 1)
            os.write(answer, count(add_one).encode())
            os._exit(0)
    os.close(may_begin)
    ends = [os.waitstatus_to_exitcode(os.waitpid(-1, 0)[1]) for _ in range(PROCESSES)]
    os.close(answer)
    with os.fdopen(answers) as stream:
        said = [line.split(" ", 1) for line in stream.read().splitlines()]
    refused = [answer for _, answer in said if answer != "done"]
    longest = max(float(took) for took, _ in said)
    done = len(said) - len(refused)
    print(json.dumps({"done": done, "refused": refused, "died": sum(map(bool, ends)), "longest": longest}))


if __name__ == "__main__":
    main()
