"""A vocabulary of its own and random trees, so that the language is tested apart from the facts of the shop."""

from __future__ import annotations

from hypothesis import strategies as st

from opsdesk.domain.fraud.expressions import syntax
from opsdesk.domain.fraud.expressions.kinds import Fact, Form, Kind, Vocabulary
from opsdesk.domain.fraud.expressions.parsing import DEEPEST, TALLEST
from opsdesk.domain.money import Money

FACTS = (
    Fact("order.total", Kind.AMOUNT, "total"),
    Fact("order.goods", Kind.AMOUNT, "goods"),
    Fact("order.currency", Kind.TEXT, "currency"),
    Fact("order.units", Kind.NUMBER, "units"),
    Fact("order.skus", Kind.TEXTS, "articles"),
    Fact("order.quantities", Kind.COUNTS, "units by article"),
    Fact("payment.cvv", Kind.TEXT, "code", ("match", "nomatch", "missing")),
    Fact("billing.country", Kind.TEXT, "country", form=Form.COUNTRY),
    Fact("shipping.differs", Kind.TRUTH, "differs"),
    Fact("email.domain", Kind.TEXT, "domain"),
    Fact("count.email.1h", Kind.NUMBER, "orders"),
    Fact("count.email.24h", Kind.NUMBER, "orders"),
    Fact("distinct.card.email.7d", Kind.NUMBER, "cards"),
    Fact("contact.outcomes", Kind.COUNTS, "contacts"),
)
VOCABULARY = Vocabulary(
    {fact.name: fact for fact in FACTS},
    {"disposable_domains": frozenset({"mailinator.com"}), "resale_skus": frozenset({"PHONE"})},
    frozenset({"no_answer", "verified"}),
)

_PLAIN_TEXT = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), max_size=12)
_SIGNS = ["==", "!=", "<", "<=", ">", ">="]
# Names of every shape, known or not: reading and writing does not ask what they mean.
_NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}(\.[a-z][a-z0-9_]{0,8}){0,2}", fullmatch=True).filter(
    lambda name: not {"and", "or", "not", "in", "true", "false"} & {name}
)
_MONEY = st.builds(Money, st.integers(0, 10**14), st.sampled_from(["EUR", "JPY", "KWD", "USD"]))
_LITERALS = st.one_of(
    st.builds(syntax.Number, st.integers(0, 10**15 - 1)),
    st.builds(syntax.Amount, _MONEY),
    st.builds(syntax.Text, _PLAIN_TEXT.filter(str.isprintable)),
    st.builds(syntax.Truth, st.booleans()),
    st.builds(syntax.Window, st.from_regex(r"[0-9]{1,6}[hd]", fullmatch=True)),
)
_LEAVES = _LITERALS | st.builds(syntax.Name, _NAMES)


def _grown(nodes: st.SearchStrategy[syntax.Node]) -> st.SearchStrategy[syntax.Node]:
    several = st.lists(nodes, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        st.builds(syntax.Not, nodes),
        st.builds(syntax.Negate, nodes),
        st.builds(syntax.And, several),
        st.builds(syntax.Or, several),
        st.builds(syntax.Compare, st.sampled_from(_SIGNS), nodes, nodes),
        st.builds(syntax.Within, nodes, nodes),
        st.builds(syntax.Arithmetic, st.sampled_from(list("+-*/")), nodes, nodes),
        st.builds(syntax.Call, _NAMES.filter(lambda name: "." not in name), st.lists(nodes, max_size=3).map(tuple)),
        st.builds(syntax.Listing, st.lists(_LITERALS, max_size=4).map(tuple)),
    )


def _is_readable(tree: syntax.Node) -> bool:
    return (
        all(depth <= min(DEEPEST, TALLEST) // 2 for _, depth in syntax.levels(tree)) and len(syntax.write(tree)) < 2000
    )


TREES = st.recursive(_LEAVES, _grown, max_leaves=12).filter(_is_readable)

_TEXTS = st.sampled_from(["EUR", "GB", "match", "nomatch", "mailinator.com", "PHONE"])
_VALUES = st.one_of(
    st.booleans(), st.integers(-(10**18), 10**18), _TEXTS, st.lists(_TEXTS).map(tuple),
    st.dictionaries(st.sampled_from(["PHONE", "no_answer"]), st.integers(0, 9)), st.none(), st.floats(), st.just([{}]),
)  # fmt: skip
ANY_FACTS = st.dictionaries(st.sampled_from([fact.name for fact in FACTS]), _VALUES)

_NUMBERS = st.one_of(
    st.builds(syntax.Number, st.integers(0, 10**15 - 1)),
    st.sampled_from(
        [
            syntax.Name("order.units"),
            syntax.Call("count", (syntax.Name("email"), syntax.Window("24h"))),
            syntax.Call("contacted", (syntax.Text("no_answer"),)),
            syntax.Call("units_of", (syntax.Name("resale_skus"),)),
            syntax.Call("size", (syntax.Name("order.skus"),)),
            syntax.Call("percent", (syntax.Name("order.goods"), syntax.Name("order.total"))),
        ]
    ),
)
_SUMS = st.recursive(
    _NUMBERS,
    lambda nodes: st.one_of(
        st.builds(syntax.Arithmetic, st.sampled_from(list("+-*/")), nodes, nodes),
        st.builds(syntax.Negate, nodes),
        st.builds(lambda a, b: syntax.Call("highest", (a, b)), nodes, nodes),
        st.builds(lambda a, b: syntax.Call("otherwise", (a, b)), nodes, nodes),
    ),
    max_leaves=8,
)
_QUESTIONS = st.one_of(
    st.builds(syntax.Compare, st.sampled_from(_SIGNS), _SUMS, _SUMS),
    st.sampled_from(
        [
            syntax.Name("shipping.differs"),
            syntax.Within(syntax.Name("email.domain"), syntax.Name("disposable_domains")),
            syntax.Within(syntax.Text("PHONE"), syntax.Name("order.skus")),
            syntax.Compare("==", syntax.Name("payment.cvv"), syntax.Text("nomatch")),
            syntax.Compare(">", syntax.Name("order.total"), syntax.Amount(Money(500_00, "EUR"))),
            syntax.Call("any_in", (syntax.Name("order.skus"), syntax.Name("resale_skus"))),
            syntax.Call("starts_with", (syntax.Name("email.domain"), syntax.Text("mail"))),
            syntax.Call("known", (syntax.Name("payment.cvv"),)),
        ]
    ),
)
CONDITIONS = st.recursive(
    _QUESTIONS,
    lambda nodes: st.one_of(
        st.builds(syntax.Not, nodes),
        st.builds(syntax.And, st.lists(nodes, min_size=2, max_size=4).map(tuple)),
        st.builds(syntax.Or, st.lists(nodes, min_size=2, max_size=4).map(tuple)),
        st.builds(lambda a, b: syntax.Call("at_least", (syntax.Number(1), a, b)), nodes, nodes),
        st.builds(syntax.Compare, st.sampled_from(["==", "!="]), nodes, nodes),
    ),
    max_leaves=10,
).filter(_is_readable)
"""Well-formed conditions over the vocabulary, of every shape."""
