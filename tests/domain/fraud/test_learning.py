"""Learning: labels that do not grade themselves, figures with their doubt, and a back-test that keeps the recent apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.codes.disputes import decode_dispute, decode_warning
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.fraud.evidence.deriving import FactSheet
from opsdesk.domain.fraud.learning.backtest import PROGRESS_EVERY, backtest, trial_of
from opsdesk.domain.fraud.learning.calibration import gut_calibration, is_rising, score_calibration
from opsdesk.domain.fraud.learning.comparing import Sample, Trial
from opsdesk.domain.fraud.learning.labels import Aftermath, Label, label_of
from opsdesk.domain.fraud.learning.precision import Judged, rule_records, share
from opsdesk.domain.fraud.learning.programmes import MonthFigures, in_force, read_programmes, standing
from opsdesk.domain.fraud.rule_entries import read_rules
from opsdesk.domain.fraud.rules import RuleBook, RuleState
from opsdesk.domain.fraud.scoring import Bands, score
from opsdesk.domain.money import Money
from opsdesk.integrations.fraud_files import open_fraud
from tests.domain.fraud.evidence_kit import FOLDER, money

BOOK = open_fraud(FOLDER)
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
GOOD_AFTER = timedelta(days=120)


# Labels.


def label(**changes: object) -> Label:
    return label_of(Aftermath(**changes), NOW, GOOD_AFTER)  # type: ignore[arg-type]


def dispute(network: str, code: str):
    return decode_dispute(BOOK.codes.disputes, network, code)


def test_what_an_order_turned_out_to_be() -> None:
    old, young = NOW - 120 * DAY, NOW - 119 * DAY
    fraud, not_received = dispute("visa", "10.4"), dispute("visa", "13.1")
    assert label(disputes=(fraud,)) is Label.FRAUD
    assert label(disputes=(decode_warning(BOOK.codes.disputes, "made_with_stolen_card"),)) is Label.FRAUD
    assert label(disputes=(fraud,), was_verified=True, delivered_at=old) is Label.FRAUD
    assert label(was_denied=True) is Label.FRAUD
    assert label(was_verified=True, verdict=Verdict.RELEASE) is Label.LEGIT
    assert label(delivered_at=old) is Label.LEGIT
    assert label(delivered_at=old, disputes=(not_received,)) is Label.LEGIT
    assert label(delivered_at=young) is Label.UNKNOWN
    assert label() is Label.UNKNOWN


@pytest.mark.parametrize("verdict", [Verdict.CANCEL_FRAUD, Verdict.CANCEL_UNVERIFIED])
def test_what_the_desk_cancelled_without_proof_proves_nothing(verdict: Verdict) -> None:
    """Otherwise a rule whose orders are always cancelled would be always right."""
    cancelled = label(verdict=verdict, delivered_at=None)
    assert cancelled is Label.SUSPECTED
    assert not cancelled.is_sure


# Precision.


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    # Reference values of the Wilson score interval at 95 %.
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (7, 20, 0.1812, 0.5671), (1, 100, 0.0018, 0.0545)],
)  # fmt: skip
def test_the_interval_is_that_of_wilson(hits: int, of: int, low: float, high: float) -> None:
    found = share(hits, of)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_holds_the_share_and_narrows_with_more_orders(hits: int, misses: int) -> None:
    found = share(hits, hits + misses)
    assert 0.0 <= found.low <= found.high <= 1.0
    if hits + misses:
        assert found.low <= hits / (hits + misses) <= found.high
        more = share(hits * 4, (hits + misses) * 4)
        assert more.high - more.low <= found.high - found.low + 1e-9


def test_a_share_of_nothing_says_so() -> None:
    assert (share(0, 0).value, share(0, 0).words) == (None, "no labelled orders yet")
    assert share(7, 20).words == "7 of 20: 35 % (18 to 57)"
    with pytest.raises(ValueError, match="no share"):
        share(3, 2)


def test_the_record_of_a_rule() -> None:
    judged = [
        *[Judged(label=Label.FRAUD, total=money(100), fired=("A",), was_held=True)] * 3,
        *[Judged(label=Label.FRAUD, total=money(50), fired=("B",))] * 1,
        *[Judged(label=Label.LEGIT, total=money(20), fired=("A", "B"), was_held=True)] * 1,
        *[Judged(label=Label.LEGIT, total=money(20), fired=("A",), was_held=False)] * 2,
        *[Judged(label=Label.LEGIT, total=money(20), fired=())] * 9,
        *[Judged(label=Label.SUSPECTED, total=money(999), fired=("A",))] * 5,
        *[Judged(label=Label.UNKNOWN, total=money(999), fired=(), unknown=("A",))] * 5,
    ]
    a, b = rule_records(judged, ["A", "B"])
    assert (a.orders, a.seen, a.hits, a.marginal) == (26, 21, 11, 10)
    assert (a.precision.hits, a.precision.of) == (3, 6)  # suspected and unknown orders are left out
    assert (a.recall.hits, a.recall.of) == (3, 4)
    assert a.lift == pytest.approx((3 / 6) / (4 / 16))
    assert (a.caught, a.held_good) == ((money(300),), (money(20),))
    assert round(a.coverage, 2) == 0.81
    assert not a.may_be_coloured(30) and a.may_be_coloured(6)
    assert (b.precision.hits, b.precision.of) == (1, 2)


def test_a_rule_that_never_fired_has_a_record_without_figures() -> None:
    (record,) = rule_records([Judged(label=Label.LEGIT, total=money(1), fired=())], ["A"])
    assert (record.hits, record.precision.value, record.lift) == (0, None, None)


# Calibration.


def test_scores_are_calibrated_by_tens() -> None:
    steps = score_calibration(
        [
            (0, Label.LEGIT),
            (9, Label.FRAUD),
            (10, Label.LEGIT),
            (99, Label.FRAUD),
            (100, Label.FRAUD),
            (100, Label.UNKNOWN),
        ]
    )
    assert [(step.low, step.high) for step in steps][::9] == [(0, 9), (90, 100)]
    assert (steps[0].orders, steps[0].fraud.hits, steps[0].fraud.of) == (2, 1, 2)
    assert (steps[9].orders, steps[9].fraud.hits, steps[9].fraud.of) == (3, 2, 2)


def test_a_score_that_means_the_opposite_is_noticed() -> None:
    honest = [(5, Label.LEGIT)] * 60 + [(95, Label.FRAUD)] * 60
    upside_down = [(5, Label.FRAUD)] * 60 + [(95, Label.LEGIT)] * 60
    assert is_rising(score_calibration(honest))
    assert not is_rising(score_calibration(upside_down))


def test_a_gut_is_told_what_it_was_worth() -> None:
    steps = gut_calibration(
        [(4, Label.FRAUD)] * 3 + [(4, Label.LEGIT)] * 4 + [(4, Label.UNKNOWN)] * 2 + [(1, Label.UNKNOWN)]
    )
    assert steps[3].words == "when you said 4, 3 of 7 were fraud"
    assert steps[3].decisions == 9
    assert steps[0].words == "when you said 1, nothing is known yet"


# Programmes.


def programme(code: str, day: date = date(2026, 11, 24), region: str = ""):
    return next(one for one in in_force(BOOK.programmes, day, region=region, with_acquirer=True) if one.code == code)


@pytest.mark.parametrize(
    ("code", "day", "region", "ratio", "at_least"),
    [
        ("vamp_merchant", date(2025, 6, 1), "", 220, 1500),
        ("vamp_merchant", date(2026, 3, 31), "", 220, 1500),
        ("vamp_merchant", date(2026, 4, 1), "", 150, 1500),
        ("vamp_merchant", date(2026, 4, 1), "mena", 220, 100),
        ("vamp_acquirer_standard", date(2026, 1, 1), "", 50, 0),
        ("vamp_acquirer_excessive", date(2026, 1, 1), "", 70, 0),
        ("ecm", date(2026, 11, 24), "", 150, 100),
        ("hecm", date(2026, 11, 24), "", 300, 300),
        ("efm", date(2026, 11, 24), "", 50, 0),
    ],
)
def test_each_programme_as_it_stands_on_a_day(code, day, region, ratio, at_least) -> None:
    found = programme(code, day, region)
    assert (found.ratio, found.at_least) == (ratio, at_least)


def test_programmes_begin_when_they_begin_and_acquirers_have_their_own() -> None:
    codes = {one.code for one in in_force(BOOK.programmes, date(2025, 5, 31))}
    assert codes == {"ecm", "hecm", "efm"}
    assert not any(one.of_acquirer for one in in_force(BOOK.programmes, date(2026, 11, 24)))


DOLLARS = (Money(5_000_000, "USD"),)


def test_a_small_shop_sees_the_ratio_and_how_far_it_is_from_being_looked_at() -> None:
    found = standing(
        programme("vamp_merchant"), MonthFigures(sales=1000, sales_before=900, fraud_reports=3, disputes=4)
    )
    assert (found.count, found.ratio, found.is_over, found.is_near) == (7, 70, False, False)
    assert found.words == "0.70 % of 1.50 %, count 7 of 1,500"
    small = standing(programme("vamp_merchant"), MonthFigures(sales=100, sales_before=900, disputes=7))
    assert (small.is_over, small.is_near) == (False, True)
    assert (
        standing(programme("ecm"), MonthFigures(sales=9, sales_before=0)).words == "no sales of 1.50 %, count 0 of 100"
    )


@pytest.mark.parametrize(
    ("code", "figures", "over"),
    [
        ("vamp_merchant", MonthFigures(sales=100_000, sales_before=1, fraud_reports=700, disputes=800), True),
        ("vamp_merchant", MonthFigures(sales=100_000, sales_before=1, fraud_reports=700, disputes=799), False),
        # Mastercard sets this month's chargebacks against the sales of the month before.
        ("ecm", MonthFigures(sales=1, sales_before=10_000, disputes=150), True),
        ("ecm", MonthFigures(sales=10, sales_before=10_001, disputes=150), False),
        ("ecm", MonthFigures(sales=1, sales_before=1_000, disputes=99), False),
        ("hecm", MonthFigures(sales=1, sales_before=10_000, disputes=300), True),
        (
            "efm",
            MonthFigures(sales=1_000, sales_before=1, fraud_chargebacks=5, fraud_amounts=DOLLARS, secured=99),
            True,
        ),
        (
            "efm",
            MonthFigures(sales=1_000, sales_before=1, fraud_chargebacks=5, fraud_amounts=DOLLARS, secured=100),
            False,
        ),
        (
            "efm",
            MonthFigures(sales=1_000, sales_before=1, fraud_chargebacks=5, fraud_amounts=(Money(4_999_999, "USD"),)),
            False,
        ),
        ("efm", MonthFigures(sales=999, sales_before=1, fraud_chargebacks=5, fraud_amounts=DOLLARS), False),
    ],
)
def test_when_a_programme_catches_a_shop(code: str, figures: MonthFigures, over: bool) -> None:
    assert standing(programme(code), figures).is_over is over


def test_amounts_of_several_currencies_are_told_apart_and_never_added() -> None:
    amounts = (Money(4_000_000, "EUR"), Money(2_000_000, "USD"))
    mixed = MonthFigures(sales=1_000, sales_before=1, fraud_chargebacks=5, fraud_amounts=amounts)
    found = standing(programme("efm"), mixed)
    # Together they would be over; which amount the network sees nobody here knows, so it is near and says why.
    assert (found.is_over, found.is_near) == (False, True)
    assert "40,000.00 EUR and 20,000.00 USD of 50,000.00 USD; other currencies do not count here" in found.words
    assert "40,000.00 EUR" in found.distance
    alone = replace(mixed, fraud_amounts=(*amounts[:1], *DOLLARS))
    assert standing(programme("efm"), alone).is_over


def test_a_programme_that_asks_for_no_amount_speaks_of_none() -> None:
    found = standing(programme("ecm"), MonthFigures(sales=1, sales_before=9, disputes=1, dispute_amounts=DOLLARS))
    assert (found.amount_words, found.amounts) == ("", DOLLARS)


def test_an_amount_without_its_currency_is_no_threshold() -> None:
    text = '[[programme]]\ncode = "x"\nname = "x"\nnetwork = "visa"\neffective_from = 2026-01-01\n'
    text += 'counts = "chargebacks"\nover = "month"\nratio = 50\nat_least_amount = 7\n'
    with pytest.raises(Invalid, match="said together"):
        read_programmes(text)
    (found,) = read_programmes(text + 'amount_currency = "JPY"\n')
    assert found.at_least_amount == Money(7, "JPY")


# Back-test.

RULES = read_rules(
    """
[[group]]
code = "g"
name = "G"
cap = 100
[[rule]]
id = "OLD-01"
name = "old"
when = 'order.units >= 10'
points = 60
group = "g"
agent = "many"
state = "live"
since = 2026-01-01
author = "lena"
""",
    "",
    BOOK.vocabulary,
    BOOK.phrases,
)
NEW = read_rules(
    """
[[group]]
code = "g"
name = "G"
cap = 100
[[rule]]
id = "NEW-01"
name = "new"
when = 'email.domain in disposable_domains'
points = 70
group = "g"
agent = "throw-away"
since = 2026-11-01
author = "lena"
""",
    "",
    BOOK.vocabulary,
    BOOK.phrases,
).rules[0]


def sample(days_ago: int, units: int, domain: str, label: Label) -> Sample:
    facts = {"order.units": units, "email.domain": domain, "order.currency": "GBP"}
    total = money(100)
    return Sample(int((NOW - days_ago * DAY).timestamp()), total.minor, total.currency, label, facts)


BAD, FINE = "mailinator.com", "example.com"
PAST = [
    *[sample(100 - day, 1, FINE, Label.LEGIT) for day in range(70)],
    *[sample(90, 1, BAD, Label.FRAUD) for _ in range(6)],
    *[sample(80, 20, BAD, Label.FRAUD) for _ in range(4)],
    *[sample(3, 1, BAD, Label.LEGIT) for _ in range(3)],
    sample(2, 1, BAD, Label.SUSPECTED),
    *[sample(1, 1, FINE, Label.UNKNOWN) for _ in range(16)],
]


def test_a_new_rule_is_told_as_a_difference_and_the_last_fifth_apart() -> None:
    report = backtest(trial_of(RULES, NEW, bands=Bands(), touch_minutes=5), PAST)
    whole, recent = report.whole, report.recent
    assert (whole.orders, whole.held_before, whole.held_after) == (100, 4, 14)
    assert (whole.newly_held.orders, whole.newly_passed.orders, whole.minutes) == (10, 0, 50)
    assert (
        whole.newly_held.count(Label.FRAUD),
        whole.newly_held.count(Label.LEGIT),
        whole.newly_held.count(Label.SUSPECTED),
    ) == (6, 3, 1)
    assert (whole.newly_held.fraud, whole.newly_held.good) == ((money(600),), (money(300),))
    # Over the year the rule looks right two times in three; of late it has held good customers alone.
    (hits,) = whole.hits
    assert (hits.rule_id, hits.hits, hits.precision.hits, hits.precision.of) == ("NEW-01", 14, 10, 13)
    assert (recent.orders, recent.newly_held.orders, recent.newly_held.count(Label.FRAUD)) == (20, 4, 0)
    assert (recent.hits[0].precision.hits, recent.hits[0].precision.of) == (0, 3)
    assert report.cut == NOW - 3 * DAY
    assert (report.changed, report.is_complete) == (("NEW-01",), True)
    assert (whole.days, whole.minutes_a_day) == (100, 0.5)


def test_a_test_that_mixed_the_times_would_be_noticed() -> None:
    """The control: without keeping the recent apart, the rule would look as good today as it was in its wave."""
    report = backtest(trial_of(RULES, NEW, bands=Bands(), touch_minutes=5), PAST)
    assert report.whole.hits[0].precision.value > 0.7
    assert report.recent.hits[0].precision.value == 0.0


def test_a_rule_that_is_taken_away_lets_orders_pass_and_spares_work() -> None:
    trial = Trial(old=RULES, new=RULES.without_rule("OLD-01"), touch_minutes=7)
    report = backtest(trial, PAST)
    assert (report.whole.newly_passed.orders, report.whole.newly_held.orders, report.whole.minutes) == (4, 0, -28)
    assert report.whole.newly_passed.count(Label.FRAUD) == 4


def test_the_same_book_makes_no_difference_and_new_words_do_not_either() -> None:
    reworded = RULES.with_rule(replace(RULES.rules[0], name="other words"))
    for new in (RULES, reworded):
        report = backtest(Trial(old=RULES, new=new), PAST)
        assert (report.changed, report.whole.newly_held.orders, report.whole.newly_passed.orders) == ((), 0, 0)
        assert report.whole.held_before == report.whole.held_after == 4


def test_other_bands_are_compared_too() -> None:
    report = backtest(Trial(old=RULES, new=RULES, new_bands=Bands(hold_from=61, review_from=25)), PAST)
    assert report.whole.newly_passed.orders == 4


def test_a_rule_on_trial_holds_nothing_until_it_is_tried_as_if_it_counted() -> None:
    silent = Trial(old=RULES, new=RULES.with_rule(NEW))
    assert NEW.state is RuleState.SHADOW
    assert backtest(silent, PAST).whole.newly_held.orders == 0
    assert backtest(silent, PAST).whole.hits[0].hits == 14


def test_stored_answers_spare_asking_and_change_nothing() -> None:
    trial = trial_of(RULES, NEW, bands=Bands(), touch_minutes=5)
    assert set(trial.needed_facts()) == {"order.units", "email.domain"}
    assert trial.needed_facts(RULES.version) == ("email.domain",)
    stored = [_answered(one, RULES, "email.domain") for one in PAST]
    assert backtest(trial, stored) == backtest(trial, PAST)
    # Answers of another book are not believed.
    foreign = [one._replace(fired="OLD-01", book="another") for one in PAST]
    assert backtest(trial, foreign) == backtest(trial, PAST)


def test_answers_of_an_earlier_book_that_is_known_spare_asking_what_has_not_changed_since() -> None:
    (old,) = RULES.rules
    earlier = RULES.with_rule(NEW).with_rule(replace(old, points=old.points + 1))
    trial = trial_of(RULES, NEW, bands=Bands(), touch_minutes=5)
    known = replace(trial, stored={earlier.version: earlier})
    # A rule that was on trial, or weighed something else, was asked all the same.
    assert known.needed_facts(earlier.version) == ()
    assert backtest(known, [_answered(one, earlier) for one in PAST]) == backtest(trial, PAST)
    asked_less = RULES.with_rule(replace(NEW, state=RuleState.OFF))
    known = replace(trial, stored={asked_less.version: asked_less})
    assert known.needed_facts(asked_less.version) == ("email.domain",)
    assert backtest(known, [_answered(one, asked_less, "email.domain") for one in PAST]) == backtest(trial, PAST)


def test_answers_to_another_question_under_the_same_name_are_not_believed() -> None:
    other = RULES.with_rule(replace(NEW, when=RULES.rules[0].when))
    known = replace(trial_of(RULES, NEW, bands=Bands(), touch_minutes=5), stored={other.version: other})
    assert known.needed_facts(other.version) == ("email.domain",)
    past = [_answered(one, other, "email.domain") for one in PAST]
    assert backtest(known, past) == backtest(trial_of(RULES, NEW, bands=Bands(), touch_minutes=5), PAST)


def _answered(one: Sample, book: RuleBook, *facts: str) -> Sample:
    """Return the order as it is stored by those who scored it with a book, with those facts alone."""
    fired = " ".join(score(book, FactSheet(one.facts)).fired)
    return one._replace(fired=fired, book=book.version, facts={name: one.facts[name] for name in facts})


def test_a_back_test_can_be_stopped_and_says_that_it_was() -> None:
    heard: list[int] = []

    def progress(count: int) -> bool:
        heard.append(count)
        return count < 3 * PROGRESS_EVERY

    endless = (PAST[number % len(PAST)] for number in range(10**9))
    report = backtest(trial_of(RULES, NEW, bands=Bands(), touch_minutes=5), endless, progress=progress)
    assert heard == [PROGRESS_EVERY, 2 * PROGRESS_EVERY, 3 * PROGRESS_EVERY]
    assert (report.is_complete, report.whole.orders) == (False, 3 * PROGRESS_EVERY)


def test_no_orders_are_no_difference() -> None:
    report = backtest(trial_of(RULES, NEW, bands=Bands(), touch_minutes=5), [])
    assert (report.whole.orders, report.recent.orders, report.cut, report.whole.minutes_a_day) == (0, 0, None, 0.0)


@settings(max_examples=50)
@given(st.permutations(PAST))
def test_the_order_in_which_orders_come_does_not_matter(past) -> None:
    trial = trial_of(RULES, NEW, bands=Bands(), touch_minutes=5)
    assert backtest(trial, past) == backtest(trial, PAST)


_CASES = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 30), st.sampled_from([BAD, FINE]), st.sampled_from(list(Label))), max_size=60
)  # fmt: skip


@given(_CASES)
def test_what_is_held_before_and_newly_adds_up(rows) -> None:
    report = backtest(trial_of(RULES, NEW, bands=Bands(), touch_minutes=3), [sample(*row) for row in rows])
    for part in (report.whole, report.recent):
        assert part.held_before + part.newly_held.orders - part.newly_passed.orders == part.held_after
        assert part.minutes == 3 * (part.held_after - part.held_before)
        assert sum(count for _, count in part.newly_held.by_label) == part.newly_held.orders
    assert report.recent.orders <= report.whole.orders
    assert report.recent.orders >= len(rows) - len(rows) * 4 // 5
