"""Read the text of an expression into its tree, or say where it is wrong and what was expected there."""

from __future__ import annotations

from collections.abc import Callable

from opsdesk.domain.fraud.expressions import syntax
from opsdesk.domain.fraud.expressions.syntax import Node
from opsdesk.domain.fraud.expressions.tokens import BadExpression, Token, TokenKind, cut
from opsdesk.domain.money import Money

DEEPEST = 24
"""How deeply brackets, calls and negations may be nested."""
TALLEST = 60
"""The most levels of a tree: a chain of sums is a tall tree without any brackets."""
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_VALUE = "a name, a number, an amount such as 250.00 EUR, a text in quotes, a list or a bracket"


def parse(text: str) -> Node:
    """Read one whole expression.

    Raises:
        BadExpression: it is not one; the sentence says line, column and what was expected.
    """
    parser = _Parser(text)
    tree = parser.expression()
    if parser.here.kind is not TokenKind.END:
        raise parser.wrong("and, or, or the end")
    for node, depth in syntax.levels(tree):
        if depth > TALLEST:
            raise BadExpression(text, node.at, f"this has more than {TALLEST} levels. Make two rules of it.")
    return tree


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = cut(text)
        self._next = 0
        self._depth = 0

    @property
    def here(self) -> Token:
        return self._tokens[self._next]

    def wrong(self, expected: str) -> BadExpression:
        return BadExpression(self._text, self.here.at, f"expected {expected}, found {self.here.words}.")

    def expression(self) -> Node:
        return self._chain("or", self._conjunction, syntax.Or)

    def _conjunction(self) -> Node:
        return self._chain("and", self._negation, syntax.And)

    def _chain(self, word: str, read: Callable[[], Node], kind: type[syntax.And | syntax.Or]) -> Node:
        at = self.here.at
        terms = [read()]
        while self._accept(TokenKind.KEYWORD, word):
            terms.append(read())
        return terms[0] if len(terms) == 1 else kind(tuple(terms), at=at)

    def _negation(self) -> Node:
        at = self.here.at
        if self._accept(TokenKind.KEYWORD, "not"):
            return syntax.Not(self._deeper(self._negation), at=at)
        return self._comparison()

    def _comparison(self) -> Node:
        left = self._sum()
        sign = self.here
        if sign.kind is TokenKind.SIGN and sign.value in _COMPARISONS:
            self._next += 1
            node: Node = syntax.Compare(str(sign.value), left, self._sum(), at=sign.at)
        elif self._accept(TokenKind.KEYWORD, "in"):
            node = syntax.Within(left, self._sum(), at=sign.at)
        elif self._accept(TokenKind.KEYWORD, "not"):
            if not self._accept(TokenKind.KEYWORD, "in"):
                raise self.wrong("in after not")
            node = syntax.Not(syntax.Within(left, self._sum(), at=sign.at), at=sign.at)
        else:
            return left
        if self.here.kind is TokenKind.SIGN and self.here.value in _COMPARISONS:
            raise self.wrong("and, or, or the end (write a < b < c as a < b and b < c)")
        return node

    def _sum(self) -> Node:
        return self._arithmetic("+-", lambda: self._arithmetic("*/", self._signed))

    def _arithmetic(self, signs: str, read: Callable[[], Node]) -> Node:
        left = read()
        while self.here.kind is TokenKind.SIGN and str(self.here.value) in signs:
            sign = self._take()
            left = syntax.Arithmetic(str(sign.value), left, read(), at=sign.at)
        return left

    def _signed(self) -> Node:
        at = self.here.at
        if self._accept(TokenKind.SIGN, "-"):
            return syntax.Negate(self._deeper(self._signed), at=at)
        return self._value()

    def _value(self) -> Node:
        token = self.here
        match token.kind:
            case TokenKind.NAME:
                self._next += 1
                if self._accept(TokenKind.SIGN, "("):
                    return syntax.Call(str(token.value), self._entries(")", self.expression), at=token.at)
                return syntax.Name(str(token.value), at=token.at)
            case TokenKind.SIGN if token.value == "(":
                self._next += 1
                inner = self._deeper(self.expression)
                if not self._accept(TokenKind.SIGN, ")"):
                    raise self.wrong("and, or, or )")
                return inner
            case TokenKind.SIGN if token.value == "[":
                self._next += 1
                return syntax.Listing(self._entries("]", self._literal), at=token.at)
            case _:
                return self._literal()

    def _literal(self) -> Node:
        token = self.here
        node: Node
        match token.kind, token.value:
            case TokenKind.NUMBER, int(number):
                node = syntax.Number(number, at=token.at)
            case TokenKind.AMOUNT, Money() as amount:
                node = syntax.Amount(amount, at=token.at)
            case TokenKind.TEXT, str(text):
                node = syntax.Text(text, at=token.at)
            case TokenKind.WINDOW, str(span):
                node = syntax.Window(span, at=token.at)
            case TokenKind.KEYWORD, ("true" | "false") as word:
                node = syntax.Truth(word == "true", at=token.at)
            case _:
                raise self.wrong(_VALUE)
        self._next += 1
        return node

    def _entries(self, closing: str, read: Callable[[], Node]) -> tuple[Node, ...]:
        if self._accept(TokenKind.SIGN, closing):
            return ()
        entries = [self._deeper(read)]
        while self._accept(TokenKind.SIGN, ","):
            entries.append(self._deeper(read))
        if not self._accept(TokenKind.SIGN, closing):
            raise self.wrong(f"a comma or {closing}")
        return tuple(entries)

    def _deeper(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadExpression(self._text, self.here.at, f"this is nested more than {DEEPEST} deep.")
        node = read()
        self._depth -= 1
        return node

    def _accept(self, kind: TokenKind, value: str) -> bool:
        if self.here.kind is kind and self.here.value == value:
            self._next += 1
            return True
        return False

    def _take(self) -> Token:
        token = self.here
        self._next += 1
        return token
