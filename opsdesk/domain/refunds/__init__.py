"""Refunds: what goes back, for what, over which payments."""
