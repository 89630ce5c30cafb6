"""A program that lets four clerks work and kills them all, again and again, like a machine that loses power.

Usage: python -m tests.faults.kill_rounds URL FOLDER SEED ROUNDS [hasty|halves]

It prints as JSON what was wrong after the kills, and how much was acknowledged.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from opsdesk.store.engine import open_store
from tests.faults.clerks import CLERKS, Clerk, Journal, found_wrong, open_shop, outcomes, read_journals


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


def main() -> None:
    url, folder, seed, rounds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    how = (sys.argv[5:] or [""])[0]
    dice, wrong, died = random.Random(seed), [], 0
    open_shop(url)
    for turn in range(rounds):
        at_work, ready = os.pipe()
        clerks = [begin_work(url, folder, number, seed + turn, how, ready) for number in range(len(CLERKS))]
        os.close(ready)
        for _ in clerks:
            os.read(at_work, 1)
        os.close(at_work)
        time.sleep(dice.uniform(0.02, 0.35))
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
