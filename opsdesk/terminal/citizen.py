"""The app class that behaves in a terminal, and the one way to run it.

`class OpsDesk(CitizenApp[None])` has the line filter, the guard and the crash report wired; `run_citizen(app)` runs it
and returns the exit code: 0 after a normal exit, 129 after a hang-up, 143 after SIGTERM, 130 after SIGINT, 70 after a
mistake of ours. The command line does `raise SystemExit(run_citizen(OpsDesk(...)))`.

A subclass that overrides `on_load` or `get_line_filters` calls `super()`. All names of its own begin with `ops_`,
because `App` has many private names, and a method that hits one breaks it without a warning.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from rich.console import RenderableType
from rich.text import Text
from textual import constants
from textual.app import App
from textual.filter import LineFilter
from textual.screen import Screen

from opsdesk.domain.text import visible
from opsdesk.terminal import crash
from opsdesk.terminal.filter import TERMINAL_FILTER
from opsdesk.terminal.guard import Guard, read_any_bytes

Result = TypeVar("Result")


class CitizenApp(App[Result], Generic[Result]):
    """An app that survives bytes, ends with its terminal, and shows nobody's data when it breaks.

    Args:
        state_folder: where crash reports go.
    """

    def __init__(self, *, state_folder: Path, **options: Any) -> None:
        super().__init__(**options)
        self.ops_state_folder = state_folder
        self.ops_guard = Guard(self.ops_ask_to_exit)
        self.ops_has_terminal = False

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Append the last guard against control characters."""
        return [*super().get_line_filters(), TERMINAL_FILTER]

    def on_load(self) -> None:
        """Start watching before the terminal is touched."""
        crash.catch_forgotten_tasks(asyncio.get_running_loop(), self.ops_state_folder)
        if self.ops_has_terminal:
            self.ops_guard.install()

    def ops_ask_to_exit(self, code: int) -> None:
        """Leave as soon as possible; the guard leaves for us if that does not work."""
        self.exit(return_code=code)

    async def ops_build(self, screen: Screen[Any]) -> None:
        """Do what opening a screen does before it comes up: read its styles, mount its parts."""
        self._load_screen_css(screen)
        await self._get_screen(screen)[1]

    def exit(self, result: Result | None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Leave; a message that is a text is printed as it is, never as markup."""
        if isinstance(message, str):
            message = Text(visible(message, lines=True))
        super().exit(result, return_code, message)

    def ops_crash(self, error: BaseException) -> None:
        """Record a mistake of ours, and leave with a reference number on the terminal."""
        recorded = crash.record_crash(error, self.ops_state_folder)
        self._exit_renderables[:] = [Text(recorded.message, end="\n")]
        self._return_code = crash.EXIT_CODE
        self._close_messages_no_wait()

    def _handle_exception(self, error: Exception) -> None:
        # The stock one prints every local variable on the terminal.
        if self._exception is not None:
            return
        self._exception = error
        self._exception_event.set()
        self.ops_crash(error)

    def panic(self, *renderables: RenderableType) -> None:
        """End as after any other mistake: the input thread comes here with a traceback of its own."""
        told = "; ".join(_told_by(renderable) for renderable in renderables)
        self._handle_exception(RuntimeError(f"The terminal could not be read: {told}"))


def run_citizen(app: CitizenApp[Any]) -> int:
    """Run the app on this terminal and return the exit code for the process."""
    read_any_bytes()
    # Both write every key to a file, the keys of a password among them.
    constants.LOG_FILE, constants.DEBUG = None, False  # type: ignore[misc]  # environment variables set them
    app.ops_has_terminal = True
    with crash.catch_strays(app.ops_state_folder):
        try:
            app.run()
        except KeyboardInterrupt:  # before the guard was there
            return 128 + signal.SIGINT
        except Exception as error:  # noqa: BLE001 - whatever Textual itself lets through would be printed with its data
            recorded = crash.record_crash(error, app.ops_state_folder)
            sys.stderr.write(f"{recorded.message}\n")
            return crash.EXIT_CODE
        finally:
            if app.ops_guard.exit_code is None:
                app.ops_guard.finished()
    # After a signal the hard exit stays armed: a thread that hangs must not keep the process alive.
    return app.ops_guard.exit_code or app.return_code or 0


def _told_by(renderable: RenderableType) -> str:
    # A `rich.traceback.Traceback`, by its attribute: importing that module would slow down every start.
    trace = getattr(renderable, "trace", None)
    if trace is None:
        return str(renderable)
    return ", ".join(f"{stack.exc_type}: {stack.exc_value}" for stack in trace.stacks)
