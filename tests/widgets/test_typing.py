"""Bytes that arrive together land where they were meant: fields, scans, type-ahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest
from textual import events, on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from opsdesk.key_lane import KeyLane
from opsdesk.widgets.choices import Choice, Choices
from opsdesk.widgets.confirm import Confirm
from opsdesk.widgets.fields import Field
from opsdesk.widgets.filter_line import FilterLine
from opsdesk.widgets.form import Form
from opsdesk.widgets.scan_box import GS, ScanBox
from tests.widgets.tiny import Tiny, burst, calm, running, until

_FIELDS = (Field("one", "One"), Field("two", "Two"), Field("three", "Three"))
_SCANS = [f"{place:018}" for place in range(20)]


class Paper(Tiny):
    """A form whose commit is behind the characters of the same burst, as in `FormPanel`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f9", "commit", priority=True)]

    def __init__(self, *, lane: bool = False) -> None:
        self.form = Form(_FIELDS)
        super().__init__(self.form, lane=lane)
        self.committed: list[Mapping[str, str]] = []
        self.edits: list[Mapping[str, str]] = []

    def on_mount(self) -> None:
        self.form.focus_field()

    def action_commit(self) -> None:
        (self.focused or self).call_later(lambda: self.committed.append(self.form.values))

    @on(Form.Edited)
    def _edited(self, event: Form.Edited) -> None:
        self.edits.append(event.values)


class HastyPaper(Paper):
    """Commits what the fields hold at the moment of the key: the mistake that the burst must show."""

    def action_commit(self) -> None:
        self.committed.append(self.form.values)


@pytest.mark.parametrize("lane", [True, False])
@pytest.mark.parametrize("going_on", ["tab", "enter", "ctrl+j"])
async def test_a_burst_through_three_fields_loses_no_byte(going_on: str, lane: bool) -> None:
    app = Paper(lane=lane)
    async with running(app) as pilot:
        burst(app, ["A", "A", "A", going_on, "B", "B", "B", going_on, "C", "C", "C", "f9"])
        await calm(pilot)
    assert app.committed == [{"one": "AAA", "two": "BBB", "three": "CCC"}]


async def test_a_commit_that_does_not_wait_for_the_characters_is_caught() -> None:
    app = HastyPaper()
    async with running(app) as pilot:
        burst(app, ["A", "A", "A", "tab", "B", "B", "B", "f9"])
        await calm(pilot)
    assert app.committed != [{"one": "AAA", "two": "BBB", "three": ""}]


async def test_every_pause_in_the_typing_is_told_for_the_draft_and_no_secret_is() -> None:
    app = Paper()
    secret = Form([Field("name", "Name"), Field("pin", "PIN", is_secret=True)])
    async with running(app) as pilot:
        burst(app, ["x", "y"])
        await until(lambda: app.edits[-1:] == [{"one": "xy", "two": "", "three": ""}])
        burst(app, ["z", "tab"])
        await calm(pilot)
        assert app.edits[-1]["one"] == "xyz"
        await app.mount(secret)
        assert "pin" not in secret.draft


async def test_a_mistake_stands_at_its_field_and_goes_when_it_is_corrected() -> None:
    app = Paper()
    async with running(app) as pilot:
        assert app.form.show_error("two", "There is no such street.")
        await calm(pilot)
        assert app.focused is app.form.widget("two")
        assert [str(error.render()) for error in app.query(".form--error.-wrong")] == ["▲ There is no such street."]
        burst(app, ["x"])
        await calm(pilot)
        assert not app.query(".form--error.-wrong")
        assert not app.form.show_error("nowhere", "No field has this name.")


async def test_a_paste_of_lines_and_escapes_is_one_plain_line() -> None:
    app = Paper()
    async with running(app) as pilot:
        app.post_message(events.Paste("Am Dobben 12\r\n\x1b[31m28203\tBremen\x07"))
        await calm(pilot)
        assert app.form.values["one"] == "Am Dobben 12 [31m28203 Bremen"


async def test_several_lines_keep_enter_and_leave_with_tab() -> None:
    form = Form([Field("text", "Text", rows=4), Field("next", "Next")])
    app = Tiny(form)
    async with running(app) as pilot:
        form.focus_field()
        burst(app, ["a", "enter", "b", "ctrl+j", "c", "tab", "d"])
        await calm(pilot)
        assert form.values == {"text": "a\nb\nc", "next": "d"}


class Bench(Tiny):
    """Collects scans."""

    def __init__(self, box: Input, *, lane: bool = False) -> None:
        super().__init__(box, lane=lane)
        self.scans: list[str] = []

    @on(ScanBox.Scanned)
    def _scanned(self, event: ScanBox.Scanned) -> None:
        self.scans.append(event.text)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.scans.append(event.value)
        event.input.value = ""


@pytest.mark.parametrize("lane", [True, False])
@pytest.mark.parametrize("end", ["enter", "ctrl+j", "tab"])
async def test_twenty_scans_at_once_are_twenty_scans(end: str, lane: bool) -> None:
    app = Bench(ScanBox(), lane=lane)
    async with running(app) as pilot:
        burst(app, [key for scan in _SCANS for key in (*scan, end)])
        await until(lambda: len(app.scans) >= len(_SCANS))
        await calm(pilot)
    assert app.scans == _SCANS


async def test_the_stock_input_runs_scans_together() -> None:
    app = Bench(Input())
    async with running(app) as pilot:
        burst(app, [key for scan in _SCANS for key in (*scan, "enter")])
        await calm(pilot)
    assert app.scans != _SCANS


async def test_a_separator_inside_a_scan_is_kept() -> None:
    app = Bench(ScanBox())
    async with running(app) as pilot:
        burst(app, ["0", "1", "ctrl+right_square_bracket", "2", "1", "enter"])
        await calm(pilot)
    assert app.scans == [f"01{GS}21"]


class Hold(Tiny):
    """`h` opens a list, a digit chooses from it, the next letter is a command again: keys that people type ahead."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("h", "hold"), Binding("1", "elsewhere"), Binding("x", "cancel")]

    def __init__(self, *, lane: bool) -> None:
        super().__init__(lane=lane)
        self.did: list[str] = []

    async def action_hold(self) -> None:
        choices = Choices([Choice("fraud", "fraud review"), Choice("stock", "stock")])
        await self.mount(choices)
        choices.focus()

    def action_elsewhere(self) -> None:
        self.did.append("went elsewhere")

    def action_cancel(self) -> None:
        self.did.append("cancelled")

    @on(Choices.Chosen)
    async def _chosen(self, event: Choices.Chosen) -> None:
        self.did.append(f"held for {event.key}")
        await self.query_one(Choices).remove()


async def test_keys_wait_for_what_the_key_before_them_opens() -> None:
    app = Hold(lane=True)
    async with running(app):
        burst(app, ["h", "1", "x"])
        await until(lambda: len(app.did) == 2)
    assert app.did == ["held for fraud", "cancelled"]


async def test_without_the_lane_the_same_keys_go_astray() -> None:
    app = Hold(lane=False)
    async with running(app) as pilot:
        burst(app, ["h", "1", "x"])
        await calm(pilot)
    assert app.did != ["held for fraud", "cancelled"]


async def test_a_long_text_typed_at_once_does_not_wait_key_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Paper(lane=True)
    settle, waits = KeyLane._settle, []

    async def counted(lane: KeyLane) -> None:
        waits.append(lane)
        await settle(lane)

    monkeypatch.setattr(KeyLane, "_settle", counted)
    async with running(app):
        burst(app, ["x"] * 400)
        await until(lambda: app.form.values["one"] == "x" * 400)
    assert len(waits) < 20


async def test_a_greyed_entry_says_why_and_is_not_chosen() -> None:
    choices = Choices([Choice("a", "pack"), Choice("b", "ship", why_not="It is not paid.")])
    told: list[object] = []

    class Menu(Tiny):
        @on(Choices.Refused)
        def _refused(self, event: Choices.Refused) -> None:
            told.append(event.reason)

        @on(Choices.Chosen)
        def _chosen(self, event: Choices.Chosen) -> None:
            told.append(event.key)

    app = Menu(choices)
    async with running(app) as pilot:
        choices.focus()
        await pilot.press("2", "enter", "up", "enter", "9")
        await calm(pilot)
    assert told == ["It is not paid.", "It is not paid.", "a"]


async def test_letters_narrow_a_long_list_and_digits_follow() -> None:
    names = ("mia", "tom", "tim", "sofia")
    choices = Choices([Choice(name, name) for name in names], narrows=True)
    chosen: list[str] = []

    class Menu(Tiny):
        @on(Choices.Chosen)
        def _chosen(self, event: Choices.Chosen) -> None:
            chosen.append(event.key)

    app = Menu(choices)
    async with running(app) as pilot:
        choices.focus()
        await pilot.press("t", "2")
        await pilot.press("backspace", "s", "enter")
        await calm(pilot)
    assert chosen == ["tim", "sofia"]


async def test_only_y_says_yes() -> None:
    answers: list[bool] = []

    class Asked(Tiny):
        @on(Confirm.Answered)
        def _answered(self, event: Confirm.Answered) -> None:
            answers.append(event.is_yes)

    question = Confirm("Cancel 104458, 47.10 EUR?", verb="cancel it")
    app = Asked(question)
    async with running(app) as pilot:
        question.focus()
        await pilot.press("enter", "enter", "space", "Y", "f9")
        assert answers == []
        await pilot.press("n", "y")
        await calm(pilot)
    assert answers == [False, True]


async def test_the_filter_joins_fast_letters_into_one_question() -> None:
    asked: list[tuple[str, bool]] = []

    class List(Tiny):
        @on(FilterLine.Filtered)
        def _filtered(self, event: FilterLine.Filtered) -> None:
            asked.append((event.text, event.is_final))

    line = FilterLine()
    app = List(line)
    async with running(app) as pilot:
        line.focus()
        burst(app, "berg")
        await until(lambda: asked)
        burst(app, ["enter"])
        await until(lambda: len(asked) == 2)
        burst(app, ["escape"])
        await until(lambda: len(asked) == 3)
        await calm(pilot)
    assert asked == [("berg", False), ("berg", True), ("", True)]
