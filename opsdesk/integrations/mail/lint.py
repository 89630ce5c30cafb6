"""Find what is wrong with a template before a customer does: called on every save."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from jinja2 import TemplateSyntaxError, meta, nodes

from opsdesk.domain.mails.outgoing import forbidden_words, header_problem
from opsdesk.integrations.mail import press
from opsdesk.integrations.ports import Plain, TemplateProblem, TemplateText

_ACTIVE_HTML = re.compile(
    r"<\s*(script|form|iframe|object|embed|input|base|meta\s+http-equiv)\b|\bon\w+\s*=|javascript:",
    re.IGNORECASE,
)


def find_problems(
    source: TemplateText,
    *,
    parts: Mapping[str, str],
    example: Mapping[str, Plain],
    has_deadline: bool,
    forbidden: tuple[str, ...],
) -> list[TemplateProblem]:
    """Return the problems that can be seen without filling the template in."""
    found: list[TemplateProblem] = list(_deadline_problems(source)) if has_deadline else []
    for part, text in (
        ("subject", source.subject),
        ("text", source.text),
        ("html", source.html),
    ):
        if not text.strip():
            if part != "html":
                found.append(TemplateProblem(part, 1, f"The {part} is missing."))
            continue
        found += _part_problems(part, text, parts, example)
        found += _words(part, text, forbidden)
    found += _subject_problems(source.subject)
    return found


def _part_problems(
    part: str, text: str, parts: Mapping[str, str], example: Mapping[str, Plain]
) -> Iterator[TemplateProblem]:
    sandbox = press.environment({**parts, press.NAMES[part]: text})
    try:
        tree = sandbox.parse(text, press.NAMES[part])
        sandbox.compile(text, press.NAMES[part])
    except TemplateSyntaxError as error:
        yield TemplateProblem(part, error.lineno, f"Cannot be read: {error.message}.")
        return
    yield from _strangers(part, tree, parts)
    yield from _unknown_tokens(part, tree, example)
    if part == "html":
        for line, row in enumerate(text.splitlines(), start=1):
            if match := _ACTIVE_HTML.search(row):
                yield TemplateProblem(part, line, f"{match[0].strip()!r} has no place in a mail.")


def _strangers(part: str, tree: nodes.Template, parts: Mapping[str, str]) -> Iterator[TemplateProblem]:
    for node in tree.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)):
        wanted = getattr(node, "template", None)
        if not isinstance(wanted, nodes.Const) or wanted.value not in parts:
            known = ", ".join(sorted(parts))
            yield TemplateProblem(part, node.lineno, f"Only these can be included, by name: {known}.")
    for switch in tree.find_all((nodes.EvalContextModifier, nodes.ScopedEvalContextModifier)):
        yield TemplateProblem(part, switch.lineno, "Escaping cannot be switched off.")


def _unknown_tokens(part: str, tree: nodes.Template, example: Mapping[str, Plain]) -> Iterator[TemplateProblem]:
    undeclared = meta.find_undeclared_variables(tree)
    seen: set[tuple[int, str]] = set()
    shapes: dict[str, Plain] = {name: value for name, value in example.items() if name in undeclared}
    for loop in tree.find_all(nodes.For):
        items = _shape(loop.iter, shapes)
        if isinstance(loop.target, nodes.Name) and isinstance(items, list) and items:
            shapes[loop.target.name] = items[0]
    for name in tree.find_all(nodes.Name):
        if name.name in undeclared and name.name not in example and name.ctx == "load":
            seen.add((name.lineno, name.name))
    for chain in tree.find_all(nodes.Getattr):
        owner = _shape(chain.node, shapes)
        if isinstance(owner, dict) and chain.attr not in owner and not hasattr(dict, chain.attr):
            seen.add((chain.lineno, _spelt(chain)))
    for line, token in sorted(seen):
        yield TemplateProblem(part, line, f"There is no {{{{ {token} }}}} here.")


def _shape(node: nodes.Node, shapes: Mapping[str, Plain]) -> Plain:
    if isinstance(node, nodes.Name):
        return shapes.get(node.name)
    if isinstance(node, nodes.Getattr):
        owner = _shape(node.node, shapes)
        return owner.get(node.attr) if isinstance(owner, dict) else None
    return None


def _spelt(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr):
        return f"{_spelt(node.node)}.{node.attr}"
    return node.name if isinstance(node, nodes.Name) else "..."


def _words(part: str, text: str, forbidden: tuple[str, ...]) -> Iterator[TemplateProblem]:
    for line, row in enumerate(text.splitlines(), start=1):
        for word in forbidden_words(row, forbidden):
            yield TemplateProblem(part, line, f"{word!r} must not stand in a mail to a customer.")


def _subject_problems(subject: str) -> Iterator[TemplateProblem]:
    if problem := header_problem(subject.strip(), longest=1_000):
        yield TemplateProblem("subject", 1, f"The subject {problem}. It must be one plain line.")


def _deadline_problems(source: TemplateText) -> Iterator[TemplateProblem]:
    for part, text in (("text", source.text), ("html", source.html)):
        if text.strip() and not re.search(r"\{\{[^}]*\bdeadline\b", text):
            yield TemplateProblem(part, 1, "The status gives the customer a deadline: say {{ deadline }}.")


def filled_in_problems(parts: Mapping[str, str], forbidden: tuple[str, ...]) -> Sequence[TemplateProblem]:
    """Return the problems that only show once the template is filled in with an example."""
    found: list[TemplateProblem] = []
    for part, text in parts.items():
        if not text.strip():
            found.append(TemplateProblem(part, 1, f"The {part} is empty once it is filled in."))
        found += [
            TemplateProblem(part, 1, f"{word!r} must not stand in a mail to a customer.")
            for word in forbidden_words(re.sub(r"<[^>]*>", "", text), forbidden)
        ]
    if problem := header_problem(parts.get("subject", "").strip()):
        found.append(TemplateProblem("subject", 1, f"The subject {problem}. It must be one plain line."))
    return found
