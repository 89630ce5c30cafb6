"""Orders for tests, written straight into a store and settled as the product does."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from opsdesk.domain.people.actors import Role
from opsdesk.store.audit import chain
from opsdesk.store.audit.anchor import remember_head
from opsdesk.store.audit.keys import audit_key
from opsdesk.store.engine import Store
from opsdesk.store.repositories.orders import Orders
from opsdesk.store.tables import (
    AddressRow,
    CommandRow,
    CustomerRow,
    JournalRow,
    NoteRow,
    OrderLineRow,
    OrderRow,
    PaymentRow,
    TransactionRow,
    UserRow,
)
from tests.conftest import START

GOODS = (("40021", "Oat granola", "1 kg", 2, 890), ("40177", "Honey jar", "500 g", 1, 1_250))


def write_user(store: Store, name: str, role: Role = Role.AGENT, *, full_name: str = "") -> int:
    """Add a person who cannot sign in; return their id."""
    with Session(store.writer) as session, session.begin():
        user = UserRow(name=name, full_name=full_name or name.capitalize(), role=role.value, created_at=START)
        session.add(user)
        session.flush()
        assert user.id is not None
        return user.id


def write_customer(store: Store, name: str = "Ada Berg", email: str = "ada@berg.example") -> int:
    """Add a customer; return their id."""
    with Session(store.writer) as session, session.begin():
        customer = CustomerRow(
            identity=email,
            name=name,
            email=email,
            phone="+494215550144",
            phone_reversed="441055512494",
            language="en",
            country="DE",
            created_at=START - timedelta(days=400),
        )
        session.add(customer)
        session.flush()
        assert customer.id is not None
        return customer.id


def write_order(
    store: Store,
    number: str = "104458",
    *,
    customer_id: int | None = None,
    goods: tuple[tuple[str, str, str, int, int], ...] = GOODS,
    paid: bool = True,
    placed_at: datetime = START - timedelta(hours=1, minutes=10),
    note: str = "",
    source: str = "own",
    currency: str = "EUR",
) -> int:
    """Add an open, unshipped order with addresses, paid by card unless said otherwise; return its id."""
    customer_id = customer_id or write_customer(store)
    total = sum(quantity * price for *_, quantity, price in goods) + 490
    with Session(store.writer) as session, session.begin():
        customer = session.get_one(CustomerRow, customer_id)
        order = _head(number, customer, total, placed_at, source, currency)
        session.add(order)
        session.flush()
        assert order.id is not None
        for position, (sku, title, variant, quantity, price) in enumerate(goods, 1):
            session.add(
                OrderLineRow(
                    order_id=order.id,
                    position=position,
                    sku=sku,
                    title=title,
                    variant=variant,
                    ordered=quantity,
                    unit_price_minor=price,
                )
            )
        session.add(_address(order.id, customer.name))
        if paid:
            _pay(session, order, total, placed_at)
        if note:
            session.add(NoteRow(order_id=order.id, author=source, written_at=placed_at, text=note))
            order.note_count = 1
        session.flush()
        Orders(session, placed_at, by_person=False).settle(order)
        order.version = 1
        return order.id


def write_arrival(store: Store, order_id: int) -> None:
    """Let the history say how the order came in, as every order of a real shop does."""
    command_id = f"arrival-{order_id}"
    with Session(store.writer) as session, session.begin():
        came_in = chain.Entry("order.imported", "order", order_id, "Came in from web")
        session.add(CommandRow(id=command_id, name="import.orders", actor="import", accepted_at=START, result="{}"))
        common = chain.Sealed(START, "import", Role.SYSTEM.value, "cli", command_id)
        link = chain.append(session, audit_key(), common, [came_in])
    remember_head(store.url, link)


def _head(number: str, customer: CustomerRow, total: int, placed_at: datetime, source: str, currency: str) -> OrderRow:
    return OrderRow(
        number=number,
        number_reversed=number[::-1],
        source=source,
        external_id=number,
        channel="web",
        placed_at=placed_at,
        received_at=placed_at,
        currency=currency,
        customer_id=customer.id,
        customer_name=customer.name,
        email=customer.email,
        phone=customer.phone,
        phone_reversed=customer.phone_reversed,
        language="en",
        lifecycle="placed",
        payment_status="unpaid",
        fulfilment_status="unfulfilled",
        headline="ready",
        stage="to_ship",
        is_open=True,
        goods_minor=total - 490,
        shipping_minor=490,
        tax_minor=round(total * 7 / 107),
        total_minor=total,
        promised_at=placed_at.replace(hour=15, minute=0, second=0) + timedelta(days=1),
        shipping_method="DHL parcel",
        search_text="",
        changed_at=placed_at,
    )


def _address(order_id: int, name: str) -> AddressRow:
    return AddressRow(
        order_id=order_id,
        kind="shipping",
        name=name,
        line1="Am Dobben 12",
        city="Bremen",
        postcode="28203",
        country="DE",
        phone="+494215550144",
    )


def _pay(session: Session, order: OrderRow, total: int, at: datetime) -> None:
    assert order.id is not None
    payment = PaymentRow(
        order_id=order.id,
        gateway="card",
        currency=order.currency,
        captured_minor=total,
        state="captured",
        created_at=at,
    )
    session.add(payment)
    session.flush()
    assert payment.id is not None
    paid = TransactionRow(
        order_id=order.id,
        payment_id=payment.id,
        kind="capture",
        state="succeeded",
        amount_minor=total,
        currency=order.currency,
        gateway="card",
        reference=f"pay-{order.number}",
        happened_at=at,
    )
    session.add(paid)
    session.flush()
    assert paid.id is not None
    session.add(
        JournalRow(
            order_id=order.id,
            transaction_id=paid.id,
            debit="gateway:card",
            credit="order",
            amount_minor=total,
            currency=order.currency,
            booked_at=at,
        )
    )
