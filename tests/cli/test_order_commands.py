"""The command line has the rules of the screens: it does, says so, and ends with 0; or says why not, and ends with 1."""

from __future__ import annotations

import pytest

from opsdesk.domain.orders.states import Headline
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow, MailRow, UserRow
from tests.cli.kit import Run, runner
from tests.operations.orders_kit import rows, the_order
from tests.shop_orders import write_order


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str) -> Run:
    return runner(capsys, monkeypatch, store_url)


@pytest.fixture
def order_id(store: Store) -> int:
    return write_order(store)


def test_the_first_login_is_the_first_admin_and_acts_by_name(run: Run, store: Store, order_id: int) -> None:
    assert run("order", "note", "104458", "Ring the bell twice").code == 0
    (user,) = rows(store, UserRow)
    assert user.role == "admin"
    assert rows(store, ActivityRow)[-1].actor == user.name


def test_hold_release_and_undo(run: Run, store: Store, order_id: int) -> None:
    held = run("order", "hold", "104458", "--kind", "address", "--reason", "No house number", "--json")
    assert (held.code, held.json["message"], held.json["version"]) == (0, "104458 is on hold: address.", 2)
    assert the_order(store, order_id).headline == Headline.ON_HOLD
    assert run("order", "undo", held.json["command"]).code == 0
    assert the_order(store, order_id).headline == Headline.READY
    refused = run("order", "release", "104458")
    assert (refused.code, refused.out, refused.err) == (1, "", "104458 is not on hold.\n")


def test_potential_fraud_then_released_then_shipped_with_its_mail(run: Run, store: Store, order_id: int) -> None:
    told = run("status", "tell", "104458", "potential_fraud")
    assert told.code == 0, told.err
    assert "The clock starts when the mail server has accepted the mail" in told.out
    assert run("order", "ship", "104458", "--carrier", "dhl").code == 1
    assert run("order", "release", "104458", "--note", "Knows the order").code == 0
    shipped = run("order", "ship", "104458", "--carrier", "dhl", "--tracking", "00340434161094042557")
    assert shipped.code == 0, shipped.err
    first, second = rows(store, MailRow)
    assert (first.status_code, second.status_code) == ("potential_fraud", "shipped")
    assert "00340434161094042557" in second.text
    assert "https://www.dhl.com" in second.text
    assert the_order(store, order_id).headline == Headline.SHIPPED


def test_a_dry_run_shows_the_mail_and_sends_none(run: Run, store: Store, order_id: int) -> None:
    seen = run("status", "tell", "104458", "received", "--dry-run")
    assert seen.out.startswith("Subject: ")
    assert rows(store, MailRow) == []


def test_the_menu_says_what_cannot_be_told_and_why(run: Run, store: Store, order_id: int) -> None:
    menu = {entry["code"]: entry["why_not"] for entry in run("status", "menu", "104458", "--json").json}
    assert menu["potential_fraud"] is None
    assert "Ship it first" in menu["shipped"]


def test_shipping_in_part_by_sku(run: Run, store: Store, order_id: int) -> None:
    assert run("order", "ship", "104458", "--carrier", "Own van", "--line", "40021=1", "--no-tell").code == 0
    assert the_order(store, order_id).headline == Headline.PARTLY_SHIPPED
    wrong = run("order", "ship", "104458", "--carrier", "dhl", "--line", "NOPE=1")
    assert (wrong.code, wrong.err) == (1, "'NOPE=1' is not SKU=UNITS of a line of 104458.\n")


def test_one_order_as_json_is_whole(run: Run, store: Store, order_id: int) -> None:
    shown = run("order", "show", "#104458", "--json").json
    assert shown["head"]["number"] == "104458"
    assert shown["amounts"]["total"]["currency"] == "EUR"
    assert [line["sku"] for line in shown["lines"]] == ["40021", "40177"]
    assert [line["words"] for line in run("order", "history", "104458", "--json").json]


def test_the_list_is_the_queue(run: Run, store: Store, order_id: int) -> None:
    listed = run("order", "list", "--view", "to_ship", "--json").json
    assert [line["number"] for line in listed] == ["104458"]
    assert run("order", "list", "--view", "cellar").code == 1


def test_an_order_is_found_by_the_end_of_its_number(run: Run, store: Store, order_id: int) -> None:
    (hit,) = run("order", "find", "4458", "--json").json
    assert hit["order_id"] == order_id


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("order", "show", "999999"), 1), (("order", "shew"), 2), (("order", "hold", "104458"), 2),
     (("order", "cancel", "104458", "--reason", "boredom"), 1), (("pay", "record", "104458", "1,50"), 1)],
)  # fmt: skip
def test_wrong_words_are_2_and_refusals_are_1_with_a_sentence(
    run: Run, store: Store, order_id: int, arguments: tuple[str, ...], code: int
) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.strip()
    assert the_order(store, order_id).version == 1


def test_a_bug_is_70_with_a_reference_and_no_traceback(
    run: Run, store: Store, order_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "hunter2-hunter2"

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"password={secret}")

    monkeypatch.setattr("opsdesk.store.views.orders.detail.order_detail", broken)
    ran = run("order", "show", "104458")
    assert ran.code == 70
    assert "Reference" in ran.err
    assert secret not in ran.err + ran.out
    assert "Traceback" not in ran.err


def test_as_somebody_else_needs_their_password(run: Run, store: Store, order_id: int) -> None:
    run("order", "note", "104458", "First")
    ran = run("order", "note", "104458", "Second", "--as", "mia")
    assert (ran.code, "OPSDESK_PASSWORD" in ran.err) == (1, True)
