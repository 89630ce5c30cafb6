"""What the fraud desk keeps: scores, payment checks, contacts with customers, lists, labels, and the shop's rules."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from opsdesk.store.tables.columns import CODE


class AssessmentRow(SQLModel, table=True):
    """One scoring of an order. Rows are never updated or deleted.

    `facts` is JSON of what was known at that moment, `result` JSON of the whole score, `fired` the ids of every rule
    that fired, parted by spaces. `book` is the version of the rules.
    """

    __tablename__ = "risk_assessment"
    __table_args__ = (Index("ix_assessment_order", "order_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    scored_at: datetime
    cause: str
    score: int
    band: str
    action: str
    coverage: int
    book: str
    fired: str = ""
    result: str = ""
    facts: str = ""


class PaymentCheckRow(SQLModel, table=True):
    """What a payment was made with and what was checked of it, as its gateway tells.

    `fingerprint` is the gateway's name for the card. `line_check` and the like are in the gateway's words, `*_code` in
    the network's letters; of both there may be none. `placed_at` is when the order was placed.
    """

    __tablename__ = "payment_check"
    __table_args__ = (
        Index("ix_check_order", "order_id"),
        Index(
            "ix_check_card",
            "fingerprint",
            "placed_at",
            sqlite_where=text("fingerprint <> ''"),
            postgresql_where=text("fingerprint <> ''"),
        ),
        Index("ix_check_brand", "brand", "placed_at"),
    )

    payment_id: int = Field(foreign_key="payment.id", primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    placed_at: datetime
    told_at: datetime
    kind: str = ""
    brand: str = ""
    last4: str = ""
    funding: str = ""
    country: str = ""
    wallet: str = ""
    holder: str = ""
    fingerprint: str = Field(default="", sa_type=CODE)
    line_check: str = ""
    postcode_check: str = ""
    cvv_check: str = ""
    avs_code: str = ""
    cvv_result: str = ""
    sca: str = ""
    eci: str = ""
    trans_status: str = ""
    trans_reason: str = ""
    liability_shifted: bool | None = None
    risk_level: str = ""
    risk_score: int | None = None
    risk_reason: str = ""
    risk_rule: str = ""


class ContactRow(SQLModel, table=True):
    """One contact with a customer about a case, outward (a call, a mail) or inward (a reply).

    `checks` is JSON of the script's steps that were ticked; `number_kind` says where the number came from: `known`
    before the order, found `independent` of it, or the `order`'s own.
    """

    __tablename__ = "contact_attempt"
    __table_args__ = (Index("ix_contact_case", "case_id", "id"), Index("ix_contact_order", "order_id"))

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="verification_case.id")
    order_id: int = Field(foreign_key="orders.id")
    channel: str
    direction: str = "out"
    number: str = ""
    number_kind: str = ""
    outcome: str
    checks: str = ""
    checks_passed: int = 0
    by: str
    at: datetime
    call_back_at: datetime | None = None
    note: str = ""


class ListEntryRow(SQLModel, table=True):
    """A value that the shop trusts, blocks, knows as shared by many, or lets one rule be silent about.

    Values are looked up by their `digest`; `shown` is what staff read. It counts until it expires or is removed.
    """

    __tablename__ = "risk_list_entry"
    __table_args__ = (
        Index(
            "uq_list_entry",
            "entity",
            "digest",
            "kind",
            "rule_id",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    entity: str
    digest: str = Field(sa_type=CODE)
    shown: str
    reason: str
    author: str
    added_at: datetime
    expires_at: datetime | None = None
    rule_id: str = ""
    order_id: int | None = Field(default=None, foreign_key="orders.id")
    removed_by: str | None = None
    removed_at: datetime | None = None


class LabelRow(SQLModel, table=True):
    """What an order turned out to be, as far as one source says. Rows are never updated or deleted; the newest counts.

    `label` is a `Word` of `domain.fraud.learning.labels`, `reference` what the source calls its report, so that it is
    taken in once. Nobody knew of it before `at`.
    """

    __tablename__ = "order_label"
    __table_args__ = (
        Index("ix_label_order", "order_id", "id"),
        Index("ix_label_word", "label", "at"),
        Index(
            "uq_label_reference",
            "source",
            "reference",
            unique=True,
            sqlite_where=text("reference <> ''"),
            postgresql_where=text("reference <> ''"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    label: str
    source: str
    reference: str = Field(default="", sa_type=CODE)
    reason: str = ""
    by: str
    at: datetime


class RuleRow(SQLModel, table=True):
    """One version of a rule of the shop's own, or of its change to a shipped one. Rows are never updated or deleted.

    `definition` is JSON; `state` is a word of `domain.fraud.drafting.versions.Kept`.
    """

    __tablename__ = "risk_rule"
    __table_args__ = (UniqueConstraint("rule_id", "revision", name="uq_rule_revision"),)

    id: int | None = Field(default=None, primary_key=True)
    rule_id: str = Field(sa_type=CODE)
    revision: int
    version: str
    state: str
    definition: str
    note: str = ""
    author: str
    written_at: datetime
