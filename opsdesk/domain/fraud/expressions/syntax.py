"""Expressions as frozen trees, and the one way in which a tree is written down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from opsdesk.domain.money import Money, exponent


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression; where it stood in the text is no part of what it means."""

    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A whole number that is not negative."""

    value: int


@dataclass(frozen=True, slots=True)
class Amount(Node):
    """An amount of money that is not negative, such as `250.00 EUR`."""

    value: Money


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A text in quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class Truth(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Window(Node):
    """A span of time such as `24h` or `7d`."""

    value: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """The name of a fact or of a list."""

    value: str


@dataclass(frozen=True, slots=True)
class Listing(Node):
    """A list of texts or numbers in brackets."""

    entries: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function with what it is asked about."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negate(Node):
    """A number or an amount with its sign turned."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Not(Node):
    """The opposite."""

    operand: Node


@dataclass(frozen=True, slots=True)
class And(Node):
    """All of at least two."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """One of at least two."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """Two values and one of `== != < <= > >=`."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Within(Node):
    """A value that stands in a list."""

    value: Node
    container: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """Two values and one of `+ - * /`."""

    sign: str
    left: Node
    right: Node


_OR, _AND, _NOT, _COMPARE, _SUM, _TERM, _SIGN, _ATOM = range(8)


def parts(node: Node) -> tuple[Node, ...]:
    """Return what the node consists of."""
    match node:
        case Listing():
            return node.entries
        case Call():
            return node.arguments
        case Negate() | Not():
            return (node.operand,)
        case And() | Or():
            return node.terms
        case Compare() | Arithmetic():
            return (node.left, node.right)
        case Within():
            return (node.value, node.container)
        case _:
            return ()


def levels(node: Node) -> Iterator[tuple[Node, int]]:
    """Go through the whole tree with the depth of each node; the root is at 1."""
    waiting = [(node, 1)]
    while waiting:
        current, depth = waiting.pop()
        yield current, depth
        waiting.extend((part, depth + 1) for part in parts(current))


def write(node: Node) -> str:
    """Write the tree down so that reading it gives the same tree."""
    return _write(node)[0]


def _write(node: Node) -> tuple[str, int]:
    match node:
        case Or():
            return " or ".join(_at_least(term, _AND) for term in node.terms), _OR
        case And():
            return " and ".join(_at_least(term, _NOT) for term in node.terms), _AND
        case Not(Within() as within):
            return _within(within, "not in"), _COMPARE
        case Not():
            return f"not {_at_least(node.operand, _NOT)}", _NOT
        case Within():
            return _within(node, "in"), _COMPARE
        case Compare():
            return f"{_at_least(node.left, _SUM)} {node.sign} {_at_least(node.right, _SUM)}", _COMPARE
        case Arithmetic():
            level = _SUM if node.sign in "+-" else _TERM
            return f"{_at_least(node.left, level)} {node.sign} {_at_least(node.right, level + 1)}", level
        case Negate():
            return f"-{_at_least(node.operand, _SIGN)}", _SIGN
        case _:
            return _atom(node), _ATOM


def _within(node: Within, word: str) -> str:
    return f"{_at_least(node.value, _SUM)} {word} {_at_least(node.container, _SUM)}"


def _at_least(node: Node, level: int) -> str:
    text, own = _write(node)
    return text if own >= level else f"({text})"


def _atom(node: Node) -> str:
    match node:
        case Text():
            escaped = node.value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case Truth():
            return "true" if node.value else "false"
        case Amount():
            return f"{node.value.amount:.{exponent(node.value.currency)}f} {node.value.currency}"
        case Listing():
            return f"[{', '.join(write(entry) for entry in node.entries)}]"
        case Call():
            return f"{node.function}({', '.join(write(argument) for argument in node.arguments)})"
        case Number() | Window() | Name():
            return str(node.value)
        case _:
            raise TypeError(f"{type(node).__name__} cannot be written down.")
