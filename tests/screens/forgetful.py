"""The control of the draft tests: the same program, whose forms never write a draft down."""

from __future__ import annotations

from opsdesk.screens.forms import base


def _forget(*_arguments: object, **_named: object) -> None:
    """Keep nothing."""


base.save_draft = _forget  # type: ignore[assignment]

if __name__ == "__main__":
    from opsdesk.__main__ import main

    main()
