"""The find line: whatever is typed or scanned is looked for; one hit opens, several are listed, none is said."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from opsdesk.keys import place
from opsdesk.screens.frame.latest import run_latest

ResultT = TypeVar("ResultT")

if TYPE_CHECKING:
    from opsdesk.screens.frame.base import DeskScreen
    from opsdesk.store.views.queue.finding import Hit

_MOST_LISTED = 20


async def find_anything(screen: DeskScreen[ResultT], text: str) -> None:
    """Look for what was typed, and go there."""
    word, _, rest = text.removeprefix(":").strip().partition(" ")
    if text.startswith(":") or place(word) is not None:
        if do_word(screen, word.lower(), rest.strip()):
            return
        if text.startswith(":") and not any(character.isdigit() for character in word):
            screen.say_no(f"There is no screen or command called {word[:40]}. Try :orders, :outbox, :keys, :quit.")
            return
    from opsdesk.domain.lookup import read_query
    from opsdesk.store.views.queue.finding import find

    asked = read_query(text.removeprefix(":"))
    hits = await screen.fetch(find, asked, limit=_MOST_LISTED)
    if hits is None or not screen.is_attached:
        return
    if asked.warning:
        screen.say_no(asked.warning)
    if hits or not asked.warning:
        _show(screen, asked.text, tuple(hits))


def do_word(screen: DeskScreen[ResultT], word: str, rest: str) -> bool:
    """Do what a word behind the colon names; return False when it names nothing."""
    if word in ("quit", "q!"):
        screen.app.exit(return_code=0)
    elif word in ("keys", "help"):
        screen.action_help()
    elif word == "lock":
        screen.action_lock()
    elif word in ("user", "switch"):
        screen.action_switch_user()
    elif word == "followed":
        run_latest(screen, partial(_list_followed, screen), "followed")
    elif word == "undo":
        screen.action_undo()
    elif word == "theme":
        _change_theme(screen, rest)
    elif found := place(word):
        screen.go_to(found.name)
    else:
        return False
    return True


async def _list_followed(screen: DeskScreen[ResultT]) -> None:
    from opsdesk.store.views.orders.following import followed_news

    news = await screen.fetch(followed_news, user_id=screen.desk.actor.user_id or 0)
    if not news:
        screen.say("Nothing that you follow has moved since you looked. f on an order follows it.")
        return
    entries = [(line.order_id, line.number, f"{line.actor}: {line.summary}") for line in news]
    _choose_order(screen, "MOVED SINCE YOU LOOKED", entries)


def _choose_order(
    screen: DeskScreen[ResultT], title: str, entries: Sequence[tuple[int, str, str]], note: str = ""
) -> None:
    from opsdesk.screens.frame.panels import ChoicePanel
    from opsdesk.widgets.choices import Choice

    def open_it(key: str | None) -> None:
        if key is not None:
            screen.open_named("order", int(key))

    choices = [Choice(str(order_id), label, detail) for order_id, label, detail in entries]
    screen.app.push_screen(ChoicePanel(title, choices, note=note), callback=open_it)


def _change_theme(screen: DeskScreen[ResultT], name: str) -> None:
    from opsdesk.theme import THEME_NAMES

    if name not in THEME_NAMES:
        screen.say_no(f"The themes are: {', '.join(THEME_NAMES)}. Write e.g. :theme light.")
        return
    screen.app.theme = f"opsdesk-{name}"
    screen.say(f"The theme is {name} now.")


def _show(screen: DeskScreen[ResultT], text: str, hits: tuple[Hit, ...]) -> None:
    orders = [hit for hit in hits if hit.order_id is not None]
    others = [hit for hit in hits if hit.order_id is None]
    if not hits:
        screen.say_no(f"Nothing found for {text[:60]}. Four last digits of an order number are enough.")
    elif not orders:
        screen.say(f"{others[0].label}  {others[0].detail}".strip())
    elif len(hits) == 1:
        screen.open_named("order", orders[0].order_id)
    else:
        title = f"{len(orders)} ORDERS FOR {text[:40].upper()}"
        note = f"{others[0].label}  {others[0].detail}".strip() if others else ""
        _choose_order(screen, title, [(hit.order_id or 0, hit.label, hit.detail) for hit in orders], note)
