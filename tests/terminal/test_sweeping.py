"""Unused objects are swept up while a person rests, and what was there from the beginning is not looked through again."""

from __future__ import annotations

import gc
from datetime import timedelta

import pytest

from opsdesk.screens.frame.idle import Idle
from opsdesk.terminal import sweeping
from opsdesk.terminal.sweeping import Sweeper
from tests.conftest import StillClock


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Hear of freezing instead of doing it, which would last for all other tests."""
    heard: list[int] = []
    monkeypatch.setattr(sweeping, "_WORTH_KEEPING", 0)
    monkeypatch.setattr("opsdesk.terminal.sweeping.gc.freeze", lambda: heard.append(1))
    return heard


class _Ring:
    """An object that only a sweep finds to be unused."""

    gone = 0

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        _Ring.gone += 1


def test_a_rest_sweeps_up_what_the_work_before_it_has_left(frozen: list[int]) -> None:
    sweeper, before = Sweeper(), _Ring.gone
    _Ring()
    assert sweeper.sweep()
    assert _Ring.gone == before + 1


def test_a_rest_after_which_nothing_was_made_costs_nothing(frozen: list[int]) -> None:
    sweeper = Sweeper()
    sweeper.sweep()
    assert not sweeper.sweep()


def test_what_is_there_is_kept_for_good_a_few_times_only(frozen: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    sweeper = Sweeper()
    monkeypatch.setattr("opsdesk.terminal.sweeping.gc.get_count", lambda: (0, 0, 9))
    for _ in range(10):
        assert sweeper.sweep()
    assert len(frozen) == 3


def test_sweeping_seldom_is_not_sweeping_never() -> None:
    usual = gc.get_threshold()
    try:
        Sweeper().begin()
        assert all(few < many for few, many in zip(usual, gc.get_threshold(), strict=True))
        assert gc.isenabled()
    finally:
        gc.set_threshold(*usual)


def test_a_rest_is_as_long_as_it_is_said(clock: StillClock) -> None:
    idle = Idle(clock, timedelta(minutes=5))
    assert not idle.has_rested(timedelta(seconds=1))
    clock.advance(seconds=1)
    assert idle.has_rested(timedelta(seconds=1))
    idle.touch()
    assert not idle.has_rested(timedelta(seconds=1))
