"""From what the store knows of a case to what the screen shows: identity, links, checks and contacts as rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from opsdesk.domain.fraud.cases.contact import ContactBook
from opsdesk.domain.fraud.codes.decoded import AvsSummary, CvvSummary
from opsdesk.domain.fraud.evidence.addresses import Place
from opsdesk.domain.fraud.evidence.entities import Entity
from opsdesk.domain.fraud.evidence.facts import OrderEvidence, Outcome, PaymentTraits
from opsdesk.domain.mails.outgoing import MailState
from opsdesk.screens.fraud.seen import CaseSheet, CheckRow, ContactRow, IdentityRow, LinkRow
from opsdesk.screens.order.words import moment
from opsdesk.store.views.fraud.case import AskedView, ContactView, FraudCase
from opsdesk.theme import Tone

_FAR_KM = 100
_AVS_TONES = {
    AvsSummary.FULL: Tone.GOOD,
    AvsSummary.STREET_ONLY: Tone.LOOK,
    AvsSummary.POSTAL_ONLY: Tone.LOOK,
    AvsSummary.NONE: Tone.ALARM,
}
_CVV_RESULT_TONES = {CvvSummary.MATCH: Tone.GOOD, CvvSummary.NOMATCH: Tone.ALARM, CvvSummary.MISSING: Tone.LOOK}
_LOSS = {True: "; the bank bears a fraud loss", False: "; the shop bears a fraud loss", None: ""}


def sheet_of(case: FraudCase, zone: ZoneInfo, now: datetime) -> CaseSheet:
    """Return the case as rows."""
    return CaseSheet(
        case_id=case.case_id,
        order_id=case.order_id,
        version=case.version,
        facts=case.facts,
        score=case.score,
        customer_name=case.customer_name,
        email=case.email,
        placed_at=case.placed_at,
        channel=case.channel,
        why_opened=case.reason,
        goods=tuple(f"{count} × {name}" for count, name in case.goods),
        identity=tuple(identity_rows(case.evidence)),
        links=tuple(_links(case.evidence)),
        checks=tuple(check_rows(case.evidence.payment)),
        contacts=tuple(
            _contact(each, case.book.contact) for each in case.contacts if each.channel != "mail" or not each.is_out
        ),
        mail=_mail(case.asked, now, zone),
        numbers=tuple(_numbers(case)),
        expected=tuple(_expected(case)),
        known=case.known,
        end=case.end,
    )


def identity_rows(evidence: OrderEvidence) -> Iterator[IdentityRow]:
    """Return the rows of the identity table: the same things in the same order for every case."""
    payment, billing, shipping = evidence.payment, evidence.billing, evidence.shipping
    card = " ".join(part for part in (payment.wallet, payment.network or payment.method, payment.funding) if part)
    yield _counted(evidence, Entity.CUSTOMER, IdentityRow(what="customer", shown=evidence.name))
    paid = IdentityRow(what="card", shown=card or "not told", country=payment.country, note=_holder(evidence))
    yield _counted(evidence, Entity.CARD, paid)
    if billing is not None:
        yield IdentityRow(what="billing address", shown=_place(billing), country=billing.country)
    if shipping is not None:
        yield _counted(evidence, Entity.ADDRESS, _shipping(evidence, shipping))
    yield _counted(evidence, Entity.PHONE, _phone(evidence))
    note = _email_note(evidence)
    mail = IdentityRow(what="e-mail", shown=evidence.email.address or "none", note=note, is_odd=bool(note))
    yield _counted(evidence, Entity.EMAIL, mail)
    if evidence.origin.ip:
        where = evidence.origin.anonymiser
        hidden = where not in ("", "none")
        country = evidence.origin.country
        yield IdentityRow(what="IP address", shown=evidence.origin.ip, country=country, note=where, is_odd=hidden)


def _counted(evidence: OrderEvidence, entity: Entity, row: IdentityRow) -> IdentityRow:
    """Return the row with how often the same was seen before, and how that ended."""
    mine = [link for link in evidence.links or () if entity in link.shares]
    ended = [link.outcome_at(evidence.placed_at) for link in mine]
    is_hub = entity in evidence.hubs
    return replace(
        row,
        first_seen=min((link.placed_at for link in mine), default=None),
        orders=None if evidence.links is None else len(mine),
        good=ended.count(Outcome.DELIVERED),
        bad=ended.count(Outcome.DISPUTED) + ended.count(Outcome.FRAUD),
        note="shared by too many to prove anything" if is_hub else row.note,
        is_odd=row.is_odd and not is_hub,
    )


def _phone(evidence: OrderEvidence) -> IdentityRow:
    phone = evidence.phone
    is_bad = phone.is_valid is False or phone.check.lower() not in ("", "is_possible")
    note = (phone.check.lower().replace("_", " ") or "no valid number") if is_bad else ""
    return IdentityRow(what="phone", shown=phone.number or "none", note=note, is_odd=is_bad)


def _shipping(evidence: OrderEvidence, shipping: Place) -> IdentityRow:
    billing, km = evidence.billing, evidence.km_to_shipping
    is_other_country = billing is not None and billing.country != shipping.country
    is_far = km is not None and km >= _FAR_KM
    note = f"{km} km from the billing address" if km else ""
    if is_other_country:
        note = note or "another country than the billing address"
    elif billing is not None and _place(billing) == _place(shipping):
        note = "the same as the billing address"
    if evidence.changed_after_payment:
        note = "changed after the payment"
    odd = is_other_country or is_far or bool(evidence.changed_after_payment)
    return IdentityRow(what="shipping address", shown=_place(shipping), country=shipping.country, note=note, is_odd=odd)


def _place(place: Place) -> str:
    town = f"{place.postcode} {place.city}".strip()
    return ", ".join(part for part in (place.line1, place.line2, town) if part)


def _holder(evidence: OrderEvidence) -> str:
    holder = evidence.payment.holder
    return f"in the name of {holder}" if holder and holder.casefold() != evidence.name.casefold() else ""


def _email_note(evidence: OrderEvidence) -> str:
    email = evidence.email
    if email.bounces:
        return "a mail to it came back"
    if email.is_valid is False:
        return "not a valid address"
    return "its domain takes no mail" if email.domain_exists is False else ""


def _links(evidence: OrderEvidence) -> Iterator[LinkRow]:
    for link in evidence.links or ():
        yield LinkRow(
            number=link.number,
            placed_at=link.placed_at,
            outcome=link.outcome_at(evidence.placed_at),
            shares=tuple(entity.word for entity in Entity if entity in link.shares),
            total=link.total,
        )


def check_rows(payment: PaymentTraits) -> Iterator[CheckRow]:
    """Return what was checked of the payment in words; what was not checked says so, and accuses nobody."""
    if payment.avs is not None:
        yield CheckRow(what="address", words=payment.avs.words, tone=_AVS_TONES.get(payment.avs.summary, Tone.DIM))
    if payment.cvv_result is not None:
        yield CheckRow(
            what="code",
            words=payment.cvv_result.words,
            tone=_CVV_RESULT_TONES.get(payment.cvv_result.summary, Tone.DIM),
        )
    if payment.secure is not None:
        shifted = payment.secure.shifted
        tone = Tone.GOOD if shifted else Tone.PLAIN
        yield CheckRow(what="3-D Secure", words=f"{payment.secure.words}{_LOSS[shifted]}", tone=tone)
    if payment.risk_level or payment.risk_score is not None:
        number = f" ({payment.risk_score})" if payment.risk_score is not None else ""
        yield CheckRow(what=payment.gateway or "gateway", words=f"thinks the risk is {payment.risk_level}{number}")
    if payment.declined:
        yield CheckRow(what="declined", words=f"{payment.declined} tries before this one", tone=Tone.LOOK)
    if payment.cards_tried is not None and payment.cards_tried > 1:
        yield CheckRow(what="cards", words=f"{payment.cards_tried} different cards were tried", tone=Tone.ALARM)


def _contact(each: ContactView, outcomes: ContactBook) -> ContactRow:
    known = outcomes.outcomes.get(each.outcome)
    words = known.words if known is not None else each.outcome.replace("_", " ")
    ticked = f" ({each.checks_passed} answers right)" if each.checks_passed else ""
    where = "" if each.is_out else f"{each.channel}: "
    return ContactRow(
        at=each.at,
        by=each.by,
        words=f"{where}{words}{ticked}",
        is_call=each.channel == "phone",
        note=each.note,
        call_back_at=each.call_back_at,
    )


def _mail(asked: AskedView | None, now: datetime, zone: ZoneInfo) -> str:
    if asked is None:
        return ""
    tail = ": call now" if asked.state in (MailState.BOUNCED, MailState.FAILED) else ""
    return f"asked by mail {moment(asked.queued_at, now, zone)}, {asked.state.word}{tail}"


def _numbers(case: FraudCase) -> Iterator[tuple[str, str]]:
    """Return the numbers to call, those known from before this order first."""
    for number in case.known_numbers:
        yield number, "known"
    if case.phone and case.phone not in case.known_numbers:
        yield case.phone, "order"


def _expected(case: FraudCase) -> Iterator[tuple[str, str]]:
    evidence = case.evidence
    yield "name", case.customer_name
    if case.goods:
        yield "item", case.goods[0][1]
    if evidence.billing is not None:
        yield "billing_address", _place(evidence.billing)
    if evidence.shipping is not None:
        yield "shipping_address", _place(evidence.shipping)
