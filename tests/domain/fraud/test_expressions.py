"""The language of the rules: what is written is what is meant, and nothing that anybody types breaks it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.expressions.compiling import read_condition
from opsdesk.domain.fraud.expressions.functions import FUNCTIONS
from opsdesk.domain.fraud.expressions.parsing import parse
from opsdesk.domain.fraud.expressions.syntax import write
from opsdesk.domain.fraud.expressions.tokens import LONGEST, BadExpression
from tests.domain.fraud.expression_kit import ANY_FACTS, CONDITIONS, TREES, VOCABULARY

T, F, U = True, False, None
_BITS = st.sampled_from(
    [*"()[],+-*/<>=!.\"'\\ \n", "==", "!=", "and ", "or ", "not ", "in ", "count(", "email", "24h", "1.5 EUR", "7",
     "order.total", "payment.cvv", '"nomatch"', "shipping.differs", "known(", "at_least(", "false", "²", "\x00", "é"]
)  # fmt: skip


def holds(text: str, **facts: object) -> bool | None:
    known = {name.replace("__", "."): value for name, value in facts.items()}
    return read_condition(text, VOCABULARY).holds(known)  # type: ignore[arg-type]


@given(TREES)
def test_a_tree_that_is_written_down_reads_as_the_same_tree(tree) -> None:
    assert parse(write(tree)) == tree


@given(st.text(max_size=60) | st.lists(_BITS, max_size=40).map("".join))
@example("(" * 500)
@example("not " * 400 + "shipping.differs")
@example("-" * 1000 + "1 == 1")
@example("+".join(["1"] * 900) + " == 1")
@example(" or ".join(["shipping.differs"] * 100))
@example("1 / 0 == 1")
@example("[" * 100)
@example('"\\')
@example("5 XYZ == 5 XYZ")
@example("12345678901234567890 == 1")
@example("x" * 3000)
@example("\ud800 == 1")
def test_whatever_is_typed_it_is_read_or_refused_in_words(text: str) -> None:
    refused = refusal_of(text)
    if refused is not None:
        assert isinstance(refused, BadExpression)
        assert refused.message.startswith(f"Line {refused.line}, column {refused.column}: ")
        assert refused.message.isprintable()


def refusal_of(text: str) -> Invalid | None:
    try:
        read_condition(text, VOCABULARY)
    except Invalid as error:
        return error
    return None


@given(CONDITIONS, ANY_FACTS)
def test_a_condition_ends_with_an_answer_for_any_facts_even_broken_ones(tree, facts) -> None:
    condition = read_condition(write(tree), VOCABULARY)
    assert condition.holds(facts) in (True, False, None)
    assert condition.tree == tree


@given(CONDITIONS, ANY_FACTS, ANY_FACTS)
def test_what_is_settled_stays_settled_when_more_becomes_known(tree, facts, more) -> None:
    """Kleene's logic is monotone: learning an unknown fact never overturns an answer. `known` and `otherwise` ask about
    ignorance itself, so they are left out."""
    if any(word in write(tree) for word in ("known(", "otherwise(")):
        return
    condition = read_condition(write(tree), VOCABULARY)
    before = condition.holds(facts)
    assert before is None or condition.holds({**more, **facts}) is before


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [(T, T, T, T), (T, F, F, T), (T, U, U, T), (F, T, F, T), (F, F, F, F), (F, U, F, U), (U, T, U, T), (U, F, F, U),
     (U, U, U, U)],
)  # fmt: skip
def test_the_truth_tables_have_three_values(left, right, both, either) -> None:
    known = {"shipping__differs": left, "count__email__24h": None if right is None else int(right)}
    assert holds("shipping.differs and count(email, 24h) == 1", **known) is both
    assert holds("shipping.differs or count(email, 24h) == 1", **known) is either
    assert holds("not shipping.differs", **known) is (None if left is None else not left)
    assert holds("at_least(1, shipping.differs, count(email, 24h) == 1)", **known) is either
    assert holds("at_least(2, shipping.differs, count(email, 24h) == 1)", **known) is both


@pytest.mark.parametrize(
    ("text", "facts", "answer"),
    [
        ('payment.cvv == "nomatch"', {"payment__cvv": "nomatch"}, True),
        ('payment.cvv != "nomatch"', {}, None),
        ("order.total > 500 EUR", {"order__total": 500_01, "order__currency": "EUR"}, True),
        ("order.total > 500 EUR", {"order__total": 500_01, "order__currency": "USD"}, None),
        ("order.total > 500 EUR", {"order__total": 500_01}, None),
        ("order.total > 3 * order.goods", {"order__total": 31, "order__goods": 10}, True),
        ("order.total / 2 >= order.goods", {"order__total": 21, "order__goods": 11}, False),
        ("order.total / order.goods == 2", {"order__total": 21, "order__goods": 0}, None),
        ("2 + 3 * 4 == 14", {}, True),
        ("10 - 3 - 2 == 5", {}, True),
        ("-(2 + 3) == -5", {}, True),
        ("percent(order.goods, order.total) > 50", {"order__goods": 51, "order__total": 100}, True),
        ("percent(order.goods, order.total) > 50", {"order__goods": 0, "order__total": 0}, None),
        ("email.domain in disposable_domains", {"email__domain": "mailinator.com"}, True),
        ("email.domain not in disposable_domains", {"email__domain": "mailinator.com"}, False),
        ('billing.country in ["GB", "IE"]', {"billing__country": "IE"}, True),
        ('"PHONE" in order.skus', {"order__skus": ("CASE",)}, False),
        ('"PHONE" in order.skus', {"order__skus": ["PHONE"]}, True),
        ("order.units in [1, 2, 3]", {"order__units": 4}, False),
        ("units_of(resale_skus) >= 3", {"order__quantities": {"PHONE": 3, "CASE": 9}}, True),
        ("units_of(resale_skus) >= 3", {"order__quantities": {"CASE": 9}}, False),
        ('contacted("no_answer") >= 2', {"contact__outcomes": {"no_answer": 2}}, True),
        ('contacted("verified") >= 1', {"contact__outcomes": {}}, False),
        ("distinct(card, email, 7d) >= 3", {"distinct__card__email__7d": 3}, True),
        ("known(payment.cvv)", {}, False),
        ("otherwise(order.units, 7) == 7", {}, True),
        ("size(order.skus) == 2", {"order__skus": ("A", "B")}, True),
        ("any_in(order.skus, resale_skus)", {"order__skus": ("A", "PHONE")}, True),
        ('starts_with(email.domain, "mail") and ends_with(email.domain, ".com")', {"email__domain": "mail.com"}, True),
        ('contains(email.domain, "inat")', {"email__domain": "mailinator.com"}, True),
        ("length(email.domain) > 3", {"email__domain": "abc"}, False),
        ("highest(order.units, 3) == 3 and lowest(order.units, 3) == 1", {"order__units": 1}, True),
        ("shipping.differs\n  and order.units > 1", {"shipping__differs": True, "order__units": 2}, True),
        # A stored fact of the wrong kind is not believed.
        ("order.units > 1", {"order__units": "2"}, None),
        ("order.units > 0", {"order__units": True}, None),
    ],
)  # fmt: skip
def test_what_a_condition_answers(text: str, facts: dict[str, object], answer: bool | None) -> None:
    assert holds(text, **facts) is answer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Line 1, column 1: expected a name, a number"),
        ("order.units >", "Line 1, column 14: expected a name, a number"),
        ("order.units = 3", "Line 1, column 13: compare with =="),
        ("shipping.differs and\n  order.unit > 1", "Line 2, column 3: there is no 'order.unit'. Did you mean order.units?"),
        ('payment.cvv == "no_match"', "Line 1, column 16: payment.cvv is never 'no_match'. It is one of: match"),
        ('"nomach" != payment.cvv', "payment.cvv is never 'nomach'"),
        ('payment.cvv in ["match", "none"]', "payment.cvv is never 'none'"),
        ('otherwise(payment.cvv, "x") == "match"', "payment.cvv is never 'x'"),
        ('billing.country == "gb"', "two capital letters"),
        ("order.total > 500", "an amount of money cannot be compared with a number. Write an amount with its currency"),
        ("order.total * order.total > 5 EUR", "an amount of money * an amount of money means nothing"),
        ("order.total + 1 > 5 EUR", "means nothing"),
        ("5 / order.total > 1", "means nothing"),
        ('order.units > "3"', "expected a number or an amount of money"),
        ("shipping.differs > 1", "expected a number or an amount of money, shipping.differs is true or false"),
        ("order.units", "expected true or false, order.units is a number"),
        ("order.units and shipping.differs", "expected true or false"),
        ("1 < order.units < 3", "write a < b < c as a < b and b < c"),
        ("order.total > 1.005 EUR", "has more decimals than EUR allows"),
        ("order.units > 1.5", "'1.5' is no name"),
        ("count(email, 30d) > 1", "The spans of time are: 1h, 24h"),
        ("count(fax, 24h) > 1", "is not counted. Counted are: email"),
        ("count(email) > 1", "write it like count(email, 24h)"),
        ('count("email", 24h) > 1', "expected a word such as email or card"),
        ("count(email, 24) > 1", "expected a span of time"),
        ('contacted("shouted") > 1', "expected an outcome in quotes, one of: no_answer, verified"),
        ("shout(order.units)", "there is no function 'shout'. Known are: count"),
        ("at_least(order.units, shipping.differs)", "expected a whole number first"),
        ('order.units in ["a"]', "a number cannot be in a list of texts"),
        ('"a" in [1, "a"]', "either texts or numbers"),
        ('"a" in []', "at least one entry"),
        ("order.units in email.domain", "expected a list of texts"),
        ("shipping.differs not order.units", "expected in after not"),
        ("(shipping.differs", "expected and, or, or ), found the end"),
        ('"a', "has no closing"),
        (r'"a\n" == email.domain', "a backslash stands before"),
        ("shipping.differs; 1", "';' is no name"),
        ("__import__('os')", "is no name"),
        ("x" * (LONGEST + 1), f"at most {LONGEST} characters"),
        ("(" * 30 + "true" + ")" * 30, "nested more than 24 deep"),
        ("+".join(["1"] * 200) + " == 1", "more than 60 levels"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(BadExpression) as refused:
        read_condition(text, VOCABULARY)
    assert said in refused.value.message
    assert refused.value.field == "expression"


def test_a_condition_names_the_facts_that_it_needs_and_those_it_misses() -> None:
    condition = read_condition('payment.cvv == "match" and order.total > 5 EUR and count(email, 24h) > 1', VOCABULARY)
    assert condition.names == ("payment.cvv", "order.total", "order.currency", "count.email.24h")
    assert condition.unknown_names({"payment.cvv": "match", "order.total": 1}) == ("order.currency", "count.email.24h")


def test_two_ways_to_write_one_condition_are_the_same_condition() -> None:
    once, twice = (read_condition(text, VOCABULARY) for text in ("((shipping.differs))", " shipping.differs\n"))
    assert once == twice
    assert once.text == "shipping.differs"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_each_function_shows_its_name(name: str) -> None:
    function = FUNCTIONS[name]
    tree = parse(function.example)
    assert (tree.function, function.counts[0] <= len(tree.arguments) <= function.counts[1]) == (name, True)
