"""Keys as people read them."""

from __future__ import annotations

SHOWN = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "asterisk": "*",
    "minus": "-",
    "equals_sign": "=",
    "full_stop": ".",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "space": "Space",
    "insert": "Ins",
    "enter": "Enter",
    "escape": "Esc",
}


def shown_key(key: str) -> str:
    """Return a key as people read it: `F9`, `Ctrl+G`, `/`."""
    if key.startswith("ctrl+"):
        return f"Ctrl+{key[5:].upper()}"
    if key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return SHOWN.get(key, key)
