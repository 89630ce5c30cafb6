"""Text from outside, on the way to the screen: only ever `Content` or `Text`, never markup.

A widget that is given a `str` reads it as markup: `[/]` ends the app, `[@click=...]` becomes a button. Escaping has
holes. `Content` and `Text` have none, so every name, note, title and address goes through one of these functions.
"""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.content import Content

from opsdesk.domain.text import mixed_words, visible

MIXED = "(?)"
"""Follows a word in which Latin letters stand beside foreign ones that look the same."""

_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def shown(text: object, style: str = "") -> Content:
    """Return the text as it is, on one line; `style` is our own, such as `bold` or `$error`."""
    return Content.styled(_one_line(str(text)), style) if style else Content(_one_line(str(text)))


def shown_lines(text: object) -> Content:
    """Return the text as it is, with its lines."""
    return Content(visible(str(text), lines=True))


def shown_name(text: object, style: str = "") -> Content:
    """Return a name, with a mark behind each word that pretends to be another one."""
    name = _one_line(str(text))
    for word in dict.fromkeys(mixed_words(name)):
        name = name.replace(word, word + MIXED)
    return Content.styled(name, style) if style else Content(name)


def joined(*parts: str | tuple[object, str] | Content) -> Content:
    """Put parts in a row: `joined(("Customer: ", "bold"), name)`. A part is a text, or a text and our own style."""
    return Content("").join(
        part if isinstance(part, Content) else shown(*part) if isinstance(part, tuple) else shown(part)
        for part in parts
    )


def rich_text(text: object, style: str = "") -> Text:
    """Return the text as it is, for the few places that take Rich text: palette hits, tables."""
    return Text(_one_line(str(text)), style, end="")


def fitted(text: object, cells: int) -> str:
    """Return exactly `cells` columns: padded, or cut with `…`. Wide and combining characters are counted right."""
    line = _one_line(str(text))
    width = cell_len(line)
    if width <= cells:
        return line + " " * (cells - width)
    cut = set_cell_size(line, max(0, cells - 1)).rstrip(" ")
    if (len(cut) - len(cut.rstrip(_FLAG_LETTERS))) % 2:
        cut = cut[:-1]  # half a flag is as wide as the terminal likes
    return set_cell_size(cut + "…", cells)


def _one_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        text = " ".join(text.split())
    return visible(text)
