"""The people who work in the demo shop."""

from __future__ import annotations

from typing import NamedTuple

from opsdesk.domain.people.actors import Role


class Clerk(NamedTuple):
    """Somebody at a desk, or the worker, as the history names them."""

    id: int | None
    name: str
    full_name: str
    role: str
    terminal: str


MIA = Clerk(2, "mia", "Mia Sommer", Role.AGENT.value, "tty:pts/1")
ANNA = Clerk(3, "anna", "Anna Ziegler", Role.AGENT.value, "tty:pts/2")
LENA = Clerk(4, "lena", "Lena Okafor", Role.FRAUD.value, "tty:pts/3")
PIET = Clerk(5, "piet", "Piet Janssen", Role.WAREHOUSE.value, "tty:pts/4")
TOM = Clerk(6, "tom", "Tom Nguyễn", Role.WAREHOUSE.value, "tty:pts/5")
SOFIA = Clerk(7, "sofia", "Sofia Lindqvist", Role.SUPERVISOR.value, "tty:pts/6")
ADA = Clerk(1, "ada", "Ada Berg", Role.ADMIN.value, "tty:pts/0")
"""Whoever opens the demo signs in as her, without being asked."""

GONE = Clerk(8, "rolf", "Rolf Petersen", Role.AGENT.value, "tty:pts/7")
"""Left the shop; the history still names him."""

WORKER = Clerk(None, "worker", "", Role.SYSTEM.value, "worker")

STAFF = (ADA, MIA, ANNA, LENA, PIET, TOM, SOFIA, GONE)
AGENTS = (MIA, ANNA)
PACKERS = (PIET, TOM)
