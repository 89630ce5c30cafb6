"""Orders and products in from files and sources, and out again."""
