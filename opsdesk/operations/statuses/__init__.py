"""The Order Status menu: what can be told, and telling it."""
