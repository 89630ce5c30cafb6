"""The outside world. Knows the domain and the ports; never the store, never the screens."""
