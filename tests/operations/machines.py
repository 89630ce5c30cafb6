"""How the controls of state machines are run."""

from __future__ import annotations

from hypothesis import Phase, settings


def first_found(bounds: settings) -> settings:
    """Return bounds under which found is enough: neither the shortest way to it nor another one is of interest."""
    return settings(
        bounds, max_examples=200, phases=[Phase.generate], report_multiple_bugs=False, derandomize=True, database=None
    )
