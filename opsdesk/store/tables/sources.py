"""Where records came from: the payload as it arrived, and the import runs that brought it."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel


class SourceRecordRow(SQLModel, table=True):
    """The newest payload of one record at its source, kept as it arrived."""

    __tablename__ = "source_record"
    __table_args__ = (Index("ix_source_record_subject", "kind", "subject_id"),)

    source: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    external_id: str = Field(primary_key=True)
    subject_id: int
    content_hash: str
    payload: str
    first_seen_at: datetime
    last_changed_at: datetime


class ImportRunRow(SQLModel, table=True):
    """One run of an import, with what it did."""

    __tablename__ = "import_run"

    id: int | None = Field(default=None, primary_key=True)
    file_name: str
    format: str
    kind: str
    actor: str
    started_at: datetime
    finished_at: datetime | None = None
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
