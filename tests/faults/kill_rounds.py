"""A program that lets four clerks work and kills them all, again and again, like a machine that loses power.

Usage: python -m tests.faults.kill_rounds URL FOLDER SEED ROUNDS [hasty|halves]

It prints as JSON what was wrong after the kills, and how much was acknowledged.
"""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from opsdesk.store.engine import open_store
from tests.faults.clerks import CLERKS, Clerk, Journal, found_wrong, open_shop, outcomes, read_journals
from tests.shared_dialects import share_dialects

USUAL = 40


def begin_work(url: str, folder: Path, number: int, seed: int, how: str, ready: int) -> int:
    """Start a clerk in a process of its own, who tells when the work begins; return its id."""
    child = os.fork()
    if child:
        return child
    try:
        clerk = Clerk(open_store(url), number, Journal(folder / f"{seed}-{number}.journal"), seed * 10 + number)
        os.write(ready, b".")
        while True:
            clerk.work(how)
    finally:
        os._exit(1)


def warm_up(url: str, folder: Path) -> None:
    """Work for a while, so that clerks inherit what is compiled by then and are killed at work, not at the start."""
    store = open_store(url)
    clerk = Clerk(store, 0, Journal(folder / "before.journal"), 0)
    for _ in range(USUAL):
        clerk.work()
    store.close()
    # What is swept is written to, and what is written to is copied for each of the clerks.
    gc.collect()
    gc.freeze()


def main() -> None:
    url, folder, seed, rounds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    how = (sys.argv[5:] or [""])[0]
    dice, wrong, died = random.Random(seed), [], 0
    share_dialects()
    open_shop(url)
    warm_up(url, folder)
    for turn in range(rounds):
        at_work, ready = os.pipe()
        clerks = [begin_work(url, folder, number, seed + turn, how, ready) for number in range(len(CLERKS))]
        os.close(ready)
        for _ in clerks:
            os.read(at_work, 1)
        os.close(at_work)
        time.sleep(dice.uniform(0.01, 0.12))
        for clerk in clerks:
            os.kill(clerk, signal.SIGKILL)
        died += sum(os.waitstatus_to_exitcode(os.waitpid(clerk, 0)[1]) != -signal.SIGKILL for clerk in clerks)
        store = open_store(url)
        problems = found_wrong(store, read_journals(folder), thorough=turn % 10 == 0)
        wrong += [f"round {turn}: {problem}" for problem in problems]
        store.close()
        if wrong:
            break
    print(json.dumps({"wrong": wrong[:10], "died": died, "counts": outcomes(read_journals(folder))}))


if __name__ == "__main__":
    main()
