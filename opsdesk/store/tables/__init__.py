"""Table classes, one module per aggregate. They describe rows and nothing else; rules live in `domain`."""

from opsdesk.store.tables.catalogue import ProductRow
from opsdesk.store.tables.customers import CustomerRow
from opsdesk.store.tables.desk import DraftRow, FollowRow, JobRow, JobStepRow, LeaseRow, LookRow, PresenceRow
from opsdesk.store.tables.history import ActivityRow, CommandRow
from opsdesk.store.tables.holds import CaseRow, HoldRow
from opsdesk.store.tables.mails import MailRow
from opsdesk.store.tables.money import TransactionRow
from opsdesk.store.tables.orders import AddressRow, CancellationRow, NoteRow, OrderLineRow, OrderRow
from opsdesk.store.tables.parcels import ParcelLineRow, ParcelRow
from opsdesk.store.tables.sources import ImportRunRow, SourceRecordRow
from opsdesk.store.tables.users import EnrolledTerminalRow, SettingRow, UserRow

__all__ = [
    "ActivityRow",
    "AddressRow",
    "CancellationRow",
    "CaseRow",
    "CommandRow",
    "CustomerRow",
    "DraftRow",
    "EnrolledTerminalRow",
    "FollowRow",
    "HoldRow",
    "ImportRunRow",
    "JobRow",
    "JobStepRow",
    "LeaseRow",
    "LookRow",
    "MailRow",
    "NoteRow",
    "OrderLineRow",
    "OrderRow",
    "ParcelLineRow",
    "ParcelRow",
    "PresenceRow",
    "ProductRow",
    "SettingRow",
    "SourceRecordRow",
    "TransactionRow",
    "UserRow",
]
