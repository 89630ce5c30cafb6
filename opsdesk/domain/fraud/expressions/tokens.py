"""Cut the text of an expression into words, numbers, texts and signs, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from opsdesk.domain.errors import Invalid
from opsdesk.domain.money import Money

LONGEST = 2_000
"""Characters of an expression. Nobody can read a longer one."""
MOST_DIGITS = 15
KEYWORDS = frozenset({"and", "or", "not", "in", "true", "false"})

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<amount>\d+(?:\.\d+)?[ ]*[A-Z]{3}(?![A-Za-z0-9_]))
    |(?P<window>\d+[hd](?![A-Za-z0-9_]))
    |(?P<number>\d+(?![A-Za-z0-9_.]))
    |(?P<name>[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*(?![A-Za-z0-9_.]))
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<sign>==|!=|<=|>=|[<>+\-*/()\[\],])
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_BROKEN_WORD = re.compile(r"[^\s()\[\],\"'+*/<>=!-]+|.", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class BadExpression(Invalid):
    """An expression that cannot be used.

    Attributes:
        line: where it is wrong, the first line is 1.
        column: the first character of a line is 1.
    """

    def __init__(self, text: str, at: int, sentence: str) -> None:
        self.line = text.count("\n", 0, at) + 1
        self.column = at - (text.rfind("\n", 0, at) + 1) + 1
        super().__init__("expression", f"Line {self.line}, column {self.column}: {sentence}")


class TokenKind(StrEnum):
    """What a token is, in words that an error can use."""

    NAME = "name"
    KEYWORD = "word"
    NUMBER = "number"
    AMOUNT = "amount"
    WINDOW = "span of time"
    TEXT = "text"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `value` is an int for numbers, `Money` for amounts, and a string for all else."""

    kind: TokenKind
    value: str | int | Money
    at: int

    @property
    def words(self) -> str:
        """Name the token for an error."""
        return "the end" if self.kind is TokenKind.END else repr(str(self.value))


def cut(text: str) -> list[Token]:
    """Cut the whole text into tokens; the last one is the end.

    Raises:
        BadExpression: it is too long, or holds something that is no token.
    """
    if len(text) > LONGEST:
        raise BadExpression(text, LONGEST, f"an expression has at most {LONGEST} characters, this one {len(text)}.")
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _unknown(text, at)
        if found.lastgroup != "space":
            tokens.append(_token(text, found))
        at = found.end()
    return [*tokens, Token(TokenKind.END, "", len(text))]


def _token(text: str, found: re.Match[str]) -> Token:
    word, at = found.group(), found.start()
    match found.lastgroup:
        case "number":
            return Token(TokenKind.NUMBER, _number(text, word, at), at)
        case "amount":
            return Token(TokenKind.AMOUNT, _amount(text, word, at), at)
        case "window":
            _number(text, word[:-1], at)
            return Token(TokenKind.WINDOW, word, at)
        case "text":
            return Token(TokenKind.TEXT, _unquoted(text, word, at), at)
        case "name":
            return Token(TokenKind.KEYWORD if word in KEYWORDS else TokenKind.NAME, word, at)
        case _:
            return Token(TokenKind.SIGN, word, at)


def _number(text: str, word: str, at: int) -> int:
    if len(word) > MOST_DIGITS:
        raise BadExpression(text, at, f"a number has at most {MOST_DIGITS} digits.")
    return int(word)


def _amount(text: str, word: str, at: int) -> Money:
    number, currency = word[:-3].rstrip(" "), word[-3:]
    try:
        return Money.parse(number, currency)
    except Invalid as error:
        raise BadExpression(text, at, error.message) from error


def _unquoted(text: str, word: str, at: int) -> str:
    inner = word[1:-1]
    for escape in _ESCAPE.finditer(inner):
        if escape[1] not in "\\\"'":
            raise BadExpression(text, at + 1 + escape.start(), r"""a backslash stands before \, " or ' alone.""")
    plain = _ESCAPE.sub(r"\1", inner)
    if not plain.isprintable():
        raise BadExpression(text, at, "a text in quotes is one line of printable characters.")
    return plain


def _unknown(text: str, at: int) -> BadExpression:
    character = text[at]
    if character in "\"'":
        return BadExpression(text, at, f"the text that begins here has no closing {character}.")
    if character == "=":
        return BadExpression(text, at, "compare with ==, not with =.")
    word = _BROKEN_WORD.match(text, at)
    shown = ascii(word.group()[:40]) if word else ascii(character)
    return BadExpression(text, at, f"{shown} is no name, number, text or sign of this language.")
