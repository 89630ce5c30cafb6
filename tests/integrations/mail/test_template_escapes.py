"""Known ways out of a template sandbox: none of them leads anywhere from the locked room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment

from opsdesk.integrations.mail.contexts import EXAMPLE_SHOP, example_facts, mail_context
from opsdesk.integrations.mail.locked_press import LockedPress

WITNESS = "opsdesk-was-here"
CONTEXT = mail_context(example_facts(), EXAMPLE_SHOP, "en")
RUN = f"os.popen('echo {WITNESS}').read()"

ESCAPES = [
    # objects and classes
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__']['__base__']['__subclasses__']() }}",
    "{{ ().__class__.__bases__[0].__subclasses__() }}",
    "{{ [].__class__.__base__.__subclasses__() }}",
    "{{ {}.__class__.mro() }}",
    "{{ order.__class__ }}",
    "{{ order.__init__.__globals__ }}",
    "{{ order['__class__'] }}",
    "{{ order|attr('__class__') }}",
    "{{ ''|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ ''|attr(['_'*2,'class','_'*2]|join) }}",
    "{{ ''|attr('__cla' ~ 'ss__') }}",
    "{{ ''['__cla'~'ss__'] }}",
    "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ (1).__class__ }}",
    "{{ true.__class__.__base__ }}",
    "{{ none.__class__ }}",
    # what Jinja itself offers
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__class__ }}",
    "{{ lipsum.__globals__ }}",
    f"{{{{ lipsum.__globals__.{RUN} }}}}",
    f"{{{{ cycler.__init__.__globals__.{RUN} }}}}",
    f"{{{{ joiner.__init__.__globals__.{RUN} }}}}",
    f"{{{{ namespace.__init__.__globals__.{RUN} }}}}",
    "{{ namespace(a=1) }}",
    "{{ dict(a=1).__class__ }}",
    "{{ range(10) }}",
    "{{ config }}",
    "{{ request.application.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ loop.__class__ }}",
    "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in [1] %}{{ loop._iterator }}{% endfor %}",
    "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
    "{% macro m() %}{{ caller.__class__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{{ m.__init__.__globals__ }}",
    "{{ missing.__class__ }}",
    "{{ missing.__init__.__globals__ }}",
    # The formatting methods: CVE-2016-10745, CVE-2019-10906, CVE-2024-56326, CVE-2025-27516.
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{a.__class__}'.format_map({'a': 1}) }}",
    "{{ '%s'|format(1) }}",
    "{{ ('{0.__class__}'|attr('format'))(1) }}",
    "{{ ['{0.__class__}']|map('format', 1)|list }}",
    "{{ ['{0.__class__.__init__.__globals__}'.format]|map('string')|list }}",
    "{% set f = '{0.__class__}'.format %}{{ f(1) }}",
    "{{ ('{0.__class__.__base__}'.format|string) }}",
    "{{ [1]|map(attribute='__class__')|list }}",
    "{{ ['x']|groupby('__class__')|list }}",
    "{{ ['']|sum(attribute='__class__') }}",
    "{{ [''] | sort(attribute='__class__') }}",
    "{{ ['']|unique(attribute='__class__')|list }}",
    "{{ ['']|min(attribute='__class__') }}",
    "{{ ['']|join(',', attribute='__class__') }}",
    "{{ ''|xmlattr }}",
    "{{ [1]|tojson.__globals__ }}",
    "{% include '/etc/passwd' %}",
    "{% include '../../../etc/passwd' %}",
    "{% import 'os' as os %}{{ os.popen('id').read() }}",
    "{% from 'os' import popen %}{{ popen('id').read() }}",
    "{% extends '/etc/passwd' %}",
    "{{ __import__('os').popen('id').read() }}",
    "{{ open('/etc/passwd').read() }}",
    "{{ eval('1337*7') }}",
    "{% do order.clear() %}",
    "{{ order.clear() }}",
    "{{ order.update({'number': 'changed'}) }}",
    "{{ order.lines.append(1) }}",
    "{{ order.lines.pop() }}",
    "{% set order.number = 'changed' %}",
    "{{ ''.join.__self__ }}",
    "{{ order.keys.__self__ }}",
    "{% print ''.__class__ %}",
    "{# #}{{ ''.__class__ }}",
    "{{ (''.__class__,) }}",
    "{{ {'a': ''.__class__} }}",
    "{% if ''.__class__ %}{% endif %}{{ ''.__doc__ }}",
]
TRACES = (
    "<class",
    "<function",
    "<built-in",
    "<module",
    "<bound",
    "root:",
    "uid=",
    "object at 0x",
    "9359",
    "changed",
    WITNESS,
)


@pytest.fixture(scope="module")
def press() -> Iterator[LockedPress]:
    made = LockedPress()
    yield made
    made.close()


def _leaks(output: str) -> bool:
    return any(trace in output for trace in TRACES)


@pytest.mark.parametrize("source", ESCAPES)
def test_no_known_escape_gets_out(press: LockedPress, source: str) -> None:
    reply = press.ask({"body.txt": source}, CONTEXT)
    parts = reply.get("parts")
    assert parts is None or not _leaks(str(parts)), reply


def test_there_are_enough_of_them_and_a_bare_environment_lets_them_out() -> None:
    """The control: the same texts, without the sandbox."""
    assert len(ESCAPES) >= 60
    leaked = 0
    for source in ESCAPES:
        try:
            leaked += _leaks(Environment(extensions=["jinja2.ext.do"]).from_string(source).render(CONTEXT))
        except Exception:  # noqa: BLE001  whatever a hostile text raises, it did not leak
            continue
    assert leaked >= 25


def test_the_room_holds_no_secret_and_no_way_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSDESK_SMTP_URL", "smtps://desk:geheim-4711@mail.example")
    press = LockedPress()
    press.ask({"body.txt": "fine"}, {})
    child = press._child
    assert child is not None
    environment = Path(f"/proc/{child.pid}/environ")
    if environment.exists():
        assert b"geheim" not in environment.read_bytes()
        limits = Path(f"/proc/{child.pid}/limits").read_text("utf-8")
        assert "Max file size             0" in limits
        assert sorted(file.name for file in Path(f"/proc/{child.pid}/fd").iterdir()) == ["0", "1", "2"]
    press.close()
    assert child.poll() is not None
