"""What orders turn out to be: samples that pass unseen, words of people and the way back, and nothing before its time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlmodel import Session, SQLModel

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.evidence.facts import Outcome
from opsdesk.domain.fraud.learning.labels import Label, Word
from opsdesk.domain.fraud.scoring import Bands
from opsdesk.domain.fraud.thresholds import Sampling
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.people.actors import Actor
from opsdesk.integrations.files.formats import open_orders
from opsdesk.integrations.files.shops import Reading
from opsdesk.operations.exchange.imports import import_orders
from opsdesk.operations.fraud.labelling import label_order, take_back_label
from opsdesk.operations.fraud.sampling import SAMPLE
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store
from opsdesk.store.fraud.aftermaths import labels_between, labels_of
from opsdesk.store.fraud.linked_orders import Ends, ends_of
from opsdesk.store.tables import (
    ActivityRow,
    AssessmentRow,
    DisputeRow,
    HoldRow,
    LabelRow,
    ParcelRow,
    PaymentRow,
    RefundRow,
)
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.integrations.files.samples import json_lines, own_order, written
from tests.operations.fraud_kit import AMY, BOB, BOOK, with_files
from tests.operations.orders_kit import rows
from tests.shop_orders import write_order

DAY = timedelta(days=1)
READ = Reading("", ZoneInfo("Europe/Berlin"), START)
STREET = {"name": "Ada Example", "line1": "Example Road 1", "city": "Bremen", "postcode": "28203", "country": "DE"}


# Samples.


def looks_at_all(percent: int, *, hold_from: int = 60) -> FraudBook:
    """A desk that looks at every order with any score, and lets so many of a hundred pass."""
    settings = replace(
        BOOK().thresholds, bands=Bands(review_from=1, hold_from=hold_from), sampling=Sampling(percent, largest=200)
    )
    return replace(BOOK(), thresholds=settings)


@dataclass(frozen=True)
class Arrivals:
    """Orders that come in from a file."""

    store: Store
    admin: Actor
    folder: Path

    def take(self, book: FraudBook, *orders: dict[str, object]) -> None:
        store = replace(with_files(self.store), fraud=lambda: book)
        with open_orders(written(self.folder, "orders", json_lines(*orders)), READ) as file:
            import_orders(Performer(store, self.admin, StillClock(START)), file)

    def sampled(self) -> list[LabelRow]:
        return [row for row in rows(self.store, LabelRow) if row.label == Word.SAMPLED]


@pytest.fixture
def arrivals(store: Store, admin: Actor, tmp_path: Path) -> Arrivals:
    return Arrivals(store, admin, tmp_path)


def arriving(number: str, **fields: object) -> dict[str, object]:
    return own_order(number, placed_at=(START - timedelta(hours=1)).isoformat(), shipping=STREET, **fields)


def test_a_sample_passes_and_is_written_down_with_the_score_that_it_passes_in_spite_of(arrivals: Arrivals) -> None:
    arrivals.take(looks_at_all(100), arriving("B1"))

    (label,), (scored,) = arrivals.sampled(), rows(arrivals.store, AssessmentRow)
    told = [row.summary for row in rows(arrivals.store, ActivityRow) if row.action == "fraud.sampled"]
    assert (label.order_id, label.source, label.at) == (scored.order_id, SAMPLE, scored.scored_at)
    assert told == [label.reason] == [f"Passes unseen as a sample: score {scored.score}"]
    assert (scored.action, rows(arrivals.store, HoldRow)) == ("review", [])
    assert [row.sentence for row in verify_store(arrivals.store, now=START, with_seals=False).violations] == []


def test_without_a_share_in_the_settings_nothing_passes_as_a_sample(arrivals: Arrivals) -> None:
    arrivals.take(looks_at_all(0), arriving("B1"))

    assert ([row.action for row in rows(arrivals.store, AssessmentRow)], arrivals.sampled()) == (["review"], [])


def test_what_the_rules_hold_is_large_or_over_is_never_a_sample(arrivals: Arrivals) -> None:
    arrivals.take(looks_at_all(100, hold_from=1), arriving("B1"))
    dear = [{"sku": "1", "title": "Machine", "quantity": 1, "unit_price": "201.00"}]
    arrivals.take(looks_at_all(100), arriving("B2", lines=dear, total="201.00"), arriving("B3", lifecycle="cancelled"))

    assert len(rows(arrivals.store, AssessmentRow)) >= 2
    assert arrivals.sampled() == []


def test_a_sample_that_the_rules_would_have_held_is_found(arrivals: Arrivals) -> None:
    """The wrong variant: whatever comes is written down as a sample."""
    arrivals.take(looks_at_all(0, hold_from=1), arriving("B1"))
    (scored,) = rows(arrivals.store, AssessmentRow)
    with Session(arrivals.store.writer) as session, session.begin():
        session.add(LabelRow(order_id=scored.order_id, label="sampled", source=SAMPLE, by="import", at=START))

    found = [row.sentence for row in verify_store(arrivals.store, now=START, with_seals=False).violations]
    assert [one.partition(" (")[0] for one in found] == [
        "A5: order B1: it passed as a sample, and yet its score holds it or asks for nothing"
    ]


# Words of people.


@dataclass
class Shop:
    """A shop with one order, and its clock."""

    store: Store
    clock: StillClock
    order_id: int

    def by(self, actor: Actor = AMY) -> Performer:
        return Performer(self.store, actor, self.clock)

    def say(self, verdict: str, actor: Actor = AMY, note: str = "The cardholder rang.") -> None:
        self.by(actor).perform(label_order, self.order_id, verdict=verdict, note=note)

    def add(self, *found: SQLModel) -> None:
        with Session(self.store.writer) as session, session.begin():
            session.add_all(found)

    def word(self, word: Word, at: datetime, source: str = "stripe") -> None:
        self.add(LabelRow(order_id=self.order_id, label=word.value, source=source, by="worker", at=at))

    def dispute(self, at: datetime, *, state: str = "needs_response", reason: str = "10.4") -> None:
        with self.store.reading() as session:
            payment_id = session.execute(select(PaymentRow.id).filter_by(order_id=self.order_id)).scalars().first()  # type: ignore[call-overload]
        self.add(
            DisputeRow(
                order_id=self.order_id, payment_id=payment_id, reference=f"dp_{at:%d%H}", state=state,
                network_reason=reason, amount_minor=100, currency="EUR", opened_at=at,
            )
        )  # fmt: skip

    @property
    def label(self) -> Label:
        """What the order is now; both ways of asking say the same."""
        with self.store.reading() as session:
            one = labels_of(session, [self.order_id], BOOK(), now=self.clock())
            many = labels_between(session, self.order_id, self.order_id, BOOK(), now=self.clock())
        found = one.get(self.order_id, Label.UNKNOWN)
        assert many.get(self.order_id, Label.UNKNOWN) in (found, Label.UNKNOWN)
        return found

    def outcome(self, at: datetime) -> Outcome:
        """How the order had ended, for a score at a moment."""
        with self.store.reading() as session:
            return ends_of(session, [self.order_id], BOOK().codes.disputes).at(self.order_id, at)[0]


@pytest.fixture
def shop(store: Store, clock: StillClock) -> Shop:
    return Shop(with_files(store), clock, write_order(store, "104458"))


def test_a_word_counts_at_once_is_in_the_history_and_can_be_taken_back(shop: Shop) -> None:
    assert shop.label is Label.UNKNOWN
    shop.say("fraud")
    assert shop.label is Label.FRAUD

    told = [(row.actor, row.summary) for row in rows(shop.store, ActivityRow) if row.action == "fraud.labelled"]
    assert told == [("amy", "Known now: fraud. The cardholder rang.")]

    last = [row.command_id for row in rows(shop.store, ActivityRow)][-1]
    shop.by().perform(undo, last)
    assert shop.label is Label.UNKNOWN
    assert [(row.label, row.by) for row in rows(shop.store, LabelRow)] == [
        ("confirmed_fraud", "amy"),
        ("withdrawn", "amy"),
    ]


def test_a_correction_that_is_taken_back_leaves_the_banks_word(shop: Shop) -> None:
    shop.word(Word.WARNED, START - DAY)
    shop.say("legit", note="Her son ordered it.")
    assert shop.label is Label.LEGIT

    newest = rows(shop.store, LabelRow)[-1]
    shop.by().perform(take_back_label, shop.order_id, newest.id)
    assert shop.label is Label.FRAUD
    assert rows(shop.store, LabelRow)[-1].reference == ""  # the bank has reported once


def test_nobody_says_twice_what_is_known_or_without_saying_how(shop: Shop) -> None:
    shop.say("fraud")
    with pytest.raises(Refused, match="amy has said already that 104458 was fraud"):
        shop.say("fraud", BOB)
    with pytest.raises(Invalid, match="Say how you know"):
        shop.say("legit", note=" ")
    with pytest.raises(Invalid, match="Say one of"):
        shop.say("suspicious")


def test_what_is_not_the_newest_word_cannot_be_taken_back(shop: Shop) -> None:
    shop.say("fraud")
    first = rows(shop.store, LabelRow)[-1]
    shop.say("legit", BOB)
    with pytest.raises(Refused, match="Something newer is known"):
        shop.by().perform(take_back_label, shop.order_id, first.id)


# Outcomes label orders.


def test_a_fraud_dispute_labels_the_order_until_the_shop_has_won_it(shop: Shop) -> None:
    shop.dispute(START - DAY)
    assert shop.label is Label.FRAUD
    with Session(shop.store.writer) as session, session.begin():
        session.execute(select(DisputeRow)).scalar_one().state = "won"
    assert shop.label is Label.UNKNOWN


@pytest.mark.parametrize(("state", "reason", "known"), [("lost", "10.4", Label.FRAUD), ("lost", "13.1", Label.UNKNOWN)])
def test_a_lost_dispute_is_fraud_only_if_its_reason_says_so(shop: Shop, state: str, reason: str, known: Label) -> None:
    shop.dispute(START - DAY, state=state, reason=reason)
    assert shop.label is known


def test_what_a_person_says_settles_what_they_knew_of_and_nothing_that_comes_later(shop: Shop) -> None:
    shop.dispute(START - DAY)
    shop.say("legit", note="Her son ordered it.")
    assert shop.label is Label.LEGIT

    shop.dispute(START + DAY)
    shop.clock.advance(days=2)
    assert shop.label is Label.FRAUD


def test_an_order_that_was_cancelled_as_fraud_without_proof_is_suspected(shop: Shop) -> None:
    shop.by().perform(cancel, shop.order_id, reason=CancelReason.FRAUD, note="Odd.")
    assert shop.label is Label.SUSPECTED


@pytest.mark.parametrize(("state", "known"), [("succeeded", Label.SUSPECTED), ("declined", Label.UNKNOWN)])
def test_money_that_went_back_as_fraud_is_a_suspicion_and_no_proof(shop: Shop, state: str, known: Label) -> None:
    shop.add(
        RefundRow(
            order_id=shop.order_id, state=state, reason="fraud", amount_minor=100, currency="EUR", content_hash="x",
            requested_by="amy", requested_at=START,
        )
    )  # fmt: skip
    assert shop.label is known


def test_an_order_that_arrived_becomes_good_by_itself_when_its_time_is_over(shop: Shop) -> None:
    shop.add(
        ParcelRow(
            order_id=shop.order_id, carrier="dhl", tracking_number="1", shipped_by="will", shipped_at=START,
            delivered_at=START,
        )
    )  # fmt: skip
    shop.clock.advance(days=119)
    assert shop.label is Label.UNKNOWN
    shop.clock.advance(days=1)
    assert shop.label is Label.LEGIT


def test_that_it_passed_as_a_sample_says_nothing_of_how_it_ended(shop: Shop) -> None:
    shop.word(Word.FRAUD, START - DAY)
    shop.word(Word.SAMPLED, START)
    assert (shop.label, shop.outcome(START)) == (Label.FRAUD, Outcome.FRAUD)


# Nothing before its time.


def seen_by_day(shop: Shop) -> list[Outcome]:
    """How the order looked to a score on each of six days, read when all six are over."""
    shop.word(Word.WARNED, START + DAY)
    shop.word(Word.LEGIT, START + 3 * DAY, "person")
    shop.word(Word.FRAUD, START + 5 * DAY, "person")
    return [shop.outcome(START + day * DAY + timedelta(hours=1)) for day in range(6)]


TRUE_STORY = [Outcome.OPEN, Outcome.FRAUD, Outcome.FRAUD, Outcome.OPEN, Outcome.OPEN, Outcome.FRAUD]


def test_a_score_sees_the_words_of_its_day_and_not_those_of_later_days(shop: Shop) -> None:
    assert seen_by_day(shop) == TRUE_STORY


@pytest.mark.parametrize("leak", ["newest", "any"])
def test_a_reader_that_sees_words_before_their_time_is_caught(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, leak: str
) -> None:
    """One takes today's newest word for every day; one lets a complaint be known before it came."""
    honest = Ends.at

    def newest(ends: Ends, order_id: int, moment: datetime) -> tuple[Outcome, datetime | None]:
        last = max((at for _, at, _ in ends.words.get(order_id, ())), default=moment)
        return honest(ends, order_id, last)

    def any_time(ends: Ends, order_id: int, moment: datetime) -> tuple[Outcome, datetime | None]:
        ends.words[order_id] = [(place, moment, word) for place, _, word in ends.words.get(order_id, ())]
        return honest(ends, order_id, moment)

    monkeypatch.setattr(Ends, "at", newest if leak == "newest" else any_time)

    assert seen_by_day(shop) != TRUE_STORY
