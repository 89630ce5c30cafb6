"""What the shop trusts, blocks, or lets a rule be silent about: one value at a time, with author, reason and end."""

from __future__ import annotations

from datetime import timedelta

from opsdesk.domain.address_digests import digest_of
from opsdesk.domain.errors import Denied, Invalid, Refused
from opsdesk.domain.fraud.evidence.entities import Entity, Identity, Key, keys_of
from opsdesk.domain.fraud.lists import ListEntry, ListKind, why_not_list
from opsdesk.domain.fraud.spans import BLOCK_DAYS, SNOOZE_DAYS, TRUST_DAYS
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.domain.searching import digits
from opsdesk.operations.fraud.moves import desk_of
from opsdesk.operations.fraud.scoring import score_again
from opsdesk.operations.words import kept_line, required_line
from opsdesk.store.tables import ListEntryRow
from opsdesk.store.work import Done, Work, operation

BLOCK_MANY = "risk.block_many"
"""The permission that blocking needs besides, where many earlier orders share the value."""

_WORDS = {
    ListKind.ALLOW: "trusted",
    ListKind.BLOCK: "blocked",
    ListKind.HUB: "known as shared by many",
    ListKind.SNOOZE: "passed over by {rule}",
}


@operation("risk.trust")
def trust(
    work: Work,
    entity: Entity | str,
    *,
    value: str = "",
    order_id: int | None = None,
    reason: str,
    days: int = TRUST_DAYS,
) -> Done:
    """Trust a value, or what an order has of that kind: what the rules find wrong does not hold its orders.

    Raises:
        Invalid: there is no such value, or nobody says why.
        Refused: it cannot be trusted, or for so long.
    """
    return _listed(work, ListKind.ALLOW, _key(work, entity, value, order_id), reason, days, order_id)


@operation("risk.block")
def block(
    work: Work,
    entity: Entity | str,
    *,
    value: str = "",
    order_id: int | None = None,
    reason: str,
    days: int = BLOCK_DAYS,
) -> Done:
    """Block a value, or what an order has of that kind: its orders are held.

    Raises:
        Invalid: there is no such value, or nobody says why.
        Refused: it is blocked already, or cannot be for so long.
        Denied: many earlier orders share it; a supervisor has to look first.
    """
    key = _key(work, entity, value, order_id)
    most = desk_of(work).settings.people.block_orders
    shared = work.risk.orders_sharing(key, most)
    if shared >= most and (problem := why_not_allowed(work.actor, BLOCK_MANY)):
        raise Denied(f"{most} orders or more share this {key.entity.word}. {problem}")
    return _listed(work, ListKind.BLOCK, key, reason, days, order_id)


@operation("risk.snooze")
def snooze(
    work: Work,
    rule_id: str,
    entity: Entity | str,
    *,
    value: str = "",
    order_id: int | None = None,
    reason: str,
    days: int = SNOOZE_DAYS,
) -> Done:
    """Let one rule be silent about a value for some time; what it finds is still written down.

    Raises:
        Invalid: there is no such value or rule, or nobody says why.
        Refused: the rule is a hard one, or it would be silent for too long.
    """
    book = work.fraud
    if book is None or work.risk.rules_of(book).rules.find(rule_id) is None:
        raise Invalid("rule", f"There is no rule {rule_id[:40]!r}.")
    key = _key(work, entity, value, order_id)
    return _listed(work, ListKind.SNOOZE, key, reason, days, order_id, rule_id=rule_id)


@operation("risk.unlist")
def unlist(work: Work, entry_id: int, *, note: str = "") -> Done:
    """Take a value off the list that it stands on.

    Raises:
        Refused: there is no such entry, or it was taken off already.
    """
    row = work.risk.entry(entry_id)
    if row.removed_at is not None:
        raise Refused(f"{row.shown} was taken off the list already, by {row.removed_by}.")
    row.removed_by, row.removed_at = work.actor.name, work.now
    words = _WORDS[ListKind(row.kind)].format(rule=row.rule_id)
    summary = f"No longer {words}: {row.shown}. {kept_line(note)}".strip()
    _record(work, "risk.unlisted", row, summary)
    return Done(f"{row.shown} is no longer {words}.", row.id)


def _listed(
    work: Work, kind: ListKind, key: Key, reason: str, days: int, order_id: int | None, *, rule_id: str = ""
) -> Done:
    why = required_line(reason, "reason", "Say why; whoever reads the list in a year must understand it.")
    entry = ListEntry(
        kind=kind,
        key=key,
        reason=why,
        author=work.actor.name,
        added_at=work.now,
        expires_at=work.now + timedelta(days=days),
        rule_id=rule_id,
    )
    book = work.fraud
    hard = frozenset(rule.id for rule in work.risk.rules_of(book).rules.active if rule.is_hard) if book else frozenset()
    most_days = desk_of(work).settings.people.snooze_days
    if problem := why_not_list(entry, hard_rules=hard, snooze_days=most_days):
        raise Refused(problem)
    order = work.orders.locked(order_id) if order_id is not None else None
    row = _replaced(work, entry, order_id)
    words = _WORDS[kind].format(rule=rule_id)
    until = f"{entry.expires_at:%d %b %Y}"
    _record(work, f"risk.{kind.value}", row, f"{key.entity.word} {row.shown} {words} until {until}: {why}")
    if order is not None:
        if book is not None:
            score_again(work, order)
        work.orders.settle(order)
    return Done(f"{row.shown} is {words} until {until}.", row.id, details={"entity": key.entity.value})


def _replaced(work: Work, entry: ListEntry, order_id: int | None) -> ListEntryRow:
    """Write the entry, in the place of one that has expired.

    Raises:
        Refused: one stands that has not expired.
    """
    standing = work.risk.standing_entry(entry.kind, entry.key, entry.rule_id)
    if standing is not None:
        if standing.expires_at is None or standing.expires_at > work.now:
            raise Refused(f"{standing.shown} stands on that list already, by {standing.author}: {standing.reason}")
        standing.removed_by, standing.removed_at = work.actor.name, work.now
    row = ListEntryRow(
        kind=entry.kind.value,
        entity=entry.key.entity.value,
        digest=digest_of(entry.key.value),
        shown=kept_line(entry.key.value, longest=120),
        reason=entry.reason,
        author=entry.author,
        added_at=entry.added_at,
        expires_at=entry.expires_at,
        rule_id=entry.rule_id,
        order_id=order_id,
    )
    work.add(row)
    return row


def _record(work: Work, action: str, row: ListEntryRow, summary: str) -> None:
    kind, subject = ("order", row.order_id) if row.order_id is not None else ("list", row.id)
    work.record(action, kind, subject or 0, summary, after=row.kind)


def _key(work: Work, entity: Entity | str, value: str, order_id: int | None) -> Key:
    """Return the value in the one spelling under which orders are looked up.

    Raises:
        Invalid: there is no such kind of value, or the order has none.
    """
    try:
        wanted = Entity(entity)
    except ValueError as error:
        raise Invalid("entity", f"Say what it is: {', '.join(Entity)}.") from error
    of_order = work.risk.keys(order_id) if order_id is not None and not value else ()
    for key in keys_of(_typed(wanted, value.strip())) if value else of_order:
        if key.entity is wanted:
            return key
    if value:
        raise Invalid("value", f"{value[:60]!r} is no {wanted.word}.")
    raise Invalid("value", f"The order has no {wanted.word}.")


def _typed(entity: Entity, value: str) -> Identity:
    if entity in (Entity.ADDRESS, Entity.BILLING, Entity.NETWORK):
        raise Invalid("value", f"Take the {entity.word} from an order: it has to be spelt alike.")
    return Identity(
        email=value if entity is Entity.EMAIL else "",
        phone=f"+{digits(value)}" if entity is Entity.PHONE else "",
        card=value if entity is Entity.CARD else "",
        ip=value if entity is Entity.IP else "",
        device=value if entity is Entity.DEVICE else "",
        customer=value if entity is Entity.CUSTOMER else "",
        name=value if entity is Entity.NAME else "",
    )
