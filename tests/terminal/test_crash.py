"""A mistake of ours shows a number, and none of what was in the variables (bar T6)."""

from __future__ import annotations

import asyncio
import re
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.timer import Timer
from textual.widgets import Static

from opsdesk.terminal.citizen import CitizenApp
from opsdesk.terminal.crash import EXIT_CODE, catch_strays, record_crash, report_of
from tests.pty_driver import Terminal
from tests.terminal.sample_app import CVV, PAN, PASSWORD, TOKEN

SECRETS = (PAN, PAN.replace(" ", ""), CVV, TOKEN, PASSWORD)


def secrets_in(text: str) -> list[str]:
    """Return the secrets that a text shows, line breaks and boxes between its words aside.

    Three digits in the middle of a crash's number, of the time in its file's name or of a folder's name are no secret.
    """
    flat = " ".join(text.replace("│", " ").split())
    return [secret for secret in SECRETS if re.search(rf"(?<![0-9A-F-]){re.escape(secret)}(?![0-9A-F])", flat)]


def test_a_number_that_happens_to_hold_the_digits_of_a_secret_is_none() -> None:
    assert secrets_in("Reference 0A737BCD. crashes/20260707T094737Z-0A737BCD.txt pytest-737/x") == []
    assert secrets_in("\x1b[31mcvv = '737'\x1b[0m") == [CVV]


@contextmanager
def sample(state: Path, mode: str = "") -> Iterator[Terminal]:
    environment = {"SAMPLE_MODE": mode, "SAMPLE_STATE": str(state)}
    with Terminal.run([sys.executable, "-m", "tests.terminal.sample_app"], environment=environment) as terminal:
        terminal.wait_for("ready")
        yield terminal


def written(state: Path) -> str:
    return "".join(file.read_text() for file in (state / "crashes").glob("*.txt"))


@pytest.mark.parametrize("mode", ["", "message"])
@pytest.mark.parametrize("key", [b"\x1b[20~", b"!"], ids=["key", "message"])
def test_a_crash_shows_a_number_and_no_variables(tmp_path: Path, mode: str, key: bytes) -> None:
    with sample(tmp_path, mode) as terminal:
        terminal.send(key)
        assert terminal.wait() == EXIT_CODE
        terminal.wait_for_bytes(b"Reference")
        shown = bytes(terminal.raw).decode(errors="replace")
        assert not terminal.is_raw()
        assert not terminal.is_on_other_screen()
    [file] = (tmp_path / "crashes").glob("*.txt")
    reference = file.stem.rpartition("-")[2]
    report = file.read_text()
    assert f"Reference {reference}" in shown
    assert secrets_in(shown) == []
    assert secrets_in(report) == []
    assert "sample_app.py" in report and "crash_here" in report
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert not list(tmp_path.glob("**/core*"))


def test_control_stock_textual_prints_the_variables_and_ends_as_if_nothing_were(tmp_path: Path) -> None:
    with sample(tmp_path, "bare") as terminal:
        terminal.send(b"\x1b[20~")
        assert terminal.wait() != EXIT_CODE
        terminal.wait_until_quiet()
        assert PAN in secrets_in(bytes(terminal.raw).decode(errors="replace"))


class Breaking(CitizenApp[None]):
    """Breaks where it is told to."""

    def __init__(self, state: Path, where: str) -> None:
        super().__init__(state_folder=state)
        self.where = where
        self.own_timer: Timer | None = None

    def break_at(self, where: str) -> None:
        if self.where == where:
            number, code, token, password = PAN, CVV, TOKEN, PASSWORD
            raise ValueError(f"refused at {where}: {number} cvv {code} token={token} password={password!r}")

    def compose(self) -> ComposeResult:
        self.break_at("compose")
        yield Static("ready")

    def on_mount(self) -> None:
        self.break_at("mount")
        if self.where == "timer":
            self.own_timer = self.set_timer(0.01, lambda: self.break_at("timer"))
        if self.where == "worker":
            self.run_worker(self.work())
        if self.where == "refresh":
            self.call_after_refresh(self.break_at, "refresh")
        if self.where == "panic":
            self.panic(f"told {TOKEN}")

    async def work(self) -> None:
        self.break_at("worker")

    def on_unmount(self) -> None:
        self.break_at("unmount")

    def action_key(self) -> None:
        self.break_at("action")

    BINDINGS = [("f9", "key", "")]  # noqa: RUF012 - Textual reads it from the class


async def press_f9(app: Breaking) -> None:
    async with app.run_test() as pilot:
        await pilot.press("f9")
        await asyncio.wait_for(app._exception_event.wait(), 60)


@pytest.mark.parametrize("where", ["compose", "mount", "timer", "worker", "refresh", "action", "panic"])
async def test_wherever_it_breaks_the_report_holds_no_secrets(tmp_path: Path, where: str) -> None:
    app = Breaking(tmp_path, where)
    with pytest.raises(Exception, match=r"refused|told|failed"):
        await press_f9(app)
    assert app.return_code == EXIT_CODE
    report = written(tmp_path)
    assert report
    assert secrets_in(report) == []


def test_a_secret_in_the_text_of_an_exception_is_masked_however_it_is_written() -> None:
    texts = (
        f"card {PAN}", f"cvv {CVV}", f"token={TOKEN}", f"Authorization: Bearer {TOKEN}", f"smtp://ada:{PASSWORD}@mail/",
        f"password: '{PASSWORD}'", f"(stolen) [SQL: INSERT]\n[parameters: ('{PASSWORD}', '{TOKEN}')]", f"{{'api_key': '{TOKEN}'}}",
    )  # fmt: skip
    for text in texts:
        report = report_of(RuntimeError(text))
        assert secrets_in(report) == [], text
        assert "correct" not in report.replace("Correct", ""), text


def test_causes_and_groups_are_told_too_and_a_broken_exception_does_not_hide_them() -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def grouped() -> None:
        try:
            raise Broken
        except Broken as error:
            raise ExceptionGroup("several", [KeyError("first"), ValueError(f"second {PAN}")]) from error

    with pytest.raises(ExceptionGroup) as caught:
        grouped()
    report = report_of(caught.value)
    assert all(word in report for word in ("Broken", "KeyError", "ValueError", "several"))
    assert secrets_in(report) == []


def test_a_thread_that_breaks_is_recorded_and_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise RuntimeError(f"in a thread with {PAN}")

    with catch_strays(tmp_path):
        thread = threading.Thread(target=broken)
        thread.start()
        thread.join()
    assert capfd.readouterr() == ("", "")
    assert "in a thread" in written(tmp_path)
    assert secrets_in(written(tmp_path)) == []


def test_a_folder_that_cannot_be_written_still_gives_a_number(tmp_path: Path) -> None:
    (tmp_path / "crashes").write_text("in the way")
    crash = record_crash(RuntimeError("x"), tmp_path)
    assert crash.file is None
    assert crash.reference in crash.message and "could not be written" in crash.message


def test_only_the_last_fifty_reports_are_kept(tmp_path: Path) -> None:
    for _ in range(55):
        record_crash(RuntimeError("x"), tmp_path)
    assert len(list((tmp_path / "crashes").glob("*.txt"))) == 50


def test_what_the_app_says_on_leaving_is_no_markup(tmp_path: Path) -> None:
    app = CitizenApp[None](state_folder=tmp_path)
    assert isinstance(app, App)
    app.exit(message="[/] [@click=app.quit]x[/] \x1b]0;PWNED\x07")
    [said] = app._exit_renderables
    assert str(said) == "[/] [@click=app.quit]x[/] \ufffd]0;PWNED\ufffd"
