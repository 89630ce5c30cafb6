"""What the keys of a case do now, as lines: each with its reason, greyed with why not, and the next step below."""

from __future__ import annotations

from textual.content import Content

from opsdesk.domain.fraud.cases.contacting import why_not_ask
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.fraud.learning.labels import Label
from opsdesk.screens.fraud.ending import end_words
from opsdesk.screens.fraud.seen import Seen
from opsdesk.screens.fraud.suggesting import (
    next_step,
    reason_to_release,
    reason_words,
    two_people,
    why_not_commit,
    why_not_decline,
    why_not_verify,
    why_not_yes,
)
from opsdesk.theme import Tone
from opsdesk.widgets.paper import heading, paragraph

_PLAIN, _DIM = Tone.PLAIN.style, Tone.DIM.style


def decide(seen: Seen, width: int) -> list[Content]:
    """Return what each key decides, and what to do next."""
    lines = [heading("DECIDE", width)]
    if seen.facts.state.is_closed:
        lines += [*paragraph(next_step(seen), width), Content("")]
        return [*lines, *_known(seen, width), *_option("V", "say what it turned out to be", None, width)]
    lines += _known(seen, width)
    is_second = seen.facts.state is FraudState.PENDING_SECOND
    if is_second:
        lines += _proposal(seen, width)
        mine = seen.facts.proposal is not None and seen.facts.proposal.by == seen.who
        back = "take it back" if mine else "give it back, with a note"
        lines += _option("y", "agree: it is carried out", why_not_yes(seen), width)
        lines += _option("x", back, why_not_decline(seen), width)
    else:
        lines += _option("y", f"release: {reason_words(seen, reason_to_release(seen))}", why_not_yes(seen), width)
        if (why := two_people(seen)) and why_not_yes(seen) is None:
            lines += paragraph(why, width, style=Tone.COLD.style, indent=4)
        lines += _option("x", "decline, then a digit says why", why_not_decline(seen), width)
        lines += _option("v", f"call {_number(seen)}".strip(), why_not_verify(seen), width)
        lines += _option("t", "tell: the Order Status menu", why_not_ask(seen.facts, seen.desk), width)
        if seen.facts.state is FraudState.PAYMENT_LAPSED:
            lines += _option("m", "money: ask for it anew by pay link", None, width)
        if why_not_commit(seen) is None:
            lines += _option("F9", f"cancel as proposed: {_proposed_words(seen)}", None, width)
    return [*lines, Content(""), *paragraph(next_step(seen), width, style=f"bold {_PLAIN}")]


def _known(seen: Seen, width: int) -> list[Content]:
    """Return what the order is known to have turned out to be, in a line or two."""
    if seen.sheet.end is None:
        return []
    tone = Tone.ALARM if seen.sheet.end.word.label is Label.FRAUD else Tone.GOOD
    return paragraph(end_words(seen.sheet.end, seen.at), width, style=tone.style)[:3]


def _option(key: str, words: str, why_not: str | None, width: int) -> list[Content]:
    style = _PLAIN if why_not is None else _DIM
    wrapped = paragraph(words if why_not is None else why_not, width - 4, style=style)
    first = Content.assemble((f"{key:>2}  ", f"bold {Tone.NOW.style}" if why_not is None else _DIM), wrapped[0])
    return [first, *(Content(" " * 4) + line for line in wrapped[1:2])]


def _number(seen: Seen) -> str:
    return seen.sheet.numbers[0][0] if seen.sheet.numbers else "a number that you find"


def _proposed_words(seen: Seen) -> str:
    return (
        seen.facts.suggested.value.replace("_", " ").removeprefix("cancel ") if seen.facts.suggested else "unverified"
    )


def _proposal(seen: Seen, width: int) -> list[Content]:
    proposal = seen.facts.proposal
    if proposal is None:
        return []
    decision = proposal.decision
    words = f"{decision.verdict.value.replace('_', ' ')}: {reason_words(seen, decision.reason)}"
    lines = paragraph(f"{proposal.by} {seen.at(proposal.at)}: {words}", width, style=f"bold {Tone.COLD.style}")
    lines += paragraph(f"gut {decision.gut} of 5. {decision.note}".rstrip(), width, style=_PLAIN, indent=2)
    return [*lines, *paragraph(proposal.why, width, style=_DIM, indent=2), Content("")]


def briefly(seen: Seen, width: int) -> list[Content]:
    """Return the same in the few lines that a small screen has: the keys that work, and the next step."""
    if seen.facts.state.is_closed:
        known = _known(seen, width) or [Content.styled("V says what it turned out to be.", _DIM)]
        return [*paragraph(next_step(seen), width)[:1], *known][:2]
    if seen.facts.state is FraudState.PENDING_SECOND:
        keys = [("y", "agree", why_not_yes(seen)), ("x", "give back", why_not_decline(seen))]
    elif seen.facts.state is FraudState.PAYMENT_LAPSED:
        yes, no = why_not_yes(seen), why_not_decline(seen)
        keys = [("F9", "cancel", None), ("m", "pay link", None), ("y", "release", yes), ("x", "decline", no)]
    else:
        keys = [
            ("y", f"release: {reason_words(seen, reason_to_release(seen))}", why_not_yes(seen)),
            ("x", "decline", why_not_decline(seen)),
            ("v", "call", why_not_verify(seen)),
            ("t", "tell", why_not_ask(seen.facts, seen.desk)),
        ]
        if why_not_commit(seen) is None:
            keys.insert(0, ("F9", "cancel", None))
    parts: list[tuple[str, str]] = []
    for key, label, why_not in keys:
        is_on = why_not is None
        parts += [(f"{key} ", f"bold {Tone.NOW.style}" if is_on else _DIM), (f"{label}   ", _PLAIN if is_on else _DIM)]
    return [Content.assemble(*parts), *paragraph(next_step(seen), width, style=f"bold {_PLAIN}")[:2]]
