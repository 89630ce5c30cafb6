"""Every command once: its key, words, mode and screens.

Bindings, key bar, F1, palette, `:keys` and the key map in the docs are made from this table. One letter means one
thing on every screen; what no terminal or program in between can be trusted with is in `FORBIDDEN`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from opsdesk.key_names import SHOWN, shown_key
from opsdesk.keys_forbidden import FORBIDDEN, why_not_key

if TYPE_CHECKING:
    from textual.binding import BindingType

__all__ = [
    "COMMANDS", "FORBIDDEN", "PLACES", "Command", "Mode", "Place", "bindings", "command", "shown_key", "why_not_key",
]  # fmt: skip


class Mode(StrEnum):
    """What keys do now; it is named in the first line of every screen."""

    BROWSE = "BROWSE"
    ENTRY = "ENTRY"
    SCAN = "SCAN"
    ANY = "ANY"


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        id: what a person's own key map and the palette call it by.
        key: the key that is taught, as Textual names it.
        label: the verb in the key bar.
        help: one sentence for F1, the palette and the docs.
        screens: where it is bound; `everywhere` is every desk.
        also: further keys, e.g. the F-key of the same command.
        danger: what it does is hard to take back, so it asks first.
        lane_label: its word in the row of F-keys, where that is another.
        is_taught: False keeps it out of the key bar, not out of the help.
        action: the method `action_...` of the screen.
    """

    id: str
    key: str
    label: str
    help: str
    screens: tuple[str, ...]
    mode: Mode = Mode.BROWSE
    also: tuple[str, ...] = ()
    danger: bool = False
    lane_label: str = ""
    is_taught: bool = True
    action: str = ""

    @property
    def method(self) -> str:
        """The name of the action."""
        return self.action or self.id.partition(".")[2].replace(".", "_")

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys of the command, the taught one first."""
        return (self.key, *self.also)

    @property
    def f_key(self) -> int | None:
        """The number of its F-key, if it has one."""
        return next((int(key[1:]) for key in self.keys if key[0] == "f" and key[1:].isdigit()), None)

    @property
    def shown_key(self) -> str:
        """The taught key as people read it."""
        return shown_key(self.key)


@dataclass(frozen=True, slots=True)
class Place:
    """A screen that can be jumped to: by its digit in BROWSE, by `:name`, or by any unique beginning of a name."""

    name: str
    title: str
    digit: str = ""
    aliases: tuple[str, ...] = ()


PLACES: tuple[Place, ...] = (
    Place("orders", "Orders", "1", ("queue",)),
    Place("fraud", "Fraud: cases to decide", "2", ("cases",)),
    Place("rules", "Rules of the fraud desk"),
    Place("learning", "Fraud: what was learned", aliases=("report",)),
    Place("outbox", "Outbox", "9", ("mails",)),
    Place("money", "Money: what waits", aliases=("payments", "refunds")),
    Place("templates", "E-mail templates", aliases=("letters",)),
    Place("history", "What I did", aliases=("mine",)),
    Place("users", "People", aliases=("people",)),
)

_ALL = ("everywhere",)
_LIST = ("queue", "outbox")
_ROWS = (*_LIST, "history", "users", "money", "fraud", "rules", "learning")
_ONE = ("queue", "order")
_CASE = ("case",)
_RULES = ("rules",)
_ANY, _NEXT = Mode.ANY, ("right_square_bracket",)
_ENDED = ("order", *_CASE)

COMMANDS: tuple[Command, ...] = (
    # The function lane: the same on every screen and in every mode.
    Command("screen.help", "f1", "Help", "Explain the keys that work here.", _ALL, _ANY, also=("question_mark",)),
    Command("screen.find", "f2", "Find", "Find an order, e-mail, phone, tracking number; or scan.", _ALL, _ANY),
    Command("screen.back", "f3", "Back", "Go one step back. What was typed is kept.", _ALL, _ANY, also=("escape",)),
    Command("screen.choices", "f4", "Choices", "List what can be chosen here.", _ALL, _ANY),
    Command("screen.refresh", "f5", "Refresh", "Read again, and let new rows in.", _ALL, _ANY, action="reread"),
    Command("screen.next", "f8", "Next", "Leave this one as it is and go to the next.", _ALL, _ANY, _NEXT),
    Command("screen.commit", "f9", "Do it", "Do what F9 says at the bottom of the screen.", _ALL, _ANY),
    Command(
        "screen.leader",
        "ctrl+g",
        "Lead",
        "Then a digit is that F-key and a letter that command, in any mode.",
        _ALL,
        _ANY,
    ),
    Command(
        "screen.palette",
        "ctrl+p",
        "All",
        "List every command and screen, found by typing.",
        _ALL,
        _ANY,
        is_taught=False,
    ),
    Command("screen.jump", "colon", "jump", "Jump to a screen or an order by name or number.", _ALL),
    Command("screen.undo", "u", "undo", "Take back the last thing that was done.", _ALL, also=("ctrl+z",)),
    Command("screen.switch_user", "U", "user", "Let somebody else work here.", _ALL, is_taught=False),
    Command("screen.lock", "L", "lock", "Lock this terminal.", _ALL, is_taught=False),
    # What terminals, browsers and habits send: answered, never obeyed.
    Command(
        "screen.saved",
        "ctrl+s",
        "",
        "Nothing to save: everything is saved as it is typed.",
        _ALL,
        _ANY,
        is_taught=False,
    ),
    Command("screen.stay", "ctrl+q", "", "Does not quit; `:quit` does.", _ALL, _ANY, also=("ctrl+c",), is_taught=False),
    Command("screen.redraw", "ctrl+l", "", "Draw the whole screen again.", _ALL, _ANY, is_taught=False),
    Command("screen.unused", "q", "", "Does nothing, and says so.", _ALL, also=("g",), is_taught=False),
    # Lists.
    Command(
        "list.open",
        "enter",
        "open",
        "Open the row.",
        ("queue", "outbox", "templates", "history", "users", "money", "fraud", "rules", "learning"),
        also=("ctrl+j",),
        is_taught=False,
    ),
    Command("list.mark", "space", "mark", "Mark the row and go on to the next one.", ("queue",)),
    Command("list.mark_all", "asterisk", "all", "Mark all rows that the filter shows.", ("queue",)),
    Command("list.clear_marks", "minus", "none", "Take all marks away.", ("queue",), is_taught=False),
    Command(
        "list.filter",
        "slash",
        "filter",
        "Show only the rows that match what is typed.",
        ("queue", "outbox", "templates", "rules"),
    ),
    Command("list.next_view", "greater_than_sign", "view", "Go to the next saved view.", _LIST, is_taught=False),
    Command("list.previous_view", "less_than_sign", "view", "Go to the previous saved view.", _LIST, is_taught=False),
    Command("list.sort", "S", "sort", "Sort by the next of: due, placed, total.", ("queue",)),
    Command("list.reverse", "R", "reverse", "Turn the sorting round.", ("queue",), is_taught=False),
    Command("list.down", "j", "down", "Go one row down.", _ROWS, is_taught=False),
    Command("list.up", "k", "up", "Go one row up.", _ROWS, is_taught=False),
    # One order, in the queue and when it is open.
    Command(
        "order.hold", "h", "hold", "Hold the order with a reason, or release it.", _ONE, also=("f7",), lane_label="Hold"
    ),
    Command("order.claim", "a", "mine", "Take the order on.", _ONE),
    Command("order.assign", "A", "give to", "Give the order to somebody, or back to the queue.", _ONE),
    Command("order.note", "n", "note", "Write a note.", _ONE, also=("f6",), lane_label="Note"),
    Command("order.tell", "t", "tell", "Tell the customer: the Order Status menu.", _ONE),
    Command("order.ship", "s", "ship", "Send it out, in full or in part, with a tracking number.", _ONE),
    Command("order.pack", "b", "pack", "Begin to pack; put it back if it is to be changed.", _ONE),
    Command("order.deliver", "D", "arrived", "Mark what was shipped as delivered.", _ONE),
    Command("order.edit", "e", "edit", "Correct contact and addresses.", _ONE),
    Command("order.amend", "E", "change", "Change goods, prices, discount, shipping, address: an amendment.", _ONE),
    Command("order.money", "m", "money", "See the money; take it, move it, give it back.", _ONE),
    Command("order.snooze", "z", "snooze", "Out of the way until a time; again: wake it.", _ONE),
    Command("order.follow", "f", "follow", "Say when it changes; again: stop.", _ONE),
    Command("order.log", "l", "log", "Show everything that happened to it.", _ONE),
    Command("order.changes", "w", "news", "Show what changed since you last looked.", _ONE),
    Command(
        "order.compare", "equals_sign", "compare", "Show it beside the customer's other orders.", _ONE, is_taught=False
    ),
    Command("order.copy", "Y", "copy", "Copy the order's number.", _ONE, is_taught=False),
    Command("order.repeat", "full_stop", "again", "Do to this one what was done last.", ("queue",), is_taught=False),
    Command("order.reopen", "O", "reopen", "Open a cancelled or completed order again.", _ONE, is_taught=False),
    Command("order.cancel", "x", "cancel", "Cancel with a reason. The record stays.", _ONE, danger=True),
    Command("order.previous", "left_square_bracket", "previous", "Go to the previous one.", _ONE, is_taught=False),
    # Cases of the fraud desk.
    Command("case.yes", "y", "release", "Release the order; of a proposal: agree. The next case opens.", _CASE),
    Command("case.decline", "x", "decline", "Cancel the order; a digit says why.", _CASE, danger=True),
    Command("case.verify", "v", "call", "Call the customer: the script, its ticks, and how it ended.", _CASE),
    Command("case.tell", "t", "tell", "Ask the customer by mail: the Order Status menu.", _CASE),
    Command("case.why", "w", "why", "Show each rule that judged the order, and what nobody could judge.", _CASE),
    Command("case.claim", "a", "take", "Take the case, or give it back.", ("case", "fraud")),
    Command("case.order", "o", "its order", "Open the order of the case.", ("case", "fraud")),
    Command("case.lists", "b", "trust, block", "Trust or block a value of the order, for a year.", _CASE),
    Command("case.answered", "c", "answered", "Note that the customer got in touch. It releases nothing.", _CASE),
    Command("case.more_time", "d", "more time", "Give the customer more time, once, instead of cancelling.", _CASE),
    Command("case.money", "m", "money", "See the order's money; ask for it anew by pay link.", _CASE),
    Command("case.reopen", "O", "reopen", "Open a closed case again, with a reason; the order is held.", _CASE),
    Command("case.note", "n", "note", "Write a note.", _CASE, also=("f6",), lane_label="Note", is_taught=False),
    Command("case.outcome", "V", "it was", "Say what the order was: fraud, or a good one.", _ENDED, is_taught=False),
    Command("case.log", "l", "log", "Show everything that happened to the order.", _CASE, is_taught=False),
    Command("case.previous", "left_square_bracket", "previous", "Go to the previous case.", _CASE, is_taught=False),
    # Rules of the fraud desk.
    Command("fraud.rules", "r", "rules", "List the rules by which orders are judged.", ("fraud", "learning")),
    Command("fraud.learning", "l", "learned", "Show which holds were right, samples, guts, fines.", ("fraud",)),
    Command("rule.edit", "e", "edit", "Change the rule; it is checked while it is typed.", _RULES),
    Command("rule.add", "n", "new", "Write a new rule.", _RULES, also=("insert",)),
    Command("rule.state", "s", "state", "Let the rule count, judge in silence, or be off.", _RULES),
    Command("rule.backtest", "b", "back-test", "See what the rule would have done to all past orders.", _RULES),
    Command("rule.why", "w", "on an order", "Ask the rule about one order, and see what it asked for.", _RULES),
    Command("rule.withdraw", "x", "withdraw", "Go back to the shipped rule, or end a trial.", _RULES, danger=True),
    # Mails that wait, and how they are worded.
    Command("mail.take_back", "x", "take back", "Do not send the mail.", ("outbox",), danger=True),
    Command("mail.edit", "e", "edit", "Change the mail before it goes out.", ("outbox",)),
    Command("mail.order", "o", "its order", "Open the order that the mail is about.", ("outbox",)),
    Command("money.order", "o", "its order", "Open the order that the task is about.", ("money",)),
    Command("mail.settle", "y", "settle", "Say what became of a mail that is in doubt.", ("outbox",)),
    # People.
    Command("user.add", "insert", "add", "Add a person.", ("users",)),
    Command("user.edit", "e", "edit", "Change a person's role and the login that acts as them.", ("users",)),
    Command("user.secret", "K", "secret", "Set a password or PIN: your own, or as an admin somebody's.", ("users",)),
    Command("user.unlock", "y", "unlock", "Give somebody new tries to sign in.", ("users",)),
    Command("user.enrol", "T", "terminal", "Let a PIN be enough on this terminal.", ("users",)),
    Command("user.close", "x", "close", "Let the person sign in no more; again: let them in.", ("users",), danger=True),
    Command("template.edit", "e", "edit", "Edit the template, with a preview beside it.", ("templates",)),
    Command("template.language", "l", "language", "Go to the next language.", ("templates",)),
)

_BY_ID: Mapping[str, Command] = {each.id: each for each in COMMANDS}


def command(command_id: str) -> Command:
    """Return one command by its id."""
    return _BY_ID[command_id]


def commands_of(*screens: str) -> tuple[Command, ...]:
    """Return the commands of these screens, in the order of the table."""
    return tuple(each for each in COMMANDS if not set(screens).isdisjoint(each.screens))


def bindings(*screens: str) -> list[BindingType]:
    """Return the bindings of these screens; what works in every mode goes before the focused widget."""
    return list(_bindings(commands_of(*screens)))


def _bindings(commands: tuple[Command, ...]) -> Iterator[BindingType]:
    from textual.binding import Binding

    for each in commands:
        for number, key in enumerate(each.keys):
            is_printable = len(key) == 1 or key in SHOWN
            yield Binding(
                key,
                each.method,
                each.label,
                show=False,
                priority=each.mode is Mode.ANY and not is_printable,
                id=each.id if number == 0 else f"{each.id}.{number}",
            )


def place(name: str) -> Place | None:
    """Return the screen with this name, or the only one whose name begins so."""
    wanted = name.strip().lower()
    named = {one: each for each in PLACES for one in (each.name, *each.aliases)}
    if wanted in named:
        return named[wanted]
    found = {each.name: each for one, each in named.items() if wanted and one.startswith(wanted)}
    return next(iter(found.values())) if len(found) == 1 else None
