"""Refunds: asked for, agreed to, paid out."""
