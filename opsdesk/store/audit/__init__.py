"""The audit chain: sealed, checked, anchored outside."""
