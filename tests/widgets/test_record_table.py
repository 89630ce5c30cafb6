"""Lists: the cursor stays on its record, nothing is drawn that reads the same, nothing grows with the shop."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import on

from opsdesk.theme import Tone
from opsdesk.widgets.record_table import RecordTable
from opsdesk.widgets.rows import Cell, Column, Row, cut, fit
from tests.widgets.tiny import Tiny, calm, running

_COLUMNS = (Column("number", "ORDER", 8), Column("name", "NAME", 6, grows=True), Column("extra", "EXTRA", 6, needs=60))


class Page(Tiny):
    """A list and what it tells."""

    def __init__(self) -> None:
        self.table = RecordTable(_COLUMNS)
        super().__init__(self.table)
        self.pointed: list[str | None] = []
        self.ends: list[str] = []

    def on_mount(self) -> None:
        self.table.focus()

    @on(RecordTable.Pointed)
    def _pointed(self, event: RecordTable.Pointed) -> None:
        self.pointed.append(event.key)

    @on(RecordTable.NearEnd)
    def _near_end(self, event: RecordTable.NearEnd) -> None:
        self.ends.append(event.last_key)


def rows(*keys: str, name: str = "Ada Berg") -> dict[str, Row]:
    return {key: (Cell(key), Cell(name, Tone.GOOD), Cell("x")) for key in keys}


def many(count: int) -> dict[str, Row]:
    return rows(*(str(place) for place in range(count)))


def shown(table: RecordTable) -> list[str]:
    return [table.render_line(y).text for y in range(table.size.height)]


class Counted:
    """Counts the lines that are asked to be drawn again."""

    def __init__(self, table: RecordTable) -> None:
        self.lines = 0
        self._table, self._refresh = table, table.refresh

    def __enter__(self) -> Counted:
        def counting(*regions: object, **options: object) -> object:
            self.lines += sum(region.height for region in regions) if regions else 10_000  # type: ignore[attr-defined]
            return self._refresh(*regions, **options)  # type: ignore[arg-type]

        self._table.refresh = counting  # type: ignore[method-assign,assignment]
        return self

    def __exit__(self, *_: object) -> None:
        del self._table.refresh


async def test_the_cursor_stays_on_its_record_when_rows_come_before_it() -> None:
    app = Page()
    async with running(app) as pilot:
        app.table.show(rows("a", "b", "c"))
        await pilot.press("down")
        app.table.show(rows("new", "a", "b", "c"))
        assert app.table.pointed == "b"
        app.table.show(rows("a", "c"))
        assert app.table.pointed == "c"
        app.table.show({})
        assert app.table.pointed is None
        await pilot.press("down", "up", "pagedown", "end")
        app.table.show(rows("z"))
        assert app.table.pointed == "z"


async def test_what_reads_the_same_is_not_drawn_again() -> None:
    app = Page()
    async with running(app):
        app.table.show(rows("a", "b", "c"))
        with Counted(app.table) as drawn:
            app.table.show(rows("a", "b", "c"))
        assert drawn.lines == 0
        with Counted(app.table) as drawn:
            app.table.patch(rows("b", name="Emil Cohn") | rows("a"))
        assert drawn.lines == 1
        assert "Emil Cohn" in shown(app.table)[2]


async def test_a_step_draws_two_lines_whatever_the_length() -> None:
    app = Page()
    async with running(app):
        app.table.show(many(5_000))
        with Counted(app.table) as drawn:
            app.table.action_step(1)
        assert drawn.lines == 2


async def test_more_is_asked_for_before_the_end_and_once() -> None:
    app = Page()
    async with running(app) as pilot:
        app.table.show(many(100))
        await calm(pilot)
        assert app.ends == []
        await pilot.press(*["pagedown"] * 4)
        await pilot.press("down", "down")
        assert app.ends == ["99"]
        app.table.append(rows("100", "101"))
        await pilot.press("end")
        await calm(pilot)
        assert app.ends == ["99", "101"]
        assert app.table.pointed == "101"


async def test_marks_follow_their_records_and_leave_with_them() -> None:
    app = Page()
    async with running(app):
        app.table.show(rows("a", "b", "c"))
        app.table.toggle_mark()
        app.table.mark(["c"])
        assert app.table.marked == ("a", "c")
        app.table.show(rows("c", "b"))
        assert app.table.marked == ("c",)
        app.table.clear_marks()
        assert app.table.marked == ()


async def test_what_is_gone_stays_struck_through_until_the_list_is_read_again() -> None:
    app = Page()
    async with running(app):
        app.table.show(rows("a", "b"))
        app.table.strike(["b", "nobody"])
        assert app.table.is_gone("b")
        styles = [segment.style for segment in app.table.render_line(2)]
        assert any(style is not None and style.strike for style in styles)
        app.table.show(rows("a"))
        assert not app.table.is_gone("b")


async def test_hostile_text_is_only_text() -> None:
    app = Page()
    async with running(app) as pilot:
        app.table.show({"a": (Cell("[/]"), Cell("[@click=app.quit]x[/] \x1b]0;own\x07"), Cell("["))})
        await calm(pilot)
        assert "[/]" in shown(app.table)[1]
        assert app.is_running


async def test_narrow_lists_drop_columns_and_keep_the_width() -> None:
    app = Page()
    async with running(app, size=(40, 10)) as pilot:
        app.table.show(rows("a", name="A name that is far too long for this"))
        await calm(pilot)
        assert "EXTRA" not in shown(app.table)[0]
        assert {cell_len(line) for line in shown(app.table)} == {app.table.size.width}
        await pilot.resize_terminal(100, 10)
        await calm(pilot)
        assert "EXTRA" in shown(app.table)[0]
        assert app.table.pointed == "a"


async def test_an_empty_list_says_why() -> None:
    app = Page()
    async with running(app):
        app.table.show({}, empty=("Nothing is late.", "> goes to the next view."))
        assert "Nothing is late." in "\n".join(shown(app.table))


@given(st.text(max_size=30), st.integers(1, 40))
def test_a_cell_has_exactly_its_width(text: str, cells: int) -> None:
    assert cell_len(cut(text, cells)) == cells


@given(st.integers(20, 300))
def test_columns_fill_the_width_that_there_is(width: int) -> None:
    shown_columns = fit(_COLUMNS, width)
    total = sum(cells for *_, cells in shown_columns) + len(shown_columns) - 1
    assert total == max(width, total)
