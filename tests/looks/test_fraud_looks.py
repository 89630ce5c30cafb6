"""Pictures of the fraud desk: the queue, a case in each of its moods, the call, the decision, the rules behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlmodel import Session
from textual.widgets import Input, TextArea

from opsdesk.domain.people.actors import WORKER
from opsdesk.operations.fraud.cases import claim
from opsdesk.operations.fraud.contact import log_attempt
from opsdesk.operations.fraud.deciding import decide
from opsdesk.operations.payments.expiry import expire_authorisation
from opsdesk.settings import Glyphs
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import LeaseRow
from opsdesk.store.work import Performer
from opsdesk.worker.deadlines import pass_deadlines
from opsdesk.worker.loop import LEASE
from tests.conftest import StillClock
from tests.looks.kit import SIZES, Compare, pressing
from tests.screens.fraud_kit import Cases, case_app, five_cases, fraud_shop, not_asked, queue_app

Happens = Callable[[Cases], None]


def _nothing(_cases: Cases) -> None:
    """Leave the cases as they are."""


def _called_twice(cases: Cases) -> None:
    staff, case_id = cases.staff, cases.ids["104463"]
    staff.clock.moment -= timedelta(hours=4, minutes=20)
    staff.do("farid", claim, case_id)
    staff.do("farid", log_attempt, case_id, outcome="no_answer", number="+49 421 555 0144", number_kind="known")
    staff.clock.moment += timedelta(hours=4, minutes=20)


def _failed(cases: Cases) -> None:
    case_id = cases.ids["104463"]
    cases.staff.do("farid", claim, case_id)
    cases.staff.do("farid", log_attempt, case_id, outcome="failed_challenge", note="Did not know what was ordered")


def _proposed(cases: Cases) -> None:
    staff, case_id = cases.staff, cases.ids["104441"]
    staff.do("fiona", claim, case_id)
    version = cases.row("104441").version
    staff.do(
        "fiona",
        decide,
        case_id,
        version=version,
        verdict="release",
        reason_code="verified_bank",
        gut=1,
        note="The bank rang back and vouches for the cardholder.",
    )


def _others_work(cases: Cases) -> None:
    _called_twice(cases)
    _proposed(cases)
    cases.staff.do("fiona", claim, cases.ids["104392"])


def _lapsed(cases: Cases) -> None:
    """Let the authorisation of 104440 end while nobody decides."""
    staff = cases.staff
    staff.clock.moment += timedelta(hours=31)
    worker = Performer(staff.store, WORKER, staff.clock)
    worker.perform(expire_authorisation, not_asked(cases, "104440"))
    pass_deadlines(worker)


def _without_worker(cases: Cases) -> None:
    """Let the worker have stopped some hours ago."""
    _others_work(cases)
    clock = cases.staff.clock
    begun = clock.moment
    clock.moment -= timedelta(hours=4)
    with Session(cases.staff.store.writer) as session, session.begin():
        session.execute(delete(LeaseRow))
    take_lease(cases.staff.store, LEASE, "test", lasts=timedelta(minutes=1), clock=clock)
    clock.moment = begun


@dataclass(frozen=True)
class Look:
    """One picture: what happened, which case is open (none: the queue), and which keys were pressed."""

    name: str
    number: str = ""
    keys: tuple[str, ...] = ()
    before: Happens = _nothing
    who: str = "farid"
    glyphs: Glyphs = Glyphs.UNICODE
    theme: str = "dark"


LOOKS = (
    Look("queue", before=_others_work),
    Look("queue-ascii", before=_others_work, glyphs=Glyphs.ASCII),
    Look("case", "104463"),
    Look("case-ascii", "104463", glyphs=Glyphs.ASCII),
    Look("case-light", "104463", theme="light"),
    Look("case-called", "104463", before=_called_twice),
    Look("case-cancel-proposed", "104463", before=_failed),
    Look("queue-without-worker", before=_without_worker),
    Look("queue-payment-lapsed", before=_lapsed),
    Look("case-payment-lapsed", "104440", before=_lapsed),
    Look("case-of-somebody-else", "104392", before=_others_work),
    Look("case-second-person", "104441", before=_proposed),
    Look("case-own-proposal", "104441", before=_proposed, who="fiona"),
    Look("decline", "104463", ("x",)),
    Look("call", "104392", ("v", "a", "b", "b")),
    Look("call-back", "104392", ("v", "9", *"tomorrow 9")),
    Look("decision", "104463", ("f4", "1", "4", "2", "tab", "y")),
    Look("why", "104463", ("w",)),
    Look("lists", "104463", ("b", "7")),
    Look("give-back", "104441", ("x",), before=_proposed),
)


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing blinks."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _: None)
    monkeypatch.setattr(TextArea, "_toggle_cursor_blink_visible", lambda _: None, raising=False)


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Store]:
    store = open_store(sqlite_url)
    yield store
    store.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_look(look: Look, size: str, shop: Store, clock: StillClock, snap_compare: Compare) -> None:
    cases = five_cases(fraud_shop(shop, clock))
    look.before(cases)
    if look.number:
        app = case_app(cases, look.number, look.who, glyphs=look.glyphs, theme=look.theme)
    else:
        app = queue_app(cases, look.who, glyphs=look.glyphs, theme=look.theme)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=pressing(look.keys))
