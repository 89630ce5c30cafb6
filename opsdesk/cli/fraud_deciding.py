"""`opsdesk fraud`: decisions, the second person, and what the shop trusts or blocks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting, telling
from opsdesk.cli.fraud import app
from opsdesk.cli.fraud_cases import on_case
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.orders import NumberArgument, required_order
from opsdesk.cli.output import say_done
from opsdesk.domain.fraud.spans import BLOCK_DAYS, SNOOZE_DAYS, TRUST_DAYS

if TYPE_CHECKING:
    from opsdesk.domain.mails.outgoing import Letter
    from opsdesk.store.repositories.cases import CaseHead
    from opsdesk.store.work import Performer

_Note = Annotated[str, typer.Option("--note", help="For whoever reads it later.")]
_Seen = Annotated[
    int | None, typer.Option("--version", help="The version of the case that you saw; without it, the one there is.")
]
_Tell = Annotated[bool, typer.Option("--tell/--no-tell", help="Tell the customer by mail how it ended.")]
_Entity = Annotated[str, typer.Argument(metavar="KIND", help="email, phone, card, address, customer, ...")]
_Reason = Annotated[str, typer.Option("--reason", help="Why; whoever reads the list in a year must understand it.")]
_Days = Annotated[int, typer.Option("--days", help="For how long.")]
_Of = Annotated[str, typer.Option("--of", help="The order whose value it is.")]
_Value = Annotated[str, typer.Option("--value", help="The value itself, instead of --of.")]


@app.command("decide")
def decide_case(
    number: NumberArgument,
    verdict: Annotated[str, typer.Argument(help="release, cancel_fraud or cancel_unverified.")],
    reason: Annotated[str, typer.Option("--reason", help="verified_call, no_contact, gut_only, ...")],
    gut: Annotated[int, typer.Option("--gut", help="1 sure genuine to 5 sure fraud.")],
    worth_a_look: Annotated[bool | None, typer.Option("--worth-a-look/--not-worth-a-look")] = None,
    tell: _Tell = True,
    note: _Note = "",
    version: _Seen = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Release or cancel; above a score or a value it waits for a second person."""
    from opsdesk.operations.fraud.deciding import decide

    with on_case(store, as_name, number) as (performer, case):
        letter = _letter(performer, case, verdict) if tell else None
        done = performer.perform(
            decide,
            case.case_id,
            version=version or case.version,
            verdict=verdict,
            reason_code=reason,
            gut=gut,
            worth_a_look=worth_a_look,
            note=note,
            letter=letter,
        )
        say_done(done, as_json=as_json)


@app.command("approve")
def approve_case(
    number: NumberArgument,
    content: Annotated[str, typer.Option("--content", help="The fingerprint that you saw (`fraud show`).")],
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Agree as the second person to what somebody else proposed, exactly as you have seen it."""
    from opsdesk.operations.fraud.deciding import approve

    with on_case(store, as_name, number) as (performer, case):
        say_done(performer.perform(approve, case.case_id, content=content), as_json=as_json)


@app.command("reject")
def reject_case(
    number: NumberArgument,
    note: _Note = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give a case back to whoever proposed its decision."""
    from opsdesk.operations.fraud.deciding import reject

    with on_case(store, as_name, number) as (performer, case):
        say_done(performer.perform(reject, case.case_id, note=note), as_json=as_json)


@app.command("confirm")
def confirm_case(
    number: NumberArgument,
    tell: _Tell = True,
    version: _Seen = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Cancel as it was proposed, because nobody was reached or the answers were wrong."""
    from opsdesk.operations.fraud.deciding import confirm_cancel

    with on_case(store, as_name, number) as (performer, case):
        letter = _letter(performer, case, case.suggested) if tell else None
        done = performer.perform(confirm_cancel, case.case_id, version=version or case.version, letter=letter)
        say_done(done, as_json=as_json)


@app.command("extend")
def extend_case(
    number: NumberArgument,
    until: Annotated[str, typer.Option("--until", help="2h, tomorrow 12:00, fri 16:00, 2026-11-27 16:00 ...")],
    version: _Seen = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give the customer more time, once, instead of cancelling; one more call is due."""
    from opsdesk.domain.errors import Invalid
    from opsdesk.domain.typed_moments import read_moment
    from opsdesk.operations.fraud.deciding import extend

    with on_case(store, as_name, number) as (performer, case):
        moment = read_moment(until, performer.clock(), performer.store.zone)
        if moment is None:
            raise Invalid("until", "Say until when.")
        done = performer.perform(extend, case.case_id, version=version or case.version, until=moment)
        say_done(done, as_json=as_json)


@app.command("reopen")
def reopen_case(
    number: NumberArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why it is opened again.")],
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Open a closed case again; the order is held again."""
    from opsdesk.operations.fraud.deciding import reopen

    with on_case(store, as_name, number) as (performer, case):
        say_done(performer.perform(reopen, case.case_id, reason=reason), as_json=as_json)


@contextmanager
def on_value(store: str, as_name: str, of: str) -> Iterator[tuple[Performer, int | None]]:
    """Act on a value: that of an order, where a number is given, or one that stands by itself."""
    with acting(store, as_name) as performer:
        with performer.store.reading() as session:
            order_id = required_order(session, of) if of else None
        yield performer, order_id


@app.command("trust")
def trust_value(
    entity: _Entity,
    reason: _Reason,
    of: _Of = "",
    value: _Value = "",
    days: _Days = TRUST_DAYS,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Trust a value: what the rules find wrong does not hold its orders."""
    from opsdesk.operations.fraud.lists import trust

    with on_value(store, as_name, of) as (performer, order_id):
        done = performer.perform(trust, entity, value=value, order_id=order_id, reason=reason, days=days)
        say_done(done, as_json=as_json)


@app.command("block")
def block_value(
    entity: _Entity,
    reason: _Reason,
    of: _Of = "",
    value: _Value = "",
    days: _Days = BLOCK_DAYS,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Block a value: its orders are held."""
    from opsdesk.operations.fraud.lists import block

    with on_value(store, as_name, of) as (performer, order_id):
        done = performer.perform(block, entity, value=value, order_id=order_id, reason=reason, days=days)
        say_done(done, as_json=as_json)


@app.command("snooze")
def snooze_rule(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's id, e.g. EML-04.")],
    entity: _Entity,
    reason: _Reason,
    of: _Of = "",
    value: _Value = "",
    days: _Days = SNOOZE_DAYS,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Let one rule be silent about a value for some time; hard rules never are."""
    from opsdesk.operations.fraud.lists import snooze

    with on_value(store, as_name, of) as (performer, order_id):
        done = performer.perform(snooze, rule, entity, value=value, order_id=order_id, reason=reason, days=days)
        say_done(done, as_json=as_json)


@app.command("unlist")
def unlist_value(
    entry: Annotated[int, typer.Argument(metavar="ENTRY", help="The number that trusting or blocking answered.")],
    note: _Note = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take a value off the list that it stands on."""
    from opsdesk.operations.fraud.lists import unlist

    with acting(store, as_name) as performer:
        say_done(performer.perform(unlist, entry, note=note), as_json=as_json)


def _letter(performer: Performer, case: CaseHead, verdict: str) -> Letter | None:
    """Write what the customer is told; None where the shop has no words for it."""
    from opsdesk.domain.errors import Invalid
    from opsdesk.domain.fraud.cases.letters import STATUS_OF_END
    from opsdesk.domain.fraud.codes.reasons import Verdict
    from opsdesk.store.views.mails.letters import letter_facts

    if verdict not in set(Verdict):
        return None
    with performer.store.reading() as session:
        facts = letter_facts(session, case.order_id, agent=performer.actor.name)
    with telling(performer.store) as (book, writer, _):
        try:
            return writer.write(book.find(STATUS_OF_END[Verdict(verdict)]).template, facts)
        except Invalid:
            return None
