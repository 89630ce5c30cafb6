"""Card numbers typed into every place for text are in no file afterwards: store, log, draft, export, backup, output (P2)."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.lookup import read_query
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.people.actors import Role
from opsdesk.operations.mails import outbox as mail
from opsdesk.operations.orders import cancelling as orders
from opsdesk.operations.orders import contacts, holds, notes, shipping
from opsdesk.operations.payments import taking as payments
from opsdesk.store.desk.drafts import save_draft
from opsdesk.store.engine import Store
from opsdesk.store.tables import MailRow, NoteRow
from opsdesk.store.views.queue.finding import find
from opsdesk.store.work import Performer
from tests.cli.kit import Run, runner
from tests.conftest import StillClock
from tests.domain.test_cards import FORMS, planted
from tests.integrations.files.samples import json_lines, own_order, written
from tests.operations.orders_kit import person
from tests.shop_orders import write_customer, write_order

MOST = 60
LETTER = Letter("Hello", "Text", "", "en")
ADDRESS = {"name": "Ada Berg", "company": "", "line1": "Am Dobben 12", "line2": "", "city": "Bremen", "region": "",
           "postcode": "28203", "country": "DE", "phone": ""}  # fmt: skip


def cards() -> list[tuple[str, str]]:
    """Return some planted cards: the bare number, and the text that holds it in some form."""
    return [(number, text) for _brand, number, _code, text in planted()][:MOST]


@pytest.fixture
def clerk(store: Store, clock: StillClock) -> Performer:
    return Performer(store, person(store, "sofia", Role.SUPERVISOR), clock)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str, tmp_path: Path) -> Run:
    monkeypatch.setenv("OPSDESK_STATE", str(tmp_path / "state"))
    return runner(capsys, monkeypatch, store_url)


def type_everywhere(clerk: Performer, text: str, number: int, customer: int) -> list[str]:
    """Put a text into every field of text that an operation has; return what was said to it."""
    said: list[str] = []
    order_id = write_order(clerk.store, str(300_000 + number), customer_id=customer, paid=False)
    for command, arguments in (
        (notes.note, {"text": text}),
        (holds.hold, {"kind": HoldType.MANUAL, "reason": text}),
        (holds.release, {"note": text}),
        (contacts.edit_contact, {"version": None, "name": text, "email": "a@b.example", "phone": "", "language": "en"}),
        (contacts.edit_address, {"version": None, "kind": "shipping", **ADDRESS, "line2": text, "company": text}),
        (payments.record_payment, {"amount": Money(100, "EUR"), "reference": text}),
        (shipping.ship, {"carrier": text}),
        (orders.cancel, {"reason": CancelReason.STAFF, "note": text}),
        (orders.reopen, {"note": text}),
    ):
        try:
            clerk.perform(command, order_id, **arguments)
        except OpsDeskError as refused:
            said.append(refused.message)
    save_draft(clerk.store, clerk.actor.user_id or 0, "note", order_id, {"text": text}, now=clerk.clock())
    with clerk.store.reading() as session:
        find(session, read_query(text))
    return said


def files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Read every file, and what is packed inside."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as packed:
                    yield from ((f"{path.name}:{name}", packed.read(name)) for name in packed.namelist())


def _traces(content: bytes, numbers: list[str]) -> list[str]:
    shapes = {form(number) for number in numbers if number.isdigit() for form in FORMS}
    return [shape for shape in shapes if shape.encode() in content or json.dumps(shape)[1:-1].encode() in content]


def test_no_file_holds_a_card_that_somebody_typed(
    clerk: Performer, run: Run, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = cards()
    numbers = [number for number, _ in found]
    customer = write_customer(clerk.store)
    said = [no for place, (_, text) in enumerate(found) for no in type_everywhere(clerk, text, place, customer)]
    outside = tmp_path_factory.mktemp("arrived")
    records = [
        own_order(str(400_000 + place), notes=[{"text": text}], customer={"name": text, "email": f"c{place}@x.example"})
        for place, (_, text) in enumerate(found)
    ]
    printed = [
        run(
            "import",
            "orders",
            str(written(outside, "in.jsonl", json_lines(*records))),
            "--rejects",
            str(tmp_path / "no"),
        )
    ]
    printed += [run("export", "orders", str(tmp_path / name)) for name in ("out.jsonl", "out.csv")]
    printed.append(run("order", "note", "300000", found[0][1]))
    printed.append(run("order", "find", found[0][1]))
    printed.append(run("backup", str(tmp_path / "shop.backup")))

    assert [ran.err for ran in printed if ran.code == 70] == []
    left = {name: traces for name, content in files_below(tmp_path) if (traces := _traces(content, numbers))}
    words = "\n".join([*said, *(ran.out + ran.err for ran in printed)])
    assert (left, _traces(words.encode(), numbers)) == ({}, [])


def test_control_a_note_written_past_the_gate_is_found(clerk: Performer, tmp_path: Path, sqlite_url: str) -> None:
    number, _ = cards()[0]
    order_id = write_order(clerk.store)
    with Session(clerk.store.writer) as session, session.begin():
        session.add(NoteRow(order_id=order_id, author="x", written_at=clerk.clock(), text=f"card {number}"))
    if clerk.store.is_sqlite:
        assert [name for name, content in files_below(tmp_path) if _traces(content, [number])]


def test_a_mail_that_staff_reword_holds_no_card(clerk: Performer) -> None:
    number, text = cards()[1]
    order_id = write_order(clerk.store)
    from opsdesk.store.work import Done, Operation, Work

    def write(work: Work) -> Done:
        row = mail.queue_mail(work, work.orders.locked(order_id), LETTER, event_key="e", status_code="received")
        return Done("Queued.", row.id)

    queued = clerk.perform(Operation("order.note", write))
    clerk.perform(mail.edit, queued.subject_id or 0, version=1, letter=Letter("Hello", f"Dear Ada, {text}", "", "en"))
    with clerk.store.reading() as session:
        row = session.get_one(MailRow, queued.subject_id)
        assert not _traces((row.text + row.subject).encode(), [number])
