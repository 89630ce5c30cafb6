"""Questions to the store, answered with frozen values."""
