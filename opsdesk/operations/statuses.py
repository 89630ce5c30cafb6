"""The Order Status menu: show what can be told, preview the mail, tell it and change the order in one step."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from opsdesk.domain.cases import CaseState
from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.fraud.thresholds import DeadlineSettings
from opsdesk.domain.holds import DEFAULT_BLOCKS, HoldType
from opsdesk.domain.letters import LetterFacts, ShopFacts
from opsdesk.domain.mailing import GRACE, Letter, forbidden_words
from opsdesk.domain.order_rules import CancelReason
from opsdesk.domain.orders import OrderFacts
from opsdesk.domain.statuses import Effect, EffectKind, MenuEntry, Question, Status, StatusBook, answer_by, why_not_tell
from opsdesk.integrations.ports import LetterWriter
from opsdesk.operations.fraud_asking import ask
from opsdesk.operations.fraud_endings import FRAUD_CASE
from opsdesk.operations.mail import ASKS_CASE, queue_mail, take_back
from opsdesk.operations.orders import cancel
from opsdesk.operations.packing import start_packing
from opsdesk.operations.shipping import deliver
from opsdesk.store.cases import move_case
from opsdesk.store.tables import CaseRow, HoldRow, MailRow, OrderRow
from opsdesk.store.work import OPERATIONS, Done, Work, operation


@dataclass(frozen=True, slots=True)
class Preview:
    """The mail as it will go out, and the deadline that it names."""

    status: Status
    letter: Letter
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told: the status, the letter as it was last seen on screen, and what the desk was asked for.

    Attributes:
        letter: None when the customer is not told by mail this time.
        deadline: the moment that the letter names; the clock runs to exactly this.
    """

    status: Status
    letter: Letter | None
    deadline: datetime | None = None
    cancel_reason: CancelReason | None = None


def status_menu(book: StatusBook, facts: OrderFacts) -> tuple[MenuEntry, ...]:
    """Return every status of the shop with the reason why it cannot be chosen now, if there is one."""
    return book.menu(facts)


def preview(
    writer: LetterWriter,
    shop: ShopFacts,
    status: Status,
    facts: LetterFacts,
    *,
    now: datetime,
    expected_on: date | None = None,
) -> Preview:
    """Write the mail of a status for one order, exactly as it will go out.

    Raises:
        Invalid: there is no template, it cannot be filled in, or the deadline that it repeats has passed.
        Refused: the customer could not answer before the money that is held for the order is lost.
    """
    deadline = _in_time(status, answer_by(status, now, shop.zone, of_case=facts.deadline), facts, now)
    letter = writer.write(status.template, replace(facts, deadline=deadline, expected_on=expected_on))
    return Preview(status, letter, deadline)


def _in_time(status: Status, wanted: datetime | None, facts: LetterFacts, now: datetime) -> datetime | None:
    """Return by when to answer: never later than the money that is held for the order can wait."""
    if wanted is None or not status.opens_case or facts.held_until is None or facts.held_until <= now:
        return wanted
    latest = facts.held_until - DeadlineSettings().margin
    if latest <= now:
        raise Refused(f"The money of {facts.order_number} is held for too short for a mail. Call the customer now.")
    return min(wanted, latest)


def telling(
    writer: LetterWriter,
    seen: Preview,
    *,
    subject: str,
    text: str,
    titles: tuple[str, ...] = (),
    cancel_reason: CancelReason | None = None,
) -> Telling:
    """Make what is told of a preview and of the words that staff left in it.

    Raises:
        Invalid: the words cannot be sent, or let a suspicion show.
    """
    letter = writer.reword(seen.letter, subject=subject, text=text)
    if letter is not seen.letter:
        require_neutral(writer, seen.status, letter, titles=titles)
    return Telling(seen.status, letter, seen.deadline, cancel_reason)


def require_neutral(writer: LetterWriter, status: Status, letter: Letter, *, titles: tuple[str, ...]) -> None:
    """Make sure that staff's own words let no suspicion show; titles of goods may hold any word.

    Raises:
        Invalid: a word stands in the mail that must not.
    """
    if not status.neutral:
        return
    words = forbidden_words(f"{letter.subject}\n{letter.text}", writer.forbidden(letter.language), quoted=titles)
    if words:
        raise Invalid("text", f"The mail must not hold the word {words[0]!r}: the customer reads it. Say it neutrally.")


@operation("status.tell")
def tell(work: Work, order_id: int, *, version: int, telling: Telling, grace: timedelta = GRACE) -> Done:
    """Tell the customer a status: queue the mail and change the order, both or neither.

    Raises:
        Refused: the rules do not allow the status now.
        Conflict: the order changed since `version` was read.
        Invalid: the mail cannot be sent like this, or something that the status asks for is missing.
    """
    order = work.orders.locked(order_id, version=version)
    status = telling.status
    if problem := why_not_tell(status, work.orders.facts(order)):
        raise Refused(problem)
    _require_answers(telling)
    done = [_APPLY[effect.kind](work, order, effect, telling) for effect in status.effects]
    if telling.letter is None:
        order.told_status, order.told_at = status.code, work.now
        work.record("status.set", "order", order_id, f"Status {status.name}, without a mail", after=status.code)
    else:
        work.record("status.told", "order", order_id, f"Status {status.name}", after=status.code)
        mail = queue_mail(
            work,
            order,
            telling.letter,
            event_key=_event_key(work, order_id, telling),
            status_code=status.code,
            grace=grace,
        )
        _offer_undo(work, order_id, status, mail)
    work.orders.settle(order)
    sentences = [f"{order.number}: {status.name}.", *filter(None, done)]
    return Done(" ".join(sentences), order_id, order.version)


@operation("status.take_back")
def take_back_telling(
    work: Work, order_id: int, *, mail_id: int, holds: str = "", case_id: int | None = None, also: str = ""
) -> Done:
    """Take back a status with its mail, its holds and its case, as long as the mail has not been sent.

    `also` is the JSON of a further operation that takes back what the status did besides.

    Raises:
        Refused: the mail has been sent, or is being sent now.
    """
    order = work.orders.locked(order_id)
    take_back(work, mail_id)
    if also:
        name, arguments = json.loads(also)
        OPERATIONS[name](work, **arguments)
    for hold_id in filter(None, holds.split(",")):
        hold = work.cases.locked_hold(int(hold_id))
        if hold.released_at is None:
            hold.released_by, hold.released_at, hold.release_note = work.actor.name, work.now, "Taken back."
            work.record("hold.released", "order", order_id, "Hold taken back with its mail", before=hold.type)
    case = work.cases.locked(case_id) if case_id is not None else None
    if case is not None and case.fraud_state not in ("", FraudState.FLAGGED):
        raise Refused(f"Somebody works on the case of {order.number} already. Decide it instead.")
    if case is not None and case.decided_at is None:
        move_case(case, CaseState.CANCELLED)
        case.decided_by, case.decided_at = work.actor.name, work.now
        work.record("case.taken_back", "order", order_id, "Case taken back with its mail", before=case.kind)
    work.orders.settle(order)
    return Done(f"{order.number}: taken back; the customer was not told.", order_id, order.version)


def _offer_undo(work: Work, order_id: int, status: Status, mail: MailRow) -> None:
    """Let the telling be taken back with everything that it did; where a hold was released, a person decides anew."""
    also = json.dumps(work.undo) if work.undo else ""
    work.undo = None
    if mail.id is None or any(effect.kind is EffectKind.RELEASE_HOLD for effect in status.effects):
        return
    kinds = [effect.hold for effect in status.effects if effect.hold is not None]
    holds = [work.cases.active_hold(order_id, kind.value) for kind in kinds]
    new_holds = [str(hold.id) for hold in holds if hold is not None and hold.placed_at == work.now]
    case = work.cases.undecided(order_id, status.opens_case) if status.opens_case else None
    case_id = case.id if case is not None and case.opened_at == work.now else None
    held = ",".join(new_holds)
    work.undo_with("status.take_back", order_id=order_id, mail_id=mail.id, holds=held, case_id=case_id, also=also)


def _require_answers(telling: Telling) -> None:
    status = telling.status
    if Question.CANCEL_REASON in status.asks and telling.cancel_reason is None:
        raise Invalid("cancel_reason", "Say why the order is cancelled.")
    if status.opens_case and telling.letter is None:
        raise Refused(f"{status.name} asks the customer to answer; it cannot be set without its mail.")
    if status.has_deadline and telling.deadline is None:
        raise Invalid("deadline", "Say by when the customer is asked to answer.")


def _event_key(work: Work, order_id: int, telling: Telling) -> str:
    kind = telling.status.opens_case
    case = work.cases.undecided(order_id, kind) if kind else None
    if case is not None:
        return f"{ASKS_CASE}{case.id}:{work.command_id}"
    return f"order:{order_id}:{telling.status.code}:{work.command_id}"


def _place_hold(work: Work, order: OrderRow, effect: Effect, telling: Telling) -> str:
    kind = effect.hold or HoldType.MANUAL
    if order.id is None or work.cases.active_hold(order.id, kind.value):
        return ""
    work.add(
        HoldRow(
            order_id=order.id,
            type=kind.value,
            reason=effect.reason,
            blocks=",".join(sorted(DEFAULT_BLOCKS[kind])),
            placed_by=work.actor.name,
            placed_at=work.now,
            review_at=telling.deadline if effect.review else None,
        )
    )
    work.record("hold.placed", "order", order.id, f"On hold: {kind.label}. {effect.reason}", after=kind.value)
    return f"On hold: {kind.label}."


def _release_hold(work: Work, order: OrderRow, effect: Effect, telling: Telling) -> str:
    kind = effect.hold or HoldType.MANUAL
    hold = work.cases.active_hold(order.id, kind.value) if order.id is not None else None
    if hold is None:
        return ""
    hold.released_by, hold.released_at = work.actor.name, work.now
    hold.release_note = f"The customer was told: {telling.status.name}."
    work.record("hold.released", "order", hold.order_id, f"Hold released: {kind.label}", before=kind.value)
    return f"Hold released: {kind.label}."


def _open_case(work: Work, order: OrderRow, effect: Effect, telling: Telling) -> str:
    if order.id is None:
        return ""
    days = telling.status.answer_days or 0
    if effect.case == FRAUD_CASE:
        reason = f"The customer was told: {telling.status.name}."
        return ask(work, order, days=days, respond_by=telling.deadline, reason=reason)
    if case := work.cases.undecided(order.id, effect.case):
        case.answer_days, case.respond_by = days, telling.deadline
        return ""
    work.add(
        CaseRow(
            order_id=order.id,
            kind=effect.case,
            state=CaseState.OPEN.value,
            opened_by=work.actor.name,
            opened_at=work.now,
            answer_days=days,
            respond_by=telling.deadline,
        )
    )
    work.record("case.opened", "order", order.id, f"Case opened: {effect.case}", after=effect.case)
    return "The clock starts when the mail server has accepted the mail."


def _start_packing(work: Work, order: OrderRow, effect: Effect, telling: Telling) -> str:
    return start_packing(work, order.id or 0, version=order.version).message


def _deliver(work: Work, order: OrderRow, effect: Effect, telling: Telling) -> str:
    return deliver(work, order.id or 0, version=order.version).message


def _cancel(work: Work, order: OrderRow, effect: Effect, telling: Telling) -> str:
    note = f"Told: {telling.status.name}."
    return cancel(work, order.id or 0, version=order.version, reason=telling.cancel_reason, note=note).message


_APPLY: dict[EffectKind, Callable[[Work, OrderRow, Effect, Telling], str]] = {
    EffectKind.PLACE_HOLD: _place_hold,
    EffectKind.RELEASE_HOLD: _release_hold,
    EffectKind.OPEN_CASE: _open_case,
    EffectKind.START_PACKING: _start_packing,
    EffectKind.DELIVER: _deliver,
    EffectKind.CANCEL: _cancel,
}
