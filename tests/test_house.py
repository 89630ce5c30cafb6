"""The rules of the house hold, and each rule would notice if they did not."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import house_rules
from tests.house_rules import Module

ROOT = Path(__file__).parent.parent
MODULES = [Module.read(ROOT, path) for path in sorted((ROOT / "opsdesk").rglob("*.py"))]
_TEXTS = {".css", ".html", ".lock", ".md", ".mako", ".py", ".subject", ".tcss", ".toml", ".txt", ".yml"}
_LONG = "def packed():\n" + "    pick()\n" * 41


def _written() -> list[Path]:
    folders = [ROOT / name for name in ("opsdesk", "data", "docs", "tests", "benchmarks", ".ci")]
    deep = [path for folder in folders for path in folder.rglob("*") if path.suffix in _TEXTS]
    return [
        *deep,
        *ROOT.glob("*.md"),
        *ROOT.glob("*.lock"),
        ROOT / "pyproject.toml",
        ROOT / "Makefile",
        ROOT / ".ci/run",
    ]


@pytest.mark.parametrize("rule", house_rules.RULES, ids=lambda rule: rule.__name__)
def test_the_rule_holds_everywhere(rule) -> None:
    assert [problem for module in MODULES for problem in rule(module)] == []


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (house_rules.too_long, "opsdesk/domain/orders/states.py", "\n" * 301),
        (house_rules.too_long, "opsdesk/domain/orders/states.py", _LONG),
        (house_rules.empty_name, "opsdesk/domain/orders/states.py", "class OrderManager: ..."),
        (house_rules.empty_name, "opsdesk/domain/helpers.py", ""),
        (house_rules.own_clock, "opsdesk/operations/orders/holds.py", "at = datetime.now(UTC)"),
        (house_rules.own_clock, "opsdesk/operations/orders/holds.py", "at = datetime.datetime.now(UTC)"),
        (house_rules.own_clock, "opsdesk/operations/orders/holds.py", "field(default_factory=datetime.utcnow)"),
        (house_rules.sleeping, "opsdesk/screens/queue/screen.py", "time.sleep(1)"),
        (house_rules.printing, "opsdesk/screens/queue/screen.py", "print('order')"),
        (house_rules.markup, "opsdesk/screens/queue/screen.py", "from rich.markup import escape"),
        (house_rules.markup, "opsdesk/screens/queue/screen.py", "Content.from_markup(name)"),
        (house_rules.textual_traps, "opsdesk/screens/queue/screen.py", "@work(thread=True)\ndef load(): ..."),
        (house_rules.textual_traps, "opsdesk/screens/queue/screen.py", "name = reactive('', recompose=True)"),
        (house_rules.textual_traps, "opsdesk/screens/queue/screen.py", "from textual.widgets import DataTable"),
        (house_rules.textual_traps, "opsdesk/screens/queue/screen.py", "chosen == Select.BLANK"),
        (house_rules.paging_by_offset, "opsdesk/store/views/queue/reading.py", "select(Order).offset(50)"),
        (house_rules.missing_docstring, "opsdesk/domain/orders/states.py", "'''Orders.'''\ndef hold(): ..."),
        (house_rules.late_annotations, "opsdesk/domain/orders/states.py", "'''Orders.'''\nimport re"),
        (house_rules.late_annotations, "opsdesk/store/tables/orders.py", "from __future__ import annotations"),
    ],
)
def test_the_rule_notices(rule, name: str, text: str) -> None:
    assert list(rule(Module(name, text, ast.parse(text))))


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (house_rules.own_clock, "opsdesk/domain/moments.py", "at = datetime.now(UTC)"),
        (house_rules.sleeping, "opsdesk/worker/rounds.py", "time.sleep(1)"),
        (house_rules.printing, "opsdesk/cli/orders.py", "print('order')"),
        (house_rules.empty_name, "opsdesk/domain/orders/states.py", "class Order: ...\ndatabase = 1"),
        (house_rules.textual_traps, "opsdesk/screens/queue/screen.py", "@work(exclusive=True)\nasync def load(): ..."),
    ],
)
def test_the_rule_leaves_good_code_alone(rule, name: str, text: str) -> None:
    assert list(rule(Module(name, text, ast.parse(text)))) == []


def test_nothing_names_a_machine_or_is_left_unfinished() -> None:
    found = []
    for path in _written():
        text = path.read_text(encoding="utf-8", errors="replace")
        found += house_rules.unwanted_text(path.relative_to(ROOT).as_posix(), text)
    assert found == []


@pytest.mark.parametrize(
    "text", ["see /ro" + "ot/notes", "from /wo" + "rk/main/x", "# TO" + "DO later", "py" + "pi.org"]
)
def test_unwanted_text_is_noticed(text: str) -> None:
    assert list(house_rules.unwanted_text("README.md", text))


def _contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("module", "bad_import", "broken"),
    [
        ("domain/money.py", "import sqlmodel", "domain knows the standard library only"),
        ("domain/money.py", "import opsdesk.store.engine", "domain knows the standard library only"),
        ("store/engine.py", "import opsdesk.operations", "store knows domain, and nothing of who asks"),
        ("integrations/ports.py", "import opsdesk.store", "integrations know domain and ports"),
        ("operations/__init__.py", "import opsdesk.integrations.mail", "operations know domain, store and ports"),
        ("demo/__init__.py", "import opsdesk.operations", "the demo knows domain and store"),
        ("screens/__init__.py", "import opsdesk.store.tables", "screens know operations and views"),
        ("screens/__init__.py", "from sqlmodel import Session", "screens know operations and views"),
        ("widgets/__init__.py", "import opsdesk.operations", "widgets know nothing of orders"),
        ("screens/__init__.py", "import opsdesk.integrations.mail", "only cli, app and worker choose providers"),
        ("worker/__init__.py", "import textual", "only what is drawn knows Textual and Rich"),
        ("worker/__init__.py", "import stripe", "only the adapter of a gateway knows its library"),
        ("settings.py", "import keyring", "only secrets are read from a keyring"),
        ("screens/__init__.py", "import opsdesk.integrations.payments", "only cli, app and worker choose providers"),
    ],
)
def test_a_planted_import_breaks_its_contract(tmp_path: Path, module: str, bad_import: str, broken: str) -> None:
    shutil.copytree(ROOT / "opsdesk", tmp_path / "opsdesk", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / "opsdesk" / module
    planted.write_text(f"{planted.read_text(encoding='utf-8')}\n{bad_import}\n", encoding="utf-8")

    answer = _contracts(tmp_path)

    assert answer.returncode == 1, answer.stderr
    assert any(line.startswith(broken) and line.endswith("BROKEN") for line in answer.stdout.splitlines())


def test_the_contracts_hold() -> None:
    answer = _contracts(ROOT)

    assert answer.returncode == 0, answer.stdout + answer.stderr
