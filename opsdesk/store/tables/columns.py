"""Column types that several tables share."""

from sqlalchemy import String

CODE = String().with_variant(String(collation="C"), "postgresql")
"""Text that is looked up by its beginning: compared byte by byte on both stores, so that a range can use the index."""
