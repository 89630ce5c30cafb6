"""Fill in one template set. Run as a program it is the locked room for templates that the shop wrote itself.

This file imports Jinja and the standard library only, so that the child process that runs it holds nothing worth
stealing: no settings, no store, no environment. As a program it reads one JSON request per line and answers each with
one JSON line; a request that burns more processor time than allowed ends the process.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from jinja2 import FunctionLoader, StrictUndefined, Template, TemplateError, Undefined
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

PARTS = ("subject", "text", "html")
NAMES = {"subject": "body.subject", "text": "body.txt", "html": "body.html"}
LONGEST_OUTPUT = 256 * 1024
CPU_SECONDS = 0.2
DEEPEST_CALLS = 300
"""Enough for a layout in a layout in a layout; a template that includes itself ends here before its time is up."""

_MEMORY_BYTES = 256 * 1024 * 1024


class TooLong(Exception):
    """The rendered part is longer than a mail may be."""


def environment(sources: Mapping[str, str]) -> ImmutableSandboxedEnvironment:
    """Make the sandbox over exactly these sources: nothing is ever read from a folder."""
    sandbox = ImmutableSandboxedEnvironment(
        # The file name is the source's own name, so that a traceback tells in which one it went wrong.
        loader=FunctionLoader(lambda name: (sources[name], name, lambda: True) if name in sources else None),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        cache_size=0,
    )
    # What is left out cannot be abused: a letter needs no joiner, cycler or namespace, and no way to undo escaping.
    sandbox.globals.clear()
    for name in (
        "safe",
        "attr",
        "format",
        "string",
        "pprint",
        "tojson",
        "xmlattr",
        "map",
        "select",
        "reject",
        "groupby",
    ):
        sandbox.filters.pop(name, None)
    return sandbox


def _printable(value: object) -> object:
    """Let nothing into a letter but words and numbers: methods and lists print their insides."""
    if value is None:
        return ""
    if isinstance(value, str | int | Undefined):
        return value
    raise SecurityError("Only words and numbers can stand in a letter.")


def fill_in(sources: Mapping[str, str], context: Mapping[str, object]) -> dict[str, str]:
    """Fill in every body part that `sources` holds.

    Raises:
        jinja2.TemplateError: a part cannot be filled in.
        TooLong: a part is longer than 256 kB.
    """
    sandbox = environment(sources)
    return {part: _bounded(sandbox.get_template(name), context) for part, name in NAMES.items() if sources.get(name)}


def _bounded(template: Template, context: Mapping[str, object]) -> str:
    pieces: list[str] = []
    length = 0
    for piece in template.generate(dict(context)):
        length += len(piece.encode("utf-8", "replace"))
        if length > LONGEST_OUTPUT:
            raise TooLong(f"The result is longer than {LONGEST_OUTPUT // 1024} kB.")
        pieces.append(piece)
    return "".join(pieces)


def problem_of(error: Exception, sources: Mapping[str, str]) -> dict[str, object]:
    """Say which template, which line and what, in plain values."""
    name, line = _place(error, sources)
    if isinstance(error, MemoryError):
        message = "The template needs too much memory."
    elif isinstance(error, RecursionError):
        message = "The template includes itself."
    else:
        message = str(error) or type(error).__name__
    return {"template": name, "line": line, "problem": message[:500]}


def _place(error: Exception, sources: Mapping[str, str]) -> tuple[str, int]:
    name, line = getattr(error, "name", None), getattr(error, "lineno", None)
    if isinstance(name, str) and isinstance(line, int):
        return name, line
    place = ("", 1)
    trace = error.__traceback__
    while trace is not None:
        # Jinja rewrites tracebacks so that a frame carries the template's name as its file.
        if trace.tb_frame.f_code.co_filename in sources or trace.tb_frame.f_globals.get("__jinja_template__"):
            place = (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return place


def answer(request: Mapping[str, object]) -> dict[str, object]:
    """Answer one request: the filled-in parts, or where and why it failed."""
    sources, context = request["sources"], request["context"]
    if not isinstance(sources, dict) or not isinstance(context, dict):
        return {"template": "", "line": 1, "problem": "The request is not one."}
    try:
        return {"parts": fill_in(sources, context)}
    except (TemplateError, TooLong, MemoryError, RecursionError, ArithmeticError, LookupError, TypeError, ValueError,
            AttributeError) as error:  # fmt: skip
        return problem_of(error, sources)


def main(requests: IO[str], answers: IO[str]) -> None:
    """Serve requests until the pipe closes."""
    # Jinja imports some of its modules at the first failure; afterwards nothing can be opened any more.
    answer({"sources": {"body.txt": "{{ 'a' ~ missing.token }}"}, "context": {}})
    answer({"sources": {"body.html": "{% for"}, "context": {}})
    _lock_down()
    sys.setrecursionlimit(DEEPEST_CALLS)
    for line in requests:
        # The default action of SIGVTALRM ends the process, inside a long C call too.
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
        reply = json.dumps(answer(json.loads(line)))
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        answers.write(reply + "\n")
        answers.flush()


def _lock_down() -> None:
    used = resource.getrlimit(resource.RLIMIT_AS)[1]
    ceiling = _address_space() + _MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (ceiling if used < 0 else min(used, ceiling),) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Nothing can be opened and nothing started any more; the pipes are open already.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    if hasattr(resource, "RLIMIT_NPROC"):
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _address_space() -> int:
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    except OSError:
        return 1024 * 1024 * 1024


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
