"""`opsdesk verify` finds nothing in a healthy shop, and each violation that is planted in it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from opsdesk.store.engine import connect
from opsdesk.store.verify.running import CHECKS, Report, verify_store
from tests.demo_store import NOW
from tests.store.planted import PLANTED, Planted, plant

KINDS = pytest.mark.parametrize("kind", ["sqlite", "postgres"])


def verified(url: str) -> Report:
    store = connect(url)
    try:
        return verify_store(store, now=NOW)
    finally:
        store.close()


@KINDS
def test_a_healthy_shop_has_nothing_wrong(demo_store, kind: str) -> None:
    report = verified(demo_store(kind))

    assert [violation.sentence for violation in report.violations] == []
    assert report.orders == 300


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for name, planted in PLANTED.items() for kind in planted.kinds]
)
def test_a_planted_violation_is_found(demo_store, kind: str, name: str) -> None:
    url = demo_store(kind)
    planted = PLANTED[name]
    plant(url, planted)

    found = [violation for violation in verified(url).violations if violation.invariant == planted.invariant]

    assert any(planted.wrong in violation.wrong for violation in found), found


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.parametrize(
    "by_chance",
    [
        "8ea959c1-7ab2-4078-9990-3304038edf7b",
        "ae4de9bc4033437886792412b93b75a1",
        "7bf6471026014524906e88b56099413c080342f9a2db3ff123e64aef3595282d",
    ],
)
def test_an_id_or_hash_whose_digits_add_up_as_a_cards_do_is_none(demo_store, kind: str, by_chance: str) -> None:
    url = demo_store(kind)
    alone = f"UPDATE refund SET note = '{by_chance}' WHERE id = 1"
    within = f"""UPDATE command SET result = '{{"key": "refund-{by_chance}", "ids": [12]}}'"""
    plant(url, Planted("X1", "", (alone, within)))

    assert [violation.wrong for violation in verified(url).violations if violation.invariant == "X1"] == []


def test_every_check_has_a_violation_that_it_must_find() -> None:
    told = [(planted.invariant, planted.wrong) for planted in PLANTED.values()]

    unproven = [
        check.wrong
        for check in CHECKS
        if not any(invariant == check.invariant and wrong in check.wrong for invariant, wrong in told)
    ]
    assert unproven == []


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_says_what_is_wrong_and_ends_with_one(demo_store, as_json: bool) -> None:
    from opsdesk.cli.families import whole

    url = demo_store()
    command = ["verify", "--store", url, *(["--json"] if as_json else [])]
    healthy = CliRunner().invoke(whole(), command)
    assert healthy.exit_code == 0, healthy.output

    plant(url, PLANTED["total of another sum"])
    broken = CliRunner().invoke(whole(), command)

    assert broken.exit_code == 1
    if as_json:
        answer = json.loads(broken.stdout)
        assert [(found["invariant"], found["subject"]) for found in answer["violations"]] == [("M1", "order")]
    else:
        assert "M1: order" in broken.stderr
