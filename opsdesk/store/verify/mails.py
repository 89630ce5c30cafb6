"""Mails: one for each event, none in two minds for long (INV-E1, E2)."""

from __future__ import annotations

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.store.verify.checks import Check, words

CHECKS = (
    Check(
        "E1",
        "mail",
        "another mail tells of the same event",
        """
        SELECT max(id), event_key FROM mail GROUP BY event_key HAVING count(*) > 1
        """,
    ),
    Check(
        "E1",
        "order",
        "the customer was told something, but there is no mail of it",
        """
        SELECT orders.number, activity.summary
        FROM activity JOIN orders ON orders.id = subject_id
        WHERE action = 'status.told' AND outcome = 'done' AND subject_kind = 'order' AND NOT EXISTS (
            SELECT 1 FROM mail WHERE mail.order_id = orders.id AND mail.command_id = activity.command_id
        )
        """,
    ),
    Check(
        "E1",
        "mail",
        "its state is none that there is, or does not fit whether the mail server took it",
        f"""
        SELECT id, state FROM mail
        WHERE state NOT IN ({words(MailState)}) OR (state IN ('accepted', 'bounced')) <> (accepted_at IS NOT NULL)
            OR accepted_at < queued_at OR (state = 'bounced' AND returned_at IS NULL)
        """,
    ),
    Check(
        "E2",
        "mail",
        "it has been on its way to the mail server for more than a quarter of an hour; it should be in doubt by now",
        "SELECT id, coalesce(claimed_by, '') FROM mail WHERE state = 'sending' AND claimed_at < :quarter_ago",
    ),
)
