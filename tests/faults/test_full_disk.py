"""On a full disk a command is done or not, the clerk is told in one sentence, and work goes on once there is space."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from opsdesk.domain.errors import Unavailable
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.orders.notes import note
from opsdesk.store.engine import open_store
from opsdesk.store.work import Performer
from tests.shop_orders import write_order

ROOT = Path(__file__).parents[2]
SENTENCE = "The disk is full. Nothing was changed; make space, then try again."


def work_on_a_full_disk(url: str, folder: Path, *how: str) -> dict[str, Any]:
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.full_disk", url, str(folder), *how],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_commands_are_done_or_not_and_go_on_when_there_is_space(sqlite_url: str, tmp_path: Path) -> None:
    answer = work_on_a_full_disk(sqlite_url, tmp_path / "journals")
    assert answer["wrong"] == []
    assert answer["messages"] == [SENTENCE]
    assert answer["during"]["done"] and answer["during"]["unavailable"]
    assert answer["during"]["done"] + answer["during"]["unavailable"] == 100
    assert answer["reads"], "the draft and the orders can still be read"
    assert answer["after"]["done"] - answer["during"]["done"] == 20
    assert answer["longest"] < 5


def test_a_program_that_does_not_listen_gets_caught(sqlite_url: str, tmp_path: Path) -> None:
    """The control: done is said although the disk was full."""
    wrong = work_on_a_full_disk(sqlite_url, tmp_path / "journals", "deaf")["wrong"]
    assert any("acknowledged and is lost" in problem for problem in wrong)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("53100", SENTENCE),
        ("55P03", "The store is busy"),
        ("53300", "no room for one more"),
        ("57P01", "cannot be reached"),
    ],
)
def test_what_a_server_answers_in_its_own_language_is_said_in_ours(
    postgres_url: str, actor: Actor, code: str, sentence: str
) -> None:
    store = open_store(postgres_url)
    order_id = write_order(store)
    with store.writer.begin() as connection:
        body = f"BEGIN RAISE EXCEPTION 'kein Speicherplatz' USING ERRCODE = '{code}'; END"
        connection.execute(text(f"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"))
        connection.execute(text("CREATE TRIGGER fail BEFORE INSERT ON note EXECUTE FUNCTION fail()"))
    with pytest.raises(Unavailable, match=sentence.split(".", 1)[0]) as caught:
        Performer(store, actor).perform(note, order_id, text="Called")
    assert caught.value.command_id == ""
    with store.reading() as session:
        counts = "SELECT (SELECT count(*) FROM note), (SELECT count(*) FROM command), (SELECT version FROM orders)"
        assert tuple(session.execute(text(counts)).one()) == (0, 0, 1)
    store.close()
