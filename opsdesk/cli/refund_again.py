"""`opsdesk refund`: what failed, sent again, by hand, or as store credit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.output import say_done
from opsdesk.cli.refunds import RefundArgument, TellOption, app, refund_letter

if TYPE_CHECKING:
    from opsdesk.domain.mails.outgoing import Letter
    from opsdesk.domain.payments.transactions import Method
    from opsdesk.store.views.money.retelling import StandingRefund
    from opsdesk.store.work import Performer


@app.command("retry")
def retry_refund(
    refund: RefundArgument,
    by_hand: Annotated[str, typer.Option("--by-hand", help="It was transferred by hand: the bank's line.")] = "",
    tell: TellOption = True,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Send what failed again, or note that it was transferred by hand."""
    from opsdesk.domain.payments.transactions import Method
    from opsdesk.domain.refunds.shares import ShareChoice
    from opsdesk.operations.refunds.asking import retry
    from opsdesk.store.views.money.retelling import did_not_go

    with acting(store, as_name) as performer:
        if not by_hand:
            say_done(performer.perform(retry, refund), as_json=as_json)
            return
        shares = did_not_go(_standing(performer, refund).refund)
        ways = tuple(
            ShareChoice(share.payment_id, share.amount, Method.BANK_TRANSFER, reference=by_hand) for share in shares
        )
        letter = _letter(performer, refund, Method.BANK_TRANSFER) if tell else None
        say_done(performer.perform(retry, refund, shares=ways, letter=letter), as_json=as_json)


@app.command("credit")
def credit_refund(
    refund: RefundArgument,
    tell: TellOption = True,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give the customer store credit for what failed."""
    from opsdesk.domain.payments.transactions import Method
    from opsdesk.operations.refunds.asking import turn_into_credit

    with acting(store, as_name) as performer:
        letter = _letter(performer, refund, Method.STORE_CREDIT) if tell else None
        say_done(performer.perform(turn_into_credit, refund, letter=letter), as_json=as_json)


def _standing(performer: Performer, refund_id: int) -> StandingRefund:
    from opsdesk.store.views.money.retelling import standing_refund

    with performer.store.reading() as session:
        return standing_refund(session, refund_id)


def _letter(performer: Performer, refund_id: int, method: Method) -> Letter | None:
    from opsdesk.store.views.money.retelling import did_not_go, sent_another_way

    found = _standing(performer, refund_id)
    if not found.has_email or not did_not_go(found.refund):
        return None
    return refund_letter(performer, found.sheet.order_id, sent_another_way(found.sheet, found.refund, method))
