"""An outbox in which every kind of mail lies."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.store.engine import Store
from opsdesk.store.tables import MailRow
from tests.conftest import START
from tests.shop_orders import write_customer, write_order

TEXT = (
    "Dear {name},\n\nyour order {number} has left our house today. You can follow the parcel here:\n"
    "https://track.example/JD014600003\n\nKind regards\nNordlicht Versand\n"
)
MAILS = (
    (
        MailState.HELD,
        "Jakob Lindqvist",
        "Your order has been shipped",
        -3_600,
        "The connection broke after the text was sent.",
    ),
    (MailState.FAILED, "Ada Berg", "We need you to call us", -7_200, "550 5.1.1 There is no such mailbox here."),
    (MailState.SENDING, "Chiara Moretti", "Payment received, thank you", -4, ""),
    (MailState.QUEUED, "Zoë O'Connell", "Your order has been shipped", 12, ""),
    (MailState.QUEUED, "Nguyễn Thị Hương", "We have received your order", 19, ""),
    (MailState.RETRY, "Łukasz Wójcik", "Your order is being packed", 840, "451 4.7.1 Greylisted, try again later."),
    (MailState.ACCEPTED, "Mary Quist", "Your order has been delivered", -9_000, ""),
)


def filled(store: Store) -> list[int]:
    """Write the mails above, each about an order; return their ids."""
    return [write_mail(store, number, *mail) for number, mail in enumerate(MAILS)]


def write_mail(store: Store, number: int, state: MailState, name: str, subject: str, due_s: int, error: str) -> int:
    """Write one mail about an order of its own."""
    address = f"{name.split(maxsplit=1)[0].lower()}@shop.example".replace("'", "")
    order_number = str(104_458 + number)
    order_id = write_order(store, order_number, customer_id=write_customer(store, name, address))
    with Session(store.writer) as session, session.begin():
        mail = MailRow(
            order_id=order_id,
            event_key=f"kit:{number}",
            status_code="shipped",
            language="en",
            recipient=address,
            subject=subject,
            text=TEXT.format(name=name, number=order_number),
            html="<p>Dear customer</p>",
            message_id=f"kit.{number}",
            state=state.value,
            queued_by="mia" if number % 2 else "worker",
            queued_at=START - timedelta(hours=3),
            not_before=START + timedelta(seconds=due_s),
            accepted_at=START - timedelta(hours=2) if state is MailState.ACCEPTED else None,
            attempts=0 if state is MailState.QUEUED else 1 + number % 3,
            last_error=error,
            command_id="kit",
        )
        session.add(mail)
        session.flush()
        assert mail.id is not None
        return mail.id
