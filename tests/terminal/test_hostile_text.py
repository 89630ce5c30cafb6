"""A customer's name is shown, and does nothing: no markup, no escape, no disguise (bars I1, I2, I3)."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unicodedata import category

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.color import Color
from textual.content import Content
from textual.widgets import Static
from wcwidth import wcswidth

from opsdesk.domain.text import MARK, clean_line
from opsdesk.terminal.filter import TERMINAL_FILTER
from opsdesk.terminal.text import MIXED, fitted, joined, rich_text, shown, shown_lines, shown_name
from tests.domain.test_text import NAMES
from tests.pty_driver import Terminal

MARKUP = (
    "[bold]VIP[/bold]", "Bob [/] x", "[/red]", "item [0]", '{"a": [1, {"b": []}]}', "[sys:LOCK=SAFE]", "[b + text",
    "[@click=app.pwn]x[/]", "[#ff0]", "[link=http://evil]", '[link="http://evil"]', "Größe [XL]", "[ @click=app.pwn]Z",
    "[\n@click=app.pwn]Z", "x [/", "[$x]", "[", "x [b +", "tail\\", "$name", "[foo=\"", "5 < [3] x",
)  # fmt: skip
# Each dangerous thing once, with a word of its own to find it by.
STEERING = {
    "title": b"\x1b]0;PWNED",
    "clipboard": b"\x1b]52;c;UFdORUQ",
    "colour": b"\x1b[31mPWN",
    "clear": b"\x1b[2JPWN",
    "report": b"\x1b[6nPWN",
    "device": b"\x1bPqPWN",
    "reset": b"\x1bcPWN",
    "c1": "\x9b31mPWN".encode(),
    "c1 title": "\x9d0;PWN".encode(),
    "null": b"PWN\x00PWN",
    "backspace": b"PWN\x08PWN",
    "shift out": b"PWN\x0ePWN",
    "tab feed": b"PWN\x0bPWN",
    "form feed": b"PWN\x0cPWN",
    "delete": b"PWN\x7fPWN",
    "bell": b"PWN\x07PWN",
    "override": "PWN\u202ePWN".encode(),
    "isolate": "PWN\u2066PWN".encode(),
    "zero width": "PWN\u200bPWN".encode(),
    "separator": "PWN\u2028PWN".encode(),
    "tag": "PWN\U000e0041PWN".encode(),
}
PAYLOAD = b" ".join(STEERING.values()).decode()


@contextmanager
def showing(text: str, state: Path, mode: str = "") -> Iterator[Terminal]:
    environment = {"SAMPLE_TEXT": json.dumps(text), "SAMPLE_STATE": str(state), "SAMPLE_MODE": mode}
    with Terminal.run([sys.executable, "-m", "tests.terminal.sinks_app"], environment=environment) as terminal:
        terminal.wait_for("row 1")
        terminal.wait_until_quiet()
        terminal.send("\t\t")
        terminal.wait_until_quiet()
        yield terminal


def leaked(raw: bytes) -> list[str]:
    return [name for name, sequence in STEERING.items() if sequence in raw]


def test_no_byte_that_steers_reaches_the_terminal(tmp_path: Path) -> None:
    with showing(PAYLOAD, tmp_path) as terminal:
        assert "PWN" in terminal.text
        assert MARK in terminal.text
        assert leaked(bytes(terminal.raw)) == []
        assert not re.search(rb"\xc2[\x80-\x9f]|\xe2\x80[\x8b\xa8-\xae]|\xf3\xa0", bytes(terminal.raw))


def test_a_cleaned_text_reaches_the_terminal_clean_and_readable(tmp_path: Path) -> None:
    with showing(clean_line(PAYLOAD, longest=500), tmp_path) as terminal:
        assert "]0;PWNED" in terminal.text
        assert leaked(bytes(terminal.raw)) == []


def test_control_without_the_last_guard_the_payload_goes_out(tmp_path: Path) -> None:
    with showing(PAYLOAD, tmp_path, "unfiltered") as terminal:
        assert {"title", "clipboard", "clear", "c1", "override"} <= set(leaked(bytes(terminal.raw)))


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_shown_letter_by_letter_and_does_nothing(text: str) -> None:
    for made in (shown(text), shown(text, "bold"), shown_name(text), shown_lines(text), rich_text(text)):
        assert str(made) in (text, " ".join(text.split()))
    row = joined(("Name: ", "bold"), text, ("!", "$error"))
    assert str(row).startswith("Name: ") and str(row).endswith("!")
    spans = {str(span.style) for span in row.spans}
    assert spans <= {"bold", "$error"}
    assert not any(style.meta for span in shown(text).spans if hasattr(style := span.style, "meta"))


async def test_every_markup_text_survives_on_a_screen() -> None:
    class Wall(App[None]):
        pwned = False

        def compose(self) -> ComposeResult:
            yield from (Static(joined(("> ", "bold"), text), id=f"text{place}") for place, text in enumerate(MARKUP))

        def action_pwn(self) -> None:
            self.pwned = True

    app = Wall()
    async with app.run_test(size=(80, 60)) as pilot:
        for place in range(len(MARKUP)):
            await pilot.click(f"#text{place}", offset=(3, 0))
        seen = [str(static.render()) for static in app.query(Static)]
    assert seen == [f"> {' '.join(text.split()) if chr(10) in text else text}" for text in MARKUP]
    assert not app.pwned


async def test_control_the_same_texts_as_plain_strings_end_the_app() -> None:
    with pytest.raises(Exception, match="closing tag"):
        await show(Static("Bob [/] x"))


async def show(widget: Static) -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        await app.mount(widget)
        await pilot.pause()


def test_a_disguise_gets_a_mark() -> None:
    assert str(shown_name("Pаypal GmbH")) == f"Pаypal{MIXED} GmbH"
    assert str(shown_name("Анна Schmidt")) == "Анна Schmidt"
    assert str(shown("abc\u202edef")) == f"abc{MARK}def"
    assert str(shown("Pay\u200bPal")) == f"Pay{MARK}Pal"
    assert str(shown("two\nlines\tand tab")) == "two lines and tab"
    assert isinstance(shown("x"), Content)


def drawn(text: str) -> str:
    [segment] = TERMINAL_FILTER.apply([Segment(text)], Color(0, 0, 0))
    return segment.text


@pytest.mark.parametrize(
    "text",
    [
        PAYLOAD,
        "a\x1b[2Jb",
        "漢字\u202e漢字",
        "e" + "\u0301" * 5_000,
        "x\u200d",
        "\udcff",
        *(f"{name}\x1b" for name in NAMES),
    ],
)
def test_the_last_guard_keeps_the_width_of_a_line(text: str) -> None:
    guarded = drawn(text)
    assert cell_len(guarded) == cell_len(text)
    assert not any(category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in guarded)
    assert len(guarded) < 1_000


@pytest.mark.parametrize("name", NAMES)
def test_the_last_guard_leaves_real_names_alone(name: str) -> None:
    assert drawn(name) == name


def test_controls_of_textual_itself_pass_the_guard() -> None:
    control = Segment("\x1b[2J", None, [])
    moved = Segment("\x1b]8;;\x07", None, [(1, 2)])  # type: ignore[list-item]  # any control code
    assert TERMINAL_FILTER.apply([moved], Color(0, 0, 0)) == [moved]
    assert TERMINAL_FILTER.apply([control], Color(0, 0, 0))[0].text != control.text


def corpus() -> list[str]:
    """Put 2,000 names together from the parts of many scripts; terminals do not agree on spacing vowels of Indic ones."""
    parts = [clean_line(name, longest=60) for name in NAMES if not any(category(letter) == "Mc" for letter in name)]
    return [f"{parts[i % len(parts)]} {parts[(i * 7 + i // len(parts)) % len(parts)]}" for i in range(2_000)]


def test_names_of_all_scripts_have_the_width_that_terminals_give_them() -> None:
    wrong = [name for name in corpus() if cell_len(name) != wcswidth(name)]
    assert wrong == []


@pytest.mark.parametrize("cells", [1, 2, 5, 12, 40])
def test_a_cell_of_a_table_is_exactly_as_wide_as_its_column(cells: int) -> None:
    assert {wcswidth(fitted(name, cells)) for name in corpus()} == {cells}


def test_a_flood_of_marks_does_not_make_a_row_higher() -> None:
    flood = "Zalgo" + "\u0301\u0489" * 2_500
    assert len(fitted(flood, 20)) < 40
    assert "\n" not in str(shown(flood))
