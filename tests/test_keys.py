"""The key map: one letter, one meaning; nothing that a terminal takes away; every key in help, bar and docs."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.screen import Screen

from opsdesk.key_docs import help_rows, keys_markdown, screen_names
from opsdesk.keys import COMMANDS, PLACES, Command, Mode, bindings, commands_of, place, why_not_key
from opsdesk.screens.frame.registry import SCREENS
from opsdesk.widgets.key_bar import BarKey, Hints

_SCREENS = {
    "queue": "orders",
    "order": "order",
    "outbox": "outbox",
    "templates": "templates",
    "history": "history",
    "users": "users",
    "money": "money",
    "fraud": "fraud",
    "case": "case",
    "rules": "rules",
}


def clashes(commands: tuple[Command, ...]) -> list[str]:
    """Return each key that two commands of one screen have, beside what is bound everywhere."""
    found = []
    for screen in {name for each in commands for name in each.screens} - {"everywhere"}:
        seen: dict[str, str] = {}
        for each in commands:
            if screen in each.screens or "everywhere" in each.screens:
                found += [f"{screen} {key}: {seen[key]}, {each.id}" for key in each.keys if key in seen]
                seen |= dict.fromkeys(each.keys, each.id)
    return found


def test_no_key_means_two_things_on_one_screen() -> None:
    assert clashes(COMMANDS) == []


def test_the_check_for_clashes_finds_one() -> None:
    twin = Command("order.twin", "h", "twin", "Does something else.", ("queue",))
    assert clashes((*COMMANDS, twin)) == ["queue h: order.hold, order.twin"]


def test_no_command_has_a_key_that_is_taken_elsewhere() -> None:
    assert [problem for each in COMMANDS for key in each.keys if (problem := why_not_key(key, each.id))] == []


@pytest.mark.parametrize(
    "key",
    ["ctrl+h", "ctrl+i", "ctrl+m", "ctrl+b", "ctrl+a", "ctrl+s", "ctrl+q", "f10", "f12", "alt+x", "shift+f3", "ctrl+f1",
     "ctrl+right_square_bracket", "ctrl+enter", "tilde"],
)  # fmt: skip
def test_chords_that_terminals_take_are_refused(key: str) -> None:
    assert why_not_key(key, "order.hold")


def test_a_letter_keeps_its_meaning_from_queue_to_order() -> None:
    meanings: dict[str, set[str]] = {}
    for each in (*commands_of("queue"), *commands_of("order")):
        for key in each.keys:
            meanings.setdefault(key, set()).add(each.id)
    assert {key: ids for key, ids in meanings.items() if len(ids) > 1} == {}


def test_what_is_hard_to_take_back_has_no_harmless_twin() -> None:
    letters = {key for each in COMMANDS for key in each.keys}
    assert [
        each.id for each in COMMANDS if each.danger and {each.key.upper(), each.key.lower()} - {each.key} & letters
    ] == []


def test_every_command_is_in_the_help_and_in_the_docs() -> None:
    page = keys_markdown()
    for each in COMMANDS:
        assert each.help in page
        assert each.help[-1] == "."
        if each.label:
            assert any(each.help in row for screen in each.screens for row in help_rows(screen))
    assert all(name in screen_names() for each in COMMANDS for name in each.screens)


def test_every_f_key_has_one_command_that_works_in_every_mode() -> None:
    lanes = {each.f_key: each for each in commands_of("queue", "everywhere") if each.f_key}
    assert sorted(lanes) == list(range(1, 10))


@pytest.mark.parametrize("screen", _SCREENS)
def test_every_command_has_its_action(screen: str) -> None:
    module, _, name = SCREENS[_SCREENS[screen]].partition(":")
    made: type[Screen[object]] = getattr(import_module(module), name)
    bound = commands_of(screen, "everywhere")
    # F4 and F8 are greyed with a sentence where there is nothing to choose and no next one.
    missing = {each.id for each in bound if not hasattr(made, f"action_{each.method}")}
    assert missing <= {"screen.choices", "screen.next"}


def test_f_keys_go_before_the_focused_field_and_letters_do_not() -> None:
    made = {each.key: each for each in bindings("queue", "everywhere") if isinstance(each, Binding)}
    assert all(made[f"f{number}"].priority for number in (1, 2, 3, 4, 5, 8, 9))
    assert not any(made[key].priority for key in ("h", "u", "slash", "question_mark"))
    assert made["ctrl+q"].action == "stay"


def test_the_words_of_the_lane_fit_eighty_columns() -> None:
    lane = [BarKey(each.id, f"F{each.f_key}", each.lane_label or each.label) for each in COMMANDS if each.f_key]
    row = Hints(tightens=True)
    row.show([key for key in lane if key.key != "F9"])
    shown = row.draw(80 - 25, 1)[0].plain
    for key in ("F1", "F2", "F3", "F4", "F6", "F7"):
        assert key in shown


def test_places_are_found_by_any_unique_beginning() -> None:
    assert place("ord") is place("orders") is place("queue")
    assert place("o") is None
    assert place("nowhere") is None
    assert place("") is None
    digits = [each.digit for each in PLACES if each.digit]
    assert len(digits) == len(set(digits))


def test_modes_are_three_and_one_for_all() -> None:
    assert {each.mode for each in COMMANDS} <= {Mode.BROWSE, Mode.ANY}
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", each.id) for each in COMMANDS)


def test_the_page_in_the_docs_is_the_one_that_the_table_makes() -> None:
    page = Path(__file__).parent.parent / "docs" / "keys.md"
    assert page.read_text("utf-8") == keys_markdown(), "make docs"


def test_the_command_line_prints_the_same_page(capsys: pytest.CaptureFixture[str]) -> None:
    from opsdesk.cli.keys import keys

    keys(markdown=True)
    assert capsys.readouterr().out == keys_markdown()
    keys()
    assert "Order queue" in capsys.readouterr().out
