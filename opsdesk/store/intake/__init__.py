"""Orders and products that come in: many at a time, each at most once, never against what staff did."""
