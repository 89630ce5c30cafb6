"""The fraud desk from the command line: suspect, take the next, call, propose, agree; the customer reads no suspicion."""

from __future__ import annotations

import json

import pytest
from sqlmodel import Session, select

from opsdesk.domain.fraud.spans import SNOOZE_DAYS
from opsdesk.domain.people.actors import Role
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import CaseRow, ListEntryRow, MailRow
from tests.cli.kit import Run, runner
from tests.operations.fraud_kit import LARGE
from tests.operations.money_kit import authorised, calls
from tests.operations.orders_kit import rows, the_order
from tests.operations.people import add_person
from tests.shop_orders import write_order


@pytest.fixture
def run(capsys, monkeypatch, sqlite_url: str) -> Run:
    return runner(capsys, monkeypatch, sqlite_url)


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    store = open_store(sqlite_url)
    for name in ("amy", "bob"):
        add_person(store, name, Role.FRAUD, os_login=name, secrets=False)
    authorised(store, write_order(store, goods=LARGE, paid=False))
    return store


def test_a_call_is_chosen_at_once_and_more_time_is_given_where_nobody_was_reached(
    shop: Store, run: Run, monkeypatch
) -> None:
    monkeypatch.setattr("opsdesk.cli.acting.os_login", lambda: "amy")
    run("fraud", "open", "104458", "--reason", "Two names on it")
    assert "Claim it first" in run("fraud", "call-now", "104458").err
    run("fraud", "claim", "104458")
    assert json.loads(run("fraud", "call-now", "104458", "--json").out)["state"] == "call_due"
    assert "due already" in run("fraud", "call-now", "104458").err
    assert "No cancellation" in run("fraud", "extend", "104458", "--until", "tomorrow 12:00").err
    with Session(shop.writer) as session, session.begin():
        case = session.exec(select(CaseRow)).one()
        case.fraud_state, case.suggested = "cancel_proposed", "cancel_unverified"
    assert "is no moment" in run("fraud", "extend", "104458", "--until", "some day").err
    given = run("fraud", "extend", "104458", "--until", "tomorrow 12:00", "--json")
    assert json.loads(given.out)["state"] == "call_due"


def test_a_rule_is_silenced_for_a_value_and_a_hard_one_is_not(shop: Store, run: Run, monkeypatch) -> None:
    monkeypatch.setattr("opsdesk.cli.acting.os_login", lambda: "amy")
    why = ("--of", "104458", "--reason", "She moves often")
    assert "passed over by EML-04" in run("fraud", "snooze", "EML-04", "email", *why).out
    assert run("fraud", "snooze", "EML-04", "email", *why, "--days", "181").code == 1
    assert "no rule" in run("fraud", "snooze", "NONE-1", "email", *why).err


def test_a_rule_is_silent_for_as_long_from_the_shell_as_from_the_case(shop: Store, run: Run, monkeypatch) -> None:
    monkeypatch.setattr("opsdesk.cli.acting.os_login", lambda: "amy")
    run("fraud", "snooze", "EML-04", "email", "--of", "104458", "--reason", "She moves often")
    with shop.reading() as session:
        entry = session.exec(select(ListEntryRow)).one()
    assert entry.expires_at is not None
    assert (entry.expires_at - entry.added_at).days == SNOOZE_DAYS == 90


def test_a_case_goes_from_suspicion_to_a_cancellation_that_two_know_of(shop: Store, run: Run, monkeypatch) -> None:
    monkeypatch.setattr("opsdesk.cli.acting.os_login", lambda: "amy")
    assert run("fraud", "open", "104458", "--reason", "Two names on it").code == 0
    assert json.loads(run("fraud", "next", "--json").out)["number"] == "104458"
    assert "104458" in run("fraud", "queue").out
    assert "in review" in run("fraud", "show", "104458").out
    ran = run("fraud", "decide", "104458", "release", "--reason", "explained_mismatch", "--gut", "2")
    assert "waits for a second person" in ran.out
    content = json.loads(run("fraud", "show", "104458", "--json").out)["proposal"]["content"]
    assert run("fraud", "approve", "104458", "--content", content).code == 1
    monkeypatch.setattr("opsdesk.cli.acting.os_login", lambda: "bob")
    assert run("fraud", "reject", "104458", "--note", "Nobody called").code == 0
    assert run("fraud", "claim", "104458", "--take-over").code == 0
    ran = run("fraud", "decide", "104458", "cancel_unverified", "--reason", "gut_only", "--gut", "4")
    assert (ran.code, "The customer is told" in ran.out) == (0, True)
    (mail,) = rows(shop, MailRow)
    assert "fraud" not in (mail.subject + mail.text).lower()
    assert (the_order(shop, 1).lifecycle, [call.kind for call in calls(shop)]) == ("cancelled", ["void"])
