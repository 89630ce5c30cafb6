"""The same table of permissions stands behind the command line: each role tries each command."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
import typer
from sqlalchemy import select, update
from sqlmodel import Session, col

from opsdesk.cli.families import whole
from opsdesk.domain.amendments.edits import AddLine
from opsdesk.domain.money import Money
from opsdesk.domain.people.actors import Role
from opsdesk.domain.people.permissions import PERMISSIONS
from opsdesk.operations.amendments.changing import propose
from opsdesk.operations.fraud.cases import open_by_hand
from opsdesk.operations.refunds.outside import note_outside
from opsdesk.store import work
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import ActivityRow, AmendmentRow, PayLinkRow, ProductRow
from opsdesk.store.work import Performer
from tests.cli.kit import Run, runner
from tests.conftest import START
from tests.operations.money_kit import working
from tests.operations.people import ADMIN, PASSWORD, PIN, add_person
from tests.operations.permission_matrix import contents
from tests.screens.outbox_kit import filled
from tests.shop_orders import write_order

NUMBER = "104461"
PAID = "104463"
CHANGING = "104470"
"""An order with a change and a pay link that wait."""
PEOPLE = (Role.AGENT, Role.WAREHOUSE, Role.FRAUD, Role.SUPERVISOR, Role.ADMIN)

# Command, its arguments, the operation that it needs, and what it reads from standard input.
COMMANDS: tuple[tuple[str, str, str, str], ...] = (
    ("order hold", f"{NUMBER} --reason stock", "order.hold", ""),
    ("order release", NUMBER, "order.release", ""),
    ("order cancel", f"{NUMBER} --reason customer", "order.cancel", ""),
    ("order reopen", NUMBER, "order.reopen", ""),
    ("order note", f"{NUMBER} rang", "order.note", ""),
    ("order claim", NUMBER, "order.claim", ""),
    ("order assign", f"{NUMBER} --to agent", "order.assign", ""),
    ("order pack", NUMBER, "order.start_packing", ""),
    ("order ship", f"{NUMBER} --carrier dhl --no-tell", "order.ship", ""),
    ("order deliver", NUMBER, "order.deliver", ""),
    ("order amend", f"{NUMBER} --shipping 1.00", "order.amend", ""),
    ("order amend-apply", CHANGING, "amendment.apply", ""),
    ("order amend-withdraw", CHANGING, "amendment.withdraw", ""),
    ("order put-back", CHANGING, "amendment.acknowledge_recall", ""),
    ("pay record", f"{PAID} 1.00", "payment.record", ""),
    ("pay capture", f"{NUMBER} 1.00 --payment 4", "payment.capture", ""),
    ("pay void", f"{NUMBER} --payment 4", "payment.void", ""),
    ("pay credit", f"{NUMBER} 1.00 --credit 1", "payment.use_credit", ""),
    ("pay account", f"{NUMBER} --note asked", "payment.take_on_account", ""),
    ("pay issue-credit", f"{NUMBER} 1.00", "credit.issue", ""),
    ("pay take-back", "1", "call.take_back", ""),
    ("pay send-now", "1", "call.send_now", ""),
    ("pay settle", "1 --happened --note looked", "call.settle_by_hand", ""),
    ("pay link", f"{NUMBER} 1.00 --no-tell", "link.create", ""),
    ("pay cancel-link", CHANGING, "link.cancel", ""),
    ("pay dispute", f"{NUMBER} --payment 4 --amount 1.00 --reference dp_1", "dispute.record", ""),
    ("pay dispute-answer", "1 --note sent", "dispute.answer", ""),
    ("pay dispute-accept", "1", "dispute.accept", ""),
    ("pay dispute-decide", "1 --won --note letter", "dispute.decide", ""),
    ("pay settle-event", "stripe evt_1 --note looked", "gateway.settle_event", ""),
    ("refund request", f"{NUMBER} --goodwill 1.00 --no-tell", "refund.request", ""),
    ("refund overpayment", NUMBER, "refund.return_overpayment", ""),
    ("refund approve", "1 --content 0", "refund.approve", ""),
    ("refund decline", "1 --note no", "refund.decline", ""),
    ("refund take-back", "1", "refund.take_back", ""),
    ("refund retry", "1", "refund.retry", ""),
    ("refund credit", "1", "refund.turn_into_credit", ""),
    ("refund assign", "1 --goodwill 1.00", "refund.assign", ""),
    ("refund unassign", "1", "refund.unassign", ""),
    ("fraud open", f"{NUMBER} --reason odd", "case.open", ""),
    ("fraud next", "", "case.next", ""),
    ("fraud claim", CHANGING, "case.claim", ""),
    ("fraud attempt", f"{CHANGING} --outcome busy", "case.log_attempt", ""),
    ("fraud respond", CHANGING, "case.respond", ""),
    ("fraud call-now", CHANGING, "case.choose_call", ""),
    ("fraud let-go", CHANGING, "case.let_go", ""),
    ("fraud decide", f"{CHANGING} cancel_fraud --reason card_testing --gut 9", "case.decide", ""),
    ("fraud approve", f"{CHANGING} --content 0", "case.approve", ""),
    ("fraud reject", f"{CHANGING} --note no", "case.reject", ""),
    ("fraud confirm", CHANGING, "case.confirm_cancel", ""),
    ("fraud extend", f"{CHANGING} --until tomorrow", "case.extend", ""),
    ("fraud reopen", f"{CHANGING} --reason appeal", "case.reopen", ""),
    ("fraud trust", "email --value a@b.example --reason known", "risk.trust", ""),
    ("fraud block", "email --value c@d.example --reason stolen", "risk.block", ""),
    ("fraud snooze", "EML-04 email --value e@f.example --reason known", "risk.snooze", ""),
    ("fraud unlist", "1", "risk.unlist", ""),
    ("fraud label", f"{NUMBER} fraud --note rang", "fraud.label", ""),
    ("fraud rule save", "{rule}", "rule.save", ""),
    ("fraud rule state", "EML-04 off", "rule.set_state", ""),
    ("fraud rule withdraw", "EML-04", "rule.withdraw", ""),
    ("order contact", f"{NUMBER} --name Zoe", "order.edit_contact", ""),
    ("order address", f"{NUMBER} --city Bremen", "order.edit_address", ""),
    ("order snooze", f"{NUMBER} 2030-01-01", "order.snooze", ""),
    ("order undo", "00000000-0000-0000-0000-000000000000", "command.undo", ""),
    ("status tell", f"{NUMBER} received", "status.tell", ""),
    ("mail take-back", "4", "mail.take_back", ""),
    ("import orders", "{orders}", "import.orders", ""),
    ("import products", "{products}", "import.products", ""),
    ("export orders", "{new}", "export.orders", ""),
    ("export products", "{new}", "export.products", ""),
    ("shop describe", "hours=9-17", "shop.describe", ""),
    ("shop capture", "on_shipping", "shop.set_capture_policy", ""),
    ("user add", "newcomer --role agent", "user.add", ""),
    ("user role", "target agent", "user.change_role", ""),
    ("user password", "--stdin", "user.set_password", PASSWORD),
    ("user password", "target --stdin", "user.reset_password", PASSWORD),
    ("user pin", "--stdin", "user.set_pin", PIN),
    ("user pin", "target --stdin", "user.reset_pin", PIN),
    ("user deactivate", "target", "user.deactivate", ""),
    ("user reactivate", "target", "user.reactivate", ""),
    ("user unlock", "target", "user.unlock", ""),
    ("user tie", "target somebody", "user.tie_login", ""),
    ("user enrol", "bench", "terminal.enrol", ""),
)

READING = {
    "order list", "order show", "order find", "order history", "status menu", "mail list", "mail show", "user list",
    "shop show", "audit show", "audit verify", "mail check", "mail lint", "pay show", "pay tasks", "refund list", "refund note",
    "fraud queue", "fraud show", "fraud report",
    "fraud rules", "fraud rule show", "fraud score", "fraud backtest", "fraud why",
}  # fmt: skip
"""Change nothing. Whoever can read the store's file can read it without them too."""

RUNNING = {"worker", "demo", "verify", "doctor", "backup", "restore", "migrate", "keys"}
"""Look after the store as a whole, by the rights that the operating system gives on its file."""


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Store]:
    """A shop with one person of each role, each tied to a login called like the role."""
    store = open_store(sqlite_url)
    filled(store)
    with Session(store.writer) as session, session.begin():
        session.add(
            ProductRow(
                sku="40021",
                source="demo",
                external_id="1",
                title="Oat granola",
                price_minor=890,
                currency="EUR",
                search_text="40021 oat granola",
                changed_at=START,
            )
        )
    for role in PEOPLE:
        add_person(store, str(role), role, os_login=str(role), secrets=False)
    add_person(store, "target", secrets=False)
    changing = write_order(store, CHANGING)
    Performer(store, ADMIN).perform(propose, changing, version=None, edits=[AddLine("40021", 1, Money(890, "EUR"))])
    with working(store) as work:
        payment = work.payments.of_order(changing)[0]
        note_outside(work, payment, Money(100, "EUR"), "re_1", START)
    Performer(store, ADMIN).perform(open_by_hand, changing, reason="Two names on it.")
    yield store
    store.close()


def let_wait_again(shop: Store) -> None:
    """Let the change and the pay link wait, whatever the command before did to them."""
    with shop.writer.begin() as connection:
        connection.execute(update(AmendmentRow).values(state="awaiting_payment"))
        connection.execute(update(PayLinkRow).values(state="open"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Run:
    return runner(capsys, monkeypatch, sqlite_url)


def test_every_command_is_in_a_list_above():
    """A new command that changes something gets its row in the matrix, or this fails."""
    told = {command for command, *_ in COMMANDS} | READING | RUNNING
    assert set(command_names(typer.main.get_command(whole()))) <= told


def command_names(command: click.Command, path: str = "") -> Iterator[str]:
    inner: dict[str, click.Command] = getattr(command, "commands", {})
    if not inner:
        yield path.strip()
    for name, each in inner.items():
        yield from command_names(each, f"{path} {name}")


def wrong_cells(
    shop: Store, run: Run, become: Callable[[Role, str], None], folder: Path, roles: tuple[Role, ...] = PEOPLE
) -> Iterator[str]:
    """Try each command in each role, and tell which were let in or turned away wrongly."""
    become(Role.ADMIN, "")
    files = {what: folder / f"{what}.jsonl" for what in ("orders", "products")}
    for what, file in files.items():
        run("export", what, str(file))
    files["rule"] = folder / "rule.toml"
    files["rule"].write_text('id = "EML-04"\nstate = "shadow"\n')
    for role in roles:
        for number, (command, arguments, name, typed) in enumerate(COMMANDS):
            become(role, typed)
            places = {**files, "new": folder / f"{role}-{number}.jsonl"}
            let_wait_again(shop)
            before = contents(shop)
            ran = run(*command.split(), *arguments.format(**places).split())
            if problem := _wrong(shop, before, name, role, ran.code):
                yield f"{command} {arguments} as {role}: {problem}: {ran.err.strip()}"


def _wrong(shop: Store, before: dict[str, int], name: str, role: Role, code: int) -> str | None:
    after = contents(shop)
    is_denied = after["activity"] > before["activity"] and newest_outcome(shop) == "denied"
    if role in PERMISSIONS[name]:
        return "denied" if is_denied or code not in (0, 1) else None
    if not is_denied or code != 1:
        return f"let in ({code})"
    return None if after == {**before, "activity": before["activity"] + 1} else "denied, and yet something was written"


def newest_outcome(shop: Store) -> str:
    with shop.reading() as session:
        newest = select(ActivityRow.outcome).order_by(col(ActivityRow.id).desc()).limit(1)
        return session.execute(newest).scalar_one()


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> Callable[[Role, str], None]:
    """Sit down as somebody of a role, with something to type."""

    def sit_down(role: Role, typed: str) -> None:
        monkeypatch.setattr("opsdesk.cli.acting.os_login", lambda: str(role))
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed + "\n"))

    return sit_down


def test_each_role_is_let_in_or_turned_away_at_each_command(shop: Store, run: Run, become, tmp_path: Path):
    assert list(wrong_cells(shop, run, become, tmp_path)) == []


def test_removing_the_check_is_caught_in_every_cell_that_is_denied(
    shop: Store, run: Run, become, tmp_path: Path, monkeypatch
):
    """The control: without the check each denied cell but those with a second rule is named."""
    monkeypatch.setattr(work, "why_not_allowed", lambda _actor, _operation: None)
    denied = sum(Role.WAREHOUSE not in PERMISSIONS[name] for _, _, name, _ in COMMANDS)
    assert len(list(wrong_cells(shop, run, become, tmp_path, (Role.WAREHOUSE,)))) >= denied * 0.9
