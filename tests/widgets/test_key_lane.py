"""A key that arrives while the one before it still has its effect is done by itself, not with the next key."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App, ComposeResult

from opsdesk.key_lane import KeyLane, begins_a_scan
from opsdesk.widgets.fields import Field
from opsdesk.widgets.form import Form
from tests.widgets.tiny import Tiny, burst, calm, running, until


class _Busy(KeyLane):
    """A lane in which another key arrives at the last moment of the first one's effect."""

    def __init__(self, app: App[None], done: list[str]) -> None:
        async def dispatch(event: events.Event) -> None:
            assert isinstance(event, events.Key)
            done.append(event.key)

        super().__init__(app, dispatch)
        self.late: list[events.Key] = [events.Key("n", "n")]

    async def _settle(self) -> None:
        is_last = not self._waiting
        await super()._settle()
        if is_last and self.late:
            self.take(self.late.pop())


async def test_a_key_in_the_last_moment_is_not_left_lying() -> None:
    done: list[str] = []
    app: App[None] = App()
    async with app.run_test():
        lane = _Busy(app, done)
        lane.take(events.Key("enter", "\r"))
        await until(lambda: lane.is_idle and not lane.late)
    assert done == ["enter", "n"]


class _Filled(Tiny):
    """A form whose fields hold something."""

    def __init__(self) -> None:
        super().__init__(lane=True)

    def compose(self) -> ComposeResult:
        self.form = Form((Field("one", "One", "old"), Field("two", "Two", "older")))
        yield self.form

    def on_mount(self) -> None:
        self.form.focus_field()


async def test_letters_wait_for_the_key_that_empties_the_field() -> None:
    """Ctrl+U and the new text in one burst: the text must not be what is deleted."""
    app = _Filled()
    async with running(app) as pilot:
        burst(app, ["ctrl+u", *"new", "tab", "ctrl+u", *"newer", "home", "x"])
        lane = app.key_lane
        assert lane is not None
        await until(lambda: lane.is_idle and app.form.values["two"])
        await calm(pilot)
        assert app.form.values == {"one": "new", "two": "xnewer"}


@pytest.mark.parametrize(
    ("keys", "is_scan"),
    [
        ("00340434161094042557\r", True),
        ("1Z999AA10123456784\t", True),
        ("4006381333931\n", True),
        ("00340434161094042557", False),
        ("1234567\r", False),
        ("nCall back 0301234567 today\r", False),
        ("ABCDEFGHIJ\r", False),
        ("/berlin 12345678\r", False),
        ("", False),
    ],
)
def test_a_code_that_arrives_at_once_is_a_scan_and_typed_ahead_words_are_none(keys: str, is_scan: bool) -> None:
    ends = {"\r": "enter", "\n": "ctrl+j", "\t": "tab"}
    assert begins_a_scan([events.Key(ends.get(key, key), key) for key in keys]) is is_scan
