"""The one gate for text that people type: card numbers masked, then cleaned, before anything is written."""

from __future__ import annotations

from opsdesk.domain.cards import safe_line, safe_text
from opsdesk.domain.errors import Invalid

LONGEST_NOTE = 4_000
LONGEST_LINE = 200


def kept_line(text: str, *, longest: int = LONGEST_LINE) -> str:
    """Return one line of typed text as it may be stored."""
    return safe_line(text, longest=longest).text


def kept_text(text: str, *, longest: int = LONGEST_NOTE) -> str:
    """Return typed text of several lines as it may be stored."""
    return safe_text(text, longest=longest).text


def required_line(text: str, field: str, sentence: str) -> str:
    """Return one line of typed text that must not be empty.

    Raises:
        Invalid: it is empty; `sentence` says what to do.
    """
    line = kept_line(text)
    if not line:
        raise Invalid(field, sentence)
    return line
