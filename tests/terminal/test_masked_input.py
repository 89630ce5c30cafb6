"""What is typed into a masked field can be used, and neither copied, shown, logged nor drafted (bar P5)."""

from __future__ import annotations

from pathlib import Path

import pytest
import rich.pretty
from textual import constants, events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.widgets import Input

from opsdesk.terminal.citizen import CitizenApp, run_citizen
from opsdesk.terminal.masked_input import Secret, SecretInput

PIN = "739204"


class Asking(App[None]):
    """Asks for a PIN, and keeps what it hears."""

    def __init__(self, field: type[Input], **options: object) -> None:
        super().__init__()
        self.field = field(id="pin", **options)  # type: ignore[arg-type]  # the stock one takes `password`
        self.heard: list[Message] = []
        self.copied: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.field

    def on_input_changed(self, message: Input.Changed) -> None:
        self.heard.append(message)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        self.heard.append(message)

    def on_input_blurred(self, message: Input.Blurred) -> None:
        self.heard.append(message)

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)


async def typed(app: Asking) -> str:
    """Type the PIN, try to copy and cut it in every way, send it; return all that could be read of it."""
    async with app.run_test() as pilot:
        await pilot.press(*PIN, "enter", "home", "shift+end", "ctrl+c", "ctrl+x", "ctrl+a", "ctrl+c", "super+c")
        await pilot.click("#pin", times=2)
        await pilot.press("ctrl+c")
        app.screen.set_focus(None)
        await pilot.pause()
        readable = [repr(message) for message in app.heard]
        readable += [rich.pretty.pretty_repr(message, expand_all=True) for message in app.heard]
        readable += [repr(app.field), repr(app.field.value), rich.pretty.pretty_repr(app.field)]
        readable += [str(app.screen.get_selected_text()), app.clipboard, *app.copied]
        readable.append("\n".join(str(strip.text) for strip in app.screen._compositor.render_strips()))
        return "\n".join(readable)


async def test_what_is_typed_cannot_be_read_anywhere() -> None:
    app = Asking(SecretInput)
    assert PIN not in await typed(app)
    assert not any(app.copied)
    assert app.field.value == PIN


async def test_control_the_stock_masked_field_tells() -> None:
    told = await typed(Asking(Input, password=True))
    assert PIN in told


async def test_whoever_asks_for_it_gets_it_once() -> None:
    app = Asking(SecretInput)
    async with app.run_test() as pilot:
        await pilot.press(*PIN)
        field = app.query_one(SecretInput)
        taken = field.take()
        assert (taken, type(taken), field.value) == (PIN, str, "")


async def test_the_mask_cannot_be_taken_off() -> None:
    app = Asking(SecretInput)
    async with app.run_test() as pilot:
        await pilot.press(*PIN)
        app.field.password = False
        await pilot.pause()
        assert app.field.password
        assert app.query_one(SecretInput).IS_SECRET


def test_a_secret_shows_itself_in_no_repr_and_is_equal_to_its_text() -> None:
    secret = Secret(PIN)
    assert PIN not in f"{secret!r} {[secret]} {(secret,)}"
    assert secret == PIN and len(secret) == 6


@pytest.fixture
def asked_for_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "LOG_FILE", str(tmp_path / "textual.log"))
    monkeypatch.setattr(constants, "DEBUG", True)
    return tmp_path


def test_keys_are_written_to_no_log_even_when_the_environment_asks_for_it(
    asked_for_logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Typed(CitizenApp[None]):
        def run(self, **_options: object) -> None:  # type: ignore[override]
            self.log(events.Key("7", "7"), PIN)

    monkeypatch.chdir(asked_for_logs)
    app = Typed(state_folder=asked_for_logs)
    app.log(PIN)
    assert PIN in (asked_for_logs / "textual.log").read_text()  # the control: so Textual would
    (asked_for_logs / "textual.log").unlink()
    assert run_citizen(app) == 0
    assert not (asked_for_logs / "textual.log").exists()
