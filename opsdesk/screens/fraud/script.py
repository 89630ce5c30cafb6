"""The call as lines: what to say, what the customer should answer by themselves, and what was ticked so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from textual.content import Content

from opsdesk.domain.fraud.cases.contact import ContactBook, ContactOutcome, NextStep, why_not_say
from opsdesk.domain.fraud.cases.script import CallScript, Step, masked, spoken
from opsdesk.terminal.text import fitted
from opsdesk.theme import Tone
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.paper import heading, paragraph

_LETTERS = "abcdefghij"
_PLAIN, _DIM = Tone.PLAIN.style, Tone.DIM.style
_FIRST = (
    "verified", "no_answer", "voicemail_left", "wrong_number", "invalid_or_disconnected", "failed_challenge",
    "denies_order", "refused_to_answer", "callback_requested", "third_party",
)  # fmt: skip
"""The digits of the shipped outcomes: 1 to 9 and 0. The others follow and are gone to with the arrow keys."""
_ORDER_NUMBER = {"verified": "verified_order_number"}
"""What an outcome comes down to when only the order's own number was called."""


_AFTER = {
    NextStep.CANCEL: "cancel",
    NextStep.WAIT: "wait a day",
    NextStep.CALL_BACK: "when?",
    NextStep.LEAD: "to the lead",
    NextStep.OTHER_AGENT: "a colleague",
}
"""What follows, in two words, where it is more than trying again."""


class Tick(StrEnum):
    """What became of a check."""

    OPEN = "open"
    RIGHT = "right"
    WRONG = "wrong"


_NEXT = {Tick.OPEN: Tick.RIGHT, Tick.RIGHT: Tick.WRONG, Tick.WRONG: Tick.OPEN}
_LOOKS = {Tick.OPEN: ("open", Tone.PLAIN), Tick.RIGHT: ("done", Tone.GOOD), Tick.WRONG: ("wrong", Tone.ALARM)}


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is being made: the script, what is expected, which number, and the ticks.

    Attributes:
        expected: right answers by the name of what a step expects; steps without one cannot be compared.
    """

    script: CallScript
    expected: Mapping[str, str]
    values: Mapping[str, str]
    is_own_number: bool
    ticks: Mapping[str, Tick] = field(default_factory=dict)

    @property
    def checks(self) -> tuple[Step, ...]:
        """The steps that can be ticked."""
        return tuple(step for step in self.script.steps if step.is_check and self.expects(step))

    def expects(self, step: Step) -> str:
        """Return what the customer should say at a step; empty where nothing can be compared."""
        return self.expected.get(step.expects.value, "") if step.expects else ""

    def letter(self, step: Step) -> str:
        """Return the letter that ticks a step; empty where there is nothing to tick."""
        return _LETTERS[self.checks.index(step)] if step in self.checks[: len(_LETTERS)] else ""

    def tick(self, letter: str) -> Call:
        """Return the call with the next tick at a letter: right, then wrong, then open again."""
        found = next((step for step in self.checks if self.letter(step) == letter), None)
        if found is None:
            return self
        now = self.ticks.get(found.code, Tick.OPEN)
        return replace(self, ticks={**self.ticks, found.code: _NEXT[now]})

    @property
    def right(self) -> tuple[str, ...]:
        """The checks that were answered right, in the order of the script."""
        return tuple(step.code for step in self.checks if self.ticks.get(step.code) is Tick.RIGHT)

    @property
    def is_ticked(self) -> bool:
        """True once anything was ticked."""
        return any(tick is not Tick.OPEN for tick in self.ticks.values())

    def vouched(self, outcome: ContactOutcome) -> tuple[str, ...]:
        """Return the checks that an outcome is logged with.

        Without a single tick the clerk vouches for the first checks of the script, which the entry names.
        """
        if self.is_ticked or not outcome.needs_checks:
            return self.right
        return tuple(step.code for step in self.checks[: outcome.needs_checks])


def call_outcomes(book: ContactBook, call: Call) -> tuple[ContactOutcome, ...]:
    """Return how the call can end, in the order of their digits."""
    known = book.outcomes
    twins = {twin for first, twin in _ORDER_NUMBER.items() if first in known}
    first = [_of_number(known, code, call) for code in _FIRST if code in known]
    rest = [each for code, each in known.items() if each.is_attempt and code not in twins and each.code not in _FIRST]
    return (*first, *(each for each in rest if each not in first))


def _of_number(known: Mapping[str, ContactOutcome], code: str, call: Call) -> ContactOutcome:
    twin = _ORDER_NUMBER.get(code, "")
    return known[twin] if call.is_own_number and twin in known else known[code]


def outcome_choices(book: ContactBook, call: Call) -> list[Choice]:
    """Return the numbered list: how the call can end, and what follows from it."""
    return [_choice(outcome, call) for outcome in call_outcomes(book, call)]


def _choice(outcome: ContactOutcome, call: Call) -> Choice:
    if not outcome.needs_checks:
        return Choice(outcome.code, outcome.words, _AFTER.get(outcome.next, ""))
    checks = call.vouched(outcome)
    missing = why_not_say(outcome, len(checks))
    problem = f"needs {outcome.needs_checks} right answers, has {len(checks)}" if missing else None
    words = "verified" if problem or not checks else f"verified: {', '.join(checks)} right"
    return Choice(outcome.code, words, "", problem)


def script_lines(call: Call, symbol: Mapping[Tick, str], width: int) -> list[Content]:
    """Return the steps of the script with their letters, masks and ticks, and what must never be asked for."""
    lines = [heading("SCRIPT", width, "a letter ticks: right, wrong, open")]
    for number, step in enumerate(call.script.steps, start=1):
        lines += _step(call, step, number, symbol, width)
    never = f"Never ask for {', '.join(call.script.never_ask)}." if call.script.never_ask else ""
    return [*lines, *paragraph(never, width, style=Tone.ALARM.style)] if never else lines


def brief_lines(call: Call, symbol: Mapping[Tick, str], width: int) -> list[Content]:
    """Return the script for a small screen: how to begin, and a line for each check."""
    opening = next((step for step in call.script.steps if "{name}" in step.say), None)
    lines = [Content.styled(fitted(spoken(opening.say, call.values), width), _PLAIN)] if opening is not None else []
    for step in call.checks:
        tick = call.ticks.get(step.code, Tick.OPEN)
        said = fitted(step.say, max(12, width - 30))
        parts = (f"{call.letter(step)} ", f"bold {Tone.NOW.style}"), (f"{symbol[tick]:<4}", _LOOKS[tick][1].style)
        expected = fitted(masked(call.expects(step)), 22).rstrip()
        lines.append(Content.assemble(*parts, (f"{said} ", _PLAIN), (expected, Tone.COLD.style)))
    never = f"Never: {', '.join(call.script.never_ask)}." if call.script.never_ask else ""
    return [*lines, Content.styled(fitted(never, width), Tone.ALARM.style)] if never else lines


def _step(call: Call, step: Step, number: int, symbol: Mapping[Tick, str], width: int) -> list[Content]:
    letter, tick = call.letter(step), call.ticks.get(step.code, Tick.OPEN)
    mark, tone = (symbol[tick], _LOOKS[tick][1].style) if letter else ("", _DIM)
    said = paragraph(spoken(step.say, call.values), max(12, width - 10), style=_PLAIN)
    key = Content.assemble(
        (f"{letter or ' '} ", f"bold {Tone.NOW.style}"), (f"{mark:<4}", tone), (f"{number:>2} ", _DIM)
    )
    lines = [key + said[0], *(Content(" " * 9) + more for more in said[1:])]
    if expected := call.expects(step):
        lines.append(Content.assemble((" " * 9 + "expect ", _DIM), (masked(expected)[: width - 17], Tone.COLD.style)))
    if step.if_asked:
        lines += [Content(" " * 9) + more for more in paragraph(f"If asked: {step.if_asked}", width - 10, style=_DIM)]
    return lines


def tick_symbols(symbol: Callable[[str], str]) -> Mapping[Tick, str]:
    """Return the symbol of each tick for this terminal."""
    return {tick: symbol(name) for tick, (name, _) in _LOOKS.items()}
