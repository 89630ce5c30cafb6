"""Where an order goes and who ordered it, as lines for a width."""

from __future__ import annotations

from textual.content import Content

from opsdesk.screens.order.panels import DIM, LOOK, PLAIN, Seen
from opsdesk.screens.order.words import stamp
from opsdesk.store.views.orders.parts import AddressDetail
from opsdesk.widgets.paper import heading, paragraph, row


def ship_to_briefly(seen: Seen, width: int) -> list[Content]:
    """Return the shipping address in running text, where lines are dear."""
    address = seen.detail.shipping_address
    said = ", ".join(address.rows) or "No address. Enter one with e."
    phone = f"  Tel. {address.phone}" if address.phone else ""
    return [
        heading("SHIP TO", width, seen.detail.head.shipping_method[: width // 2]),
        *paragraph(said + phone, width),
    ]


def ship_to(seen: Seen, width: int) -> list[Content]:
    """Return the shipping address, and the billing one where it is another."""
    detail = seen.detail
    by = detail.head.shipping_method
    lines = [heading("SHIP TO", width, by if len(by) < width - 12 else "")]
    lines += _address(detail.shipping_address, width) or [Content.styled("No address. Enter one with e.", LOOK)]
    billing = detail.billing_address
    if billing is not None and billing.rows and billing != detail.shipping_address:
        lines += paragraph(f"Bill to: {', '.join(billing.rows)}", width, style=DIM)
    return lines


def _address(address: AddressDetail, width: int) -> list[Content]:
    lines = [line for text in address.rows for line in paragraph(text, width)]
    if address.phone:
        lines += paragraph(f"Tel. {address.phone}", width, style=DIM)
    return lines


def customer(seen: Seen, width: int) -> list[Content]:
    """Return who ordered, how they are reached, and their newest other orders."""
    who = seen.detail.customer
    head = seen.detail.head
    others = "100+" if who.other_count >= 100 else str(who.other_count)
    lines = [heading("CUSTOMER", width, f"{others} other orders" if who.other_count != 1 else "1 other order")]
    reach = "  ".join(part for part in (head.email or "no e-mail", head.phone) if part)
    lines += paragraph(head.customer_name, width)
    lines += paragraph(f"{reach}  writes {head.language}" if head.language else reach, width, style=DIM)
    for other in who.others[:4]:
        total = str(other.total)
        lines.append(
            row(
                (other.number, 9, PLAIN),
                (stamp(other.placed_at, seen.now, seen.zone), 12, DIM),
                (other.headline.word.lower(), max(4, width - 9 - 12 - len(total) - 3), DIM),
                (total, -len(total), PLAIN),
            )
        )
    return lines
