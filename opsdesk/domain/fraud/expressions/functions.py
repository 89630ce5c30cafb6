"""The closed list of functions that an expression may call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opsdesk.domain.fraud.expressions import syntax
from opsdesk.domain.fraud.expressions.building import Builder, Function, Part
from opsdesk.domain.fraud.expressions.kinds import Facts, Kind
from opsdesk.domain.fraud.expressions.running import Run
from opsdesk.domain.fraud.expressions.syntax import Call

MOST = 20
"""The most values that one function takes."""


def _count(builder: Builder, call: Call) -> Part:
    """Read a count that the store has made: orders that share one thing within a span of time."""
    *words, window = call.arguments
    for word in words:
        if not isinstance(word, syntax.Name):
            raise builder.wrong(word, f"expected a word such as email or card, found {syntax.write(word)[:40]}.")
    if not isinstance(window, syntax.Window):
        raise builder.wrong(window, f"expected a span of time such as 24h or 7d, found {syntax.write(window)[:40]}.")
    stem = ".".join([call.function, *(word.value for word in words if isinstance(word, syntax.Name))])
    name = f"{stem}.{window.value}"
    if name not in builder.vocabulary.facts:
        raise builder.wrong(call, _why_not_counted(builder, call, stem))
    return builder.fact(call, name)


def _why_not_counted(builder: Builder, call: Call, stem: str) -> str:
    known = [name for name in builder.vocabulary.facts if name.startswith(f"{call.function}.")]
    spans = [name.rpartition(".")[2] for name in known if name.rpartition(".")[0] == stem]
    if spans:
        return f"{syntax.write(call)} is not counted. The spans of time are: {', '.join(spans)}."
    shown = sorted({", ".join(name.split(".")[1:-1]) for name in known})
    return f"{syntax.write(call)} is not counted. Counted are: {'; '.join(shown)}."


def _contacted(builder: Builder, call: Call) -> Part:
    outcome = call.arguments[0]
    known = builder.vocabulary.outcomes
    if not isinstance(outcome, syntax.Text) or outcome.value not in known:
        raise builder.wrong(outcome, f"expected an outcome in quotes, one of: {', '.join(sorted(known))}.")
    counts, word = builder.fact(call, "contact.outcomes").run, outcome.value

    def run(facts: Facts) -> int | None:
        found = counts(facts)
        return None if found is None else _whole(found.get(word, 0))

    return Part(Kind.NUMBER, run)


def _units_of(builder: Builder, call: Call) -> Part:
    listed = builder.expect(call.arguments[0], Kind.TEXTS)
    counts, skus = builder.fact(call, "order.quantities").run, listed.run

    def run(facts: Facts) -> int | None:
        quantities, wanted = counts(facts), skus(facts)
        if quantities is None or wanted is None:
            return None
        return max((_whole(units) or 0 for sku, units in quantities.items() if sku in wanted), default=0)

    return Part(Kind.NUMBER, run)


def _known(builder: Builder, call: Call) -> Part:
    inner = builder.build(call.arguments[0]).run
    return Part(Kind.TRUTH, lambda facts: inner(facts) is not None)


def _otherwise(builder: Builder, call: Call) -> Part:
    first, instead = (builder.build(argument) for argument in call.arguments)
    if first.kind is not instead.kind:
        raise builder.wrong(call, f"{first.kind} cannot be replaced by {instead.kind}.")
    builder.check_words(call.arguments[1], first, instead)
    read, other = first.run, instead.run

    def run(facts: Facts) -> Any:
        value = read(facts)
        return other(facts) if value is None else value

    return Part(first.kind, run, fact=first.fact)


def _at_least(builder: Builder, call: Call) -> Part:
    number = call.arguments[0]
    if not isinstance(number, syntax.Number):
        raise builder.wrong(number, "expected a whole number first, such as at_least(2, a, b, c).")
    wanted = number.value
    terms = [builder.expect(term, Kind.TRUTH).run for term in call.arguments[1:]]

    def run(facts: Facts) -> bool | None:
        answers = [term(facts) for term in terms]
        sure = answers.count(True)
        if sure >= wanted:
            return True
        return None if sure + answers.count(None) >= wanted else False

    return Part(Kind.TRUTH, run)


def _texts(builder: Builder, call: Call, test: Callable[[str, str], bool]) -> Part:
    first, second = (builder.expect(argument, Kind.TEXT).run for argument in call.arguments)
    return Part(Kind.TRUTH, _both(first, second, test))


def _any_in(builder: Builder, call: Call) -> Part:
    first = builder.expect(call.arguments[0], Kind.TEXTS)
    second = builder.expect(call.arguments[1], Kind.TEXTS)
    builder.check_words(call.arguments[1], first, second)
    return Part(Kind.TRUTH, _both(first.run, second.run, _share))


def _share(some: Any, others: Any) -> bool:
    return any(text.__class__ is str and text in others for text in some)


def _both(first: Run, second: Run, test: Callable[[Any, Any], Any]) -> Run:
    def run(facts: Facts) -> Any:
        value, other = first(facts), second(facts)
        return None if value is None or other is None else test(value, other)

    return run


def _measured(kinds: tuple[Kind, ...]) -> Callable[[Builder, Call], Part]:
    def build(builder: Builder, call: Call) -> Part:
        inner = builder.expect(call.arguments[0], *kinds).run

        def run(facts: Facts) -> int | None:
            value = inner(facts)
            return None if value is None else len(value)

        return Part(Kind.NUMBER, run)

    return build


def _extreme(choose: Callable[[list[int]], int]) -> Callable[[Builder, Call], Part]:
    def build(builder: Builder, call: Call) -> Part:
        first = builder.expect(call.arguments[0], Kind.NUMBER, Kind.AMOUNT)
        runs = [first.run, *(builder.expect(other, first.kind).run for other in call.arguments[1:])]

        def run(facts: Facts) -> int | None:
            values = [read(facts) for read in runs]
            return None if None in values else choose(values)

        return Part(first.kind, run)

    return build


def _percent(builder: Builder, call: Call) -> Part:
    part = builder.expect(call.arguments[0], Kind.NUMBER, Kind.AMOUNT)
    whole = builder.expect(call.arguments[1], part.kind)
    return Part(Kind.NUMBER, _both(part.run, whole.run, lambda some, all_: some * 100 // all_ if all_ else None))


def _whole(value: object) -> int | None:
    return value if value.__class__ is int and isinstance(value, int) else None


def _text_test(test: Callable[[str, str], bool]) -> Callable[[Builder, Call], Part]:
    return lambda builder, call: _texts(builder, call, test)


FUNCTIONS: Mapping[str, Function] = {
    "count": Function(
        "count(email, 24h)", "orders with the same e-mail within the span, this one included", (2, 2), _count
    ),
    "distinct": Function(
        "distinct(card, email, 7d)", "how many different cards one e-mail used within the span", (3, 3), _count
    ),
    "contacted": Function(
        'contacted("no_answer")', "how often a contact with the customer ended like this", (1, 1), _contacted
    ),
    "units_of": Function(
        "units_of(resale_skus)", "the most units of one article that is on the list", (1, 1), _units_of
    ),
    "known": Function("known(payment.avs)", "true where it is known, false where it is not", (1, 1), _known),
    "otherwise": Function(
        "otherwise(customer.orders, 0)", "the first where it is known, else the second", (2, 2), _otherwise
    ),
    "at_least": Function(
        "at_least(2, shipping.differs, phone.is_valid == false)", "true where so many are true", (2, MOST), _at_least
    ),
    "percent": Function(
        "percent(order.digital, order.goods)", "the share of the whole in percent, rounded down", (2, 2), _percent
    ),
    "length": Function("length(email.local)", "how many characters a text has", (1, 1), _measured((Kind.TEXT,))),
    "size": Function(
        "size(links.fraud)", "how many entries a list has", (1, 1), _measured((Kind.TEXTS, Kind.COUNTS))
    ),
    "any_in": Function(
        'any_in(order.categories, ["gift cards"])', "true where the two lists share an entry", (2, 2), _any_in
    ),
    "starts_with": Function(
        'starts_with(email.local, "test")', "true where the text begins so", (2, 2), _text_test(str.startswith)
    ),
    "ends_with": Function(
        'ends_with(email.domain, ".example")', "true where the text ends so", (2, 2), _text_test(str.endswith)
    ),
    "contains": Function(
        'contains(order.shipping_method, "express")', "true where the text holds it", (2, 2),
        _text_test(lambda text, part: part in text),
    ),
    "lowest": Function("lowest(order.total, 500 EUR)", "the lowest of the values", (2, MOST), _extreme(min)),
    "highest": Function("highest(customer.orders, 1)", "the highest of the values", (2, MOST), _extreme(max)),
}  # fmt: skip
"""Every function by name."""
