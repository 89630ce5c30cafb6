"""Orders: their axes, their rules, their queue."""
