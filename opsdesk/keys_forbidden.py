"""Chords that no command may have, each with who takes it away. People may remap keys, but never to these."""

from __future__ import annotations

from collections.abc import Mapping

FORBIDDEN: Mapping[str, str] = {
    "ctrl+a": "GNU screen's prefix, and the beginning of the line in fields",
    "ctrl+b": "tmux's prefix",
    "ctrl+h": "the same byte as Backspace",
    "ctrl+i": "the same byte as Tab",
    "ctrl+m": "the same byte as Enter",
    "ctrl+n": "a new window in browser terminals",
    "ctrl+t": "a new tab in browser terminals",
    "ctrl+w": "closes the window in browser terminals",
    "ctrl+d": "end of input",
    "ctrl+e": "the end of the line in fields",
    "ctrl+k": "cuts to the end of the line in fields",
    "ctrl+o": "discards output on some terminals",
    "ctrl+u": "cuts the line in fields",
    "ctrl+v": "takes the next key literally",
    "ctrl+x": "cuts in fields",
    "ctrl+backslash": "ends a program",
    "ctrl+left_square_bracket": "the same byte as Esc",
    "ctrl+right_square_bracket": "telnet's escape, and the separator inside a scan",
    "ctrl+circumflex_accent": "mosh's escape",
    "f10": "opens the menu of the terminal",
    "f11": "full screen",
    "f12": "developer tools, and free as a scanner's prefix",
    "tilde": "ssh's escape after Enter, and a dead key",
    "circumflex_accent": "a dead key on many keyboards",
    "grave_accent": "a dead key on many keyboards",
    "apostrophe": "a dead key on many keyboards",
}
"""Keys that may not be bound, and why."""

# These are answered with a sentence, so that nothing worse happens.
_ANSWERED = frozenset({"screen.saved", "screen.stay"})
_FREEZING = frozenset({"ctrl+s", "ctrl+q", "ctrl+c"})


def why_not_key(key: str, command_id: str = "") -> str | None:
    """Say why a key cannot have a command, or None if it can."""
    if reason := FORBIDDEN.get(key):
        return f"{key} is taken: {reason}."
    if key in _FREEZING and command_id not in _ANSWERED:
        return f"{key} freezes or ends terminals."
    if "alt+" in key or "meta+" in key:
        return f"{key}: Alt chords arrive as Esc and a letter, or as an accent."
    if "shift+f" in key or "ctrl+f" in key or "ctrl+shift" in key:
        return f"{key}: terminals send shifted and Ctrl F-keys differently or not at all."
    if key.startswith("ctrl+") and key.removeprefix("ctrl+") in {"enter", "left", "right", "up", "down", "home", "end"}:
        return f"{key}: most terminals do not send it."
    return None
