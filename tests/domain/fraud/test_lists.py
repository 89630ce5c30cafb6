"""Trust, block, hub and snooze lists: every entry has a reason and an end, and speaks for its own value alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from opsdesk.domain.fraud.evidence.entities import Entity, Key
from opsdesk.domain.fraud.lists import ListEntry, ListKind, listed, snoozed_rules, why_not_list

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CARD = Key(Entity.CARD, "fp_1")
HARD = frozenset({"VEL-05"})


def entry(kind: ListKind = ListKind.ALLOW, key: Key = CARD, days: int | None = 30, **changes: object) -> ListEntry:
    values: dict[str, object] = {
        "kind": kind, "key": key, "reason": "known since 2019", "author": "lena", "added_at": NOW,
        "expires_at": None if days is None else NOW + days * DAY,
    }  # fmt: skip
    return ListEntry(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (entry(), None),
        (entry(ListKind.HUB, days=None), None),
        (entry(ListKind.SNOOZE, rule_id="ADR-01", days=180), None),
        (entry(reason=" "), "Say why"),
        (entry(key=Key(Entity.CARD, "")), "no value"),
        (entry(days=None), "Say until when"),
        (entry(ListKind.BLOCK, days=None), "Say until when"),
        (entry(days=0), "end before it begins"),
        (entry(days=731), "730 days at most"),
        (entry(ListKind.SNOOZE, rule_id="ADR-01", days=181), "180 days at most"),
        (entry(ListKind.SNOOZE), "which rule"),
        (entry(ListKind.SNOOZE, rule_id="VEL-05"), "is a hard rule and is never silent"),
        (entry(key=Key(Entity.IP, "81.2.69.160")), "shared too easily to be trusted"),
        (entry(key=Key(Entity.NAME, "otto falk")), "shared too easily to be trusted"),
        (entry(ListKind.BLOCK, Key(Entity.IP, "81.2.69.160")), None),
    ],
)  # fmt: skip
def test_what_may_stand_on_a_list(asked: ListEntry, said: str | None) -> None:
    problem = why_not_list(asked, hard_rules=HARD)
    assert problem is None if said is None else said in (problem or "")


def test_an_entry_counts_for_its_value_until_it_ends() -> None:
    entries = [
        entry(),
        entry(ListKind.BLOCK, Key(Entity.EMAIL, "x@example.com")),
        entry(ListKind.SNOOZE, rule_id="ADR-01"),
    ]
    mine = (CARD, Key(Entity.EMAIL, "ada@example.com"))
    assert listed(entries, mine, ListKind.ALLOW, NOW) == {Entity.CARD}
    assert listed(entries, mine, ListKind.BLOCK, NOW) == frozenset()
    assert listed(entries, mine, ListKind.ALLOW, NOW + 30 * DAY) == frozenset()
    assert snoozed_rules(entries, mine, NOW) == {"ADR-01"}
    assert snoozed_rules(entries, (Key(Entity.CARD, "fp_2"),), NOW) == frozenset()
    # The same text as another kind of thing is another thing.
    assert listed(entries, (Key(Entity.DEVICE, "fp_1"),), ListKind.ALLOW, NOW) == frozenset()
