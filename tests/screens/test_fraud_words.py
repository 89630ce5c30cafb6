"""A case as lines: what raises and lowers, what nobody knows, who it is, one clock, and what each key would do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from textual.content import Content

from opsdesk.domain.fraud.cases.script import read_script
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.fraud.scoring import Band
from opsdesk.domain.money import Money
from opsdesk.screens.fraud import options, script, words
from opsdesk.screens.fraud.clock import countdown, span_words
from opsdesk.screens.fraud.script import Call, Tick
from opsdesk.screens.fraud.seen import IdentityRow
from opsdesk.screens.fraud.suggesting import decline_reasons, next_step, reason_to_release, why_not_verify, why_not_yes
from tests.conftest import START
from tests.screens.fraud_sheets import BERLIN, SCORE, book, called, facts, seen, sheet

SETTINGS = book().thresholds.deadline


def text(lines: list[Content]) -> str:
    return "\n".join(line.plain for line in lines)


def test_what_lowers_a_score_is_shown_beside_what_raises_it():
    said = text(words.score(seen(), 70))
    assert "+25 ███████    the security code does not match" in said
    assert "−10 ███        3-D Secure was attempted" in said


def test_a_longer_bar_weighs_more():
    bars = [line.plain.count("█") for line in words.score(seen(), 70) if "█" in line.plain]
    assert bars[:5] == sorted(bars[:5], reverse=True)
    assert len(set(bars)) > 3


def test_what_nobody_knows_is_no_accusation():
    said = text(words.score(seen(), 90))
    assert "not checked: address check, device; the bank does not support address checks" in said
    assert "did not match" not in said


def test_a_low_score_on_thin_data_is_not_called_low():
    thin = replace(SCORE, total=4, band=Band.LOW, is_thin=True, coverage=12)
    assert "THIN DATA" in text(words.head(seen(score=thin), 78))
    assert "a low score says nothing" in next_step(seen(score=thin))


@pytest.mark.parametrize("width", [70, 78, 110])
def test_nothing_is_wider_than_its_column(width: int):
    drawn = seen()
    for part in (words.head, words.score, words.identity, words.links, words.checks, words.contact, options.decide):
        assert [line.plain for line in part(drawn, width) if line.cell_length > width] == []


@pytest.mark.parametrize("part", [words.contact, words.goods, options.decide])
def test_the_side_column_holds_its_lines(part: object):
    assert [line.plain for line in part(seen(), 44) if line.cell_length > 44] == []


def test_a_linked_order_says_how_it_ended_and_the_worst_comes_first():
    lines = words.links(seen(), 78)
    assert "1 disputed, 1 delivered" in lines[0].plain
    assert lines[1].plain.startswith("disputed   104101")


def test_names_from_outside_are_never_markup():
    drawn = seen(customer_name="[bold]Otto[/] [/x]", identity=(IdentityRow(what="name", shown="[red]x[/x]"),))
    assert "[bold]Otto[/] [/x]" in text(words.head(drawn, 110))
    assert "[red]x[/x]" in text(words.identity(drawn, 78))


# The one clock.


def test_the_clock_is_the_earlier_of_the_customer_and_the_money():
    money = countdown(facts(), START, BERLIN, SETTINGS)
    assert money is not None
    assert money.why.startswith("the authorisation ends Thu 26 Nov 15:32")
    asked = countdown(facts(respond_by=START + timedelta(hours=20)), START, BERLIN, SETTINGS)
    assert asked is not None
    assert (asked.at, asked.why) == (START + timedelta(hours=20), "the customer was asked to answer until then")


def test_there_is_one_clock_on_the_screen():
    case = facts(FraudState.AWAITING_CUSTOMER, respond_by=START + timedelta(hours=20))
    drawn = seen(case)
    everything = "\n".join(
        text(part(drawn, 78)) for part in (words.head, words.score, words.identity, words.contact, options.decide)
    )
    assert everything.count(" left") == 1


def test_a_late_case_says_by_how_much():
    late = text(words.head(seen(facts(respond_by=START - timedelta(hours=3, minutes=5))), 110))
    assert "3 h 05 min late" in late


def test_captured_money_runs_no_clock():
    assert countdown(facts(is_captured=True), START, BERLIN, SETTINGS) is None


@pytest.mark.parametrize(
    ("hours", "said"), [(0.5, "30 min"), (3, "3 h"), (26, "1 d 2 h"), (48, "2 d"), (-4.25, "4 h 15 min")]
)
def test_spans_have_at_most_two_units(hours: float, said: str):
    assert span_words(timedelta(hours=hours)) == said


# What each key would do.


def test_the_reason_of_one_key_is_the_best_that_the_case_supports():
    verified = seen(facts(attempts=(called("verified"),)))
    assert reason_to_release(verified) == "verified_call"
    assert reason_to_release(seen()) == "3ds_liability_issuer"
    nobody = replace(SCORE, liability="")
    assert reason_to_release(seen(score=nobody)) == "rule_false_alarm"
    good = (IdentityRow(what="customer", shown="Ada", orders=9, good=9),)
    assert reason_to_release(seen(score=nobody, identity=good)) == "repeat_good_customer"
    bad = (*good, IdentityRow(what="card", shown="visa", orders=2, bad=1))
    assert reason_to_release(seen(score=nobody, identity=bad)) == "rule_false_alarm"


def test_a_missed_call_verifies_nobody():
    assert reason_to_release(seen(facts(attempts=(called("no_answer"),)), score=None)) == "rule_false_alarm"


def test_a_case_of_somebody_else_is_theirs():
    assert why_not_yes(seen(who="tim")) == "mia works on 104463."
    assert why_not_verify(seen(who="tim")) == "mia works on 104463."


def test_a_large_sum_says_that_it_takes_two():
    large = facts(total=Money(120_000, "EUR"))
    assert "Releasing 1,200.00 EUR takes two people." in text(options.decide(seen(large), 46))


def test_a_closed_case_offers_no_key():
    said = text(options.decide(seen(facts(FraudState.RELEASED)), 46))
    assert "The case is released." in said
    assert " y " not in said


def test_a_call_that_comes_too_early_says_when_it_may_be_made():
    early = seen(facts(FraudState.CALLING, attempts=(called("no_answer", hours=1),)))
    assert "The next call may be made 17:" in next_step(early)


# The call.


def call(*, own: bool = False) -> Call:
    return Call(book().script, dict(sheet().expected), {"agent": "mia", "store": "Kraut", "name": "Otto Falk"}, own)


SYMBOLS = {Tick.OPEN: "[ ]", Tick.RIGHT: "[+]", Tick.WRONG: "[X]"}


def test_right_answers_are_masked_so_that_nobody_reads_them_out():
    said = text(script.script_lines(call(), SYMBOLS, 78))
    assert "expect O... F..." in said
    assert "Lindenstr" not in said
    assert "28755" not in said


def test_a_letter_ticks_right_then_wrong_then_open():
    once = call().tick("a")
    assert once.right == ("name",)
    assert once.tick("a").ticks["name"] is Tick.WRONG
    assert once.tick("a").tick("a").ticks["name"] is Tick.OPEN
    assert call().tick("z") == call()


def test_what_cannot_be_compared_cannot_be_ticked():
    assert [step.code for step in call().checks] == ["name", "item", "billing", "delivery"]


def test_verified_names_what_the_clerk_vouches_for():
    (first, *_) = script.outcome_choices(book().contact, call())
    assert (first.key, first.label) == ("verified", "verified: name, item, billing right")


def test_what_was_ticked_counts_once_anything_was():
    two = call().tick("b").tick("d")
    (first, *_) = script.outcome_choices(book().contact, two)
    assert first.why_not is not None
    assert first.why_not == "needs 3 right answers, has 2"
    (first, *_) = script.outcome_choices(book().contact, two.tick("c"))
    assert (first.label, first.why_not) == ("verified: item, billing, delivery right", None)


def test_at_the_orders_own_number_verified_is_worth_less():
    (first, *_) = script.outcome_choices(book().contact, call(own=True))
    assert first.key == "verified_order_number"
    codes = [choice.key for choice in script.outcome_choices(book().contact, call(own=True))]
    assert "verified" not in codes


def test_every_way_a_call_can_end_is_in_the_list_once():
    ends = {code for code, outcome in book().contact.outcomes.items() if outcome.is_attempt}
    listed = [choice.key for choice in script.outcome_choices(book().contact, call())]
    assert len(listed) == len(set(listed))
    assert set(listed) | {"verified_order_number"} == ends


def test_a_script_without_checks_vouches_for_nothing():
    bare = Call(read_script('[[step]]\ncode = "hello"\nsay = "Hello."\n'), {}, {}, is_own_number=False)
    (first, *_) = script.outcome_choices(book().contact, bare)
    assert first.why_not is not None


def test_no_verdict_accuses_by_default():
    verdicts = [verdict for _, _, verdict in decline_reasons(seen())]
    assert verdicts[0] is Verdict.CANCEL_UNVERIFIED
    assert Verdict.RELEASE not in verdicts
