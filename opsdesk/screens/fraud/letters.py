"""The mail that tells a customer how a case ended, from the shop's templates; none where the shop has none."""

from __future__ import annotations

from typing import Any

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.fraud.cases.letters import STATUS_OF_END
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.operations.statuses.previewing import preview
from opsdesk.screens.frame.base import DeskScreen
from opsdesk.store.views.mails.letters import letter_facts
from opsdesk.store.views.users import user_named


async def letter_of_end(screen: DeskScreen[Any], order_id: int, verdict: Verdict) -> Letter | None:
    """Write the mail of an end; None where the shop has no words for it or they cannot be written now."""
    desk = screen.desk
    try:
        status = desk.statuses.find(STATUS_OF_END[verdict])
        who = await desk.read(user_named, desk.actor.name)
        agent = who.full_name if who is not None and who.full_name else desk.actor.name
        facts = await desk.read(letter_facts, order_id, agent=agent)
        made = await desk.run(preview, desk.letters, desk.shop.facts, status, facts, now=desk.clock())
    except OpsDeskError as error:
        screen.show_refusal(error)
        return None
    return made.letter
