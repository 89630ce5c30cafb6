"""From the text of a condition to something that can be asked a million times."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsdesk.domain.fraud.expressions import syntax
from opsdesk.domain.fraud.expressions.building import Builder
from opsdesk.domain.fraud.expressions.functions import FUNCTIONS
from opsdesk.domain.fraud.expressions.kinds import Facts, Kind, Vocabulary
from opsdesk.domain.fraud.expressions.parsing import parse
from opsdesk.domain.fraud.expressions.running import Run
from opsdesk.domain.fraud.expressions.syntax import Node


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked expression; two with the same tree are the same.

    Attributes:
        names: the facts that it asks for, in the order in which they are first named.
        run: answers True, False, or None where it cannot be known.
    """

    tree: Node
    names: tuple[str, ...] = field(compare=False)
    run: Run = field(compare=False, repr=False)

    @property
    def text(self) -> str:
        """The expression as it is written down."""
        return syntax.write(self.tree)

    def holds(self, facts: Facts) -> bool | None:
        """Say whether it holds for these facts; None where what is unknown would settle it."""
        answer: bool | None = self.run(facts)
        return answer

    def unknown_names(self, facts: Facts) -> tuple[str, ...]:
        """Return the facts that it asks for and that are not known."""
        return tuple(name for name in self.names if facts.get(name) is None)


def read_condition(text: str, vocabulary: Vocabulary) -> Condition:
    """Read a condition and check every name, kind and word in it.

    Raises:
        BadExpression: it is none; the sentence says line, column and what was expected.
    """
    tree = parse(text)
    builder = Builder(text, vocabulary, FUNCTIONS)
    run = builder.expect(tree, Kind.TRUTH).run
    return Condition(tree, tuple(builder.names), run)
