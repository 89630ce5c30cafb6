"""A small app with OpsDesk's terminal guard, and the same one without; each test names what it should do."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.widgets import Input, Static

from opsdesk.terminal.citizen import CitizenApp, run_citizen
from opsdesk.terminal.masked_input import SecretInput

PAN, CVV = "4111 1111 1111 1111", "737"
TOKEN, PASSWORD = "tok_live_9f8e7d6c5b4a39281706", "correct horse battery"
MODE = os.environ.get("SAMPLE_MODE", "")


class Behaviour:
    """What the sample does, whichever app it is mixed into."""

    ticks = 0

    def compose(self) -> ComposeResult:
        yield Static("ready", id="state")
        yield Input(id="typed")
        yield SecretInput(id="secret")

    def on_mount(self: Any) -> None:
        if "busy" in MODE:
            self.set_interval(1 / 50, self.ops_tick)

    def ops_tick(self: Any) -> None:
        self.ticks += 1
        filler = chr(ord("a") + self.ticks % 26) * (self.size.width * (self.size.height - 8))
        self.query_one("#state", Static).update(f"tick {self.ticks} {filler}")

    def on_input_changed(self: Any, event: Input.Changed) -> None:
        if event.input.id == "typed":
            if "busy" not in MODE:
                self.query_one("#state", Static).update(f"typed <{len(event.value)}>", layout=False)
            if event.value.endswith("!"):
                crash_here()

    def key_f9(self: Any) -> None:
        crash_here()


def crash_here() -> None:
    number, code, token, password = PAN, CVV, TOKEN, PASSWORD
    if "message" in MODE:
        raise ValueError(f"bad card {number} cvv {code} token={token} password: '{password}'")
    raise RuntimeError(f"no such luck {len((number, code, token, password))}")


class Guarded(Behaviour, CitizenApp[None]):
    pass


class Bare(Behaviour, App[None]):
    pass


if __name__ == "__main__":
    if "nohup" in MODE:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if "bare" in MODE:
        bare = Bare()
        bare.run()
        sys.exit(bare.return_code)
    sys.exit(run_citizen(Guarded(state_folder=Path(os.environ["SAMPLE_STATE"]))))
