"""Keys that wait for an answer that does not come: what leaves goes first, and no command lands in the wrong place."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from opsdesk.widgets.fields import Field
from opsdesk.widgets.form import Form
from tests.widgets.tiny import Tiny, burst, calm, running, until

_FOR_EVER = 600.0


class Slow(Tiny):
    """Writes down which commands act; a code that is scanned is told too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "act('cancelled')"), Binding("L", "act('locked')"), Binding("f3", "act('left')"),
        Binding("y", "act('released')"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__(lane=True)
        self.did: list[str] = []

    def action_act(self, what: str) -> None:
        self.did.append(what)

    def hold(self, longest_s: float, *, patience_s: float) -> None:
        assert self.key_lane is not None
        self.let_go = self.key_lane.hold(longest_s, patience_s=patience_s)


async def test_commands_wait_for_the_answer_in_order() -> None:
    app = Slow()
    async with running(app) as pilot:
        app.hold(_FOR_EVER, patience_s=0)
        burst(app, ["x", "y"])
        await calm(pilot)
        assert app.did == []
        app.let_go()
        await until(lambda: len(app.did) == 2)
    assert app.did == ["cancelled", "released"]


async def test_commands_that_waited_in_vain_come_to_nothing_and_later_ones_act() -> None:
    app = Slow()
    async with running(app):
        app.hold(0.1, patience_s=0)
        burst(app, ["x", "y"])
        await until(lambda: app.key_lane is not None and app.key_lane.is_idle)
        burst(app, ["x"])
        await until(lambda: app.did)
    assert app.did == ["cancelled"]


async def test_after_a_moment_a_key_that_leaves_passes_by_the_commands_before_it() -> None:
    app = Slow()
    async with running(app):
        app.hold(_FOR_EVER, patience_s=0.1)
        burst(app, ["x", "f3", "y"])
        await until(lambda: len(app.did) == 2)
    # What came behind it was meant for what lies beneath.
    assert app.did == ["left", "released"]


async def test_a_key_that_leaves_need_not_have_waited_from_the_beginning() -> None:
    app = Slow()
    async with running(app) as pilot:
        app.hold(_FOR_EVER, patience_s=0)
        burst(app, ["x"])
        await calm(pilot)
        burst(app, ["L"])
        await until(lambda: app.did)
    assert app.did == ["locked"]


async def test_a_letter_inside_a_scanned_code_leaves_nothing() -> None:
    app = Slow()
    async with running(app) as pilot:
        app.hold(_FOR_EVER, patience_s=0)
        burst(app, [*"4006L38133", "enter"])
        await calm(pilot)
        assert app.did == []
        app.let_go()


async def test_text_goes_on_in_its_field_after_a_moment() -> None:
    app = Slow()
    form = Form((Field("one", "One"),))
    async with running(app):
        await app.mount(form)
        form.focus_field()
        app.hold(_FOR_EVER, patience_s=0.1)
        burst(app, [*"xyL"])
        await until(lambda: form.values["one"] == "xyL")
    assert app.did == []
