"""A case as lines for a width: its clock, what raises and lowers its score, who it is from, its links, its contacts."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.fraud.evidence.facts import Outcome
from opsdesk.domain.fraud.rules import Severity
from opsdesk.domain.fraud.scoring import Band, NotChecked, Reason, Score
from opsdesk.domain.moments import age
from opsdesk.screens.fraud.clock import countdown, countdown_line
from opsdesk.screens.fraud.seen import ContactRow, IdentityRow, LinkRow, Seen
from opsdesk.screens.order.words import plural, stamp
from opsdesk.terminal.text import fitted
from opsdesk.theme import Tone
from opsdesk.widgets.paper import heading, paragraph, row

PLAIN, DIM, GOOD, LOOK = Tone.PLAIN.style, Tone.DIM.style, Tone.GOOD.style, Tone.LOOK.style
STATE_LOOKS = {
    FraudState.FLAGGED: ("suspect", Tone.DOUBT),
    FraudState.IN_REVIEW: ("now", Tone.NOW),
    FraudState.AWAITING_CUSTOMER: ("held", Tone.DOUBT),
    FraudState.RESPONDED: ("changed", Tone.CHANGED),
    FraudState.CALL_DUE: ("look", Tone.LOOK),
    FraudState.CALLING: ("look", Tone.LOOK),
    FraudState.CANCEL_PROPOSED: ("wrong", Tone.ALARM),
    FraudState.PENDING_SECOND: ("hands", Tone.COLD),
    FraudState.RELEASED: ("done", Tone.GOOD),
    FraudState.CANCELLED_FRAUD: ("gone", Tone.DIM),
    FraudState.CANCELLED_UNVERIFIED: ("gone", Tone.DIM),
    FraudState.PAYMENT_LAPSED: ("wrong", Tone.ALARM),
}
"""Symbol and tone of each state."""
BAND_TONES = {Band.LOW: Tone.GOOD, Band.MEDIUM: Tone.LOOK, Band.HIGH: Tone.ALARM, Band.CRITICAL: Tone.ALARM}
OUTCOME_TONES = {
    Outcome.OPEN: Tone.PLAIN,
    Outcome.DELIVERED: Tone.GOOD,
    Outcome.CANCELLED: Tone.DIM,
    Outcome.DISPUTED: Tone.LOOK,
    Outcome.FRAUD: Tone.ALARM,
}
_POINTS_PER_CELL = 4
_BAR = 10
_MOST_REASONS = 9
_MOST_UNKNOWN = 2
_MOST_LINKS = 6
_MOST_CONTACTS = 6


def score_words(score: Score | None, number: int) -> tuple[str, Tone]:
    """Say a score and its band; a score that could not be worked out is none."""
    if score is None:
        return f"score {number}", Tone.PLAIN
    return f"score {score.total} {score.words.upper()}", Tone.LOOK if score.is_thin else BAND_TONES[score.band]


def head(seen: Seen, width: int) -> list[Content]:
    """Return what stands above everything: the state, which order, its score, its sum, the one clock, who has it."""
    facts, sheet = seen.facts, seen.sheet
    symbol, tone = STATE_LOOKS[facts.state]
    word = f"{seen.symbol(symbol)} {facts.state.words.upper()}"
    said, score_tone = score_words(sheet.score, facts.score)
    total = str(facts.total)
    name = fitted(f"{facts.number}  {sheet.customer_name}", max(8, width - len(word) - len(said) - len(total) - 6))
    first = Content.assemble(
        (word, f"bold {tone.style}"),
        (f"  {name}  ", f"bold {PLAIN}"),
        (said, f"bold {score_tone.style}"),
        (f"  {total}", f"bold {PLAIN}"),
    )
    clock = countdown(facts, seen.now, seen.zone, seen.desk.settings.deadline)
    return [
        first,
        countdown_line(clock, seen.now, seen.zone, width),
        Content.styled(fitted(_facts_line(seen), width), DIM),
    ]


def _facts_line(seen: Seen) -> str:
    facts, sheet = seen.facts, seen.sheet
    claimant = facts.claimant(seen.now)
    until = f" until {facts.claimed_until.astimezone(seen.zone):%H:%M}" if facts.claimed_until else ""
    parts = (
        f"claimed by {'you' if claimant == seen.who else claimant}{until}" if claimant else "claimed by nobody",
        "the lead sees it" if facts.is_escalated else "",
        f"placed {seen.at(sheet.placed_at)} ({age(sheet.placed_at, seen.now)})",
        sheet.channel,
        sheet.why_opened,
    )
    return "  │  ".join(part for part in parts if part)


def score(seen: Seen, width: int, *, most: int = _MOST_REASONS) -> list[Content]:
    """Return what raises the score and what lowers it, each with a bar as long as it weighs, and what is not known."""
    found = seen.sheet.score
    if found is None:
        return [heading("SCORE", width), *paragraph("No rules have judged this order yet.", width, style=DIM)]
    lines = [heading("SCORE", width, f"{found.total} {found.words}, {found.coverage} % could be judged")]
    counted = (*found.raises, *found.lowers)
    lines += [_reason(reason, width) for reason in counted[:most]]
    if len(counted) > most:
        lines.append(Content.styled(f"  {len(counted) - most} more with w", DIM))
    if not counted:
        lines += paragraph("No rule weighs anything.", width, style=DIM)
    for note in found.notes[:2]:
        lines.append(row(("", _BAR + 5, DIM), (note.agent, max(8, width - _BAR - 6), PLAIN)))
    return [*lines, *not_checked(found.not_checked, width)]


def _reason(reason: Reason, width: int) -> Content:
    cells = min(_BAR, max(1, -(-abs(reason.points) // _POINTS_PER_CELL)))
    tone = Tone.GOOD if reason.points < 0 else Tone.ALARM if reason.severity is Severity.STRONG else Tone.LOOK
    points = f"{reason.points:+d}".replace("-", "−")
    return row(
        (points, -4, f"bold {tone.style}"),
        ("█" * cells, _BAR, tone.style),
        (reason.agent, max(8, width - _BAR - 6), PLAIN),
    )


def not_checked(rules: Sequence[NotChecked], width: int) -> list[Content]:
    """Return in one or two lines what nobody knows; it neither accuses nor clears."""
    if not rules:
        return []
    names = list(dict.fromkeys(topic_of(name) for rule in rules for name in rule.unknown))
    why = next((f"; {rule.why}" for rule in rules if rule.why), "")
    for shown in range(len(names), 0, -1):
        more = f" and {len(names) - shown} more (w)" if shown < len(names) else why
        lines = paragraph(f"not checked: {', '.join(names[:shown])}{more}", width, style=DIM)
        if len(lines) <= _MOST_UNKNOWN:
            return lines
    return []


_TOPICS = (
    ("payment.avs", "address check"),
    ("payment.three_ds", "3-D Secure"),
    ("payment.cvv", "security code check"),
    ("payment", "payment"),
    ("ip", "IP address"),
    ("device", "device"),
    ("distinct.card.device", "device"),
    ("email", "e-mail domain"),
    ("phone", "phone"),
    ("shipping", "distance of the addresses"),
    ("billing", "billing address"),
    ("customer", "account"),
    ("order", "what is usual here"),
    ("contact", "contact"),
    ("lists", "lists"),
    ("links", "links"),
)


def topic_of(name: str) -> str:
    """Say what a fact is about; what was not looked at must not read like something that was found."""
    return next((topic for stem, topic in _TOPICS if name.startswith(stem)), "how often it was used before")


def identity(seen: Seen, width: int) -> list[Content]:
    """Return the table of who the order says it is from: do these places and ages agree?"""
    rows = seen.sheet.identity
    if not rows:
        return []
    shown = max(12, width - 43)
    lines = [heading("WHO", width, "SEEN ORDERS GOOD BAD")]
    for each in rows:
        lines += _identity_row(seen, each, width, shown)
    return lines


def _identity_row(seen: Seen, each: IdentityRow, width: int, shown: int) -> list[Content]:
    mark = f"{seen.symbol('look')} " if each.is_odd else ""
    tone = LOOK if each.is_odd else PLAIN
    first = "" if each.orders is None else age(each.first_seen, seen.now) if each.first_seen else "new"
    counts = ("", "", "") if each.orders is None else (str(each.orders), str(each.good), str(each.bad))
    line = row(
        (each.what, 16, DIM),
        (each.shown, shown, tone),
        (each.country, 3, PLAIN),
        (first, -5, LOOK if first == "new" else PLAIN),
        (counts[0], -6, PLAIN),
        (counts[1], -4, GOOD if each.good else DIM),
        (counts[2], -3, Tone.ALARM.style if each.bad else DIM),
    )
    if not each.note:
        return [line]
    return [line, *paragraph(f"{mark}{each.note}", width, style=tone if each.is_odd else DIM, indent=17)[:1]]


def links(seen: Seen, width: int) -> list[Content]:
    """Return the orders that share something with this one, how they ended first."""
    found = seen.sheet.links
    if not found:
        return [heading("LINKED", width), Content.styled("No earlier order shares anything with it.", DIM)]
    ends = [outcome for outcome in reversed(Outcome) if any(each.outcome is outcome for each in found)]
    split = ", ".join(f"{sum(each.outcome is end for each in found)} {end.value}" for end in ends)
    lines = [heading("LINKED", width, split)]
    rank = {outcome: place for place, outcome in enumerate(reversed(Outcome))}
    worst = sorted(found, key=lambda link: (rank[link.outcome], -link.placed_at.timestamp()))
    lines += [_link(seen, each, width) for each in worst[:_MOST_LINKS]]
    if len(found) > _MOST_LINKS:
        lines.append(Content.styled(f"  {len(found) - _MOST_LINKS} more, all in the log of the order (o, l)", DIM))
    return lines


def _link(seen: Seen, each: LinkRow, width: int) -> Content:
    total = str(each.total) if each.total is not None else ""
    shares = max(10, width - 10 - 10 - 5 - 14 - 4)
    return row(
        (each.outcome.value, 10, OUTCOME_TONES[each.outcome].style),
        (each.number, 10, PLAIN),
        (age(each.placed_at, seen.now), -5, DIM),
        (total, -14, PLAIN),
        (f"same {', '.join(each.shares).replace('shipping address', 'address')}", shares, DIM),
    )


def checks(seen: Seen, width: int) -> list[Content]:
    """Return what was checked of the payment, in words."""
    found = seen.sheet.checks
    if not found:
        return [heading("PAYMENT", width), Content.styled("No gateway has told of any check.", DIM)]
    lines = [heading("PAYMENT", width)]
    for each in found:
        wrapped = paragraph(each.words, width - 11, style=each.tone.style)
        lines.append(Content.assemble((f"{each.what:<10} ", DIM), wrapped[0]))
        lines += [Content(" " * 11) + more for more in wrapped[1:2]]
    return lines


def contact(seen: Seen, width: int) -> list[Content]:
    """Return the mail and every call, the newest last, and how many calls are left."""
    sheet, calls = seen.sheet, seen.desk.settings.calls
    most = calls.most + (1 if seen.facts.was_extended else 0)
    lines = [heading("CONTACT", width, f"{len(seen.facts.attempts)} of {plural(most, 'call')} made")]
    lines += paragraph(sheet.mail, width) if sheet.mail else [Content.styled("No mail has been sent.", DIM)]
    shown = sheet.contacts[-_MOST_CONTACTS:]
    for each in shown:
        lines += _contact(seen, each, width)
    return lines


def _contact(seen: Seen, each: ContactRow, width: int) -> list[Content]:
    back = f", call back {seen.at(each.call_back_at)}" if each.call_back_at else ""
    said = f"{each.words}{back}"
    line = row(
        (stamp(each.at, seen.now, seen.zone).strip(), 12, DIM),
        (fitted(each.by, 8), 8, PLAIN),
        (said, max(8, width - 22), PLAIN),
    )
    return [line, *paragraph(each.note, width, style=DIM, indent=13)[:2]] if each.note else [line]


def goods(seen: Seen, width: int) -> list[Content]:
    """Return what was ordered, briefly."""
    if not seen.sheet.goods:
        return []
    shown = seen.sheet.goods[:4]
    more = len(seen.sheet.goods) - len(shown)
    lines = [heading("GOODS", width), *(Content.styled(fitted(line, width), PLAIN) for line in shown)]
    return [*lines, Content.styled(f"  {more} more (o)", DIM)] if more else lines
