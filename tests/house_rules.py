"""The rules of the house that no ready-made checker knows, each a function from a parsed module to what is wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

MODULE_LINES = 300
FUNCTION_LINES = 40
_EMPTY_NAMES = {"manager", "handler", "helper", "service", "util", "utils", "data", "info", "processor", "helpers"}
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
_MARKUP = {"Text.from_markup", "Content.from_markup", "rich.markup.escape", "textual.markup.escape"}
# Spelt in two parts, so that this file does not find itself.
_MACHINE_PATH = re.compile("/(?:wo" + "rk|ro" + r"ot|home/\w+|Us" + r"ers/\w+)/")
_PACKAGE_HOST = re.compile("(?:py" + "pi\\.org|python" + "hosted|index-" + "url)")
_UNFINISHED = re.compile(r"#.*\b(?:TO" + "DO|FIX" + "ME|X" + r"XX)\b")


@dataclass(frozen=True)
class Module:
    """One parsed module.

    Attributes:
        name: its path from the package's parent, e.g. `opsdesk/domain/money.py`.
    """

    name: str
    text: str
    tree: ast.Module

    @classmethod
    def read(cls, root: Path, path: Path) -> Module:
        text = path.read_text(encoding="utf-8")
        return cls(path.relative_to(root).as_posix(), text, ast.parse(text))

    def is_in(self, *rooms: str) -> bool:
        return self.name.startswith(tuple(f"opsdesk/{room}" for room in rooms))


def too_long(module: Module) -> Iterator[str]:
    """A module is at most 300 lines, a function 40 without its docstring; migrations are lists, not prose."""
    if module.is_in("store/migrations/"):
        return
    lines = len(module.text.splitlines())
    if lines > MODULE_LINES:
        yield f"{module.name} has {lines} lines"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring_lines(node)
            if length > FUNCTION_LINES:
                yield f"{module.name}:{node.lineno} {node.name} has {length} lines"


def empty_name(module: Module) -> Iterator[str]:
    """A name says what the shop says; these words say nothing."""
    names = [(1, Path(module.name).stem)]
    names += [(node.lineno, node.name) for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    for line, name in names:
        if found := {word.lower() for word in _WORDS.findall(name)} & _EMPTY_NAMES:
            yield f"{module.name}:{line} {name} is called {', '.join(sorted(found))}"


def own_clock(module: Module) -> Iterator[str]:
    """The moment comes from an injected clock; only domain.moments asks the machine."""
    if not module.is_in("domain/moments.py"):
        yield from _uses(module, _CLOCKS)


def sleeping(module: Module) -> Iterator[str]:
    """Only the worker has time to wait."""
    if not module.is_in("worker/"):
        yield from _uses(module, {"time.sleep"})


def printing(module: Module) -> Iterator[str]:
    """Only commands print; a print inside the app paints over the screen."""
    if not module.is_in("cli/", "__main__.py", "integrations/mail/press.py"):
        yield from _uses(module, {"print"})


def markup(module: Module) -> Iterator[str]:
    """Text from outside is never markup; escaping it is known to have holes, `Content` has none."""
    yield from _uses(module, _MARKUP)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module in {"rich.markup", "textual.markup"}:
            yield f"{module.name}:{node.lineno} imports {node.module}"


def textual_traps(module: Module) -> Iterator[str]:
    """These lose keys, apply late answers, or cost time for every row."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.keyword) and node.arg in {"thread", "recompose"} and _is_true(node.value):
            yield f"{module.name}:{node.value.lineno} says {node.arg}=True"
        if isinstance(node, ast.ImportFrom) and any(name.name == "DataTable" for name in node.names):
            yield f"{module.name}:{node.lineno} imports DataTable"
    yield from _uses(module, {"Select.BLANK"})


def paging_by_offset(module: Module) -> Iterator[str]:
    """A page is found by key; OFFSET takes a second at the far end of a million orders."""
    calls = (node for node in ast.walk(module.tree) if isinstance(node, ast.Call) and module.is_in("store/"))
    for call in calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "offset":
            yield f"{module.name}:{call.lineno} pages by offset"


def missing_docstring(module: Module) -> Iterator[str]:
    """Each public module, class and function says in one sentence what it is for."""
    if module.is_in("store/migrations/versions/"):
        return
    if not ast.get_docstring(module.tree):
        yield f"{module.name} has no docstring"
    for node in module.tree.body:
        is_definition = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if is_definition and not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{module.name}:{node.lineno} {node.name} has no docstring"


def late_annotations(module: Module) -> Iterator[str]:
    """Annotations are never evaluated, except in tables, where SQLModel reads them."""
    has_import = "from __future__ import annotations" in module.text
    is_code = len(module.tree.body) > 1
    if module.is_in("store/tables/"):
        if has_import:
            yield f"{module.name} postpones annotations that SQLModel must read"
    elif is_code and not has_import and not module.name.endswith("__init__.py"):
        yield f"{module.name} does not import annotations from __future__"


RULES: tuple[Callable[[Module], Iterator[str]], ...] = (
    too_long,
    empty_name,
    own_clock,
    sleeping,
    printing,
    markup,
    textual_traps,
    paging_by_offset,
    missing_docstring,
    late_annotations,
)


def unwanted_text(name: str, text: str) -> Iterator[str]:
    """Nothing in the repository names a machine's folders or a package host, or is left unfinished."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern in (_MACHINE_PATH, _PACKAGE_HOST, _UNFINISHED):
            if found := pattern.search(line):
                yield f"{name}:{number} says {found.group()}"


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or first.lineno) - first.lineno + 1


def _uses(module: Module, names: set[str]) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            name = ast.unparse(node)
            if name in names or any(name.endswith(f".{known}") for known in names if "." in known):
                yield f"{module.name}:{node.lineno} uses {name}"


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
