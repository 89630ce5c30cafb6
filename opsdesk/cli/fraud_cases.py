"""`opsdesk fraud`: the cases of the desk: what waits, taking one, calls, decisions by one or two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting, opened
from opsdesk.cli.fraud import app
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.orders import NumberArgument, required_order
from opsdesk.cli.output import say, say_done, say_json

if TYPE_CHECKING:
    from sqlmodel import Session

    from opsdesk.store.repositories.cases import CaseHead
    from opsdesk.store.views.fraud.case import FraudCase
    from opsdesk.store.views.fraud.queue import FraudLine
    from opsdesk.store.work import Performer

_Note = Annotated[str, typer.Option("--note", help="For whoever reads it later.")]
_Checks = Annotated[list[str] | None, typer.Option("--check", help="A step of the script that was answered rightly.")]
_Seen = Annotated[
    int | None, typer.Option("--version", help="The version of the case that you saw; without it, the one there is.")
]


@contextmanager
def on_case(store: str, as_name: str, number: str) -> Iterator[tuple[Performer, CaseHead]]:
    """Open the newest case of an order for a command on behalf of a person."""
    with acting(store, as_name) as performer:
        with performer.store.reading() as session:
            case = required_case(session, number)
        yield performer, case


def required_case(session: Session, number: str) -> CaseHead:
    """Return the newest fraud case of an order.

    Raises:
        Refused: there is no such order, or it was never suspected.
    """
    from opsdesk.domain.errors import Refused
    from opsdesk.store.repositories.cases import newest_case

    found = newest_case(session, required_order(session, number), "fraud")
    if found is None:
        raise Refused(f"{number} has no case.")
    return found


@app.command("queue")
def list_cases(store: StoreOption = "", as_json: JsonOption = False) -> None:
    """List open cases by the moment until when they must be decided."""
    from opsdesk.domain.moments import system_clock
    from opsdesk.store.views.fraud.queue import fraud_queue

    with opened(store) as shop:
        with shop.reading() as session:
            lines = fraud_queue(session)
        now = system_clock()
        if as_json:
            say_json(lines)
            return
        for line in lines:
            _say_line(line, now)


@app.command("show")
def show_case(number: NumberArgument, store: StoreOption = "", as_json: JsonOption = False) -> None:
    """Show the newest case of an order: where it is, its score with reasons, and every contact."""
    from opsdesk.domain.moments import system_clock
    from opsdesk.store.views.fraud.case import fraud_case

    with opened(store) as shop, shop.reading() as session:
        case = required_case(session, number)
        assert shop.fraud is not None, "A command opens the store with the fraud desk's files."
        found = fraud_case(session, case.case_id, fraud=shop.fraud, zone=shop.zone, now=system_clock())
    assert found is not None, "The case was there a moment ago, in the same snapshot."
    if as_json:
        say_json(_plain(found))
        return
    _say_case(found)


@app.command("open")
def open_case(
    number: NumberArgument,
    reason: Annotated[str, typer.Option("--reason", help="What is suspicious.")],
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Suspect an order by hand: it is held, and its case waits in the queue."""
    from opsdesk.operations.fraud.cases import open_by_hand

    with acting(store, as_name) as performer:
        with performer.store.reading() as session:
            order_id = required_order(session, number)
        say_done(performer.perform(open_by_hand, order_id, reason=reason), as_json=as_json)


@app.command("next")
def take_next(store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False) -> None:
    """Take the most urgent case that nobody works on."""
    from opsdesk.operations.fraud.cases import next_case

    with acting(store, as_name) as performer:
        say_done(performer.perform(next_case), as_json=as_json)


@app.command("claim")
def claim_case(
    number: NumberArgument,
    takes_over: Annotated[bool, typer.Option("--take-over", help="Even where somebody else works on it.")] = False,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take a case for an hour."""
    from opsdesk.operations.fraud.cases import claim

    with on_case(store, as_name, number) as (performer, case):
        say_done(performer.perform(claim, case.case_id, takes_over=takes_over), as_json=as_json)


@app.command("let-go")
def let_case_go(
    number: NumberArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Give a case back to the queue."""
    from opsdesk.operations.fraud.cases import let_go

    with on_case(store, as_name, number) as (performer, case):
        say_done(performer.perform(let_go, case.case_id), as_json=as_json)


@app.command("attempt")
def log_call(
    number: NumberArgument,
    outcome: Annotated[str, typer.Option("--outcome", help="no_answer, verified, wrong_number, ...")],
    to: Annotated[str, typer.Option("--to", help="The number that was called.")] = "",
    number_kind: Annotated[str, typer.Option("--number-is", help="known, independent, or the order's own.")] = "order",
    check: _Checks = None,
    call_back_at: Annotated[datetime | None, typer.Option(help="When they asked to be called (UTC).")] = None,
    note: _Note = "",
    version: _Seen = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Log how a call to the customer ended."""
    from datetime import UTC

    from opsdesk.operations.fraud.contact import log_attempt

    later = call_back_at.replace(tzinfo=UTC) if call_back_at else None
    with on_case(store, as_name, number) as (performer, case):
        done = performer.perform(
            log_attempt,
            case.case_id,
            version=version or case.version,
            outcome=outcome,
            number=to,
            number_kind=number_kind,
            checks=tuple(check or ()),
            call_back_at=later,
            note=note,
        )
        say_done(done, as_json=as_json)


@app.command("call-now")
def call_now(
    number: NumberArgument,
    version: _Seen = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Call the customer instead of waiting for an answer to the mail: a call is due at once."""
    from opsdesk.operations.fraud.contact import choose_call

    with on_case(store, as_name, number) as (performer, case):
        done = performer.perform(choose_call, case.case_id, version=version or case.version)
        say_done(done, as_json=as_json)


@app.command("respond")
def note_answer(
    number: NumberArgument,
    channel: Annotated[str, typer.Option("--by", help="phone, mail or chat.")] = "phone",
    outcome: Annotated[str, typer.Option("--outcome", help="How it ended, where the script was asked.")] = "",
    check: _Checks = None,
    note: _Note = "",
    version: _Seen = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Note that the customer got in touch; that releases nothing by itself."""
    from opsdesk.operations.fraud.contact import respond

    with on_case(store, as_name, number) as (performer, case):
        done = performer.perform(
            respond,
            case.case_id,
            version=version or case.version,
            channel=channel,
            outcome=outcome,
            checks=tuple(check or ()),
            note=note,
        )
        say_done(done, as_json=as_json)


def _say_line(line: FraudLine, now: datetime) -> None:
    due = f"decide by {line.decide_by:%Y-%m-%d %H:%M}" if line.decide_by else "no deadline"
    who = f"({line.claimant(now)})" if line.claimant(now) else ""
    say(line.number, line.total, f"score {line.score}", line.state.words, due, who, line.customer_name)


def _plain(found: FraudCase) -> dict[str, object]:
    facts = found.facts
    proposal = facts.proposal
    return {
        "case": found.case_id,
        "order": facts.number,
        "version": found.version,
        "state": facts.state,
        "reason": found.reason,
        "total": facts.total,
        "score": facts.score,
        "respond_by": facts.respond_by,
        "authorisation_ends": facts.authorisation_ends,
        "claimed_by": facts.claimed_by,
        "suggested": facts.suggested,
        "proposal": None
        if proposal is None
        else {
            "verdict": proposal.decision.verdict,
            "by": proposal.by,
            "content": proposal.content,
            "why": proposal.why,
        },
        "contacts": found.contacts,
    }


def _say_case(found: FraudCase) -> None:
    facts = found.facts
    say(facts.number, facts.total, f"score {facts.score}", facts.state.words, found.reason)
    if facts.proposal is not None:
        verdict = facts.proposal.decision.verdict.value.replace("_", " ")
        say("proposed:", verdict, f"by {facts.proposal.by}", f"content {facts.proposal.content}", facts.proposal.why)
    if found.score is not None:
        for reason in (*found.score.raises, *found.score.lowers):
            say(f"{reason.points:+d}", reason.agent, f"({reason.rule_id})")
    for contact in found.contacts:
        say(f"{contact.at:%Y-%m-%d %H:%M}", contact.channel, contact.outcome, contact.by, contact.note)
