"""Say by hand what an order turned out to be, where nobody and nothing else has said so, or has said it wrongly."""

from __future__ import annotations

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.operations.words import kept_line, required_line
from opsdesk.store.tables import LabelRow
from opsdesk.store.work import Done, Work, operation

PERSON = "person"
"""Source of the words of people."""
SAID = {"fraud": Word.FRAUD, "legit": Word.LEGIT}
_MEANS = {Word.FRAUD.value: "fraud", Word.LEGIT.value: "a good order"}


@operation("fraud.label")
def label_order(work: Work, order_id: int, *, verdict: str, note: str, version: int | None = None) -> Done:
    """Say that an order was `fraud` or `legit`; it settles what was known before, for scores and figures from now on.

    Raises:
        Invalid: the verdict is none, or nobody says how they know.
        Refused: there is no such order, or it is what the newest word says.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(order_id, version=version)
    word = SAID.get(verdict)
    if word is None:
        raise Invalid("verdict", f"Say one of: {', '.join(SAID)}.")
    why = required_line(note, "note", "Say how you know; rules and people are judged by it.")
    newest = _newest(work, order_id)
    if newest is not None and newest.label == word.value:
        raise Refused(f"{newest.by} has said already that {order.number} was {_MEANS[word.value]}.")
    row = work.risk.add_label(order_id, word, source=PERSON, reason=why, by=work.actor.name)
    summary = f"Known now: {_MEANS[word.value]}. {why}"
    work.record("fraud.labelled", "order", order_id, summary, before=newest.label if newest else "", after=word.value)
    work.undo_with("fraud.unlabel", order_id=order_id, label_id=row.id or 0)
    return Done(f"{order.number} counts as {_MEANS[word.value]} from now on.", order_id, order.version)


@operation("fraud.unlabel")
def take_back_label(work: Work, order_id: int, label_id: int) -> Done:
    """Take back what was said of an order by hand: the word before it counts again, or what is known otherwise.

    Raises:
        Refused: something newer has been said, or nobody of ours said it.
    """
    order = work.orders.locked(order_id)
    words = _words(work, order_id)
    if not words or words[-1].id != label_id:
        raise Refused(f"Something newer is known of {order.number}. Look at it again.")
    if words[-1].source != PERSON:
        raise Refused(f"{order.number} is known by its bank. Say otherwise by hand if you know better.")
    before = Word(words[-2].label) if len(words) > 1 else Word.WITHDRAWN
    why = kept_line(f"Taken back: {words[-1].reason}")
    work.risk.add_label(order_id, before, source=PERSON, reason=why, by=work.actor.name)
    summary = f"No longer known: {_MEANS.get(words[-1].label, words[-1].label)}"
    work.record("fraud.unlabelled", "order", order_id, summary, before=words[-1].label, after=before.value)
    return Done(f"What was said of {order.number} is taken back.", order_id, order.version)


def _newest(work: Work, order_id: int) -> LabelRow | None:
    words = _words(work, order_id)
    return words[-1] if words else None


def _words(work: Work, order_id: int) -> list[LabelRow]:
    return [row for row in work.risk.labels(order_id) if row.label != Word.SAMPLED.value]
