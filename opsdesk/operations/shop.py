"""Settings that all terminals share: how the shop signs its letters, and when it captures held money."""

from __future__ import annotations

import json
from collections.abc import Mapping

from opsdesk.domain.errors import Invalid
from opsdesk.domain.mails.outgoing import require_address
from opsdesk.domain.payments.captures import CapturePolicy
from opsdesk.operations.payments.held_money import CAPTURE_POLICY
from opsdesk.operations.words import kept_line
from opsdesk.store.views.shop import SHOP_FIELDS, SHOP_SETTING
from opsdesk.store.work import Done, Work, operation

_ADDRESSES = ("mail_from", "mail_reply_to")


@operation("shop.describe")
def describe_shop(work: Work, *, texts: Mapping[str, str]) -> Done:
    """Change how the shop signs; what is not named stays as it is.

    Raises:
        Invalid: there is no such text, or an address is none.
    """
    for name in texts:
        if name not in SHOP_FIELDS:
            raise Invalid("name", f"The shop has no {name[:40]!r}. Known are: {', '.join(SHOP_FIELDS)}.")
    kept = {name: kept_line(text) for name, text in texts.items()}
    for name in _ADDRESSES:
        if kept.get(name):
            kept[name] = require_address(kept[name], name)
    row = work.desks.setting(SHOP_SETTING)
    before = json.loads(row.value) if row.value else {}
    after = before | kept
    row.value = json.dumps(after, sort_keys=True)
    changed = sorted(name for name in after if after[name] != before.get(name))
    old, new = ({name: texts.get(name, "") for name in changed} for texts in (before, after))
    summary = f"The shop's description changed: {', '.join(changed) or 'nothing'}"
    work.record("shop.described", "setting", 0, summary, before=json.dumps(old), after=json.dumps(new))
    return Done(f"{summary}.")


@operation("shop.set_capture_policy")
def set_capture_policy(work: Work, *, policy: CapturePolicy) -> Done:
    """Say when money that a gateway holds is captured: by hand, or with each parcel."""
    row = work.desks.setting(CAPTURE_POLICY)
    before, row.value = row.value, json.dumps(policy.value)
    summary = f"Held money is captured {policy.value.replace('_', ' ')}"
    work.record("shop.capture_policy_set", "setting", 0, summary, before=before, after=row.value)
    return Done(f"{summary}.")
