"""Suspicion, made readable: facts of an order, rules about them, a score with reasons, and the way to a decision."""
