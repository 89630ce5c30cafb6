"""The key map for people: the page in the docs and the text of F1, both from the table of commands."""

from __future__ import annotations

from collections.abc import Iterator

from opsdesk.keys import PLACES, Command, Mode, commands_of, shown_key

_TITLES = {
    "everywhere": "Everywhere",
    "queue": "Order queue",
    "order": "An open order",
    "fraud": "Fraud desk",
    "case": "A fraud case",
    "rules": "Rules of the fraud desk",
    "learning": "What the fraud desk learned",
    "outbox": "Outbox",
    "money": "Money",
    "history": "What I did",
    "users": "People",
    "templates": "E-mail templates",
}


def screen_names() -> tuple[str, ...]:
    """Return the screens that have commands, in the order of the help."""
    return tuple(_TITLES)


def title_of(screen: str) -> str:
    """Return what a group of commands is called in the help."""
    return _TITLES.get(screen, screen.capitalize())


def shown_keys(command: Command) -> str:
    """Return all keys of a command as people read them."""
    return ", ".join(shown_key(key) for key in command.keys)


def keys_markdown() -> str:
    """Return the key map as a page of the docs."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Keys"
    yield ""
    yield "Made by `make docs` from `opsdesk/keys.py`; do not edit it here."
    yield ""
    yield "`Ctrl+G`, then a digit is the F-key of that number, and a letter is that command, in every mode."
    yield "Letters are commands while line 1 says BROWSE, and text while it says ENTRY."
    for screen in screen_names():
        yield ""
        yield f"## {title_of(screen)}"
        yield ""
        yield "| Key | Command | What it does |"
        yield "|---|---|---|"
        for each in commands_of(screen):
            keys = " ".join(f"`{shown_key(key)}`".replace("|", "\\|") for key in each.keys)
            name = (each.label or "-") + (" (asks first)" if each.danger else "")
            yield f"| {keys} | {name} | {each.help} |"
    yield ""
    yield "## Screens"
    yield ""
    yield "| Digit | Name after `:` or F2 | Screen |"
    yield "|---|---|---|"
    for place in PLACES:
        names = ", ".join(f"`:{name}`" for name in (place.name, *place.aliases))
        yield f"| {place.digit or '-'} | {names} | {place.title} |"


def help_rows(*screens: str) -> Iterator[tuple[str, str, str]]:
    """Return keys, verb and sentence of each command of these screens, for F1."""
    for each in commands_of(*screens):
        if each.label or each.mode is not Mode.ANY:
            yield shown_keys(each), each.label, each.help
