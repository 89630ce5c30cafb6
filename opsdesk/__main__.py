"""The program: one command, its exit code, and a reference number instead of a traceback when it is our bug."""

from __future__ import annotations

import sys


def main() -> None:
    """Run one command and end the process with its exit code: 0 done, 1 refused, 2 wrong usage, 70 our bug."""
    from opsdesk.domain.errors import OpsDeskError

    try:
        if sys.argv[1:]:
            from opsdesk.cli.families import part

            part(sys.argv[1:])()
            return
        # What reads commands takes a fifth of the time to the first picture, and there is none to read.
        from opsdesk.app import run_app

        sys.exit(run_app())
    except OpsDeskError as error:
        from opsdesk.cli.output import complain

        complain(error.message)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001  the last handler of the program: anything else is our bug
        sys.exit(_our_bug(error))


def _our_bug(error: Exception) -> int:
    from opsdesk.cli.output import complain
    from opsdesk.settings import load_settings
    from opsdesk.terminal.crash import EXIT_CODE, record_crash

    complain(record_crash(error, load_settings().state_folder).message)
    return EXIT_CODE


if __name__ == "__main__":
    main()
