"""Table classes, one module per aggregate. They describe rows and nothing else; rules live in `domain`."""

from opsdesk.store.tables.amendments import AmendmentRow
from opsdesk.store.tables.catalogue import ProductRow
from opsdesk.store.tables.credit_notes import CreditNoteRow, DocumentSeriesRow
from opsdesk.store.tables.customers import CustomerRow
from opsdesk.store.tables.desk import DraftRow, FollowRow, JobRow, JobStepRow, LeaseRow, LookRow, PresenceRow
from opsdesk.store.tables.fraud import (
    AssessmentRow,
    ContactRow,
    LabelRow,
    ListEntryRow,
    PaymentCheckRow,
    RuleRow,
)
from opsdesk.store.tables.history import ActivityRow, CommandRow
from opsdesk.store.tables.holds import CaseRow, HoldRow
from opsdesk.store.tables.mails import MailboxCursorRow, MailRow
from opsdesk.store.tables.money import (
    DisputeRow,
    GatewayCallRow,
    GatewayCursorRow,
    GatewayEventRow,
    JournalRow,
    PayLinkRow,
    PaymentRow,
    TransactionRow,
)
from opsdesk.store.tables.orders import AddressRow, CancellationRow, NoteRow, OrderLineRow, OrderRow
from opsdesk.store.tables.parcels import ParcelLineRow, ParcelRow
from opsdesk.store.tables.refunds import ApprovalRow, RefundPartRow, RefundRow, RefundShareRow, StoreCreditRow
from opsdesk.store.tables.sources import ImportRunRow, SourceRecordRow
from opsdesk.store.tables.users import EnrolledTerminalRow, SettingRow, UserRow

__all__ = [
    "ActivityRow",
    "AddressRow",
    "AmendmentRow",
    "ApprovalRow",
    "AssessmentRow",
    "CancellationRow",
    "CaseRow",
    "CommandRow",
    "ContactRow",
    "CreditNoteRow",
    "CustomerRow",
    "DisputeRow",
    "DocumentSeriesRow",
    "DraftRow",
    "EnrolledTerminalRow",
    "FollowRow",
    "GatewayCallRow",
    "GatewayCursorRow",
    "GatewayEventRow",
    "HoldRow",
    "ImportRunRow",
    "JobRow",
    "JobStepRow",
    "JournalRow",
    "LabelRow",
    "LeaseRow",
    "ListEntryRow",
    "LookRow",
    "MailRow",
    "MailboxCursorRow",
    "NoteRow",
    "OrderLineRow",
    "OrderRow",
    "ParcelLineRow",
    "ParcelRow",
    "PayLinkRow",
    "PaymentCheckRow",
    "PaymentRow",
    "PresenceRow",
    "ProductRow",
    "RefundPartRow",
    "RefundRow",
    "RefundShareRow",
    "RuleRow",
    "SettingRow",
    "SourceRecordRow",
    "StoreCreditRow",
    "TransactionRow",
    "UserRow",
]
