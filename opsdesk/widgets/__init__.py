"""Reusable pieces of screens that know nothing of orders."""
