"""Stored text: nothing that looks like a card number, nothing that could steer a terminal or hide (INV-X1, X3).

The store looks for suspects, which is quick; only those are then looked at closely, as texts are when they come in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from sqlmodel import Session

from opsdesk.domain.cards import mask_cards
from opsdesk.domain.text import is_clean
from opsdesk.store.verify.checks import MOST_TOLD, Violation


class Texts(NamedTuple):
    """Text columns of one table; `several_lines` names those that may hold line breaks."""

    table: str
    key: str
    columns: tuple[str, ...]
    several_lines: tuple[str, ...] = ()


TEXTS = (
    Texts("orders", "number", ("number", "customer_name", "email", "phone", "shipping_method", "tags", "channel")),
    Texts("customer", "id", ("identity", "name", "email", "phone")),
    Texts("order_line", "id", ("sku", "title", "variant")),
    Texts("order_address", "order_id",
          ("name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone")),
    Texts("payment", "id", ("gateway", "instrument", "reference")),
    Texts("payment_transaction", "id", ("gateway", "reference")),
    Texts("gateway_call", "id", ("reference", "reason", "answer_reference", "problem")),
    Texts("gateway_event", "event_id", ("event_id", "name", "problem", "reference", "settled_note"), ("problem",)),
    Texts("gateway_cursor", "gateway", ("cursor", "problem")),
    Texts("pay_link", "id", ("reference", "url", "problem", "letters")),
    Texts("dispute", "id", ("reference", "reason", "network_reason", "note"), ("note",)),
    Texts("refund", "id", ("note", "problem", "letter_subject", "letter_text", "letter_html"),
          ("note", "letter_text", "letter_html")),
    Texts("refund_part", "id", ("label",)),
    Texts("refund_share", "id", ("reference", "problem")),
    Texts("amendment", "id", ("note", "edits", "base", "letters", "problem"), ("note",)),
    Texts("store_credit", "id", ("note", "code_end"), ("note",)),
    Texts("parcel", "id", ("carrier", "tracking_number", "tracking_url")),
    Texts("product", "sku", ("sku", "title", "variant")),
    Texts("hold", "id", ("reason", "release_note"), ("reason", "release_note")),
    Texts("verification_case", "id",
          ("reason", "proposal", "proposal_why", "decision_note", "previous_status"), ("decision_note",)),
    Texts("contact_attempt", "id", ("channel", "number", "number_kind", "outcome", "checks", "note"), ("note",)),
    Texts("payment_check", "payment_id",
          ("kind", "brand", "last4", "funding", "country", "wallet", "holder", "line_check", "postcode_check",
           "cvv_check", "avs_code", "cvv_result", "sca", "eci", "trans_status", "trans_reason", "risk_level",
           "risk_reason", "risk_rule")),
    Texts("risk_assessment", "id", ("result", "facts")),
    Texts("risk_list_entry", "id", ("shown", "reason"), ("reason",)),
    Texts("order_label", "id", ("label", "source", "reference", "reason"), ("reason",)),
    Texts("risk_rule", "id", ("definition", "note"), ("note",)),
    Texts("note", "id", ("text",), ("text",)),
    Texts("cancellation", "id", ("note",), ("note",)),
    Texts("mail", "id", ("recipient", "subject", "text", "html", "last_error"), ("text", "html")),
    Texts("draft", "form", ("fields",)),
    Texts("activity", "id", ("summary", "before", "after"), ("before", "after")),
    Texts("command", "id", ("result", "undo")),
    Texts("source_record", "external_id", ("payload",), ("payload",)),
)  # fmt: skip

_SUSPICIOUS = (
    "\x01-\x09\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_FEWEST_DIGITS = 14
_LONG = 1_000
_BATCH = 1_000
_OTHER_DIGITS = "\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\uff10-\uff19"


_RUN = re.compile(r"\d(?:\D{0,6}\d){13}")
"""So many digits, so close together, as no card number does without."""
_MADE_HERE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?<![0-9a-zA-Z])(?=[0-9]*[a-f])(?:[0-9a-f]{32}|[0-9a-f]{64})(?![0-9a-zA-Z])"
)
"""Command ids, keys of calls and hashes of contents; by chance the digits of one in 5,000 add up as a card's do."""


def unsafe_texts(session: Session) -> Iterator[Violation]:
    """Return the records that hold a card number, or a character that must not be stored."""
    for texts in TEXTS:
        yield from islice(_hidden_in(session, texts), MOST_TOLD + 1)
        yield from islice(_cards_in(session, texts), MOST_TOLD + 1)


def _hidden_in(session: Session, texts: Texts) -> Iterator[Violation]:
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    conditions = [_hides(name, on_sqlite=on_sqlite, lines=name in texts.several_lines) for name in texts.columns]
    condition = " OR ".join(conditions)
    if not on_sqlite:
        # Each match costs about as much as the rest of the row; one for all columns rules most rows out.
        condition = f"{_whole(texts)} ~ '[^ -~]' AND ({condition})"
    for key, name, value in _suspects(session, texts, condition):
        if not is_clean(value, lines=name in texts.several_lines):
            yield Violation("X3", texts.table, key, f"{name} holds a character that must not be stored")


def _cards_in(session: Session, texts: Texts) -> Iterator[Violation]:
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    conditions = [_has_many_digits(name, on_sqlite=on_sqlite) for name in texts.columns]
    for key, name, value in _suspects(session, texts, " OR ".join(conditions)):
        if _RUN.search(value) and mask_cards(_MADE_HERE.sub("#", value)).found:
            yield Violation("X1", texts.table, key, f"{name} holds what looks like a card number")


def _whole(texts: Texts) -> str:
    return f"concat_ws(' ', {', '.join(chr(34) + name + chr(34) for name in texts.columns)})"


def _hides(name: str, *, on_sqlite: bool, lines: bool) -> str:
    suspicious = _SUSPICIOUS if lines else f"\n{_SUSPICIOUS}"
    if not on_sqlite:
        return f"\"{name}\" ~ '[{suspicious}]'"
    # Most texts are plain ASCII, which is told quickly; the long list is only gone through for the others.
    return f'("{name}" GLOB \'*[^ -~]*\' AND "{name}" GLOB \'*[{suspicious}]*\') OR instr("{name}", char(0)) > 0'


def _has_many_digits(name: str, *, on_sqlite: bool) -> str:
    if on_sqlite:
        digits = "*".join(["[0-9]"] * _FEWEST_DIGITS)
        return f"""
            "{name}" GLOB '*{digits}*' OR ("{name}" GLOB '*[^ -~]*' AND "{name}" GLOB '*[{_OTHER_DIGITS}]*')
        """
    # A mail always has so many digits somewhere; counting them in the store takes longer than looking at it here.
    return f"""
        (octet_length("{name}") >= {_FEWEST_DIGITS} AND (octet_length("{name}") > {_LONG}
            OR length("{name}") - length(translate("{name}", '0123456789', '')) >= {_FEWEST_DIGITS}))
        OR (octet_length("{name}") > length("{name}") AND "{name}" ~ '[{_OTHER_DIGITS}]')
    """


def _suspects(session: Session, texts: Texts, condition: str) -> Iterator[tuple[str, str, str]]:
    names = ", ".join(f'"{name}"' for name in texts.columns)
    wanted = f'SELECT "{texts.key}", {names} FROM "{texts.table}" WHERE {condition}'
    read = session.connection().exec_driver_sql(wanted, execution_options={"stream_results": True})
    for key, *values in read.yield_per(_BATCH):
        for name, value in zip(texts.columns, values, strict=True):
            if value:
                yield str(key), name, value
