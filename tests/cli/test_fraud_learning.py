"""What was learned, on the command line: figures as JSON and in words, and labels by hand with the way back."""

from __future__ import annotations

import json

import pytest

from opsdesk.operations.fraud.labelling import PERSON
from opsdesk.store.engine import Store
from opsdesk.store.tables import LabelRow
from tests.cli.kit import Run, runner
from tests.operations.orders_kit import rows
from tests.shop_orders import write_order
from tests.store.test_learning_view import add, case, order


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store: Store) -> Run:
    return runner(capsys, monkeypatch, store.url)


def test_the_report_has_the_figures_of_the_screen(store: Store, run: Run) -> None:
    add(store, case(order(store, "10001", "confirmed_fraud"), 90, gut=5, worth=True))
    add(
        store,
        LabelRow(
            order_id=order(store, "10002"), label="sampled", source="sample", by="import", at=case(1, 1).opened_at
        ),
    )

    ran = run("fraud", "report", "--json")

    told = json.loads(ran.out)
    assert (ran.code, set(told)) == (0, {"holds", "decided", "gut", "samples", "programmes", "is_cut"})
    assert told["holds"][0] == {
        "band": "all",
        "held": 1,
        "right": {"hits": 1, "of": 1, "percent": 100, "low_percent": 21, "high_percent": 100},
    }
    assert [one["number"] for one in told["samples"]["newest"]] == ["10002"]
    assert (told["samples"]["percent"], told["gut"][4]["decisions"]) == (2, 1)
    assert {one["programme"] for one in told["programmes"]} == {"vamp_merchant", "ecm", "hecm", "efm"}

    words = run("fraud", "report").out
    assert "Holds: 1; right: 1 of 1: 100 % (21 to 100)" in words
    assert "Visa VAMP, merchant excessive" in words


def test_an_order_is_labelled_and_the_label_taken_back(store: Store, run: Run) -> None:
    write_order(store, "104458")

    ran = run("fraud", "label", "104458", "fraud", "--note", "The bank says so.", "--json")
    done = json.loads(ran.out)
    assert (ran.code, rows(store, LabelRow)[0].source, rows(store, LabelRow)[0].reason) == (
        0,
        PERSON,
        "The bank says so.",
    )

    assert run("order", "undo", done["command"]).code == 0
    assert [row.label for row in rows(store, LabelRow)] == ["confirmed_fraud", "withdrawn"]


def test_what_is_no_verdict_is_refused_with_those_that_are(store: Store, run: Run) -> None:
    write_order(store, "104458")

    ran = run("fraud", "label", "104458", "odd", "--note", "x")

    assert (ran.code, ran.err.strip()) == (1, "Say one of: fraud, legit.")
    assert rows(store, LabelRow) == []
