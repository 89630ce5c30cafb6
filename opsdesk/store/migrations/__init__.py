"""Alembic migrations, transactional on both stores."""
