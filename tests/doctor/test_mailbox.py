"""The doctor looks at the mailbox: whether it can be read, whether it is, and nothing of its password shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsdesk.doctor.findings import Level
from opsdesk.doctor.outside import mailbox
from opsdesk.domain.errors import Invalid, OpsDeskError, Refused
from opsdesk.domain.people.actors import WORKER
from opsdesk.integrations.mail.opening import open_mailbox
from opsdesk.settings import Settings, load_settings
from opsdesk.store.engine import Store
from opsdesk.store.work import Performer
from opsdesk.worker.mailbox import read_mailbox
from tests.conftest import StillClock
from tests.peers.imap_sink import PASSWORD, USER, Faults, ImapSink, imap_sink


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def sink(tmp_path: Path, faults: Faults) -> Iterator[ImapSink]:
    with imap_sink(tmp_path / "inbox", faults) as running:
        yield running


def settings(tmp_path: Path, sink: ImapSink | None = None, **values: str) -> Settings:
    if sink is not None:
        values = {"OPSDESK_IMAP_URL": f"imap://{USER.replace('@', '%40')}@127.0.0.1:{sink.port}/INBOX", **values}
    return load_settings({"OPSDESK_CONFIG": str(tmp_path / "absent.toml"), **values})


def test_a_shop_without_one_has_nothing_to_mend(store: Store, tmp_path: Path) -> None:
    assert mailbox(store, settings(tmp_path)).level is Level.WELL


def test_it_is_well_once_a_worker_has_read_it(
    store: Store, sink: ImapSink, faults: Faults, tmp_path: Path, clock: StillClock
) -> None:
    found = settings(tmp_path, sink, OPSDESK_IMAP_PASSWORD=PASSWORD)
    assert mailbox(store, found).level is Level.WATCH
    box = open_mailbox(found)
    assert box is not None
    read_mailbox(Performer(store, WORKER, clock), box)
    assert mailbox(store, found).level is Level.WELL
    faults.says["SEARCH"] = b"{tag} NO not today\r\n"
    read_mailbox(Performer(store, WORKER, clock), box)
    told = mailbox(store, found)
    assert (told.level, "does not search" in told.sentence) == (Level.WATCH, True)


def test_a_wrong_password_must_be_mended_and_is_not_repeated(store: Store, sink: ImapSink, tmp_path: Path) -> None:
    told = mailbox(store, settings(tmp_path, sink, OPSDESK_IMAP_PASSWORD="hunter2 hunter2"))
    assert (told.level, "refused the sign-in" in told.sentence) == (Level.MEND, True)
    assert "hunter2" not in told.sentence + told.remedy


def test_a_password_comes_from_a_private_file_and_from_no_other(sink: ImapSink, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o644)
    found = settings(tmp_path, sink, OPSDESK_IMAP_PASSWORD_FILE=str(file))
    assert found.secret_files == (file,)
    with pytest.raises(Refused, match="chmod 600"):
        open_mailbox(found)
    file.chmod(0o600)
    box = open_mailbox(found)
    assert box is not None
    assert box.check() is None
    assert PASSWORD not in repr(found) + repr(box.__dict__)


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ({"OPSDESK_IMAP_URL": "imaps://desk@mail.example/INBOX"}, Refused, "OPSDESK_IMAP_PASSWORD is not set"),
        ({"OPSDESK_IMAP_URL": "imaps://desk:pw@mail.example/INBOX", "OPSDESK_IMAP_PASSWORD": "x"}, Invalid, "holds a"),
    ],
)
def test_a_mailbox_that_cannot_be_opened_says_what_is_missing(
    tmp_path: Path, values: dict[str, str], error: type[OpsDeskError], said: str
) -> None:
    with pytest.raises(error, match=said):
        open_mailbox(settings(tmp_path, **values))
