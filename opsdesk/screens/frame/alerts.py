"""What the first line of every screen says needs somebody: mails, money, and the orders that one follows."""

from __future__ import annotations

from opsdesk.domain.people.actors import Actor
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.store.views.mails.outbox import MailView
from opsdesk.store.views.orders.attention import Attention


def alerts(found: Attention, actor: Actor) -> tuple[str, ...]:
    """Return what waits for this person, each with where it is; what they may not work with is not theirs."""
    stuck = found.mails[MailView.IN_DOUBT] + found.mails[MailView.FAILED]
    money = sum(
        count
        for kind, count in found.money.items()
        if kind.operation is not None and why_not_allowed(actor, kind.operation) is None
    )
    said = (
        f"{stuck} mail{'s need' if stuck > 1 else ' needs'} somebody (9)" if stuck else "",
        f"{money} money (:money)" if money else "",
        f"{len(found.followed)} you follow moved (:followed)" if found.followed else "",
    )
    return tuple(each for each in said if each)
