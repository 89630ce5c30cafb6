"""What the preview of the queue says about an order, as lines for its width."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from opsdesk.screens.headlines import HEADLINE_LOOKS
from opsdesk.screens.order.panels import Seen
from opsdesk.screens.order.words import plural, why_headline
from opsdesk.store.views.orders.timeline import TimelineLine
from opsdesk.terminal.text import fitted
from opsdesk.theme import Tone
from opsdesk.widgets.paper import paragraph, row

PLAIN, DIM = Tone.PLAIN.style, Tone.DIM.style
_MOST_GOODS = 6


def preview_lines(seen: Seen, moments: Sequence[TimelineLine], width: int) -> list[Content]:
    """Return the preview: which order, why it stands where it stands, what, where to, what happened."""
    return [
        *_head(seen, width),
        Content(""),
        Content.styled("GOODS", "bold $tone-now"),
        *_goods(seen, width),
        Content(""),
        Content.styled("TO", "bold $tone-now"),
        *_address(seen, width),
        Content(""),
        Content.styled("LATELY", "bold $tone-now"),
        *_moments(seen, moments, width),
    ]


def one_line(seen: Seen) -> str:
    """Return the preview of a small window: number, goods and where they go, on one line."""
    detail = seen.detail
    goods = ", ".join(f"{line.quantities.ordered}x {line.title}" for line in detail.lines[:4])
    address = detail.shipping_address
    return f" {detail.number}: {goods} → {address.postcode} {address.city}"


def _head(seen: Seen, width: int) -> list[Content]:
    detail = seen.detail
    symbol, tone = HEADLINE_LOOKS[detail.head.headline]
    word = f"{seen.symbol(symbol)} {detail.head.headline.word}"
    left = max(6, width - len(word) - 1)
    return [
        Content.assemble((fitted(detail.number, left), f"bold {PLAIN}"), (f" {word}", f"bold {tone.style}")),
        Content.styled(fitted(detail.head.customer_name, width).rstrip(), PLAIN),
        *paragraph(why_headline(detail, seen.now, seen.zone), width, style=DIM)[:3],
    ]


def _goods(seen: Seen, width: int) -> list[Content]:
    lines = seen.detail.lines
    shown = [
        row((f"{line.quantities.ordered} ×", -4, DIM), (line.title, max(8, width - 5), PLAIN))
        for line in lines[:_MOST_GOODS]
    ]
    if len(lines) > _MOST_GOODS:
        shown.append(Content.styled(f"     and {plural(len(lines) - _MOST_GOODS, 'more line')}", DIM))
    total = f"{seen.detail.head.payment.word} {seen.detail.amounts.total}"
    return [*shown, Content.styled(total.rjust(width), f"bold {PLAIN}")]


def _address(seen: Seen, width: int) -> list[Content]:
    address, head = seen.detail.shipping_address, seen.detail.head
    town = f"{address.postcode} {address.city} {address.country}".strip()
    texts = [address.line1, town, head.phone, head.email]
    return [
        Content.styled(fitted(text, width).rstrip(), PLAIN if number < 2 else DIM)
        for number, text in enumerate(texts)
        if text
    ]


def _moments(seen: Seen, moments: Sequence[TimelineLine], width: int) -> list[Content]:
    shown = []
    for each in moments:
        local = each.at.astimezone(seen.zone)
        when = f"{local:%H:%M}" if local.date() == seen.now.astimezone(seen.zone).date() else f"{local:%d %b}"
        shown.append(row((when, 6, DIM), (each.words, max(8, width - 7), PLAIN)))
    return shown
