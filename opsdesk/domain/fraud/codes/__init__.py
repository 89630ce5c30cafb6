"""The codes of gateways, card networks and telephone numbers, decoded from tables in data."""
