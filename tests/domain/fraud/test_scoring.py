"""Scores: readable, capped, honest about what could not be judged, and the same whenever the facts are the same."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.codes.decoded import Avs, AvsSummary, CvvResult, CvvSummary, Match, Secure, SecureKind
from opsdesk.domain.fraud.evidence.catalogue import CATALOGUE
from opsdesk.domain.fraud.evidence.deriving import FactSheet
from opsdesk.domain.fraud.evidence.entities import Entity
from opsdesk.domain.fraud.evidence.facts import History, Origin, Outcome, PaymentTraits, PhoneTraits
from opsdesk.domain.fraud.expressions.kinds import Kind
from opsdesk.domain.fraud.learning.sampling import lot, passes_unseen
from opsdesk.domain.fraud.rule_entries import read_rule, read_rules, write_rule
from opsdesk.domain.fraud.rules import RuleKind, RuleState, Wording, why_not_live
from opsdesk.domain.fraud.score_json import score_from_json, score_to_json
from opsdesk.domain.fraud.scoring import Action, Band, Bands, score
from opsdesk.domain.fraud.thresholds import Sampling
from opsdesk.integrations.fraud_files import open_fraud
from tests.domain.fraud.evidence_kit import DOVER, FOLDER, evidence, link, money

BOOK = open_fraud(FOLDER)
RULES = BOOK.rules
SHIPPED = (FOLDER / "fraud/rules.toml").read_text("utf-8")


def scored(**changes: object):
    return BOOK.score(BOOK.facts(evidence(**changes)))


def of_facts(facts: dict[str, object], **terms):
    return score(RULES, FactSheet(facts), **terms)  # type: ignore[arg-type]


# The table of the knowledge base: id, points, customer-safe phrase, how it acts where that is not by its points.
_TABLE = """
PAY-01 25 CS-PAY | PAY-02 10 CS-PAY | PAY-03 20 CS-ADDR | PAY-04 6 CS-ADDR | PAY-05 0 CS-NONE | PAY-06 8 CS-PAY
PAY-07 40 CS-PAY hard_hold | PAY-08 15 CS-PAY | PAY-09 8 CS-NONE | PAY-10 12 CS-PAY | PAY-11 6 CS-NONE | PAY-12 8 CS-NONE
PAY-13 12 CS-PAY | PAY-14 15 CS-PAY | PAY-15 8 CS-ADDR
ADR-01 5 CS-ADDR | ADR-02 10 CS-ADDR | ADR-03 5 CS-ADDR | ADR-04 15 CS-ADDR | ADR-05 5 CS-ADDR | ADR-06 8 CS-ADDR
ADR-07 18 CS-ADDR | ADR-08 10 CS-ADDR
EML-01 20 CS-CONTACT | EML-02 15 CS-CONTACT | EML-03 20 CS-CONTACT | EML-04 2 CS-NONE | EML-05 5 CS-NONE
EML-06 0 CS-NONE shadow | EML-07 4 CS-NONE
PHN-01 18 CS-CONTACT | PHN-02 8 CS-CONTACT | PHN-03 8 CS-CONTACT | PHN-04 8 CS-CONTACT | PHN-05 20 CS-CONTACT | PHN-06 18 CS-CONTACT
IPD-01 8 CS-NONE | IPD-02A 12 CS-NONE | IPD-02B 10 CS-NONE | IPD-02C 8 CS-NONE | IPD-02D 4 CS-NONE | IPD-03 3 CS-NONE
IPD-04 15 CS-ROUTINE
VEL-01 12 CS-ROUTINE | VEL-02 20 CS-PAY | VEL-03 20 CS-PAY | VEL-04 6 CS-ADDR | VEL-05 35 CS-ROUTINE hard_hold
VEL-06 8 CS-ROUTINE | VEL-07 0 CS-NONE | VEL-08 12 CS-ADDR
ORD-01 3 CS-NONE | ORD-02 6 CS-VOLUME | ORD-03 10 CS-VOLUME | ORD-04 8 CS-ADDR | ORD-05 8 CS-ROUTINE
ORD-06 0 CS-NONE shadow | ORD-07 0 CS-NONE shadow
TRU-01 -25 CS-NONE | TRU-02 -10 CS-NONE | TRU-03 -10 CS-NONE | TRU-04 -30 CS-NONE | TRU-05 -12 CS-NONE | TRU-06 -3 CS-NONE
TRU-07 -40 CS-NONE | TRU-08 0 CS-NONE pass
CON-02 -15 CS-NONE | CON-03 30 CS-CONTACT | CON-04 0 CS-NONE hard_cancel_proposal | CON-05 5 CS-CONTACT | CON-08 3 CS-CONTACT
CON-09 3 CS-CONTACT | CON-13 10 CS-CONTACT
"""
_ROWS = [row.split() for line in _TABLE.strip().splitlines() for row in line.split("|")]


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row[0])
def test_each_shipped_rule_weighs_what_the_knowledge_base_says(row: list[str]) -> None:
    rule_id, points, phrase, *how = row
    rule = RULES.find(rule_id)
    assert rule is not None
    assert (rule.points, rule.customer_safe) == (int(points), phrase)
    is_shadow = how == ["shadow"]
    assert rule.state is (RuleState.SHADOW if is_shadow else RuleState.LIVE)
    assert rule.kind == (how[0] if how and not is_shadow else "score")
    assert rule.source


def test_nothing_else_is_shipped_but_what_says_so() -> None:
    own = {rule.id for rule in RULES.rules} - {row[0] for row in _ROWS}
    assert own == {"PAY-16", "VEL-09"}
    assert RULES.find("PAY-16").state is RuleState.SHADOW
    assert RULES.find("VEL-09").kind is RuleKind.HARD_HOLD


def test_the_caps_are_those_of_the_knowledge_base() -> None:
    assert {code: group.cap for code, group in RULES.groups.items()} == {
        "payment": 45, "address": 25, "email": 20, "phone": 25, "ip": 20, "links": 40, "order": 20, "contact": 50, "trust": 50,
    }  # fmt: skip


def test_no_shipped_rule_judges_by_country_or_language() -> None:
    """They stand for people's origin. Comparing two places of one order is another matter."""
    for rule in RULES.rules:
        assert not any(f'"{code}"' in rule.when.text for code in ("GB", "DE", "NG", "RO", "US"))
        assert not any("language" in name for name in rule.names)


_UNHAPPY = {
    "payment": PaymentTraits(
        gateway="stripe", method="card", network="visa", cvv_result=CvvResult(CvvSummary.NOMATCH, "no match")
    ),
    "phone": PhoneTraits(number="+44123", is_valid=False, check="TOO_SHORT"),
    "shipping": DOVER,
    "km_to_shipping": 412,
}


def test_the_worked_example_of_the_knowledge_base() -> None:
    """CVV no match 25, phone impossible 18, ships elsewhere 5, first order 3."""
    plain = scored(**_UNHAPPY)
    assert (plain.total, plain.band, plain.action) == (51, Band.MEDIUM, Action.REVIEW)
    assert [(reason.rule_id, reason.points) for reason in plain.raises] == [
        ("PAY-01", 25), ("PHN-01", 18), ("ADR-01", 5), ("ORD-01", 3),
    ]  # fmt: skip
    # A French card while bill and net are British: 12 and 6 more, and the order is held.
    french = _UNHAPPY | {"payment": replace(_UNHAPPY["payment"], country="FR"), "origin": Origin(country="GB")}
    assert (scored(**french).total, scored(**french).action) == (69, Action.HOLD)
    # The mail came back (20), and 3-D Secure was attempted (-10).
    later = french | {
        "payment": replace(french["payment"], secure=Secure(SecureKind.ATTEMPTED, "attempted", True)),
        "contacts": {"mail_hard_bounce": 1},
    }
    shown = scored(**later)
    assert (shown.total, shown.band, shown.liability) == (79, Band.HIGH, "issuer")
    assert [reason.rule_id for reason in shown.lowers] == ["TRU-02"]


def test_reasons_say_what_was_seen() -> None:
    result = scored(**_UNHAPPY | {"payment": PaymentTraits(method="card", country="FR"), "km_to_shipping": 612})
    said = {reason.rule_id: reason.agent for reason in result.raises}
    assert said["PAY-10"] == "card issued in FR, billing address in GB"
    assert said["ADR-03"] == "ships 612 km from billing"
    assert said["PHN-01"] == "no such number: too_short"


def test_a_group_counts_up_to_its_cap_and_says_so() -> None:
    result = of_facts({"email.given": True, "email.is_valid": False, "email.bounces": 1, "email.matches_name": False})
    (group,) = result.groups
    assert (group.group, group.points, group.counted) == ("email", 42, 20)
    assert result.total == 20


def test_trust_lowers_a_score_and_never_below_nothing() -> None:
    old = tuple(
        link(days, Entity.CARD, Entity.ADDRESS, Entity.CUSTOMER, outcome=Outcome.DELIVERED) for days in (130, 200)
    )
    trusted = scored(links=old, history=History(orders=2), payment=PaymentTraits(method="card"))
    assert trusted.total == 0
    assert {reason.rule_id for reason in trusted.lowers} == {"TRU-04", "TRU-05"}
    assert trusted.groups[-1].counted == -42


def test_a_hard_rule_holds_whatever_the_score() -> None:
    shared = scored(links=(link(9, Entity.PHONE, outcome=Outcome.FRAUD),), history=History(orders=5))
    assert (shared.action, shared.hard, shared.band) == (Action.HOLD, ("VEL-05",), Band.MEDIUM)
    email_alone = scored(links=(link(9, Entity.EMAIL, outcome=Outcome.FRAUD),))
    assert email_alone.hard == ()


def test_trust_lets_an_order_pass_and_everything_is_still_said() -> None:
    result = scored(
        **_UNHAPPY | {"links": (link(9, Entity.CARD, outcome=Outcome.FRAUD),), "allowed": frozenset({Entity.EMAIL})}
    )
    assert result.action is Action.RELEASE
    assert "VEL-05" in result.fired and "TRU-08" in result.fired
    assert result.total > 80


def test_an_order_that_its_cardholder_denies_is_never_passed() -> None:
    denied = scored(contacts={"denies_order": 1}, allowed=frozenset({Entity.EMAIL}))
    assert (denied.action, denied.hard) == (Action.PROPOSE_CANCEL, ("CON-04",))


def test_what_is_blocked_is_held() -> None:
    assert scored(blocked=frozenset({Entity.ADDRESS})).hard == ("VEL-09",)
    assert scored(blocked=frozenset()).hard == ()


@pytest.mark.parametrize(
    ("outcome", "times", "points"),
    [("verified", 1, -40), ("verified_order_number", 1, -15), ("failed_challenge", 1, 30), ("third_party", 1, 5),
     ("wrong_number", 1, 20), ("invalid_or_disconnected", 1, 20), ("no_answer", 1, 3), ("no_answer", 2, 6), ("no_answer", 3, 6),
     ("voicemail_left", 2, 0), ("busy", 2, 0), ("callback_requested", 1, 0), ("refused_to_answer", 1, 10),
     ("language_barrier", 3, 0), ("mail_reply_only", 1, 0), ("mail_hard_bounce", 1, 20), ("mail_soft_bounce", 1, 0)],
)  # fmt: skip
def test_each_outcome_of_a_contact_weighs_what_the_knowledge_base_says(outcome: str, times: int, points: int) -> None:
    base = {"contact.outcomes": {}, "email.given": True, "email.bounces": 0}
    after = of_facts(base | {"contact.outcomes": {outcome: times}})
    before = of_facts(base)
    assert sum(group.counted for group in after.groups) - sum(group.counted for group in before.groups) == points


def test_a_wrong_number_counts_once_whatever_it_is_called() -> None:
    facts = {"contact.outcomes": {"wrong_number": 1, "invalid_or_disconnected": 2}}
    assert of_facts(facts).total == 20


def test_what_was_not_checked_neither_accuses_nor_clears() -> None:
    checked = scored(payment=PaymentTraits(method="card", avs=Avs(AvsSummary.NONE, Match.NOMATCH, Match.NOMATCH)))
    assert "PAY-03" in {reason.rule_id for reason in checked.raises}
    not_checked = scored(payment=PaymentTraits(method="card", avs=Avs(AvsSummary.UNSUPPORTED)))
    assert not_checked.total < checked.total
    assert [note.rule_id for note in not_checked.notes] == ["PAY-05"]
    missed = {one.rule_id: one for one in not_checked.not_checked}
    assert missed["PAY-03"].unknown == ("payment.avs",)
    assert missed["PAY-03"].why == "the bank does not support address checks"


def test_little_data_is_called_thin_and_not_low() -> None:
    nothing = of_facts({"payment.method": "card"})
    assert (nothing.total, nothing.words, nothing.is_thin) == (0, "thin data", True)
    assert nothing.coverage == 0
    known = scored(
        payment=PaymentTraits(
            method="card", cvv_result=CvvResult(CvvSummary.MATCH, "ok"), avs=Avs(AvsSummary.FULL, Match.MATCH, Match.MATCH, Match.MATCH),
            secure=Secure(SecureKind.AUTHENTICATED, "ok", True), country="GB", declined=0, cards_tried=1,
        ),
        links=(), blocked=frozenset(), allowed=frozenset(), contacts={},
    )  # fmt: skip
    assert (known.words, known.is_thin) == ("low", False)
    assert known.coverage > 40


def test_rules_that_have_nothing_to_say_do_not_make_data_thin() -> None:
    transfer = scored(payment=PaymentTraits(method="bank"))
    assert "PAY-01" in transfer.not_applicable
    assert "PAY-01" not in {one.rule_id for one in transfer.not_checked}


def test_a_rule_on_trial_says_what_it_would_have_done_and_weighs_nothing() -> None:
    result = of_facts({"payment.risk_level": "high"})
    assert [reason.rule_id for reason in result.shadow] == ["PAY-16"]
    assert result.total == 0
    live = RULES.with_rule(replace(RULES.find("PAY-16"), state=RuleState.LIVE))
    assert score(live, FactSheet({"payment.risk_level": "high"})).total == 15


def test_a_snoozed_rule_still_counts_its_hits_and_a_hard_one_is_never_silent() -> None:
    facts = {"shipping.differs": True, "lists.blocked": ("card",)}
    result = of_facts(facts, snoozed=frozenset({"ADR-01", "VEL-09"}))
    assert (result.total, result.snoozed, result.hard) == (0, ("ADR-01",), ("VEL-09",))
    assert "ADR-01" in result.fired


def test_a_rule_that_is_off_is_not_asked() -> None:
    off = RULES.with_rule(replace(RULES.find("ADR-01"), state=RuleState.OFF))
    assert score(off, FactSheet({"shipping.differs": True})).fired == ()


@pytest.mark.parametrize(
    ("points", "band"),
    [(0, Band.LOW), (24, Band.LOW), (25, Band.MEDIUM), (59, Band.MEDIUM), (60, Band.HIGH), (84, Band.HIGH), (85, Band.CRITICAL),
     (100, Band.CRITICAL)],
)  # fmt: skip
def test_bands(points: int, band: Band) -> None:
    assert Bands().of(points) is band


_RANDOM_FACTS = st.fixed_dictionaries(
    {},
    optional={
        fact.name: {
            Kind.TRUTH: st.booleans(),
            Kind.NUMBER: st.integers(-5, 2_000),
            Kind.AMOUNT: st.integers(0, 10**7),
            Kind.TEXT: st.sampled_from(fact.values or ("GB", "FR", "mailinator.com", "x")),
            Kind.TEXTS: st.lists(st.sampled_from(fact.values or ("GB", "A")), max_size=3).map(tuple),
            Kind.COUNTS: st.dictionaries(
                st.sampled_from(["no_answer", "verified", "A"]), st.integers(0, 3), max_size=3
            ),
        }[fact.kind]
        for fact in CATALOGUE.values()
    },
)


@given(_RANDOM_FACTS)
def test_every_score_is_whole_between_its_bounds_explained_and_stable(facts) -> None:
    result = of_facts(facts)
    assert 0 <= result.total <= 100
    assert 0 <= result.coverage <= 100
    assert result == of_facts(dict(reversed(facts.items())))
    assert result.total == max(0, min(100, sum(group.counted for group in result.groups)))
    points = [reason.points for reason in (*result.raises, *result.lowers)]
    assert sum(points) == sum(group.points for group in result.groups)
    assert [abs(reason.points) for reason in result.raises] == sorted(
        (abs(one.points) for one in result.raises), reverse=True
    )
    assert all(reason.agent for reason in result.raises)


@given(_RANDOM_FACTS)
def test_a_score_survives_being_stored(facts) -> None:
    result = of_facts(facts)
    stored = json.dumps(score_to_json(result), sort_keys=True)
    again = score_from_json(json.loads(stored))
    assert again == result
    assert json.dumps(score_to_json(again), sort_keys=True) == stored


@settings(max_examples=30)
@given(_RANDOM_FACTS)
def test_knowing_less_never_fires_a_rule_of_conditions_alone(facts) -> None:
    """Only rules that ask what to assume in ignorance (`otherwise`) may answer when a fact is taken away."""
    plain = {rule.id for rule in RULES.rules if "otherwise(" not in rule.when.text}
    fired = set(of_facts(facts).fired) & plain
    for name in list(facts):
        fewer = {key: value for key, value in facts.items() if key != name}
        # Without it the rule may apply that did not apply before.
        if name in ("payment.method", "email.given", "phone.given", "contact.outcomes"):
            continue
        assert set(of_facts(fewer).fired) & plain <= fired, name


def test_a_score_of_another_form_is_refused_and_not_guessed() -> None:
    table = score_to_json(of_facts({}))
    for broken in (
        {**table, "form": 2},
        {**table, "band": "purple"},
        {key: table[key] for key in table if key != "raises"},
    ):
        with pytest.raises(Invalid):
            score_from_json(broken)
    assert score_from_json({**table, "news": 1}) == of_facts({})


# Rules as data.

OWN = """
[[rule]]
id = "OWN-01"
name = "big gift cards"
when = 'order.digital > 200 EUR'
points = 12
group = "order"
agent = "gift cards for {order.digital}"
since = 2026-11-01
author = "lena"
"""


def read(own: str):
    return read_rules(SHIPPED, own, BOOK.vocabulary, BOOK.phrases)


def test_a_shop_adds_replaces_and_changes_rules() -> None:
    changed = read(OWN + '[[change]]\nid = "EML-04"\nstate = "off"\n[[change]]\nid = "ADR-01"\npoints = 9\n')
    assert changed.rules[-1].id == "OWN-01"
    assert changed.rules[-1].state is RuleState.SHADOW  # new rules judge in silence first
    assert changed.find("EML-04").state is RuleState.OFF
    assert changed.find("ADR-01").points == 9
    assert changed.version != RULES.version
    assert read(OWN.replace("OWN-01", "ADR-01")).find("ADR-01").name == "big gift cards"


def test_a_rule_is_written_down_and_read_again_unchanged() -> None:
    for rule in RULES.rules:
        table = json.loads(json.dumps(write_rule(rule)))
        assert read_rule(table, BOOK.vocabulary, BOOK.phrases, RULES.groups) == rule
        assert read_rule(table, BOOK.vocabulary, BOOK.phrases, RULES.groups).version == rule.version


def test_a_version_changes_with_what_is_judged_and_not_with_what_is_said() -> None:
    rule = RULES.find("ADR-01")
    assert replace(rule, name="x", agent=Wording("x"), state=RuleState.OFF).version == rule.version
    assert replace(rule, points=6).version != rule.version
    assert replace(rule, when=RULES.find("ADR-02").when).version != rule.version


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("order.digital > 200 EUR", "order.digital > 200", "fraud/rules.toml: rule 'OWN-01', when: Line 1, column 15"),
        ("order.digital > 200 EUR", "order.digitl > 200 EUR", "Did you mean order.digital?"),
        ("order.digital > 200 EUR", "email.domain in my_list", "there is no 'my_list'"),
        ('id = "OWN-01"', 'id = "own 1"', "Write it like VEL-09"),
        ("points = 12", "points = 120", "points must be a whole number from -100 to 100"),
        ("points = 12", "points = 12.5", "points must be a whole number"),
        ('group = "order"', 'group = "mood"', "there is no group 'mood'"),
        ("{order.digital}", "{order.digit}", "there is no 'order.digit'"),
        ('author = "lena"', 'author = "lena"\ncustomer_safe = "CS-RUDE"', "there is no phrase 'CS-RUDE'"),
        ('author = "lena"', 'author = "lena"\nkind = "explode"', "kind must be one of: score, hard_hold"),
        ('author = "lena"', 'author = "lena"\nkind = "pass"', "cannot raise its score"),
        ('author = "lena"', 'author = "lena"\npoint = 3', "'point' means nothing here"),
        ("since = 2026-11-01", 'since = "soon"', "since must be a day"),
        ('author = "lena"', "", "author is missing"),
        ("big gift cards", "x" * 200, "at most 160 printable characters"),
    ],
)  # fmt: skip
def test_a_rule_that_would_judge_wrongly_is_refused_with_its_place(old: str, new: str, said: str) -> None:
    assert old in OWN
    with pytest.raises(Invalid) as refused:
        read(OWN.replace(old, new))
    assert said in refused.value.message


def test_a_change_of_a_rule_that_is_not_there_is_refused() -> None:
    with pytest.raises(Invalid, match="no rule 'OWN-99'"):
        read('[[change]]\nid = "OWN-99"\nstate = "off"\n')


def test_a_new_rule_counts_after_its_trial_and_not_before() -> None:
    rule = read(OWN).find("OWN-01")
    assert "on trial until 15 Nov 2026" in (why_not_live(rule, date(2026, 11, 14), 14) or "")
    assert why_not_live(rule, date(2026, 11, 15), 14) is None
    assert "already" in (why_not_live(replace(rule, state=RuleState.LIVE), date(2026, 12, 1), 14) or "")


def test_wordings_show_facts_as_people_write_them() -> None:
    wording = Wording.of("{order.total} {order.is_gift} {phone.countries} {order.units}", CATALOGUE)
    facts = {"order.total": 12345, "order.currency": "JPY", "order.is_gift": True, "phone.countries": ["GB", "JE"]}
    assert wording.say(facts) == "12,345 JPY yes GB, JE ?"


# The sample that passes unseen.


def test_about_two_in_a_hundred_reviewed_orders_pass_unseen_and_always_the_same_ones() -> None:
    review = replace(of_facts({}), action=Action.REVIEW)
    passed = {number for number in range(20_000) if passes_unseen(str(number), review, money(100), Sampling())}
    assert 330 <= len(passed) <= 470
    again = {number for number in passed if passes_unseen(str(number), review, money(100), Sampling())}
    assert again == passed
    other = {
        number for number in range(20_000) if passes_unseen(str(number), review, money(100), Sampling(seed="2027"))
    }
    assert len(other & passed) < 40


def test_held_blocked_and_large_orders_never_pass_unseen() -> None:
    everything = Sampling(percent=100, largest=200)
    review = replace(of_facts({}), action=Action.REVIEW)
    assert passes_unseen("1", review, money(200), everything)
    assert not passes_unseen("1", review, money(201), everything)
    assert not passes_unseen("1", replace(review, action=Action.HOLD), money(10), everything)
    assert not passes_unseen("1", replace(review, hard=("VEL-09",)), money(10), everything)
    assert not passes_unseen("1", replace(review, action=Action.RELEASE), money(10), everything)
    assert not passes_unseen("1", review, money(10), Sampling(percent=0))
    assert passes_unseen("1", review, money(20_000, "JPY"), everything)
    assert not passes_unseen("1", review, money(20_100, "JPY"), everything)


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_lot_lies_within_its_bounds(order_id: str, seed: str) -> None:
    assert 0 <= lot(order_id, seed) < 10_000
