"""Codes of gateways and networks: each row of each table, as its source has it, and what is unknown accuses nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.codes.authorisations import read_windows
from opsdesk.domain.fraud.codes.avs import avs_of_checks, read_avs
from opsdesk.domain.fraud.codes.cvv_results import cvv_result_of, decode_cvv_result, read_cvv_results
from opsdesk.domain.fraud.codes.decoded import Avs, AvsSummary, CvvSummary, FraudLabel, Match, SecureKind
from opsdesk.domain.fraud.codes.disputes import decode_dispute, decode_warning, read_disputes
from opsdesk.domain.fraud.codes.phones import read_phones
from opsdesk.domain.fraud.codes.reasons import Verdict, read_decisions, read_foreign_reasons
from opsdesk.domain.fraud.codes.risk_levels import network_name, read_risk_levels
from opsdesk.domain.fraud.codes.three_d_secure import Shift, Told, read_secure
from opsdesk.domain.payments.instruments import Check

FOLDER = Path(__file__).parents[3] / "data" / "fraud"


def shipped(name: str) -> str:
    return (FOLDER / f"{name}.toml").read_text("utf-8")


AVS = read_avs(shipped("avs"))
CVV = read_cvv_results(shipped("cvv_results"))
SECURE = read_secure(shipped("three_d_secure"))
DISPUTES = read_disputes(shipped("disputes"))
PHONES = read_phones(shipped("phones"))
FOREIGN = read_foreign_reasons(shipped("minfraud"))
DECISIONS = read_decisions(shipped("decisions"))
WINDOWS = read_windows(shipped("authorisations"))
LEVELS = read_risk_levels(shipped("risk_levels"))

_SIGNS = {"v": Match.MATCH, "x": Match.NOMATCH, "?": Match.UNKNOWN, "-": Match.UNKNOWN}

# code: name, street, postcode (v match, x no match, ? not verified, - no part of the check), summary
VISA = {
    "A": "-vx street_only", "B": "-v? street_only", "C": "-?? unverified", "D": "-vv full", "E": "--- error",
    "F": "-vv full", "G": "-?? unsupported", "I": "-?? unverified", "M": "-vv full", "N": "-xx none",
    "P": "-?v postal_only", "R": "--- error", "S": "--- unsupported", "U": "--- unsupported", "Y": "-vv full",
    "Z": "-xv postal_only",
}  # fmt: skip
MASTERCARD = {
    "A": "-vx street_only", "N": "-xx none", "R": "--- error", "S": "--- unsupported", "U": "--- unsupported",
    "W": "-xv postal_only", "X": "-vv full", "Y": "-vv full", "Z": "-xv postal_only",
}  # fmt: skip
DISCOVER = {
    "A": "-vv full", "Y": "-vx street_only", "X": "-vv full", "Z": "-xv postal_only", "T": "-xv postal_only",
    "N": "-xx none", "S": "--- unsupported", "U": "--- unsupported",
}  # fmt: skip
AMEX = {
    "Y": "-vv full", "A": "-vx street_only", "Z": "-xv postal_only", "N": "-xx none", "M": "vvv full",
    "L": "vxv postal_only", "O": "vvx street_only", "K": "vxx none", "D": "xxv postal_only", "E": "xvv full",
    "F": "xvx street_only", "W": "xxx none", "R": "--- error", "S": "--- unsupported", "U": "--- unsupported",
    "AE1": "xxv postal_only", "AE2": "xvv full",
}  # fmt: skip
CYBERSOURCE = {
    "H": "xvv full", "J": "vvv full", "Q": "vvv full", "T": "xv? street_only", "V": "vvv full", "B": "-v? street_only",
    "F": "x-v postal_only",
}  # fmt: skip
_ROWS = [
    *(("stripe", "visa", code, row) for code, row in VISA.items()),
    *(("stripe", "mastercard", code, row) for code, row in MASTERCARD.items()),
    *(("tabapay", "discover", code, row) for code, row in DISCOVER.items()),
    *(("moneris", "discover", code, row) for code, row in MASTERCARD.items()),
    *(("stripe", "amex", code, row) for code, row in AMEX.items()),
    *(("cybersource", "visa", code, row) for code, row in CYBERSOURCE.items()),
    # CyberSource sends the letters of the network for everything else.
    *(("cybersource", "visa", code, row) for code, row in VISA.items() if code not in CYBERSOURCE),
]


@pytest.mark.parametrize(("gateway", "network", "code", "row"), _ROWS)
def test_each_letter_of_the_address_check_means_what_its_table_says(gateway, network, code, row) -> None:
    signs, summary = row.split()
    found = AVS.decode(gateway, network, code)
    assert found is not None
    assert (found.name, found.street, found.postal) == tuple(_SIGNS[sign] for sign in signs)
    assert (found.summary, found.code, found.gateway, found.network) == (summary, code, gateway, network)


@pytest.mark.parametrize(
    ("part", "answer", "codes"),
    [
        ("postal", Match.MATCH, "DHFJLMPQVWXYZ"),
        ("postal", Match.NOMATCH, "ACKNO"),
        ("postal", Match.UNKNOWN, "BEIRTUGS"),
        ("street", Match.MATCH, "ABDHJMOQTVXY"),
        ("street", Match.NOMATCH, "CKLNWZ"),
        ("street", Match.UNKNOWN, "EFIPRUGS"),
    ],
)
def test_letters_of_a_shopify_shop_are_read_as_activemerchant_derives_them(part, answer, codes) -> None:
    for code in codes:
        assert getattr(AVS.decode("shopify", "visa", code), part) is answer, code


def test_banks_that_do_not_check_are_told_apart_from_addresses_that_do_not_match() -> None:
    for code in "GS":
        assert AVS.decode("shopify", "", code) == Avs(AvsSummary.UNSUPPORTED, code=code, gateway="shopify")
    for code in "GIRSUE":
        found = AVS.decode("stripe", "visa", code)
        assert found is not None and not found.summary.is_checked


@pytest.mark.parametrize("code", ["A", "Y"])
def test_a_letter_with_two_meanings_is_believed_only_where_the_gateway_is_known(code: str) -> None:
    doubtful = AVS.decode("nobody_knows", "discover", code)
    assert doubtful is not None
    assert (doubtful.summary, doubtful.street) == (AvsSummary.UNVERIFIED, Match.UNKNOWN)
    assert "different things" in doubtful.remark
    # Both tables agree on Z, so nobody has to know.
    agreed = AVS.decode("nobody_knows", "discover", "Z")
    assert agreed is not None and agreed.summary is AvsSummary.POSTAL_ONLY


def test_no_letter_is_no_result_and_an_unknown_one_accuses_nobody() -> None:
    assert AVS.decode("stripe", "visa", " ") is None
    for network in ("visa", "", "unheard_of"):
        found = AVS.decode("stripe", network, "9")
        assert found is not None and found.summary is AvsSummary.UNVERIFIED


@pytest.mark.parametrize(
    ("street", "postal", "summary"),
    [
        (Check.PASS, Check.PASS, "full"), (Check.PASS, Check.FAIL, "street_only"), (Check.FAIL, Check.PASS, "postal_only"),
        (Check.PASS, Check.UNAVAILABLE, "street_only"), (Check.NONE, Check.PASS, "postal_only"), (Check.FAIL, Check.FAIL, "none"),
        (Check.FAIL, Check.UNCHECKED, "none"), (Check.UNAVAILABLE, Check.UNAVAILABLE, "unsupported"),
        (Check.UNCHECKED, Check.UNCHECKED, "unverified"),
    ],
)  # fmt: skip
def test_gateways_that_send_words_are_read_alike(street: Check, postal: Check, summary: str) -> None:
    found = avs_of_checks(street, postal, "stripe")
    assert found is not None and found.summary == summary


def test_a_gateway_that_says_nothing_has_checked_nothing() -> None:
    assert avs_of_checks(Check.NONE, Check.NONE) is None
    assert cvv_result_of(Check.NONE) is None


@pytest.mark.parametrize(
    ("code", "summary"),
    [("M", "match"), ("N", "nomatch"), ("P", "not_checked"), ("S", "missing"), ("U", "not_checked"), ("X", "not_checked"),
     ("D", "nomatch"), ("I", "missing"), ("", "not_checked"), ("?", "not_checked"), ("m", "match")],
)  # fmt: skip
def test_each_letter_of_the_security_code_check(code: str, summary: str) -> None:
    assert decode_cvv_result(CVV, code).summary == summary


@pytest.mark.parametrize(
    ("check", "summary"),
    [(Check.PASS, CvvSummary.MATCH), (Check.FAIL, CvvSummary.NOMATCH), (Check.UNAVAILABLE, CvvSummary.NOT_CHECKED),
     (Check.UNCHECKED, CvvSummary.NOT_CHECKED)],
)  # fmt: skip
def test_security_code_checks_in_words(check: Check, summary: CvvSummary) -> None:
    found = cvv_result_of(check)
    assert found is not None and found.summary is summary


_VISA_SIDE = ("visa", "amex", "jcb", "discover", "diners", "unionpay", "elo")


@pytest.mark.parametrize(
    ("networks", "code", "kind", "shift"),
    [
        (_VISA_SIDE, "05", "authenticated", Shift.YES),
        (_VISA_SIDE, "06", "attempted", Shift.YES),
        (_VISA_SIDE, "07", "none", Shift.NO),
        (("mastercard", "maestro"), "06", "exempt", Shift.NO),
        (("mastercard", "maestro"), "07", "authenticated", Shift.YES),
        (("mastercard", "maestro"), "02", "authenticated", Shift.YES),
        (("mastercard", "maestro"), "01", "attempted", Shift.YES),
        (("mastercard", "maestro"), "00", "none", Shift.NO),
        (("mastercard", "maestro"), "04", "data_only", Shift.NO),
        (("mastercard", "maestro"), "N0", "non_payment", Shift.UNKNOWN),
        (("mastercard", "maestro"), "N2", "non_payment", Shift.UNKNOWN),
    ],
)
def test_each_indicator_means_what_its_network_says(networks, code, kind, shift) -> None:
    for network in networks:
        found = SECURE.eci(network, code)
        assert found is not None and (found.kind, found.shift) == (kind, shift), network


def test_an_indicator_without_its_network_is_believed_only_where_all_agree() -> None:
    assert SECURE.eci("", "05") is not None
    assert SECURE.eci("", "06") is None
    assert SECURE.eci("visa", "6") == SECURE.eci("visa", "06")
    assert SECURE.eci("unheard_of", "05") is None
    assert SECURE.eci("visa", "99") is None


def test_a_wallet_without_a_cryptogram_moves_no_loss_on_mastercard_07() -> None:
    told = SECURE.decode(Told(network="mastercard", eci="07", has_cryptogram=False))
    assert told is not None and told.shifted is False
    sure = SECURE.decode(Told(network="mastercard", eci="07"))
    assert sure is not None and sure.shifted is True


@pytest.mark.parametrize(
    ("status", "kind"),
    [("Y", "authenticated"), ("A", "attempted"), ("N", "failed"), ("R", "rejected"), ("U", "unknown"), ("C", "abandoned"),
     ("D", "in_progress"), ("I", "none"), ("?", "unknown")],
)  # fmt: skip
def test_each_answer_of_the_bank(status: str, kind: str) -> None:
    found = SECURE.decode(Told(status=status))
    assert found is not None and found.kind == kind


def test_a_challenge_is_abandoned_only_when_nothing_followed() -> None:
    found = SECURE.decode(Told(status="C", is_final=False))
    assert found is not None and found.kind is SecureKind.IN_PROGRESS


def test_who_bears_the_loss_stays_unknown_until_somebody_says_so() -> None:
    alone = SECURE.decode(Told(status="Y"))
    assert alone is not None and alone.shifted is None
    told = SECURE.decode(Told(status="Y", shifted=True))
    assert told is not None and told.shifted is True
    # The network's number goes before what the gateway asked for: authorisation can downgrade it.
    downgraded = SECURE.decode(Told(network="visa", eci="07", status="Y", shifted=True))
    assert downgraded is not None and downgraded.shifted is False


def test_nothing_told_is_nothing_decoded() -> None:
    assert SECURE.decode(Told(network="visa")) is None


@pytest.mark.parametrize(
    ("word", "kind"),
    [("authenticated", "authenticated"), ("attempt_acknowledged", "attempted"), ("exempted", "exempt"), ("failed", "failed"),
     ("not_supported", "unknown"), ("processing_error", "unknown"), ("brand_new_word", "unknown")],
)  # fmt: skip
def test_gateways_that_send_a_word_for_the_result(word: str, kind: str) -> None:
    found = SECURE.decode(Told(gateway="stripe", word=word))
    assert found is not None and found.kind == kind


_REASONS = {
    1: "authentication failed", 2: "unknown device", 3: "unsupported device", 4: "too often", 5: "expired", 6: "number invalid",
    7: "transaction invalid", 8: "no record", 9: "security failure", 10: "stolen card", 11: "suspected fraud",
    12: "not permitted", 13: "not enrolled", 14: "in time", 15: "low confidence", 16: "medium confidence",
    17: "high confidence", 18: "very high confidence", 19: "more challenges", 20: "without a payment", 21: "by the merchant",
    22: "technical", 23: "decoupled authentication required", 24: "too long", 25: "too little time", 26: "did not complete",
    80: "card network", 99: "card network", 27: "unknown reason 27",
}  # fmt: skip


@pytest.mark.parametrize(("number", "words"), _REASONS.items())
def test_each_reason_of_the_bank_in_words(number: int, words: str) -> None:
    reason = SECURE.reason(str(number))
    assert words in reason.words
    assert reason.accuses is (number in (10, 11))


_DISPUTES = {
    "visa": {"10.1": "no", "10.2": "no", "10.3": "no", "10.4": "yes", "10.5": "yes", "57": "no", "62": "no", "81": "no",
             "83": "yes", "93": "no", "13.1": "no", "12.5": "no"},
    "mastercard": {"4837": "yes", "4849": "programme", "4870": "no", "4871": "no", "4863": "yes", "4840": "yes",
                   "4853": "no", "4834": "no"},
    "amex": {"F29": "yes", "FR2": "yes", "FR4": "yes", "FR6": "yes", "F24": "yes", "F30": "no", "F31": "no", "F10": "no",
             "F14": "no", "193": "yes", "4540": "yes", "127": "weak", "177": "weak"},
    "discover": {"UA02": "yes", "UA01": "no", "UA05": "no", "UA06": "no", "UA11": "yes", "7030": "yes", "7010": "no",
                 "4866": "no", "4867": "no", "4752": "no"},
    "star": {"60": "yes", "65": "no"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("network", "code", "label"), [(network, code, label) for network, rows in _DISPUTES.items() for code, label in rows.items()]
)  # fmt: skip
def test_which_disputes_call_an_order_fraud(network: str, code: str, label: str) -> None:
    assert decode_dispute(DISPUTES, network, code).label == label
    assert decode_dispute(DISPUTES, network.upper(), f" {code.lower()} ").label == label


def test_goods_that_did_not_arrive_never_count_against_a_fraud_rule() -> None:
    assert not decode_dispute(DISPUTES, "visa", "13.1").proves_fraud
    assert not decode_dispute(DISPUTES, "visa", "10.5").proves_fraud  # speaks of the shop, not of this order
    assert decode_dispute(DISPUTES, "visa", "10.4").proves_fraud
    assert decode_dispute(DISPUTES, "", "10.4").proves_fraud


@pytest.mark.parametrize(
    "kind",
    ["card_never_received", "fraudulent_card_application", "made_with_counterfeit_card", "made_with_lost_card",
     "made_with_stolen_card", "unauthorized_use_of_card", "misc", "a_kind_of_tomorrow"],
)  # fmt: skip
def test_each_early_warning_labels_the_order(kind: str) -> None:
    found = decode_warning(DISPUTES, kind)
    assert found.proves_fraud and found.label is FraudLabel.YES and found.words


_TYPES = ["FIXED_LINE", "MOBILE", "FIXED_LINE_OR_MOBILE", "TOLL_FREE", "PREMIUM_RATE", "SHARED_COST", "VOIP",
          "PERSONAL_NUMBER", "PAGER", "UAN", "VOICEMAIL"]  # fmt: skip
_CHECKS = ["IS_POSSIBLE", "INVALID_COUNTRY_CODE", "TOO_SHORT", "TOO_LONG", "IS_POSSIBLE_LOCAL_ONLY", "INVALID_LENGTH"]


def test_types_and_checks_of_numbers_are_those_of_the_library() -> None:
    import phonenumbers

    assert [PHONES.type(number).code for number in range(11)] == _TYPES
    assert [PHONES.type(99).code, PHONES.type(77).code] == ["UNKNOWN", "UNKNOWN"]
    assert [PHONES.check(number).code for number in range(6)] == _CHECKS
    assert all(getattr(phonenumbers.PhoneNumberType, name) == number for number, name in enumerate(_TYPES))
    assert all(getattr(phonenumbers.ValidationResult, name) == number for number, name in enumerate(_CHECKS))


@pytest.mark.parametrize(
    ("number", "is_fictional"),
    [("+12125550123", True), ("+12125550200", False), ("+442079460958", True), ("+442079461958", False),
     ("+447700900461", True), ("+447911123456", False), ("+493023125042", True), ("+33639980000", True), ("", False)],
)  # fmt: skip
def test_numbers_of_films_are_recognised_and_their_neighbours_are_not(number: str, is_fictional: bool) -> None:
    assert PHONES.is_fictional(number) is is_fictional


_MINFRAUD = """BROWSER_LANGUAGE, BUSINESS_ACTIVITY, COUNTRY, CUSTOMER_ID, EMAIL_DOMAIN, EMAIL_DOMAIN_NEW, EMAIL_ADDRESS_NEW,
EMAIL_LOCAL_PART, EMAIL_VELOCITY, EMAIL_ACTIVITY, ISSUER_ID_NUMBER_COUNTRY_MISMATCH, ISSUER_ID_NUMBER_ON_SHOP_ID,
ISSUER_ID_NUMBER_LAST_DIGITS_ACTIVITY, ISSUER_ID_NUMBER_SHOP_ID_VELOCITY, INTRACOUNTRY_DISTANCE, ANONYMOUS_IP,
IP_BILLING_POSTAL_VELOCITY, IP_EMAIL_VELOCITY, IP_HIGH_RISK_DEVICE, IP_ISSUER_ID_NUMBER_VELOCITY, IP_ACTIVITY, LANGUAGE,
MAX_RECENT_EMAIL, MAX_RECENT_PHONE, MAX_RECENT_SHIP, MULTIPLE_CUSTOMER_ID_ON_EMAIL, ORDER_AMOUNT, ORG_DISTANCE_RISK, PHONE,
PHONE_ACTIVITY, CART, TIME_OF_DAY, SHIP_ACTIVITY, TRANSACTION_REPORT_EMAIL, TRANSACTION_REPORT_IP, TRANSACTION_REPORT_PHONE,
TRANSACTION_REPORT_SHIP"""
_MINFRAUD_IP = """ANONYMOUS_IP, BILLING_POSTAL_VELOCITY, EMAIL_VELOCITY, HIGH_RISK_DEVICE, HIGH_RISK_EMAIL,
ISSUER_ID_NUMBER_VELOCITY, MINFRAUD_NETWORK_ACTIVITY"""


@pytest.mark.parametrize(
    ("group", "codes"),
    [("minfraud", _MINFRAUD), ("minfraud_ip", _MINFRAUD_IP), ("cybersource", "A, B, C, D, G, H, I, N, O, P")],
)
def test_every_reason_of_a_foreign_score_has_its_words(group: str, codes: str) -> None:
    wanted = {code.strip() for code in codes.split(",")}
    assert {code for own, code in FOREIGN if own == group} == wanted


def test_every_reason_for_a_decision_belongs_to_its_verdict() -> None:
    by_verdict = {verdict: {code for code, (own, _) in DECISIONS.items() if own is verdict} for verdict in Verdict}
    assert by_verdict == {
        Verdict.RELEASE: {
            "verified_call", "verified_bank", "repeat_good_customer", "3ds_liability_issuer", "explained_mismatch",
            "low_value_accept", "rule_false_alarm",
        },
        Verdict.CANCEL_FRAUD: {
            "cardholder_denied", "failed_challenge", "linked_confirmed_fraud", "issuer_warning", "card_testing",
            "reshipper_pattern",
        },
        Verdict.CANCEL_UNVERIFIED: {"no_contact", "bad_contact_details", "customer_refused", "auth_lapsed", "gut_only"},
        Verdict.OTHER: {"customer_cancelled", "duplicate", "sampled_bypass"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("gateway", "network", "with_customer", "hours"),
    [("stripe", "visa", True, 168), ("stripe", "mastercard", True, 168), ("stripe", "visa", False, 114),
     ("braintree", "visa", True, 192), ("adyen", "visa", True, 240), ("checkout", "visa", True, 168),
     ("adyen", "amex", True, 144), ("unheard_of", "visa", True, 144)],
)  # fmt: skip
def test_how_long_an_authorisation_keeps_the_money(gateway, network, with_customer, hours) -> None:
    at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    ends = WINDOWS.ends_at(at, gateway=gateway, network=network, with_customer=with_customer)
    assert ends == at + timedelta(hours=hours)
    own_word = at + timedelta(hours=3)
    assert WINDOWS.ends_at(at, gateway=gateway, network=network, told=own_word) == own_word


def test_a_shop_replaces_one_table_and_keeps_the_others() -> None:
    own = '[[table]]\ncode = "visa"\nrows = [{ code = "A", summary = "error" }]\n[[gateway]]\ncode = "mine"\nfirst = { any = ["amex"] }'
    tables = read_avs(shipped("avs"), own)
    replaced, others = tables.decode("stripe", "visa", "A"), tables.decode("stripe", "mastercard", "A")
    assert replaced is not None and replaced.summary is AvsSummary.ERROR
    assert others == AVS.decode("stripe", "mastercard", "A")
    mine = tables.decode("mine", "visa", "M")
    assert mine is not None and mine.name is Match.MATCH


@pytest.mark.parametrize(
    ("read", "name", "text", "said"),
    [
        (read_avs, "avs", "table = 3", "must consist of [[table]] entries"),
        (read_avs, "avs", "[[table]]\ncode = 'x'\nrows = [{ code = 'A', summary = 'perhaps' }]", "summary must be one of: full"),
        (read_avs, "avs", "[[network]]\ncode = 'visa'\ntables = ['gone']", "there is no table 'gone'"),
        (read_avs, "avs", "[[table]]\ncode = 'x'\ncolour = 'red'", "'colour' means nothing here"),
        (read_avs, "avs", "x = [", "fraud/avs.toml cannot be read"),
        (read_avs, "avs", "x = " + "[" * 5000, "cannot be read"),
        (read_cvv_results, "cvv_results", "[[cvv_result]]\ncode = 'M'\nsummary = 'match'", "words is missing"),
        (read_secure, "three_d_secure", "[[eci]]\nfamily = 'visa'\ncode = '05'\nmeans = 'sure'\nshift = 'yes'\nwords = 'x'", "means"),
        (read_disputes, "disputes", "[[dispute]]\nnetwork = 'visa'\nrows = [{ code = '1', words = 'x', label = 'maybe' }]", "label"),
        (read_phones, "phones", "fictional = ['0123']", "'0123' is no range"),
        (read_windows, "authorisations", "[[authorisation]]\ngateway = 'x'\nhours = 0", "hours must be a whole number"),
        (read_decisions, "decisions", "[[reason]]\nverdict = 'shrug'", "verdict must be one of: release"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_file_entry_and_key(read, name: str, text: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(shipped(name), text)
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("gateway", "word", "score", "level"),
    [("stripe", "normal", None, "low"), ("stripe", "elevated", 3, "medium"), ("Stripe", "HIGHEST", None, "high"),
     ("stripe", "", 64, "low"), ("stripe", "", 65, "medium"), ("stripe", "", 75, "high"), ("stripe", "", None, ""),
     ("stripe", "not_assessed", None, ""), ("shopify", "HIGH", None, "high"), ("shopify", "", 99, ""), ("unheard_of", "high", 99, "")],
)  # fmt: skip
def test_what_a_gateway_thinks_in_three_words(gateway: str, word: str, score: int | None, level: str) -> None:
    assert LEVELS.level(gateway, word, score) == level


@pytest.mark.parametrize(
    ("brand", "name"),
    [("visa", "visa"), ("American Express", "amex"), ("american_express", "amex"), ("MasterCard", "mastercard"),
     ("Diners Club", "diners"), ("", "")],
)  # fmt: skip
def test_networks_have_one_name(brand: str, name: str) -> None:
    assert network_name(brand) == name
