"""The outbox, the templates and the Order Status menu."""
