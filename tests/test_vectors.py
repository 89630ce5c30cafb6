"""Where each vector of the money reference is tested: 1 to 13 are arithmetic, 14 to 28 payments and refunds.

A table in prose would rot: each name here must be that of a test.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
REFUNDS, EVENTS = "domain/test_refunds.py", "operations/test_gateway_events.py"
VECTORS: dict[str, tuple[tuple[str, str], ...]] = {
    "1 minor units and exponents, no float": (
        ("domain/test_money.py", "test_a_plain_amount_is_read_with_the_decimals_of_its_currency"),
        ("domain/test_money.py", "test_anything_else_is_refused_in_words"),
        (REFUNDS, "test_other_currencies_round_to_their_own_units"),
    ),
    "2 the penny trap: 179.25, not 179.26": (
        (REFUNDS, "test_the_tax_inside_is_what_the_rounded_net_leaves"),
        (REFUNDS, "test_a_full_refund_is_what_was_paid_and_not_a_penny_more"),
    ),
    "3 unit by unit: 17.93, 17.92, 17.93": (
        (REFUNDS, "test_ten_refunds_of_one_unit_come_to_the_same"),
        (REFUNDS, "test_rounding_each_unit_by_itself_would_have_paid_too_much"),
    ),
    "4 a discount by largest remainder": ((REFUNDS, "test_a_discount_over_three_lines_goes_by_largest_remainder"),),
    "5 36 of 60 + 40, 5.40 of 6 + 4": (
        (REFUNDS, "test_a_returned_line_takes_its_own_share_of_the_discount_along"),
    ),
    "6 a threshold that is no longer reached": (
        (REFUNDS, "test_a_discount_that_the_rest_no_longer_earns_is_kept_or_clawed_back"),
        (REFUNDS, "test_a_lost_discount_never_turns_a_refund_into_a_demand"),
    ),
    "7 bundles": ((REFUNDS, "test_a_bundle_gives_back_the_paid_unit_and_nothing_for_the_free_one"),),
    "8 tax inside and beside, mixed rates, shipping, a rate that changed": (
        ("domain/test_tax_vectors.py", "test_vector_8_each_part_goes_back_with_the_tax_that_it_was_charged"),
        ("domain/test_tax_vectors.py", "test_vector_8_a_rate_that_changed_since_is_not_that_of_the_order"),
        (REFUNDS, "test_tax_that_the_shop_sends_for_the_order_alone_is_shared_by_what_things_cost"),
        ("domain/test_exempting.py", "test_vector_8_prices_with_tax_inside_become_net_line_by_line"),
        (
            "operations/test_amendments.py",
            "test_vector_8_an_exempt_customer_gets_the_tax_back_and_it_is_a_supervisors_to_say",
        ),
    ),
    "9 shipping has its own rest": ((REFUNDS, "test_shipping_has_its_own_rest_and_its_own_tax"),),
    "10 fees never push below nothing": (
        (REFUNDS, "test_fees_reduce_a_refund_and_never_push_it_below_nothing"),
        (REFUNDS, "test_fees_never_make_a_refund_less_than_nothing"),
    ),
    "11 credit notes": (
        ("domain/test_credit_notes.py", "test_vector_11_ten_credit_notes_of_one_unit_are_the_invoice_to_the_penny"),
        (
            "domain/test_credit_notes.py",
            "test_vector_11_several_credit_notes_never_exceed_the_order_per_line_tax_and_shipping",
        ),
        (
            "operations/test_credit_notes.py",
            "test_vector_11_a_credit_note_comes_with_the_success_and_is_the_refund_to_the_cent",
        ),
        ("races/test_credit_numbers.py", "test_vector_11_numbers_have_no_gap_however_many_refund_at_once"),
    ),
    "12 orders that cost nothing": (
        (REFUNDS, "test_an_order_that_was_free_is_returned_like_any_other"),
        ("operations/test_refunds.py", "test_an_order_that_cost_nothing_is_returned_without_an_error"),
    ),
    "13 a gift card is tender": (("operations/test_payments.py", "test_a_gift_card_pays_and_loses_as_much"),),
    "14 45 of 100, 20 and 30": (
        ("domain/test_refund_shares.py", "test_45_of_a_card_a_gift_card_and_a_later_card"),
        (
            "domain/test_refund_shares.py",
            "test_what_is_on_its_way_back_and_what_is_disputed_cannot_go_back_again",
        ),
    ),
    "15 two clerks at once": (
        ("races/test_two_refunds.py", "test_of_two_clerks_one_refunds_the_last_money"),
        ("races/test_two_refunds.py", "test_without_lock_and_guard_both_refund_it"),
    ),
    "16 no answer from the gateway": (
        (
            "operations/test_refunds.py",
            "test_a_refund_without_an_answer_stays_set_aside_and_is_looked_up_under_its_key",
        ),
    ),
    "17 a refund fails later": (
        (EVENTS, "test_a_refund_that_fails_later_comes_back_and_its_share_is_told"),
        (EVENTS, "test_a_refund_that_was_under_way_fails_and_old_news_of_it_change_nothing"),
        ("operations/test_refunds.py", "test_a_refund_that_fails_after_it_was_called_done_is_a_task_again"),
        (
            "operations/test_credit_notes.py",
            "test_vector_17_a_refund_that_fails_later_has_its_note_cancelled_by_another_and_gets_a_new_one",
        ),
    ),
    "18 a refund made outside": (
        (EVENTS, "test_a_refund_made_at_the_gateway_is_booked_once_and_stays_apart_from_ours"),
        (
            "operations/test_outside_refunds.py",
            "test_it_waits_for_somebody_to_say_what_it_was_for_and_is_one_however_often_it_is_told",
        ),
    ),
    "19 authorisations end": (
        ("operations/test_expiry.py", "test_an_authorisation_without_a_live_gateway_ends_on_its_day_and_the_order_is_unpaid"),
        (EVENTS, "test_an_authorisation_that_the_gateway_ended_is_written_off_whichever_news_comes_first"),
        (EVENTS, "test_a_partial_capture_lets_the_rest_go"),
        ("operations/test_payments.py", "test_vector_19_no_more_is_captured_than_was_authorised"),
    ),
    "20 capture per shipment": (
        ("operations/test_payments.py", "test_each_parcel_takes_its_share_and_the_last_one_the_rest"),
        ("operations/test_payments.py", "test_goods_whose_money_cannot_be_captured_stay_in_the_house"),
    ),
    "21 a change that is never paid": (
        ("operations/test_amendments.py", "test_vector_21_never_paid_the_original_order_ships_unchanged"),
    ),
    "22 up and down again": (
        ("operations/test_amendments.py", "test_vector_22_up_and_down_again_before_payment_moves_no_money"),
        ("operations/test_amendments.py", "test_vector_22_down_and_up_again_is_settled_by_the_balance_alone"),
    ),
    "23 down after a refund, a line that was sent": (
        ("operations/test_amendments.py", "test_vector_23_down_after_a_part_refund_stops_at_what_was_refunded"),
        ("operations/test_amendments.py", "test_vector_23_a_line_that_was_sent_stays"),
    ),
    "24 payments that come late, twice, wrong": (
        (EVENTS, "test_the_second_payment_over_a_link_is_booked_and_held"),
        (EVENTS, "test_another_amount_than_the_link_asked_for_is_booked_and_held"),
        (EVENTS, "test_another_currency_cannot_be_booked_and_is_held_once"),
        (EVENTS, "test_money_for_a_cancelled_order_is_booked_and_held"),
        (EVENTS, "test_money_after_the_last_day_of_a_link_is_booked_and_held"),
    ),
    "25 short by fees, and too much": (
        (
            "operations/test_payments.py",
            "test_vector_25_a_transfer_that_is_short_by_the_fees_of_the_bank_leaves_them_to_pay",
        ),
        ("operations/test_refunds.py", "test_what_was_paid_too_much_goes_back_without_touching_the_order"),
    ),
    "26 disputes and refunds": (
        ("operations/test_disputes.py", "test_a_charge_back_after_a_full_refund_is_flagged_as_lost_twice"),
        ("operations/test_disputes.py", "test_nothing_is_refunded_while_a_dispute_is_open"),
        ("operations/test_disputes.py", "test_two_disputes_on_one_payment_hold_the_order_until_both_are_decided"),
    ),
    "27 several currencies": (
        ("operations/test_refunds.py", "test_what_went_back_in_yen_costs_what_the_gateway_says_and_the_rest_is_booked"),
        (REFUNDS, "test_an_amount_in_another_currency_is_no_refund_of_this_order"),
    ),
    "28 by hand with method, reference and person": (
        ("operations/test_refunds.py", "test_money_that_came_by_hand_goes_back_by_hand_with_a_reference"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS)
def test_each_vector_has_tests_that_exist(vector: str) -> None:
    for file, name in VECTORS[vector]:
        found = re.findall(r"def (test_\w+)\(", (TESTS / file).read_text())
        assert name in found, f"{vector}: {file} has no {name}."


def test_no_vector_is_left_out() -> None:
    assert [int(vector.split()[0]) for vector in VECTORS] == list(range(1, 29))
