"""A program whose files may not grow any further after a while, as on a full disk, and then may again.

Usage: python -m tests.faults.full_disk URL FOLDER [deaf]

It prints as JSON what the clerk was told, how long it took at most, and what was wrong.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

from opsdesk.domain.errors import Unavailable
from opsdesk.operations.orders.notes import note
from opsdesk.store.desk.drafts import drafts_of, save_draft
from opsdesk.store.engine import open_store
from tests.faults.clerks import Clerk, Journal, found_wrong, open_shop, outcomes, read_journals

ROOM = 150_000
"""So many bytes more may each file have before the disk is full."""


def main() -> None:
    url, folder, how = sys.argv[1], Path(sys.argv[2]), (sys.argv[3:] or [""])[0]
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    open_shop(url)
    store = open_store(url)
    clerk = Clerk(store, 0, Journal(folder / "0.journal"), 5)
    longest = 0.0

    def write_notes(count: int) -> None:
        nonlocal longest
        for _ in range(count):
            if how:
                clerk.work(how)
                continue
            command_id = f"note-{clerk.dice.random()}"
            clerk.journal.write("asked", command_id)
            began = time.monotonic()
            clerk.settle(command_id, note, 1, {"text": os.urandom(2_000).hex()})
            longest = max(longest, time.monotonic() - began)

    now = clerk.performer.clock()
    save_draft(store, 1, "note", 1, {"text": "Half a sentence"}, now=now)
    biggest = max(path.stat().st_size for path in Path(store.writer.url.database or "").parent.glob("shop.db*"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (biggest + ROOM, resource.RLIM_INFINITY))
    write_notes(100)
    during = outcomes(read_journals(folder))
    messages = sorted({line["message"] for line in read_journals(folder) if line["step"] == "unavailable"})
    reads = False
    try:
        with store.reading() as session:
            reads = bool(drafts_of(session, 1))
    except Unavailable:
        pass
    wrong = found_wrong(store, read_journals(folder))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    write_notes(20)
    after = outcomes(read_journals(folder))
    wrong += found_wrong(store, read_journals(folder))
    store.close()
    answer = {"during": during, "after": after, "messages": messages, "longest": longest, "wrong": wrong}
    print(json.dumps({**answer, "reads": reads}))


if __name__ == "__main__":
    main()
