"""Orders changed after they were placed."""
